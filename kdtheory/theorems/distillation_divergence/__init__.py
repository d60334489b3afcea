r"""The distillation divergence: upper and lower bounds on the student's generalisation gap.

* ``process_terms``: the gaps, the divergence and its parts, exactly;
* ``bounds``: every upper bound on the student's gap as a function of a process;
* ``stability``, ``distillation_loss``: from properties of the teacher to a variance proxy;
* ``support``: why a divergence is infinite;
* ``claims_...``: the statements of the paper, their sharpened forms and how they compare;
* ``worlds``, ``draws``: the finite worlds that the claims speak of, and replicates in them.
"""

from __future__ import annotations

from kdtheory.claim import Claim
from kdtheory.theorems.distillation_divergence import claims_comparison as comparison
from kdtheory.theorems.distillation_divergence import claims_loss as loss
from kdtheory.theorems.distillation_divergence import claims_processes as processes
from kdtheory.theorems.distillation_divergence import claims_stability as stability
from kdtheory.theorems.distillation_divergence import claims_structure as structure

CLAIMS: tuple[Claim, ...] = (
    processes.UPPER,
    processes.UPPER_ONE_SIDED,
    processes.LOWER,
    processes.CRAMER_CHERNOFF_UPPER,
    processes.CRAMER_CHERNOFF_LOWER,
    processes.CHAIN_RULE,
    stability.STABILITY_DIFFERENCES,
    stability.STABILITY_DIFFERENCES_SHARPENED,
    stability.STABILITY,
    stability.STABILITY_SHARPENED,
    stability.STABILITY_SEEDED,
    stability.STABILITY_SEEDED_SHARPENED,
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
    loss.LOSS_RANGE,
    loss.LOSS_FLOOR,
    loss.LOSS_SLOPE,
    loss.LOSS_GAP_PROXY,
    loss.LOSS_GAP_PROXY_FIXED,
    structure.DETERMINISTIC_TEACHER,
    structure.EXPLORING_TEACHER,
    structure.SOFT_LABELS_INFINITE,
)
