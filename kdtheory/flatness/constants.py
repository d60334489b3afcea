r"""What a user states of teacher, student and loss, and what a report makes of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from kdtheory import _check
from kdtheory.flatness import penalties as bounded
from kdtheory.flatness.penalties import Given
from kdtheory.flatness.records import AtRadius, SharpnessReport, Status
from kdtheory.intervals import sound_interval


def given_of(*, divergence: Any, loss_range: Any, **constants: Any) -> Given:
    """Returns what was stated, refused where it makes no sense by itself.

    Args:
        divergence: $K_n$, or None.
        loss_range: $(a,b)$, or None.
        constants: the others by name, each None or a number.

    Raises:
        InputError: for a constant out of range, or a Lipschitz constant below a gradient bound.
    """
    numbers = {
        name: None if value is None else _check.number(name, value, low=0.0)
        for name, value in constants.items()
    }
    steep, local = numbers["lipschitz"], numbers["gradient_bound"]
    if steep is not None and local is not None and steep < local:
        _check.refuse(
            "lipschitz",
            f"{steep:g} with a gradient_bound of {local:g}",
            "at least the gradient bound, which is a bound on some gradients where this is on all",
            "Raise it, or lower the gradient bound.",
        )
    return Given(
        divergence=None if divergence is None else _check.divergence(divergence),
        loss_range=None if loss_range is None else _check.interval("loss_range", loss_range),
        **numbers,
    )


def with_constants(
    report: SharpnessReport,
    *,
    loss_range: Any = None,
    divergence: Any = None,
    stability: Any = None,
    lipschitz: Any = None,
    gradient_bound: Any = None,
    smoothness: Any = None,
    hessian_bound: Any = None,
) -> SharpnessReport:
    r"""Returns a report with its bounds for other constants; nothing is measured again.

    Args:
        report: what `sharpness` returned.
        loss_range: $(a,b)$, as for `sharpness`; so are the others. What is left out is unknown.
        divergence: $K_n$.
        stability: $\kappa$.
        lipschitz: $L$.
        gradient_bound: $g_0$.
        smoothness: $\alpha$.
        hessian_bound: $\tau$.

    Returns:
        The report, its premises, penalties, sound intervals and meaning made anew.

    Raises:
        InputError: for a constant out of range.
    """
    given = given_of(
        loss_range=loss_range,
        divergence=divergence,
        stability=stability,
        lipschitz=lipschitz,
        gradient_bound=gradient_bound,
        smoothness=smoothness,
        hessian_bound=hessian_bound,
    )
    with jax.enable_x64(True):
        premises = bounded.premises(report, given)
        found, root = bounded.penalties(report, given, premises)
    contradicted = {p.name for p in premises if p.status is Status.VIOLATED}
    radii = tuple(_with_sound_interval(report, at, given, contradicted) for at in report.radii)
    return dataclasses.replace(
        report,
        radii=radii,
        premises=premises,
        penalties=found,
        largest_radius=root,
        meaning=bounded.meaning(report, found),
    )


def _with_sound_interval(
    report: SharpnessReport, at: AtRadius, given: Given, contradicted: set[str]
) -> AtRadius:
    """Returns what was found at a radius, with the interval that the stated constants allow."""
    ends = []
    if given.loss_range is not None and "loss_range" not in contradicted:
        ends.append((given.loss_range[0] - report.loss, given.loss_range[1] - report.loss))
    if given.smoothness is not None and "smoothness" not in contradicted:
        most = 0.5 * given.smoothness * at.radius**2
        ends.append((-most, most))
    sound: tuple[float, float] | tuple[None, None] = (None, None)
    if ends and np.isfinite(at.sharpness.value):
        both = max(low for low, _ in ends), min(high for _, high in ends)
        found = at.sharpness
        sound = sound_interval(found.value, found.spread, report.num_draws, both, report.level)
    return dataclasses.replace(at, sound_low=sound[0], sound_high=sound[1])
