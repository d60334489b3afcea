r"""Exact quantities of the room that are not losses: closed forms, limits, fitted samples."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.divergences import entropy, kl_to_scores
from kdtheory.losses import softmax_cross_entropy

Labels = Float[Array, "labels"]


@jax.jit
def least_double_distillation_loss(teacher_probs: Labels, weights: Labels) -> Scalar:
    r"""Returns $H(p) + \sum_y p_y\log w_y$, the infimum of Eq. 13 over all scores.

    Args:
        teacher_probs: $p$, shape ``(labels,)``.
        weights: $w\ge0$.

    Returns:
        The infimum; $-\infty$ where a label with mass has no weight.

    Example:
        >>> half = jnp.array([0.5, 0.5])
        >>> print(f"{least_double_distillation_loss(half, half):.4f}")
        0.0000
    """
    return entropy(teacher_probs) + expected_log_weight(teacher_probs, weights)


@jax.jit
def expected_log_weight(probs: Labels, weights: Labels) -> Scalar:
    r"""Returns $\sum_y p_y\log w_y$, where labels without mass do not count.

    Args:
        probs: $p$, shape ``(labels,)``.
        weights: $w\ge0$.
    """
    positive = weights > 0
    logs = jnp.where(positive, jnp.log(jnp.where(positive, weights, 1.0)), -jnp.inf)
    return jnp.sum(jnp.where(probs > 0, probs * logs, 0.0))


@jax.jit
def offset_form(teacher_probs: Labels, weights: Labels, scores: Labels) -> Scalar:
    r"""Returns $\mathrm{KL}(p\|\mathrm{softmax}(f+\log w)) + H(p) + \sum_y p_y\log w_y$.

    Args:
        teacher_probs: $p$, shape ``(labels,)``.
        weights: $w>0$.
        scores: $f$.

    Returns:
        Eq. 13 as plain distillation of a student with offset logits.
    """
    divergence = kl_to_scores(teacher_probs, scores + jnp.log(weights))
    return divergence + least_double_distillation_loss(teacher_probs, weights)


def lead_of_rivals(scores: Labels) -> Scalar:
    r"""Returns $\max_{y'\ne y}f_{y'}-f_y$ for the first label $y$."""
    return jnp.max(scores[1:]) - scores[0]


@jax.jit
def fitted_law(
    counts: Float[Array, "3"],
    positions: Float[Array, "3"],
    teacher_weights: Float[Array, "labels 2"],
    direction: Labels,
    share: Scalar,
) -> tuple[Float[Array, "3 2"], Float[Array, "3 labels"], Float[Array, "3 labels"]]:
    r"""Returns three inputs, the teacher's probabilities there, and labels that it fits.

    The inputs have the features $\phi_n=(1,x_n)$, the teacher is $p_n=\mathrm{softmax}(\theta
    \phi_n)$. It is the maximum-likelihood fit to a sample with label frequencies $q_n$ iff
    $\sum_n c_n(p_n-q_n)\phi_n^\top=0$. Three points on a line leave one direction $v$ with
    $\sum_n v_n\phi_n=0$, so that all such frequencies are $c_nq_n=c_np_n+s\,v_nu^\top$ with
    $\sum_ku_k=0$ and $s$ small enough for them to be non-negative.

    Args:
        counts: $c>0$, how often each input is in the sample, in any unit.
        positions: $x$.
        teacher_weights: $\theta$, shape ``(labels, 2)``.
        direction: $u$, before its mean is taken out.
        share: $s$ as a share of the largest that is possible, in $[0, 1]$.

    Returns:
        The features, the teacher's probabilities, and the counts $c_nq_n$ of the labels.
    """
    features = jnp.stack([jnp.ones_like(positions), positions], axis=1)
    probs = jax.nn.softmax(features @ teacher_weights.T, axis=-1)
    # The differences of the other two positions, in cyclic order.
    null = jnp.roll(positions, -1) - jnp.roll(positions, -2)
    moved = null[:, None] * (direction - jnp.mean(direction))[None]
    joint = counts[:, None] * probs
    lost = moved < 0
    room = jnp.min(jnp.where(lost, joint / jnp.where(lost, -moved, 1.0), jnp.inf))
    scaled = jnp.where(jnp.isfinite(room), share * jnp.where(jnp.isfinite(room), room, 0.0), 0.0)
    return features, probs, joint + scaled * moved


def student_losses(
    features: Float[Array, "3 2"], student_weights: Float[Array, "labels 2"]
) -> Float[Array, "3 labels"]:
    """Returns the cross-entropy of a linear student for every input and label."""
    return softmax_cross_entropy(features @ student_weights.T)
