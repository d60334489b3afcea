"""The tightness regime in enumerated worlds: against formulas, and against a grid."""

import numpy as np
import pytest
import scipy.optimize
from matplotlib.figure import Figure

from kdtheory.replications.li_he_tightness import FRACTIONS, STUDY, Config
from kdtheory.replications.records import Table, silent

RIDGE, TEMPERATURE = 0.5, 2.0
TINY = Config((1,), (RIDGE,), (TEMPERATURE,))


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def bounds(told):
    return STUDY.simulate(TINY, 0, lambda *progress: told.append(progress))["bounds"]


INPUTS, TRUTH = np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([1.0, -0.5])
SIGNED = np.concatenate([INPUTS, -INPUTS])  # y x of the four examples


def loss(margins):
    return np.logaddexp(0.0, -margins)


@pytest.fixture(scope="module")
def world():
    """Everything of the world with one example, by a general optimiser and by sums."""
    weights = 0.5 / (1 + np.exp(-SIGNED @ TRUTH))
    learned = np.array(
        [
            scipy.optimize.minimize(
                lambda f, z=z: loss(z @ f) + RIDGE / 2 * f @ f, np.zeros(2), tol=1e-12
            ).x
            for z in SIGNED
        ]
    )
    losses = loss(learned @ SIGNED.T)  # hypothesis, example
    gaps = losses @ weights - np.diag(losses)
    # The student of example z sees the input of z with a label drawn from the teacher.
    same = np.array([[i % 2 == j % 2 for j in range(4)] for i in range(4)])
    relabelled = 1 / (1 + np.exp(-learned @ SIGNED.T / TEMPERATURE))
    student = weights @ (same * relabelled)
    slopes = 1 / (1 + np.exp(learned @ SIGNED.T))  # all inputs have the norm 1
    steps = np.linalg.norm(learned[:, None] - learned[None], axis=2)
    return {
        "weights": weights,
        "learned": learned,
        "teacher_gap": weights @ gaps,
        "student_gap": student @ gaps,
        "largest_gap": gaps.max(),
        "divergence": np.sum(student * np.log(student / weights)),
        "kappa": steps.max(),
        "g0": slopes.max(),
        "furthest": np.linalg.norm(learned, axis=1).max(),
    }


def test_gaps_are_those_of_sums(bounds, world):
    np.testing.assert_allclose(bounds["student_gap"], world["student_gap"], atol=1e-7)
    np.testing.assert_allclose(bounds["largest_gap"], world["largest_gap"], atol=1e-7)


def test_bounds_are_those_of_the_printed_formulas(bounds, world):
    rho, kappa, g0 = bounds["radius"], world["kappa"], world["g0"]
    unit, half_width = np.sqrt(2 * world["divergence"]), (world["furthest"] + rho) / 2
    # With n = 1, L = 1, alpha = 1/4. E x x' has the eigenvalues 1/2 +- 3/10: tau = 0.8/4.
    sigma_0 = kappa + half_width
    sigma_u = kappa * (g0 + rho / 4) + half_width
    nu = kappa * rho / 8 + g0 * rho + rho**2 / 8
    standard = world["teacher_gap"] + sigma_0 * unit
    printed = world["teacher_gap"] + 0.1 * rho**2 + (sigma_u + nu) * unit
    np.testing.assert_allclose(bounds["standard"], standard, atol=1e-6)
    np.testing.assert_allclose(bounds["sharpness_aware"], printed, atol=1e-6)
    np.testing.assert_allclose(bounds["fraction"], FRACTIONS)
    # At rho_0 the two bounds are equal.
    [edge] = np.flatnonzero(FRACTIONS == 1.0)
    assert bounds["standard"][edge] == pytest.approx(bounds["sharpness_aware"][edge], abs=1e-9)


def test_exact_sharpness_is_the_mean_over_a_ball(bounds, world):
    # Rings of equal mass, and equal angles on each.
    rings, angles = np.sqrt((np.arange(400) + 0.5) / 400), np.arange(32) * np.pi / 16
    ball = (rings[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], -1)).reshape(-1, 2)
    for row in (0, 5, 15):
        moved = world["learned"][:, None] + bounds["radius"][row] * ball
        rises = loss(moved @ SIGNED.T).mean(axis=1) - loss(world["learned"] @ SIGNED.T)
        sharpness = world["weights"] @ rises @ world["weights"]
        bounded = 0.1 * bounds["radius"][row] ** 2
        found = bounds["with_exact_sharpness"] - bounds["sharpness_aware"]
        assert found[row] == pytest.approx(sharpness - bounded, abs=1e-7)
        assert sharpness >= 0


def test_nothing_is_random_and_every_world_is_told(bounds, told):
    assert told == [(1, 1)]
    again = STUDY.simulate(TINY, 1, silent)["bounds"]
    for name, column in bounds.columns.items():
        np.testing.assert_array_equal(again[name], column)


# --- judgement ------------------------------------------------------------------------------------


def planted(standard, sharp, gap=0.0):
    """Two worlds of either sample size, the first of them with these functions of the fraction."""
    rows = {"num_samples": [], "ridge": [], "temperature": [], "radius": [], "fraction": []}
    rows |= {"standard": [], "sharpness_aware": [], "with_exact_sharpness": []}
    rows |= {"student_gap": [], "largest_gap": []}
    for size in (2, 3):
        for temperature in (1.0, 2.0):
            for fraction in FRACTIONS:
                usual = (size, temperature) != (2, 1.0)
                values = {"num_samples": size, "ridge": 0.5, "temperature": temperature}
                values |= {"radius": 0.4 * fraction, "fraction": fraction}
                values["standard"] = 2.0 if usual else standard(fraction)
                for name in ("sharpness_aware", "with_exact_sharpness"):
                    values[name] = 1.0 + fraction if usual else sharp(fraction)
                values |= {"student_gap": gap, "largest_gap": 5.0}
                for name, value in values.items():
                    rows[name].append(value)
    return {"bounds": Table(rows)}


def verdicts(tables):
    found = {}
    for one in STUDY.judge(tables):
        found.setdefault(one.statement, set()).add(one.verdict.value)
    return found


KEYS = [statement.key for statement in STUDY.statements]
NOT = {"not replicated from the description"}


def test_what_is_said_is_replicated_where_it_is_so():
    tables = planted(lambda t: 2.0, lambda t: 1.0 + t)
    assert verdicts(tables) == dict.fromkeys(KEYS, {"replicated"})
    # Every sample size and ridge has a number of its own.
    assert [m.what for m in STUDY.judge(tables)[0].measurements] == [
        "n = 2, ridge 0.5",
        "n = 3, ridge 0.5",
    ]


@pytest.mark.parametrize(
    ("standard", "sharp", "gap", "failing"),
    [
        (lambda t: 2.0, lambda t: 1.0 + 1.2 * t, 0.0, {"regime", "own_range"}),  # from 5/6 rho_0
        (lambda t: 2.0 + t, lambda t: 1.5 + 1.5 * t, 0.0, {"own_range"}),  # the range has grown
        (lambda t: 2.0, lambda t: 1.0 + t, 1.5, {"covers"}),
        (lambda t: 2.0, lambda t: 1.0 + max(t - 1, (t - 0.5) ** 2), 0.0, {"unmoved"}),
        (lambda t: 2.0, lambda t: 1.0 + t if t < 1 else 9.0, 0.0, set()),  # beyond rho_0
    ],
)
def test_one_world_in_which_it_is_otherwise_is_enough(standard, sharp, gap, failing):
    found = verdicts(planted(standard, sharp, gap))
    assert {key for key, verdict in found.items() if verdict == NOT} == failing
    assert set().union(*found.values()) <= NOT | {"replicated"}  # exact: never undecided


def test_bounds_are_drawn(bounds):
    figure = Figure()
    STUDY.draw({"bounds": bounds}, figure)
    one, gain, rise = figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in one.get_lines()}
    np.testing.assert_allclose(drawn["standard"], bounds["standard"])
    shares = gain.get_lines()[0].get_ydata()
    np.testing.assert_allclose(shares, 1 - bounds["sharpness_aware"] / bounds["standard"])
    sharp = bounds["sharpness_aware"]
    np.testing.assert_allclose(rise.get_lines()[0].get_ydata(), sharp / sharp[0] - 1)
    figure.draw_without_rendering()
