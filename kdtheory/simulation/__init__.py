r"""The two empirical risks of a finite world, simulated: Lemma 1 of Menon et al. (2021) by draws.

A sample $S=(x_1,y_1),\dots,(x_N,y_N)$ has independent $x_i\sim\pi$ and $y_i\sim p^*(x_i)$. From the
same sample come the one-hot risk $\hat R=\frac1N\sum_i\ell(y_i,f(x_i))$ and the Bayes-distilled
risk $\hat R^*=\frac1N\sum_i p^*(x_i)\cdot\ell(f(x_i))$. Both have the mean $R$, and
$\mathbb V[\hat R]=\mathbb V[\hat R^*]+\mathbb V[\hat R-\hat R^*]$. `simulate_risks` draws many
samples for many problems at once and says what the draws say of all this, beside the exact values
of `kdtheory.risks`; `draw_risks` returns the risks of single samples.

The law that is drawn from is the problem's own, up to the rounding of double precision numbers.
Conditional risks and label noise, $h_i=p^*_i\cdot\ell_i$ and $\ell_{ij}-h_i$, are rounded to
multiples of a power of two, two million of which span the range of each; so their sums are exact.
How far that moves an expectation at most is part of every result, and zero for values that are such
multiples.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
import numpy.typing as npt

from kdtheory import _check
from kdtheory._devices import is_accelerated
from kdtheory.objects.problems import FiniteProblem
from kdtheory.simulation import draws
from kdtheory.simulation.estimates import estimates_of, joined, sums_of
from kdtheory.simulation.records import QUANTITIES, Simulated, SimulatedRisks
from kdtheory.simulation.worlds import Grid, Worlds, held

__all__ = ["Simulated", "SimulatedRisks", "draw_risks", "simulate_risks"]

_MOST_REPLICATES = 1 << 32  # their numbers are one word
_MOST_PROBLEMS = 1 << 31
_LARGEST_SEED = 1 << 53
_MOST_PROGRAMS = 32  # every sample size compiles one; a process has room for a few hundred


def simulate_risks(
    problems: FiniteProblem | Sequence[FiniteProblem],
    *,
    replicates: int,
    seed: int = 0,
    first_problem: int = 0,
    chunk_size: int | None = None,
) -> SimulatedRisks:
    r"""Draws samples of finite problems and estimates moments of their two empirical risks.

    Every sample has ``num_samples`` draws; the teacher is the Bayes teacher, whatever the problem's
    own. A draw depends on the seed, the number of its problem and of its replicate only: neither on
    the chunk size, nor on the problems beside it, nor on how many devices share the work. Memory
    does not grow with the number of replicates or draws.

    Args:
        problems: one problem, problems stacked along a leading axis, or a sequence of problems of
            one shape. Problems with different numbers of samples are run size by size.
        replicates: $R\ge1$, samples of every problem.
        seed: the seed.
        first_problem: the number of the first problem, to go on where another call stopped.
        chunk_size: how many replicates are held at a time, about; 2048 on a CPU, and 8192 on
            accelerators, if it is left out.

    Returns:
        Estimates with their errors, beside the exact values.

    Raises:
        InputError: for problems of different shapes, rows that are not distributions, losses that
            are not finite where the label has mass (or beyond 1e75), and numbers out of range.

    Example:
        >>> problem = FiniteProblem.create([1.0], [[0.25, 0.75]], [[0.0, 1.0]], num_samples=3)
        >>> found = simulate_risks(problem, replicates=1000)
        >>> found.onehot_variance.exact  # 0.25 * 0.75 / 3
        array([0.0625])
        >>> bool(abs(found.onehot_variance.score[0]) < 5)
        True
    """
    replicates = _check.integer("replicates", replicates, low=1, high=_MOST_REPLICATES)
    if chunk_size is None:
        chunk_size = 8192 if is_accelerated() else 2048
    chunk_size = _check.integer("chunk_size", chunk_size, low=1, high=draws.SPAN)
    seed = _check.integer("seed", seed, low=0, high=_LARGEST_SEED)
    first_problem = _check.integer("first_problem", first_problem, low=0, high=_MOST_PROBLEMS)
    worlds = Worlds.of(problems)
    results: list[dict[str, Simulated]] = []
    order: list[npt.NDArray[np.int64]] = []
    with jax.enable_x64(True):
        keys = draws.keys_of(seed, first_problem, len(worlds.sizes))
        for turn, size in enumerate(np.unique(worlds.sizes).tolist()):
            if turn % _MOST_PROGRAMS == _MOST_PROGRAMS - 1:
                draws.group_sums.clear_cache()  # type: ignore[attr-defined]
            same = np.flatnonzero(worlds.sizes == size)
            together = held(worlds.losses[0].size)
            for start in range(0, len(same), together):
                at = same[start : start + together]
                grid = Grid.of(worlds.take(at), keys[at])
                results.append(
                    estimates_of(grid, sums_of(grid, replicates, chunk_size), replicates)
                )
                order.append(at)
    back = np.argsort(np.concatenate(order))
    return SimulatedRisks(
        worlds.sizes,
        replicates,
        seed,
        **{name: joined([found[name] for found in results], back) for name in QUANTITIES},
    )


def draw_risks(
    problem: FiniteProblem, *, replicates: int, seed: int = 0, first_problem: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    r"""Returns the two empirical risks of every sample that `simulate_risks` draws of one problem.

    It finds the cell of every single draw, adds up, and holds everything at once: for figures, and
    as the formula that the fast form is held against.

    Args:
        problem: one problem.
        replicates: $R\ge1$, how many samples.
        seed: the seed.
        first_problem: the number of the problem.

    Returns:
        $\hat R$ and $\hat R^*$, each of shape ``(replicates,)``.

    Raises:
        InputError: as `simulate_risks`, and for more than one problem.

    Example:
        >>> problem = FiniteProblem.create([1.0], [[0.25, 0.75]], [[0.0, 1.0]], num_samples=2)
        >>> onehot, bayes = draw_risks(problem, replicates=100)
        >>> sorted(set(onehot.tolist())), set(bayes.tolist())
        ([0.0, 0.5, 1.0], {0.75})
    """
    replicates = _check.integer("replicates", replicates, low=1, high=_MOST_REPLICATES)
    seed = _check.integer("seed", seed, low=0, high=_LARGEST_SEED)
    first_problem = _check.integer("first_problem", first_problem, low=0, high=_MOST_PROBLEMS)
    worlds = Worlds.of(problem)
    if len(worlds.sizes) != 1:
        _check.refuse("problem", f"{len(worlds.sizes)} problems", "one", "Call it for each.")
    size = int(worlds.sizes[0])
    with jax.enable_x64(True):
        grid = Grid.of(worlds, draws.keys_of(seed, first_problem, 1))
        cells = np.asarray(draws.drawn_cells(grid.laws, replicates, size))
    means = grid.values[0][:, cells].sum(axis=2).T / size
    bayes, noise = (grid.offsets[0] + grid.steps[0] * means).T
    return bayes + noise, bayes
