"""Claims on distillation losses: their range with bounded logits, and what it gives the gap."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Axis, Case, Claim, Relation
from kdtheory.concentration import variance_proxy
from kdtheory.objects.algorithms import LogitAlgorithm
from kdtheory.theorems.distillation_divergence import distillation_loss, loss_worlds, stability
from kdtheory.theorems.distillation_divergence.axes import UNIT_STEPS
from kdtheory.theorems.distillation_divergence.claims_stability import STABILITY_SEEDED


def _loss(fractions: Any, target: Any, bound: Any, temperature: Any) -> Any:
    """Returns the cross-entropy of one student, or of many."""
    return distillation_loss.soft_cross_entropy(fractions * bound, target, temperature)


def _ends(fractions: Any, _: Any, bound: Any, temperature: Any) -> tuple[Scalar, Scalar]:
    return distillation_loss.distillation_loss_range(
        bound, temperature, num_labels=fractions.shape[-1]
    )


def _upper_end(*instance: Any) -> Scalar:
    return _ends(*instance)[1]


def _one_plus_upper_end(*instance: Any) -> Scalar:
    """Returns a unit in which the logits' rounding is small: they are at most half the range."""
    return 1.0 + _upper_end(*instance)


_HALF_KNOWN = Case(
    "a target between two labels",
    lambda: arrays([-1, 1, 1], [0.5, 0.5, 0], 1, 1),
    "a soft target is half as hard to miss",
)

_TEMPERATURES = tuple(2 ** (k / 8 - 3) for k in range(65))


def _wrong_student(temperature: Any) -> tuple[Any, ...]:
    return arrays([-1, 1, 0], [0.9, 0.1, 0], 2, temperature)


def _right_student(temperature: Any) -> tuple[Any, ...]:
    return arrays([1, -1, 0], [0.99, 0.01, 0], 2, temperature)


LOSS_RANGE = Claim(
    slug="distillation_divergence/distillation_loss_range",
    title="With bounded logits the distillation loss is bounded",
    statement=r"-\sum_kq_k\log\sigma_k(f/T)\le\log\bigl(1+(L-1)e^{2B/T}\bigr)"
    r"\text{ if }f\in[-B,B]^L",
    lhs=_loss,
    rhs=_upper_end,
    domain=loss_worlds.students,
    sizes=loss_worlds.STUDENT_SIZES,
    scale=_one_plus_upper_end,
    tight=(
        Case(
            "confident and wrong",
            lambda: arrays([-1, 1, 1], [1, 0, 0], 1, 1),
            "the label has the smallest logit, all others the largest",
        ),
    ),
    corners=(
        _HALF_KNOWN,
        Case("no logits", lambda: arrays([0, 0], [0.3, 0.7], 1, 1), "the loss is log 2"),
        Case("cold", lambda: arrays([-1, 1], [1, 0], 1, 1e-6), "the loss is 2 million"),
    ),
    axes=(
        Axis("T, for a student that is wrong; B = 2, three labels", _TEMPERATURES, _wrong_student),
    ),
)


LOSS_FLOOR = dataclasses.replace(
    LOSS_RANGE,
    slug="distillation_divergence/distillation_loss_floor",
    title="With bounded logits the distillation loss stays away from zero",
    statement=r"-\sum_kq_k\log\sigma_k(f/T)\ge\log\bigl(1+(L-1)e^{-2B/T}\bigr)"
    r"\text{ if }f\in[-B,B]^L",
    relation=Relation.GE,
    rhs=lambda *instance: _ends(*instance)[0],
    tight=(
        Case(
            "confident and right",
            lambda: arrays([1, -1, -1], [1, 0, 0], 1, 1),
            "the label has the largest logit, all others the smallest",
        ),
    ),
    axes=(
        Axis("T, for a student that is right; B = 2, three labels", _TEMPERATURES, _right_student),
    ),
)


def _change(fractions: Any, others: Any, target: Any, bound: Any, temperature: Any) -> Scalar:
    first, second = (_loss(logits, target, bound, temperature) for logits in (fractions, others))
    return jnp.abs(first - second)


def _largest_change(fractions: Any, others: Any, _: Any, bound: Any, temperature: Any) -> Scalar:
    difference = (fractions - others) * bound
    slope = distillation_loss.distillation_loss_slope(
        bound, temperature, num_labels=fractions.shape[-1]
    )
    return slope * (jnp.max(difference) - jnp.min(difference))


def _from_the_corner(step: Any) -> tuple[Any, ...]:
    return arrays([-1, 1], [-1 + step, 1 - step], [1, 0], 1, 1)


LOSS_SLOPE = Claim(
    slug="distillation_divergence/distillation_loss_slope",
    title="Stable logits make a stable distillation loss",
    statement=r"|\ell(f,q)-\ell(f',q)|\le\frac1T\,\frac{L-1}{L-1+e^{-2B/T}}"
    r"\Bigl(\max_k(f_k-f'_k)-\min_k(f_k-f'_k)\Bigr)\text{ if }f,f'\in[-B,B]^L",
    lhs=_change,
    rhs=_largest_change,
    domain=loss_worlds.pairs_of_students,
    sizes=loss_worlds.STUDENT_SIZES,
    scale=lambda first, _, *rest: _one_plus_upper_end(first, *rest),
    tight=(
        Case(
            "leaving a corner",
            lambda: _from_the_corner(2.0**-10),
            "the slope is that of the loss where the label has the smallest logit",
            limit=_from_the_corner,
        ),
    ),
    corners=(
        Case(
            "from one corner to the other",
            lambda: arrays([-1, 1, 1], [1, -1, -1], [1, 0, 0], 1, 1),
            "the whole range of the loss",
        ),
        Case(
            "a shift of all logits",
            lambda: arrays([-1, -0.5, -1], [0.5, 1, 0.5], [0.2, 0.3, 0.5], 2, 1),
            "no prediction changes: both sides are 0",
        ),
    ),
    axes=(
        Axis(
            "step of both logits away from a corner, B = 1, T = 1",
            tuple(k / 32 for k in range(65)),
            _from_the_corner,
        ),
    ),
)


def _squared_width(algorithm: LogitAlgorithm) -> Scalar:
    return loss_worlds.tabulated(algorithm).stability ** 2


def _largest_gap_squared(algorithm: LogitAlgorithm) -> Scalar:
    r"""Returns $R^2(1-\min_zp_z)^2$: $|h|$ is at most $R$ times the total variation distance.

    Between the law of an example and its frequencies in the sample, that is; it is largest, one
    less the probability of an example, for a sample of nothing but the rarest.
    """
    return _squared_width(algorithm) * (1.0 - jnp.min(algorithm.example_weights)) ** 2


_KNOWN = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
"""Logits, for either data set of one example, that know that example and miss the other."""


def _memory(bound: float, seed_weights: tuple[Any, Any]) -> LogitAlgorithm:
    """Returns a teacher that learns its one example by heart, or unlearns it, as the seed says."""
    logits = [_KNOWN, _KNOWN[::-1]]
    weights, law, table, targets, scale, temperature = arrays(
        [0.5, 0.5], seed_weights, logits, [[1, 0], [1, 0]], bound, 1
    )
    return LogitAlgorithm(weights, law, table, targets, scale, temperature, 1)


LOSS_GAP_PROXY = Claim(
    slug="distillation_divergence/distillation_gap_proxy",
    title="With bounded logits the gap is sub-Gaussian, however the teacher uses the data",
    statement=r"\log\mathbb Ee^{\lambda(h-\mathbb Eh)}\le\tfrac12\lambda^2R^2(1-\min_zp_z)^2"
    r"\text{ for all }\lambda,\ R=\log\frac{1+(L-1)e^{2B/T}}{1+(L-1)e^{-2B/T}}",
    lhs=lambda given: variance_proxy(*stability.gap_law(loss_worlds.tabulated(given))),
    rhs=_largest_gap_squared,
    domain=loss_worlds.teachers,
    sizes=loss_worlds.TEACHER_SIZES,
    scale=lambda given: 1.0 + _squared_width(given),
    tight=(
        Case(
            "learned or unlearned by heart",
            lambda: _memory(1.0, (0.5, 0.5)),
            "R = 2 and two equally likely examples: h is 1 or -1, either half the time",
        ),
        Case("no logits", lambda: _memory(0.0, (0.5, 0.5)), "the loss is log 2: both sides are 0"),
    ),
    axes=(
        Axis(
            "how often a teacher learns its one example by heart, and unlearns it otherwise",
            UNIT_STEPS,
            lambda share: _memory(1.0, (share, 1 - share)),
        ),
    ),
    corners=(
        Case("memory", lambda: _memory(2.0, (1.0, 0.0)), "R = 4: the gap is 2, whatever the data"),
    ),
    uses=(LOSS_RANGE.slug, LOSS_FLOOR.slug),
)


def _fixed_width(_: Any, fractions: Any, __: Any, bound: Any, temperature: Any, ___: Any) -> Scalar:
    return distillation_loss.distillation_loss_width(
        bound, temperature, num_labels=fractions.shape[-1]
    )


def _fixed_proxy(
    weights: Any, fractions: Any, targets: Any, bound: Any, temperature: Any, num_samples: Any
) -> Scalar:
    """Returns the smallest proxy of a mean of n independent losses, the n-th part of one's."""
    return variance_proxy(_loss(fractions, targets, bound, temperature), weights) / num_samples


def _fixed_bound(*instance: Any) -> Scalar:
    return 0.25 * _fixed_width(*instance) ** 2 / instance[-1]


LOSS_GAP_PROXY_FIXED = Claim(
    slug="distillation_divergence/distillation_gap_proxy_fixed",
    title="A student that does not depend on the data has the proxy R^2/(4n)",
    statement=r"\log\mathbb Ee^{\lambda h}\le\frac{\lambda^2}2\cdot\frac{R^2}{4n}"
    r"\text{ for all }\lambda\text{, if }f\text{ is independent of }D",
    lhs=_fixed_proxy,
    rhs=_fixed_bound,
    domain=loss_worlds.fixed_hypotheses,
    sizes=loss_worlds.FIXED_SIZES,
    scale=lambda *instance: 1.0 + _fixed_width(*instance) ** 2,
    tight=(
        Case(
            "right or wrong",
            lambda: arrays([0.5, 0.5], [[1, -1, -1], [-1, 1, 1]], [[1, 0, 0], [1, 0, 0]], 1, 1, 4),
            "the loss is log(1 + 2/e^2) on one input and log(1 + 2e^2) on the other",
        ),
    ),
    axes=(
        Axis(
            "how often the student is right, and wrong otherwise, n = 4",
            UNIT_STEPS,
            lambda right: arrays(
                [right, 1 - right], [[1, -1, -1], [-1, 1, 1]], [[1, 0, 0]] * 2, 1, 1, 4
            ),
        ),
    ),
    corners=(
        Case(
            "one label",
            lambda: arrays([0.5, 0.5], [[1], [-1]], [[1], [1]], 1, 1, 1),
            "nothing can be predicted wrongly: both sides are 0",
        ),
    ),
    uses=(LOSS_GAP_PROXY.slug, STABILITY_SEEDED.slug),
)
