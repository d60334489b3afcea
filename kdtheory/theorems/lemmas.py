r"""Textbook lemmas on which claims of the catalogue rest, stated so that they can be certified.

They are no claims of the papers, and not part of the catalogue. Each says for which compact family
it is meant: a certificate is about that family, and nothing more.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Claim, Finding, Source
from kdtheory.divergences import squared_distance
from kdtheory.domains import Domain, box, reals, simplex

_TEXTBOOK = Source(None, "a textbook lemma")


def _risk_pairs(size: tuple[int, ...]) -> Domain:
    (labels,) = size
    return (simplex(labels) * simplex(labels) * reals(labels)).named("p", "q", "losses")


CAUCHY_SCHWARZ = Claim(
    slug="lemmas/cauchy_schwarz",
    title="The step of Proposition 3: a difference of risks and a Euclidean distance",
    statement=r"((p-q)\cdot\ell)^2 \le \|\ell\|_2^2\,\|p-q\|_2^2",
    source=_TEXTBOOK,
    lhs=lambda p, q, losses: jnp.sum((p - q) * losses) ** 2,
    rhs=lambda p, q, losses: jnp.sum(losses**2) * squared_distance(p, q),
    domain=_risk_pairs,
    sizes=((3,), (2,), (4,)),
)


def _laws(size: tuple[int, ...]) -> Domain:
    (atoms,) = size
    return (simplex(atoms) * box(0, 1, atoms)).named("probs", "values")


def _mean(probs: Any, values: Any) -> Scalar:
    return jnp.sum(probs * values)


BHATIA_DAVIS = Claim(
    slug="lemmas/bhatia_davis",
    title="The variance of a law on [0, 1] is at most that of a coin with its mean",
    statement=r"\mathbb V[X] \le \mu(1-\mu),\ X\in[0,1]",
    source=_TEXTBOOK,
    lhs=lambda probs, values: jnp.sum(probs * (values - _mean(probs, values)) ** 2),
    rhs=lambda probs, values: _mean(probs, values) * (1 - _mean(probs, values)),
    domain=_laws,
    sizes=((3,), (2,), (4,)),
)


def _binary_kl(p: Any, q: Any) -> Scalar:
    # The plain form, for coins that are not certain: intervals know its operations.
    return p * jnp.log(p / q) + (1 - p) * jnp.log((1 - p) / (1 - q))


PINSKER = Claim(
    slug="lemmas/pinsker",
    title="Pinsker's inequality for coins",
    statement=r"2(p-q)^2 \le \mathrm{kl}(p\|q)",
    source=_TEXTBOOK,
    lhs=lambda p, q: 2 * (p - q) ** 2,
    rhs=_binary_kl,
    domain=lambda _: (box(0.01, 0.99) * box(0.01, 0.99)).named("p", "q"),
)

PINSKER_REMAINDER = Claim(
    slug="lemmas/pinsker_remainder",
    title="Pinsker's inequality for coins, with the square that vanishes factored out",
    # By Taylor's theorem kl(p||q) = (p - q)^2/(2x(1 - x)) for some x between p and q.
    statement=r"2 \le \frac1{2x(1-x)},\text{ that is }0\le\frac{(1-2x)^2}{2x(1-x)}",
    source=_TEXTBOOK,
    lhs=jnp.zeros_like,
    rhs=lambda x: (1 - 2 * x) ** 2 / (2 * x * (1 - x)),
    domain=lambda _: box(0.01, 0.99).named("x"),
)

PINSKER_STRICT = Claim(
    slug="lemmas/pinsker_strict",
    title="With a smaller constant and away from equal coins, there is a gap",
    statement=r"\tfrac{19}{10}\,d^2 \le \mathrm{kl}(p\|p+d)",
    source=_TEXTBOOK,
    lhs=lambda p, d: 19 * d**2 / 10,
    rhs=lambda p, d: _binary_kl(p, p + d),
    domain=lambda _: (box(0.01, 0.49) * box(0.05, 0.5)).named("p", "d"),
)

PINSKER_TOO_LARGE = dataclasses.replace(
    PINSKER,
    slug="lemmas/pinsker_too_large",
    title="Pinsker's inequality for coins with a larger constant",
    statement=r"\tfrac{41}{20}(p-q)^2 \le \mathrm{kl}(p\|q)",
    lhs=lambda p, q: 41 * (p - q) ** 2 / 20,
    finding=Finding.FAILS,
    what_survives="the constant 2: lemmas/pinsker",
)


def _centred_log_mgf(prob: Any, argument: Any) -> Scalar:
    return jnp.log(1 - prob + prob * jnp.exp(argument)) - prob * argument


HOEFFDING = Claim(
    slug="lemmas/hoeffding",
    title="Hoeffding's lemma for coins",
    statement=r"\log(1-q+qe^t)-qt \le \tfrac18t^2",
    source=_TEXTBOOK,
    lhs=_centred_log_mgf,
    rhs=lambda prob, argument: argument**2 / 8,
    domain=lambda _: (box(0, 1) * box(-4, 4)).named("q", "t"),
)

HOEFFDING_CURVATURE = Claim(
    slug="lemmas/hoeffding_curvature",
    title="Hoeffding's lemma, with what vanishes factored out: the variance of a tilted coin",
    # The second derivative of log(1 - q + q e^t) in t is s(1 - s), s the tilted probability.
    statement=r"s(1-s) \le \tfrac14",
    source=_TEXTBOOK,
    lhs=lambda s: s * (1 - s),
    rhs=lambda s: jnp.full_like(s, 0.25),
    domain=lambda _: box(0, 1).named("s"),
)

BERNOULLI_PROXY = Claim(
    slug="lemmas/bernoulli_proxy",
    title="The smallest variance proxy of a coin",
    statement=r"\log(1-q+qe^t)-qt \le \frac{1-2q}{4\log((1-q)/q)}\,t^2",
    source=_TEXTBOOK,
    lhs=_centred_log_mgf,
    rhs=lambda prob, argument: (1 - 2 * prob) / (4 * jnp.log((1 - prob) / prob)) * argument**2,
    domain=lambda _: (box(0.02, 0.48) * box(-4, 4)).named("q", "t"),
)

MEAN_OF_SQUARES = Claim(
    slug="lemmas/mean_of_squares",
    title="The square of a mean is at most the mean of the squares",
    statement=r"\bigl(\textstyle\sum_ip_ix_i\bigr)^2 \le \sum_ip_ix_i^2",
    source=_TEXTBOOK,
    lhs=lambda probs, values: _mean(probs, values) ** 2,
    rhs=lambda probs, values: _mean(probs, values**2),
    domain=lambda size: (simplex(size[0]) * reals(size[0])).named("probs", "values"),
    sizes=((3,), (2,), (4,)),
)

LEMMAS: tuple[Claim, ...] = (
    CAUCHY_SCHWARZ,
    BHATIA_DAVIS,
    MEAN_OF_SQUARES,
    PINSKER,
    PINSKER_REMAINDER,
    PINSKER_STRICT,
    PINSKER_TOO_LARGE,
    HOEFFDING,
    HOEFFDING_CURVATURE,
    BERNOULLI_PROXY,
)
