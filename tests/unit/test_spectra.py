"""The accurate spectrum against 60 digits and exact rationals, and beside the plain one."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from kdtheory.objects import spectra
from kdtheory.objects.designs import LinearGaussianDesign, spectrum

EPS = 2.0**-52


def graded(d, n, condition, seed):
    """Singular values from 1 to 1/condition, rotated at random on both sides; min(d, n) of them."""
    rng = np.random.default_rng(seed)
    r = min(d, n)
    left, right = (np.linalg.qr(rng.normal(size=(m, r)))[0] for m in (d, n))
    return (left * np.logspace(0, -np.log10(condition), r)) @ right.T


def squared_in_sixty_digits(inputs):
    """Eigenvalues of the smaller Gram matrix of the very same floats, decreasing."""
    with mp.workdps(60):
        matrix = mp.matrix(inputs.tolist())
        gram = matrix * matrix.T if matrix.rows <= matrix.cols else matrix.T * matrix
        return np.array([float(v) for v in mp.eigsy(gram, eigvals_only=True)])[::-1]


@pytest.mark.parametrize("condition", [1e3, 1e7, 1e11])
@pytest.mark.parametrize("shape", [(8, 12), (9, 6), (7, 7)])
def test_every_singular_value_has_its_own_digits(shape, condition):
    inputs = graded(*shape, condition, seed=4)
    found = spectra.accurate_left_singular_system(inputs)[1] ** 2
    # A few roundings each in the product, the cosines and the rotations; squares have twice that.
    np.testing.assert_allclose(found, squared_in_sixty_digits(inputs), rtol=40 * EPS)


def test_the_plain_spectrum_is_the_same_up_to_a_rounding_of_the_largest():
    """In s_i, not in its square: LAPACK's values are off by roundings of the largest of them."""
    weights = np.random.default_rng(0).normal(size=(2, 8))
    for condition in (10.0, 1e7):
        design = LinearGaussianDesign.create(graded(8, 12, condition, seed=1), weights)
        plain, accurate = spectrum(design), spectra.accurate_spectrum(design)
        found = np.sqrt(plain.squared_singular_values)
        expected = np.sqrt(accurate.squared_singular_values)
        np.testing.assert_allclose(found, expected, rtol=0, atol=20 * EPS)
        # Directions turn by a rounding over the distance to their neighbours, a factor 10 here.
        errors = np.abs(plain.signal - accurate.signal) / np.sum(weights**2)
        assert np.all(errors <= 100 * EPS / np.asarray(expected))
        assert plain.num_null == accurate.num_null == 0


def exactly(left, right, start):
    """The product in rationals, added to a start, and rounded once."""
    rows, columns = ([[Fraction(v) for v in row] for row in m] for m in (left, right.T))
    products = [[sum(map(Fraction.__mul__, a, b)) for b in columns] for a in rows]
    added = [
        [Fraction(v) + w for v, w in zip(*r, strict=True)]
        for r in zip(start, products, strict=True)
    ]
    return np.array([[float(v) for v in row] for row in added])


@pytest.mark.parametrize(("slices", "bits"), [(1, 24), (2, 48)])
def test_a_long_product_has_the_bits_of_its_slices(slices, bits):
    """Rows of two blocks, and sums that cancel to 2^-20 and to 2^-44 of their terms.

    Three products: slices of (53 - log2 6)/2, so 25 bits each, and one of them for the roundings.
    """
    rng = np.random.default_rng(0)
    left = rng.normal(size=(300, 3))
    for cancelled in (20, 44):
        right = np.cross(left[0], [[1.0, 0.3, 0.1], [0.2, 1.0, 0.5]]).T
        right += 2.0**-cancelled * rng.normal(size=(3, 2))
        nothing = np.zeros((300, 2))
        found = spectra.long_product(left, right, slices=slices)
        expected = exactly(left, right, nothing)
        dropped = 2.0 ** -(53 + bits) * 100
        assert np.all(np.abs(found - expected) <= EPS / 2 * np.abs(expected) + dropped)
        assert np.abs(expected[0]).max() < 2.0 ** (3 - cancelled)
        # What is left of the product beside its own rounding.
        rest = spectra.long_product(left, right, start=-expected, slices=slices)
        remainder = exactly(left, right, -expected)
        assert np.all(np.abs(rest - remainder) <= EPS / 2 * np.abs(remainder) + dropped)
        assert 0 < np.abs(remainder).max() < 4 * EPS


def test_sums_of_slices_are_exact():
    """Which is why slices are short: the largest products, as many as there are."""
    inner = 1000
    bits = spectra._slice_bits(inner)
    (piece,), _ = spectra._split(np.full((1, inner), 1 - 2.0**-30), 1, axis=1, inner=inner)
    unit = 2.0**-bits
    assert np.all(piece % unit == 0)
    # Two sums of 1000 products, in units of the last bit: below 2^53.
    assert 2 * inner * (piece.max() / unit) ** 2 <= 2.0**53


@pytest.mark.parametrize("share", [1e-9, 1e9])
def test_the_triangular_factor_by_either_way(share):
    """Nearly orthogonal columns of norms 1 to 1e-9; then columns that are parallel up to 1e-9."""
    rng = np.random.default_rng(2)
    frame = np.linalg.qr(rng.normal(size=(20, 5)))[0]
    columns = (frame + share * rng.normal(size=(20, 1))) * np.logspace(0, -9, 5)
    found = spectra._triangular_factor(columns)
    expected = np.linalg.qr(columns, mode="r")
    assert np.all(np.tril(found, -1) == 0)
    signs = np.sign(np.diagonal(found) * np.diagonal(expected))[:, None]
    norms = np.linalg.norm(columns, axis=0)
    np.testing.assert_allclose(signs * found / norms, expected / norms, rtol=0, atol=50 * EPS)
