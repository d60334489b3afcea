"""Claims on the central condition of bare laws, and what Theorem 10 gains by it."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory import concentration
from kdtheory._numerics import chosen
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import box
from kdtheory.theorems.distillation_divergence import claims_laws, formulas
from kdtheory.theorems.distillation_divergence import law_worlds as worlds
from kdtheory.theorems.distillation_divergence.law_worlds import law
from kdtheory.theorems.papers import LI_HE

APPENDIX = claims_laws.APPENDIX
_ODDS = math.log(3.0)


def _log_mgf(values: Any, probs: Any, eta: Any, *_: Any) -> Scalar:
    return concentration.log_mgf(values, probs, -eta)


def _exponent_unit(values: Any, _: Any, eta: Any, *__: Any) -> Scalar:
    return 1.0 + eta * worlds.unit(values)


CENTRAL_CONDITION = Claim(
    slug="distillation_divergence/central_condition",
    title="The central condition asks for a positive mean",
    statement=r"EX\le0,\ 0<c\le1\ \Rightarrow\ \log Ee^{-\eta X} \ge -c\,\eta\,EX,"
    r"\text{ with equality only for }X=0\text{, or a constant and }c=1",
    relation=Relation.GE,
    lhs=_log_mgf,
    rhs=lambda values, probs, eta, c: -c * eta * worlds.mean(values, probs),
    domain=worlds.laws_with(eta=box(1 / 16, 8), c=box(1 / 16, 1)),
    sizes=worlds.SIZES,
    scale=_exponent_unit,
    assumptions=(
        Assumption("no gap", r"$EX\le0$", lambda values, probs, *_: -worlds.mean(values, probs)),
    ),
    tight=(
        Case(
            "a negative constant",
            lambda: law([-0.5, -0.5], [0.5, 0.5], 2.0, 1.0),
            "c = 1: both sides are 1",
        ),
        Case("zero", lambda: law([0.0, 0.0], [0.5, 0.5], 2.0, 0.5), "both sides are 0"),
    ),
    corners=(
        Case("mean zero", lambda: law([1.0, -1.0], [0.5, 0.5], 1.0, 1.0), "log cosh 1 > 0"),
        Case(
            "close to a positive mean",
            lambda: law([-1.0, 0.9], [0.5, 0.5], 0.0625, 1.0),
            "the mean is -1/20: no pair, however small eta is",
        ),
    ),
    broken=(
        Case(
            "a positive mean",
            # 3/4 e^{-1/2} + 1/4 e^{1/2} = 0.867, whose logarithm is -0.143 < -0.0625.
            lambda: law([1.0, -1.0], [0.75, 0.25], 0.5, 0.25),
            "X satisfies the condition at eta = 1/2, c = 1/4",
            assumption="no gap",
        ),
    ),
    axes=(
        Axis(
            "probability that X is 1, and -1 otherwise; eta = 1, c = 1",
            tuple(k / 64 for k in range(33)),
            lambda first: law([1.0, -1.0], [first, 1 - first], 1.0, 1.0),
        ),
    ),
)


def _remark2(values: Any, probs: Any, eta: Any, proxy: Any) -> Scalar:
    r"""Returns $-c\eta\mu$ at $c=1-\eta s^2/(2\mu)$, without dividing by the mean."""
    return -eta * (worlds.mean(values, probs) - 0.5 * eta * proxy)


REMARK2 = Claim(
    slug="distillation_divergence/remark2",
    title="Sub-Gaussian variables satisfy a central condition",
    statement=r"\log Ee^{-\eta X} \le -c\,\eta\,\mu,\ c=1-\frac{\eta\sigma^2}{2\mu}"
    r"\quad(0<c<1\text{ for }\mu>0\text{ and }0<\eta<2\mu/\sigma^2;"
    r"\text{ the inequality itself needs neither})",
    source=Source(LI_HE, "Remark 2", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=_log_mgf,
    rhs=_remark2,
    domain=worlds.laws_with(eta=box(1 / 16, 8), variance_proxy=box(0, 1)),
    sizes=worlds.SIZES,
    scale=_exponent_unit,
    assumptions=(claims_laws.SUB_GAUSSIAN,),
    tight=(
        Case(
            "a coin of 3/4",
            # E e^{-eta X} = 1/4 + 3/4/9 = 1/3, and -3/2 log 3 + 1/2 log 3; c = 2/3.
            lambda: law([1.0, 0.0], [0.75, 0.25], 2 * _ODDS, 0.25 / _ODDS),
            "the smallest proxy, at the argument that needs it: both sides are -log 3",
        ),
    ),
    corners=(
        Case("constant", lambda: law([0.5, 0.5], [0.25, 0.75], 2.0, 0.0), "c = 1: both are -1"),
        Case(
            "beyond the range",
            lambda: law([1.0, -1.0], [0.5, 0.5], 8.0, 1.0),
            "mean zero: the inequality holds, but is no central condition",
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
    axes=(
        Axis(
            "eta, for a coin of 3/4 and its smallest proxy, equal at 2 log 3",
            tuple(k / 16 for k in range(1, 65)),
            lambda eta: law([1.0, 0.0], [0.75, 0.25], eta, 0.25 / _ODDS),
        ),
    ),
    uses=(claims_laws.SUBGAUSSIAN_MGF.slug,),
)


def _mgf_at_the_end(values: Any, probs: Any) -> Scalar:
    most = concentration.largest_central_eta(values, probs)
    ends = (most > 0) & (most < jnp.inf)
    eta = jnp.where(ends, most, 1.0)
    return jnp.where(ends, jnp.exp(concentration.log_mgf(values, probs, -eta)), 1.0)


CENTRAL_RANGE = Claim(
    slug="distillation_divergence/central_range",
    title="The central condition ends where the mgf is one again",
    statement=r"Ee^{-\eta_{\max}X} = 1\text{ where }0<\eta_{\max}<\infty,"
    r"\quad \eta_{\max}=\sup\{\eta:(\eta,c)\text{-central for some }c>0\}",
    relation=Relation.EQ,
    lhs=_mgf_at_the_end,
    rhs=lambda values, _: jnp.ones_like(values[0]),
    domain=worlds.laws,
    sizes=worlds.SIZES,
    tight=(
        Case("a coin of 3/4", lambda: law([1.0, -1.0], [0.75, 0.25]), "eta_max = log 3"),
        Case("a rare loss", lambda: law([0.5, -1.0], [0.9375, 0.0625]), "eta_max = 2.34"),
    ),
    corners=(
        Case("no negative values", lambda: law([1.0, 0.0], [0.5, 0.5]), "eta_max is infinite"),
        Case("a negative mean", lambda: law([0.5, -1.0], [0.5, 0.5]), "eta_max is zero"),
    ),
    axes=(
        Axis(
            "probability that X is 1, and -1 otherwise",
            tuple(0.5 + k / 64 for k in range(1, 32)),
            lambda first: law([1.0, -1.0], [first, 1 - first]),
        ),
    ),
    uses=(CENTRAL_CONDITION.slug,),
)


def _theorem10(values: Any, probs: Any, divergence: Any, eta: Any, c: Any) -> Scalar:
    return c * worlds.mean(values, probs) - divergence / eta


def _at_tilt(tilt: float, eta: Any = None) -> tuple[Any, ...]:
    """Returns X = 1 or -1/2, the divergence of a tilt, and eta (that of the tilt) with its c."""
    values, probs, at = law([1.0, -0.5], [0.75, 0.25], tilt)
    divergence = concentration.tilt_divergence(values, probs, -at)
    chosen_eta = at if eta is None else eta
    return values, probs, divergence, chosen_eta, worlds.largest_c(values, probs, chosen_eta)


def _lower(values: Any, probs: Any, divergence: Any, *_: Any) -> Scalar:
    return concentration.chernoff_lower(values, probs, divergence)[0]


LOWER_BELOW_CHERNOFF = Claim(
    slug="distillation_divergence/lower_below_chernoff",
    title="Theorem 10 is never better than the Cramer-Chernoff lower bound",
    statement=r"c\,\mu-K/\eta \le \sup_{\ell<0}\frac{K+\log Ee^{\ell X}}\ell"
    r"\text{ for every pair of the central condition}",
    lhs=_theorem10,
    rhs=_lower,
    domain=worlds.central_laws,
    sizes=worlds.SIZES,
    scale=lambda values, _, divergence, eta, __: worlds.unit(values) + divergence / eta,
    assumptions=(
        Assumption(
            "central condition",
            r"$\log Ee^{-\eta X}\le-c\,\eta\,EX$",
            lambda values, probs, _, eta, c: worlds.central_margin(values, probs, eta, c),
        ),
    ),
    tight=(
        Case("the tilt's pair", lambda: _at_tilt(0.5), "equality: a tangent of the curve"),
        Case("constant", lambda: law([0.5, 0.5], [0.25, 0.75], 0.0, 2.0, 1.0), "both are 1/2"),
    ),
    corners=(
        Case(
            "beyond every tilt",
            lambda: law([1.0, -1.0], [0.75, 0.25], 4.0, 0.5, 0.25),
            "-7.9 against -1",
        ),
    ),
    broken=(
        Case(
            "c of one",
            lambda: (*_at_tilt(0.5)[:-1], jnp.asarray(1.0)),
            "equality at the largest c: with more the bound is above what a tilt has",
            assumption="central condition",
        ),
    ),
    axes=(
        Axis(
            "eta, with the largest c, at the divergence of the tilt by -1",
            tuple(2 ** (k / 8 - 2) for k in range(25)),
            lambda eta: _at_tilt(1.0, eta),
        ),
    ),
    uses=(claims_laws.CRAMER_CHERNOFF_ATTAINED.slug,),
)


def _two_sided(values: Any, probs: Any, proxy: Any, divergence: Any, _: Any) -> Scalar:
    r"""Returns $\mu-s\sqrt{2K}$, the two-sided form of Theorem 8."""
    return -formulas.sub_gaussian(-worlds.mean(values, probs), proxy, divergence)


def _by_remark2(mean: Any, proxy: Any, divergence: Any, eta: Any) -> Scalar:
    r"""Returns $c\mu-K/\eta$ at $c=1-\eta s^2/(2\mu)$."""
    return mean - 0.5 * eta * proxy - divergence / eta


@chosen
def _best_eta(mean: Any, proxy: Any, divergence: Any) -> Any:
    """Returns the best argument of the range of Remark 2, by ternary search over its logarithm."""

    def shrink(_: Any, interval: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = interval
        left, right = (2.0 * low + high) / 3.0, (low + 2.0 * high) / 3.0
        rises = _by_remark2(mean, proxy, divergence, jnp.exp(left)) < _by_remark2(
            mean, proxy, divergence, jnp.exp(right)
        )
        return jnp.where(rises, left, low), jnp.where(rises, high, right)

    end = jnp.log(2.0 * mean / proxy)
    low, high = jax.lax.fori_loop(0, 96, shrink, (end - 40.0, end))
    return jnp.exp(0.5 * (low + high))


def _searched(values: Any, probs: Any, proxy: Any, divergence: Any, _: Any) -> Scalar:
    mean = worlds.mean(values, probs)
    varies = proxy > 0
    safe = jnp.where(varies, proxy, 1.0)
    best = _by_remark2(mean, safe, divergence, _best_eta(mean, safe, divergence))
    # For a constant every eta has c = 1: the supremum is the limit at infinity.
    return jnp.where(varies, best, mean)


def _priced_unit(values: Any, *_: Any) -> Scalar:
    return worlds.unit(values)


def _coin(divergence: Any, eta: Any) -> tuple[Any, ...]:
    """Returns X = 0 or 1: mean 1/2, s^2 = 1/4, so that K <= 2 and eta <= 4."""
    return law([1.0, 0.0], [0.5, 0.5], 0.25, divergence, eta)


_PRICED_CORNERS = (
    Case("no divergence", lambda: _coin(0.0, 1.0), "every bound is the mean, as eta goes to 0"),
    Case("the end of the range", lambda: _coin(2.0, 4.0), "K = 2 mean^2/s^2: minus the mean"),
    Case("constant", lambda: law([0.5, 0.5], [0.5, 0.5], 0.0, 0.25, 1.0), "no proxy: the mean"),
)

THM10_EQUALS_TWO_SIDED = Claim(
    slug="distillation_divergence/thm10_equals_two_sided",
    title="Theorem 10 with the pairs of Remark 2 is the two-sided Theorem 8",
    statement=r"\sup_{0<\eta<2\mu/\sigma^2}\Bigl(1-\frac{\eta\sigma^2}{2\mu}\Bigr)\mu-\frac K\eta"
    r" = \mu-\sigma\sqrt{2K}\quad\text{for }\mu>0,\ K<2\mu^2/\sigma^2",
    relation=Relation.EQ,
    lhs=_searched,
    rhs=_two_sided,
    domain=worlds.priced_laws,
    sizes=worlds.SIZES,
    scale=_priced_unit,
    tight=(Case("a fair coin", lambda: _coin(0.5, 2.0), "eta = sqrt(2K)/s = 2: both are 0"),),
    corners=_PRICED_CORNERS,
    axes=(
        Axis(
            "K, the divergence, for a fair coin of 0 and 1",
            tuple(k / 32 for k in range(65)),
            lambda divergence: _coin(divergence, 1.0),
        ),
    ),
    uses=(REMARK2.slug,),
)

SHARPER_DEPENDENCE_REMARK2 = Claim(
    slug="distillation_divergence/sharper_dependence_remark2",
    title="With the pairs of Remark 2 the lower bound is no sharper than the two-sided Theorem 8",
    statement=r"\Bigl(1-\frac{\eta\sigma^2}{2\mu}\Bigr)\mu-\frac K\eta \ge \mu-\sigma\sqrt{2K}"
    r"\quad\text{(sharper dependence on the distillation divergence, read with the pairs that"
    r" sub-Gaussianity gives)}",
    source=Source(LI_HE, "sharper dependence on the distillation divergence", "abstract"),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.READING_DEPENDENT,
    what_survives="With the pairs of Remark 2 the bound is never above the two-sided form of "
    "Theorem 8, and equal to it at one eta, sqrt(2K)/sigma. With the best pair of the law itself "
    "it is at least as large as that form; it is then the Cramer-Chernoff lower bound.",
    relation=Relation.GE,
    lhs=lambda values, probs, proxy, divergence, eta: _by_remark2(
        worlds.mean(values, probs), proxy, divergence, eta
    ),
    rhs=_two_sided,
    domain=worlds.priced_laws,
    sizes=worlds.SIZES,
    scale=_priced_unit,
    tight=(Case("the best pair", lambda: _coin(0.5, 2.0), "eta = sqrt(2K)/s: both are 0"),),
    counterexample=Case(
        "half of the best eta",
        # c = 3/4 and 3/8 - 1/2 = -1/8; the two-sided form is 1/2 - 1/2 = 0.
        lambda: _coin(0.5, 1.0),
        "-1/8 against 0",
    ),
    axes=(
        Axis(
            "eta, for a fair coin of 0 and 1 at K = 1/2",
            tuple(0.5 + k / 16 for k in range(57)),
            lambda eta: _coin(0.5, eta),
        ),
    ),
    uses=(THM10_EQUALS_TWO_SIDED.slug,),
)


def _best_pair(values: Any, probs: Any, _: Any, divergence: Any, __: Any) -> Scalar:
    return concentration.best_central_pair(values, probs, divergence)[0]


SHARPER_DEPENDENCE_CENTRAL = Claim(
    slug="distillation_divergence/sharper_dependence_central",
    title="With the best pair of the law itself Theorem 10 is as good as the two-sided Theorem 8",
    statement=r"\mu-\sigma\sqrt{2K} \le \sup_{(\eta,c)}\,c\,\mu-\frac K\eta"
    r"\text{ over all pairs of the central condition, for }\mu>0,\ K<2\mu^2/\sigma^2",
    source=Source(LI_HE, "sharper dependence on the distillation divergence", "abstract"),
    text_examined=TextExamined.EXCERPT,
    lhs=_two_sided,
    rhs=_best_pair,
    domain=worlds.priced_laws,
    sizes=worlds.SIZES,
    scale=_priced_unit,
    corrects=SHARPER_DEPENDENCE_REMARK2.slug,
    tight=(
        Case(
            "a coin of 3/4",
            # The tilt by -2 log 3 is a coin of 1/4, at K = log(3)/2: the smallest proxy is
            # attained there, and 3/4 - sqrt(2 K s^2) = 3/4 - 1/2.
            lambda: law([1.0, 0.0], [0.75, 0.25], 0.25 / _ODDS, 0.5 * _ODDS, _ODDS),
            "at the argument where the proxy is attained: both are 1/4",
        ),
    ),
    axes=(
        Axis(
            "K, the divergence, for a coin of 3/4",
            tuple(k / 16 for k in range(65)),
            lambda divergence: law([1.0, 0.0], [0.75, 0.25], 0.25 / _ODDS, divergence, _ODDS),
        ),
    ),
    corners=_PRICED_CORNERS,
    uses=(THM10_EQUALS_TWO_SIDED.slug, LOWER_BELOW_CHERNOFF.slug),
)
