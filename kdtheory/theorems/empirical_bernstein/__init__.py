r"""Empirical Bernstein bounds: from the variance of the objective to a bound on the risk.

Menon, Rawat, Reddi, Kim, Kumar, "Why distillation helps: a statistical perspective",
arXiv:2005.10419, Propositions 2 and 5; Maurer and Pontil, "Empirical Bernstein bounds and sample
variance penalization", 2009, whose theorems their proofs use. A claim here says that a bound fails
with probability at most $\delta$; in a finite world this probability is a finite sum, and exact.

* One function (``single``), a finite class (``finite_class``): the form to use when it applies.
* Any class, by its covering number (``uniform``), and with the constants that the proof gives
  (``uniform_sharpened``). Both exceed the range of the losses until $n$ is near a hundred or more
  (`kdtheory.concentration.first_informative_size`); ``verify`` names the sizes at which a bound
  is vacuous.
* The proofs use three events: ``known_variance``, ``deviation_too_small``,
  ``deviation_too_large``.
* All of them need bounded losses: the softmax cross-entropy is bounded only if its scores are.
* **Proposition 2** stands, with the constants of the theorem that it cites (``prop2``) and with
  explicit ones in place of its $O(\cdot)$ (``prop2_literal``).
* That Bayes labels have the lower variance penalty does not follow for the sample at hand
  (``penalty_not_lower``); it is so in expectation (``expected_penalty``).
* **Proposition 5** stands given the teacher (``prop5_conditional``), and not with a penalty that is
  averaged over a random teacher (``prop5_averaged``), unless divided by $\delta$
  (``prop5_markov``). Its penalty can be a total variation (``prop5_tv``).

The penalties are in `kdtheory.concentration`. ``formulas`` holds the exact failure probabilities,
``coverage`` the sampled ones, ``bounds`` the bounds in a world, ``draws`` the definitions as Monte
Carlo replicates, ``worlds`` the domains, ``claims_*`` the records.
"""

from kdtheory.theorems.empirical_bernstein.bounds import literal_penalty
from kdtheory.theorems.empirical_bernstein.claims_finite import (
    DEVIATION_TOO_LARGE,
    DEVIATION_TOO_SMALL,
    FINITE_CLASS,
    KNOWN_VARIANCE,
    SINGLE,
)
from kdtheory.theorems.empirical_bernstein.claims_uniform import (
    EXPECTED_PENALTY,
    PENALTY_NOT_LOWER,
    PROP2,
    PROP2_LITERAL,
    PROP5_AVERAGED,
    PROP5_CONDITIONAL,
    PROP5_MARKOV,
    PROP5_TV,
    UNIFORM,
    UNIFORM_SHARPENED,
)
from kdtheory.theorems.empirical_bernstein.coverage import FailureInterval, failure_interval
from kdtheory.theorems.empirical_bernstein.formulas import (
    covering_number,
    expected_excess_of_bayes,
    expected_variances,
    failure_probability,
    sample_variances,
)

CLAIMS = (
    SINGLE,
    FINITE_CLASS,
    UNIFORM,
    UNIFORM_SHARPENED,
    KNOWN_VARIANCE,
    DEVIATION_TOO_SMALL,
    DEVIATION_TOO_LARGE,
    PROP2,
    PROP2_LITERAL,
    PENALTY_NOT_LOWER,
    EXPECTED_PENALTY,
    PROP5_AVERAGED,
    PROP5_CONDITIONAL,
    PROP5_MARKOV,
    PROP5_TV,
)

__all__ = [
    "CLAIMS",
    "FailureInterval",
    "covering_number",
    "expected_excess_of_bayes",
    "expected_variances",
    "failure_interval",
    "failure_probability",
    "literal_penalty",
    "sample_variances",
]
