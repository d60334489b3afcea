"""Every rank at once: the draws against closed forms and against plain sampling; the map."""

import json

import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.decomposition import TERMS, decompose_grid, dominance_map, sweep_design
from kdtheory.decomposition.ranks import rank_draws
from kdtheory.objects.designs import LinearGaussianDesign

RNG = np.random.default_rng(11)
X, WEIGHTS = RNG.normal(size=(4, 6)), RNG.normal(size=(3, 4))
SETTINGS = np.array([[0.5, 2.0], [0.3, 1.7], [0.8, 0.4]])  # lambda, beta, nu in rows


def design(inputs=X, weights=WEIGHTS):
    return LinearGaussianDesign.create(inputs, weights)


def plain_losses(inputs, weights, setting, draws, seed):
    """apx + cross at every rank from its definition, in the original coordinates.

    apx + cross = 1/2 [beta/nu^2 ||(I - Pi) W_T X||^2 - lambda ||(I - Pi) W_T P_X||^2].
    """
    precision, beta, noise = setting
    rng = np.random.default_rng(seed)
    d, n = inputs.shape
    k = len(weights)
    posterior = np.linalg.inv(precision * np.eye(d) + beta / noise**2 * inputs @ inputs.T)
    factor = np.linalg.cholesky(posterior)
    onto = inputs @ np.linalg.pinv(inputs)
    full = min(k, np.linalg.matrix_rank(inputs))
    losses = np.zeros((draws, full + 1))
    for row in losses:
        labels = weights @ inputs + noise * rng.normal(size=(k, n))
        teacher = beta / noise**2 * labels @ inputs.T @ posterior
        teacher = teacher + rng.normal(size=(k, d)) @ factor.T
        left = np.linalg.svd(teacher @ inputs)[0]
        for rank in range(full + 1):
            out = left[:, rank:].T @ teacher
            fit, prior = np.sum((out @ inputs) ** 2), np.sum((out @ onto) ** 2)
            row[rank] = 0.5 * (beta / noise**2 * fit - precision * prior)
    return losses.mean(axis=0), losses.std(axis=0) / draws**0.5


@pytest.mark.parametrize("inputs", [X, X[:, :2]])
def test_the_loss_agrees_with_plain_sampling(inputs):
    found = rank_draws(design(inputs), SETTINGS, 4000, seed=1)
    for column, setting in enumerate(SETTINGS.T):
        means, errors = plain_losses(inputs, WEIGHTS, setting, 3000, seed=2)
        # Seven comparisons of two samples at 4.5 standard errors, with fixed seeds.
        allowed = 4.5 * np.hypot(errors, found.standard_error[:, column]) + 1e-12
        assert (np.abs(found.bottleneck[:, column] - means) <= allowed).all()


def test_the_ends_are_closed_forms():
    found = rank_draws(design(), SETTINGS, 64, seed=0)
    for column, (precision, beta, noise) in enumerate(SETTINGS.T):
        held = {"prior_precision": precision, "inverse_temperature": beta, "noise_std": noise}
        grid = decompose_grid(X, WEIGHTS, rank=0, **held)
        np.testing.assert_allclose(
            found.bottleneck[0, column], grid.terms["rank bottleneck"], rtol=1e-12
        )
    assert (found.bottleneck[-1] == 0).all()
    assert (found.standard_error[[0, -1]] == 0).all()
    assert (found.standard_error[1:-1] > 0).all()


def test_the_control_variate_pays():
    """The known loss at rank zero takes most of the variance of the loss at rank one."""
    found = rank_draws(design(), SETTINGS, 4000, seed=0)
    _, plain = plain_losses(X, WEIGHTS, SETTINGS[:, 1], 4000, seed=3)
    assert found.standard_error[1, 1] < 0.6 * plain[1]


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_the_information_is_bounded(scale):
    """At full rank the guess is the posterior mean and the bound is the exact value."""
    found = rank_draws(design(), SETTINGS, 20_000, seed=4, student_scale=scale)
    for column, (precision, beta, noise) in enumerate(SETTINGS.T):
        held = {"prior_precision": precision, "inverse_temperature": beta, "noise_std": noise}
        grid = decompose_grid(X, WEIGHTS, student_scale=scale, **held)
        # J - K = k/2 sum log(1 + t) + I(Theta; W_T | Y-hat); the first is J - K at rank zero.
        zero = decompose_grid(X, WEIGHTS, rank=0, student_scale=scale, **held)
        exact = grid.mutual_information - zero.mutual_information
        # 10,000 draws of 3 outputs know a variance to sqrt(2 / 30,000) = 0.8 %, and the mean of
        # four such logarithms to 0.4 %: five of these.
        np.testing.assert_allclose(found.information[-1, column], exact, rtol=0.02)
    assert (found.information[0] == 0).all()


def test_the_map_is_made_of_grids_and_draws():
    betas = np.array([0.1, 1.0, 10.0])
    found = dominance_map(X, WEIGHTS, noise_std=0.5, inverse_temperature=betas, seed=3)
    assert found.ranks.tolist() == [0, 1, 2, 3]
    full = decompose_grid(X, WEIGHTS, noise_std=0.5, inverse_temperature=betas)
    for rank in range(4):
        for name in TERMS:
            if name != "rank bottleneck":
                np.testing.assert_array_equal(found.terms[name][rank], full.terms[name])
    np.testing.assert_allclose(found.bound[-1], full.bound, rtol=1e-14)
    largest = np.max([found.terms[name] for name in TERMS], axis=0)
    for (rank, column), index in np.ndenumerate(found.dominant):
        assert found.terms[TERMS[index]][rank, column] == largest[rank, column]
    assert sum(found.shares().values()) == pytest.approx(1.0)
    again = dominance_map(X, WEIGHTS, noise_std=0.5, inverse_temperature=betas, seed=3)
    np.testing.assert_array_equal(found.bound, again.bound)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["dominant"][0][2] == "rank bottleneck"


def test_ranks_may_be_chosen():
    found = dominance_map(X, WEIGHTS, noise_std=0.5, ranks=[1, 4], inverse_temperature=[1.0])
    assert found.bound.shape == (2, 1)
    assert found.terms["rank bottleneck"][1, 0] == 0.0


HELD = {"noise_std": 0.6, "prior_precision": 0.7}


def test_a_sweep_at_a_closed_form_is_a_grid():
    betas = np.geomspace(0.1, 10, 5)
    for options in ({}, {"rank": 0}, {"null": "identity"}, {"student_scale": 0.5}):
        sweep = sweep_design(
            X, WEIGHTS, name="inverse_temperature", values=betas, **HELD, **options
        )
        grid = decompose_grid(X, WEIGHTS, inverse_temperature=betas, **HELD, **options)
        np.testing.assert_array_equal(sweep.divergence_low, grid.divergence)
        np.testing.assert_array_equal(sweep.divergence_high, grid.divergence)
        np.testing.assert_allclose(sweep.bound, grid.bound, rtol=1e-15)
        assert sweep.logarithmic


def test_a_sweep_over_the_rank():
    sweep = sweep_design(X, WEIGHTS, name="rank", values=range(5), **HELD)
    for rank in (0, 3, 4):
        grid = decompose_grid(X, WEIGHTS, rank=rank, **HELD)
        assert sweep.divergence_low[rank] == sweep.divergence_high[rank] == grid.divergence
        np.testing.assert_allclose(sweep.bound[rank], grid.bound, rtol=1e-14)
    between = slice(1, 3)
    assert (sweep.divergence_low[between] < sweep.divergence_high[between]).all()
    assert (sweep.divergence_high[between] < sweep.bound[between]).all()
    # What every rank's bound gives away: at rank zero it is all that it gives away.
    zero = decompose_grid(X, WEIGHTS, rank=0, **HELD)
    given_away = sweep.bound[between] - sweep.divergence_high[between]
    np.testing.assert_allclose(given_away, zero.mutual_information, rtol=1e-12)
    assert (sweep.standard_error[between] > 0).all()
    assert not sweep.logarithmic
    json.dumps(sweep.to_dict(), allow_nan=False)


def test_a_sweep_at_rank_one_matches_the_sweep_over_ranks():
    """The same draws serve both, so that the numbers are the same."""
    over_ranks = sweep_design(X, WEIGHTS, name="rank", values=[0, 1, 2], **HELD)
    at_one = sweep_design(X, WEIGHTS, name="inverse_temperature", values=[1.0, 2.0], rank=1, **HELD)
    np.testing.assert_allclose(at_one.bound[0], over_ranks.bound[1], rtol=1e-12)
    np.testing.assert_allclose(at_one.divergence_low[0], over_ranks.divergence_low[1], rtol=1e-12)


def test_a_student_of_limited_rank_without_noise_is_infinitely_far():
    sweep = sweep_design(X, WEIGHTS, name="student_scale", values=[0.0, 1.0], rank=1, **HELD)
    assert sweep.bound[0] == sweep.divergence_low[0] == sweep.divergence_high[0] == np.inf
    assert sweep.divergence_low[1] < sweep.divergence_high[1] < sweep.bound[1] < np.inf


BAD = {
    "name": ({"name": "width", "values": [1.0]}, "one of prior_precision"),
    "a fraction": ({"name": "rank", "values": [0.5]}, "whole numbers"),
    "too high": ({"name": "rank", "values": [5]}, "at most 4"),
    "no values": ({"name": "rank", "values": []}, "empty"),
    "out of range": ({"name": "noise_std", "values": [0.0, 1.0]}, "noise_std: got 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_sweep_refuses(name):
    arguments, part = BAD[name]
    with pytest.raises(InputError) as error:
        sweep_design(X, WEIGHTS, **{**HELD, **arguments})
    assert part in str(error.value)


def test_what_a_map_refuses():
    with pytest.raises(InputError, match="ranks: got 5"):
        dominance_map(X, WEIGHTS, noise_std=1.0, ranks=[5])
    with pytest.raises(InputError, match="num_draws: got 1"):
        dominance_map(X, WEIGHTS, noise_std=1.0, num_draws=1)
