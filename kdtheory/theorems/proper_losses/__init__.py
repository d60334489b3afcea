r"""Proper losses: how good a teacher's probabilities are, and what smoothing and temperature do.

Menon, Rawat, Reddi, Kim, Kumar, "Why distillation helps: a statistical perspective",
arXiv:2005.10419, Sections 3.2, 3.3 and 5.1, Appendix B. A loss of predicted probabilities is proper
if nothing beats predicting the truth; the plain functions are in `kdtheory.proper`.

* **Eq. 8** has the student on its left side and the teacher on its right (``eq8_printed``); with
  the teacher on both it stands for every proper loss (``eq8``). So the bracket of Proposition 3 is
  the teacher's excess Brier risk (``brier_excess``), and the expected relative entropy its excess
  log loss (``log_excess``).
* **Label smoothing** has two optima: one for the target (``smoothing_mse``), one for the risk on a
  sample (``smoothing_risk``). The first can make the risk less accurate than one-hot labels
  (``smoothing_by_mse``), the second never does (``smoothing_helps``).
* **Temperature** raises the entropy (``temperature_entropy``, ``temperature_slope``). It cures a
  teacher whose logits are a multiple of the right ones (``temperature_exact``,
  ``temperature_helps_overconfident``) and hurts a calibrated one
  (``temperature_hurts_calibrated``). Its limit matches centred logits (``logit_matching``).
* **Two Gaussian classes**: the weights $\theta^* = 2\mu$ (``gaussian_posterior``), AUC and
  accuracy of any linear score (``gaussian_auc``, ``gaussian_bayes_auc``, ``gaussian_accuracy``).
* **Appendix B**: the distortion of B.2 lacks a factor (``psi_printed``, ``psi``); Eq. 16's bias
  and variance are integrals, computed with a bound on the error (``eq16_bias_variance``). An
  increasing distortion changes nothing for the best student in the limit of many samples
  (``monotone_invariance``): what Figures 5 and 7 show is an effect of small samples.

``formulas`` holds the second routes to what the plain functions compute, ``draws`` the definitions
as Monte Carlo replicates, ``worlds`` the domains, ``claims_*`` the records.
"""

from kdtheory.theorems.proper_losses.claims_risks import (
    BRIER_EXCESS,
    EQ8,
    EQ8_PRINTED,
    LOG_EXCESS,
)
from kdtheory.theorems.proper_losses.claims_smoothing import (
    SMOOTHING_BY_MSE,
    SMOOTHING_HELPS,
    SMOOTHING_MSE,
    SMOOTHING_RISK,
)
from kdtheory.theorems.proper_losses.claims_synthetic import (
    EQ16_BIAS_VARIANCE,
    GAUSSIAN_ACCURACY,
    GAUSSIAN_AUC,
    GAUSSIAN_BAYES_AUC,
    GAUSSIAN_POSTERIOR,
    MONOTONE_INVARIANCE,
    PSI,
    PSI_PRINTED,
)
from kdtheory.theorems.proper_losses.claims_temperature import (
    LOGIT_MATCHING,
    TEMPERATURE_ENTROPY,
    TEMPERATURE_EXACT,
    TEMPERATURE_HELPS_OVERCONFIDENT,
    TEMPERATURE_HURTS_CALIBRATED,
    TEMPERATURE_SLOPE,
)

CLAIMS = (
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

__all__ = ["CLAIMS"]
