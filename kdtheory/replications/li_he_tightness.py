r"""Where a bound that looks at sharpness is the tighter one: the tightness regime of Li & He.

The text has no experiment. Its bounds are evaluated here in worlds of ridge-regularised logistic
regression in which all data sets are enumerated, so that every number is exact: `kdtheory.flatness`
computes them. Fractions of $\rho_0$ make worlds comparable.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from matplotlib.ticker import PercentFormatter

from kdtheory.flatness.radii import curves_along_radius, largest_radius
from kdtheory.flatness.worlds import logistic_world
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.replications.drawing import COLOURS, LINES, finish
from kdtheory.replications.records import (
    Choice,
    Finding,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
    stack,
)
from kdtheory.replications.statistics import exactly
from kdtheory.theorems.papers import LI_HE
from kdtheory.theorems.sharpness_aware.logistic import logistic_constants

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FRACTIONS = np.arange(16) / 8.0
r"""Radii, in units of $\rho_0$."""

SHOWN = (3, 0.5, 1.0)
"""Sample size, ridge and temperature of the world whose bounds are drawn."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Worlds: every combination.

    Attributes:
        num_samples: sample sizes; four take minutes.
        ridges: of teacher and student.
        temperatures: of the labels that the student sees.
    """

    num_samples: tuple[int, ...]
    ridges: tuple[float, ...] = (0.1, 0.5, 2.0)
    temperatures: tuple[float, ...] = (0.5, 1.0, 4.0)


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    r"""Evaluates bounds and gaps; nothing is random.

    Args:
        config: the worlds.
        seed: changes nothing.
        progress: told of every world.

    Returns:
        Table "bounds", a row for every world and radius: the standard bound with a global Lipschitz
        constant, the sharpness-aware one with $E\,S_P$ bounded by its Lemma 16 and with its exact
        value, the student's gap, and the largest gap that any data set gives.
    """
    combinations = list(itertools.product(config.num_samples, config.ridges, config.temperatures))
    rows: list[dict[str, Any]] = []
    for done, combination in enumerate(combinations):
        rows += _world_rows(*combination)
        progress(done + 1, len(combinations))
    return {"bounds": stack(rows)}


def _world_rows(num_samples: int, ridge: float, temperature: float) -> list[dict[str, Any]]:
    base = logistic_world()
    with jax.enable_x64(True):
        world = RidgeLogisticWorld.create(
            *(base.input_weights, base.inputs, base.true_weights),
            num_samples=num_samples,
            ridge=ridge,
            temperature=temperature,
        )
        curvature = float(logistic_constants(world).curvature)
    edge = largest_radius(world)
    curve = curves_along_radius(world, FRACTIONS * edge)
    bounded = 0.5 * curvature * curve.radii**2
    names = {"num_samples": num_samples, "ridge": ridge, "temperature": temperature}
    values = {
        "fraction": FRACTIONS,
        "radius": curve.radii,
        "standard": curve.bounds["lemma13"],
        "sharpness_aware": curve.applicable("printed"),
        "with_exact_sharpness": curve.applicable("printed") - bounded + curve.teacher_sharpness,
    }
    fixed = {"student_gap": curve.student_gap, "largest_gap": curve.high}
    return [
        names | {name: float(column[i]) for name, column in values.items()} | fixed
        for i in range(len(FRACTIONS))
    ]


# --- what they say --------------------------------------------------------------------------------

BOUNDED, EXACT = "E S_P bounded by Lemma 16", "E S_P exact"
READINGS = {BOUNDED: "sharpness_aware", EXACT: "with_exact_sharpness"}

STATEMENTS = (
    Statement(
        "regime",
        "Where the teacher is flat, at radii below rho_0, the sharpness-aware bound is strictly "
        "below the standard one",
        "The smallest difference, standard minus sharpness-aware, over radii of 0 to 7/8 rho_0: "
        "above 0 in every world (exact)",
    ),
    Statement(
        "covers",
        "The sharpness-aware bound is not below the student's gap",
        "The smallest difference, bound minus gap, over radii of 0 to 15/8 rho_0: above 0 in every "
        "world (exact)",
    ),
    Statement(
        "own_range",
        "So it is if the standard bound has a range of its own, that of unperturbed losses",
        "As for the first statement, with the standard bound at radius 0",
        ours=True,
    ),
    Statement(
        "unmoved",
        "The sharpness-aware bound is smallest at radius 0, where flatness plays no part",
        "The smallest difference, bound minus itself at radius 0, over radii of 1/8 to 15/8 rho_0: "
        "above 0 in every world (exact)",
        ours=True,
    ),
)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables.

    Args:
        tables: as `simulate` returns them.
    """
    bounds = tables["bounds"]
    found = []
    for reading, column in READINGS.items():
        least = {
            f"n = {size}, ridge {ridge:g}": _least(
                bounds.where(num_samples=size, ridge=ridge), column
            )
            for size in bounds.distinct("num_samples")
            for ridge in bounds.distinct("ridge")
        }
        for statement in STATEMENTS:
            numbers = (exactly(world, of[statement.key]) for world, of in least.items())
            found.append(Finding(statement.key, reading, tuple(numbers), above=0.0))
    return tuple(found)


def _least(bounds: Table, column: str) -> dict[str, float]:
    """Returns the smallest differences over radii and temperatures."""
    standard, sharp, gap = (
        bounds.pivot("temperature", "fraction", name)
        for name in ("standard", column, "student_gap")
    )
    inside = FRACTIONS < 1.0
    differences = {
        "regime": (standard - sharp)[:, inside],
        "covers": sharp - gap,
        "own_range": standard[:, :1] - sharp[:, inside],  # at radius 0 no range is enlarged
        "unmoved": sharp[:, 1:] - sharp[:, :1],
    }
    return {key: float(values.min()) for key, values in differences.items()}


# --- the figure -----------------------------------------------------------------------------------


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the bounds of one world, and what is gained in all of them.

    Args:
        tables: as `simulate` returns them.
        figure: an empty figure.
    """
    left, middle, right = figure.subplots(1, 3)
    bounds = tables["bounds"]
    _one_world(left, bounds)
    for place, ridge in enumerate(bounds.distinct("ridge")):
        style: dict[str, Any] = {"color": COLOURS[place], "linestyle": LINES[place]}
        for size in bounds.distinct("num_samples"):
            rows = bounds.where(num_samples=size, ridge=ridge)
            sharp, standard = (
                rows.pivot("temperature", "fraction", name)
                for name in ("sharpness_aware", "standard")
            )
            lines = middle.plot(FRACTIONS, 1.0 - (sharp / standard).T, linewidth=1.0, **style)
            right.plot(FRACTIONS, (sharp / sharp[:, :1]).T - 1.0, linewidth=1.0, **style)
        lines[0].set_label(f"ridge {ridge:g}")
    for ax in (middle, right):
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    middle.axhline(0.0, color="0.4", linewidth=1.0)
    middle.axvline(1.0, color="0.4", linewidth=1.0, linestyle=":")
    radius = r"radius / $\rho_0$"
    finish(middle, radius, "", "How far below the standard bound")
    finish(right, radius, "", "How far above itself at radius 0", legend=False)


def _one_world(ax: Axes, bounds: Table) -> None:
    names = ("num_samples", "ridge", "temperature")
    shown = SHOWN if SHOWN[0] in bounds["num_samples"] else [bounds[name][0] for name in names]
    rows = bounds.where(**dict(zip(names, shown, strict=True)))
    lines = {
        "standard": "standard",
        "sharpness_aware": "sharpness-aware",
        "with_exact_sharpness": "with exact sharpness",
        "student_gap": "student's gap",
    }
    for place, (name, label) in enumerate(lines.items()):
        style: dict[str, Any] = {"color": COLOURS[place], "linestyle": LINES[place]}
        ax.plot(rows["radius"], rows[name], label=label, **style)
    edge = rows.where(fraction=1.0)["radius"][0]
    ax.axvline(edge, color="0.4", linewidth=1.0, linestyle=":")
    words: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    ax.annotate(r"$\rho_0$", (edge, 0.0), (3, 4), **words)
    bottom, top = ax.get_ylim()
    ax.axhspan(rows["largest_gap"][0], top, color="0.93", linewidth=0, zorder=0)
    ax.set_ylim(bottom, top)
    size, ridge, temperature = shown
    title = f"n = {size:g}, ridge {ridge:g}, temperature {temperature:g}"
    finish(ax, r"radius $\rho$", "bound on the student's gap", title, legend=False)
    ax.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0.0, 0.08))


STUDY = Study(
    name="li_he_tightness",
    title="Where a bound that looks at sharpness is tighter",
    paper=LI_HE,
    items=("tightness regime",),
    statements=STATEMENTS,
    done=(
        "The text asserts this and has no experiment. Its bounds are evaluated in worlds of "
        "ridge-regularised logistic regression with two inputs, in which every data set is "
        "enumerated; a student reruns its teacher's algorithm on labels drawn from it. Gaps, "
        "divergence, constants and sharpness are exact, and nothing is random. Losses "
        "have a range only over hypotheses that are not far away: as in the text both bounds have "
        "the same one, here that of perturbed hypotheses."
    ),
    choices=(
        Choice("the ridge of teacher and student", ("0.1", "0.5", "2")),
        Choice("the temperature of the labels that the student sees", ("0.5", "1", "4")),
        Choice("the sample size", ("2", "3", "4 (size paper)")),
        Choice(
            "whether the bound has the sharpness of the population or its bound by curvature",
            (BOUNDED, EXACT),
        ),
    ),
    sizes={"small": Config((2, 3)), "paper": Config((2, 3, 4))},
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(11.5, 4.2),
    notes=(
        "Below rho_0 the sharpness-aware bound is the smaller one by algebra. What it gains is "
        "that it has the slope of the loss at the teacher in the place of a global Lipschitz "
        "constant, and it gains most at radius 0.",
        "Grey: above the largest gap that any data set gives, where a bound says nothing.",
        "The loss is convex: perturbations raise every risk. Worlds in which sharpness does help, "
        "and one in which the printed bound is below the gap, are those of kdtheory sharpness.",
    ),
)
