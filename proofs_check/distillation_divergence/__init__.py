r"""Proofs for the room ``distillation_divergence``: stability, structure, losses, comparisons."""

from proofs_check.distillation_divergence.binary import (
    BINARY_KL,
    BINARY_KL_DOMINATES,
    BRETAGNOLLE_HUBER,
    CHERNOFF_BELOW_BINARY_KL,
    PINSKER,
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
from proofs_check.distillation_divergence.stability import (
    STABILITY,
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
    STABILITY_SHARPENED,
)

PROOFS = (
    STABILITY_DIFFERENCES,
    STABILITY_DIFFERENCES_SHARPENED,
    STABILITY,
    STABILITY_SHARPENED,
    STABILITY_SEEDED,
    STABILITY_SEEDED_SHARPENED,
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
