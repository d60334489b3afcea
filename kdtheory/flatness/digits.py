r"""Two small networks on handwritten digits, of which one was trained for flatness.

$64\to16\to10$ with a hyperbolic tangent in between, $p=1210$; the loss is the squared distance of
the softmax from the label (Brier's score), which lies in $[0,2]$ whatever the parameters are.
Training is gradient descent with momentum on all examples at once. Foret et al. (2021) take the
gradient not at $f$ but at $f+r\,\nabla L_D(f)/|\nabla L_D(f)|$, which finds flatter minima;
$r=0$ is plain training.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from kdtheory._random import random_key
from kdtheory._types import Key, Scalar
from kdtheory.flatness.constants import with_constants
from kdtheory.flatness.inputs import radii_of
from kdtheory.flatness.penalties import smoothness_seen
from kdtheory.flatness.records import SharpnessReport
from kdtheory.flatness.single import sharpness

Data = tuple[Float[Array, "examples pixels"], Int[Array, "examples"]]

HIDDEN = 16
STEPS = 1000
STEP_SIZE = 0.5
MOMENTUM = 0.9
ASCENT = 0.5
"""$r$ of the network that is trained for flatness."""

DRAWS = 128

RADII = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
"""The radii of the example; the parameters have norms of 20 and 23."""

STABILITY = 1.0
DIVERGENCE = 0.1
MARGIN = 2.0
"""By which factor the constants that are assumed exceed what was measured."""


def brier(parameters: dict[str, Any], example: Any) -> Scalar:
    """Returns the squared distance of the network's probabilities from the label.

    Args:
        parameters: of the network.
        example: pixels and a label.
    """
    pixels, label = example
    probs = jax.nn.softmax(_logits(parameters, pixels))
    wanted = jax.nn.one_hot(label, probs.shape[-1], dtype=probs.dtype)
    return jnp.sum((probs - wanted) ** 2)


def _logits(parameters: dict[str, Any], pixels: Any) -> Any:
    hidden = jnp.tanh(pixels @ parameters["first"] + parameters["shift"])
    return hidden @ parameters["second"] + parameters["bias"]


def digits_data(seed: int) -> tuple[Data, Data]:
    """Returns the digits, one half to train on and the other held out.

    Args:
        seed: of the split.

    Raises:
        InputError: if scikit-learn is not installed.
    """
    from kdtheory.readers import shipped_dataset

    bunch = shipped_dataset("digits")
    order = np.random.default_rng(seed).permutation(len(bunch.target))
    half = len(order) // 2
    pixels, labels = np.asarray(bunch.data, float) / 16.0, np.asarray(bunch.target)
    train, held = (jnp.asarray(order[start : start + half]) for start in (0, half))
    both = jnp.asarray(pixels), jnp.asarray(labels)
    return (both[0][train], both[1][train]), (both[0][held], both[1][held])


def initial(key: Key, num_pixels: int, num_classes: int) -> dict[str, Any]:
    """Returns the parameters that training starts from.

    Args:
        key: of the weights.
        num_pixels: inputs.
        num_classes: outputs.
    """
    first, second = jax.random.split(key)
    return {
        "first": jax.random.normal(first, (num_pixels, HIDDEN)) / jnp.sqrt(float(num_pixels)),
        "shift": jnp.zeros(HIDDEN),
        "second": jax.random.normal(second, (HIDDEN, num_classes)) / jnp.sqrt(float(HIDDEN)),
        "bias": jnp.zeros(num_classes),
    }


@jax.jit
def trained(
    start: dict[str, Any], data: Data, ascent: Scalar | float, steps: Int[Array, ""] | int
) -> dict[str, Any]:
    r"""Returns the parameters after training.

    Args:
        start: the parameters before it.
        data: the examples.
        ascent: $r$; zero for plain training.
        steps: how many.
    """

    def risk(parameters: dict[str, Any]) -> Scalar:
        return jnp.mean(jax.vmap(brier, (None, 0))(parameters, data))

    def step(_: Any, state: Any) -> Any:
        parameters, velocity = state
        slope = jax.grad(risk)(parameters)
        length = jnp.sqrt(sum(jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(slope)))
        up = jax.tree.map(lambda at, by: at + ascent * by / (length + 1e-12), parameters, slope)
        slope = jax.grad(risk)(up)
        velocity = jax.tree.map(lambda old, new: MOMENTUM * old - STEP_SIZE * new, velocity, slope)
        return jax.tree.map(jnp.add, parameters, velocity), velocity

    still = jax.tree.map(jnp.zeros_like, start)
    return jax.lax.fori_loop(0, steps, step, (start, still))[0]


@dataclasses.dataclass(frozen=True)
class Network:
    """A network of the example.

    Attributes:
        name: how it was trained.
        train_accuracy: on the examples that it was trained on.
        heldout_accuracy: on the others.
        norm: of all parameters.
        report: its sharpness.
    """

    name: str
    train_accuracy: float
    heldout_accuracy: float
    norm: float
    report: SharpnessReport


def digits_example(radii: Any = RADII, seed: int = 0) -> tuple[Network, Network]:
    """Trains both networks and measures their sharpness at the same radii.

    Of the constants of the bounds the range of the loss is known. The divergence and the stability
    are stated for illustration; the others are set to twice what was measured, as constants of
    which no more is known than that nothing contradicts them.

    Args:
        radii: at which.
        seed: of everything random.

    Returns:
        The network of plain training, and the one that was trained for flatness.

    Raises:
        InputError: if scikit-learn is not installed, or for a radius that is not positive.
    """
    radii = radii_of(radii)  # before training
    with jax.enable_x64(True):
        data, heldout = digits_data(seed)
        start = initial(random_key(seed), data[0].shape[1], 10)
        networks = []
        for name, ascent in (("plain training", 0.0), ("trained for flatness", ASCENT)):
            found = trained(start, data, ascent, STEPS)
            measured = sharpness(
                brier,
                found,
                data,
                radius=radii,
                heldout=heldout,
                num_draws=DRAWS,
                seed=seed,
            )
            norm = jnp.sqrt(sum(jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(found)))
            report = with_constants(measured, **_illustration(measured))
            accuracies = (_accuracy(found, data), _accuracy(found, heldout))
            networks.append(Network(name, *accuracies, float(norm), report))
    return networks[0], networks[1]


def _illustration(report: SharpnessReport) -> dict[str, Any]:
    last = report.radii[-1]
    return {
        "divergence": DIVERGENCE,
        "loss_range": (0.0, 2.0),
        "stability": STABILITY,
        "lipschitz": MARGIN * last.gradient_at_least,
        "gradient_bound": report.largest_gradient,
        "smoothness": MARGIN * smoothness_seen(last),
        "hessian_bound": MARGIN * last.hessian_at_least,
    }


def _accuracy(parameters: dict[str, Any], data: Data) -> float:
    guesses = jnp.argmax(_logits(parameters, data[0]), axis=-1)
    return float(jnp.mean((guesses == data[1]).astype(float)))
