r"""What is known of a loss around the hypotheses that a teacher can return.

A loss is *perturbed* by a vector $U$ that is uniform in the ball of radius $\rho$ of
$\mathbb R^p$ and independent of everything else. What this does to a loss is its *rise*
$E_U\ell(f+U,z)-\ell(f,z)$; rises average to sharpness as losses average to risk.
"""

from __future__ import annotations

import dataclasses
import functools

import jax
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.objects.processes import DistillationProcess


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "movement",
        "lipschitz",
        "gradient",
        "smoothness",
        "curvature",
        "loss_width",
        "radius",
        "num_samples",
        "dimension",
    ],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True, eq=False)
class SmoothnessConstants:
    r"""The constants that bounds on perturbed losses are made of; all but the last two $\ge0$.

    Attributes:
        movement: $\kappa$; replacing one of $n$ examples moves the teacher by at most $\kappa/n$.
        lipschitz: $L$, a Lipschitz constant of the loss everywhere.
        gradient: $g_0\le L$, which no gradient of the loss at the teacher exceeds.
        smoothness: $\alpha$, a Lipschitz constant of the gradient around the teacher.
        curvature: $\tau$, a bound on the operator norm of the Hessian of the population risk
            within $\rho$ of the teacher.
        loss_width: $b-a$, the width of an interval that holds the loss, perturbed or not.
        radius: $\rho$.
        num_samples: $n\ge1$.
        dimension: $p\ge1$.
    """

    movement: Scalar
    lipschitz: Scalar
    gradient: Scalar
    smoothness: Scalar
    curvature: Scalar
    loss_width: Scalar
    radius: Scalar
    num_samples: Scalar
    dimension: Scalar


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["process", "rises"], meta_fields=[]
)
@dataclasses.dataclass(frozen=True, eq=False)
class PerturbedProcess:
    r"""A distillation process, and what the perturbation does to its losses.

    Attributes:
        process: the teacher and the student.
        rises: $E_U\ell(f+U,z)-\ell(f,z)$, shape ``(hypotheses, examples)``.
    """

    process: DistillationProcess
    rises: Float[Array, "hypotheses examples"]


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["example_weights", "losses", "rises", "constants"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class PerturbedTeacher:
    r"""A deterministic teacher on the $m^n$ sequences of `kdtheory.objects.datasets`.

    Attributes:
        example_weights: the law of an example.
        losses: $\ell(A(D),z)$.
        rises: $E_U\ell(A(D)+U,z)-\ell(A(D),z)$.
        constants: what is known of the loss.
        num_samples: $n$, an int.
    """

    example_weights: Float[Array, "examples"]
    losses: Float[Array, "datasets examples"]
    rises: Float[Array, "datasets examples"]
    constants: SmoothnessConstants
    num_samples: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["example_weights", "values", "choices", "radius"],
    meta_fields=[],
)
@dataclasses.dataclass(frozen=True, eq=False)
class NodeTeacher:
    r"""A deterministic teacher of one example, with losses that are given at whole numbers.

    A hypothesis is a real number; the loss has given values at $-1,0,\dots,m$ and rises or falls
    from each to the next as $6x^5-15x^4+10x^3$ does from 0 to 1, twice continuously differentiable
    and with gradient zero at whole numbers.

    Attributes:
        example_weights: $p_Z$, shape ``(examples,)``.
        values: the loss at $-1,0,\dots,m$, shape ``(examples, nodes)``.
        choices: $A(z)\in\{0,\dots,m-1\}$, shape ``(examples,)``, whole numbers held as floats.
        radius: $\rho\in[0,1/2]$.
    """

    example_weights: Float[Array, "examples"]
    values: Float[Array, "examples nodes"]
    choices: Float[Array, "examples"]
    radius: Scalar
