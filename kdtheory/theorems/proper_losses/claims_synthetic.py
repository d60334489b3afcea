"""The paper's synthetic problem: two Gaussian classes, and teachers distorted or with noise."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Assumption, Axis, Case, Claim, Finding, Relation, Source
from kdtheory.claim import TextExamined as Text
from kdtheory.objects.gaussian_classes import (
    bayes_accuracy,
    bayes_auc,
    posterior,
    score_accuracy,
    score_auc,
    separation,
)
from kdtheory.objects.synthetic_teachers import distorted, distorted_as_printed
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.proper_losses import draws, formulas
from kdtheory.theorems.proper_losses.worlds import (
    distortions,
    increasing_teacher,
    monotone_teachers,
    noisy_teachers,
    points,
    scores,
)
from kdtheory.theorems.variance_reduction.axes import UNIT_STEPS

# --- the distortion of Appendix B.2 ---------------------------------------------------------------


def _from_the_middle(probs: Any, values: Any) -> Scalar:
    """Returns how far values are, at most, from the middle of the half that their u lies in."""
    middle = jnp.where(probs > 0.5, 0.75, 0.25)
    # One half belongs to both halves.
    distance = jnp.where(probs == 0.5, jnp.abs(values - 0.5) + 0.25, jnp.abs(values - middle))
    return jnp.max(distance)


PSI_PRINTED = Claim(
    slug="proper_losses/psi_printed",
    title="The distortion of Appendix B.2 maps [0, 1/2] and [1/2, 1] into themselves, as printed",
    statement=r"|\Psi_\alpha(u)-\tfrac14|\le\tfrac14\ (u\le\tfrac12),\quad"
    r"|\Psi_\alpha(u)-\tfrac34|\le\tfrac14\ (u\ge\tfrac12),\quad"
    r"\Psi_\alpha(u)=\tfrac12+(2u-1)^{1/\alpha}\ (u\ge\tfrac12)",
    source=Source(MENON, "definition of Psi", "Appendix B.2"),
    text_examined=Text.FULL_TEXT,
    finding=Finding.SLIP,
    what_survives="with a factor 1/2 in the second branch: proper_losses/psi",
    lhs=lambda probs, exponent: _from_the_middle(probs, distorted_as_printed(probs, exponent)),
    rhs=lambda probs, exponent: jnp.full_like(exponent, 0.25),
    domain=distortions,
    sizes=((3,), (1,)),
    counterexample=Case("certain", lambda: arrays([1], 1), "the probability 1 becomes 3/2"),
    axes=(
        Axis(
            "u, a probability that is distorted with exponent 2",
            UNIT_STEPS,
            lambda probability: arrays([probability], 2),
        ),
    ),
)


PSI = dataclasses.replace(
    PSI_PRINTED,
    slug="proper_losses/psi",
    title="The distortion with a factor 1/2 keeps probabilities and decisions",
    statement=r"|\Psi_\alpha(u)-\tfrac14|\le\tfrac14\ (u\le\tfrac12),\quad"
    r"|\Psi_\alpha(u)-\tfrac34|\le\tfrac14\ (u\ge\tfrac12),\quad"
    r"\Psi_\alpha(u)=\tfrac12+\tfrac12(2u-1)^{1/\alpha}\ (u\ge\tfrac12)",
    source=OURS,
    text_examined=Text.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="proper_losses/psi_printed",
    lhs=lambda probs, exponent: _from_the_middle(probs, distorted(probs, exponent)),
    counterexample=None,
    tight=(
        Case("certain", lambda: arrays([1], 2), "1 stays 1"),
        Case("impossible", lambda: arrays([0], 2), "0 stays 0"),
        Case("undecided", lambda: arrays([0.5], 2), "1/2 stays 1/2"),
    ),
    corners=(Case("no distortion", lambda: arrays([0.25, 0.5, 0.75], 1), "the identity"),),
)


# --- Gaussian classes -----------------------------------------------------------------------------

_SECTION = "Section 5.1"
_AROUND_ZERO = tuple(k / 16 - 2 for k in range(65))


def _balance(_mean: Any, _point: Any, prior: Any) -> Scalar:
    return -jnp.abs(prior - 0.5)


GAUSSIAN_POSTERIOR = Claim(
    slug="proper_losses/gaussian_posterior",
    title="The Bayes probability of two Gaussian classes is a sigmoid of twice the mean",
    statement=r"\mathbb P(y=1|x) = \sigma(\theta^*\cdot x),\ \theta^*=2\mu,\ x|y\sim N(\pm\mu,I)",
    source=Source(MENON, "theta* = (2, ..., 2)", _SECTION),
    text_examined=Text.FULL_TEXT,
    relation=Relation.EQ,
    lhs=formulas.posterior_by_bayes,
    rhs=lambda mean, point, _: posterior(mean, point),
    domain=points,
    sizes=((3,), (1,)),
    assumptions=(Assumption("balanced classes", "P(y = 1) = 1/2", _balance),),
    tight=(
        Case("between the classes", lambda: arrays([1], [0], 0.5), "1/2"),
        Case("at a mean", lambda: arrays([1], [1], 0.5), "1/(1+exp(-2))"),
    ),
    broken=(
        Case(
            "three to one",
            lambda: arrays([1], [0], 0.75),
            "between the classes the odds are those of the prior: an intercept of log 3",
            "balanced classes",
        ),
    ),
    axes=(Axis("x, with classes at -1 and 1", _AROUND_ZERO, lambda x: arrays([1], [x], 0.5)),),
)


def _one_feature(mean: Any) -> tuple[Any, ...]:
    return arrays([mean], [1])


def _turned_weights(degrees: Any) -> tuple[Any, ...]:
    radians = jnp.deg2rad(degrees)
    return arrays([1, 0], [jnp.cos(radians), jnp.sin(radians)])


GAUSSIAN_AUC = Claim(
    slug="proper_losses/gaussian_auc",
    title="The AUC of a linear score on two Gaussian classes",
    statement=r"\int\varphi(t)\,\Phi(t+2\delta)\,dt = \Phi(\sqrt2\,\delta),"
    r"\ \delta=\frac{w\cdot\mu}{\|w\|}",
    relation=Relation.EQ,
    lhs=lambda mean, weights: formulas.auc_by_conditioning(separation(mean, weights)),
    rhs=score_auc,
    domain=scores,
    sizes=((3,), (1,)),
    error=lambda mean, _: jnp.full((), formulas.auc_error(), mean.dtype),
    draws={"rhs": draws.AUC},
    tight=(
        Case("across", lambda: arrays([1, 0, 0], [0, 1, 0]), "no separation: 1/2"),
        Case("no score", lambda: arrays([1], [0]), "all are tied: 1/2"),
    ),
    axes=(
        Axis(
            "mu, for classes at mu and -mu that are scored by their only feature",
            _AROUND_ZERO,
            _one_feature,
        ),
    ),
)


GAUSSIAN_BAYES_AUC = dataclasses.replace(
    GAUSSIAN_AUC,
    slug="proper_losses/gaussian_bayes_auc",
    title="No linear score has a larger AUC than theta*",
    statement=r"\mathrm{AUC}(w\cdot x) \le \mathrm{AUC}(\theta^*\cdot x) = \Phi(\sqrt2\,\|\mu\|)",
    relation=Relation.LE,
    lhs=score_auc,
    rhs=lambda mean, _: bayes_auc(mean),
    error=lambda mean, _: 0 * mean[0],
    draws={"lhs": draws.AUC, "rhs": draws.BAYES_AUC},
    tight=(
        Case("theta*", lambda: arrays([0.5, 0.5, 0.5], [1, 1, 1]), "the direction of the means"),
    ),
    corners=(Case("no separation", lambda: arrays([0], [1]), "one class: 1/2"),),
    axes=(
        Axis(
            "degrees between the weights w and theta*, classes at distance 2",
            tuple(5.0 * k for k in range(37)),
            _turned_weights,
        ),
    ),
    uses=("proper_losses/gaussian_auc",),
)


GAUSSIAN_ACCURACY = dataclasses.replace(
    GAUSSIAN_BAYES_AUC,
    slug="proper_losses/gaussian_accuracy",
    title="No linear score decides more often right than theta*",
    statement=r"\mathbb P(\mathrm{sign}(w\cdot x)=y) = \Phi(\delta) \le \Phi(\|\mu\|)",
    lhs=score_accuracy,
    rhs=lambda mean, _: bayes_accuracy(mean),
    draws={"lhs": draws.ACCURACY, "rhs": draws.BAYES_ACCURACY},
    uses=(),
)


# --- Eq. 16 ---------------------------------------------------------------------------------------


def _small_error(*parts: Any) -> Scalar:
    return formulas.small_rule(*parts).error + formulas.direct_mse_error(*parts)


EQ16_BIAS_VARIANCE = Claim(
    slug="proper_losses/eq16_bias_variance",
    title="The error of the teacher of Eq. 16 is a squared bias plus a variance, by quadrature",
    statement=r"\mathbb E\|p^{\mathrm t}(x)-p^*(x)\|_2^2"
    r" = \mathbb E_x\|\mathbb E_\varepsilon p^{\mathrm t}(x)-p^*(x)\|_2^2"
    r" + \mathbb E_x\mathbb V_\varepsilon[p^{\mathrm t}(x)],\ "
    r"p^{\mathrm t}(x)=(1-\alpha)\,\Psi(\theta^*\cdot x+\tau\varepsilon)+\tfrac\alpha2",
    source=Source(MENON, "Eq. 16, with tau = sigma^2", "Appendix B.1"),
    text_examined=Text.FULL_TEXT,
    relation=Relation.EQ,
    lhs=formulas.direct_mse,
    rhs=lambda *parts: formulas.small_rule(*parts).mse,
    domain=noisy_teachers,
    sizes=((2,), (1,)),
    error=_small_error,
    draws={"bias": draws.TEACHER_BIAS, "variance": draws.TEACHER_VARIANCE},
    terms={
        "bias": lambda *parts: formulas.small_rule(*parts).bias_sq,
        "variance": lambda *parts: formulas.small_rule(*parts).variance,
    },
    tight=(
        Case("noise and smoothing", lambda: arrays([0.5, 0.25], 0.5, 1), "both parts at work"),
        Case("smoothing alone", lambda: arrays([0.5, 0.5], 0.5, 0), "no variance"),
    ),
    corners=(
        Case("Bayes teacher", lambda: arrays([0.5], 0, 0), "no noise, no smoothing: 0"),
        Case("one class", lambda: arrays([0], 0.5, 1), "p* is 1/2 everywhere: noise has no bias"),
    ),
    axes=(
        Axis(
            "standard deviation of the logit noise, smoothed by 1/4",
            tuple(k / 32 for k in range(33)),
            lambda noise_std: (jnp.full(2, 0.5), jnp.asarray(0.25), jnp.asarray(noise_std)),
        ),
    ),
)


# --- monotone distortions -------------------------------------------------------------------------


def _monotone(gap: Any, steps: list[float], start: list[float]) -> tuple[Any, ...]:
    separation, distribution, first = arrays(gap, steps, start)
    return separation, increasing_teacher(distribution), first


def _decreasing() -> tuple[Any, ...]:
    gap, teacher, start = _monotone(0.5, [1 / 6] * 6, [0, 1])
    return gap, teacher[::-1], start


MONOTONE_INVARIANCE = Claim(
    slug="proper_losses/monotone_invariance",
    title="An increasing distortion of the teacher leaves the best student's AUC",
    statement=r"\mathrm{AUC}\bigl(\arg\min_w \mathbb E_x[g\,\ell(w\cdot x)"
    r"+(1-g)\,\ell(-w\cdot x)]\bigr) = \Phi(\sqrt2\,\|\mu\|),\ \ell(z)=\log(1+e^{-z}),"
    r"\ 0<g<1\text{ strictly increasing in }\theta^*\cdot x",
    relation=Relation.EQ,
    lhs=formulas.student_auc,
    rhs=lambda gap, *_: bayes_auc(jnp.stack([gap, jnp.zeros_like(gap)])),
    domain=monotone_teachers,
    sizes=((9,), (5,)),
    assumptions=(
        Assumption(
            "increasing teacher",
            "g increases with the score",
            lambda _gap, teacher, _start: jnp.min(jnp.diff(teacher)),
        ),
    ),
    tight=(
        Case(
            "steps of one size",
            lambda: _monotone(0.5, [1 / 6] * 6, [0, 1]),
            "Phi(1/sqrt 2), whatever the student starts from",
        ),
        Case(
            "one decision",
            lambda: _monotone(1, [0, 0, 0, 1, 0, 0], [-1, 0]),
            "an uncalibrated teacher, much surer on one side of a threshold than on the other",
        ),
    ),
    broken=(
        Case(
            "decreasing teacher",
            _decreasing,
            "the student learns to rank the wrong way round",
            "increasing teacher",
        ),
    ),
    axes=(
        Axis(
            "r, with classes at -r and r and a teacher that nearly decides",
            tuple(0.25 + k / 32 for k in range(41)),
            lambda gap: _monotone(gap, [0, 0, 0, 1, 0, 0], [-1, 0]),
        ),
    ),
    uses=("proper_losses/gaussian_auc", "proper_losses/psi"),
)
