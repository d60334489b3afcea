"""Figures of bounds: every bound on its side of the truth, and names that do not overlap."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_checks import check_labels
from scipy import special

from kdtheory import gap_bounds
from kdtheory.gap_bounds import figures, samples
from kdtheory.objects.processes import DistillationProcess, teacher_law

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("gap_bounds")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def curve():
    return gap_bounds.bounds_against_divergence(gap_bounds.example_process("pseudo-labels", 2))


def check_sides(curve):
    rounding = 1e-10
    for name, values in curve.above.items():
        assert (values >= curve.student_gap - rounding).all(), name
    for name, values in curve.below.items():
        assert (values <= curve.student_gap + rounding).all(), name


def test_mixtures_from_the_definition(curve):
    check_sides(curve)
    process = gap_bounds.example_process("pseudo-labels", 2)
    teacher, student = np.asarray(teacher_law(process)), np.asarray(process.student_law)
    share = 0.25
    mixed = (1 - share) * teacher + share * student
    point = round(share * (len(curve.x) - 1))
    assert curve.x[0] == 0.0
    assert curve.x[point] == pytest.approx(special.rel_entr(mixed, teacher).sum(), rel=1e-9)
    found = gap_bounds.bounds(
        DistillationProcess.create(
            process.example_weights,
            process.losses,
            process.teacher_kernel,
            mixed,
            num_samples=2,
            inputs=process.inputs,
        )
    )
    assert curve.student_gap[point] == pytest.approx(found.student_gap, rel=1e-12)
    for side in ("above", "below"):
        ranked = {bound.name: bound.value for bound in getattr(found, side)}
        for name, values in getattr(curve, side).items():
            assert values[point] == pytest.approx(ranked[name], rel=1e-8), name


def test_tilts_where_the_divergence_is_infinite():
    curve = gap_bounds.bounds_against_divergence(gap_bounds.example_process("deterministic", 3))
    assert "tilts" in curve.family
    assert (np.diff(curve.x) > 0).all()
    check_sides(curve)
    np.testing.assert_allclose(curve.above["cramer_chernoff"], curve.student_gap, rtol=1e-12)


def test_a_figure_against_the_divergence(curve):
    ax = figures.plot_bounds_against_divergence(curve)
    check_labels(ax)
    names = {text.get_text() for text in ax.texts}
    assert {"Theorem 8", "Cramér-Chernoff", "student's gap (exact)", "teacher's gap"} <= names
    black = [line for line in ax.lines if line.get_color() == "black"]
    np.testing.assert_array_equal(black[0].get_ydata(), curve.student_gap)
    assert "divergence" in ax.get_xlabel()
    assert "gap" in ax.get_ylabel()


def test_a_figure_against_samples():
    ax = figures.plot_bounds_against_samples(
        lambda size: gap_bounds.example_process("deterministic", size), sizes=(1, 3)
    )
    check_labels(ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "3"]
    # At n = 1 the student's map is the teacher's; at n = 3 only single samples bound it.
    assert np.isfinite(ax.lines[-1].get_ydata()).all()


@pytest.mark.parametrize("name", ["tilt", "deterministic"])
def test_ranked_bounds(name):
    found = gap_bounds.bounds(gap_bounds.example_process(name, 3 if name == "deterministic" else 2))
    ax = figures.plot_ranked_bounds(found)
    check_labels(ax)
    rows = [label.get_text() for label in ax.get_yticklabels()]
    assert rows[: len(found.above)] == [bound.title for bound in found.above]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    finite = [bound for bound in (*found.above, *found.below) if np.isfinite(bound.value)]
    values = sorted(float(np.atleast_1d(dot.get_xdata())[0]) for dot in dots)
    assert values == pytest.approx(sorted(bound.value for bound in finite))
    left, right = ax.get_xlim()
    assert left < found.student_gap < right


def test_estimated_bounds(monkeypatch):
    monkeypatch.setattr(samples, "RESAMPLES", 100)
    sample = np.linspace(-0.5, 0.75, 40)
    found = gap_bounds.bounds_from_samples(sample, 0.1, gap_range=(-1, 1))
    ax = figures.plot_estimated_bounds(found)
    check_labels(ax)
    assert len(ax.get_yticklabels()) == len(found.above) + len(found.below) + 2
    spans = {tuple(line.get_xdata()) for line in ax.lines}
    assert {(bound.low, bound.high) for bound in found.above} <= spans
    endless = gap_bounds.bounds_from_samples(sample, np.inf, gap_range=(-1, 1))
    texts = [text.get_text() for text in figures.plot_estimated_bounds(endless).texts]
    assert texts.count("infinite: says nothing") == len(endless.above) + len(endless.below)


def test_labels_are_spread_in_order():
    values = [0.0, 0.01, 0.02, 0.9, 1.0]
    places = figures.spread(values, 0.1, 0.0, 1.0)
    assert (np.diff(places) >= 0.1 - 1e-12).all()
    assert places[0] == 0.0
    assert places[-1] == pytest.approx(1.0)
    assert figures.spread([], 0.1, 0.0, 1.0).size == 0
