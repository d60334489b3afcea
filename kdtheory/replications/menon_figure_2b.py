"""Menon et al., Figure 2(b): students of one-hot and of Bayes labels, by the class separation."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import drawing, statistics
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import (
    Choice,
    Finding,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
)
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DISTANCES = (0.125, 0.25, 0.5, 1.0, 2.0)
"""The values of r, which are printed."""

ENTRIES: dict[str, Callable[[float], float]] = {
    "means ±r in every coordinate": lambda r: r,
    "means at the distance r": lambda r: r / (2 * math.sqrt(problem.FEATURES)),
}
"""What r may be, and every coordinate of the mean of the first class then."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        num_trials: how many samples.
    """

    num_trials: int


SIZES = {"small": Config(100), "paper": Config(1000)}


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Returns the AUC of every student: table ``students``.

    Args:
        config: how much.
        seed: of the samples, whose random part is the same at every r.
        progress: called after every r.
    """
    noise = problem.draw_noise([seed, 25], config.num_trials, max(problem.NUM_SAMPLES))
    work = [(meaning, *setting) for meaning in ENTRIES for setting in problem.settings()]
    parts = []
    for place, (meaning, student, size) in enumerate(work):
        part, areas = noise.first(size), []
        for done, distance in enumerate(DISTANCES, start=1):
            entry = ENTRIES[meaning](distance)
            targets = problem.both_labels(part, entry)
            areas.append(problem.distilled_auc(part, entry, targets, student))
            progress(place * len(DISTANCES) + done, len(work) * len(DISTANCES))
        axes = {
            "reading": [f"{meaning}, {student.name}, N = {size}"],
            "r": DISTANCES,
            "labels": problem.LABELS,
            "trial": range(config.num_trials),
        }
        parts.append(crossed(axes, auc=np.stack(areas)))
    return {"students": joined(parts)}


def _by_distance(students: Table, reading: str) -> dict[str, FloatArray]:
    """Returns the AUCs for every kind of labels, trials by distances."""
    rows = students.where(reading=reading)
    return {kind: rows.where(labels=kind).pivot("trial", "r", "auc") for kind in problem.LABELS}


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the students.

    Args:
        tables: of `simulate`.
    """
    students = tables["students"]
    r = students.distinct("r")
    steps = [f"r = {low:g} to {high:g}" for low, high in zip(r[:-1], r[1:], strict=True)]
    findings = []
    for reading in students.distinct("reading"):
        areas = _by_distance(students, reading)
        gain = areas["Bayes"] - areas["one-hot"]
        rises = np.concatenate([np.diff(areas[kind], axis=1) for kind in problem.LABELS], axis=1)
        named = [f"{kind}, {step}" for kind in problem.LABELS for step in steps]
        ends = statistics.means([f"r = {r[0]:g} and {r[-1]:g}"], gain[:, [0]] - gain[:, [-1]])
        least = statistics.means([f"r = {r[0]:g}"], gain[:, [0]])
        falls = statistics.means(steps, -np.diff(gain, axis=1))
        findings += [
            Finding("worse", reading, statistics.means(named, rises), above=0.0),
            Finding("noticeable", reading, least, above=problem.VISIBLE),
            Finding("larger_gain", reading, ends, above=0.0),
            Finding("larger_gain_at_every_step", reading, falls, above=0.0),
        ]
    return tuple(findings)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the AUC by the distance, and what Bayes labels gain, for both meanings of r.

    Args:
        tables: of `simulate`.
        figure: an empty one.
    """
    students = tables["students"]
    settings = [f"{student.name}, N = {size}" for student, size in problem.settings()]
    top, bottom = figure.subplots(2, 2, sharex=True, sharey="row")
    for ax, meaning in zip(top, ENTRIES, strict=True):
        areas = _by_distance(students, f"{meaning}, {settings[0]}")
        for place, (kind, trials) in enumerate(areas.items()):
            drawing.band(ax, DISTANCES, trials, f"{kind} labels", place)
        ax.set_xscale("log", base=2)
        label = "student AUC" if ax is top[0] else ""
        drawing.finish(ax, "", label, f"{meaning}; {settings[0]}", legend=ax is top[0])
    for ax, meaning in zip(bottom, ENTRIES, strict=True):
        for place, setting in enumerate(settings):
            areas = _by_distance(students, f"{meaning}, {setting}")
            drawing.band(ax, DISTANCES, areas["Bayes"] - areas["one-hot"], setting, place)
        ax.axhline(problem.VISIBLE, color="0.5", linewidth=0.8, linestyle=":", label="noticeable")
        label = "gain of Bayes labels" if ax is bottom[0] else ""
        drawing.finish(ax, "class separation r", label, meaning, legend=ax is bottom[0])
    bottom[0].set_xticks(DISTANCES, [f"{distance:g}" for distance in DISTANCES])


STUDY = Study(
    name="menon_figure_2b",
    title="Bayes labels against one-hot labels, by the distance of the classes",
    paper=MENON,
    items=("Figure 2", "gains where classes overlap"),
    statements=(
        Statement(
            "worse",
            "The smaller r, the lower the AUC, with either kind of labels",
            "At every step from one r to the next the mean AUC rises, for both kinds of labels,"
            " paired by trial: above 0; 95 % intervals, together",
        ),
        Statement(
            "noticeable",
            "Where classes overlap, the gain of Bayes labels can be noticed",
            f"The mean difference of the AUCs at the smallest r is above {problem.VISIBLE}, about"
            " the width of a plotted line; 95 % interval",
        ),
        Statement(
            "larger_gain",
            "The gain is larger where r is small",
            "The mean difference of the AUCs at the smallest r is above that at the largest, paired"
            " by trial; 95 % interval",
        ),
        Statement(
            "larger_gain_at_every_step",
            "The smaller r, the larger the gain: the same, read for every two neighbours",
            "At every step from one r to the next the mean difference of the AUCs falls, paired by"
            " trial: above 0; 95 % intervals, together",
        ),
    ),
    done="The two Gaussian classes of the text at the printed values of r, with logistic students"
    " of both kinds of labels on the same samples. The AUC is that on the population, exactly."
    " Every choice is varied by itself, the others at their first value, for both meanings of r.",
    choices=(
        Choice("what the distance r is", tuple(ENTRIES)),
        problem.SIZE,
        problem.PENALTY,
        problem.INTERCEPT,
    ),
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.2, 6.4),
    notes=(
        "The gain cannot grow for ever as r shrinks: at r = 0 no score has an AUC other than 1/2,"
        " so that it vanishes, and somewhere there is a most favourable r.",
    ),
)
