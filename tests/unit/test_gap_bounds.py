"""Bounds on the student's gap against the definitions, by loops, grids and root finding."""

import itertools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, special

from kdtheory import concentration, gap_bounds
from kdtheory._check import InputError
from kdtheory.gap_bounds import single
from kdtheory.objects.constructions import algorithm_kernel
from kdtheory.objects.processes import DistillationProcess

GENERATOR = np.random.default_rng(20260521)

ARGUMENTS = np.geomspace(1e-4, 1e4, 200_001)
"""A grid of l; the functions minimised over it are smooth: its best point is 1e-9 off the best."""


def log_mgf(values, probs, arguments):
    exponents = np.outer(arguments, values)
    return special.logsumexp(exponents, b=probs, axis=1)


def chernoff(values, probs, divergence):
    """min over the grid of (K + log E e^(l x)) / l."""
    values, probs = values[probs > 0], probs[probs > 0]
    return ((divergence + log_mgf(values, probs, ARGUMENTS)) / ARGUMENTS).min()


def kl(p, q):
    return special.rel_entr(p, q).sum()


def random_arrays(labels_of_inputs=False):
    """Two samples out of four examples, three hypotheses; inputs 0, 0, 1, 1 shared if asked for."""
    weights = GENERATOR.dirichlet(np.ones(4))
    losses = GENERATOR.random((3, 4))
    kernel = GENERATOR.dirichlet(np.ones(3), size=16)
    rows = list(itertools.product(range(4), repeat=2))
    chance = np.array([weights[row[0]] * weights[row[1]] for row in rows])
    law = GENERATOR.dirichlet(np.ones(48)).reshape(16, 3)
    law = 0.75 * chance[:, None] * kernel + 0.25 * law
    if labels_of_inputs:
        seen = np.array([[z // 2 for z in row] for row in rows])
        for x in itertools.product(range(2), repeat=2):
            group = (seen == x).all(axis=1)
            law[group] *= chance[group].sum() / law[group].sum()
    return weights, losses, kernel, law


class Reference:
    """Everything by loops over data sets and hypotheses."""

    def __init__(self, weights, losses, kernel, law):
        self.rows = list(itertools.product(range(4), repeat=2))
        self.teacher = np.array(
            [
                [weights[a] * weights[b] * kernel[d, f] for f in range(3)]
                for d, (a, b) in enumerate(self.rows)
            ]
        )
        risks = [sum(weights[z] * losses[f, z] for z in range(4)) for f in range(3)]
        self.values = np.array(
            [[risks[f] - (losses[f, a] + losses[f, b]) / 2 for f in range(3)] for a, b in self.rows]
        )
        self.single = np.array([[risks[f] - losses[f, z] for f in range(3)] for z in range(4)])
        self.law = law
        self.mean = (self.teacher * self.values).sum()
        self.divergence = kl(law, self.teacher)

    def gap_divergence(self):
        groups = {}
        for value, p, q in zip(
            self.values.ravel(), self.teacher.ravel(), self.law.ravel(), strict=True
        ):
            pair = groups.setdefault(round(value, 10), [0.0, 0.0])
            pair[0] += p
            pair[1] += q
        table = np.array(list(groups.values()))
        return kl(table[:, 1], table[:, 0])

    def places(self, values_sign):
        total = 0.0
        for place in range(2):
            p, q = np.zeros((2, 4, 3))
            for d, row in enumerate(self.rows):
                p[row[place]] += self.teacher[d]
                q[row[place]] += self.law[d]
            values = values_sign * self.single.ravel()
            total += chernoff(values, p.ravel(), kl(q, p)) / 2
        return total

    def given_inputs(self, sign):
        """The two bounds given the inputs: each with its own l, and one l for all."""
        each, common = 0.0, np.zeros_like(ARGUMENTS)
        for x in itertools.product(range(2), repeat=2):
            group = [d for d, row in enumerate(self.rows) if tuple(z // 2 for z in row) == x]
            weight = self.teacher[group].sum()
            p, q = self.teacher[group].ravel() / weight, self.law[group].ravel() / weight
            values = sign * self.values[group].ravel()
            each += weight * chernoff(values, p, kl(q, p))
            common += weight * log_mgf(values, p, ARGUMENTS)
        return each, ((self.divergence + common) / ARGUMENTS).min()

    def proxy(self, sign):
        deviations = sign * (self.values.ravel() - self.mean)
        arguments = np.geomspace(1e-2, 1e3, 20_001)
        # At l = 1e-2 the difference of the logarithms is 1e-6, known to ten digits.
        curve = 2 * log_mgf(deviations, self.teacher.ravel(), arguments) / arguments**2
        return max(curve.max(), self.teacher.ravel() @ deviations**2)


def bound_of(found, name, side):
    return next(bound.value for bound in getattr(found, side) if bound.name == name)


ORDINARY = random_arrays(labels_of_inputs=True)


@pytest.fixture(scope="module")
def found():
    with jax.enable_x64(True):
        names = ("example_weights", "losses", "teacher_kernel", "student_law")
        arrays = dict(zip(names, ORDINARY, strict=True))
        return gap_bounds.bounds(**arrays, num_samples=2, inputs=(0, 0, 1, 1))


def test_exact_numbers(found):
    reference = Reference(*ORDINARY)
    assert found.teacher_gap == pytest.approx(reference.mean, abs=1e-14)
    assert found.student_gap == pytest.approx((reference.law * reference.values).sum(), abs=1e-14)
    assert found.divergence == pytest.approx(reference.divergence, rel=1e-12)
    seen = reference.law.sum(axis=1)
    dataset = kl(seen, reference.teacher.sum(axis=1))
    assert found.dataset_divergence == pytest.approx(dataset, rel=1e-12)
    assert found.algorithm_divergence == pytest.approx(found.divergence - dataset, rel=1e-11)
    assert found.gap_divergence == pytest.approx(reference.gap_divergence(), rel=1e-11)
    ratio = (reference.law**2 / reference.teacher).sum() - 1
    assert found.chi_square == pytest.approx(ratio, rel=1e-12)
    assert found.gap_low == pytest.approx(reference.values.min(), abs=1e-14)
    assert found.gap_high == pytest.approx(reference.values.max(), abs=1e-14)
    for name, sign in (("proxy_above", 1.0), ("proxy_below", -1.0)):
        # Certified from above: not below the grid, and no more than the tolerance above it.
        assert reference.proxy(sign) * (1 - 1e-9) <= getattr(found, name)
        assert getattr(found, name) == pytest.approx(reference.proxy(sign), rel=1e-6)
    assert found.proxy == max(found.proxy_above, found.proxy_below)
    assert (found.num_datasets, found.grouped, found.stability) == (16, False, None)


@pytest.mark.parametrize("side", ["above", "below"])
def test_every_bound_from_its_definition(found, side):
    reference = Reference(*ORDINARY)
    sign = 1.0 if side == "above" else -1.0
    values, probs = sign * reference.values.ravel(), reference.teacher.ravel()
    divergence, mean = reference.divergence, sign * reference.mean
    width = values.max() - values.min()
    share = (mean - values.min()) / width

    def excess(q):
        return kl(np.array([q, 1 - q]), np.array([share, 1 - share])) - divergence

    reached = optimize.brentq(excess, share, 1 - 1e-15, xtol=1e-14)
    each, common = reference.given_inputs(sign)
    variance = probs @ (values - mean) ** 2
    ratio = (reference.law**2 / reference.teacher).sum() - 1
    both = max(reference.proxy(1.0), reference.proxy(-1.0))
    expected = {
        "cramer_chernoff": chernoff(values, probs, divergence),
        "pushforward": chernoff(values, probs, reference.gap_divergence()),
        "individual_sample": reference.places(sign),
        "disintegrated": each,
        "shared_inputs": common,
        "theorem8": mean + math.sqrt(2 * both * divergence),
        "theorem8_one_sided": mean + math.sqrt(2 * reference.proxy(sign) * divergence),
        "chi_square": mean + math.sqrt(variance * ratio),
        "binary_kl": values.min() + width * reached,
        "pinsker": mean + width * math.sqrt(divergence / 2),
        "bretagnolle_huber": mean + width * math.sqrt(1 - math.exp(-divergence)),
    }
    computed = {bound.name: sign * bound.value for bound in getattr(found, side)}
    computed = {name: computed[name] for name in expected}
    assert computed == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_theorem10_against_all_pairs():
    # The loss of the example seen is small: the gap of the teacher is positive.
    kernel = algorithm_kernel(
        lambda data, seed: data[0] if seed else 0,
        num_examples=2,
        num_hypotheses=2,
        num_samples=1,
        seed_weights=[0.25, 0.75],
    )
    law = np.array([[0.2, 0.1], [0.3, 0.4]])
    found = gap_bounds.bounds(
        example_weights=[0.5, 0.5],
        losses=[[0.0, 1.0], [1.0, 0.25]],
        teacher_kernel=kernel,
        student_law=law,
        num_samples=1,
    )
    teacher = 0.5 * kernel
    values = np.array([[0.5, 0.625 - 1.0], [0.5 - 1.0, 0.625 - 0.25]])
    mean, divergence = (teacher * values).sum(), kl(law, teacher)
    assert mean > 0
    levels = -log_mgf(-values.ravel(), teacher.ravel(), ARGUMENTS) / ARGUMENTS
    feasible = levels > 0  # c = level / mean, at most one by Jensen
    best = (levels - divergence / ARGUMENTS)[feasible].max()
    assert bound_of(found, "theorem10", "below") == pytest.approx(best, abs=1e-7)
    proxy = found.proxy_below
    shares = 1 - ARGUMENTS * proxy / (2 * mean)
    second = (shares * mean - divergence / ARGUMENTS)[shares > 0].max()
    assert bound_of(found, "remark2", "below") == pytest.approx(second, abs=1e-6)
    # A pair: c below the largest at eta.
    eta, c = found.central_eta, found.central_c
    assert 0 <= c <= 1
    assert log_mgf(-values.ravel(), teacher.ravel(), [eta])[0] <= -c * eta * mean + 1e-12


@pytest.mark.parametrize(
    ("mean", "proxy", "divergence", "expected"),
    [
        # eta = sqrt(2 K) / s = 0.5 < 2 mu / s^2 = 2: mu - s sqrt(2 K) = 1 - 0.5.
        (1.0, 1.0, 0.125, (0.5, 0.5, 0.75)),
        # eta = 4 is beyond 2: the limit is -K / 2 = -4.
        (1.0, 1.0, 8.0, (-4.0, 2.0, 0.0)),
        (1.0, 0.0, 8.0, (1.0, math.inf, 1.0)),
        (1.0, 1.0, math.inf, (-math.inf, 0.0, 0.0)),
        (0.0, 1.0, 0.5, (-math.inf, 0.0, 0.0)),
    ],
)
def test_remark2(mean, proxy, divergence, expected):
    assert single.remark2(mean, proxy, divergence) == pytest.approx(expected)


def test_a_thousand_random_processes_keep_their_bounds():
    count = 1000
    rng = np.random.default_rng(7)
    weights = rng.dirichlet(np.ones(2), size=count)
    losses = rng.random((count, 2, 2))
    kernel = rng.dirichlet(np.ones(2) / 2, size=(count, 3))
    law = rng.dirichlet(np.ones(6) / 2, size=count).reshape(count, 3, 2)
    # Types of two samples: twice the first, one of each, twice the second.
    chance = np.stack([weights[:, 0] ** 2, 2 * weights.prod(axis=1), weights[:, 1] ** 2], axis=1)
    shares = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    values = np.einsum("cdz,cfz->cdf", weights[:, None] - shares, losses).reshape(count, 6)
    teacher = (chance[..., None] * kernel).reshape(count, 6)
    student = law.reshape(count, 6)
    divergence = special.rel_entr(student, teacher).sum(axis=1)
    mean = (teacher * values).sum(axis=1)
    proxies = jax.vmap(concentration.variance_proxies)(values, teacher)
    numbers = {
        "divergence": divergence,
        "gap_divergence": divergence,
        "chi_square": (student**2 / teacher).sum(axis=1) - 1,
        "variance": (teacher * (values - mean[:, None]) ** 2).sum(axis=1),
        "two_sided": proxies.two_sided,
        "one_sided": jnp.stack([proxies.above, proxies.below], axis=1),
    }
    found = jax.vmap(single.both_sides)(values, teacher, numbers)
    gap = (student * values).sum(axis=1)
    for name, pair in found.items():
        assert (np.asarray(pair[:, 0]) >= gap - 1e-12).all(), name
        assert (-np.asarray(pair[:, 1]) <= gap + 1e-12).all(), name
    # They are not all far away, either.
    assert np.median(np.asarray(found["cramer_chernoff"][:, 0]) - gap) < 0.2


def test_ranks_marks_and_json(found):
    above = [bound.value for bound in found.above]
    below = [bound.value for bound in found.below]
    assert above == sorted(above)
    assert below == sorted(below, reverse=True)
    assert max(below) <= found.student_gap <= min(above)
    for bound in (*found.above, *found.below):
        assert bound.checked
        assert bound.excess == pytest.approx(bound.value - found.teacher_gap)
        low, high = found.trivial
        says_nothing = bound.value >= high if bound.side == "above" else bound.value <= low
        assert bound.vacuous == says_nothing, bound.name
    copy = gap_bounds.GapBounds.from_dict(json.loads(json.dumps(found.to_dict())))
    assert copy == found


def test_the_slugs_are_in_the_catalogue():
    from kdtheory.theorems import CLAIMS

    known = {claim.slug for claim in CLAIMS}
    slugs = {slug for kind in gap_bounds.KINDS.values() for slug in (kind.above, kind.below)}
    assert slugs - {""} <= known


def test_a_student_that_is_the_teacher():
    weights, losses, kernel, _ = ORDINARY
    law = np.outer(weights, weights).ravel()[:, None] * kernel
    found = gap_bounds.bounds(
        example_weights=weights,
        losses=losses,
        teacher_kernel=kernel,
        student_law=law,
        num_samples=2,
    )
    values = [bound.value for bound in (*found.above, *found.below)]
    assert found.divergence < 1e-28
    assert values == pytest.approx([found.teacher_gap] * len(values), abs=1e-12)
    assert {one.name for one in found.excluded} >= {"disintegrated", "shared_inputs", "stability"}


def test_an_infinite_divergence():
    found = gap_bounds.bounds(gap_bounds.example_process("deterministic", 3))
    assert found.divergence == math.inf
    assert len(found.infinite) == 1
    assert "deterministic" in found.infinite[0]
    # Single samples: the majority of three labels, and the first of them, P(label 1) = 2/3.
    weights, expected = np.array([1, 2]) / 3, 0.0
    for place in range(3):
        p, q = np.zeros((2, 2, 2))
        for row in itertools.product(range(2), repeat=3):
            chance = np.prod(weights[list(row)])
            p[row[place], int(sum(row) > 1)] += chance
            q[row[place], row[0]] += chance
        gaps = np.array([[weights[1 - f] - (f != z) for f in range(2)] for z in range(2)])
        expected += chernoff(gaps.ravel(), p.ravel(), kl(q, p)) / 3
    assert found.above[0].name == "individual_sample"
    assert found.above[0].value == pytest.approx(expected, abs=1e-8)
    others = [bound.value for bound in (*found.above[1:], *found.below[1:])]
    assert not np.isnan(others).any()
    assert np.isinf(others).all()
    assert all(bound.vacuous for bound in found.above[1:])


def test_soft_labels_are_named():
    found = gap_bounds.bounds(
        example_weights=[0.5, 0.5, 0.0],
        losses=[[0.0, 1.0, 0.5]],
        teacher_kernel=[[1.0]] * 3,
        student_law=[[0.0], [0.25], [0.75]],
        num_samples=1,
    )
    # h(2) = 1/2 - 1/2: in the range of the gaps, but its own atom for the student.
    assert found.divergence == math.inf
    assert "example 2" in found.infinite[0]
    assert found.student_gap == pytest.approx(0.25 * -0.5)


def stable_arrays():
    """Three samples of two labels; the teacher takes the majority, the student the same map."""
    kernel = algorithm_kernel(
        lambda data: int(sum(data) > 1), num_examples=2, num_hypotheses=2, num_samples=3
    )
    rows = list(itertools.product(range(2), repeat=3))
    seen = np.array([np.prod([(0.4, 0.6)[z] for z in row]) for row in rows])
    losses = np.array([[0.1, 0.7], [0.5, 0.2]])
    return np.array([0.5, 0.5]), losses, kernel, seen[:, None] * kernel, rows


def test_stability_of_a_deterministic_teacher():
    weights, losses, kernel, law, rows = stable_arrays()
    found = gap_bounds.bounds(
        example_weights=weights,
        losses=losses,
        teacher_kernel=kernel,
        student_law=law,
        num_samples=3,
    )
    pairs = [
        (a, b) for a in rows for b in rows if sum(x != y for x, y in zip(a, b, strict=True)) == 1
    ]
    beta = max(
        abs(losses[int(sum(a) > 1)][z] - losses[int(sum(b) > 1)][z])
        for a, b in pairs
        for z in (0, 1)
    )
    # The losses range over 0.6; n (beta + 0.6 / (2 n))^2 is the printed proxy.
    proxy = 3 * (beta + 0.6 / 6) ** 2
    divergence = sum(kl(np.array([0.4, 0.6]), weights) for _ in range(3))
    assert found.stability == pytest.approx(beta)
    assert found.divergence == pytest.approx(divergence, rel=1e-12)
    expected = found.teacher_gap + math.sqrt(2 * divergence * proxy)
    assert bound_of(found, "stability", "above") == pytest.approx(expected, rel=1e-12)


def test_types_give_what_sequences_give():
    weights, losses, kernel, law, rows = stable_arrays()
    first = [rows.index(row) for row in ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1))]
    many = np.array([1, 3, 3, 1])[:, None]
    shared = {"example_weights": weights, "losses": losses, "num_samples": 3, "inputs": (0, 0)}
    one = gap_bounds.bounds(teacher_kernel=kernel, student_law=law, **shared)
    other = gap_bounds.bounds(teacher_kernel=kernel[first], student_law=law[first] * many, **shared)
    assert other.grouped
    assert other.stability == one.stability
    for side in ("above", "below"):
        pair = [{b.name: b.value for b in getattr(f, side)} for f in (one, other)]
        assert pair[0] == pytest.approx(pair[1], rel=1e-10, abs=1e-12)


def test_inputs_of_another_law_exclude():
    weights, losses, kernel, law = random_arrays()
    found = gap_bounds.bounds(
        example_weights=weights,
        losses=losses,
        teacher_kernel=kernel,
        student_law=law,
        num_samples=2,
        inputs=(0, 0, 1, 1),
    )
    reasons = {one.name: one.reason for one in found.excluded}
    rows = np.array(list(itertools.product(range(4), repeat=2))) // 2
    codes = rows @ [2, 1]
    teacher = np.outer(weights, weights).ravel()
    distance = (
        sum(abs(teacher[codes == code].sum() - law[codes == code].sum()) for code in range(4)) / 2
    )
    assert f"total variation {distance:.3g}" in reasons["disintegrated"]
    assert "disintegrated" not in {bound.name for bound in found.above}


@pytest.mark.float32
def test_single_precision_is_renormalised():
    weights, losses, kernel, law = ORDINARY
    process = DistillationProcess.create(
        weights, losses, kernel, law, num_samples=2, inputs=(0, 0, 1, 1)
    )
    assert process.losses.dtype == jnp.float32
    found = gap_bounds.bounds(process)
    assert "disintegrated" in {bound.name for bound in found.above}
    assert found.divergence == pytest.approx(Reference(*ORDINARY).divergence, rel=1e-5)


def test_bounds_refuses():
    with pytest.raises(InputError, match="no example_weights"):
        gap_bounds.bounds()
    with pytest.raises(InputError, match="no num_samples"):
        gap_bounds.bounds(
            example_weights=[1.0], losses=[[0.0]], teacher_kernel=[[1.0]], student_law=[[1.0]]
        )
    with pytest.raises(InputError, match="a process and losses"):
        gap_bounds.bounds(gap_bounds.example_process("tilt", 1), losses=[[0.0]])
    with pytest.raises(InputError, match="example: got 'til'"):
        gap_bounds.example_process("til")
    with pytest.raises(InputError, match="at most 14"):
        gap_bounds.example_process("deterministic", 15)


def test_the_tilt_attains_the_chernoff_bound():
    found = gap_bounds.bounds(gap_bounds.example_process("tilt", 2))
    assert bound_of(found, "cramer_chernoff", "above") == pytest.approx(
        found.student_gap, rel=1e-12
    )
