r"""Proofs for the room ``proper_losses``: teachers' probabilities, smoothing, and temperature.

A proper loss' risk is a divergence from the Bayes probabilities plus an entropy that nobody
changes. Smoothing and temperature are then functions of one number, with a minimum that can be
given; two Gaussian classes are a problem in one dimension.
"""

from proofs_check.proper_losses.calibration import (
    TEMPERATURE_EXACT,
    TEMPERATURE_HELPS_OVERCONFIDENT,
    TEMPERATURE_HURTS_CALIBRATED,
)
from proofs_check.proper_losses.excess import BRIER_EXCESS, LOG_EXCESS
from proofs_check.proper_losses.gaussian import (
    GAUSSIAN_ACCURACY,
    GAUSSIAN_AUC,
    GAUSSIAN_BAYES_AUC,
    GAUSSIAN_POSTERIOR,
)
from proofs_check.proper_losses.invariance import MONOTONE_INVARIANCE
from proofs_check.proper_losses.matching import LOGIT_MATCHING
from proofs_check.proper_losses.risks import EQ8, EQ8_PRINTED
from proofs_check.proper_losses.smoothing import SMOOTHING_MSE, SMOOTHING_RISK
from proofs_check.proper_losses.smoothing_tradeoff import SMOOTHING_BY_MSE, SMOOTHING_HELPS
from proofs_check.proper_losses.synthetic import EQ16_BIAS_VARIANCE, PSI, PSI_PRINTED
from proofs_check.proper_losses.temperature import TEMPERATURE_ENTROPY, TEMPERATURE_SLOPE

PROOFS = (
    EQ8_PRINTED,
    EQ8,
    BRIER_EXCESS,
    LOG_EXCESS,
    SMOOTHING_MSE,
    SMOOTHING_RISK,
    SMOOTHING_BY_MSE,
    SMOOTHING_HELPS,
    TEMPERATURE_ENTROPY,
    TEMPERATURE_SLOPE,
    TEMPERATURE_EXACT,
    TEMPERATURE_HELPS_OVERCONFIDENT,
    TEMPERATURE_HURTS_CALIBRATED,
    LOGIT_MATCHING,
    GAUSSIAN_POSTERIOR,
    GAUSSIAN_AUC,
    GAUSSIAN_BAYES_AUC,
    GAUSSIAN_ACCURACY,
    PSI_PRINTED,
    PSI,
    EQ16_BIAS_VARIANCE,
    MONOTONE_INVARIANCE,
)
