"""Processes made of kernels, of pseudo labels and of algorithms, against enumeration."""

import itertools
import math

import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.objects import datasets
from kdtheory.objects.constructions import (
    algorithm_kernel,
    process_from_kernels,
    process_from_pseudo_labels,
)
from kdtheory.theorems.distillation_divergence import process_terms

GENERATOR = np.random.default_rng(20260525)


def by_type(table, m, n):
    """Sums the rows of sequences over each type."""
    rows = list(itertools.product(range(m), repeat=n))
    sequences = [tuple(row.count(z) for z in range(m)) for row in rows]
    types = [tuple(row) for row in datasets.types(m, n).tolist()]
    return np.array(
        [sum(table[i] for i, own in enumerate(sequences) if own == row) for row in types]
    )


def test_kernels_of_every_coupling_agree_with_enumeration():
    m, n, hypotheses = 2, 2, 2
    rows = m**n
    weights = GENERATOR.dirichlet(np.ones(m))
    losses = GENERATOR.uniform(size=(hypotheses, m))
    kernel = GENERATOR.dirichlet(np.ones(hypotheses), size=m**n)
    made = GENERATOR.dirichlet(np.ones(rows), size=(rows, hypotheses))
    whole = GENERATOR.dirichlet(np.ones(hypotheses), size=(rows, hypotheses, rows))
    chance = [math.prod(weights[z] for z in row) for row in itertools.product(range(m), repeat=n)]

    def enumerated(student):
        law = np.zeros((rows, hypotheses))
        for d, f, e, g in itertools.product(
            range(rows), range(hypotheses), range(rows), range(hypotheses)
        ):
            law[e, g] += chance[d] * kernel[d, f] * made[d, f, e] * student(d, f, e)[g]
        return law

    given = {
        2: (whole[0, 0], lambda d, f, e: whole[0, 0, e]),
        3: (whole[0].transpose(1, 0, 2), lambda d, f, e: whole[0, f, e]),
        4: (whole, lambda d, f, e: whole[d, f, e]),
    }
    for student, of_pair in given.values():
        process = process_from_kernels(weights, losses, kernel, made, student, num_samples=n)
        assert np.allclose(process.student_law, enumerated(of_pair), atol=1e-15)


@pytest.mark.parametrize("sees_teacher", [False, True])
def test_pseudo_labels_are_drawn_from_the_teachers_predictions(sees_teacher):
    num_inputs, labels, n, hypotheses = 2, 2, 3, 2
    m = num_inputs * labels
    types = datasets.num_types(m, n)
    weights = GENERATOR.dirichlet(np.ones(num_inputs))
    probs = GENERATOR.dirichlet(np.ones(labels), size=num_inputs)
    predictions = GENERATOR.dirichlet(np.ones(labels), size=(hypotheses, num_inputs))
    losses = GENERATOR.uniform(size=(hypotheses, num_inputs, labels))
    kernel = GENERATOR.dirichlet(np.ones(hypotheses), size=types)
    shape = (types, hypotheses) if sees_teacher else (types,)
    student = GENERATOR.dirichlet(np.ones(hypotheses), size=shape)
    rows = list(itertools.product(range(m), repeat=n))
    names = [tuple(row) for row in datasets.types(m, n).tolist()]
    order = [names.index(tuple(row.count(z) for z in range(m))) for row in rows]
    # One by one: data, teacher, a label for every input, and the student.
    law = np.zeros((m**n, hypotheses))
    for data, own in zip(rows, order, strict=True):
        chance = math.prod(weights[z // labels] * probs[z // labels, z % labels] for z in data)
        for f, drawn in itertools.product(
            range(hypotheses), itertools.product(range(labels), repeat=n)
        ):
            pseudo = tuple(z // labels * labels + y for z, y in zip(data, drawn, strict=True))
            made = math.prod(
                predictions[f, z // labels, y] for z, y in zip(data, drawn, strict=True)
            )
            answer = student[order[rows.index(pseudo)]]
            answer = answer[f] if sees_teacher else answer
            law[rows.index(pseudo)] += chance * kernel[own, f] * made * answer
    arrays = weights, probs, losses
    one = process_from_pseudo_labels(
        *arrays, kernel[order], predictions, student[order], num_samples=n
    )
    assert np.allclose(one.student_law, law, atol=1e-15)
    assert one.inputs == (0, 0, 1, 1)
    assert float(process_terms.input_divergence(one)) == pytest.approx(0.0, abs=1e-14)
    grouped = process_from_pseudo_labels(*arrays, kernel, predictions, student, num_samples=n)
    assert grouped.grouped
    assert np.allclose(grouped.student_law, by_type(law, m, n), atol=1e-15)


def test_an_algorithm_becomes_a_kernel():
    # The hypothesis is the smallest example seen, or under the second seed the largest.
    kernel = algorithm_kernel(
        lambda data, seed: max(data) if seed else min(data),
        num_examples=2,
        num_hypotheses=2,
        num_samples=2,
        seed_weights=[0.75, 0.25],
    )
    assert kernel.tolist() == [[1.0, 0.0], [0.75, 0.25], [0.75, 0.25], [0.0, 1.0]]
    grouped = algorithm_kernel(max, num_examples=2, num_hypotheses=2, num_samples=2, grouped=True)
    assert grouped.tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    with pytest.raises(InputError, match=r"algorithm\(\(0, 0\)\): got 7; expected an integer"):
        algorithm_kernel(lambda _: 7, num_examples=2, num_hypotheses=2, num_samples=2)


# --- bad input ---------------------------------------------------------------------------------


def test_bad_kernels_are_refused_in_words():
    weights, losses, kernel = [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5]] * 4
    made = np.full((4, 2, 4), 0.25)
    with pytest.raises(InputError, match=r"pseudo_data_kernel: got shape \(4, 2, 3\)"):
        process_from_kernels(
            weights, losses, kernel, np.full((4, 2, 3), 1 / 3), kernel, num_samples=2
        )
    with pytest.raises(
        InputError, match=r"student_kernel: got shape \(3, 2\); expected .*\(4, 2\)"
    ):
        process_from_kernels(weights, losses, kernel, made, [[0.5, 0.5]] * 3, num_samples=2)
    with pytest.raises(InputError, match="student_kernel: got rows of different lengths"):
        process_from_kernels(weights, losses, kernel, made, [[0.5, 0.5], [1.0]], num_samples=2)
    with pytest.raises(InputError, match="predictions: got shape"):
        process_from_pseudo_labels(
            [1.0], [[0.5, 0.5]], [[[0.0, 1.0]]], [[1.0]] * 2, [[[1.0]]], [[1.0]] * 2, num_samples=1
        )
