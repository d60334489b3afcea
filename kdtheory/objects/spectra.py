r"""The spectrum of a design to nearly full relative accuracy, whatever its condition.

LAPACK's singular values are off by $\varepsilon s_1$, so that the small ones of a design with
condition number $10^7$ have nine digits. The closed forms weigh every direction by
$s_i^2/(\lambda\nu^2+\beta s_i^2)$, and a small prior precision makes the small directions count as
much as the large ones. `accurate_spectrum` therefore takes one step more:

1. $U$ from an ordinary decomposition, orthonormal to rounding, which is all that is asked of it;
2. $C = X^\top U$ in 53 bits and as many more as the condition number has, by splitting off slices
   whose products are exact in float64 (Ozaki, Ogita, Oishi & Rump, Numer. Algorithms 59, 2012);
3. the columns of $C$ have norms $s_i$ and are orthogonal up to $\varepsilon s_1/s_i$: $C = BD$ with
   $D$ diagonal and $B$ close to orthonormal, which one-sided Jacobi rotations (LAPACK's ``gejsv``)
   decompose with a relative error of a few $\varepsilon$ in every singular value (Demmel & Veselic,
   SIAM J. Matrix Anal. Appl. 13, 1992);
4. the computed $U$ spans the range of $X$ up to $\varepsilon s_1/s_i$ only. Where there is a null
   space, the part of $X$ outside, $X-UC^\top$, just as accurate, says how to turn the $u_i$.

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

_ROWS = 256
"""Rows of a product that are formed at once: its slices stay in the cache."""


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

    # Every column gets the 53 bits of its own norm, and three more.
    bits = math.log2(8 * computed[0] / computed[rank - 1])
    slices = math.ceil(bits / _slice_bits(num_features))
    columns = long_product(inputs.T, left_vectors[:, :rank], slices=slices)
    # A triangular factor is as accurate as its columns are, each in its own norm.
    found, _, rotation, scale, _, failed = lapack.dgejsv(_triangular_factor(columns), jobu=3)
    if failed:  # more sweeps than LAPACK allows, which a nearly orthogonal matrix does not need
        return left_vectors, singular_values
    values = found * (scale[0] / scale[1])
    turned = left_vectors[:, :rank] @ rotation
    if rank < num_features:
        basis = left_vectors[:, :rank]
        outside = long_product(-basis, columns.T, start=inputs, slices=slices)
        # The rounding of C lies in the span of U.
        outside -= basis @ (basis.T @ outside)
        tilt = outside @ (columns @ rotation) / values**2
        stretch = np.sqrt(1 + np.sum(tilt**2, axis=0))
        turned, values = (turned + tilt) / stretch, values * stretch
    singular_values[:rank] = values
    left_vectors[:, :rank] = turned
    return left_vectors, singular_values


def _triangular_factor(columns: _check.FloatArray) -> _check.FloatArray:
    r"""Returns $R$ with $C = QR$, as accurate as Householder's for nearly orthogonal columns.

    The cosines between the columns have a condition number below three then, whatever the norms,
    and their Cholesky factor costs a quarter of what reflections cost.
    """
    squares = columns.T @ columns
    norms = np.sqrt(np.diagonal(squares))
    cosines = squares / np.outer(norms, norms)
    if np.max(np.sum(np.abs(cosines), axis=0)) > 1.5:
        return np.asarray(np.linalg.qr(columns, mode="r"))
    return np.linalg.cholesky(cosines).T * norms


def long_product(
    left: _check.FloatArray,
    right: _check.FloatArray,
    *,
    start: _check.FloatArray | None = None,
    slices: int = 2,
) -> _check.FloatArray:
    r"""Returns a matrix product, rounded once from many bits.

    With $A=A_1+\dots+A_L+A'$ and $B=B_1+\dots+B_L+B'$ in slices of ever smaller numbers and what is
    left, the products of slices are exact; the rounding of what remains of $AB$ is as much smaller
    than that of $AB$ as $L$ slices have bits. The error of an entry is a rounding of it, plus
    $2^{-53}$ and those bits less of the largest entries of its row on the left and its column on
    the right, times the inner dimension.

    Args:
        left: $A$, shape ``(m, q)``.
        right: $B$, shape ``(q, p)``.
        start: what the product is added to, before rounding; shape ``(m, p)``.
        slices: $L$; $(53-\log_2 2q)/2$ bits each. It takes $(L+1)(L+2)/2$ ordinary products.

    Returns:
        The product, shape ``(m, p)``.
    """
    inner = left.shape[1]
    others, rests = _split(right, slices, axis=0, inner=inner)
    below = [np.concatenate(others[level::-1]) for level in range(slices)]
    below.append(np.concatenate(rests[::-1]))
    found = np.zeros((len(left), right.shape[1])) if start is None else np.array(start)
    for begin in range(0, len(left), _ROWS):
        rows = slice(begin, begin + _ROWS)
        own, remainders = _split(left[rows], slices, axis=1, inner=inner)
        pieces = np.concatenate([*own, remainders[-1]], axis=1)
        high, low = found[rows], np.zeros_like(found[rows])
        for factor in below:
            # Slices 0, 1, ... times slices ..., 1, 0, added without an error (two-sum of Knuth).
            product = pieces[:, : len(factor)] @ factor
            total = high + product
            back = total - high
            low += (high - (total - back)) + (product - back)
            high = total
        found[rows] = high + low
    return found


def _slice_bits(inner: int) -> int:
    """Returns how long slices may be, so that a sum of 2 ``inner`` products is exact."""
    return math.floor((53 - math.log2(2 * inner)) / 2)


def _split(
    matrix: _check.FloatArray, slices: int, *, axis: int, inner: int
) -> tuple[list[_check.FloatArray], list[_check.FloatArray]]:
    """Returns slices of a matrix, and what is left after none, one, ... and all of them."""
    pieces, rests = [], [matrix]
    for _ in range(slices):
        largest = np.max(np.abs(rests[-1]), axis=axis, keepdims=True)
        _, exponent = np.frexp(largest)
        shift = np.ldexp(1.0, exponent + 53 - _slice_bits(inner))
        pieces.append((rests[-1] + shift) - shift)
        rests.append(rests[-1] - pieces[-1])
    return pieces, rests
