r"""Proofs for the room ``empirical_bernstein``: Maurer and Pontil's bounds, Propositions 2 and 5.

One lemma is behind everything: a function of independent variables that bounds its own fluctuations
concentrates around its mean. It makes the variance of the sample as good as that of the function in
Bernstein's inequality; union bounds, covers and a bound on the teacher's distance do the rest.
"""

from proofs_check.empirical_bernstein.bernstein import KNOWN_VARIANCE
from proofs_check.empirical_bernstein.deviations import TOO_LARGE, TOO_SMALL
from proofs_check.empirical_bernstein.finite import FINITE_CLASS, SINGLE
from proofs_check.empirical_bernstein.labels import (
    EXPECTED_PENALTY,
    PENALTY_NOT_LOWER,
    PROP2,
    PROP2_LITERAL,
)
from proofs_check.empirical_bernstein.teachers import (
    PROP5_AVERAGED,
    PROP5_CONDITIONAL,
    PROP5_MARKOV,
    PROP5_TV,
)
from proofs_check.empirical_bernstein.uniform import UNIFORM, UNIFORM_SHARPENED

PROOFS = (
    SINGLE,
    FINITE_CLASS,
    UNIFORM,
    UNIFORM_SHARPENED,
    KNOWN_VARIANCE,
    TOO_SMALL,
    TOO_LARGE,
    PROP2,
    PROP2_LITERAL,
    PENALTY_NOT_LOWER,
    EXPECTED_PENALTY,
    PROP5_AVERAGED,
    PROP5_CONDITIONAL,
    PROP5_MARKOV,
    PROP5_TV,
)
