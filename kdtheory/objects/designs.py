r"""The linear-Gaussian design of the case study, and the few numbers its closed forms need.

Labels $Y\,|\,X\sim\mathrm{MN}(W^*X, I, \nu^2I)$, prior $\mathrm{MN}(0, I, I/\lambda)$ on the
weights, a Gibbs teacher at inverse temperature $\beta_T$, pseudo labels drawn from the teacher
with the same noise, and a student around the teacher's weights with column covariance $\Sigma_S$.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._numerics import cut_singular_values


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class LinearGaussianDesign:
    r"""A fixed design with its hyperparameters. Build it with `create`, which validates.

    Attributes:
        inputs: $X$, one column per sample, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``.
        prior_precision: $\lambda > 0$.
        inverse_temperature: $\beta_T \ge 0$.
        noise_std: $\nu > 0$.
        student_covariance: $\Sigma_S$, shape ``(d, d)``; None stands for $\Sigma_T$.
    """

    inputs: Float[Array, "features samples"]
    true_weights: Float[Array, "outputs features"]
    prior_precision: Float[Array, ""]
    inverse_temperature: Float[Array, ""]
    noise_std: Float[Array, ""]
    student_covariance: Float[Array, "features features"] | None = None

    @classmethod
    def create(
        cls,
        inputs: Any,
        true_weights: Any,
        *,
        prior_precision: Any = 1.0,
        inverse_temperature: Any = 1.0,
        noise_std: Any = 1.0,
        student_covariance: Any | None = None,
    ) -> LinearGaussianDesign:
        r"""Returns a validated design in the default floating dtype.

        Args:
            inputs: $X$, shape ``(d, n)``: features in rows, samples in columns.
            true_weights: $W^*$, shape ``(k, d)``.
            prior_precision: $\lambda > 0$.
            inverse_temperature: $\beta_T \ge 0$ (zero: the teacher is the prior).
            noise_std: $\nu > 0$.
            student_covariance: $\Sigma_S$, symmetric positive semidefinite ``(d, d)``, or None.

        Raises:
            InputError: if an array has the wrong shape, is empty or not finite, or a
                hyperparameter is out of its range.

        Example:
            >>> design = LinearGaussianDesign.create([[1.0, 2.0]], [[0.5]], noise_std=0.3)
            >>> design.inputs.shape
            (1, 2)
        """
        design, weights = check_design_arrays(inputs, true_weights)
        precision = _check.number("prior_precision", prior_precision, low=0.0, open_low=True)
        beta = _check.number("inverse_temperature", inverse_temperature, low=0.0)
        noise = _check.number("noise_std", noise_std, low=0.0, open_low=True)
        covariance = None
        if student_covariance is not None:
            covariance = jax.device_put(
                _check.covariance("student_covariance", student_covariance, design.shape[0])
            )
        return cls(
            inputs=jax.device_put(design),
            true_weights=jax.device_put(weights),
            prior_precision=jax.device_put(np.float64(precision)),
            inverse_temperature=jax.device_put(np.float64(beta)),
            noise_std=jax.device_put(np.float64(noise)),
            student_covariance=covariance,
        )


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class DesignSpectrum:
    r"""What every closed form of the case study needs of a design, and nothing else.

    With $X = \sum_i s_iu_iv_i^\top$ there are $\min(d, n)$ directions, whatever the rank, so that
    shapes are static. A direction beyond the rank has $s_i = 0$ exactly and counts for nothing by
    itself: all $d - \operatorname{rank}X$ null directions are counted in ``num_null``.

    Attributes:
        squared_singular_values: $s_i^2$, shape ``(min(d, n),)``, zero beyond the rank.
        signal: $|W^*u_i|^2$, same shape.
        num_outputs: $k$, a floating leaf so that it can be traced.
        num_null: $d - \operatorname{rank}X$, a floating leaf.
        prior_precision: $\lambda$.
        inverse_temperature: $\beta_T$.
        noise_std: $\nu$.
    """

    squared_singular_values: Float[Array, "directions"]
    signal: Float[Array, "directions"]
    num_outputs: Float[Array, ""]
    num_null: Float[Array, ""]
    prior_precision: Float[Array, ""]
    inverse_temperature: Float[Array, ""]
    noise_std: Float[Array, ""]


@jax.jit
def spectrum(design: LinearGaussianDesign) -> DesignSpectrum:
    r"""Returns the spectrum of a design: one singular value decomposition of $X$.

    Differentiate the closed forms with respect to the spectrum's own fields, not through the
    decomposition, whose derivative does not exist at ties.

    Args:
        design: a design with inputs ``(d, n)``.

    Returns:
        The spectrum, with $\min(d, n)$ directions and the relative rank cut applied.

    Example:
        >>> import numpy as np
        >>> design = LinearGaussianDesign.create(np.diag([2.0, 1.0, 0.0]), np.ones((1, 3)))
        >>> float(spectrum(design).num_null)
        1.0
    """
    left_vectors, singular_values = left_singular_system(design.inputs)
    dtype = design.inputs.dtype
    num_features = design.inputs.shape[0]
    return DesignSpectrum(
        squared_singular_values=singular_values**2,
        signal=jnp.sum((design.true_weights @ left_vectors) ** 2, axis=0),
        num_outputs=jnp.asarray(design.true_weights.shape[0], dtype),
        num_null=num_features - jnp.sum(singular_values > 0, dtype=dtype),
        prior_precision=design.prior_precision,
        inverse_temperature=design.inverse_temperature,
        noise_std=design.noise_std,
    )


def left_singular_system(
    inputs: Float[Array, "features samples"],
) -> tuple[Float[Array, "features directions"], Float[Array, "directions"]]:
    r"""Returns the $u_i$ (columns) and the $s_i$ of $X$ after the relative rank cut.

    With more samples than features the triangular factor of $X^\top$ has the same $u_i$ and $s_i$,
    and the $n\times d$ matrix of the $v_i$ is never built.
    """
    num_features, num_samples = inputs.shape
    core = inputs if num_samples <= num_features else jnp.linalg.qr(inputs.T, mode="r").T
    left_vectors, singular_values, _ = jnp.linalg.svd(core, full_matrices=False)
    return left_vectors, cut_singular_values(singular_values, num_features, num_samples)


def check_design_arrays(
    inputs: Any, *columns: Any, names: tuple[str, ...] = ("inputs", "true_weights")
) -> tuple[_check.FloatArray, ...]:
    r"""Returns $X$ and what belongs to it, after finding out which way round they lie.

    Args:
        inputs: $X$, ``(d, n)``.
        columns: $W^*$, ``(k, d)``, and then perhaps $Y$, ``(k, n)``; each may be None.
        names: what to call them in a refusal.

    Returns:
        Finite float64 arrays, those that were given.

    Raises:
        InputError: if an array is not a finite real matrix or the shapes do not fit; a transposed
            array is recognised as such.
    """
    design = _check.real_array(names[0], inputs, "features", "samples")
    arrays = [design]
    for axis, (name, value) in enumerate(zip(names[1:], columns, strict=False)):
        if value is None:
            continue
        unit = ("features", "samples")[axis]
        array = _check.real_array(name, value, "outputs", unit)
        if array.shape[1] != design.shape[axis]:
            _refuse_orientation(name, array.shape, names[0], design.shape, axis)
        if len(arrays) > 1 and array.shape[0] != arrays[1].shape[0]:
            _check.refuse(
                name,
                f"{array.shape[0]} outputs (rows)",
                f"{arrays[1].shape[0]}, as many as rows of {names[1]}",
                "Check that both are written with outputs in rows.",
            )
        arrays.append(array)
    return tuple(arrays)


def _refuse_orientation(
    name: str, shape: tuple[int, ...], inputs_name: str, inputs_shape: tuple[int, ...], axis: int
) -> NoReturn:
    unit = ("feature", "sample")[axis]
    mend = f"{inputs_name} has features in rows and samples in columns; check both shapes."
    if shape[0] == inputs_shape[axis]:
        mend = f"It looks transposed: use {name}.T."
    elif shape[1] == inputs_shape[1 - axis]:
        mend = f"{inputs_name} looks transposed: features go in rows, so use {inputs_name}.T."
    _check.refuse(
        name,
        f"shape {shape} for {inputs_name} of shape {inputs_shape}",
        f"one column per {unit}, (outputs, {inputs_shape[axis]})",
        mend,
    )
