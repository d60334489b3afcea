"""Sharpness of a user's loss: what bounds make of it, the text, and the figure."""

from __future__ import annotations

import dataclasses
import functools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory import flatness
from kdtheory._check import InputError
from kdtheory._random import random_key
from kdtheory._sharpness_text import write_report
from kdtheory.flatness import SharpnessReport, Status, averages, curvature, with_constants

pytestmark = pytest.mark.xdist_group("flatness")


def logistic(parameters, example):
    inputs, label = example
    return jax.nn.softplus(-label * (inputs @ parameters))


DATA = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]]), np.array([1.0, -1.0, 1.0])
POINT = np.array([0.5, -0.25])
GIVEN = {
    "divergence": 0.02,
    "loss_range": (0.0, 3.0),
    "stability": 1.5,
    "lipschitz": 1.0,
    "gradient_bound": 0.9,
    "smoothness": 0.25,
    "hessian_bound": 0.2,
}


@functools.lru_cache
def measured(**options) -> SharpnessReport:
    heldout = DATA[0] + 0.1, DATA[1]
    return flatness.sharpness(
        logistic, POINT, DATA, radius=[0.1, 0.4], heldout=heldout, num_draws=16, **options
    )


def judged(**changes) -> SharpnessReport:
    return with_constants(measured(), **(GIVEN | changes))


def status(report: SharpnessReport) -> dict[str, Status]:
    return {premise.name: premise.status for premise in report.premises}


def evidence(report: SharpnessReport, name: str) -> str:
    return next(premise.evidence for premise in report.premises if premise.name == name)


# --- penalties ----------------------------------------------------------------------------------


def test_penalties_are_those_of_the_lemmas():
    report = judged()
    n, p, kappa, steep, local, alpha, tau, half = 3, 2, 1.5, 1.0, 0.9, 0.25, 0.2, 1.5
    root = math.sqrt(2 * 0.02 / n)
    way = alpha * kappa / (4 * n)
    for index, rho in enumerate((0.1, 0.4)):
        got = {penalty.name: penalty.values[index] for penalty in report.penalties}
        # Lemma 13 with L, and with (2 - 1/n)/2 of the slope g_0 + alpha kappa/(4 n) <= L.
        assert got["lemma13"] == pytest.approx(root * (kappa * steep + half))
        slope = min(steep, local + way)
        assert got["local"] == pytest.approx(root * (kappa * (1 - 1 / (2 * n)) * slope + half))
        # Lemmas 14, 15 and 16 as printed.
        shaken = kappa * (local + alpha * rho) + half
        rise = alpha * kappa * rho / 2 + local * rho + alpha * rho**2 / 2
        assert got["printed"] == pytest.approx(root * (shaken + rise) + tau * rho**2 / 2)
        # With |U| = rho p/(p + 1) on average, |U|^2 = rho^2 p/(p + 2), and the way in between.
        moved = min(steep, local + alpha * rho * p / (p + 1) + way)
        assert got["corrected"] == pytest.approx(
            root * (kappa * moved + half + rise) + tau * rho**2 / 2
        )
        lifted = tau * rho**2 / 2 * p / (p + 2)
        less = kappa * (1 - 1 / (2 * n)) * moved + half
        bent = alpha * kappa * rho * p / (2 * (p + 1)) + alpha * rho**2 * p / (2 * (p + 2))
        assert got["sharpened"] == pytest.approx(root * (less + bent) + lifted)
        joint = kappa * (moved + (1 - 1 / n) * slope) / 2 + half
        assert got["one_step"] == pytest.approx(root * joint + lifted)
    assert report["printed"][0] < report["printed"][1]
    assert not any(any(penalty.vacuous) for penalty in report.penalties)
    # At rho_0 the gain of the printed bound, root (A0 - A1 rho - A2 rho^2) - tau/2 rho^2, is zero.
    rho = report.largest_radius
    gain = root * (
        kappa * (steep - local) - (1.5 * alpha * kappa + local) * rho - alpha / 2 * rho**2
    )
    assert rho > 0
    assert gain == pytest.approx(tau / 2 * rho**2)
    below = "at no radius below" if rho < 0.1 else "below the standard one at the radii 0.1."
    assert any(below in sentence for sentence in report.meaning)
    assert any("a flat minimum does not make this bound smaller" in one for one in report.meaning)


def test_an_infinite_divergence_and_one_of_zero():
    infinite = judged(divergence=math.inf)
    assert set(infinite["printed"] + infinite["lemma13"]) == {math.inf}
    assert all(infinite.penalties[0].vacuous)
    assert infinite.largest_radius == 0.0
    none = judged(divergence=0.0)
    # Only the bound on E_P S_P is left: tau rho^2/2.
    assert none["printed"] == pytest.approx((0.2 * 0.01 / 2, 0.2 * 0.16 / 2))
    assert none["lemma13"] == (0.0, 0.0)


def test_without_a_global_constant_the_local_ones_do():
    report = judged(lipschitz=None)
    assert report["lemma13"] == ()
    assert report.largest_radius is None
    assert report["printed"] == judged()["printed"]
    # L = 1 is above the slopes here, and makes no difference.
    assert report["corrected"][0] == pytest.approx(judged()["corrected"][0])
    assert "Not all bounds are computed" in report.meaning[-1]
    assert "lipschitz" in report.meaning[-1]


def test_lemma_14_says_from_which_radius_it_holds():
    # 4 rho/(p + 1) >= kappa/n with p = 2, n = 3: from rho = 3/4 * 0.5 = 0.375 on.
    printed = next(p for p in judged().penalties if p.name == "printed")
    assert printed.note.endswith("= 0.375 on")
    printed = next(p for p in judged(stability=3.0).penalties if p.name == "printed")
    assert "= 0.75 on, above all of these" in printed.note


# --- premises -----------------------------------------------------------------------------------


def test_what_is_checked_assumed_and_unknown():
    assert status(judged()) == {
        "heldout": Status.ASSUMED,
        "divergence": Status.ASSUMED,
        "stability": Status.ASSUMED,
        "loss_range": Status.ASSUMED,
        "lipschitz": Status.ASSUMED,
        "gradient_bound": Status.CHECKED,
        "smoothness": Status.ASSUMED,
        "hessian_bound": Status.ASSUMED,
    }
    assert "one draw of the student" in evidence(judged(), "heldout")
    nothing = with_constants(measured())
    assert set(status(nothing).values()) == {Status.UNKNOWN, Status.ASSUMED}  # heldout was given
    for name, found in status(nothing).items():
        if found is Status.UNKNOWN:
            assert evidence(nothing, name).startswith(f"give {name}=")
    assert all(penalty.values == () for penalty in nothing.penalties)
    sharp = {"divergence", "stability", "loss_range", "gradient_bound", "smoothness"}
    more = sharp | {"hessian_bound"}
    assert {p.name: set(p.missing) for p in nothing.penalties} == {
        "lemma13": {"divergence", "stability", "loss_range", "lipschitz"},
        "local": sharp,
        **dict.fromkeys(("printed", "corrected", "sharpened", "one_step"), more),
    }
    alone = dataclasses.replace(
        measured(),
        num_heldout=0,
        radii=tuple(dataclasses.replace(at, heldout=None) for at in measured().radii),
    )
    report = with_constants(alone, **GIVEN)
    assert status(report)["heldout"] is Status.UNKNOWN
    assert report["local"] != ()
    assert report["printed"] == ()
    assert report.penalties[2].missing == ("heldout",)


# By hand: margins y f.x are 1/2, -1/10 and 1/4, where the derivative of the loss is the sigmoid of
# minus the margin, times |x| = 1.
LARGEST_GRADIENT = 1.0 / (1.0 + math.exp(-0.1))


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("gradient_bound", 0.52, f"{LARGEST_GRADIENT:.4g}"),
        ("lipschitz", 0.53, "0.6"),
        ("smoothness", 0.2, "0.2"),
        ("hessian_bound", 0.05, "0.1"),
        ("loss_range", (0.0, 0.7), "losses from 0."),
        ("loss_range", (0.4, 3.0), "losses from 0."),
    ],
)
def test_a_contradiction_is_flagged_with_its_numbers(name, value, seen):
    # A global constant below the local one would be refused: see the refusals.
    local = 0.53 if name == "lipschitz" else GIVEN["gradient_bound"]
    report = judged(**{"gradient_bound": local, name: value})
    assert status(report)[name] is Status.VIOLATED
    assert [one for one, found in status(report).items() if found is Status.VIOLATED] == [name]
    assert "contradicted" in evidence(report, name)
    assert seen in evidence(report, name)
    for penalty in report.penalties:
        kind = flatness.penalties.KINDS[penalty.name]
        assert (penalty.values == ()) == (name in kind.needs)
        assert penalty.missing == ((name,) if name in kind.needs else ())


def test_the_largest_gradient_is_exact_and_may_be_stated():
    report = judged(gradient_bound=measured().largest_gradient)
    assert measured().largest_gradient == pytest.approx(LARGEST_GRADIENT, rel=1e-12)
    assert status(report)["gradient_bound"] is Status.CHECKED
    assert evidence(report, "gradient_bound").endswith("nothing is known")


def test_one_draw_that_speaks_against_condition_i():
    radii = tuple(
        dataclasses.replace(at, heldout=flatness.Estimate(-0.2, -0.3, -0.1, 0.1))
        for at in measured().radii
    )
    report = with_constants(dataclasses.replace(measured(), radii=radii), **GIVEN)
    assert status(report)["heldout"] is Status.ASSUMED
    assert "speaks against it" in evidence(report, "heldout")
    assert "speaks against it" not in evidence(judged(), "heldout")


def test_sound_intervals_rest_on_what_was_stated():
    nothing = with_constants(measured())
    assert all(at.sound_low is None and at.sound_high is None for at in nothing.radii)
    for given in ({"loss_range": (0.0, 3.0)}, {"smoothness": 0.25}, GIVEN):
        for at in with_constants(measured(), **given).radii:
            assert at.sound_low <= at.sharpness.value <= at.sound_high
    smooth = with_constants(measured(), smoothness=0.25).radii
    # |x| <= alpha rho^2/2, by two ends that no draw leaves.
    for at in smooth:
        assert max(-at.sound_low, at.sound_high) <= 0.25 * at.radius**2 / 2 * (1 + 1e-12)
    false = with_constants(measured(), smoothness=0.01, loss_range=(0.0, 0.1))
    assert all(at.sound_low is None for at in false.radii)


# --- the report ---------------------------------------------------------------------------------


def test_a_report_survives_json():
    for report in (judged(), judged(lipschitz=None, divergence=math.inf)):
        assert SharpnessReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_radii_share_one_program_whatever_their_number():
    counts = []
    for radii in ([0.3], [0.1, 0.2, 0.3, 0.4, 0.5]):
        calls = []

        def counted(parameters, example, calls=calls):
            calls.append(1)
            return logistic(parameters, example)

        point, data, rho = jax.tree.map(jnp.asarray, (POINT, DATA, np.array(radii)))
        # Traced and not compiled: a program per radius would call the loss once for each.
        moved = functools.partial(averages.rises, counted, num_draws=4, batch_size=2)
        found = jax.eval_shape(moved, point, data, jnp.ones(3), rho, random_key(0))
        assert found.pairs.shape == (4, len(radii))
        looked = functools.partial(curvature.largest_in_balls, counted, batch_size=2)
        jax.eval_shape(looked, point, data, rho, point, random_key(0))
        counts.append(len(calls))
    assert counts[0] == counts[1] > 0


@dataclasses.dataclass
class Scaled:
    """A loss that has no hash, and a part that can change."""

    scale: float

    def __call__(self, parameters, example):
        return self.scale * logistic(parameters, example)


def test_what_a_loss_closes_over_may_change_between_calls():
    loss = Scaled(1.0)
    options = {"radius": [0.1, 0.4], "num_draws": 16}
    before = flatness.sharpness(loss, POINT, DATA, **options)
    loss.scale = 3.0
    after = flatness.sharpness(loss, POINT, DATA, **options)
    for one, other in zip(before.radii, after.radii, strict=True):
        assert 3.0 * one.sharpness.value == pytest.approx(other.sharpness.value, rel=1e-9)
    # And no program of either is left.
    assert averages.rises._cache_size() == 0


@pytest.mark.float32
def test_in_single_precision_all_is_computed_in_double():
    given = jnp.asarray(POINT, jnp.float32), jax.tree.map(jnp.asarray, DATA)
    assert given[1][0].dtype == jnp.float32
    found = flatness.sharpness(logistic, *given, radius=[0.1, 0.4], num_draws=16)
    # 0.6 and 0.8 are rounded in float32, by at most 3e-8.
    for ours, double in zip(found.radii, measured().radii, strict=True):
        assert ours.sharpness.value == pytest.approx(double.sharpness.value, rel=1e-6)
    assert found.warnings == ()

    def single(parameters, example):
        return logistic(parameters, example).astype(jnp.float32)

    found = flatness.sharpness(single, *given, radius=1e-5, num_draws=4)
    assert "comes in float32" in found.warnings[0]
    # rho^2 tr H/(2 (p + 2)) is about 1e-11, far below the rounding of losses near one: the interval
    # has it all the same.
    assert "no larger than rounding" in found.warnings[1]
    assert found.radii[0].sharpness.low < found.radii[0].quadratic.value
    assert found.radii[0].sharpness.high > found.radii[0].quadratic.value


def test_a_loss_that_is_not_finite_around_the_parameters(capsys):
    def wall(parameters, example):
        return example * jnp.sum(parameters**2) - 1e-3 * jnp.log(1.0 - jnp.sum(parameters**2))

    data = np.array([1.0, 2.0])
    found = flatness.sharpness(
        wall,
        np.full(2, 0.1),
        data,
        radius=[0.1, 4.0],
        num_draws=8,
        smoothness=50.0,
        loss_range=(0.0, 9.0),
    )
    inside, outside = found.radii
    assert inside.sharpness.value > 0
    assert math.isnan(outside.sharpness.value)
    assert any("not finite within the larger balls" in warning for warning in found.warnings)
    assert status(found)["smoothness"] is status(found)["loss_range"] is Status.VIOLATED
    write_report(found, "wall")
    said = " ".join(capsys.readouterr().out.split())
    assert "nan" in said
    assert "Warning: The loss is not finite within the larger balls" in said


def test_the_text_says_what_is_missing_and_what_estimates_are(capsys):
    write_report(judged(lipschitz=None, smoothness=0.2), "two features")
    said = " ".join(capsys.readouterr().out.split())
    assert "Not computed (lipschitz unknown or contradicted): standard, global L." in said
    assert "Not computed (smoothness unknown or contradicted): standard, gradient at" in said
    for words in ("give lipschitz=;", "violated 0.2", "checked 0.9", "lower estimates of suprema"):
        assert words in said
    assert "does not make this bound smaller" in said
    assert "at any number of draws" in said
    write_report(with_constants(measured()), "nothing known")
    said = " ".join(capsys.readouterr().out.split())
    assert "at any number of draws" not in said
    assert said.count("unknown") >= 7
    write_report(judged(), "all known")
    said = " ".join(capsys.readouterr().out.split())
    assert "Not computed" not in said
    assert f"rho_0 = {judged().largest_radius:.4g}" in said


# --- the figure ---------------------------------------------------------------------------------


def test_the_figure_names_its_lines_and_has_units():
    ax = flatness.plot_sharpness({"one": measured(), "two": judged()})
    texts = [text.get_text() for text in ax.texts]
    assert sorted(texts) == ["curvature alone", "curvature alone", "one", "two"]
    assert ax.get_yscale() == ax.get_xscale() == "log"
    assert ax.get_xlabel()
    assert ax.get_ylabel() == "rise of the mean loss"
    values = [line.get_ydata() for line in ax.lines]
    assert any(np.allclose(y, [at.sharpness.value for at in measured().radii]) for y in values)
    held = flatness.plot_sharpness(measured(), heldout=True)
    assert "held-out" in held.get_title()
    # What may be negative has no logarithm.
    low = dataclasses.replace(
        measured().radii[0], sharpness=flatness.Estimate(-1.0, -2.0, 0.0, 1.0)
    )
    sunk = dataclasses.replace(measured(), radii=(low, measured().radii[1]))
    assert flatness.plot_sharpness(sunk).get_yscale() == "linear"
    alone = dataclasses.replace(low, heldout=None)
    with pytest.raises(InputError, match="without held-out data"):
        flatness.plot_sharpness(dataclasses.replace(measured(), radii=(alone,)), heldout=True)
