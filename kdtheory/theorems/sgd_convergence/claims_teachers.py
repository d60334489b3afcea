"""Claims on target noise in general: orthogonality, probability teachers, and mixtures."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case, Claim, Relation
from kdtheory.domains import Domain, box, reals, simplex, stochastic
from kdtheory.theorems.sgd_convergence import axes, noise

# --- orthogonality --------------------------------------------------------------------------------


def _labelled(size: tuple[int, ...]) -> Domain:
    """Quadratic components with two labels each, and an offset from the optimum."""
    components, features = size
    parts = simplex(components) * box(0, 1, components, features) * box(0, 1, components)
    parts = parts * reals(components, 2, features) * reals(features)

    def build(weights: Any, curvatures: Any, chance: Any, slopes: Any, offset: Any) -> Any:
        mean = chance[:, None] * slopes[:, 0] + (1 - chance)[:, None] * slopes[:, 1]
        return weights, curvatures, chance, slopes - mean[:, None], offset

    names = "weights", "curvatures", "first_label_probs", "label_noise", "offset"
    return parts.named(*names).map(build, tuple)


def _label_weights(weights: Any, chance: Any) -> Any:
    return weights[:, None] * jnp.stack([chance, 1 - chance], axis=1)


@jax.jit
def _all_labels(weights: Any, curvatures: Any, chance: Any, slopes: Any, offset: Any) -> Scalar:
    gradients = (curvatures * offset[None])[:, None] + slopes
    return jnp.sum(_label_weights(weights, chance) * jnp.sum(gradients**2, axis=2))


@jax.jit
def _two_parts(weights: Any, curvatures: Any, chance: Any, slopes: Any, offset: Any) -> Scalar:
    bayes = jnp.dot(weights, jnp.sum((curvatures * offset[None]) ** 2, axis=1))
    return bayes + jnp.sum(_label_weights(weights, chance) * jnp.sum(slopes**2, axis=2))


@jax.jit
def _label_bias(weights: Any, _c: Any, chance: Any, slopes: Any, _offset: Any) -> Scalar:
    mean = chance[:, None] * slopes[:, 0] + (1 - chance)[:, None] * slopes[:, 1]
    return -jnp.max(jnp.where(weights[:, None] > 0, jnp.abs(mean), 0.0))


def _labelled_case(*parts: Any) -> tuple[Any, ...]:
    return arrays(*parts)


TARGET_NOISE_ORTHOGONAL = Claim(
    slug="sgd_convergence/target_noise_orthogonal",
    title="The noise of targets adds to the second moment of the gradient, and nothing else does",
    statement=r"E\|g\|^2=E\|g_{\mathrm{BCP}}\|^2+E\|\xi\|^2\text{ if }E[\xi\,|\,x]=0",
    relation=Relation.EQ,
    lhs=_all_labels,
    rhs=_two_parts,
    domain=_labelled,
    sizes=((2, 2), (2, 1)),
    scale=lambda _w, _c, _p, slopes, offset: 1e-3 + jnp.sum(slopes**2) + jnp.sum(offset**2),
    assumptions=(
        Assumption("centred given the input", r"$E[\xi\,|\,x]=0$ for every $x$", _label_bias),
    ),
    tight=(
        Case(
            "two parabolas",
            lambda: _labelled_case([1], [[1]], [0.5], [[[1], [-1]]], [1]),
            "gradients 2 and 0: 2 = 1 + 1",
        ),
    ),
    broken=(
        Case(
            "noise that goes with the curvature",
            lambda: _labelled_case(
                [0.5, 0.5], [[0.0], [1.0]], [0.5, 0.5], [[[-1], [-1]], [[1], [1]]], [1]
            ),
            "of mean zero over all inputs, and +1 where it is curved: (1 + 4)/2, not 1/2 + 1",
            "centred given the input",
        ),
    ),
    axes=(axes.OFFSET,),
)


# --- teachers that answer with probabilities ------------------------------------------------------


def _teachers(size: tuple[int, ...]) -> Domain:
    answers, labels = size
    parts = simplex(answers) * stochastic(answers, labels) * box(-1, 1, labels)
    return parts.named("answer_weights", "answers", "direction")


def _along(weights: Any, answers: Any, direction: Any) -> Scalar:
    """The variance of the answer along a direction."""
    values = answers @ direction
    return jnp.dot(weights, (values - jnp.dot(weights, values)) ** 2)


def _label_along(weights: Any, answers: Any, direction: Any) -> Scalar:
    probs = weights @ answers
    return jnp.dot(probs, (direction - jnp.dot(probs, direction)) ** 2)


def _teacher_case(*parts: Any) -> tuple[Any, ...]:
    return arrays(*parts)


SIMPLEX_TEACHER_NO_NOISIER = Claim(
    slug="sgd_convergence/simplex_teacher_no_noisier",
    title="No unbiased teacher that answers with probabilities is noisier than drawn labels",
    statement=r"v^\top\mathrm{Cov}(q|x)v\le v^\top(\mathrm{diag}\,P-PP^\top)v"
    r"\text{ for every }v\text{, if }E[q|x]=P\text{ and }q\in\Delta",
    lhs=jax.jit(_along),
    rhs=jax.jit(_label_along),
    domain=_teachers,
    sizes=((3, 3), (2, 2)),
    assumptions=(
        Assumption(
            "probabilities",
            r"$q_k\ge0$",
            lambda _weights, answers, _direction: jnp.min(answers),
        ),
    ),
    tight=(
        Case(
            "drawn labels",
            lambda: _teacher_case([0.5, 0.5], [[1, 0], [0, 1]], [1, -1]),
            "one-hot answers: both variances are 1",
        ),
    ),
    broken=(
        Case(
            "errors beyond the simplex",
            lambda: _teacher_case([0.5, 0.5], [[2, -1], [-1, 2]], [1, -1]),
            "answers of mean (1/2, 1/2) that are not probabilities: 9, not 1",
            "probabilities",
        ),
    ),
    axes=(axes.DECIDED_ALONG,),
)


def _score_variance(logits: Any) -> Scalar:
    probs = jax.nn.softmax(logits)
    distances = jnp.sum((jnp.eye(probs.shape[0], dtype=probs.dtype) - probs[None]) ** 2, axis=1)
    return jnp.dot(probs, distances)


SOFTMAX_NO_BLOW_UP = Claim(
    slug="sgd_convergence/softmax_no_blow_up",
    title="However small a probability, the noise of drawn labels in the logits is below one",
    statement=r"\sum_k\frac{\|\nabla_zp_k\|^2}{p_k}=1-\|p\|^2\le1-\frac1K",
    lhs=jax.jit(_score_variance),
    rhs=lambda logits: 1 - 1 / logits.shape[0],
    domain=lambda size: box(-8, 8, *size).named("logits"),
    sizes=((3,), (2,)),
    tight=(Case("uniform", lambda: jnp.zeros(3), "p = (1/3, 1/3, 1/3): 2/3"),),
    axes=(axes.RARE,),
)


def _total_variance(weights: Any, answers: Any) -> Scalar:
    return jnp.dot(weights, jnp.sum((answers - (weights @ answers)[None]) ** 2, axis=1))


def _mixed_with_label(weights: Any, answers: Any) -> Scalar:
    """The noise of the best mixture, over all pairs of an answer and a drawn label."""
    probs, identity = weights @ answers, jnp.eye(answers.shape[1], dtype=answers.dtype)
    label, teacher = _total_variance(probs, identity), _total_variance(weights, answers)
    amount, _ = noise.best_mixture(label, teacher)
    mixed = (1 - amount) * identity[None] + amount * answers[:, None]
    squares = jnp.sum((mixed - probs[None, None]) ** 2, axis=2)
    return jnp.sum(weights[:, None] * probs[None] * squares)


def _least_noisy(weights: Any, answers: Any) -> Scalar:
    identity = jnp.eye(answers.shape[1], dtype=answers.dtype)
    label = _total_variance(weights @ answers, identity)
    return jnp.minimum(label, _total_variance(weights, answers))


MIXING = Claim(
    slug="sgd_convergence/mixing",
    title="A mixture of a drawn label and an unbiased teacher is less noisy than either",
    statement=r"V_{(1-\lambda)e_y+\lambda q}\le\min(V_{e_y},V_q)"
    r"\text{ at }\lambda=\frac{V_{e_y}}{V_{e_y}+V_q}"
    r"\text{, if }E[q|x]=P\text{ and }y,q\text{ are independent given }x",
    lhs=jax.jit(_mixed_with_label),
    rhs=jax.jit(_least_noisy),
    domain=lambda size: (simplex(size[0]) * stochastic(*size)).named("answer_weights", "answers"),
    sizes=((3, 3), (2, 2)),
    tight=(
        Case(
            "the Bayes teacher",
            lambda: _teacher_case([1, 0], [[0.5, 0.5], [0.5, 0.5]]),
            "without noise already: both sides are 0",
        ),
    ),
    axes=(axes.DECIDED,),
)


TEACHER_CLAIMS = (
    TARGET_NOISE_ORTHOGONAL,
    SIMPLEX_TEACHER_NO_NOISIER,
    SOFTMAX_NO_BLOW_UP,
    MIXING,
)
