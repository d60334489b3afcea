"""Bounds side by side and plans: against exact recursions, mpmath, dense grids, closed forms."""

import json
import math

import mpmath
import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.descent import DescentBounds, DescentPlan, descent_bounds, kinds, plan_descent
from kdtheory.descent.kinds import DISTANCE, EXCESS, KINDS, MEAN_EXCESS

CONSTANTS = {
    "component_smoothness": 2.0,
    "smoothness": 1.5,
    "expected_smoothness": 1.75,
    "strong_convexity": 0.5,
    "pl_constant": 0.5,
    "start_distance": 5.0,
    "start_excess": 3.0,
}


def test_the_table_in_rationals():
    """Rates and neighbourhoods at step size 1/8 and noise 3, and what eight steps leave."""
    found = descent_bounds(step_size=0.125, noise=3.0, num_steps=8, accuracy=4.5, **CONSTANTS)
    # By hand in tests/theorems/test_sgd_convergence.py.
    expected = {
        "strongly_convex_onehot": (15 / 16, 3 / 2),
        "needell_ward_srebro": (29 / 32, 1.0),
        "quasi_convex_any_noise": (15 / 16, 24 / 25),
        # s^2 = 1/2: 1 - (2 - s)/16 and (3/4)/((2 - s)^2/2)
        "sharpened_any_noise": (1 - (2 - 0.5**0.5) / 16, 1.5 / (2 - 0.5**0.5) ** 2),
        "sharpened_target_noise": (57 / 64, 3 / 7),
        "sharpened_pl": (469 / 512, 18 / 43),
    }
    for name, (rate, left) in expected.items():
        one = found[name]
        np.testing.assert_allclose([one.rate, one.neighbourhood], [rate, left], rtol=1e-14)
        start = 3.0 if one.gap == EXCESS else 5.0
        np.testing.assert_allclose(one.value, rate**8 * start + left, rtol=1e-13)
        assert one.value <= 4.5 or one.steps_needed > 8
        assert one.value > 4.5 or one.steps_needed <= 8
    # 5/(2/8 * 1/2 * 8) + (3/8)/(1/2), and (5/8 + 3/64)/(2/8).
    for name, value, left in (("convex_onehot", 5.75, 0.75), ("sharpened_convex", 43 / 16, 3 / 16)):
        one = found[name]
        np.testing.assert_allclose([one.value, one.neighbourhood], [value, left], rtol=1e-14)
        assert one.rate is None
    # 40/T + 3/4 <= 9/2 from 10.7 on, 20/T + 3/16 <= 9/2 from 4.6 on.
    assert found["convex_onehot"].steps_needed == 11
    assert found["sharpened_convex"].steps_needed == 5
    silent = {one.name: one.reason for one in found.bounds if one.reason}
    assert set(silent) == {"strongly_convex_bayes", "convex_bayes", "pl_onehot", "pl_bayes"}
    # mu/(2 calL L) = (1/2)/(2 * 21/8) = 2/21.
    assert silent["pl_onehot"] == "it allows step sizes at most 0.0952381"
    assert silent["pl_bayes"] == "it is about labels without noise"
    assert DescentBounds.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    said = found.text()
    assert all(one.title in said for one in found.bounds)
    assert "Nothing is promised by Theorem 2, any labels: it allows" in said


def test_exact_labels_have_no_neighbourhood():
    found = descent_bounds(step_size=0.05, noise=0.0, num_steps=10, **CONSTANTS)
    assert all(one.neighbourhood == 0 and not one.reason for one in found.bounds)
    assert found["strongly_convex_bayes"].rate == 1 - 0.05 * 0.5
    # 5/(0.1 * 0.9 * 10)
    np.testing.assert_allclose(found["convex_bayes"].value, 5 / 0.9, rtol=1e-14)


@pytest.mark.parametrize("name", KINDS)
def test_the_largest_step_is_the_largest(name):
    noise = 0.0 if KINDS[name].exact_only else 1.0
    known = {"noise": noise, **CONSTANTS}
    top = descent_bounds(step_size=1e-3, **known)[name].largest_step
    for share, promised in ((1 - 1e-9, True), (1 + 1e-9, False)):
        one = descent_bounds(step_size=share * top, **known)[name]
        assert math.isfinite(one.neighbourhood) == promised == (not one.reason)
    # At the limit itself, with numbers that do not round: L = 2, mu = L = calL = 1.
    plain = {**CONSTANTS, "smoothness": 1.0, "expected_smoothness": 1.0, "pl_constant": 1.0}
    top = descent_bounds(step_size=1e-3, noise=noise, **plain)[name].largest_step
    at = descent_bounds(step_size=top, noise=noise, **plain)[name]
    assert (not at.reason) == KINDS[name].attained


@pytest.mark.parametrize("accuracy", [0.45, 0.2, 0.1 + 3 / 70])
def test_the_fewest_steps_by_mpmath(accuracy):
    """The largest T at which the bound is still above the accuracy, plus one."""
    # Noise .3: N = 3/70 for the sharpened bound at 1/8, so that the last accuracy leaves 1/10.
    found = descent_bounds(step_size=0.125, noise=0.3, accuracy=accuracy, **CONSTANTS)
    with mpmath.workdps(40):
        for one in found.bounds:
            if one.reason or one.gap == MEAN_EXCESS:
                continue
            left = mpmath.mpf(accuracy) - mpmath.mpf(one.neighbourhood)
            start = mpmath.mpf(3 if one.gap == EXCESS else 5)
            if left <= 0:
                assert one.steps_needed is None
                continue
            real = mpmath.log(start / left) / -mpmath.log(mpmath.mpf(one.rate))
            assert one.steps_needed == mpmath.ceil(real)


def test_steps_at_the_edges():
    def needed(name, accuracy, **changed):
        known = {"step_size": 0.125, "noise": 0.0, **CONSTANTS, **changed}
        return descent_bounds(accuracy=accuracy, **known)[name].steps_needed

    # Already there; exactly the neighbourhood, which is approached and not met; and below it.
    assert needed("sharpened_target_noise", 5.0) == 0
    assert needed("strongly_convex_onehot", 1.5, noise=3.0) is None
    assert needed("strongly_convex_onehot", 1.5, noise=3.0, start_distance=0.0) == 0
    assert needed("strongly_convex_onehot", 1.4, noise=3.0, start_distance=0.0) is None
    # One leap where all curvatures are L: the rate is zero.
    one = {"smoothness": 2.0, "strong_convexity": 2.0, "step_size": 0.5}
    assert needed("sharpened_target_noise", 1e-9, **one) == 1
    # A mean over steps has at least one. 20/T <= 20 from the first.
    assert needed("sharpened_convex", 20.0) == 1
    assert needed("sharpened_convex", 19.9) == 2
    assert needed("sharpened_convex", 1e-3, start_distance=0.0) == 1


KNOWN = {**CONSTANTS, "noise": 3.0}


def test_a_plan_is_no_worse_than_a_dense_grid():
    plan = plan_descent(0.05, **KNOWN)
    grid = np.geomspace(1e-5, 1.0, 1500, endpoint=False)
    seen = 0
    for one in plan.choices:
        if one.reason:
            assert (one.labels, KINDS[one.name].exact_only) == ("noisy", True)
            continue
        # The grid in NumPy, from the formulas of the table at one step size.
        kind = KINDS[one.name]
        sigma = 0.0 if one.labels == "exact" else 3.0
        fewest = min(
            count
            for count in (by_formula(one.name, kind.gap, step, sigma) for step in grid)
            if count is not None
        )
        assert one.num_steps <= fewest
        assert one.num_steps >= 0.97 * fewest - 1
        seen += 1
    assert seen == len(KINDS) + len([k for k in KINDS.values() if not k.exact_only])
    assert DescentPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert (
        "Theorem 2, exact labels (noisy labels): it is about labels without noise." in plan.text()
    )


def by_formula(name, gap, step, sigma):
    """Steps to 0.05 by the formulas, written once more; None beyond the largest step."""
    top, own, expected, mu = 2.0, 1.5, 1.75, 0.5
    s = (2 * step * top) ** 0.5
    product = step * own * expected
    rows = {
        "strongly_convex_onehot": (s <= 1, 1 - step * mu, 2 * step * sigma / mu),
        "strongly_convex_bayes": (step * top <= 1, 1 - step * mu, 0.0),
        "needell_ward_srebro": (
            step * top < 1,
            1 - 2 * step * mu * (1 - step * top),
            step * sigma / (mu * (1 - step * top)),
        ),
        "quasi_convex_any_noise": (
            step * expected < 1,
            1 - step * mu,
            step * sigma / (mu * (1 - step * expected)),
        ),
        "sharpened_any_noise": (
            s < 2,
            1 - step * mu * (2 - s),
            2 * step * sigma / (mu * (2 - s) ** 2),
        ),
        "sharpened_target_noise": (
            s < 2,
            1 - step * mu * (2 - step * top),
            step * sigma / (mu * (2 - step * top)),
        ),
        "pl_onehot": (2 * product <= mu, 1 - step * mu, own * step * sigma / mu),
        "pl_bayes": (product <= mu, 1 - step * mu, 0.0),
        "sharpened_pl": (
            product < 2 * mu,
            1 - step * (2 * mu - product),
            step * own * sigma / (2 * (2 * mu - product)),
        ),
        "convex_onehot": (s < 1, 1 / (1 - s**2) if s < 1 else 0, 2 * step * sigma),
        "convex_bayes": (step * top < 1, 1 / (1 - step * top) if step * top < 1 else 0, 0.0),
        "sharpened_convex": (s < 2, 1 / min(1, 2 - step * top) if s < 2 else 0, step * sigma),
    }
    allowed, rate, left = rows[name]
    if not allowed:
        return None
    if gap == MEAN_EXCESS:
        # The formulas share 1/(2 gamma), and the noise is halved.
        left = 0.05 - left * rate / 2
        return math.ceil(5.0 * rate / (2 * step) / left) if left > 0 else None
    if left >= 0.05:
        return None
    start = 5.0 if gap == DISTANCE else 3.0
    return math.ceil(math.log(start / (0.05 - left)) / -math.log(rate))


def test_plans_with_closed_forms():
    """Without strong convexity delta/(2 gamma (eps - gamma sigma^2/2)) is least at eps/sigma^2."""
    plan = plan_descent(0.3, noise=3.0, component_smoothness=2.0, start_distance=5.0)
    chosen = plan.choice("sharpened_convex", "noisy")
    np.testing.assert_allclose(chosen.step_size, 0.1, rtol=1e-5)
    # 5/(2 * .1 * .15) = 166.7; delta sigma^2/eps^2.
    assert chosen.num_steps == 167
    # With exact labels at 1/L: 5/(2 * 1/2 * .3) = 16.7.
    exact = plan.choice("sharpened_convex", "exact")
    np.testing.assert_allclose(exact.step_size, 0.5, rtol=1e-5)
    assert exact.num_steps == 17
    # A printed bound is best at the largest step it allows, which it is given exactly.
    known = {"component_smoothness": 2.0, "strong_convexity": 0.5, "start_distance": 5.0}
    plan = plan_descent(1e-3, noise=1.0, **known)
    assert plan.choice("strongly_convex_bayes", "exact").step_size == 0.5
    # log(5000)/-log(3/4) = 29.6
    assert plan.choice("strongly_convex_bayes", "exact").num_steps == 30
    missing = plan.choice("sharpened_pl", "noisy")
    assert missing.step_size is missing.num_steps is None
    assert missing.reason == "smoothness and expected_smoothness and pl_constant not given"
    # Nothing to do.
    assert (
        plan_descent(6.0, noise=1.0, **known).choice("sharpened_any_noise", "noisy").num_steps == 0
    )


def test_a_start_is_needed_to_count():
    found = descent_bounds(
        step_size=0.1, noise=1.0, component_smoothness=1.0, num_steps=5, accuracy=0.5
    )
    assert found["sharpened_convex"].value is found["sharpened_convex"].steps_needed is None
    assert found["sharpened_target_noise"].reason == "strong_convexity not given"
    plan = plan_descent(0.5, noise=1.0, component_smoothness=1.0)
    assert plan.choice("sharpened_convex", "noisy").reason == "start_distance not given"


def test_every_slug_is_in_the_catalogue():
    from kdtheory.theorems import find

    for kind in KINDS.values():
        if kind.slug:
            assert find(kind.slug).slug == kind.slug
    assert {kind.gap for kind in KINDS.values()} == {*kinds.STARTS}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_size": 0.0}, "step_size: got 0"),
        ({"noise": -1.0}, "noise: got -1"),
        ({"noise": None}, "noise: got"),
        ({"strong_convexity": 1.6}, "strong_convexity: got 1.6; expected at most 1.5, smoothness"),
        ({"smoothness": 2.5}, "smoothness: got 2.5; expected at most 2, component_smoothness"),
        ({"pl_constant": 0.0}, "pl_constant: got 0"),
        ({"start_distance": -1.0}, "start_distance: got -1"),
        ({"num_steps": 0}, "num_steps: got 0"),
        ({"accuracy": 0.0}, "accuracy: got 0"),
    ],
)
def test_constants_refused(change, message):
    with pytest.raises(InputError, match=message):
        descent_bounds(**{"step_size": 0.1, "noise": 1.0, **CONSTANTS, **change})
