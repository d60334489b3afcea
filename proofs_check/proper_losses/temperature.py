r"""Temperature: what it does to the entropy of a teacher.

A softmax has the same derivatives for every number of labels: those of the logarithm of its
partition function are the mean and the variance of the logits.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal
from proofs_check.common import PAIRWISE_FORM
from proofs_check.common_calculus import MEAN_VALUE
from proofs_check.records import Proof, Step, assumed, checked

temperature = sympy.Symbol("T", positive=True)
logit = sympy.Symbol("z_k", real=True)
_Z, _second, _mean, _H = sympy.symbols("Z q m H", positive=True)
_power = sympy.Symbol("j", integer=True, nonnegative=True)

TEMPERED = assumed(
    "tempered teacher",
    r"$p_k=e^{z_k/T}/Z$ with $Z=\sum_ke^{z_k/T}$, $T>0$; $M_j=\sum_kz_k^je^{z_k/T}$, so that"
    r" $Z=M_0$ and $z$ has the mean $M_1/Z$ and the mean square $M_2/Z$ under $p_T$.",
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

_rise, spread = sympy.symbols("u G", nonnegative=True)
_change = sympy.Symbol("d", real=True)
_between = sympy.Symbol("xi", positive=True)
_p_j, _p_k = sympy.symbols("p_j p_k", nonnegative=True)
_any = sympy.Symbol("r", real=True)
_z_j, _z_k = sympy.symbols("z_j z_k", real=True)


def _spread_term(weight: Any) -> Inequality:
    """A pair's share of a variance under probabilities, with the probability of one label given."""
    share = weight * _p_k * (_z_j - _z_k) ** 2
    return Inequality(0, share, share)


def variance_of(what: str, uses: tuple[str, ...]) -> Step:
    """Returns the step that a variance under the tempered teacher is not negative.

    Args:
        what: the variance, as an unfinished formula in LaTeX.
        uses: the steps that the formula comes from.
    """
    return checked(
        "variance_not_negative",
        rf"{what}=\sum_{{j<k}}p_jp_k(z_j-z_k)^2\ge0$, the pairwise form of a variance.",
        method="the sign of every pair's term is manifest",
        check=at_most,
        stated=_spread_term(_p_j),
        wrong={"weights of either sign": _spread_term(_any)},
        uses=("pairwise_form", *uses),
    )


def _rises(change: Any) -> Inequality:
    """The entropy after a change of temperature is at least that before."""
    gained = change * spread / _between**3
    return Inequality(_H, _H + gained, gained)


TEMPERATURE_ENTROPY = Proof(
    slug="proper_losses/temperature_entropy",
    idea="The slope is a variance over the cube of the temperature.",
    steps=(
        assumed("order", r"$0<T\le T'$."),
        TEMPERED,
        PAIRWISE_FORM,
        variance_of(r"$\mathbb V_{p_T}[z]", ("tempered teacher",)),
        MEAN_VALUE,
        checked(
            "temperature_entropy",
            r"$H(p_{T'})=H(p_T)+(T'-T)\,\mathbb V_{p_\xi}[z]/\xi^3\ge H(p_T)$ for a temperature"
            r" $\xi$ between the two.",
            method="manifest sign, with T' - T = u >= 0 and G >= 0 for the variance",
            check=at_most,
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
