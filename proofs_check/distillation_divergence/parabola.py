r"""The best argument of a bound $K/\ell+\ell\sigma^2/2$, with which sub-Gaussian bounds end."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal
from proofs_check.algebra_bounds import Limit, has_limit
from proofs_check.records import checked

divergence, proxy, argument = sympy.symbols("K s l", positive=True)
best_argument = sympy.sqrt(2 * divergence / proxy)
root_form = sympy.sqrt(2 * divergence * proxy)


def price(at: Any) -> Any:
    r"""Returns $K/\ell+\ell\sigma^2/2$ at an argument."""
    return divergence / at + at * proxy / 2


def _above_root(root: Any) -> Inequality:
    """The price of any argument, and a lower bound on it."""
    square = (sympy.sqrt(divergence) - argument * sympy.sqrt(proxy / 2)) ** 2
    return Inequality(root, price(argument), square / argument)


PRICE_ABOVE_ROOT = checked(
    "price_of_an_argument",
    r"$\frac K\ell+\frac{\ell\sigma^2}2-\sigma\sqrt{2K}"
    r"=\frac1\ell\bigl(\sqrt K-\ell\sqrt{\sigma^2/2}\bigr)^2\ge0$ for every $\ell>0$.",
    method="the slack is a square over l",
    check=at_most,
    stated=_above_root(root_form),
    wrong={
        "4 K in place of 2 K": _above_root(sympy.sqrt(4 * divergence * proxy)),
        "the proxy without its root": _above_root(proxy * sympy.sqrt(2 * divergence)),
    },
)
BEST_ARGUMENT = checked(
    "best_argument",
    r"$\frac K\ell+\frac{\ell\sigma^2}2=\sigma\sqrt{2K}$ at $\ell=\sqrt{2K}/\sigma$, for $K>0$ and"
    r" $\sigma>0$.",
    method="substituting",
    check=equal,
    stated=(price(best_argument), root_form),
    wrong={
        "half of that argument": (price(best_argument / 2), root_form),
        "its inverse": (price(1 / best_argument), root_form),
    },
)
NO_DIVERGENCE = checked(
    "no_divergence",
    r"For $K=0$, $\frac{\ell\sigma^2}2\to0=\sigma\sqrt{2K}$ as $\ell\to0$.",
    method="limit",
    check=has_limit,
    stated=Limit(price(argument).subs(divergence, 0), argument, 0, 0),
    wrong={"some divergence": Limit(price(argument), argument, 0, 0)},
)
NO_PROXY = checked(
    "no_proxy",
    r"For $\sigma=0$ and finite $K$, $\frac K\ell\to0=\sigma\sqrt{2K}$ as $\ell\to\infty$.",
    method="limit",
    check=has_limit,
    stated=Limit(price(argument).subs(proxy, 0), argument, sympy.oo, 0),
    wrong={"some proxy": Limit(price(argument), argument, sympy.oo, 0)},
)

LEAST_PRICE = (BEST_ARGUMENT, NO_DIVERGENCE, NO_PROXY)
r"""Steps: $K/\ell+\ell\sigma^2/2$ comes down to $\sigma\sqrt{2K}$, for finite $K\ge0$."""
LEAST_PRICE_NAMES = tuple(step.name for step in LEAST_PRICE)
