"""The bounds on the student's gap: against plain NumPy and scipy, and on ten thousand processes."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special

from kdtheory.objects.processes import (
    DistillationProcess,
    gaps,
    mirrored,
    teacher_law,
    tilted,
)
from kdtheory.theorems.distillation_divergence import bounds, process_terms, worlds

COUNT = 10_000
NAMES = (
    "theorem8 theorem8_one_sided chernoff pushforward binary_kl pinsker bretagnolle_huber"
    " chi_square individual_sample"
)
UNCONDITIONAL = {name: getattr(bounds, name) for name in NAMES.split()}
"""Those that need no shared inputs."""


def process_of(generator, m, n, hypotheses, concentration=1.0, inputs=None):
    rows = m**n
    law = generator.dirichlet(np.full(rows * hypotheses, concentration))
    return DistillationProcess.create(
        generator.dirichlet(np.ones(m)),
        generator.uniform(size=(hypotheses, m)),
        generator.dirichlet(np.ones(hypotheses), size=rows),
        law.reshape(rows, hypotheses),
        num_samples=n,
        inputs=inputs,
    )


# --- every bound, from its definition -----------------------------------------------------------


def chernoff(values, probs, divergence):
    """min over l of (K + log E e^{l X}) / l, by scipy over log l."""

    def bound(log_argument):
        argument = math.exp(log_argument)
        return (divergence + special.logsumexp(argument * values, b=probs)) / argument

    grid = np.linspace(-8, 8, 161)
    best = grid[np.argmin([bound(u) for u in grid])]
    found = optimize.minimize_scalar(
        bound, bounds=(best - 0.2, best + 0.2), method="bounded", options={"xatol": 1e-12}
    )
    return found.fun


def largest_proxy(values, probs, signs):
    """sup over l of 2 psi(l)/l^2 on a fine grid, refined by scipy."""
    mean = probs @ values
    best = probs @ (values - mean) ** 2
    for sign in signs:

        def ratio(log_argument, sign=sign):
            argument = sign * math.exp(log_argument)
            log_mgf = special.logsumexp(argument * (values - mean), b=probs)
            return 2 * log_mgf / argument**2

        grid = np.linspace(-4, 6, 401)
        top = grid[np.argmax([ratio(u) for u in grid])]
        found = optimize.minimize_scalar(
            lambda u: -ratio(u),  # noqa: B023
            bounds=(top - 0.05, top + 0.05),
            method="bounded",
        )
        best = max(best, -found.fun)
    return best


def binary_kl_inverse(p, divergence):
    """The largest q with kl(p, q) <= K in the order that bounds E_Q by E_P: kl(q || p) = K."""

    def excess(q):
        return special.rel_entr(q, p) + special.rel_entr(1 - q, 1 - p) - divergence

    return 1.0 if excess(1.0) < 0 else optimize.brentq(excess, p, 1.0, xtol=1e-15)


def kl(p, q):
    return float(np.sum(special.rel_entr(p, q)))


def expected_bounds(process):
    """Every bound once more, from NumPy arrays and the definitions in words."""
    h = np.asarray(gaps(process)).ravel()
    p, q = np.asarray(teacher_law(process)).ravel(), np.asarray(process.student_law).ravel()
    mean, divergence = p @ h, kl(q, p)
    low, width = h.min(), h.max() - h.min()
    values, index = np.unique(np.round(h, 13), return_inverse=True)
    pushed = kl(np.bincount(index, q, len(values)), np.bincount(index, p, len(values)))
    n, m = process.num_samples, len(process.example_weights)
    rows = np.array(list(itertools.product(range(m), repeat=n)))
    losses, weights = np.asarray(process.losses), np.asarray(process.example_weights)
    single = []
    for place in range(n):
        pairs = {
            (z, f): (
                np.asarray(teacher_law(process))[rows[:, place] == z, f].sum(),
                np.asarray(process.student_law)[rows[:, place] == z, f].sum(),
                losses[f] @ weights - losses[f, z],
            )
            for z in range(m)
            for f in range(len(losses))
        }
        taught, seen, own = map(np.array, zip(*pairs.values(), strict=True))
        single.append(chernoff(own, taught, kl(seen, taught)))
    return {
        "theorem8": mean + math.sqrt(2 * divergence * largest_proxy(h, p, (1, -1))),
        "theorem8_one_sided": mean + math.sqrt(2 * divergence * largest_proxy(h, p, (1,))),
        "chernoff": chernoff(h, p, divergence),
        "pushforward": chernoff(h, p, pushed),
        "binary_kl": low + width * binary_kl_inverse((mean - low) / width, divergence),
        "pinsker": mean + width * math.sqrt(divergence / 2),
        "bretagnolle_huber": mean + width * math.sqrt(1 - math.exp(-divergence)),
        "chi_square": mean + math.sqrt(p @ (h - mean) ** 2 * np.sum((q - p) ** 2 / p)),
        "individual_sample": np.mean(single),
    }


@pytest.mark.parametrize("sizes", [(3, 2, 2), (2, 3, 2)])
def test_bounds_are_what_they_are_said_to_be(sizes):
    process = process_of(np.random.default_rng(11), *sizes)
    expected = expected_bounds(process)
    assert set(expected) == set(UNCONDITIONAL)
    found = jax.jit(lambda given: {name: f(given) for name, f in UNCONDITIONAL.items()})(process)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-9), name


def test_bounds_given_the_inputs():
    """Given each sequence of inputs on its own, in NumPy."""
    generator = np.random.default_rng(3)
    domain = worlds.input_processes((2, 2, 2, 2))
    parts = [
        generator.dirichlet(np.ones(part.shape[-1]), part.shape[:-1])
        if part.kind == "simplex"
        else generator.uniform(size=part.shape)
        for part in domain.parts
    ]
    process = domain.instance(tuple(map(jnp.asarray, parts)))
    h, p = np.asarray(gaps(process)), np.asarray(teacher_law(process))
    q = np.asarray(process.student_law)
    rows = [tuple(z // 2 for z in row) for row in itertools.product(range(4), repeat=2)]
    groups = sorted(set(rows))
    members = [[i for i, row in enumerate(rows) if row == group] for group in groups]
    weights = np.array([p[own].sum() for own in members])
    assert np.allclose(weights, [q[own].sum() for own in members], atol=1e-14)
    given = [p[own] / w for own, w in zip(members, weights, strict=True)]
    student = [q[own] / w for own, w in zip(members, weights, strict=True)]
    total = kl(q.ravel(), p.ravel())

    def shared(log_argument):
        argument = math.exp(log_argument)
        logs = [
            special.logsumexp(argument * h[own], b=law)
            for own, law in zip(members, given, strict=True)
        ]
        return (total + weights @ np.array(logs)) / argument

    expected = optimize.minimize_scalar(
        shared, bounds=(-6, 8), method="bounded", options={"xatol": 1e-11}
    )
    assert float(bounds.shared_inputs(process)) == pytest.approx(expected.fun, rel=1e-9)
    each = [
        min(
            chernoff(h[own].ravel(), law.ravel(), kl(seen.ravel(), law.ravel())),
            h[own][law > 0].max(),
        )
        for own, law, seen in zip(members, given, student, strict=True)
    ]
    assert float(bounds.disintegrated(process)) == pytest.approx(weights @ np.array(each), rel=1e-7)


# --- ten thousand processes ---------------------------------------------------------------------


@functools.cache
def many():
    """Processes of two examples, two samples and two hypotheses: uniform, sparse, nearly equal."""
    generator = np.random.default_rng(2605)
    weights = generator.dirichlet(np.ones(2), COUNT)
    kernel = generator.dirichlet(np.full(2, 0.7), (COUNT, 4))
    losses = generator.uniform(size=(COUNT, 2, 2))
    pairs = weights[:, [0, 0, 1, 1]] * weights[:, [0, 1, 0, 1]]
    taught = (pairs[:, :, None] * kernel).reshape(COUNT, 8)
    law = generator.dirichlet(np.ones(8), COUNT)
    law[1::4] = generator.dirichlet(np.full(8, 0.1), len(law[1::4]))
    law[2::4] = 0.999 * taught[2::4] + 0.001 * law[2::4]
    law[3::4] = (
        np.where(generator.uniform(size=(len(law[3::4]), 8)) < 0.5, taught[3::4], 0) + 1e-300
    )
    law /= law.sum(axis=1, keepdims=True)
    return DistillationProcess(
        *map(jnp.asarray, (weights, losses, kernel, law.reshape(COUNT, 4, 2))), num_samples=2
    )


@jax.jit
@jax.vmap
def _both_sides(process):
    other = mirrored(process)
    return {
        "gap": process_terms.student_gap(process),
        "mean": process_terms.teacher_gap(process),
        "divergence": process_terms.divergence(process),
        "pushed": process_terms.gap_divergence(process),
        "above": {name: bound(process) for name, bound in UNCONDITIONAL.items()},
        "below": {name: -bound(other) for name, bound in UNCONDITIONAL.items()},
    }


@functools.cache
def evaluated():
    return jax.tree.map(np.asarray, _both_sides(many()))


@pytest.mark.thorough
def test_every_bound_holds_on_ten_thousand_processes():
    found = evaluated()
    assert np.isfinite(found["divergence"]).all()
    assert (found["divergence"] < 1e-5).sum() > COUNT / 10
    for name in UNCONDITIONAL:
        above, below = found["above"][name], found["below"][name]
        assert not np.isnan(above).any()
        assert (above - found["gap"]).min() > -1e-14, name
        assert (found["gap"] - below).min() > -1e-14, name
        # A bound is never on the wrong side of the teacher's gap either.
        assert (above - found["mean"]).min() > -1e-14, name


@pytest.mark.thorough
def test_cramer_chernoff_is_never_worse_than_theorem_8():
    found = evaluated()
    for side, sign in (("above", 1), ("below", -1)):
        best = sign * found[side]["chernoff"]
        for name in ("theorem8_one_sided", "theorem8", "binary_kl", "pinsker", "bretagnolle_huber"):
            assert (sign * found[side][name] - best).min() > -1e-14, (side, name)
        assert (best - sign * found[side]["pushforward"]).min() > -1e-14
    assert (found["divergence"] - found["pushed"]).min() > -1e-14
    # It is strictly better on most: the median share of Theorem 8's excess is below 0.95.
    excess = found["above"]["theorem8"] - found["mean"]
    share = (found["above"]["chernoff"] - found["mean"])[excess > 1e-6] / excess[excess > 1e-6]
    assert np.median(share) < 0.95


@pytest.mark.thorough
def test_a_wrong_bound_is_seen_on_ten_thousand_processes():
    """Two per cent less than Theorem 8's or Chernoff's excess is too little somewhere."""
    found = evaluated()
    for name in ("theorem8", "chernoff", "chi_square"):
        short = found["mean"] + 0.98 * (found["above"][name] - found["mean"])
        assert (short - found["gap"]).min() < -1e-4, name


def test_tilts_attain_the_cramer_chernoff_bounds():
    arguments = np.random.default_rng(8).uniform(-12, 12, COUNT)

    @jax.jit
    @jax.vmap
    def attained(process, argument):
        student = tilted(process, argument)
        above = bounds.chernoff(student)
        below = -bounds.chernoff(mirrored(student))
        return process_terms.student_gap(student), jnp.where(argument > 0, above, below)

    gap, bound = map(np.asarray, attained(many(), jnp.asarray(arguments)))
    assert np.abs(gap - bound).max() < 1e-12


# --- ends ---------------------------------------------------------------------------------------


def test_a_student_that_is_the_teacher_has_its_gap():
    process = worlds.same()
    for name, bound in UNCONDITIONAL.items():
        assert float(bound(process)) == pytest.approx(1 / 32, rel=1e-14), name


@pytest.mark.parametrize("make", [worlds.infinite, worlds.constant_gap])
def test_an_infinite_divergence_bounds_nothing(make):
    process = make()
    if make is worlds.constant_gap:
        # Nothing varies under the teacher, and the student does what it never does.
        process = worlds.process_case(
            [0.5, 0.5], [[0.5, 0.5]] * 2, [[1.0, 0.0]] * 2, [[0.5, 0.25], [0.25, 0.0]]
        )
    assert float(process_terms.divergence(process)) == math.inf
    for name in set(UNCONDITIONAL) - {"pushforward", "individual_sample"}:
        assert float(UNCONDITIONAL[name](process)) == math.inf, name


def test_single_examples_bound_what_the_whole_divergence_cannot():
    # The parity of two fair examples against the first: K_1 = log 2, K_2 = 0, see the claim.
    parity = [[1, 0], [0, 1], [0, 1], [1, 0]]
    first = [[0.25, 0], [0.25, 0], [0, 0.25], [0, 0.25]]
    process = worlds.process_case([0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], parity, first, samples=2)
    assert float(process_terms.divergence(process)) == math.inf
    assert float(bounds.individual_sample(process)) == pytest.approx(0.25, abs=1e-15)
    assert float(process_terms.student_gap(process)) == pytest.approx(0.25, abs=1e-15)


def test_gradients_are_finite_and_right():
    process = process_of(np.random.default_rng(5), 2, 2, 2)

    def moved(step, bound, direction):
        law = process.student_law + step * direction
        return bound(
            DistillationProcess(
                process.example_weights, process.losses, process.teacher_kernel, law, 2
            )
        )

    generator = np.random.default_rng(6)
    direction = generator.normal(size=(4, 2))
    direction = jnp.asarray(0.01 * (direction - direction.mean()))
    for name in ("theorem8", "chernoff", "binary_kl", "individual_sample"):
        bound = UNCONDITIONAL[name]
        slope = float(jax.grad(moved)(0.0, bound, direction))
        ahead, behind = (float(moved(step, bound, direction)) for step in (1e-4, -1e-4))
        assert slope == pytest.approx((ahead - behind) / 2e-4, rel=1e-5), name
