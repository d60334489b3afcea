"""Designs, their spectrum, and the matrix forms that need the design itself."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dataset_shift,
    dense,
    given_data,
    student_covariance,
)

SHAPES = {
    "tall": (2, 3, 5),
    "fewer samples than features": (2, 4, 2),
    "more outputs than features": (4, 2, 3),
}
KINDS = (("full", "minnorm"), ("full", "identity"), ("zero", "minnorm"))


pytestmark = pytest.mark.usefixtures("strict")


def make(shape, *, deficient=False, student=None, **hyperparameters):
    outputs, features, samples = shape
    rng = np.random.default_rng(outputs + 10 * features + 100 * samples)
    inputs = rng.normal(size=(features, samples))
    if deficient:
        inputs[-1] = 2 * inputs[0]
    covariance = None
    if student == "own":
        half = rng.normal(size=(features, features))
        covariance = half @ half.T + 0.1 * np.eye(features)
    settings = {"prior_precision": 0.7, "inverse_temperature": 1.4, "noise_std": 0.8}
    return LinearGaussianDesign.create(
        inputs,
        rng.normal(size=(outputs, features)),
        **{**settings, **hyperparameters},
        student_covariance=covariance,
    )


def maps(design):
    """The student's map for each of KINDS."""
    projection = np.asarray(design.inputs) @ np.linalg.pinv(np.asarray(design.inputs))
    identity = np.eye(projection.shape[0])
    return jnp.asarray(np.stack([projection, identity, 0 * identity]))


def all_designs(**changes):
    designs = [make(shape, **changes) for shape in SHAPES.values()]
    return [*designs, make((2, 3, 5), deficient=True, **changes)]


def test_spectrum_counts_the_null_space_once():
    for design in all_designs():
        found = spectrum(design)
        rank = np.linalg.matrix_rank(np.asarray(design.inputs))
        features, samples = design.inputs.shape
        assert found.squared_singular_values.shape == (min(features, samples),)
        assert int(jnp.sum(found.squared_singular_values > 0)) == rank
        assert float(found.num_null) == features - rank


def test_the_rank_does_not_depend_on_the_unit():
    for unit in (1e-12, 1.0, 1e12):
        inputs = unit * np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]])
        design = LinearGaussianDesign.create(inputs, np.ones((1, 3)))
        assert float(spectrum(design).num_null) == 1.0


@jax.jit
def dense_values(design, student_maps):
    over_maps = jax.vmap(dense.algorithm_shift_dense, in_axes=(None, 0))
    return dense.dataset_shift_dense(design), over_maps(design, student_maps)


@jax.jit
def spectral_values(design, scale):
    """Exact shifts, information and bound for each of KINDS, and Cov."""
    summary = spectrum(design)
    scales = {"student_scale": scale, "null_scale": scale}
    rows = []
    for rank, null in KINDS:
        options = {"rank": rank, "null": null, **scales}
        rows.append(
            [
                algorithm_shift.algorithm_shift_exact(summary, **options),
                algorithm_shift.mutual_information(summary, **options),
                algorithm_shift.algorithm_shift_bound(summary, **options),
            ]
        )
    return jnp.stack([jnp.stack(row) for row in rows])


@jax.jit
def matrix_values(design):
    """The same through the matrix forms."""
    summary = spectrum(design)
    mismatch = student_covariance.general_covariance_mismatch(design)
    rows = []
    for rank, null in KINDS:
        options = {"rank": rank, "null": null}
        rows.append(
            [
                student_covariance.general_algorithm_shift_exact(design, **options),
                student_covariance.general_mutual_information(design, **options),
                mismatch + algorithm_shift.algorithm_mean_term(summary, **options),
            ]
        )
    return jnp.stack([jnp.stack(row) for row in rows])


def test_closed_forms_agree_with_the_generative_model():
    for design in all_designs():
        labels, algorithm = dense_values(design, maps(design))
        found = dataset_shift.dataset_shift_exact(spectrum(design))
        np.testing.assert_allclose(found, labels, rtol=1e-12)
        found = spectral_values(design, jnp.asarray(1.0))[:, 0]
        np.testing.assert_allclose(found, algorithm, rtol=1e-11)


def test_matrix_forms_agree_with_the_generative_model():
    for design in all_designs(student="own")[1::2]:
        summary = spectrum(design)
        exact, information, bound = np.asarray(matrix_values(design)).T
        np.testing.assert_allclose(exact, dense_values(design, maps(design))[1], rtol=1e-11)
        slack = dataset_shift.dataset_shift_printed(summary)
        slack -= dataset_shift.dataset_shift_exact(summary)
        np.testing.assert_allclose(slack + bound - exact, information, rtol=1e-12)


def test_matrix_forms_agree_with_the_spectral_ones_when_they_commute():
    for design in all_designs()[1::2]:
        covariance = 0.6 * np.asarray(dense.teacher_covariance(design))
        scaled = dataclasses.replace(design, student_covariance=jnp.asarray(covariance))
        found, expected = matrix_values(scaled), spectral_values(design, jnp.asarray(0.6))
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_singular_student_covariance():
    design = make((2, 3, 5))
    singular = dataclasses.replace(design, student_covariance=jnp.diag(jnp.array([1.0, 2.0, 0.0])))
    # The teacher's randomness given the pseudo labels fills the missing direction ...
    exact = student_covariance.general_algorithm_shift_exact(singular)
    regular = dataclasses.replace(design, student_covariance=jnp.diag(jnp.array([1.0, 2.0, 1e-13])))
    np.testing.assert_allclose(
        exact, student_covariance.general_algorithm_shift_exact(regular), rtol=1e-10
    )
    # ... but not for a student that ignores the teacher, and the bound never sees it.
    assert student_covariance.general_algorithm_shift_exact(singular, rank="zero") == np.inf
    assert student_covariance.general_covariance_mismatch(singular) == np.inf
    assert student_covariance.general_mutual_information(singular) == np.inf


def test_gibbs_posterior_solves_the_normal_equations():
    for design in all_designs():
        rng = np.random.default_rng(1)
        labels = rng.normal(size=(design.true_weights.shape[0], design.inputs.shape[1]))
        settings = (design.prior_precision, design.inverse_temperature, design.noise_std)
        mean, covariance = given_data.gibbs_posterior(design.inputs, jnp.asarray(labels), *settings)
        inputs = np.asarray(design.inputs)
        lam, beta, nu = map(float, settings)
        precision = lam * np.eye(len(inputs)) + beta / nu**2 * inputs @ inputs.T
        np.testing.assert_allclose(covariance @ precision, np.eye(len(inputs)), atol=1e-13)
        expected = np.linalg.solve(precision, beta / nu**2 * inputs @ labels.T).T
        np.testing.assert_allclose(mean, expected, rtol=1e-11, atol=1e-13)


def test_dataset_shift_given_the_data_agrees_with_the_laws_of_the_labels():
    for design in all_designs():
        rng = np.random.default_rng(2)
        outputs, samples = design.true_weights.shape[0], design.inputs.shape[1]
        labels = rng.normal(size=(outputs, samples))
        inputs, truth = np.asarray(design.inputs), np.asarray(design.true_weights)
        lam, beta, nu = (
            float(x) for x in (design.prior_precision, design.inverse_temperature, design.noise_std)
        )
        covariance = np.linalg.inv(lam * np.eye(len(inputs)) + beta / nu**2 * inputs @ inputs.T)
        gap = (beta / nu**2 * labels @ inputs.T @ covariance - truth) @ inputs
        spread = inputs.T @ covariance @ inputs / nu**2
        log_determinant = np.linalg.slogdet(np.eye(samples) + spread)[1]
        exact = (outputs * (np.trace(spread) - log_determinant) + np.sum(gap**2) / nu**2) / 2
        printed = (np.sum(gap**2) / nu**2 + outputs * np.trace(spread)) / 2
        arguments = (design, jnp.asarray(labels))
        np.testing.assert_allclose(
            given_data.dataset_shift_given_data_exact(*arguments), exact, rtol=1e-12
        )
        np.testing.assert_allclose(
            given_data.dataset_shift_given_data_printed(*arguments), printed, rtol=1e-12
        )
        np.testing.assert_allclose(
            given_data.bias_given_data(*arguments), np.sum(gap**2), rtol=1e-11
        )


def test_the_split_given_the_teacher_at_every_rank():
    for design in all_designs():
        shape = design.true_weights.shape
        weights = jnp.asarray(np.random.default_rng(3).normal(size=shape))
        for rank in range(min(shape) + 2):
            parts = given_data.apx_cross_spread_given_teacher(design, weights, rank=rank)
            student = given_data.truncated_student_mean(design, weights, rank=rank)
            left, values, right = np.linalg.svd(np.asarray(weights @ design.inputs))
            values[rank:] = 0
            best = (left[:, : len(values)] * values) @ right[: len(values)]
            np.testing.assert_allclose(
                student, best @ np.linalg.pinv(np.asarray(design.inputs)), atol=1e-12
            )
            expected = dense.mean_term_dense(design, weights, student)
            np.testing.assert_allclose(sum(parts), expected, rtol=1e-11)
            assert parts[1] <= 0
            if rank >= np.linalg.matrix_rank(np.asarray(weights @ design.inputs)):
                assert parts[0] <= 1e-25


def test_functions_compose_with_vmap_and_grad():
    design = make((2, 3, 5))
    stacked = jax.tree.map(lambda x: jnp.stack([x, 2 * x]), design)
    values = jax.vmap(lambda d: algorithm_shift.divergence_exact(spectrum(d)))(stacked)
    assert values.shape == (2,)
    gradient = jax.grad(lambda d: algorithm_shift.divergence_exact(spectrum(d)))(design)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_default_precision_is_respected():
    with jax.enable_x64(False):
        design = LinearGaussianDesign.create(np.eye(2), np.ones((1, 2)))
        assert design.inputs.dtype == jnp.float32
        assert algorithm_shift.divergence_exact(spectrum(design)).dtype == jnp.float32


SQUARE = np.eye(3)
BAD = {
    "one-dimensional inputs": ((np.ones(3), SQUARE), {}, "inputs: got an array of shape (3,)"),
    "empty inputs": ((np.ones((3, 0)), SQUARE), {}, "empty array of shape (3, 0)"),
    "text": ((np.array([["a"]]), SQUARE), {}, "expected real numbers"),
    "complex": ((1j * SQUARE, SQUARE), {}, "expected real numbers"),
    "not a number": ((np.full((3, 3), np.nan), SQUARE), {}, "got nan at index (0, 0)"),
    "weights transposed": ((np.ones((3, 5)), np.ones((3, 1))), {}, "use true_weights.T"),
    "inputs transposed": ((np.ones((5, 3)), np.ones((1, 3))), {}, "use inputs.T"),
    "weights of another size": ((SQUARE, np.ones((1, 2))), {}, "expected one column per feature"),
    "no noise": ((SQUARE, SQUARE), {"noise_std": 0.0}, "noise_std: got 0; expected a number > 0"),
    "negative precision": ((SQUARE, SQUARE), {"prior_precision": -1}, "prior_precision: got -1"),
    "negative temperature": ((SQUARE, SQUARE), {"inverse_temperature": -1.0}, ">= 0"),
    "noise not a number": ((SQUARE, SQUARE), {"noise_std": np.nan}, "noise_std: got nan"),
    "a vector of noises": (
        (SQUARE, SQUARE),
        {"noise_std": [1, 2]},
        "noise_std: got an array of shape (2,)",
    ),
    "covariance shape": ((SQUARE, SQUARE), {"student_covariance": np.eye(2)}, "expected (3, 3)"),
    "asymmetric": ((SQUARE, SQUARE), {"student_covariance": np.tri(3)}, "transpose"),
    "indefinite": ((SQUARE, SQUARE), {"student_covariance": -SQUARE}, "smallest eigenvalue of -1"),
}


@pytest.mark.parametrize("name", BAD)
def test_create_says_what_is_wrong(name):
    arguments, settings, message = BAD[name]
    with pytest.raises(InputError) as error:
        LinearGaussianDesign.create(*arguments, **settings)
    assert message in str(error.value)
