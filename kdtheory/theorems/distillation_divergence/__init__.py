r"""The distillation divergence: upper and lower bounds on the student's generalisation gap.

* ``claims_laws``, ``claims_central``: bare laws: what holds of a variable, its tilts, proxies and
  central condition (``law_worlds``: their domains);
* ``process_terms``: the gaps, the divergence and its parts, exactly;
* ``bounds``: every upper bound on the student's gap as a function of a process;
* ``stability``: variance proxies of the teacher's gap from the stability of its algorithm;
* ``distillation_loss``: the ranges of distillation losses, and the variance proxies they give;
* ``support``: why a divergence is infinite;
* ``claims_...``: the statements of the paper, their sharpened forms and how they compare;
* ``worlds`` and ``..._worlds``, ``draws`` and ``..._draws``: the finite worlds that the claims
  speak of, and replicates in them.
"""

from __future__ import annotations

from kdtheory.claim import Claim
from kdtheory.theorems.distillation_divergence import claims_central as central
from kdtheory.theorems.distillation_divergence import claims_comparison as comparison
from kdtheory.theorems.distillation_divergence import claims_laws as laws
from kdtheory.theorems.distillation_divergence import claims_loss as loss
from kdtheory.theorems.distillation_divergence import claims_processes as processes
from kdtheory.theorems.distillation_divergence import claims_stability as stable
from kdtheory.theorems.distillation_divergence import claims_structure as structure

CLAIMS: tuple[Claim, ...] = (
    laws.DONSKER_VARADHAN,
    laws.DV_TILT,
    laws.SUBGAUSSIAN_MGF,
    laws.SMALLEST_PROXY,
    laws.CRAMER_CHERNOFF_ATTAINED,
    laws.CHERNOFF_BELOW_THEOREM8,
    laws.LARGE_DIVERGENCE_REVIEW,
    central.CENTRAL_CONDITION,
    central.REMARK2,
    central.CENTRAL_RANGE,
    central.LOWER_BELOW_CHERNOFF,
    central.THM10_EQUALS_TWO_SIDED,
    central.SHARPER_DEPENDENCE_REMARK2,
    central.SHARPER_DEPENDENCE_CENTRAL,
    processes.UPPER,
    processes.UPPER_ONE_SIDED,
    processes.LOWER,
    processes.CRAMER_CHERNOFF_UPPER,
    processes.CRAMER_CHERNOFF_LOWER,
    processes.CHAIN_RULE,
    structure.DETERMINISTIC_TEACHER,
    structure.EXPLORING_TEACHER,
    structure.SOFT_LABELS_INFINITE,
    stable.STABILITY_DIFFERENCES,
    stable.STABILITY_DIFFERENCES_SHARPENED,
    stable.STABILITY,
    stable.STABILITY_SHARPENED,
    stable.STABILITY_SEEDED,
    stable.STABILITY_SEEDED_SHARPENED,
    loss.LOSS_RANGE,
    loss.LOSS_FLOOR,
    loss.LOSS_SLOPE,
    loss.LOSS_GAP_PROXY,
    loss.LOSS_GAP_PROXY_FIXED,
    comparison.DATA_PROCESSING,
    comparison.PUSHFORWARD,
    comparison.SHARED_INPUTS,
    comparison.DISINTEGRATED,
    comparison.DISINTEGRATED_BELOW_SHARED,
    comparison.SHARED_BELOW_CHERNOFF,
    comparison.INDIVIDUAL_SAMPLE,
    comparison.BINARY_KL,
    comparison.PINSKER,
    comparison.BRETAGNOLLE_HUBER,
    comparison.CHI_SQUARE,
    comparison.CHERNOFF_BELOW_BINARY_KL,
    comparison.BINARY_KL_DOMINATES,
)
