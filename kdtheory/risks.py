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
    distilled = jnp.sum(teacher_probs * losses[None], axis=-1)
    weight = teacher_weights[:, None] * input_weights[None]
    mean = jnp.sum(weight * distilled)
    variance = jnp.sum(weight * (distilled - mean) ** 2)
    mean_teacher = jnp.tensordot(teacher_weights, teacher_probs, 1)
    bias = jnp.sum(input_weights[:, None] * (mean_teacher - label_probs) * losses)
    return variance / num_samples + bias**2
