r"""Exact failure probabilities of bounds that hold with high probability.

The inputs of a finite world have weights $\pi_i$; functions are given by their values $h_f(x_i)$.
What a bound says of a sample depends only on how often each input occurs, so that its failure
probability is a sum over the types of the sample, weighted by their multinomial probabilities.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory._types import InputWeights, Scalar
from kdtheory.objects import datasets
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.objects.processes import sample_log_weights
from kdtheory.theorems._enumeration import enumerated

Values = Float[Array, "hypotheses inputs"]
OfTypes = Float[Array, "types hypotheses"]

MAX_COVERED = 12


@functools.partial(jax.jit, static_argnames="num_samples")
def sample_statistics(
    input_weights: InputWeights, values: Values, *, num_samples: int
) -> tuple[Float[Array, "types"], OfTypes, OfTypes]:
    r"""Returns every type's probability, $Ph-P_nh$, and the unbiased sample variance.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        values: $h_f(x_i)$, shape ``(hypotheses, inputs)``.
        num_samples: $n\ge2$.

    Returns:
        Three arrays with one row per type, in the order of `kdtheory.objects.datasets.types`.

    Raises:
        InputError: if there are too many types to enumerate.
    """
    counts = datasets.types(len(input_weights), num_samples)
    shares = jnp.asarray(counts / num_samples, values.dtype)
    probs = jnp.exp(sample_log_weights(input_weights, num_samples=num_samples))
    return probs, *statistics_of_shares(input_weights, values, shares, num_samples)


def statistics_of_shares(
    input_weights: InputWeights,
    values: Values,
    shares: Float[Array, "types inputs"],
    num_samples: int,
) -> tuple[OfTypes, OfTypes]:
    r"""Returns $Ph-P_nh$ and the unbiased variance of samples with these shares of the inputs."""
    # A constant added to a function changes neither: taken out beforehand, it costs no precision.
    centred = values - jnp.min(values, axis=1, keepdims=True)
    gaps = (input_weights - shares) @ centred.T
    deviations = centred[None] - (shares @ centred.T)[:, :, None]
    variances = jnp.einsum("ti,tfi->tf", shares, deviations**2) * num_samples / (num_samples - 1)
    return gaps, variances


@functools.partial(jax.jit, static_argnames=("num_samples", "penalty"))
def failure_probability(
    input_weights: InputWeights,
    values: Values,
    level: Scalar | float,
    class_size: Scalar | float = 1.0,
    excess: Float[Array, "hypotheses"] | float = 0.0,
    *,
    num_samples: int,
    penalty: Callable[..., Any],
) -> Scalar:
    r"""Returns the chance that $Ph_f + e_f > P_nh_f + \mathrm{penalty}(V_n(h_f))$ for some $f$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        values: $h_f(x_i)$, shape ``(hypotheses, inputs)``.
        level: $\delta$, the failure probability that the penalty is meant for.
        class_size: the size or the covering number that the penalty is meant for.
        excess: $e_f$, what the bound has to exceed besides $Ph_f$.
        num_samples: $n\ge2$.
        penalty: (variance, n, delta, class size) -> penalty, such as
            `kdtheory.concentration.empirical_bernstein_penalty`.

    Returns:
        The probability, exact: a sum over all types of the sample.

    Raises:
        InputError: if there are too many types; `failure_interval` draws samples instead.

    Example:
        >>> from kdtheory.concentration import empirical_bernstein_penalty
        >>> coin, sides = jnp.array([0.5, 0.5]), jnp.array([[0.0, 1.0]])
        >>> with jax.enable_x64(True):  # no head, or one, in ten: 11/1024
        ...     chance = failure_probability(
        ...         coin, sides, 0.9, num_samples=10, penalty=empirical_bernstein_penalty)
        >>> print(f"{1024 * chance:.3f}")
        11.000
    """
    probs, gaps, variances = sample_statistics(input_weights, values, num_samples=num_samples)
    allowed = penalty(variances, num_samples, level, class_size)
    return jnp.sum(jnp.where(jnp.any(gaps + excess > allowed, axis=1), probs, 0.0))


@functools.partial(jax.jit, static_argnames="num_samples")
def bernstein_failure(
    input_weights: InputWeights, values: Values, level: Scalar, *, num_samples: int
) -> Scalar:
    r"""Returns the chance that $Ph-P_nh > \sqrt{2\,\mathbb V[h]\,t/n}+t/(3n)$, $t=\log(1/\delta)$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        values: $h_f(x_i)\in[0,1]$; the first function counts.
        level: $\delta$.
        num_samples: $n\ge2$.

    Returns:
        The probability, exact.
    """
    probs, gaps, _ = sample_statistics(input_weights, values[:1], num_samples=num_samples)
    t = -jnp.log(level)
    variance = population_variance(input_weights, values[0])
    allowed = jnp.sqrt(2.0 * variance * t / num_samples) + t / (3.0 * num_samples)
    return jnp.sum(jnp.where(gaps[:, 0] > allowed, probs, 0.0))


@functools.partial(jax.jit, static_argnames=("num_samples", "sign"))
def deviation_failure(
    input_weights: InputWeights, values: Values, level: Scalar, *, num_samples: int, sign: float
) -> Scalar:
    r"""Returns the chance that $\pm(\sqrt{\mathbb V[h]}-\sqrt{V_n})$ exceeds its bound.

    The bound is $\sqrt{2\log(1/\delta)/(n-1)}$.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        values: $h_f(x_i)\in[0,1]$; the first function counts.
        level: $\delta$.
        num_samples: $n\ge2$.
        sign: 1.0 for a sample deviation that is too small, -1.0 for one that is too large.

    Returns:
        The probability, exact.
    """
    probs, _, variances = sample_statistics(input_weights, values[:1], num_samples=num_samples)
    truth = jnp.sqrt(population_variance(input_weights, values[0]))
    short = sign * (truth - jnp.sqrt(variances[:, 0]))
    allowed = jnp.sqrt(-2.0 * jnp.log(level) / (num_samples - 1))
    return jnp.sum(jnp.where(short > allowed, probs, 0.0))


def population_variance(input_weights: InputWeights, values: Float[Array, "inputs"]) -> Scalar:
    r"""Returns $\mathbb V_x[h(x)]$."""
    return jnp.sum(input_weights * (values - jnp.sum(input_weights * values)) ** 2)


@jax.jit
def covering_number(values: Values, radius: Scalar | float) -> Scalar:
    r"""Returns how many of the functions it takes to have one within a radius of each.

    The distance is the largest difference over all inputs: as soon as $2n$ is at least the number
    of inputs, this is $\mathcal N_\infty(\epsilon,\mathcal H,2n)$ with centres in the class.

    Args:
        values: $h_f(x_i)$, shape ``(hypotheses, inputs)``, at most `MAX_COVERED` of them.
        radius: $\epsilon$.

    Returns:
        The number, found by trying every subset.

    Raises:
        ValueError: if there are more functions.

    Example:
        >>> float(covering_number(jnp.array([[0.0], [0.5], [1.0]]), 0.5))
        1.0
    """
    size = len(values)
    if size > MAX_COVERED:
        raise ValueError(
            f"values: got {size} functions; expected at most {MAX_COVERED}. Use their number, "
            "which is an upper bound."
        )
    subsets = np.array(list(itertools.product([False, True], repeat=size)))
    near = jnp.max(jnp.abs(values[:, None] - values[None]), axis=2) <= radius
    covered = jnp.any(jnp.asarray(subsets)[:, :, None] & near[None], axis=1)
    sizes = jnp.asarray(subsets.sum(axis=1), values.dtype)
    return jnp.min(jnp.where(jnp.all(covered, axis=1), sizes, float(size)))


def bayes_values(problem: HypothesisProblem) -> Values:
    r"""Returns $h_f(x_i)=p^*(x_i)\cdot\ell(f(x_i))$ of every hypothesis."""
    return jnp.sum(problem.label_probs * problem.losses, axis=2)


@jax.jit
def sample_variances(
    problem: HypothesisProblem,
) -> tuple[Float[Array, "samples"], Float[Array, "samples"], Float[Array, "samples"]]:
    r"""Returns every sample's probability, and the variances of its losses with either label.

    Args:
        problem: a finite world with a static sample size; its first hypothesis counts.

    Returns:
        The probability, $V^*_N$ of the losses $p^*(x_n)\cdot\ell(f(x_n))$, and $V_N$ of the losses
        $\ell(y_n,f(x_n))$, both unbiased, one entry per sequence of examples.

    Raises:
        ValueError: if there are too many samples to enumerate.
    """
    num_inputs, num_labels = problem.label_probs.shape
    samples = enumerated(num_inputs * num_labels, problem.num_samples)
    joint = (problem.input_weights[:, None] * problem.label_probs).reshape(-1)
    bayes = jnp.repeat(bayes_values(problem)[0], num_labels)
    drawn = problem.losses[0].reshape(-1)
    variances = [jnp.var(table[samples], axis=1, ddof=1) for table in (bayes, drawn)]
    return jnp.prod(joint[samples], axis=1), variances[0], variances[1]


@jax.jit
def expected_variances(problem: HypothesisProblem) -> tuple[Scalar, Scalar]:
    r"""Returns $\mathbb E\,V^*_N$ and $\mathbb E\,V_N$, over every sample.

    Args:
        problem: a finite world with a static sample size; its first hypothesis counts.
    """
    probs, bayes, drawn = sample_variances(problem)
    return jnp.sum(probs * bayes), jnp.sum(probs * drawn)


@jax.jit
def expected_excess_of_bayes(problem: HypothesisProblem) -> Scalar:
    r"""Returns $\mathbb E\,\max(V^*_N - V_N, 0)$, zero iff $V^*_N\le V_N$ on almost every sample.

    Args:
        problem: a finite world with a static sample size; its first hypothesis counts.
    """
    probs, bayes, drawn = sample_variances(problem)
    return jnp.sum(probs * jnp.maximum(bayes - drawn, 0.0))
