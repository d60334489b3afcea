r"""Proofs for the room ``distillation_divergence``: stability, structure, losses, comparisons."""

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
)
