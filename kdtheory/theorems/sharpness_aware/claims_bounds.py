"""Claims on Theorem 12: its one-step form, the family it belongs to, and when it cannot help."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case, Claim, Source, TextExamined
from kdtheory.objects.processes import teacher_law
from kdtheory.objects.smoothness import PerturbedProcess
from kdtheory.theorems.distillation_divergence import process_terms
from kdtheory.theorems.papers import LI_HE
from kdtheory.theorems.sharpness_aware import axes, bounds, draws, perturbed, worlds

APPENDIX = "appendix"


def _student_gap(world: PerturbedProcess, *_: Any) -> Scalar:
    return process_terms.student_gap(world.process)


def _with_excess(world: PerturbedProcess) -> tuple[Any, ...]:
    """Returns an instance with the smallest proxies."""
    return world, jnp.zeros(()), jnp.zeros(())


def _theorem12(world: PerturbedProcess, *excess: Any) -> Scalar:
    r"""Returns the bound with proxies that exceed the smallest $\sigma_u^2$ and $\nu^2$."""
    return bounds.with_proxies(world, *(bounds.two_step_proxies(world) + jnp.stack(excess)))


def _without_perturbed_proxy(world: PerturbedProcess) -> tuple[Any, ...]:
    return world, -bounds.perturbed_proxy(world), jnp.zeros(())


def _without_sharpness_proxy(world: PerturbedProcess) -> tuple[Any, ...]:
    return world, jnp.zeros(()), -bounds.sharpness_proxy(world)


def _better_student() -> PerturbedProcess:
    """Returns an unperturbed student that fits its example more often than the teacher does."""
    return worlds.unperturbed([[0.25, 0.0], [0.125, 0.625]])


_CORNERS = (
    Case("infinite divergence", worlds.infinite, "a bound of infinity"),
    Case("one certain example", worlds.certain, "the sample is the population: no gap"),
    Case("a minimum", worlds.at_the_bottom, "S_P = 1/2, and no gap"),
)
_SAME = Case("the teacher again, unperturbed", worlds.unperturbed, "K = 0 and rho = 0: gen_T")
_AT_A_MAXIMUM = Case(
    "at a maximum",
    worlds.at_the_top,
    "K = 0: gen_S = 0 > -1/2 = E_P S_P",
    assumption="local optimality",
)


def _made(case: Case, wrap: Callable[[PerturbedProcess], Any]) -> Case:
    """Returns the case with its world made into an instance."""
    return dataclasses.replace(case, make=lambda: wrap(case.make()))


THM12 = Claim(
    slug="sharpness_aware/thm12",
    title="At a locally optimal student sharpness enters the bound on its gap",
    statement=r"E_QS_P(f_S)\ge0\ \Rightarrow\ \mathrm{gen}_S \le \mathrm{gen}_T+E_PS_P(f_T)"
    r"+(\sigma_u+\nu)\sqrt{2K_n}",
    source=Source(LI_HE, "Theorem 12", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_student_gap,
    rhs=_theorem12,
    domain=worlds.processes_with_excess,
    sizes=worlds.SMALL_PROCESS_SIZES,
    assumptions=(
        worlds.LOCALLY_OPTIMAL,
        Assumption(
            "sub-Gaussian perturbed gap",
            r"(ii) $\sigma_u^2$ is a variance proxy of $h_U(D_n,f_T)$, for $\ell>0$ at least",
            lambda world, perturbed_excess, sharpness_excess: perturbed_excess,
        ),
        Assumption(
            "sub-Gaussian sharpness",
            r"(ii) $\nu^2$ is a variance proxy of $S_{D_n}(f_T)$, for $\ell>0$ at least",
            lambda world, perturbed_excess, sharpness_excess: sharpness_excess,
        ),
    ),
    draws={"lhs": draws.STUDENT_GAP},
    tight=(_made(_SAME, _with_excess),),
    corners=tuple(_made(case, _with_excess) for case in _CORNERS),
    broken=(
        _made(_AT_A_MAXIMUM, _with_excess),
        Case(
            "no proxy of the perturbed gap",
            lambda: _without_perturbed_proxy(_better_student()),
            "unperturbed, and gen_S = 3/8 > 1/4 = gen_T",
            assumption="sub-Gaussian perturbed gap",
        ),
        Case(
            "no proxy of the sharpness",
            lambda: _without_sharpness_proxy(worlds.only_sharpness()),
            "the perturbed gap is 0 and S_D = h: gen_S = 1/4 > 0",
            assumption="sub-Gaussian sharpness",
        ),
    ),
    axes=(axes.tilted_student(_with_excess),),
    uses=("distillation_divergence/donsker_varadhan",),
)


ONE_STEP = Claim(
    slug="sharpness_aware/one_step",
    title="One change of measure is enough: the proxy of the sum in place of the sum of proxies",
    statement=r"E_QS_P(f_S)\ge0\ \Rightarrow\ \mathrm{gen}_S \le \mathrm{gen}_T+E_PS_P(f_T)"
    r"+\sigma_X\sqrt{2K_n},\quad X=h_U+S_{D_n}=h+S_P",
    lhs=_student_gap,
    rhs=bounds.one_step,
    domain=worlds.perturbed_processes,
    sizes=worlds.PROCESS_SIZES,
    assumptions=(worlds.LOCALLY_OPTIMAL,),
    sharpens=THM12.slug,
    tight=(_SAME,),
    corners=_CORNERS,
    broken=(_AT_A_MAXIMUM,),
    axes=(axes.tilted_student(),),
    uses=("distillation_divergence/donsker_varadhan",),
)


ONE_STEP_BELOW_THM12 = Claim(
    slug="sharpness_aware/one_step_below_thm12",
    title="The one-step bound is never above that of Theorem 12 with its smallest proxies",
    statement=r"\sigma_X\le\sigma_u+\nu",
    lhs=bounds.one_step,
    rhs=bounds.theorem12,
    domain=worlds.perturbed_processes,
    sizes=worlds.SMALL_PROCESS_SIZES,
    tight=(_SAME, dataclasses.replace(_CORNERS[2], note="nothing varies: both are S_P")),
    corners=_CORNERS[:2],
    axes=(axes.RAISED,),
    uses=(ONE_STEP.slug, THM12.slug),
)


def _weighted(world: PerturbedProcess, weight: float = 1.0) -> tuple[Any, ...]:
    return world, jnp.asarray(weight)


def _tilted() -> PerturbedProcess:
    """Returns an unperturbed student that is the tilt of its teacher by l = 2."""
    return perturbed.tilted(worlds.unperturbed(), jnp.asarray(2.0), jnp.asarray(0.0))


T_FAMILY = Claim(
    slug="sharpness_aware/t_family",
    title="Any multiple of the sharpness may enter the best bound by the divergence",
    statement=r"E_QS_P(f_S)\ge0\ \Rightarrow\ \mathrm{gen}_S \le "
    r"\inf_{\ell>0}\frac{K_n+\log E_Pe^{\ell(h+tS_P)}}\ell\text{ for all }t\ge0",
    lhs=_student_gap,
    rhs=bounds.chernoff_family,
    domain=worlds.weighted_processes,
    sizes=worlds.PROCESS_SIZES,
    assumptions=(worlds.LOCALLY_OPTIMAL,),
    sharpens=ONE_STEP.slug,
    tight=(
        _made(_SAME, _weighted),
        Case("a tilt, unperturbed", lambda: _weighted(_tilted()), "l = 2: no student does worse"),
    ),
    corners=tuple(_made(case, _weighted) for case in _CORNERS),
    broken=(_made(_AT_A_MAXIMUM, _weighted),),
    axes=(axes.WEIGHT,),
    uses=("distillation_divergence/cramer_chernoff_upper",),
)


def _least_sharpness(world: PerturbedProcess) -> Scalar:
    """Returns the smallest sharpness of what the teacher may return."""
    occurs = jnp.sum(teacher_law(world.process), axis=0) > 0
    return jnp.min(jnp.where(occurs, perturbed.population_sharpness(world), jnp.inf))


NEVER_BEATS_CHERNOFF = Claim(
    slug="sharpness_aware/never_beats_chernoff_if_convex",
    title="Where perturbations only raise the risk, Theorem 12 is never below the plain bound",
    statement=r"S_P(f_T)\ge0\text{ almost surely}\ \Rightarrow\ \mathrm{gen}_T"
    r"+\inf_{\ell>0}\frac{K_n+\psi_h(\ell)}\ell\le\mathrm{gen}_T+E_PS_P(f_T)"
    r"+(\sigma_u+\nu)\sqrt{2K_n}",
    lhs=lambda world: bounds.chernoff_family(world, 0.0),
    rhs=bounds.theorem12,
    domain=worlds.perturbed_processes,
    sizes=worlds.SMALL_PROCESS_SIZES,
    assumptions=(
        Assumption(
            "no negative sharpness",
            r"$S_P(f)\ge0$ for all that the teacher may return, as for convex losses",
            _least_sharpness,
        ),
    ),
    tight=(_SAME,),
    corners=_CORNERS,
    broken=(
        dataclasses.replace(
            _AT_A_MAXIMUM, note="K = 0: 0 > -1/2", assumption="no negative sharpness"
        ),
    ),
    axes=(axes.RAISED,),
    uses=(ONE_STEP_BELOW_THM12.slug, "distillation_divergence/cramer_chernoff_upper"),
)
