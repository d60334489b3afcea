"""What is known exactly: the error by how the teacher is drawn, and the constant of a norm."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax.numpy as jnp
import numpy as np

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case, Claim, Relation
from kdtheory.divergences import squared_distance, total_variation
from kdtheory.domains import Domain, box, positive, simplex
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import sharp_constant, sharp_constant_vertex
from kdtheory.theorems.bias_variance import axes, draws, formulas
from kdtheory.theorems.bias_variance.worlds import (
    sampled,
    sampled_worlds,
    squared_loss_scale,
    world,
    worlds,
)
from kdtheory.theorems.variance_reduction.axes import (
    SAMPLE_SIZES,
    TEACHER_NOISE,
    UNIT_STEPS,
    from_bayes_to_labels,
)
from kdtheory.theorems.variance_reduction.draws import FRESH_ERROR

# --- the mean squared error, in closed form and sample by sample ----------------------------------

_HALF = [[0.5, 0.5], [0.5, 0.5]]

MSE_SHARED = Claim(
    slug="bias_variance/mse_shared",
    title="The error of a teacher shared over the sample, exactly",
    statement=r"\mathbb E(\tilde R - R)^2 = \tfrac1N\,\mathbb E_\tau v_\tau + \bar b^2"
    r" + \mathbb V_\tau[b_\tau],\ v_\tau=\mathbb V_x[p_\tau\cdot\ell],"
    r"\ b_\tau=\mathbb E_x[(p_\tau-p^*)\cdot\ell]",
    relation=Relation.EQ,
    lhs=formulas.sampled_error,
    rhs=lambda problem: formulas.shared_error(problem.independent()),
    domain=sampled_worlds,
    sizes=((2, 3, 2, 3), (2, 2, 2, 2)),
    scale=squared_loss_scale,
    draws={"lhs": draws.DEPENDENT_ERROR, "rhs": draws.of_sampled(draws.SHARED_ERROR)},
    tight=(
        Case(
            "one-hot labels drawn once",
            lambda: sampled(
                [0.5, 0.5],
                _HALF,
                [[0, 1], [0, 1]],
                [[0.5, 0.5]] * 4,
                [[[1, 0], [1, 0]], [[0, 1], [0, 1]]],
                2,
            ),
            "the risk is 0 or 1 instead of 1/2: the error is 1/4 however large the sample",
        ),
    ),
    axes=(axes.SAMPLED_NOISE,),
)


MSE_FRESH = dataclasses.replace(
    MSE_SHARED,
    slug="bias_variance/mse_fresh",
    title="The error of a teacher drawn afresh at every sample point, exactly",
    statement=r"\mathbb E(\tilde R - R)^2"
    r" = \tfrac1N(\mathbb E_\tau v_\tau + \mathbb V_\tau[b_\tau]) + \bar b^2",
    lhs=formulas.sampled_error_fresh,
    rhs=lambda problem: formulas.fresh_error(problem.independent()),
    draws={"lhs": draws.of_sampled(FRESH_ERROR)},
    tight=(
        Case(
            "one-hot labels",
            lambda: MSE_SHARED.tight[0].make(),
            "the variance 1/4 of a coin, divided by N = 2",
        ),
    ),
)


MSE_FIXED = dataclasses.replace(
    MSE_SHARED,
    slug="bias_variance/mse_fixed",
    title="The error of a teacher that does not vary, exactly",
    statement=r"\mathbb E(\tilde R - R)^2 = \tfrac1N\,\mathbb V_x[p^{\mathrm t}\cdot\ell] + b^2",
    rhs=lambda problem: formulas.fixed_error(problem.independent()),
    sizes=((2, 3, 1, 3), (2, 2, 1, 2)),
    draws={"lhs": draws.of_sampled(draws.CONDITIONED_ERROR)},
    tight=(
        Case(
            "always the first label",
            lambda: sampled([0.5, 0.5], _HALF, [[0, 1], [0, 1]], [[1]] * 4, [[[1, 0], [1, 0]]], 2),
            "no variance, a bias of 1/2",
        ),
    ),
    axes=(axes.SAMPLED_BIAS,),
)


def _one_label_for_all(num_samples: Any) -> FiniteProblem:
    return from_bayes_to_labels(1.0, num_samples)


SHARED_MINUS_FRESH = Claim(
    slug="bias_variance/shared_minus_fresh",
    title="What sharing one teacher over the sample costs",
    statement=r"\mathbb E(\tilde R_{\text{shared}} - R)^2"
    r" - \mathbb E(\tilde R_{\text{fresh}} - R)^2"
    r" = (1-\tfrac1N)\,\mathbb V_\tau[b_\tau]",
    relation=Relation.EQ,
    lhs=lambda problem: formulas.shared_error(problem) - formulas.fresh_error(problem),
    rhs=lambda problem: (
        (1 - 1 / problem.num_samples) * formulas.bias_variance_over_teachers(problem)
    ),
    domain=worlds,
    sizes=((3, 3, 2), (1, 2, 2)),
    scale=squared_loss_scale,
    draws={"lhs": draws.difference(draws.SHARED_ERROR, FRESH_ERROR)},
    tight=(
        Case(
            "one sample",
            lambda: world([1], [[1, 0]], [[0, 1]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 1),
            "N = 1: there is nothing to share",
        ),
        Case(
            "one-hot labels",
            lambda: world([1], [[0.5, 0.5]], [[0, 1]], [0.5, 0.5], [[[1, 0]], [[0, 1]]], 4),
            "1/4 shared, 1/16 fresh",
        ),
    ),
    axes=(
        Axis("N, one label for the whole sample", SAMPLE_SIZES, _one_label_for_all),
        TEACHER_NOISE,
    ),
    uses=("bias_variance/mse_shared", "bias_variance/mse_fresh"),
)


# --- the sharp constant ---------------------------------------------------------------------------


def _range(losses: Any) -> Scalar:
    return jnp.max(losses) - jnp.min(losses)


def _risk_difference(p: Any, q: Any, losses: Any) -> Scalar:
    # Relative to the first label: a loss common to all labels is not rounded into the difference.
    return jnp.sum((p - q) * (losses - losses[0]))


def _pair_scale(_p: Any, _q: Any, losses: Any, _: Any) -> Scalar:
    return jnp.maximum(_range(losses) ** 2, jnp.finfo(losses.dtype).tiny)


def _pairs_with_constant(size: tuple[int, ...]) -> Domain:
    (labels,) = size
    parts = simplex(labels) * simplex(labels) * box(0, 1, labels) * positive()
    return parts.named("p", "q", "losses", "C")


def _vertices_with_constant(size: tuple[int, ...]) -> Domain:
    (labels,) = size
    parts = simplex(labels) * box(0, 1, labels) * positive()
    return parts.named("q", "losses", "C").map(
        lambda q, losses, constant: (jnp.eye(labels, dtype=q.dtype)[0], q, losses, constant),
        lambda instance: instance[1:],
    )


def _at_least(name: str, smallest: Any) -> Assumption:
    def margin(*parts: Any) -> Scalar:
        return (parts[-1] - smallest(len(parts[0]))) * _pair_scale(*parts)

    return Assumption("constant", f"C >= {name}", margin)


def _half_of_the_labels(labels: int, constant: float | None = None) -> tuple[Any, ...]:
    """Uniform p; q moves mass evenly from the labels of loss 0 to those of loss 1."""
    high = labels // 2
    losses = np.array([1.0] * high + [0.0] * (labels - high))
    uniform = np.full(labels, 1 / labels)
    pair = uniform, uniform + (losses - high / labels) / labels
    return arrays(*pair) if constant is None else arrays(*pair, losses, constant)


SHARP_CONSTANT = Claim(
    slug="bias_variance/sharp_constant",
    title="The smallest constant between a difference of risks and a Euclidean distance",
    statement=r"((p-q)\cdot\ell)^2 \le B^2 C\,\|p-q\|_2^2,"
    r"\ C \ge C^*(L) = \lfloor L/2\rfloor\lceil L/2\rceil/L,\ B = \max\ell-\min\ell",
    sharpens="bias_variance/eq9_fixed",
    lhs=lambda p, q, losses, _: _risk_difference(p, q, losses) ** 2,
    rhs=lambda p, q, losses, constant: constant * _range(losses) ** 2 * squared_distance(p, q),
    domain=_pairs_with_constant,
    sizes=((3,), (2,), (4,)),
    scale=_pair_scale,
    assumptions=(_at_least("C*(L)", sharp_constant),),
    tight=tuple(
        Case(
            f"{labels} labels",
            functools.partial(_half_of_the_labels, labels, sharp_constant(labels)),
            "half of the labels have loss 1, and q moves along the losses",
        )
        for labels in (3, 2, 4, 5, 6)
    ),
    corners=(
        Case("equal", lambda: arrays([0.5, 0.5], [0.5, 0.5], [0, 1], 0.5), "both sides are 0"),
        Case("constant loss", lambda: arrays([1, 0], [0, 1], [1, 1], 0.5), "both sides are 0"),
    ),
    axes=(axes.ANGLE_OF_LOSSES,),
    broken=(
        Case(
            "constant too small",
            lambda: arrays([1, 0], [0, 1], [0, 1], 0.25),
            "the squares are 1 and 2: C cannot be below 1/2",
            "constant",
        ),
    ),
)


def _other_labels(labels: int) -> tuple[Any, ...]:
    """The first label is certain; q spreads its mass over all others, whose loss is 1."""
    first = np.eye(labels)[0]
    return arrays(first, (1 - first) / (labels - 1), 1 - first, sharp_constant_vertex(labels))


SHARP_CONSTANT_VERTEX = dataclasses.replace(
    SHARP_CONSTANT,
    slug="bias_variance/sharp_constant_vertex",
    title="The same where labels are deterministic: a smaller constant from four labels on",
    statement=r"((e_y-q)\cdot\ell)^2 \le B^2 C\,\|e_y-q\|_2^2,\ C \ge (L-1)/L",
    sharpens="bias_variance/sharp_constant",
    domain=_vertices_with_constant,
    sizes=((3,), (2,), (4,)),
    assumptions=(_at_least("(L-1)/L", sharp_constant_vertex),),
    tight=tuple(
        Case(
            f"{labels} labels",
            functools.partial(_other_labels, labels),
            "q spreads its mass evenly over all other labels, whose loss is 1",
        )
        for labels in (3, 2, 4, 5)
    ),
    corners=(),
    axes=(
        Axis(
            "share of q on the second of three labels, the first being certain, at C = 2/3",
            UNIT_STEPS,
            lambda share: arrays([1, 0, 0], [0, share, 1 - share], [0, 1, 1], 2 / 3),
        ),
    ),
    uses=("bias_variance/sharp_constant",),
)


def _pairs(size: tuple[int, ...]) -> Domain:
    (labels,) = size
    return (simplex(labels) * simplex(labels)).named("p", "q")


TV_BELOW_NORM = Claim(
    slug="bias_variance/tv_below_norm",
    title="Bounds with the total variation are never worse than those with a Euclidean norm",
    statement=r"\mathrm{TV}(p,q)^2 \le C^*(L)\,\|p-q\|_2^2",
    lhs=lambda p, q: total_variation(p, q) ** 2,
    rhs=lambda p, q: sharp_constant(len(p)) * squared_distance(p, q),
    domain=_pairs,
    sizes=((4,), (2,), (3,)),
    tight=tuple(
        Case(
            f"{labels} labels",
            functools.partial(_half_of_the_labels, labels),
            "half of the labels gain, all alike",
        )
        for labels in (4, 2, 3)
    ),
    axes=(axes.ANGLE,),
    uses=("bias_variance/sharp_constant",),
)
