"""Teachers, their constants and the proxies these give: against definitions and fractions."""

import dataclasses
import itertools
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.integrate

from kdtheory.concentration import variance_proxy
from kdtheory.objects.cosines import CosineTeacher
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.sharpness_aware import perturbed, proxies, regime, worlds

pytestmark = pytest.mark.usefixtures("strict")

# --- cosine worlds ------------------------------------------------------------------------------


def random_teacher(seed, dimensions=2, samples=2):
    rng = np.random.default_rng(seed)
    return CosineTeacher(
        *map(
            jnp.asarray,
            (
                rng.dirichlet(np.ones(2)),
                rng.normal(size=(2, dimensions)),
                rng.uniform(-3, 3, 2),
                rng.normal(size=(2**samples, dimensions)),
                0.75,
            ),
        ),
        samples,
    )


@pytest.mark.parametrize(("dimensions", "samples"), [(1, 2), (2, 2), (3, 1)])
def test_constants_of_cosine_worlds_against_enumeration(dimensions, samples):
    world = random_teacher(dimensions, dimensions, samples)
    found = perturbed.perturbed_teacher(world)
    weights, lines, phases, learned, radius = map(
        np.asarray,
        (world.example_weights, world.directions, world.phases, world.learned, world.radius),
    )
    data = list(itertools.product(range(2), repeat=samples))
    angles = learned @ lines.T - phases
    norms = np.linalg.norm(lines, axis=1)
    moves = [
        np.linalg.norm(one - other)
        for (first, one), (second, other) in itertools.product(
            zip(data, learned, strict=True), repeat=2
        )
        if sum(a != b for a, b in zip(first, second, strict=True)) == 1
    ]
    constants = found.constants
    gradients = [
        np.linalg.norm(line * np.sin(angle) / 2)
        for row in angles
        for line, angle in zip(lines, row, strict=True)
    ]
    np.testing.assert_allclose(constants.movement, samples * max(moves), rtol=1e-14)
    np.testing.assert_allclose(constants.lipschitz, norms.max() / 2, rtol=1e-14)
    np.testing.assert_allclose(constants.gradient, max(gradients), rtol=1e-14)
    np.testing.assert_allclose(constants.smoothness, norms.max() ** 2 / 2, rtol=1e-14)
    assert (constants.num_samples, constants.dimension) == (samples, dimensions)
    np.testing.assert_allclose(found.losses, (1 - np.cos(angles)) / 2, rtol=1e-13, atol=1e-16)
    # The Hessian of the population risk at many points of the balls stays below the bounds.
    rng = np.random.default_rng(0)
    away = rng.normal(size=(400, dimensions))
    away *= radius / np.linalg.norm(away, axis=1, keepdims=True)
    hessians = [
        sum(
            p / 2 * np.outer(a, a) * np.cos(a @ (f + step) - b)
            for p, a, b in zip(weights, lines, phases, strict=True)
        )
        for f in learned
        for step in away * rng.uniform(size=(400, 1)) ** 0.5
    ]
    norm = max(np.linalg.norm(hessian, 2) for hessian in hessians)
    trace = max(np.trace(hessian) for hessian in hessians)
    assert 0.5 * constants.curvature < norm <= constants.curvature
    assert trace <= perturbed.largest_trace(world) <= constants.curvature * dimensions


def test_the_curvature_of_one_loss_is_attained():
    # At f = 1 the angles within 0.5 are 0.5 to 1.5: the largest cosine is cos 0.5; and at f = 2.5,
    # 2 to 3: the largest is cos 2 < 0, the largest absolute one |cos 3|.
    for point, trace, size in ((1.0, np.cos(0.5), np.cos(0.5)), (2.5, np.cos(2), -np.cos(3))):
        world = worlds.teacher_case([1.0, 0.0], [[1.0]] * 2, [0.0] * 2, [[point]] * 2, 0.5, 1)
        curvature = perturbed.perturbed_teacher(world).constants.curvature
        np.testing.assert_allclose(perturbed.largest_trace(world), trace / 2, rtol=1e-14)
        np.testing.assert_allclose(curvature, size / 2, rtol=1e-14)


def test_laws_of_a_teacher_against_enumeration():
    world = perturbed.perturbed_teacher(random_teacher(7))
    weights, losses, rises = map(np.asarray, (world.example_weights, world.losses, world.rises))
    data = list(itertools.product(range(2), repeat=2))
    expected = {
        "weight": [np.prod(weights[list(d)]) for d in data],
        "gap": [losses[i] @ weights - losses[i, list(d)].mean() for i, d in enumerate(data)],
        "sharpness": [rises[i, list(d)].mean() for i, d in enumerate(data)],
    }
    close = {"rtol": 1e-13, "atol": 1e-15}
    np.testing.assert_allclose(perturbed.data_weights(world), expected["weight"], **close)
    np.testing.assert_allclose(perturbed.gap_of(world, world.losses), expected["gap"], **close)
    np.testing.assert_allclose(
        perturbed.empirical_means(world, world.rises), expected["sharpness"], **close
    )


# --- losses given at whole numbers --------------------------------------------------------------


def smoothstep(values, point):
    """The loss at a real point, from its values at -1, 0, ..."""
    left = min(int(np.floor(point)) + 1, len(values) - 2)
    x = point + 1 - left
    rise = 6 * x**5 - 15 * x**4 + 10 * x**3
    return values[left] + (values[left + 1] - values[left]) * rise


def test_node_worlds_against_integrals_and_differences():
    rng = np.random.default_rng(2)
    values = rng.uniform(size=(3, 5))
    choices = np.array([2.0, 0.0, 1.0])
    world = worlds.node_case(rng.dirichlet(np.ones(3)), values, choices, 0.375)
    found = perturbed.perturbed_node_teacher(world)
    losses = [[smoothstep(row, c) for row in values] for c in choices]
    means = [
        [
            scipy.integrate.quad(
                lambda v, row=row: smoothstep(row, v), c - 0.375, c + 0.375, points=[c]
            )[0]
            / 0.75
            for row in values
        ]
        for c in choices
    ]
    np.testing.assert_allclose(found.losses, losses, rtol=1e-15)
    np.testing.assert_allclose(found.losses + found.rises, means, rtol=1e-12)
    # Derivatives of the loss, by differences on a fine grid.
    grid = np.linspace(-1, 3, 40_001)[:-1]
    table = np.array([[smoothstep(row, point) for point in grid[::4]] for row in values])
    step = grid[4] - grid[0]
    slopes, bends = np.diff(table, axis=1) / step, np.diff(table, 2, axis=1) / step**2
    constants = found.constants
    np.testing.assert_allclose(constants.lipschitz, np.abs(slopes).max(), rtol=1e-5)
    np.testing.assert_allclose(constants.smoothness, np.abs(bends).max(), rtol=1e-4)
    assert constants.movement == 2.0
    assert constants.gradient == 0.0
    mean = np.abs(np.asarray(world.example_weights) @ bends).max()
    assert mean <= constants.curvature


def test_the_printed_lemma_14_and_the_bound_made_of_it():
    """Four examples, two remembered and two forgotten, at rho = 1/200."""
    world = dataclasses.replace(
        worlds.remembers_or_forgets([0.25] * 4, 2), radius=jnp.asarray(1 / 200)
    )
    teacher = perturbed.perturbed_node_teacher(world)
    gaps = perturbed.gap_of(teacher, teacher.losses)
    assert gaps.tolist() == [0.75, 0.75, -0.75, -0.75]
    moved = gaps + perturbed.gap_of(teacher, teacher.rises)
    exact = jnp.sqrt(variance_proxy(moved, perturbed.data_weights(teacher)))
    # Perturbed, the gap is 3/4 less a multiple of rho^3 in size: a fair coin.
    np.testing.assert_allclose(exact, 0.75, rtol=1e-6)
    # kappa alpha rho + 1/2 = 3 (10/sqrt 3)/200 + 1/2 = 0.5866.
    printed = proxies.lemma14_printed(teacher.constants)
    np.testing.assert_allclose(printed, 3 * (10 / 3**0.5) / 200 + 0.5, rtol=1e-14)
    assert printed < exact < proxies.lemma14(teacher.constants)
    assert proxies.lemma14_margin(teacher.constants) < 0
    # The student sees what is remembered three times as often: K = log 2 - H(1/4), and its gap,
    # 3/4 (3/4 - 1/4) = 3/8, is above the printed bound; rho is within the regime.
    divergence = np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    rises = teacher.rises @ teacher.example_weights
    student = np.array([3, 3, 1, 1]) / 8
    assert student @ rises > 0
    proxy = printed + proxies.lemma15(teacher.constants)
    bound = 0.25 * rises.sum() + proxy * np.sqrt(2 * divergence)
    assert 0.32 < bound < 0.33 < student @ gaps
    assert regime.largest_radius(teacher.constants, divergence) > 0.2


# --- the proxies, in fractions ------------------------------------------------------------------


def constants_of(**numbers):
    names = [field.name for field in dataclasses.fields(SmoothnessConstants)]
    return SmoothnessConstants(*(jnp.asarray(float(numbers[name])) for name in names))


EXAMPLE = {
    "movement": Fraction(3, 2),
    "lipschitz": Fraction(2),
    "gradient": Fraction(1, 2),
    "smoothness": Fraction(3, 4),
    "curvature": Fraction(1, 2),
    "loss_width": Fraction(5, 4),
    "radius": Fraction(1, 3),
    "num_samples": Fraction(4),
    "dimension": Fraction(3),
}


def test_the_proxies_in_fractions():
    """sqrt(n) c/2 for the largest change c when one example of n = 4 is replaced."""
    kappa, lipschitz, g0, alpha, tau, width, rho, n, p = EXAMPLE.values()
    root = Fraction(2)  # sqrt(4)
    # E|U| = rho 3/4 = 1/4, E|U|^2 = rho^2 3/5 = 1/15; the teacher moves by 3/8.
    norm, square, move = Fraction(1, 4), Fraction(1, 15), Fraction(3, 8)
    # The gradient on the way: 1/2 + 3/4 (3/8)/4, and with U 3/4 (1/4) more.
    way = Fraction(1, 2) + Fraction(9, 128)
    way_moved = way + Fraction(3, 16)

    def of_change(change):
        return float(root * change / 2)

    # Population risk, the other three examples, the example itself.
    def gap(slope, slope_of_others):
        return move * slope + Fraction(3, 4) * move * slope_of_others + width / n

    expected = {
        "lemma13": of_change(2 * move * lipschitz + width / n),
        "lemma13_sharpened": of_change(gap(lipschitz, lipschitz)),
        "lemma13_local": of_change(gap(way, way)),
        "lemma14_printed": of_change(2 * move * (g0 + alpha * rho) + width / n),
        "lemma14": of_change(2 * move * way_moved + width / n),
        "lemma14_sharpened": of_change(gap(way_moved, way_moved)),
        "one_step": of_change(gap(way_moved, way)),
        # Others: alpha E|U| along the move; itself: within alpha E|U|^2/2 of zero on both sides.
        "lemma15_sharpened": of_change(move * alpha * norm + alpha * square / n),
        "lemma15": float((alpha * kappa * rho / 2 + g0 * rho + alpha * rho**2 / 2) / root),
        "lemma16": float(tau * rho**2 / 2),
        "lemma16_dimension": float(tau * square / 2),
        "lemma14_margin": float(4 * rho / (p + 1) - kappa / n),
    }
    constants = constants_of(**EXAMPLE)
    found = {name: getattr(proxies, name)(constants) for name in expected}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-14, err_msg=name)
    convex = of_change(move * alpha * norm + alpha * square / (2 * n))
    np.testing.assert_allclose(proxies.lemma15_sharpened(constants, convex=True), convex)
    # A quadratic with eigenvalues 2, 1, -1: E u' H u/2 = tr H E|U|^2/(2 p) = 2/90.
    np.testing.assert_allclose(proxies.lemma16_trace(constants, jnp.asarray(2.0)), 2 / 90)


def test_a_steep_gradient_leaves_the_global_constant():
    steep = constants_of(**EXAMPLE | {"smoothness": Fraction(100)})
    assert proxies.slope(steep) == proxies.perturbed_slope(steep) == 2.0
    assert proxies.lemma14_sharpened(steep) == proxies.lemma13_sharpened(steep)


# --- the regime ---------------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", [1e-8, 0.1, 3.0])
def test_the_regime_against_the_roots_of_the_difference(divergence):
    """B_std - B_sh as a function of rho, from the printed proxies in 50 digits."""
    kappa, lipschitz, g0, alpha, tau, width, _, n, _ = EXAMPLE.values()
    constants = constants_of(**EXAMPLE)
    with mpmath.workdps(50):
        numbers = kappa, lipschitz, g0, alpha, tau, width, n
        k, big, g, a, t, w, size = (mpmath.mpf(x.numerator) / x.denominator for x in numbers)
        root = mpmath.sqrt(2 * mpmath.mpf(divergence))

        def gain(rho):
            standard = (k * big + w / 2) / mpmath.sqrt(size)
            perturbed_gap = (k * (g + a * rho) + w / 2) / mpmath.sqrt(size)
            sharpness = (a * k * rho / 2 + g * rho + a * rho**2 / 2) / mpmath.sqrt(size)
            return (standard - perturbed_gap - sharpness) * root - t * rho**2 / 2

        expected = mpmath.findroot(gain, (mpmath.mpf(0), mpmath.mpf(2)), solver="anderson")
        half = gain(expected / 2), gain(mpmath.mpf(1) / 3)
    found = regime.largest_radius(constants, divergence)
    np.testing.assert_allclose(found, float(expected), rtol=1e-14)
    at_half = dataclasses.replace(constants, radius=0.5 * found)
    np.testing.assert_allclose(regime.gain(at_half, divergence), float(half[0]), rtol=1e-12)
    # The same difference of the two bounds themselves, at rho = 1/3.
    difference = regime.standard_excess(constants, divergence)
    difference -= regime.sharpness_excess(constants, divergence)
    np.testing.assert_allclose(difference, float(half[1]), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(
        regime.largest_radius(jax.tree.map(lambda x: x.astype(jnp.float32), constants), divergence),
        float(expected),
        rtol=4e-7,
    )


def test_a_regime_that_is_empty_or_without_end():
    full = constants_of(**EXAMPLE)
    assert regime.largest_radius(full, 0.5) > 0
    for changes in ({"lipschitz": Fraction(1, 2)}, {"movement": 0}):
        assert regime.largest_radius(constants_of(**EXAMPLE | changes), 0.5) == 0.0
    assert regime.largest_radius(full, 0.0) == 0.0
    assert regime.largest_radius(full, jnp.inf) == 0.0
    flat = constants_of(**EXAMPLE | {"gradient": 0, "smoothness": 0, "curvature": 0})
    assert regime.largest_radius(flat, 0.5) == jnp.inf
    for bound in (regime.standard_excess, regime.sharpness_excess, regime.local_excess):
        assert bound(full, jnp.inf) == jnp.inf
        assert bound(dataclasses.replace(full, radius=jnp.zeros(())), 0.0) == 0.0


def test_flatness_never_enters_the_largest_gain():
    """The gain falls with the radius and with tau; at rho = 0 it is sqrt(2 K/n) kappa (L - g0)."""
    radii = jnp.linspace(0.0, 1.0, 9)
    constants = constants_of(**EXAMPLE)

    def gains(curvature):
        return jax.vmap(
            lambda radius: regime.gain(
                dataclasses.replace(constants, radius=radius, curvature=jnp.asarray(curvature)), 0.5
            )
        )(radii)

    flat, curved = gains(0.0), gains(0.5)
    assert (jnp.diff(flat) < 0).all()
    assert (curved[1:] < flat[1:]).all()
    # sqrt(2 K/n) = 1/2; kappa (L - g0) = 3/2 * 3/2.
    assert flat[0] == curved[0] == 9 / 8
