"""Target noise in general: orthogonality, teachers that answer with probabilities, mixtures."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    expectation,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_order import all_ordered
from proofs_check.common import JENSEN_FOR_SQUARES, PAIRWISE_FORM
from proofs_check.records import Proof, assumed, checked
from proofs_check.sgd_convergence.noise import DISTANCE_TO_VERTEX, SPREAD_OF_SCORES
from proofs_check.sgd_convergence.risk import SOFTMAX

# --- orthogonality --------------------------------------------------------------------------------

_bayes, _noise, _w = sympy.symbols("b_i xi w_i", real=True)
_total, _exact, _added, _variance, _bias = sympy.symbols("G B V v_i m_i", real=True)


def _second_moments(bias: Any, cross: Any) -> Induction:
    """E|g|^2 against both parts, over inputs, when the noise has this mean given the input."""
    moments = {_noise: bias, _noise**2: _variance}
    square = expectation(_bayes**2 + cross * _bayes * _noise + _noise**2, moments, [_noise])
    return Induction(
        _total - _exact - _added,
        dict.fromkeys((_total, _exact, _added), 0),
        {
            _total: _total + _w * square,
            _exact: _exact + _w * _bayes**2,
            _added: _added + _w * _variance,
        },
    )


TARGET_NOISE_ORTHOGONAL = Proof(
    slug="sgd_convergence/target_noise_orthogonal",
    idea="Given the input the gradient with exact labels is a constant, and the noise has mean"
    " zero.",
    steps=(
        assumed(
            "parts",
            r"At any given $\theta$, $g=g_{\mathrm{BCP}}(x)+\xi$ with finite second moments, where"
            r" $g_{\mathrm{BCP}}$ depends on the input alone.",
        ),
        assumed("centred given the input", r"$\mathbb E[\xi\,|\,x]=0$ for every $x$ with mass."),
        checked(
            "target_noise_orthogonal",
            r"$\mathbb E\|g\|^2=\mathbb E\|g_{\mathrm{BCP}}\|^2+\mathbb E\|\xi\|^2$: in every"
            r" coordinate $\mathbb E[g_{\mathrm{BCP}}\xi|x]=g_{\mathrm{BCP}}\mathbb E[\xi|x]=0$.",
            method="expanding (b + xi)^2, by induction over the inputs, in every coordinate",
            check=holds_by_induction,
            stated=_second_moments(0, 2),
            wrong={
                "noise that goes with the input": _second_moments(_bias, 2),
                "a bias that is the same for all inputs": _second_moments(1, 2),
            },
            uses=("parts", "centred given the input"),
        ),
    ),
)

# --- teachers that answer with probabilities ------------------------------------------------------

UNBIASED = assumed(
    "unbiased",
    r"The answer $q_t$ is given with probability $w_t$, and $\sum_tw_tq_t=P$; $\sum_kq_{tk}=1$.",
)
_weight, _answer, _direction = sympy.symbols("w_t q_tk v_k", real=True)
_prob, _square = sympy.symbols("P_k Q", real=True)


def _by_label(added: Any) -> Induction:
    """A label's part of the mean square, when an answer adds so much to its probability."""
    return Induction(
        _square - _prob * _direction**2,
        {_square: 0, _prob: 0},
        {_square: _square + _weight * _answer * _direction**2, _prob: _prob + added},
    )


_chance, _gap = sympy.symbols("w_t J_t", nonnegative=True)
_any_chance, _any_gap = sympy.symbols("w_t J_t", real=True)
_label_square, _answer_square, _along, _mean = sympy.symbols("S A a_t M", real=True)


def _variances(chance: Any, gap: Any) -> Induction:
    """The label's variance less the answer's, when the square along an answer has this gap."""
    label, answer = _label_square - _mean**2, _answer_square - _mean**2
    return Induction(
        label - answer,
        {_label_square: 0, _answer_square: 0},
        {
            _label_square: _label_square + chance * (_along**2 + gap),
            _answer_square: _answer_square + chance * _along**2,
        },
        chance * gap,
    )


SIMPLEX_TEACHER_NO_NOISIER = Proof(
    slug="sgd_convergence/simplex_teacher_no_noisier",
    idea="A label drawn from the teacher's answer is the noisiest answer with its mean.",
    steps=(
        UNBIASED,
        assumed("probabilities", r"$q_{tk}\ge0$."),
        PAIRWISE_FORM,
        JENSEN_FOR_SQUARES,
        checked(
            "label_second_moment",
            r"$\sum_tw_t\sum_kq_{tk}v_k^2=\sum_kP_kv_k^2$: a label drawn from the answer has the"
            r" law $P$.",
            method="induction over the answers, label by label",
            check=holds_by_induction,
            stated=_by_label(_weight * _answer),
            wrong={"answers of equal weight": _by_label(_answer)},
            uses=("unbiased",),
        ),
        checked(
            "simplex_teacher_no_noisier",
            r"$v^\top\mathrm{Cov}(q|x)v=\sum_tw_t(q_t\cdot v)^2-(P\cdot v)^2\le"
            r"\sum_tw_t\sum_kq_{tk}v_k^2-(P\cdot v)^2=v^\top(\mathrm{diag}\,P-PP^\top)v$ for every"
            r" $v$: Jensen's inequality for every answer, whose weights $q_{tk}\ge0$ have sum one.",
            method="induction over the answers, each of which adds its gap in Jensen's inequality",
            check=nonnegative_by_induction,
            stated=_variances(_chance, _gap),
            wrong={
                "entries of either sign, without Jensen's inequality": _variances(
                    _chance, _any_gap
                ),
                "answers with negative chances": _variances(_any_chance, _gap),
            },
            uses=("unbiased", "probabilities", "jensen_for_squares", "label_second_moment"),
        ),
    ),
)

# --- small probabilities --------------------------------------------------------------------------

_p, _K, _n, _W, _Q, _D = sympy.symbols("p_k K n W Q D", real=True)
_logit = sympy.Symbol("z_k", real=True)
_rest = sympy.Symbol("R", positive=True)


def _logit_slope(pair: tuple[Any, Any]) -> bool:
    """Whether |grad p_k|^2 / p_k is p_k |e_k - p|^2, in the own coordinate and in another one."""
    other = sympy.Symbol("z_l", real=True)
    total = sympy.exp(_logit) + sympy.exp(other) + _rest
    own = sympy.exp(_logit) / total
    slopes = [sympy.diff(own, variable) for variable in (_logit, other)]
    said = [part.subs({_p: own, _Q: sympy.exp(other) / total}) for part in pair]
    return all(equal((slope**2 / own, part)) for slope, part in zip(slopes, said, strict=True))


def _about_uniform(centre: Any) -> tuple[Induction, tuple[Any, Any]]:
    """The squared distance of p from a centre, over labels, and its value for K of them."""
    total = _Q - 2 * centre * _W + _n * centre**2
    induction = Induction(
        _D - total,
        dict.fromkeys((_D, _Q, _W, _n), 0),
        {_D: _D + (_p - centre) ** 2, _Q: _Q + _p**2, _W: _W + _p, _n: _n + 1},
    )
    return induction, (total.subs({_W: 1, _n: _K}), _Q - 1 / _K)


def _least_square(claim: tuple[Induction, tuple[Any, Any]]) -> bool:
    """Whether the running sum has this form, and this value after K labels."""
    return holds_by_induction(claim[0]) and equal(claim[1])


_labels, _distance = sympy.symbols("K D", positive=True)


def _no_blow_up(least: Any) -> Inequality:
    """1 - |p|^2 and its bound, when |p|^2 is this."""
    return Inequality(1 - least, 1 - 1 / _labels, least - 1 / _labels)


SOFTMAX_NO_BLOW_UP = Proof(
    slug="sgd_convergence/softmax_no_blow_up",
    idea="The slope of p_k in the logits is itself proportional to p_k.",
    steps=(
        SOFTMAX,
        DISTANCE_TO_VERTEX,
        SPREAD_OF_SCORES,
        checked(
            "slopes_over_probabilities",
            r"$\|\nabla_zp_k\|^2/p_k=p_k\|e_k-p\|^2$, since $\nabla_zp_k=p_k(e_k-p)$: the entries"
            r" of $\|\nabla_zp_k\|^2/p_k$ are $p_k(1-p_k)^2$ and $p_kp_l^2$.",
            method="differentiating, the other labels collected in R",
            check=_logit_slope,
            stated=(_p * (1 - _p) ** 2, _p * _Q**2),
            wrong={
                "p_k not squared before dividing": ((1 - _p) ** 2, _Q**2),
                "one over p_k": ((1 - _p) ** 2 / _p, _Q**2 / _p),
            },
            uses=("softmax",),
        ),
        checked(
            "least_square",
            r"$\|p\|^2-\frac1K=\sum_k(p_k-\frac1K)^2\ge0$ for probabilities of sum one.",
            method="induction over the labels, then substituting",
            check=_least_square,
            stated=_about_uniform(1 / _K),
            wrong={
                "about zero": _about_uniform(sympy.Integer(0)),
                "about 2/K": _about_uniform(2 / _K),
            },
        ),
        checked(
            "softmax_no_blow_up",
            r"$\sum_k\|\nabla_zp_k\|^2/p_k=1-\|p\|^2\le1-\frac1K$, however small a $p_k$ is.",
            method="the difference is the squared distance D of p from the uniform law",
            check=at_most,
            stated=_no_blow_up(1 / _labels + _distance),
            wrong={
                "below it": _no_blow_up(1 / _labels - _distance),
                "a norm that is not bounded from below": _no_blow_up(_distance),
            },
            uses=("spread_of_scores", "slopes_over_probabilities", "least_square"),
        ),
    ),
)

# --- mixtures -------------------------------------------------------------------------------------

_amount = sympy.Symbol("lambda", real=True)
_first, _second = sympy.symbols("V_1 V_2", positive=True)
_u, _v, _common = sympy.symbols("u v c", real=True)


def _mixed(cross: Any) -> tuple[Any, Any]:
    """The mean square of a mixture of two errors with this covariance, and its parts."""
    mean_square = expectation(
        ((1 - _amount) * _u + _amount * _v) ** 2,
        {_u**2: _first, _v**2: _second, _u * _v: cross},
        [_u, _v],
    )
    return mean_square, (1 - _amount) ** 2 * _first + _amount**2 * _second


def _at_best(amount: Any) -> list[tuple[Any, Any]]:
    """The noise of the mixture, and the noise of either."""
    noise = ((1 - _amount) ** 2 * _first + _amount**2 * _second).subs(_amount, amount)
    return [(noise, _first), (noise, _second)]


MIXING = Proof(
    slug="sgd_convergence/mixing",
    idea="Independent errors of mean zero partly cancel, most at weights by precision.",
    steps=(
        assumed(
            "independent",
            r"Given $x$, $y$ and $q$ are independent, and $\mathbb E\,e_y=\mathbb E\,q=P$;"
            r" $V_1=\mathbb E\|e_y-P\|^2$ and $V_2=\mathbb E\|q-P\|^2$, not both zero (else nothing"
            r" is noisy).",
        ),
        checked(
            "noise_of_mixture",
            r"$\mathbb E\|(1-\lambda)e_y+\lambda q-P\|^2=(1-\lambda)^2V_1+\lambda^2V_2$:"
            r" independent errors of mean zero have no cross term.",
            method="expanding in every coordinate",
            check=equal,
            stated=_mixed(0),
            wrong={"a teacher that has seen the label": _mixed(_common)},
            uses=("independent",),
        ),
        checked(
            "mixing",
            r"At $\lambda=\frac{V_1}{V_1+V_2}$ it is $\frac{V_1V_2}{V_1+V_2}\le\min(V_1,V_2)$. (If"
            r" one of them is zero, so is the mixture's.)",
            method="expanding over one denominator",
            check=all_ordered,
            stated=_at_best(_first / (_first + _second)),
            wrong={
                "weights exchanged": _at_best(_second / (_first + _second)),
                "equal weights": _at_best(sympy.Rational(1, 2)),
            },
            uses=("noise_of_mixture",),
        ),
    ),
)
