"""Digits: the terms of a design against dense algebra in 80 digits, in both precisions.

Condition numbers to 1e7, fewer samples than features, rank-deficient inputs, and the limits of
vanishing noise, prior precision and temperature. Reference and toolkit get the same float64 inputs.
"""

import numpy as np
import pytest
from dense_design import dense_decomposition

from kdtheory.decomposition import decompose, decompose_grid
from kdtheory.decomposition.grid import TERMS

VALUES = (*TERMS, "bound", "mutual information", "divergence")


def graded(shape, condition, seed=0):
    """Inputs with singular values from 1 to 1/condition, in random directions on both sides."""
    d, n = shape
    rng = np.random.default_rng(seed)
    r = min(shape)
    left, right = (np.linalg.qr(rng.normal(size=(m, r)))[0] for m in (d, n))
    return (left * np.logspace(0, -np.log10(condition), r)) @ right.T


def deficient(condition=1e3):
    """Rank 2 exactly: the third feature is twice the first, the fourth minus the second."""
    inputs = graded((4, 5), condition, seed=3)
    inputs[2], inputs[3] = 2 * inputs[0], -inputs[1]
    return inputs


def weights(outputs, features, seed=1):
    return np.random.default_rng(seed).normal(size=(outputs, features))


DESIGNS = {
    "well conditioned": graded((3, 5), 10),
    "condition 1e4": graded((3, 4), 1e4),
    "condition 1e7": graded((4, 5), 1e7),
    "condition 1e7, fewer samples": graded((4, 3), 1e7, seed=2),
    "one sample": graded((3, 1), 1),
    "rank-deficient": deficient(),
}
# lambda, beta, nu. At 1e-14 the ridge lambda nu^2 is as small as the smallest squared singular
# value for condition 1e7, so that its direction counts for as much as any other.
SETTINGS = {
    "unit": (1.0, 1.0, 1.0),
    "at the smallest direction": (1e-14, 0.7, 1.0),
    "vanishing noise": (0.5, 1.3, 1e-9),
    "vanishing prior precision": (1e-12, 1.0, 0.5),
    "vanishing temperature": (0.5, 1e-9, 0.5),
    "the prior as teacher": (2.0, 0.0, 0.7),
    "strong prior": (1e9, 1.0, 1.0),
    "cold": (0.3, 40.0, 0.1),
}


def relative_errors(got, expected):
    """Relative errors; a term that is zero must be zero."""
    return {
        name: abs(got[name] / float(expected[name]) - 1) if expected[name] else abs(got[name])
        for name in VALUES
    }


@pytest.fixture(scope="module")
def reference():
    """Dense values, once for both precisions: (design, setting) -> values."""
    return {
        (name, setting): dense_decomposition(inputs, weights(2, len(inputs)), *values)
        for name, inputs in DESIGNS.items()
        for setting, values in SETTINGS.items()
    }


def grid_values(inputs, dtype, **student):
    """All settings in one call; returns one dictionary per setting."""
    precision, beta, noise = np.array(list(SETTINGS.values())).T
    grid = decompose_grid(
        inputs,
        weights(2, len(inputs)),
        prior_precision=precision,
        inverse_temperature=beta,
        noise_std=noise,
        dtype=dtype,
        **student,
    )
    named = {
        **grid.terms,
        "bound": grid.bound,
        "mutual information": grid.mutual_information,
        "divergence": grid.divergence,
    }
    return [{name: float(named[name][i]) for name in VALUES} for i in range(len(SETTINGS))]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-5)])
@pytest.mark.parametrize("name", DESIGNS)
def test_a_grid_agrees_with_eighty_digits(reference, name, dtype, tolerance):
    for got, setting in zip(grid_values(DESIGNS[name], dtype), SETTINGS, strict=True):
        errors = relative_errors(got, reference[name, setting])
        assert max(errors.values()) <= tolerance, (setting, errors)


@pytest.mark.parametrize("name", DESIGNS)
def test_one_design_agrees_with_eighty_digits(reference, name):
    inputs = DESIGNS[name]
    for setting, (precision, beta, noise) in SETTINGS.items():
        result = decompose(
            inputs,
            weights(2, len(inputs)),
            prior_precision=precision,
            inverse_temperature=beta,
            noise_std=noise,
        )
        got = {term.name: term.value for term in result.terms}
        got |= {"bound": result.bound, "divergence": result.divergence}
        got |= {"mutual information": result.mutual_information}
        errors = relative_errors(got, reference[name, setting])
        assert max(errors.values()) <= 1e-13, (setting, errors)


HARD = ("condition 1e7", "condition 1e7, fewer samples", "rank-deficient")


@pytest.mark.parametrize("student", [{"rank": 0}, {"null": "identity"}])
@pytest.mark.parametrize("name", HARD)
def test_other_students_agree_with_eighty_digits(name, student):
    inputs = DESIGNS[name]
    chosen = {"rank": "zero"} if "rank" in student else student
    for dtype, tolerance in (("float64", 1e-13), ("float32", 1e-5)):
        found = grid_values(inputs, dtype, **student)
        for got, (setting, values) in zip(found, SETTINGS.items(), strict=True):
            expected = dense_decomposition(inputs, weights(2, len(inputs)), *values, **chosen)
            errors = relative_errors(got, expected)
            assert max(errors.values()) <= tolerance, (dtype, setting, errors)
