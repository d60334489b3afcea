r"""When the divergence is infinite: deterministic teachers, and labels of another kind.

The divergence of the laws of pairs is that of the data sets and that of the kernels at the
student's data; either is infinite where the student has mass and the teacher none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    all_equal,
    equal,
    holds_by_induction,
    nonnegative_by_induction,
)
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.common_pinsker import MERGING
from proofs_check.records import Proof, assumed, checked

KERNELS = assumed(
    "kernels",
    r"$P(D,f)=P_D(D)\,q_T(f|D)$ and $Q(D,f)=Q_D(D)\,q_S(f|D)$ on a finite set, with"
    r" $P_D(D)=\prod_ip_Z(z_i)$; $K_n=\mathrm{KL}(Q\|P)$, $0\log0=0$, and a divergence is infinite"
    r" if its first law has mass where the second has none.",
)

_p, _q, _other, _share, _explored = sympy.symbols("p q m t epsilon", positive=True)
_datasets, _inner, _room = sympy.symbols("K_D k e", nonnegative=True)


def _all_limits(limits: Sequence[Limit]) -> bool:
    """Whether every function has the limit that it is said to have."""
    return all(map(has_limit, limits))


def _lost(mass: Any) -> Limit:
    """What a point of this mass adds to a divergence, as its mass under the other law vanishes."""
    return Limit(mass * sympy.log(mass / _p), _p, 0, sympy.oo)


OFF_SUPPORT = checked(
    "off_the_support",
    r"$q\log\frac qp\to\infty$ as $p\to0$ for every $q>0$, however small: what the convention says"
    r" is what the limit is.",
    method="limit",
    check=has_limit,
    stated=_lost(_q),
    wrong={
        "a student's mass that vanishes as well": _lost(_p**2),
        "in proportion": _lost(2 * _p),
    },
    uses=("kernels",),
)

NO_MASS = checked(
    "points_without_mass",
    r"$q\log\frac qp\to0$ as $q\to0$, for $p>0$: a point that the student never has adds nothing.",
    method="limit",
    check=has_limit,
    stated=Limit(_q * sympy.log(_q / _p), _q, 0, 0),
    wrong={"without the factor q": Limit(sympy.log(_q / _p), _q, 0, 0)},
    uses=("kernels",),
)

# --- deterministic teachers -----------------------------------------------------------------------

MAP = assumed("map", r"The teacher's kernel is $q_T(\cdot|D)=\delta_{A(D)}$, a map.")


def _with_algorithm_part(weight: Any, share: Any, value: Any) -> Limit:
    """The divergence of a student that leaves the map with a share, in the limit of a teacher's.

    The teacher leaves it with epsilon, which goes to zero; the student's data set has this weight.
    """
    stays = (1 - share) * sympy.log((1 - share) / (1 - _explored))
    leaves = share * sympy.log(share / _explored) if share != 0 else sympy.Integer(0)
    return Limit(_datasets + weight * (stays + leaves), _explored, 0, value)


_half = sympy.Rational(1, 2)

DETERMINISTIC_TEACHER = Proof(
    slug="distillation_divergence/deterministic_teacher",
    idea="A point mass has mass at one point: the student is there, or infinitely far.",
    steps=(
        KERNELS,
        MAP,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        OFF_SUPPORT,
        checked(
            "on_the_map",
            r"If $q_S(\cdot|D)=\delta_{A(D)}$, $\mathrm{KL}(q_S(\cdot|D)\|q_T(\cdot|D))=1\log"
            r"\frac11=0$, the limit of the divergence of a student that stays from a teacher that"
            r" leaves the map with probability $\varepsilon\to0$.",
            method="limit",
            check=has_limit,
            stated=_with_algorithm_part(_other, sympy.Integer(0), _datasets),
            wrong={
                "a student that leaves it half of the time": _with_algorithm_part(
                    _other, _half, _datasets
                ),
            },
            uses=("map",),
        ),
        checked(
            "deterministic_teacher",
            r"$K_n=\mathrm{KL}(\hat D\|D)+\sum_DQ_D(D)\,\mathrm{KL}(q_S(\cdot|D)\|\delta_{A(D)})$."
            r" Every summand with $Q_D(D)>0$ is zero if $q_S(A(D)|D)=1$, and infinite otherwise,"
            r" whatever the share $t>0$; the first part is not negative and cannot make up for it."
            r" So $K_n=\mathrm{KL}(\hat D\|D)$ if $f_S=A(\hat D)$ almost surely, else $\infty$.",
            method="limits, of a data set with positive weight and of one without",
            check=_all_limits,
            stated=(
                _with_algorithm_part(_other, _half, sympy.oo),
                _with_algorithm_part(_other, sympy.Rational(1, 10**6), sympy.oo),
                _with_algorithm_part(0, _half, _datasets),
            ),
            wrong={
                "a rare exception costs nothing": (
                    _with_algorithm_part(_other, sympy.Rational(1, 10**6), _datasets),
                ),
                "an exception at data that never come": (_with_algorithm_part(0, _half, sympy.oo),),
            },
            uses=(
                "kernels",
                "map",
                "gibbs_inequality",
                "off_the_support",
                "on_the_map",
                "distillation_divergence/chain_rule",
            ),
        ),
    ),
)

# --- teachers that leave the map as well ----------------------------------------------------------

EXPLORING = assumed(
    "exploring",
    r"$q_T(\cdot|D)=(1-\varepsilon)\delta_{A(D)}+\varepsilon r_D$ and"
    r" $q_S(\cdot|D)=(1-t)\delta_{A(D)}+t\,r_D$, with $0<\varepsilon<1$ and $0\le t\le1$ (for"
    r" $\varepsilon\in\{0,1\}$ and $t\ne\varepsilon$ the right side is infinite, and for"
    r" $t=\varepsilon$ the kernels agree).",
)

_leaving, _where = sympy.symbols("J M", real=True)
_r, _other_r = sympy.symbols("r s", positive=True)


def _pairs_that_leave(of_teacher: Any) -> Induction:
    """The divergence of (leaves, f) over hypotheses, less t log(t / epsilon) times their mass."""
    term = _share * _r * sympy.log(_share * _r / (_explored * of_teacher))
    step = {_leaving: _leaving + term, _where: _where + _r}
    invariant = _leaving - _where * _share * sympy.log(_share / _explored)
    return Induction(invariant, {_leaving: 0, _where: 0}, step)


LEAVING = checked(
    "leaving_and_where_to",
    r"Draw first whether the map is left, then where to: the pairs have the divergence"
    r" $\mathrm{kl}:=t\log\frac t\varepsilon+(1-t)\log\frac{1-t}{1-\varepsilon}$, since"
    r" $t\,r_D(f)\log\frac{t\,r_D(f)}{\varepsilon\,r_D(f)}$ adds up to $t\log\frac t\varepsilon$"
    r" over $f$; who stays has one hypothesis. For $t\in\{0,1\}$ a term is zero.",
    method="induction over the hypotheses, for any number of them",
    check=holds_by_induction,
    stated=_pairs_that_leave(_r),
    wrong={"to other hypotheses than the teacher": _pairs_that_leave(_other_r)},
    uses=("kernels", "exploring"),
)


_odds, _odds_explored = sympy.symbols("tau eta", positive=True)


def _at_the_map(student: Any, teacher: Any) -> list[tuple[Any, Any]]:
    """The masses of f = A(D), and what its pairs add less what it adds, the part within them.

    In the odds of t and of epsilon.
    """
    pairs = [
        (1 / (1 + _odds), 1 / (1 + _odds_explored)),
        (_odds * _r / (1 + _odds), _odds_explored * _r / (1 + _odds_explored)),
    ]
    apart = sum((q * sympy.log(q / p) for q, p in pairs), sympy.Integer(0))
    within = ((q / student) * sympy.log((q / student) / (p / teacher)) for q, p in pairs)
    merged = student * sympy.log(student / teacher)
    return [
        (sum((q for q, _ in pairs), sympy.Integer(0)), student),
        (sum((p for _, p in pairs), sympy.Integer(0)), teacher),
        (apart - merged, student * sum(within, sympy.Integer(0))),
    ]


_student_there = (1 + _odds * _r) / (1 + _odds)
_teacher_there = (1 + _odds_explored * _r) / (1 + _odds_explored)

FORGOTTEN = checked(
    "whether_it_was_left_is_forgotten",
    r"$\mathrm{KL}(q_S(\cdot|D)\|q_T(\cdot|D))\le\mathrm{kl}$: of the pairs only those with"
    r" $f=A(D)$ merge, of masses $1-t$ and $t\,r_D(f)$, $1-\varepsilon$ and"
    r" $\varepsilon\,r_D(f)$, and what the divergence loses is that within the group.",
    method="expanding logarithms, in the odds of t and of epsilon",
    check=all_equal,
    stated=_at_the_map(_student_there, _teacher_there),
    wrong={
        "the mass of those who stay alone": _at_the_map(1 / (1 + _odds), 1 / (1 + _odds_explored)),
        "all the student's mass there": _at_the_map(sympy.Integer(1), _teacher_there),
        "the teacher's mass of those who stay": _at_the_map(
            _student_there, 1 / (1 + _odds_explored)
        ),
    },
    uses=("leaving_and_where_to", "merging_labels"),
)

_mass, _sum = sympy.symbols("A S", real=True)
_weight, _other_weight = sympy.symbols("w v", nonnegative=True)


def _over_datasets(weight: Any) -> Induction:
    """The mass of data sets times kl, less the mean of the divergences of the kernels, so far."""
    step = {_mass: _mass + _weight, _sum: _sum + weight * (_inner - _room)}
    return Induction(_mass * _inner - _sum, {_mass: 0, _sum: 0}, step, _weight * _room)


EXPLORING_TEACHER = Proof(
    slug="distillation_divergence/exploring_teacher",
    idea="Forgetting whether the map was left loses nothing but divergence.",
    steps=(
        KERNELS,
        EXPLORING,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        MERGING,
        LEAVING,
        FORGOTTEN,
        checked(
            "exploring_teacher",
            r"$K_n=\mathrm{KL}(\hat D\|D)+\sum_DQ_D(D)\,\mathrm{KL}(q_S(\cdot|D)\|q_T(\cdot|D))"
            r"\le\mathrm{KL}(\hat D\|D)+t\log\frac t\varepsilon"
            r"+(1-t)\log\frac{1-t}{1-\varepsilon}$, a mean of numbers that are at most"
            r" $\mathrm{kl}$.",
            method="induction over the data sets, for any number of them",
            check=nonnegative_by_induction,
            stated=_over_datasets(_weight),
            wrong={
                "a sum in place of a mean": _over_datasets(sympy.Integer(1)),
                "weights of another law": _over_datasets(_other_weight),
            },
            uses=(
                "kernels",
                "exploring",
                "whether_it_was_left_is_forgotten",
                "distillation_divergence/chain_rule",
            ),
        ),
    ),
)

# --- labels of another kind -----------------------------------------------------------------------


def _product(factor: Any) -> tuple[Any, Any]:
    """The teacher's mass of a data set with an example of this mass, the others' being m."""
    return _other * factor, sympy.Integer(0)


def _with_soft(mass: Any, value: Any) -> Limit:
    """A divergence with a data set of this student's mass, and of the teacher's p m, p to zero."""
    whole = _datasets + mass * (sympy.log(mass / (_p * _other)) + _inner)
    return Limit(whole, _p, 0, value)


SOFT_LABELS_INFINITE = Proof(
    slug="distillation_divergence/soft_labels_infinite",
    idea="A data set with an example of probability zero has probability zero.",
    steps=(
        KERNELS,
        assumed("soft", r"An example $z$ is soft if $p_Z(z)=0$; a data set is, if one of it is."),
        checked(
            "soft_datasets_never_come",
            r"$P_D(D)=\prod_ip_Z(z_i)=0$ if $D$ has a soft example, and only then.",
            method="a product with a factor zero",
            check=equal,
            stated=_product(sympy.Integer(0)),
            wrong={"a rare example in place of one that never occurs": _product(_p)},
            uses=("kernels", "soft"),
        ),
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        OFF_SUPPORT,
        NO_MASS,
        checked(
            "soft_labels_infinite",
            r"If $Q_D$ gives a soft data set $D$ the mass $q>0$, its part of $K_n$ is"
            r" $q\bigl(\log\frac q{P_D(D)}+\mathrm{KL}(q_S(\cdot|D)\|q_T(\cdot|D))\bigr)=\infty$,"
            r" the limit as one of the factors of $P_D(D)$ vanishes; the divergence of the kernels"
            r" and the rest of $K_n$ are bounded below. If no soft data set has mass, none adds"
            r" anything, and $K_n$ is the sum of the chain rule over the others, on which $Q_D$ and"
            r" $P_D$ add up to one.",
            method="limits, with mass and with mass that vanishes too",
            check=_all_limits,
            stated=(_with_soft(_q, sympy.oo), _with_soft(_p**2, _datasets)),
            wrong={
                "a little mass costs nothing": (_with_soft(_q / 10**6, _datasets),),
                "infinite without mass": (_with_soft(_p**2, sympy.oo),),
            },
            uses=(
                "soft_datasets_never_come",
                "gibbs_inequality",
                "off_the_support",
                "points_without_mass",
                "distillation_divergence/chain_rule",
            ),
        ),
    ),
)
