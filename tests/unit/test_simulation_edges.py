"""Lemma 1 by draws: worlds at the edge of what there is, and what is refused."""

import dataclasses

import numpy as np
import pytest
from simulated_worlds import one, stacked, worlds

from kdtheory._check import InputError
from kdtheory.objects.problems import FiniteProblem
from kdtheory.simulation import draw_risks, simulate_risks
from kdtheory.simulation.records import QUANTITIES

RNG = np.random.default_rng(0)


def test_where_there_is_no_noise_there_is_no_variance():
    certain = FiniteProblem.create(
        [0.0, 1.0], [[0.5, 0.5], [0.0, 1.0]], [[3.0, 4.0], [5.0, 0.3]], num_samples=7
    )
    found = simulate_risks(certain, replicates=100)
    assert found.onehot_mean.value[0] == found.bayes_mean.value[0] == 0.3
    for name in QUANTITIES[2:]:
        assert getattr(found, name).value[0] == 0.0
        assert getattr(found, name).score[0] == 0.0


def test_labels_that_are_certain_make_both_risks_the_same():
    labels = np.eye(3)[None, [2, 0, 1]]
    losses = RNG.normal(size=(1, 3, 3)) + 1e6  # the offset costs no digits of the deviations
    found = simulate_risks(stacked(np.full((1, 3), 1 / 3), labels, losses, 7), replicates=100)
    assert found.difference_variance.value[0] == 0.0
    assert found.onehot_variance.value[0] == found.bayes_variance.value[0] > 0
    assert found.onehot_variance.value[0] == found.covariance.value[0]
    assert abs(found.onehot_variance.score[0]) < 6


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_one_input_or_one_label(shape):
    inputs, labels = shape
    problem = worlds(1, 7, inputs, labels)
    found = simulate_risks(problem, replicates=500)
    silent = found.bayes_variance if inputs == 1 else found.difference_variance
    assert silent.value[0] == 0.0
    assert found.onehot_variance.value[0] > 0
    assert all(abs(getattr(found, name).score[0]) < 6 for name in QUANTITIES)


def test_an_infinite_loss_without_mass_counts_as_nothing():
    probs, weights = np.array([[[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]]]), np.array([[1.0, 0.0]])
    losses = np.array([[[1.0, 2.0, np.inf], [np.nan, 0.0, 0.0]]])
    found = simulate_risks(stacked(weights, probs, losses, 7), replicates=100)
    assert found.onehot_mean.exact[0] == 1.75
    assert np.isfinite(found.onehot_variance.value[0])
    with pytest.raises(InputError, match=r"losses: got inf at index \(0, 0, 1\)"):
        simulate_risks(
            stacked(weights, probs, np.where(losses == 2.0, np.inf, losses), 7), replicates=100
        )


@pytest.mark.parametrize("scale", [-(2.0**200), 2.0**-200])
def test_the_unit_of_the_losses_does_not_matter(scale):
    problems = worlds(1, 7)
    rescaled = dataclasses.replace(problems, losses=problems.losses * scale)
    found, other = (simulate_risks(each, replicates=100) for each in (problems, rescaled))
    ratio = other.bayes_variance.value / found.bayes_variance.value / scale**2
    # With the sign, other values are rounded.
    np.testing.assert_allclose(ratio, 1.0, rtol=1e-5)
    np.testing.assert_allclose(other.onehot_variance.score, found.onehot_variance.score, atol=1e-3)


def test_a_single_replicate_has_a_deviation_but_no_error():
    found = simulate_risks(worlds(1, 7), replicates=1)
    assert found.onehot_variance.value[0] > 0
    assert np.isnan(found.onehot_variance.standard_error[0])
    assert np.isnan(found.onehot_variance.interval()).all()
    assert np.isfinite(found.onehot_variance.score[0])
    two = simulate_risks(worlds(1, 7), replicates=2)
    assert two.onehot_mean.standard_error[0] > 0
    assert two.onehot_mean.groups == 2


# --- the boundary ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"losses": np.full((2, 3, 4), 1e80)}, "losses: got 1e.80; expected at most 1e.75"),
        ({"losses": np.zeros((2, 3, 5))}, "losses: got shape"),
        ({"input_weights": np.full((2, 3), 0.5)}, "input_weights: got row .0,. summing to 1.5"),
        ({"label_probs": np.full((2, 2, 4), 0.25)}, "label_probs: got .2, 2. rows"),
        (
            {"num_samples": np.full(3, 7.0)},
            "num_samples: got shape .3,.; expected one",
        ),
        ({"num_samples": np.array([7.0, 2.5])}, "num_samples: got 2.5"),
        ({"num_samples": np.array([7.0, 0.0])}, "num_samples: got 0"),
        ({"num_samples": 2.0**21}, "num_samples: got 2.09715e.06; .* at most 1048576"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change, words):
    problems = dataclasses.replace(worlds(2, 7), **change)
    with pytest.raises(InputError, match=words):
        simulate_risks(problems, replicates=10)


def test_numbers_and_lists_are_checked():
    problems = worlds(2, 7)
    for name in ("replicates", "chunk_size"):
        with pytest.raises(InputError, match=f"{name}: got 0"):
            simulate_risks(problems, **{"replicates": 10, name: 0})
    with pytest.raises(InputError, match="problems: got none"):
        simulate_risks([], replicates=10)
    mixed = [one(problems, 0), one(worlds(1, 7, 2, 2), 0)]
    with pytest.raises(InputError, match="problems: got arrays of the shapes"):
        simulate_risks(mixed, replicates=10)
    with pytest.raises(InputError, match="problem: got 2 problems"):
        draw_risks(problems, replicates=10)


def test_how_a_result_reads():
    text = str(simulate_risks(worlds(1, 7), replicates=1000))
    assert text.splitlines()[0] == "1,000 samples of 7 draws from 1 problem, seed 0"
    assert text.splitlines()[1].split() == ["simulated", "std.", "error", "exact", "score"]
    assert len(text.splitlines()) == 2 + len(QUANTITIES)
    text = str(simulate_risks(worlds(4, [7, 1, 7, 7]), replicates=100))
    assert text.splitlines()[0] == "100 samples of 1 to 7 draws from 4 problems, seed 0"
    assert "highest score" in text
