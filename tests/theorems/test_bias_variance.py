"""The bias-variance room: enumeration in fractions, the numbers of its findings, and symmetries."""

import dataclasses
import itertools
import math
from fractions import Fraction as F

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enumeration import WORLDS, bayes_outcomes, dot, floats, fresh_outcomes, moment_of_mean, risk

from kdtheory._sequential import empirical_bernstein
from kdtheory.claim import call
from kdtheory.losses import brier
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.risks import onehot_variance, population_risk
from kdtheory.theorems import find
from kdtheory.theorems.bias_variance import bounds, draws, formulas
from kdtheory.theorems.bias_variance.worlds import CONSTANT, dependent_worlds

# --- enumeration ------------------------------------------------------------------------------

WEIGHTS = [F(1, 3), F(2, 3)]
PROBS = [[F(1, 4), F(3, 4)], [F(2, 3), F(1, 3)]]
LOSSES = [[F(0), F(1)], [F(1, 2), F(-2)]]
# One law for each of the designs (0,0), (0,1), (1,0), (1,1), and three tables.
LAWS = [
    [F(1), F(0), F(0)],
    [F(1, 2), F(1, 4), F(1, 4)],
    [F(0), F(1, 3), F(2, 3)],
    [F(1, 5), F(0), F(4, 5)],
]
TABLES = [
    [[F(1, 2), F(1, 2)], [F(1), F(0)]],
    [[F(1, 8), F(7, 8)], [F(1, 2), F(1, 2)]],
    [[F(0), F(1)], [F(1, 3), F(2, 3)]],
]


def test_a_teacher_that_has_seen_the_sample_over_all_samples():
    centre = risk(WEIGHTS, PROBS, LOSSES)
    around_risk = around_bayes = F(0)
    for law, design in zip(LAWS, itertools.product(range(2), repeat=2), strict=True):
        chance = WEIGHTS[design[0]] * WEIGHTS[design[1]]
        bayes = sum(dot(PROBS[i], LOSSES[i]) for i in design) / 2
        for weight, table in zip(law, TABLES, strict=True):
            distilled = sum(dot(table[i], LOSSES[i]) for i in design) / 2
            around_risk += chance * weight * (distilled - centre) ** 2
            around_bayes += chance * weight * (distilled - bayes) ** 2
    problem = SampledProblem(*map(floats, (WEIGHTS, PROBS, LOSSES, LAWS, TABLES)), num_samples=2)
    got = formulas.sampled_error(problem), formulas.sampled_error(problem, around_bayes=True)
    np.testing.assert_allclose(got, [float(around_risk), float(around_bayes)], rtol=1e-14)
    bayes_error = moment_of_mean(bayes_outcomes(WEIGHTS, PROBS, LOSSES), 2, centre)
    got = formulas.sampled_bayes_variance(problem)
    assert float(got) == pytest.approx(float(bayes_error), rel=1e-14)


@pytest.mark.parametrize("world", WORLDS)
def test_an_independent_teacher_over_all_samples(world):
    pi, p, loss, law, tables = WORLDS[world]
    centre = risk(pi, p, loss)
    rows = [law] * len(pi) ** 2
    problem = SampledProblem(*map(floats, (pi, p, loss, rows, tables)), num_samples=2)
    shared = sum(
        w * moment_of_mean(bayes_outcomes(pi, table, loss), 2, centre)
        for w, table in zip(law, tables, strict=True)
    )
    fresh = moment_of_mean(fresh_outcomes(pi, loss, law, tables), 2, centre)
    got = formulas.sampled_error(problem), formulas.sampled_error_fresh(problem)
    np.testing.assert_allclose(got, [float(shared), float(fresh)], rtol=1e-14)
    # Around the Bayes-distilled risk: the loss of the differences, whose mean is to be zero.
    minus = [
        [[a - b for a, b in zip(*rows, strict=True)] for rows in zip(table, p, strict=True)]
        for table in tables
    ]
    shared = sum(
        w * moment_of_mean(bayes_outcomes(pi, table, loss), 2, F(0))
        for w, table in zip(law, minus, strict=True)
    )
    fresh = moment_of_mean(fresh_outcomes(pi, loss, law, minus), 2, F(0))
    alone = problem.independent()
    got = formulas.distance_to_bayes_shared(alone), formulas.distance_to_bayes_fresh(alone)
    np.testing.assert_allclose(got, [float(shared), float(fresh)], rtol=1e-13)


def test_too_many_samples_are_refused():
    problem = SampledProblem(*map(floats, (WEIGHTS, PROBS, LOSSES, LAWS, TABLES)), num_samples=20)
    with pytest.raises(ValueError, match=r"got 2\*\*20 samples to enumerate; expected at most"):
        formulas.sampled_error(problem)


def finite(world, num_samples):
    return FiniteProblem(*map(floats, world), num_samples=jnp.asarray(float(num_samples)))


@pytest.mark.parametrize("world", WORLDS)
def test_the_bounds_term_by_term(world):
    """The right sides as sums over (input, teacher), with math.sqrt and math.log."""
    pi, p, loss, law, tables = WORLDS[world]
    pairs = [(pi[i] * law[t], i, t) for i in range(len(pi)) for t in range(len(law))]
    mean = [
        [sum(law[t] * tables[t][i][k] for t in range(len(law))) for k in range(2)]
        for i in range(len(pi))
    ]

    def square(first, second):
        return sum((a - b) ** 2 for a, b in zip(first, second, strict=True))

    average = sum(pi[i] * dot(tables[t][i], loss[i]) * law[t] for _, i, t in pairs)
    joint = sum(w * dot(tables[t][i], loss[i]) ** 2 for w, i, t in pairs) - average**2
    noise = sum(
        law[t] * moment_of_mean(bayes_outcomes(pi, table, loss), 1, risk(pi, table, loss))
        for t, table in enumerate(tables)
    )
    centre = [sum(w * tables[t][i][k] for w, i, t in pairs) for k in range(2)]
    truth = [sum(pi[i] * p[i][k] for i in range(len(pi))) for k in range(2)]
    x_average = square(centre, truth) + sum(w * square(tables[t][i], centre) for w, i, t in pairs)
    squares = sum(w * square(tables[t][i], p[i]) for w, i, t in pairs)
    spread = sum(w * square(tables[t][i], mean[i]) for w, i, t in pairs)
    bias = sum(float(pi[i]) * math.sqrt(square(mean[i], p[i])) for i in range(len(pi)))
    divergence = 0.0
    for w, i, t in pairs:
        for a, b in zip(p[i], tables[t][i], strict=True):
            if w and a:
                divergence += float(w * a) * (math.log(a / b) if b else math.inf)
    # N = 2 and C = B^2 = 3. E_x(|pbar - p*|^2 + V_tau) is E|p_tau - p*|^2.
    expected = {
        bounds.eq10_bound: joint / 2 + 3 * squares,
        bounds.eq10_x_average_bound: joint / 2 + 3 * x_average,
        bounds.shared_moment_bound: noise / 2 + 3 * squares,
        bounds.shared_mixed_bound: noise / 2 + 3 * (bias**2 + spread),
        bounds.shared_kl_bound: noise / 2 + 3 * divergence / 2,
    }
    problem = finite(WORLDS[world], 2)
    for bound, value in expected.items():
        got = float(bound(problem, jnp.asarray(3.0)))
        assert got == pytest.approx(float(value), rel=1e-13), bound


# --- the numbers of the findings ------------------------------------------------------------------


def sometimes_wrong(chance, num_samples):
    """Certain labels, losses (0, 1); a teacher that is wrong with a small chance."""
    world = [F(1)], [[F(1), F(0)]], [[F(0), F(1)]], [1 - chance, chance]
    return finite((*world, [[[F(1), F(0)]], [[F(0), F(1)]]]), num_samples)


# The bias is 1 with probability eps, |p_tau - p*| is then sqrt 2: the error is eps, Eq. 9 has
# eps (1 - eps)/N + 2 C eps^2, with C = L B^2 = 2. Error over bound:
#   N = 2,    eps = 1/8:    (1/8)/(15/128)          = 16/15 = 1.067
#   N = 10,   eps = 1/20:   .05/(.00475 + .01)      = 3.390
#   N = 100,  eps = 1/100:  .01/(.000099 + .0004)   = 20.04
#   N = 10^6, eps = 10^-4:  10^-4/(9.999e-11 + 4e-8) = 2494
RATIOS = {
    (2, F(1, 8)): "1.067",
    (10, F(1, 20)): "3.39",
    (100, F(1, 100)): "20.04",
    (10**6, F(1, 10**4)): "2494",
}


@pytest.mark.parametrize(("num_samples", "chance"), RATIOS)
def test_by_how_much_eq_9_fails(num_samples, chance):
    problem = sometimes_wrong(chance, num_samples)
    error = float(formulas.shared_error(problem))
    assert error == float(chance)
    bound = float(bounds.eq9_bound(problem, jnp.asarray(2.0)))
    exact = chance * (1 - chance) / num_samples + 4 * chance**2
    assert bound == pytest.approx(float(exact), rel=1e-14)
    assert f"{error / bound:.4g}" == RATIOS[num_samples, chance]
    # Drawn afresh, or corrected: no longer violated, and the corrections are equalities here.
    assert float(formulas.fresh_error(problem)) <= bound
    for corrected in (bounds.shared_norm_bound, bounds.shared_moment_bound):
        value = corrected(problem, jnp.asarray(0.5))
        assert float(value) == pytest.approx(error, rel=1e-14)


@pytest.mark.parametrize("num_samples", [2, 3, 8])
@pytest.mark.parametrize("constant", [F(1, 2), F(2), F(1000)])
def test_from_which_chance_on_eq_9_holds(num_samples, constant):
    # eps > eps (1 - eps)/N + 2 C eps^2 iff 1 - 1/N > (2C - 1/N) eps.
    threshold = (1 - F(1, num_samples)) / (2 * constant - F(1, num_samples))
    assert threshold == {(2, 2): F(1, 7)}.get((num_samples, constant), threshold)
    for factor, fails in ((F(99, 100), True), (F(101, 100), False)):
        chance = threshold * factor
        if chance < 1:
            problem = sometimes_wrong(chance, num_samples)
            bound = bounds.eq9_bound(problem, jnp.asarray(float(constant)))
            assert bool(formulas.shared_error(problem) > bound) is fails


def test_the_smallest_instance_is_the_smallest():
    """With N = 2 a chance of 1/7 or more is covered by the bound: 1/8 is the largest 1/n."""
    claim = find("bias_variance/eq9_shared")
    problem, constant = claim.counterexample.make()
    assert float(constant) == 2.0
    assert float(CONSTANT.margin(problem, constant)) == 0.0
    assert float(call(claim.lhs, (problem, constant))) == 0.125
    bound = call(claim.rhs, (problem, constant))
    assert float(bound) == pytest.approx(15 / 128, rel=1e-15)
    # (6/49)/2 + 4/49 = 1/7, and (5/36)/2 + 4/36 = 13/72 > 1/6.
    for wrong, bound in ((7, 1 / 7), (6, 13 / 72)):
        at = sometimes_wrong(F(1, wrong), 2)
        assert float(formulas.shared_error(at)) == pytest.approx(1 / wrong, rel=1e-15)
        assert float(bounds.eq9_bound(at, constant)) == pytest.approx(bound, rel=1e-14)


def test_onehot_labels_as_a_teacher():
    # p* = (3/5, 2/5), losses (0, 1), N = 10: a label has variance .24.
    # |e_y - p*| is .4 sqrt 2 with probability .6 and .6 sqrt 2 with .4: mean .48 sqrt 2, mean
    # square .48. Eq. 9: .024 + 2 (.48 sqrt 2)^2 = .9456, Eq. 10: .024 + 2 (.48) = .984.
    half, rest = F(3, 5), F(2, 5)
    law, tables = [half, rest], [[[F(1), F(0)]], [[F(0), F(1)]]]
    problem = finite(([F(1)], [[half, rest]], [[F(0), F(1)]], law, tables), 10)
    two = jnp.asarray(2.0)
    got = [
        formulas.fresh_error(problem),
        bounds.eq9_bound(problem, two),
        bounds.eq10_bound(problem, two),
        bounds.fresh_norm_bound(problem, jnp.asarray(0.5)),
        formulas.shared_error(problem),
    ]
    np.testing.assert_allclose(got, [0.024, 0.9456, 0.984, 0.024, 0.24], rtol=1e-13)


def test_prop_4_needs_unbiasedness_given_the_sample():
    case = find("bias_variance/prop4").broken[0].make()
    # The mean over the two samples is p*: (1/2, 1/2) and (1, 0) at a, (0, 1) and (1/2, 1/2) at b.
    mean = np.mean(np.asarray(case.teacher_probs), axis=0)
    np.testing.assert_array_equal(mean, case.label_probs)
    # Sampled a or b, the teacher says (1/2, 1/2) there: the distilled risk is 1/2 = R.
    assert float(formulas.sampled_error(case)) == 0.0
    # Conditional risks 1/4 and 3/4: variance 1/16.
    assert float(formulas.sampled_bayes_variance(case)) == 0.0625


def test_teachers_that_depend_on_the_sample_are_in_the_domain():
    domain = dependent_worlds((2, 2, 1, 2))
    noise = jnp.array([0.25, 0.5, 0.75, 1.0])
    tables = jnp.array([[[0.25, 0.75], [1.0, 0.0]]])
    parts = (jnp.array([0.5, 0.5]), jnp.array([[0.0, 1.0], [0.5, 0.0]]), jnp.ones(1), tables, noise)
    problem = domain.instance(parts)
    assert problem.teacher_weights.tolist() == [[s, 1 - s] for s in noise.tolist()]
    for part, back in zip(parts, domain.parts_of(problem), strict=True):
        np.testing.assert_array_equal(part, back)


def test_where_break_even_is():
    # p* = 1/2, a fixed teacher with bias 1/4: N* = (1/4)/(1/16) = 4, and no noise of its own.
    world = [F(1)], [[F(1, 2)] * 2], [[F(0), F(1)]], [F(1)], [[[F(1, 4), F(3, 4)]]]
    assert float(formulas.break_even(finite(world, 1))) == 4.0
    # The Bayes teacher never loses; one that adds noise only to certain labels never gains.
    world = [F(1)], [[F(1, 2)] * 2], [[F(0), F(1)]], [F(1)], [[[F(1, 2)] * 2]]
    assert float(formulas.break_even(finite(world, 1))) == math.inf
    halves = [F(1, 2), F(1, 2)]
    swapped = [[[F(0), F(1)], [F(1), F(0)]]]
    certain = [[F(1), F(0)], [F(1), F(0)]]
    world = halves, certain, [[F(1), F(0)], [F(1), F(2)]], [F(1)], swapped
    # Labels: loss 1 at both inputs, variance 0. Teacher: losses 0 and 1, bias -1/2, variance 1/4.
    assert float(formulas.break_even(finite(world, 1))) == -1.0


@pytest.mark.parametrize("world", WORLDS)
def test_break_even_is_where_the_errors_cross(world):
    crossing = float(formulas.break_even(finite(WORLDS[world], 1)))
    for n in range(1, 9):
        problem = finite(WORLDS[world], n)
        arrays = problem.input_weights, problem.label_probs, problem.losses
        teacher_is_better = formulas.shared_error(problem) < onehot_variance(*arrays, float(n))
        assert bool(teacher_is_better) is (n < crossing)


def test_equal_accuracy_and_unequal_risk():
    weights, truth, certain = jnp.ones(1), jnp.array([[0.75, 0.25]]), jnp.array([[1.0, 0.0]])
    sure = formulas.overconfident(truth, jnp.asarray(1.0))
    assert sure.tolist() == certain.tolist()
    # |e_y - p|^2: (1/4)^2 2 with 3/4 and (3/4)^2 2 with 1/4 is 3/8; certain: 2 with 1/4 is 1/2.
    risks = [float(population_risk(weights, truth, brier(table))) for table in (truth, sure)]
    assert risks == [0.375, 0.5]
    assert float(formulas.cost_of_confidence(weights, truth, truth, jnp.asarray(1.0))) == 0.125
    # Both choose the first label, and err with probability 1/4.
    both = [float(formulas.brier_and_error(weights, truth, table)) for table in (truth, sure)]
    assert both == [0.625, 0.75]


# --- draws ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replicates():
    """20,000 replicates with and without conditioning: of four sample sizes, and a rare teacher."""
    with jax.enable_x64(True):
        rare = sometimes_wrong(F(1, 10**6), 2)
        # In the shape of the generic world: the second and third input never occur.
        weights = jnp.array([1.0, 0.0, 0.0])
        tables = {
            name: jnp.repeat(getattr(rare, name), 3, axis=-2)
            for name in ("label_probs", "losses", "teacher_probs")
        }
        rare = dataclasses.replace(rare, input_weights=weights, **tables)
        worlds = [*(finite(WORLDS["generic"], n) for n in range(2, 6)), rare]
        problems = jax.tree.map(lambda *leaves: jnp.stack(leaves), *worlds)
        keys = jax.random.split(jax.random.key(0), 20_000)

        def sampled(draw):
            one = jax.vmap(draw.sample, in_axes=(0, None))
            return np.asarray(jax.jit(jax.vmap(one, in_axes=(None, 0)))(keys, problems))

        return worlds, sampled(draws.SHARED_ERROR), sampled(draws.CONDITIONED_ERROR)


def test_draws_with_and_without_conditioning_on_the_teacher(replicates):
    """The shortened draw is right because the unshortened one agrees, at N = 2..5."""
    worlds, *values = replicates
    for i, problem in enumerate(worlds[:4]):
        low, high = (float(end) for end in draws.SHARED_ERROR.bounds(problem))
        exact = float(formulas.shared_error(problem))
        threshold = math.log(1 / 1e-6)
        for drawn in values:
            # The chance that one of these eight, twice, is disputed is at most 1.6e-5.
            z = (drawn[i] - exact) / (high - low)
            sums = np.array([z.sum(), (z**2).sum()])
            assert empirical_bernstein().evidence(len(z), sums).max() < threshold
            # Exact values are .22, .16, .13, .11: each is told from 0, and from twice itself.
            share = exact / (high - low)
            assert empirical_bernstein(-share).evidence(len(z), sums)[0] > threshold
            assert empirical_bernstein(share).evidence(len(z), sums)[1] > threshold
        # Conditioning (Rao-Blackwell) never adds variance.
        assert values[1][i].var() < values[0][i].var()


def test_a_rare_teacher_counts_only_when_conditioned_on(replicates):
    _, plain, conditioned = replicates
    # Labels are certain and losses 0 or 1: a replicate is the teacher's squared bias.
    assert plain[4].max() == 0.0
    np.testing.assert_allclose(conditioned[4], 1e-6, rtol=1e-14)
