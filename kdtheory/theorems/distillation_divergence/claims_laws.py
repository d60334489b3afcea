"""Claims on bare laws: change of measure, variance proxies, and the best bounds that tilts attain.

The claims on processes rest on these, applied to the law of the gap.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp

from kdtheory import concentration
from kdtheory._types import Scalar
from kdtheory.claim import (
    Assumption,
    Axis,
    Case,
    Claim,
    Finding,
    Relation,
    Source,
    TextExamined,
)
from kdtheory.divergences import kl_divergence
from kdtheory.domains import box, integers
from kdtheory.theorems.distillation_divergence import formulas
from kdtheory.theorems.distillation_divergence import law_worlds as worlds
from kdtheory.theorems.distillation_divergence.law_worlds import law
from kdtheory.theorems.papers import LI_HE

APPENDIX = "appendix A to D"


def _mean_under(_: Any, student: Any, function: Any) -> Scalar:
    return worlds.mean(function, student)


def _donsker_varadhan(teacher: Any, student: Any, function: Any) -> Scalar:
    log_mgf = concentration.log_mgf(function, teacher, 1.0)
    return kl_divergence(student, teacher) + log_mgf


def _change_of_measure_unit(teacher: Any, student: Any, function: Any) -> Scalar:
    divergence = kl_divergence(student, teacher)
    return 1.0 + jnp.where(divergence < math.inf, divergence, 0.0) + jnp.max(jnp.abs(function))


_CHANGES = (
    Case(
        "no tilt",
        lambda: law([0.5, 0.5], [0.25, 0.75], [1.0, 1.0]),
        "g is constant: the slack is KL(Q||P)",
    ),
    Case(
        "other support",
        lambda: law([1.0, 0.0], [0.5, 0.5], [1.0, -1.0]),
        "KL = inf: the right side is infinite",
    ),
    Case(
        "less support",
        lambda: law([0.5, 0.5], [1.0, 0.0], [4.0, -4.0]),
        "KL = log 2, as for any law on one of two points",
    ),
)
_TILTED_COIN = Case(
    "a tilted coin",
    # e^g = (3, 1), so that the tilt is (3/4, 1/4).
    lambda: law([0.5, 0.5], [0.75, 0.25], [math.log(3.0), 0.0]),
    "Q is P tilted by g: E_Q g = (3/4) log 3",
)

_STRENGTH = Axis(
    "t, for g = (t, 0), P = (1/2, 1/2) and Q = (3/4, 1/4), the tilt at t = log 3",
    tuple(k / 16 - 1 for k in range(65)),
    lambda strength: law([0.5, 0.5], [0.75, 0.25], [strength, 0.0]),
)

DONSKER_VARADHAN = Claim(
    slug="distillation_divergence/donsker_varadhan",
    title="A mean under another law is at most the divergence and the log-mgf",
    statement=r"E_Qg \le \mathrm{KL}(Q\|P)+\log E_Pe^g\text{, infinite where }"
    r"\mathrm{KL}(Q\|P)\text{ is}",
    source=Source(LI_HE, "Lemma 6", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_mean_under,
    rhs=_donsker_varadhan,
    domain=worlds.pairs_of_laws,
    sizes=worlds.SIZES,
    scale=_change_of_measure_unit,
    tight=(_TILTED_COIN,),
    corners=_CHANGES,
    axes=(_STRENGTH,),
)


def _slack(teacher: Any, student: Any, function: Any) -> Scalar:
    return _donsker_varadhan(teacher, student, function) - worlds.mean(function, student)


def _divergence_from_tilt(teacher: Any, student: Any, function: Any) -> Scalar:
    return kl_divergence(student, concentration.tilted_probs(function, teacher, 1.0))


DV_TILT = Claim(
    slug="distillation_divergence/dv_tilt",
    title="What the change of measure loses is the divergence from the tilt",
    statement=r"\mathrm{KL}(Q\|P)+\log E_Pe^g-E_Qg = \mathrm{KL}(Q\|P_g),"
    r"\quad dP_g = e^g\,dP/E_Pe^g",
    relation=Relation.EQ,
    lhs=_slack,
    rhs=_divergence_from_tilt,
    domain=worlds.pairs_of_laws,
    sizes=worlds.SIZES,
    scale=_change_of_measure_unit,
    tight=(_TILTED_COIN,),
    corners=_CHANGES,
    axes=(_STRENGTH,),
    sharpens=DONSKER_VARADHAN.slug,
)


def _mgf_bound(values: Any, probs: Any, argument: Any, proxy: Any) -> Scalar:
    return argument * worlds.mean(values, probs) + 0.5 * argument**2 * proxy


def _log_mgf(values: Any, probs: Any, argument: Any, *_: Any) -> Scalar:
    return concentration.log_mgf(values, probs, argument)


def _mgf_unit(values: Any, _: Any, argument: Any, *__: Any) -> Scalar:
    return 1.0 + jnp.abs(argument) * worlds.unit(values)


def _proxy_margin(values: Any, probs: Any, _: Any, proxy: Any) -> Scalar:
    return proxy - concentration.variance_proxy(values, probs)


SUB_GAUSSIAN = Assumption(
    "sub-Gaussian",
    r"$\log Ee^{\ell(X-\mu)}\le\ell^2\sigma^2/2$ for all $\ell$",
    _proxy_margin,
)
_ODDS = math.log(3.0)
"""The log odds of a coin of 1/4; its smallest proxy is 1/(4 log 3), reached at 2 log 3."""

SUBGAUSSIAN_MGF = Claim(
    slug="distillation_divergence/subgaussian_mgf",
    title="The log-mgf of a sub-Gaussian variable lies below a parabola",
    statement=r"\log Ee^{\ell X} \le \ell\mu+\tfrac12\ell^2\sigma^2",
    source=Source(LI_HE, "Lemma 7", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_log_mgf,
    rhs=_mgf_bound,
    domain=worlds.laws_with(argument=box(-16, 16), variance_proxy=box(0, 1)),
    sizes=worlds.SIZES,
    scale=_mgf_unit,
    assumptions=(SUB_GAUSSIAN,),
    tight=(
        Case(
            "a coin of 1/4",
            # E e^{lX} = 3/4 + 9/4 = 3, and l/4 + l^2/(8 log 3) = log 3 at l = 2 log 3.
            lambda: law([1.0, 0.0], [0.25, 0.75], 2 * _ODDS, 0.25 / _ODDS),
            "the smallest proxy, at the argument that needs it: both sides are log 3",
        ),
        Case("no argument", lambda: law([1.0, 0.0], [0.25, 0.75], 0.0, 0.25), "both are zero"),
    ),
    corners=(Case("constant", lambda: law([0.5, 0.5], [0.25, 0.75], 2.0, 0.0), "proxy zero"),),
    axes=(
        Axis(
            "l, for a coin of 1/4 and its smallest proxy, equal at 0 and 2 log 3",
            tuple(k / 8 - 4 for k in range(65)),
            lambda argument: law([1.0, 0.0], [0.25, 0.75], argument, 0.25 / _ODDS),
        ),
    ),
    broken=(
        Case(
            "half the variance",
            lambda: law([1.0, -1.0], [0.5, 0.5], 1.0, 0.5),
            "log cosh 1 = 0.434 > 1/4",
            assumption="sub-Gaussian",
        ),
    ),
)


def _height(values: Any, probs: Any, argument: Any, *_: Any) -> Scalar:
    r"""Returns $2\psi(\ell)/\ell^2$, the variance at zero."""
    proper = jnp.where(argument == 0, 1.0, argument)
    height = 2.0 * concentration.centred_log_mgf(values, probs, proper) / proper**2
    variance = jnp.sum(probs * (values - worlds.mean(values, probs)) ** 2)
    return jnp.where(argument == 0, variance, height)


def _certified_law(*pairs: tuple[Any, Any]) -> tuple[Any, ...]:
    values, probs = zip(*pairs, strict=True)
    return worlds.certified(*law(values, probs))


SMALLEST_PROXY = Claim(
    slug="distillation_divergence/smallest_proxy",
    title="The certified variance proxy is attained: no smaller one is valid",
    statement=r"\frac{2\psi(\ell^*)}{(\ell^*)^2} = \sup_\ell\frac{2\psi(\ell)}{\ell^2}"
    r"\text{ up to the width of the certificate}",
    relation=Relation.EQ,
    lhs=_height,
    rhs=lambda values, probs, argument, certified, width: certified,
    error=lambda values, probs, argument, certified, width: width,
    domain=worlds.certified_laws,
    sizes=worlds.SIZES,
    scale=lambda values, *_: worlds.unit(values) ** 2,
    tight=(
        Case(
            "a coin of 1/4",
            lambda: _certified_law((1.0, 0.25), (0.0, 0.75)),
            "1/(4 log 3) = 0.2276",
        ),
        Case(
            "a fair coin",
            lambda: _certified_law((1.0, 0.5), (-1.0, 0.5)),
            "the variance, as l goes to 0",
        ),
    ),
    corners=(
        Case(
            "two maxima",
            # Five times smaller than (-1, 1, 5), whose proxy is 1.08576.
            lambda: _certified_law((-0.2, 0.499995), (0.2, 0.499995), (1.0, 1e-5)),
            "the higher one lies far from zero; a local search from there finds the other",
        ),
        Case("constant", lambda: _certified_law((0.5, 0.25), (0.5, 0.75)), "proxy zero"),
    ),
    axes=(
        Axis(
            "probability of 1, and of 0 otherwise",
            tuple(k / 32 for k in range(33)),
            lambda first: _certified_law((1.0, first), (0.0, 1 - first)),
        ),
    ),
    sharpens=SUBGAUSSIAN_MGF.slug,
)


def _from(bound: Any, values: Any, probs: Any, divergence: Any, above: Any) -> Scalar:
    """Returns an upper bound on the mean of X, or of -X: a lower one with its sign changed."""
    return bound(worlds.sign_of(above) * values, probs, divergence)


def _chernoff(values: Any, probs: Any, divergence: Any) -> Scalar:
    return concentration.chernoff_upper(values, probs, divergence)[0]


def _theorem8(values: Any, probs: Any, divergence: Any) -> Scalar:
    proxy = concentration.variance_proxy_above(values, probs)
    return formulas.sub_gaussian(worlds.mean(values, probs), proxy, divergence)


def _tilted_mean(values: Any, probs: Any, argument: Any) -> Scalar:
    tilt = concentration.tilted_probs(values, probs, argument)
    return jnp.sign(argument) * worlds.mean(values, tilt)


def _chernoff_at_tilt(values: Any, probs: Any, argument: Any) -> Scalar:
    divergence = concentration.tilt_divergence(values, probs, argument)
    return _from(_chernoff, values, probs, divergence, jnp.where(argument > 0, 1.0, 0.0))


CRAMER_CHERNOFF_ATTAINED = Claim(
    slug="distillation_divergence/cramer_chernoff_attained",
    title="Tilts attain the Cramer-Chernoff bounds: none by the law and the divergence is better",
    statement=r"dQ\propto e^{\ell X}dP\ \Rightarrow\ E_QX ="
    r" \inf_{\lambda>0}\frac{K+\log E_Pe^{\lambda X}}\lambda,\ K=\mathrm{KL}(Q\|P)"
    r"\text{, for }\ell>0\text{; mirrored for }\ell<0",
    relation=Relation.EQ,
    lhs=_tilted_mean,
    rhs=_chernoff_at_tilt,
    domain=worlds.tilts,
    sizes=worlds.SIZES,
    scale=worlds.unit,
    tight=(
        Case("a coin", lambda: law([1.0, -1.0], [0.5, 0.5], 1.0), "tanh 1"),
        Case("from below", lambda: law([1.0, -0.5], [0.25, 0.75], -2.0), "the sign changed"),
    ),
    corners=(Case("constant", lambda: law([0.5, 0.5], [0.25, 0.75], 2.0), "K = 0"),),
    axes=(
        Axis(
            "l, by which a coin of 1/5 that pays 1 or -1/4 is tilted",
            tuple(k / 8 for k in range(1, 65)),
            lambda argument: law([1.0, -0.25], [0.2, 0.8], argument),
        ),
    ),
    uses=(DONSKER_VARADHAN.slug,),
)

CHERNOFF_BELOW_THEOREM8 = Claim(
    slug="distillation_divergence/chernoff_below_theorem8",
    title="The Cramer-Chernoff bounds are never wider than Theorem 8 with the smallest proxies",
    statement=r"\inf_{\ell>0}\frac{K+\log Ee^{\ell X}}\ell \le \mu+\sigma_+\sqrt{2K}"
    r"\text{, and mirrored with }\sigma_-",
    lhs=functools.partial(_from, _chernoff),
    rhs=functools.partial(_from, _theorem8),
    domain=worlds.laws_with(divergence=box(0, 4), above=integers(0, 1)),
    sizes=worlds.SIZES,
    scale=worlds.unit,
    tight=(
        Case(
            "a coin of 1/4",
            # The tilt by 2 log 3 is a coin of 3/4; K = log(3)/2 and sqrt(2K s^2) = 1/2.
            lambda: law([1.0, 0.0], [0.25, 0.75], 0.5 * _ODDS, 1.0),
            "at the argument where the proxy is attained: both are 3/4",
        ),
        Case("no divergence", lambda: law([1.0, 0.0], [0.25, 0.75], 0.0, 0.0), "both are -1/4"),
    ),
    corners=(
        Case(
            "beyond every tilt",
            lambda: law([1.0, -1.0], [0.5, 0.5], 4.0, 1.0),
            "1 against 2.83: Theorem 8 leaves the range",
        ),
        Case("constant", lambda: law([0.5, 0.5], [0.25, 0.75], 1.0, 1.0), "no proxy, no change"),
    ),
    axes=(
        Axis(
            "K, the divergence; X is 1 in one case of five, else -1/4",
            tuple(k / 16 for k in range(65)),
            lambda divergence: law([1.0, -0.25], [0.2, 0.8], divergence, 1.0),
        ),
    ),
    uses=(SUBGAUSSIAN_MGF.slug,),
)


def _least_mean(values: Any, probs: Any, divergence: Any) -> Scalar:
    return concentration.chernoff_lower(values, probs, divergence)[0]


LARGE_DIVERGENCE_REVIEW = Claim(
    slug="distillation_divergence/large_divergence_review",
    title="That a large divergence keeps the student's gap up does not follow",
    # The least gap at divergence K is that of a tilt, and is what every lower bound must respect.
    statement=r"m(K+\delta) \ge m(K),\quad"
    r" m(K)=\min\{E_QX:\mathrm{KL}(Q\|P)\le K\}=\sup_{\ell<0}\frac{K+\log E_Pe^{\ell X}}\ell"
    r"\quad\text{(as a review reads the lower bound: a large divergence prevents the student from"
    r" generalising much better than the teacher)}",
    source=Source(LI_HE, "a review of the paper, on the lower bound", "after Theorem 10"),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="At a small divergence the student's gap is close to the teacher's, from either "
    "side. The least gap that a student at divergence K can have is attained by a tilt and falls "
    "as K grows, down to the smallest value of the gap: a large divergence allows it to "
    "generalise much better, and obliges it to nothing.",
    relation=Relation.GE,
    lhs=lambda values, probs, divergence, more: _least_mean(values, probs, divergence + more),
    rhs=lambda values, probs, divergence, _: _least_mean(values, probs, divergence),
    domain=worlds.laws_with(divergence=box(0, 4), more=box(0, 4)),
    sizes=worlds.SIZES,
    scale=worlds.unit,
    counterexample=Case(
        "a fair coin",
        lambda: law([1.0, -1.0], [0.5, 0.5], 0.0, 1.0),
        "at K = 0 the student is the teacher, with gap 0; at K = 1 > log 2 its gap may be -1",
    ),
    axes=(
        Axis(
            "delta, beyond K = 0; the gap is 1 or -1, either half the time",
            tuple(k / 64 for k in range(65)),
            lambda more: law([1.0, -1.0], [0.5, 0.5], 0.0, more),
        ),
    ),
    uses=(CRAMER_CHERNOFF_ATTAINED.slug,),
)
