r"""Losses of a score vector, one value per possible label: $\ell(f) = (\ell(1,f),\dots,\ell(L,f))$.

A risk is then a plain dot product $p\cdot\ell(f)$ with a distribution over labels, which is how
every statement about distillation is written.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


@jax.jit
def softmax_cross_entropy(scores: Float[Array, "*batch labels"]) -> Float[Array, "*batch labels"]:
    r"""Returns $\ell(y,f) = -f_y + \log\sum_{y'} e^{f_{y'}}$ for every $y$ (Menon et al., Eq. 2).

    Non-negative and unbounded: statements about bounded losses need a bound on the scores.

    Args:
        scores: $f(x)$, any real numbers.

    Returns:
        The loss for each possible label.

    Example:
        >>> [round(loss, 4) for loss in softmax_cross_entropy(jnp.zeros(2)).tolist()]
        [0.6931, 0.6931]
    """
    return -jax.nn.log_softmax(scores, axis=-1)


@jax.jit
def brier(probs: Float[Array, "*batch labels"]) -> Float[Array, "*batch labels"]:
    r"""Returns the Brier score $\|e_y - q\|_2^2$ for every label $y$, in $[0, 2]$.

    Args:
        probs: predicted distributions $q$ along the last axis.

    Returns:
        The score for each possible label; $p\cdot\ell(q) = \|p-q\|^2 + 1 - \|p\|^2$.
    """
    labels = probs.shape[-1]
    onehot = jnp.broadcast_to(jnp.eye(labels, dtype=probs.dtype), (*probs.shape, labels))
    return jnp.sum((onehot - probs[..., None, :]) ** 2, axis=-1)


@jax.jit
def log_loss(probs: Float[Array, "*batch labels"]) -> Float[Array, "*batch labels"]:
    r"""Returns $-\log q_y$ for every label $y$, $\infty$ where the prediction has no mass.

    Args:
        probs: predicted distributions $q$ along the last axis.

    Returns:
        The loss in nats for each possible label; from scores, use `softmax_cross_entropy`.
    """
    inside = probs > 0
    return jnp.where(inside, -jnp.log(jnp.where(inside, probs, 1.0)), jnp.inf)


@jax.jit
def spherical_loss(probs: Float[Array, "*batch labels"]) -> Float[Array, "*batch labels"]:
    r"""Returns the spherical loss $1 - q_y/\|q\|_2$ for every label $y$, in $[0, 1]$.

    Args:
        probs: predicted distributions $q$ along the last axis.

    Returns:
        The loss for each possible label; proper, and the same for every multiple of $q$.
    """
    return 1.0 - probs / jnp.linalg.norm(probs, axis=-1, keepdims=True)


@functools.partial(jax.jit, static_argnames="k")
def top_k_error(
    scores: Float[Array, "*batch labels"], *, k: int = 1
) -> Float[Array, "*batch labels"]:
    r"""Returns $[\![y \notin \mathrm{top}_k(f)]\!]$ for every label (Menon et al., Eq. 4).

    Labels tied at the cut count as errors, so that the loss does not depend on an order of labels:
    $y$ is in the top $k$ iff fewer than $k$ other labels score at least as high.

    Args:
        scores: $f(x)$, any real numbers.
        k: how many labels are retrieved; ``k=1`` is the zero-one error.

    Returns:
        1.0 for an error, 0.0 otherwise.
    """
    if k >= scores.shape[-1]:
        return jnp.zeros_like(scores)
    # Fewer than k others score at least as high iff the (k+1)-th largest score is lower. What is
    # compared comes out of one sorting: a score that a compiler computes twice, here and there,
    # could round differently and be lower than itself.
    values, places = jax.lax.top_k(scores, k + 1)
    above = (values[..., :k] > values[..., k:]).astype(scores.dtype)
    named = jax.nn.one_hot(places[..., :k], scores.shape[-1], dtype=scores.dtype)
    return 1.0 - jnp.sum(above[..., None] * named, axis=-2)


@jax.jit
def loss_range(losses: Float[Array, "*batch inputs labels"]) -> Float[Array, "*batch"]:
    r"""Returns $B = \max\ell - \min\ell$ over all inputs and labels.

    Args:
        losses: $\ell(k, f(x_i))$.

    Returns:
        The range, which is what "bounded by $B$" means up to a constant.
    """
    return jnp.max(losses, axis=(-2, -1)) - jnp.min(losses, axis=(-2, -1))
