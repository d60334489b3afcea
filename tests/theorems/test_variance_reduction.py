"""The formulas of the room: against enumeration in fractions, and under symmetries."""

import dataclasses
import itertools
import types
from fractions import Fraction as F

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdtheory import strategies
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.risks import bayes_variance, distilled_mse_fresh, onehot_variance, population_risk
from kdtheory.theorems.variance_reduction import (
    cross_entropy_risk,
    design_variances,
    erm_excess_risk,
    expected_empirical_risk,
    expected_entropy,
    expected_kl,
    support_spread,
    variance_gap,
)
from kdtheory.tools._balls import enclose, lower, upper

WEIGHTS = [F(1, 2), F(1, 3), F(1, 6)]
PROBS = [[F(1, 4), F(3, 4)], [F(2, 3), F(1, 3)], [F(1), F(0)]]
LOSSES = [[F(0), F(1)], [F(1, 2), F(-2)], [F(3), F(1, 7)]]


def floats(value):
    return jnp.asarray(np.array(value, dtype=object).astype(float))


def dot(weights, values):
    return sum(w * v for w, v in zip(weights, values, strict=True))


def labelled(weights, probs, losses):
    """The outcomes of one example with a drawn label: (probability, loss of every hypothesis)."""
    pairs = itertools.product(range(len(weights)), range(len(probs[0])))
    return [(weights[i] * probs[i][k], [table[i][k] for table in losses]) for i, k in pairs]


def distilled(weights, probs, losses):
    """The outcomes of one example with Bayes probabilities in place of the label."""
    rows = range(len(weights))
    return [(weights[i], [dot(probs[i], table[i]) for table in losses]) for i in rows]


def samples(outcomes, num_samples):
    """Every sample: its probability, and the empirical risk of every hypothesis on it."""
    for sample in itertools.product(outcomes, repeat=num_samples):
        probability = F(1)
        for weight, _ in sample:
            probability *= weight
        columns = zip(*(values for _, values in sample), strict=True)
        yield probability, [sum(column) / num_samples for column in columns]


# --- enumeration ------------------------------------------------------------------------------


@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_the_gap_over_whole_samples(num_samples):
    variances = []
    for outcomes in (labelled, distilled):
        pairs = list(samples(outcomes(WEIGHTS, PROBS, [LOSSES]), num_samples))
        mean = sum(p * risk[0] for p, risk in pairs)
        variances.append(sum(p * (risk[0] - mean) ** 2 for p, risk in pairs))
    got = variance_gap(*map(floats, (WEIGHTS, PROBS, LOSSES)), jnp.asarray(float(num_samples)))
    assert float(got) == pytest.approx(float(variances[0] - variances[1]), rel=1e-14)


def test_support_spread():
    losses = [[F(0), F(1)], [F(5), F(2)], [F(3), F(9)]]
    # The second label of the third input has no mass.
    assert support_spread(floats(PROBS), floats(losses)).tolist() == [1.0, 3.0, 0.0]


@pytest.mark.parametrize("is_distilled", [True, False])
@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_empirical_risks_are_unbiased(num_samples, is_distilled):
    problem = HypothesisProblem(floats(WEIGHTS), floats(PROBS), floats([LOSSES]), num_samples)
    got = float(expected_empirical_risk(problem, distilled=is_distilled))
    outcomes = distilled if is_distilled else labelled
    expected = sum(p * r[0] for p, r in samples(outcomes(WEIGHTS, PROBS, [LOSSES]), num_samples))
    population = sum(w * dot(p, v) for w, p, v in zip(WEIGHTS, PROBS, LOSSES, strict=True))
    assert expected == population
    assert got == pytest.approx(float(population), rel=1e-14)


# The student that minimises the Bayes-distilled risk can be the worse one.
ERM_WEIGHTS = [F(3, 4), F(1, 4)]
ERM_PROBS = [[F(3, 4), F(1, 4)], [F(1), F(0)]]
ERM_LOSSES = [[[F(0), F(1)], [F(0), F(0)]], [[F(1, 4), F(0)], [F(1), F(0)]]]


def erm_problem(num_samples):
    arrays = map(floats, (ERM_WEIGHTS, ERM_PROBS, ERM_LOSSES))
    return HypothesisProblem(*arrays, num_samples)


def erm_by_enumeration(num_samples, outcomes, prefer):
    """Expected excess risk; `prefer` is the hypothesis that wins ties."""
    risks = [
        sum(w * dot(p, row) for w, p, row in zip(ERM_WEIGHTS, ERM_PROBS, table, strict=True))
        for table in ERM_LOSSES
    ]
    total = F(0)
    for probability, empirical in samples(
        outcomes(ERM_WEIGHTS, ERM_PROBS, ERM_LOSSES), num_samples
    ):
        chosen = prefer if empirical[0] == empirical[1] else empirical.index(min(empirical))
        total += probability * (risks[chosen] - min(risks))
    return total


# N: Bayes-distilled and one-hot, ties to the first hypothesis (which is the better one).
#   1: 39/256   = 0.15234   39/1024                = 0.03809
#   2: 117/1024 = 0.11426   819/16384              = 0.04999
#   4: 1053/16384 = 0.06427 240435/4194304         = 0.05732
#   5: 3159/65536 = 0.04820 663741/16777216        = 0.03956
#   6: 9477/262144 = 0.03615 49883769/1073741824   = 0.04646
ERM_EXACT = {
    1: (F(39, 256), F(39, 1024)),
    2: (F(117, 1024), F(819, 16384)),
    4: (F(1053, 16384), F(240435, 4194304)),
    5: (F(3159, 65536), F(663741, 16777216)),
    6: (F(9477, 262144), F(49883769, 1073741824)),
}


@pytest.mark.parametrize("num_samples", ERM_EXACT)
def test_the_excess_risk_of_the_counterexample(num_samples):
    problem = erm_problem(num_samples)
    for is_distilled, expected in zip((True, False), ERM_EXACT[num_samples], strict=True):
        outcomes = distilled if is_distilled else labelled
        assert erm_by_enumeration(num_samples, outcomes, prefer=0) == expected
        got = float(erm_excess_risk(problem, distilled=is_distilled))
        assert got == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("is_distilled", [True, False])
def test_the_excess_risk_is_exact_under_the_referee(is_distilled):
    arrays = [np.array(v, dtype=object) for v in (ERM_WEIGHTS, ERM_PROBS, ERM_LOSSES)]

    def excess(weights, probs, losses):
        problem = HypothesisProblem(weights, probs, losses, num_samples=1)
        return erm_excess_risk(problem, distilled=is_distilled)

    number = enclose(excess, *arrays).item()
    expected = ERM_EXACT[1][0 if is_distilled else 1]
    assert lower(number) == upper(number) == expected


def test_from_which_sample_size_bayes_labels_give_the_smaller_excess_risk():
    larger = {n: bayes > onehot for n, (bayes, onehot) in ERM_EXACT.items()}
    assert larger == {1: True, 2: True, 4: True, 5: True, 6: False}
    # At N = 5 one-hot risks tie with probability 5 (9/16)^4 (3/16): a rule that gives ties to the
    # second, worse hypothesis (or flips a coin: 0.0491) turns the comparison around.
    assert erm_by_enumeration(5, distilled, prefer=1) == F(3159, 65536)
    assert erm_by_enumeration(5, labelled, prefer=1) > F(3159, 65536)


def test_too_many_samples_are_refused():
    with pytest.raises(ValueError, match=r"got 4\*\*20 samples to enumerate; expected at most"):
        erm_excess_risk(erm_problem(20), distilled=False)


def test_design_variances_over_all_labels():
    law, designs = [F(1, 4), F(3, 4)], [[0, 0, 1], [2, 1, 0]]
    moments = [[F(0), F(0)], [F(0), F(0)]]
    for weight, design in zip(law, designs, strict=True):
        for labels in itertools.product(range(2), repeat=len(design)):
            probability = weight
            for i, k in zip(design, labels, strict=True):
                probability *= PROBS[i][k]
            onehot = sum(LOSSES[i][k] for i, k in zip(design, labels, strict=True)) / 3
            bayes = sum(dot(PROBS[i], LOSSES[i]) for i in design) / 3
            for moment, risk in zip(moments, (bayes, onehot), strict=True):
                moment[0] += probability * risk
                moment[1] += probability * risk**2
    expected = [float(second - first**2) for first, second in moments]
    got = design_variances(*map(floats, (law, designs, PROBS, LOSSES)))
    np.testing.assert_allclose(got, expected, rtol=1e-14)


def test_the_cross_entropy_against_forty_digits():
    scores = [[F(3, 2), F(-1, 4)], [F(0), F(2)], [F(-5), F(5)]]
    with mpmath.workdps(40):
        risk = divergence = entropy = mpmath.mpf(0)
        for weight, probs, row in zip(WEIGHTS, PROBS, scores, strict=True):
            total = sum(mpmath.exp(mpmath.mpf(x.numerator) / x.denominator) for x in row)
            for p, x in zip(probs, row, strict=True):
                mass = mpmath.mpf((weight * p).numerator) / (weight * p).denominator
                log_q = mpmath.mpf(x.numerator) / x.denominator - mpmath.log(total)
                log_p = mpmath.log(mpmath.mpf(p.numerator) / p.denominator) if p else 0
                risk -= mass * log_q
                divergence += mass * (log_p - log_q)
                entropy -= mass * log_p
    weights, probs, scores = map(floats, (WEIGHTS, PROBS, scores))
    assert float(cross_entropy_risk(weights, probs, scores)) == pytest.approx(
        float(risk), rel=1e-14
    )
    assert float(expected_kl(weights, probs, scores)) == pytest.approx(float(divergence), rel=1e-14)
    assert float(expected_entropy(weights, probs)) == pytest.approx(float(entropy), rel=1e-14)


# --- symmetries -------------------------------------------------------------------------------

PROBLEMS = strategies.problems(max_inputs=3, max_labels=3, max_teachers=2)
FEW = settings(max_examples=25)


def replaced(problem, **fields):
    """The problem with other arrays, given as NumPy arrays (which need no compilation)."""
    return dataclasses.replace(problem, **{name: jnp.asarray(x) for name, x in fields.items()})


def arrays_of(problem):
    return types.SimpleNamespace(
        **{f.name: np.asarray(getattr(problem, f.name)) for f in dataclasses.fields(problem)}
    )


def quantities(problem):
    """One-hot variance, Bayes variance, gap, and the error of a fresh teacher."""
    world = problem.input_weights, problem.label_probs, problem.losses
    teacher = problem.teacher_weights, problem.teacher_probs
    return np.array(
        [
            onehot_variance(*world, problem.num_samples),
            bayes_variance(*world, problem.num_samples),
            variance_gap(*world, problem.num_samples),
            distilled_mse_fresh(*world, *teacher, problem.num_samples),
        ]
    )


def assert_same(got, expected, unit=1.0):
    """Equality up to rounding in the unit of squared losses."""
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14 * unit)


@FEW
@given(PROBLEMS, st.sampled_from([1e-6, 1e-3, -1.0, 2.5, 1e6]))
def test_scaling_the_losses_scales_variances_by_the_square(problem, factor):
    scaled = quantities(replaced(problem, losses=factor * arrays_of(problem).losses))
    assert_same(scaled, factor**2 * quantities(problem), unit=factor**2)


@FEW
@given(PROBLEMS, st.sampled_from([1e-3, -2.0, 100.0]))
def test_adding_a_constant_to_the_losses_changes_nothing(problem, constant):
    moved = quantities(replaced(problem, losses=arrays_of(problem).losses + constant))
    # A loss of 100 is rounded to 1e-14, and enters squared differences of order one.
    np.testing.assert_allclose(moved, quantities(problem), rtol=0, atol=1e-12)


@FEW
@given(PROBLEMS, st.randoms(use_true_random=False))
def test_adding_a_function_of_the_input_leaves_the_gap(problem, random):
    losses = arrays_of(problem).losses
    moved = replaced(problem, losses=losses + [[random.uniform(-2, 2)] for _ in losses])
    assert_same(quantities(moved)[2], quantities(problem)[2])


@FEW
@given(PROBLEMS, st.randoms(use_true_random=False))
def test_the_order_of_labels_and_inputs_does_not_matter(problem, random):
    rows, columns = (list(range(side)) for side in problem.losses.shape)
    random.shuffle(rows)
    random.shuffle(columns)
    table = np.ix_(rows, columns)
    old = arrays_of(problem)
    permuted = replaced(
        problem,
        input_weights=old.input_weights[rows],
        label_probs=old.label_probs[table],
        losses=old.losses[table],
        teacher_probs=old.teacher_probs[:, *table],
    )
    assert_same(quantities(permuted), quantities(problem))


@FEW
@given(PROBLEMS, st.floats(0, 1))
def test_splitting_an_input_in_two_changes_nothing(problem, share):
    old = arrays_of(problem)
    first, *others = old.input_weights
    split = replaced(
        problem,
        input_weights=np.array([share * first, (1 - share) * first, *others]),
        label_probs=np.concatenate([old.label_probs[:1], old.label_probs]),
        losses=np.concatenate([old.losses[:1], old.losses]),
        teacher_probs=np.concatenate([old.teacher_probs[:, :1], old.teacher_probs], axis=1),
    )
    assert_same(quantities(split), quantities(problem))


@given(PROBLEMS)
def test_the_variances_differ_by_the_gap(problem):
    onehot, bayes, gap, _ = quantities(problem)
    assert_same(onehot - bayes, gap)
    assert gap >= 0


@given(PROBLEMS)
def test_an_unbiased_fresh_teacher_lies_between_bayes_and_onehot(problem):
    old = arrays_of(problem)
    mean = np.tensordot(old.teacher_weights, old.teacher_probs, 1)
    onehot, bayes, _, fresh = quantities(replaced(problem, label_probs=mean))
    assert bayes <= fresh + 1e-14
    assert fresh <= onehot + 1e-14


@FEW
@given(PROBLEMS)
def test_the_risk_of_the_indicator_of_a_label_is_its_mass(problem):
    old = arrays_of(problem)
    losses = np.zeros_like(old.losses)
    losses[:, 0] = 1
    risk = population_risk(problem.input_weights, problem.label_probs, jnp.asarray(losses))
    mass = old.input_weights @ old.label_probs[:, 0]
    assert float(risk) == pytest.approx(float(mass), rel=1e-14, abs=1e-300)
