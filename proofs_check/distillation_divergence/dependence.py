r"""Whether Theorem 10 depends on the divergence more sharply than Theorem 8 does.

With the pairs $(\eta,c)$ that sub-Gaussianity gives, its bound is $\mu$ less
$K/\eta+\eta\sigma^2/2$: never above $\mu-\sigma\sqrt{2K}$, and equal to it at one $\eta$.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import (
    Induction,
    Inequality,
    at_most,
    equal,
    manifestly_positive,
    nonnegative_by_induction,
)
from proofs_check.distillation_divergence import parabola
from proofs_check.records import Proof, assumed, checked, refuted

_mu, _excess = sympy.symbols("mu t", positive=True)
_eta, _proxy, _divergence = parabola.argument, parabola.proxy, parabola.divergence

PRICED = assumed(
    "priced_law",
    r"$\mu=EX>0$, $\sigma^2$ is a variance proxy of $X$, $K\ge0$ is finite, and"
    r" $K<2\mu^2/\sigma^2$ (any $K$ if $\sigma=0$). The two-sided form of Theorem 8 bounds the mean"
    r" at divergence $K$ by $\mu-\sigma\sqrt{2K}$ from below.",
)


def _by_remark2(at: Any) -> Any:
    """The bound of Theorem 10 with the pair of Remark 2 at eta."""
    return (1 - at * _proxy / (2 * _mu)) * _mu - _divergence / at


_two_sided = _mu - parabola.root_form


BOUND_OF_A_PAIR = checked(
    "bound_of_a_pair",
    r"$c\,\mu-\frac K\eta=\mu-\bigl(\frac K\eta+\frac{\eta\sigma^2}2\bigr)$ with"
    r" $c=1-\frac{\eta\sigma^2}{2\mu}$.",
    method="expanding",
    check=equal,
    stated=(_by_remark2(_eta), _mu - parabola.price(_eta)),
    wrong={
        "c without the mean": (_by_remark2(_eta), _mu - parabola.price(_eta) / _mu),
        "the divergence added": (
            _by_remark2(_eta),
            _mu + _divergence / _eta - _eta * _proxy / 2,
        ),
    },
    uses=("priced_law", "distillation_divergence/remark2"),
)


def _never_above(bound: Any) -> Inequality:
    """The bound of a pair, and one that it is not above; the slack is that of the price."""
    square = (sympy.sqrt(_divergence) - _eta * sympy.sqrt(_proxy / 2)) ** 2
    return Inequality(_by_remark2(_eta), bound, square / _eta)


NEVER_ABOVE = checked(
    "never_above_the_two_sided_form",
    r"$c\,\mu-\frac K\eta=\mu-\sigma\sqrt{2K}-\frac1\eta\bigl(\sqrt K-\eta\sqrt{\sigma^2/2}\bigr)^2"
    r"\le\mu-\sigma\sqrt{2K}$ for every $\eta>0$.",
    method="the slack is a square over eta",
    check=at_most,
    stated=_never_above(_two_sided),
    wrong={
        "4 K in place of 2 K": _never_above(_mu - sympy.sqrt(4 * _divergence * _proxy)),
        "the proxy without its root": _never_above(_mu - _proxy * sympy.sqrt(2 * _divergence)),
    },
    uses=("bound_of_a_pair", "price_of_an_argument"),
)


def _room_in_range(divergence: Any) -> Any:
    """How far the best eta is from the end of the range of Remark 2."""
    return 2 * _mu / _proxy - parabola.best_argument.subs(_divergence, divergence)


BEST_IN_RANGE = checked(
    "best_pair_in_range",
    r"For $0<K<2\mu^2/\sigma^2$ the argument $\eta=\sqrt{2K}/\sigma$ is below $2\mu/\sigma^2$: with"
    r" $K=\frac{2\mu^2}{\sigma^2(1+t)^2}$, $t>0$, it is $\frac{2\mu}{\sigma^2(1+t)}$, so that its"
    r" $c$ is positive.",
    method="the room is manifestly positive",
    check=lambda room: manifestly_positive(sympy.factor(room)),
    stated=_room_in_range(2 * _mu**2 / (_proxy * (1 + _excess) ** 2)),
    wrong={
        "the end of the range": _room_in_range(2 * _mu**2 / _proxy),
        "4 in place of 2": _room_in_range(4 * _mu**2 / _proxy),
    },
    uses=("priced_law",),
)

THM10_EQUALS_TWO_SIDED = Proof(
    slug="distillation_divergence/thm10_equals_two_sided",
    idea="The best eta is that of Theorem 8, mirrored.",
    steps=(
        PRICED,
        BOUND_OF_A_PAIR,
        parabola.PRICE_ABOVE_ROOT,
        NEVER_ABOVE,
        *parabola.LEAST_PRICE,
        BEST_IN_RANGE,
        checked(
            "thm10_equals_two_sided",
            r"$\sup_{0<\eta<2\mu/\sigma^2}\bigl(1-\frac{\eta\sigma^2}{2\mu}\bigr)\mu-\frac K\eta"
            r"=\mu-\sigma\sqrt{2K}$: no $\eta$ gives more, and $\eta=\sqrt{2K}/\sigma$ gives as"
            r" much; for $K=0$ or $\sigma=0$ it is the limit as $\eta$ goes to zero or infinity.",
            method="substituting",
            check=equal,
            stated=(_by_remark2(parabola.best_argument), _two_sided),
            wrong={
                "half of that eta": (_by_remark2(parabola.best_argument / 2), _two_sided),
                "K in place of 2 K": (
                    _by_remark2(parabola.best_argument),
                    _mu - sympy.sqrt(_divergence * _proxy),
                ),
            },
            uses=(
                "never_above_the_two_sided_form",
                *parabola.LEAST_PRICE_NAMES,
                "best_pair_in_range",
            ),
        ),
    ),
)

# --- read with the pairs of Remark 2 --------------------------------------------------------------

_ratio, _power = sympy.symbols("r k", nonnegative=True)


def _coin_coefficients(over: Any) -> Induction:
    """The ratio of the coefficients of l^(2k), over the power of two that the exponent has."""
    grown = _ratio * (2 * _power + 2) * (2 * _power + 1) / (over * (_power + 1))
    return Induction(
        _ratio - 1, {_ratio: 1, _power: 0}, {_ratio: grown, _power: _power + 1}, grown - _ratio
    )


def _coefficients_grow(claim: Induction) -> bool:
    """Whether the ratio is never below one, its growth brought to one fraction."""
    return nonnegative_by_induction(claim._replace(slack=sympy.factor(claim.slack)))


_COIN = {
    _mu: sympy.Rational(1, 2),
    _proxy: sympy.Rational(1, 4),
    _divergence: sympy.Rational(1, 2),
}


def _at_least_two_sided(at: Any) -> bool:
    """Whether the bound of the pair at eta is at least the two-sided form, for the coin."""
    if not (_divergence < 2 * _mu**2 / _proxy).subs(_COIN) or at >= (2 * _mu / _proxy).subs(_COIN):
        raise ValueError("the divergence or eta is out of range")
    return bool(_by_remark2(at).subs(_COIN) >= _two_sided.subs(_COIN))


SHARPER_DEPENDENCE_REMARK2 = Proof(
    slug="distillation_divergence/sharper_dependence_remark2",
    idea="A line in K touches the curve of Theorem 8 at one K and lies below it elsewhere.",
    steps=(
        PRICED,
        BOUND_OF_A_PAIR,
        parabola.PRICE_ABOVE_ROOT,
        NEVER_ABOVE,
        checked(
            "proxy_of_a_fair_coin",
            r"For $X=0$ or $1$ with equal probabilities, $Ee^{\ell(X-1/2)} = \cosh\frac\ell2"
            r" = \sum_k\frac{(\ell/2)^{2k}}{(2k)!} \le \sum_k\frac{(\ell^2/8)^k}{k!} ="
            r" e^{\ell^2/8}$, since $r_k=\frac{(2k)!}{2^kk!}\ge1$: $\mu=\frac12$, and"
            r" $\sigma^2=\frac14$ is a variance proxy.",
            method="induction over k: r_0 = 1 and r_(k+1) - r_k = 2 k r_k",
            check=_coefficients_grow,
            stated=_coin_coefficients(2),
            wrong={"half of that proxy": _coin_coefficients(4)},
            uses=("priced_law",),
        ),
        refuted(
            "sharper_dependence_remark2",
            r"Sharper dependence, read with the pairs of Remark 2:"
            r" $\bigl(1-\frac{\eta\sigma^2}{2\mu}\bigr)\mu-\frac K\eta\ge\mu-\sigma\sqrt{2K}$. For"
            r" a fair coin of values $0$ and $1$, $K=\frac12$ and $\eta=1$ it would be"
            r" $-\frac18\ge0$.",
            method="the instance, exactly; its divergence and eta are in range",
            check=_at_least_two_sided,
            stated=sympy.Integer(1),
            mended={"the one best eta": parabola.best_argument.subs(_COIN)},
            uses=("never_above_the_two_sided_form", "proxy_of_a_fair_coin"),
        ),
    ),
)

# --- read with all pairs --------------------------------------------------------------------------

_gain = sympy.Symbol("e", nonnegative=True)


def _best_of_all(bound: Any) -> Inequality:
    """A bound, and the supremum over all pairs, e above the best pair of Remark 2."""
    return Inequality(bound, _by_remark2(parabola.best_argument) + _gain, _gain)


SHARPER_DEPENDENCE_CENTRAL = Proof(
    slug="distillation_divergence/sharper_dependence_central",
    idea="The pairs of Remark 2 are among those of the central condition.",
    steps=(
        PRICED,
        BEST_IN_RANGE,
        checked(
            "sharper_dependence_central",
            r"$\mu-\sigma\sqrt{2K}=\sup_\eta\bigl(1-\frac{\eta\sigma^2}{2\mu}\bigr)\mu-\frac K\eta"
            r"\le\sup_{(\eta,c)}c\,\mu-\frac K\eta$: the pairs on the left satisfy the central"
            r" condition, with $0<c\le1$, and are among those on the right.",
            method="the slack is what the other pairs gain",
            check=at_most,
            stated=_best_of_all(_two_sided),
            wrong={"K in place of 2 K": _best_of_all(_mu - sympy.sqrt(_divergence * _proxy))},
            uses=(
                "best_pair_in_range",
                "distillation_divergence/remark2",
                "distillation_divergence/thm10_equals_two_sided",
            ),
        ),
    ),
)
