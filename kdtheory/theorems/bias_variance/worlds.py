"""Domains, instances, units and assumptions that the claims of the room share."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption
from kdtheory.domains import Domain, box, integers, positive, reals, simplex, stochastic
from kdtheory.losses import loss_range, softmax_cross_entropy
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.risks import sharp_constant
from kdtheory.theorems._sampling import MAX_DRAWN
from kdtheory.theorems.bias_variance.bounds import printed_constant

_NAMES = (
    "input_weights",
    "label_probs",
    "losses",
    "teacher_weights",
    "teacher_probs",
    "num_samples",
)


def _world_parts(m: int, labels: int, teachers: int) -> Domain:
    parts = simplex(m) * stochastic(m, labels) * box(0, 1, m, labels)
    return parts * simplex(teachers) * stochastic(teachers, m, labels)


def _parts_of(problem: FiniteProblem) -> tuple[Any, ...]:
    return tuple(getattr(problem, name) for name in _NAMES)


def worlds(size: tuple[int, ...]) -> Domain:
    """Returns the finite worlds with any teacher, losses in [0, 1] and N in 1..8.

    Args:
        size: inputs, labels, teacher draws.
    """
    parts = _world_parts(*size) * integers(1, MAX_DRAWN)
    return parts.named(*_NAMES).map(FiniteProblem, _parts_of)


def worlds_with_constant(size: tuple[int, ...]) -> Domain:
    """Returns the pairs of such a world and a positive constant C.

    Args:
        size: inputs, labels, teacher draws.
    """
    parts = _world_parts(*size) * integers(1, MAX_DRAWN) * positive()
    return parts.named(*_NAMES, "C").map(
        lambda *values: (FiniteProblem(*values[:-1]), values[-1]),
        lambda instance: (*_parts_of(instance[0]), instance[1]),
    )


def logit_worlds(size: tuple[int, ...]) -> Domain:
    """Returns the pairs of a world with the softmax cross-entropy loss and its scores f(x).

    Args:
        size: inputs, labels, teacher draws.
    """
    m, labels, teachers = size
    parts = simplex(m) * stochastic(m, labels) * reals(m, labels)
    parts = parts * simplex(teachers) * stochastic(teachers, m, labels) * integers(1, MAX_DRAWN)
    names = (*_NAMES[:2], "scores", *_NAMES[3:])
    return parts.named(*names).map(
        logit_problem,
        lambda instance: (*_parts_of(instance[0])[:2], instance[1], *_parts_of(instance[0])[3:]),
    )


def logit_problem(
    weights: Any, probs: Any, scores: Any, law: Any, tables: Any, num_samples: Any
) -> tuple[FiniteProblem, Any]:
    """Returns a problem with the softmax cross-entropy loss, and the scores."""
    losses = softmax_cross_entropy(scores)
    return FiniteProblem(weights, probs, losses, law, tables, num_samples), scores


def sampled_worlds(size: tuple[int, ...]) -> Domain:
    """Returns the worlds with a static sample size and a teacher independent of the sample.

    Args:
        size: inputs, labels, teacher draws, N.
    """
    m, labels, teachers, num_samples = size

    def build(weights: Any, probs: Any, losses: Any, law: Any, tables: Any) -> SampledProblem:
        rows = jnp.broadcast_to(law[None], (m**num_samples, teachers))
        return SampledProblem(weights, probs, losses, rows, tables, num_samples)

    return (
        _world_parts(m, labels, teachers)
        .named(*_NAMES[:-1])
        .map(build, lambda problem: _parts_of(problem.independent())[:-1])
    )


def dependent_worlds(size: tuple[int, ...]) -> Domain:
    r"""Returns worlds whose teacher depends on the sample, unbiased given the sampled inputs.

    Given the design $d$, a teacher $p_\tau$ is drawn from its law with probability $s_d$, and
    otherwise the Bayes teacher, which is the last table: so $\mathbb E[p|d] = p^*$ whatever $s_d$.

    Args:
        size: inputs, labels, teacher draws besides the Bayes teacher, N.
    """
    m, labels, teachers, num_samples = size

    def build(weights: Any, losses: Any, law: Any, tables: Any, noise: Any) -> SampledProblem:
        bayes = jnp.tensordot(law, tables, 1)
        rows = jnp.concatenate([noise[:, None] * law[None], 1 - noise[:, None]], axis=1)
        every = jnp.concatenate([tables, bayes[None]])
        return SampledProblem(weights, bayes, losses, rows, every, num_samples)

    def split(problem: SampledProblem) -> tuple[Any, ...]:
        drawn = problem.teacher_weights[:, :-1]
        noise = jnp.sum(drawn, axis=1)
        tables = problem.teacher_probs[:-1]
        return problem.input_weights, problem.losses, drawn[0] / noise[0], tables, noise

    # At least 1/4, so that the law can be read off a row.
    parts = simplex(m) * box(0, 1, m, labels) * simplex(teachers)
    parts = parts * stochastic(teachers, m, labels) * box(0.25, 1, m**num_samples)
    names = "input_weights", "losses", "teacher_weights", "teacher_probs", "noise_given_design"
    return parts.named(*names).map(build, split)


def world(
    weights: Any, probs: Any, losses: Any, law: Any, tables: Any, num_samples: Any
) -> FiniteProblem:
    """Returns a problem from nested lists."""
    return FiniteProblem(*arrays(weights, probs, losses, law, tables, num_samples))


def with_constant(constant: Any, *values: Any) -> tuple[FiniteProblem, Any]:
    """Returns a problem from nested lists, and the constant C."""
    return world(*values), *arrays(constant)


def sampled(
    weights: Any, probs: Any, losses: Any, rows: Any, tables: Any, num_samples: int
) -> SampledProblem:
    """Returns a problem with a static sample size from nested lists, one law for every design."""
    weights, probs, losses, rows, tables = arrays(weights, probs, losses, rows, tables)
    return SampledProblem(weights, probs, losses, rows, tables, num_samples)


def squared_loss_scale(problem: FiniteProblem | SampledProblem, *_: Any) -> Scalar:
    """Returns the largest squared loss, the unit of every squared error of a risk."""
    squares = problem.losses**2
    return jnp.maximum(jnp.max(squares), jnp.finfo(squares.dtype).tiny)


def squared_range(problem: FiniteProblem) -> Scalar:
    """Returns $B^2$, the square of the range of the losses."""
    return loss_range(problem.losses) ** 2


def sharp(problem: FiniteProblem) -> Scalar:
    r"""Returns $B^2 C^*(L)$, the smallest constant in the bounds with a Euclidean norm."""
    return sharp_constant(problem.losses.shape[1]) * squared_range(problem)


def _constant_margin(problem: FiniteProblem, constant: Scalar) -> Scalar:
    return constant - printed_constant(problem.losses)


CONSTANT = Assumption(
    "constant",
    r"C >= L B^2 with B = max |loss|, the constant of the printed proof",
    _constant_margin,
)
