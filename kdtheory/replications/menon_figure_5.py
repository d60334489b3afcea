"""Menon et al., Figure 5: students of the teachers of Eq. 16, by the teacher's squared error."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.intervals import student_margin
from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import _noisy_teachers as teachers
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

NARROW = 2.0
"""The largest sigma of the narrow grid, which is a part of the other one."""

STRONG = -0.7
"""A rank correlation that explains half of the variance of the ranks."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        num_trials: how many samples.
        amounts: values of alpha.
        noises: values of sigma, some up to `NARROW` and some above.
    """

    num_trials: int
    amounts: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8)
    noises: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)


SIZES = {"small": Config(60), "paper": Config(400)}


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Runs every reading.

    Args:
        config: how much.
        seed: of the samples, and of the noise of the teachers.
        progress: called after every sigma.

    Returns:
        ``students``, the AUC of every student, and ``teachers``, the exact error of every teacher.
    """
    size = max(problem.NUM_SAMPLES)
    noise = problem.draw_noise([seed, 50], config.num_trials, size)
    shape = (len(config.noises), config.num_trials, size)
    logit_noise = np.random.default_rng([seed, 51]).standard_normal(shape)
    grid = {"alpha": config.amounts, "sigma": config.noises}
    errors, students = [], []
    work = [(means, *setting) for means in problem.MEANS for setting in problem.settings()]
    for place, (means, student, size) in enumerate(work):
        part, areas = noise.first(size), []
        for column, sigma in enumerate(config.noises):
            drawn = logit_noise[column, :, :size]
            labels = teachers.labels(part.inputs(means.entry), means.entry, sigma, drawn)
            targets = np.stack([teachers.flattened(labels, alpha) for alpha in config.amounts])
            areas.append(problem.distilled_auc(part, means.entry, targets, student))
            progress(place * len(config.noises) + column + 1, len(work) * len(config.noises))
        reading = f"{means.name}, {student.name}, N = {size}"
        axes = {"reading": [reading], **grid, "trial": range(config.num_trials)}
        students.append(crossed(axes, auc=np.stack(areas, axis=1)))
    for means in problem.MEANS:
        found = teachers.errors(means.entry, config.amounts, config.noises)
        errors.append(crossed({"means": [means.name], **grid}, **found))
    return {"students": joined(students), "teachers": joined(errors)}


def _of_teachers(students: Table, errors: Table, reading: str) -> tuple[FloatArray, FloatArray]:
    """Returns the AUCs, trials by teachers, and the teachers' errors in the same order.

    Args:
        students: of a run.
        errors: of the same teachers: one row each, in the order of the students.
        reading: which students.
    """
    rows = students.where(reading=reading)
    num_trials = len(rows.distinct("trial"))
    areas = np.asarray(rows["auc"], float).reshape(-1, num_trials).T
    return areas, np.asarray(errors["mse"], float)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the students.

    Args:
        tables: of `simulate`.
    """
    findings = []
    for reading in tables["students"].distinct("reading"):
        [means] = [means for means in problem.MEANS if reading.startswith(f"{means.name},")]
        errors = tables["teachers"].where(means=means.name)
        areas, mse = _of_teachers(tables["students"], errors, reading)
        for largest in (float(errors["sigma"].max()), NARROW):
            kept = np.flatnonzero(errors["sigma"] <= largest)
            order = kept[np.argsort(mse[kept], kind="stable")]
            third = len(order) // 3
            lead = areas[:, order[:third]].mean(axis=1) - areas[:, order[-third:]].mean(axis=1)
            repeated = np.tile(mse[kept], (len(areas), 1))
            rank = statistics.rank_correlation("all teachers", repeated, areas[:, kept])
            whole = f"{reading}, sigma up to {largest:g}"
            named = ["the third with the least error against that with the largest"]
            findings += [
                Finding("falls", whole, (rank,), below=STRONG),
                Finding(
                    "noticeable",
                    whole,
                    statistics.means(named, lead[:, None]),
                    above=problem.VISIBLE,
                ),
            ]
    return tuple(findings)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the AUC by the teacher's error, with what the error is made of as a colour.

    Args:
        tables: of `simulate`.
        figure: an empty one.
    """
    sizes = problem.NUM_SAMPLES[:2]
    panels = figure.subplots(2, 2, sharex=True, sharey="col")
    points = []
    for column, means in zip(panels.T, problem.MEANS, strict=True):
        errors = tables["teachers"].where(means=means.name)
        share = errors["squared_bias"] / errors["mse"]
        for ax, size in zip(column, sizes, strict=True):
            setting = f"{means.name}, {problem.STUDENTS[0].name}, N = {size}"
            areas, mse = _of_teachers(tables["students"], errors, setting)
            mean, _, half = student_margin(areas, statistics.LEVEL)
            ax.errorbar(mse, mean, half, fmt="none", ecolor="0.75", elinewidth=1, zorder=1)
            colours: dict[str, Any] = {"c": share, "cmap": "viridis", "vmin": 0, "vmax": 1}
            points.append(ax.scatter(mse, mean, s=22, zorder=2, **colours))
            ax.ticklabel_format(axis="y", useOffset=False)
            below, beside = ax is column[-1], means is problem.MEANS[0]
            label = "teacher's mean squared error" if below else ""
            drawing.finish(ax, label, "student AUC" if beside else "", setting, legend=False)
    figure.colorbar(points[0], ax=panels, label="share of squared bias in the error", aspect=40)


STUDY = Study(
    name="menon_figure_5",
    title="Students of smoothed and noisy Bayes teachers, by the teacher's squared error",
    paper=MENON,
    items=("Figure 5",),
    statements=(
        Statement(
            "falls",
            "The smaller a teacher's mean squared error, the better its student",
            "Spearman's correlation over the teachers of the grid, between the exact error and the"
            f" student's mean AUC, is below {STRONG:g}, where it explains half of the variance of"
            " the ranks; 95 % percentile bootstrap over trials",
        ),
        Statement(
            "noticeable",
            "The difference can be seen in a plot",
            "The mean AUC over the third of the teachers with the least error is above that over"
            f" the third with the largest by more than {problem.VISIBLE}, about the width of a"
            " plotted line, paired by trial; 95 % interval",
        ),
    ),
    done="The two Gaussian classes of the text, with teachers of Eq. 16 on a grid of alpha and"
    " sigma. Every training sample gets one draw of the noise, with the standard deviation"
    " sigma^2 as printed. A teacher's error is exact, by quadrature, for the vector of two"
    " probabilities; the student's AUC is that on the population, exactly. Every choice is varied"
    " by itself, the others at their first value, for both means and both grids.",
    choices=(
        problem.SATURATION,
        problem.SIZE,
        problem.PENALTY,
        problem.INTERCEPT,
        Choice(
            "the grid of teachers",
            (
                "alpha from 0 to 0.8, sigma from 0.5 to 5",
                f"alpha from 0 to 0.8, sigma from 0.5 to {NARROW:g}",
            ),
        ),
    ),
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 6.2),
    notes=(
        "For large samples the students of all teachers with alpha below 1 have the same AUC: the"
        " best linear student of the population has the direction of theta* whatever the noise of"
        " the logits, so that the relation is one of finite samples.",
    ),
)
