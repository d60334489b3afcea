r"""What bounds on the student's gap add to the teacher's, and what is known of their assumptions.

All of them are about a deterministic teacher that is stable in its parameters, and made of
constants which a sample cannot prove: at best it does not contradict them. They are computed from
the constants that were stated, where nothing that was measured contradicts those.

Source: Li and He, arXiv:2605.13143, theorem 12 and lemmas 13 to 16; see
`kdtheory.theorems.sharpness_aware`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory._types import Scalar
from kdtheory.flatness.records import AtRadius, Penalty, Premise, SharpnessReport, Status
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.sharpness_aware import regime

ROUNDING = 1e-9
"""By how much, relatively, a measurement may exceed what was stated before it contradicts it."""


@dataclasses.dataclass(frozen=True)
class Given:
    r"""What the user states of teacher, student and loss; None for what is not known.

    Attributes:
        divergence: $K_n$.
        loss_range: $(a,b)$.
        stability: $\kappa$.
        lipschitz: $L$.
        gradient_bound: $g_0$.
        smoothness: $\alpha$.
        hessian_bound: $\tau$.
    """

    divergence: float | None = None
    loss_range: tuple[float, float] | None = None
    stability: float | None = None
    lipschitz: float | None = None
    gradient_bound: float | None = None
    smoothness: float | None = None
    hessian_bound: float | None = None


class Kind(NamedTuple):
    """A sort of penalty.

    Attributes:
        title: what it is called.
        slug: the claim of the catalogue.
        needs: the premises that it rests on.
    """

    title: str
    slug: str
    needs: tuple[str, ...]


_ALL = ("divergence", "stability", "loss_range")
_LOCAL = (*_ALL, "gradient_bound", "smoothness")
_SHARP = (*_LOCAL, "hessian_bound", "heldout")

KINDS = {
    "lemma13": Kind("standard, global L", "sharpness_aware/lemma13", (*_ALL, "lipschitz")),
    "local": Kind("standard, gradient at the teacher", "sharpness_aware/lemma13_local", _LOCAL),
    "printed": Kind("sharpness-aware as printed", "sharpness_aware/bound_printed", _SHARP),
    "corrected": Kind("sharpness-aware, corrected", "sharpness_aware/bound", _SHARP),
    "sharpened": Kind("sharpness-aware, sharpened", "sharpness_aware/lemma15_sharpened", _SHARP),
    "one_step": Kind("one step, sharpened", "sharpness_aware/one_step_differences", _SHARP),
}
"""Name -> what a penalty is."""

INCREASING = (
    "The printed sharpness-aware bound increases with the radius and is smallest at a radius of "
    "zero, so that a flat minimum does not make this bound smaller: the curvature only adds to it. "
    "Where it is below the standard bound, it is because the gradient at the teacher is smaller "
    "than the global Lipschitz constant, which the standard bound can use as well."
)
"""What the form of the printed bound means, whatever the numbers."""


@jax.jit
def _values(
    constants: SmoothnessConstants, divergence: Scalar, radii: Float[Array, "radii"]
) -> dict[str, Float[Array, "radii"]]:
    def at(radius: Scalar) -> dict[str, Scalar]:
        return regime.excesses(dataclasses.replace(constants, radius=radius), divergence)

    return jax.vmap(at)(radii)


def penalties(
    report: SharpnessReport, given: Given, premises: tuple[Premise, ...]
) -> tuple[tuple[Penalty, ...], float | None]:
    r"""Returns the penalties, and $\rho_0$ where its constants are known.

    Args:
        report: what was measured.
        given: what was stated.
        premises: what is known of that.
    """
    usable = {p.name for p in premises if p.status in (Status.CHECKED, Status.ASSUMED)}
    radii = jnp.asarray([at.radius for at in report.radii])
    constants = _constants(report, given, usable)
    divergence = jnp.asarray(_or(given.divergence, 0.0))
    computed = jax.device_get(_values(constants, divergence, radii))
    found = []
    for name, kind in KINDS.items():
        missing = tuple(need for need in kind.needs if need not in usable)
        values = () if missing else tuple(map(float, computed[name]))
        # A gap is a difference of two means of the loss.
        vacuous = tuple(bool(value >= constants.loss_width) for value in values)
        note = _lemma14(report, constants) if name == "printed" and not missing else ""
        found.append(Penalty(name, kind.title, values, vacuous, missing, note, kind.slug))
    root = None
    if usable >= {*_SHARP, "lipschitz"}:
        root = float(regime.largest_radius(constants, divergence))
    return tuple(found), root


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _constants(report: SharpnessReport, given: Given, usable: set[str]) -> SmoothnessConstants:
    """Returns the constants, those that are not used anywhere filled in."""
    low, high = given.loss_range or (0.0, 0.0)
    # Without a global constant the local one is what counts.
    lipschitz = _or(given.lipschitz, math.inf) if "lipschitz" in usable else math.inf
    numbers = (
        _or(given.stability, 0.0),
        lipschitz,
        _or(given.gradient_bound, 0.0),
        _or(given.smoothness, 0.0),
        _or(given.hessian_bound, 0.0),
        high - low,
        0.0,
        float(report.num_examples),
        float(report.num_parameters),
    )
    return SmoothnessConstants(*map(jnp.asarray, numbers))


def _lemma14(report: SharpnessReport, constants: SmoothnessConstants) -> str:
    """Returns in words where the printed Lemma 14 is known to hold."""
    reach = float(constants.movement / constants.num_samples)
    least = reach * (report.num_parameters + 1) / 4.0
    if least == 0.0:
        return ""
    inside = [at.radius for at in report.radii if at.radius >= least]
    words = f"its Lemma 14 is known to hold from a radius of (p + 1) kappa/(4 n) = {least:.3g} on"
    return words if inside else f"{words}, above all of these: see the corrected one"


# --- premises -----------------------------------------------------------------------------------


def premises(report: SharpnessReport, given: Given) -> tuple[Premise, ...]:
    """Returns the assumptions of the bounds, and what is known of each.

    Args:
        report: what was measured.
        given: what was stated.
    """
    # What was found in a ball includes what was found in the smaller ones, and at the centre.
    last = report.radii[-1]
    if not math.isfinite(last.highest_loss) or not math.isfinite(last.lowest_loss):
        # Where there is no loss there are no derivatives, whatever a formula returns.
        last = dataclasses.replace(
            last,
            gradient_at_least=math.nan,
            smoothness_at_least=math.nan,
            hessian_at_least=math.nan,
        )
    ball = f"the ball of radius {last.radius:g}"
    return (
        _condition(report),
        _stated(
            "divergence",
            "the student's law is within K_n of the teacher's",
            given.divergence,
            "nothing measured here bears on it",
        ),
        _stated(
            "stability",
            "the teacher is deterministic, and replacing one of its n independent examples moves "
            "its parameters by at most kappa/n",
            given.stability,
            "nothing measured here bears on it; retraining without single examples would",
        ),
        _range(report, given),
        _at_least(
            "lipschitz",
            "no gradient of the loss is longer than L, anywhere that teachers, their perturbations "
            "and the ways between them lead",
            given.lipschitz,
            last.gradient_at_least,
            f"the largest gradient met, at the parameters and at a few points of {ball},",
        ),
        _at_least(
            "gradient_bound",
            "no gradient of the loss at what the teacher returns is longer than g_0",
            given.gradient_bound,
            report.largest_gradient,
            f"the largest gradient of the {report.num_examples} examples at the parameters, exact,",
            Status.CHECKED,
        ),
        _at_least(
            "smoothness",
            f"the loss is differentiable, with a gradient that is alpha-Lipschitz on {ball} and on "
            "the way to what one other example would have taught",
            given.smoothness,
            smoothness_seen(last),
            "the fastest change of a gradient met, a lower estimate,",
        ),
        _at_least(
            "hessian_bound",
            f"the Hessian of the population risk has norm at most tau on {ball}",
            given.hessian_bound,
            last.hessian_at_least,
            "the largest norm met, of the mean loss at a few points, a lower estimate,",
        ),
    )


def smoothness_seen(at: AtRadius) -> float:
    r"""Returns the largest lower estimate of $\alpha$: the mean bends no more than the examples.

    Args:
        at: what was found at a radius.
    """
    return max(at.smoothness_at_least, at.hessian_at_least)


def _stated(name: str, statement: str, value: float | None, evidence: str) -> Premise:
    if value is None:
        return Premise(name, statement, Status.UNKNOWN, "", f"give {name}=; {evidence}")
    return Premise(name, statement, Status.ASSUMED, f"{value:g}", evidence)


def _at_least(
    name: str,
    statement: str,
    value: float | None,
    observed: float,
    words: str,
    best: Status = Status.ASSUMED,
) -> Premise:
    seen = f"{words} is {observed:.4g}"
    if value is None:
        return Premise(name, statement, Status.UNKNOWN, "", f"give {name}=; {seen}")
    # What is not finite contradicts every bound.
    if not value >= observed * (1.0 - ROUNDING):
        return Premise(name, statement, Status.VIOLATED, f"{value:g}", f"contradicted: {seen}")
    words = "of other examples and other data sets nothing is known"
    rest = f"; {words}" if best is Status.CHECKED else ", which does not contradict it"
    return Premise(name, statement, best, f"{value:g}", seen + rest)


def _range(report: SharpnessReport, given: Given) -> Premise:
    # NumPy's, which do not lose a NaN.
    low = float(np.min([report.lowest_loss, *(at.lowest_loss for at in report.radii)]))
    high = float(np.max([report.highest_loss, *(at.highest_loss for at in report.radii)]))
    statement = "the loss of an example lies between a and b, perturbed or not"
    seen = f"losses from {low:.4g} to {high:.4g} were met, at the parameters and around them"
    if given.loss_range is None:
        status, evidence = Status.UNKNOWN, f"give loss_range=; {seen}"
        return Premise("loss_range", statement, status, "", evidence)
    slack = ROUNDING * (given.loss_range[1] - given.loss_range[0])
    inside = given.loss_range[0] - slack <= low and high <= given.loss_range[1] + slack
    status = Status.ASSUMED if inside else Status.VIOLATED
    words = "{:g} to {:g}".format(*given.loss_range)
    evidence = seen if inside else f"contradicted: {seen}"
    return Premise("loss_range", statement, status, words, evidence)


def _condition(report: SharpnessReport) -> Premise:
    """Returns condition (i), of which the data know one draw of the student at most."""
    statement = "(i): the student's mean sharpness E_Q S_P(f_S) on the population is not negative"
    held = [(at.radius, at.heldout) for at in report.radii if at.heldout is not None]
    if not held:
        evidence = "give heldout=: the sharpness on them is one draw of what is averaged here"
        return Premise("heldout", statement, Status.UNKNOWN, "", evidence)
    radius, least = min(held, key=lambda pair: pair[1].high)
    words = (
        f"one draw of the student, the parameters given: on held-out data S = {least.value:.3g} "
        f"({least.low:.3g} to {least.high:.3g}) at a radius of {radius:g}"
    )
    against = "; this draw speaks against it" if least.high < 0 else ""
    given = f"{report.num_heldout} examples"
    return Premise("heldout", statement, Status.ASSUMED, given, words + against)


# --- words --------------------------------------------------------------------------------------


def meaning(report: SharpnessReport, found: tuple[Penalty, ...]) -> tuple[str, ...]:
    """Returns in sentences what was found.

    Args:
        report: what was measured.
        found: the penalties.
    """
    said = [_of_sharpness(report.radii[-1]), INCREASING]
    values = {penalty.name: penalty.values for penalty in found if penalty.values}
    if {"lemma13", "printed"} <= set(values):
        pairs = zip(report.radii, values["printed"], values["lemma13"], strict=True)
        below = [at.radius for at, sharp, plain in pairs if sharp < plain]
        where = ", ".join(f"{radius:g}" for radius in below)
        said.append(
            f"With these constants it is below the standard one at the radii {where}."
            if below
            else "With these constants it is at no radius below the standard one."
        )
        said.append(
            "The standard bound with the gradient at the teacher in the place of that constant "
            f"adds {values['local'][0]:.3g} to the teacher's gap, whatever the radius."
        )
    else:
        lacking = sorted({name for p in found for name in p.missing if not p.values})
        said.append(
            "Not all bounds are computed: what they rest on is unknown or contradicted "
            f"({', '.join(lacking)})."
        )
    return tuple(said)


def _of_sharpness(at: AtRadius) -> str:
    found = at.sharpness
    rises = "raises" if found.value >= 0 else "lowers"
    words = (
        f"A random step of length up to {at.radius:g} {rises} the mean loss by "
        f"{abs(found.value):.3g} on average"
    )
    if found.low > 0 or found.high < 0:
        curved = f"the curvature at the parameters alone would make it {at.quadratic.value:+.3g}"
        return f"{words} ({found.low:.3g} to {found.high:.3g}); {curved}."
    return f"{words}, which the draws do not tell from no change at all."
