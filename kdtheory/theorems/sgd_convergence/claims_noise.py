r"""Claims on the noise of gradients, for every kind of label, at any parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Assumption, Case, Claim, Relation, TextExamined
from kdtheory.domains import Domain, box, reals, simplex, stochastic
from kdtheory.objects.objectives import SoftmaxObjective, second_moment
from kdtheory.theorems._enumeration import enumerated
from kdtheory.theorems.sgd_convergence import draws, noise, worlds
from kdtheory.theorems.sgd_convergence.worlds import softmax_case

SIZES = ((2, 2, 3), (1, 1, 2))

_RARE = Case(
    "a rare class",
    lambda: softmax_case(
        [0.5, 0.5], [[1, 0], [0, 1]], [[2, 0, -2], [0, 1, -2]], [[1, 0, 0], [0, 0, -1]]
    ),
    "probabilities of 2 per cent, which nothing is divided by",
)
_FAIR = Case(
    "a fair coin",
    lambda: softmax_case([1], [[1]], [[0, 0]]),
    "two labels, equally likely, of one input with a feature of 1",
)


def _multinomial(probs: Any) -> Any:
    r"""Returns $\mathrm{diag}\,P-PP^\top$ of every row."""
    identity = jnp.eye(probs.shape[1], dtype=probs.dtype)[None]
    return identity * probs[:, :, None] - probs[:, :, None] * probs[:, None, :]


def _by_covariance(covariance: Callable[[Any, Any], Any]) -> Callable[..., Scalar]:
    @jax.jit
    def side(world: SoftmaxObjective, point: Any, number: Any) -> Scalar:
        return noise.target_noise(world, point, covariance(world.label_probs, number))

    return side


def _additive_covariance(probs: Any, variance: Any) -> Any:
    identity = variance * jnp.eye(probs.shape[1], dtype=probs.dtype)
    return jnp.broadcast_to(identity, (*probs.shape, probs.shape[1]))


def _centred_covariance(probs: Any, variance: Any) -> Any:
    return _additive_covariance(probs, variance) - variance / probs.shape[1]


def _dirichlet_covariance(probs: Any, concentration: Any) -> Any:
    # E q_k q_l = (a_0 P_k P_l + 1{k = l} P_k)/(a_0 + 1).
    outer = probs[:, :, None] * probs[:, None, :]
    identity = jnp.eye(probs.shape[1], dtype=probs.dtype)[None]
    moments = (concentration * outer + identity * probs[:, :, None]) / (concentration + 1)
    return moments - outer


@jax.jit
def _by_labels(world: SoftmaxObjective, point: Any, _: Any) -> Scalar:
    """The spread of the gradients of all labels about the Bayes gradient, input by input."""
    num_labels = world.label_probs.shape[1]
    about = world.bayes_gradients(point).gradients
    total = jnp.zeros((), point.dtype)
    for label in range(num_labels):
        certain = jnp.zeros_like(world.label_probs).at[:, label].set(1)
        spread = jnp.sum((world.of_targets(certain, point) - about) ** 2, axis=(1, 2))
        total += jnp.dot(world.input_weights * world.label_probs[:, label], spread)
    return total


NOISE_ONEHOT = Claim(
    slug="sgd_convergence/noise_onehot",
    title="The gradient noise of drawn labels",
    statement=r"E_x\sum_kP_k\|\nabla\log p_k-E_P\nabla\log p\|^2=E\|\varphi\|^2(1-\|P\|^2)"
    r"\text{ at every }\theta",
    source=worlds.source("Proposition 3, one-hot labels"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=_by_labels,
    rhs=lambda world, _point, _number: noise.noise_onehot(world),
    domain=worlds.softmax_worlds,
    sizes=SIZES,
    scale=worlds.largest_squared_norm,
    draws={"lhs": draws.noise_draw(draws.drawn_label, lambda _labels, _number: 2.0)},
    tight=(_FAIR,),
    corners=(_RARE,),
)

NOISE_ADDITIVE = dataclasses.replace(
    NOISE_ONEHOT,
    slug="sgd_convergence/noise_additive",
    title="The gradient noise of probabilities with independent errors",
    statement=r"E_x\mathrm{tr}(J\,\nu I\,J^\top)=\nu E\|\varphi\|^2(K-2+K\|p(\theta)\|^2)",
    source=worlds.source("Proposition 3, noisy probabilities"),
    lhs=_by_covariance(_additive_covariance),
    rhs=noise.noise_additive,
    scale=lambda world, _point, number: number * worlds.largest_squared_norm(world),
    draws={
        "lhs": draws.noise_draw(
            draws.additive_target, lambda labels, number: number * (labels + labels**0.5) ** 2
        )
    },
)

NOISE_CENTRED = dataclasses.replace(
    NOISE_ADDITIVE,
    slug="sgd_convergence/noise_centred",
    title="The gradient noise of probabilities whose errors sum to zero",
    statement=r"E_x\mathrm{tr}(J\,\nu(I-\tfrac1K11^\top)J^\top)=\nu(K-1)E\|\varphi\|^2"
    r"\text{ at every }\theta",
    source=OURS,
    text_examined=TextExamined.OURS,
    lhs=_by_covariance(_centred_covariance),
    rhs=lambda world, _, number: noise.noise_centred(world, number),
    draws={"lhs": draws.noise_draw(draws.centred_target, lambda labels, number: number * labels)},
)

NOISE_DIRICHLET = dataclasses.replace(
    NOISE_ONEHOT,
    slug="sgd_convergence/noise_dirichlet",
    title="A Dirichlet teacher has a fixed share of the noise of drawn labels",
    statement=r"V_{\mathrm{Dirichlet}(a_0P)}(\theta)=\frac{V_{\mathrm{one-hot}}}{a_0+1}"
    r"\text{ at every }\theta",
    source=worlds.source("Appendix D"),
    lhs=_by_covariance(_dirichlet_covariance),
    rhs=lambda world, _, number: noise.noise_dirichlet(world, number),
    draws={"lhs": draws.noise_draw(draws.dirichlet_target, lambda _labels, _number: 2.0)},
)


def _averaged_noise(num_labels_drawn: int) -> Callable[..., Scalar]:
    """Returns the noise of the mean of drawn labels, over all sequences of labels."""

    @jax.jit
    def side(world: SoftmaxObjective, point: Any, _: Any) -> Scalar:
        num_labels = world.label_probs.shape[1]
        drawn = enumerated(num_labels, num_labels_drawn)
        identity = jnp.eye(num_labels, dtype=point.dtype)
        about = world.bayes_gradients(point).gradients
        total = jnp.zeros((), point.dtype)
        for sequence in drawn:
            target = jnp.broadcast_to(jnp.mean(identity[sequence], 0), world.label_probs.shape)
            chance = jnp.prod(world.label_probs[:, sequence], axis=1)
            spread = jnp.sum((world.of_targets(target, point) - about) ** 2, axis=(1, 2))
            total += jnp.dot(world.input_weights * chance, spread)
        return total

    return side


_DRAWN = 2

NOISE_K_AVERAGED = dataclasses.replace(
    NOISE_ONEHOT,
    slug="sgd_convergence/noise_k_averaged",
    title="The mean of k drawn labels has a k-th of their noise",
    statement=r"V_{\frac1k\sum_je_{y_j}}(\theta)=\frac1kV_{\mathrm{one-hot}}"
    r"\text{ at every }\theta\ (k=2)",
    source=OURS,
    text_examined=TextExamined.OURS,
    lhs=_averaged_noise(_DRAWN),
    rhs=lambda world, _point, _number: noise.noise_k_averaged(world, float(_DRAWN)),
    draws={"lhs": draws.noise_draw(draws.averaged_target(_DRAWN), lambda _labels, _number: 2.0)},
)


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
    return tuple(jnp.asarray(part, dtype=float) for part in parts)


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
        Assumption("centred given the input", r"E[\xi\,|\,x]=0 for every x", _label_bias),
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
    return tuple(jnp.asarray(part, dtype=float) for part in parts)


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
            r"q_k\ge0",
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


MIXING = Claim(
    slug="sgd_convergence/mixing",
    title="A mixture of a drawn label and an unbiased teacher is less noisy than either",
    statement=r"V_{(1-\lambda)e_y+\lambda q}=\frac{V_1V_2}{V_1+V_2}\le\min(V_1,V_2)"
    r"\text{ at }\lambda=\frac{V_1}{V_1+V_2}",
    lhs=jax.jit(_mixed_with_label),
    rhs=jax.jit(lambda weights, answers: _total_variance(weights, answers)),
    domain=lambda size: (simplex(size[0]) * stochastic(*size)).named("answer_weights", "answers"),
    sizes=((3, 3), (2, 2)),
    tight=(
        Case(
            "the Bayes teacher",
            lambda: _teacher_case([1, 0], [[0.5, 0.5], [0.5, 0.5]]),
            "without noise already: both sides are 0",
        ),
    ),
)


# --- one risk, its minimum, and interpolation -----------------------------------------------------


@jax.jit
def _onehot_risk(world: SoftmaxObjective, point: Any, _: Any) -> Scalar:
    """The expected one-hot loss, over all inputs and labels."""
    joint = world.input_weights[:, None] * world.label_probs
    return -jnp.sum(joint * world.log_probs(point))


@jax.jit
def _bayes_risk(world: SoftmaxObjective, point: Any, _: Any) -> Scalar:
    """The expected loss with soft labels: log-partition functions minus mean logits."""
    logits = world.features @ point
    mean = jnp.sum(world.label_probs * logits, axis=1)
    return jnp.dot(world.input_weights, jax.nn.logsumexp(logits, axis=1) - mean)


SAME_RISK = dataclasses.replace(
    NOISE_ONEHOT,
    slug="sgd_convergence/same_risk",
    title="Drawn labels and Bayes class probabilities have the same population risk",
    statement=r"E[-\log p_y(\theta;x)]=E_x\bigl[\log\textstyle\sum_ke^{z_k}-P\cdot z\bigr]"
    r"\text{ for every }\theta",
    source=worlds.source("Proposition 1"),
    lhs=_onehot_risk,
    rhs=_bayes_risk,
    scale=lambda *_: 1.0,
    draws={},
)


@jax.jit
def _misfit(world: SoftmaxObjective, *_: Any) -> Scalar:
    return -jnp.max(jnp.abs(world.probs(world.optimum) - world.label_probs))


REALISABLE = Assumption("realisable", r"P=p(\theta^*)", _misfit)

_MISSPECIFIED = Case(
    "misspecified",
    lambda: (
        dataclasses.replace(
            softmax_case([1], [[1]], [[0, 0]])[0],
            label_probs=jnp.asarray([[0.75, 0.25]], dtype=float),
        ),
        *softmax_case([1], [[1]], [[0, 0]])[1:],
    ),
    "the model answers 1/2 where the probabilities are 3/4 and 1/4",
    "realisable",
)


@jax.jit
def _label_entropy(world: SoftmaxObjective, *_: Any) -> Scalar:
    probs = world.label_probs
    logs = jnp.log(jnp.where(probs > 0, probs, 1.0))
    return -jnp.dot(world.input_weights, jnp.sum(probs * logs, axis=1))


MINIMUM_IS_ENTROPY = dataclasses.replace(
    SAME_RISK,
    slug="sgd_convergence/minimum_is_entropy",
    title="The least risk is the entropy of the labels, if the model contains the truth",
    statement=r"f(\theta^*)=H(Y|X)\text{ if }P=p(\theta^*)",
    lhs=jax.jit(lambda world, _point, _number: world.risk(world.optimum)),
    rhs=_label_entropy,
    assumptions=(REALISABLE,),
    broken=(_MISSPECIFIED,),
    uses=(SAME_RISK.slug,),
)


def _ridged_worlds(size: tuple[int, ...]) -> Domain:
    base = worlds.softmax_worlds(size)

    def build(*parts: Any) -> Any:
        world, point, ridge = base.instance(parts)
        return world, point, jnp.zeros_like(ridge)

    def split(instance: Any) -> tuple[Any, ...]:
        return (*base.parts_of(instance)[:4], jnp.ones_like(instance[2]))

    return Domain(parts=base.parts, build=build, split=split)


@jax.jit
def _bayes_noise_at_optimum(world: SoftmaxObjective, _: Any, ridge: Any) -> Scalar:
    law = world.bayes_gradients(world.optimum)
    gradients = law.gradients + ridge * world.optimum[None]
    return second_moment(law._replace(gradients=gradients))


INTERPOLATION = dataclasses.replace(
    SAME_RISK,
    slug="sgd_convergence/interpolation",
    title="With Bayes class probabilities every gradient is zero at the optimum",
    statement=r"E\|g_{\mathrm{BCP}}(\theta^*)\|^2=0\text{ if }P=p(\theta^*)",
    source=worlds.source("Proposition 2"),
    lhs=_bayes_noise_at_optimum,
    rhs=lambda _world, _point, ridge: 0.0 * ridge,
    domain=_ridged_worlds,
    tight=(
        dataclasses.replace(_FAIR, make=lambda: softmax_case([1], [[1]], [[0, 0]], number=0.0)),
    ),
    corners=(),
    assumptions=(
        REALISABLE,
        Assumption("no ridge", "no penalty on the parameters", lambda _w, _p, ridge: -ridge),
    ),
    broken=(
        dataclasses.replace(
            _MISSPECIFIED, make=lambda: (*_MISSPECIFIED.make()[:2], jnp.asarray(0.0))
        ),
        Case(
            "ridge",
            lambda: softmax_case([1], [[1]], [[1, -1]], number=1.0),
            "a penalty of half the squared norm adds the gradient (1, -1) at the truth",
            "no ridge",
        ),
    ),
)

NOISE_CLAIMS = (
    SAME_RISK,
    MINIMUM_IS_ENTROPY,
    INTERPOLATION,
    TARGET_NOISE_ORTHOGONAL,
    NOISE_ONEHOT,
    NOISE_ADDITIVE,
    NOISE_CENTRED,
    NOISE_DIRICHLET,
    NOISE_K_AVERAGED,
    SIMPLEX_TEACHER_NO_NOISIER,
    SOFTMAX_NO_BLOW_UP,
    MIXING,
)
