"""Claims on the population risk: the same for all labels, and what it is at the optimum."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Case
from kdtheory.domains import Domain
from kdtheory.objects.objectives import SoftmaxObjective, second_moment
from kdtheory.theorems.sgd_convergence import axes, worlds
from kdtheory.theorems.sgd_convergence.claims_noise import FAIR, NOISE_ONEHOT
from kdtheory.theorems.sgd_convergence.worlds import softmax_case

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
    axes=(axes.POINT,),
)


@jax.jit
def _misfit(world: SoftmaxObjective, *_: Any) -> Scalar:
    return -jnp.max(jnp.abs(world.probs(world.optimum) - world.label_probs))


REALISABLE = Assumption("realisable", r"$P=p(\theta^*)$", _misfit)

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
    axes=(axes.CONFIDENCE,),
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
    tight=(dataclasses.replace(FAIR, make=lambda: softmax_case([1], [[1]], [[0, 0]], number=0.0)),),
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
    axes=(axes.INTERPOLATED,),
)

RISK_CLAIMS = (SAME_RISK, MINIMUM_IS_ENTROPY, INTERPOLATION)
