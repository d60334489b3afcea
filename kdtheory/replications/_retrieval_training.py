r"""Low-rank softmax models for retrieval, and the four ways to train them.

A model is a linear hidden layer and a linear output layer, $f(x) = V^\top U^\top x + b$. Every way
of training is one objective, `kdtheory.retrieval.double_distillation_loss`, given the weights of
the positives and of the negatives.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from kdtheory.retrieval import double_distillation_loss, negative_weights, precision_at_k

Values = Array | np.ndarray

DEPTHS = (1, 3, 5)
"""The k of precision at k."""

UNIFORM, ODDS = "1", "1 - p"
"""Names of weights of the negatives: all one, and one minus the teacher's probability."""


class Model(NamedTuple):
    """The layers of a model; with a leading axis, of several."""

    inner: Float[Values, "*models features width"]
    outer: Float[Values, "*models width labels"]
    bias: Float[Values, "*models labels"]


class Targets(NamedTuple):
    """What a student learns from at every input."""

    positives: Float[Values, "*students inputs labels"]
    negatives: Float[Values, "*students inputs labels"]
    counts: Float[Values, "*students inputs"]


@dataclasses.dataclass(frozen=True)
class Arm:
    r"""One way of training a student with a teacher.

    Attributes:
        method: ``"distilled"`` or ``"double"``.
        scaling: the a of the weights of negatives $1-\sigma(as)$; None for ``named``.
        named: `UNIFORM` or `ODDS`, where there is no scaling.
        positives: ``"teacher"``, or ``"observed"`` labels.
    """

    method: str
    scaling: float | None = None
    named: str = UNIFORM
    positives: str = "teacher"

    @property
    def weights(self) -> str:
        """Returns the name of the weights of negatives."""
        return self.named if self.scaling is None else f"a = {self.scaling:g}"


def arms(scalings: tuple[float, ...]) -> tuple[Arm, ...]:
    """Returns distillation, and double-distillation as in Eq. 13 with all weights."""
    doubles = [Arm("double", scaling) for scaling in scalings]
    return (Arm("distilled"), *doubles, Arm("double", named=ODDS))


def initial(
    rng: np.random.Generator, features: int, width: int, labels: int, held: int | None = None
) -> Model:
    """Returns a model to start from: small outputs, no bias.

    Args:
        rng: of the weights.
        features: how many inputs there are.
        width: of the hidden layer.
        labels: how many outputs there are.
        held: width of the arrays; units beyond ``width`` are zero on both sides, where no gradient
            ever moves them: models of several widths then have one shape.
    """
    inner = np.zeros((features, held or width), np.float32)
    outer = np.zeros((held or width, labels), np.float32)
    inner[:, :width] = rng.standard_normal((features, width)) / np.sqrt(features)
    outer[:width] = 0.1 * rng.standard_normal((width, labels)) / np.sqrt(width)
    return Model(jnp.asarray(inner), jnp.asarray(outer), jnp.zeros(labels, jnp.float32))


def scores(model: Model, inputs: Any) -> Float[Values, "inputs labels"]:
    """Returns the scores of all labels; the inputs are dense, or sparse as BCOO."""
    return inputs @ model.inner @ model.outer + model.bias


def objective(model: Model, inputs: Any, targets: Targets) -> Float[Values, ""]:
    r"""Returns the mean over examples $(x, y)$ of Eq. 13.

    All examples of one input share its loss: an input with $c$ labels counts $c$ times, its
    positives being the mean of its labels' indicators.
    """
    return mean_loss(scores(model, inputs), targets)


def mean_loss(scored: Float[Values, "inputs labels"], targets: Targets) -> Float[Values, ""]:
    """Returns the objective of scores."""
    losses = double_distillation_loss(scored, targets.positives, targets.negatives)
    return jnp.sum(targets.counts * losses) / jnp.sum(targets.counts)


def observed(labels: Float[Values, "inputs labels"]) -> Targets:
    """Returns the targets of one-hot training: one example for every label of an input."""
    counts = jnp.sum(labels, axis=-1)
    share = labels / jnp.maximum(counts, 1.0)[:, None]
    return Targets(share, jnp.ones_like(share), counts)


def smoothed(arm: Arm, given: Targets, teacher: Float[Values, "inputs labels"]) -> Targets:
    """Returns the targets of an arm.

    Args:
        arm: which.
        given: the targets of one-hot training, for the counts and the observed positives.
        teacher: its logits.
    """
    probs = jax.nn.softmax(teacher, axis=-1)
    positives = probs if arm.positives == "teacher" else given.positives
    if arm.scaling is not None:
        negatives = negative_weights(teacher, arm.scaling)
    elif arm.named == ODDS:
        # Not zero by rounding: a positive that is no negative at all has no least loss.
        negatives = jnp.maximum(1.0 - probs, jnp.finfo(probs.dtype).eps)
    else:
        negatives = given.negatives
    return Targets(positives, negatives, given.counts)


def step(
    model: Model, state: Any, inputs: Any, targets: Targets, learning_rate: Float[Array, ""] | float
) -> tuple[Model, Any]:
    """Returns the model and the optimiser's state after one step of Adam."""
    gradient = jax.grad(objective)(model, inputs, targets)
    change, state = optax.adam(learning_rate).update(gradient, state)
    return optax.apply_updates(model, change), state


@functools.partial(jax.jit, static_argnames=("steps", "checkpoints"))
def fit(
    start: Model,
    inputs: Float[Values, "students inputs features"],
    targets: Targets,
    learning_rate: Float[Array, ""] | float,
    *,
    steps: int,
    checkpoints: int,
) -> Model:
    """Trains students one after another in one program, each on all of its examples at once.

    Args:
        start: what they start from, students along the first axis; so everything else.
        inputs: the inputs of each.
        targets: what each learns from.
        learning_rate: of Adam.
        steps: how many, a multiple of ``checkpoints``.
        checkpoints: after how many equal parts of the steps a model is kept.

    Returns:
        The models, with axes for students and checkpoints.
    """

    def one(job: tuple[Model, Any, Targets]) -> Model:
        model, own_inputs, own_targets = job

        def part(carry: Any, _: None) -> tuple[Any, Model]:
            def go(_: Any, carry: Any) -> Any:
                return step(carry[0], carry[1], own_inputs, own_targets, learning_rate)

            carry = jax.lax.fori_loop(0, steps // checkpoints, go, carry)
            return carry, carry[0]

        carry = (model, optax.adam(learning_rate).init(model))
        return jax.lax.scan(part, carry, None, length=checkpoints)[1]

    # Not all at once: the scores of one student stay in a fast part of the memory.
    return jax.lax.map(one, (start, inputs, targets))


def matched(
    teacher: Model,
    inputs: Float[Values, "inputs features"],
    counts: Float[Values, " inputs"],
    width: int,
) -> Model:
    r"""Returns the model of a width that is nearest to the teacher's logits, in squared error.

    Logits are centred over labels, since softmax does not see their mean. The best of rank $r$ is
    their projection on the $r$ leading principal directions that they have at the inputs.

    Args:
        teacher: linear as well.
        inputs: where they are compared.
        counts: how often each input counts.
        width: of the student.
    """
    inner, outer, bias = (np.asarray(layer, np.float64) for layer in teacher)
    weights, offset = inner @ outer, bias - bias.mean()
    weights = weights - weights.mean(axis=1, keepdims=True)
    share = np.asarray(counts, np.float64) / np.sum(np.asarray(counts, np.float64))
    mean = share @ np.asarray(inputs)
    away = np.sqrt(share)[:, None] * (np.asarray(inputs) - mean)
    logits = away @ weights
    kept = np.linalg.eigh(logits.T @ logits)[1][:, ::-1][:, :width].T
    projected = weights @ kept.T
    # The mean logits are met exactly.
    constant = offset + mean @ weights - mean @ projected @ kept
    return Model(*(jnp.asarray(layer, jnp.float32) for layer in (projected, kept, constant)))


def hits(
    scored: Float[Values, "inputs labels"],
    relevant: Bool[Values, "inputs labels"],
    depths: tuple[int, ...] = DEPTHS,
) -> Float[Values, "inputs depths"]:
    """Returns the precision at every depth, for every input."""
    return jnp.stack([precision_at_k(scored, relevant, k=k) for k in depths], axis=-1)


@functools.partial(jax.jit, static_argnames="depths")
def precisions(
    models: Model,
    inputs: Float[Values, "inputs features"],
    relevant: Bool[Values, "inputs labels"],
    depths: tuple[int, ...] = DEPTHS,
) -> Float[Values, "models depths"]:
    """Returns the mean precision at every depth, for every model."""

    def of(model: Model) -> Any:
        return jnp.mean(hits(scores(model, inputs), relevant, depths), axis=0)

    return jax.lax.map(of, models)


@jax.jit
def objectives(
    models: Model, inputs: Float[Values, "inputs features"], targets: Targets
) -> Float[Values, " models"]:
    """Returns the objective of every model, on the same targets."""
    return jax.lax.map(lambda model: objective(model, inputs, targets), models)


@jax.jit
def score_residual(
    model: Model, inputs: Float[Values, "inputs features"], targets: Targets
) -> Float[Values, ""]:
    r"""Returns $\|\sum_n c_n(p_n-q_n)x_n^\top\|/\|\sum_n c_nq_nx_n^\top\|$.

    Zero where a linear teacher has the greatest likelihood on its sample. Distilling a linear
    student on that sample then changes nothing, as the two objectives are the same function.
    """
    probs = jax.nn.softmax(scores(model, inputs), axis=-1)
    weighted = targets.counts[:, None] * inputs
    apart, total = (probs - targets.positives).T @ weighted, targets.positives.T @ weighted
    return jnp.linalg.norm(apart) / jnp.linalg.norm(total)
