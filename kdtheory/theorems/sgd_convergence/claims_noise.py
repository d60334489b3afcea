r"""Claims on the noise of gradients, for every kind of label, at any parameter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Relation, TextExamined
from kdtheory.objects.objectives import SoftmaxObjective
from kdtheory.theorems._enumeration import enumerated
from kdtheory.theorems.sgd_convergence import axes, draws, noise, worlds
from kdtheory.theorems.sgd_convergence.worlds import softmax_case

SIZES = ((2, 2, 3), (1, 1, 2))

_RARE = Case(
    "a rare class",
    lambda: softmax_case(
        [0.5, 0.5], [[1, 0], [0, 1]], [[2, 0, -2], [0, 1, -2]], [[1, 0, 0], [0, 0, -1]]
    ),
    "probabilities of 2 per cent, which nothing is divided by",
)
FAIR = Case(
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
    tight=(FAIR,),
    corners=(_RARE,),
    axes=(axes.CONFIDENCE,),
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
    axes=(axes.POINT,),
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
    axes=(axes.VARIANCE,),
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
    axes=(axes.CONCENTRATION,),
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
    axes=(axes.CONFIDENCE,),
)


NOISE_CLAIMS = (
    NOISE_ONEHOT,
    NOISE_ADDITIVE,
    NOISE_CENTRED,
    NOISE_DIRICHLET,
    NOISE_K_AVERAGED,
)
