r"""Proper losses: the risk of predicted probabilities is a divergence plus an entropy.

A loss $\ell(y, q)$ of a predicted distribution is proper if no prediction does better against
labels drawn from $p$ than $p$ itself. Then, with $G(p) = p\cdot\ell(p)$,

$$R(q) = \mathbb E_x\,D(p^*(x), q(x)) + \mathbb E_x\,G(p^*(x)),\qquad
D(p, q) = p\cdot\ell(q) - p\cdot\ell(p) \ge 0$$

(Menon et al., Eq. 8). The log loss has $D = \mathrm{KL}(p\|q)$ and the Shannon entropy for $G$;
the Brier loss has $D = \|p-q\|_2^2$ and $G = 1 - \|p\|_2^2$; the spherical loss has
$D = \frac12\|p\|\,\bigl\|p/\|p\| - q/\|q\|\bigr\|^2$ and $G = 1 - \|p\|_2$. A loss is a
function of distributions along the last axis that returns one value for every label, such as
`kdtheory.losses.brier`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import InputWeights, LabelProbs, Scalar
from kdtheory.divergences import entropy, kl_divergence, squared_distance
from kdtheory.losses import brier, log_loss, spherical_loss

ProbabilityLoss = Callable[[Float[Array, "..."]], Float[Array, "..."]]


def _spherical_divergence(p: Float[Array, "..."], q: Float[Array, "..."]) -> Float[Array, "..."]:
    length = jnp.linalg.norm(p, axis=-1)
    unit = q / jnp.linalg.norm(q, axis=-1, keepdims=True)
    return 0.5 * length * squared_distance(p / length[..., None], unit)


# Closed forms in which nothing cancels.
_DIVERGENCES: dict[Any, Any] = {
    log_loss: kl_divergence,
    brier: squared_distance,
    spherical_loss: _spherical_divergence,
}
_ENTROPIES: dict[Any, Any] = {
    log_loss: entropy,
    brier: lambda probs: jnp.sum(probs * (1 - probs), axis=-1),
}


class ProperRisk(NamedTuple):
    """The two parts of the risk of predicted probabilities, and their sum.

    Attributes:
        divergence: what the prediction costs beyond the Bayes probabilities, the excess risk.
        entropy: what the Bayes probabilities cost; no prediction changes it.
    """

    divergence: Float[Array, "*batch"]
    entropy: Float[Array, "*batch"]

    @property
    def risk(self) -> Float[Array, "*batch"]:
        """The population risk."""
        return self.divergence + self.entropy


def _expected(
    probs: Float[Array, "*batch labels"], losses: Float[Array, "*batch labels"]
) -> Float[Array, "*batch"]:
    """Returns the expected loss; a label without mass contributes nothing, however large."""
    inside = probs > 0
    return jnp.sum(jnp.where(inside, probs * jnp.where(inside, losses, 0.0), 0.0), axis=-1)


@functools.partial(jax.jit, static_argnames="loss")
def generalised_entropy(
    loss: ProbabilityLoss, probs: Float[Array, "*batch labels"]
) -> Float[Array, "*batch"]:
    r"""Returns $G(p) = p\cdot\ell(p)$, the smallest risk of a proper loss against labels from $p$.

    Args:
        loss: a proper loss of distributions along the last axis.
        probs: $p$.

    Returns:
        The entropy: concave in $p$ iff the loss is proper.

    Example:
        >>> float(generalised_entropy(brier, jnp.array([0.5, 0.5])))
        0.5
    """
    known = _ENTROPIES.get(loss)
    return _expected(probs, loss(probs)) if known is None else known(probs)


@functools.partial(jax.jit, static_argnames="loss")
def proper_divergence(
    loss: ProbabilityLoss,
    p: Float[Array, "*batch labels"],
    q: Float[Array, "*batch labels"],
) -> Float[Array, "*batch"]:
    r"""Returns $D(p, q) = p\cdot\ell(q) - p\cdot\ell(p)$, the excess risk of predicting $q$.

    For the log, Brier and spherical losses of `kdtheory.losses` closed forms are used, which lose
    nothing near $p = q$. For any other loss the differences $\ell(q) - \ell(p)$ are taken
    first; $D$ is then as good as rounding of the losses allows: it is of second order in $q - p$.

    Args:
        loss: a proper loss of distributions along the last axis.
        p: the distribution of the labels.
        q: the prediction.

    Returns:
        The divergence; $\infty$ where $q$ has an infinite loss at a label with mass.

    Example:
        >>> from kdtheory.losses import spherical_loss
        >>> p, q = jnp.array([0.6, 0.4]), jnp.array([0.4, 0.6])
        >>> print(f"{proper_divergence(spherical_loss, p, q):.4f}")  # |p| (1 - 12/13)
        0.0555
    """
    known = _DIVERGENCES.get(loss)
    if known is not None:
        return known(p, q)
    return _expected(p, loss(q) - loss(p))


@functools.partial(jax.jit, static_argnames="loss")
def decompose_risk(
    loss: ProbabilityLoss,
    input_weights: InputWeights,
    label_probs: LabelProbs,
    predicted_probs: LabelProbs,
) -> ProperRisk:
    r"""Returns the parts $\mathbb E_x D(p^*, q)$ and $\mathbb E_x G(p^*)$ of a proper loss' risk.

    The first part is the excess risk of a teacher. For the Brier loss it is the squared distance
    that Proposition 3 of Menon et al. bounds a student's error with, for the log loss the expected
    relative entropy.

    Args:
        loss: a proper loss of distributions along the last axis.
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        predicted_probs: $q$, shape ``(inputs, labels)``, such as a teacher's.

    Returns:
        Both parts; inputs without mass count for nothing.

    Example:
        >>> one, coin = jnp.ones(1), jnp.array([[0.5, 0.5]])
        >>> parts = decompose_risk(brier, one, coin, jnp.array([[0.75, 0.25]]))
        >>> float(parts.divergence), float(parts.entropy), float(parts.risk)
        (0.125, 0.5, 0.625)
    """
    divergence = proper_divergence(loss, label_probs, predicted_probs)
    least = generalised_entropy(loss, label_probs)
    return ProperRisk(_expected(input_weights, divergence), jnp.sum(input_weights * least))


@functools.partial(jax.jit, static_argnames="loss")
def prediction_risk(
    loss: ProbabilityLoss,
    input_weights: InputWeights,
    label_probs: LabelProbs,
    predicted_probs: LabelProbs,
) -> Scalar:
    r"""Returns $R(q) = \mathbb E_x[p^*(x)\cdot\ell(q(x))]$ for any loss, proper or not.

    Args:
        loss: a loss of distributions along the last axis.
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        predicted_probs: $q$, shape ``(inputs, labels)``.

    Returns:
        The population risk; what has no mass counts for nothing, even where its loss is infinite.
    """
    return _expected(input_weights, _expected(label_probs, loss(predicted_probs)))


def loss_of_entropy(concave: Callable[[Float[Array, "labels"]], Scalar]) -> ProbabilityLoss:
    r"""Returns the proper loss that a concave function of the distribution makes (Savage, 1971).

    $\ell(y, q) = G(q) + \partial_y G(q) - q\cdot\nabla G(q)$ has the generalised entropy $G$ and
    the divergence $D(p, q) = G(q) + \nabla G(q)\cdot(p - q) - G(p)$, that of Bregman for $-G$. How
    $G$ continues outside the simplex does not matter.

    Args:
        concave: $G$, traceable and differentiable, of one distribution; it is not checked that it
            is concave.

    Returns:
        The loss, a function of distributions along the last axis, to be used with the functions of
        this module. Each call returns another function: keep it, so that it is compiled once.

    Example:
        >>> gini = loss_of_entropy(lambda probs: 1 - jnp.sum(probs**2))
        >>> q = jnp.array([0.75, 0.25])
        >>> gini(q).tolist() == brier(q).tolist()
        True
    """

    def one(probs: Float[Array, "labels"]) -> Float[Array, "labels"]:
        value, slope = jax.value_and_grad(concave)(probs)
        return value + slope - jnp.sum(probs * slope)

    return jax.jit(jnp.vectorize(one, signature="(labels)->(labels)"))
