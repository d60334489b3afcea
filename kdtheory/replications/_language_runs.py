"""Teachers and students of small languages: kinds of students, sizes of runs, and the runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from kdtheory.replications import _language_measures as measures
from kdtheory.replications import _language_tables as counting
from kdtheory.replications import _language_teacher as language
from kdtheory.replications._language_measures import Students
from kdtheory.replications._language_softmax import features, fitted
from kdtheory.replications._language_teacher import Teacher
from kdtheory.replications.records import Progress, Tables, stack

DECAY = 0.003

_COUNTERS = 16
"""Students that only count are cheap: so many for each that is fitted."""

Row = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes of a run.

    Attributes:
        trials: teachers.
        students: distilled from each of them, for every number of responses.
        prompts: that each teacher answers.
        tokens: of the language.
        length: of an answer.
        responses: numbers of sampled answers to each prompt, from one on.
    """

    trials: int
    students: int
    prompts: int = 5
    tokens: int = 4
    length: int = 4
    responses: tuple[int, ...] = (1, 2, 5, 20, 100)


@dataclasses.dataclass(frozen=True)
class Softmax:
    """A way to fit a softmax student.

    Attributes:
        scales: of the weights of the previous token, the prompt, and the pair of them.
        decay: of the weights.
        shared_out: whether the decay is divided by the number of responses.
        temperature: of the teacher.
    """

    scales: tuple[float, float, float] = (1.0, 1.0, 1.0)
    decay: float = DECAY
    shared_out: bool = False
    temperature: float = 1.0


SOFTMAX: Mapping[str, Softmax] = {
    "softmax": Softmax(),
    "softmax, decay / 10": Softmax(decay=DECAY / 10),
    "softmax, decay x 10": Softmax(decay=DECAY * 10),
    "softmax, decay / k": Softmax(shared_out=True),
    "softmax without pairs": Softmax(scales=(1.0, 1.0, 0.0)),
    "softmax without prompts": Softmax(scales=(1.0, 0.0, 0.0)),
    "softmax, temperature 0.6": Softmax(temperature=0.6),
}
"""Students that generalise; the first one is the primary reading."""

SMOOTHING: Mapping[str, float] = {"table": 0.0, "table + 1/2": 0.5, "table + 1": 1.0}
"""Students that count, and what they add to counts."""

MOST_FREQUENT = "table, most frequent"
"""Students that keep only the most frequent one of the sampled answers."""

SHARES = "table, shares if unseen"
"""Students that count, and take shares of tokens after what they have not seen."""

WEIGHTED = ("softmax", "softmax without pairs")
"""Students whose distribution is combined with the teacher's answers."""


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Distils students from random teachers.

    Args:
        config: the sizes.
        seed: of everything random.
        progress: called as students are fitted.

    Returns:
        ``students``: a row for every teacher, kind of student, source of answers ("sampled" or
        "likeliest") and number of them, averaged over the prompts; ``weighting``: likewise, of
        combinations with the teacher's answers.
    """
    students: list[Row] = []
    weighting: list[Row] = []
    pieces = len(SOFTMAX) + 1
    for trial in range(config.trials):
        rng = np.random.default_rng([seed, trial])
        logits = language.random_logits(rng, config.prompts, config.tokens, config.length)
        for place, (name, spec) in enumerate(SOFTMAX.items(), start=1):
            # The same draws for all of them: kinds of students are compared on the same answers.
            own = np.random.default_rng([seed, trial, 1])
            teacher = language.at_temperature(logits, spec.temperature)
            rows, combinations = _softmax_rows(own, config, teacher, spec, name in WEIGHTED)
            students += [{"trial": trial, "student": name, **row} for row in rows]
            weighting += [{"trial": trial, "student": name, **row} for row in combinations]
            progress(trial * pieces + place, config.trials * pieces)
        teacher = language.at_temperature(logits, 1.0)
        students += [{"trial": trial, **row} for row in _table_rows(rng, config, teacher)]
        progress((trial + 1) * pieces, config.trials * pieces)
    return {"students": stack(students), "weighting": stack(weighting)}


def softmax_students(
    config: Config, spec: Softmax, shares: Students, num_responses: Float[np.ndarray, "students"]
) -> tuple[Students, Float[np.ndarray, "students prompts previous tokens"]]:
    """Returns the distributions of answers, and of next tokens, of fitted students.

    Args:
        config: the sizes.
        spec: how they are fitted.
        shares: of the answers among those that each student sees.
        num_responses: how many each sees.
    """
    pairs = language.pair_counts(config.tokens, config.length)
    counts = np.einsum("sxy,yuv->sxuv", shares, pairs, optimize=True)
    root = features(config.prompts, config.tokens + 1, spec.scales)
    decay = spec.decay / (num_responses if spec.shared_out else np.ones_like(num_responses))
    cells = counts.reshape(len(counts), -1, config.tokens)
    next_tokens = fitted(cells, root, decay).reshape(counts.shape)
    logs = np.einsum("sxuv,yuv->sxy", np.log(next_tokens), pairs, optimize=True)
    return np.exp(logs), next_tokens


def _softmax_rows(
    rng: np.random.Generator, config: Config, teacher: Teacher, spec: Softmax, weigh: bool
) -> tuple[list[Row], list[Row]]:
    """Returns the rows of softmax students, and of their combinations if asked for."""
    seen = _shares(rng, config, teacher)
    likeliest = language.greedy(teacher).answers[None]
    numbers = np.repeat(np.array([*config.responses, 1.0]), [config.students] * len(seen) + [1])
    students, next_tokens = softmax_students(
        config, spec, np.concatenate([*seen, likeliest]), numbers
    )
    scores = language.scores(config.tokens, config.length)
    weights = measures.forbidden_weights(teacher)
    forbidden = np.sum(next_tokens * weights, axis=(2, 3)).mean(axis=1)

    rows: list[Row] = []
    combinations: list[Row] = []
    for place, k in enumerate(config.responses):
        chosen = slice(place * config.students, (place + 1) * config.students)
        kind = {"answers": "sampled", "k": k}
        found = measures.of_students(teacher, students[chosen])
        found |= measures.of_numbers(teacher, students[chosen], scores)
        rows.append({**kind, **found, "next_token_hallucination": float(forbidden[chosen].mean())})
        if weigh:
            fresh = rng.multinomial(k, teacher.answers, seen.shape[1:3]) / k
            combinations += _combinations(teacher, k, seen[place], fresh, students[chosen])
    alone = measures.of_moments(teacher, students[-1:], students[-1:] ** 2)[0]
    rows.append(_row("likeliest", 1, alone, float(forbidden[-1])))
    return rows, combinations


def _combinations(
    teacher: Teacher, num_responses: int, seen: Students, fresh: Students, students: Students
) -> list[Row]:
    known, errors = (
        measures.inverse_variance_weights(teacher, num_responses, students, errors=errors)
        for errors in (False, True)
    )
    own = measures.predictive_weights(seen, students)
    cases = {
        "variances": (seen, known),
        "variances, fresh responses": (fresh, known),
        "squared errors, fresh responses": (fresh, errors),
        "predictive variances": (seen, own),
    }
    return [
        {
            "weights": name,
            "k": num_responses,
            **measures.combined(teacher, shares, students, weights),
        }
        for name, (shares, weights) in cases.items()
    ]


def _table_rows(rng: np.random.Generator, config: Config, teacher: Teacher) -> list[Row]:
    """Returns the rows of students that count."""
    pairs = language.pair_counts(config.tokens, config.length)
    scores = language.scores(config.tokens, config.length)
    greedy = language.greedy(teacher)
    rows: list[Row] = []
    for name, smoothing in SMOOTHING.items():
        moments = counting.answer_moments(teacher, config.responses, smoothing)
        for k, found in zip(config.responses, measures.of_moments(teacher, *moments), strict=True):
            forbidden = counting.next_token_hallucination(teacher, k, smoothing).mean()
            row = _row("sampled", k, found, float(forbidden))
            if not smoothing:
                row |= measures.numbers_of_table(teacher, k, scores)
                shares = counting.next_token_hallucination_of_shares(teacher, k, pairs).mean()
                rows.append({"student": SHARES, **row, "next_token_hallucination": float(shares)})
            rows.append({"student": name, **row})
        # A sample of its only answer is no accident: the moments are those of one student.
        alone = measures.of_moments(teacher, *counting.answer_moments(greedy, (1,), smoothing))[0]
        rows.append({"student": name, **_row("likeliest", 1, alone, np.nan)})
    for k in config.responses:
        size = (_COUNTERS * config.students, config.prompts)
        students = most_frequent(rng, rng.multinomial(k, teacher.answers, size))
        found = measures.of_students(teacher, students)
        rows.append({"student": MOST_FREQUENT, **_row("sampled", k, found, np.nan)})
    return rows


def most_frequent(
    rng: np.random.Generator, counts: Int[np.ndarray, "students prompts answers"]
) -> Students:
    """Returns students that always give the answer which they saw most often.

    Args:
        rng: breaks ties.
        counts: of the answers that each student saw.
    """
    kept = (counts + 0.5 * rng.random(counts.shape)).argmax(axis=-1)
    return np.eye(counts.shape[-1])[kept]


def _row(answers: str, k: int, found: Mapping[str, float], forbidden: float) -> dict[str, Any]:
    """Returns a row without a number that is read off an answer."""
    unknown = dict.fromkeys(("number_teacher", "number_within", "number_across"), np.nan)
    return {"answers": answers, "k": k, **found, **unknown, "next_token_hallucination": forbidden}


def _shares(
    rng: np.random.Generator, config: Config, teacher: Teacher
) -> Float[np.ndarray, "responses students prompts answers"]:
    """Draws the shares of answers among those that each student sees."""
    size = (config.students, config.prompts)
    return np.stack([rng.multinomial(k, teacher.answers, size) / k for k in config.responses])
