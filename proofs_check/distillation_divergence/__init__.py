r"""Proofs for the room ``distillation_divergence``: what a divergence says of the student's gap.

Everything rests on one identity: what the change of measure loses is a divergence, from the tilt.
"""

from proofs_check.distillation_divergence.binary import BINARY_KL, CHERNOFF_BELOW_BINARY_KL
from proofs_check.distillation_divergence.central import (
    CENTRAL_CONDITION,
    CENTRAL_RANGE,
    LOWER_BELOW_CHERNOFF,
    REMARK2,
)
from proofs_check.distillation_divergence.comparison import (
    CHI_SQUARE,
    DATA_PROCESSING,
    INDIVIDUAL_SAMPLE,
    PUSHFORWARD,
)
from proofs_check.distillation_divergence.dependence import (
    SHARPER_DEPENDENCE_CENTRAL,
    SHARPER_DEPENDENCE_REMARK2,
    THM10_EQUALS_TWO_SIDED,
)
from proofs_check.distillation_divergence.inputs import (
    DISINTEGRATED,
    DISINTEGRATED_BELOW_SHARED,
    SHARED_BELOW_CHERNOFF,
    SHARED_INPUTS,
)
from proofs_check.distillation_divergence.laws import DONSKER_VARADHAN, DV_TILT, SUBGAUSSIAN_MGF
from proofs_check.distillation_divergence.loss import LOSS_FLOOR, LOSS_RANGE, LOSS_SLOPE
from proofs_check.distillation_divergence.loss_gap import GAP_PROXY, GAP_PROXY_FIXED
from proofs_check.distillation_divergence.processes import (
    CHAIN_RULE,
    CRAMER_CHERNOFF_LOWER,
    CRAMER_CHERNOFF_UPPER,
    LOWER,
    UPPER,
    UPPER_ONE_SIDED,
)
from proofs_check.distillation_divergence.proxies import SMALLEST_PROXY
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
from proofs_check.distillation_divergence.tilts import (
    CHERNOFF_BELOW_THEOREM8,
    CRAMER_CHERNOFF_ATTAINED,
    LARGE_DIVERGENCE_REVIEW,
)

PROOFS = (
    DONSKER_VARADHAN,
    DV_TILT,
    SUBGAUSSIAN_MGF,
    SMALLEST_PROXY,
    CRAMER_CHERNOFF_ATTAINED,
    CHERNOFF_BELOW_THEOREM8,
    LARGE_DIVERGENCE_REVIEW,
    CENTRAL_CONDITION,
    REMARK2,
    CENTRAL_RANGE,
    LOWER_BELOW_CHERNOFF,
    THM10_EQUALS_TWO_SIDED,
    SHARPER_DEPENDENCE_REMARK2,
    SHARPER_DEPENDENCE_CENTRAL,
    UPPER,
    UPPER_ONE_SIDED,
    LOWER,
    CRAMER_CHERNOFF_UPPER,
    CRAMER_CHERNOFF_LOWER,
    CHAIN_RULE,
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
