r"""One setting of a design varied, the others held: the terms, the bound and the divergence.

At a rank between zero and full the divergence has no closed form. What a sweep shows there is an
interval: what is certain to be given away by the bound, $I(\hat Y;W_T)$, is taken off, and for
the lower end also the most that the student's mixture can give away
(`kdtheory.decomposition.ranks`). `decompose` narrows it down by sampling, one design at a time.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory.decomposition.grid import DecompositionGrid, decompose_grid
from kdtheory.decomposition.inputs import SETTINGS, prepared_design, student_rank
from kdtheory.decomposition.ranks import rank_draws
from kdtheory.decomposition.records import TERMS
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.results import to_dict
from kdtheory.theorems.linear_gaussian import dataset_shift

SWEPT = (*SETTINGS, "rank")
"""What can be swept."""


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    r"""The terms along one setting.

    Attributes:
        name: which setting, one of `SWEPT`.
        values: its values, shape ``(points,)``.
        logarithmic: whether they are spaced evenly in their logarithms.
        terms: name -> nats, shape ``(points,)``.
        bound: $J$.
        divergence_low: $K_n$, or a lower bound on it where it has no closed form.
        divergence_high: $K_n$, or an upper bound.
        standard_error: of the rank bottleneck (and so of the bound); zero where it is exact.
        heading: what the numbers are about.
        dtype: the precision of what has a closed form; draws are in float64.
    """

    name: str
    values: np.ndarray
    logarithmic: bool
    terms: dict[str, np.ndarray]
    bound: np.ndarray
    divergence_low: np.ndarray
    divergence_high: np.ndarray
    standard_error: np.ndarray
    heading: str
    dtype: str = "float64"

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)


def sweep_design(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    name: str,
    values: Any,
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = None,
    student_scale: Any = 1.0,
    rank: Any = None,
    null: Any = "minnorm",
    num_draws: int = 512,
    seed: int = 0,
    dtype: str = "float64",
) -> Sweep:
    r"""Varies one setting of a design and holds the others.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; estimated from ``labels`` when left out.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        name: what to vary, one of `SWEPT`.
        values: its values; whole numbers from 0 to $d$ for "rank".
        prior_precision: $\lambda>0$, held.
        inverse_temperature: $\beta_T\ge0$, held.
        noise_std: $\nu>0$, held; estimated from ``labels`` when left out.
        student_scale: $\Sigma_S$ in units of $\Sigma_T$, held.
        rank: the student's rank, held; full when left out.
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".
        num_draws: draws of the teacher for ranks between zero and full.
        seed: of those draws.
        dtype: "float64" or "float32", as for `decompose_grid`.

    Returns:
        The terms, the bound and the divergence at every value.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.

    Example:
        >>> sweep = sweep_design(
        ...     [[1.0]], [[0.5]], noise_std=1.0, name="inverse_temperature", values=[0.5, 1.0, 2.0]
        ... )
        >>> print(np.round(sweep.divergence_high, 4))
        [0.2563 0.27   0.5107]
    """
    if name not in SWEPT:
        _check.refuse("name", repr(name), f"one of {', '.join(SWEPT)}", "Choose one of them.")
    along = _check.real_array("values", values, "points")
    num_draws = _check.integer("num_draws", num_draws, low=2)
    seed = _check.integer("seed", seed, low=0)
    with jax.enable_x64(True):
        noise = along[0] if name == "noise_std" else noise_std
        prepared = prepared_design(inputs, true_weights, labels, noise_std=noise, null=null)
        spectrum = accurate_spectrum(prepared.design)
    held = {
        "prior_precision": prior_precision,
        "inverse_temperature": inverse_temperature,
        "noise_std": float(prepared.design.noise_std),
        "student_scale": student_scale,
    }
    if name in held:
        held[name] = along
        ranks = np.array([student_rank(rank, spectrum, null)[0]] * len(along))
    else:
        ranks = np.array([_rank_value(value, spectrum, null) for value in along.tolist()])
    full = student_rank(None, spectrum, null)[1]
    design = np.asarray(prepared.design.inputs), np.asarray(prepared.design.true_weights)
    grids = {
        None: decompose_grid(*design, **held, null=null, dtype=dtype),
        0: decompose_grid(*design, **held, rank=0, dtype=dtype),
    }
    between = (ranks > 0) & (ranks < full)
    lost, error, hidden = np.zeros((3, len(along)))
    columns = np.broadcast_arrays(*(np.asarray(value, float) for value in held.values()), along)[:4]
    settings = np.stack(columns)
    if between.any():
        # One column serves every rank when the rank itself is swept.
        swept = settings if name != "rank" else settings[:, :1]
        draws = rank_draws(prepared.design, swept[:3], num_draws, seed=seed, student_scale=swept[3])
        at = np.minimum(ranks, full), np.arange(len(along)) if name != "rank" else 0
        lost, error = draws.bottleneck[at], draws.standard_error[at]
        hidden = draws.information[at]
    terms = {
        term: _by_rank(ranks, full, lambda g, term=term: g.terms[term], grids, along.shape)
        for term in TERMS
    }
    terms["rank bottleneck"] = np.where(between, lost, terms["rank bottleneck"])
    bound = np.sum([terms[term] for term in TERMS], axis=0)
    exact = _by_rank(ranks, full, lambda g: g.divergence, grids, along.shape)
    with jax.enable_x64(True):
        gap = np.asarray(_dataset_gaps(spectrum, jnp.asarray(settings[:3])))
    # Without noise a student of limited rank has a singular law, and its divergence is infinite.
    lowest = bound - gap - np.where(np.isfinite(bound), hidden, 0.0)
    fitted = " under the fitted model" if prepared.fitted else ""
    return Sweep(
        name=name,
        values=along,
        logarithmic=is_logarithmic(along),
        terms=terms,
        bound=bound,
        divergence_low=np.where(between, lowest, exact),
        divergence_high=np.where(between, bound - gap, exact),
        standard_error=np.where(between, error, 0.0),
        heading=f"Distillation divergence and its bound{fitted}",
        dtype=dtype,
    )


_SAMPLED = ("prior_precision", "inverse_temperature", "noise_std")


def _rank_value(value: float, spectrum: DesignSpectrum, null: str) -> int:
    if value != int(value):
        _check.refuse("values", f"{value:g} for the rank", "whole numbers", "Round them.")
    return student_rank(int(value), spectrum, null)[0]


def _by_rank(
    ranks: np.ndarray, full: int, read: Any, grids: dict[Any, DecompositionGrid], shape: Any
) -> np.ndarray:
    """Returns a quantity at rank zero from that grid, and at the other ranks from the full one."""
    values = {
        regime: np.broadcast_to(np.asarray(read(grid), float), shape)
        for regime, grid in grids.items()
    }
    return np.where((ranks == 0) & (full > 0), values[0], values[None])


@jax.jit
def _dataset_gaps(
    spectrum: DesignSpectrum, settings: Float[Array, "three points"]
) -> Float[Array, "points"]:
    """Returns by how much the printed bound on the dataset shift exceeds it."""

    def of_setting(setting: Float[Array, "three"]) -> Float[Array, ""]:
        moved = dataclasses.replace(spectrum, **dict(zip(_SAMPLED, setting, strict=True)))
        return dataset_shift.dataset_shift_slack(moved)

    return jax.lax.map(of_setting, settings.T)


def is_logarithmic(values: np.ndarray) -> bool:
    """Returns whether values are positive and more evenly spaced in their logarithms."""
    if len(values) < 3 or values.min() <= 0 or not (np.diff(values) != 0).all():
        return False
    uneven = [np.std(np.diff(v)) / abs(np.mean(np.diff(v))) for v in (values, np.log(values))]
    return bool(uneven[1] < uneven[0])
