r"""Where a design's divergence is least, where its printed bound is, and how the two differ.

The search is a grid over the free settings, from far below to far above the scales of the design,
followed by descent in the logarithms from the lowest cells, with derivatives through the
per-direction formulas. The best student covariance has a closed form for given settings
(`kdtheory.theorems.linear_gaussian.optima`).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory.decomposition.inputs import PreparedDesign, closed_form, prepared_design
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.results import from_dict, to_dict
from kdtheory.theorems.linear_gaussian import algorithm_shift, optima
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention, Rank

Objective: TypeAlias = Literal["divergence", "bound"]
OBJECTIVES: tuple[Objective, ...] = ("divergence", "bound")

SETTINGS = ("prior_precision", "inverse_temperature", "noise_std")
PARAMETERS = (*SETTINGS, "student_covariance")
"""What may be free or held."""

_DECADES = 6.0
"""How far beyond the scales of the design the search looks, each way."""

_GRID = {1: 121, 2: 61, 3: 21}
"""Points per axis, by the number of free settings."""

_STARTS = 6
"""How many of the lowest cells the descent starts from."""

_POLISH = 6
"""Newton steps after the quasi-Newton method has converged."""

_NOTHING = 1e-10
"""A divergence in nats that is as good as none."""


@dataclasses.dataclass(frozen=True)
class OptimalDesign:
    r"""The settings at which an objective is least, the others held.

    Attributes:
        objective: "divergence" ($K_n$) or "bound" ($J$).
        held: the parameters that were not varied.
        prior_precision: $\lambda$ at the optimum.
        inverse_temperature: $\beta_T$ at the optimum.
        noise_std: $\nu$ at the optimum.
        student_scale: eigenvalues of $\Sigma_T^{-1}\Sigma_S$ in the directions of the design; all
            one if the student has the teacher's covariance.
        null_scale: the same on the null space of $X^\top$.
        divergence: $K_n$ there.
        bound: $J$ there; infinite where the student is deterministic in some direction.
        edges: the settings that ended at an end of the range searched, "low" or "high": there is
            no minimum inside, and the values are those at the end.
    """

    objective: str
    held: tuple[str, ...]
    prior_precision: float
    inverse_temperature: float
    noise_std: float
    student_scale: tuple[float, ...]
    null_scale: float
    divergence: float
    bound: float
    edges: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OptimalDesign:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def optimal_design(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    objective: Any = "divergence",
    hold: Sequence[str] = ("noise_std",),
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = None,
    rank: Any = None,
    null: Any = "minnorm",
) -> OptimalDesign:
    r"""Returns the settings of least divergence, or of least bound, of a linear-Gaussian design.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; estimated from ``labels`` when left out.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        objective: "divergence" for $K_n$, "bound" for $J$.
        hold: parameters to leave as they are given, any of "prior_precision",
            "inverse_temperature", "noise_std" and "student_covariance" (held: the teacher's). The
            noise is held unless it is left out of ``hold``: it belongs to the data.
        prior_precision: $\lambda$, if it is held.
        inverse_temperature: $\beta_T$, if it is held.
        noise_std: $\nu$, if it is held; estimated from ``labels`` when left out.
        rank: full when left out or at least $\min(k,\operatorname{rank}X)$, or 0.
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".

    Returns:
        The best settings found, and both objectives there.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.

    Example:
        >>> best = optimal_design([[1.0]], [[2.0]], noise_std=1.0)
        >>> print(f"{best.divergence:.4f} at {best.inverse_temperature:.4f}")
        0.4780 at 1.1251
    """
    if objective not in OBJECTIVES:
        _check.refuse("objective", repr(objective), "'divergence' or 'bound'", "Choose one.")
    held = _checked_parameters(hold)
    with jax.enable_x64(True):
        prepared = prepared_design(
            inputs,
            true_weights,
            labels,
            prior_precision=prior_precision,
            inverse_temperature=inverse_temperature,
            noise_std=noise_std,
            null=null,
        )
        return best_settings(prepared, objective, held, rank=rank, null=null)


def best_settings(
    prepared: PreparedDesign, objective: Objective, held: tuple[str, ...], *, rank: Any, null: Any
) -> OptimalDesign:
    """Returns the optimum for a design that has been prepared; arguments as `optimal_design`."""
    spectrum = accurate_spectrum(prepared.design)
    _, regime = closed_form(rank, spectrum, null)
    free = tuple(name for name in SETTINGS if name not in held)
    tuned = "student_covariance" not in held and objective == "divergence"
    options: dict[str, Any] = {"regime": regime, "null": null, "tuned": tuned}
    evaluate = functools.partial(objective_values, objective=objective, free=free, **options)
    point, edges = np.empty(0), dict[str, str]()
    if free:
        point, edges = _minimise(evaluate, spectrum, free)
    moved = _moved(spectrum, free, jnp.asarray(point))
    scale, null_scale = _scales(moved, regime, null, tuned)
    scales = {"student_scale": scale, "null_scale": null_scale}
    shared: dict[str, Any] = {"rank": regime, "null": null, **scales}
    active = np.asarray(moved.squared_singular_values) > 0
    return OptimalDesign(
        objective=objective,
        held=held,
        prior_precision=float(moved.prior_precision),
        inverse_temperature=float(moved.inverse_temperature),
        noise_std=float(moved.noise_std),
        student_scale=tuple(np.asarray(scale)[active].tolist()),
        null_scale=float(null_scale),
        divergence=float(algorithm_shift.divergence_exact(moved, **shared)),
        bound=float(algorithm_shift.divergence_bound(moved, **shared)),
        edges=edges,
    )


def _checked_parameters(hold: Sequence[str]) -> tuple[str, ...]:
    names = (hold,) if isinstance(hold, str) else tuple(hold)
    for name in names:
        if name not in PARAMETERS:
            _check.refuse("hold", repr(name), f"any of {', '.join(PARAMETERS)}", "Name parameters.")
    return tuple(name for name in PARAMETERS if name in names)


def _moved(spectrum: DesignSpectrum, free: tuple[str, ...], point: Array) -> DesignSpectrum:
    """Returns the spectrum with the free settings at exp(point)."""
    values = {name: jnp.exp(point[index]) for index, name in enumerate(free)}
    return dataclasses.replace(spectrum, **values)


def _scales(
    spectrum: DesignSpectrum, regime: Rank, null: NullConvention, tuned: bool
) -> tuple[Float[Array, "directions"], Float[Array, ""]]:
    """Returns the student's covariance in units of the teacher's: the best one, or ones."""
    if tuned:
        return optima.optimal_student_scale(spectrum, rank=regime, null=null)
    return jnp.ones_like(spectrum.signal), jnp.ones_like(spectrum.num_null)


@functools.partial(
    jax.jit, static_argnames=("objective", "free", "regime", "null", "tuned", "order")
)
def objective_values(
    points: Float[Array, "points free"],
    spectrum: DesignSpectrum,
    *,
    objective: Objective,
    free: tuple[str, ...],
    regime: Rank,
    null: NullConvention,
    tuned: bool,
    order: int = 0,
) -> Any:
    """Returns the objective at points (logarithms of the free settings), or its derivatives.

    With ``order=2``: value, gradient and Hessian. By the envelope theorem the best student
    covariance could be held fixed in the gradient; the Hessian needs it to move.
    """

    def value(point: Float[Array, "free"]) -> Float[Array, ""]:
        moved = _moved(spectrum, free, point)
        scale, null_scale = _scales(moved, regime, null, tuned)
        side = {
            "divergence": algorithm_shift.divergence_exact,
            "bound": algorithm_shift.divergence_bound,
        }[objective]
        return side(moved, rank=regime, null=null, student_scale=scale, null_scale=null_scale)

    if order == 0:
        return jax.lax.map(value, points, batch_size=256)
    # Three settings at most: forward differentiation is the cheaper one.
    gradient = jax.jacfwd(value)
    return jax.vmap(lambda p: (value(p), gradient(p), jax.jacfwd(gradient)(p)))(points)


def _minimise(
    evaluate: Any, spectrum: DesignSpectrum, free: tuple[str, ...]
) -> tuple[np.ndarray, dict[str, str]]:
    """Returns the best logarithms of the free settings, and which of them lie at an edge."""
    low, high = _ranges(spectrum, free).T
    count = _GRID[len(free)]
    axes = [np.linspace(*ends, count) for ends in zip(low, high, strict=True)]
    points = np.array(list(itertools.product(*axes)))
    values = np.asarray(evaluate(jnp.asarray(points), spectrum)).reshape((count,) * len(free))
    starts = points[_lowest_cells(values)]
    best, best_value = starts[0], np.inf
    for start in starts:
        found = _descend(evaluate, spectrum, start, low, high)
        at = float(evaluate(jnp.asarray(found[None]), spectrum)[0])
        if at < best_value:
            best, best_value = found, at
    return best, _reached_edges(values, best_value, free)


def _reached_edges(values: np.ndarray, best: float, free: tuple[str, ...]) -> dict[str, str]:
    """Returns the settings for which an end of the range is as good as the best point found.

    There the objective still falls, or is flat to a millionth: no minimum lies inside.
    """
    reached = {}
    for axis, name in enumerate(free):
        for end, index in (("low", 0), ("high", -1)):
            if np.take(values, index, axis=axis).min() <= best + 1e-6 * abs(best) + _NOTHING:
                reached[name] = end
    return reached


def _ranges(spectrum: DesignSpectrum, free: tuple[str, ...]) -> np.ndarray:
    r"""Returns the logarithms of the ends between which each free setting is searched.

    $\lambda$ matters relative to $\beta s_i^2/\nu^2$, $\nu$ relative to $s_i|W^*u_i|$, and $\beta$
    relative to one.
    """
    squared = np.asarray(spectrum.squared_singular_values)
    active = squared > 0
    squared = squared[active] if active.any() else np.ones(1)
    signal = np.asarray(spectrum.signal)[active] if active.any() else np.ones(1)
    noise = float(spectrum.noise_std)
    strength = squared * np.where(signal > 0, signal, 1.0)
    scales = {
        "prior_precision": squared / noise**2,
        "inverse_temperature": np.ones(1),
        "noise_std": np.sqrt(strength),
    }
    far = _DECADES * np.log(10.0)
    return np.array(
        [[np.log(scales[n].min()) - far, np.log(scales[n].max()) + far] for n in free]
    ).reshape(-1, 2)


def _lowest_cells(values: np.ndarray) -> np.ndarray:
    """Returns flat indices of the lowest cells that no neighbour along an axis undercuts."""
    is_low = np.isfinite(values)
    for axis in range(values.ndim):
        padded = np.pad(values, [(int(a == axis),) * 2 for a in range(values.ndim)], mode="edge")
        for shift in (0, 2):
            neighbour = np.take(padded, np.arange(values.shape[axis]) + shift, axis=axis)
            is_low &= values <= neighbour
    cells = np.flatnonzero(is_low)
    return cells[np.argsort(values.reshape(-1)[cells], kind="stable")][:_STARTS]


def _descend(
    evaluate: Any, spectrum: DesignSpectrum, start: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Returns a local minimum in the box, quasi-Newton first and Newton for the last digits."""
    import scipy.optimize

    @functools.lru_cache(maxsize=4)
    def derivatives(key: bytes) -> tuple[float, np.ndarray, np.ndarray]:
        point = jnp.asarray(np.frombuffer(key).reshape(1, -1))
        value, gradient, hessian = evaluate(point, spectrum, order=2)
        return float(value[0]), np.asarray(gradient[0]), np.asarray(hessian[0])

    def at(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        return derivatives(np.ascontiguousarray(point, float).tobytes())

    found = scipy.optimize.minimize(
        lambda x: at(x)[:2],
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=scipy.optimize.Bounds(low, high),
        options={"ftol": 1e-12, "gtol": 1e-8},
    ).x
    point = np.clip(found, low, high)
    for _ in range(_POLISH):
        _, gradient, hessian = at(point)
        inside = (point > low) & (point < high)
        curvature = hessian[np.ix_(inside, inside)]
        if not inside.any() or np.linalg.eigvalsh(curvature)[0] <= 0:
            break
        step = np.linalg.solve(curvature, gradient[inside])
        if np.abs(step).max() > 0.1:
            break
        point = point.copy()
        point[inside] = np.clip(point[inside] - step, low[inside], high[inside])
    return point
