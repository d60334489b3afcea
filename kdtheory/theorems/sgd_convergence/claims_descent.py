r"""Claims on SGD with a constant step size, on quadratics with known constants.

The step size is a coordinate of the domain: a fraction of the largest that a bound allows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, TextExamined
from kdtheory.objects.descent import QuadraticRun
from kdtheory.theorems.sgd_convergence import axes, bounds, draws, worlds
from kdtheory.theorems.sgd_convergence.worlds import run_case

SIZES = ((2, 2, 3), (2, 1, 1))

_HALF_CURVED = Case(
    "half of the components flat",
    lambda: run_case([0.5, 0.5], [[0], [1]], [[0], [0]], [1], 1.0, 3),
    "a step of 1 ends at the optimum or stays, a coin decides: the distance halves every time",
)
_NO_STEP = Case(
    "no step",
    lambda: run_case([0.5, 0.5], [[0.5], [1]], [[1], [-1]], [1], 0.0, 1),
    "a step size of zero: nothing moves, and nothing is promised",
)
_COIN = Case(
    "the coin of the two parabolas",
    lambda: run_case([0.5, 0.5], [[1], [1]], [[1], [-1]], [2], 1.0, 3),
    "f = (x - b)^2/2 with b = +-1 and a step of 1: wherever it starts, the next iterate is +-1",
)
_ONE_LEAP = Case(
    "one leap to the optimum",
    lambda: run_case([0.5, 0.5], [[1, 1], [1, 1]], [[0, 0], [0, 0]], [2, 1], 1.0, 3),
    "a step of 1/L where all curvatures are L: the start alone counts, 5/2 shared among 3 steps",
)
_AT_REST = Case(
    "at rest",
    lambda: run_case([0.5, 0.5], [[0.5], [1]], [[0], [0]], [0], 0.25, 2),
    "it starts at the optimum of all components",
)


def _strongly_convex(
    bound: Callable[..., bounds.Geometric], *, noisy: bool
) -> Callable[[QuadraticRun], Scalar]:
    @jax.jit
    def side(run: QuadraticRun) -> Scalar:
        own = run.objective
        known = run.step_size, own.component_smoothness, own.strong_convexity
        promised = bound(*known, own.noise) if noisy else bound(*known)
        return promised.after(run.num_steps, worlds.start_distance(run))

    return side


def _pl(bound: Callable[..., bounds.Geometric], *, noisy: bool) -> Callable[[QuadraticRun], Scalar]:
    @jax.jit
    def side(run: QuadraticRun) -> Scalar:
        own = run.objective
        known: tuple[Any, ...] = (run.step_size, own.smoothness)
        known = (*known, own.expected_smoothness, own.strong_convexity)
        promised = bound(*known, own.noise) if noisy else bound(*known)
        return promised.after(run.num_steps, own.excess(run.start))

    return side


_HALF, _ONE, _TWO = (worlds.by_smoothness(multiple) for multiple in (0.5, 1.0, 2.0))
_PL_HALF, _PL_ONE, _PL_TWO = (worlds.by_pl(multiple) for multiple in (0.5, 1.0, 2.0))

STRONGLY_CONVEX_ONEHOT = Claim(
    slug="sgd_convergence/strongly_convex_onehot",
    title="SGD with one-hot labels converges to a neighbourhood",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu)^T\|\theta_0-\theta^*\|^2"
    r"+\frac{2\gamma\sigma^2}\mu\text{ for }\gamma\le\frac1{2L_{\max}}",
    source=worlds.source("Theorem 1, one-hot labels"),
    text_examined=TextExamined.ABSTRACT,
    lhs=jax.jit(worlds.distance),
    rhs=_strongly_convex(bounds.strongly_convex_onehot, noisy=True),
    domain=worlds.noisy_runs(_HALF),
    sizes=SIZES,
    scale=worlds.distance_scale,
    draws={"lhs": draws.DISTANCE},
    tight=(_NO_STEP,),
    corners=(_AT_REST,),
    axes=(axes.noisy_steps(0, 0.5),),
)

STRONGLY_CONVEX_BCP = dataclasses.replace(
    STRONGLY_CONVEX_ONEHOT,
    slug="sgd_convergence/strongly_convex_bcp",
    title="SGD with Bayes class probabilities converges to the optimum",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu)^T\|\theta_0-\theta^*\|^2"
    r"\text{ for }\gamma\le\frac1{L_{\max}}\text{ if every gradient is 0 at }\theta^*",
    source=worlds.source("Theorem 1, Bayes class probabilities"),
    lhs=jax.jit(worlds.distance),
    rhs=_strongly_convex(bounds.strongly_convex_bayes, noisy=False),
    domain=worlds.interpolated_runs(_ONE),
    scale=worlds.distance_scale,
    draws={"lhs": draws.DISTANCE},
    tight=(_HALF_CURVED,),
    axes=(axes.steps(0, 1),),
)


def _convex(bound: Callable[..., Scalar], *, noisy: bool) -> Callable[[QuadraticRun], Scalar]:
    @jax.jit
    def side(run: QuadraticRun) -> Scalar:
        own = run.objective
        known: tuple[Any, ...] = (run.step_size, own.component_smoothness)
        known = (*known, own.noise) if noisy else known
        return bound(*known, float(run.num_steps), worlds.start_distance(run))

    return side


# The next two are met with equality at rest alone, for any convex components: the bounds are at
# least 1/(1 - 2 gamma L) and 1/(1 - gamma L) times the truth. With h = E f - f* and with
# D = E||g - g*||^2 at theta_t, <grad f, theta - theta*> >= h + D/(2L) and D <= 2 L h, so that
# a step takes at least 2 gamma h + gamma (1/L - 2 gamma) D - 2 gamma^2 sigma^2 off the distance
# (without noise 2 gamma h + gamma (1/L - gamma) D), where the printed bounds count
# 2 gamma (1 - 2 gamma L) h (and 2 gamma (1 - gamma L) h). On quadratics <grad f, theta - theta*> is
# 2 h, and the ratios are at least 2 (1 - gamma L)/(1 - 2 gamma L) and (2 - gamma L)/(1 - gamma L),
# both above 2, which is approached as gamma L -> 0 and gamma L T -> infinity. With three steps the
# least that we know are 4.07 and 2.74 (one parabola without noise, gamma L = .20 and .33): a
# weakening by less goes unnoticed, and rightly.
CONVEX_ONEHOT = dataclasses.replace(
    STRONGLY_CONVEX_ONEHOT,
    slug="sgd_convergence/convex_onehot",
    title="The mean excess risk of SGD with one-hot labels, without strong convexity",
    statement=r"\frac1T\sum_{t<T}E f(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2}"
    r"{2\gamma(1-2\gamma L_{\max})T}+\frac{\gamma\sigma^2}{1-2\gamma L_{\max}}"
    r"\text{ for }\gamma<\frac1{2L_{\max}}",
    source=worlds.source("Theorem 1, convex case, one-hot labels"),
    lhs=jax.jit(worlds.mean_excess),
    rhs=_convex(bounds.convex_onehot, noisy=True),
    domain=worlds.noisy_runs(_HALF),
    scale=worlds.excess_scale,
    draws={},
    tight=(_AT_REST,),
    corners=(_NO_STEP,),
    axes=(axes.noisy_steps(0.03, 0.47),),
)

CONVEX_BCP = dataclasses.replace(
    CONVEX_ONEHOT,
    slug="sgd_convergence/convex_bcp",
    title="The mean excess risk of SGD with Bayes class probabilities vanishes",
    statement=r"\frac1T\sum_{t<T}E f(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2}"
    r"{2\gamma(1-\gamma L_{\max})T}\text{ for }\gamma<\frac1{L_{\max}}"
    r"\text{ if every gradient is 0 at }\theta^*",
    source=worlds.source("Theorem 1, convex case, Bayes class probabilities"),
    lhs=jax.jit(worlds.mean_excess),
    rhs=_convex(bounds.convex_bayes, noisy=False),
    domain=worlds.interpolated_runs(_ONE),
    scale=worlds.excess_scale,
    corners=(_HALF_CURVED,),
    axes=(axes.steps(0.06, 0.94),),
)

SHARPENED_CONVEX = dataclasses.replace(
    CONVEX_ONEHOT,
    slug="sgd_convergence/sharpened_convex",
    title="Without strong convexity too, noise of labels costs no step size",
    statement=r"\frac1T\sum_{t<T}E f(\theta_t)-f^*\le\frac{\|\theta_0-\theta^*\|^2/T"
    r"+\gamma^2\sigma^2}{2\gamma\min(1,2-\gamma L_{\max})}"
    r"\text{ for }\gamma<\frac2{L_{\max}}\text{ if }E[\xi\,|\,x]=0",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=CONVEX_ONEHOT.slug,
    lhs=jax.jit(worlds.mean_excess),
    rhs=_convex(bounds.sharpened_convex, noisy=True),
    domain=worlds.labelled_runs(_TWO),
    scale=worlds.excess_scale,
    tight=(_ONE_LEAP,),
    corners=(_COIN,),
    axes=(axes.labelled_steps(0.06, 1.9),),
)

PL_ONEHOT = dataclasses.replace(
    STRONGLY_CONVEX_ONEHOT,
    slug="sgd_convergence/pl_onehot",
    title="The excess risk of SGD with one-hot labels under the Polyak-Lojasiewicz condition",
    statement=r"Ef(\theta_T)-f^*\le(1-\gamma\mu)^T(f(\theta_0)-f^*)+\frac{L\gamma\sigma^2}\mu"
    r"\text{ for }\gamma\le\frac\mu{2\mathcal LL}",
    source=worlds.source("Theorem 2, one-hot labels"),
    lhs=jax.jit(worlds.excess),
    rhs=_pl(bounds.pl_onehot, noisy=True),
    domain=worlds.noisy_runs(_PL_HALF),
    scale=worlds.excess_scale,
    draws={},
    axes=(axes.noisy_steps(0, 0.3),),
)

PL_BCP = dataclasses.replace(
    PL_ONEHOT,
    slug="sgd_convergence/pl_bcp",
    title="The excess risk of SGD with Bayes class probabilities vanishes geometrically",
    statement=r"Ef(\theta_T)-f^*\le(1-\gamma\mu)^T(f(\theta_0)-f^*)"
    r"\text{ for }\gamma\le\frac\mu{\mathcal LL}\text{ if every gradient is 0 at }\theta^*",
    source=worlds.source("Theorem 2, Bayes class probabilities"),
    lhs=jax.jit(worlds.excess),
    rhs=_pl(bounds.pl_bayes, noisy=False),
    domain=worlds.interpolated_runs(_PL_ONE),
    scale=worlds.excess_scale,
    tight=(_HALF_CURVED,),
    axes=(axes.steps(0, 0.6),),
)

SHARPENED_BCP = dataclasses.replace(
    STRONGLY_CONVEX_BCP,
    slug="sgd_convergence/sharpened_bcp",
    title="Bayes class probabilities allow every step size below 2/L, at a better rate",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L_{\max}))^T"
    r"\|\theta_0-\theta^*\|^2\text{ for }\gamma<\frac2{L_{\max}}"
    r"\text{ if every gradient is 0 at }\theta^*",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=STRONGLY_CONVEX_BCP.slug,
    lhs=jax.jit(worlds.distance),
    rhs=_strongly_convex(bounds.sharpened_bayes, noisy=False),
    domain=worlds.interpolated_runs(_TWO),
    scale=worlds.distance_scale,
    draws={},
    axes=(axes.steps(0, 1.97),),
)

SHARPENED_ANY_NOISE = dataclasses.replace(
    STRONGLY_CONVEX_ONEHOT,
    slug="sgd_convergence/sharpened_any_noise",
    title="Every step size below 2/L has a neighbourhood, whatever the noise",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-s))^T\|\theta_0-\theta^*\|^2"
    r"+\frac{2\gamma\sigma^2}{\mu(2-s)^2},\ s=\sqrt{2\gamma L_{\max}}"
    r"\text{ for }\gamma<\frac2{L_{\max}}",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=STRONGLY_CONVEX_ONEHOT.slug,
    lhs=jax.jit(worlds.distance),
    rhs=_strongly_convex(bounds.sharpened_any_noise, noisy=True),
    domain=worlds.noisy_runs(_TWO),
    scale=worlds.distance_scale,
    draws={},
    axes=(axes.noisy_steps(0, 1.25),),
)

SHARPENED_TARGET_NOISE = dataclasses.replace(
    SHARPENED_ANY_NOISE,
    slug="sgd_convergence/sharpened_target_noise",
    title="Noise of labels changes the neighbourhood, and neither the rate nor the range",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu(2-\gamma L_{\max}))^T"
    r"\|\theta_0-\theta^*\|^2+\frac{\gamma\sigma^2}{\mu(2-\gamma L_{\max})}"
    r"\text{ for }\gamma<\frac2{L_{\max}}\text{ if }E[\xi\,|\,x]=0",
    rhs=_strongly_convex(bounds.sharpened_target_noise, noisy=True),
    domain=worlds.labelled_runs(_TWO),
    draws={"lhs": draws.DISTANCE},
    tight=(_COIN,),
    axes=(axes.labelled_steps(0, 1.75),),
)

SHARPENED_PL = dataclasses.replace(
    PL_ONEHOT,
    slug="sgd_convergence/sharpened_pl",
    title="Under the Polyak-Lojasiewicz condition too, noise of labels costs no step size",
    statement=r"Ef(\theta_T)-f^*\le(1-\gamma(2\mu-\gamma L\mathcal L))^T(f(\theta_0)-f^*)"
    r"+\frac{\gamma L\sigma^2}{2(2\mu-\gamma L\mathcal L)}"
    r"\text{ for }\gamma<\frac{2\mu}{L\mathcal L}\text{ if }E[\xi\,|\,x]=0",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=PL_ONEHOT.slug,
    lhs=jax.jit(worlds.excess),
    rhs=_pl(bounds.sharpened_pl, noisy=True),
    domain=worlds.labelled_runs(_PL_TWO),
    scale=worlds.excess_scale,
    tight=(_COIN,),
    axes=(axes.labelled_steps(0, 0.9),),
)

DESCENT_CLAIMS = (
    STRONGLY_CONVEX_ONEHOT,
    STRONGLY_CONVEX_BCP,
    CONVEX_ONEHOT,
    CONVEX_BCP,
    SHARPENED_CONVEX,
    PL_ONEHOT,
    PL_BCP,
    SHARPENED_BCP,
    SHARPENED_ANY_NOISE,
    SHARPENED_TARGET_NOISE,
    SHARPENED_PL,
)
