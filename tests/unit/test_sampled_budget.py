"""Budgets from answers: their expectation, exactly, on the linear student; coverage; refusals."""

import json

import numpy as np
import pytest
from scipy import stats

from kdtheory._check import InputError
from kdtheory.propagation import SampledBudget, budget_from_samples, uncertainty_budget
from kdtheory.propagation.records import PARTS

SETS, TRAININGS, ANSWERS = 3, 2, 2
RNG = np.random.default_rng(7)
# Three columns of rank two, so that the start is never forgotten.
INPUTS = RNG.normal(size=(5, 2)) @ np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]])
SIGMA = np.array([0.5, 1.0, 2.0, 1.5, 0.25])
AT = np.vstack([INPUTS[:2], [[1.0, 0.0, 2.0]]])
K, RHO, START = 2, 0.3, 0.7


def unit_sources():
    """Means and answers' own errors for each uncorrelated source of unit variance in turn.

    An unbiased estimate of a variance is a quadratic form in what was observed, and so its
    expectation is its sum over the sources: no random number is drawn.
    """
    inverse = np.linalg.pinv(INPUTS)
    of_averages, of_start = inverse, START * (np.eye(3) - inverse @ INPUTS)
    # The mean of two correlated responses to one input, from two sources.
    half = np.linalg.cholesky([[1.0, RHO], [RHO, 1.0]]).mean(axis=0)
    of_responses = np.kron(np.diag(SIGMA), half)
    coefficients = [(of_averages @ column, True) for column in of_responses.T]
    residuals = [column - INPUTS @ of_averages @ column for column in of_responses.T]
    coefficients += [(column, False) for column in of_start.T]
    residuals += [INPUTS @ column for column in of_start.T]
    head = sum(np.mean(residual**2) for residual in residuals)

    shape = (SETS, TRAININGS, len(AT))
    means = []
    for theta, shared in coefficients:
        for r in range(SETS):
            for s in [slice(None)] if shared else range(TRAININGS):
                mean = np.zeros(shape)
                mean[r, s] = AT @ theta
                means.append(mean)
    return means, head, shape


def expectations(budgets):
    names = (*PARTS, "total")
    return {name: sum(getattr(budget, name).value for budget in budgets) for name in names}


@pytest.mark.parametrize("drawn", [True, False])
def test_the_expectation_is_the_budget_of_the_linear_student(drawn):
    means, head, shape = unit_sources()
    if drawn:
        found = [budget_from_samples(np.repeat(m[..., None], ANSWERS, axis=-1)) for m in means]
        for place in np.ndindex(*shape, ANSWERS):
            noise = np.zeros((*shape, ANSWERS))
            noise[place] = np.sqrt(head)
            found.append(budget_from_samples(noise))
    else:
        found = [budget_from_samples(mean, 0.0) for mean in means]
        found.append(budget_from_samples(np.zeros(shape), np.full(shape, head)))
    options = {"correlation": RHO, "at": AT, "initial_std": START}
    expected = uncertainty_budget(INPUTS, SIGMA, K, **options)
    for name, value in expectations(found).items():
        assert value == pytest.approx(getattr(expected, name), rel=1e-11), name


def draw(rng, num_sets, num_points=5):
    """Answers whose parts have the variances 1/2, 0.09 and 1."""
    sets = np.sqrt(0.5) * rng.normal(size=(num_sets, 1, num_points))
    means = sets + 0.3 * rng.normal(size=(num_sets, 3, num_points))
    return means[..., None] + rng.normal(size=(num_sets, 3, num_points, 3))


def test_the_intervals_cover_as_often_as_they_say():
    truths = {"teacher_response": 0.5, "student_training": 0.09, "student_inference": 1.0}
    truths["total"] = sum(truths.values())
    rng, runs, level = np.random.default_rng(2), 150, 0.9
    covered = dict.fromkeys(truths, 0)
    for _ in range(runs):
        budget = budget_from_samples(draw(rng, 30), level=level)
        for name, truth in truths.items():
            found = getattr(budget, name)
            covered[name] += found.low <= truth <= found.high
    # Asymptotic in the 30 response sets: a few per cent less than said is allowed.
    low = stats.binom.ppf(1e-4, runs, level - 0.03)
    high = stats.binom.ppf(1 - 1e-4, runs, level)
    assert all(low <= count <= high for count in covered.values()), covered


def test_the_estimates_are_those_of_a_one_way_table_by_hand():
    # Set means 1, 2, 6 of two equal trainings: variance 7; no training, and no inference.
    means = np.array([1.0, 2.0, 6.0])[:, None, None] * np.ones((3, 2, 1))
    budget = budget_from_samples(means, 0.0)
    assert budget.teacher_response.value == pytest.approx(7.0, rel=1e-14)
    assert budget.student_training.value == budget.student_inference.value == 0.0
    # Means +-1 within every set, whose means are equal: training 2, and response 0 - 2/2.
    opposed = np.broadcast_to(np.array([1.0, -1.0])[:, None], (3, 2, 1))
    budget = budget_from_samples(opposed, 0.0)
    assert budget.student_training.value == pytest.approx(2.0, rel=1e-14)
    assert budget.teacher_response.value == pytest.approx(-1.0, rel=1e-14)
    assert "teacher response is negative" in budget.text()
    # A large mean answer takes no digits away.
    far = budget_from_samples(means + 2.0**40, 0.0)
    assert far.teacher_response.value == pytest.approx(7.0, rel=1e-12)


def test_the_record():
    answers = draw(np.random.default_rng(3), 25)
    budget = budget_from_samples(answers, teacher_variance=5.0)
    data = json.loads(json.dumps(budget.to_dict()))
    assert SampledBudget.from_dict(data) == budget
    assert data["total"]["value"] == pytest.approx(sum(data[part]["value"] for part in PARTS))
    text = budget.text()
    assert "25 response sets, 3 trainings on each, 5 points, 3 answers each" in text
    assert "surer than its teacher" in text
    assert "are few" not in text
    few = budget_from_samples(answers[:19], teacher_variance=1.0)
    assert "19 response sets are few" in few.text()
    assert "surer" not in few.text()


MEANS = np.zeros((4, 2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"answers": MEANS}, r"shape \(4, 2, 3\), without variances"),
        ({"answers": np.zeros((4, 2, 3, 1))}, "1 answers of each student; expected at least 2"),
        ({"answers": np.zeros((4, 1, 3, 2))}, "1 trainings on each; expected at least 2"),
        ({"answers": np.zeros((2, 2, 3, 2))}, "2 response sets; expected at least 3"),
        ({"answers": np.zeros((4, 2))}, r"4 dimensions, \(response sets, trainings, points, an"),
        ({"answers": np.zeros((4, 2, 3, 2)), "variances": 0.0}, "3 dimensions"),
        ({"answers": MEANS, "variances": MEANS[:3]}, r"shape \(4, 2, 3\), that of answers"),
        ({"answers": MEANS, "variances": MEANS - 1}, "variances >= 0"),
        ({"answers": MEANS, "variances": -1.0}, "a number >= 0"),
        ({"answers": MEANS, "variances": 0.0, "level": 95}, "level"),
        ({"answers": MEANS, "variances": 0.0, "teacher_variance": -1.0}, "a number >= 0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        budget_from_samples(**arguments)
