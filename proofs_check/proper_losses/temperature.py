r"""Temperature: the slope of the entropy, and when it brings a teacher closer to Bayes.

A softmax has the same derivatives for every number of labels: those of the logarithm of its
partition function are the mean and the variance of the logits.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, all_equal, equal
from proofs_check.algebra_bounds import is_bound
from proofs_check.common import PAIRWISE_FORM
from proofs_check.records import Proof, Step, assumed, checked, cited

temperature = sympy.Symbol("T", positive=True)
logit = sympy.Symbol("z_k", real=True)
_Z, _second, _mean, _H = sympy.symbols("Z q m H", positive=True)
_power = sympy.Symbol("j", integer=True, nonnegative=True)

TEMPERED = assumed(
    "tempered teacher",
    r"$p_k=e^{z_k/T}/Z$ with $Z=\sum_ke^{z_k/T}$, $T>0$; $M_j=\sum_kz_k^je^{z_k/T}$, so that"
    r" $Z=M_0$ and $z$ has the mean $M_1/Z$ and the mean square $M_2/Z$ under $p_T$.",
)

MEAN_VALUE = cited(
    "mean_value",
    r"$f(b)-f(a)=(b-a)\,f'(\xi)$ for a $\xi$ between $a$ and $b$, if $f$ is differentiable there.",
    "the mean value theorem: Rudin, Principles of Mathematical Analysis, Theorem 5.10",
)

# --- entropy --------------------------------------------------------------------------------------


def _entropy_term(share: Any) -> tuple[Any, Any]:
    """A label's share of the entropy, and what it is said to be."""
    probability = sympy.exp(logit / temperature) / _Z
    return -probability * sympy.log(probability), probability * share


ENTROPY_FORM = checked(
    "entropy_form",
    r"$-p_k\log p_k=p_k(\log Z-\frac{z_k}T)$, so that $H(p_T)=\log Z-\frac{M_1}{TZ}$.",
    method="expanding the logarithm, term by term",
    check=equal,
    stated=_entropy_term(sympy.log(_Z) - logit / temperature),
    wrong={
        "the logit added": _entropy_term(sympy.log(_Z) + logit / temperature),
        "the logit without 1/T": _entropy_term(sympy.log(_Z) - logit),
    },
    uses=("tempered teacher",),
)


def _slope_of_sum(factor: Any) -> tuple[Any, Any]:
    """A label's share of the slope of the j-th sum, and of the next sum with a factor."""
    weight = sympy.exp(logit / temperature)
    return sympy.diff(logit**_power * weight, temperature), factor * logit ** (_power + 1) * weight


SLOPE_OF_SUMS = checked(
    "slope_of_sums",
    r"$\frac d{dT}M_j=-\frac1{T^2}M_{j+1}$ for every $j$.",
    method="differentiating, term by term",
    check=equal,
    stated=_slope_of_sum(-1 / temperature**2),
    wrong={
        "the sign": _slope_of_sum(1 / temperature**2),
        "1/T": _slope_of_sum(-1 / temperature),
    },
    uses=("tempered teacher",),
)


def _entropy_slope(claim: tuple[Any, Any]) -> bool:
    """Whether the slope of log Z - M_1 / (T Z) is this, with these slopes of the sums."""
    factor, stated = claim
    partition, first = (sympy.Function(name)(temperature) for name in ("M_0", "M_1"))
    slope = sympy.diff(sympy.log(partition) - first / (temperature * partition), temperature)
    slopes = {
        sympy.diff(partition, temperature): factor * _Z * _mean,
        sympy.diff(first, temperature): factor * _Z * _second,
    }
    return equal((slope.subs(slopes).subs({partition: _Z, first: _Z * _mean}), stated))


_variance = _second - _mean**2

TEMPERATURE_SLOPE = Proof(
    slug="proper_losses/temperature_slope",
    idea="Differentiated, the sums that the entropy consists of turn into one another.",
    steps=(
        TEMPERED,
        ENTROPY_FORM,
        SLOPE_OF_SUMS,
        checked(
            "temperature_slope",
            r"$\frac d{dT}H(p_T)=\frac1{T^3}\bigl(\frac{M_2}Z-\frac{M_1^2}{Z^2}\bigr)"
            r"=\mathbb V_{p_T}[z]/T^3$.",
            method="chain rule, with m and q for the mean and the mean square of z",
            check=_entropy_slope,
            stated=(-1 / temperature**2, _variance / temperature**3),
            wrong={
                "1/T^2": (-1 / temperature**2, _variance / temperature**2),
                "the mean square": (-1 / temperature**2, _second / temperature**3),
                "the sign": (-1 / temperature**2, -_variance / temperature**3),
            },
            uses=("entropy_form", "slope_of_sums"),
        ),
    ),
)

_rise, _pairs = sympy.symbols("u G", nonnegative=True)
_change = sympy.Symbol("d", real=True)
_between = sympy.Symbol("xi", positive=True)
_p_j, _p_k = sympy.symbols("p_j p_k", nonnegative=True)
_any = sympy.Symbol("r", real=True)
_z_j, _z_k = sympy.symbols("z_j z_k", real=True)


def spread_term(weight: Any) -> Inequality:
    """A pair's share of a variance under probabilities, with the probability of one label given."""
    share = weight * _p_k * (_z_j - _z_k) ** 2
    return Inequality(0, share, share)


def _variance_of(what: str, uses: tuple[str, ...]) -> Step:
    return checked(
        "variance_not_negative",
        rf"{what}=\sum_{{j<k}}p_jp_k(z_j-z_k)^2\ge0$, the pairwise form of a variance.",
        method="the sign of every pair's term is manifest",
        check=is_bound,
        stated=spread_term(_p_j),
        wrong={"weights of either sign": spread_term(_any)},
        uses=("pairwise_form", *uses),
    )


def _rises(change: Any) -> Inequality:
    """The entropy after a change of temperature is at least that before."""
    gained = change * _pairs / _between**3
    return Inequality(_H, _H + gained, gained)


TEMPERATURE_ENTROPY = Proof(
    slug="proper_losses/temperature_entropy",
    idea="The slope is a variance over the cube of the temperature.",
    steps=(
        assumed("order", r"$0<T\le T'$."),
        TEMPERED,
        PAIRWISE_FORM,
        _variance_of(r"$\mathbb V_{p_T}[z]", ("tempered teacher",)),
        MEAN_VALUE,
        checked(
            "temperature_entropy",
            r"$H(p_{T'})=H(p_T)+(T'-T)\,\mathbb V_{p_\xi}[z]/\xi^3\ge H(p_T)$ for a temperature"
            r" $\xi$ between the two.",
            method="manifest sign, with T' - T = u >= 0 and G >= 0 for the variance",
            check=is_bound,
            stated=_rises(_rise),
            wrong={"cooled": _rises(-_rise), "temperatures in any order": _rises(_change)},
            uses=(
                "order",
                "variance_not_negative",
                "mean_value",
                "proper_losses/temperature_slope",
            ),
        ),
    ),
)

# --- a teacher whose logits are a multiple of the right ones --------------------------------------

confidence = sympy.Symbol("k", positive=True)
beta = sympy.Symbol("beta", positive=True)
_p = sympy.Symbol("p", positive=True)
_A = sympy.Symbol("A", positive=True)
_log_sum, _square_sum, _constant, _entropy = sympy.symbols("B C c h", real=True)

MULTIPLE = assumed(
    "multiple of the right logits",
    r"$p^*(x)$ has no zeros, the teacher's logits are $k\log p^*_j(x)$ plus any constant, $k>0$,"
    r" and $p_T=\mathrm{softmax}(k\log p^*/T)$ with $T>0$; $\beta=\frac kT$.",
)


def _power_of_bayes(exponent: Any) -> tuple[Any, Any]:
    """A label's share of the softmax; A is the sum of the powers."""
    score = (confidence * sympy.log(_p) + _constant) / temperature
    numerator = sympy.exp(sympy.expand(score))
    partition = sympy.exp(_constant / temperature) * _A
    return sympy.powsimp(numerator / partition), _p**exponent / _A


TEMPERED_POWER = checked(
    "tempered_power",
    r"$p_{T,j}=(p^*_j)^\beta/A$ with $A=\sum_j(p^*_j)^\beta$; a constant in the logits cancels.",
    method="simplifying powers",
    check=equal,
    stated=_power_of_bayes(confidence / temperature),
    wrong={
        "the power kT": _power_of_bayes(confidence * temperature),
        "the power T/k": _power_of_bayes(temperature / confidence),
    },
    uses=("multiple of the right logits",),
)


def _divergence_term(coefficient: Any) -> tuple[Any, Any]:
    """A label's share of the divergence, and of a multiple of the entropy plus log A."""
    divergence = _p * sympy.log(_p / (_p**beta / _A))
    return divergence, coefficient * (-_p * sympy.log(_p)) + _p * sympy.log(_A)


DIVERGENCE_OF_POWER = checked(
    "divergence_of_power",
    r"$\mathrm{KL}(p^*\,\|\,p_T)=\sum_jp^*_j\bigl(\log p^*_j-\beta\log p^*_j+\log A\bigr)=(\beta-1)"
    r"H(p^*)+\log\sum_j(p^*_j)^\beta$.",
    method="expanding logarithms, term by term; the weights of log A add up to 1",
    check=equal,
    stated=_divergence_term(beta - 1),
    wrong={
        "1 - beta": _divergence_term(1 - beta),
        "beta": _divergence_term(beta),
    },
    uses=("tempered_power",),
)


def _at(right: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The factor of the entropy, and a label's share of A, at this temperature."""
    exponent = confidence / right
    return (exponent - 1, 0), (_p**exponent, _p)


TEMPERATURE_EXACT = Proof(
    slug="proper_losses/temperature_exact",
    idea="Such a teacher's answer is a power of the right one, normalised; at T = k it is the"
    " first.",
    steps=(
        MULTIPLE,
        TEMPERED_POWER,
        DIVERGENCE_OF_POWER,
        checked(
            "temperature_exact",
            r"$\mathbb E_x\mathrm{KL}(p^*\,\|\,p_T)=\mathbb E_x\bigl[(\beta-1)H(p^*)+\log\sum_j"
            r"(p^*_j)^\beta\bigr]$, input by input. At $T=k$ it is $\beta=1$ and $A=\sum_j"
            r"p^*_j=1$, so that $0\cdot H+\log1=0$ is left.",
            method="substituting T = k into both terms",
            check=all_equal,
            stated=_at(confidence),
            wrong={"T = 1": _at(sympy.Integer(1)), "T = 1/k": _at(1 / confidence)},
            uses=("divergence_of_power",),
        ),
    ),
)


def _first_and_second(claim: tuple[Any, Any]) -> bool:
    """Whether the divergence has these first two derivatives in beta.

    A, B, C are the sums of p^beta times powers 0, 1, 2 of log p; B is the derivative of A.
    """
    terms = [_p**beta * sympy.log(_p) ** power for power in range(3)]
    if not all_equal((sympy.diff(terms[j], beta), terms[j + 1]) for j in range(2)):
        return False
    partition, logs = (sympy.Function(name)(beta) for name in ("A", "B"))
    divergence = (beta - 1) * _entropy + sympy.log(partition)
    first = sympy.diff(divergence, beta).subs(sympy.diff(partition, beta), logs)
    slopes = {sympy.diff(partition, beta): logs, sympy.diff(logs, beta): _square_sum}
    second = sympy.diff(first, beta).subs(slopes)
    values = {partition: _A, logs: _log_sum}
    return all_equal(zip((first.subs(values), second.subs(values)), claim, strict=True))


CURVATURE = checked(
    "curvature",
    r"$F(\beta)=(\beta-1)H(p^*)+\log A$ has $F'=H(p^*)+\frac BA$ and $F''=\frac CA-\frac{B^2}{A^2}$"
    r" with $B=\sum_j(p^*_j)^\beta\log p^*_j$, $C=\sum_j(p^*_j)^\beta\log^2p^*_j$: $F''$ is the"
    r" variance of $\log p^*$ under $p_T$.",
    method="differentiating term by term, and the chain rule",
    check=_first_and_second,
    stated=(_entropy + _log_sum / _A, _square_sum / _A - (_log_sum / _A) ** 2),
    wrong={
        "the mean square": (_entropy + _log_sum / _A, _square_sum / _A),
        "the entropy subtracted": (
            -_entropy + _log_sum / _A,
            _square_sum / _A - (_log_sum / _A) ** 2,
        ),
    },
    uses=("proper_losses/temperature_exact",),
)


def _slope_at(exponent: Any) -> tuple[Any, Any]:
    """A label's share of F', A times, at this exponent, where the entropy is - sum p log p."""
    return -_p * sympy.log(_p) + _p**exponent * sympy.log(_p), 0


STATIONARY = checked(
    "stationary",
    r"$F'(1)=H(p^*)+\sum_jp^*_j\log p^*_j=0$, with $A=1$ at $\beta=1$.",
    method="term by term",
    check=equal,
    stated=_slope_at(1),
    wrong={"at beta = 2": _slope_at(2)},
    uses=("curvature",),
)

_first, _later, _share = sympy.symbols("a b s", nonnegative=True)


def _gained(near: Any, far: Any, right: Any, sign: int) -> Inequality:
    """F at T' = far less F at T = near is not negative, or not positive for the sign -1.

    It is (b' - b) F'(zeta) with zeta, of weights s and 1 over 1 + s, between the exponents, and
    F'(zeta) = F'(1) + (zeta - 1) F''(xi).
    """
    weights = _share / (1 + _share), 1 / (1 + _share)
    exponents = right / near, right / far
    zeta = weights[0] * exponents[0] + weights[1] * exponents[1]
    difference = sign * (exponents[1] - exponents[0]) * (zeta - 1) * _pairs
    apart = weights[0] * (near - right) / near + weights[1] * (far - right) / far
    slack = sign * right * (far - near) / (near * far) * apart * _pairs
    return Inequality(0, difference, sympy.expand(slack))


_NOT_NEGATIVE = _variance_of(r"For $z=\log p^*$, $F''=\mathbb V_{p_T}[z]", ("curvature",))
_lower = confidence + _first

TEMPERATURE_HURTS_CALIBRATED = Proof(
    slug="proper_losses/temperature_hurts_calibrated",
    idea="The divergence is convex in the exponent 1/T, with its minimum where T = k.",
    steps=(
        assumed("order", r"$T\le T'$."),
        assumed("not overconfident", r"$k\le T$."),
        MULTIPLE,
        CURVATURE,
        STATIONARY,
        PAIRWISE_FORM,
        _NOT_NEGATIVE,
        MEAN_VALUE,
        checked(
            "temperature_hurts_calibrated",
            r"With $\beta=\frac kT$ and $\beta'=\frac k{T'}$, $\beta'\le\beta\le1$:"
            r" $F(\beta')-F(\beta)=(\beta'-\beta)F'(\zeta)=(\beta'-\beta)(\zeta-1)F''(\xi)\ge0$ for"
            r" a $\zeta$ between $\beta'$ and $\beta$; so at every input, and in the mean.",
            method="the mean value theorem twice, the second time from 1; manifest sign with"
            " T = k + a, T' = T + b",
            check=is_bound,
            stated=_gained(_lower, _lower + _later, confidence, 1),
            wrong={
                "cooled": _gained(_lower + _later, _lower, confidence, 1),
                "overconfident, from k/2 to k": _gained(confidence / 2, confidence, confidence, 1),
            },
            uses=(
                "order",
                "not overconfident",
                "multiple of the right logits",
                "stationary",
                "variance_not_negative",
                "mean_value",
            ),
        ),
    ),
)

TEMPERATURE_HELPS_OVERCONFIDENT = Proof(
    slug="proper_losses/temperature_helps_overconfident",
    idea="On the other side of its minimum the same convex function falls.",
    steps=(
        assumed("order", r"$T\le T'$."),
        assumed("overconfident", r"$T'\le k$."),
        MULTIPLE,
        CURVATURE,
        STATIONARY,
        PAIRWISE_FORM,
        _NOT_NEGATIVE,
        MEAN_VALUE,
        checked(
            "temperature_helps_overconfident",
            r"Now $1\le\beta'\le\beta$: $F(\beta)-F(\beta')=(\beta-\beta')(\zeta-1)F''(\xi)\ge0$"
            r" for a $\zeta$ between $\beta'$ and $\beta$; so at every input, and in the mean.",
            method="the mean value theorem twice, the second time from 1; manifest sign with"
            " T' = T + b, k = T' + a",
            check=is_bound,
            stated=_gained(
                temperature,
                temperature + _later,
                temperature + _later + _first,
                -1,
            ),
            wrong={
                "cooled": _gained(
                    temperature + _later, temperature, temperature + _later + _first, -1
                ),
                "calibrated, heated to 1 + b": _gained(
                    sympy.Integer(1), 1 + _later, sympy.Integer(1), -1
                ),
            },
            uses=(
                "order",
                "overconfident",
                "multiple of the right logits",
                "stationary",
                "variance_not_negative",
                "mean_value",
            ),
        ),
    ),
)
