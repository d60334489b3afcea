r"""The terms of one design over many settings: one factorisation, O(rank) per setting.

For a student of full rank with the teacher's covariance every setting costs six sums and a
quarter of a logarithm per direction (`kdtheory.theorems.linear_gaussian.sums`); for the others the
room's functions are evaluated setting by setting in the same compiled program.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._devices import in_turn
from kdtheory.decomposition.inputs import SETTINGS, closed_form, prepared_design
from kdtheory.decomposition.records import TERMS
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.results import to_dict
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention, Rank
from kdtheory.theorems.linear_gaussian.sums import setting_terms

_IN_CACHE = 2048
"""Settings whose sums are carried at once: twenty arrays of them fit into a second-level cache."""

_CHUNK = 2**16
"""Settings handed over at once, and so what memory is needed besides inputs and results."""


@dataclasses.dataclass(frozen=True, eq=False)
class DecompositionGrid:
    r"""The terms, their sum and the divergence for an array of settings.

    Attributes:
        settings: name -> values, all of the grid's shape: "prior_precision",
            "inverse_temperature", "noise_std", "student_scale".
        terms: name (one of `TERMS`) -> values in nats, of the grid's shape.
        bound: $J$, the sum of the terms.
        mutual_information: $J-K_n$.
        divergence: $K_n$.
        rank: the student's rank.
        null: its map on the null space of $X^\top$.
        fitted: whether $W^*$ was estimated.
    """

    settings: dict[str, np.ndarray]
    terms: dict[str, np.ndarray]
    bound: np.ndarray
    mutual_information: np.ndarray
    divergence: np.ndarray
    rank: int
    null: str
    fitted: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the settings broadcast to."""
        return self.bound.shape

    @property
    def dominant(self) -> np.ndarray:
        """The index in `TERMS` of the largest term, setting by setting."""
        return np.asarray(np.argmax(np.stack([self.terms[name] for name in TERMS]), axis=0))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)


def decompose_grid(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = None,
    student_scale: Any = 1.0,
    rank: Any = None,
    null: Any = "minnorm",
    dtype: str = "float64",
    progress: Callable[[int, int], None] | None = None,
) -> DecompositionGrid:
    r"""Takes the divergence apart for many settings of one linear-Gaussian design.

    The settings broadcast against each other as NumPy arrays do: ``prior_precision`` of shape
    ``(100, 1)`` and ``inverse_temperature`` of shape ``(50,)`` make a grid of shape ``(100, 50)``.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; estimated from ``labels`` when left out.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        prior_precision: $\lambda>0$, a number or an array.
        inverse_temperature: $\beta_T\ge0$, a number or an array.
        noise_std: $\nu>0$, a number or an array; estimated from ``labels`` when left out.
        student_scale: $\Sigma_S=e\,\Sigma_T$ with $e\ge0$, a number or an array; at zero the bound
            is infinite.
        rank: full when left out or at least $\min(k,\operatorname{rank}X)$, or 0; `dominance_map`
            has the ranks between them.
        null: the student's map on the null space of $X^\top$, "minnorm" or "identity".
        dtype: "float64" or "float32" (twice as fast, relative errors below 1e-5); the spectrum is
            computed in float64 either way.
        progress: called with (settings done, all settings) after every chunk.

    Returns:
        Arrays of the broadcast shape.

    Raises:
        InputError: if anything is missing, out of range or of shapes that do not fit.

    Example:
        >>> import numpy as np
        >>> temperatures = np.array([0.5, 1.0, 2.0])
        >>> grid = decompose_grid(
        ...     [[1.0]], [[0.5]], noise_std=1.0, inverse_temperature=temperatures
        ... )
        >>> print(np.round(grid.divergence, 6))
        [0.256336 0.270048 0.510746]
    """
    _check.dtype("dtype", dtype)
    with jax.enable_x64(True):
        given = {
            "prior_precision": prior_precision,
            "inverse_temperature": inverse_temperature,
            "noise_std": noise_std,
            "student_scale": student_scale,
        }
        arrays = {name: _checked(name, v) for name, v in given.items() if v is not None}
        one_noise = arrays["noise_std"].flat[0] if "noise_std" in arrays else None
        prepared = prepared_design(inputs, true_weights, labels, noise_std=one_noise, null=null)
        arrays.setdefault("noise_std", np.asarray(prepared.design.noise_std))
        settings = _broadcast({name: arrays[name] for name in given})
        spectrum = accurate_spectrum(prepared.design)
        student_rank, regime = closed_form(rank, spectrum, null)
        values = _evaluate(spectrum, settings, regime, null, dtype, progress)
    terms = dict(zip(TERMS, values, strict=False))
    return DecompositionGrid(
        settings=settings,
        terms=terms,
        bound=values[-3],
        mutual_information=values[-2],
        divergence=values[-1],
        rank=student_rank,
        null=null,
        fitted=prepared.fitted,
    )


def _checked(name: str, value: Any) -> np.ndarray:
    """Returns the values of a setting, finite and within its range, in their own shape."""
    shape = np.shape(value)
    values = _check.real_array(name, np.reshape(value, -1), "settings").reshape(shape)
    allows_zero = SETTINGS[name]
    bad = values < 0 if allows_zero else values <= 0
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        _check.refuse(
            name,
            f"{values[where]:g}" + (f" at index {where}" if where else ""),
            "numbers of at least 0" if allows_zero else "positive numbers",
            "Change or leave out such values.",
        )
    return values


def _broadcast(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the settings as read-only views of one shape."""
    try:
        views = np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        _check.refuse(
            "settings",
            f"shapes that do not broadcast: {shapes}",
            "one shape, or axes of length 1 where a setting does not vary",
            "For a grid, give every setting an axis of its own, as in values[:, None].",
        )
    return dict(zip(arrays, views, strict=True))


def _evaluate(
    spectrum: DesignSpectrum,
    settings: dict[str, np.ndarray],
    regime: Rank,
    null: NullConvention,
    dtype: str,
    progress: Callable[[int, int], None] | None,
) -> list[np.ndarray]:
    """Returns the six terms, the bound, the information and the divergence, chunk by chunk."""
    shape = settings["noise_std"].shape
    total = int(np.prod(shape))
    values = np.empty((len(TERMS) + 3, total), dtype)
    # Only s/nu matters: with the largest s as unit, squares stay within the range of float32.
    squared = np.asarray(spectrum.squared_singular_values)
    unit = float(squared.max(initial=0.0)) or 1.0
    active = squared > 0
    fast = regime == "full" and bool((settings["student_scale"] == 1.0).all())
    narrowed = [
        np.asarray(value, dtype)
        for value in (
            squared[active] / unit,
            np.asarray(spectrum.signal)[active],
            spectrum.num_outputs,
            spectrum.num_null,
        )
    ]
    program = _few_sums if fast else _room_functions
    step = min(_CHUNK, -(-total // _IN_CACHE) * _IN_CACHE)
    starts = range(0, total, step)

    def chunk(start: int) -> np.ndarray:
        stop = min(start + step, total)
        rows = np.ones((4, step), dtype)
        for row, name in zip(rows, SETTINGS, strict=True):
            piece = _piece(settings[name], start, stop)
            # nu / sqrt(unit) is squared in float64.
            row[: stop - start] = (piece / unit**0.5) ** 2 if name == "noise_std" else piece
        return rows.reshape(4, -1, _IN_CACHE)

    with jax.enable_x64(dtype == "float64"):
        run = functools.partial(program, regime=regime, null=null)
        results = in_turn(lambda rows: run(*narrowed, rows), map(chunk, starts))
        for start, found in zip(starts, results, strict=True):
            stop = min(start + step, total)
            values[:, start:stop] = found.reshape(len(values), -1)[:, : stop - start]
            if progress is not None:
                progress(stop, total)
    return [row.reshape(shape) for row in values]


def _piece(values: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Returns entries of an array in C order, without flattening all of it."""
    if values.flags.c_contiguous:
        return values.reshape(-1)[start:stop]
    return values[np.unravel_index(np.arange(start, stop), values.shape)]


_static = functools.partial(jax.jit, static_argnames=("regime", "null"))


@_static
def _few_sums(
    squared: Float[Array, "directions"],
    signal: Float[Array, "directions"],
    num_outputs: Float[Array, ""],
    num_null: Float[Array, ""],
    settings: Float[Array, "four blocks settings"],
    *,
    regime: Rank,
    null: NullConvention,
) -> Float[Array, "values blocks settings"]:
    """Returns the values for a full-rank student with the teacher's covariance."""

    def of_block(block: Float[Array, "four settings"]) -> Float[Array, "values settings"]:
        found = setting_terms(
            squared, signal, num_outputs, num_null, *block[:3], copied=null == "identity"
        )
        teacher = (
            found.teacher_bias,
            found.teacher_estimation_noise,
            found.teacher_posterior_variance,
        )
        bound = sum(teacher, found.spread)
        nothing = jnp.zeros_like(bound)
        information = found.mutual_information
        return jnp.stack(
            [*teacher, nothing, found.spread, nothing, bound, information, bound - information]
        )

    return jnp.swapaxes(jax.lax.map(of_block, jnp.swapaxes(settings, 0, 1)), 0, 1)


@_static
def _room_functions(
    squared: Float[Array, "directions"],
    signal: Float[Array, "directions"],
    num_outputs: Float[Array, ""],
    num_null: Float[Array, ""],
    settings: Float[Array, "four blocks settings"],
    *,
    regime: Rank,
    null: NullConvention,
) -> Float[Array, "values blocks settings"]:
    """Returns the values for any student whose covariance is a multiple of the teacher's."""

    def of_setting(setting: Float[Array, "four"]) -> Float[Array, "values"]:
        summary = DesignSpectrum(
            squared_singular_values=squared,
            signal=signal,
            num_outputs=num_outputs,
            num_null=num_null,
            prior_precision=setting[0],
            inverse_temperature=setting[1],
            noise_std=jnp.sqrt(setting[2]),
        )
        scales = {"student_scale": setting[3], "null_scale": setting[3]}
        terms = (
            dataset_shift.teacher_bias(summary),
            dataset_shift.teacher_estimation_noise(summary),
            dataset_shift.teacher_posterior_variance(summary),
            algorithm_shift.bottleneck(summary, rank=regime),
            algorithm_shift.spread(summary, rank=regime, null=null),
            algorithm_shift.covariance_mismatch(summary, **scales),
        )
        options = {"rank": regime, "null": null, **scales}
        return jnp.stack(
            [
                *terms,
                sum(terms[1:], terms[0]),
                algorithm_shift.mutual_information(summary, **options),
                algorithm_shift.divergence_exact(summary, **options),
            ]
        )

    flat = jnp.moveaxis(settings, 0, -1)
    return jnp.moveaxis(jax.lax.map(jax.vmap(of_setting), flat), -1, 0)
