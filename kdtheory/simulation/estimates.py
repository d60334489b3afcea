"""Sums over replicates made into estimates, with their errors and the exact values beside them."""

from __future__ import annotations

import functools

import jax
import numpy as np
import numpy.typing as npt

from kdtheory import risks
from kdtheory.simulation import draws
from kdtheory.simulation.records import QUANTITIES, Simulated
from kdtheory.simulation.worlds import Grid

FloatArray = npt.NDArray[np.float64]

_UNIT = 8  # laws that a device takes at a time
_HELD = 1024  # pieces of work whose sums are held at a time


def sums_of(grid: Grid, replicates: int, chunk_size: int) -> FloatArray:
    """Returns the sums of `draws.group_sums` over all replicates.

    Args:
        grid: problems of one sample size.
        replicates: how many of each.
        chunk_size: how many are held at a time, about.
    """
    # Chunks of one size, as few as possible: replicates beyond the last are drawn for nothing.
    longest = min(replicates, draws.SPAN)
    chunks = -(-longest // max(chunk_size, draws.GROUPS))
    chunk = -(-longest // (chunks * draws.GROUPS)) * draws.GROUPS
    size, count = int(grid.worlds.sizes[0]), len(grid.worlds.sizes)
    total = np.zeros((count, 11, draws.GROUPS))
    starts = np.arange(0, replicates, draws.SPAN)
    at_once = max(1, _HELD // count)
    for first in range(0, len(starts), at_once):
        some = starts[first : first + at_once]
        pieces = draws.Laws(*(np.repeat(leaf, len(some), axis=0) for leaf in grid.laws))
        begin = np.tile(some, count)
        end = np.minimum(begin + draws.SPAN, replicates)
        found = _by_units(functools.partial(_piece, size, chunk), pieces, begin, end)
        total += found.reshape(count, len(some), *found.shape[1:]).astype(float).sum(axis=1)
    return total


def _piece(
    size: int, chunk: int, unit: draws.Laws, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> jax.Array:
    """Draws a unit; the tables are written when it is their turn."""
    slots = draws.tables(unit.counts, unit.packed)
    return draws.group_sums(slots, unit, begin, end, num_samples=size, chunk=chunk)


def _by_units(run, *arrays):
    total = len(jax.tree.leaves(arrays)[0])
    unit = min(_UNIT, total)
    out = []
    for start in range(0, total, unit):
        rows = np.resize(np.arange(start, min(start + unit, total)), unit)
        out.append(run(*jax.tree.map(lambda leaf, at=rows: leaf[at], arrays)))
    return np.concatenate(jax.device_get(out))[:total]


def estimates(grid: Grid, sums: FloatArray, replicates: int) -> dict[str, Simulated]:
    """Returns every quantity that is simulated, by name.

    Args:
        grid: problems of one sample size.
        sums: of their replicates, from `sums_of`.
        replicates: how many there are of each.
    """
    groups = min(replicates, draws.GROUPS)
    counts = (replicates - np.arange(groups) + draws.GROUPS - 1) // draws.GROUPS
    found = draws.moments(sums[..., :groups], counts.astype(float), grid.shifts)
    size = float(grid.worlds.sizes[0])
    first, second = (grid.steps / size).T[:, :, None]
    bayes, noise = first * found[0], second * found[1]
    bayes_square, noise_square = first**2 * found[2], second**2 * found[3]
    product = first * second * found[4]
    # No term below is a difference of larger ones: deviations of the two are uncorrelated.
    of_groups = {
        "onehot_mean": bayes + noise,
        "bayes_mean": bayes,
        "difference_mean": noise,
        "onehot_variance": bayes_square + noise_square + 2 * product,
        "bayes_variance": bayes_square,
        "difference_variance": noise_square,
        "covariance": bayes_square + product,
    }
    centres = _rounded_means(grid)
    exact = _exact_values(grid)
    errors = _exact_errors(grid, replicates)
    rounding = _rounding(grid, exact)
    result = {}
    for name in QUANTITIES:
        values, weights = of_groups[name], counts / replicates
        mean = values @ weights
        spread = (values - mean[:, None]) ** 2 @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(spread / np.float64(groups - 1))
        value = mean + centres.get(name, 0.0)
        result[name] = Simulated(value, error, exact[name], errors[name], rounding[name], groups)
    return result


def joined(parts: list[Simulated], order: npt.NDArray[np.int64]) -> Simulated:
    """Returns estimates for several lists of problems as one, in another order."""

    def of(name: str) -> FloatArray:
        return np.concatenate([getattr(part, name) for part in parts])[order]

    names = ("value", "standard_error", "exact", "exact_error", "rounding")
    return Simulated(*map(of, names), parts[0].groups)


def _rounded_means(grid: Grid) -> dict[str, FloatArray]:
    """Returns the means of what is drawn."""
    size = grid.worlds.sizes[:, None]
    bayes, noise = (grid.offsets + grid.steps * (grid.laws.centres + grid.shifts) / size).T
    return {"onehot_mean": bayes + noise, "bayes_mean": bayes, "difference_mean": noise}


@jax.jit
@jax.vmap
def _closed_forms(
    weights: jax.Array, probs: jax.Array, losses: jax.Array, size: jax.Array
) -> tuple[jax.Array, ...]:
    """Returns the exact mean, and the variances of both risks and of their difference."""
    return (
        risks.population_risk(weights, probs, losses),
        risks.onehot_variance(weights, probs, losses, size),
        risks.bayes_variance(weights, probs, losses, size),
        (weights * risks.label_variance(probs, losses)).sum() / size,
    )


def _exact_values(grid: Grid) -> dict[str, FloatArray]:
    """Returns the expectation of every quantity."""
    worlds = grid.worlds
    closed = _closed_forms(worlds.weights, worlds.probs, worlds.losses, worlds.sizes.astype(float))
    mean, onehot, bayes, difference = map(np.asarray, closed)
    # The difference has no mean given the inputs: it is uncorrelated with what depends on them.
    values = (mean, mean, np.zeros_like(mean), onehot, bayes, difference, bayes)
    return dict(zip(QUANTITIES, values, strict=True))


# Every quantity beyond the means is that of a product of two deviations: of the Bayes-distilled
# risk (1, 0), of the difference (0, 1), and of the one-hot risk, their sum.
_FACTORS = {
    "onehot_variance": ((1.0, 1.0), (1.0, 1.0)),
    "bayes_variance": ((1.0, 0.0), (1.0, 0.0)),
    "difference_variance": ((0.0, 1.0), (0.0, 1.0)),
    "covariance": ((1.0, 1.0), (1.0, 0.0)),
}


def _exact_errors(grid: Grid, replicates: int) -> dict[str, FloatArray]:
    r"""Returns the standard deviation of every estimate.

    For means $\bar a,\bar b$ of $N$ independent copies of centred $a$ and $b$, the variance of
    $\bar a\bar b$ is
    $\frac{\mathbb V[ab]}{N^3}+\frac{N-1}{N^3}(\mathbb E[a^2]\,\mathbb E[b^2]+\mathbb E[ab]^2)$.
    """
    size = float(grid.worlds.sizes[0])
    probs, pairs = grid.probs, grid.pairs
    centred = pairs - np.einsum("pc,pcv->pv", probs, pairs)[:, None]

    def mean(values: FloatArray) -> FloatArray:
        return np.sum(probs * values, axis=1)

    one_hot, bayes, noise = centred.sum(axis=2), centred[..., 0], centred[..., 1]
    result = {
        name: np.sqrt(mean(values**2) / (size * replicates))
        for name, values in zip(QUANTITIES[:3], (one_hot, bayes, noise), strict=True)
    }
    for name, (left, right) in _FACTORS.items():
        a, b = centred @ np.array(left), centred @ np.array(right)
        product = mean(a * b)
        single = mean((a * b - product[:, None]) ** 2)
        pairwise = (size - 1) * (mean(a * a) * mean(b * b) + product**2)
        result[name] = np.sqrt((single + pairwise) / (size**3 * replicates))
    return result


def _rounding(grid: Grid, exact: dict[str, FloatArray]) -> dict[str, FloatArray]:
    r"""Returns how far every expectation may be from that of the values that are not rounded.

    A standard deviation moves by no more than that of the rounding errors; a covariance, by
    Cauchy and Schwarz, no more than the products say. What double precision itself rounds is
    added.
    """
    size = grid.worlds.sizes.astype(float)
    on_grid = grid.offsets[:, None] + grid.steps[:, None] * grid.values
    inside = grid.probs[:, :, None] > 0
    bayes, noise = np.max(np.abs(on_grid - grid.pairs), axis=1, where=inside, initial=0.0).T
    onehot = bayes + noise
    result = {"onehot_mean": onehot, "bayes_mean": bayes, "difference_mean": noise}
    for name, (left, right) in _FACTORS.items():
        moved = [(np.array(factor) * np.stack([bayes, noise], 1)).sum(1) for factor in (left, right)]
        moved = [each / np.sqrt(size) for each in moved]
        spread = [np.sqrt(exact[_VARIANCE[factor]]) for factor in (left, right)]
        result[name] = spread[0] * moved[1] + spread[1] * moved[0] + moved[0] * moved[1]
    double = 64 * np.finfo(float).eps
    scale = np.abs(grid.worlds.losses).max(axis=(1, 2))
    for name in QUANTITIES:
        result[name] = result[name] + double * (scale if name.endswith("mean") else exact[name])
    return result


_VARIANCE = {
    (1.0, 1.0): "onehot_variance",
    (1.0, 0.0): "bayes_variance",
    (0.0, 1.0): "difference_variance",
}
