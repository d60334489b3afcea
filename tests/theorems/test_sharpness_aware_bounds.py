"""Perturbed processes: against enumeration, integration over the ball, and scipy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.special

from kdtheory import _check
from kdtheory.objects.cosines import CosineProcess
from kdtheory.theorems.distillation_divergence import process_terms
from kdtheory.theorems.sharpness_aware import bounds, perturbed, worlds

# --- what a perturbation does, from the definitions ---------------------------------------------


def disc_mean(function, centre, radius):
    """The mean of a function over the interval, or the disc, around a point: product rules."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    if len(centre) == 1:
        return weights / 2 @ [function(centre + radius * node) for node in nodes]
    # With r = sqrt(s), s uniform in [0, 1], and equally spaced angles.
    total = 0.0
    angles = 2 * np.pi * (np.arange(80) + 0.5) / 80
    for s, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        away = radius * np.sqrt(s) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        total += w * np.mean([function(centre + step) for step in away])
    return total


def random_world(seed, dimensions, samples=2):
    rng = np.random.default_rng(seed)
    rows = 2**samples
    law = rng.dirichlet(np.ones(2 * rows)).reshape(rows, 2)
    return CosineProcess.create(
        rng.dirichlet(np.ones(2)),
        rng.normal(size=(2, dimensions)),
        rng.uniform(-3, 3, 2),
        rng.normal(size=(2, dimensions)),
        0.8,
        rng.dirichlet(np.ones(2), rows),
        law,
        num_samples=samples,
    )


@pytest.mark.parametrize("dimensions", [1, 2])
def test_gaps_and_sharpness_against_enumeration(dimensions):
    world = random_world(dimensions, dimensions)
    weights, points = np.asarray(world.example_weights), np.asarray(world.hypotheses)

    def loss(point, z):
        angle = np.asarray(world.directions)[z] @ point - float(world.phases[z])
        return (1 - np.cos(angle)) / 2

    plain = np.array([[loss(point, z) for z in range(2)] for point in points])
    radius = float(world.radius)
    moved = np.array(
        [[disc_mean(lambda v, z=z: loss(v, z), f, radius) for z in range(2)] for f in points]
    )
    expected = {"gap": [], "sharpness": [], "perturbed": []}
    for data in itertools.product(range(2), repeat=2):
        own, own_moved = (table[:, list(data)].mean(axis=1) for table in (plain, moved))
        expected["gap"].append(plain @ weights - own)
        expected["sharpness"].append(own_moved - own)
        expected["perturbed"].append(moved @ weights - own_moved)
    found = perturbed.perturbed_process(world)
    population = moved @ weights - plain @ weights
    close = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(perturbed.population_sharpness(found), population, **close)
    np.testing.assert_allclose(perturbed.empirical_sharpness(found), expected["sharpness"], **close)
    np.testing.assert_allclose(perturbed.perturbed_gaps(found), expected["perturbed"], **close)
    shifted = np.array(expected["gap"]) + 0.75 * population
    np.testing.assert_allclose(perturbed.shifted_gaps(found, 0.75), shifted, **close)
    # h_U + S_D = h + S_P.
    both = np.array(expected["perturbed"]) + np.array(expected["sharpness"])
    np.testing.assert_allclose(perturbed.shifted_gaps(found), both, **close)


# --- the bounds, from their formulas, in NumPy --------------------------------------------------


def pieces(world):
    """(P, Q, h, h_U, S_D, S_P) as flat arrays, with S_P one entry per pair."""
    process = world.process
    weights = np.asarray(process.example_weights)
    data = list(itertools.product(range(len(weights)), repeat=process.num_samples))
    law = np.array([np.prod(weights[list(d)]) for d in data])[:, None] * process.teacher_kernel
    losses, moved = np.asarray(process.losses), np.asarray(process.losses + world.rises)
    own = np.array([losses[:, list(d)].mean(axis=1) for d in data])
    own_moved = np.array([moved[:, list(d)].mean(axis=1) for d in data])
    gap, gap_moved = losses @ weights - own, moved @ weights - own_moved
    sharpness = np.broadcast_to((moved - losses) @ weights, own.shape)
    tables = law, process.student_law, gap, gap_moved, own_moved - own, sharpness
    return [np.asarray(table).reshape(-1) for table in tables]


def proxy(values, law):
    """sup of 2 psi(l)/l^2 over l > 0: a dense grid, and a bounded search around its best."""
    centred = values - law @ values

    def negative(log_argument):
        argument = np.exp(log_argument)
        return -2 * np.log(law @ np.exp(argument * centred)) / argument**2

    grid = np.linspace(-3, 6, 400)
    best = grid[np.argmin([negative(point) for point in grid])]
    found = scipy.optimize.minimize_scalar(
        negative, bounds=(best - 0.05, best + 0.05), method="bounded", options={"xatol": 1e-9}
    )
    return max(-found.fun, law @ centred**2)


def chernoff(values, law, divergence):
    def bound(log_argument):
        argument = np.exp(log_argument)
        return (divergence + scipy.special.logsumexp(argument * values, b=law)) / argument

    found = scipy.optimize.minimize_scalar(
        bound, bounds=(-6, 25), method="bounded", options={"xatol": 1e-10}
    )
    return found.fun


def helpful():
    """A world where sharpness helps: the worst tilt has a negative mean sharpness."""
    world = CosineProcess.create(
        [0.5, 0.5],
        [[0.5], [2.0]],
        [0.0, 5.5],
        [[1.0], [0.2]],
        1.0,
        [[0.5, 0.5]] * 2,
        [[0.25, 0.25]] * 2,
        num_samples=1,
    )
    return perturbed.tilted(perturbed.perturbed_process(world), 3.0, 3.0)


@pytest.mark.parametrize("seed", [None, 3])
def test_the_bounds_against_their_formulas(seed):
    world = helpful() if seed is None else perturbed.perturbed_process(random_world(seed, 2))
    law, student, gap, gap_moved, empirical, sharpness = pieces(world)
    divergence = np.sum(student * np.log(student / law))
    root = np.sqrt(2 * divergence)
    mean = law @ (gap + sharpness)
    roots = [np.sqrt(proxy(values, law)) for values in (gap_moved, empirical)]
    expected = mean + sum(roots) * root
    np.testing.assert_allclose(bounds.theorem12(world), expected, rtol=1e-9)
    expected = mean + np.sqrt(proxy(gap + sharpness, law)) * root
    np.testing.assert_allclose(bounds.one_step(world), expected, rtol=1e-9)
    for weight in (0.0, 1.0, 2.5):
        expected = chernoff(gap + weight * sharpness, law, divergence)
        np.testing.assert_allclose(bounds.chernoff_family(world, weight), expected, rtol=1e-9)


def test_the_best_weight_is_the_worst_student():
    """The primal problem: the largest gap of a law at the divergence that satisfies (i)."""
    world = helpful()
    law, student, gap, _, _, sharpness = pieces(world)
    divergence = np.sum(student * np.log(student / law))
    constraints = (
        {"type": "eq", "fun": lambda q: q.sum() - 1},
        {"type": "ineq", "fun": lambda q: divergence - np.sum(q * np.log(q / law))},
        {"type": "ineq", "fun": lambda q: q @ sharpness},
    )
    found = scipy.optimize.minimize(
        lambda q: -q @ gap,
        student,
        bounds=[(1e-9, 1)] * len(law),
        constraints=constraints,
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.success
    np.testing.assert_allclose(bounds.worst_case(world), -found.fun, rtol=1e-7)
    assert bounds.worst_case(world) < bounds.chernoff_family(world, 0.0) - 0.06
    # The derivative of the bound in t is the mean sharpness of the tilt: zero at the best one.
    slope = jax.grad(lambda t: bounds.chernoff_family(world, t))(bounds.best_weight(world))
    assert abs(slope) < 1e-10


def test_where_condition_i_does_not_help_the_best_weight_is_zero():
    world = worlds.infinite()
    assert bounds.best_weight(world) == 0.0
    assert bounds.worst_case(world) == np.inf
    assert bounds.theorem12(world) == bounds.one_step(world) == np.inf
    assert bounds.best_weight(worlds.at_the_bottom()) == 0.0
    # Nobody satisfies (i) at a maximum: the bounds are below every gap.
    assert bounds.worst_case(worlds.at_the_top()) < -1e5


def test_condition_i_is_needed():
    # One loss, one hypothesis at its maximum: E sin(pi + U) = sin(1) cos(pi) around.
    world = CosineProcess.create(
        [1.0], [[1.0]], [0.0], [[np.pi]], 1.0, [[1.0]], [[1.0]], num_samples=1
    )
    found = perturbed.perturbed_process(world)
    np.testing.assert_allclose(bounds.theorem12(found), -(1 - np.sin(1.0)) / 2, rtol=1e-13)
    assert process_terms.student_gap(found.process) == 0.0


@pytest.mark.thorough
def test_four_hundred_processes():
    """Whoever satisfies (i) is below every bound, and the bounds are in their order."""
    domain = worlds.perturbed_processes((2, 1, 2))
    points = np.random.default_rng(11).normal(size=(400, domain.dimension))

    @jax.jit
    @jax.vmap
    def run(point):
        world = domain.instance(domain.parametrize(point))
        return {
            "gap": process_terms.student_gap(world.process),
            "sharpness": perturbed.student_sharpness(world),
            "worst": bounds.worst_case(world),
            "plain": bounds.chernoff_family(world, 0.0),
            "family": bounds.chernoff_family(world, 1.0),
            "one step": bounds.one_step(world),
            "two steps": bounds.theorem12(world),
        }

    found = {name: np.asarray(values) for name, values in run(jnp.asarray(points)).items()}
    admissible = found["sharpness"] >= 0
    assert 80 < admissible.sum() < 360
    near = 1e-12
    assert (found["gap"] <= found["worst"] + near)[admissible].all()
    finite = np.isfinite(found["plain"])
    for low, high in itertools.pairwise(("family", "one step", "two steps")):
        assert (found[low] <= found[high] + near)[finite].all()
    for other in ("plain", "family"):
        assert (found["worst"] <= found[other] + 1e-9)[finite].all()
    # It can help much, and the two-step bound can be worse than the plain one.
    assert (found["worst"] < found["plain"] - 0.1)[finite & admissible].any()
    assert (found["two steps"] > found["plain"] + 0.1)[finite & admissible].any()


# --- what is refused ----------------------------------------------------------------------------


def test_worlds_that_are_refused():
    good = {
        "example_weights": [1.0],
        "directions": [[1.0, 0.0]],
        "phases": [0.0],
        "hypotheses": [[0.0, 0.0]],
        "radius": 1.0,
        "teacher_kernel": [[1.0]],
        "student_law": [[1.0]],
    }
    bad = [
        ("radius", 65.0, "radius: got 65, which turns a loss by 65; expected"),
        ("radius", -1.0, "radius: got -1; expected a number >= 0"),
        ("hypotheses", [[0.0]], r"directions: got shape \(1, 2\); expected \(1, 1\)"),
        ("phases", [0.0, 0.0], r"directions: got shape \(1, 2\); expected \(2, 2\)"),
    ]
    for name, value, message in bad:
        with pytest.raises(_check.InputError, match=message):
            CosineProcess.create(**{**good, name: value}, num_samples=1)
    grouped = {"example_weights": [0.5, 0.5], "directions": [[1.0], [1.0]], "phases": [0.0, 1.0]}
    kernel = {"teacher_kernel": [[1.0]] * 3, "student_law": [[1.0], [0.0], [0.0]]}
    with pytest.raises(_check.InputError, match="got 3 rows, one per type of data set"):
        CosineProcess.create(**grouped, hypotheses=[[0.0]], radius=1.0, **kernel, num_samples=2)
