"""Every claim has something to look at: a figure is drawn, labelled, and says what is true."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_checks import check_labels

from kdtheory._plot_command import companions
from kdtheory.claim import Finding
from kdtheory.theorems import CLAIMS
from kdtheory.tools._compile import release
from kdtheory.tools.plot import plot_curve
from kdtheory.tools.sweep import axes_of, sweep

# A few claims of each kind; `make test-thorough` draws them all.
EXAMPLES = {
    "bias_variance/eq9_shared",
    "uncertainty_propagation/pooled_residuals",
}


def chosen(claims):
    """The claims as parameters, all but the examples among them marked as thorough."""
    return [
        pytest.param(
            claim,
            id=claim.slug,
            marks=() if claim.slug in EXAMPLES else pytest.mark.thorough,
        )
        for claim in claims
    ]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("claim", chosen(CLAIMS))
def test_a_figure_shows_the_bound_on_its_side(claim):
    axes = axes_of(claim)
    assert axes
    for axis in axes:
        curve = sweep(claim, axis, companions=companions(claim), draws=64)
        shown = np.array(curve.admissible)
        assert shown.any()
        for series in curve.series:
            assert not np.isnan(np.array(series.values)[shown]).any(), (axis.label, series.name)
        if claim.finding is Finding.STANDS:
            assert not any(curve.violated), axis.label
    ax = plot_curve(curve)
    assert ax.get_xlabel()
    assert ax.get_title(loc="left")
    assert {text.get_text().replace("\n", " ") for text in ax.texts} >= {
        series.name for series in curve.series if np.isfinite(series.values).any()
    }
    check_labels(ax)
    assert any(claim.slug in text.get_text() for text in ax.texts), "the caption"
    release(claim)


@pytest.mark.parametrize(
    "claim", chosen(claim for claim in CLAIMS if claim.finding is not Finding.STANDS)
)
def test_where_a_claim_fails_is_shown(claim):
    assert any(any(sweep(claim, axis, draws=0).violated) for axis in axes_of(claim))
    release(claim)
