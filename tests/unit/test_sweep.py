"""Sweeps: values against single evaluations, draws against truth, axes made from a domain."""

from __future__ import annotations

import dataclasses
import json

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from kdtheory.claim import Axis, Case, Claim, Relation
from kdtheory.domains import box, integers, positive, simplex
from kdtheory.theorems import find
from kdtheory.tools import evaluate
from kdtheory.tools._compile import release
from kdtheory.tools.plot import caption, plot_curve
from kdtheory.tools.sweep import Curve, axes_of, sweep

LEMMA1 = find("variance_reduction/lemma1")
EQ9 = find("bias_variance/eq9_shared")
# Jensen: (x + y)^2 <= 2 (x^2 + y^2), equal at x = y.
SQUARES = Claim(
    slug="user/squares",
    title="The square of a sum",
    lhs=lambda x, y: (x + y) ** 2,
    rhs=lambda x, y: 2 * (x**2 + y**2),
    domain=lambda size: (box(-1, 1) * box(-1, 1)).named("x", "y"),
    tight=(Case("x = y", lambda: (jnp.array(0.5), jnp.array(0.5)), ""),),
    trivial=lambda x, y: 4.0,
)
ALONG = Axis("x", (-1.0, 0.0, 0.25, 1.0), lambda x: (x, jnp.asarray(0.5)))


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def values(curve, role):
    (found,) = [series.values for series in curve.series if series.role == role]
    return np.array(found)


def test_series_are_the_sides_one_by_one():
    curve = sweep(LEMMA1, draws=0)
    assert curve.axis == LEMMA1.axes[0].label
    for index in (0, 7, 63):
        one = evaluate(LEMMA1, LEMMA1.axes[0].make(curve.values[index]))
        assert values(curve, "truth")[index] == pytest.approx(one.lhs, rel=1e-12)
        assert values(curve, "bound")[index] == pytest.approx(one.rhs, rel=1e-12)


def test_in_float32_it_is_the_same_to_six_digits_and_fails_only_where_that_is_seen():
    tenths = Axis("x", (0.1, 0.3), ALONG.make)
    curve, narrow = (sweep(SQUARES, tenths, dtype=dtype) for dtype in ("float64", "float32"))
    for role in ("truth", "bound"):
        np.testing.assert_allclose(values(narrow, role), values(curve, role), rtol=1e-6)
        assert (values(narrow, role) != values(curve, role)).all()
    assert "float32 cannot tell" in caption(narrow)
    assert "cannot tell" not in caption(curve)
    # It fails by 10^-6 and by 10^-3 of the scale: below what float32 can tell, and above.
    for share, seen in ((1e-6, False), (1e-3, True)):
        wrong = dataclasses.replace(
            LEMMA1, rhs=lambda p, s=share: LEMMA1.lhs(p) - s * LEMMA1.scale(p)
        )
        assert all(sweep(wrong, draws=0).violated)
        assert all(sweep(wrong, draws=0, dtype="float32").violated) == seen
        release(wrong)


def test_a_users_claim_along_an_axis():
    curve = sweep(SQUARES, ALONG)
    # (x + 1/2)^2 and 2 (x^2 + 1/4) at x = -1, 0, 1/4, 1.
    assert values(curve, "truth").tolist() == [0.25, 0.25, 0.5625, 2.25]
    assert values(curve, "bound").tolist() == [2.5, 0.5, 0.625, 2.5]
    assert values(curve, "trivial").tolist() == [4.0] * 4
    assert curve.draws == ()
    assert Curve.from_dict(json.loads(json.dumps(curve.to_dict()))) == curve


def test_draws_are_made_inside_the_domain_and_cover_the_truth():
    curve = sweep(LEMMA1, LEMMA1.axes[1], draws=4096)
    drawn = {found.name: found for found in curve.draws}
    # Draws of whole samples are made for N up to 8, as the claim's domain says.
    assert max(drawn["left side"].at) == 8.0
    for name, role in (("left side", "truth"), ("right side", "bound")):
        exact = values(curve, role)[: len(drawn[name].at)]
        inside = (np.array(drawn[name].low) <= exact) & (exact <= np.array(drawn[name].high))
        # Each of 8 misses with chance 1/20: four or more with chance 4e-4.
        assert inside.sum() >= 5
        assert np.array(drawn[name].means) == pytest.approx(exact, rel=0.2)


def test_a_wrong_evaluator_leaves_its_draws():
    wrong = dataclasses.replace(LEMMA1, lhs=lambda problem: 2 * LEMMA1.lhs(problem))
    curve = sweep(wrong, draws=4096)
    (drawn,) = [found for found in curve.draws if found.name == "left side"]
    assert not (np.array(drawn.high) >= values(curve, "truth")[: len(drawn.at)]).any()


def test_a_violation_is_where_the_sides_cross():
    curve = sweep(EQ9, companions=[find("bias_variance/shared_norm"), LEMMA1], draws=0)
    wrong = values(curve, "truth") > values(curve, "bound") * (1 + 1e-9)
    assert wrong.any()
    assert not wrong.all()
    assert list(curve.violated) == wrong.tolist()
    # The corrected bound is drawn with it, Lemma 1 is not: it speaks of something else.
    assert [series.role for series in curve.series] == ["truth", "bound", "corrected"]
    assert (values(curve, "corrected") >= values(curve, "truth") * (1 - 1e-9)).all()


@pytest.mark.parametrize(
    ("relation", "expected"), [(Relation.LE, 0), (Relation.GE, 3), (Relation.EQ, 3)]
)
def test_the_relation_decides_what_a_violation_is(relation, expected):
    # The sides differ at -1, 0, 1/4 and 1 by 2.25, 0.25, 0.0625 and 0.25: never equal.
    curve = sweep(dataclasses.replace(SQUARES, relation=relation, trivial=None), ALONG)
    assert sum(curve.violated) == (4 if expected else 0)


def test_axes_follow_from_the_domain():
    labels = [axis.label for axis in axes_of(SQUARES)]
    assert labels == ["x", "y", "from 'x = y' (0) to a typical instance (1)"]
    curve = sweep(SQUARES, axes_of(SQUARES)[-1], draws=0)
    # At the case of equality both sides are (1/2 + 1/2)^2 = 1; from there the bound rises above.
    assert values(curve, "truth")[0] == values(curve, "bound")[0] == 1.0
    assert values(curve, "truth")[-1] < values(curve, "bound")[-1]


def test_numbers_that_leave_the_truth_alone_come_last():
    claim = dataclasses.replace(
        SQUARES,
        rhs=lambda x, y, excess: 2 * (x**2 + y**2) + excess,
        lhs=lambda x, y, _: (x + y) ** 2,
        domain=lambda size: (box(-1, 1) * box(-1, 1) * box(0, 1)).named("x", "y", "what_is_above"),
        tight=(Case("x = y", lambda: (jnp.array(0.5), jnp.array(0.5), jnp.array(0.0)), ""),),
        trivial=None,
    )
    labels = [axis.label for axis in axes_of(claim)]
    assert labels == ["x", "y", "from 'x = y' (0) to a typical instance (1)", "what is above"]


@pytest.mark.parametrize(
    ("part", "low", "high", "count"),
    [(box(0, 2), 0, 2, 65), (integers(1, 4), 1, 4, 4), (positive(), 0.01, 100, 65)],
    ids=["box", "integers", "positive"],
)
def test_a_number_is_varied_over_its_range(part, low, high, count):
    claim = Claim(lhs=lambda a, p: a, rhs=lambda a, p: a + 1, domain=lambda size: part * simplex(2))
    (axis, *_) = axes_of(claim)
    assert axis.values[0] == pytest.approx(low)
    assert axis.values[-1] == pytest.approx(high)
    assert len(axis.values) == count


def test_without_numbers_and_cases_there_is_a_path():
    claim = Claim(lhs=lambda p: p[0], rhs=lambda p: 1.0 + 0 * p[0], domain=lambda size: simplex(3))
    (axis,) = axes_of(claim)
    assert axis.label == "from a typical instance (0) to a typical instance (1)"
    curve = sweep(claim, draws=0)
    assert len(set(values(curve, "truth").tolist())) > 2


def test_a_claim_without_instances_is_refused_in_words():
    nowhere = dataclasses.replace(SQUARES, lhs=lambda x, y: jnp.nan + x, tight=())
    with pytest.raises(ValueError, match="has no axis, and no admissible instance was met"):
        sweep(nowhere)


def test_the_figure_shades_what_is_vacuous_and_what_fails():
    vacuous = sweep(dataclasses.replace(SQUARES, trivial=lambda x, y: 2.0 + 0 * x), ALONG)
    assert "Grey: the bound is no better than the trivial one." in caption(vacuous)
    # 2.5, 0.5, 0.625, 2.5 against 2: the first and the last of four values.
    assert len(plot_curve(vacuous).patches) == 2
    failing = sweep(EQ9, draws=0)
    assert "Orange: the statement does not hold." in caption(failing)
    assert len(plot_curve(failing).patches) == 1


def test_scales_are_logarithmic_where_decades_are_spanned():
    steep = dataclasses.replace(
        SQUARES, lhs=lambda x, y: x**2, rhs=lambda x, y: 2 * x**2, trivial=None
    )
    decades = Axis("x", tuple(np.logspace(-3, 3, 13).tolist()), lambda x: (x, jnp.asarray(0.5)))
    ax = plot_curve(sweep(steep, decades))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    flat = plot_curve(sweep(SQUARES, ALONG))
    assert (flat.get_xscale(), flat.get_yscale()) == ("linear", "linear")


def test_a_line_that_touches_zero_does_not_make_the_scale_logarithmic():
    touching = dataclasses.replace(SQUARES, lhs=lambda x, y: jnp.abs(x - 0.5) + 1e-9, trivial=None)
    steps = tuple(np.linspace(0, 1, 33).tolist())
    ax = plot_curve(sweep(touching, Axis("x", steps, lambda x: (x, jnp.asarray(0.5)))))
    assert ax.get_yscale() == "linear"


def test_draws_are_made_at_sizes_between_those_of_the_claim():
    # Two inputs, two labels and two teachers, of (3, 3, 2) and (1, 2, 2).
    claim = find("bias_variance/shared_minus_fresh")
    curve = sweep(claim, draws=8)
    assert max(curve.draws[0].at) == 8.0


def test_a_failure_probability_is_called_one():
    curve = sweep(find("empirical_bernstein/known_variance"), draws=0)
    assert [series.name for series in curve.series] == ["probability of failure", "allowed"]


def test_infinite_sides_are_left_out_of_lines_and_labels():
    infinite = dataclasses.replace(SQUARES, rhs=lambda x, y: jnp.inf + 0 * x, trivial=None)
    curve = sweep(infinite, ALONG)
    assert "A side has no line where it is infinite." in caption(curve)
    assert "infinite" not in caption(sweep(SQUARES, ALONG))
    ax = plot_curve(curve)
    assert "bound" not in {text.get_text() for text in ax.texts}
