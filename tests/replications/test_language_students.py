"""Small languages: students that count against all of their samples, softmax students against
SciPy, and the measures of both."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import optimize, special

from kdtheory.replications import _language_measures as measures
from kdtheory.replications import _language_runs as runs
from kdtheory.replications import _language_softmax as softmax
from kdtheory.replications import _language_tables as counting
from kdtheory.replications import _language_teacher as language


@pytest.fixture(scope="module")
def teacher():
    logits = language.random_logits(np.random.default_rng(2), 2, 3, 2)
    found = language.at_temperature(logits, 1.0)
    assert found.impossible.any(axis=1).all()
    return found


def spelled(teacher):
    return list(itertools.product(range(teacher.num_tokens), repeat=teacher.length))


def next_token(teacher, prompt, beginning):
    place = 0
    for token in beginning:
        place = place * teacher.num_tokens + token
    return teacher.next_tokens[len(beginning)][prompt, place]


# --- Teachers


def test_an_answer_is_as_likely_as_its_tokens_in_turn(teacher):
    for prompt, (place, answer) in itertools.product(range(2), enumerate(spelled(teacher))):
        likely = np.prod([next_token(teacher, prompt, answer[:t])[answer[t]] for t in range(2)])
        assert teacher.answers[prompt, place] == pytest.approx(likely, rel=1e-14)
    assert teacher.answers.sum(axis=1) == pytest.approx(1.0, rel=1e-14)
    begins = [sum(teacher.answers[0, 3 * v : 3 * v + 3]) for v in range(3)]
    assert teacher.beginnings(1)[0] == pytest.approx(begins)


def test_pairs_and_scores_are_those_of_the_words(teacher):
    pairs = language.pair_counts(3, 3)
    answers = list(itertools.product(range(3), repeat=3))
    for place, answer in enumerate(answers):
        expected = np.zeros((4, 3))
        for previous, token in zip((3, *answer), answer, strict=False):
            expected[previous, token] += 1
        assert (pairs[place] == expected).all()
    assert language.scores(3, 3).tolist() == [sum(answer) for answer in answers]


def test_a_teacher_leaves_two_tokens_at_least_and_heat_changes_no_zero():
    logits = language.random_logits(np.random.default_rng(0), 40, 4, 3)
    allowed = [np.isfinite(table).sum(axis=-1) for table in logits]
    assert min(table.min() for table in allowed) == 2
    assert max(table.max() for table in allowed) == 4
    warm, cool = (language.at_temperature(logits, heat) for heat in (1.0, 0.5))
    assert (warm.impossible == cool.impossible).all()
    # Of a token at heat 1/2 the probability is proportional to the square of that at heat 1.
    squares = warm.next_tokens[2] ** 2
    assert cool.next_tokens[2] == pytest.approx(squares / squares.sum(axis=-1, keepdims=True))


def test_the_greedy_teacher_gives_the_likeliest_answer(teacher):
    only = language.greedy(teacher).answers
    assert (only == np.eye(9)[teacher.answers.argmax(axis=1)]).all()


# --- Students that count, against all samples


def counted(answers, sample, smoothing, fallback="uniform"):
    """The next-token table of one student, from its definition."""
    tokens = 1 + max(max(answer) for answer in answers)
    said = [answers[place] for place in sample]
    shares = np.bincount(np.concatenate(said), minlength=tokens) / np.size(said)

    def probabilities(beginning):
        after = [a[len(beginning)] for a in said if a[: len(beginning)] == beginning]
        counts = np.bincount(after, minlength=tokens) + smoothing
        if counts.sum() == 0:
            return shares if fallback == "shares" else np.full(tokens, 1 / tokens)
        return counts / counts.sum()

    return probabilities


def samples(teacher, prompt, k):
    """Every sample of k answers, with its probability."""
    law = teacher.answers[prompt]
    for sample in itertools.product(np.flatnonzero(law), repeat=k):
        yield sample, np.prod(law[list(sample)])


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 1.0])
def test_moments_of_students_that_count_are_those_of_all_samples(teacher, smoothing):
    k, answers = 3, spelled(teacher)
    first, second = np.zeros((2, 2, 9))
    for prompt in range(2):
        for sample, weight in samples(teacher, prompt, k):
            student = counted(answers, sample, smoothing)
            likely = np.array([student(a[:0])[a[0]] * student(a[:1])[a[1]] for a in answers])
            first[prompt] += weight * likely
            second[prompt] += weight * likely**2
    found = counting.answer_moments(teacher, (1, k, 5), smoothing)
    assert found[0][1] == pytest.approx(first, rel=1e-12, abs=1e-15)
    assert found[1][1] == pytest.approx(second, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("smoothing", "fallback"), [(0.0, "uniform"), (0.0, "shares"), (1.0, "")])
def test_forbidden_next_tokens_are_those_of_all_samples(teacher, smoothing, fallback):
    k, answers = 3, spelled(teacher)
    expected = np.zeros(2)
    for prompt in range(2):
        for sample, weight in samples(teacher, prompt, k):
            student = counted(answers, sample, smoothing, fallback)
            for place, answer in enumerate(answers):
                for t in range(2):
                    forbidden = next_token(teacher, prompt, answer[:t]) == 0
                    mass = student(answer[:t])[forbidden].sum()
                    expected[prompt] += weight * teacher.answers[prompt, place] * mass / 2
    if fallback == "shares":
        pairs = language.pair_counts(3, 2)
        found = counting.next_token_hallucination_of_shares(teacher, k, pairs)
    else:
        found = counting.next_token_hallucination(teacher, k, smoothing)
    assert found == pytest.approx(expected, rel=1e-12)


def test_without_smoothing_variance_is_conserved(teacher):
    """Shares of k answers: within 1 - 1/k of the teacher's variance, across 1/k of it."""
    moments = counting.answer_moments(teacher, (1, 4, 50), 0.0)
    for k, found in zip((1, 4, 50), measures.of_moments(teacher, *moments), strict=True):
        assert found["teacher"] == pytest.approx(np.mean(1 - (teacher.answers**2).sum(axis=1)))
        assert found["within"] == pytest.approx((1 - 1 / k) * found["teacher"], abs=1e-13)
        assert found["across"] == pytest.approx(found["teacher"] / k, rel=1e-12)
        assert found["squared_bias"] == pytest.approx(0.0, abs=1e-25)
        assert found["hallucination"] == 0.0


def test_numbers_of_a_table_are_those_of_all_samples(teacher):
    k, scores = 2, language.scores(3, 2)
    expected = {"number_teacher": 0.0, "number_within": 0.0, "number_across": 0.0}
    for prompt in range(2):
        weights, means, within = [], [], []
        for sample, weight in samples(teacher, prompt, k):
            weights.append(weight)
            means.append(scores[list(sample)].mean())
            within.append(scores[list(sample)].var())
        law, mean = teacher.answers[prompt], np.average(means, weights=weights)
        expected["number_within"] += np.average(within, weights=weights) / 2
        expected["number_across"] += np.average((means - mean) ** 2, weights=weights) / 2
        expected["number_teacher"] += (law @ scores**2 - (law @ scores) ** 2) / 2
    assert measures.numbers_of_table(teacher, k, scores) == pytest.approx(expected)


def test_the_most_frequent_answer_is_kept_and_ties_are_broken_evenly():
    counts = np.tile(np.array([[3, 5, 1], [2, 0, 2]]), (2000, 1, 1))
    kept = runs.most_frequent(np.random.default_rng(0), counts)
    assert (kept[:, 0] == [0, 1, 0]).all()
    assert (kept.sum(axis=-1) == 1).all()
    # Of 2000 ties half go either way: 5 standard errors are 5 sqrt(1/4/2000) = 0.056.
    assert kept[:, 1].mean(axis=0) == pytest.approx([0.5, 0.0, 0.5], abs=0.056)


# --- Softmax students


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0), (0.5, 2.0, 0.0), (1.0, 0.0, 0.0)])
def test_softmax_students_minimise_the_penalised_loss(scales):
    """Against SciPy, with a weight for every token and every feature, none left out."""
    prompts, previous, tokens, decay = 2, 3, 3, 0.02
    counts = np.random.default_rng(1).multinomial(4, [0.7, 0.3, 0.0], (prompts, previous))
    cells = [(x, u) for x in range(prompts) for u in range(previous)]
    design = np.zeros((len(cells), previous + prompts + len(cells)))
    for place, (x, u) in enumerate(cells):
        design[place, u] = scales[0]
        design[place, previous + x] = scales[1]
        design[place, previous + prompts + place] = scales[2]
    shares = counts.reshape(-1, tokens) / counts.sum()

    def loss(flat):
        weights = flat.reshape(-1, tokens)
        logs = special.log_softmax(design @ weights, axis=1)
        slope = design.T @ (shares.sum(axis=1)[:, None] * np.exp(logs) - shares) + decay * weights
        return -np.sum(shares * logs) + decay / 2 * np.sum(flat**2), slope.ravel()

    start = np.zeros(design.shape[1] * tokens)
    best = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-10})
    expected = special.softmax(design @ best.x.reshape(-1, tokens), axis=1)
    root = softmax.features(prompts, previous, scales)
    stacked = counts.reshape(1, -1, tokens).astype(float)
    found = softmax.fitted(np.repeat(stacked, 2, axis=0), root, np.array([decay, 5.0]))
    assert found[0] == pytest.approx(expected, abs=1e-7)
    assert abs(found[1] - 1 / tokens).max() < abs(found[0] - 1 / tokens).max() / 4


# Three prompts, two previous tokens: whole steps of Newton's method do not converge here.
STEEP = [
    [6.206, 0.07477, 5.907, 0.4864],
    [89.59, 0.1012, 0.09384, 0.1373],
    [0.1623, 82.88, 0.001657, 0.1349],
    [1.161, 0.0, 1095.0, 0.0],
    [0.000219, 0.0, 0.1326, 0.0],
    [0.2143, 0.0, 11.92, 0.0],
]


def test_steep_softmax_students_converge_and_unfinished_ones_are_not_returned(monkeypatch):
    counts, decay = np.array([STEEP]), np.array([1e-8])
    root = softmax.features(3, 2, (1.0, 1.0, 0.0))
    [found] = softmax.fitted(counts, root, decay)
    shares = (counts[0] / counts.sum()).reshape(3, 2, 4)
    expected = shares.sum(axis=2, keepdims=True) * found.reshape(3, 2, 4)
    # With hardly any decay a student gets right how often tokens follow each prompt and each token.
    for axis in (0, 1):
        assert expected.sum(axis=axis) == pytest.approx(shares.sum(axis=axis), abs=1e-6)
    monkeypatch.setattr(softmax, "_MOST_STEPS", 2)
    with pytest.raises(RuntimeError, match="1 softmax students have not converged"):
        softmax.fitted(counts, root, decay)


def test_softmax_students_answer_token_by_token(teacher):
    """Their answers, forbidden tokens and decay, from the definitions."""
    config = runs.Config(trials=1, students=2, prompts=2, tokens=3, length=2)
    seen = np.random.default_rng(0).multinomial(6, teacher.answers, (2, 2)) / 6
    spec, numbers = runs.Softmax(shared_out=True), np.array([1.0, 50.0])
    students, next_tokens = runs.softmax_students(config, spec, seen, numbers)
    weights = measures.forbidden_weights(teacher)
    for student, prompt in itertools.product(range(2), range(2)):
        mass, law = 0.0, next_tokens[student, prompt]
        for place, (first, second) in enumerate(spelled(teacher)):
            likely = law[3, first] * law[first, second]
            assert students[student, prompt, place] == pytest.approx(likely, rel=1e-12)
            for previous, beginning in ((3, ()), (first, (first,))):
                forbidden = next_token(teacher, prompt, beginning) == 0
                mass += teacher.answers[prompt, place] * law[previous, forbidden].sum() / 2
        assert np.sum(weights[prompt] * law) == pytest.approx(mass, rel=1e-12)
    fixed = dataclasses.replace(spec, shared_out=False, decay=spec.decay / 50)
    alike, _ = runs.softmax_students(config, fixed, seen, numbers)
    assert alike[1] == pytest.approx(students[1], abs=1e-7)
    assert abs(alike[0] - students[0]).max() > 1e-3


# --- Measures


def test_measures_of_a_sample_of_students_are_unbiased(teacher):
    """Averaged over all samples of two from a population of three students."""
    population = np.random.default_rng(3).dirichlet(np.ones(9), (3, 2))
    truth = measures.of_moments(
        teacher, population.mean(axis=0)[None], (population**2).mean(axis=0)[None]
    )[0]
    scores = language.scores(3, 2)
    pairs = [population[list(pair)] for pair in itertools.product(range(3), repeat=2)]
    found = [measures.of_students(teacher, pair) for pair in pairs]
    for name, value in truth.items():
        assert np.mean([row[name] for row in found]) == pytest.approx(value, rel=1e-12)
    numbers = [measures.of_numbers(teacher, pair, scores) for pair in pairs]
    means = population @ scores
    within = population @ scores**2 - means**2
    across = np.mean([row["number_across"] for row in numbers])
    assert across == pytest.approx(means.var(axis=0).mean(), rel=1e-12)
    average = np.mean([row["number_within"] for row in numbers])
    assert average == pytest.approx(within.mean(), rel=1e-12)


def test_combinations_by_hand():
    """One prompt, one token of two: the teacher's 0.8 and 0.2 of variance 0.32."""
    teacher = language.teacher_of((np.array([[[0.8, 0.2]]]),))
    students = np.array([[[0.6, 0.4]], [[0.4, 0.6]]])
    # Across students 2 * 0.02 = 0.04; squared errors 2 * 0.04 and 2 * 0.16, mean 0.2.
    weigh = measures.inverse_variance_weights
    assert weigh(teacher, 4, students, errors=False) == pytest.approx(0.04 / (0.04 + 0.08))
    assert weigh(teacher, 4, students, errors=True) == pytest.approx(0.2 / (0.2 + 0.08))
    shares = np.array([[[1.0, 0.0]], [[0.5, 0.5]]])
    # Predictive variances: the shares 0 and 0.5, the students 0.48 each.
    own = measures.predictive_weights(shares, students)
    assert own == pytest.approx(np.array([[1.0], [0.48 / 0.98]]))
    found = measures.combined(teacher, shares, students, np.array([0.5]))
    # The mixtures are 0.8 and 0.45 in the first token.
    assert found["error"] == pytest.approx((0.0 + 2 * 0.35**2) / 2)
    assert found["error_teacher"] == pytest.approx((2 * 0.2**2 + 2 * 0.3**2) / 2)
    assert found["error_student"] == pytest.approx(0.2)
    assert found["variance"] == pytest.approx(2 * 0.35**2 / 2)
    assert found["variance_teacher"] == pytest.approx(2 * 0.5**2 / 2)
    assert found["weight"] == 0.5
