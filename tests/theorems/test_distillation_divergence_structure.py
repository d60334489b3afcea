"""Infinite divergences: their reasons against loops over pairs, the structural claims likewise."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.objects import datasets
from kdtheory.objects.constructions import algorithm_kernel
from kdtheory.objects.processes import DistillationProcess
from kdtheory.theorems.distillation_divergence import (
    claims_structure,
    process_terms,
    structure_worlds,
)
from kdtheory.theorems.distillation_divergence.support import Cause, why_infinite

# --- reasons ------------------------------------------------------------------------------------

INPUTS = (0, 0, 1, 1)
"""Two inputs with two labels each."""


def sparse(rng, *shape):
    """Laws along the last axis, most of whose entries are zero."""
    law = rng.choice([0.0, 0.0, 1.0, 2.0], shape)
    law[..., 0] += law.sum(axis=-1) == 0
    return law / law.sum(axis=-1, keepdims=True)


def random_process(seed, *, inputs=None):
    rng = np.random.default_rng(seed)
    weights = sparse(rng, 4)
    kernel = sparse(rng, 16, 3)
    # Half of the time the student keeps close to the teacher, and the divergence may be finite.
    law = np.prod(weights[datasets.sequences(4, 2)], axis=1)[:, None] * kernel
    if rng.random() < 0.6:
        law = law + sparse(rng, 48).reshape(16, 3) * rng.choice([0.25, 1.0])
    return DistillationProcess.create(
        weights, np.zeros((3, 4)), kernel, law / law.sum(), num_samples=2, inputs=inputs
    )


def causes_by_loops(process):
    """cause -> [(data set, hypothesis, mass, unseen examples)], pair by pair from the meaning."""
    weights = process.example_weights.tolist()
    inputs, found = process.inputs, {}
    for index, data in enumerate(itertools.product(range(4), repeat=2)):
        for hypothesis in range(3):
            mass = float(process.student_law[index, hypothesis])
            if mass == 0:
                continue
            unseen = {z for z in data if weights[z] == 0}
            strangers = {
                z
                for z in unseen
                if inputs and not any(weights[y] > 0 and inputs[y] == inputs[z] for y in range(4))
            }
            row = process.teacher_kernel[index].tolist()
            if strangers:
                cause, examples = Cause.UNSEEN_INPUTS, strangers
            elif unseen:
                examples = unseen
                cause = Cause.UNSEEN_LABELS if inputs else Cause.UNSEEN_EXAMPLES
            elif row[hypothesis] == 0:
                examples = set()
                alone = max(row) == 1
                cause = Cause.DETERMINISTIC_TEACHER if alone else Cause.OUTSIDE_KERNEL
            else:
                continue
            found.setdefault(cause, []).append((index, hypothesis, mass, examples))
    return found


@pytest.mark.parametrize("inputs", [None, INPUTS])
def test_reasons_against_loops_over_all_pairs(inputs):
    met = set()
    for seed in range(60):
        process = random_process(seed, inputs=inputs)
        reasons = {reason.cause: reason for reason in why_infinite(process)}
        expected = causes_by_loops(process)
        assert set(reasons) == set(expected)
        assert (not reasons) == bool(process_terms.divergence(process) < math.inf)
        met |= set(reasons) or {None}
        for cause, pairs in expected.items():
            reason = reasons[cause]
            assert reason.datasets == tuple(sorted({index for index, *_ in pairs}))
            np.testing.assert_allclose(
                reason.student_mass, sum(mass for *_, mass, _ in pairs), rtol=1e-14
            )
            assert reason.examples == tuple(sorted(set().union(*(x for *_, x in pairs))))
            within = cause in (Cause.DETERMINISTIC_TEACHER, Cause.OUTSIDE_KERNEL)
            hypotheses = tuple(sorted({hypothesis for _, hypothesis, *_ in pairs}))
            assert reason.hypotheses == (hypotheses if within else ())
    told_apart = {Cause.UNSEEN_INPUTS, Cause.UNSEEN_LABELS} if inputs else {Cause.UNSEEN_EXAMPLES}
    assert met == {None, Cause.DETERMINISTIC_TEACHER, Cause.OUTSIDE_KERNEL, *told_apart}


def test_reasons_of_types():
    # Types of two out of three examples: 00, 01, 02, 11, 12, 22; the last example never occurs.
    law = np.zeros((6, 2))
    law[0, 0], law[1, 1], law[4, 0], law[5, 1] = 0.5, 0.25, 0.125, 0.125
    process = DistillationProcess.create(
        [0.5, 0.5, 0], np.zeros((2, 3)), [[1, 0]] * 6, law, num_samples=2
    )
    assert process.grouped
    unseen, deterministic = why_infinite(process)
    assert (unseen.examples, unseen.datasets, unseen.student_mass) == ((2,), (4, 5), 0.25)
    assert (deterministic.datasets, deterministic.hypotheses) == ((1,), (1,))
    assert deterministic.student_mass == 0.25


def test_reasons_in_words():
    majority = algorithm_kernel(
        lambda data: int(sum(data) > 1), num_examples=2, num_hypotheses=2, num_samples=2
    )
    process = DistillationProcess.create(
        [0.5, 0.5], np.zeros((2, 2)), majority, np.full((4, 2), 0.125), num_samples=2
    )
    (reason,) = why_infinite(process)
    assert reason.text == (
        "with probability 0.5 the teacher is deterministic and the student leaves its map: it has "
        "hypotheses 0, 1 at data sets 0, 1, 2, 3. Add the same noise to the hypotheses of both, "
        "or use a bound on single samples, which can be finite."
    )
    many = DistillationProcess.create(
        [1] + [0] * 6, np.zeros((1, 7)), np.ones((7, 1)), np.full((7, 1), 1 / 7), num_samples=1
    )
    (reason,) = why_infinite(many)
    assert "with probability 0.8571 " in reason.text
    assert "never contain: examples 1, 2, 3, 4 and 2 more." in reason.text


def test_rare_is_not_never():
    # Forty samples of a weight of 1e-10: their product underflows, and is not zero.
    process = DistillationProcess.create(
        [1e-10, 1 - 1e-10], np.zeros((1, 2)), np.ones((41, 1)), np.eye(41)[:, :1], num_samples=40
    )
    assert why_infinite(process) == ()
    # 40 log(1e10), the divergence of a point mass at the type 00...0.
    np.testing.assert_allclose(process_terms.divergence(process), 400 * math.log(10), rtol=1e-12)


# --- structural claims --------------------------------------------------------------------------


def divergence_by_loops(process):
    total = 0.0
    sequences = itertools.product(range(len(process.example_weights)), repeat=process.num_samples)
    for index, data in enumerate(sequences):
        weight = math.prod(float(process.example_weights[z]) for z in data)
        for hypothesis, kernel in enumerate(process.teacher_kernel[index].tolist()):
            mass = float(process.student_law[index, hypothesis])
            if mass > 0:
                total += mass * math.log(mass / (weight * kernel)) if weight * kernel else math.inf
    return total


CLAIMS = [
    claims_structure.DETERMINISTIC_TEACHER,
    claims_structure.EXPLORING_TEACHER,
    claims_structure.SOFT_LABELS_INFINITE,
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug.split("/")[1])
def test_both_sides_against_loops(claim):
    domain = claim.domain(claim.sizes[0])
    points = np.random.default_rng(2).normal(size=(60, domain.dimension))

    def sides(point):
        instance = domain.instance(domain.parametrize(point))
        return instance, claim.lhs(*instance), claim.rhs(*instance)

    instances, lhs, rhs = jax.jit(jax.vmap(sides))(jnp.asarray(points))
    finite = 0
    for index in range(len(points)):
        process = jax.tree.map(lambda leaf, at=index: leaf[at], instances)[0]
        expected = divergence_by_loops(process)
        finite += expected < math.inf
        np.testing.assert_allclose(lhs[index], expected, rtol=1e-12, atol=1e-14)
        if claim is claims_structure.EXPLORING_TEACHER:
            assert expected <= rhs[index] + 1e-12
        else:
            np.testing.assert_allclose(rhs[index], expected, rtol=1e-12, atol=1e-14)
    assert 10 < finite < 60 or claim is claims_structure.EXPLORING_TEACHER


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.slug.split("/")[1])
def test_domains_are_taken_apart_as_they_are_put_together(claim):
    domain = claim.domain(claim.sizes[1])
    parts = domain.parametrize(jnp.asarray(np.random.default_rng(4).normal(size=domain.dimension)))
    for part, again in zip(parts, domain.parts_of(domain.instance(parts)), strict=True):
        assert np.array_equal(part, again)


def test_hard_data_sets():
    # Two hard examples and a soft one: 00, 01, 02, 10, 11, 12, 20, 21, 22.
    expected = [True, True, False, True, True, False, False, False, False]
    assert structure_worlds.is_hard(2, 3, 2).tolist() == expected
