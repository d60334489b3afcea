"""Bounds against the radius, their table, their figure and their command."""

import dataclasses
import json
import math

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_checks import check_labels
from scipy import special
from typer.testing import CliRunner

from kdtheory import _check
from kdtheory.cli import app
from kdtheory.flatness import radii as along
from kdtheory.flatness import worlds
from kdtheory.flatness.logistic_regression import COLUMNS, FIXED, logistic_table
from kdtheory.flatness.radius_figures import FAILS, LABELS, plot_bounds_along_radius
from kdtheory.objects.cosines import CosineProcess

# One worker compiles the programs that these files share.
pytestmark = pytest.mark.xdist_group("flatness")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def helps():
    return along.curves_along_radius(worlds.sharpness_helps(), np.linspace(0.1, 4.0, 40))


@pytest.fixture(scope="module")
def cannot():
    world, law = worlds.sharpness_cannot_help()
    return along.curves_along_radius(world, np.linspace(0.0, 1.0, 41), student_data=law)


@pytest.fixture(scope="module")
def fails():
    world, law = worlds.printed_bound_fails()
    return along.curves_along_radius(world, np.linspace(0.0, 0.03, 31), student_data=law)


@pytest.fixture(scope="module")
def table():
    return logistic_table()


# --- the bounds ---------------------------------------------------------------------------------


def test_a_world_where_sharpness_helps(helps):
    """Reference values at the radius 1, to five digits."""
    at = int(np.flatnonzero(np.isclose(helps.radii, 1.0))[0])
    expected = {
        "theorem8": 0.26463,
        "chernoff": 0.25508,
        "theorem12": 0.28301,
        "one_step": 0.24541,
        "chernoff_one_step": 0.21256,
        "best_weight": 0.19033,
    }
    assert helps.bounds.keys() == expected.keys()
    for name, value in expected.items():
        assert helps.bounds[name][at] == pytest.approx(value, abs=5.1e-6), name
    assert helps.student_gap == pytest.approx(0.15592, abs=5.1e-6)
    assert helps.student_sharpness[at] == pytest.approx(0.0131083812, rel=1e-8)
    assert helps.applies.all()
    assert helps.failing() == ()
    assert "deterministic" in helps.not_computed
    assert math.isnan(helps.largest_radius)
    # The best t is never worse than t = 0 and t = 1.
    for name in ("chernoff", "chernoff_one_step"):
        assert (helps.bounds["best_weight"] <= helps.bounds[name] + 1e-12).all()
    for name in ("theorem8", "chernoff"):
        assert np.ptp(helps.bounds[name]) == 0.0


def test_bounds_from_constants_by_hand(cannot):
    """Three examples, two kinds; a_z . f - b_z is 0 to -0.45 in thirds, |a_z|^2 = 17/16."""
    square = 17 / 16
    norm, step, n = math.sqrt(square), 0.6 * math.sqrt(2), 3
    slopes = {"L": norm / 2, "g0": norm / 2 * math.sin(0.45)}
    alpha, kappa = square / 2, step  # one example in three moves the mean by step/3
    divergence = 3 * (0.6 * math.log(1.2) + 0.4 * math.log(0.8))
    gaps, law, student = [], [], []
    for k in range(4):
        # k of three are of the first kind; the losses are (1 - cos(0.45 share of the other))/2.
        first, second = ((1 - math.cos(0.45 * (1 - s))) / 2 for s in (k / 3, 1 - k / 3))
        gaps.append((first + second) / 2 - (k * first + (3 - k) * second) / 3)
        law.append(math.comb(3, k) / 8)
        student.append(math.comb(3, k) * 0.6**k * 0.4 ** (3 - k))
    assert cannot.teacher_gap == pytest.approx(np.dot(law, gaps), rel=1e-12)
    assert cannot.student_gap == pytest.approx(np.dot(student, gaps), rel=1e-12)
    assert cannot.divergence == pytest.approx(divergence, rel=1e-12)
    assert (cannot.low, cannot.high) == pytest.approx((min(gaps), max(gaps)), abs=1e-15)
    root = math.sqrt(2 * divergence / n)
    for at in (0, 8, 40):
        rho = cannot.radii[at]
        # Within rho of what is learned from k, angles shrink by up to rho |a|.
        away = [[0.45 * (1 - s) for s in (k / 3, 1 - k / 3)] for k in range(4)]
        cosines = [np.cos(np.maximum(np.array(pair) - rho * norm, 0)).mean() for pair in away]
        tau = square / 2 * max(cosines)
        local = min(slopes["L"], slopes["g0"] + alpha * kappa / 12)
        moved = min(slopes["L"], slopes["g0"] + alpha * rho * 2 / 3 + alpha * kappa / 12)
        nu = alpha * kappa * rho / 2 + slopes["g0"] * rho + alpha * rho**2 / 2
        nu_sharpened = alpha * kappa * rho / 3 + alpha * rho**2 / 4
        printed = kappa * (slopes["g0"] + alpha * rho) + 0.5 + nu
        expected = {
            "lemma13": root * (kappa * slopes["L"] + 0.5),
            "local": root * (5 / 6 * kappa * local + 0.5),
            "printed": tau * rho**2 / 2 + root * printed,
            "corrected": tau * rho**2 / 2 + root * (kappa * moved + 0.5 + nu),
            "sharpened": tau * rho**2 / 4 + root * (5 / 6 * kappa * moved + 0.5 + nu_sharpened),
            "one_step_constants": tau * rho**2 / 4
            + root * (kappa / 2 * (moved + 2 / 3 * local) + 0.5),
        }
        for name, value in expected.items():
            found = cannot.bounds[name][at] - cannot.teacher_gap
            assert found == pytest.approx(value, rel=1e-12), (name, rho)
        # E cos(rho a . U) in the plane, and S_P = (1 - J)/2 times the mean cosine.
        lost = 1 - special.hyp0f1(2.0, -((rho * norm) ** 2) / 4)
        sharpness = [lost / 2 * np.cos(pair).mean() for pair in away]
        assert cannot.teacher_sharpness[at] == pytest.approx(np.dot(law, sharpness), abs=1e-15)
        assert cannot.student_sharpness[at] == pytest.approx(np.dot(student, sharpness), abs=1e-15)


def test_a_world_where_sharpness_cannot_help(cannot):
    assert cannot.applies.all()
    assert cannot.failing() == ()
    for name, kind in along.KINDS.items():
        if kind.sharp:
            assert (cannot.bounds[name] >= cannot.bounds["chernoff"] - 1e-12).all(), name
    np.testing.assert_allclose(cannot.bounds["best_weight"], cannot.bounds["chernoff"], rtol=1e-12)
    # The printed bound and all that is made of constants grow with the radius.
    for name in ("printed", "corrected", "sharpened", "one_step_constants"):
        assert (np.diff(cannot.bounds[name]) > 0).all(), name
        assert (cannot.bounds[name] >= cannot.bounds["local"] - 1e-15).all(), name


def test_the_end_of_the_regime_is_where_the_printed_bounds_cross(cannot):
    """The curvature in the ball depends on the radius, and the root with it."""
    world, law = worlds.sharpness_cannot_help()
    root = cannot.largest_radius
    assert root == along.largest_radius(world, student_data=law)
    # As many radii as there are in the fixture, so that its program is used again.
    beside = np.resize(root * np.array([1 - 1e-9, 1 + 1e-9]), len(cannot.radii))
    bounds = along.curves_along_radius(world, beside, student_data=law).bounds
    before, after = (bounds["printed"] - bounds["lemma13"])[:2]
    assert before < 0 < after


def test_the_printed_bound_outside_its_condition(fails):
    """Four examples: the gap is a fair 3/4 or -3/4, and the student 3/4 of the time on top."""
    divergence = math.log(2) + 0.75 * math.log(0.75) + 0.25 * math.log(0.25)
    assert fails.divergence == pytest.approx(divergence, rel=1e-12)
    assert fails.student_gap == pytest.approx(0.375, rel=1e-14)
    assert fails.failing() == ("printed",)
    at = int(np.flatnonzero(np.isclose(fails.radii, 0.005))[0])
    assert fails.bounds["printed"][at] == pytest.approx(0.3222998, abs=1e-7)
    assert fails.largest_radius == pytest.approx(0.2029786, abs=1e-7)
    assert (fails.radii < fails.largest_radius).all()
    # The smallest proxy of a fair coin is its variance, and its tilts attain Cramer-Chernoff.
    np.testing.assert_allclose(fails.bounds["theorem8"], 0.75 * math.sqrt(2 * divergence))
    np.testing.assert_allclose(fails.bounds["chernoff"], 0.375, rtol=1e-12)
    below = fails.bounds["printed"] < 0.375
    assert below[:9].all()
    assert not below[9:].any()


def saddle():
    r"""One hypothesis, at a minimum of one loss and at a maximum of a steeper one.

    $S_P=\frac12(0.6(1-J(\rho))-0.4(1-J(4\rho)))$, $J(t)=\sin t/t$: negative for small radii, and
    positive where both are lost.
    """
    law = [[0.6], [0.4]]
    with jax.enable_x64(True):
        return CosineProcess.create(
            [0.6, 0.4], [[1.0], [4.0]], [0.0, np.pi], [[0.0]], 1.0, [[1.0]] * 2, law, num_samples=1
        )


@pytest.fixture(scope="module")
def sometimes():
    return along.curves_along_radius(saddle(), np.linspace(0.25, 3.0, 12))


def test_where_condition_i_fails_the_bounds_do_not_apply(sometimes):
    rho = sometimes.radii
    expected = 0.3 * (1 - np.sinc(rho / np.pi)) - 0.2 * (1 - np.sinc(4 * rho / np.pi))
    np.testing.assert_allclose(sometimes.student_sharpness, expected, rtol=1e-12)
    assert sometimes.applies.tolist() == (expected >= 0).tolist()
    assert 0 < sometimes.applies.sum() < len(rho)
    # K = 0: both gaps are 0, and Theorem 12 is the sharpness, below the gap where (i) fails.
    assert sometimes.student_gap == pytest.approx(0.0, abs=1e-15)
    np.testing.assert_allclose(sometimes.bounds["theorem12"], expected, rtol=1e-10)
    assert sometimes.failing() == ()
    hidden = np.isnan(sometimes.applicable("theorem12"))
    assert hidden.tolist() == (~sometimes.applies).tolist()
    assert not np.isnan(sometimes.applicable("chernoff")).any()


# --- the table ----------------------------------------------------------------------------------

# In four digits, at 0, 0.1, rho_0 and 1; "corrected" has no reference.
TABLE = {
    "lemma13": (0.6311, 0.6445, 0.6812, 0.7652),
    "printed": (0.4859, 0.5346, 0.6812, 1.0927),
    "sharpened": (0.4504, 0.4739, 0.5443, 0.7385),
    "one_step_constants": (0.4504, 0.4545, 0.4707, 0.5362),
    "theorem12": (0.1629, 0.1632, 0.1672, 0.1931),
    "one_step": (0.1629, 0.1632, 0.1670, 0.1923),
    "chernoff_one_step": (0.1594, 0.1597, 0.1635, 0.1887),
    "local": (0.4504,) * 4,
    "theorem8": (0.1629,) * 4,
    "chernoff": (0.1594,) * 4,
    "best_weight": (0.1594,) * 4,
}


def test_the_table_of_logistic_regression(table):
    curve = table.curve
    assert {*COLUMNS, *FIXED, "best_weight"} == curve.bounds.keys() == {"corrected", *TABLE}
    for name, values in TABLE.items():
        np.testing.assert_allclose(curve.bounds[name], values, atol=5.1e-5, err_msg=name)
    assert curve.radii.tolist() == [0.0, 0.1, curve.largest_radius, 1.0]
    # More digits of what does not depend on the radius.
    expected = {
        "kappa": 1.603464799511789,
        "L": 1.0,
        "g0": 0.6625841928288003,
        "alpha": 0.25,
        "tau": 0.2,
        "W": 0.6748316143423994,
        "A0": 0.5410343695978761,
        "A1": 1.2638834926457212,
        "A2": 0.125,
    }
    assert table.constants == pytest.approx(expected, rel=1e-12)
    assert curve.divergence == pytest.approx(0.10799980137985311, rel=1e-12)
    assert curve.teacher_gap == pytest.approx(0.1102883276970478, rel=1e-12)
    assert curve.student_gap == pytest.approx(0.11887940942330492, rel=1e-12)
    assert curve.largest_radius == pytest.approx(0.3732228004623023, rel=1e-12)
    assert (table.num_samples, table.num_datasets) == (3, 64)
    # At rho_0 the two printed bounds are one; the corrected one is above.
    assert curve.bounds["printed"][2] == pytest.approx(curve.bounds["lemma13"][2], rel=1e-12)
    assert (curve.bounds["corrected"] > curve.bounds["sharpened"]).all()
    # The loss is convex: the plain bound is below all of them, and above the student's gap.
    assert (curve.bounds["chernoff"] > curve.student_gap).all()
    for values in curve.bounds.values():
        assert (values >= curve.bounds["chernoff"] - 1e-12).all()


# --- what is refused ----------------------------------------------------------------------------


def test_what_is_refused():
    teacher, law = worlds.sharpness_cannot_help()
    nodes, of_nodes = worlds.printed_bound_fails()
    process = worlds.sharpness_helps()
    bad = [
        (process, [-1.0], None, r"radii: got -1; expected numbers of at least 0 and at most 32"),
        (process, [33.0], None, "radii: got 33; expected .* which turns a loss by 64"),
        (process, [], None, "radii: got an empty array"),
        (process, [1.0], law, "student_data: got one with a CosineProcess"),
        (nodes, [0.6], of_nodes, "radii: got 0.6; expected .*0.5, half way"),
        (nodes, [0.1], None, "student_data: got none with a teacher"),
        (nodes, [0.1], law, "student_data: got 8 entries; expected 4, one for every data set"),
        (teacher, [0.1], -law, "student_data: got"),
        (worlds.logistic_world(), [12.5], None, "radii: got 12.5; expected .* at most 12, up to"),
    ]
    for world, radii, given, message in bad:
        with pytest.raises(_check.InputError, match=message):
            along.curves_along_radius(world, radii, student_data=given)
    with pytest.raises(_check.InputError, match="world: got a CosineProcess"):
        along.largest_radius(process)


# --- the figure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(9.0, 5.5), (5.2, 3.8)])
@pytest.mark.parametrize("which", ["helps", "cannot", "fails", "sometimes"])
def test_the_figure(which, size, request):
    curve = request.getfixturevalue(which)
    figure = plt.figure(figsize=size, layout="constrained")
    ax = plot_bounds_along_radius(curve, figure.add_subplot())
    # Where bounds agree, names stand apart and their leaders come together.
    check_labels(ax, leaders=False)
    said = {text.get_text() for text in ax.texts}
    assert {"student's gap (exact)", "teacher's gap"} <= said
    notes = " ".join(" ".join(said).split())
    assert ("Orange: below the student's gap" in notes) == (which == "fails")
    assert ("Hatched: condition (i) fails" in notes) == (which == "sometimes")
    filled = [part for part in ax.collections if part.get_facecolor().size]
    colours = {plt.matplotlib.colors.to_hex(part.get_facecolor()[0]).upper() for part in filled}
    assert (FAILS in colours) == (which == "fails")
    # Every bound is a line or named as above the frame; the gap is a line of its own.
    for name in curve.bounds:
        assert LABELS[name] in notes, name
    black = [line for line in ax.lines if line.get_color() == "black"]
    assert black[0].get_ydata()[0] == curve.student_gap
    assert "radius" in ax.get_xlabel()
    assert "gap" in ax.get_ylabel()


def test_what_is_drawn_is_what_applies(sometimes, fails):
    ax = plot_bounds_along_radius(sometimes, names=("theorem12", "chernoff"))
    lines = {line.get_label(): line.get_ydata() for line in ax.lines[:2]}
    chernoff, theorem12 = lines.values()
    assert np.isnan(theorem12).tolist() == (~sometimes.applies).tolist()
    assert not np.isnan(chernoff).any()
    ax = plot_bounds_along_radius(fails, names=("printed", "lemma13", "theorem8"))
    assert ax.get_ylim()[1] < 1.0
    assert any("Above the frame: standard" in text.get_text() for text in ax.texts)


def test_an_infinite_divergence(fails):
    """A student that sees what its teacher never does."""
    world, _ = worlds.printed_bound_fails()
    weights = np.array([0.5, 0.5, 0.0, 0.0])
    never = dataclasses.replace(world, example_weights=weights)
    curve = along.curves_along_radius(never, fails.radii, student_data=weights[::-1])
    assert curve.divergence == math.inf
    assert curve.largest_radius == 0.0
    assert all((values == math.inf).all() for values in curve.bounds.values())
    assert curve.failing() == ()
    ax = plot_bounds_along_radius(curve)
    check_labels(ax)
    said = " ".join(" ".join(text.get_text().split()) for text in ax.texts)
    assert "The divergence is infinite" in said


# --- the command --------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(app, ["--no-cache", "sharpness", *map(str, arguments)])


def test_the_command_on_cosines(tmp_path):
    figure = tmp_path / "cosines.png"
    result = run("--example", "cosines", "-o", figure)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    for words in (
        "student's gap 0.155917",
        "Cramer-Chernoff, best t 0.1864 0.1873 0.1903 0.2065 0.2551",
        "teacher's gap 0, student's gap 0.375",
        "below the gap, although condition (i) is met; Lemma 14 needs kappa/n <= 4 rho/(p + 1)",
        "The printed sharpness-aware bound increases with the radius",
        "no bound of this kind is below the Cramer-Chernoff bound",
    ):
        assert words in said, words
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_the_command_on_logistic_regression():
    data = json.loads(run("--example", "logistic", "--json").stdout)
    assert data["input"] == "example logistic"
    assert data["curve"]["bounds"]["printed"][1] == pytest.approx(0.5346, abs=5.1e-5)
    assert data["curve"]["failing"] == []
    assert data["constants"]["W"] == pytest.approx(0.6748316143423994, rel=1e-12)
    assert "increases with the radius" in data["meaning"][0]
    text = " ".join(run("--example", "logistic").stdout.split())
    assert "all 64 data sets enumerated" in text
    assert "Theorem 12 as printed: Lemmas 14-16 0.4859 0.5346 0.6812 1.0927" in text
