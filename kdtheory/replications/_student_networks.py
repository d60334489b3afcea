"""Small networks that learn from a network that answers at random: `cui_pei_networks`'s."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from kdtheory._check import FloatArray
from kdtheory._types import Scalar

LEARNING_RATE = 0.01
"""Of Adam, on all responses at once."""

LEAST_VARIANCE = 1e-4
"""Of a student's predictive distribution; the teacher's variance is 0.5 on average."""

_TEACHER_WIDTH = 8
_TEACHER_NOISE = 0.5
_LOG_SPREAD = 0.7
_REFERENCES = 2000


@dataclasses.dataclass(frozen=True)
class Teacher:
    r"""A two-layer network with two outputs, one of which is the logarithm of its variance.

    Attributes:
        hidden: shape ``(features, units)``.
        hidden_bias: shape ``(units,)``.
        output: shape ``(units, 2)``.
        shift: of the outputs, shape ``(2,)``.
    """

    hidden: FloatArray
    hidden_bias: FloatArray
    output: FloatArray
    shift: FloatArray

    def answers(self, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Returns mean and variance of a response to every input."""
        found = np.tanh(inputs @ self.hidden + self.hidden_bias) @ self.output + self.shift
        return found[..., 0], np.exp(found[..., 1])


def draw_teacher(num_features: int, rng: np.random.Generator) -> Teacher:
    """Returns a random teacher, in units of its own.

    On a reference sample of standard Gaussian inputs its means have mean zero and variance one, the
    logarithm of its variance has standard deviation 0.7, and its variance is 0.5 on average.
    """
    hidden = 1.5 * rng.standard_normal((num_features, _TEACHER_WIDTH)) / np.sqrt(num_features)
    bias, output = rng.standard_normal(_TEACHER_WIDTH), rng.standard_normal((_TEACHER_WIDTH, 2))
    references = rng.standard_normal((_REFERENCES, num_features))
    raw = np.tanh(references @ hidden + bias) @ output
    scale = np.array([1.0, _LOG_SPREAD]) / raw.std(axis=0)
    shift = -raw.mean(axis=0) * scale
    logs = raw[:, 1] * scale[1] + shift[1]
    shift[1] += np.log(_TEACHER_NOISE) - np.log(np.mean(np.exp(logs)))
    return Teacher(hidden, bias, output * scale, shift)


class Network(NamedTuple):
    """Parameters of a student; several of them with a leading axis.

    Attributes:
        hidden: shape ``(features, units)``.
        hidden_bias: shape ``(units,)``.
        output: shape ``(units, 2)``.
        output_bias: shape ``(2,)``.
    """

    hidden: Any
    hidden_bias: Any
    output: Any
    output_bias: Any


class Lesson(NamedTuple):
    r"""What a student is trained on; several with a leading axis.

    Attributes:
        targets: averages of the responses, shape ``(samples,)``.
        spread: mean squared distance of the responses from their average, which the student is to
            learn too; zero if only the averages are shown.
        weights: of the samples in the loss.
        learns_variance: 1 for the Gaussian likelihood, 0 for the squared error.
    """

    targets: Any
    spread: Any
    weights: Any
    learns_variance: Any


def draw_networks(
    num_networks: int, num_features: int, width: int, rng: np.random.Generator
) -> Network:
    """Returns random parameters, scaled by the square root of what they take in; biases zero."""
    return Network(
        rng.standard_normal((num_networks, num_features, width)) / np.sqrt(num_features),
        np.zeros((num_networks, width)),
        rng.standard_normal((num_networks, width, 2)) / np.sqrt(width),
        np.zeros((num_networks, 2)),
    )


def answer(
    network: Network, inputs: Float[Array, "samples features"]
) -> tuple[Float[Array, "samples"], Float[Array, "samples"]]:
    """Returns mean and variance of a student's predictive distribution."""
    hidden = jnp.tanh(inputs @ network.hidden + network.hidden_bias)
    found = hidden @ network.output + network.output_bias
    return found[:, 0], jax.nn.softplus(found[:, 1]) + LEAST_VARIANCE


def loss(network: Network, inputs: Float[Array, "samples features"], lesson: Lesson) -> Scalar:
    r"""Returns the mean Gaussian log-loss, up to a constant, or half the mean squared error.

    The responses $y_{ij}$ to an input enter through their average and their spread around it:
    $\frac1k\sum_j(y_{ij}-\mu)^2=(\bar y_i-\mu)^2+s_i^2$.
    """
    mean, variance = answer(network, inputs)
    variance = jnp.where(lesson.learns_variance > 0, variance, 1.0)
    squares = (lesson.targets - mean) ** 2 + lesson.spread
    return 0.5 * jnp.mean(lesson.weights * (jnp.log(variance) + squares / variance))


@functools.partial(jax.jit, static_argnames="stops")
def train(
    starts: Network,
    inputs: Float[Array, "samples features"],
    lessons: Lesson,
    at: Float[Array, "points features"],
    stops: tuple[int, ...],
) -> tuple[Float[Array, "students stops points"], Float[Array, "students stops points"]]:
    """Trains many students at once, with Adam on all samples, and asks each at every stop.

    Args:
        starts: their parameters, with a leading axis.
        inputs: which all of them are trained on.
        lessons: one for each, with a leading axis.
        at: where they answer.
        stops: numbers of steps, increasing.

    Returns:
        Means and variances of their predictive distributions.
    """
    optimiser = optax.adam(LEARNING_RATE)

    def of_one(network: Network, lesson: Lesson) -> tuple[Any, Any]:
        def step(_: Any, state: Any) -> Any:
            parameters, moments = state
            gradient = jax.grad(loss)(parameters, inputs, lesson)
            updates, moments = optimiser.update(gradient, moments)
            return optax.apply_updates(parameters, updates), moments

        state, taken, found = (network, optimiser.init(network)), 0, []
        for stop in stops:
            state = jax.lax.fori_loop(taken, stop, step, state)
            taken = stop
            found.append(answer(state[0], at))
        means, variances = zip(*found, strict=True)
        return jnp.stack(means), jnp.stack(variances)

    return jax.vmap(of_one)(starts, lessons)
