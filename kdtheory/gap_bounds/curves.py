r"""Bounds along a family of processes: students ever further away, or samples ever larger."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import concentration, divergences
from kdtheory.gap_bounds import laws
from kdtheory.gap_bounds.laws import Floats
from kdtheory.gap_bounds.records import KINDS, GapBounds
from kdtheory.gap_bounds.single import averaged_sides, both_sides, bounds, exact_terms, in_float64
from kdtheory.objects.processes import DistillationProcess, teacher_law
from kdtheory.results import to_dict
from kdtheory.theorems.distillation_divergence import process_terms

NUM_POINTS = 41

SAMPLE_SIZES = (1, 2, 3, 5, 8, 12, 20, 32, 50)

FURTHEST = 2.0
"""The largest divergence of the students on the path of tilts, in nats."""


@dataclasses.dataclass(frozen=True, eq=False)
class BoundCurve:
    """Exact gaps and bounds along a family of processes.

    Attributes:
        name: what varies: "divergence" or "samples".
        family: the family in words.
        x: its values, shape ``(points,)``.
        teacher_gap: the teacher's gap.
        student_gap: the student's gap, exact.
        low: what every student's gap is at least.
        high: what it is at most.
        above: upper bounds, by name.
        below: lower bounds, by name.
    """

    name: str
    family: str
    x: Floats
    teacher_gap: Floats
    student_gap: Floats
    low: Floats
    high: Floats
    above: dict[str, Floats]
    below: dict[str, Floats]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)


def bounds_against_divergence(process: DistillationProcess) -> BoundCurve:
    r"""Returns the bounds for students on the way from the teacher to the process's student.

    They are the mixtures $Q_t=(1-t)P+tQ$; where the divergence of $Q$ is infinite, that of every
    mixture is, and they are the tilts of the teacher instead, which attain the Cramer-Chernoff
    bound.

    Args:
        process: the process.

    Returns:
        The bounds, against the divergence.
    """
    with jax.enable_x64(True):
        process, _ = in_float64(process)
        terms = exact_terms(process)
        if float(terms["divergence"]) == math.inf:
            return _tilts(process)
        return _mixtures(process, terms)


def _mixtures(process: DistillationProcess, terms: dict[str, Any]) -> BoundCurve:
    share = np.linspace(0.0, 1.0, NUM_POINTS)
    teacher = np.asarray(teacher_law(process)).reshape(-1)
    student = np.asarray(process.student_law).reshape(-1)
    log_law = process_terms.teacher_log_law(process).reshape(-1)
    merged = process_terms.law_of_gap(process)
    rows = laws.places(process)

    def mixed(one: Any, other: Any) -> Any:
        return (1.0 - share)[:, None] * one + share[:, None] * other

    of_pairs = _divergences_of_logs(jnp.asarray(mixed(teacher, student)), log_law)
    of_pairs = of_pairs.at[0].set(0.0)
    of_gap = _from_one(jnp.asarray(mixed(*merged[1:])), jnp.asarray(merged[1]))
    # (laws, points, atoms): a place's mixture is the mixture of its laws.
    of_places = np.stack([mixed(*pair) for pair in zip(rows.probs, rows.student, strict=True)])
    numbers = {
        "divergence": of_pairs,
        "gap_divergence": of_gap,
        "chi_square": terms["chi_square"] * share**2,
    }
    single = jax.vmap(_from_one)(jnp.asarray(of_places), jnp.asarray(rows.probs))
    gap = mixed(np.asarray(terms["teacher_gap"])[None], np.asarray(terms["student_gap"])[None])
    family = "students between the teacher and the given one"
    return _curve(process, family, numbers, (rows, single), gap[:, 0])


def _tilts(process: DistillationProcess) -> BoundCurve:
    values, probs = map(jnp.asarray, laws.overall(process)[:2])
    end = min(FURTHEST, 0.95 * float(concentration.largest_divergence(values, probs)))
    # Bounds rise as the root of the divergence: steps are small where it is.
    targets = end * jnp.linspace(0.0, 1.0, NUM_POINTS) ** 2
    gap, arguments = _chernoff_curve(values, probs, targets)
    tilted = _tilted(values, probs, arguments)
    numbers = {
        "divergence": targets,
        "gap_divergence": targets,
        "chi_square": _chi_squares(tilted, probs),
    }
    return _curve(
        process,
        "tilts of the teacher, which attain Cramér-Chernoff",
        numbers,
        None,
        np.asarray(gap),
    )


def _curve(
    process: DistillationProcess,
    family: str,
    numbers: dict[str, Any],
    places: tuple[laws.Laws, Any] | None,
    gap: Floats,
) -> BoundCurve:
    values, probs = map(jnp.asarray, laws.overall(process)[:2])
    proxies = concentration.variance_proxies(values, probs)
    count = len(gap)
    constants = {
        "variance": proxies.variance,
        "two_sided": proxies.two_sided,
        "one_sided": jnp.stack([proxies.above, proxies.below]),
    }
    found = _both_sides_along(values, probs, numbers, constants)
    if places is not None:
        rows, single = places
        arrays = map(jnp.asarray, (rows.values, rows.probs, single, rows.weights))
        found["individual_sample"] = _averaged_along(*arrays)
    central, _, c = _central_along(values, probs, jnp.asarray(numbers["divergence"]))
    possible = np.asarray(values)[np.asarray(probs) > 0]
    above = {name: np.asarray(found[name][:, 0]) for name in KINDS if name in found}
    below = {name: 0.0 - np.asarray(found[name][:, 1]) for name in KINDS if name in found}
    if np.any(np.asarray(c) > 0):
        below["theorem10"] = np.asarray(central)
    return BoundCurve(
        name="divergence",
        family=family,
        x=np.asarray(numbers["divergence"]),
        teacher_gap=np.full(count, float(process_terms.teacher_gap(process))),
        student_gap=gap,
        low=np.full(count, possible.min()),
        high=np.full(count, possible.max()),
        above=above,
        below=below,
    )


_from_one = jax.jit(jax.vmap(divergences.kl_divergence, in_axes=(0, None)))
_chi_squares = jax.jit(jax.vmap(divergences.chi_square, in_axes=(0, None)))
_divergences_of_logs = jax.jit(jax.vmap(divergences.kl_to_log_probs, in_axes=(0, None)))
_chernoff_curve = jax.jit(jax.vmap(concentration.chernoff_upper, in_axes=(None, None, 0)))
_tilted = jax.jit(jax.vmap(concentration.tilted_probs, in_axes=(None, None, 0)))
_central_along = jax.jit(jax.vmap(concentration.best_central_pair, in_axes=(None, None, 0)))
_averaged_along = jax.jit(jax.vmap(averaged_sides, in_axes=(None, None, 1, None)))


@jax.jit
def _both_sides_along(values: Any, probs: Any, numbers: Any, constants: Any) -> Any:
    return jax.vmap(lambda at: both_sides(values, probs, {**at, **constants}))(numbers)


def bounds_against_samples(
    family: Callable[[int], DistillationProcess],
    sizes: Sequence[int] = SAMPLE_SIZES,
    words: str = "",
) -> BoundCurve:
    """Returns the bounds of a family of processes against the number of samples.

    Args:
        family: sample size -> process.
        sizes: the sample sizes.
        words: the family in words.

    Returns:
        The bounds; a bound that does not apply at a size is NaN there.
    """
    found = [bounds(family(size)) for size in sizes]
    return BoundCurve(
        name="samples",
        family=words,
        x=np.asarray(sizes, dtype=float),
        teacher_gap=np.array([one.teacher_gap for one in found]),
        student_gap=np.array([one.student_gap for one in found]),
        low=np.array([one.trivial[0] for one in found]),
        high=np.array([one.trivial[1] for one in found]),
        above=_by_name(found, "above"),
        below=_by_name(found, "below"),
    )


def _by_name(found: Sequence[GapBounds], side: str) -> dict[str, Floats]:
    tables = [{bound.name: bound.value for bound in getattr(one, side)} for one in found]
    present = [name for name in KINDS if any(name in table for table in tables)]
    return {name: np.array([table.get(name, math.nan) for table in tables]) for name in present}
