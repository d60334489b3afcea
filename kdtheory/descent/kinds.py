"""The bounds on SGD with a constant step size, in one form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from kdtheory.descent.records import Constants
from kdtheory.theorems.sgd_convergence import bounds

ROOM = "sgd_convergence"

DISTANCE = "squared distance to the optimum"
MEAN_EXCESS = "excess risk, mean over the steps"
EXCESS = "excess risk"
STARTS = {DISTANCE: "start_distance", MEAN_EXCESS: "start_distance", EXCESS: "start_excess"}
"""Which constant is the gap at the start, by gap (for the mean, what it is bounded by)."""

CONVEX = "convex components"
STRONGLY = f"{CONVEX}, a strongly convex mean"
QUASI = "a strongly quasi-convex mean, expected smoothness"
PL = "the Polyak-Lojasiewicz condition, expected smoothness"
EXACT = "every gradient zero at the optimum"
LABELS = "noise of labels alone: mean zero given the input, no larger elsewhere"


class Promise(NamedTuple):
    r"""What a bound comes to at one step size.

    Attributes:
        rate: $\rho$; for a mean over steps what is divided by their number, per unit of the start.
        neighbourhood: what is left in the end; infinite if nothing is promised.
    """

    rate: float
    neighbourhood: float


@dataclasses.dataclass(frozen=True)
class Kind:
    """A sort of bound, whatever the numbers.

    Attributes:
        title: what it is called.
        form: "printed", "known" or "sharpened".
        gap: what it bounds.
        assumption: what it assumes.
        needs: the constants that it is made of, in the order of its function.
        limit: constants -> the largest step size.
        attained: whether that one is allowed itself.
        function: of the room; step size and constants -> the bound.
        slug: the claim of the catalogue; empty if there is none.
    """

    title: str
    form: str
    gap: str
    assumption: str
    needs: tuple[str, ...]
    limit: Callable[[Constants], float]
    attained: bool
    function: Callable[..., Any]
    slug: str

    @property
    def exact_only(self) -> bool:
        """Whether it is about labels without noise."""
        return "noise" not in self.needs

    def missing(self, constants: Constants) -> tuple[str, ...]:
        """Returns the constants that it needs and that are not known."""
        return tuple(name for name in self.needs if getattr(constants, name) is None)

    def at(self, step_size: float, constants: Constants) -> Promise:
        """Returns what it comes to at a step size; all that it needs is known."""
        known = [step_size, *(getattr(constants, name) for name in self.needs)]
        if self.gap == MEAN_EXCESS:
            # Per unit of the start after one step, and after infinitely many.
            still = [*known[:2], *([] if self.exact_only else [0.0])]
            once, endless = self.function(*still, 1.0, 1.0), self.function(*known, math.inf, 1.0)
            return Promise(float(once), float(endless))
        return Promise(*map(float, self.function(*known)))


def _top(multiple: float, name: str = "component_smoothness") -> Callable[[Constants], float]:
    return lambda constants: multiple / getattr(constants, name)


def _pl(multiple: float) -> Callable[[Constants], float]:
    def limit(constants: Any) -> float:
        product = constants.smoothness * constants.expected_smoothness
        return multiple * constants.pl_constant / product

    return limit


_STRONG = ("component_smoothness", "strong_convexity")
_CURVED = ("smoothness", "expected_smoothness", "pl_constant")


def _kind(
    words: tuple[str, str],
    kind: tuple[str, str],
    needs: tuple[str, ...],
    limit: tuple[Callable[[Constants], float], bool],
    function: Callable[..., Any],
    *,
    in_catalogue: bool = True,
) -> Kind:
    slug = f"{ROOM}/{function.__name__}".replace("_bayes", "_bcp") if in_catalogue else ""
    return Kind(words[0], kind[0], kind[1], words[1], needs, *limit, function, slug)


KINDS = {
    "strongly_convex_onehot": _kind(
        ("Theorem 1, any labels", STRONGLY),
        ("printed", DISTANCE),
        (*_STRONG, "noise"),
        (_top(0.5), True),
        bounds.strongly_convex_onehot,
    ),
    "strongly_convex_bayes": _kind(
        ("Theorem 1, exact labels", f"{STRONGLY}, {EXACT}"),
        ("printed", DISTANCE),
        _STRONG,
        (_top(1.0), True),
        bounds.strongly_convex_bayes,
    ),
    "needell_ward_srebro": _kind(
        ("Needell, Ward, Srebro", STRONGLY),
        ("known", DISTANCE),
        (*_STRONG, "noise"),
        (_top(1.0), False),
        bounds.needell_ward_srebro,
        in_catalogue=False,
    ),
    "quasi_convex_any_noise": _kind(
        ("Expected smoothness", QUASI),
        ("known", DISTANCE),
        ("expected_smoothness", "strong_convexity", "noise"),
        (_top(1.0, "expected_smoothness"), False),
        bounds.quasi_convex_any_noise,
        in_catalogue=False,
    ),
    "sharpened_any_noise": _kind(
        ("Every step, any noise", STRONGLY),
        ("sharpened", DISTANCE),
        (*_STRONG, "noise"),
        (_top(2.0), False),
        bounds.sharpened_any_noise,
    ),
    "sharpened_target_noise": _kind(
        ("Every step, noise of labels", f"{STRONGLY}, {LABELS}"),
        ("sharpened", DISTANCE),
        (*_STRONG, "noise"),
        (_top(2.0), False),
        bounds.sharpened_target_noise,
    ),
    "convex_onehot": _kind(
        ("Theorem 1, convex, any labels", CONVEX),
        ("printed", MEAN_EXCESS),
        ("component_smoothness", "noise"),
        (_top(0.5), False),
        bounds.convex_onehot,
    ),
    "convex_bayes": _kind(
        ("Theorem 1, convex, exact labels", f"{CONVEX}, {EXACT}"),
        ("printed", MEAN_EXCESS),
        ("component_smoothness",),
        (_top(1.0), False),
        bounds.convex_bayes,
    ),
    "sharpened_convex": _kind(
        ("Every step, convex, noise of labels", f"{CONVEX}, {LABELS}"),
        ("sharpened", MEAN_EXCESS),
        ("component_smoothness", "noise"),
        (_top(2.0), False),
        bounds.sharpened_convex,
    ),
    "pl_onehot": _kind(
        ("Theorem 2, any labels", PL),
        ("printed", EXCESS),
        (*_CURVED, "noise"),
        (_pl(0.5), True),
        bounds.pl_onehot,
    ),
    "pl_bayes": _kind(
        ("Theorem 2, exact labels", f"{PL}, {EXACT}"),
        ("printed", EXCESS),
        _CURVED,
        (_pl(1.0), True),
        bounds.pl_bayes,
    ),
    "sharpened_pl": _kind(
        ("Every step, noise of labels, without convexity", f"{PL}, {LABELS}"),
        ("sharpened", EXCESS),
        (*_CURVED, "noise"),
        (_pl(2.0), False),
        bounds.sharpened_pl,
    ),
}
"""Every bound by its name."""
