r"""Theorems 8 and 10, the Cramer-Chernoff bounds on the student's gap, and the chain rule.

The bounds are the change of measure with $g=\ell h$, $h$ the gap of a pair of a data set and a
hypothesis, and differ in what they say of the log-mgf of $h$ under the teacher.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from proofs_check.algebra import Induction, Inequality, at_most, holds_by_induction
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.distillation_divergence import parabola
from proofs_check.records import Proof, Step, assumed, checked

PROCESS = assumed(
    "process",
    r"$P$ is the law of the teacher's $(D,f_T)$ and $Q$ that of the student's $(\hat D,f_S)$, on"
    r" the same finite set; $h(D,f)=L_P(f)-L_D(f)$, $\mathrm{gen}_T=E_Ph$, $\mathrm{gen}_S=E_Qh$,"
    r" $K_n=\mathrm{KL}(Q\|P)$, $\psi(\ell)=\log E_Pe^{\ell(h-\mathrm{gen}_T)}$.",
)

_teacher, _psi = sympy.symbols("T psi", real=True)
_lost, _below = sympy.symbols("a b", nonnegative=True)
_divergence = parabola.divergence


def student_gap(at: Any, log_mgf: Any) -> Any:
    """The student's gap by the change of measure with g = l h, a the divergence from the tilt."""
    return (_divergence + log_mgf - _lost) / at


# --- upper bounds ---------------------------------------------------------------------------------


def _upper(at: Any, psi: Any, bound: Any) -> Inequality:
    """The student's gap and a bound, when b is the amount by which psi lies below its own."""
    gap = student_gap(at, at * _teacher + psi - _below)
    return Inequality(gap, _teacher + bound, (_lost + _below) / at)


def _parabola(at: Any) -> Any:
    return at**2 * parabola.proxy / 2


_signed = sympy.Symbol("l", real=True, nonzero=True)


def _priced(at: Any, bound: Callable[[Any], Any]) -> Inequality:
    return _upper(at, _parabola(at), bound(at))


def _every_argument(proxy: str, uses: tuple[str, ...]) -> Step:
    """The step that bounds the student's gap by the price of any positive argument."""
    return checked(
        "every_argument",
        r"$\ell\,\mathrm{gen}_S\le K_n+\log E_Pe^{\ell h}\le K_n+\ell\,\mathrm{gen}_T"
        rf"+\frac12\ell^2{proxy}^2$ for every $\ell>0$; divided by $\ell$,"
        rf" $\mathrm{{gen}}_S\le\mathrm{{gen}}_T+\frac{{K_n}}\ell+\frac{{\ell{proxy}^2}}2$.",
        method="the slack is what both inequalities leave, over l",
        check=at_most,
        stated=_priced(parabola.argument, parabola.price),
        wrong={
            "arguments of either sign": _priced(_signed, parabola.price),
            "without the divergence": _priced(
                parabola.argument, lambda at: parabola.price(at) - _divergence / at
            ),
            "the divergence not divided": _priced(
                parabola.argument, lambda at: _divergence + at * parabola.proxy / 2
            ),
        },
        uses=uses,
    )


def _at_best_argument(root: Any) -> Inequality:
    return _priced(parabola.best_argument, lambda at: root)


def _root_bound(name: str, proxy: str) -> Step:
    """The step that takes the best argument."""
    return checked(
        name,
        rf"$\mathrm{{gen}}_S\le\mathrm{{gen}}_T+{proxy}\sqrt{{2K_n}}$: the bound of"
        rf" $\ell=\sqrt{{2K_n}}/{proxy}$, or, where $K_n=0$ or ${proxy}=0$, the limit of bounds;"
        r" where $K_n=\infty$ nothing is to be shown.",
        method="substituting; the slack is what both inequalities leave, over l",
        check=at_most,
        stated=_at_best_argument(parabola.root_form),
        wrong={
            "K in place of 2 K": _at_best_argument(sympy.sqrt(_divergence * parabola.proxy)),
            "the proxy without its root": _at_best_argument(
                parabola.proxy * sympy.sqrt(2 * _divergence)
            ),
        },
        uses=("every_argument", *parabola.LEAST_PRICE_NAMES),
    )


UPPER = Proof(
    slug="distillation_divergence/upper",
    idea="Change the measure with a multiple of the gap, and take the best multiple.",
    steps=(
        PROCESS,
        assumed(
            "sub-Gaussian",
            r"$\psi(\ell)\le\frac12\ell^2\sigma^2$ for all $\ell$, with a $\sigma\ge0$.",
        ),
        _every_argument(
            r"\sigma",
            (
                "process",
                "sub-Gaussian",
                "distillation_divergence/donsker_varadhan",
                "distillation_divergence/subgaussian_mgf",
            ),
        ),
        *parabola.LEAST_PRICE,
        _root_bound("upper", r"\sigma"),
    ),
)

_height_gap = sympy.Symbol("e", nonnegative=True)


def _below_supremum(at: Any) -> Inequality:
    """The centred log-mgf and its parabola, when 2 psi / l^2 is s - e."""
    psi = parabola.argument**2 * (parabola.proxy - _height_gap) / 2
    return Inequality(psi, _parabola(at), parabola.argument**2 * _height_gap / 2)


UPPER_ONE_SIDED = Proof(
    slug="distillation_divergence/upper_one_sided",
    idea="The proof of Theorem 8 changes the measure with positive multiples of the gap only.",
    steps=(
        PROCESS,
        assumed("one_sided_proxy", r"$\sigma_+^2=\sup_{\ell>0}2\psi(\ell)/\ell^2$."),
        checked(
            "below_its_parabola",
            r"$\psi(\ell)\le\frac12\ell^2\sigma_+^2$ for $\ell>0$, where"
            r" $\frac{2\psi(\ell)}{\ell^2}\le\sigma_+^2$.",
            method="the slack is what the supremum leaves, times l^2 / 2",
            check=at_most,
            stated=_below_supremum(parabola.argument),
            wrong={"half of the argument": _below_supremum(parabola.argument / 2)},
            uses=("process", "one_sided_proxy"),
        ),
        _every_argument(
            r"\sigma_+",
            ("process", "below_its_parabola", "distillation_divergence/donsker_varadhan"),
        ),
        *parabola.LEAST_PRICE,
        _root_bound("upper_one_sided", r"\sigma_+"),
    ),
)


def _chernoff(quotient: Any) -> Inequality:
    """The student's gap, and the teacher's plus a quotient."""
    at = parabola.argument
    return Inequality(student_gap(at, at * _teacher + _psi), _teacher + quotient, _lost / at)


CRAMER_CHERNOFF_UPPER = Proof(
    slug="distillation_divergence/cramer_chernoff_upper",
    idea="Change the measure with a multiple of the gap, and leave the log-mgf as it is.",
    steps=(
        PROCESS,
        checked(
            "cramer_chernoff_upper",
            r"$\ell\,\mathrm{gen}_S\le K_n+\ell\,\mathrm{gen}_T+\psi(\ell)$, so that"
            r" $\mathrm{gen}_S\le\mathrm{gen}_T+\frac{K_n+\psi(\ell)}\ell$ for every $\ell>0$, and"
            r" for the infimum, also if $K_n=\infty$; with equality where $Q$ is a tilt of $P$ by a"
            r" positive multiple of $h$.",
            method="the slack is the divergence from the tilt, over l",
            check=at_most,
            stated=_chernoff((_divergence + _psi) / parabola.argument),
            wrong={
                "without the divergence": _chernoff(_psi / parabola.argument),
                "not divided by l": _chernoff(_divergence + _psi),
                "psi in place of log E e^(l h)": Inequality(
                    _chernoff(0).left, (_divergence + _psi) / parabola.argument, _chernoff(0).slack
                ),
            },
            uses=(
                "process",
                "distillation_divergence/donsker_varadhan",
                "distillation_divergence/cramer_chernoff_attained",
            ),
        ),
    ),
)

# --- lower bounds ---------------------------------------------------------------------------------

_share = sympy.Symbol("c", positive=True)
_eta = sympy.Symbol("eta", positive=True)


def _lower(bound: Any) -> Inequality:
    """A bound, and the student's gap under the central condition, b the room that it leaves."""
    log_mgf = -_share * _eta * _teacher - _below
    return Inequality(bound, student_gap(-_eta, log_mgf), (_lost + _below) / _eta)


LOWER = Proof(
    slug="distillation_divergence/lower",
    idea="Change the measure with a negative multiple of the gap; the condition is what it needs.",
    steps=(
        PROCESS,
        assumed(
            "central condition",
            r"$\log E_Pe^{-\eta h}\le-c\,\eta\,\mathrm{gen}_T$, with $\eta>0$ and $0<c\le1$.",
        ),
        checked(
            "lower",
            r"$-\eta\,\mathrm{gen}_S\le K_n+\log E_Pe^{-\eta h}\le K_n-c\,\eta\,\mathrm{gen}_T$;"
            r" divided by $-\eta<0$, $\mathrm{gen}_S\ge c\,\mathrm{gen}_T-K_n/\eta$, also if"
            r" $K_n=\infty$.",
            method="the slack is what both inequalities leave, over eta",
            check=at_most,
            stated=_lower(_share * _teacher - _divergence / _eta),
            wrong={
                "divided as if eta were negative": _lower(_divergence / _eta - _share * _teacher),
                "the whole teacher's gap": _lower(_teacher - _divergence / _eta),
                "without the divergence": _lower(_share * _teacher),
                "the divergence not divided": _lower(_share * _teacher - _divergence),
            },
            uses=(
                "process",
                "central condition",
                "distillation_divergence/donsker_varadhan",
            ),
        ),
    ),
)


def _chernoff_below(bound: Any) -> Inequality:
    """A bound, and the student's gap; here psi stands for its value at -l."""
    at = parabola.argument
    return Inequality(bound, student_gap(-at, -at * _teacher + _psi), _lost / at)


CRAMER_CHERNOFF_LOWER = Proof(
    slug="distillation_divergence/cramer_chernoff_lower",
    idea="The upper bound for the gap with its sign changed.",
    steps=(
        PROCESS,
        checked(
            "cramer_chernoff_lower",
            r"$-\ell\,\mathrm{gen}_S\le K_n-\ell\,\mathrm{gen}_T+\psi(-\ell)$, so that"
            r" $\mathrm{gen}_S\ge\mathrm{gen}_T-\frac{K_n+\psi(-\ell)}\ell$ for every $\ell>0$, and"
            r" with the infimum of the quotients, also if $K_n=\infty$; with equality where $Q$ is"
            r" a tilt of $P$ by a negative multiple of $h$.",
            method="the slack is the divergence from the tilt, over l",
            check=at_most,
            stated=_chernoff_below(_teacher - (_divergence + _psi) / parabola.argument),
            wrong={
                "without the divergence": _chernoff_below(_teacher - _psi / parabola.argument),
                "the quotient added": _chernoff_below(
                    _teacher + (_divergence + _psi) / parabola.argument
                ),
                "the divergence added": _chernoff_below(
                    _teacher - (_psi - _divergence) / parabola.argument
                ),
            },
            uses=(
                "process",
                "distillation_divergence/donsker_varadhan",
                "distillation_divergence/cramer_chernoff_attained",
            ),
        ),
    ),
)

# --- the chain rule -------------------------------------------------------------------------------

_q, _p, _qf, _pf, _other = sympy.symbols("q p q_f p_f r_f", positive=True)
_mass, _joint, _kernels = sympy.symbols("A J C", real=True)
_total, _datasets, _algorithms = sympy.symbols("K M E", real=True)
_dataset_term, _inner = sympy.symbols("m_D C_D", real=True)


def _given_dataset(teacher: Any, weight: Any) -> Induction:
    """A data set's share of the divergence less its parts, over the hypotheses so far."""
    step = {
        _mass: _mass + _qf,
        _joint: _joint + _q * _qf * sympy.log(_q * _qf / (_p * _pf)),
        _kernels: _kernels + _qf * sympy.log(_qf / teacher),
    }
    invariant = _joint - _mass * _q * sympy.log(_q / _p) - weight * _kernels
    return Induction(invariant, dict.fromkeys((_mass, _joint, _kernels), 0), step)


def _over_datasets(weight: Any) -> Induction:
    """The divergence less its two parts, over the data sets so far."""
    step = {
        _total: _total + _dataset_term + _q * _inner,
        _datasets: _datasets + _dataset_term,
        _algorithms: _algorithms + weight * _inner,
    }
    invariant = _total - _datasets - _algorithms
    return Induction(invariant, dict.fromkeys((_total, _datasets, _algorithms), 0), step)


def _as_masses_vanish(weight: Callable[[Any], Any]) -> bool:
    """Whether shares of either side become infinite as a mass of the teacher's vanishes."""
    return all(
        has_limit(Limit(weight(mass) * sympy.log(weight(mass) / teacher), mass, 0, sympy.oo))
        for mass in (_p, _pf)
        for teacher in (_p * _pf, mass)
    )


CHAIN_RULE = Proof(
    slug="distillation_divergence/chain_rule",
    idea="The logarithm of a product is a sum, and kernels add up to one.",
    steps=(
        PROCESS,
        assumed(
            "kernels",
            r"$P(D,f)=P_D(D)\,q_T(f|D)$ and $Q(D,f)=Q_D(D)\,Q(f|D)$ at the same $D$, written $\hat"
            r" D$ for the student; data sets with $Q_D(D)=0$ count zero.",
        ),
        checked(
            "infinite_together",
            r"$q\log\frac q{p\,p_f}\to\infty$ as $p\to0$ or $p_f\to0$, and so do $q\log\frac qp$"
            r" and $q\log\frac q{p_f}$: the left side is infinite iff the student has a pair that"
            r" the teacher never has, because of its data set or of its kernel, and then so is the"
            r" one part or the other.",
            method="limits in either mass",
            check=_as_masses_vanish,
            stated=lambda mass: _q,
            wrong={"student's masses that vanish too": lambda mass: mass**2},
            uses=("process", "kernels"),
        ),
        checked(
            "one_data_set",
            r"$\sum_fQ(D,f)\log\frac{Q(D,f)}{P(D,f)} = Q_D(D)\log\frac{Q_D(D)}{P_D(D)}"
            r" +Q_D(D)\,\mathrm{KL}(Q(\cdot|D)\,\|\,q_T(\cdot|D))$, since $\sum_fQ(f|D)=1$.",
            method="induction over the hypotheses, for any number of them",
            check=holds_by_induction,
            stated=_given_dataset(_pf, _q),
            wrong={
                "the teacher's kernel at another data set": _given_dataset(_other, _q),
                "weighted by the teacher's data sets": _given_dataset(_pf, _p),
                "kernels not weighted": _given_dataset(_pf, sympy.Integer(1)),
            },
            uses=("kernels", "infinite_together"),
        ),
        checked(
            "chain_rule",
            r"$K_n = \mathrm{KL}(Q_D\|P_D)+\sum_DQ_D(D)\,"
            r"\mathrm{KL}(Q(\cdot|D)\,\|\,q_T(\cdot|D))$: the sum over the data sets, with the"
            r" teacher's kernel read at the pseudo data.",
            method="induction over the data sets, for any number of them",
            check=holds_by_induction,
            stated=_over_datasets(_q),
            wrong={
                "the mean over the teacher's data": _over_datasets(_p),
                "a sum in place of a mean": _over_datasets(sympy.Integer(1)),
            },
            uses=("process", "one_data_set"),
        ),
    ),
)
