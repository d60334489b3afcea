"""wip."""
from proofs_check.distillation_divergence.laws import DONSKER_VARADHAN, DV_TILT, SUBGAUSSIAN_MGF
from proofs_check.distillation_divergence.tilts import *
from proofs_check.distillation_divergence.tilts import (
    CHERNOFF_BELOW_THEOREM8, CRAMER_CHERNOFF_ATTAINED, LARGE_DIVERGENCE_REVIEW)
PROOFS = (DONSKER_VARADHAN, DV_TILT, SUBGAUSSIAN_MGF, CRAMER_CHERNOFF_ATTAINED,
    CHERNOFF_BELOW_THEOREM8, LARGE_DIVERGENCE_REVIEW)
