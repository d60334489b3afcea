"""Bounds of special processes: no divergence, an infinite one, stable teachers, types, inputs."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
from gap_bounds_reference import ORDINARY, Reference, bound_of, chernoff, kl, random_arrays

from kdtheory import gap_bounds
from kdtheory._check import InputError
from kdtheory.objects.constructions import algorithm_kernel
from kdtheory.objects.processes import DistillationProcess

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("gap_bounds")


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
    # The number of an input is a name: it may be large.
    inputs = (10**9, 10**9)
    shared = {"example_weights": weights, "losses": losses, "num_samples": 3, "inputs": inputs}
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
    with pytest.raises(InputError, match="process: got str; expected a DistillationProcess"):
        gap_bounds.bounds("process.npz")
    with pytest.raises(InputError, match="example: got 'til'"):
        gap_bounds.example_process("til")
    with pytest.raises(InputError, match="at most 14"):
        gap_bounds.example_process("deterministic", 15)


def test_the_tilt_attains_the_chernoff_bound():
    found = gap_bounds.bounds(gap_bounds.example_process("tilt", 2))
    assert bound_of(found, "cramer_chernoff", "above") == pytest.approx(
        found.student_gap, rel=1e-12
    )


@pytest.mark.parametrize("law", [[[0.5], [0.5]], [[0.25], [0.75]]])
def test_losses_that_do_not_differ(law):
    found = gap_bounds.bounds(
        example_weights=[0.5, 0.5],
        losses=[[0.25, 0.25]],
        teacher_kernel=[[1.0], [1.0]],
        student_law=law,
        num_samples=1,
    )
    assert (found.teacher_gap, found.student_gap, found.proxy, found.stability) == (0, 0, 0, 0)
    assert {bound.value for bound in (*found.above, *found.below)} == {0.0}
    assert {one.name: one.reason for one in found.excluded}["remark2"] == "gen_T is not positive"
    assert "theorem10" in {bound.name for bound in found.below}
