"""The room proper_losses: the numbers of its findings, its second routes, and its error bounds."""

from fractions import Fraction as F

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from enumeration import dot, moment_of_mean
from scipy import optimize, stats

from kdtheory.claim import call
from kdtheory.objects.gaussian_classes import bayes_auc, score_auc
from kdtheory.objects.synthetic_teachers import distorted, noisy_teacher_error
from kdtheory.soft_labels import optimal_risk_smoothing, optimal_smoothing
from kdtheory.theorems import find
from kdtheory.theorems.proper_losses import formulas
from kdtheory.theorems.proper_losses.worlds import increasing_teacher, monotone_teachers


def sides(slug, case):
    """Both sides of a claim at one of its cases, by the case's name."""
    claim = find(f"proper_losses/{slug}")
    every = (*claim.tight, *claim.corners, *claim.broken, claim.counterexample)
    instance = next(c for c in every if c is not None and c.name == case).make()
    program = jax.jit(lambda given: [call(side, given) for side in (claim.lhs, claim.rhs)])
    return [float(side) for side in program(instance)]


# Derived by hand; the notes of the cases say from what.
EXPECTED = {
    # 1/8 + 1/2; 5/8 by the definition: 1/2 (1/8) + 1/2 (9/8).
    ("eq8", "Brier loss"): (5 / 8, 5 / 8),
    # (p - q)^2 (p + 2q), summed, is (1/16)(2) + (1/16)(1) = 3/16; and 1 - 2/8 = 3/4.
    ("eq8", "a loss made from a concave function"): (15 / 16, 15 / 16),
    ("eq8_printed", "a student that is better than its teacher"): (0, 1 / 2),
    ("brier_excess", "one-hot labels"): (3 / 8, 3 / 8),
    ("log_excess", "two opinions"): (np.log(2) - np.log(3) / 2,) * 2,
    ("smoothing_mse", "at the optimum"): (3 / 32, 3 / 32),
    ("smoothing_mse", "one-hot"): (3 / 8, 3 / 8),
    ("smoothing_risk", "a biased coin"): (1 / 32, 1 / 32),
    ("smoothing_by_mse", "eight tosses of a biased coin"): (9 / 256 + 3 / 2048, 3 / 128),
    ("smoothing_helps", "nothing to gain"): (1 / 16, 1 / 16),
    # KL((9/10, 1/10) || (3/4, 1/4)) at one of two inputs.
    ("temperature_exact", "calibrated, then flattened"): (
        (0.9 * np.log(1.2) + 0.1 * np.log(0.4)) / 2,
    )
    * 2,
    # Logits twice the right ones: odds of 81 to 1, cured by T' = 2.
    ("temperature_hurts_calibrated", "overconfident"): (
        (0.9 * np.log(0.9 / (81 / 82)) + 0.1 * np.log(0.1 / (1 / 82))) / 2,
        0,
    ),
    ("gaussian_auc", "no score"): (1 / 2, 1 / 2),
    ("gaussian_posterior", "three to one"): (3 / 4, 1 / 2),
    ("psi_printed", "certain"): (3 / 4, 1 / 4),
    ("monotone_invariance", "steps of one size"): (stats.norm.cdf(np.sqrt(0.5)),) * 2,
    ("monotone_invariance", "decreasing teacher"): (
        stats.norm.cdf(-np.sqrt(0.5)),
        stats.norm.cdf(np.sqrt(0.5)),
    ),
}


@pytest.mark.parametrize(("slug", "case"), EXPECTED)
def test_the_numbers_of_the_cases(slug, case):
    np.testing.assert_allclose(sides(slug, case), EXPECTED[slug, case], rtol=1e-13, atol=1e-15)


def test_the_smoothing_that_prop3_asks_for_hurts_from_six_tosses_on():
    # p* = (3/4, 1/4), losses 0 and 1. Smoothing by 3/4: each loss is 3/8 + y/4.
    def error(amount, num_samples):
        outcomes = [(F(3, 4), amount / 2), (F(1, 4), 1 - amount / 2)]
        return moment_of_mean(outcomes, num_samples, F(1, 4))

    hurts = {n: error(F(3, 4), n) > error(F(0), n) for n in range(1, 9)}
    # (3/16)/(16 N) + 9/256 > (3/16)/N iff N > 5.
    assert hurts == {n: n > 5 for n in range(1, 9)}
    world = jnp.ones(1), jnp.asarray([[0.75, 0.25]])
    assert float(optimal_smoothing(*world)) == 0.75
    # What helps: Cov(y, y - 1/2) = 3/16 over V + N/16 = (3 + N)/16.
    for n in (1.0, 5.0, 997.0):
        got = optimal_risk_smoothing(*world, jnp.asarray([[0.0, 1.0]]), n)
        assert float(got) == pytest.approx(3 / (3 + n), rel=1e-14)


# --- temperature ----------------------------------------------------------------------------------


def test_the_rate_of_logit_matching_holds_and_is_nearly_attained():
    rng = np.random.default_rng(4)
    logits = rng.choice([0.0, 1.0, 2.0, 3.0], size=(2, 300, 5)) * rng.uniform(size=(1, 300, 1))
    temperatures = rng.choice([1.0, 2.0, 8.0], size=300)
    off = jax.jit(jax.vmap(formulas.matching_residual))(*map(jnp.asarray, (*logits, temperatures)))
    rate = jax.jit(jax.vmap(formulas.matching_rate))(*map(jnp.asarray, (*logits, temperatures)))
    assert (off <= rate).all()
    # The residual by mpmath, without differentiation.
    with mpmath.workdps(30):
        for index in range(3):
            z, s = ([mpmath.mpf(x) for x in row] for row in logits[:, index])
            t = mpmath.mpf(temperatures[index])

            def law(row, t=t):
                weights = [mpmath.exp(x / t) for x in row]
                return [w / sum(weights) for w in weights]

            exact = max(
                abs(5 * t * (q - p) - ((b - sum(s) / 5) - (a - sum(z) / 5)))
                for p, q, a, b in zip(law(z), law(s), z, s, strict=True)
            )
            assert float(off[index]) == pytest.approx(float(exact), rel=1e-11, abs=1e-14)
    # One label apart, L = 6: the second-order term is (5/6)(4/6)/(2T) in both.
    apart = jnp.asarray([1.0, 0, 0, 0, 0, 0]), jnp.zeros(6), jnp.asarray(1000.0)
    for side in (formulas.matching_residual, formulas.matching_rate):
        assert float(jax.jit(side)(*apart)) == pytest.approx(20 / 36 / 2000, rel=3e-3)


def test_a_higher_temperature_hurts_from_the_right_one_on_and_helps_before():
    weights, logits = jnp.asarray([0.5, 0.5]), jnp.asarray([[0.0, 2.0, -1.0], [3.0, 0.0, 0.5]])
    grid = jnp.asarray([0.5, 0.8, 1.1, 1.7, 2.0, 2.3, 3.0, 4.0])
    at = jax.jit(jax.vmap(lambda t: formulas.excess_log_loss(weights, logits, jnp.asarray(2.0), t)))
    losses = np.asarray(at(grid))
    assert abs(losses[4]) < 1e-15
    assert (np.diff(losses[:5]) < 0).all()
    assert (np.diff(losses[4:]) > 0).all()


# --- synthetic teachers ---------------------------------------------------------------------------


def test_the_small_rules_are_within_their_bounds():
    rng = np.random.default_rng(5)
    means = jnp.asarray(rng.uniform(-0.5, 0.5, size=(40, 2)))
    amounts, stds = map(jnp.asarray, rng.uniform(size=(2, 40)))

    def four(mean, amount, std):
        fine = noisy_teacher_error(
            amount, std, jnp.sum(mean**2), num_logits=64, num_noise=48, reach=8.0
        )
        direct = formulas.direct_mse(mean, amount, std)
        bound = formulas.direct_mse_error(mean, amount, std)
        return fine, direct, bound, formulas.small_rule(mean, amount, std)

    fine, direct, bound, small = jax.jit(jax.vmap(four))(means, amounts, stds)
    assert float(fine.error.max()) < 1e-13
    assert (abs(direct - fine.mse) <= bound + 1e-15).all()
    assert float(bound.max()) < 1e-3
    assert (abs(small.mse - fine.mse) <= small.error + 1e-15).all()
    assert float(small.error.max()) < 1e-3


def test_the_auc_by_conditioning_is_within_its_bound():
    deltas = np.linspace(-3, 3, 13)
    got = jax.jit(jax.vmap(formulas.auc_by_conditioning))(jnp.asarray(deltas))
    # The difference of two standard normals has the variance 2.
    expected = stats.norm(scale=np.sqrt(2)).cdf(2 * deltas)
    np.testing.assert_allclose(got, expected, rtol=0, atol=formulas.auc_error() + 1e-15)
    assert formulas.auc_error() < 1e-14


def test_increasing_teachers_are_read_back():
    steps = jnp.asarray([0.0, 0.5, 0.0, 0.25, 0.25, 0.0])
    teacher = increasing_teacher(steps)
    assert float(jnp.diff(teacher).min()) > 0
    instance = (jnp.asarray(0.5), teacher, jnp.zeros(2))
    np.testing.assert_allclose(monotone_teachers((5,)).parts_of(instance)[1], steps, atol=1e-15)
    with pytest.raises(ValueError, match="got 1 score; expected two or more"):
        monotone_teachers((1,))


def test_newtons_method_finds_the_student_that_bfgs_finds():
    gap, start = jnp.asarray(0.8), jnp.asarray([-1.0, 1.0])
    inputs, weights, teacher = map(
        np.asarray,
        formulas.monotone_world(gap, increasing_teacher(jnp.asarray([0, 0, 1, 0, 0, 0.0]))),
    )

    def risk(student):
        logits = inputs @ student
        return weights @ (np.logaddexp(0, logits) - teacher * logits)

    found = optimize.minimize(risk, np.zeros(2), method="BFGS", options={"gtol": 1e-9}).x
    got = formulas.distilled_student(*map(jnp.asarray, (inputs, weights, teacher)), start)
    np.testing.assert_allclose(got, found, atol=1e-6)
    assert abs(float(got[1])) < 1e-14


def test_the_distorted_teacher_of_figure_7_leaves_the_best_student():
    """In three dimensions, against Psi of the Bayes probabilities, by Gauss-Hermite rules."""
    mean = np.array([0.4, -0.3, 0.2])
    nodes, mass = np.polynomial.hermite_e.hermegauss(24)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    law = np.prod(np.meshgrid(mass, mass, mass, indexing="ij"), axis=0).ravel()
    inputs, law = np.concatenate([grid + mean, grid - mean]), np.tile(law / law.sum() / 2, 2)
    bayes = 1 / (1 + np.exp(-2 * inputs @ mean))
    for exponent in (1.0, 4.0):
        teacher = np.asarray(distorted(jnp.asarray(bayes), exponent))

        def risk(student, teacher=teacher):
            logits = inputs @ student
            probs = 1 / (1 + np.exp(-logits))
            return law @ (np.logaddexp(0, logits) - teacher * logits), (
                law * (probs - teacher)
            ) @ inputs

        student = optimize.minimize(risk, np.zeros(3), jac=True, options={"gtol": 1e-10}).x
        if exponent == 1.0:
            np.testing.assert_allclose(student, 2 * mean, rtol=1e-6)  # theta* = 2 mu
        got = score_auc(jnp.asarray(mean), jnp.asarray(student))
        # The teacher has a kink: the rule is good to a few digits, and the AUC to twice as many.
        assert float(got) == pytest.approx(float(bayes_auc(jnp.asarray(mean))), abs=1e-6)


def test_four_losses_of_one_prediction():
    weights = jnp.asarray([0.25, 0.75])
    probs = jnp.asarray([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    predicted = jnp.asarray([[0.25, 0.375, 0.375], [0.75, 0.25, 0.0]])
    got = jax.jit(formulas.risks_of)(weights, probs, predicted)
    # Cubic: l_y = 1 + 2 sum q^3 - 3 q_y^2. First input: sum q^3 = 31/256, so 135/128 and 105/128
    # for the two labels; second: sum q^3 = 7/16, and 15/8 - 27/16 = 3/16.
    cubic = dot([F(1, 8), F(1, 8), F(3, 4)], [F(135, 128), F(105, 128), F(3, 16)])
    # Brier: (36 + 9 + 9)/64 and (4 + 25 + 9)/64; 1/16 + 1/16 = 1/8.
    brier = dot([F(1, 8), F(1, 8), F(3, 4)], [F(54, 64), F(38, 64), F(1, 8)])
    log = np.log(4) / 8 + np.log(8 / 3) / 8 + 0.75 * np.log(4 / 3)
    sphere = 1 - (0.625 / np.sqrt(11 / 32)) / 8 - 0.75 * 3 / np.sqrt(10)
    np.testing.assert_allclose(got, [log, float(brier), sphere, float(cubic)], rtol=1e-13)
    parts = jax.jit(formulas.divergences_of)(weights, probs, predicted)
    total = parts + jax.jit(formulas.entropies_of)(weights, probs)
    np.testing.assert_allclose(total, got, rtol=1e-13)
