"""The budget of a distilled student, against the definition written out response by response."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_checks import check_labels

from kdtheory._check import InputError
from kdtheory.propagation import UncertaintyBudget, plot_budgets, uncertainty_budget
from kdtheory.propagation.records import warnings_of
from kdtheory.readers import shipped_dataset

RNG = np.random.default_rng(7)
TALL = RNG.normal(size=(5, 2))
WIDE = RNG.normal(size=(3, 5))
DEFICIENT = TALL @ np.array([[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]])
SIGMA = np.array([0.5, 1.0, 2.0, 1.5, 0.25])
MEAN = np.array([1.0, -2.0, 0.5, 3.0, 0.0])


def trained(inputs, num_steps, step_size):
    """The student as a map of (averages, start), by taking the steps one after the other."""
    n, p = inputs.shape
    if num_steps is None:
        inverse = np.linalg.pinv(inputs)
        return inverse, np.eye(p) - inverse @ inputs
    of_averages, of_start = np.zeros((p, n)), np.eye(p)
    for _ in range(num_steps):
        of_averages = of_averages - step_size / n * inputs.T @ (inputs @ of_averages - np.eye(n))
        of_start = of_start - step_size / n * inputs.T @ (inputs @ of_start)
    return of_averages, of_start


def by_definition(inputs, sigma, k, *, correlation=0.0, at=None, start=0.0, mean=None, **descent):
    """Every part for every head, from the covariance of all n k responses."""
    n = len(inputs)
    points = inputs if at is None else at
    sigma = np.broadcast_to(sigma, n)
    mean = np.zeros(n) if mean is None else mean
    of_averages, of_start = trained(inputs, descent.get("num_steps"), descent.get("step_size"))
    averaging = np.kron(np.eye(n), np.ones((1, k)) / k)
    repeated = np.kron(np.eye(n), np.ones((k, 1)))
    at_one_input = correlation * np.ones((k, k)) + (1 - correlation) * np.eye(k)
    responses = np.kron(np.diag(sigma**2), at_one_input)

    predictions = points @ of_averages @ averaging
    left = np.eye(n * k) - repeated @ inputs @ of_averages @ averaging
    from_start = repeated @ inputs @ of_start * start
    bias = mean - inputs @ of_averages @ mean

    def fitted(rows):
        return np.trace(rows @ (left @ responses @ left.T + from_start @ from_start.T) @ rows.T)

    return {
        "teacher_response": np.mean(np.diag(predictions @ responses @ predictions.T)),
        "student_training": np.mean(np.sum((points @ of_start * start) ** 2, axis=1)),
        "averages": fitted(averaging) / n + np.mean(bias**2),
        "pooled": fitted(np.eye(n * k)) / (n * k) + np.mean(bias**2),
        "point": 0.0,
        "misfit": np.mean(bias**2),
    }


AT = np.array([[1.0, 0.0], [2.0, -1.0], [0.3, 4.0]])
SETTINGS = {
    "one response": (TALL, 1.5, 1, {}),
    "averaged and correlated": (TALL, SIGMA, 3, {"correlation": 0.3}),
    "opposed responses": (TALL, SIGMA, 3, {"correlation": -0.5}),
    "elsewhere": (TALL, SIGMA, 2, {"at": AT}),
    "curved teacher": (TALL, SIGMA, 2, {"mean": MEAN}),
    "no full rank": (DEFICIENT, SIGMA, 2, {"start": 0.7}),
    "more features than inputs": (WIDE, 1.0, 2, {"start": 0.7}),
    "stopped early": (
        TALL,
        SIGMA,
        3,
        {"correlation": 0.2, "num_steps": 4, "step_size": 0.4, "start": 0.7, "mean": MEAN},
    ),
    "not started": (TALL, SIGMA, 2, {"num_steps": 0, "step_size": 0.4, "start": 2, "mean": MEAN}),
}


@pytest.mark.parametrize("head", ["averages", "pooled", "point"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_part_is_that_of_the_definition(setting, head):
    inputs, sigma, k, options = SETTINGS[setting]
    given = {"initial_std" if name == "start" else name: v for name, v in options.items()}
    budget = uncertainty_budget(inputs, sigma, k, head=head, **given)
    expected = by_definition(inputs, sigma, k, **options)
    close = {"rtol": 1e-11, "atol": 1e-13}
    for part in ("teacher_response", "student_training", "misfit"):
        np.testing.assert_allclose(getattr(budget, part), expected[part], **close)
    np.testing.assert_allclose(budget.student_inference, expected[head], **close)
    parts = expected["teacher_response"] + expected["student_training"] + expected[head]
    np.testing.assert_allclose(budget.total, parts, **close)


def test_the_total_is_the_variance_of_simulated_answers():
    """The law of total variance: nothing is split here, answers are drawn and their variance taken.

    The mean squared deviation of an answer from the mean answer has relative standard error
    sqrt(kurtosis - 1) / sqrt(runs), below 3 / sqrt(runs); five of them are allowed.
    """
    runs, k, std, start, size = 40_000, 2, 0.8, 0.6, 0.3
    rng = np.random.default_rng(3)
    mean = TALL @ np.array([1.0, -1.0])
    averages = mean + std * rng.normal(size=(runs, k, 5)).mean(axis=1)
    theta = start * rng.normal(size=(runs, 2))
    for _ in range(3):
        theta = theta - size / 5 * (theta @ TALL.T - averages) @ TALL
    fitted = theta @ TALL.T
    head = np.mean((averages - fitted) ** 2, axis=1)
    answers = fitted + np.sqrt(head)[:, None] * rng.normal(size=(runs, 5))
    budget = uncertainty_budget(
        TALL, std, k, num_steps=3, step_size=size, initial_std=start, mean=mean
    )
    np.testing.assert_allclose(np.mean(np.var(answers, axis=0)), budget.total, rtol=15 / runs**0.5)


def test_descent_taken_to_its_end_is_least_squares():
    finished = uncertainty_budget(TALL, SIGMA, 2, mean=MEAN, initial_std=1.0)
    long = uncertainty_budget(TALL, SIGMA, 2, mean=MEAN, initial_std=1.0, num_steps=2000)
    for part in ("teacher_response", "student_training", "student_inference"):
        expected = getattr(finished, part)
        np.testing.assert_allclose(getattr(long, part), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_the_diabetes_data(k):
    """p = 11 coefficients, n = 442: inter sigma^2 p/(n k), averages' head sigma^2 (1 - p/n)/k."""
    data = shipped_dataset("diabetes").data
    inputs = np.column_stack([np.ones(len(data)), data])
    averages = uncertainty_budget(inputs, 50.0, k)
    pooled = uncertainty_budget(inputs, 50.0, k, head="pooled")
    assert averages.teacher_response == pytest.approx(2500 * 11 / 442 / k, rel=1e-12)
    assert averages.student_inference == pytest.approx(2500 * (1 - 11 / 442) / k, rel=1e-12)
    assert averages.total == pytest.approx(2500 / k, rel=1e-12)
    assert pooled.student_inference == pytest.approx(2500 * (1 - 11 / (442 * k)), rel=1e-12)
    assert pooled.total == pytest.approx(2500, rel=1e-12)
    # What averaging and pooling leave alone is not warned of; a surer student is.
    assert bool(averages.warnings) == (k > 1)
    assert not pooled.warnings


def test_what_averaging_cannot_remove():
    many = uncertainty_budget(TALL, SIGMA, 10**9, correlation=0.2)
    one = uncertainty_budget(TALL, SIGMA, 1)
    assert many.teacher_response == pytest.approx(0.2 * one.teacher_response, rel=1e-8)
    assert many.shared_response == pytest.approx(0.2 * one.teacher_response, rel=1e-12)


def test_a_student_that_fits_everything_has_no_residual_but_rounding_either():
    square = np.random.default_rng(4).normal(size=(9, 9))
    assert uncertainty_budget(square, 50.0).student_inference == 0.0
    # The first of three inputs has a direction of its own, the others share one: only these miss.
    one = uncertainty_budget([[3.0, 0.0], [0.0, 1.0], [0.0, 1.0]], [1e6, 1.0, 1.0])
    assert one.student_inference == pytest.approx(1 / 3, rel=1e-12)


def test_the_unit_of_the_features_does_not_matter():
    units = np.array([1e6, 1e-6])
    one = uncertainty_budget(TALL, SIGMA, 2)
    other = uncertainty_budget(TALL * units, SIGMA, 2)
    assert other.total == pytest.approx(one.total, rel=1e-9)


def test_records_and_text():
    budget = uncertainty_budget(WIDE, 1.0, 2, correlation=0.5, initial_std=1.0, at=np.eye(5))
    data = json.loads(json.dumps(budget.to_dict()))
    assert UncertaintyBudget.from_dict(data) == budget
    assert data["total"] == budget.total
    text = budget.text()
    assert "student training" in text
    assert "No averaging brings teacher response below" in text
    assert "can fit every response exactly" in text
    assert "outside the span" in text


def test_warnings_of_several_budgets_are_said_once():
    one, two, five = (uncertainty_budget(TALL, 1.0, k) for k in (1, 2, 5))
    assert warnings_of([one]) == one.warnings
    several = warnings_of([one, two, five])
    assert [text.count("surer") for text in several] == [1]
    shares = [f"{b.total / b.teacher_variance:.0%}" for b in (two, five)]
    assert f"With k = 2, 5 the student's answers have {', '.join(shares)} of" in several[0]
    wide = [uncertainty_budget(WIDE, 1.0, k, head="pooled", at=np.eye(5)) for k in (1, 2)]
    assert sum("can fit every response" in text for text in warnings_of(wide)) == 1
    assert sum("outside the span" in text for text in warnings_of(wide)) == 1


def test_the_figure_names_the_shares_and_hatches_the_misfit():
    options = {"mean": MEAN, "num_steps": 2, "initial_std": 1.0}
    budget = uncertainty_budget(TALL, SIGMA, 2, **options)
    axes = plot_budgets([budget, uncertainty_budget(TALL, SIGMA, 2, head="point", **options)])
    texts = [text.get_text() for text in axes.texts]
    parts = (budget.teacher_response, budget.student_training, budget.student_inference)
    names = ("response", "training", "inference")
    shares = zip(names, parts, strict=True)
    assert texts[:3] == [f"{name} {part / budget.total:.1%}" for name, part in shares]
    assert len(texts) == 5
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2\naverages", "2\npoint"]
    hatched = axes.containers[-1]
    heights = [bar.get_height() * budget.teacher_variance for bar in hatched]
    np.testing.assert_allclose(heights, [budget.misfit, 0.0])
    check_labels(axes)
    plt.close(axes.figure)


def test_the_figure_stacks_the_parts():
    budgets = [uncertainty_budget(TALL, SIGMA, k) for k in (1, 2, 5)]
    axes = plot_budgets(budgets)
    bars = np.array([[bar.get_height() for bar in group] for group in axes.containers])
    expected = [budget.total / budget.teacher_variance for budget in budgets]
    np.testing.assert_allclose(bars.sum(axis=0), expected)
    tops = [bar.get_y() + bar.get_height() for bar in axes.containers[-1]]
    np.testing.assert_allclose(tops, expected)
    plt.close(axes.figure)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": [[1.0], [2.0, 3.0]]}, "rows of different lengths"),
        ({"X": np.zeros((3, 2))}, "zeros only"),
        ({"sigma": [1.0, 2.0]}, "one for each of 5 inputs"),
        ({"sigma": -1.0}, "a number >= 0"),
        ({"sigma": -SIGMA}, "standard deviations >= 0"),
        ({"k": 0}, "an integer of at least 1"),
        ({"k": 3, "correlation": -0.6}, "a number >= -0.5 and <= 1"),
        ({"head": "mean"}, "one of averages, pooled, point"),
        ({"at": [[1.0]]}, "2, as X has"),
        ({"mean": [0.0]}, "one for each of 5 inputs"),
        ({"num_steps": 5}, "the teacher's mean answers"),
        ({"step_size": 0.1}, "both or neither"),
        ({"num_steps": 5, "step_size": 1e3, "mean": MEAN}, "Descent diverges"),
        ({"initial_std": -1.0}, "a number >= 0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        uncertainty_budget(**{"X": TALL, "sigma": 1.0, **arguments})
