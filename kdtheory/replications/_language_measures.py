r"""What is measured of students that answer prompts: variances, bias, mass on the impossible.

Of a distribution $p$ of answers the variance is that of the answer as an indicator,
$1-\sum_yp(y)^2$, and likewise across students, $\sum_y\mathbb V[\hat p(y)]$: by the law of total
variance they add up to the variance of an answer of a student taken at random. All numbers are
means over the prompts.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from kdtheory.replications._language_tables import Moments
from kdtheory.replications._language_teacher import Teacher, last_tokens

Students = Float[np.ndarray, "students prompts answers"]


def of_moments(teacher: Teacher, first: Moments, second: Moments) -> list[dict[str, float]]:
    r"""Returns the measures of students of which the moments of $\hat p(y)$ are known.

    Args:
        teacher: theirs.
        first: $\mathbb E\hat p(y)$, for every number of responses.
        second: $\mathbb E\hat p(y)^2$.
    """
    return [
        {
            "teacher": _mean(1.0 - _square(teacher.answers)),
            "within": _mean(1.0 - of_square.sum(axis=-1)),
            "across": _mean((of_square - mean**2).sum(axis=-1)),
            "squared_bias": _mean(_square(mean - teacher.answers)),
            "hallucination": _mean((mean * teacher.impossible).sum(axis=-1)),
        }
        for mean, of_square in zip(first, second, strict=True)
    ]


def of_students(teacher: Teacher, students: Students) -> dict[str, float]:
    r"""Returns the measures of a sample of at least two students, without bias.

    Args:
        teacher: theirs.
        students: $\hat p(y|x)$ of each.
    """
    across = students.var(axis=0, ddof=1).sum(axis=-1)
    distance = _square(students.mean(axis=0) - teacher.answers)
    return {
        "teacher": _mean(1.0 - _square(teacher.answers)),
        "within": _mean(1.0 - _square(students)),
        "across": _mean(across),
        # The mean of a few students is off by chance as well.
        "squared_bias": _mean(distance - across / len(students)),
        "hallucination": _mean((students * teacher.impossible).sum(axis=-1)),
    }


def of_numbers(
    teacher: Teacher, students: Students, numbers: Float[np.ndarray, "answers"]
) -> dict[str, float]:
    """Returns variances of a number that is read off an answer.

    Args:
        teacher: of the students.
        students: at least two.
        numbers: of the answers.
    """
    means = students @ numbers
    return {
        "number_teacher": _mean(_variance(teacher.answers, numbers)),
        "number_within": _mean(_variance(students, numbers)),
        "number_across": _mean(means.var(axis=0, ddof=1)),
    }


def numbers_of_table(
    teacher: Teacher, num_responses: int, numbers: Float[np.ndarray, "answers"]
) -> dict[str, float]:
    r"""Returns the same of students whose answers are the $k$ sampled ones: exactly.

    Their mean is a mean of $k$ numbers, and the variance within one lacks what it varies.
    """
    variance = _mean(_variance(teacher.answers, numbers))
    return {
        "number_teacher": variance,
        "number_within": variance * (1.0 - 1.0 / num_responses),
        "number_across": variance / num_responses,
    }


def forbidden_weights(teacher: Teacher) -> Float[np.ndarray, "prompts previous tokens"]:
    """Returns how often a token would be forbidden after a token, in the teacher's own answers.

    The mass that a student of pairs of tokens gives to forbidden ones is the sum of its next-token
    probabilities with these weights.
    """
    num_prompts, num_tokens = len(teacher.answers), teacher.num_tokens
    weights = np.zeros((num_prompts, num_tokens + 1, num_tokens))
    for steps, table in enumerate(teacher.next_tokens):
        previous = np.eye(num_tokens + 1)[last_tokens(num_tokens, steps)]
        begun = teacher.beginnings(steps)[..., None] * (table == 0.0)
        weights += np.einsum("xbv,bu->xuv", begun, previous)
    return weights / teacher.length


def combined(
    teacher: Teacher, shares: Students, students: Students, weights: Float[np.ndarray, "..."]
) -> dict[str, float]:
    r"""Returns what combining the teacher's sampled answers with a student's distribution gives.

    Args:
        teacher: of both.
        shares: of the answers among the teacher's samples, one row for every student.
        students: $\hat p(y|x)$ of each.
        weights: of the shares, shape ``(prompts,)`` or ``(students, prompts)``.
    """
    weight = weights[..., None]
    mixed = weight * shares + (1.0 - weight) * students
    parts = {"": mixed, "_student": students, "_teacher": shares}
    found = {"weight": _mean(weights), "teacher": _mean(1.0 - _square(teacher.answers))}
    for name, estimates in parts.items():
        measured = of_students(teacher, estimates)
        found["variance" + name] = measured["across"]
        found["error" + name] = _mean(_square(estimates - teacher.answers))
        found["squared_bias" + name] = measured["squared_bias"]
        found["hallucination" + name] = measured["hallucination"]
    return found


def inverse_variance_weights(
    teacher: Teacher, num_responses: int, students: Students, *, errors: bool
) -> Float[np.ndarray, "prompts"]:
    """Returns the weights of the teacher's shares, inverse to the variances of the two estimates.

    The variance of the shares is exact; that of the students is the one across those given.

    Args:
        teacher: of both.
        num_responses: of which shares are taken.
        students: their distributions.
        errors: whether the student's mean squared error stands in for its variance; the shares
            have no bias.
    """
    of_shares = (1.0 - _square(teacher.answers)) / num_responses
    of_students = students.var(axis=0, ddof=1).sum(axis=-1)
    if errors:
        of_students = _square(students - teacher.answers).mean(axis=0)
    return np.asarray(of_students / (of_shares + of_students))


def predictive_weights(
    shares: Students, students: Students
) -> Float[np.ndarray, "students prompts"]:
    """Returns inverse-variance weights from how uncertain each of the two is of its answer."""
    of_shares, of_students = 1.0 - _square(shares), 1.0 - _square(students)
    return np.asarray(of_students / (of_shares + of_students))


def _variance(
    probabilities: Float[np.ndarray, "*rows answers"], numbers: Float[np.ndarray, "answers"]
) -> Float[np.ndarray, "*rows"]:
    mean = probabilities @ numbers
    return np.asarray(np.sum(probabilities * (numbers - mean[..., None]) ** 2, axis=-1))


def _square(values: Float[np.ndarray, "*rows answers"]) -> Float[np.ndarray, "*rows"]:
    return np.asarray(np.sum(values**2, axis=-1))


def _mean(values: Float[np.ndarray, "..."]) -> float:
    return float(np.mean(values))
