r"""The linear-Gaussian design of the case study, and the few numbers its closed forms need.

Labels $Y\,|\,X\sim\mathrm{MN}(W^*X, I, \nu^2I)$, prior $\mathrm{MN}(0, I, I/\lambda)$ on the
weights, a Gibbs teacher at inverse temperature $\beta_T$, pseudo labels drawn from the teacher
with the same noise, and a student around the teacher's weights with column covariance $\Sigma_S$.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

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
        inputs: ArrayLike,
        true_weights: ArrayLike,
        *,
        prior_precision: ArrayLike = 1.0,
        inverse_temperature: ArrayLike = 1.0,
        noise_std: ArrayLike = 1.0,
        student_covariance: ArrayLike | None = None,
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
            ValueError: if an array has the wrong shape, is empty or not finite, or a
                hyperparameter is out of its range.

        Example:
            >>> design = LinearGaussianDesign.create([[1.0, 2.0]], [[0.5]], noise_std=0.3)
            >>> design.inputs.shape
            (1, 2)
        """
        _check_matrix("inputs", inputs, "features in rows and samples in columns (d x n)")
        _check_matrix("true_weights", true_weights, "outputs in rows and features in columns")
        _check_weights_match(np.asarray(inputs), np.asarray(true_weights))
        _check_number("prior_precision", prior_precision, allow_zero=False)
        _check_number("inverse_temperature", inverse_temperature, allow_zero=True)
        _check_number("noise_std", noise_std, allow_zero=False)
        if student_covariance is not None:
            _check_covariance(student_covariance, np.shape(inputs)[0])
        return cls(
            inputs=_as_float(inputs),
            true_weights=_as_float(true_weights),
            prior_precision=_as_float(prior_precision),
            inverse_temperature=_as_float(inverse_temperature),
            noise_std=_as_float(noise_std),
            student_covariance=None
            if student_covariance is None
            else _as_float(student_covariance),
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


def _as_float(value: ArrayLike) -> Array:
    # Of numpy's dtype first: jnp.asarray(x, float) would warn about float64 outside x64 mode.
    return jnp.asarray(np.asarray(value, dtype=np.float64))


def _check_matrix(name: str, value: ArrayLike, meaning: str) -> None:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{name}: got an array of {array.dtype}, expected real numbers; "
            f"convert it to floats first"
        )
    if array.ndim != 2:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected a matrix with {meaning}; "
            f"a single row is written [[...]]"
        )
    if 0 in array.shape:
        raise ValueError(f"{name}: got the empty shape {array.shape}, expected {meaning}")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{name}: got {array[row, column]} at row {row}, column {column}, expected finite "
            f"numbers; remove or impute the {len(bad)} entries that are NaN or infinite"
        )


def _check_weights_match(inputs: np.ndarray, true_weights: np.ndarray) -> None:
    if true_weights.shape[1] == inputs.shape[0]:
        return
    message = (
        f"true_weights: got shape {true_weights.shape} for inputs of shape {inputs.shape}, "
        f"expected one column per feature, (k, {inputs.shape[0]})"
    )
    if true_weights.shape[0] == inputs.shape[0]:
        message += "; it looks transposed: pass true_weights.T"
    elif true_weights.shape[1] == inputs.shape[1]:
        message += "; the inputs look transposed: features go in rows, so pass inputs.T"
    raise ValueError(message)


def _check_number(name: str, value: ArrayLike, *, allow_zero: bool) -> None:
    array = np.asarray(value)
    expected = f"a finite number {'>= 0' if allow_zero else '> 0'}"
    if array.ndim != 0 or array.dtype.kind not in "fiu":
        raise ValueError(f"{name}: got {value!r}, expected {expected}")
    number = float(array)
    if not np.isfinite(number) or number < 0 or (number == 0 and not allow_zero):
        raise ValueError(f"{name}: got {number}, expected {expected}")


def _check_covariance(value: ArrayLike, num_features: int) -> None:
    _check_matrix("student_covariance", value, "one row and one column per feature")
    array = np.asarray(value, dtype=np.float64)
    if array.shape != (num_features, num_features):
        raise ValueError(
            f"student_covariance: got shape {array.shape}, expected "
            f"({num_features}, {num_features}), one row and one column per feature"
        )
    scale = float(np.abs(array).max())
    asymmetry = float(np.abs(array - array.T).max())
    # Rounding in float32 is forgiven, anything more is a mistake.
    if asymmetry > 8 * np.finfo(np.float32).eps * scale:
        raise ValueError(
            f"student_covariance: got a matrix that differs from its transpose by {asymmetry:.3g}, "
            f"expected a symmetric one; symmetrise it as (S + S.T) / 2 if that is what you mean"
        )
    smallest = float(np.linalg.eigvalsh((array + array.T) / 2)[0])
    if smallest < -num_features * np.finfo(np.float32).eps * scale:
        raise ValueError(
            f"student_covariance: got smallest eigenvalue {smallest:.3g}, expected a positive "
            f"semidefinite matrix; clip the negative eigenvalues or add a multiple of the identity"
        )
