"""The algorithm shift at intermediate rank, held against independent routes.

Where the second direction says nothing about what is kept, the divergence is a three-dimensional
integral done by quadrature; elsewhere plain nested sampling in original coordinates, closed forms
at the outer ranks, and an interval from the notes on the model.
"""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from kdtheory._random import random_key
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import algorithm_shift
from kdtheory.theorems.linear_gaussian.teacher_range import teacher_range
from kdtheory.theorems.linear_gaussian.truncated import truncated_shift, truncated_shift_within
from kdtheory.theorems.linear_gaussian.worlds import spectrum_case

SETTINGS = {"prior_precision": 0.7, "inverse_temperature": 1.3, "noise_std": 0.8}

# --- the shift ---------------------------------------------------------------------------------


def encloses(found, value):
    low, high = found.interval
    return low <= value <= high


def test_the_outer_ranks_are_the_closed_forms():
    inputs = [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    design = LinearGaussianDesign.create(inputs, [[1.0, 0.5, 3.0, 1.0], [0.0, -1.0, 2.0, 1.0]])
    scales = {"student_scale": [0.5, 2.0, 1.0], "null_scale": 0.3}
    # Two null directions; the same design by its two directions.
    same = spectrum_case([4.0, 1.0], [1.0, 1.25], num_outputs=2.0, num_null=2.0)
    options = {"student_scale": jnp.array([0.5, 2.0]), "null_scale": 0.3}
    for rank, regime in ((0, "zero"), (2, "full"), (3, "full")):
        found = truncated_shift(design, rank, key=random_key(0), **scales)
        assert found.exact
        expected = algorithm_shift.algorithm_shift_exact(same, rank=regime, **options)
        np.testing.assert_allclose(found.interval, [expected] * 2, rtol=1e-12)
        bound = algorithm_shift.algorithm_shift_bound(same, rank=regime, **options)
        np.testing.assert_allclose(found.analytic_bound, bound, rtol=1e-12)
    between = truncated_shift(design, 1, key=random_key(0), num_draws=64, num_inner=4, **scales)
    without = truncated_shift(
        dataclasses.replace(
            design, inputs=design.inputs[:2], true_weights=design.true_weights[:, :2]
        ),
        1,
        key=random_key(0),
        num_draws=64,
        num_inner=4,
        student_scale=[0.5, 2.0],
    )
    # k/2 (e - 1 - log e) for each of two null directions and two outputs.
    null_part = 2 * (0.3 - 1 - math.log(0.3))
    np.testing.assert_allclose(between.upper.mean - without.upper.mean, null_part, rtol=1e-9)


def test_the_interval_of_the_isotropic_example():
    # k = d = n = 2, X = I, W* = 0, nu = beta = 1, lambda = 4: nested sampling with prior draws
    # put the shift of rank one in [0.521, 0.542].
    design = LinearGaussianDesign.create(np.eye(2), np.zeros((2, 2)), prior_precision=4.0)
    found = truncated_shift(design, 1, key=random_key(1), num_draws=4096, num_inner=32)
    assert found.interval[0] <= 0.542
    assert found.interval[1] >= 0.521
    assert found.width < 0.1
    # T_1 is 0.24 (2 - pi/2): variance 0.24 per entry of W_T X, centred.
    expected = 0.24 * (2 - math.pi / 2)
    assert abs(found.tail.mean - expected) < 4 * found.tail.standard_error
    # 1.936 at full rank, less 2 E sum (1/2 - rho) L_i with rho = 1/5 in units of tau = 1/5.
    bound = 1.936 - 0.3 * 5 * expected
    error = found.convexity_bound.standard_error
    assert abs(found.convexity_bound.mean - bound) < 4 * error


def entropy_route(scale, radius):
    """KL(q || N(0, I)) of two outputs, where the student's direction is known up to an angle.

    The angle is that of N(radius e_1, I) and the student N(0, scale I + u u^T).
    """
    count = 128
    angles = np.arange(count) * 2 * np.pi / count
    along = radius * np.cos(angles)
    bulk = 1 + np.sqrt(2 * np.pi) * along * special.ndtr(along) * np.exp(along**2 / 2)
    chance = np.exp(-(radius**2) / 2) * bulk / count
    r = np.linspace(0, 9 * np.sqrt(1 + scale), 2001)[1:, None]
    cosine2 = np.cos(angles) ** 2
    kernel = np.exp(-(r**2) / 2 * (cosine2 / (1 + scale) + (1 - cosine2) / scale))
    kernel /= 2 * np.pi * np.sqrt(scale * (1 + scale))
    density = np.fft.ifft(np.fft.fft(kernel, axis=1) * np.fft.fft(chance)[None]).real
    density = np.maximum(density, 1e-300)
    ratio = np.log(density) + r**2 / 2 + np.log(2 * np.pi)
    integrand = (density * ratio).mean(axis=1) * 2 * np.pi * r[:, 0]
    return np.sum(integrand) * (r[1, 0] - r[0, 0])


SCALE = 0.5


def one_direction_decides():
    """Returns the design X = diag(1, tiny), and its algorithm shift at rank one by quadrature.

    The first direction decides what is kept, and a_2 is standard normal whatever Y-hat. Given the
    kept direction u the student's second column is N(0, e I + u u^T) and the teacher's is N(0, I);
    given Y-hat and the student's first column, a_1 is Gaussian with variance g = ce/(c + e), so
    that u is the direction of a Gaussian around a mean whose length is Rayleigh.
    """
    design = LinearGaussianDesign.create(
        np.diag([1.0, 1e-7]), np.zeros((2, 2)), inverse_temperature=1.3
    )
    # In the first direction everything is Gaussian: s = lambda = nu = 1, beta = 1.3.
    first = algorithm_shift.algorithm_shift_exact(
        spectrum_case([1.0], [0.0], num_outputs=2.0, inverse_temperature=1.3), student_scale=SCALE
    )
    r = 1 / 2.3
    energy = 1 + 1.3 * 1.3 * r
    c = 1 / (1 / energy + r)
    g = c * SCALE / (c + SCALE)
    spread = np.sqrt((energy - g) / g)
    # |mean|^2 / (energy - g) is exponential with mean 2: Gauss-Laguerre nodes for its half.
    nodes, weights = np.polynomial.laguerre.laggauss(12)
    second = weights @ [entropy_route(SCALE, spread * np.sqrt(2 * x)) for x in nodes]
    return design, float(first) + second


def test_the_interval_closes_on_the_value_by_quadrature():
    design, expected = one_direction_decides()
    widths = []
    for num_draws, num_inner in ((256, 4), (4096, 64)):
        options = {"num_draws": num_draws, "num_inner": num_inner, "student_scale": SCALE}
        found = truncated_shift(design, 1, key=random_key(3), **options)
        assert encloses(found, expected), (found.interval, expected)
        widths.append(found.width)
    assert widths[1] < widths[0] / 3
    # The student's information about its teacher is known to a tenth.
    assert widths[1] < (found.convexity_bound.mean - expected) / 10


@pytest.mark.thorough
def test_intervals_cover_as_often_as_they_say():
    design, expected = one_direction_decides()
    options = {"num_draws": 256, "num_inner": 64, "student_scale": SCALE, "level": 0.9}
    found = [truncated_shift(design, 1, key=random_key(seed), **options) for seed in range(40)]
    # Of 40 at 90 per cent, fewer than 29 with probability 4e-4; more is what bounds may do.
    assert sum(encloses(one, expected) for one in found) >= 29


def nested_sampling(design, rank, count, num_inner, seed):
    """Bounds on the shift in original coordinates, with teachers drawn given the pseudo labels."""
    rng = np.random.default_rng(seed)
    inputs, truth = np.asarray(design.inputs), np.asarray(design.true_weights)
    lam, beta, nu = SETTINGS.values()
    outputs, features = truth.shape
    covariance = np.linalg.inv(lam * np.eye(features) + beta / nu**2 * inputs @ inputs.T)
    fit = beta / nu**2 * inputs.T @ covariance
    root = np.linalg.cholesky(covariance)
    shrink = inputs @ fit
    marginal = covariance + fit.T @ fit * nu**2
    precision = np.linalg.inv(marginal) + inputs @ inputs.T / nu**2
    given = np.linalg.inv(precision)
    given_root = np.linalg.cholesky(given)
    whiten = np.linalg.inv(root).T

    def student_means(weights):
        left = np.linalg.svd(weights @ inputs)[0][..., :rank]
        return left @ (np.swapaxes(left, -1, -2) @ weights)

    def log_density(theta, means):
        return -0.5 * np.sum(((theta - means) @ whiten) ** 2, axis=(-1, -2))

    bounds = []
    for _ in range(count):
        labels = truth @ inputs + nu * rng.normal(size=(outputs, inputs.shape[1]))
        teacher = labels @ fit + rng.normal(size=truth.shape) @ root.T
        pseudo = teacher @ inputs + nu * rng.normal(size=labels.shape)
        kept = student_means(teacher)
        theta = kept + rng.normal(size=truth.shape) @ root.T
        centre = (truth @ shrink @ np.linalg.inv(marginal) + pseudo @ inputs.T / nu**2) @ given
        others = centre + rng.normal(size=(num_inner, *truth.shape)) @ given_root.T
        logs = log_density(theta, student_means(others))
        every = np.append(logs, log_density(theta, kept))
        refitted = log_density(theta, pseudo @ fit)
        bounds.append(
            [
                special.logsumexp(logs) - np.log(num_inner) - refitted,
                special.logsumexp(every) - np.log(num_inner + 1) - refitted,
                every[-1] - refitted,
            ]
        )
    return np.array(bounds)


def test_nested_sampling_in_original_coordinates():
    rng = np.random.default_rng(11)
    design = LinearGaussianDesign.create(
        rng.normal(size=(3, 5)), rng.normal(size=(2, 3)), **SETTINGS
    )
    found = truncated_shift(design, 1, key=random_key(5), num_draws=512, num_inner=32)
    bounds = nested_sampling(design, 1, 800, 200, seed=2)
    errors = bounds.std(axis=0) / math.sqrt(len(bounds))
    means = bounds.mean(axis=0)
    assert found.interval[0] <= means[1] + 4 * errors[1]
    assert found.interval[1] >= means[0] - 4 * errors[0]
    # The third column is log phi(Theta; W^0) / q_T: its mean is the convexity bound.
    error = math.hypot(errors[2], found.convexity_bound.standard_error)
    assert abs(means[2] - found.convexity_bound.mean) < 4 * error
    # 32 proposals near the mode close the sandwich further than 200 draws of the posterior.
    assert found.upper.mean - found.lower.mean < means[1] - means[0]


def fixed_design_gap(design, rank, count, seed):
    """The student's gap from its definition: losses on the labels that trained the teacher, and
    on fresh labels of the same inputs. The student is trained on pseudo labels."""
    rng = np.random.default_rng(seed)
    inputs, truth = np.asarray(design.inputs), np.asarray(design.true_weights)
    lam, beta, nu = SETTINGS.values()
    covariance = np.linalg.inv(lam * np.eye(len(inputs)) + beta / nu**2 * inputs @ inputs.T)
    root = np.linalg.cholesky(covariance)
    shape = (count, len(truth), inputs.shape[1])
    labels = truth @ inputs + nu * rng.normal(size=shape)
    mean = beta / nu**2 * labels @ inputs.T @ covariance
    teacher = mean + rng.normal(size=mean.shape) @ root.T
    predicted = teacher @ inputs
    left = np.linalg.svd(predicted)[0][..., :rank]
    kept = left @ (np.swapaxes(left, -1, -2) @ predicted)
    noise = rng.normal(size=mean.shape) @ root.T @ inputs
    # Its own data are the pseudo labels; the risk is that of true labels.
    pseudo = predicted + nu * rng.normal(size=shape)
    fresh = truth @ inputs + nu * rng.normal(size=shape)
    student = kept + noise
    gaps = np.sum((fresh - student) ** 2 - (pseudo - student) ** 2, axis=(1, 2))
    return gaps / inputs.shape[1]


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_the_generalisation_gap_is_that_of_the_definition(rank):
    rng = np.random.default_rng(13)
    design = LinearGaussianDesign.create(
        rng.normal(size=(2, 5)), rng.normal(size=(2, 2)), **SETTINGS
    )
    found = truncated_shift(design, rank, key=random_key(5), num_draws=512, num_inner=2)
    gaps = fixed_design_gap(design, rank, 200_000, seed=4)
    error = gaps.std() / math.sqrt(len(gaps))
    gap = found.generalisation_gap
    assert abs(gap.mean - gaps.mean()) < 4 * math.hypot(error, gap.standard_error)


# --- what a user meets -------------------------------------------------------------------------


def isotropic():
    return LinearGaussianDesign.create(np.eye(2), np.ones((2, 2)))


def test_the_same_key_gives_the_same_numbers_and_a_prepared_teacher_too():
    options = {"num_draws": 32, "num_inner": 2}
    first = truncated_shift(isotropic(), 1, key=random_key(2), **options)
    assert truncated_shift(isotropic(), 1, key=random_key(2), **options) == first
    assert truncated_shift(teacher_range(isotropic()), 1, key=random_key(2), **options) == first
    assert truncated_shift(isotropic(), 1, key=random_key(3), **options) != first


def test_a_higher_level_gives_a_wider_interval_within_the_analytic_bound():
    options = {"key": random_key(2), "num_draws": 64, "num_inner": 2}
    narrow = truncated_shift(isotropic(), 1, level=0.9, **options)
    wide = truncated_shift(isotropic(), 1, level=0.999, **options)
    assert narrow.lower == wide.lower
    assert wide.width > narrow.width
    # Two-sided 90 per cent is 1.6449 deviations on either side.
    expected = narrow.lower.mean - 1.6449 * narrow.lower.standard_error
    np.testing.assert_allclose(narrow.interval[0], expected, rtol=1e-4)
    assert 0 <= wide.interval[0] <= wide.interval[1] <= wide.analytic_bound


def test_doubling_until_it_is_narrow_or_the_budget_is_spent():
    seen = []
    found = truncated_shift_within(
        isotropic(),
        1,
        key=random_key(2),
        tolerance=0.3,
        num_draws=64,
        num_inner=2,
        progress=seen.append,
    )
    assert seen[-1] is found
    assert found.width <= 0.3 < seen[0].width
    for before, after in zip(seen, seen[1:], strict=False):
        doubled = (
            after.lower.num_draws / before.lower.num_draws,
            after.num_inner / before.num_inner,
        )
        assert doubled in ((2, 1), (1, 2))
    poor = truncated_shift_within(
        isotropic(),
        1,
        key=random_key(2),
        tolerance=1e-6,
        num_draws=64,
        num_inner=2,
        max_evaluations=256,
    )
    assert poor.lower.num_draws * poor.num_inner == 256
    assert poor.width > 1e-6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"student_scale": 0.0}, "infinite"),
        ({"student_scale": [1.0]}, "one for each of 2"),
        ({"num_inner": 0}, "at least 1"),
        ({"num_draws": 3}, "at least 16"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"rank": -1}, "at least 0"),
        ({"null_scale": 0.0}, "> 0"),
    ],
)
def test_refusals(changes, words):
    options = {"rank": 1, "key": random_key(0), **changes}
    with pytest.raises(ValueError, match=words):
        truncated_shift(isotropic(), **options)


def test_a_covariance_of_its_own_is_refused():
    design = dataclasses.replace(isotropic(), student_covariance=jnp.eye(2))
    with pytest.raises(ValueError, match="student_scale"):
        truncated_shift(design, 1, key=random_key(0))


def test_more_than_there_is_room_for_is_refused_before_anything_is_drawn():
    """50 (100 - 50) moves of 100 x 70 numbers: 17.5 million, 140 MB each of several arrays."""
    design = LinearGaussianDesign.create(np.eye(70), np.ones((100, 70)))
    with pytest.raises(ValueError, match=r"17,500,000.*dominance_map"):
        truncated_shift(design, 50, key=random_key(0))
