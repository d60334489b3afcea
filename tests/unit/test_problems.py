"""Finite problems: defaults and refusals at the boundary."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.objects.problems import FiniteProblem, HypothesisProblem, bayes_problem

WEIGHTS = [0.25, 0.75]
PROBS = [[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]
LOSSES = [[0.0, 1.0, 2.0], [3.0, -1.0, 0.5]]


def test_create_fills_in_the_bayes_teacher_and_one_sample():
    problem = FiniteProblem.create(WEIGHTS, PROBS, LOSSES)
    assert problem.teacher_weights.tolist() == [1.0]
    assert problem.teacher_probs.tolist() == [PROBS]
    assert problem.num_samples.shape == ()
    assert problem.num_samples == 1
    assert {leaf.dtype for leaf in jax.tree.leaves(problem)} == {np.dtype("float64")}


@pytest.mark.float32
def test_create_uses_the_default_precision():
    problem = FiniteProblem.create(WEIGHTS, PROBS, LOSSES)
    assert {leaf.dtype for leaf in jax.tree.leaves(problem)} == {np.dtype("float32")}


def test_create_weighs_teachers_equally_unless_told():
    tables = [PROBS, PROBS[::-1]]
    assert FiniteProblem.create(
        WEIGHTS, PROBS, LOSSES, teacher_probs=tables
    ).teacher_weights.tolist() == [0.5, 0.5]
    told = FiniteProblem.create(
        WEIGHTS, PROBS, LOSSES, teacher_probs=tables, teacher_weights=[0.125, 0.875], num_samples=7
    )
    assert told.teacher_weights.tolist() == [0.125, 0.875]
    assert told.teacher_probs.tolist() == tables
    assert told.num_samples == 7


def test_create_takes_numpy_and_jax_arrays_and_renormalises():
    problem = FiniteProblem.create(
        np.float32([0.25, 0.75]), jnp.array([[0.3, 0.7], [0.1, 0.9]], jnp.float32), np.eye(2)
    )
    np.testing.assert_allclose(problem.label_probs.sum(axis=1), 1, rtol=0, atol=2e-16)


REFUSED = {
    "weights": ({"input_weights": [1, 1]}, "input_weights: got a sum of 2.0; expected sums of 1"),
    "negative": ({"input_weights": [-0.5, 1.5]}, "input_weights: got -0.5 at index (0,)"),
    "weight table": ({"input_weights": [WEIGHTS]}, "input_weights: got an array of shape (1, 2)"),
    "rows": ({"label_probs": LOSSES}, "label_probs: got -1.0 at index (1, 1)"),
    "logits": ({"label_probs": [[2, 1], [0, 1]]}, "label_probs: got row (0,) summing to 3.0"),
    "too few rows": ({"label_probs": PROBS[:1]}, "label_probs: got 1 rows; expected 2, one for"),
    "losses": ({"losses": PROBS[:1]}, "losses: got shape (1, 3); expected shape (2, 3), that of"),
    "nan": ({"losses": [[0, 1, np.nan], [0, 0, 0]]}, "losses: got nan at index (0, 2)"),
    "inf": ({"losses": [[0, 1, np.inf], [0, 0, 0]]}, "losses: got inf at index (0, 2)"),
    "ragged": ({"losses": [[0, 1], [0]]}, "losses: got rows of different lengths"),
    "flat teacher": ({"teacher_probs": PROBS}, "teacher_probs: got an array of shape (2, 3)"),
    "teacher": (
        {"teacher_probs": [PROBS[:1]]},
        "teacher_probs[0]: got shape (1, 3); expected shape (2, 3)",
    ),
    "no law": ({"teacher_weights": [1, 1]}, "teacher_weights: got a sum of 2.0"),
    "law": (
        {"teacher_weights": [0.5, 0.5]},
        "teacher_weights: got 2 entries; expected 1, one for every table of teacher_probs",
    ),
    "no sample": ({"num_samples": 0}, "num_samples: got 0; expected an integer of at least 1"),
    "half a sample": ({"num_samples": 1.5}, "num_samples: got 1.5; expected an integer"),
    "samples": ({"num_samples": [1, 2]}, "num_samples: got an array of shape (2,)"),
    "endless": ({"num_samples": np.inf}, "num_samples: got inf; expected finite numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_create_refuses(case):
    arguments, message = REFUSED[case]
    given = {"input_weights": WEIGHTS, "label_probs": PROBS, "losses": LOSSES, **arguments}
    with pytest.raises(InputError, match=re.escape(message)):
        FiniteProblem.create(**given)


def test_the_bayes_problem_is_what_create_makes_without_a_teacher():
    arrays = [jnp.asarray(value) for value in (WEIGHTS, PROBS, LOSSES, 3.0)]
    made, created = bayes_problem(*arrays), FiniteProblem.create(*arrays[:3], num_samples=3)
    assert jax.tree.structure(made) == jax.tree.structure(created)
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: (a == b).all(), made, created)))


def test_problems_are_pytrees_and_sizes_of_samples_are_where_they_belong():
    problem = FiniteProblem.create(WEIGHTS, PROBS, LOSSES, num_samples=4)
    assert len(jax.tree.leaves(problem)) == 6
    doubled = jax.jit(lambda p: jax.tree.map(lambda leaf: 2 * leaf, p))(problem)
    assert isinstance(doubled, FiniteProblem)
    assert doubled.num_samples == 8
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), problem)
    assert jax.vmap(lambda p: p.losses.sum())(stacked).tolist() == [5.5, 5.5]
    # Enumeration needs N when it compiles.
    arrays = (jnp.asarray(WEIGHTS), jnp.asarray(PROBS), jnp.asarray([LOSSES]))
    enumerated = HypothesisProblem(*arrays, num_samples=2)
    assert len(jax.tree.leaves(enumerated)) == 3
    assert jax.jit(lambda p: jnp.ones(p.num_samples))(enumerated).shape == (2,)
