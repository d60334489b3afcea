r"""Proofs for the room ``distillation_divergence``: stability, structure, losses, comparisons."""

from proofs_check.distillation_divergence.binary import (
    BINARY_KL,
    CHERNOFF_BELOW_BINARY_KL,
)
from proofs_check.distillation_divergence.comparison import (
    CHI_SQUARE,
    DATA_PROCESSING,
    INDIVIDUAL_SAMPLE,
    PUSHFORWARD,
)
from proofs_check.distillation_divergence.inputs import (
    DISINTEGRATED,
    DISINTEGRATED_BELOW_SHARED,
    SHARED_BELOW_CHERNOFF,
    SHARED_INPUTS,
)
from proofs_check.distillation_divergence.loss import LOSS_FLOOR, LOSS_RANGE, LOSS_SLOPE
from proofs_check.distillation_divergence.loss_gap import GAP_PROXY, GAP_PROXY_FIXED
from proofs_check.distillation_divergence.roots import (
    BINARY_KL_DOMINATES,
    BRETAGNOLLE_HUBER,
    PINSKER,
)
from proofs_check.distillation_divergence.stability import (
    STABILITY,
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
    STABILITY_SHARPENED,
)
from proofs_check.distillation_divergence.structure import (
    DETERMINISTIC_TEACHER,
    EXPLORING_TEACHER,
    SOFT_LABELS_INFINITE,
)

PROOFS = (
    DETERMINISTIC_TEACHER,
    EXPLORING_TEACHER,
    SOFT_LABELS_INFINITE,
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY,
    STABILITY_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
    LOSS_RANGE,
    LOSS_FLOOR,
    LOSS_SLOPE,
    GAP_PROXY,
    GAP_PROXY_FIXED,
    DATA_PROCESSING,
    PUSHFORWARD,
    SHARED_INPUTS,
    DISINTEGRATED,
    DISINTEGRATED_BELOW_SHARED,
    SHARED_BELOW_CHERNOFF,
    INDIVIDUAL_SAMPLE,
    BINARY_KL,
    PINSKER,
    BRETAGNOLLE_HUBER,
    CHI_SQUARE,
    CHERNOFF_BELOW_BINARY_KL,
    BINARY_KL_DOMINATES,
)
