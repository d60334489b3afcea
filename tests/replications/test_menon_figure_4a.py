"""AUC of students against the error of their teachers."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from planted_forests import planted, verdicts

from kdtheory.replications import menon_figure_3, statistics
from kdtheory.replications.menon_figure_4a import STUDY

BIAS = {"squared_bias": [0.1] * 5, "variance": [0.1] * 5}
MSE = [0.1, 0.2, 0.5, 0.4, 0.3]
FALLING, RISING = [0.8, 0.9, 0.5, 0.6, 0.7], [0.5, 0.6, 0.9, 0.8, 0.7]


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(statistics, "_RESAMPLES", 200)


@pytest.mark.parametrize(
    ("auc", "noise", "expected"),
    [
        (FALLING, 1e-3, "replicated"),
        (RISING, 1e-3, "not replicated from the description"),
        ([0.7] * 5, 0.1, "undecided"),
    ],
)
def test_it_is_the_order_of_depths_that_is_judged(auc, noise, expected):
    found = verdicts(STUDY, planted(mse=MSE, auc=auc, **BIAS, noise=noise))
    assert found == {"falls": {expected}, "noise_free_falls": {expected}}


def test_the_correlation_is_that_of_ranks():
    # Ranks 1 2 5 4 3 against 4 5 1 2 3: squared differences 9 + 9 + 16 + 4 + 0 = 38, so that it is
    # 1 - 6 * 38/(5 * 24) = -0.9.
    for finding in STUDY.judge(planted(mse=MSE, auc=FALLING, **BIAS)):
        [measured] = finding.measurements
        assert measured.estimate.value == pytest.approx(-0.9)


def test_it_is_simulated_as_figure_3_is():
    assert STUDY.simulate is menon_figure_3.STUDY.simulate
    assert STUDY.sizes == menon_figure_3.STUDY.sizes


def test_points_are_drawn_in_the_order_of_depths():
    tables = planted(mse=MSE, auc=FALLING, **BIAS)
    figure = Figure()
    STUDY.draw(tables, figure)
    left, right = figure.axes
    for ax in (left, right):
        drawn = ax.get_lines()[0].get_xydata()
        np.testing.assert_allclose(drawn, np.transpose([MSE, FALLING]), atol=2e-3)
    figure.draw_without_rendering()
