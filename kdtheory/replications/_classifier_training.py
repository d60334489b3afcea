r"""Students trained on soft targets, many at a time, and what they are at the end of every epoch.

A student is linear softmax, or a network with one hidden layer of hyperbolic tangents. Its loss is
$-\sum_kq_k\log p_k$, for any target $q$: one that leaves the simplex, too.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

from kdtheory._check import FloatArray
from kdtheory.divergences import kl_to_log_probs

Parameters = dict[str, Any]

OPTIMISERS = {"SGD": optax.sgd, "Adam": optax.adam}


class History(NamedTuple):
    r"""What is known of every student after every epoch, shape ``(kinds, trials, runs, epochs)``.

    Attributes:
        accuracy: the chance of being right on the test inputs, given the inputs: no label is drawn.
        excess: $\mathbb E\,\mathrm{KL}(p^*\|p)$ over the test inputs.
        gap: the risk on the test inputs minus that on the training set with the targets in use.
        gradient: $\mathbb E\|g\|^2$ of single examples of the training set, targets in use.
    """

    accuracy: Any
    excess: Any
    gap: Any
    gradient: Any


def random_starts(
    rng: np.random.Generator, shape: tuple[int, ...], sizes: tuple[int, ...]
) -> Parameters:
    """Draws weights of standard deviation one over the root of what goes in; biases are zero.

    Args:
        rng: source of randomness.
        shape: of the students.
        sizes: features, hidden units if there are any, labels.
    """
    names = ["out"] if len(sizes) == 2 else ["hidden", "out"]
    found: Parameters = {}
    for name, inward, outward in zip(names, sizes[:-1], sizes[1:], strict=True):
        found[name] = rng.standard_normal((*shape, inward, outward)) / inward**0.5
        found[f"{name}_bias"] = np.zeros((*shape, outward))
    return found


def orders(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    num_samples: int,
    steps: tuple[int, int],
    batch_size: int,
) -> Any:
    """Draws the examples of every step: passes over the sample, each in a new order.

    Args:
        rng: source of randomness.
        shape: of the runs.
        num_samples: how many examples, a multiple of the batch size.
        steps: epochs, and steps in each.
        batch_size: examples in a step.

    Returns:
        Shape ``(*shape, epochs, steps, batch)``.
    """
    drawn = steps[0] * steps[1] * batch_size
    passes = -(-drawn // num_samples)
    rows = np.broadcast_to(np.arange(num_samples), (*shape, passes, num_samples))
    mixed = rng.permuted(rows, axis=-1).reshape(*shape, passes * num_samples)
    return mixed[..., :drawn].reshape(*shape, *steps, batch_size)


def hidden_units(parameters: Parameters, inputs: Any) -> Any:
    """Returns what the last layer sees: the inputs themselves, for a linear student."""
    if "hidden" not in parameters:
        return inputs
    return jnp.tanh(inputs @ parameters["hidden"] + parameters["hidden_bias"])


def log_probs(parameters: Parameters, inputs: Any) -> Any:
    """Returns the logarithms of a student's probabilities, a row for every input."""
    seen = hidden_units(parameters, inputs)
    return jax.nn.log_softmax(seen @ parameters["out"] + parameters["out_bias"])


def losses(parameters: Parameters, inputs: Any, targets: Any) -> Any:
    r"""Returns $-\sum_kq_k\log p_k$ for every example."""
    return -jnp.sum(targets * log_probs(parameters, inputs), axis=-1)


def gradient_squares(parameters: Parameters, inputs: Any, targets: Any) -> Any:
    r"""Returns $\|\nabla(-\sum_kq_k\log p_k)\|^2$ for every example.

    The gradient of a layer is the outer product of what goes in, and of the slope of what comes
    out: no gradient of a single example is laid out.
    """
    seen = hidden_units(parameters, inputs)
    slope = jnp.sum(targets, axis=-1, keepdims=True) * jnp.exp(log_probs(parameters, inputs))
    slope = slope - targets
    squares = jnp.sum(slope**2, axis=-1) * (1 + jnp.sum(seen**2, axis=-1))
    if "hidden" in parameters:
        back = (slope @ parameters["out"].T) * (1 - seen**2)
        squares += jnp.sum(back**2, axis=-1) * (1 + jnp.sum(inputs**2, axis=-1))
    return squares


def _run(
    optimiser: str,
    step_size: Any,
    penalty: Any,
    start: Parameters,
    inputs: Any,
    targets: Any,
    shares: Any,
    order: Any,
    test_inputs: Any,
    test_probs: Any,
) -> tuple[Parameters, History]:
    rule = OPTIMISERS[optimiser](step_size)

    def loss(parameters: Parameters, chosen: Any, wanted: Any) -> Any:
        norms = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(parameters))
        return jnp.mean(losses(parameters, chosen, wanted)) + 0.5 * penalty * norms

    def epoch(state: Any, given: Any) -> Any:
        wanted, batches = given

        def step(state: Any, rows: Any) -> Any:
            parameters, memory = state
            slopes = jax.grad(loss)(parameters, inputs[rows], wanted[rows])
            moves, memory = rule.update(slopes, memory)
            return (optax.apply_updates(parameters, moves), memory), None

        state, _ = jax.lax.scan(step, state, batches)
        parameters = state[0]
        found = log_probs(parameters, test_inputs)
        chosen = jnp.argmax(found, axis=-1)[:, None]
        return state, History(
            jnp.mean(jnp.take_along_axis(test_probs, chosen, axis=-1)),
            jnp.mean(kl_to_log_probs(test_probs, found)),
            jnp.mean(losses(parameters, test_inputs, test_probs))
            - jnp.dot(shares, losses(parameters, inputs, wanted)),
            jnp.dot(shares, gradient_squares(parameters, inputs, wanted)),
        )

    (parameters, _), history = jax.lax.scan(epoch, (start, rule.init(start)), (targets, order))
    return parameters, history


@functools.partial(jax.jit, static_argnames="optimiser")
def _trained(optimiser: str, step_size: Any, penalty: Any, *data: Any) -> Any:
    runs = functools.partial(_run, optimiser, step_size, penalty)
    # start, inputs, targets, shares, order, test inputs, test probabilities
    runs = jax.vmap(runs, (0, None, 0, None, 0, None, None))
    runs = jax.vmap(runs, (0, 0, 0, None, 0, 0, 0))
    return jax.vmap(runs, (None, None, 0, None, None, None, None))(*data)


class Lessons(NamedTuple):
    """What students are trained on, and where they are measured.

    Attributes:
        start: parameters of every trial and run.
        inputs: shape ``(trials, samples, features)``.
        targets: for every epoch, shape ``(kinds, trials, runs, epochs, samples, labels)``.
        shares: of the examples in the training set, with sum one; zero for those not in it.
        order: the examples of every step, as from `orders`, shape ``(trials, runs, epochs, steps,
            batch)``.
        test_inputs: other inputs, shape ``(trials, tests, features)``.
        test_probs: Bayes class probabilities there, shape ``(trials, tests, labels)``.
    """

    start: Parameters
    inputs: Any
    targets: Any
    shares: Any
    order: Any
    test_inputs: Any
    test_probs: Any


def train(
    optimiser: str, step_size: float, lessons: Lessons, penalty: float = 0.0
) -> tuple[Parameters, History]:
    """Trains a student for every kind of label, trial and run; kinds share starts and orders.

    In single precision, whatever the default is.

    Args:
        optimiser: a key of `OPTIMISERS`.
        step_size: the same at every step.
        lessons: the data.
        penalty: half of it times the squared norm of all parameters is added to the loss.

    Returns:
        The last parameters, and what was measured.
    """
    with jax.enable_x64(False):
        single = jax.tree.map(_single, lessons)
        parameters, history = _trained(optimiser, step_size, penalty, *single)
        return jax.tree.map(np.asarray, (parameters, history))


def _single(values: Any) -> Array:
    array = np.asarray(values)
    return jnp.asarray(array, np.float32 if array.dtype.kind == "f" else np.int32)


def by_epoch(history: History) -> dict[str, FloatArray]:
    """Returns what was measured as means over runs, shape ``(kinds, trials, epochs)``."""
    return {
        name: np.mean(values, axis=2, dtype=float) for name, values in history._asdict().items()
    }


def at_the_end(history: History) -> dict[str, FloatArray]:
    """Returns what a student is at the end of training, and how steady, ``(kinds, trials)``.

    The level is the mean over the last quarter of the epochs, and over runs. The jitter is the root
    mean square of the change from one epoch to the next, over the second half of the epochs: of a
    run that still improves steadily, little. The spread is the standard deviation over runs of the
    level, which takes two runs.
    """
    found = {}
    for name, values in history._asdict().items():
        wide = np.asarray(values, float)
        num_epochs = wide.shape[-1]
        level = np.mean(wide[..., num_epochs - max(1, num_epochs // 4) :], axis=-1)
        found[name] = np.mean(level, axis=-1)
        if name in ("accuracy", "excess"):
            changes = np.diff(wide[..., num_epochs // 2 :], axis=-1)
            found[f"{name}_jitter"] = np.mean(np.sqrt(np.mean(changes**2, axis=-1)), axis=-1)
            found[f"{name}_spread"] = np.std(level, axis=-1, ddof=1)
    return found
