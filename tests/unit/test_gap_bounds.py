"""Bounds on the student's gap against the definitions, by loops, grids and root finding."""

import functools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gap_bounds_reference import ARGUMENTS, ORDINARY, Reference, bound_of, chernoff, kl, log_mgf
from scipy import optimize, special

from kdtheory import concentration, gap_bounds
from kdtheory.gap_bounds import single
from kdtheory.objects.constructions import algorithm_kernel

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("gap_bounds")


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


@pytest.mark.thorough
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
    # Certified whatever the tolerance, which only says how far from the smallest they may be.
    certified = functools.partial(concentration.variance_proxies, tolerance=1e-2)
    proxies = jax.vmap(certified)(values, teacher)
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
