r"""Risks of one predictor in a finite world, and their variances over the draw of a sample.

A finite world has inputs $x_i$ with weights $\pi_i$, Bayes label probabilities $p^*_i$, and a loss
row $\ell_i = (\ell(1,f(x_i)),\dots,\ell(L,f(x_i)))$ of one fixed predictor. Write
$h_i = p^*_i\cdot\ell_i$. Everything is a finite sum; variances are centred before squaring, so
that large losses with a small spread lose nothing.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from kdtheory._types import (
    InputWeights,
    LabelProbs,
    Losses,
    Scalar,
    TeacherProbs,
    TeacherWeights,
)


def _masked(probs: LabelProbs, values: Losses) -> Losses:
    """Drops the value of a label without mass, so that an infinite loss there counts as 0."""
    return jnp.where(probs != 0, values, 0.0)


def _conditional_risks(label_probs: LabelProbs, losses: Losses) -> InputWeights:
    r"""Returns $h_i = p_i\cdot\ell_i$ for every input."""
    return jnp.sum(label_probs * _masked(label_probs, losses), axis=-1)


@jax.jit
def population_risk(input_weights: InputWeights, label_probs: LabelProbs, losses: Losses) -> Scalar:
    r"""Returns $R(f) = \mathbb E_x[p^*(x)\cdot\ell(f(x))]$ (Menon et al., Eqs. 1 and 6).

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``; an infinite loss is allowed where the label has
            no mass.

    Returns:
        The population risk, in the unit of the losses.
    """
    return jnp.sum(input_weights * _conditional_risks(label_probs, losses))


@jax.jit
def onehot_variance(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb V_S[\hat R(f;S)] = \tfrac1N\,\mathbb V_{x,y}[\ell(y,f(x))]$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        The variance of the one-hot empirical risk of an i.i.d. sample.
    """
    risk = population_risk(input_weights, label_probs, losses)
    centred = _masked(label_probs, losses - risk)
    return jnp.sum(input_weights[:, None] * label_probs * centred**2) / num_samples


@jax.jit
def bayes_variance(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb V_S[\hat R^*(f;S)] = \tfrac1N\,\mathbb V_x[p^*(x)\cdot\ell(f(x))]$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        The variance of the Bayes-distilled empirical risk of an i.i.d. sample.
    """
    conditional = _conditional_risks(label_probs, losses)
    centred = conditional - jnp.sum(input_weights * conditional)
    return jnp.sum(input_weights * centred**2) / num_samples


@jax.jit
def label_variance(label_probs: LabelProbs, losses: Losses) -> InputWeights:
    r"""Returns $\mathbb V_{y|x_i}[\ell] = \sum_{j<k} p_{ij}p_{ik}(\ell_{ij}-\ell_{ik})^2$.

    The pairwise form is exactly zero when the losses agree on the support, and never negative.

    Args:
        label_probs: $p$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.

    Returns:
        The conditional variance for every input.
    """
    values = _masked(label_probs, losses)
    difference = values[:, :, None] - values[:, None, :]
    weight = label_probs[:, :, None] * label_probs[:, None, :]
    return 0.5 * jnp.sum(weight * difference**2, axis=(1, 2))


@jax.jit
def teacher_bias(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    teacher_probs: TeacherProbs,
) -> TeacherWeights:
    r"""Returns $b_\tau = \mathbb E_x[(p_\tau(x) - p^*(x))\cdot\ell(f(x))]$ for every draw.

    The losses enter relative to their mean under $p^*(x)$, which changes nothing since differences
    of distributions sum to zero: a large loss common to all labels is not rounded into the bias.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.

    Returns:
        The error of each teacher's distilled population risk, in the unit of the losses.

    Example:
        >>> one, losses = jnp.ones(1), jnp.array([[0.0, 1.0]])
        >>> teacher_bias(one, jnp.array([[1.0, 0.0]]), losses, jnp.array([[[0.75, 0.25]]])).tolist()
        [0.25]
    """
    relative = losses - _conditional_risks(label_probs, losses)[:, None]
    difference = teacher_probs - label_probs[None]
    return jnp.sum(input_weights[None, :, None] * difference * relative[None], axis=(1, 2))


@jax.jit
def teacher_variances(
    input_weights: InputWeights, losses: Losses, teacher_probs: TeacherProbs
) -> TeacherWeights:
    r"""Returns $v_\tau = \mathbb V_x[p_\tau(x)\cdot\ell(f(x))]$ for every draw of the teacher.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.

    Returns:
        N times the variance of each teacher's distilled empirical risk.
    """
    distilled = jnp.sum(teacher_probs * losses[None], axis=-1)
    means = jnp.sum(input_weights[None] * distilled, axis=1)
    return jnp.sum(input_weights[None] * (distilled - means[:, None]) ** 2, axis=1)


@jax.jit
def joint_variance(
    input_weights: InputWeights,
    losses: Losses,
    teacher_weights: TeacherWeights,
    teacher_probs: TeacherProbs,
) -> Scalar:
    r"""Returns $\mathbb V_{x,\tau}[p_\tau(x)\cdot\ell(f(x))]$, over inputs and teacher draws.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_weights: law $w$ of the teacher draw, shape ``(teachers,)``.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.

    Returns:
        The variance; for a fixed teacher it is that of `teacher_variances`.
    """
    distilled = jnp.sum(teacher_probs * losses[None], axis=-1)
    weight = teacher_weights[:, None] * input_weights[None]
    mean = jnp.sum(weight * distilled)
    return jnp.sum(weight * (distilled - mean) ** 2)


@jax.jit
def distilled_mse_fixed(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    teacher_probs: LabelProbs,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2 = \tfrac1N v + b^2$ for a teacher that does not vary.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_probs: $p^{\mathrm t}$, shape ``(inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        The mean squared error of the distilled empirical risk.
    """
    table = teacher_probs[None]
    variance = teacher_variances(input_weights, losses, table)[0]
    bias = teacher_bias(input_weights, label_probs, losses, table)[0]
    return variance / num_samples + bias**2


@jax.jit
def distilled_mse_shared(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    teacher_weights: TeacherWeights,
    teacher_probs: TeacherProbs,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ when one teacher is drawn for the whole sample.

    The terms of $\tilde R$ are independent given the teacher only: the error is
    $\mathbb E_\tau[\tfrac1N v_\tau + b_\tau^2]$, whose second part does not vanish with $N$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_weights: law $w$ of the teacher draw, shape ``(teachers,)``.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        The mean squared error of the distilled empirical risk.

    Example:
        >>> one, coin, losses = jnp.ones(1), jnp.array([[0.5, 0.5]]), jnp.array([[0.0, 1.0]])
        >>> law, tables = jnp.array([0.5, 0.5]), jnp.array([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> float(distilled_mse_shared(one, coin, losses, law, tables, 100.0))
        0.25
    """
    variances = teacher_variances(input_weights, losses, teacher_probs)
    bias = teacher_bias(input_weights, label_probs, losses, teacher_probs)
    return jnp.sum(teacher_weights * (variances / num_samples + bias**2))


@jax.jit
def distilled_mse_fresh(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    teacher_weights: TeacherWeights,
    teacher_probs: TeacherProbs,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\mathbb E(\tilde R - R)^2$ when the teacher is drawn afresh for every sample point.

    With $g_{\tau,i} = p_{\tau,i}\cdot\ell_i$ the terms of $\tilde R$ are independent: the error is
    $\tfrac1N\mathbb V_{x,\tau}[g] + (\mathbb E_{x,\tau}\,g - R)^2$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``, finite.
        teacher_weights: law $w$ of the teacher draw, shape ``(teachers,)``.
        teacher_probs: $p_\tau$, shape ``(teachers, inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        The mean squared error of the distilled empirical risk.
    """
    variance = joint_variance(input_weights, losses, teacher_weights, teacher_probs)
    bias = teacher_bias(input_weights, label_probs, losses, teacher_probs)
    return variance / num_samples + jnp.sum(teacher_weights * bias) ** 2


def sharp_constant(num_labels: int) -> float:
    r"""Returns $C^*(L) = \lfloor L/2\rfloor\lceil L/2\rceil / L$.

    It is the smallest constant with $((p-q)\cdot\ell)^2 \le B^2 C\,\|p-q\|_2^2$ for all
    distributions $p, q$ on $L$ labels and all losses of range $B$: differences of distributions sum
    to zero, so that only $\ell$ minus its mean counts, and $\|\ell - \bar\ell\|_2^2$ is largest
    for the indicator of half of the labels.

    Args:
        num_labels: $L \ge 1$.

    Returns:
        $L/4$ for even $L$, $(L^2-1)/(4L)$ for odd $L$.

    Example:
        >>> sharp_constant(2), sharp_constant(6)
        (0.5, 1.5)
    """
    half = num_labels // 2
    return half * (num_labels - half) / num_labels


def sharp_constant_vertex(num_labels: int) -> float:
    r"""Returns $(L-1)/L$, the constant of `sharp_constant` when $p$ is a point mass.

    Mass can then only be taken from one label: the difference points furthest along the losses,
    for its length, when it is given to all others alike.

    Args:
        num_labels: $L \ge 1$.

    Returns:
        The constant, below `sharp_constant` from four labels on.

    Example:
        >>> sharp_constant_vertex(4)
        0.75
    """
    return (num_labels - 1) / num_labels
