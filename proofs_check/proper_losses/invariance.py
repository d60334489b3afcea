r"""An increasing teacher of two Gaussian classes: its best linear student has Bayes' direction.

The logistic risk is an even function of the margin less a linear one; the even part does not care
about signs, and the linear part knows the score only.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal, expectation, is_zero
from proofs_check.algebra_several import all_at_most, identity_and_bound
from proofs_check.proper_losses.gaussian import CLASSES
from proofs_check.records import Proof, assumed, checked, cited

INCREASING = assumed(
    "increasing teacher",
    r"$g$ increases strictly with $\theta^*\cdot x$, and so with $t$.",
)
UNCERTAIN = assumed("uncertain teacher", r"$0<g<1$.")
SYMMETRIC = assumed(
    "symmetric inputs",
    r"$x=t\frac\mu{\|\mu\|}+z$ with $\mu\ne0$, $z\perp\mu$ independent of $t$, and both have laws"
    r" that are symmetric about 0, with finite means, $t$ not constant: so it is for two balanced"
    r" Gaussian classes, and for a grid. $w\cdot x=at+b\cdot z$ if"
    r" $w=a\frac\mu{\|\mu\|}+b$.",
)
STUDENT = assumed(
    "student",
    r"$w$ minimises $\mathcal L(w)=\mathbb E_x[g\,\ell(w\cdot x)+(1-g)\,\ell(-w\cdot x)]$,"
    r" $\ell(m)=\log(1+e^{-m})$.",
)

# A margin m is 2 log r, so that all functions of it are logarithms of rational ones.
_r = sympy.Symbol("r", positive=True)
_g = sympy.Symbol("g", real=True)
_MARGIN = 2 * sympy.log(_r)
_EVEN = sympy.log(_r + 1 / _r)


def _logistic(sign: int) -> Any:
    """The logistic loss of the margin, or of minus it."""
    return sympy.log(1 + _r ** (-2 * sign))


def _same_function(pair: tuple[Any, Any]) -> bool:
    """Whether two functions of r agree at 1 and have the same slope."""
    difference = pair[0] - pair[1]
    return is_zero(sympy.diff(difference, _r)) and is_zero(difference.subs(_r, 1))


def _split(linear: Any) -> tuple[Any, Any]:
    """The loss with a teacher, and an even function less a linear one."""
    return _g * _logistic(1) + (1 - _g) * _logistic(-1), _EVEN - linear


SPLIT = checked(
    "even_and_linear",
    r"$g\,\ell(m)+(1-g)\,\ell(-m)=c(m)-(g-\frac12)m$ with the even $c(m)=\log(2\cosh\frac m2)$.",
    method="value at m = 0 and derivative, with m = 2 log r",
    check=_same_function,
    stated=_split((_g - sympy.Rational(1, 2)) * _MARGIN),
    wrong={
        "g in place of g - 1/2": _split(_g * _MARGIN),
        "the sign": _split(-(_g - sympy.Rational(1, 2)) * _MARGIN),
    },
    uses=("student",),
)

_a, _b, _t, _z, _teacher, _correlation, _dependence = sympy.symbols("a b t z G c e", real=True)


def _linear_part(with_across: Any) -> tuple[Any, Any]:
    """The mean of (g - 1/2) w . x, if g z has this mean, and a E[g t]."""
    moments = {_teacher * _t: _correlation, _teacher * _z: with_across, _t: 0, _z: 0}
    score = (_teacher - sympy.Rational(1, 2)) * (_a * _t + _b * _z)
    return expectation(score, moments, [_teacher, _t, _z]), _a * _correlation


LINEAR_PART = checked(
    "linear_part",
    r"$\mathbb E(g-\frac12)w\cdot x=a\,\mathbb E[g\,t]$: $t$ and $z$ have mean zero, and $g$"
    r" depends on $t$ only, so that $\mathbb E[g\,z]=\mathbb E[g]\,\mathbb E[z]=0$. Thus $\mathcal"
    r" L(w)=\mathbb E\,c(at+b\cdot z)-a\,\mathbb E[g\,t]$.",
    method="expanding in the moments",
    check=equal,
    stated=_linear_part(0),
    wrong={"a teacher that sees more than the score": _linear_part(_dependence)},
    uses=("symmetric inputs", "increasing teacher", "even_and_linear"),
)

_along, _across = sympy.symbols("r q", positive=True)


def _two_signs(share: Any) -> tuple[tuple[Any, Any], Inequality]:
    """Both signs of the part across, with r and q for the exponentials of half the margins.

    The product of both 2 cosh, as a square plus this share of another; and their order.
    """
    both = (_along * _across + 1 / (_along * _across)) * (_along / _across + _across / _along)
    square, rest = (_along + 1 / _along) ** 2, share * (_across - 1 / _across) ** 2
    return (both, square + rest), Inequality(square, both, rest)


NO_PART_ACROSS = checked(
    "no_part_across",
    r"$\frac12c(u+v)+\frac12c(u-v)=c(u)+\frac12\log\bigl(1+\frac{\sinh^2(v/2)}{\cosh^2(u/2)}\bigr)"
    r"\ge c(u)$, and equal only for $v=0$. Given $t$, $z$ and $-z$ are equally likely:"
    r" $\mathcal L(a\frac\mu{\|\mu\|}+b)>\mathcal L(a\frac\mu{\|\mu\|})$ unless $b\cdot z=0$ almost"
    r" surely. So the minimiser has the score $at$.",
    method="expanding 4 cosh((u+v)/2) cosh((u-v)/2) = 4 cosh^2(u/2) + 4 sinh^2(v/2), exponentials"
    " as symbols",
    check=identity_and_bound,
    stated=_two_signs(1),
    wrong={
        "half of the square": _two_signs(sympy.Rational(1, 2)),
        "the square subtracted": _two_signs(-1),
    },
    uses=("symmetric inputs", "linear_part"),
)

_tau = sympy.Symbol("tau", positive=True)
_rise = sympy.Symbol("u", positive=True)


def _covariance(rise: Any) -> tuple[Inequality, Inequality]:
    """(g(t) - g(0)) t at t = tau and at t = -tau, if g rises so much over tau."""
    values = (rise * _tau, (-rise) * (-_tau))
    return (
        Inequality(0, values[0], _rise * _tau),
        Inequality(0, values[1], _rise * _tau),
    )


COVARIANCE = checked(
    "covariance",
    r"$\mathbb E[g\,t]=\mathbb E[(g(t)-g(0))\,t]>0$: $\mathbb E\,t=0$, and $g(t)-g(0)$ has the sign"
    r" of $t$.",
    method="manifest sign on both sides of 0",
    check=all_at_most,
    stated=_covariance(_rise),
    wrong={"a decreasing teacher": _covariance(-_rise)},
    uses=("increasing teacher", "symmetric inputs"),
)


def _slope_at_zero(slope: Any) -> tuple[Any, Any]:
    """The slope of the risk along mu at a = 0, at an input, and what it is said to be."""
    margin = _a * _t
    even = sympy.log(sympy.exp(margin / 2) + sympy.exp(-margin / 2))
    return sympy.diff(even - _g * margin, _a).subs(_a, 0), slope


UNDER_THE_MEAN = cited(
    "under_the_mean",
    r"$\mathcal L(a\frac\mu{\|\mu\|})$ may be differentiated in $a$ under the mean: the slope of"
    r" $c(at)-gat$ is at most $\frac32|t|$ in size, and $\mathbb E|t|$ is finite.",
    "differentiation under the integral by dominated convergence: Folland, Real Analysis,"
    " Theorem 2.27",
    uses=("symmetric inputs", "uncertain teacher", "linear_part"),
)

SLOPE = checked(
    "slope_at_zero",
    r"$\frac d{da}\mathcal L(a\frac\mu{\|\mu\|})=-\mathbb E[g\,t]<0$ at $a=0$, as $c'(0)=0$:"
    r" $\mathcal L$ is smaller for some $a>0$, and $a=0$ is not the minimum.",
    method="differentiating at an input",
    check=equal,
    stated=_slope_at_zero(-_g * _t),
    wrong={"the sign": _slope_at_zero(_g * _t), "no slope": _slope_at_zero(0)},
    uses=("linear_part", "covariance", "under_the_mean"),
)

_backwards, _gain = sympy.symbols("a_1 d", nonnegative=True)


def _other_side(direction: Any) -> tuple[Inequality, Inequality]:
    """2 cosh is at least 2; the risk at a = direction is at least that at 0, c above its least."""
    least, above = sympy.Symbol("c_0", real=True), sympy.Symbol("k", nonnegative=True)
    even = Inequality(2, _along + 1 / _along, (_along - 1) ** 2 / _along)
    risk = least + above - direction * _gain
    return even, Inequality(least, risk, above - direction * _gain)


OTHER_SIDE = checked(
    "other_side",
    r"For $a\le0$, $\mathcal L\ge\log2-a\,\mathbb E[g\,t]\ge\log2=\mathcal L(0)$, as"
    r" $2\cosh\frac m2\ge2$: the minimiser has $a>0$.",
    method="manifest sign, with a = -a_1",
    check=all_at_most,
    stated=_other_side(-_backwards),
    wrong={"a > 0": _other_side(_backwards)},
    uses=("linear_part", "covariance"),
)

_share, _margin_size = sympy.symbols("s m", positive=True)


def _growth(linear: Any) -> Inequality:
    """The loss at a margin of size m, above this; s over 1 + s is the share of the other side."""
    favoured = sympy.log(1 + sympy.exp(-_margin_size))
    other = _share / (1 + _share)
    # The loss of the side that the margin does not favour is larger by m.
    loss = (1 - other) * favoured + other * (favoured + _margin_size)
    return Inequality(linear, loss, favoured + other * _margin_size - linear)


GROWTH = checked(
    "growth",
    r"$g\,\ell(m)+(1-g)\,\ell(-m)\ge\min(g,1-g)|m|$, since $\ell(-|m|)=\ell(|m|)+|m|$ and"
    r" $\ell\ge0$: $\mathcal L(w)\ge\mathbb E[\min(g,1-g)|w\cdot x|]$ grows without bound along"
    r" every $w$ but those with $w\cdot x=0$ almost surely, which change nothing.",
    method="manifest sign, with s/(1+s) for the share of the side that is not favoured",
    check=at_most,
    stated=_growth(_share / (1 + _share) * _margin_size),
    wrong={"the margin without the share": _growth(_margin_size)},
    uses=("uncertain teacher", "student"),
)

MINIMUM = cited(
    "minimum",
    r"So $\mathcal L$, which is continuous, has a minimum: $w$ exists.",
    "a continuous function attains its minimum on a compact set: Rudin, Principles of Mathematical"
    " Analysis, Theorem 4.16",
    uses=("growth",),
)

_length, _step = sympy.symbols("m a", positive=True)


def _separation(along: Any) -> tuple[Any, Any]:
    """The separation w . mu / |w| of w = a mu / |mu|, and that of the Bayes direction."""
    return along * _length / sympy.sqrt(along**2), _length


MONOTONE_INVARIANCE = Proof(
    slug="proper_losses/monotone_invariance",
    idea="Of the teacher only the mean of g t counts, and it is positive: the best student has the"
    " direction of the means, whatever the distortion.",
    steps=(
        CLASSES,
        INCREASING,
        UNCERTAIN,
        SYMMETRIC,
        STUDENT,
        GROWTH,
        MINIMUM,
        SPLIT,
        LINEAR_PART,
        NO_PART_ACROSS,
        COVARIANCE,
        UNDER_THE_MEAN,
        SLOPE,
        OTHER_SIDE,
        checked(
            "monotone_invariance",
            r"The student's score is $at$ with $a>0$, $\delta=\frac{a\|\mu\|}{|a|}=\|\mu\|$, and"
            r" its AUC is $\Phi(\sqrt2\,\|\mu\|)$, that of $\theta^*$. Such a teacher is, among"
            r" others, the distortion $g=\Psi_\alpha(p^*)$ of B.2.",
            method="substituting w = a mu / |mu|",
            check=equal,
            stated=_separation(_step),
            wrong={"a < 0": _separation(-_step)},
            uses=(
                "gaussian classes",
                "minimum",
                "no_part_across",
                "slope_at_zero",
                "other_side",
                "proper_losses/gaussian_auc",
                "proper_losses/psi",
            ),
        ),
    ),
)
