"""The settings of least divergence and of least bound."""

import json

import numpy as np
import pytest
import scipy.optimize

from kdtheory._check import InputError
from kdtheory.decomposition import (
    PARAMETERS,
    OptimalDesign,
    decompose,
    landscape,
    optimal_design,
)

X = np.array([[1.0, 0.5, -0.3], [0.2, -1.0, 0.7]])
WEIGHTS = np.array([[1.0, -0.5], [0.3, 0.8]])
HELD = ("noise_std", "student_covariance")


def by_simplex_search(objective):
    """The same minimum through `decompose` and a method without derivatives."""

    def value(logarithms):
        precision, beta = np.exp(logarithms)
        found = decompose(
            X, WEIGHTS, noise_std=0.8, prior_precision=precision, inverse_temperature=beta
        )
        return getattr(found, objective)

    options = {"xatol": 1e-7, "fatol": 1e-13}
    return scipy.optimize.minimize(value, [0.0, 0.0], method="Nelder-Mead", options=options)


@pytest.mark.parametrize("objective", ["divergence", "bound"])
def test_another_method_finds_the_same(objective):
    found = optimal_design(X, WEIGHTS, noise_std=0.8, objective=objective, hold=HELD)
    expected = by_simplex_search(objective)
    np.testing.assert_allclose(getattr(found, objective), expected.fun, rtol=1e-12)
    settings = np.log([found.prior_precision, found.inverse_temperature])
    np.testing.assert_allclose(settings, expected.x, atol=1e-5)
    assert found.edges == {}
    assert found.student_scale == (1.0, 1.0)


def test_each_is_best_at_its_own_objective():
    best = optimal_design(X, WEIGHTS, noise_std=0.8, hold=HELD)
    bounded = optimal_design(X, WEIGHTS, noise_std=0.8, objective="bound", hold=HELD)
    assert best.divergence < bounded.divergence
    assert bounded.bound < best.bound


def test_a_free_student_covariance_helps_the_divergence_only():
    held = optimal_design(X, WEIGHTS, noise_std=0.8, hold=HELD)
    free = optimal_design(X, WEIGHTS, noise_std=0.8)
    assert free.divergence < held.divergence
    assert all(0 <= scale < 1 for scale in free.student_scale)
    # Nothing nearby is better, with the student's covariance as a matrix.
    snr = free.inverse_temperature / 0.8**2
    posterior = np.linalg.inv(free.prior_precision * np.eye(2) + snr * X @ X.T)
    left = np.linalg.svd(X)[0]
    moves = [np.eye(2), np.diag([1.02, 1.0]), np.array([[1.0, 0.02], [0.02, 1.0]])]
    best = left @ np.diag(free.student_scale) @ left.T @ posterior
    for move in moves:
        covariance = move @ ((best + best.T) / 2) @ move
        found = decompose(
            X,
            WEIGHTS,
            noise_std=0.8,
            prior_precision=free.prior_precision,
            inverse_temperature=free.inverse_temperature,
            student_covariance=covariance,
        )
        if move is moves[0]:
            np.testing.assert_allclose(found.divergence, free.divergence, rtol=1e-9)
        else:
            assert found.divergence > free.divergence
    for_bound = optimal_design(X, WEIGHTS, noise_std=0.8, objective="bound")
    assert for_bound.student_scale == (1.0, 1.0)


def test_what_is_held_stays():
    found = optimal_design(
        X, WEIGHTS, noise_std=0.8, prior_precision=0.3, hold=(*HELD, "prior_precision")
    )
    assert (found.prior_precision, found.noise_std) == (0.3, 0.8)

    def value(beta):
        return decompose(
            X, WEIGHTS, noise_std=0.8, prior_precision=0.3, inverse_temperature=beta
        ).divergence

    expected = scipy.optimize.minimize_scalar(value, bounds=(0.1, 10), method="bounded")
    np.testing.assert_allclose(found.inverse_temperature, expected.x, rtol=1e-4)
    everything = optimal_design(X, WEIGHTS, noise_std=0.8, inverse_temperature=1.5, hold=PARAMETERS)
    given = decompose(X, WEIGHTS, noise_std=0.8, inverse_temperature=1.5)
    np.testing.assert_allclose(everything.divergence, given.divergence, rtol=1e-13)


def test_a_minimum_at_infinity_is_said_to_be_one():
    """Without signal the bound falls to k r / 2 as the prior sharpens, and with noise K does."""
    found = optimal_design(X, 0 * WEIGHTS, noise_std=0.8, objective="bound", hold=HELD)
    assert found.edges["prior_precision"] == "high"
    np.testing.assert_allclose(found.bound, 2.0, rtol=1e-6)
    noisy = optimal_design(X, WEIGHTS, noise_std=0.8, hold=("student_covariance",))
    assert noisy.edges["noise_std"] == "high"


def test_ranks_and_conventions():
    beta_only = (*HELD, "prior_precision")
    for options in ({"rank": 0}, {"null": "identity"}):
        found = optimal_design(X[:, :1], WEIGHTS, noise_std=0.8, hold=beta_only, **options)
        beta = found.inverse_temperature
        for factor in (0.99, 1.01):
            near = decompose(
                X[:, :1], WEIGHTS, noise_std=0.8, inverse_temperature=factor * beta, **options
            )
            assert near.divergence > found.divergence
        one = decompose(X[:, :1], WEIGHTS, noise_std=0.8, inverse_temperature=beta, **options)
        np.testing.assert_allclose(found.divergence, one.divergence, rtol=1e-12)


def test_json_both_ways():
    found = optimal_design(X, WEIGHTS, noise_std=0.8, prior_precision=2.0, hold=PARAMETERS)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert OptimalDesign.from_dict(json.loads(text)) == found


def test_the_landscape_has_its_least_value_near_the_optimum():
    best = optimal_design(X, WEIGHTS, noise_std=0.8, hold=HELD)
    axes = {
        "prior_precision": best.prior_precision * np.array([0.5, 1.0, 2.0]),
        "inverse_temperature": best.inverse_temperature * np.array([0.5, 1.0, 2.0, 4.0]),
    }
    seen = landscape(X, WEIGHTS, noise_std=0.8, **axes)
    assert np.unravel_index(seen.divergence.argmin(), (3, 4)) == (1, 1)
    np.testing.assert_allclose(seen.divergence[1, 1], best.divergence, rtol=1e-12)
    one = decompose(
        X,
        WEIGHTS,
        noise_std=0.8,
        prior_precision=axes["prior_precision"][2],
        inverse_temperature=axes["inverse_temperature"][3],
    )
    np.testing.assert_allclose(seen.bound[2, 3], one.bound, rtol=1e-12)
    tuned = landscape(X, WEIGHTS, noise_std=0.8, best_student=True, **axes)
    assert (tuned.divergence < seen.divergence).all()


BAD = {
    "objective": ({"objective": "loss"}, "'divergence' or 'bound'"),
    "parameter": ({"hold": ["width"]}, "hold: got 'width'"),
    "rank": ({"rank": 1}, "dominance_map"),
    "noise": ({"noise_std": None}, "neither noise_std nor labels"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    settings, part = BAD[name]
    with pytest.raises(InputError) as error:
        optimal_design(X, WEIGHTS, **{"noise_std": 1.0, **settings})
    assert part in str(error.value)


def test_a_landscape_needs_positive_axes():
    with pytest.raises(InputError, match="inverse_temperature: got 0"):
        landscape(X, WEIGHTS, noise_std=1.0, prior_precision=[1.0], inverse_temperature=[0.0])
