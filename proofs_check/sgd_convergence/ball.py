r"""A linear softmax student of Bayes class probabilities: its runs stay in the ball they start in.

The cross-entropy is strongly convex on balls only; but with exact labels no step leads further
from $\theta^*$, whichever input is drawn, so that a ball is enough.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    equal,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_order import ordered
from proofs_check.algebra_several import all_at_most
from proofs_check.common import CAUCHY_SCHWARZ, PAIRWISE_FORM
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.sgd_convergence.curvature import (
    COMPONENTS,
    CURVATURE,
    RUN,
    VARIANCE_AT_MOST_HALF,
    VARIANCE_FLOOR,
)
from proofs_check.sgd_convergence.descent import (
    CO_COERCIVITY,
    DISTANCE_AFTER_STEP,
    GEOMETRIC,
    GRADIENTS_APART,
    PARABOLA,
    L,
    curvatures,
    distance,
    gamma,
    keeps_promise,
    mu,
    short,
    spare,
    spare2,
)
from proofs_check.sgd_convergence.distances import after_step, below
from proofs_check.sgd_convergence.risk import GRADIENT, REALISABLE, SCORES, SOFTMAX, WORLD
from proofs_check.sgd_convergence.sharpened import RATE_TO_TWO, bayes_sharpened, sharpened_promise

_TO_CO_COERCIVITY = (
    CURVATURE,
    PAIRWISE_FORM,
    CAUCHY_SCHWARZ,
    VARIANCE_AT_MOST_HALF,
    COMPONENTS,
    PARABOLA,
    GRADIENTS_APART,
    CO_COERCIVITY,
)

# --- no step leads further ------------------------------------------------------------------------

_a, _start = sympy.symbols("a d_0", nonnegative=True)


def _path(step: Any) -> Induction:
    """d_0 - d along a path, with <g, e> = a and |g|^2 = L a - s for the input that is drawn."""
    moved = after_step(step, _a, L * _a - spare)
    left = 2 * short / (1 + short)
    slack = step * left * _a + step**2 * spare
    return Induction(_start - distance, {distance: _start}, {distance: moved}, slack)


SOFTMAX_STAYS = Proof(
    slug="sgd_convergence/softmax_stays",
    idea="Every input's gradient vanishes at the optimum, so that co-coercivity holds for each"
    " input by itself, and not only in the mean.",
    steps=(
        WORLD,
        SOFTMAX,
        REALISABLE,
        RUN,
        *_TO_CO_COERCIVITY,
        DISTANCE_AFTER_STEP,
        checked(
            "softmax_stays",
            r"$\|\theta_T-\theta^*\|^2\le\|\theta_0-\theta^*\|^2$ surely, for"
            r" $\gamma\le\frac2{L_{\max}}$: with $g_x(\theta^*)=0$ co-coercivity says $\|g_x\|^2\le"
            r" L\langle g_x,e\rangle$ for the input that is drawn, so that its step takes at least"
            r" $\gamma(2-\gamma L)\langle g_x,e\rangle\ge0$ off $\|e\|^2$.",
            method="induction over the steps of a path, with gamma = 2/(L (1 + kappa))",
            check=nonnegative_by_induction,
            stated=_path(below(2)),
            wrong={
                "steps up to 3/L": _path(below(3)),
                "steps up to 4/L": _path(below(4)),
            },
            uses=(
                "world",
                "realisable",
                "distance_after_step",
                "co_coercivity",
                "sgd_convergence/interpolation",
            ),
        ),
    ),
)

# --- curvature on the ball ------------------------------------------------------------------------

START = assumed(
    "start",
    r"The rows of $\theta_0-\theta^*$ have sum zero (the gauge of $\theta^*$), and"
    r" $r=\|\theta_0-\theta^*\|$. With $m_x=\min_kP_k(x)\,e^{-\sqrt2r\|\varphi(x)\|}$, $\mu_r$ is"
    r" the least eigenvalue of $M=\mathbb E\,m_x\varphi\varphi^\top$; it is the $\mu$ of the rate.",
)

_row, _model_sum, _target_sum = sympy.symbols("R W Q", real=True)
_p, _q, _phi, _Q = sympy.symbols("p_k q_k phi_i Q_P", real=True)


def _row_sum(total: Any) -> tuple[Induction, tuple[Any, Any]]:
    """A row of the gradient over labels, and its sum when the student's answers have this one."""
    said = _phi * (_Q * _model_sum - _target_sum)
    induction = Induction(
        _row - said,
        dict.fromkeys((_row, _model_sum, _target_sum), 0),
        {
            _row: _row + _phi * (_Q * _p - _q),
            _model_sum: _model_sum + _p,
            _target_sum: _target_sum + _q,
        },
    )
    return induction, (said.subs({_model_sum: total, _target_sum: _Q}), 0)


def _sum_and_value(claim: tuple[Induction, tuple[Any, Any]]) -> bool:
    """Whether a running sum has this form, and this value at the end."""
    return holds_by_induction(claim[0]) and equal(claim[1])


GAUGE = checked(
    "gauge_is_kept",
    r"The rows of a gradient $\varphi\,(Qp-q)^\top$ have the sum"
    r" $\varphi_i(Q\sum_kp_k-\sum_kq_k)=0$, so that those of $\theta_t-\theta^*$ have sum zero for"
    r" every $t$, and $v=e^\top\varphi$ has $\sum_kv_k=0$.",
    method="induction over the labels, then substituting",
    check=_sum_and_value,
    stated=_row_sum(1),
    wrong={"answers that do not sum to one": _row_sum(2)},
    uses=("sgd", "start", "gradient_of_a_target"),
)

_high, _low = sympy.symbols("a b", real=True)
_phi2, _r2, _others = sympy.symbols("phi2 r2 r", nonnegative=True)


def _logits(factor: Any) -> tuple[Inequality, Inequality]:
    """A squared difference of two logits below a multiple of |v|^2, and |v|^2 on the ball."""
    length = _high**2 + _low**2 + _others
    apart = Inequality((_high - _low) ** 2, factor * length, (_high + _low) ** 2 + 2 * _others)
    moved = _phi2 * (_r2 - spare) - spare2
    return apart, Inequality(moved, _phi2 * _r2, _phi2 * spare + spare2)


LOGITS_IN_BALL = checked(
    "logits_in_ball",
    r"Where $\|e\|\le r$, the logits differ from those of $\theta^*$ by $v=e^\top\varphi$ with"
    r" $\|v\|\le r\|\varphi\|$ (Cauchy-Schwarz for every label), and $(v_j-v_k)^2\le2\|v\|^2"
    r"\le2r^2\|\varphi\|^2$.",
    method="two inequalities by their certificates",
    check=all_at_most,
    stated=_logits(2),
    wrong={"without the factor 2": _logits(1)},
    uses=("softmax", "cauchy_schwarz"),
)

_x = sympy.Symbol("x", positive=True)
_P, _further = sympy.symbols("P_j u", nonnegative=True)
_normaliser, _mass = sympy.symbols("S W", nonnegative=True)


def _normalised(entry: Any) -> Induction:
    """sum_j P_j e^(v_j) below x = e^(v_k + sqrt(2) r |phi|), when a label has this e^(v_j)."""
    step = {_normaliser: _normaliser + _P * entry, _mass: _mass + _P}
    start = {_normaliser: 0, _mass: 0}
    return Induction(_x * _mass - _normaliser, start, step, _P * _x * _further / (1 + _further))


PROBABILITIES_IN_BALL = checked(
    "probabilities_in_ball",
    r"There $p_k=P_ke^{v_k}/\sum_jP_je^{v_j}\ge P_ke^{-\sqrt2r\|\varphi\|}\ge m_x$: no $e^{v_j}$"
    r" exceeds $e^{v_k+\sqrt2r\|\varphi\|}$, and $\sum_jP_j=1$.",
    method="induction over the labels, with e^(v_j) = x/(1 + u)",
    check=nonnegative_by_induction,
    stated=_normalised(_x / (1 + _further)),
    wrong={"a logit that moves further": _normalised(_x * (1 + _further))},
    uses=("world", "softmax", "realisable", "start", "logits_in_ball"),
)

_z, _form, _coefficient = sympy.symbols("z q e_ik", real=True)


def _quadratic_form(cross: Any) -> Induction:
    """The square of a logit over features, against the quadratic form of phi phi^T."""
    added = cross * _phi * _coefficient * _z + _phi**2 * _coefficient**2
    step = {_z: _z + _phi * _coefficient, _form: _form + added}
    return Induction(_form - _z**2, {_z: 0, _form: 0}, step)


QUADRATIC_FORM = checked(
    "quadratic_form",
    r"$\mathbb E\,m_x\|e^\top\varphi\|^2=\sum_ke_k^\top Me_k$ with the columns $e_k$ of $e$, since"
    r" $(e_k^\top\varphi)^2=e_k^\top\varphi\varphi^\top e_k$ for every input.",
    method="induction over the features",
    check=holds_by_induction,
    stated=_quadratic_form(2),
    wrong={
        "every pair of features once": _quadratic_form(1),
        "the diagonal alone": _quadratic_form(0),
    },
    uses=("start",),
)

_t = sympy.Symbol("t", positive=True)


def _slope(share: Any) -> tuple[Any, Any]:
    """The bound mu d, and this share of the curvature at a point of the segment.

    The curvature is the quadratic form up to s_1, and this is mu d up to s_2.
    """
    return mu * distance, share * (mu * distance + spare2 + spare)


def _below_integral(pair: tuple[Any, Any]) -> bool:
    """Whether the first expression is at most the integral of the second one."""
    return ordered((pair[0], sympy.integrate(pair[1], (_t, 0, 1))))


SLOPE_IN_BALL = checked(
    "slope_in_ball",
    r"$\langle\nabla f(\theta),e\rangle=\int_0^1\frac{d^2}{dt^2}f(\theta^*+te)\,dt\ge\mathbb"
    r" E\,m_x\|e^\top\varphi\|^2\ge\mu_r\|e\|^2$ where $\|e\|\le r$: $\nabla f(\theta^*)=0$, the"
    r" segment lies in the ball, and the variance floor holds at each of its points.",
    method="integration, with a nonnegative symbol for what each inequality leaves over",
    check=_below_integral,
    stated=_slope(1),
    wrong={"curvatures that count by t": _slope(_t)},
    uses=(
        "curvature",
        "gauge_is_kept",
        "probabilities_in_ball",
        "variance_floor",
        "quadratic_form",
        "least_eigenvalue",
        "sgd_convergence/interpolation",
    ),
)

ORDER_IN_BALL = checked(
    "curvatures_in_order",
    r"$\mu_r\le L$: $\mu_r\|e\|^2\le\langle\nabla f(\theta),e\rangle=\int_0^1\frac{d^2}{dt^2}"
    r"f(\theta^*+te)\,dt\le L\|e\|^2$.",
    method="solving for L at any point other than the optimum",
    check=ordered,
    stated=curvatures(1, 1),
    wrong={
        "half of the slope": curvatures(sympy.Rational(1, 2), 1),
        "twice the smoothness": curvatures(1, 2),
    },
    uses=("components", "slope_in_ball"),
)

SOFTMAX_BCP = Proof(
    slug="sgd_convergence/softmax_bcp",
    idea="A run that cannot leave its first ball needs strong convexity there only.",
    steps=(
        WORLD,
        SOFTMAX,
        REALISABLE,
        RUN,
        START,
        SCORES,
        GRADIENT,
        GAUGE,
        *_TO_CO_COERCIVITY,
        LOGITS_IN_BALL,
        PROBABILITIES_IN_BALL,
        VARIANCE_FLOOR,
        cited(
            "least_eigenvalue",
            r"$u^\top Mu\ge\mu_r\|u\|^2$ for the symmetric matrix $M$ with the least eigenvalue"
            r" $\mu_r$.",
            "Rayleigh; R. A. Horn and C. R. Johnson, Matrix Analysis (2nd edition), Theorem 4.2.2",
            uses=("start",),
        ),
        QUADRATIC_FORM,
        SLOPE_IN_BALL,
        DISTANCE_AFTER_STEP,
        checked(
            "one_step",
            r"$\mathbb E\|\theta_{t+1}-\theta^*\|^2\le(1-\gamma\mu_r(2-\gamma L))\|e\|^2$ given"
            r" any $\theta_t$ that has a chance, for $\gamma\le\frac2L$: it lies in the ball, and"
            r" with $g_x(\theta^*)=0$ co-coercivity says $\mathbb E\|g_x\|^2\le L\langle\nabla"
            r" f,e\rangle$.",
            method="expanding, with a nonnegative symbol for what each inequality leaves over",
            check=ordered,
            stated=bayes_sharpened(below(2), 2 - below(2) * L),
            wrong={
                "the rate of small steps": bayes_sharpened(below(2), 2),
                "steps up to 3/L": bayes_sharpened(below(3), 2 - below(3) * L),
            },
            uses=(
                "distance_after_step",
                "co_coercivity",
                "slope_in_ball",
                "sgd_convergence/softmax_stays",
                "sgd_convergence/interpolation",
            ),
        ),
        ORDER_IN_BALL,
        RATE_TO_TWO,
        GEOMETRIC,
        checked(
            "softmax_bcp",
            r"$\mathbb E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu_r(2-\gamma L_{\max}))^T"
            r"\|\theta_0-\theta^*\|^2$ for $\gamma<\frac2{L_{\max}}$.",
            method="the slope of a step's bound, and its fixed point",
            check=keeps_promise,
            stated=sharpened_promise(0, 2 - gamma * L, sympy.Integer(0)),
            wrong={
                "drawn labels": sharpened_promise(1, 2 - gamma * L, sympy.Integer(0)),
                "the rate of small steps": sharpened_promise(0, 2, sympy.Integer(0)),
            },
            uses=("one_step", "rate_is_nonnegative", "geometric_recursion"),
        ),
    ),
)
