r"""Exact quantities of the room that are not plain risks: equality conditions, ERM, designs."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import InputWeights, LabelProbs, Losses, Scalar
from kdtheory.divergences import entropy, kl_to_scores
from kdtheory.losses import softmax_cross_entropy
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.risks import bayes_variance, label_variance, onehot_variance, population_risk
from kdtheory.theorems._enumeration import enumerated


@jax.jit
def variance_gap(
    input_weights: InputWeights,
    label_probs: LabelProbs,
    losses: Losses,
    num_samples: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns $\tfrac1N\,\mathbb E_x\sum_{j<k}p^*_jp^*_k(\ell_j-\ell_k)^2$, the gap of Lemma 1.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.
        num_samples: $N \ge 1$.

    Returns:
        $\mathbb V[\hat R] - \mathbb V[\hat R^*]$, exactly zero when losses agree on supports.

    Example:
        >>> one, half = jnp.ones(1), jnp.full((1, 2), 0.5)
        >>> float(variance_gap(one, half, jnp.array([[0.0, 1.0]])))
        0.25
    """
    return jnp.sum(input_weights * label_variance(label_probs, losses)) / num_samples


def onehot_minus_bayes(
    input_weights: InputWeights, label_probs: LabelProbs, losses: Losses, num_samples: Scalar
) -> Scalar:
    r"""Returns $\mathbb V[\hat R] - \mathbb V[\hat R^*]$ as the difference of the two variances."""
    onehot = onehot_variance(input_weights, label_probs, losses, num_samples)
    return onehot - bayes_variance(input_weights, label_probs, losses, num_samples)


@jax.jit
def support_spread(label_probs: LabelProbs, losses: Losses) -> InputWeights:
    r"""Returns $\max\ell - \min\ell$ over the support of $p^*(x_i)$, for every input.

    Args:
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.

    Returns:
        The spread, zero iff the losses are constant on the support.
    """
    inside = label_probs > 0
    top = jnp.max(jnp.where(inside, losses, -jnp.inf), axis=-1)
    return top - jnp.min(jnp.where(inside, losses, jnp.inf), axis=-1)


@jax.jit
def cross_entropy_risk(
    input_weights: InputWeights, label_probs: LabelProbs, scores: Losses
) -> Scalar:
    r"""Returns $\mathbb E_x[p^*(x)\cdot\ell(f(x))]$ for the softmax cross-entropy.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        scores: $f(x_i)$, shape ``(inputs, labels)``.

    Returns:
        The risk in nats.
    """
    return population_risk(input_weights, label_probs, softmax_cross_entropy(scores))


@jax.jit
def expected_kl(input_weights: InputWeights, label_probs: LabelProbs, scores: Losses) -> Scalar:
    r"""Returns $\mathbb E_x\,\mathrm{KL}(p^*(x)\,\|\,\mathrm{softmax} f(x))$ in nats.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        scores: $f(x_i)$, shape ``(inputs, labels)``.

    Returns:
        The expected divergence.
    """
    return jnp.sum(input_weights * kl_to_scores(label_probs, scores))


@jax.jit
def expected_entropy(input_weights: InputWeights, label_probs: LabelProbs) -> Scalar:
    r"""Returns $\mathbb E_x\,H(p^*(x)) = H(Y|X)$ in nats.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.

    Returns:
        The conditional entropy.
    """
    return jnp.sum(input_weights * entropy(label_probs))


def _sample_risks(
    problem: HypothesisProblem, distilled: bool
) -> tuple[Float[Array, "samples"], Float[Array, "hypotheses samples"]]:
    """Returns the probability of every sample, and each hypothesis' empirical risk on it."""
    num_labels = problem.label_probs.shape[1]
    joint = problem.input_weights[:, None] * problem.label_probs
    if distilled:
        weights, table = problem.input_weights, jnp.sum(problem.losses * problem.label_probs, -1)
    else:
        weights = joint.reshape(-1)
        table = problem.losses.reshape(len(problem.losses), -1)
    samples = enumerated(
        len(problem.input_weights) * (1 if distilled else num_labels), problem.num_samples
    )
    return jnp.prod(weights[samples], axis=1), jnp.mean(table[:, samples], axis=2)


@functools.partial(jax.jit, static_argnames="distilled")
def expected_empirical_risk(problem: HypothesisProblem, *, distilled: bool) -> Scalar:
    r"""Returns $\mathbb E_S$ of the first hypothesis' empirical risk, by enumeration of samples.

    Args:
        problem: a finite world with a static sample size.
        distilled: whether labels are replaced by $p^*$ (Eq. 7) or drawn (Eq. 3).

    Returns:
        The expectation over all samples of size $N$.

    Raises:
        ValueError: if there are too many samples to enumerate.
    """
    probability, risks = _sample_risks(problem, distilled)
    return jnp.sum(probability * risks[0])


def first_population_risk(problem: HypothesisProblem) -> Scalar:
    """Returns the population risk of the first hypothesis."""
    return population_risk(problem.input_weights, problem.label_probs, problem.losses[0])


@functools.partial(jax.jit, static_argnames="distilled")
def erm_excess_risk(problem: HypothesisProblem, *, distilled: bool) -> Scalar:
    r"""Returns the expected excess population risk of the empirical minimiser.

    Args:
        problem: a finite world with a finite class and a static sample size.
        distilled: whether the minimiser is that of $\hat R^*$ (Eq. 7) or of $\hat R$ (Eq. 3).

    Returns:
        $\mathbb E_S[R(\hat f_S)] - \min_f R(f) \ge 0$; ties go to the first hypothesis.

    Raises:
        ValueError: if there are too many samples to enumerate.
    """
    probability, risks = _sample_risks(problem, distilled)
    population = jnp.sum(
        problem.input_weights[:, None] * problem.label_probs * problem.losses, axis=(1, 2)
    )
    excess = population - jnp.min(population)
    return jnp.sum(probability * excess[jnp.argmin(risks, axis=0)])


@jax.jit
def design_variances(
    design_weights: Float[Array, "designs"],
    designs: Float[Array, "designs samples"],
    label_probs: LabelProbs,
    losses: Losses,
) -> tuple[Scalar, Scalar]:
    r"""Returns $\mathbb V[\hat R^*]$ and $\mathbb V[\hat R]$ for inputs with any joint law.

    Labels are drawn independently given the inputs; the inputs $x_1..x_N$ need not be independent.

    Args:
        design_weights: law over designs, shape ``(designs,)``.
        designs: input indices of each design, whole numbers, shape ``(designs, samples)``.
        label_probs: $p^*$, shape ``(inputs, labels)``.
        losses: $\ell$, shape ``(inputs, labels)``.

    Returns:
        The variance of the Bayes-distilled and of the one-hot empirical risk.
    """
    chosen = designs.astype(int)
    conditional = jnp.sum(label_probs * losses, axis=-1)
    means = jnp.mean(conditional[chosen], axis=1)
    centre = jnp.sum(design_weights * means)
    second = jnp.sum(label_probs * (losses - centre) ** 2, axis=-1)
    between = jnp.sum(design_weights * (means - centre) ** 2)
    # E (R^ - R)^2 given a design: the diagonal has second moments, all other pairs factorise.
    deviation = conditional[chosen] - centre
    num_samples = designs.shape[1]
    diagonal = jnp.sum(second[chosen] - deviation**2, axis=1) / num_samples**2
    total = jnp.sum(design_weights * (jnp.mean(deviation, axis=1) ** 2 + diagonal))
    return between, total
