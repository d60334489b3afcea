"""The bias-variance room under symmetries, on worlds of all small shapes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.risks import sharp_constant
from kdtheory.theorems.bias_variance import bounds, formulas
from kdtheory.theorems.bias_variance.worlds import sharp, squared_range, worlds

# One shape, and so one program.
PROBLEMS = strategies.instances(worlds((2, 3, 2)))
FEW = settings(max_examples=20)


def replaced(problem, **fields):
    """The problem with other arrays, given as NumPy arrays (which need no compilation)."""
    return dataclasses.replace(problem, **{name: jnp.asarray(x) for name, x in fields.items()})


@jax.jit
def all_quantities(problem):
    constant, square = sharp(problem), squared_range(problem)
    return [
        formulas.shared_error(problem),
        formulas.fresh_error(problem),
        formulas.bias_variance_over_teachers(problem),
        formulas.expected_variance(problem),
        bounds.shared_norm_bound(problem, constant),
        bounds.shared_tv_bound(problem, square),
        bounds.shared_mixed_bound(problem, constant),
        bounds.shared_moment_bound(problem, constant),
        bounds.fresh_norm_bound(problem, constant),
        bounds.fresh_tv_bound(problem, square),
        formulas.distance_to_bayes_fresh(problem),
        formulas.noise_of_teacher(problem),
    ]


def everything(problem):
    return np.array(all_quantities(problem))


def assert_same(got, expected, unit=1.0):
    """Equality up to rounding in the unit of squared losses."""
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14 * unit)


@FEW
@given(PROBLEMS, st.sampled_from([1e-6, -1.0, 2.5, 1e6]))
def test_scaling_the_losses_scales_everything_by_the_square(problem, factor):
    scaled = everything(replaced(problem, losses=factor * np.asarray(problem.losses)))
    assert_same(scaled, factor**2 * everything(problem), unit=factor**2)


@FEW
@given(PROBLEMS, st.randoms(use_true_random=False))
def test_a_loss_common_to_the_labels_of_an_input_leaves_the_bias(problem, random):
    losses = np.asarray(problem.losses)
    moved = replaced(problem, losses=losses + [[random.uniform(-2, 2)] for _ in losses])
    assert_same(everything(moved)[2], everything(problem)[2])


@FEW
@given(PROBLEMS, st.randoms(use_true_random=False))
def test_the_order_of_labels_inputs_and_teachers_does_not_matter(problem, random):
    teachers, rows, columns = (list(range(side)) for side in problem.teacher_probs.shape)
    for order in (teachers, rows, columns):
        random.shuffle(order)
    old = {f.name: np.asarray(getattr(problem, f.name)) for f in dataclasses.fields(problem)}
    permuted = replaced(
        problem,
        input_weights=old["input_weights"][rows],
        label_probs=old["label_probs"][np.ix_(rows, columns)],
        losses=old["losses"][np.ix_(rows, columns)],
        teacher_weights=old["teacher_weights"][teachers],
        teacher_probs=old["teacher_probs"][np.ix_(teachers, rows, columns)],
    )
    assert_same(everything(permuted), everything(problem))


@FEW
@given(PROBLEMS, st.floats(0, 1))
def test_splitting_an_input_or_a_teacher_in_two_changes_nothing(problem, share):
    old = {f.name: np.asarray(getattr(problem, f.name)) for f in dataclasses.fields(problem)}

    def doubled(name, axis):
        first = np.take(old[name], [0], axis)
        return np.concatenate([first, old[name]], axis)

    def shared_out(name):
        first, *others = old[name]
        return np.array([share * first, (1 - share) * first, *others])

    inputs = replaced(
        problem,
        input_weights=shared_out("input_weights"),
        label_probs=doubled("label_probs", 0),
        losses=doubled("losses", 0),
        teacher_probs=doubled("teacher_probs", 1),
    )
    assert_same(everything(inputs), everything(problem))
    teachers = replaced(
        problem,
        teacher_weights=shared_out("teacher_weights"),
        teacher_probs=doubled("teacher_probs", 0),
    )
    assert_same(everything(teachers), everything(problem))


@given(PROBLEMS)
def test_the_order_of_the_bounds(problem):
    shared, fresh, _, _, norm, variation, mixed, moment, *rest = everything(problem)
    fresh_norm, fresh_variation = rest[:2]
    slack = 1e-13
    assert shared <= variation + slack <= norm + 2 * slack <= moment + 3 * slack
    assert shared <= mixed + slack <= moment + 2 * slack
    assert fresh <= fresh_variation + slack <= fresh_norm + 2 * slack
    assert fresh <= shared + slack


@FEW
@given(PROBLEMS)
def test_at_one_sample_sharing_costs_nothing(problem):
    shared, fresh = everything(replaced(problem, num_samples=np.array(1.0)))[:2]
    assert_same(shared, fresh)


@FEW
@given(strategies.instances(worlds((2, 1, 2))))
def test_one_label_has_no_bias_and_no_penalty(problem):
    assert sharp_constant(1) == 0
    values = everything(problem)
    assert_same(values[[0, *range(4, 10)]], values[3] / float(problem.num_samples))
    assert values[2] == 0


@FEW
@given(PROBLEMS)
def test_an_unbiased_teacher_drawn_afresh_adds_its_noise(problem):
    unbiased = replaced(problem, label_probs=np.asarray(bounds.mean_teacher(problem)))
    gap, noise = everything(unbiased)[-2:]
    assert gap == pytest.approx(noise, rel=1e-11, abs=1e-15)
