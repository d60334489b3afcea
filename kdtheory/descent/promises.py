"""Every bound on SGD with a constant step size; and step sizes and steps for an accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
from scipy import optimize

from kdtheory import _check
from kdtheory.descent.kinds import KINDS, MEAN_EXCESS, STARTS, Kind, Promise
from kdtheory.descent.records import (
    Constants,
    DescentBound,
    DescentBounds,
    DescentPlan,
    StepChoice,
)

_HALVINGS = 60


def descent_bounds(
    *,
    step_size: Any,
    noise: Any,
    component_smoothness: Any = None,
    smoothness: Any = None,
    expected_smoothness: Any = None,
    strong_convexity: Any = None,
    pl_constant: Any = None,
    start_distance: Any = None,
    start_excess: Any = None,
    num_steps: Any = None,
    accuracy: Any = None,
) -> DescentBounds:
    r"""Returns every bound on SGD with a constant step size, side by side.

    The constants are taken as stated. What is not given is not guessed: a bound that needs it says
    so. For convex components $L_{\max}$ will do for $L$ and for $\mathcal L$, and $\mu$ for the
    Polyak-Lojasiewicz constant.

    Args:
        step_size: $\gamma>0$.
        noise: $\sigma^2=\mathbb E\|g(\theta^*)\|^2$, zero for exact labels.
        component_smoothness: $L_{\max}$, of every component.
        smoothness: $L$, of the mean.
        expected_smoothness: $\mathcal L$.
        strong_convexity: $\mu$, of the mean.
        pl_constant: $\mu$ of the Polyak-Lojasiewicz condition.
        start_distance: $\|\theta_0-\theta^*\|^2$.
        start_excess: $f(\theta_0)-f^*$.
        num_steps: $T$, after which to evaluate the bounds.
        accuracy: of the gap, to which to count steps.

    Returns:
        The bounds: rate, neighbourhood, value, steps and the largest step size, or why nothing is
        promised.

    Raises:
        InputError: for a constant out of range, or constants that contradict each other.

    Example:
        >>> found = descent_bounds(
        ...     step_size=0.25, noise=1.0, component_smoothness=1.0, strong_convexity=1.0
        ... )
        >>> for name in ("strongly_convex_onehot", "sharpened_target_noise"):
        ...     print(f"{found[name].rate:.4f} {found[name].neighbourhood:.4f}")  # 1/2 and 1/7
        0.7500 0.5000
        0.5625 0.1429
    """
    size = _check.number("step_size", step_size, low=0.0, open_low=True)
    constants = _constants(
        component_smoothness=component_smoothness,
        smoothness=smoothness,
        expected_smoothness=expected_smoothness,
        strong_convexity=strong_convexity,
        pl_constant=pl_constant,
        noise=noise,
        start_distance=start_distance,
        start_excess=start_excess,
    )
    steps = None if num_steps is None else _check.integer("num_steps", num_steps, low=1)
    goal = None if accuracy is None else _accuracy(accuracy)
    with jax.enable_x64(True):
        found = tuple(
            _bound(name, kind, size, constants, steps, goal) for name, kind in KINDS.items()
        )
    return DescentBounds(size, constants, steps, goal, found)


def plan_descent(
    accuracy: Any,
    *,
    noise: Any,
    component_smoothness: Any = None,
    smoothness: Any = None,
    expected_smoothness: Any = None,
    strong_convexity: Any = None,
    pl_constant: Any = None,
    start_distance: Any = None,
    start_excess: Any = None,
) -> DescentPlan:
    r"""Returns the best step size for an accuracy and the steps it needs, by every bound.

    Once for labels with the noise given, and once for exact labels, which have none.

    Args:
        accuracy: what the gap is to be, at most.
        noise: $\sigma^2$, as of `descent_bounds`.
        component_smoothness: as of `descent_bounds`.
        smoothness: as of `descent_bounds`.
        expected_smoothness: as of `descent_bounds`.
        strong_convexity: as of `descent_bounds`.
        pl_constant: as of `descent_bounds`.
        start_distance: as of `descent_bounds`.
        start_excess: as of `descent_bounds`.

    Returns:
        The choices, or why there is none.

    Raises:
        InputError: as `descent_bounds`.

    Example:
        >>> plan = plan_descent(
        ...     0.01, noise=1.0, component_smoothness=1.0, strong_convexity=1.0, start_distance=4.0
        ... )
        >>> for name in ("strongly_convex_onehot", "sharpened_target_noise"):
        ...     print(plan.choice(name, "noisy").num_steps)
        1839
        231
        >>> plan.choice("sharpened_target_noise", "exact").num_steps
        1
    """
    goal = _accuracy(accuracy)
    given = {
        "component_smoothness": component_smoothness,
        "smoothness": smoothness,
        "expected_smoothness": expected_smoothness,
        "strong_convexity": strong_convexity,
        "pl_constant": pl_constant,
        "start_distance": start_distance,
        "start_excess": start_excess,
    }
    noisy, exact = _constants(noise=noise, **given), _constants(noise=0.0, **given)
    with jax.enable_x64(True):
        choices = tuple(
            _choice(name, kind, labels, constants, goal)
            for labels, constants in (("noisy", noisy), ("exact", exact))
            for name, kind in KINDS.items()
        )
    return DescentPlan(goal, noisy, choices)


# --- what was given -------------------------------------------------------------------------------


def _accuracy(value: Any) -> float:
    return _check.number("accuracy", value, low=0.0, open_low=True)


_AT_MOST = (
    ("strong_convexity", "smoothness"),
    ("strong_convexity", "component_smoothness"),
    ("pl_constant", "smoothness"),
    ("smoothness", "component_smoothness"),
)


def _constants(**given: Any) -> Constants:
    may_vanish = ("noise", "start_distance", "start_excess")
    known = {
        name: None
        if value is None and name != "noise"
        else _check.number(name, value, low=0.0, open_low=name not in may_vanish)
        for name, value in given.items()
    }
    for small, large in _AT_MOST:
        low, high = known[small], known[large]
        # Constants that agree but for rounding are meant to be equal.
        if low is not None and high is not None and low > high * (1 + 1e-12):
            _check.refuse(
                small,
                f"{low:g}",
                f"at most {high:g}, {large}",
                "No function curves more than its smoothness allows, and no mean more than all of "
                "its components.",
            )
    return Constants(**known)  # type: ignore[arg-type]  # the noise alone is never None


def _silence(kind: Kind, constants: Constants) -> str:
    """Returns why a bound says nothing at any step size; empty if it may."""
    missing = kind.missing(constants)
    if missing:
        return f"{' and '.join(missing)} not given"
    if kind.exact_only and constants.noise > 0:
        return "it is about labels without noise"
    return ""


# --- one step size --------------------------------------------------------------------------------


def _bound(
    name: str,
    kind: Kind,
    step_size: float,
    constants: Constants,
    num_steps: int | None,
    accuracy: float | None,
) -> DescentBound:
    reason = _silence(kind, constants)
    largest = None if kind.missing(constants) else kind.limit(constants)
    promise = Promise(math.nan, math.inf) if reason else kind.at(step_size, constants)
    if not reason and promise.neighbourhood == math.inf:
        word = "at most" if kind.attained else "below"
        reason = f"it allows step sizes {word} {largest:.6g}"
    start = getattr(constants, STARTS[kind.gap])
    counted = not reason and start is not None
    return DescentBound(
        name=name,
        title=kind.title,
        form=kind.form,
        gap=kind.gap,
        assumption=kind.assumption,
        slug=kind.slug,
        largest_step=largest,
        rate=None if reason or kind.gap == MEAN_EXCESS else promise.rate,
        neighbourhood=promise.neighbourhood,
        value=_after(kind, promise, start)(num_steps) if counted and num_steps else None,
        steps_needed=_steps(kind, promise, start, accuracy) if counted and accuracy else None,
        reason=reason,
    )


def _after(kind: Kind, promise: Promise, start: float) -> Callable[[int], float]:
    """Returns the number of steps -> the bound."""
    if kind.gap == MEAN_EXCESS:
        return lambda steps: promise.rate * start / steps + promise.neighbourhood
    return lambda steps: promise.rate**steps * start + promise.neighbourhood


def _real_steps(kind: Kind, promise: Promise, start: float, accuracy: float) -> float:
    """Returns after how many steps, a real number, the bound is the accuracy; infinite if never."""
    left = accuracy - promise.neighbourhood
    if left < 0 or (left == 0 and start > 0):
        return math.inf
    if kind.gap == MEAN_EXCESS:
        return promise.rate * start / left if start > 0 else 0.0
    if start <= left:
        return 0.0
    if promise.rate <= 0:
        return 1.0
    return math.inf if promise.rate >= 1 else math.log(start / left) / -math.log(promise.rate)


def _steps(kind: Kind, promise: Promise, start: float, accuracy: float) -> int | None:
    """Returns the fewest steps after which the bound is at most the accuracy; None if never."""
    real = _real_steps(kind, promise, start, accuracy)
    if real == math.inf:
        return None
    fewest = 1 if kind.gap == MEAN_EXCESS else 0
    after, steps = _after(kind, promise, start), max(fewest, math.ceil(real))
    # Rounding may have moved the real number across an integer.
    while steps > fewest and after(steps - 1) <= accuracy:
        steps -= 1
    while after(steps) > accuracy:
        steps += 1
    return steps


# --- the best step size ---------------------------------------------------------------------------


def _choice(
    name: str, kind: Kind, labels: str, constants: Constants, accuracy: float
) -> StepChoice:
    start = getattr(constants, STARTS[kind.gap])
    reason = _silence(kind, constants)
    if not reason and start is None:
        reason = f"{STARTS[kind.gap]} not given"
    best = None if reason else _best_step(kind, constants, start, accuracy)
    steps = None
    if best is not None:
        steps = _steps(kind, kind.at(best, constants), start, accuracy)
    return StepChoice(name, kind.title, kind.form, kind.gap, labels, best, steps, reason)


def _best_step(kind: Kind, constants: Constants, start: float, accuracy: float) -> float:
    r"""Returns the step size that needs the fewest steps.

    A step size is usable if its neighbourhood is below the accuracy: all below some $\gamma_1$, for
    neighbourhoods grow with the step. Close to $\gamma_1$ hardly anything is left to the start, and
    steps that are too small are slow: the best one is in between, on a logarithmic scale.
    """
    top = kind.limit(constants)
    if not kind.attained:
        top *= 1 - 1e-9

    def usable(step: float) -> bool:
        return kind.at(step, constants).neighbourhood < accuracy

    def steps(log_step: float) -> float:
        return _real_steps(kind, kind.at(math.exp(log_step), constants), start, accuracy)

    high = top
    if not usable(top):
        low = top
        while not usable(low):
            low /= 2
        high = 2 * low
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if usable(middle) else (low, middle)
        high = low
    found = optimize.minimize_scalar(
        steps,
        bounds=(math.log(high) - 12.0, math.log(high)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    best = math.exp(found.x)
    # The search does not try the ends; printed bounds are best at the largest step they allow.
    return high if steps(math.log(high)) <= found.fun else best
