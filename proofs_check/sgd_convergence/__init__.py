r"""Proofs for the room ``sgd_convergence``: what labels do to gradients, and SGD with them.

The gradient is linear in the target: all unbiased labels have the same mean gradient, and what they
differ in is a covariance. SGD is an expansion of $\|\theta-\gamma g-\theta^*\|^2$ (or a parabola),
a bound on $\mathbb E\|g\|^2$, and a recursion.

``risk`` and ``noise``, ``random_targets``, ``teachers``: risks, gradients and their noise;
``descent``: what one step does; ``distances``, ``averages``, ``excess``: the printed bounds;
``sharpened``: every step size below 2/L; ``curvature`` and ``ball``: softmax students.
"""

from proofs_check.sgd_convergence.averages import CONVEX_BCP, CONVEX_ONEHOT, SHARPENED_CONVEX
from proofs_check.sgd_convergence.ball import SOFTMAX_BCP, SOFTMAX_STAYS
from proofs_check.sgd_convergence.distances import STRONGLY_CONVEX_BCP, STRONGLY_CONVEX_ONEHOT
from proofs_check.sgd_convergence.excess import PL_BCP, PL_ONEHOT, SHARPENED_PL
from proofs_check.sgd_convergence.noise import NOISE_ADDITIVE, NOISE_CENTRED, NOISE_ONEHOT
from proofs_check.sgd_convergence.random_targets import NOISE_DIRICHLET, NOISE_K_AVERAGED
from proofs_check.sgd_convergence.risk import INTERPOLATION, MINIMUM_IS_ENTROPY, SAME_RISK
from proofs_check.sgd_convergence.sharpened import (
    SHARPENED_ANY_NOISE,
    SHARPENED_BCP,
    SHARPENED_TARGET_NOISE,
)
from proofs_check.sgd_convergence.teachers import (
    MIXING,
    SIMPLEX_TEACHER_NO_NOISIER,
    SOFTMAX_NO_BLOW_UP,
    TARGET_NOISE_ORTHOGONAL,
)

PROOFS = (
    SAME_RISK,
    MINIMUM_IS_ENTROPY,
    INTERPOLATION,
    NOISE_ONEHOT,
    NOISE_ADDITIVE,
    NOISE_CENTRED,
    NOISE_DIRICHLET,
    NOISE_K_AVERAGED,
    TARGET_NOISE_ORTHOGONAL,
    SIMPLEX_TEACHER_NO_NOISIER,
    SOFTMAX_NO_BLOW_UP,
    MIXING,
    STRONGLY_CONVEX_ONEHOT,
    STRONGLY_CONVEX_BCP,
    CONVEX_ONEHOT,
    CONVEX_BCP,
    SHARPENED_CONVEX,
    PL_ONEHOT,
    PL_BCP,
    SHARPENED_BCP,
    SHARPENED_ANY_NOISE,
    SHARPENED_TARGET_NOISE,
    SHARPENED_PL,
    SOFTMAX_STAYS,
    SOFTMAX_BCP,
)
