"""Domains, instances, units and assumptions that the claims of the room share."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Source
from kdtheory.domains import Domain, box, positive, psd, reals, simplex
from kdtheory.objects.students import RandomDesign, SampledLabels, Student
from kdtheory.theorems.papers import CUI_PEI

RECONSTRUCTED = "reconstructed from the abstract"


def reconstructed(what: str) -> Source:
    """Returns the source of a statement that only the abstract was examined for."""
    return Source(CUI_PEI, f"{what}, {RECONSTRUCTED}", "abstract")


def _design(size: tuple[int, ...]) -> Domain:
    # Any design whose first p rows are independent is of this form in other coordinates of the
    # features, which the direction then has too.
    samples, features, _ = size
    return box(0.5, 2, features) * box(-2, 2, samples - features, features) * reals(features)


def _inputs(diagonal: Any, rest: Any) -> Any:
    return jnp.concatenate([jnp.diag(diagonal), rest])


def _design_parts(student: Student) -> tuple[Any, ...]:
    features = student.inputs.shape[1]
    return jnp.diagonal(student.inputs), student.inputs[features:], student.direction


def alike(size: tuple[int, ...]) -> Domain:
    """Returns the students with equal variances and uncorrelated responses."""

    def build(diagonal: Any, rest: Any, direction: Any, variance: Any) -> Student:
        inputs = _inputs(diagonal, rest)
        variances = variance * jnp.ones(size[0], inputs.dtype)
        return Student(inputs, variances, jnp.zeros((), inputs.dtype), direction, size[2])

    def split(student: Student) -> tuple[Any, ...]:
        return (*_design_parts(student), student.variances[0])

    parts = _design(size) * positive()
    return parts.named("scales", "further_inputs", "direction", "variance").map(build, split)


def uncorrelated(size: tuple[int, ...]) -> Domain:
    """Returns the students with variances of any kind and uncorrelated responses."""

    def build(diagonal: Any, rest: Any, direction: Any, variances: Any) -> Student:
        inputs = _inputs(diagonal, rest)
        return Student(inputs, variances, jnp.zeros((), inputs.dtype), direction, size[2])

    def split(student: Student) -> tuple[Any, ...]:
        return (*_design_parts(student), student.variances)

    parts = _design(size) * positive(size[0])
    return parts.named("scales", "further_inputs", "direction", "variances").map(build, split)


def correlated(size: tuple[int, ...]) -> Domain:
    """Returns the students with variances of any kind and correlated responses."""

    def build(diagonal: Any, rest: Any, direction: Any, variances: Any, rho: Any) -> Student:
        return Student(_inputs(diagonal, rest), variances, rho, direction, size[2])

    def split(student: Student) -> tuple[Any, ...]:
        return (*_design_parts(student), student.variances, student.correlation)

    parts = _design(size) * positive(size[0]) * box(0, 1)
    names = "scales", "further_inputs", "direction", "variances", "correlation"
    return parts.named(*names).map(build, split)


def student(
    inputs: Any, variances: Any, direction: Any, num_responses: int, correlation: Any = 0.0
) -> Student:
    """Returns a student from nested lists."""
    made = arrays(inputs, variances, direction)
    return Student(made[0], made[1], jnp.asarray(correlation, float), made[2], num_responses)


def prediction_scale(student: Student) -> Scalar:
    """Returns the unit of the variance of a prediction: no coordinate is scaled below one half."""
    unit = 4.0 * jnp.max(student.variances) * jnp.sum(student.direction**2)
    return jnp.maximum(unit, jnp.finfo(unit.dtype).tiny)


def response_scale(student: Student) -> Scalar:
    """Returns the unit of the variance of a response."""
    return jnp.max(student.variances)


def _equal_variances(student: Student) -> Scalar:
    return jnp.min(student.variances) - jnp.max(student.variances)


EQUAL_VARIANCES = Assumption(
    "equal variances", "every response has the same variance", _equal_variances
)
INDEPENDENT_RESPONSES = Assumption(
    "independent responses",
    "responses to one input are uncorrelated",
    lambda student: -jnp.abs(student.correlation) * jnp.max(student.variances),
)


def _with_own(shared: Any, own: Any) -> Any:
    return shared + jnp.diag(own)


def _without_own(covariance: Any) -> tuple[Any, Any]:
    """Returns a semidefinite matrix and a positive diagonal, whose sum a covariance is."""
    eye = jnp.eye(len(covariance), dtype=covariance.dtype)
    # The smallest eigenvalue is at least one over the trace of the inverse, which is rational.
    own = jnp.diagonal(eye) / (2.0 * jnp.trace(jnp.linalg.solve(covariance, eye)))
    return covariance - jnp.diag(own), own


def random_designs(size: tuple[int, ...]) -> Domain:
    """Returns the random designs with any positive definite covariance, size ``(n, p)``."""
    samples, features = size
    if samples < features + 4:
        raise ValueError(
            f"size: got n = {samples}, p = {features}; expected n >= p + 4, so that what is drawn"
            " has a variance. Take more samples."
        )

    def build(shared: Any, own: Any, direction: Any, variance: Any) -> RandomDesign:
        return RandomDesign(_with_own(shared, own), variance, direction, samples)

    def split(design: RandomDesign) -> tuple[Any, ...]:
        return (*_without_own(design.covariance), design.direction, design.variance)

    parts = psd(features) * positive(features) * reals(features) * positive()
    return parts.named("shared", "own", "direction", "variance").map(build, split)


def _all_weights(first: Any) -> Any:
    return jnp.concatenate([first, 1.0 - jnp.sum(first, keepdims=True)])


def known_variances(size: tuple[int, ...]) -> Domain:
    """Returns uncorrelated estimates with the true variances for the assumed ones, and weights."""

    def build(variances: Any, first: Any) -> tuple[Any, ...]:
        return jnp.diag(variances), variances, _all_weights(first)

    def split(instance: tuple[Any, ...]) -> tuple[Any, ...]:
        return jnp.diagonal(instance[0]), instance[2][:-1]

    parts = positive(size[0]) * reals(size[0] - 1)
    return parts.named("variances", "weights").map(build, split)


def dependent_estimates(size: tuple[int, ...]) -> Domain:
    """Returns estimates with any positive definite covariance, and weights."""

    def build(shared: Any, own: Any, first: Any) -> tuple[Any, ...]:
        return _with_own(shared, own), _all_weights(first)

    def split(instance: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*_without_own(instance[0]), instance[1][:-1])

    parts = psd(size[0]) * positive(size[0]) * reals(size[0] - 1)
    return parts.named("shared", "own", "weights").map(build, split)


def vector_estimates(size: tuple[int, ...]) -> Domain:
    """Returns two uncorrelated estimates of a vector, a matrix to weigh them, and a direction."""
    features = size[0]

    def build(*parts: Any) -> tuple[Any, ...]:
        teacher, teacher_own, pupil, pupil_own, weight, direction = parts
        cross = jnp.zeros_like(teacher)
        return (
            _with_own(teacher, teacher_own),
            _with_own(pupil, pupil_own),
            cross,
            weight,
            direction,
        )

    def split(instance: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*_without_own(instance[0]), *_without_own(instance[1]), *instance[3:])

    each = psd(features) * positive(features)
    parts = each * each * reals(features, features) * reals(features)
    names = "teacher", "teacher_own", "student", "student_own", "weight", "direction"
    return parts.named(*names).map(build, split)


def sampled_labels(size: tuple[int, ...]) -> Domain:
    """Returns the teachers with L labels and k responses, size ``(L, k)``."""
    labels, responses = size
    parts = simplex(labels) * reals(labels)
    return parts.named("probs", "direction").map(
        lambda probs, direction: SampledLabels(probs, direction, responses),
        lambda world: (world.probs, world.direction),
    )
