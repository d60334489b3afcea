r"""Distillation divergence: generalisation gaps of a student from the teacher's.

Source: Li & He, arXiv:2605.13143, appendix A to D; what is ours is marked so.
"""

from kdtheory.theorems.distillation_divergence.claims_loss import (
    LOSS_FLOOR,
    LOSS_GAP_PROXY,
    LOSS_GAP_PROXY_FIXED,
    LOSS_RANGE,
    LOSS_SLOPE,
)
from kdtheory.theorems.distillation_divergence.claims_stability import (
    STABILITY,
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
    STABILITY_SHARPENED,
)
from kdtheory.theorems.distillation_divergence.claims_structure import (
    DETERMINISTIC_TEACHER,
    EXPLORING_TEACHER,
    SOFT_LABELS_INFINITE,
)

CLAIMS = (
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY,
    STABILITY_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
    LOSS_RANGE,
    LOSS_FLOOR,
    LOSS_SLOPE,
    LOSS_GAP_PROXY,
    LOSS_GAP_PROXY_FIXED,
    DETERMINISTIC_TEACHER,
    EXPLORING_TEACHER,
    SOFT_LABELS_INFINITE,
)

__all__ = ["CLAIMS"]
