"""Figure 6: teachers of equal error, and what is read off planted teachers and students."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import _noisy_teachers as teachers
from kdtheory.replications import menon_figure_6 as study
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import Verdict, silent

CONFIG = study.Config(num_trials=4, num_steps=3)


@pytest.fixture(scope="module")
def tables():
    import jax

    with jax.enable_x64(True), pytest.MonkeyPatch.context() as patch:
        patch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
        yield study.simulate(CONFIG, 3, silent)


def test_teachers_of_equal_error(tables):
    for means in problem.MEANS:
        for level in study.LEVELS:
            pairs = tables["equal"].where(means=means.name, level=level)
            assert pairs["alpha"].tolist() == [level * share for share in study.SHARES]
            assert np.ptp(pairs["mse"]) < 1e-10
            np.testing.assert_allclose(pairs["squared_bias"] + pairs["variance"], pairs["mse"])
            # Without noise the error is alpha^2/4 times twice the mean of tanh(s/2)^2.
            position = np.random.default_rng(0).standard_normal(100_000)
            norm = np.sqrt(10) * means.entry
            squares = 0.5 * level**2 * np.tanh(norm * (norm + position)) ** 2
            margin = 5 * squares.std() / np.sqrt(100_000)
            assert abs(pairs["mse"][0] - squares.mean()) < margin
            assert pairs["sigma"][0] == pairs["variance"][0] == 0
            assert (pairs["sigma"][1:] > 0).all()


def test_an_error_that_noise_reaches():
    # Sampled from the definition, for an alpha that is none of the table's.
    level = 0.12
    sigma = study.equal_sigma(0.25, level, 0.3)
    noise = problem.draw_noise([1], 1, 100_000)
    logits = 0.5 * noise.inputs(0.25).sum(axis=-1)
    drawn = np.random.default_rng(2).standard_normal(logits.shape)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    squares = 2 * (0.7 * sigmoid(logits + sigma**2 * drawn) + 0.15 - sigmoid(logits)) ** 2
    assert abs(squares.mean() - level) < 5 * squares.std() / np.sqrt(squares.size)


def test_an_error_that_no_noise_reaches():
    # Below that without noise, and above that of a coin, which is 2 (1/2)^2 + 1/2 at most.
    assert study.equal_sigma(0.25, 0.001, 0.5) is None
    assert study.equal_sigma(0.25, 1.1, 0.0) is None


def test_the_students(tables):
    assert len(tables["students"]) == 2 * 6 * 15 * 4
    # One of them made again, from its own teacher.
    pair = tables["equal"].where(means="means ±1/4", level=0.75, share=0.5)
    noise = problem.draw_noise([3, 60], 4, 16).first(16)
    drawn = np.random.default_rng([3, 61]).standard_normal((4, 16))
    labels = teachers.labels(noise.inputs(0.25), 0.25, pair["sigma"][0], drawn)
    targets = teachers.flattened(labels, pair["alpha"][0])
    both = np.stack([targets, 1 - targets])
    expected = problem.distilled_auc(noise, 0.25, both, problem.STUDENTS[0])[0]
    rows = tables["students"].where(reading="means ±1/4, C = 1, N = 16", level=0.75, share=0.5)
    assert rows["auc"].tolist() == pytest.approx(expected.tolist(), rel=1e-9)
    assert rows["trial"].tolist() == [0, 1, 2, 3]


def test_the_map(tables):
    errors = tables["map"]
    assert errors.distinct("alpha") == (0.0, 0.5, 1.0)
    assert errors.distinct("sigma") == (0.0, 2.5, 5.0)
    for row in zip(*(errors[name] for name in errors.columns), strict=True):
        means, alpha, sigma, bias, variance, mse = row
        entry = dict(problem.MEANS)[means]
        assert teachers.error(entry, alpha, sigma) == pytest.approx((bias, variance), rel=1e-12)
        assert mse == bias + variance
    # Smoothed to a coin there is no variance, and no noise.
    coin = errors.where(means="means ±1", alpha=1.0)
    assert coin["variance"].tolist() == [0.0] * 3
    assert np.ptp(coin["mse"]) < 1e-12


def test_the_same_seed_the_same_tables(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    seen = []
    again = study.simulate(CONFIG, 3, lambda done, total: seen.append((done, total)))
    other = study.simulate(CONFIG, 4, silent)
    assert again["students"]["auc"].tolist() == tables["students"]["auc"].tolist()
    assert other["students"]["auc"].tolist() != tables["students"]["auc"].tolist()
    assert other["equal"]["sigma"].tolist() == tables["equal"]["sigma"].tolist()
    assert seen == [(done, 12) for done in range(1, 13)]


# --- planted tables -------------------------------------------------------------------------------


def planted(shares_of_bias, gains, spread=1e-4):
    """Teachers with these shares of squared bias at every level; what bias alone is ahead by."""
    rows = [
        crossed(
            {"means": ["m"], "level": [level], "share": np.linspace(1, 0, len(shares)).tolist()},
            mse=np.ones(len(shares)),
            squared_bias=shares,
        )
        for level, shares in zip(study.LEVELS, shares_of_bias, strict=True)
    ]
    errors = spread * np.random.default_rng(0).standard_normal((3, 2, 50))
    errors -= errors.mean(axis=-1, keepdims=True)
    auc = 0.8 + np.stack([gains, np.zeros(3)], axis=1)[..., None] + errors
    axes = {"reading": ["x"], "level": study.LEVELS, "share": [1.0, 0.0], "trial": range(50)}
    return {"equal": joined(rows), "students": crossed(axes, auc=auc)}


def verdicts(*parts, **options):
    found = study.judge(planted(*parts, **options))
    return {one.statement: one.verdict for one in found}


YES, NO, MAYBE = Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.UNDECIDED


def test_teachers_as_in_the_text():
    found = verdicts([[1.0, 0.5, 0.2]] * 3, [0.01, 0.02, 0.03])
    assert found == {"several": YES, "trade": YES, "bias_alone": YES}


def test_one_level_has_a_single_teacher():
    found = verdicts([[1.0, 0.2], [1.0], [1.0, 0.2]], [0.01, -0.02, 0.03])
    assert found == {"several": NO, "trade": NO, "bias_alone": NO}


def test_teachers_that_are_much_alike():
    found = verdicts([[1.0, 0.6]] * 3, [0.0, 0.0, 0.0])
    assert found == {"several": YES, "trade": NO, "bias_alone": MAYBE}


def test_the_figure(tables, monkeypatch):
    monkeypatch.setattr(problem, "NUM_SAMPLES", (12, 14, 16))
    figure = Figure(layout="constrained")
    study.draw(tables, figure)
    labelled = {ax.get_title(loc="left"): ax for ax in figure.axes}
    left, right = labelled["means ±1/4"], labelled["means ±1/4, C = 1, N = 12"]
    pairs = tables["equal"].where(means="means ±1/4", level=0.75)
    offsets = np.asarray(left.collections[-1].get_offsets())
    np.testing.assert_allclose(offsets, np.transpose([pairs["alpha"], pairs["sigma"]]))
    share = pairs["squared_bias"] / pairs["mse"]
    np.testing.assert_allclose(right.get_lines()[2].get_xdata(), share)
    # The map of errors is the right way round: at alpha = 1 the error does not depend on sigma.
    [filled, *_] = left.collections
    assert np.ptp(filled.get_paths()[0].vertices[:, 0]) <= 1.0
