r"""The spectrum of a design to nearly full relative accuracy, whatever its condition.

LAPACK's singular values are off by $\varepsilon s_1$, so that the small ones of a design with
condition number $10^7$ have nine digits. The closed forms weigh every direction by
$s_i^2/(\lambda\nu^2+\beta s_i^2)$, and a small prior precision makes the small directions count as
much as the large ones. `accurate_spectrum` therefore takes one step more:

1. $U$ from an ordinary decomposition, orthonormal to rounding, which is all that is asked of it;
2. $C = X^\top U$ in about 80 bits, by splitting both factors into slices whose products are exact
   in float64 (Ozaki, Ogita, Oishi & Rump, Numer. Algorithms 59, 2012);
3. the columns of $C$ have norms $s_i$ and are orthogonal up to $\varepsilon s_1/s_i$: $C = BD$ with
   $D$ diagonal and $B$ close to orthonormal, which one-sided Jacobi rotations (LAPACK's ``gejsv``)
   decompose with a relative error of a few $\varepsilon$ in every singular value (Demmel & Veselic,
   SIAM J. Matrix Anal. Appl. 13, 1992);
4. the computed $U$ spans the range of $X$ up to $\varepsilon s_1/s_i$ only. Where there is a null
   space, the part of $X$ outside, $X-UC^\top$, again in 80 bits, says how to turn the $u_i$.

This runs on the host, in NumPy: XLA reorders sums, which such splittings do not survive.
"""

from __future__ import annotations

import math

import jax
import numpy as np

from kdtheory import _check
from kdtheory._numerics import cut_singular_values
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign

_WELL_CONDITIONED = 64.0
"""Up to this condition number LAPACK's values are good to a few times 1e-14 as they are."""

_SLICES = 4
"""Slices of 20 bits or more each: 80 bits relative to the largest entry of a row."""


def accurate_spectrum(design: LinearGaussianDesign) -> DesignSpectrum:
    r"""Returns the spectrum of a design, every $s_i$ to a relative error of a few $10^{-15}$.

    What `kdtheory.objects.designs.spectrum` returns, computed on the host; not traceable. Call it
    with float64 enabled: the leaves have JAX's default floating dtype.

    Args:
        design: a design with inputs ``(d, n)``.

    Returns:
        The spectrum, with $\min(d, n)$ directions and the relative rank cut applied.

    Example:
        >>> import jax
        >>> with jax.enable_x64(True):
        ...     design = LinearGaussianDesign.create([[3.0, 4.0], [4.0, 3.0]], [[1.0, 0.0]])
        ...     print(accurate_spectrum(design).squared_singular_values)
        [49.  1.]
    """
    inputs = np.asarray(design.inputs, np.float64)
    left_vectors, singular_values = accurate_left_singular_system(inputs)
    weights = np.asarray(design.true_weights, np.float64)
    return DesignSpectrum(
        squared_singular_values=jax.device_put(singular_values**2),
        signal=jax.device_put(np.sum((weights @ left_vectors) ** 2, axis=0)),
        num_outputs=jax.device_put(np.float64(len(weights))),
        num_null=jax.device_put(np.float64(len(inputs) - np.count_nonzero(singular_values))),
        prior_precision=design.prior_precision,
        inverse_temperature=design.inverse_temperature,
        noise_std=design.noise_std,
    )


def accurate_left_singular_system(
    inputs: _check.FloatArray,
) -> tuple[_check.FloatArray, _check.FloatArray]:
    r"""Returns the $u_i$ (columns) and the $s_i$ of $X$, as accurate as the module says.

    Args:
        inputs: $X$, finite, float64, shape ``(d, n)``.

    Returns:
        ``(d, min(d, n))`` and ``(min(d, n),)``, the $s_i$ decreasing, zero from the rank on.
    """
    num_features, num_samples = inputs.shape
    tall = num_samples > num_features
    core = np.asarray(np.linalg.qr(inputs.T, mode="r")).T if tall else inputs
    left_vectors, computed, _ = np.linalg.svd(core, full_matrices=False)
    singular_values = cut_singular_values(computed, num_features, num_samples)
    rank = int(np.count_nonzero(singular_values))
    if rank == 0 or computed[0] <= _WELL_CONDITIONED * computed[rank - 1]:
        return left_vectors, singular_values
    from scipy.linalg import lapack

    columns = long_product(np.ascontiguousarray(inputs.T), left_vectors[:, :rank])
    # The triangular factor is as accurate as its columns are, each in its own norm.
    found, _, rotation, scale, _, failed = lapack.dgejsv(np.linalg.qr(columns, mode="r"), jobu=3)
    if failed:  # more sweeps than LAPACK allows, which a nearly orthogonal matrix does not need
        return left_vectors, singular_values
    values = found * (scale[0] / scale[1])
    turned = left_vectors[:, :rank] @ rotation
    if rank < num_features:
        basis = left_vectors[:, :rank]
        outside = long_product(-basis, columns.T, start=inputs)
        # The rounding of C lies in the span of U.
        outside -= basis @ (basis.T @ outside)
        turned += outside @ (columns @ rotation) / values**2
    singular_values[:rank] = values
    left_vectors[:, :rank] = turned
    return left_vectors, singular_values


def long_product(
    left: _check.FloatArray, right: _check.FloatArray, *, start: _check.FloatArray | None = None
) -> _check.FloatArray:
    """Returns a matrix product, rounded once from about 80 bits.

    The error of an entry is a rounding of it, plus $2^{-80}$ of the largest entries of its row on
    the left and its column on the right, times the inner dimension.

    Args:
        left: shape ``(m, q)``.
        right: shape ``(q, p)``.
        start: what the product is added to, before rounding; shape ``(m, p)``.

    Returns:
        The product, shape ``(m, p)``.
    """
    pieces_left = _slices(left, axis=1, inner=left.shape[1])
    pieces_right = _slices(right, axis=0, inner=left.shape[1])
    high = np.zeros((left.shape[0], right.shape[1])) if start is None else start
    low = np.zeros_like(high)
    for i, piece in enumerate(pieces_left):
        for other in pieces_right[: _SLICES - i]:
            # An exact product, added without an error (Knuth's two-sum).
            product = piece @ other
            total = high + product
            back = total - high
            low += (high - (total - back)) + (product - back)
            high = total
    return high + low


def _slices(matrix: _check.FloatArray, *, axis: int, inner: int) -> list[_check.FloatArray]:
    """Splits a matrix into slices so short that ``inner`` products of their entries sum exactly."""
    dropped_bits = math.ceil((53 + math.log2(inner)) / 2)
    pieces, rest = [], matrix
    for _ in range(_SLICES):
        largest = np.max(np.abs(rest), axis=axis, keepdims=True)
        _, exponent = np.frexp(largest)
        shift = np.ldexp(1.0, exponent + dropped_bits)
        piece = (rest + shift) - shift
        pieces.append(piece)
        rest = rest - piece
    return pieces
