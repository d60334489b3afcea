r"""What more samples, less noise or a weaker prior leave of the divergence.

All three act through $\lambda\nu^2/s^2\to0$, that is $\rho\to1$. The label excess $t=r+\rho^2$ then
grows to $t_\infty=1+\frac1\beta$, and $f(t)=t-\log(1+t)$ is increasing and convex.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Inequality,
    Minimum,
    all_equal,
    at_most,
    equal,
    expectation,
    nonnegative_from_minimum,
)
from proofs_check.linear_gaussian.gap_model import (
    ERROR,
    MODEL,
    NORM_IN_DIRECTIONS,
    PREDICTION_ERROR,
    RHO,
    SINGULAR_VALUES,
    TERMS,
    R,
    a,
    e,
    g,
    k,
    lam,
    nu,
    rho,
    root_r,
    s,
    w,
)
from proofs_check.linear_gaussian.gap_model import beta as beta_or_zero
from proofs_check.linear_gaussian.no_proxy import excess
from proofs_check.records import Proof, assumed, checked

beta = sympy.Symbol("beta", positive=True)
T_LIMIT = 1 + 1 / beta
FIT = RHO.subs(beta_or_zero, beta)

HOT = assumed(
    "inverse temperature",
    r"$\beta>0$: at $\beta=0$ the ceiling is $\infty$ and the floor $-\infty$, and there is nothing"
    r" to show, unless no $s_i$ is positive and all is $0$.",
)

# --- the dataset shift ----------------------------------------------------------------------------

_fresh = sympy.Symbol("e_hat", real=True)
_MOMENTS = {
    **{monomial: 0 for monomial in (e, g, _fresh, e * g, e * _fresh, g * _fresh)},
    **{noise**2: 1 for noise in (e, g, _fresh)},
}


def _label_law(noise: Any) -> list[tuple[Any, Any]]:
    """Mean and mean square of a pseudo label's distance to the truth, with this fresh noise."""
    label = ERROR + noise
    means = [expectation(label**power, _MOMENTS, [e, g, _fresh]) for power in (1, 2)]
    return [
        (means[0], -(1 - rho) * a),
        (means[1] - means[0] ** 2, 1 + root_r**2 + rho**2),
    ]


PSEUDO_LABELS = checked(
    "pseudo_labels",
    r"In a direction and output $\hat Yv-sw=\nu[\text{error}+\hat e]$ is normal with mean"
    r" $-\nu(1-\rho)a$ and variance $\nu^2(1+t)$, $t=r+\rho^2$; $Yv-sw=\nu e$ has mean $0$ and"
    r" variance $\nu^2$.",
    method="moments of independent noises",
    check=all_equal,
    stated=_label_law(_fresh),
    wrong={
        "pseudo labels without a noise of their own": _label_law(0),
        "with the noise of the true labels": _label_law(e),
    },
    uses=("model", "prediction_error"),
)

_x, _mean = sympy.symbols("x m", real=True)
_ratio = sympy.Symbol("v", positive=True)


def _normal_divergence(said: Any) -> tuple[Any, Any]:
    """The divergence of N(m, v) from N(0, 1), as the mean of the log ratio, and this."""
    log_ratio = _x**2 / 2 - (_x - _mean) ** 2 / (2 * _ratio) - sympy.log(_ratio) / 2
    found = expectation(log_ratio, {_x: _mean, _x**2: _ratio + _mean**2}, [_x])
    return found, said


NORMAL_DIVERGENCE = checked(
    "normal_divergence",
    r"$\mathrm{KL}(N(m,v)\,\|\,N(0,1))=\frac12(v-1-\log v+m^2)$, the mean of the log ratio.",
    method="moments of N(m, v)",
    check=equal,
    stated=_normal_divergence((_ratio - 1 - sympy.log(_ratio) + _mean**2) / 2),
    wrong={
        "the laws exchanged": _normal_divergence(
            (1 / _ratio - 1 + sympy.log(_ratio) + _mean**2 / _ratio) / 2
        ),
        "the mean not squared": _normal_divergence((_ratio - 1 - sympy.log(_ratio) + _mean) / 2),
    },
)

_t = sympy.Symbol("t", nonnegative=True)


def _shift(variance: Any) -> tuple[Any, Any]:
    """A direction's and output's share of the shift, with this variance of its pseudo labels."""
    divergence = (_ratio - 1 - sympy.log(_ratio) + _mean**2) / 2
    found = divergence.subs({_ratio: variance, _mean: -(1 - rho) * a})
    return found, (excess(_t) + (1 - rho) ** 2 * a**2) / 2


DATASET_SHIFT = checked(
    "dataset_shift",
    r"$\mathrm{KL}(\hat Y\,\|\,Y)=\frac12\sum_{s_i>0}[kf(t_i)+(1-\rho_i)^2b_i]$,"
    r" $f(t)=t-\log(1+t)$: labels are independent over outputs and directions, $\sum a^2=b_i$ over"
    " outputs, and where $s=0$ the two laws agree.",
    method="substituting mean and variance",
    check=equal,
    stated=_shift(1 + _t),
    wrong={"the excess as the variance": _shift(_t)},
    uses=("norm_in_directions", "pseudo_labels", "normal_divergence"),
)

_SHIFT_STEPS = (
    MODEL,
    TERMS,
    SINGULAR_VALUES,
    NORM_IN_DIRECTIONS,
    PREDICTION_ERROR,
    PSEUDO_LABELS,
    NORMAL_DIVERGENCE,
    DATASET_SHIFT,
)

# --- below a ceiling ------------------------------------------------------------------------------


SHRINKAGE = lam * nu**2 / (lam * nu**2 + beta * s**2)
"""1 - rho, of manifest sign."""


def _label_excess(limit: Any) -> Inequality:
    """The label excess against a limit."""
    return Inequality(FIT / beta + FIT**2, limit, SHRINKAGE * (1 + FIT + 1 / beta))


BELOW_LIMIT = checked(
    "below_limit",
    r"$t_\infty-t=(1-\rho)(1+\rho+\frac1\beta)\ge0$ for $t_\infty=1+\frac1\beta$, since"
    r" $r=\frac\rho\beta$ and $1-\rho=\frac{\lambda\nu^2}{\lambda\nu^2+\beta s^2}$.",
    method="substituting; the sign is manifest",
    check=at_most,
    stated=_label_excess(T_LIMIT),
    wrong={"a limit of 1": _label_excess(1), "a limit of 1/beta": _label_excess(1 / beta)},
    uses=("inverse temperature", "direction terms"),
)


def _slope(function: Any) -> Inequality:
    """That the slope of a function is t / (1 + t)."""
    return Inequality(0, sympy.diff(function, _t), _t / (1 + _t))


INCREASING = checked(
    "increasing",
    r"$f'(t)=\frac t{1+t}\ge0$ for $t\ge0$: hence $f(t)\le f(t_\infty)=1+\frac1\beta-\log(2+\frac1"
    r"\beta)$.",
    method="derivative",
    check=at_most,
    stated=_slope(excess(_t)),
    wrong={"the logarithm twice": _slope(_t - 2 * sympy.log(1 + _t))},
    uses=("below_limit",),
)


def _bias(divisor: int) -> Inequality:
    """The squared bias of an output against a multiple of the prior's energy."""
    half = sympy.Rational(1, 2)
    squared = (1 - FIT) ** 2 * s**2 * w**2 / nu**2
    return Inequality(squared, lam * w**2 / (divisor * beta), lam * w**2 / beta * (half - FIT) ** 2)


BIAS_BELOW = checked(
    "bias_below",
    r"$(1-\rho)^2b=\frac\lambda\beta\rho(1-\rho)|W^*u|^2\le\frac\lambda{4\beta}|W^*u|^2$, largest"
    r" at $\rho=\frac12$: the slack is $\frac\lambda\beta(\frac12-\rho)^2|W^*u|^2$.",
    method="substituting, for one output",
    check=at_most,
    stated=_bias(4),
    wrong={"an eighth": _bias(8)},
    uses=("inverse temperature", "direction terms"),
)

_signal, _excess_slack, _bias_slack = sympy.symbols("w2 s_1 s_2", nonnegative=True)


def _ceiling(bias_divisor: int) -> Inequality:
    """A direction's shift against its ceiling, with what the two steps have left over."""
    bias = lam * _signal / (4 * beta) - _bias_slack
    shift = (k * (excess(T_LIMIT) - _excess_slack) + bias) / 2
    noise = k / 2 * (1 + 1 / beta - sympy.log(2 + 1 / beta))
    ceiling = noise + lam * _signal / (bias_divisor * beta)
    return Inequality(shift, ceiling, (k * _excess_slack + _bias_slack) / 2)


DATASET_SHIFT_CEILING = Proof(
    slug="linear_gaussian/dataset_shift_ceiling",
    idea="However well the data determine the teacher, its pseudo labels vary by no more than a"
    " teacher without a prior would make them, and the prior's pull is largest half-way.",
    steps=(
        HOT,
        *_SHIFT_STEPS,
        BELOW_LIMIT,
        INCREASING,
        BIAS_BELOW,
        checked(
            "dataset_shift_ceiling",
            r"$\mathrm{KL}(\hat Y\,\|\,Y)\le\sum_{s_i>0}\bigl[\frac k2(1+\frac1\beta-\log(2+\frac1"
            r"\beta))+\frac\lambda{8\beta}|W^*u_i|^2\bigr]$, direction by direction.",
            method="adding the slacks of the two steps, whose signs are manifest",
            check=at_most,
            stated=_ceiling(8),
            wrong={"a sixteenth": _ceiling(16)},
            uses=("dataset_shift", "increasing", "bias_below"),
        ),
    ),
)

# --- above a floor --------------------------------------------------------------------------------


def _tangent(slope: Any) -> Minimum:
    """F minus a line through its value at the limit, which touches if the slope is right."""
    line = excess(T_LIMIT) + slope * (_t - T_LIMIT)
    return Minimum(excess(_t) - line, _t, T_LIMIT, 1 / ((1 + _t) * (1 + T_LIMIT)))


TANGENT = checked(
    "tangent",
    r"$f(t)\ge f(t_\infty)-\frac{1+\beta}{1+2\beta}(t_\infty-t)$: the tangent at $t_\infty$, where"
    r" $f'=\frac{t_\infty}{1+t_\infty}=\frac{1+\beta}{1+2\beta}$; the difference has the slope"
    r" $\frac{t-t_\infty}{(1+t)(1+t_\infty)}$.",
    method="derivative",
    check=nonnegative_from_minimum,
    stated=_tangent((1 + beta) / (1 + 2 * beta)),
    wrong={
        "the slope of the limit without temperature": _tangent(sympy.Rational(1, 2)),
        "the inverse slope": _tangent((1 + 2 * beta) / (1 + beta)),
    },
    uses=("inverse temperature",),
)


def _floor(sign: int) -> Inequality:
    """The floor against a direction's shift, with this sign of the rate of the limit."""
    slope = (1 + beta) / (1 + 2 * beta)
    rate = (1 - FIT) * (1 + FIT + 1 / beta)
    bias = (1 - FIT) ** 2 * s**2 * _signal / nu**2
    shift = (k * (excess(T_LIMIT) - slope * rate + _excess_slack) + bias) / 2
    limit = k * (1 + 1 / beta - sympy.log(2 + 1 / beta))
    return Inequality((limit - sign * k * slope * rate + bias) / 2, shift, k * _excess_slack / 2)


DATASET_SHIFT_FLOOR = Proof(
    slug="linear_gaussian/dataset_shift_floor",
    idea="A convex function lies above its tangent at the limit.",
    steps=(
        HOT,
        *_SHIFT_STEPS,
        BELOW_LIMIT,
        TANGENT,
        checked(
            "dataset_shift_floor",
            r"$\mathrm{KL}(\hat Y\,\|\,Y)\ge\frac12\sum_{s_i>0}\bigl[k(1+\frac1\beta-\log(2+\frac1"
            r"\beta))-k\frac{1+\beta}{1+2\beta}(1-\rho_i)(1+\rho_i+\frac1\beta)+(1-\rho_i)^2b_i"
            r"\bigr]$, direction by direction.",
            method="substituting the rate of the limit; the slack is that of the tangent",
            check=at_most,
            stated=_floor(1),
            wrong={"the rate added": _floor(-1)},
            uses=("dataset_shift", "below_limit", "tangent"),
        ),
    ),
)

# --- a flat prior ---------------------------------------------------------------------------------

FLAT = assumed(
    "flat prior",
    r"$\lambda=0$, $\beta>0$, and only directions with $s_i>0$ count: beside them the teacher is no"
    r" probability law. The student's covariance is $e_i\tau_i$ in direction $i$.",
)
KN = assumed(
    "divergence terms",
    r"$c=\frac{1+\beta\rho}{1+t}$, $q=(1-\rho)^2(1+\beta\rho)+\beta\rho$, $t=r+\rho^2$.",
)

_scale = sympy.Symbol("e_i", nonnegative=True)
_s = sympy.Symbol("s", positive=True)
_shrunk, _label, _residual, _mismatch = sympy.symbols("u t c q", real=True)
_FLAT_TERMS = {
    _shrunk: sympy.Integer(0),
    _label: 1 + 1 / beta,
    _residual: beta * (1 + beta) / (1 + 2 * beta),
    _mismatch: beta,
}


def _flat_terms(prior: Any) -> list[tuple[Any, Any]]:
    """1 - rho, t, c and q at a precision of the prior, and what they are at zero."""
    fit = (beta * R).subs({beta_or_zero: beta, s: _s, lam: prior})
    excess_of_labels = fit / beta + fit**2
    mismatch = (1 - fit) ** 2 * (1 + beta * fit) + beta * fit
    found = (1 - fit, excess_of_labels, (1 + beta * fit) / (1 + excess_of_labels), mismatch)
    return list(zip(found, _FLAT_TERMS.values(), strict=True))


FLAT_TERMS = checked(
    "flat_terms",
    r"At $\lambda=0$: $\rho=1$, $t=1+\frac1\beta$, $c=c_\infty=\frac{\beta(1+\beta)}{1+2\beta}$ and"
    r" $q=\beta$, whatever $s>0$ and $\nu$ are.",
    method="substituting",
    check=all_equal,
    stated=_flat_terms(sympy.Integer(0)),
    wrong={"a prior of precision one": _flat_terms(sympy.Integer(1))},
    uses=("flat prior", "direction terms", "divergence terms"),
)


def _flat_divergence(shrinkage: Any) -> tuple[Any, Any]:
    """A direction's divergence with these terms, and the constant, for a signal of any size."""
    signal = shrinkage**2 * (1 + beta) * _signal
    found = k * excess(_label) + signal
    found += k * (_mismatch + _scale - 1 - sympy.log(_residual + _scale))
    at_flat = {**_FLAT_TERMS, _shrunk: shrinkage}
    said = 1 / beta + beta + _scale - sympy.log(2 + 1 / beta)
    said -= sympy.log(beta * (1 + beta) / (1 + 2 * beta) + _scale)
    return found.subs(at_flat) / 2, k * said / 2


DIVERGENCE_FLAT_PRIOR = Proof(
    slug="linear_gaussian/divergence_flat_prior",
    idea="Without a prior the inputs, the signal and the noise enter only through $\\rho=1$.",
    steps=(
        FLAT,
        TERMS,
        KN,
        FLAT_TERMS,
        checked(
            "divergence_flat_prior",
            r"$K_n=\frac"
            r" k2\sum_{s_i>0}[\frac1\beta+\beta+e_i-\log(2+\frac1\beta)-\log(c_\infty+e_i)]$: in"
            r" $K_n=\frac12\sum_i\{k(t_i-\log(1+t_i))+(1-\rho_i)^2(1+\beta\rho_i)b_i+k[q_i+e_i-1-"
            r"\log(c_i+e_i)]\}$ the signal has the factor $0$.",
            method="substituting the terms at a flat prior",
            check=equal,
            stated=_flat_divergence(sympy.Integer(0)),
            wrong={"a prior that still pulls": _flat_divergence(sympy.Rational(1, 2))},
            uses=("flat_terms", "linear_gaussian/divergence_exact"),
        ),
    ),
)
