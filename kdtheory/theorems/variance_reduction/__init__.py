r"""Variance reduction: what a student gains from Bayes class probabilities.

Menon, Rawat, Reddi, Kim, Kumar, "Why distillation helps: a statistical perspective",
arXiv:2005.10419, Section 3.1. A sample $S = ((x_n, y_n))_{n\le N}$ is drawn i.i.d.; a fixed
predictor $f$ has the empirical risk $\hat R$ with drawn labels and $\hat R^*$ with the Bayes
probabilities $p^*(x_n)$ in their place.

* **Lemma 1** stands: $\mathbb V[\hat R^*] \le \mathbb V[\hat R]$ (``lemma1``). The gap is known
  exactly (``gap_identity``), the inputs need not be independent (``design_conditional``), and the
  one-hot label is the worst of all unbiased teachers that are drawn afresh
  (``worst_teacher_lower``, ``worst_teacher_upper``).
* Its equality condition is printed for all $x$ (``equality_printed``) and holds for almost all
  (``equality``).
* Both risks are unbiased (``unbiased_onehot``, ``unbiased_bayes``).
* For the cross-entropy, the Bayes-distilled risk is the KL divergence (``kl_form_printed``) up to
  the entropy of the labels (``kl_form``).
* That a student minimising $\hat R^*$ has the smaller excess risk does not follow
  (``erm_excess_risk``).

``formulas`` and `kdtheory.risks` hold the exact evaluators, ``draws`` the definitions as Monte
Carlo replicates, ``worlds`` the domains, ``claims_*`` the records.
"""

from kdtheory.theorems.variance_reduction.claims_students import (
    ERM_EXCESS_RISK,
    KL_FORM,
    KL_FORM_PRINTED,
    UNBIASED_BAYES,
    UNBIASED_ONEHOT,
)
from kdtheory.theorems.variance_reduction.claims_teachers import (
    WORST_TEACHER_LOWER,
    WORST_TEACHER_UPPER,
)
from kdtheory.theorems.variance_reduction.claims_variance import (
    DESIGN_CONDITIONAL,
    EQUALITY,
    EQUALITY_PRINTED,
    GAP_IDENTITY,
    LEMMA1,
)
from kdtheory.theorems.variance_reduction.formulas import (
    cross_entropy_risk,
    design_variances,
    erm_excess_risk,
    expected_empirical_risk,
    expected_entropy,
    expected_kl,
    support_spread,
    variance_gap,
)

CLAIMS = (
    LEMMA1,
    GAP_IDENTITY,
    EQUALITY_PRINTED,
    EQUALITY,
    UNBIASED_ONEHOT,
    UNBIASED_BAYES,
    KL_FORM_PRINTED,
    KL_FORM,
    WORST_TEACHER_LOWER,
    WORST_TEACHER_UPPER,
    ERM_EXCESS_RISK,
    DESIGN_CONDITIONAL,
)

__all__ = [
    "CLAIMS",
    "cross_entropy_risk",
    "design_variances",
    "erm_excess_risk",
    "expected_empirical_risk",
    "expected_entropy",
    "expected_kl",
    "support_spread",
    "variance_gap",
]
