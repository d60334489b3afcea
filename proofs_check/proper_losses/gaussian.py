r"""Two Gaussian classes: the Bayes probability, and how well a linear score ranks and decides.

A linear score sees one dimension, in which the classes are at distance $\delta$ from the middle.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    all_equal,
    at_most,
    equal,
    holds_by_induction,
)
from proofs_check.common import CAUCHY_SCHWARZ
from proofs_check.common_calculus import MEAN_VALUE
from proofs_check.records import Proof, assumed, checked, cited

CLASSES = assumed(
    "gaussian classes",
    r"$y=\pm1$, and $x=y\mu+\varepsilon$ with $\varepsilon\sim N(0,I)$ independent of $y$.",
)

# --- the posterior --------------------------------------------------------------------------------

_exponent, _product = sympy.symbols("E M", real=True)
_x, _m = sympy.symbols("x_i mu_i", real=True)
_score = sympy.Symbol("s", real=True)
_prior, _density = sympy.symbols("pi phi", positive=True)


def _log_ratio(factor: Any) -> Induction:
    """The log of the ratio of both densities, feature by feature, as a multiple of mu . x."""
    step = {
        _exponent: _exponent - ((_x - _m) ** 2 - (_x + _m) ** 2) / 2,
        _product: _product + _x * _m,
    }
    return Induction(_exponent - factor * _product, {_exponent: 0, _product: 0}, step)


LOG_RATIO = checked(
    "log_ratio",
    r"$\log\frac{\varphi(x-\mu)}{\varphi(x+\mu)}=-\frac12\|x-\mu\|_2^2+\frac12\|x+\mu\|_2^2=2\mu"
    r"\cdot x=\theta^*\cdot x$.",
    method="induction over the features",
    check=holds_by_induction,
    stated=_log_ratio(2),
    wrong={"theta* = mu": _log_ratio(1), "theta* = 4 mu": _log_ratio(4)},
    uses=("gaussian classes",),
)


def _bayes(prior: Any) -> tuple[Any, Any]:
    """Bayes' rule with this prior, and the sigmoid of the score."""
    joint = prior * _density * sympy.exp(_score), (1 - prior) * _density
    return joint[0] / (joint[0] + joint[1]), 1 / (1 + sympy.exp(-_score))


GAUSSIAN_POSTERIOR = Proof(
    slug="proper_losses/gaussian_posterior",
    idea="The two densities have the same quadratic term, so that their log ratio is linear.",
    steps=(
        assumed("balanced classes", r"$\mathbb P(y=1)=\frac12$."),
        CLASSES,
        LOG_RATIO,
        checked(
            "gaussian_posterior",
            r"$\mathbb P(y=1|x)=\frac{\frac12\varphi(x-\mu)}{\frac12\varphi(x-\mu)+\frac12\varphi"
            r"(x+\mu)}=\frac1{1+e^{-\theta^*\cdot x}}=\sigma(\theta^*\cdot x)$ with"
            r" $\theta^*=2\mu$.",
            method="Bayes' rule, with phi(x - mu) = e^s phi(x + mu)",
            check=equal,
            stated=_bayes(sympy.Rational(1, 2)),
            wrong={
                "classes three to one": _bayes(sympy.Rational(3, 4)),
                "any prior": _bayes(_prior / (1 + _prior)),
            },
            uses=("balanced classes", "log_ratio"),
        ),
    ),
)

# --- a linear score -------------------------------------------------------------------------------

_t, _d = sympy.symbols("t delta", real=True)


def density(at: Any) -> Any:
    """The standard normal density."""
    return sympy.exp(-(at**2) / 2) / sympy.sqrt(2 * sympy.pi)


def distribution(at: Any) -> Any:
    """The standard normal distribution function."""
    return (1 + sympy.erf(at / sympy.sqrt(2))) / 2


DISTRIBUTION = checked(
    "distribution",
    r"$\Phi(t)=\frac12(1+\mathrm{erf}\frac t{\sqrt2})$ has the slope $\varphi$, $\Phi(0)=\frac12$,"
    r" and $\Phi(-t)=1-\Phi(t)$; it tends to 1 at infinity.",
    method="differentiating and substituting",
    check=lambda function: all_equal(
        (
            (sympy.diff(function(_t), _t), density(_t)),
            (function(sympy.Integer(0)), sympy.Rational(1, 2)),
            (function(-_t), 1 - function(_t)),
            (sympy.limit(function(_t), _t, sympy.oo), 1),
        )
    ),
    stated=distribution,
    wrong={
        "erf without the root": lambda at: (1 + sympy.erf(at)) / 2,
        "from zero on": lambda at: sympy.erf(at / sympy.sqrt(2)) / 2,
    },
)

ONE_DIMENSION = cited(
    "one_dimension",
    r"$w\cdot\varepsilon\sim N(0,\|w\|_2^2)$: for $w\ne0$ the score $w\cdot x/\|w\|_2$ is"
    r" $N(\pm\delta,1)$ in the two classes, $\delta=w\cdot\mu/\|w\|_2$.",
    "linear forms of independent Gaussians: Feller, An Introduction to Probability Theory and Its"
    " Applications, vol. II, III.6",
    uses=("gaussian classes",),
)

ORDER_OF_TWO = checked(
    "order_of_two",
    r"For independent members of the two classes the first score is larger iff"
    r" $\delta+\varepsilon_1>-\delta+\varepsilon_2$, that is $\varepsilon_2<\varepsilon_1+2\delta$."
    r" Given $\varepsilon_1=t$ this has probability $\Phi(t+2\delta)$: $\mathrm{AUC}(w)=\int"
    r"\varphi(t)\Phi(t+2\delta)\,dt$.",
    method="expanding both sides of the comparison",
    check=equal,
    stated=((_d + _t) - (-_d + _x), (_t + 2 * _d) - _x),
    wrong={"means at a distance of delta": ((_d / 2 + _t) - (-_d / 2 + _x), (_t + 2 * _d) - _x)},
    uses=("one_dimension", "distribution"),
)


def _square_completed(scale: Any) -> tuple[Any, Any]:
    """The slope of the integrand in delta, and a product in which t stands in one factor."""
    slope = density(_t) * sympy.diff(distribution(_t + 2 * _d), _d)
    return slope, 2 * density(scale * (_t + _d)) * density(scale * _d)


COMPLETED = checked(
    "square_completed",
    r"$\frac d{d\delta}\varphi(t)\Phi(t+2\delta)=2\varphi(t)\varphi(t+2\delta)=2\,\varphi(\sqrt2"
    r"(t+\delta))\,\varphi(\sqrt2\,\delta)$.",
    method="differentiating and completing the square",
    check=equal,
    stated=_square_completed(sympy.sqrt(2)),
    wrong={
        "without the root": _square_completed(sympy.Integer(1)),
        "2 in place of its root": _square_completed(sympy.Integer(2)),
    },
    uses=("distribution",),
)


def _integral(scale: Any) -> tuple[Any, Any]:
    """The integral of the completed square over t, and the slope of Phi(scale delta)."""
    variable = sympy.Symbol("r", real=True)
    mass = sympy.integrate(density(sympy.sqrt(2) * variable), (variable, -sympy.oo, sympy.oo))
    found = 2 * mass * density(sympy.sqrt(2) * _d)
    return found, sympy.diff(distribution(scale * _d), _d)


INTEGRAL = checked(
    "slope_of_auc",
    r"$\int\varphi(\sqrt2(t+\delta))\,dt=\frac1{\sqrt2}$, so that the integral has the slope"
    r" $\sqrt2\,\varphi(\sqrt2\,\delta)$ in $\delta$, which is that of $\Phi(\sqrt2\,\delta)$.",
    method="integrating, differentiating",
    check=lambda scale: equal(_integral(scale)),
    stated=sympy.sqrt(2),
    wrong={"Phi(2 delta)": sympy.Integer(2), "Phi(delta)": sympy.Integer(1)},
    uses=("square_completed", "under_the_integral"),
)

UNDER_THE_INTEGRAL = cited(
    "under_the_integral",
    r"$\int\varphi(t)\Phi(t+2\delta)\,dt$ may be differentiated in $\delta$ under the integral:"
    r" $|2\varphi(t)\varphi(t+2\delta)|\le\varphi(t)$ is integrable.",
    "differentiation under the integral by dominated convergence: Folland, Real Analysis,"
    " Theorem 2.27",
    uses=("square_completed",),
)


def _at_no_separation(share: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """An antiderivative of phi Phi, with its increase over the line."""
    antiderivative = share * distribution(_t) ** 2
    increase = share * (1**2 - 0**2)
    return (sympy.diff(antiderivative, _t), density(_t) * distribution(_t)), (
        increase,
        distribution(sympy.Integer(0)),
    )


AT_ZERO = checked(
    "no_separation",
    r"At $\delta=0$ it is $\int\varphi\Phi=[\frac12\Phi^2]_{-\infty}^\infty=\frac12=\Phi(0)$; so it"
    r" is for $w=0$, where all are tied, and $\delta=0$.",
    method="differentiating the antiderivative",
    check=all_equal,
    stated=_at_no_separation(sympy.Rational(1, 2)),
    wrong={"Phi^2": _at_no_separation(sympy.Integer(1))},
    uses=("distribution", "order_of_two"),
)


def _agree(claim: tuple[Any, Any]) -> bool:
    """Whether the integral, with this value at zero, is Phi at a multiple of delta."""
    value, scale = claim
    between = sympy.Symbol("xi", real=True)
    slope = sympy.sqrt(2) * density(sympy.sqrt(2) * between)
    other = sympy.diff(distribution(scale * between), between)
    start = value - distribution(sympy.Integer(0))
    return equal((start + _d * (slope - other), 0))


GAUSSIAN_AUC = Proof(
    slug="proper_losses/gaussian_auc",
    idea="Both sides have the same slope in the separation, and agree where there is none.",
    steps=(
        CLASSES,
        DISTRIBUTION,
        ONE_DIMENSION,
        ORDER_OF_TWO,
        COMPLETED,
        UNDER_THE_INTEGRAL,
        INTEGRAL,
        AT_ZERO,
        MEAN_VALUE,
        checked(
            "gaussian_auc",
            r"$\int\varphi(t)\,\Phi(t+2\delta)\,dt=\Phi(\sqrt2\,\delta)$: by the mean value theorem"
            r" the difference of the sides is its value at $\delta=0$ plus $\delta$ times a slope,"
            r" and both are 0.",
            method="substituting value and slope",
            check=_agree,
            stated=(sympy.Rational(1, 2), sympy.sqrt(2)),
            wrong={
                "Phi(2 delta)": (sympy.Rational(1, 2), sympy.Integer(2)),
                "the integral 1 at zero": (sympy.Integer(1), sympy.sqrt(2)),
            },
            uses=("slope_of_auc", "no_separation", "mean_value"),
        ),
    ),
)

# --- the best score -------------------------------------------------------------------------------

_length, _weight_length = sympy.symbols("m n", positive=True)
_inner = sympy.Symbol("c", real=True)
_gap, _slope = sympy.symbols("g phi", nonnegative=True)


def _separation_of(factor: Any, lengths: Any = 2) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """What is left of Cauchy-Schwarz, and the separation of the score with weights factor mu."""
    delta = _inner / _weight_length
    left = (_length - delta) * (_length + delta)
    slack = (_length**2 * _weight_length**2 - _inner**2) / _weight_length**lengths
    best = factor * _length**2 / sympy.sqrt((factor * _length) ** 2)
    return (left, slack), (best, _length)


BEST_SEPARATION = checked(
    "best_separation",
    r"$(\|\mu\|_2-\delta)(\|\mu\|_2+\delta)=\bigl(\|w\|_2^2\|\mu\|_2^2-(w\cdot\mu)^2\bigr)/"
    r"\|w\|_2^2\ge0$, so that $\delta\le\|\mu\|_2$ (and $\delta=0$ for $w=0$); $w=\theta^*=2\mu$"
    r" has $\delta=\frac{2\|\mu\|^2}{2\|\mu\|}=\|\mu\|_2$.",
    method="expanding; substituting w = 2 mu",
    check=all_equal,
    stated=_separation_of(sympy.Integer(2)),
    wrong={
        "w = -2 mu": _separation_of(sympy.Integer(-2)),
        "divided by the length of w once": _separation_of(sympy.Integer(2), 1),
    },
    uses=("gaussian classes", "cauchy_schwarz"),
)


def _distribution_rises(scale: Any) -> Inequality:
    """Phi at scale delta, at most Phi at scale |mu| = scale (delta + g), by the mean value."""
    value = sympy.Symbol("Phi", real=True)
    gained = scale * ((_d + _gap) - _d) * _slope
    return Inequality(value, value + gained, gained)


GAUSSIAN_BAYES_AUC = Proof(
    slug="proper_losses/gaussian_bayes_auc",
    idea="The AUC rises with the separation, which is largest in the direction of the means.",
    steps=(
        CLASSES,
        CAUCHY_SCHWARZ,
        BEST_SEPARATION,
        DISTRIBUTION,
        MEAN_VALUE,
        checked(
            "gaussian_bayes_auc",
            r"$\mathrm{AUC}(w\cdot x)=\Phi(\sqrt2\,\delta)\le\Phi(\sqrt2\,\|\mu\|_2)=\mathrm{AUC}"
            r"(\theta^*\cdot x)$, as $\Phi$ has the slope $\varphi>0$.",
            method="mean value theorem; manifest sign, with |mu| = delta + g",
            check=at_most,
            stated=_distribution_rises(sympy.sqrt(2)),
            wrong={"scores of the other sign": _distribution_rises(-sympy.sqrt(2))},
            uses=(
                "best_separation",
                "distribution",
                "mean_value",
                "proper_losses/gaussian_auc",
            ),
        ),
    ),
)


def _accuracy(second: Any) -> tuple[Any, Any]:
    """The accuracy for any prior, with the share of the second class decided right."""
    prior = _prior / (1 + _prior)
    first = 1 - distribution(-_d)
    return prior * first + (1 - prior) * second, distribution(_d)


ACCURACY = checked(
    "accuracy",
    r"$y=1$ is decided right iff $\delta+\varepsilon>0$, with probability $1-\Phi(-\delta)="
    r"\Phi(\delta)$, and $y=-1$ iff $-\delta+\varepsilon<0$, with probability $\Phi(\delta)$: so is"
    r" the accuracy, whatever the prior. (For $w=0$ all are tied, $\frac12=\Phi(0)$.)",
    method="substituting the distribution function",
    check=equal,
    stated=_accuracy(distribution(_d)),
    wrong={"the second class decided wrong": _accuracy(distribution(-_d))},
    uses=("one_dimension", "distribution"),
)

GAUSSIAN_ACCURACY = Proof(
    slug="proper_losses/gaussian_accuracy",
    idea="The accuracy too rises with the separation.",
    steps=(
        CLASSES,
        ONE_DIMENSION,
        DISTRIBUTION,
        ACCURACY,
        CAUCHY_SCHWARZ,
        BEST_SEPARATION,
        MEAN_VALUE,
        checked(
            "gaussian_accuracy",
            r"$\mathbb P(\mathrm{sign}(w\cdot x)=y)=\Phi(\delta)\le\Phi(\|\mu\|_2)$, attained by"
            r" $\theta^*$.",
            method="mean value theorem; manifest sign, with |mu| = delta + g",
            check=at_most,
            stated=_distribution_rises(sympy.Integer(1)),
            wrong={"scores of the other sign": _distribution_rises(sympy.Integer(-1))},
            uses=("accuracy", "best_separation", "distribution", "mean_value"),
        ),
    ),
)
