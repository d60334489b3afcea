"""What a sample of losses says about the risk: every empirical Bernstein bound, ranked."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax

from kdtheory import _check
from kdtheory.concentration.empirical_bernstein import (
    empirical_bernstein_penalty,
    first_informative_size,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)


@dataclasses.dataclass(frozen=True)
class RiskBound:
    r"""An upper bound on a risk, valid with probability $1-\delta$.

    Attributes:
        name: "finite class", "uniform" or "uniform, sharpened".
        empirical_risk: the mean of the losses.
        penalty: what is added to it.
        bound: the sum.
        vacuous: whether it is no less than the largest loss that is possible.
        informative_from: the sample size from which on the penalty is below the range of the
            losses, at this sample's variance.
    """

    name: str
    empirical_risk: float
    penalty: float
    bound: float
    vacuous: bool
    informative_from: int


def risk_bounds(
    losses: Any,
    failure_probability: float,
    *,
    class_size: float | None = 1.0,
    covering_number: float | None = None,
    low: float = 0.0,
    high: float = 1.0,
) -> tuple[RiskBound, ...]:
    r"""Returns upper bounds on the risk of a predictor from its losses on a sample.

    The losses may be those of drawn labels, or $p(x_n)\cdot\ell(f(x_n))$ with the probabilities of
    a teacher: then what is bounded is the risk under the teacher's labels, and
    $B\,\mathbb E\,\mathrm{TV}(p,p^*)$ comes on top. The sample must not have been used to train the
    teacher, and the predictor must be one of the class.

    Args:
        losses: one loss per example, independent draws, shape ``(samples,)``, at least two.
        failure_probability: $\delta$ in $(0, 1)$, of each bound alone.
        class_size: how many predictors the sample was used to choose among; 1 if it was not used;
            None for a class that is not finite.
        covering_number: $\mathcal N_\infty(B/n,\mathcal H,2n)$, for the uniform bounds.
        low: the smallest loss that is possible.
        high: the largest, so that $B$ is their difference.

    Returns:
        The bounds that apply, the smallest first.

    Raises:
        InputError: for losses outside ``[low, high]``, fewer than two of them, numbers out of
            range, or neither a class size nor a covering number.

    Example:
        >>> (found,) = risk_bounds([0.0] * 50 + [1.0] * 50, 0.05)
        >>> print(f"{found.name}: {found.bound:.3f}, from n = {found.informative_from} on")
        finite class: 0.723, from n = 15 on
    """
    values = _check.real_array("losses", losses, "samples")
    if len(values) < 2:
        _check.refuse("losses", "one loss", "two or more", "A sample variance takes two.")
    top = _check.number("high", high)
    bottom = _check.number("low", low, high=top)
    outside = (values < bottom) | (values > top)
    if outside.any():
        index = int(outside.argmax())
        _check.refuse(
            "losses",
            f"{values[index]:g} at index {index}",
            f"losses in [{bottom:g}, {top:g}]",
            "Name the range that the loss can have, not the range that the sample has: low, high.",
        )
    counted = (
        ("finite class", empirical_bernstein_penalty, "class_size", class_size),
        ("uniform", uniform_bernstein_penalty, "covering_number", covering_number),
        ("uniform, sharpened", sharpened_bernstein_penalty, "covering_number", covering_number),
    )
    found = []
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    for name, penalty, argument, size in counted:
        if size is None:
            continue
        count = _check.number(argument, size, low=1.0)
        given = failure_probability, count, top - bottom
        first = first_informative_size(penalty, variance, *given)
        with jax.enable_x64(True):
            added = float(penalty(variance, float(len(values)), *given))
        found.append(RiskBound(name, mean, added, mean + added, mean + added >= top, first))
    if not found:
        _check.refuse(
            "class_size",
            "None, and no covering_number",
            "one of them",
            "A bound for every predictor at once needs to know how many there are.",
        )
    return tuple(sorted(found, key=lambda one: one.bound))
