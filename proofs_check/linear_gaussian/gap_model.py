r"""What the proofs on generalisation gaps share: the model in the singular directions of X.

With $X=\sum_is_iu_iv_i^\top$ and the $v_i$ completed to a basis of all sample directions
($s_i=0$ beyond the rank), everything is a sum over outputs and directions of one scalar problem: a
label $sw+\nu e$, a teacher's weight $W$, and their two noises $e$ and $g$.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import all_equal, equal, expectation
from proofs_check.records import assumed, checked, cited

# A direction's singular value s and true weight w, and the settings of the teacher.
s, beta = sympy.symbols("s beta", nonnegative=True)
lam, nu, k, n = sympy.symbols("lambda nu k n", positive=True)
w = sympy.Symbol("w", real=True)
# The noises of the label and of the posterior, and the terms of a direction as symbols.
e, g = sympy.symbols("e g", real=True)
rho, root_r = sympy.symbols("rho r_root", nonnegative=True)
a = sympy.Symbol("a", real=True)

TAU = nu**2 / (lam * nu**2 + beta * s**2)
R = s**2 * TAU / nu**2
RHO = beta * R

NORMAL = {e: 0, g: 0, e * g: 0, e**2: 1, g**2: 1}
"""Moments of two independent standard normal variables."""

MODEL = assumed(
    "model",
    r"$X$ ($d\times n$, $n\ge1$) is fixed; $Y=W^*X+\nu E$; the teacher is $W_T=\bar"
    r" W+G\Sigma_T^{1/2}$ with $\bar W=\frac\beta{\nu^2}YX^\top\Sigma_T$ and $\Sigma_T=(\lambda"
    r" I+\frac\beta{\nu^2}XX^\top)^{-1}$, the Gibbs posterior; the entries of $E$ ($k\times n$)"
    r" and $G$ ($k\times d$) are independent and standard normal;"
    r" $\lambda,\nu>0$ and $\beta\ge0$.",
)
TERMS = assumed(
    "direction terms",
    r"In direction $i$: $\tau_i=\frac{\nu^2}{\lambda\nu^2+\beta s_i^2}$, $r_i=\frac{s_i^2\tau_i}"
    r"{\nu^2}$, $\rho_i=\beta r_i$, $b_i=\frac{s_i^2|W^*u_i|^2}{\nu^2}$; $a=\frac{s_iw}\nu$ for one"
    r" output $w$ of $W^*u_i$.",
)
GAP = assumed(
    "gap",
    r"$h(Y,W)=L_P(W)-L_D(W)$ with $L_D(W)=\frac1n\|Y-WX\|_F^2$ and $L_P(W)=\frac1n\|(W^*-W)X\|_F^2"
    r"+k\nu^2$, the expected loss at the columns of $X$ with fresh labels;"
    r" $\mathrm{gen}_T=E\,h(Y,W_T)$.",
)
SINGULAR_VALUES = cited(
    "singular values",
    r"$X=\sum_is_iu_iv_i^\top$ with orthonormal $u_i$ and $v_i$, completed to bases of $\mathbb"
    r" R^d$ and $\mathbb R^n$ with $s_i=0$ beyond $\operatorname{rank}X$; hence"
    r" $\Sigma_Tu_i=\tau_iu_i$, and $Ev_i$, $Gu_i$ are again standard normal.",
    "Golub and Van Loan, Matrix Computations, 4th ed., Theorem 2.4.1; rotation invariance of the"
    " standard normal law: Muirhead, Aspects of Multivariate Statistical Theory, section 1.2",
    uses=("model", "direction terms"),
)

_A, _V = sympy.symbols("A V", commutative=False)
_At = sympy.Symbol("A^T", commutative=False)


def _rotated(transposed: Any) -> tuple[Any, Any]:
    """The Gram matrix before and after a rotation, given its transpose in terms of it."""
    return _A * _V * transposed * _At, _A * _At


NORM_IN_DIRECTIONS = checked(
    "norm_in_directions",
    r"$\|A\|_F^2=\operatorname{tr}AA^\top=\operatorname{tr}(AV)(AV)^\top=\sum_i|Av_i|^2$ for the"
    r" orthogonal $V=(v_1,\dots,v_n)$: losses are sums over directions, and over outputs.",
    method="noncommuting symbols with V^T = V^-1, for every size",
    check=equal,
    stated=_rotated(_V**-1),
    wrong={"a V that is not orthogonal": _rotated(_V)},
    uses=("singular values",),
)


def _prediction(label: Any) -> tuple[Any, Any]:
    """The error of a prediction from this label, and what it is said to be."""
    drawn = beta * s / nu**2 * TAU * label + sympy.sqrt(TAU) * g
    said = -(1 - RHO) * s * w / nu + RHO * e + s * sympy.sqrt(TAU) / nu * g
    return s * (drawn - w), nu * said


PREDICTION_ERROR = checked(
    "prediction_error",
    r"In a direction and output $W_Tu=\frac{\beta s}{\nu^2}\tau(sw+\nu e)+\sqrt\tau\,g$, so that"
    r" the prediction misses the truth by $s(W_Tu-w)=\nu\,[-(1-\rho)a+\rho e+\sqrt r\,g]$.",
    method="substituting the direction's terms",
    check=equal,
    stated=_prediction(s * w + nu * e),
    wrong={
        "a label that the input does not scale": _prediction(w + nu * e),
        "a label without noise": _prediction(s * w),
    },
    uses=("model", "direction terms", "singular values"),
)

ERROR = -(1 - rho) * a + rho * e + root_r * g
"""The teacher's error in a direction and output, in units of nu."""


def gap_share(residual: Any) -> Any:
    """An output's and direction's share of n h / nu^2, from its training residual."""
    return ERROR**2 + 1 - residual**2


SHARE = 1 - (1 - 2 * rho) * e**2 - 2 * (1 - rho) * a * e + 2 * root_r * e * g
UNFITTED = {rho: 0, root_r: 0, a: 0}


def _shares(residual: Any) -> list[tuple[Any, Any]]:
    """The share of a direction, and of one that no weight can fit."""
    share = gap_share(residual)
    return [(share, SHARE), (share.subs(UNFITTED), 1 - e**2)]


GAP_SHARE = checked(
    "gap_share",
    r"$\frac n{\nu^2}h=\sum[1-(1-2\rho)e^2-2(1-\rho)ae+2\sqrt r\,eg]$ over outputs and directions:"
    r" the squared error plus one, minus the squared training residual $e-\text{error}$;"
    r" $1-e^2$ where $s=0$.",
    method="expanding",
    check=all_equal,
    stated=_shares(e - ERROR),
    wrong={
        "the residual of the other sign": _shares(e + ERROR),
        "the truth in place of the drawn label": _shares(-ERROR),
    },
    uses=("gap", "norm_in_directions", "prediction_error"),
)


def mean(share: Any) -> Any:
    """The mean of a polynomial in the two noises."""
    return expectation(share, NORMAL, [e, g])
