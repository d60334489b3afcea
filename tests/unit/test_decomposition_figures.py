"""The figures of decompositions: what is drawn, where, and in which words."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from kdtheory.decomposition import (
    MEANINGS,
    TERMS,
    decompose,
    dominance_map,
    landscape,
    optimal_design,
    plot_decomposition,
    plot_dominance_map,
    plot_landscape,
    plot_shares,
    plot_sweep,
    sweep_design,
)

RNG = np.random.default_rng(0)
X, WEIGHTS = RNG.normal(size=(3, 8)), RNG.normal(size=(2, 3))
SETTINGS = {"prior_precision": 0.6, "inverse_temperature": 1.5, "noise_std": 0.7}


@pytest.fixture(autouse=True)
def _figures():
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


def swept(name, values, **options):
    held = {key: value for key, value in SETTINGS.items() if key != name}
    return sweep_design(X, WEIGHTS, name=name, values=values, **held, **options)


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_bars_of_one_design():
    result = decompose(X, WEIGHTS, student_covariance=np.diag([1.0, 1.0, 0.0]), **SETTINGS)
    _, ax = plt.subplots()
    assert plot_decomposition(result, ax) is ax
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [*MEANINGS, "bound", "mutual information", "divergence"]
    assert "infinite" in [text.get_text() for text in ax.texts]
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths[-1], result.divergence)
    assert plot_decomposition(result) is not ax


def test_areas_stack_to_the_bound():
    sweep = swept("prior_precision", np.geomspace(0.1, 10, 7))
    _, ax = plt.subplots()
    assert plot_sweep(sweep, ax) is ax
    top = max(path.vertices[:, 1].max() for area in ax.collections for path in area.get_paths())
    np.testing.assert_allclose(top, sweep.bound.max(), rtol=1e-12)
    line = next(line for line in ax.lines if line.get_label() == "divergence")
    np.testing.assert_array_equal(line.get_ydata(), sweep.divergence_high)
    assert (line.get_ydata() <= sweep.bound).all()
    assert ax.get_xscale() == "log"
    assert "prior precision" in ax.get_xlabel()
    assert legend(ax)[0] == "divergence"
    assert "rank bottleneck" not in legend(ax)  # zero throughout


def test_a_bound_over_decades_is_drawn_as_lines():
    sweep = swept("inverse_temperature", np.geomspace(0.01, 100, 9))
    assert sweep.bound.max() > 10**1.5 * sweep.bound.min()
    ax = plot_sweep(sweep)
    assert ax.get_yscale() == "log"
    assert {"bound", "divergence", "posterior spread"} <= set(legend(ax))


def test_an_interval_is_drawn_with_both_ends():
    sweep = swept("noise_std", np.linspace(0.5, 1.0, 4), rank=1)
    labels = legend(plot_sweep(sweep))
    assert {"divergence, at least", "divergence, at most"} <= set(labels)


def test_negative_terms_hang_below_zero():
    """A prior that outweighs the data: following the teacher costs more than ignoring it."""
    sweep = swept("prior_precision", np.linspace(20.0, 60.0, 5), rank=0)
    assert (sweep.terms["rank bottleneck"] < 0).all()
    ax = plot_sweep(sweep)
    lowest = min(path.vertices[:, 1].min() for a in ax.collections for path in a.get_paths())
    np.testing.assert_allclose(lowest, sweep.terms["rank bottleneck"].min(), rtol=1e-12)
    assert "bound" in legend(ax)


def test_ranks_are_bars():
    sweep = swept("rank", range(4))
    ax = plot_sweep(sweep)
    tops = {}
    for bar in ax.patches:
        tops[round(bar.get_x() + bar.get_width() / 2)] = max(
            tops.get(round(bar.get_x() + bar.get_width() / 2), 0.0), bar.get_y() + bar.get_height()
        )
    np.testing.assert_allclose([tops[rank] for rank in range(4)], sweep.bound, rtol=1e-9)
    assert ax.get_xlim() == (-0.5, 3.5)


@pytest.mark.parametrize("name", ["prior_precision", "rank"])
def test_shares_fill_the_axis(name):
    sweep = swept(name, [0.0, 1.0, 2.0] if name == "rank" else [0.1, 1.0, 10.0])
    ax = plot_shares(sweep)
    assert ax.get_ylim() == (0.0, 1.0)
    tops = [path.vertices[:, 1].max() for area in ax.collections for path in area.get_paths()]
    tops += [bar.get_y() + bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(max(tops), 1.0, rtol=1e-12)


def test_an_infinite_term_is_the_whole_share():
    sweep = swept("student_scale", [0.0, 0.5, 1.0])
    assert sweep.bound[0] == np.inf
    plot_sweep(sweep)
    ax = plot_shares(sweep)
    heights = [path.vertices for area in ax.collections for path in area.get_paths()]
    assert all(np.isfinite(vertices).all() for vertices in heights)


def test_the_map_names_the_largest_terms():
    found = dominance_map(X, WEIGHTS, noise_std=0.7, inverse_temperature=np.geomspace(0.01, 100, 9))
    _, ax = plt.subplots()
    assert plot_dominance_map(found, ax) is ax
    assert set(legend(ax)) == {TERMS[index] for index in np.unique(found.dominant)}
    assert ax.get_xscale() == "log"
    assert ax.get_ylim() == (-0.5, 2.5)
    single = dominance_map(X, WEIGHTS, noise_std=0.7, ranks=[1], inverse_temperature=[0.0, 1.0])
    assert plot_dominance_map(single).get_xscale() == "linear"


def test_the_landscape_marks_the_optima():
    best = [
        optimal_design(X, WEIGHTS, noise_std=0.7, objective=objective)
        for objective in ("divergence", "bound")
    ]
    axes = {
        "prior_precision": np.geomspace(0.01, 10, 12),
        "inverse_temperature": np.geomspace(0.1, 10, 9),
    }
    seen = landscape(X, WEIGHTS, noise_std=0.7, **axes)
    _, ax = plt.subplots()
    assert plot_landscape(seen, best, ax) is ax
    assert legend(ax) == ["least divergence", "least bound"]
    marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines]
    assert marks[0] == (best[0].inverse_temperature, best[0].prior_precision)
    ax.figure.canvas.draw()
