"""Claims on processes: Theorems 8 and 10, the Cramer-Chernoff bounds, and the chain rule."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case, Claim, Relation, Source, TextExamined
from kdtheory.objects.processes import DistillationProcess, mirrored
from kdtheory.theorems.distillation_divergence import (
    axes,
    bounds,
    draws,
    law_worlds,
    process_terms,
    worlds,
)
from kdtheory.theorems.papers import LI_HE

APPENDIX = "appendix B to D"


def _student_gap(process: DistillationProcess, *_: Any) -> Scalar:
    return process_terms.student_gap(process)


def _with_proxy(process: DistillationProcess) -> tuple[Any, ...]:
    """Returns an instance with the smallest variance proxy."""
    return process, jnp.asarray(0.0)


def _theorem8(process: DistillationProcess, excess: Any) -> Scalar:
    return bounds.sub_gaussian(process, worlds.smallest_proxy(process) * (1.0 + excess))


UPPER = Claim(
    slug="distillation_divergence/upper",
    title="The student's gap exceeds the teacher's by at most a root of the divergence",
    statement=r"\mathrm{gen}_S \le \mathrm{gen}_T+\sigma\sqrt{2K_n}",
    source=Source(LI_HE, "Theorem 1 = Theorem 8", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_student_gap,
    rhs=_theorem8,
    domain=worlds.processes_with_excess,
    sizes=worlds.SIZES,
    scale=worlds.unit,
    assumptions=(
        Assumption(
            "sub-Gaussian",
            r"$\log E_Pe^{\ell(h-\mathrm{gen}_T)}\le\ell^2\sigma^2/2$ for all $\ell$",
            lambda _, excess: excess,
        ),
    ),
    draws={"lhs": draws.STUDENT_GAP},
    tight=(Case("student and teacher agree", lambda: _with_proxy(worlds.same()), "K = 0"),),
    corners=worlds.corners(_with_proxy),
    broken=(
        Case(
            "half the proxy",
            # h = +-1/2 fair has the proxy 1/4. At 1/8: gen_S = 1/4 > 0.181 = sqrt(2 K / 8).
            lambda: (worlds.coin(0.75, 0.25), jnp.asarray(-0.5)),
            "gen_S = 1/4, K = 0.1308",
            assumption="sub-Gaussian",
        ),
    ),
    axes=(
        dataclasses.replace(
            axes.TOWARDS_LUCK, make=lambda share: _with_proxy(axes.TOWARDS_LUCK.make(share))
        ),
    ),
    uses=("distillation_divergence/donsker_varadhan", "distillation_divergence/subgaussian_mgf"),
)


UPPER_ONE_SIDED = Claim(
    slug="distillation_divergence/upper_one_sided",
    title="For the upper bound the proxy of positive arguments is enough",
    statement=r"\mathrm{gen}_S \le \mathrm{gen}_T+\sigma_+\sqrt{2K_n},\quad"
    r"\sigma_+^2=\sup_{\ell>0}2\psi(\ell)/\ell^2",
    lhs=_student_gap,
    rhs=bounds.theorem8_one_sided,
    domain=worlds.processes,
    sizes=worlds.SIZES,
    scale=worlds.unit,
    sharpens=UPPER.slug,
    tight=(Case("student and teacher agree", worlds.same, "K = 0"),),
    corners=worlds.corners(),
    axes=(axes.TOWARDS_LUCK, axes.TILT),
    uses=(UPPER.slug,),
)


def _theorem10(process: DistillationProcess, eta: Any, c: Any) -> Scalar:
    r"""Returns $c\,\mathrm{gen}_T-K_n/\eta$."""
    return c * process_terms.teacher_gap(process) - process_terms.divergence(process) / eta


def _central_margin(process: DistillationProcess, eta: Any, c: Any) -> Scalar:
    return law_worlds.central_margin(*bounds.flat_law(process), eta, c)


def _central(process: DistillationProcess, eta: Any) -> tuple[Any, ...]:
    return process, jnp.asarray(eta), worlds.largest_c(process, jnp.asarray(eta))


def _central_unit(process: DistillationProcess, eta: Any, c: Any) -> Scalar:
    return worlds.unit(process)


def _skewed() -> DistillationProcess:
    """Returns a teacher with a positive gap: it takes the hypothesis that fits its one example."""
    kernel = [[0.875, 0.125], [0.125, 0.875]]
    law = [[0.25, 0.25], [0.25, 0.25]]
    return worlds.process_case([0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], kernel, law)


LOWER = Claim(
    slug="distillation_divergence/lower",
    title="A central condition bounds the student's gap from below",
    statement=r"\mathrm{gen}_S \ge c\,\mathrm{gen}_T-K_n/\eta",
    source=Source(LI_HE, "Theorem 10", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.GE,
    lhs=_student_gap,
    rhs=_theorem10,
    domain=worlds.central_processes,
    sizes=worlds.SIZES,
    scale=_central_unit,
    assumptions=(
        Assumption(
            "central condition",
            r"$\log E_Pe^{-\eta h}\le-c\,\eta\,\mathrm{gen}_T$",
            _central_margin,
        ),
    ),
    draws={"lhs": draws.STUDENT_GAP},
    tight=(
        Case(
            "a tilt of the teacher",
            lambda: _central(worlds.with_tilt(_skewed(), -0.5), 0.5),
            "the pair (eta, c) at the edge, and the student tilted by -eta",
        ),
    ),
    corners=worlds.corners(lambda process: _central(process, 0.5))[:2],
    broken=(
        Case(
            "c of one",
            lambda: (worlds.with_tilt(_skewed(), -0.5), jnp.asarray(0.5), jnp.asarray(1.0)),
            "equality at the largest c: with more the bound is above the gap",
            assumption="central condition",
        ),
    ),
    axes=(
        Axis(
            "eta, with the largest c; the student is the teacher's tilt by -1/2",
            tuple(2 ** (k / 8 - 3) for k in range(33)),
            lambda eta: _central(worlds.with_tilt(_skewed(), -0.5), eta),
        ),
    ),
    uses=("distillation_divergence/donsker_varadhan", "distillation_divergence/central_condition"),
)


def _fair_coin() -> DistillationProcess:
    """Returns the tilt of a fair coin: E_Q h = 1/4."""
    return worlds.coin(0.75, 0.25)


_TILTS = (
    Case("a tilted coin", _fair_coin, "h = +-1/2 is 1/2 with probability 3/4: gen_S = 1/4"),
    Case("a tilt of the teacher", lambda: worlds.with_tilt(_skewed(), 0.75), "l = 3/4"),
)

CRAMER_CHERNOFF_UPPER = Claim(
    slug="distillation_divergence/cramer_chernoff_upper",
    title="The best upper bound by the teacher's process and the divergence",
    statement=r"\mathrm{gen}_S \le \mathrm{gen}_T+\inf_{\ell>0}\frac{K_n+\psi(\ell)}\ell",
    lhs=_student_gap,
    rhs=bounds.chernoff,
    domain=worlds.processes,
    sizes=worlds.SIZES,
    scale=worlds.unit,
    sharpens=UPPER.slug,
    draws={"lhs": draws.STUDENT_GAP},
    tight=_TILTS,
    corners=worlds.corners(),
    axes=(axes.TOWARDS_LUCK, axes.TILT),
    uses=("distillation_divergence/donsker_varadhan",),
)

CRAMER_CHERNOFF_LOWER = Claim(
    slug="distillation_divergence/cramer_chernoff_lower",
    title="The best lower bound by the teacher's process and the divergence",
    statement=r"\mathrm{gen}_S \ge \mathrm{gen}_T-\inf_{\ell>0}\frac{K_n+\psi(-\ell)}\ell",
    relation=Relation.GE,
    lhs=_student_gap,
    rhs=lambda process: -bounds.chernoff(mirrored(process)),
    domain=worlds.processes,
    sizes=worlds.SIZES,
    scale=worlds.unit,
    sharpens=LOWER.slug,
    tight=(
        Case("a tilted coin", lambda: worlds.coin(0.25, 0.75), "gen_S = -1/4"),
        Case("a tilt of the teacher", lambda: worlds.with_tilt(_skewed(), -0.75), "l = -3/4"),
    ),
    corners=worlds.corners(),
    axes=(axes.TOWARDS_BAD_LUCK,),
    uses=("distillation_divergence/donsker_varadhan",),
)


def _parts(process: DistillationProcess) -> Scalar:
    dataset = process_terms.dataset_divergence(process)
    return dataset + process_terms.algorithm_divergence(process)


CHAIN_RULE = Claim(
    slug="distillation_divergence/chain_rule",
    title="The divergence is that of the data sets and that of the algorithms at the pseudo data",
    statement=r"K_n = \mathrm{KL}(Q_D\|P_D)"
    r"+E_{\hat D\sim Q}\mathrm{KL}\bigl(Q(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D)\bigr)",
    source=Source(LI_HE, "eq. (27), the teacher's kernel read at the pseudo data", "appendix E"),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.EQ,
    lhs=process_terms.divergence,
    rhs=_parts,
    domain=worlds.processes,
    sizes=worlds.SIZES,
    scale=worlds.divergence_unit,
    terms={
        "dataset": process_terms.dataset_divergence,
        "algorithm": process_terms.algorithm_divergence,
    },
    tight=(Case("a tilted coin", _fair_coin, "the hypotheses do not differ: KL of the data sets"),),
    corners=worlds.corners(),
    axes=(axes.PREFERENCE,),
)
