"""Distillation processes against fractions and enumeration, straight from the definitions."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.objects import datasets
from kdtheory.objects.processes import (
    DistillationProcess,
    dataset_log_weights,
    dataset_weights,
    gaps,
    mirrored,
    teacher_law,
    tilted,
)
from kdtheory.theorems.distillation_divergence import process_terms

GENERATOR = np.random.default_rng(20260519)


def rational_rows(*shape):
    """Random distributions with denominators 16, many of them with zeros."""
    rows = GENERATOR.multinomial(16, [1 / shape[-1]] * shape[-1], size=shape[:-1])
    return np.vectorize(lambda count: Fraction(int(count), 16), otypes=[object])(rows)


def floats(array):
    return np.vectorize(float, otypes=[float])(array)


# --- data sets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 3), (2, 1), (3, 1), (2, 4), (3, 3), (4, 2)])
def test_types_are_what_sequences_sort_to(m, n):
    every = list(itertools.product(range(m), repeat=n))
    assert datasets.sequences(m, n).tolist() == [list(row) for row in every]
    found = [tuple(row) for row in datasets.types(m, n).tolist()]
    sorted_sequences = list(itertools.combinations_with_replacement(range(m), n))
    assert found == [tuple(row.count(z) for z in range(m)) for row in sorted_sequences]
    many = Counter(tuple(row.count(z) for z in range(m)) for row in every)
    expected = [math.log(many[row]) for row in found]
    assert datasets.log_multiplicities(datasets.types(m, n)) == pytest.approx(expected, abs=1e-14)
    assert datasets.num_types(m, n) == len(found)
    counted = datasets.counts(m, n, False).tolist()
    assert counted == [[row.count(z) for z in range(m)] for row in every]


def test_too_many_data_sets_are_refused():
    with pytest.raises(InputError, match="group exchangeable data sets by type"):
        datasets.sequences(3, 50)
    assert datasets.types(3, 50).shape == (1326, 3)


@pytest.mark.parametrize("grouped", [False, True])
def test_data_sets_are_grouped_by_their_inputs(grouped):
    inputs, n = (0, 1, 0, 2), 3
    rows, index = datasets.input_groups(inputs, n, grouped)
    sequences = datasets.types(4, n) if grouped else datasets.sequences(4, n)
    for row, group in zip(sequences.tolist(), index, strict=True):
        counted, named = [row[0] + row[2], *row[1::2]], [inputs[z] for z in row]
        expected = counted if grouped else named
        assert rows[group].tolist() == expected
    assert len({tuple(row) for row in rows.tolist()}) == len(rows)


# --- the process --------------------------------------------------------------------------------


def rational_world(m, n, hypotheses):
    weights, kernel = rational_rows(m), rational_rows(m**n, hypotheses)
    losses = np.vectorize(lambda k: Fraction(int(k), 8), otypes=[object])(
        GENERATOR.integers(-8, 9, (hypotheses, m))
    )
    law = rational_rows(m**n * hypotheses).reshape(m**n, hypotheses)
    return weights, losses, kernel, law


@pytest.mark.parametrize(("m", "n", "hypotheses"), [(2, 1, 2), (3, 2, 2), (2, 3, 4), (1, 2, 2)])
def test_gaps_and_laws_are_those_of_the_definition(m, n, hypotheses):
    weights, losses, kernel, law = rational_world(m, n, hypotheses)
    process = DistillationProcess.create(
        *map(floats, (weights, losses, kernel, law)), num_samples=n
    )
    taught, gap = np.asarray(teacher_law(process)), np.asarray(gaps(process))
    means = {"teacher": Fraction(0), "student": Fraction(0)}
    for index, data in enumerate(itertools.product(range(m), repeat=n)):
        chance = math.prod(weights[z] for z in data)
        for f in range(hypotheses):
            population = sum(w * loss for w, loss in zip(weights, losses[f], strict=True))
            h = population - Fraction(sum(losses[f][z] for z in data)) / n
            assert gap[index, f] == pytest.approx(float(h), abs=1e-15)
            assert taught[index, f] == pytest.approx(float(chance * kernel[index, f]), abs=1e-16)
            means["teacher"] += chance * kernel[index, f] * h
            means["student"] += law[index, f] * h
    assert float(process_terms.teacher_gap(process)) == pytest.approx(float(means["teacher"]))
    assert float(process_terms.student_gap(process)) == pytest.approx(float(means["student"]))
    assert np.allclose(gaps(mirrored(process)), -gap, rtol=0, atol=1e-15)


def test_a_constant_in_the_losses_changes_no_gap():
    losses = np.array([[0.25, 0.5, 0.125]])
    arrays = [0.2, 0.3, 0.5], [[1.0]] * 9, [[1 / 9]] * 9

    def gaps_at(table):
        return gaps(DistillationProcess.create(arrays[0], table, *arrays[1:], num_samples=2))

    # A million and an eighth is a float64; the gaps keep all their digits.
    assert np.array_equal(gaps_at(losses), gaps_at(losses + 2.0**20))


def by_type(table, m, n, total):
    """Sums (or averages) the rows of sequences over each type."""
    sequences = [
        tuple(row.count(z) for z in range(m)) for row in itertools.product(range(m), repeat=n)
    ]
    types = [tuple(row) for row in datasets.types(m, n).tolist()]
    rows = [[i for i, own in enumerate(sequences) if own == row] for row in types]
    return np.array([table[own].sum(axis=0) if total else table[own[0]] for own in rows])


def exchangeable(m, n, hypotheses):
    """A process by sequence whose kernels do not depend on the order, and the same by type."""
    weights = GENERATOR.dirichlet(np.ones(m))
    kernel = GENERATOR.dirichlet(np.ones(hypotheses), size=datasets.num_types(m, n))
    student = GENERATOR.dirichlet(np.ones(hypotheses), size=datasets.num_types(m, n))
    drawn = GENERATOR.dirichlet(np.ones(m))
    types = [tuple(row) for row in datasets.types(m, n).tolist()]
    order = [
        types.index(tuple(row.count(z) for z in range(m)))
        for row in itertools.product(range(m), repeat=n)
    ]
    chance = [math.prod(drawn[z] for z in row) for row in itertools.product(range(m), repeat=n)]
    law = np.array(chance)[:, None] * student[order]
    losses = GENERATOR.uniform(size=(hypotheses, m))
    whole = DistillationProcess.create(weights, losses, kernel[order], law, num_samples=n)
    grouped = DistillationProcess.create(
        weights, losses, kernel, by_type(law, m, n, True), num_samples=n
    )
    return whole, grouped


@pytest.mark.parametrize(("m", "n"), [(2, 4), (3, 3)])
def test_grouping_by_type_changes_nothing(m, n):
    whole, grouped = exchangeable(m, n, 3)
    assert (whole.grouped, grouped.grouped) == (False, True)
    for term in (
        process_terms.teacher_gap,
        process_terms.student_gap,
        process_terms.divergence,
        process_terms.dataset_divergence,
        process_terms.algorithm_divergence,
        process_terms.gap_divergence,
    ):
        assert float(term(grouped)) == pytest.approx(float(term(whole)), rel=1e-12), term
    expected = by_type(np.asarray(teacher_law(whole)), m, n, True)
    assert np.allclose(teacher_law(grouped), expected, rtol=1e-13)
    for one, other in zip(
        process_terms.law_of_gap(grouped), process_terms.law_of_gap(whole), strict=True
    ):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-15)
    single, first = process_terms.individual_laws(grouped), process_terms.individual_laws(whole)
    assert np.allclose(single[1][0], first[1][0], rtol=1e-13)
    assert np.allclose(single[2][0], first[2][n - 1], rtol=1e-13)


def test_fifty_samples_of_three_examples():
    """1326 types stand for 3^50 data sets; a student who relabels is far, but not infinitely."""
    weights, n = np.array([0.5, 0.3, 0.2]), 50
    table = datasets.types(3, n)
    # The hypothesis is the example that occurs most often.
    kernel = np.eye(3)[table.argmax(axis=1)] * 0.7 + 0.1
    other = np.array([0.4, 0.3, 0.3])
    drawn = np.exp(
        [math.lgamma(n + 1) - sum(math.lgamma(c + 1) for c in row) for row in table]
        + table @ np.log(other)
    )
    process = DistillationProcess.create(
        weights, 1 - np.eye(3), kernel, drawn[:, None] * kernel, num_samples=n
    )
    # The same kernel on both sides: n times the divergence of one example.
    expected = n * float(np.sum(other * np.log(other / weights)))
    assert float(process_terms.divergence(process)) == pytest.approx(expected, rel=1e-11)
    assert float(jnp.sum(dataset_weights(process))) == pytest.approx(1.0, abs=1e-13)
    # E_P L_D(f) = L_P(f) for a hypothesis drawn without looking.
    blind = DistillationProcess.create(
        weights, 1 - np.eye(3), np.full((1326, 3), 1 / 3), drawn[:, None] * kernel, num_samples=n
    )
    assert float(process_terms.teacher_gap(blind)) == pytest.approx(0.0, abs=1e-15)


def test_what_underflows_is_not_impossible():
    # p^50 = 1e-500: the data set of 50 rare examples has a finite log weight.
    process = DistillationProcess.create(
        [1 - 1e-10, 1e-10],
        [[0.0, 1.0]],
        np.ones((51, 1)),
        np.eye(51)[-1][:, None],
        num_samples=50,
    )
    assert float(dataset_weights(process)[-1]) == 0.0
    expected = -50 * math.log(1e-10)
    assert float(dataset_log_weights(process)[-1]) == pytest.approx(-expected)
    assert float(process_terms.divergence(process)) == pytest.approx(expected)


# --- the terms ----------------------------------------------------------------------------------


def kl(p, q):
    """KL of two lists of floats: the plain sum of p log(p/q), without rounding between terms."""
    if any(a > 0 and b == 0 for a, b in zip(p, q, strict=True)):
        return math.inf
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def random_process(m, n, hypotheses):
    return DistillationProcess.create(
        GENERATOR.dirichlet(np.ones(m)),
        GENERATOR.uniform(size=(hypotheses, m)),
        GENERATOR.dirichlet(np.ones(hypotheses), size=m**n),
        GENERATOR.dirichlet(np.ones(m**n * hypotheses)).reshape(m**n, hypotheses),
        num_samples=n,
    )


def test_the_divergence_and_its_parts():
    for _ in range(5):
        process = random_process(3, 2, 2)
        law, taught = np.asarray(process.student_law), np.asarray(teacher_law(process))
        assert float(process_terms.divergence(process)) == pytest.approx(
            kl(law.ravel(), taught.ravel()), rel=1e-12
        )
        seen, drawn = law.sum(axis=1), taught.sum(axis=1)
        assert float(process_terms.dataset_divergence(process)) == pytest.approx(
            kl(seen, drawn), rel=1e-12
        )
        parts = [
            seen[d] * kl(law[d] / seen[d], np.asarray(process.teacher_kernel)[d]) for d in range(9)
        ]
        found = float(process_terms.algorithm_divergence(process))
        assert found == pytest.approx(math.fsum(parts), rel=1e-11)


def test_individual_laws_are_marginals():
    process = random_process(2, 3, 2)
    values, teacher, student = process_terms.individual_laws(process)
    rows = list(itertools.product(range(2), repeat=3))
    for law, found in ((teacher_law(process), teacher), (process.student_law, student)):
        for place, z, f in itertools.product(range(3), range(2), range(2)):
            mass = sum(float(law[d, f]) for d, row in enumerate(rows) if row[place] == z)
            assert float(found[place, z, f]) == pytest.approx(mass, abs=1e-15)
    losses, weights = np.asarray(process.losses), np.asarray(process.example_weights)
    assert np.allclose(values, (losses @ weights)[None, :] - losses.T, atol=1e-15)


def test_the_law_of_the_gap_merges_equal_values():
    # h takes the value 0 on two data sets and under both hypotheses.
    process = DistillationProcess.create(
        [0.5, 0.5],
        [[0.0, 1.0], [0.25, 0.75]],
        [[0.5, 0.5]] * 4,
        [[0.5, 0.0], [0.25, 0.0], [0.0, 0.25], [0.0, 0.0]],
        num_samples=2,
    )
    values, teacher, student = process_terms.law_of_gap(process)
    assert values.tolist() == [-0.5, -0.25, 0.0, 0.25, 0.5]
    assert teacher.tolist() == [1 / 8, 1 / 8, 1 / 2, 1 / 8, 1 / 8]
    assert student.tolist() == [0.0, 0.0, 0.5, 0.0, 0.5]
    # KL = 1/2 log(1/2 / 1/2) + 1/2 log(1/2 / 1/8) = log 2.
    assert float(process_terms.gap_divergence(process)) == pytest.approx(math.log(2), rel=1e-14)


def test_laws_given_inputs():
    process = DistillationProcess.create(
        [0.1, 0.2, 0.3, 0.4],
        GENERATOR.uniform(size=(2, 4)),
        GENERATOR.dirichlet(np.ones(2), size=16),
        GENERATOR.dirichlet(np.ones(32)).reshape(16, 2),
        num_samples=2,
        inputs=[0, 0, 1, 1],
    )
    weights, given, student_weights, student_given = process_terms.laws_given_inputs(process)
    assert np.allclose(weights, [0.09, 0.21, 0.21, 0.49], atol=1e-15)
    for law, mass, conditional in (
        (teacher_law(process), weights, given),
        (process.student_law, student_weights, student_given),
    ):
        assert np.allclose(jnp.einsum("x,xdf->df", mass, conditional), law, atol=1e-15)
        assert np.allclose(jnp.sum(conditional, axis=(1, 2)), 1.0)
    expected = kl(np.asarray(student_weights), np.asarray(weights))
    assert float(process_terms.input_divergence(process)) == pytest.approx(expected, rel=1e-12)


def test_a_tilt_is_the_tilt():
    process = random_process(3, 2, 2)
    law, h = np.asarray(teacher_law(process)), np.asarray(gaps(process))
    expected = law * np.exp(1.7 * h)
    found = tilted(process, 1.7).student_law
    assert np.allclose(found, expected / expected.sum(), rtol=1e-13)
    assert float(process_terms.divergence(tilted(process, 0.0))) == pytest.approx(0.0, abs=1e-15)
    extreme = tilted(process, 1e6)
    assert float(process_terms.student_gap(extreme)) == pytest.approx(h.max(), rel=1e-12)


# --- bad input ----------------------------------------------------------------------------------

GOOD = {
    "example_weights": [0.5, 0.5],
    "losses": [[0.0, 1.0], [1.0, 0.0]],
    "teacher_kernel": [[0.5, 0.5]] * 4,
    "student_law": [[0.125, 0.125]] * 4,
    "num_samples": 2,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"example_weights": [0.5, 0.6]}, "example_weights: got a sum of 1.1"),
        ({"losses": [[0.0, 1.0, 2.0]] * 2}, "losses: got 3 columns; expected 2"),
        ({"losses": [[0.0, math.nan]] * 2}, "losses: got nan at index"),
        ({"losses": [[0.0, 1.0]] * 3}, "teacher_kernel: got 2 columns; expected 3"),
        ({"teacher_kernel": [[0.5, 0.6]] * 4}, r"teacher_kernel: got row \(0,\) summing to 1.1"),
        ({"teacher_kernel": [[0.5, 0.5]] * 5}, "got 5 rows; expected 4 .* or 3 .every type"),
        ({"student_law": [[0.5, 0.5]] * 4}, "student_law: got a sum of 4.0"),
        ({"student_law": [[0.125, 0.125]] * 3}, r"student_law: got shape \(3, 2\)"),
        ({"student_law": [[0.125, -0.125]] * 4}, "student_law: got -0.125"),
        ({"student_law": [[0.125, 0.125], [0.1]]}, "student_law: got rows of different lengths"),
        ({"num_samples": 0}, "num_samples: got 0; expected an integer of at least 1"),
        ({"num_samples": 400}, "teacher_kernel: got 4 rows; expected .* or 401"),
        ({"inputs": [0]}, "inputs: got 1 entries; expected 2"),
        ({"inputs": [0, -1]}, r"inputs\[1\]: got -1; expected an integer of at least 0"),
    ],
)
def test_bad_arrays_are_refused_in_words(change, message):
    with pytest.raises(InputError, match=message):
        DistillationProcess.create(**{**GOOD, **change})


def test_a_batch_of_processes_is_one_program():
    batch = [random_process(2, 2, 2) for _ in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batch)
    found = jax.vmap(process_terms.divergence)(stacked)
    assert np.allclose(found, [float(process_terms.divergence(one)) for one in batch], rtol=1e-14)
