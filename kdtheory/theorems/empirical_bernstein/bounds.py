r"""The failure probabilities of the room's bounds, in a world of `worlds`.

The losses are in $[0,1]$, so that no risk exceeds 1: a penalty of 1 or more cannot fail.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import Scalar, TeacherProbs, TeacherWeights
from kdtheory.concentration import (
    empirical_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.divergences import euclidean_distance, total_variation
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems.bias_variance.bounds import expected_distance
from kdtheory.theorems.empirical_bernstein.formulas import (
    Values,
    bayes_values,
    covering_number,
    failure_probability,
)

OtherTables = Float[Array, "others inputs labels"]

KAPPA = 1.0 + math.log(10.0) / math.log(2.0)
r"""$\log(10M/\delta)\le\kappa\log(M/\delta)$ wherever $M/\delta\ge2$."""


@jax.jit
def literal_penalty(
    sample_variance: Any, num_samples: Any, failure_probability: Any, covering_number: Any
) -> Any:
    r"""Returns Proposition 2's $O(\cdot)$ with constants that follow from Maurer and Pontil's.

    $\sqrt{18\cdot\tfrac{16}{15}\kappa\,V\log(M/\delta)/N} + 16\kappa\log(M/\delta)/N$ with the
    variance $V=\tfrac{N-1}NV_N$ over $N$ and $\kappa=1+\log10/\log2$: it exceeds
    `uniform_bernstein_penalty` for $N\ge16$, and 1 below.

    Args:
        sample_variance: $V_N$, unbiased.
        num_samples: $N$.
        failure_probability: $\delta\le M/2$.
        covering_number: $M$.

    Returns:
        The penalty for losses in $[0,1]$.
    """
    t = KAPPA * (jnp.log(covering_number) - jnp.log(failure_probability))
    biased = sample_variance * (num_samples - 1.0) / num_samples
    return jnp.sqrt(19.2 * biased * t / num_samples) + 16.0 * t / num_samples


def failure_of_single(problem: HypothesisProblem, level: Scalar) -> Scalar:
    """Returns the failure probability of Theorem 4 for the first hypothesis."""
    return failure_probability(
        problem.input_weights,
        bayes_values(problem)[:1],
        level,
        num_samples=problem.num_samples,
        penalty=empirical_bernstein_penalty,
    )


def failure_of_class(problem: HypothesisProblem, level: Scalar) -> Scalar:
    """Returns the failure probability of Theorem 4 with a union bound over all hypotheses."""
    return failure_probability(
        problem.input_weights,
        bayes_values(problem),
        level,
        float(len(problem.losses)),
        num_samples=problem.num_samples,
        penalty=empirical_bernstein_penalty,
    )


def covering_number_of(values: Values, num_samples: int) -> Scalar:
    r"""Returns $\mathcal N_\infty(1/N,\mathcal H,2N)$ of a class on at most $2N$ inputs."""
    return covering_number(values, 1.0 / num_samples)


def failure_of_uniform(
    problem: HypothesisProblem, level: Scalar, *, penalty: Callable[..., Any]
) -> Scalar:
    """Returns the failure probability of a bound for all hypotheses, by its covering number."""
    values = bayes_values(problem)
    return failure_probability(
        problem.input_weights,
        values,
        level,
        covering_number_of(values, problem.num_samples),
        num_samples=problem.num_samples,
        penalty=penalty,
    )


def all_tables(problem: HypothesisProblem, other_probs: OtherTables) -> Any:
    """Returns the tables of a teacher whose first one is p*."""
    return jnp.concatenate([problem.label_probs[None], other_probs])


def _teacher_values(problem: HypothesisProblem, teacher_probs: TeacherProbs) -> Any:
    """Returns the distilled losses of every draw of the teacher, hypothesis and input."""
    return jnp.einsum("tik,fik->tfi", teacher_probs, problem.losses)


def norm_penalties(problem: HypothesisProblem, teacher_probs: TeacherProbs) -> TeacherWeights:
    r"""Returns $\sqrt L\,B\,\mathbb E_x\|p_\tau-p^*\|_2$ for losses in $[0,B]$, $B=1$ (Eq. 15)."""
    world = problem.input_weights, problem.label_probs, teacher_probs
    constant = math.sqrt(teacher_probs.shape[2])
    return constant * expected_distance(*world, distance=euclidean_distance)


def tv_penalties(problem: HypothesisProblem, teacher_probs: TeacherProbs) -> TeacherWeights:
    r"""Returns $B\,\mathbb E_x\mathrm{TV}(p_\tau,p^*)$, $B=1$, whatever the number of labels."""
    world = problem.input_weights, problem.label_probs, teacher_probs
    return expected_distance(*world, distance=total_variation)


def _taught_failures(
    problem: HypothesisProblem,
    teacher_probs: TeacherProbs,
    allowances: TeacherWeights,
    level: Scalar,
    class_sizes: TeacherWeights,
    penalty: Callable[..., Any],
) -> TeacherWeights:
    """Returns the failure probability given every draw of the teacher, with its allowance."""
    values = _teacher_values(problem, teacher_probs)
    risks = bayes_values(problem) @ problem.input_weights
    excess = risks[None] - values @ problem.input_weights - allowances[:, None]
    failing = functools.partial(
        failure_probability, num_samples=problem.num_samples, penalty=penalty
    )
    over_teachers = jax.vmap(failing, in_axes=(None, 0, None, 0, 0))
    return over_teachers(problem.input_weights, values, level, class_sizes, excess)


def _covering_numbers(problem: HypothesisProblem, teacher_probs: TeacherProbs) -> TeacherWeights:
    values = _teacher_values(problem, teacher_probs)
    return jax.vmap(lambda table: covering_number_of(table, problem.num_samples))(values)


@jax.jit
def prop5_conditional_failure(
    problem: HypothesisProblem,
    teacher_weights: TeacherWeights,
    other_probs: OtherTables,
    level: Scalar,
) -> Scalar:
    r"""Returns the largest failure probability of Proposition 5 given a draw of the teacher.

    Args:
        problem: a finite world with a class of hypotheses.
        teacher_weights: the law of the draw $\tau$, which does not matter.
        other_probs: $p_\tau$ for all $\tau$ but the first, whose table is $p^*$.
        level: $\delta$.

    Returns:
        $\max_\tau\mathbb P_S(\cdot\,|\,\tau)$, each draw paying for its own distance to $p^*$.
    """
    teacher_probs = all_tables(problem, other_probs)
    failures = _taught_failures(
        problem,
        teacher_probs,
        norm_penalties(problem, teacher_probs),
        level,
        _covering_numbers(problem, teacher_probs),
        uniform_bernstein_penalty,
    )
    return jnp.max(failures)


@jax.jit
def prop5_averaged_failure(
    problem: HypothesisProblem,
    teacher_weights: TeacherWeights,
    other_probs: OtherTables,
    level: Scalar,
    factor: Scalar | float = 1.0,
) -> Scalar:
    r"""Returns the failure probability of Proposition 5 with its penalty averaged over the teacher.

    Args:
        problem: a finite world with a class of hypotheses.
        teacher_weights: the law of the draw $\tau$, independent of the sample.
        other_probs: $p_\tau$ for all $\tau$ but the first, whose table is $p^*$.
        level: $\delta$.
        factor: by how much the average is multiplied; 1 is the proposition.

    Returns:
        $\mathbb P_{S,\tau}(\cdot)$, every draw paying the mean distance.
    """
    teacher_probs = all_tables(problem, other_probs)
    mean = jnp.dot(teacher_weights, norm_penalties(problem, teacher_probs))
    failures = _taught_failures(
        problem,
        teacher_probs,
        jnp.full_like(teacher_weights, factor * mean),
        level,
        _covering_numbers(problem, teacher_probs),
        uniform_bernstein_penalty,
    )
    return jnp.dot(teacher_weights, failures)


@jax.jit
def prop5_tv_failure(
    problem: HypothesisProblem,
    teacher_weights: TeacherWeights,
    other_probs: OtherTables,
    level: Scalar,
) -> Scalar:
    r"""Returns the largest failure probability of the finite-class bound with total variation.

    Args:
        problem: a finite world with a class of hypotheses.
        teacher_weights: the law of the draw $\tau$, which does not matter.
        other_probs: $p_\tau$ for all $\tau$ but the first, whose table is $p^*$.
        level: $\delta$.

    Returns:
        $\max_\tau\mathbb P_S(\cdot\,|\,\tau)$.
    """
    teacher_probs = all_tables(problem, other_probs)
    failures = _taught_failures(
        problem,
        teacher_probs,
        tv_penalties(problem, teacher_probs),
        level,
        jnp.full_like(teacher_weights, float(len(problem.losses))),
        empirical_bernstein_penalty,
    )
    return jnp.max(failures)
