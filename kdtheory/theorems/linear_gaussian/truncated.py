r"""The algorithm shift of a student of intermediate rank, $0<\kappa<\min(k,\operatorname{rank}X)$.

The student's kernel given the pseudo data is then a mixture without a closed form, and

$$\mathrm{KLalg}=\mathrm{Cov}+E[\mathrm{apx}+\mathrm{cross}]+E\,\mathrm{spread}
  -I(\Theta;W_T\,|\,\hat Y).$$

Cov and spread are closed forms, apx + cross costs a few Monte Carlo draws of the teacher
(`rank_tail`), and the information lies between two sampled bounds (`truncated_draws`). Null
directions of the design count exactly. At rank zero and at full rank the closed forms of
`algorithm_shift` are returned.

Intervals rest on the normal approximation of the two sampled means: they are asymptotic. Nothing
here runs under ``jit``: it is a loop over compiled chunks of replicates, in bounded memory.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._one_thread import THREADS as THREADS
from kdtheory._types import Key
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import algorithm_shift, rank_tail, truncated_draws
from kdtheory.theorems.linear_gaussian.control_variates import Estimate, controlled_means
from kdtheory.theorems.linear_gaussian.teacher_range import TeacherRange, teacher_range

CHUNK = 128
"""Replicates per call of a compiled program."""

TAIL_SHARE = 8
"""How many draws of the tail are made per draw of the information: they are much cheaper."""

_BATCH_ENTRIES = 2**16

_MOST_ENTRIES = 2**24
"""Numbers of one linearisation, of which a replicate holds a few: 128 MiB."""


@dataclasses.dataclass(frozen=True)
class TruncatedShift:
    r"""The algorithm shift between two sampled bounds.

    Attributes:
        rank: $\kappa$.
        lower: estimate of a quantity that is at most the algorithm shift.
        upper: estimate of a quantity that is at least the algorithm shift.
        interval: $[\text{lower}-z\,\mathrm{se},\text{upper}+z\,\mathrm{se}]$ within
            ``[0, analytic_bound]``.
        level: of the interval, under the normal approximation (asymptotic).
        analytic_bound: a bound that holds without any sampling.
        convexity_bound: estimate of Cov + apx + cross + spread.
        rank_loss: estimate of apx + cross.
        tail: estimate of $T_\kappa=E\sum_{j>\kappa}\sigma_j^2(W_TX)$.
        generalisation_gap: estimate of the student's gap for the fixed design.
        num_inner: $M$; zero where nothing was sampled.
    """

    rank: int
    lower: Estimate
    upper: Estimate
    interval: tuple[float, float]
    level: float
    analytic_bound: float
    convexity_bound: Estimate
    rank_loss: Estimate
    tail: Estimate
    generalisation_gap: Estimate
    num_inner: int

    @property
    def width(self) -> float:
        """The width of the interval."""
        return self.interval[1] - self.interval[0]

    @property
    def exact(self) -> bool:
        """Whether the value is a closed form and nothing was sampled."""
        return self.num_inner == 0


def truncated_shift(
    design: LinearGaussianDesign | TeacherRange,
    rank: int,
    *,
    key: Key,
    num_draws: int = 1024,
    num_inner: int = 64,
    student_scale: Any = 1.0,
    null_scale: float = 1.0,
    level: float = 0.99,
) -> TruncatedShift:
    r"""Returns the algorithm shift of a student of any rank, as an interval.

    Args:
        design: the design, or `teacher_range` of it. The student's covariance is
            ``student_scale`` times the teacher's; a design with one of its own is refused.
        rank: $\kappa\ge0$.
        key: a typed key; the same key gives the same numbers.
        num_draws: replicates of the information (and ``TAIL_SHARE`` times as many of the tail).
        num_inner: $M$, how many further weights are drawn per replicate; the two bounds close as
            it grows.
        student_scale: $e_i>0$, a number or one per singular direction of the design.
        null_scale: $e>0$ on the null space of $X^\top$.
        level: of the interval.

    Returns:
        The two bounds, the interval, and what else the draws tell.

    Raises:
        InputError: if an argument is out of its range.

    Example:
        >>> from kdtheory._random import random_key
        >>> design = LinearGaussianDesign.create([[1.0, 0.0], [0.0, 1.0]], [[0, 0], [0, 0]])
        >>> found = truncated_shift(design, 1, key=random_key(0), num_draws=64, num_inner=4)
        >>> 0 <= found.interval[0] <= found.interval[1] <= found.analytic_bound
        True
    """
    rank = _check.integer("rank", rank, low=0)
    num_draws = _check.integer("num_draws", num_draws, low=16)
    num_inner = _check.integer("num_inner", num_inner, low=1)
    if not 0 < _check.number("level", level, low=0.0, high=1.0, open_low=True) < 1:
        _check.refuse("level", "1", "a number between 0 and 1", "Choose 0.99, for instance.")
    teacher, scale = _teacher(design, student_scale)
    null_scale = _check.number("null_scale", null_scale, low=0.0, open_low=True)
    if rank == 0 or rank >= min(teacher.truth.shape):
        return _closed_form(teacher, rank, scale, null_scale, level)
    _refuse_large(rank, *teacher.truth.shape)
    sampled = _sampled(key, teacher, scale, rank, num_draws, num_inner)
    (below, above), (tail, _, loss, surplus) = sampled
    base, bound = map(float, _analytic(teacher, scale, null_scale, rank=rank))
    lower = _sum(base, (1.0, loss), (-1.0, above))
    upper = _sum(base, (1.0, loss), (-1.0, below))
    quantile = statistics.NormalDist().inv_cdf(0.5 + level / 2)
    high = min(max(upper.mean + quantile * upper.standard_error, 0.0), bound)
    low = min(max(lower.mean - quantile * lower.standard_error, 0.0), high)
    variance = float(teacher.summary.noise_std) ** 2
    unit = variance / float(teacher.num_samples)
    return TruncatedShift(
        rank=rank,
        lower=lower,
        upper=upper,
        interval=(low, high),
        level=level,
        analytic_bound=bound,
        convexity_bound=_sum(base, (1.0, loss)),
        rank_loss=loss,
        tail=_sum(0.0, (variance, tail)),
        generalisation_gap=_sum(unit * float(_full_gap(teacher)), (-2.0 * unit, surplus)),
        num_inner=num_inner,
    )


def truncated_shift_within(
    design: LinearGaussianDesign | TeacherRange,
    rank: int,
    *,
    key: Key,
    tolerance: float,
    share: float = 0.0,
    max_evaluations: int = 2**22,
    num_draws: int = 256,
    num_inner: int = 16,
    progress: Callable[[TruncatedShift], None] | None = None,
    **options: Any,
) -> TruncatedShift:
    r"""Returns the interval after doubling draws until it is narrow or the budget is spent.

    Whichever contributes more to the width is doubled: the gap of the two bounds asks for more
    inner draws, their standard errors for more replicates.

    Args:
        design: as in `truncated_shift`.
        rank: $\kappa\ge0$.
        key: a typed key.
        tolerance: the width to stop at.
        share: the same in units of the convexity bound; the wider of the two counts.
        max_evaluations: the most replicates times inner draws in one round.
        num_draws: replicates of the first round.
        num_inner: inner draws of the first round.
        progress: called with the result of every round.
        options: ``student_scale``, ``null_scale`` and ``level`` of `truncated_shift`.

    Returns:
        The last result; see its ``width`` for whether the tolerance was met.

    Raises:
        InputError: if an argument is out of its range.
    """
    tolerance = _check.number("tolerance", tolerance, low=0.0, open_low=True)
    while True:
        found = truncated_shift(
            design, rank, key=key, num_draws=num_draws, num_inner=num_inner, **options
        )
        if progress is not None:
            progress(found)
        too_many = 2 * num_draws * num_inner > max_evaluations
        narrow = found.width <= max(tolerance, share * found.convexity_bound.mean)
        if found.exact or narrow or too_many:
            return found
        if 2 * (found.upper.mean - found.lower.mean) > found.width:
            num_inner *= 2
        else:
            num_draws *= 2


def _refuse_large(rank: int, num_outputs: int, num_directions: int) -> None:
    """Refuses what the linearised student has no room for: a move for every pair of outputs."""
    entries = rank * (num_outputs - rank) * num_outputs * num_directions
    if entries > _MOST_ENTRIES:
        _check.refuse(
            "rank",
            f"{rank}, between 0 and full, of {num_outputs} outputs in {num_directions} directions",
            f"rank (outputs - rank) outputs x directions of at most {_MOST_ENTRIES:,}, not "
            f"{entries:,}; or rank 0, or full rank, which have closed forms",
            "For the terms of its bound use kdtheory.dominance_map, which has no such limit.",
        )


def _teacher(design: LinearGaussianDesign | TeacherRange, scale: Any) -> tuple[TeacherRange, Any]:
    """Returns the teacher on the range of the design, and the student's scale per direction."""
    if isinstance(design, LinearGaussianDesign):
        if design.student_covariance is not None:
            _check.refuse(
                "design",
                "a student covariance of its own",
                "a student covariance that is the teacher's times a scale per direction",
                "Leave student_covariance out and pass student_scale.",
            )
        teacher = teacher_range(design)
    else:
        teacher = design
    num_directions = teacher.truth.shape[1]
    if np.ndim(scale) == 0:
        scales = np.full(num_directions, _check.number("student_scale", scale))
    else:
        scales = _check.real_array("student_scale", scale, "directions")
        # Of a design in whose directions some singular values are zero, the first r count.
        if len(scales) < num_directions:
            _check.refuse(
                "student_scale",
                f"{len(scales)} numbers",
                f"a number, or one for each of {num_directions} directions",
                "Give one per singular direction of the inputs, largest first.",
            )
        scales = scales[:num_directions]
    if scales.size and scales.min() <= 0:
        _check.refuse(
            "student_scale",
            f"{scales.min():g}",
            "numbers > 0",
            "Below full rank the divergence of a student without noise is infinite.",
        )
    return teacher, jnp.asarray(scales, teacher.truth.dtype)


def _closed_form(
    teacher: TeacherRange, rank: int, scale: Any, null_scale: float, level: float
) -> TruncatedShift:
    regime: algorithm_shift.Rank = "full" if rank >= min(teacher.truth.shape) else "zero"
    summary = teacher.summary
    scales = {"student_scale": scale, "null_scale": null_scale}
    value = float(algorithm_shift.algorithm_shift_exact(summary, rank=regime, **scales))
    bound = float(algorithm_shift.algorithm_shift_bound(summary, rank=regime, **scales))
    loss = algorithm_shift.approximation(summary, rank=regime)
    loss += algorithm_shift.cross(summary, rank=regime)
    tail = surplus = 0.0
    if regime == "zero":
        terms, mean = teacher.terms, teacher.mean
        energy = jnp.sum(mean**2, axis=0) + len(mean) * terms.teacher_variance
        signal = jnp.sum(teacher.truth * mean, axis=0)
        tail = float(jnp.sum(terms.predictive_variance * energy))
        surplus = float(jnp.sum(terms.predictive_variance * (energy - signal)))
    variance = float(summary.noise_std) ** 2
    gap = variance / float(teacher.num_samples) * (float(_full_gap(teacher)) - 2.0 * surplus)
    return TruncatedShift(
        rank=rank,
        lower=Estimate(value, 0.0, 0),
        upper=Estimate(value, 0.0, 0),
        interval=(value, value),
        level=level,
        analytic_bound=bound,
        convexity_bound=Estimate(bound, 0.0, 0),
        rank_loss=Estimate(float(loss), 0.0, 0),
        tail=Estimate(variance * tail, 0.0, 0),
        generalisation_gap=Estimate(gap, 0.0, 0),
        num_inner=0,
    )


def _sampled(
    key: Key, teacher: TeacherRange, scale: Any, rank: int, num_draws: int, num_inner: int
) -> tuple[tuple[Estimate, ...], tuple[Estimate, ...]]:
    """Returns the estimates of the information's bounds, and of the tail's quantities."""
    own, other = jax.random.split(key)

    def information(start: int) -> Any:
        batch = max(1, min(CHUNK, _BATCH_ENTRIES // (truncated_draws.BLOCK * teacher.truth.size)))
        return truncated_draws.information_draws(
            own,
            jnp.asarray(start),
            teacher,
            scale,
            rank=rank,
            num_inner=jnp.asarray(num_inner),
            count=CHUNK,
            batch=batch,
        )

    def tail(start: int) -> Any:
        batch = max(1, min(CHUNK, _BATCH_ENTRIES // teacher.truth.size))
        return rank_tail.tail_draws(
            other, jnp.asarray(start), teacher, rank=rank, count=CHUNK, batch=batch
        )

    return _means(information, num_draws), _means(tail, TAIL_SHARE * num_draws)


def _means(chunk: Callable[[int], Any], num_draws: int) -> tuple[Estimate, ...]:
    """Returns controlled means of the first replicates, made chunk by chunk."""
    parts = [chunk(start) for start in range(0, num_draws, CHUNK)]
    values, controls = (
        np.concatenate([np.asarray(part[i], np.float64) for part in parts])[:num_draws]
        for i in (0, 1)
    )
    return controlled_means(values, controls)


@functools.partial(jax.jit, static_argnames="rank")
def _analytic(
    teacher: TeacherRange, scale: Any, null_scale: Any, rank: int
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns Cov + spread, and with a bound on apx + cross a bound on the algorithm shift.

    apx + cross $=E\sum_i(\rho_i-\frac12)L_i\le\max_i(\beta-\frac1{2r_i})_+E\sum_ir_iL_i$.
    """
    terms, summary = teacher.terms, teacher.summary
    strength = terms.predictive_variance
    base = algorithm_shift.covariance_mismatch(
        summary, student_scale=scale, null_scale=null_scale
    ) + algorithm_shift.spread(summary)
    tail = rank_tail.tail_upper_bound(
        teacher.mean * jnp.sqrt(strength)[None, :], strength * terms.teacher_variance, rank=rank
    )
    steepest = jnp.maximum(summary.inverse_temperature - 0.5 / jnp.max(strength), 0.0)
    return base, base + steepest * tail


@jax.jit
def _full_gap(teacher: TeacherRange) -> Float[Array, ""]:
    r"""Returns $\sum_ir_iE|a_i-a^*_i|^2$, $n/\nu^2$ times the gap of a student of full rank."""
    terms, summary = teacher.terms, teacher.summary
    noise = summary.num_outputs * terms.label_excess
    return jnp.sum(terms.squared_bias + noise)


def _sum(constant: float, *parts: tuple[float, Estimate]) -> Estimate:
    """Returns a constant plus multiples of independent estimates."""
    mean = constant + sum(share * part.mean for share, part in parts)
    variance = sum((share * part.standard_error) ** 2 for share, part in parts)
    return Estimate(mean, variance**0.5, min(part.num_draws for _, part in parts))
