r"""Linear students of a teacher that answers at random, drawn and exactly: `cui_pei_linear`'s."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._check import FloatArray
from kdtheory.propagation import averaged_variance, random_design_variance, uncertainty_budget
from kdtheory.replications._uncertainty import weights_of_first

POINT, AVERAGES, POOLED = (
    "a student without a variance of its own",
    "its variance fitted to the averages",
    "its variance fitted to all responses",
)
KNOWN, ESTIMATED, PREDICTIVE = (
    "known variances",
    "estimated variances",
    "the student's predictive variance for its variance across students",
)
FRESH, REUSED = "fresh responses", "responses that the student was trained on"


@dataclasses.dataclass(frozen=True)
class World:
    """A teacher and the inputs of its students.

    Attributes:
        name: how it differs from the first one.
        num_inputs: training inputs of a student.
        varied_noise: whether the noise depends on the input.
        correlation: between two responses to one input.
        curvature: of the teacher's mean; a linear student misses it.
        own_inputs: whether every student has inputs of its own.
    """

    name: str
    num_inputs: int = 20
    varied_noise: bool = False
    correlation: float = 0.0
    curvature: float = 0.0
    own_inputs: bool = False

    def variance(self, inputs: FloatArray) -> FloatArray:
        """Returns the variance of a response, one on average over standard Gaussian inputs."""
        first = inputs[..., 0]
        return np.exp(first - 0.5) if self.varied_noise else np.ones_like(first)

    def mean(self, inputs: FloatArray, coefficients: FloatArray) -> FloatArray:
        """Returns the teacher's mean answers."""
        return inputs @ coefficients + self.curvature * (inputs[..., 0] ** 2 - 1.0)


WORLDS = (
    World("20 inputs"),
    World("200 inputs", num_inputs=200),
    World("noise that depends on the input", varied_noise=True),
    World("responses with a correlation of 0.2", correlation=0.2),
    World("a teacher that is not linear", curvature=0.35),
    World("inputs of its own for every student", own_inputs=True),
)
"""The first, and what differs from it in one thing each."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """Students of one teacher, and what they were trained on.

    Attributes:
        world: where.
        coefficients: of the linear part of the teacher's mean.
        inputs: shape ``(students or 1, samples, features)``.
        points: shape ``(points, features)``.
        answers: responses to the inputs, shape ``(students, samples, responses)``.
        fits: the pseudo-inverses of the inputs.
    """

    world: World
    coefficients: FloatArray
    inputs: FloatArray
    points: FloatArray
    answers: FloatArray
    fits: FloatArray


def respond(
    rng: np.random.Generator, world: World, mean: FloatArray, variance: FloatArray, shape: Any
) -> FloatArray:
    """Returns responses, those to one input along the last axis.

    Args:
        rng: the source of noise.
        world: what says how they are correlated.
        mean: of a response, shape ``(..., samples)``.
        variance: of a response, same shape.
        shape: ``(students, samples, responses)``.
    """
    shared = np.sqrt(world.correlation) * rng.standard_normal((*shape[:-1], 1))
    own = np.sqrt(1.0 - world.correlation) * rng.standard_normal(shape)
    return mean[..., None] + np.sqrt(variance)[..., None] * (shared + own)


def draw_trial(
    world: World,
    num_students: int,
    num_points: int,
    num_features: int,
    num_responses: int,
    rng: np.random.Generator,
) -> Trial:
    """Returns a trial: inputs are standard Gaussian, and the teacher is drawn too."""
    num_designs = num_students if world.own_inputs else 1
    inputs = rng.standard_normal((num_designs, world.num_inputs, num_features))
    coefficients = rng.standard_normal(num_features) / np.sqrt(num_features)
    answers = respond(
        rng,
        world,
        world.mean(inputs, coefficients),
        world.variance(inputs),
        (num_students, world.num_inputs, num_responses),
    )
    points = rng.standard_normal((num_points, num_features))
    return Trial(
        world, coefficients, inputs, points, answers, np.asarray(np.linalg.pinv(inputs), float)
    )


def students_of(
    trial: Trial, num_responses: int
) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
    """Returns the predictions of students, at the points and at their inputs, and their variances.

    Args:
        trial: with their responses.
        num_responses: how many of them are averaged.

    Returns:
        Shapes ``(students, points)`` and ``(students, samples)``; by kind of head the variance that
        every student has at any input, by maximum likelihood, shape ``(students,)``.
    """
    used = trial.answers[..., :num_responses]
    averaged = used.mean(axis=-1)
    coefficients = (trial.fits @ averaged[..., None])[..., 0]
    fitted = (trial.inputs @ coefficients[..., None])[..., 0]
    residual = np.mean((averaged - fitted) ** 2, axis=-1)
    # Around any fit the mean square of all responses is that of the averages, and the rest.
    pooled = residual + used.var(axis=-1).mean(axis=-1)
    heads = {POINT: np.zeros_like(residual), AVERAGES: residual, POOLED: pooled}
    return coefficients @ trial.points.T, fitted, heads


def expected(trial: Trial, num_responses: int) -> tuple[float, dict[str, float]]:
    """Returns the exact variance across students, and the expected variance of every head."""
    world, inputs = trial.world, trial.inputs[0]
    found = {
        head: uncertainty_budget(
            inputs,
            np.sqrt(world.variance(inputs)),
            num_responses,
            correlation=world.correlation,
            head=name,
            at=trial.points,
            mean=world.mean(inputs, trial.coefficients),
        )
        for head, name in ((POINT, "point"), (AVERAGES, "averages"), (POOLED, "pooled"))
    }
    inter = found[POINT].inter_student
    if world.own_inputs:
        # The noise is the same everywhere there, and so no head depends on the inputs.
        features = trial.points.shape[1]
        with jax.enable_x64(True):
            one, points = jnp.ones(()), jnp.asarray(trial.points)
            share = averaged_variance(one, world.correlation * one, num_responses * one)
            at_points = random_design_variance(
                jnp.eye(features), share, points, world.num_inputs * one
            )
            inter = float(jnp.mean(at_points))
    return inter, {head: budget.student_inference for head, budget in found.items()}


def combinations(
    trial: Trial, num_responses: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    r"""Yields mean squared errors of the teacher's averages, the student and both, combined.

    The teacher's average of $k$ responses and the student's prediction are both estimates of the
    teacher's mean. Fresh responses are asked for at the points; otherwise those that the student
    was trained on are used again, at its inputs.

    Args:
        trial: with the responses that the students were trained on.
        num_responses: $k$, at least two.
        rng: the source of the fresh responses.

    Yields:
        For both kinds of responses and every way to know the variances: exact expectations where
        the variances are known, else averages over the students.
    """
    world, count = trial.world, len(trial.answers)
    predictions, fitted, heads = students_of(trial, num_responses)
    num_inputs, num_features = trial.inputs.shape[1:]
    share = world.correlation + (1.0 - world.correlation) / num_responses
    noise = share * world.variance(trial.inputs)
    # What a student's fit says of the noise of its averages, and its own predictive variance.
    residual = heads[AVERAGES][:, None]
    unbiased = residual * num_inputs / (num_inputs - num_features)
    means = world.mean(trial.inputs, trial.coefficients)
    for source in (FRESH, REUSED):
        at, students = trial.inputs, fitted
        answers = trial.answers[..., :num_responses]
        if source == FRESH:
            at, students = trial.points[None], predictions
            shape = (count, len(trial.points), num_responses)
            answers = respond(
                rng, world, world.mean(at, trial.coefficients), world.variance(at), shape
            )
        truth = world.mean(at, trial.coefficients)
        teachers, weights = answers.mean(axis=-1), at @ trial.fits
        variance = share * world.variance(at)
        across = (weights**2 @ noise[..., None])[..., 0]
        error = across + ((weights @ means[..., None])[..., 0] - truth) ** 2
        covariance = np.zeros(1)
        if source == REUSED:
            covariance = np.diagonal(weights, axis1=1, axis2=2) * noise

        best = weights_of_first(variance, error, covariance)
        known = weights_of_first(variance, across)
        errors = [
            _expected_error(weight, variance, error, covariance)
            for weight in (1.0, 0.0, known, best)
        ]
        yield {"variances": KNOWN, "responses": source, **_row(errors)}
        # As one estimates who takes the responses for independent.
        of_teacher = answers.var(axis=-1, ddof=1) / num_responses
        leverage = np.sum(weights**2, axis=-1)
        for name, of_student in ((ESTIMATED, unbiased * leverage), (PREDICTIVE, residual)):
            estimated = weights_of_first(of_teacher, of_student)
            errors = [
                float(np.mean((weight * teachers + (1.0 - weight) * students - truth) ** 2))
                for weight in (1.0, 0.0, estimated, best)
            ]
            yield {"variances": name, "responses": source, **_row(errors)}


def _expected_error(
    weight: Any, variance: FloatArray, error: FloatArray, covariance: FloatArray
) -> float:
    rest = 1.0 - weight
    mixed = 2.0 * weight * rest * covariance
    return float(np.mean(weight**2 * variance + mixed + rest**2 * error))


def _row(errors: list[float]) -> dict[str, float]:
    return dict(zip(("teacher", "student", "weighted", "best"), errors, strict=True))
