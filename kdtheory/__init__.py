"""kdtheory: numerical verification of the theory of knowledge distillation.

Public names load on first use, so that ``import kdtheory`` costs nothing:

* ``verify(lhs, rhs, over=...)``, ``falsify``, ``replay``, ``evaluate``, ``ablate``: tools over any
  claim;
* ``best_constant(lhs, "C", rhs, over=...)``: the smallest or largest constant of an inequality;
* ``certify(lhs, rhs, over=...)``: a proof for a whole family, by data that an exact checker reads;
* ``sweep(claim, axis)`` and ``plot_curve``: bound against truth along an axis, with draws;
* ``report_page(claims, checks)``: one HTML page about claims of your own;
* ``Claim`` and the records around it, ``Check`` and ``Verdict``;
* ``domains``: simplexes, boxes, and their products; ``strategies`` for Hypothesis;
* ``CLAIMS`` and ``find(slug)``: the catalogue;
* ``bounds(process)``: every bound on the student's generalisation gap that a `DistillationProcess`
  allows, ranked; ``bounds_from_samples`` for measured gaps;
* ``assess(teachers, labels)``: what labels identify of what a teacher will do for a student;
* ``sharpness(loss, parameters, data, radius=...)``: how sharp your own loss is around what was
  learned, and what sharpness-aware bounds make of it;
* ``descent``: gradient noise of labels, what is promised of SGD with them, and what it does;
* ``uncertainty_budget``: where the variance of a distilled linear student comes from;
  ``budget_from_samples`` for students of any kind, ``combine`` for correlated estimates;
* ``simulate_risks(problems, replicates=...)``: both empirical risks of Lemma 1 by draws, for many
  finite worlds at once; ``draw_risks`` for those of single samples;
* ``decompose``: the terms of the distillation divergence of a linear-Gaussian design;
  ``decompose_grid``, ``sweep_design``, ``dominance_map`` and ``optimal_design`` over its settings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_MODULES = (
    "concentration",
    "descent",
    "divergences",
    "domains",
    "flatness",
    "gaussian",
    "intervals",
    "losses",
    "propagation",
    "proper",
    "retrieval",
    "risks",
    "simulation",
    "soft_labels",
    "strategies",
    "theorems",
)

_NAMES = {
    "Assumption": "kdtheory.claim",
    "Axis": "kdtheory.claim",
    "Case": "kdtheory.claim",
    "Claim": "kdtheory.claim",
    "Draw": "kdtheory.claim",
    "Finding": "kdtheory.claim",
    "Quantifier": "kdtheory.claim",
    "Relation": "kdtheory.claim",
    "Source": "kdtheory.claim",
    "TextExamined": "kdtheory.claim",
    "Domain": "kdtheory.domains",
    "distillation_loss_proxy": "kdtheory.theorems.distillation_divergence.distillation_loss",
    "distillation_loss_range": "kdtheory.theorems.distillation_divergence.distillation_loss",
    "RiskBound": "kdtheory.concentration",
    "risk_bounds": "kdtheory.concentration",
    "DistillationProcess": "kdtheory.objects.processes",
    "StableAlgorithm": "kdtheory.objects.algorithms",
    "algorithm_kernel": "kdtheory.objects.constructions",
    "process_from_kernels": "kdtheory.objects.constructions",
    "process_from_pseudo_labels": "kdtheory.objects.constructions",
    "FiniteProblem": "kdtheory.objects.problems",
    "LinearGaussianDesign": "kdtheory.objects.designs",
    "BestConstant": "kdtheory.results",
    "Check": "kdtheory.results",
    "Counterexample": "kdtheory.results",
    "Verdict": "kdtheory.results",
    "CLAIMS": "kdtheory.theorems",
    "find": "kdtheory.theorems",
    "ablate": "kdtheory.tools",
    "best_constant": "kdtheory.tools",
    "certify": "kdtheory.tools",
    "evaluate": "kdtheory.tools",
    "falsify": "kdtheory.tools",
    "recheck": "kdtheory.tools",
    "replay": "kdtheory.tools",
    "verify": "kdtheory.tools",
    "Curve": "kdtheory.tools.sweep",
    "axes_of": "kdtheory.tools.sweep",
    "plot_curve": "kdtheory.tools.plot",
    "sweep": "kdtheory.tools.sweep",
    "Certificate": "kdtheory.certificates",
    "report_page": "kdtheory.tools.publish",
    "rung": "kdtheory.rungs",
    "Assessment": "kdtheory.assessment",
    "assess": "kdtheory.assessment",
    "SharpnessReport": "kdtheory.flatness",
    "SimulatedRisks": "kdtheory.simulation",
    "draw_risks": "kdtheory.simulation",
    "simulate_risks": "kdtheory.simulation",
    "plot_sharpness": "kdtheory.flatness",
    "sharpness": "kdtheory.flatness",
    "GapBounds": "kdtheory.gap_bounds",
    "SampleBounds": "kdtheory.gap_bounds",
    "bounds": "kdtheory.gap_bounds",
    "bounds_from_samples": "kdtheory.gap_bounds",
    "plot_bounds_against_divergence": "kdtheory.gap_bounds",
    "plot_bounds_against_samples": "kdtheory.gap_bounds",
    "plot_estimated_bounds": "kdtheory.gap_bounds",
    "plot_ranked_bounds": "kdtheory.gap_bounds",
    "SampledBudget": "kdtheory.propagation",
    "UncertaintyBudget": "kdtheory.propagation",
    "budget_from_samples": "kdtheory.propagation",
    "combine": "kdtheory.propagation",
    "plot_budgets": "kdtheory.propagation",
    "uncertainty_budget": "kdtheory.propagation",
    "Decomposition": "kdtheory.decomposition",
    "DecompositionGrid": "kdtheory.decomposition",
    "DominanceMap": "kdtheory.decomposition",
    "OptimalDesign": "kdtheory.decomposition",
    "Sweep": "kdtheory.decomposition",
    "decompose": "kdtheory.decomposition",
    "decompose_grid": "kdtheory.decomposition",
    "dominance_map": "kdtheory.decomposition",
    "optimal_design": "kdtheory.decomposition",
    "plot_decomposition": "kdtheory.decomposition",
    "plot_dominance_map": "kdtheory.decomposition",
    "plot_landscape": "kdtheory.decomposition",
    "plot_shares": "kdtheory.decomposition",
    "plot_sweep": "kdtheory.decomposition",
    "sweep_design": "kdtheory.decomposition",
}

__all__ = ["__version__", *_MODULES, *_NAMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Loads a public name on first use (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"kdtheory.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'kdtheory' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted(__all__)


if TYPE_CHECKING:
    from kdtheory import concentration as concentration
    from kdtheory import descent as descent
    from kdtheory import divergences as divergences
    from kdtheory import domains as domains
    from kdtheory import flatness as flatness
    from kdtheory import gaussian as gaussian
    from kdtheory import intervals as intervals
    from kdtheory import losses as losses
    from kdtheory import propagation as propagation
    from kdtheory import proper as proper
    from kdtheory import retrieval as retrieval
    from kdtheory import risks as risks
    from kdtheory import simulation as simulation
    from kdtheory import soft_labels as soft_labels
    from kdtheory import strategies as strategies
    from kdtheory import theorems as theorems
    from kdtheory.assessment import Assessment as Assessment
    from kdtheory.assessment import assess as assess
    from kdtheory.certificates import Certificate as Certificate
    from kdtheory.claim import Assumption as Assumption
    from kdtheory.claim import Axis as Axis
    from kdtheory.claim import Case as Case
    from kdtheory.claim import Claim as Claim
    from kdtheory.claim import Draw as Draw
    from kdtheory.claim import Finding as Finding
    from kdtheory.claim import Quantifier as Quantifier
    from kdtheory.claim import Relation as Relation
    from kdtheory.claim import Source as Source
    from kdtheory.claim import TextExamined as TextExamined
    from kdtheory.concentration import RiskBound as RiskBound
    from kdtheory.concentration import risk_bounds as risk_bounds
    from kdtheory.decomposition import Decomposition as Decomposition
    from kdtheory.decomposition import DecompositionGrid as DecompositionGrid
    from kdtheory.decomposition import DominanceMap as DominanceMap
    from kdtheory.decomposition import OptimalDesign as OptimalDesign
    from kdtheory.decomposition import Sweep as Sweep
    from kdtheory.decomposition import decompose as decompose
    from kdtheory.decomposition import decompose_grid as decompose_grid
    from kdtheory.decomposition import dominance_map as dominance_map
    from kdtheory.decomposition import optimal_design as optimal_design
    from kdtheory.decomposition import plot_decomposition as plot_decomposition
    from kdtheory.decomposition import plot_dominance_map as plot_dominance_map
    from kdtheory.decomposition import plot_landscape as plot_landscape
    from kdtheory.decomposition import plot_shares as plot_shares
    from kdtheory.decomposition import plot_sweep as plot_sweep
    from kdtheory.decomposition import sweep_design as sweep_design
    from kdtheory.domains import Domain as Domain
    from kdtheory.flatness import SharpnessReport as SharpnessReport
    from kdtheory.flatness import plot_sharpness as plot_sharpness
    from kdtheory.flatness import sharpness as sharpness
    from kdtheory.gap_bounds import GapBounds as GapBounds
    from kdtheory.gap_bounds import SampleBounds as SampleBounds
    from kdtheory.gap_bounds import bounds as bounds
    from kdtheory.gap_bounds import bounds_from_samples as bounds_from_samples
    from kdtheory.gap_bounds import plot_bounds_against_divergence as plot_bounds_against_divergence
    from kdtheory.gap_bounds import plot_bounds_against_samples as plot_bounds_against_samples
    from kdtheory.gap_bounds import plot_estimated_bounds as plot_estimated_bounds
    from kdtheory.gap_bounds import plot_ranked_bounds as plot_ranked_bounds
    from kdtheory.objects.algorithms import StableAlgorithm as StableAlgorithm
    from kdtheory.objects.constructions import algorithm_kernel as algorithm_kernel
    from kdtheory.objects.constructions import process_from_kernels as process_from_kernels
    from kdtheory.objects.constructions import (
        process_from_pseudo_labels as process_from_pseudo_labels,
    )
    from kdtheory.objects.designs import LinearGaussianDesign as LinearGaussianDesign
    from kdtheory.objects.problems import FiniteProblem as FiniteProblem
    from kdtheory.objects.processes import DistillationProcess as DistillationProcess
    from kdtheory.propagation import SampledBudget as SampledBudget
    from kdtheory.propagation import UncertaintyBudget as UncertaintyBudget
    from kdtheory.propagation import budget_from_samples as budget_from_samples
    from kdtheory.propagation import combine as combine
    from kdtheory.propagation import plot_budgets as plot_budgets
    from kdtheory.propagation import uncertainty_budget as uncertainty_budget
    from kdtheory.results import BestConstant as BestConstant
    from kdtheory.results import Check as Check
    from kdtheory.results import Counterexample as Counterexample
    from kdtheory.results import Verdict as Verdict
    from kdtheory.rungs import rung as rung
    from kdtheory.simulation import SimulatedRisks as SimulatedRisks
    from kdtheory.simulation import draw_risks as draw_risks
    from kdtheory.simulation import simulate_risks as simulate_risks
    from kdtheory.theorems import CLAIMS as CLAIMS
    from kdtheory.theorems import find as find
    from kdtheory.theorems.distillation_divergence.distillation_loss import (
        distillation_loss_proxy as distillation_loss_proxy,
    )
    from kdtheory.theorems.distillation_divergence.distillation_loss import (
        distillation_loss_range as distillation_loss_range,
    )
    from kdtheory.tools import ablate as ablate
    from kdtheory.tools import best_constant as best_constant
    from kdtheory.tools import certify as certify
    from kdtheory.tools import evaluate as evaluate
    from kdtheory.tools import falsify as falsify
    from kdtheory.tools import recheck as recheck
    from kdtheory.tools import replay as replay
    from kdtheory.tools import verify as verify
    from kdtheory.tools.plot import plot_curve as plot_curve
    from kdtheory.tools.publish import report_page as report_page
    from kdtheory.tools.sweep import Curve as Curve
    from kdtheory.tools.sweep import axes_of as axes_of
    from kdtheory.tools.sweep import sweep as sweep
