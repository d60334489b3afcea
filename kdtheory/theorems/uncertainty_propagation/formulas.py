"""Exact evaluators that lay every response out, and the closed forms that the claims state."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.objects.students import RandomDesign, SampledLabels, Student
from kdtheory.propagation import linear, weights
from kdtheory.theorems._enumeration import enumerated


def averages_of(student: Student) -> Float[Array, "samples"]:
    """Returns the variances of the averaged responses."""
    return linear.averaged_variance(
        student.variances, student.correlation, _count(student.num_responses, student.variances)
    )


def _count(number: int, like: Any) -> Scalar:
    return jnp.asarray(number, like.dtype)


def prediction_variance(student: Student) -> Scalar:
    r"""Returns the variance of $x^\top\hat\beta$ across students."""
    return linear.inter_student_variance(
        student.inputs, averages_of(student), student.direction[None]
    )[0]


def single_response_variance(student: Student) -> Scalar:
    """Returns the same for students that see one response to every input."""
    return linear.inter_student_variance(
        student.inputs, student.variances, student.direction[None]
    )[0]


def laid_out_variance(student: Student) -> Scalar:
    """Returns the variance of a prediction from the covariance matrix of all responses."""
    of_averages = linear.response_weights(student.inputs, student.direction[None])[0]
    k = student.num_responses
    of_responses = jnp.repeat(of_averages / k, k)
    return of_responses @ _responses_covariance(student) @ of_responses


def _responses_covariance(student: Student) -> Float[Array, "responses responses"]:
    k = student.num_responses
    ones, eye = jnp.ones((k, k)), jnp.eye(k)
    at_one_input = student.correlation * ones + (1.0 - student.correlation) * eye
    return jnp.kron(jnp.diag(student.variances), at_one_input)


def gram_variance(student: Student) -> Scalar:
    r"""Returns $\sigma^2x^\top(X^\top X)^{-1}x$, with the first response's variance for all."""
    gram = student.inputs.T @ student.inputs
    return student.variances[0] * student.direction @ jnp.linalg.solve(gram, student.direction)


def sandwich_variance(student: Student) -> Scalar:
    r"""Returns $x^\top G^{-1}(X^\top VX)G^{-1}x$ with $G = X^\top X$ and $V$ of the averages."""
    gram = student.inputs.T @ student.inputs
    filling = (student.inputs.T * averages_of(student)[None, :]) @ student.inputs
    half = jnp.linalg.solve(gram, student.direction)
    return half @ filling @ half


def weighted_variance(student: Student) -> Scalar:
    """Returns the variance of a prediction of the student that weights by precision."""
    covariance = linear.weighted_student_covariance(student.inputs, student.variances)
    return student.direction @ covariance @ student.direction


def other_unbiased_variance(student: Student, move: Float[Array, "samples"]) -> Scalar:
    r"""Returns the variance of the unbiased student $x^\top\hat\beta + z^\top(I-H)\bar y$."""
    of_averages = linear.response_weights(student.inputs, student.direction[None])[0]
    hat = linear.response_weights(student.inputs, student.inputs)
    return (of_averages + move - hat @ move) ** 2 @ student.variances


def random_design_limit(design: RandomDesign) -> Scalar:
    """Returns the variance that the claim states for a random design."""
    return linear.random_design_variance(
        design.covariance,
        design.variance,
        design.direction[None],
        _count(design.num_samples, design.direction),
    )[0]


def random_design_variance(design: RandomDesign) -> Scalar:
    r"""Returns $\sigma^2\,|\Sigma^{-1/2}x|^2\,\mathbb E[1/\chi^2_{n-p+1}]$.

    In coordinates in which $\Sigma = I$ and $x$ is along the last axis, the variance given $X$ is
    one over the squared length of the last column outside the span of the others: over a
    chi-square variable. Its mean inverse is a ratio of Gamma functions.
    """
    half = 0.5 * (design.num_samples - len(design.direction) + 1)
    inverse = 0.5 * jnp.exp(gammaln(half - 1.0) - gammaln(half))
    scaled = jnp.linalg.solve(design.covariance, design.direction)
    return design.variance * (design.direction @ scaled) * inverse


def inter_on_average(student: Student) -> Scalar:
    """Returns the variance across students, averaged over the training inputs."""
    return jnp.mean(
        linear.inter_student_variance(student.inputs, averages_of(student), student.inputs)
    )


def intra(student: Student) -> Scalar:
    """Returns the expected variance of a head fitted to the averages."""
    return linear.intra_student_variance(student.inputs, averages_of(student))


def intra_single(student: Student) -> Scalar:
    """Returns the expected variance of a head fitted to one response for every input."""
    return linear.intra_student_variance(student.inputs, student.variances)


def intra_pooled(student: Student) -> Scalar:
    """Returns the expected variance of a head fitted to the residuals of all responses."""
    count = _count(student.num_responses, student.variances)
    return linear.pooled_intra_student_variance(
        student.inputs, student.variances, student.correlation, count
    )


def laid_out_intra_pooled(student: Student) -> Scalar:
    """Returns the same from the covariance matrix of all responses."""
    k = student.num_responses
    hat = linear.response_weights(student.inputs, student.inputs)
    left = jnp.eye(len(hat) * k, dtype=hat.dtype) - jnp.kron(hat, jnp.full((k, k), 1.0 / k))
    return jnp.sum(left * (left @ _responses_covariance(student))) / len(left)


def pooled_limit(student: Student) -> Scalar:
    r"""Returns $\sigma^2(1-p/(nk))$, with the first response's variance for all."""
    samples, features = student.inputs.shape
    return student.variances[0] * (1.0 - features / (samples * student.num_responses))


def conserved(student: Student) -> Scalar:
    """Returns the variance across students plus the expected variance within one."""
    return inter_on_average(student) + intra(student)


def conserved_by_pooling(student: Student) -> Scalar:
    """Returns the same for a head fitted to all responses."""
    return inter_on_average(student) + intra_pooled(student)


def mean_variance(student: Student) -> Scalar:
    """Returns the mean variance of a response."""
    return jnp.mean(student.variances)


def naive_variance(
    covariance: Float[Array, "estimates estimates"], assumed: Float[Array, "estimates"]
) -> Scalar:
    """Returns the variance that inverse-variance weights have."""
    return weights.combined_variance(covariance, weights.inverse_variance_weights(assumed))


def naive_matrix_variance(
    teacher: Any, pupil: Any, cross: Any, weight: Any, direction: Any
) -> Scalar:
    """Returns the variance along a direction with the weight that ignores the cross-covariance."""
    naive = weights.matrix_weight(teacher, pupil, jnp.zeros_like(cross))
    return matrix_variance(teacher, pupil, cross, naive, direction)


def matrix_variance(teacher: Any, pupil: Any, cross: Any, weight: Any, direction: Any) -> Scalar:
    """Returns the variance along a direction with any matrix weight."""
    combined = weights.matrix_combined_covariance(teacher, pupil, cross, weight)
    return direction @ combined @ direction


def _with_own_response(student: Student) -> tuple[Scalar, Scalar, Scalar]:
    """Returns the variances of the first response and of its prediction, and their covariance."""
    hat = linear.response_weights(student.inputs, student.inputs[:1])[0]
    return student.variances[0], hat**2 @ student.variances, hat[0] * student.variances[0]


def best_with_own_response(student: Student) -> Scalar:
    """Returns the smallest variance of the first response combined with its prediction."""
    return weights.pair_variance(*_with_own_response(student))


def naive_with_own_response(student: Student) -> Scalar:
    """Returns the variance that inverse-variance weights have for the two."""
    own, predicted, cross = _with_own_response(student)
    covariance = jnp.array([[own, cross], [cross, predicted]])
    return naive_variance(covariance, jnp.stack([own, predicted]))


def _first_leverage(student: Student) -> Scalar:
    first = student.inputs[0]
    return first @ jnp.linalg.solve(student.inputs.T @ student.inputs, first)


def first_prediction_variance(student: Student) -> Scalar:
    r"""Returns $\sigma^2h$ at the first input, with the first response's variance for all."""
    return student.variances[0] * _first_leverage(student)


def naive_with_own_response_limit(student: Student) -> Scalar:
    r"""Returns $\sigma^2(h + w^2(1-h))$ with $w = h/(1+h)$, at the first input."""
    leverage = _first_leverage(student)
    weight = leverage / (1.0 + leverage)
    return student.variances[0] * (leverage + weight**2 * (1.0 - leverage))


def beta_second_moment(shape: Scalar) -> Scalar:
    r"""Returns $\mathbb E\,W^2$ for $W\sim\mathrm{Beta}(a, a)$."""
    return shape * (shape + 1.0) / (2.0 * shape * (2.0 * shape + 1.0))


def label_variance(world: SampledLabels) -> Scalar:
    r"""Returns $d^\top(\mathrm{diag}P - PP^\top)d$, the variance of what one label says."""
    centred = world.direction - world.probs @ world.direction
    return world.probs @ centred**2


def _averages(world: SampledLabels) -> tuple[Any, Any]:
    """Returns the probability of every sequence of labels, and the shares of labels in it."""
    sequences = enumerated(len(world.probs), world.num_responses)
    probability = jnp.prod(world.probs[sequences], axis=1)
    labels = jnp.arange(len(world.probs), dtype=sequences.dtype)
    shares = (sequences[:, :, None] == labels[None, None, :]).astype(world.probs.dtype).mean(axis=1)
    return probability, shares


def label_inter(world: SampledLabels) -> Scalar:
    r"""Returns the variance of $d\cdot\hat q$, the sum over all sequences of labels."""
    probability, shares = _averages(world)
    said = shares @ (world.direction - world.probs @ world.direction)
    return probability @ said**2 - (probability @ said) ** 2


def label_conserved(world: SampledLabels) -> Scalar:
    r"""Returns `label_inter` plus the expected variance of a label drawn from $\hat q$."""
    probability, shares = _averages(world)
    centred = world.direction - world.probs @ world.direction
    within = shares @ centred**2 - (shares @ centred) ** 2
    return label_inter(world) + probability @ within


def label_averaged(world: SampledLabels) -> Scalar:
    """Returns the variance of one label over the number of responses."""
    return label_variance(world) / world.num_responses


def label_scale(world: SampledLabels) -> Scalar:
    """Returns the unit of what a label says, squared."""
    return jnp.maximum(jnp.max(world.direction**2), jnp.finfo(world.direction.dtype).tiny)
