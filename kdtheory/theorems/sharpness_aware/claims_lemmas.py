"""Claims on lemmas 13 to 16: what stability and smoothness say of gaps and of sharpness.

The constants of a claim are those of its world, computed from it. The printed lemmas speak of
variance proxies, and their sides are squares; the sharpened ones bound the change when an example
is replaced, of which McDiarmid's argument makes the proxy.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Assumption, Case, Claim, Finding, Source, TextExamined
from kdtheory.concentration import variance_proxy_at
from kdtheory.objects.algorithms import largest_change
from kdtheory.objects.cosines import CosineTeacher
from kdtheory.objects.smoothness import PerturbedTeacher
from kdtheory.theorems.papers import LI_HE
from kdtheory.theorems.sharpness_aware import axes, draws, perturbed, proxies, worlds
from kdtheory.theorems.sharpness_aware.claims_bounds import APPENDIX

Teacher = Callable[[Any], PerturbedTeacher]

_COSINE = perturbed.perturbed_teacher
_NODES = perturbed.perturbed_node_teacher


def _gap(world: PerturbedTeacher) -> Any:
    return perturbed.gap_of(world, world.losses)


def _perturbed_gap(world: PerturbedTeacher) -> Any:
    return perturbed.gap_of(world, world.losses + world.rises)


def _sharpness(world: PerturbedTeacher) -> Any:
    return perturbed.empirical_means(world, world.rises)


def _one_step(world: PerturbedTeacher) -> Any:
    return _gap(world) + world.rises @ world.example_weights


def _needed(values: Callable[[PerturbedTeacher], Any], read: Teacher) -> Callable[..., Scalar]:
    r"""Returns (world, $\ell$) -> what $\ell$ asks of the proxy of a function of the data."""

    @jax.jit
    def side(world: Any, argument: Any) -> Scalar:
        around = read(world)
        return variance_proxy_at(values(around), perturbed.data_weights(around), argument)

    return side


def _change(values: Callable[[PerturbedTeacher], Any]) -> Callable[..., Scalar]:
    """Returns world -> by how much replacing an example changes a function of the data at most."""

    @jax.jit
    def side(world: CosineTeacher) -> Scalar:
        around = _COSINE(world)
        return largest_change(values(around)[None], len(world.example_weights), world.num_samples)

    return side


def _allowed(proxy: proxies.Proxy) -> Callable[..., Scalar]:
    r"""Returns world -> the change $2\sigma/\sqrt n$ that has the proxy $\sigma^2$."""

    @jax.jit
    def side(world: CosineTeacher) -> Scalar:
        constants = _COSINE(world).constants
        return 2.0 * proxy(constants) / jnp.sqrt(constants.num_samples)

    return side


def _squared(proxy: proxies.Proxy, read: Teacher) -> Callable[..., Scalar]:
    r"""Returns (world, $\ell$) -> the square of a proxy of its constants."""

    @jax.jit
    def side(world: Any, _: Any) -> Scalar:
        return proxy(read(world).constants) ** 2

    return side


def _with_argument(case: Case, argument: float = 0.0) -> Case:
    r"""Returns the case at an $\ell$; at zero the left side is a variance."""
    return dataclasses.replace(case, make=lambda: (case.make(), jnp.asarray(argument)))


def _at_zero(world: Any) -> tuple[Any, ...]:
    r"""Returns a world at $\ell=0$, where the proxy that is asked for is a variance."""
    return world, jnp.zeros(())


_COINS = (
    Case("fair coin, n = 1", lambda: worlds.fair_coin(1), "nothing is learned: both are 1/4"),
    Case("fair coin, n = 2", lambda: worlds.fair_coin(2), "the mean of two: both are 1/8"),
)
_STILL = Case("unperturbed", lambda: worlds.moved(0.0), "rho = 0: both sides are 0")

LEMMA13 = Claim(
    slug="sharpness_aware/lemma13",
    title="The gap of a teacher that moves little is sub-Gaussian",
    statement=r"\log Ee^{\ell(h-Eh)}\le\frac{\ell^2}{2n}\Bigl(\kappa L+\frac{b-a}2\Bigr)^2"
    r"\text{ for all }\ell",
    source=Source(LI_HE, "Lemma 13", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_needed(_gap, _COSINE),
    rhs=_squared(proxies.lemma13, _COSINE),
    domain=worlds.cosine_teachers_and_arguments,
    sizes=worlds.TEACHER_SIZES,
    tight=tuple(_with_argument(case) for case in _COINS),
    corners=tuple(_with_argument(case, 1.0) for case in worlds.teacher_corners()),
    trivial=lambda *_: 1.0,
    axes=(axes.moves(_at_zero),),
    uses=("distillation_divergence/stability",),
)

LEMMA13_SHARPENED = dataclasses.replace(
    LEMMA13,
    slug="sharpness_aware/lemma13_sharpened",
    title="The example that is replaced does not count twice",
    statement=r"|h(D)-h(D')|\le\frac1n\bigl((2-\tfrac1n)\kappa L+b-a\bigr)\text{ if }D\simeq D'"
    r"\text{: proxy }\frac n4\text{ of its square}",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=LEMMA13.slug,
    lhs=_change(_gap),
    rhs=_allowed(proxies.lemma13_sharpened),
    domain=worlds.cosine_teachers,
    corners=worlds.teacher_corners(),
    tight=(
        Case("fair coin, n = 1", lambda: worlds.fair_coin(1), "nothing is learned: both are 1"),
        Case("fair coin, n = 2", lambda: worlds.fair_coin(2), "nothing is learned: both are 1/2"),
    ),
    trivial=lambda *_: 2.0,
    axes=(axes.moves(),),
    uses=("distillation_divergence/stability_differences_sharpened",),
)

LEMMA13_LOCAL = dataclasses.replace(
    LEMMA13_SHARPENED,
    slug="sharpness_aware/lemma13_local",
    title="The gradient at the teacher takes the place of a global Lipschitz constant",
    statement=r"|h(D)-h(D')|\le\frac1n\bigl((2-\tfrac1n)\kappa\,\mathrm{slope}+b-a\bigr)"
    r"\text{ if }D\simeq D',\quad\mathrm{slope}=\min(L,g_0+\tfrac{\alpha\kappa}{4n})",
    sharpens=LEMMA13_SHARPENED.slug,
    rhs=_allowed(proxies.lemma13_local),
    uses=(LEMMA13_SHARPENED.slug,),
)

_REMEMBERS = Case(
    "remembers or forgets",
    lambda: worlds.remembers_or_forgets([0.5, 0.25, 0.25], 1),
    "gradients vanish wherever the teacher goes, and it goes far: the gap is 1/2 or -3/4, each half"
    " the time, a variance of 25/64, where 1/4 and a little is printed",
)

LEMMA14_PRINTED = Claim(
    slug="sharpness_aware/lemma14_printed",
    title="The perturbed gap is sub-Gaussian with the slope g0 + alpha rho, as printed",
    statement=r"\log Ee^{\ell(h_U-Eh_U)}\le\frac{\ell^2}{2n}\Bigl(\kappa(g_0+\alpha\rho)"
    r"+\frac{b-a}2\Bigr)^2\text{ for all }\ell",
    source=Source(LI_HE, "Lemma 14, whose proof is cut in the text examined", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.NEEDS_CONDITION,
    what_survives="it holds if kappa/n <= 4 rho/(p + 1), where the way from A(D) to A(D') is short"
    " (sharpness_aware/lemma14_small_moves), and in general with min(L, g0 + alpha rho p/(p + 1)"
    " + alpha kappa/(4n)) for g0 + alpha rho (sharpness_aware/lemma14)",
    lhs=_needed(_perturbed_gap, _NODES),
    rhs=_squared(proxies.lemma14_printed, _NODES),
    domain=worlds.node_teachers_and_arguments,
    sizes=worlds.NODE_SIZES,
    counterexample=_with_argument(_REMEMBERS),
    trivial=lambda *_: 1.0,
    axes=(
        axes.FORGETFUL,
        axes.LEANING,
    ),
)

LEMMA14 = dataclasses.replace(
    LEMMA14_PRINTED,
    slug="sharpness_aware/lemma14",
    title="The perturbed gap is sub-Gaussian: the way between two hypotheses counts",
    statement=r"\log Ee^{\ell(h_U-Eh_U)}\le\frac{\ell^2}{2n}\Bigl(\kappa\min(L,g_0"
    r"+\alpha\rho\tfrac p{p+1}+\tfrac{\alpha\kappa}{4n})+\frac{b-a}2\Bigr)^2\text{ for all }\ell",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects=LEMMA14_PRINTED.slug,
    rhs=_squared(proxies.lemma14, _NODES),
    counterexample=None,
    tight=(_with_argument(Case("a fair coin", worlds.node_coin, "nothing is learned: 1/4")),),
    corners=(
        _with_argument(_REMEMBERS),
        _with_argument(
            Case("the largest radius", lambda: worlds.node_coin(0.5), "half way to the next node"),
            1.0,
        ),
    ),
    axes=(
        axes.LEANING,
        axes.FORGETFUL,
    ),
)

LEMMA14_SHARPENED = dataclasses.replace(
    LEMMA13_LOCAL,
    slug="sharpness_aware/lemma14_sharpened",
    title="The perturbed gap changes by no more than the slope around the teacher allows",
    statement=r"|h_U(D)-h_U(D')|\le\frac1n\bigl((2-\tfrac1n)\kappa\,\mathrm{slope}_U+b-a\bigr)"
    r"\text{ if }D\simeq D',\quad\mathrm{slope}_U=\min(L,g_0+\alpha\rho\tfrac p{p+1}"
    r"+\tfrac{\alpha\kappa}{4n})",
    sharpens=LEMMA14.slug,
    lhs=_change(_perturbed_gap),
    rhs=_allowed(proxies.lemma14_sharpened),
    axes=(axes.moves(radius=0.5),),
    uses=(LEMMA14.slug,),
)


def _far_apart() -> CosineTeacher:
    r"""Returns a teacher that remembers two of three examples and forgets the last, in the plane.

    The gap is 2/3, 2/3 and -2/3, and gradients vanish at all that is learned.
    """
    directions = [[math.pi, 0.0], [math.pi, math.pi], [0.0, 0.0]]
    learned = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    phases = [0.0, math.pi, math.pi]
    return worlds.teacher_case([1 / 3] * 3, directions, phases, learned, 2.0**-8, 1)


LEMMA14_SMALL_MOVES = dataclasses.replace(
    LEMMA14_SHARPENED,
    slug="sharpness_aware/lemma14_small_moves",
    title="The printed slope is enough for the perturbed gap if the teacher moves less than U",
    statement=r"\frac\kappa n\le\frac{4\rho}{p+1}\ \Rightarrow\ |h_U(D)-h_U(D')|\le\frac1n"
    r"\bigl(2\kappa(g_0+\alpha\rho)+b-a\bigr)\text{ if }D\simeq D'",
    sharpens=None,
    rhs=_allowed(proxies.lemma14_printed),
    assumptions=(
        Assumption(
            "small moves",
            r"$\kappa/n\le4\rho/(p+1)$",
            lambda world: proxies.lemma14_margin(_COSINE(world).constants),
        ),
    ),
    broken=(
        Case(
            "remembers or forgets",
            _far_apart,
            "three examples: the gap changes by 4/3, not 1 and a little",
            assumption="small moves",
        ),
    ),
    corners=worlds.teacher_corners()[1:],
)

LEMMA15 = dataclasses.replace(
    LEMMA13,
    slug="sharpness_aware/lemma15",
    title="The empirical sharpness is sub-Gaussian",
    statement=r"\log Ee^{\ell(S_D-ES_D)}\le\frac{\ell^2}{2n}\Bigl(\frac{\alpha\kappa\rho}2+g_0\rho"
    r"+\frac{\alpha\rho^2}2\Bigr)^2\text{ for all }\ell",
    source=Source(LI_HE, "Lemma 15", APPENDIX),
    lhs=_needed(_sharpness, _COSINE),
    rhs=_squared(proxies.lemma15, _COSINE),
    tight=(_with_argument(_STILL),),
    trivial=None,
    axes=(axes.bent(_at_zero),),
    uses=(),
)

LEMMA15_SHARPENED = dataclasses.replace(
    LEMMA15,
    slug="sharpness_aware/lemma15_sharpened",
    title="No gradient enters the change of the sharpness, since perturbations have mean 0",
    statement=r"|S_D-S_{D'}|\le\frac1n\Bigl(\alpha\kappa\rho\frac p{p+1}"
    r"+\alpha\rho^2\frac p{p+2}\Bigr)\text{ if }D\simeq D'",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=LEMMA15.slug,
    # In one dimension a cosine bends as much as its smoothness allows.
    sizes=((2, 2, 1), *worlds.TEACHER_SIZES),
    lhs=_change(_sharpness),
    rhs=_allowed(proxies.lemma15_sharpened),
    domain=worlds.cosine_teachers,
    tight=(_STILL,),
    corners=worlds.teacher_corners(),
    axes=(axes.bent(),),
)

ONE_STEP_DIFFERENCES = dataclasses.replace(
    LEMMA13_LOCAL,
    slug="sharpness_aware/one_step_differences",
    title="What the one-step bound looks at changes less than its two parts",
    statement=r"|X(D)-X(D')|\le\frac1n\bigl(\kappa\,\mathrm{slope}_U+(1-\tfrac1n)\kappa\,"
    r"\mathrm{slope}+b-a\bigr)\text{ if }D\simeq D',\quad X(D)=E_UL_P(A(D)+U)-L_D(A(D))",
    sharpens=None,
    lhs=_change(_one_step),
    rhs=_allowed(proxies.one_step),
    axes=(axes.moves(radius=0.5),),
    uses=(LEMMA13_LOCAL.slug, LEMMA14_SHARPENED.slug),
)


@jax.jit
def _mean_sharpness(world: CosineTeacher) -> Scalar:
    around = _COSINE(world)
    return jnp.dot(perturbed.data_weights(around), around.rises @ around.example_weights)


def _of_constants(proxy: proxies.Proxy) -> Callable[..., Scalar]:
    return jax.jit(lambda world: proxy(_COSINE(world).constants))


_FLAT = Case(
    "a small radius",
    lambda: worlds.one_loss(2.0**-8),
    "one loss in one dimension: the Hessian is the same everywhere in the limit",
    limit=worlds.one_loss,
)

LEMMA16 = Claim(
    slug="sharpness_aware/lemma16",
    title="Curvature bounds the sharpness of the population risk",
    statement=r"E_PS_P(f_T)\le\frac{\tau\rho^2}2",
    source=Source(LI_HE, "Lemma 16", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_mean_sharpness,
    rhs=_of_constants(proxies.lemma16),
    domain=worlds.cosine_teachers,
    sizes=worlds.TEACHER_SIZES,
    draws={"lhs": draws.LEARNED_SHARPNESS},
    tight=(_STILL,),
    corners=worlds.teacher_corners(),
    axes=(axes.PLANE,),
)

LEMMA16_DIMENSION = dataclasses.replace(
    LEMMA16,
    slug="sharpness_aware/lemma16_dimension",
    title="Curvature bounds the sharpness by the mean square of the perturbation",
    statement=r"E_PS_P(f_T)\le\frac{\tau\rho^2}2\cdot\frac p{p+2}",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=LEMMA16.slug,
    rhs=_of_constants(proxies.lemma16_dimension),
    draws={},
    tight=(_STILL, _FLAT),
)


@jax.jit
def _trace_bound(world: CosineTeacher) -> Scalar:
    return proxies.lemma16_trace(_COSINE(world).constants, perturbed.largest_trace(world))


LEMMA16_TRACE = dataclasses.replace(
    LEMMA16_DIMENSION,
    slug="sharpness_aware/lemma16_trace",
    title="Only the trace of the curvature matters for the sharpness, with its sign",
    statement=r"E_PS_P(f_T)\le\frac{\rho^2}{2(p+2)}\sup\mathrm{tr}\,\nabla^2L_P",
    sharpens=LEMMA16_DIMENSION.slug,
    rhs=_trace_bound,
)
