"""Claims on stable teachers: how far one example moves the gap, and its variance proxy."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Source, TextExamined
from kdtheory.concentration import variance_proxy
from kdtheory.objects.algorithms import StableAlgorithm
from kdtheory.theorems.distillation_divergence import (
    axes,
    stability,
    stability_draws,
    stability_worlds,
)
from kdtheory.theorems.papers import LI_HE

PROPOSITION_9 = Source(LI_HE, "Proposition 9", "appendix")


def _of_constant(
    bound: Callable[..., Scalar], algorithm: StableAlgorithm, loss_width: float = 1.0
) -> Scalar:
    """Returns a bound in terms of the stability constant, for losses in [0, 1]."""
    num_samples = jnp.asarray(algorithm.num_samples, algorithm.stability.dtype)
    return bound(algorithm.stability, num_samples, loss_width)


def _proxy_of_gap(algorithm: StableAlgorithm) -> Scalar:
    return variance_proxy(*stability.gap_law(algorithm))


def _mean_square(algorithm: StableAlgorithm) -> Scalar:
    values, probs = stability.gap_law(algorithm)
    return jnp.sum(probs * values**2)


def _fair_coin(seeds: int, num_samples: int, note: str) -> Case:
    make = functools.partial(stability_worlds.fair_coin, seeds, num_samples)
    return Case(f"fair coin, n = {num_samples}", make, note)


def _largest_difference(_: Any) -> float:
    """Returns the width of the interval in which every gap lies."""
    return 2.0


STABILITY_DIFFERENCES = Claim(
    slug="distillation_divergence/stability_differences",
    title="Replacing one example moves the gap of a stable teacher by a bounded amount",
    statement=r"|H(D)-H(D')|\le2\beta+\frac{b-a}n\text{ if }D\simeq D'",
    source=PROPOSITION_9,
    text_examined=TextExamined.EXCERPT,
    lhs=stability.gap_difference,
    rhs=functools.partial(_of_constant, stability.difference_bound),
    domain=stability_worlds.algorithms,
    sizes=(*stability_worlds.DETERMINISTIC_SIZES, (1, 3, 1)),
    assumptions=(stability_worlds.STABLE,),
    tight=(_fair_coin(1, 2, "nothing is learned: the example's own loss is all that changes"),),
    corners=stability_worlds.corners(1),
    broken=(stability_worlds.TWO_MINDS,),
    axes=(axes.STABILITY,),
    trivial=_largest_difference,
)


STABILITY_DIFFERENCES_SHARPENED = dataclasses.replace(
    STABILITY_DIFFERENCES,
    slug="distillation_divergence/stability_differences_sharpened",
    title="Replacing one example moves the gap by (2 - 1/n) beta + (b - a)/n, and it can",
    statement=r"|H(D)-H(D')|\le(2-\tfrac1n)\beta+\frac{b-a}n\text{ if }D\simeq D'",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=STABILITY_DIFFERENCES.slug,
    rhs=functools.partial(_of_constant, stability.difference_bound_sharpened),
    tight=(
        *STABILITY_DIFFERENCES.tight,
        Case(
            "attained",
            stability_worlds.attained,
            "beta = 1/2, n = 1: the gap is 1/2 on the first example and -1 on the second",
        ),
    ),
)


STABILITY = Claim(
    slug="distillation_divergence/stability",
    title="The gap of a stable teacher is sub-Gaussian",
    statement=r"\log\mathbb Ee^{\lambda(H-\mathbb EH)}\le\frac{\lambda^2}2\,"
    r"n\Bigl(\beta+\frac{b-a}{2n}\Bigr)^2\text{ for all }\lambda",
    source=PROPOSITION_9,
    text_examined=TextExamined.EXCERPT,
    lhs=_proxy_of_gap,
    rhs=functools.partial(_of_constant, stability.stability_proxy),
    domain=stability_worlds.algorithms,
    sizes=stability_worlds.DETERMINISTIC_SIZES,
    assumptions=(stability_worlds.STABLE,),
    tight=(
        _fair_coin(1, 1, "a fair coin of half-width 1/2: both sides are 1/4"),
        _fair_coin(1, 2, "the mean of two fair coins: both sides are 1/8"),
    ),
    corners=stability_worlds.corners(1),
    broken=(stability_worlds.TWO_MINDS, stability_worlds.ON_AVERAGE),
    trivial=lambda _: 1.0,
    uses=(STABILITY_DIFFERENCES.slug,),
    axes=(axes.STABILITY,),
)


STABILITY_SHARPENED = dataclasses.replace(
    STABILITY,
    slug="distillation_divergence/stability_sharpened",
    title="The gap of a stable teacher is sub-Gaussian, with a sharper constant",
    statement=r"\log\mathbb Ee^{\lambda(H-\mathbb EH)}\le\frac{\lambda^2}2\cdot\frac n4"
    r"\Bigl((2-\tfrac1n)\beta+\frac{b-a}n\Bigr)^2\text{ for all }\lambda",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=STABILITY.slug,
    rhs=functools.partial(_of_constant, stability.stability_proxy_sharpened),
    uses=(STABILITY_DIFFERENCES_SHARPENED.slug,),
)


STABILITY_SEEDED = dataclasses.replace(
    STABILITY,
    slug="distillation_divergence/stability_seeded",
    title="A seeded teacher that is stable for every seed has the same variance proxy",
    statement=r"\log\mathbb E_{D,r}e^{\lambda(H_r(D)-\mathbb EH)}\le\frac{\lambda^2}2\,"
    r"n\Bigl(\beta+\frac{b-a}{2n}\Bigr)^2\text{ for all }\lambda,\ r\text{ independent of }D",
    source=OURS,
    text_examined=TextExamined.OURS,
    sizes=stability_worlds.SEEDED_SIZES,
    tight=(
        _fair_coin(2, 1, "whatever the seed, a fair coin of half-width 1/2"),
        _fair_coin(2, 2, "whatever the seed, the mean of two fair coins"),
    ),
    corners=stability_worlds.corners(2),
    broken=(stability_worlds.ON_AVERAGE,),
    terms={"mean square": _mean_square},
    draws={"mean square": stability_draws.SQUARED_GAP},
    uses=(STABILITY.slug,),
    axes=(axes.SEEDED_STABILITY,),
)


STABILITY_SEEDED_SHARPENED = dataclasses.replace(
    STABILITY_SEEDED,
    slug="distillation_divergence/stability_seeded_sharpened",
    title="What the seed adds to the variance proxy is at most the square of beta",
    statement=r"\log\mathbb E_{D,r}e^{\lambda(H_r(D)-\mathbb EH)}\le\frac{\lambda^2}2\Bigl["
    r"\frac n4\Bigl((2-\tfrac1n)\beta+\frac{b-a}n\Bigr)^2+\beta^2\Bigr]\text{ for all }\lambda",
    sharpens=STABILITY_SEEDED.slug,
    rhs=functools.partial(_of_constant, stability.stability_proxy_seeded),
    terms={},
    draws={},
    uses=(STABILITY_SHARPENED.slug,),
)
