"""Trials of networks distilled from a network: what they learn, and what is measured of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._check import FloatArray
from kdtheory.propagation import budget_from_samples
from kdtheory.replications._student_networks import (
    Lesson,
    Network,
    draw_networks,
    draw_teacher,
    train,
)
from kdtheory.replications._uncertainty import weights_of_first

SQUARED, WEIGHTED, AVERAGES, ALL = (
    "squared error",
    "squared error, weighted",
    "Gaussian, averages",
    "Gaussian, all responses",
)
IN_THE_LOSS = "weights in the loss"
FRESH, REUSED = "fresh responses", "reused responses"
STUDENT_VARIANCES = {
    SQUARED: "variance across students",
    AVERAGES: "predictive variance of averages",
    ALL: "predictive variance of all responses",
}
"""What is taken for the variance of a student's prediction, by how it was trained."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """How students are trained.

    Attributes:
        name: in words.
        wide: whether they have the larger number of units.
        one_start: whether all students of a trial start from the same parameters.
    """

    name: str
    wide: bool = False
    one_start: bool = False


SETTINGS = (
    Setting("few units, starts of their own"),
    Setting("few units, one start for all", one_start=True),
    Setting("many units, starts of their own", wide=True),
)


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes.

    Attributes:
        num_trials: teachers, with inputs and points of their own.
        num_sets: of responses, in a trial.
        num_trainings: on every set.
        num_inputs: that students are trained on.
        num_points: where they answer.
        num_features: of an input.
        widths: few and many units.
        stops: after how many steps students are looked at, increasing; the last one comes first.
        responses: how many are averaged, increasing, from 1.
        weighted_responses: how many an estimate of the teacher's is made of, one of the former.
    """

    num_trials: int
    num_sets: int
    num_trainings: int = 2
    num_inputs: int = 40
    num_points: int = 60
    num_features: int = 2
    widths: tuple[int, int] = (16, 64)
    stops: tuple[int, ...] = (100, 1000)
    responses: tuple[int, ...] = (1, 2, 5, 20)
    weighted_responses: int = 5

    def conditions(self) -> list[tuple[str, int]]:
        """Returns what students are trained for, and on how many responses.

        The averages of one response are all there is: both Gaussian students are one.
        """
        found = [(arm, k) for arm in (SQUARED, AVERAGES) for k in self.responses]
        found += [(ALL, k) for k in self.responses if k > 1]
        return [*found, (WEIGHTED, self.weighted_responses)]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One teacher, and what its students are asked.

    Attributes:
        inputs: shape ``(samples, features)``.
        places: points, followed by the inputs: where students answer.
        mean: of the teacher there, shape ``(places,)``.
        variance: of the teacher there.
        answers: responses to the inputs, shape ``(sets, samples, responses)``.
    """

    inputs: FloatArray
    places: FloatArray
    mean: FloatArray
    variance: FloatArray
    answers: FloatArray


def draw_trial(config: Config, num_sets: int, rng: np.random.Generator) -> Trial:
    """Returns a trial with standard Gaussian inputs and points."""
    teacher = draw_teacher(config.num_features, rng)
    inputs = rng.standard_normal((config.num_inputs, config.num_features))
    points = rng.standard_normal((config.num_points, config.num_features))
    places = np.concatenate([points, inputs])
    mean, variance = teacher.answers(places)
    noise = rng.standard_normal((num_sets, config.num_inputs, max(config.responses)))
    own = slice(config.num_points, None)
    answers = mean[own, None] + np.sqrt(variance[own, None]) * noise
    return Trial(inputs, places, mean, variance, answers)


def lesson(trial: Trial, arm: str, num_responses: int) -> Lesson:
    """Returns what is learned from every set of responses, with a leading axis of sets."""
    used = trial.answers[..., :num_responses]
    precision = 1.0 / trial.variance[-len(trial.inputs) :]
    weights = precision / precision.mean() if arm == WEIGHTED else np.ones_like(precision)
    return Lesson(
        targets=used.mean(axis=-1),
        spread=used.var(axis=-1) if arm == ALL else np.zeros(used.shape[:-1]),
        weights=np.broadcast_to(weights, used.shape[:-1]),
        learns_variance=np.full(len(used), float(arm in (AVERAGES, ALL))),
    )


def train_all(
    config: Config, setting: Setting, trial: Trial, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Returns what all students of a trial predict, mean and variance.

    Returns:
        Shapes ``(conditions, sets, trainings, stops, places)``; students trained for the squared
        error have variance zero.
    """
    conditions, sets = config.conditions(), len(trial.answers)
    trainings = config.num_sets * config.num_trainings // sets
    shape = (len(conditions), sets, trainings)
    width = config.widths[setting.wide]
    count = 1 if setting.one_start else sets * trainings
    drawn = draw_networks(count, config.num_features, width, rng)

    def everywhere(values: Any) -> Any:
        # The same starts in every condition.
        full = np.broadcast_to(values, (sets * trainings, *values.shape[1:]))
        return _float32(np.broadcast_to(full, (shape[0], *full.shape)).reshape(-1, *full.shape[1:]))

    lessons = [lesson(trial, arm, count) for arm, count in conditions]

    def repeated(values: list[Any]) -> Any:
        stacked = np.stack(values)
        return _float32(np.repeat(stacked, trainings, axis=1).reshape(-1, *stacked.shape[2:]))

    with jax.enable_x64(False):
        answers = train(
            Network(*map(everywhere, drawn)),
            _float32(trial.inputs),
            Lesson(*(repeated(list(values)) for values in zip(*lessons, strict=True))),
            _float32(trial.places),
            config.stops,
        )
        mean, variance = (np.asarray(a, float).reshape(*shape, *a.shape[1:]) for a in answers)
    for place, (arm, _) in enumerate(conditions):
        if arm in (SQUARED, WEIGHTED):
            variance[place] = 0.0
    return mean, variance


def _float32(values: Any) -> Any:
    return jnp.asarray(values, jnp.float32)


def measure(trial: Trial, mean: FloatArray, variance: FloatArray) -> dict[str, float]:
    """Returns how students of one condition vary at the points, and how far off they are.

    Args:
        trial: what is true.
        mean: shape ``(sets, trainings, places)``; with one training on every set, all variance
            across students is that of the responses.
        variance: of their predictive distributions, same shape.
    """
    seen = variance[..., -len(trial.inputs) :] / trial.variance[-len(trial.inputs) :].mean()
    points = slice(-len(trial.inputs))
    mean, variance = mean[..., points], variance[..., points]
    truth, of_teacher = trial.mean[points], trial.variance[points]
    of_sets = mean.mean(axis=1)
    response, training = float(of_sets.var(axis=0, ddof=1).mean()), 0.0
    # Of the mean over all sets, of which the squared distance from the truth is too large by it.
    doubt = response / len(mean)
    if mean.shape[1] > 1:
        budget = budget_from_samples(mean, variance)
        response, training = budget.teacher_response.value, budget.student_training.value
    return {
        "response": response,
        "training": training,
        "inter": response + training,
        "intra": float(variance.mean()),
        "teacher": float(of_teacher.mean()),
        "share": float(variance.mean() / of_teacher.mean()),
        "share_seen": float(seen.mean()),
        "bias": float(np.mean((of_sets.mean(axis=0) - truth) ** 2)) - doubt,
        "error": float(np.mean((mean - truth) ** 2)),
        "distance": float(np.abs(variance - of_teacher).mean() / of_teacher.mean()),
    }


def combinations(
    config: Config, trial: Trial, mean: FloatArray, variance: FloatArray
) -> Iterator[dict[str, Any]]:
    """Yields mean squared errors of the teacher's averages, the students, and both combined.

    Errors are averaged over the fresh responses exactly: weights do not depend on them.
    """
    count, inputs = config.weighted_responses, len(trial.inputs)
    place = {condition: place for place, condition in enumerate(config.conditions())}
    points, own = slice(-inputs), slice(-inputs, None)
    averages = trial.answers[..., :count].mean(axis=-1)[:, None]
    for arm, name in STUDENT_VARIANCES.items():
        student, doubted = mean[place[arm, count]], variance[place[arm, count]]
        if arm == SQUARED:
            doubted = np.broadcast_to(student.var(axis=(0, 1), ddof=1), student.shape)
        weight = weights_of_first(trial.variance / count, doubted)
        off = student - trial.mean
        fresh = weight**2 * trial.variance / count + (1.0 - weight) ** 2 * off**2
        noise = averages - trial.mean[own]
        reused = (weight[..., own] * noise + (1.0 - weight[..., own]) * off[..., own]) ** 2
        yield {
            "way": f"{FRESH}, {name}",
            "teacher": float(trial.variance[points].mean() / count),
            "student": float(np.mean(off[..., points] ** 2)),
            "weighted": float(fresh[..., points].mean()),
        }
        yield {
            "way": f"{REUSED}, {name}",
            "teacher": float(np.mean(noise**2)),
            "student": float(np.mean(off[..., own] ** 2)),
            "weighted": float(reused.mean()),
        }
    errors = [
        float(np.mean((mean[place[arm, count]] - trial.mean)[..., points] ** 2))
        for arm in (SQUARED, WEIGHTED)
    ]
    noise_alone = float(trial.variance[points].mean() / count)
    yield {"way": IN_THE_LOSS, "teacher": noise_alone, "student": errors[0], "weighted": errors[1]}
