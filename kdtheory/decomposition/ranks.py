r"""The terms at every rank of the student, and which of them is the largest where.

What a rank $\kappa$ costs is $E[\mathrm{apx}+\mathrm{cross}]$ over the teacher's weights. In units
of the teacher's posterior, $\tilde a_i=W_Tu_i/\sqrt{\tau_i}$ has mean $\rho_iW^*u_i/\sqrt{\tau_i}$
and variance $1+\beta\rho_i$ per output; the student keeps the top $\kappa$ eigenvectors $q_j$ of
$\sum_ir_i\tilde a_i\tilde a_i^\top$ and loses
$\frac12\sum_{j>\kappa}q_j^\top[\sum_i(2\rho_i-1)\tilde a_i\tilde a_i^\top]q_j$. One draw serves
every rank, and the same standard normal numbers serve every temperature, so that a map is smooth.
The loss at rank zero is known exactly and serves as control variate.

The draws run in NumPy, on the host: batches of small symmetric eigenproblems.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from kdtheory import _check
from kdtheory.decomposition.grid import decompose_grid
from kdtheory.decomposition.inputs import PreparedDesign, prepared_design
from kdtheory.decomposition.records import TERMS
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.objects.spectra import accurate_left_singular_system
from kdtheory.results import to_dict

DEFAULT_TEMPERATURES = tuple(np.logspace(-2, 2, 41).tolist())
"""Inverse temperatures of a map, when none are given."""


@dataclasses.dataclass(frozen=True, eq=False)
class DominanceMap:
    r"""The terms of the bound over rank and inverse temperature.

    Attributes:
        ranks: $\kappa$, shape ``(ranks,)``.
        inverse_temperatures: $\beta_T$, shape ``(temperatures,)``.
        terms: name (one of `TERMS`) -> nats, shape ``(ranks, temperatures)``.
        standard_error: of the rank bottleneck, the one term that is sampled; zero where it is
            known exactly, at rank zero and at full rank.
        prior_precision: $\lambda$.
        noise_std: $\nu$.
        fitted: whether $W^*$ was estimated.
        num_draws: draws of the teacher.
        seed: their seed.
    """

    ranks: np.ndarray
    inverse_temperatures: np.ndarray
    terms: dict[str, np.ndarray]
    standard_error: np.ndarray
    prior_precision: float
    noise_std: float
    fitted: bool
    num_draws: int
    seed: int

    @property
    def bound(self) -> np.ndarray:
        """The sum of the terms."""
        return np.sum([self.terms[name] for name in TERMS], axis=0)

    @property
    def dominant(self) -> np.ndarray:
        """The index in `TERMS` of the largest term, shape ``(ranks, temperatures)``."""
        return np.argmax(np.stack([self.terms[name] for name in TERMS]), axis=0)

    def shares(self) -> dict[str, float]:
        """Returns for every term on which share of the map it is the largest."""
        counts = np.bincount(self.dominant.reshape(-1), minlength=len(TERMS))
        return dict(zip(TERMS, (counts / counts.sum()).tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps``, the bound and the largest terms included."""
        names = [[TERMS[index] for index in row] for row in self.dominant]
        return {**to_dict(self), "bound": self.bound.tolist(), "dominant": names}


def dominance_map(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    inverse_temperature: Sequence[float] | Any = DEFAULT_TEMPERATURES,
    ranks: Sequence[int] | None = None,
    prior_precision: Any = 1.0,
    noise_std: Any = None,
    num_draws: int = 512,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> DominanceMap:
    r"""Returns which term of the bound is the largest, over the student's rank and $\beta_T$.

    For a student with the teacher's covariance and the min-norm map. The rank bottleneck is
    apx + cross, and so may be negative; it is sampled between rank zero and full rank.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; estimated from ``labels`` when left out.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        inverse_temperature: the $\beta_T\ge0$ of the map.
        ranks: the $\kappa$ of the map; from 0 to $\min(k,\operatorname{rank}X)$ when left out.
        prior_precision: $\lambda>0$.
        noise_std: $\nu>0$; estimated from ``labels`` when left out.
        num_draws: draws of the teacher, in antithetic pairs.
        seed: of the draws.
        progress: called with (temperatures done, all temperatures).

    Returns:
        The map.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.

    Example:
        >>> found = dominance_map(
        ...     [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]],
        ...     noise_std=0.5, inverse_temperature=[0.1, 10.0],
        ... )
        >>> found.ranks
        array([0, 1, 2])
        >>> [TERMS[index] for index in found.dominant[:, 1]]
        ['rank bottleneck', 'posterior spread', 'posterior spread']
    """
    draws = _check.integer("num_draws", num_draws, low=2)
    seed = _check.integer("seed", seed, low=0)
    with jax.enable_x64(True):
        prepared = prepared_design(
            inputs,
            true_weights,
            labels,
            prior_precision=prior_precision,
            noise_std=noise_std,
        )
    betas = _check.real_array("inverse_temperature", inverse_temperature, "temperatures")
    grid = _full_rank_grid(prepared, inverse_temperature=betas)
    settings = np.broadcast_arrays(
        float(prepared.design.prior_precision), betas, float(prepared.design.noise_std)
    )
    sampled = rank_draws(prepared.design, np.stack(settings), draws, seed=seed, progress=progress)
    full = len(sampled.bottleneck) - 1
    chosen = _checked_ranks(ranks, prepared.design, full)
    at = np.minimum(chosen, full)
    terms = {
        name: np.broadcast_to(grid.terms[name], (len(chosen), len(betas))).copy() for name in TERMS
    }
    terms["rank bottleneck"] = sampled.bottleneck[at]
    return DominanceMap(
        ranks=chosen,
        inverse_temperatures=betas,
        terms=terms,
        standard_error=sampled.standard_error[at],
        prior_precision=float(prepared.design.prior_precision),
        noise_std=float(prepared.design.noise_std),
        fitted=prepared.fitted,
        num_draws=draws + draws % 2,
        seed=seed,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class RankDraws:
    r"""What draws of the teacher say of a student of every rank, for many settings.

    Attributes:
        bottleneck: $E[\mathrm{apx}+\mathrm{cross}]$, shape ``(min(k, rank X) + 1, settings)``.
        standard_error: of it; zero at rank zero and at full rank, where it is known.
        information: an upper bound on $I(\Theta;W_T\,|\,\hat Y)$, which the convexity bound on the
            algorithm shift gives away: the Gaussian with the variances of the student's mean
            around a guess from $\hat Y$ has the largest entropy. Same shape.
    """

    bottleneck: np.ndarray
    standard_error: np.ndarray
    information: np.ndarray


def rank_draws(
    design: LinearGaussianDesign,
    settings: _check.FloatArray,
    num_draws: int,
    *,
    seed: int,
    student_scale: _check.FloatArray | float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> RankDraws:
    r"""Returns what every rank loses, and how much its bound gives away at most.

    Args:
        design: the design; its own hyperparameters are not used.
        settings: $\lambda$, $\beta$ and $\nu$ in rows, shape ``(3, settings)``.
        num_draws: draws of the teacher, in antithetic pairs.
        seed: of the draws, the same for every setting.
        student_scale: $\Sigma_S$ in units of $\Sigma_T$, per setting or for all.
        progress: called with (settings done, all settings).
    """
    left_vectors, singular_values = accurate_left_singular_system(np.asarray(design.inputs))
    rank = int(np.count_nonzero(singular_values))
    truth = np.asarray(design.true_weights) @ left_vectors[:, :rank]
    squared = singular_values[:rank] ** 2
    num_outputs = len(truth)
    full = min(num_outputs, rank)
    generator = np.random.default_rng(seed)
    half, label_noise = generator.standard_normal((2, -(-num_draws // 2), num_outputs, rank))
    found = RankDraws(*np.zeros((3, full + 1, settings.shape[1])))
    scales = np.broadcast_to(student_scale, settings.shape[1])
    for index, (precision, beta, noise) in enumerate(settings.T):
        denominator = precision * noise**2 + beta * squared
        prediction = squared / denominator
        fit = beta * prediction
        change = fit - precision * noise**2 / denominator
        mean = truth * (fit * np.sqrt(denominator) / noise)
        spread = np.sqrt(1.0 + beta * fit)
        pairs = [_Kept.of(mean + sign * spread * half, prediction) for sign in (1.0, -1.0)]
        lost = np.mean([kept.lost_energy(change) for kept in pairs], axis=0)[:, : full + 1]
        exact = 0.5 * np.sum(change * (np.sum(mean**2, axis=0) + num_outputs * spread**2))
        found.bottleneck[:, index], found.standard_error[:, index] = _controlled(lost, exact)
        # The pseudo labels show a + e / sqrt(r); with them the teacher's mean is regressed.
        excess = prediction * spread**2
        shown = spread * half + label_noise / np.sqrt(prediction)
        guess = _Kept.of(mean + excess / (1.0 + excess) * shown, prediction)
        variances = pairs[0].variances_around(guess, full)
        # A student without noise tells all that it keeps: log(1 + v/0) is infinite where v > 0.
        ratios = np.where(variances > 0, np.inf, 0.0)
        np.divide(variances, scales[index], out=ratios, where=scales[index] > 0)
        found.information[:, index] = 0.5 * num_outputs * np.sum(np.log1p(ratios), axis=1)
        if progress is not None:
            progress(index + 1, settings.shape[1])
    # Nothing is lost at full rank, and what is lost at rank zero is known.
    found.standard_error[0] = found.bottleneck[full] = found.standard_error[full] = 0.0
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class _Kept:
    """Draws of weights, and their coordinates along the output directions that a student keeps.

    Attributes:
        vectors: output directions in columns, the ones kept first last: (draws, outputs, outputs).
        rotated: the weights along them: (draws, outputs, directions).
    """

    vectors: np.ndarray
    rotated: np.ndarray

    @classmethod
    def of(cls, weights: np.ndarray, prediction: np.ndarray) -> _Kept:
        """Returns the draws in the eigenvectors of their predictions' second moment."""
        _, vectors = np.linalg.eigh((weights * prediction) @ np.swapaxes(weights, 1, 2))
        return cls(vectors, np.swapaxes(vectors, 1, 2) @ weights)

    def lost_energy(self, change: np.ndarray) -> np.ndarray:
        """Returns what ranks 0, 1, ..., outputs lose, one row per draw."""
        # Smallest eigenvalue first: a rank of outputs - j loses the first j eigenvectors.
        energy = np.sum(self.rotated**2 * change, axis=2)
        sums = np.cumsum(np.concatenate([np.zeros((len(energy), 1)), energy], axis=1), axis=1)
        return 0.5 * sums[:, ::-1]

    def variances_around(self, guess: _Kept, full: int) -> np.ndarray:
        """Returns mean squared distances of the kept weights, for every rank and direction."""
        outputs = self.vectors.shape[1]
        away = np.zeros_like(self.rotated)
        found = np.zeros((full + 1, self.rotated.shape[2]))
        for rank in range(1, full + 1):
            for kept, sign in ((self, 1.0), (guess, -1.0)):
                column = kept.vectors[:, :, outputs - rank, None]
                away += sign * column * kept.rotated[:, None, outputs - rank]
            found[rank] = np.mean(away**2, axis=(0, 1))
        return found


def _controlled(values: np.ndarray, exact: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns means and standard errors per column, column 0 having a known mean."""
    control = values[:, 0] - values[:, 0].mean()
    energy = control @ control
    slope = control @ values / energy if energy > 0 else np.zeros(values.shape[1])
    rest = values - np.outer(values[:, 0] - exact, slope)
    deviation = rest.std(axis=0, ddof=min(2, len(rest) - 1))
    return rest.mean(axis=0), deviation / np.sqrt(len(rest))


def _checked_ranks(ranks: Sequence[int] | None, design: LinearGaussianDesign, full: int) -> Any:
    if ranks is None:
        return np.arange(full + 1)
    high = design.inputs.shape[0]
    return np.array([_check.integer("ranks", rank, low=0, high=high) for rank in ranks])


def _full_rank_grid(prepared: PreparedDesign, **settings: Any) -> Any:
    design = prepared.design
    given = {
        "prior_precision": float(design.prior_precision),
        "noise_std": float(design.noise_std),
        **settings,
    }
    return decompose_grid(np.asarray(design.inputs), np.asarray(design.true_weights), **given)
