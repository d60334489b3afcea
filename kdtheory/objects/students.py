"""Students of teachers that answer at random: a design, the noise of responses, and a question."""

from __future__ import annotations

import dataclasses
import functools

import jax
from jaxtyping import Array, Float

from kdtheory._types import Scalar


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["inputs", "variances", "correlation", "direction"],
    meta_fields=["num_responses"],
)
@dataclasses.dataclass(frozen=True)
class Student:
    r"""A least-squares student of a teacher that answers every input several times.

    Attributes:
        inputs: $X$, of full column rank.
        variances: $\sigma_i^2$ of a single response to input $i$.
        correlation: $\rho$ between two responses to one input.
        direction: $x$, where the student predicts.
        num_responses: $k$, an int: all responses are laid out.
    """

    inputs: Float[Array, "samples features"]
    variances: Float[Array, "samples"]
    correlation: Scalar
    direction: Float[Array, "features"]
    num_responses: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["covariance", "variance", "direction"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True)
class RandomDesign:
    r"""Students whose training inputs are Gaussian, and drawn afresh for each.

    Attributes:
        covariance: $\Sigma$ of an input.
        variance: $\sigma^2$ of a response.
        direction: $x$, where the students predict.
        num_samples: $n$, an int: whole designs are drawn.
    """

    covariance: Float[Array, "features features"]
    variance: Scalar
    direction: Float[Array, "features"]
    num_samples: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["probs", "direction"],
    meta_fields=["num_responses"],
)
@dataclasses.dataclass(frozen=True)
class SampledLabels:
    r"""A teacher that answers with labels drawn from $P$, and a student that knows their average.

    Attributes:
        probs: $P$.
        direction: $d$, what is read off a label: $d_y$.
        num_responses: $k$, an int: all sequences of labels are enumerated.
    """

    probs: Float[Array, "labels"]
    direction: Float[Array, "labels"]
    num_responses: int
