r"""Distillation for multiclass retrieval (Menon et al., Section 4): losses, weights, precision.

All take batches, the labels along the last axis, and can be differentiated in every argument.
Scores may be large; weights may be tiny, or zero: a label of weight zero is no negative at all.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory.losses import top_k_error


@jax.jit
def weighted_log_sum_exp(
    scores: Float[Array, "*batch labels"], weights: Float[Array, "*batch labels"]
) -> Float[Array, "*batch"]:
    r"""Returns $\log\sum_k w_k e^{f_k}$, the log-partition that all losses here share.

    Args:
        scores: $f$; a score of $-\infty$ is a label that is masked.
        weights: $w\ge0$, of any sum.

    Returns:
        The logarithm; $-\infty$ where no label has weight. Its gradient is finite wherever the
        value is, also in a weight that is zero (save that it stops at the largest float).

    Example:
        >>> float(weighted_log_sum_exp(jnp.array([1000.0, 2.0]), jnp.array([0.0, 1.0])))
        2.0
    """
    log_sum, shift = _shifted_log_sum(scores, weights)
    return jnp.squeeze(log_sum + shift, -1)


def _shifted_log_sum(
    scores: Float[Array, "*batch labels"], weights: Float[Array, "*batch labels"]
) -> tuple[Float[Array, "*batch 1"], Float[Array, "*batch 1"]]:
    r"""Returns $\log\sum_k w_k e^{f_k-s}$ and the shift $s$, the largest $f_k+\log w_k$.

    Apart, so that a large shift is subtracted from a large score before anything small is added.
    """
    weighted = weights > 0
    logs = jnp.log(jnp.where(weighted, weights, 1.0))
    largest = jnp.max(jnp.where(weighted, scores + logs, -jnp.inf), axis=-1, keepdims=True)
    shift = jax.lax.stop_gradient(jnp.where(jnp.isfinite(largest), largest, 0.0))
    # Where a label has weight, w e^(f - shift) <= 1 and nothing is cut; where it has none, the
    # exponential stands in the derivative in its weight only.
    most = math.log(float(jnp.finfo(scores.dtype).max)) - 1.0
    terms = weights * jnp.exp(jnp.minimum(scores - shift, most))
    return jnp.log(jnp.sum(terms, axis=-1, keepdims=True)), shift


@jax.jit
def generalised_softmax_cross_entropy(
    scores: Float[Array, "*batch labels"], weights: Float[Array, "*batch labels"]
) -> Float[Array, "*batch labels"]:
    r"""Returns $\ell(y,f) = \log\sum_{y'} w_{y'}e^{f_{y'}-f_y}$ for every $y$ (Eq. 12).

    With a distribution $w = P(x)$ it is Eq. 12; uniform weights $1/L$ give the softmax
    cross-entropy minus $\log L$, and weights of one the cross-entropy itself. It is at least
    $\log w_y$, hence negative for some scores, and unbounded below where $w_y=0$.

    Args:
        scores: $f(x)$.
        weights: $w(x)\ge0$, how much each label counts as a negative; they need not sum to one.

    Returns:
        The loss for each possible label.

    Example:
        >>> loss = generalised_softmax_cross_entropy(jnp.array([5.0, 1.0]), jnp.array([0.0, 1.0]))
        >>> loss.tolist()
        [-4.0, 0.0]
    """
    log_sum, shift = _shifted_log_sum(scores, weights)
    return log_sum + (shift - scores)


@jax.jit
def double_distillation_loss(
    scores: Float[Array, "*batch labels"],
    teacher_probs: Float[Array, "*batch labels"],
    weights: Float[Array, "*batch labels"],
) -> Float[Array, "*batch"]:
    r"""Returns $\sum_y p_y\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}$, the summand of Eq. 13.

    It equals $\mathrm{KL}(p\,\|\,\mathrm{softmax}(f+\log w)) + H(p) + \sum_y p_y\log w_y$: plain
    distillation of a student whose logits are offset by $\log w$. Its minimiser is
    `double_distillation_minimiser`.

    Args:
        scores: the student's $f(x)$.
        teacher_probs: $p^{\mathrm t}(x)$, the weights of the positives, summing to one.
        weights: $w(x) = \Psi(p^{\mathrm t}(x))\ge0$, the weights of the negatives, such as
            $1-p^{\mathrm t}(x)$ or `negative_weights`.

    Returns:
        The loss of each example; the objective is its mean over the sample.

    Example:
        >>> probs = jnp.array([0.75, 0.25])
        >>> print(f"{double_distillation_loss(jnp.array([2.0, 0.0]), probs, 1.0 - probs):.4f}")
        -0.5455
    """
    loss = generalised_softmax_cross_entropy(scores, weights)
    # A masked label (a score of minus infinity) costs nothing unless the teacher gives it mass.
    return jnp.sum(jnp.where(teacher_probs != 0, teacher_probs * loss, 0.0), axis=-1)


@jax.jit
def double_distillation_minimiser(
    teacher_probs: Float[Array, "*batch labels"], weights: Float[Array, "*batch labels"]
) -> Float[Array, "*batch labels"]:
    r"""Returns $f_y = \log(p_y/w_y)$, which minimises Eq. 13 over all scores.

    The minimisers are these and what differs from them by a constant. For weights $w=\Psi(p)$ with
    a positive decreasing $\Psi$ they rank the labels as $p$ does; $w=1-p$ gives the log odds.

    Args:
        teacher_probs: $p^{\mathrm t}(x)$.
        weights: $w(x)>0$.

    Returns:
        The scores; $-\infty$ where the teacher gives no mass, and $\infty$ where a label with mass
        has no weight: there the loss is not bounded below.

    Example:
        >>> double_distillation_minimiser(jnp.array([0.5, 0.5]), jnp.array([0.5, 0.5])).tolist()
        [0.0, 0.0]
    """
    return jnp.log(teacher_probs) - jnp.log(weights)


@jax.jit
def negative_weights(
    teacher_scores: Float[Array, "*batch labels"], scaling: Float[Array, ""] | float = 1.0
) -> Float[Array, "*batch labels"]:
    r"""Returns $1-\sigma(a\,s_y(x))$, the weights that let several labels be ignored (Section 4.1).

    Args:
        teacher_scores: the teacher's logits $s(x)$.
        scaling: $a>0$.

    Returns:
        Weights in $[0, 1]$, evaluated as $\sigma(-a s)$: accurate where they are tiny.

    Example:
        >>> negative_weights(jnp.array([0.0, 1e4])).tolist()
        [0.5, 0.0]
    """
    return jax.nn.sigmoid(-scaling * teacher_scores)


@jax.jit
def margin_loss(
    scores: Float[Array, "*batch labels"], inverse_temperature: Float[Array, ""] | float
) -> Float[Array, "*batch labels"]:
    r"""Returns $\tfrac1\gamma\log\sum_{y'}e^{\gamma(f_{y'}-f_y)}$ for every $y$ (Section 4.1).

    For $\gamma\to\infty$ it decreases to $\max_{y'}f_{y'}-f_y\ge0$, within $\log(L)/\gamma$; for
    $\gamma\to0$ it tends to infinity (unless $L=1$). Accurate also where it is tiny.

    Args:
        scores: $f(x)$.
        inverse_temperature: $\gamma>0$.

    Returns:
        The loss for each possible label.

    Example:
        >>> [f"{loss:.4f}" for loss in margin_loss(jnp.array([3.0, 0.0]), 2.0).tolist()]
        ['0.0012', '3.0012']
    """
    num_labels = scores.shape[-1]
    others = ~jnp.eye(num_labels, dtype=bool)
    ahead = inverse_temperature * (scores[..., None, :] - scores[..., :, None])
    rivals = jax.nn.logsumexp(jnp.where(others, ahead, -jnp.inf), axis=-1)
    return jax.nn.softplus(rivals) / inverse_temperature


@functools.partial(jax.jit, static_argnames="k")
def precision_at_k(
    scores: Float[Array, "*batch labels"], relevant: Bool[Array, "*batch labels"], *, k: int = 1
) -> Float[Array, "*batch"]:
    r"""Returns the share of $k$ retrieved labels that are relevant (P@k).

    Labels tied at the cut count as not retrieved, as in `kdtheory.losses.top_k_error`: the measure
    does not depend on an order of labels, and a constant score earns nothing.

    Args:
        scores: $f(x)$.
        relevant: which labels are.
        k: how many labels are retrieved.

    Returns:
        The precision of each example, in $[0, 1]$.

    Example:
        >>> relevant = jnp.array([[True, False, True], [True, False, True]])
        >>> precision_at_k(jnp.array([[3.0, 2.0, 1.0], [1.0, 1.0, 1.0]]), relevant).tolist()
        [1.0, 0.0]
    """
    retrieved = 1.0 - top_k_error(scores, k=k)
    return jnp.sum(jnp.where(relevant, retrieved, 0.0), axis=-1) / k
