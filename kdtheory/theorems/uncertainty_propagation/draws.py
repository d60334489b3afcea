"""Monte Carlo replicates straight from the definitions: draw responses, train students on them.

Nothing here is shared with the exact evaluators. Responses are two-valued, so that replicates are
bounded; only second moments matter. The students of a replicate share their inputs only.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Key, Scalar
from kdtheory.claim import Draw
from kdtheory.objects.students import RandomDesign, SampledLabels, Student
from kdtheory.theorems._sampling import COPIES, categorical


def _with_fit(student: Student) -> tuple[Student, Any]:
    return student, jnp.linalg.pinv(student.inputs)


def _responses(key: Key, student: Student) -> Any:
    """Returns the noise of k responses to every input, shape ``(samples, responses)``."""
    samples, k = len(student.variances), student.num_responses
    signs = jax.random.rademacher(key, (samples, k + 1), student.variances.dtype)
    rho = student.correlation
    mixed = jnp.sqrt(rho) * signs[:, :1] + jnp.sqrt(1.0 - rho) * signs[:, 1:]
    return jnp.sqrt(student.variances)[:, None] * mixed


def _largest_responses(student: Student) -> Any:
    """Returns a bound on the size of a response to every input."""
    rho = student.correlation
    return jnp.sqrt(student.variances) * (jnp.sqrt(rho) + jnp.sqrt(1.0 - rho))


def _predictions(key: Key, student: Student, fit: Any) -> Scalar:
    first, second = jax.random.split(key)
    of_first = fit @ _responses(first, student).mean(axis=1)
    of_second = fit @ _responses(second, student).mean(axis=1)
    return (student.direction @ (of_first - of_second)) ** 2 / 2


def _largest_prediction(student: Student) -> tuple[Scalar, Scalar]:
    largest = jnp.abs(student.direction @ jnp.linalg.pinv(student.inputs))
    high = 2 * (largest @ _largest_responses(student)) ** 2
    return 0.0 * high, high


PREDICTION_VARIANCE = Draw(
    lambda key, student, fit: _predictions(key, student, fit),
    bounds=_largest_prediction,
    prepare=_with_fit,
)


def _residuals(responses: Any, student: Student, fit: Any, pooled: bool) -> Any:
    fitted = student.inputs @ (fit @ responses.mean(axis=1))
    seen = responses if pooled else responses.mean(axis=1, keepdims=True)
    return seen - fitted[:, None]


def _largest_residual(student: Student) -> Any:
    hat = jnp.abs(student.inputs @ jnp.linalg.pinv(student.inputs))
    largest = _largest_responses(student)
    return largest + hat @ largest


def head_draw(pooled: bool) -> Draw:
    """Returns the draw of the variance that a head learns, from averages or from all responses."""

    def sample(key: Key, student: Student, fit: Any) -> Scalar:
        return jnp.mean(_residuals(_responses(key, student), student, fit, pooled) ** 2)

    def bounds(student: Student) -> tuple[Scalar, Scalar]:
        high = jnp.mean(_largest_residual(student) ** 2)
        return 0.0 * high, high

    return Draw(sample, bounds=bounds, prepare=_with_fit)


def conserved_draw(pooled: bool) -> Draw:
    """Returns the draw of half a squared difference of two students, plus what a head learns."""

    def sample(key: Key, student: Student, fit: Any) -> Scalar:
        first, second = (_responses(one, student) for one in jax.random.split(key))
        apart = student.inputs @ (fit @ (first - second).mean(axis=1))
        head = _residuals(first, student, fit, pooled)
        return jnp.mean(apart**2) / 2 + jnp.mean(head**2)

    def bounds(student: Student) -> tuple[Scalar, Scalar]:
        # A fitted value is smaller than the bound on the residual, and the difference twice it.
        high = 3 * jnp.mean(_largest_residual(student) ** 2)
        return 0.0 * high, high

    return Draw(sample, bounds=bounds, prepare=_with_fit)


def _random_predictions(key: Key, design: RandomDesign, factor: Any) -> Scalar:
    at_inputs, at_signs = jax.random.split(key)
    shape = design.num_samples, len(design.direction)
    inputs = jax.random.normal(at_inputs, shape, factor.dtype) @ factor.T
    signs = jax.random.rademacher(at_signs, (2, design.num_samples), factor.dtype)
    theta = jnp.linalg.solve(inputs.T @ inputs, inputs.T @ (signs[0] - signs[1]))
    return design.variance * (design.direction @ theta) ** 2 / 2


def _random_variance(design: RandomDesign) -> Scalar:
    # Given X with a = x^T (X^T X)^{-1} x, a sum of independent signs has at most three times its
    # squared variance as fourth moment: E r^2 <= 3 sigma^4 a^2. And a is x^T Sigma^{-1} x over a
    # chi-square variable with m = n - p + 1 degrees, whose E 1/chi^4 is 1/((m - 2)(m - 4)).
    degrees = design.num_samples - len(design.direction) + 1
    scaled = design.direction @ jnp.linalg.inv(design.covariance) @ design.direction
    return 3 * (design.variance * scaled) ** 2 / ((degrees - 2) * (degrees - 4))


RANDOM_DESIGN = Draw(
    _random_predictions,
    variance_bound=_random_variance,
    prepare=lambda design: (design, jnp.linalg.cholesky(design.covariance)),
)


MAX_DEGREES = 7
"""The most degrees of freedom of an estimated variance: eight responses are drawn."""


def _estimates(key: Key, variances: Any, degrees: Scalar) -> tuple[Any, Any]:
    """Returns two means of responses for every variance, and their estimated variances."""
    used = jnp.arange(MAX_DEGREES + 1) <= degrees
    count = degrees + 1.0
    shape = len(variances), 2, MAX_DEGREES + 1
    spread = jnp.sqrt(variances * count)[:, None, None]
    responses = spread * jax.random.normal(key, shape, variances.dtype)
    means = jnp.sum(jnp.where(used, responses, 0.0), axis=2) / count
    left = jnp.where(used, responses - means[:, :, None], 0.0)
    return means, jnp.sum(left**2, axis=2) / degrees / count


def _squared_error(key: Key, variances: Any, degrees: Scalar) -> Scalar:
    means, found = _estimates(key, jnp.tile(variances, COPIES * 2), degrees)
    mixed = (means / found).sum(axis=1) / (1.0 / found).sum(axis=1)
    return jnp.mean(mixed**2)


def _claimed(key: Key, variances: Any, degrees: Scalar) -> Scalar:
    return jnp.mean(1.0 / (1.0 / _estimates(key, variances, degrees)[1]).sum(axis=1))


SQUARED_ERROR = Draw(
    _squared_error,
    # Given the weights an error is Gaussian with variance at most v: its fourth moment is 3 v^2.
    # The mean is over independent errors, `COPIES` times two at every input.
    variance_bound=lambda variances, _: 3 * jnp.mean(variances**2) / (2 * COPIES * len(variances)),
)
CLAIMED_VARIANCE = Draw(
    _claimed,
    # 1/(1/a + 1/b) <= (a + b)/4, and a + b is v/nu times a chi-square with 2 nu degrees.
    variance_bound=lambda variances, degrees: jnp.max(variances) ** 2 * (1 + 1 / degrees) / 4,
)


def _naive_with_own(key: Key, student: Student, fit: Any) -> Scalar:
    responses = _responses(key, student).mean(axis=1)
    of_first = student.inputs[0] @ fit
    predicted = jnp.sum(of_first**2 * student.variances)
    own = student.variances[0]
    mixed = (predicted * responses[0] + own * (of_first @ responses)) / (own + predicted)
    return mixed**2


NAIVE_WITH_OWN_RESPONSE = Draw(
    _naive_with_own,
    # Neither the response nor the prediction exceeds this, and their mixture neither.
    bounds=lambda student: (0.0, jnp.max(_largest_residual(student) ** 2)),
    prepare=_with_fit,
)


def labels_draw(conserved: bool) -> Draw:
    """Returns the draw of the variance across students that know averages of drawn labels."""

    def sample(key: Key, world: SampledLabels) -> Scalar:
        uniform = jax.random.uniform(key, (2, world.num_responses), jnp.float32)
        said = world.direction[categorical(uniform, world.probs)]
        across = (said[0].mean() - said[1].mean()) ** 2 / 2
        return across + jnp.var(said[0]) if conserved else across

    def bounds(world: SampledLabels) -> tuple[Scalar, Scalar]:
        high = jnp.ptp(world.direction) ** 2
        return 0.0 * high, high

    return Draw(sample, bounds=bounds)
