from proofs_check.proper_losses.risks import BRIER_EXCESS, EQ8, EQ8_PRINTED, LOG_EXCESS
from proofs_check.proper_losses.smoothing import (
    SMOOTHING_BY_MSE,
    SMOOTHING_HELPS,
    SMOOTHING_MSE,
    SMOOTHING_RISK,
)

PROOFS = (
    EQ8_PRINTED,
    EQ8,
    BRIER_EXCESS,
    LOG_EXCESS,
    SMOOTHING_MSE,
    SMOOTHING_RISK,
    SMOOTHING_BY_MSE,
    SMOOTHING_HELPS,
)
