r"""How uncertainty propagates from a stochastic teacher to a student of a linear model.

Cui, Pei, "How Is Uncertainty Propagated in Knowledge Distillation?", arXiv:2601.18909. Only the
abstract was examined: every statement with that source is a reconstruction. The teacher answers
each input $k$ times with noise of variance $\sigma^2$; the student is the least-squares fit to the
averages.

* Students that saw different responses differ by $\sigma^2(X^\top X)^{-1}$ (``covariance``,
  ``heteroscedastic``, ``random_design``), and averaging divides this by $k$ (``k_averaged``) for
  independent responses; correlation leaves a floor (``correlated_floor``). Responses of unequal
  variance are better weighted (``weighted_is_best``).
* What the spread across students takes, the expected variance within one lacks: the sum is the
  teacher's variance (``conservation``). Averaging makes students alike and each too sure of itself
  (``averaging_deepens``), unless its head is fitted to all responses (``pooled_residuals``,
  ``pooled_conservation``). Sampled labels obey the same law (``categorical_conservation``).
* Inverse-variance weights are best for uncorrelated estimates with known variances
  (``inverse_variance``, ``inverse_variance_matrix``). The abstract does not say so
  (``inverse_variance_printed``): a student and a response that it was trained on are correlated,
  and then the response deserves no weight (``correlated_weights``, ``reused_response``,
  ``reused_response_cost``). Estimated variances cost
  something and claim the opposite (``estimated_variance_cost``, ``estimated_variance_claim``).

`kdtheory.propagation` holds the formulas for users, ``formulas`` what the claims add, ``draws`` the
definitions as Monte Carlo replicates, ``worlds`` the domains, ``claims_*`` the records.
"""

from kdtheory.theorems.uncertainty_propagation import (
    claims_heads,
    claims_students,
    claims_weights,
)

CLAIMS = (*claims_students.CLAIMS, *claims_heads.CLAIMS, *claims_weights.CLAIMS)

__all__ = ["CLAIMS"]
