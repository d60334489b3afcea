"""How often a bound fails in a world of any size: exactly, or within an interval by sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from kdtheory import _check
from kdtheory._types import Key
from kdtheory.objects import datasets
from kdtheory.theorems.empirical_bernstein.formulas import (
    failure_probability,
    statistics_of_shares,
)

MAX_TYPES = 100_000
"""With more types than this, samples are drawn."""

BLOCK = 4096
"""How many samples are drawn at a time."""


class FailureInterval(NamedTuple):
    """How often a bound fails.

    Attributes:
        low: lower end; the probability itself when it was enumerated.
        high: upper end.
        failures: how many of the drawn samples failed; None when none were drawn.
        draws: how many samples were drawn.
    """

    low: float
    high: float
    failures: int | None
    draws: int


def failure_interval(
    key: Key,
    input_weights: Any,
    values: Any,
    level: float,
    class_size: float = 1.0,
    *,
    num_samples: int,
    penalty: Callable[..., Any],
    draws: int = 2**17,
    confidence: float = 0.999,
) -> FailureInterval:
    r"""Returns how often $Ph > P_nh+\mathrm{penalty}$ for some function of a class.

    All types of the sample are enumerated where there are at most `MAX_TYPES`; otherwise samples
    are drawn, and the interval is that of Clopper and Pearson, which covers at its level whatever
    the probability.

    Args:
        key: a typed key, for the draws.
        input_weights: $\pi$, shape ``(inputs,)``.
        values: $h_f(x_i)$, shape ``(hypotheses, inputs)``.
        level: $\delta$ of the penalty.
        class_size: the size or the covering number of the penalty.
        num_samples: $n\ge2$.
        penalty: a penalty of `kdtheory.concentration`.
        draws: how many samples to draw.
        confidence: the level of the interval.

    Returns:
        The interval.

    Raises:
        InputError: for weights that are no distribution, values of another number of inputs, or
            numbers out of range.

    Example:
        >>> from kdtheory.concentration import empirical_bernstein_penalty
        >>> failure_interval(
        ...     jax.random.key(0), [0.5, 0.5], [[0.0, 1.0]], 0.5, num_samples=10,
        ...     penalty=empirical_bernstein_penalty).draws
        0
    """
    weights = _check.probability_rows("input_weights", input_weights, "inputs")
    table = _check.real_array("values", values, "hypotheses", "inputs")
    if table.shape[1] != len(weights):
        _check.refuse(
            "values",
            f"{table.shape[1]} columns",
            f"{len(weights)}, one for every entry of input_weights",
            "Check that it is not transposed: functions in rows, inputs in columns.",
        )
    size = _check.integer("num_samples", num_samples, low=2)
    delta = _check.number("level", level, low=0.0, high=1.0, open_low=True)
    count = _check.number("class_size", class_size, low=1.0)
    total = _check.integer("draws", draws, low=1)
    share = _check.number("confidence", confidence, low=0.0, high=1.0)
    with jax.enable_x64(True):
        arrays = jnp.asarray(weights), jnp.asarray(table)
        if datasets.num_types(len(weights), size) <= MAX_TYPES:
            exact = failure_probability(*arrays, delta, count, num_samples=size, penalty=penalty)
            return FailureInterval(float(exact), float(exact), None, 0)

        def failing(key: Key) -> Any:
            counts = jax.random.multinomial(
                key, float(size), arrays[0], shape=(BLOCK, len(weights))
            )
            gaps, variances = statistics_of_shares(*arrays, counts / size, size)
            return jnp.any(gaps > penalty(variances, size, delta, count), axis=1)

        run = jax.jit(failing)
        failures = 0
        for block, start in enumerate(range(0, total, BLOCK)):
            failed = run(jax.random.fold_in(key, block))
            failures += int(failed[: total - start].sum())
    from scipy import stats

    found = stats.binomtest(failures, total).proportion_ci(share, method="exact")
    return FailureInterval(float(found.low), float(found.high), failures, total)
