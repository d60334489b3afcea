r"""The best map of rank kappa in prediction space, and when there is only one.

$\min_M\|W_TX-W_TMX\|_F^2$ over maps of rank $\kappa$ is $\sum_{j>\kappa}\sigma_j^2(W_TX)$, attained
for every $0\le\kappa\le d$, and $W_TM^*=(W_TX)_\kappa X^+=\Pi W_TP_X$ for one of the minimisers: a
projection of the outputs onto their leading directions, then one of the inputs onto the range of
$X$. It is not always the only one: see `rank_map_uniqueness`. A student around $W_TM^*$ with a
regular covariance has weights of full rank: the constraint is on its mean.

Source: Li & He, arXiv:2605.13143, appendix E, for the map; its value, by the theorems of
Eckart-Young and Friedland-Torokhti, and the uniqueness are ours.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._numerics import cut_singular_values
from kdtheory.objects.designs import (
    LinearGaussianDesign,
    check_design_arrays,
    left_singular_system,
)
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention
from kdtheory.theorems.linear_gaussian.given_data import truncated_student_mean


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class RankMap:
    r"""A best map of rank $\kappa$.

    Attributes:
        student_mean: $W_TM^*$, shape ``(k, d)``.
        error: $\|W_TX-W_TM^*X\|_F^2$, from the map.
        tail: $\sum_{j>\kappa}\sigma_j^2(W_TX)$, from the singular values.
        singular_values: of $W_TX$, all $\min(k, n)$ of them.
    """

    student_mean: Float[Array, "outputs features"]
    error: Float[Array, ""]
    tail: Float[Array, ""]
    singular_values: Float[Array, "directions"]


@functools.partial(jax.jit, static_argnames=("rank", "null"))
def rank_map(
    design: LinearGaussianDesign,
    teacher_weights: Float[Array, "outputs features"],
    rank: int,
    null: NullConvention = "minnorm",
) -> RankMap:
    r"""Returns the best map of rank $\kappa$ in the min-norm or the identity convention.

    Args:
        design: the design.
        teacher_weights: $W_T$, shape ``(k, d)``.
        rank: $\kappa\ge0$.
        null: "minnorm" for $W_TM^*=\Pi W_TP_X$; "identity" for $M^*=I$, which has rank $d$.

    Returns:
        $W_TM^*$, its error and the tail of singular values, which agree.

    Raises:
        InputError: if the rank is negative, or not $d$ for the identity.

    Example:
        >>> import numpy as np
        >>> design = LinearGaussianDesign.create(np.eye(2), np.zeros((2, 2)))
        >>> best = rank_map(design, np.diag([3.0, 2.0]), 1)
        >>> print(f"{best.error:.1f} {best.tail:.1f}")
        4.0 4.0
    """
    num_features = design.inputs.shape[0]
    if rank < 0:
        _check.refuse("rank", f"{rank}", "a rank of at least 0", "Rank 0 is the zero map.")
    if null == "identity" and rank != num_features:
        _check.refuse(
            "rank",
            f"{rank} for null='identity'",
            f"{num_features}, the rank of the identity on {num_features} features",
            "Use null='minnorm' for any other rank.",
        )
    if null == "identity":
        student_mean = jnp.asarray(teacher_weights)
    else:
        student_mean = truncated_student_mean(design, teacher_weights, rank=rank)
    predicted = teacher_weights @ design.inputs
    return RankMap(
        student_mean=student_mean,
        error=map_error(design, teacher_weights, student_mean),
        tail=tail_energy(predicted, rank=rank),
        singular_values=jnp.linalg.svd(predicted, compute_uv=False),
    )


@jax.jit
def map_error(
    design: LinearGaussianDesign,
    teacher_weights: Float[Array, "outputs features"],
    student_mean: Float[Array, "outputs features"],
) -> Float[Array, ""]:
    r"""Returns $\|W_TX-W_TMX\|_F^2$ for a student's mean $W_TM$, whatever the map."""
    return jnp.sum(((teacher_weights - student_mean) @ design.inputs) ** 2)


@functools.partial(jax.jit, static_argnames="rank")
def tail_energy(predictions: Float[Array, "outputs samples"], *, rank: int) -> Float[Array, ""]:
    r"""Returns $\sum_{j>\kappa}\sigma_j^2$ of the predictions $W_TX$."""
    return jnp.sum(jnp.linalg.svd(predictions, compute_uv=False)[rank:] ** 2)


@dataclasses.dataclass(frozen=True)
class RankMapUniqueness:
    r"""Whether all maps of rank at most $\kappa$ with the least error give the same student.

    Attributes:
        unique: whether $W_TM^*$ is the same for all of them.
        reasons: why not, in words; and, where it is unique, what still is not.
        rank: $\kappa$.
        inputs_rank: $\operatorname{rank}X$.
        predictions_rank: $\operatorname{rank}W_TX$.
        singular_values: of $W_TX$.
    """

    unique: bool
    reasons: tuple[str, ...]
    rank: int
    inputs_rank: int
    predictions_rank: int
    singular_values: tuple[float, ...]


def rank_map_uniqueness(
    design: LinearGaussianDesign, teacher_weights: Any, rank: int
) -> RankMapUniqueness:
    r"""Returns whether $W_TM^*$ is the only one, and if not, why.

    For $\kappa\ge1$ and $W_T\ne0$ it is iff $X$ has full row rank and not
    $\sigma_\kappa=\sigma_{\kappa+1}>0$. Equality and rank are decided up to rounding.

    Args:
        design: the design.
        teacher_weights: $W_T$, shape ``(k, d)``.
        rank: $\kappa$, between 0 and $d$.

    Raises:
        InputError: if the rank is not in that range, or the weights do not fit the design.

    Example:
        >>> import numpy as np
        >>> tall = LinearGaussianDesign.create([[1.0], [0.0]], [[0.0, 0.0]])
        >>> rank_map_uniqueness(tall, np.array([[1.0, 2.0]]), 1).unique
        False
    """
    num_features = design.inputs.shape[0]
    rank = _check.integer("rank", rank, low=0, high=num_features)
    inputs, weights = check_design_arrays(
        design.inputs, teacher_weights, names=("design.inputs", "teacher_weights")
    )
    predicted = weights @ inputs
    values = np.linalg.svd(predicted, compute_uv=False)
    unit = max(*predicted.shape, num_features) * float(jnp.finfo(design.inputs.dtype).eps)
    close = unit * values.max()
    inputs_rank = int(np.sum(np.asarray(left_singular_system(design.inputs)[1]) > 0))
    predictions_rank = int(
        np.sum(np.asarray(cut_singular_values(jnp.asarray(values), *predicted.shape)) > 0)
    )
    reasons = []
    if rank and inputs_rank < num_features and np.any(weights):
        reasons.append(
            f"the inputs have rank {inputs_rank} < {num_features}: on the null space of X^T the map"
            " may do anything that its rank allows, without any error"
        )
    if 0 < rank < predictions_rank and values[rank - 1] - values[rank] <= close:
        reasons.append(
            f"singular values {rank} and {rank + 1} of the predictions are equal"
            f" ({values[rank]:.6g}): which direction is kept is a matter of choice"
        )
    unique = not reasons
    if rank > predictions_rank:
        reasons.append(
            f"rank {rank} exceeds that of the predictions, {predictions_rank}: the error is zero,"
            " and the map itself is not unique, whether or not the student is"
        )
    return RankMapUniqueness(
        unique=unique,
        reasons=tuple(reasons),
        rank=rank,
        inputs_rank=inputs_rank,
        predictions_rank=predictions_rank,
        singular_values=tuple(float(value) for value in values),
    )
