"""Sums over replicates made into estimates, with their errors and the exact values beside them."""

from __future__ import annotations

import functools

import jax
import numpy as np
import numpy.typing as npt

from kdtheory._devices import by_units
from kdtheory.simulation import draws
from kdtheory.simulation.records import QUANTITIES, Simulated
from kdtheory.simulation.worlds import Grid, expectation, held

FloatArray = npt.NDArray[np.float64]

# A device takes up to eight pieces of work (a law, a span of its replicates) at a time, fewer if
# they are long: there are more units than devices where it matters.
_MOST_PIECES, _LONG = 8, 1 << 24


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
    unit = min(_MOST_PIECES, max(1, _LONG // (longest * size)))
    total = np.zeros((count, 11, draws.GROUPS))
    starts = np.arange(0, replicates, draws.SPAN)
    at_once = max(1, held(grid.probs.shape[1]) // count)
    for first in range(0, len(starts), at_once):
        some = starts[first : first + at_once]
        pieces = draws.Laws(*(np.repeat(leaf, len(some), axis=0) for leaf in grid.laws))
        begin = np.tile(some, count)
        end = np.minimum(begin + draws.SPAN, replicates)
        piece = functools.partial(_piece, size, chunk)
        found = by_units(piece, min(unit, len(begin)), pieces, begin, end)
        # One by one: doubles round beyond 2^53, and must not do so differently in other company.
        for span in range(len(some)):
            total += found[span :: len(some)]
    return total


def _piece(
    size: int,
    chunk: int,
    unit: draws.Laws,
    begin: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
) -> jax.Array:
    """Draws a unit; the tables are written when it is their turn."""
    slots = draws.tables(unit.counts)
    return draws.group_sums(slots, unit, begin, end, num_samples=size, chunk=chunk)


def estimates_of(grid: Grid, sums: FloatArray, replicates: int) -> dict[str, Simulated]:
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
    exact, errors = _exact(grid, replicates)
    rounding = _rounding(grid, exact)
    result = {}
    for name in QUANTITIES:
        values, weights = of_groups[name], counts / replicates
        mean = expectation(weights, values)
        spread = expectation(weights, (values - mean[:, None]) ** 2)
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
    return Simulated(**{name: of(name) for name in names}, groups=parts[0].groups)


def _rounded_means(grid: Grid) -> dict[str, FloatArray]:
    """Returns the means of what is drawn."""
    size = grid.worlds.sizes[:, None]
    bayes, noise = (grid.offsets + grid.steps * (grid.laws.centres + grid.shifts) / size).T
    return {"onehot_mean": bayes + noise, "bayes_mean": bayes, "difference_mean": noise}


# Every quantity beyond the means is the expectation of a product of two deviations.
_FACTORS = {
    "onehot_variance": ("onehot", "onehot"),
    "bayes_variance": ("bayes", "bayes"),
    "difference_variance": ("difference", "difference"),
    "covariance": ("onehot", "bayes"),
}


def _exact(grid: Grid, replicates: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    r"""Returns the expectation of every quantity, and the standard deviation of its estimate.

    For means $\bar a,\bar b$ of $N$ independent copies of centred $a$ and $b$,
    $\mathbb E[\bar a\bar b]=\frac1N\mathbb E[ab]$, and the variance of $\bar a\bar b$ is
    $\frac{\mathbb V[ab]}{N^3}+\frac{N-1}{N^3}(\mathbb E[a^2]\,\mathbb E[b^2]+\mathbb E[ab]^2)$.
    """
    size = float(grid.worlds.sizes[0])
    mean = functools.partial(expectation, grid.probs)
    risk, nothing = mean(grid.pairs.sum(axis=1)), np.zeros(len(grid.probs))
    bayes, noise = grid.pairs[:, 0] - risk[:, None], grid.pairs[:, 1]
    single = {"onehot": bayes + noise, "bayes": bayes, "difference": noise}
    values = {"onehot_mean": risk, "bayes_mean": risk, "difference_mean": nothing}
    errors = {
        f"{name}_mean": np.sqrt(mean(a * a) / size / replicates) for name, a in single.items()
    }
    for name, (left, right) in _FACTORS.items():
        a, b = single[left], single[right]
        product = mean(a * b)
        same = mean((a * b - product[:, None]) ** 2)
        others = (size - 1) * (mean(a * a) * mean(b * b) + product**2)
        values[name] = product / size
        errors[name] = np.sqrt((same + others) / (size**3 * replicates))
    return values, errors


def _rounding(grid: Grid, exact: dict[str, FloatArray]) -> dict[str, FloatArray]:
    r"""Returns how far every expectation may be from that of the values that are not rounded.

    A standard deviation moves by that of the rounding errors at most, and a covariance by what
    Cauchy and Schwarz say of the products. What double precision rounds is added.
    """
    on_grid = grid.offsets[:, :, None] + grid.steps[:, :, None] * grid.values
    inside = grid.probs[:, None] > 0
    bayes, noise = np.max(np.abs(on_grid - grid.pairs), axis=2, where=inside, initial=0.0).T
    single = {"onehot": bayes + noise, "bayes": bayes, "difference": noise}
    double = 64 * np.finfo(float).eps
    scale = np.abs(grid.worlds.losses).max(axis=(1, 2))
    result = {f"{name}_mean": off + double * scale for name, off in single.items()}
    root = np.sqrt(grid.worlds.sizes)
    for name, (left, right) in _FACTORS.items():
        first, second = single[left] / root, single[right] / root
        spread, other = (np.sqrt(exact[f"{side}_variance"]) for side in (left, right))
        moved = spread * second + other * first + first * second
        result[name] = moved + double * spread * other
    return result
