r"""What Section 4 says of its losses, and a teacher that was fitted to the student's sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sympy

from proofs_check.algebra import (
    Induction,
    Minimum,
    all_equal,
    equal,
    holds_by_induction,
    manifestly_nonnegative,
    nonnegative_from_minimum,
)
from proofs_check.algebra_several import all_nonnegative_by_induction
from proofs_check.double_distillation.losses import SCORES
from proofs_check.records import Proof, assumed, checked, refuted

# --- the weight of the positives ------------------------------------------------------------------

_kept, _count, _mass = sympy.symbols("S L M", real=True)
_prob = sympy.Symbol("p", nonnegative=True)

POSITIVES = assumed(
    "positives",
    r"$p$ are probabilities of the labels with sum one, $L_+$ of which are positives; label $y$"
    r" has the weight $1-p_y$.",
)


def _weights(weight: Any, other: Any) -> list[Induction]:
    """The positives' weight less their number plus the mass, for a positive and another label."""
    invariant = _kept - _count + _mass
    start = dict.fromkeys((_kept, _count, _mass), 0)
    positive = {_kept: _kept + weight, _count: _count + 1, _mass: _mass + _prob}
    slack = sympy.expand(weight - 1 + _prob)
    return [
        Induction(invariant, start, positive, slack),
        Induction(
            invariant,
            start,
            {**positive, _kept: _kept, _count: _count, _mass: _mass + other},
            other,
        ),
    ]


POSITIVE_WEIGHT_MASS = Proof(
    slug="double_distillation/positive_weight_mass",
    idea="All weights are at most 1, and together they lack the mass of the positives, at most 1.",
    steps=(
        POSITIVES,
        checked(
            "positive_weight_mass",
            r"$\sum_{y\in+}(1-p_y)-L_++\sum_yp_y\ge0$: a positive adds $(1-p_y)-1+p_y=0$, another"
            r" label $p_y\ge0$. As $\sum_yp_y=1$, this is the claim.",
            method="induction over the labels of either kind",
            check=all_nonnegative_by_induction,
            stated=_weights(1 - _prob, _prob),
            wrong={
                "weights 1 - 2p": _weights(1 - 2 * _prob, _prob),
                "probabilities of either sign": _weights(1 - _prob, sympy.Symbol("q", real=True)),
            },
            uses=("positives",),
        ),
    ),
)

# --- the push loss --------------------------------------------------------------------------------

_z = sympy.Symbol("z", positive=True)
_u = sympy.Symbol("u", real=True)

PUSH = assumed(
    "push_form",
    r"$\mathbb E_{z\sim+}[g(\mathbb E_{z'\sim-}\varphi(h(z')-h(z)))]$ with convex non-decreasing"
    r" $g$ and $\varphi$; Eq. 12 is said to be of this form with $g(z)=\log(1+z)$ and"
    r" $\varphi(z)=e^{-z}$.",
)


class _Function(NamedTuple):
    """A function of one variable."""

    of: Any
    variable: Any


def _concave(function: _Function) -> bool:
    """Whether the second derivative is manifestly nonpositive, or positive somewhere."""
    second = sympy.diff(function.of, function.variable, 2)
    return manifestly_nonnegative(sympy.factor(-second))


def _halfway(mean: Callable[[Any, Any], Any]) -> bool:
    """Whether g at this mean of 3 and 1 is at most the mean of g at 3 and at 1."""
    three, one = sympy.Integer(3), sympy.Integer(1)
    middle = sympy.log(1 + mean(three, one))
    return bool(middle <= (sympy.log(1 + three) + sympy.log(1 + one)) / 2)


PUSH_LOSS_PRINTED = Proof(
    slug="double_distillation/push_loss_printed",
    idea="A logarithm bends downwards; it is in log z that log(1 + z) is convex.",
    steps=(
        PUSH,
        checked(
            "phi_decreases",
            r"$\varphi(z)=e^{-z}$ decreases, while the order of the arguments $h(z')-h(z)$ asks for"
            r" a $\varphi$ that does not: $e^z$ in its place.",
            method="the sign of the derivative",
            check=lambda function: manifestly_nonnegative(-sympy.diff(function, _u)),
            stated=sympy.exp(-_u),
            wrong={"phi(z) = e^z": sympy.exp(_u)},
            uses=("push_form",),
        ),
        checked(
            "second_derivative",
            r"$g''(z)=-\frac1{(1+z)^2}<0$ for $g(z)=\log(1+z)$: $g$ is concave.",
            method="derivatives",
            check=_concave,
            stated=_Function(sympy.log(1 + _z), _z),
            wrong={"log(1 + e^u), in u = log z": _Function(sympy.log(1 + sympy.exp(_u)), _u)},
            uses=("push_form",),
        ),
        refuted(
            "convex_g",
            r"$g(tz+(1-t)z')\le t\,g(z)+(1-t)\,g(z')$: for $z=3$, $z'=1$, $t=\frac12$ it would be"
            r" $\log3\le\frac12\log8$, that is $9\le8$.",
            method="the instance, exactly",
            check=_halfway,
            stated=lambda first, second: (first + second) / 2,
            mended={"the geometric mean": lambda first, second: sympy.sqrt(first * second)},
            uses=("push_form", "phi_decreases", "second_derivative"),
        ),
    ),
)

_a, _other = sympy.symbols("a z'", positive=True)
_t = sympy.Symbol("t", nonnegative=True)


def _tangent(slope: Any) -> Minimum:
    """log(1 + z) less its tangent in log z at a, with this slope there."""
    line = sympy.log(1 + _a) + slope * (sympy.log(_z) - sympy.log(_a))
    return Minimum(sympy.log(1 + _z) - line, _z, _a, 1 / (_z * (1 + _z) * (1 + _a)))


def _cancels(mean: Any) -> tuple[Any, Any]:
    """The mean of the tangent's terms in log z, at this logarithm of a, and zero."""
    mixed = _t * (sympy.log(_z) - mean) + (1 - _t) * (sympy.log(_other) - mean)
    return mixed, sympy.Integer(0)


_LOG_MEAN = _t * sympy.log(_z) + (1 - _t) * sympy.log(_other)

PUSH_LOSS = Proof(
    slug="double_distillation/push_loss",
    idea="As a function of log z, log(1 + z) is above its tangents; the tangent at the geometric"
    " mean gives the inequality.",
    steps=(
        checked(
            "above_the_tangent",
            r"$\log(1+z)\ge\log(1+a)+\frac a{1+a}(\log z-\log a)$ for $a,z>0$: the difference"
            r" vanishes at $z=a$ and has the slope $\frac{z-a}{z(1+z)(1+a)}$.",
            method="derivative",
            check=nonnegative_from_minimum,
            stated=_tangent(_a / (1 + _a)),
            wrong={
                "slope 1": _tangent(sympy.Integer(1)),
                "slope 1/(1 + a), in z and not in log z": _tangent(1 / (1 + _a)),
            },
        ),
        checked(
            "push_loss",
            r"At $a=z^tz'^{1-t}$, with weights $t$ and $1-t$, the terms in $\log z$ cancel: what"
            r" is left of $t\,g(z)+(1-t)\,g(z')$ is at least $g(a)$. With $z=e^u$: $\log(1+e^u)$ is"
            r" convex in $u$.",
            method="expanding, with log a = t log z + (1 - t) log z'",
            check=equal,
            stated=_cancels(_LOG_MEAN),
            wrong={
                "the arithmetic mean": _cancels(sympy.log(_t * _z + (1 - _t) * _other)),
                "the weights exchanged": _cancels(
                    (1 - _t) * sympy.log(_z) + _t * sympy.log(_other)
                ),
            },
            uses=("above_the_tangent",),
        ),
    ),
)

# --- a teacher fitted to the student's sample -----------------------------------------------------

FITTED = assumed(
    "fitted_teacher",
    r"$\ell_k(f)=\Lambda(f)-f_k$ is the cross-entropy, the student has the scores $W\phi_n$, and"
    r" the teacher's probabilities satisfy $\sum_np^{\mathrm t}(x_n)\phi_n^\top=\sum_ne_{y_n}"
    r"\phi_n^\top$: these are the score equations of an unregularised linear softmax fit.",
)

_loss_gap, _excess, _score_gap, _lse = sympy.symbols("A P F Lambda", real=True)
_taught, _onehot, _score = sympy.symbols("p e f", real=True)


def _one_example(loss: Any) -> Induction:
    """The difference of the losses, of the masses, and of the mean scores, over the labels."""
    gap = _taught - _onehot
    step = {
        _loss_gap: _loss_gap + gap * loss,
        _excess: _excess + gap,
        _score_gap: _score_gap + gap * _score,
    }
    start = dict.fromkeys((_loss_gap, _excess, _score_gap), 0)
    return Induction(_loss_gap - _lse * _excess + _score_gap, start, step)


_coefficient, _moment = sympy.symbols("C D", real=True)
_feature = sympy.Symbol("phi", real=True)


def _over_examples(added: Any) -> Induction:
    """The coefficient of W_kj in the difference of the losses, plus the (k, j) score equation."""
    step = {
        _coefficient: _coefficient - added,
        _moment: _moment + (_taught - _onehot) * _feature,
    }
    return Induction(_coefficient + _moment, {_coefficient: 0, _moment: 0}, step)


_weight, _sum = sympy.symbols("W S", positive=True)
_linear = sympy.Symbol("W_kj", real=True)


def _score_equation(derivative: Callable[[Any], Any]) -> list[tuple[Any, Any]]:
    """The derivative of an example's loss in W_kj, for k = y and for another label.

    S is the sum of the exponentials of the other labels' scores.
    """
    score = _linear * _feature + _score
    lse = sympy.log(_sum + sympy.exp(score))
    prob = sympy.exp(score) / (_sum + sympy.exp(score))
    return [(sympy.diff(lse - hit * score, _linear), derivative(prob - hit)) for hit in (0, 1)]


SELF_DISTILLATION_NO_OP = Proof(
    slug="double_distillation/self_distillation_no_op",
    idea="The partition function cancels, so that the two objectives differ by a linear function of"
    " W, whose coefficients are the teacher's score equations.",
    steps=(
        SCORES,
        FITTED,
        checked(
            "score_equations",
            r"$\frac{\partial}{\partial W_{kj}}\ell_y(W\phi)=(\mathrm{softmax}_k(W\phi)-[k=y])"
            r"\phi_j$: at a minimum of the sum over the sample, which a teacher of this kind is,"
            r" the equations hold.",
            method="derivative, for k = y and for another label",
            check=all_equal,
            stated=_score_equation(lambda gap: gap * _feature),
            wrong={
                "without the feature": _score_equation(lambda gap: gap),
                "the other sign": _score_equation(lambda gap: -gap * _feature),
            },
            uses=("scores", "fitted_teacher"),
        ),
        checked(
            "partition_function_cancels",
            r"$p\cdot\ell(f)-\ell_y(f)=\sum_k(p_k-[k=y])(\Lambda-f_k)=-(p-e_y)\cdot f$, since $p$"
            r" and $e_y$ both have sum one.",
            method="induction over the labels",
            check=holds_by_induction,
            stated=_one_example(_lse - _score),
            wrong={"scores added": _one_example(_lse + _score), "Lambda left out": _one_example(0)},
            uses=("fitted_teacher",),
        ),
        checked(
            "self_distillation_no_op",
            r"The difference of the objectives is $-\sum_n(p^{\mathrm t}(x_n)-e_{y_n})\cdot"
            r" W\phi_n$, linear in $W$; the coefficient of $W_{kj}$ is $-\sum_n(p^{\mathrm"
            r" t}_k(x_n)-[k=y_n])\phi_{nj}$, which is zero. So both objectives agree for every"
            r" $W$.",
            method="induction over the sample, for a generic entry of W",
            check=holds_by_induction,
            stated=_over_examples((_taught - _onehot) * _feature),
            wrong={
                "without the features": _over_examples(_taught - _onehot),
                "features of another sample": _over_examples(
                    (_taught - _onehot) * sympy.Symbol("psi", real=True)
                ),
            },
            uses=("score_equations", "partition_function_cancels"),
        ),
    ),
)
