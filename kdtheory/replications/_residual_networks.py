r"""Many small networks of different sizes, trained side by side by one compiled program.

A network is dense layers with rectifiers between, and residual blocks
$h \leftarrow h + B\,\mathrm{relu}(Ah + a) + b$ after the first of them: without blocks a multilayer
perceptron; with more of them deeper at equal width, as residual networks for images are. All are
stored at the size of the largest. A smaller one multiplies by zero what it does not have, which
then has no gradient either: one program trains all sizes, where compiling takes longer than
training.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

LEARNING_RATE = 3e-3
"""Adam's, constant."""

BATCH = 32
"""Examples of a step, drawn with replacement."""


class Size(NamedTuple):
    """The size of a network.

    Attributes:
        width: units of the first hidden layer, and of the residual blocks.
        blocks: how many residual blocks there are.
    """

    width: int
    blocks: int


class Networks(NamedTuple):
    """Networks, stacked along the first axis of every array.

    Attributes:
        dense: weights and offsets of the dense layers.
        inner: weights and offsets of the blocks' first halves, blocks along the second axis.
        outer: those of their second halves.
        units: 1 for the units of the first hidden layer that there are, 0 for others.
        depth: the same for blocks.
    """

    dense: Any
    inner: Any
    outer: Any
    units: Any
    depth: Any


def num_parameters(size: Size, num_features: int, num_labels: int) -> int:
    """Returns how many weights and offsets a network with one hidden layer and blocks has."""
    width, blocks = size
    return (num_features + 1) * width + 2 * blocks * (width + 1) * width + (width + 1) * num_labels


def start(
    random: np.random.Generator, num_features: int, sizes: Sequence[Size], later: tuple[int, ...]
) -> Networks:
    r"""Returns random networks: He's variances, $2/$(number of inputs).

    The second half of a block is divided by the number of blocks: deep networks start close to
    shallow ones, and train without normalisation.

    Args:
        random: what the weights are drawn from.
        num_features: of an input.
        sizes: one for every network.
        later: widths of the layers after the first hidden one, the number of labels last.
    """
    width, blocks = (max(column) for column in zip(*sizes, strict=True))
    widths, depths = (np.array(column) for column in zip(*sizes, strict=True))

    def layer(variance: Any, *shape: int) -> Any:
        scale = np.sqrt(np.broadcast_to(variance, len(sizes)))
        weights = random.standard_normal((len(sizes), *shape), np.float32)
        scaled = weights * scale.reshape(-1, *[1] * len(shape)).astype(np.float32)
        return scaled, np.zeros((len(sizes), *shape[:-2], shape[-1]), np.float32)

    dense = [layer(2 / num_features, num_features, width)]
    fan_in: Any = widths
    for inputs, outputs in zip((width, *later), later, strict=False):
        dense.append(layer(2 / fan_in, inputs, outputs))
        fan_in = outputs
    return Networks(
        tuple(dense),
        layer(2 / widths, blocks, width, width),
        layer(2 / widths / np.maximum(depths, 1) ** 2, blocks, width, width),
        (np.arange(width) < widths[:, None]).astype(np.float32),
        (np.arange(blocks) < depths[:, None]).astype(np.float32),
    )


def logits(network: Networks, inputs: Float[Array, "examples features"]) -> Any:
    """Returns the logits of one network, shape ``(examples, labels)``."""

    def affine(layer: Any, values: Any) -> Any:
        return values @ layer[0] + layer[1]

    def block(hidden: Any, layers: Any) -> tuple[Any, None]:
        inner, outer, there = layers
        change = affine(outer, jax.nn.relu(affine(inner, hidden)) * network.units)
        return hidden + there * network.units * change, None

    first, *others = network.dense
    hidden = affine(first, inputs) * network.units
    hidden, _ = jax.lax.scan(block, hidden, (network.inner, network.outer, network.depth))
    for layer in others:
        hidden = affine(layer, jax.nn.relu(hidden))
    return hidden


@jax.jit
def all_logits(networks: Networks, pool: Any, members: Int[Array, "networks examples"]) -> Any:
    """Returns the logits of every network at examples of its own, ``(networks, examples, labels)``.

    Args:
        networks: stacked.
        pool: inputs, shape ``(inputs, features)``.
        members: which of them.
    """
    return jax.lax.map(lambda pair: logits(pair[0], pool[pair[1]]), (networks, members))


@functools.partial(jax.jit, donate_argnums=())
def train(
    networks: Networks,
    pool: Float[Array, "inputs features"],
    members: Int[Array, "networks examples"],
    targets: Float[Array, "networks examples labels"],
    draws: Int[Array, "networks parts steps batch"],
    decays: Float[Array, "networks"],
) -> Networks:
    """Returns the networks after every part of their training, parts along the second axis.

    The loss is the cross-entropy to the targets, the optimiser Adam with decoupled weight decay.

    Args:
        networks: where training starts.
        pool: inputs.
        members: which of them a network is trained on.
        targets: distributions over labels at these.
        draws: the examples of every step, positions among its members.
        decays: weight decay of every network.
    """

    def one(network: Any, members: Any, targets: Any, draws: Any, decay: Any) -> Any:
        optimiser = optax.adamw(LEARNING_RATE, weight_decay=decay)
        weights = network[:3]

        def loss(weights: Any, rows: Any) -> Any:
            scores = logits(network._make((*weights, *network[3:])), pool[members[rows]])
            return -jnp.mean(jnp.sum(targets[rows] * jax.nn.log_softmax(scores), axis=-1))

        def step(state: Any, rows: Any) -> Any:
            weights, memory = state
            change, memory = optimiser.update(jax.grad(loss)(weights, rows), memory, weights)
            return (optax.apply_updates(weights, change), memory), None

        def part(state: Any, rows: Any) -> Any:
            state, _ = jax.lax.scan(step, state, rows)
            return state, state[0]

        _, kept = jax.lax.scan(part, (weights, optimiser.init(weights)), draws)
        masks = [jnp.broadcast_to(mask, (len(draws), *mask.shape)) for mask in network[3:]]
        return network._make((*kept, *masks))

    return jax.vmap(one)(networks, members, targets, draws, decays)


def after(networks: Networks, part: int) -> Networks:
    """Returns the networks as they were after a part of their training."""
    kept: Networks = jax.tree.map(lambda array: array[:, part], networks)
    return kept
