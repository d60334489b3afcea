r"""SGD with Bayesian teachers: what soft labels do to the noise of gradients.

Morad, Shlezinger, Eldar, "SGD-Based Knowledge Distillation with Bayesian Teachers: Theory and
Guidelines", arXiv:2601.01484: the abstract and reviews were read, and the statements are
reconstructions. A student $p(\theta;x)$ is trained by $\theta_{t+1}=\theta_t-\gamma g_t$ on the
cross-entropy with drawn labels, with Bayes class probabilities $P(x)$, or with something noisy in
between.

* **Propositions 1 and 2**: all unbiased labels have the same population risk (``same_risk``), its
  minimum is the entropy of the labels (``minimum_is_entropy``), and with Bayes class probabilities
  every gradient is zero there (``interpolation``).
* **Proposition 3**: the noise of gradients with every kind of label, at any parameter
  (``noise_*``). It does not blow up for small probabilities (``softmax_no_blow_up``), no unbiased
  teacher that answers with probabilities is noisier than drawn labels
  (``simplex_teacher_no_noisier``), and a mixture of the two beats both (``mixing``).
* **Theorems 1 and 2** stand as reconstructed (``strongly_convex_*``, ``convex_*``, ``pl_*``). That
  one-hot labels halve the range of step sizes belongs to the proof, not to SGD: label noise is
  orthogonal to the gradient (``target_noise_orthogonal``), so that rate and range are those of
  Bayes class probabilities (``sharpened_bcp``, ``sharpened_target_noise``, ``sharpened_convex``,
  ``sharpened_pl``); for any other noise there is ``sharpened_any_noise``. The cross-entropy of a
  linear softmax model is strongly convex on balls alone, and Bayes class probabilities keep the
  student in the one where it started (``softmax_stays``, ``softmax_bcp``).

``noise`` and ``bounds`` hold the formulas, `kdtheory.objects.objectives` and
`kdtheory.objects.descent` the objectives with known constants and what SGD does on them exactly,
``figures`` the figure of teachers, ``worlds`` the domains, ``draws`` the definitions as Monte
Carlo replicates, ``claims_*`` the records.
"""

from kdtheory.theorems.sgd_convergence.claims_descent import DESCENT_CLAIMS
from kdtheory.theorems.sgd_convergence.claims_noise import NOISE_CLAIMS
from kdtheory.theorems.sgd_convergence.claims_risk import RISK_CLAIMS
from kdtheory.theorems.sgd_convergence.claims_softmax import SOFTMAX_CLAIMS
from kdtheory.theorems.sgd_convergence.claims_teachers import TEACHER_CLAIMS
from kdtheory.theorems.sgd_convergence.figures import descent_curves, plot_descent
from kdtheory.theorems.sgd_convergence.noise import (
    bayes_second_moment,
    best_mixture,
    critical_variance,
    jacobian_noise,
    noise_additive,
    noise_centred,
    noise_dirichlet,
    noise_k_averaged,
    noise_mixed,
    noise_onehot,
    target_noise,
)

CLAIMS = (*RISK_CLAIMS, *NOISE_CLAIMS, *TEACHER_CLAIMS, *DESCENT_CLAIMS, *SOFTMAX_CLAIMS)

__all__ = [
    "CLAIMS",
    "bayes_second_moment",
    "best_mixture",
    "critical_variance",
    "descent_curves",
    "jacobian_noise",
    "noise_additive",
    "noise_centred",
    "noise_dirichlet",
    "noise_k_averaged",
    "noise_mixed",
    "noise_onehot",
    "plot_descent",
    "target_noise",
]
