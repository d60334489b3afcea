"""Menon et al., Figure 6: bias, variance and squared error of the teachers of Eq. 16."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize

from kdtheory._check import FloatArray
from kdtheory.replications import _gaussian_problem as problem
from kdtheory.replications import _noisy_teachers as teachers
from kdtheory.replications import drawing, statistics
from kdtheory.replications._long_tables import crossed, joined
from kdtheory.replications.records import (
    Finding,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
    stack,
)
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVELS = (0.25, 0.5, 0.75)
"""Levels of the error: those of teachers without noise, with these alphas."""

SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Parts of such an alpha; the rest of the error is made up by noise."""

_LARGEST_SIGMA = 6.0


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        num_trials: how many samples.
        num_steps: how many values of alpha and of sigma the map of errors has.
    """

    num_trials: int
    num_steps: int


SIZES = {"small": Config(100, 26), "paper": Config(400, 41)}


def equal_sigma(entry: float, level: float, alpha: float) -> float | None:
    """Returns the sigma with which a teacher has a given error, if there is one.

    Args:
        entry: of every coordinate of the mean of the first class.
        level: the mean squared error.
        alpha: of the teacher.
    """

    def excess(sigma: float) -> float:
        return sum(teachers.error(entry, alpha, sigma)) - level

    # Without noise the error may be the level itself, up to rounding.
    if abs(excess(0.0)) < 1e-9 * level:
        return 0.0
    if excess(0.0) > 0 or excess(_LARGEST_SIGMA) < 0:
        return None
    return float(scipy.optimize.brentq(excess, 0.0, _LARGEST_SIGMA, xtol=1e-12, rtol=1e-12))


def equal_teachers(means: problem.Means) -> Table:
    """Returns teachers of equal error: a row for every level and share that has one.

    Args:
        means: of the classes.
    """
    rows = []
    for largest in LEVELS:
        level = sum(teachers.error(means.entry, largest, 0.0))
        for share in SHARES:
            sigma = equal_sigma(means.entry, level, share * largest)
            if sigma is not None:
                bias, variance = teachers.error(means.entry, share * largest, sigma)
                rows.append(
                    {
                        "means": means.name,
                        "level": largest,
                        "share": share,
                        "alpha": share * largest,
                        "sigma": sigma,
                        "squared_bias": bias,
                        "variance": variance,
                        "mse": bias + variance,
                    }
                )
    return stack(rows)


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Runs every reading.

    Args:
        config: how much.
        seed: of the samples, and of the noise of the teachers.
        progress: called after every setting.

    Returns:
        ``map``, the exact error for every alpha and sigma; ``equal``, teachers of equal error, a
        level being named by the alpha that has it without noise; and ``students``, the AUC of
        their students.
    """
    settings = problem.settings()
    noise = problem.draw_noise([seed, 60], config.num_trials, max(problem.NUM_SAMPLES))
    drawn = np.random.default_rng([seed, 61]).standard_normal(noise.signs.shape)
    work = len(problem.MEANS) * len(settings)
    maps, equal, students = [], [], []
    for means in problem.MEANS:
        grid = {
            "alpha": np.linspace(0.0, 1.0, config.num_steps).tolist(),
            "sigma": np.linspace(0.0, 5.0, config.num_steps).tolist(),
        }
        found = teachers.errors(means.entry, *grid.values())
        maps.append(crossed({"means": [means.name], **grid}, **found))
        pairs = equal_teachers(means)
        equal.append(pairs)
        for student, size in settings:
            part = noise.first(size)
            targets = _targets(part.inputs(means.entry), means.entry, pairs, drawn[:, :size])
            auc = problem.distilled_auc(part, means.entry, targets, student)
            rows = crossed({"place": range(len(pairs)), "trial": range(config.num_trials)}, auc=auc)
            named = {name: pairs[name][rows["place"]] for name in ("level", "share")}
            reading = np.full(len(rows), f"{means.name}, {student.name}, N = {size}")
            others = {"trial": rows["trial"], "auc": rows["auc"]}
            students.append(Table({"reading": reading, **named, **others}))
            progress(len(students), work)
    tables = {"map": maps, "equal": equal, "students": students}
    return {name: joined(parts) for name, parts in tables.items()}


def _targets(inputs: FloatArray, entry: float, pairs: Table, drawn: FloatArray) -> FloatArray:
    """Returns the labels of every teacher, the first axis."""
    return np.stack(
        [
            teachers.flattened(teachers.labels(inputs, entry, sigma, drawn), alpha)
            for alpha, sigma in zip(pairs["alpha"], pairs["sigma"], strict=True)
        ]
    )


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the teachers, and ours off the students.

    Args:
        tables: of `simulate`.
    """
    findings = []
    for means in tables["equal"].distinct("means"):
        counts, spreads = [], []
        for level in LEVELS:
            pairs = tables["equal"].where(means=means, level=level)
            share = pairs["squared_bias"] / pairs["mse"]
            name = f"the error of alpha = {level:g}"
            counts.append(statistics.exactly(name, len(pairs)))
            spreads.append(statistics.exactly(name, np.ptp(share)))
        findings += [
            Finding("several", means, tuple(counts), above=1.0),
            Finding("trade", means, tuple(spreads), above=0.5),
        ]
    for reading in tables["students"].distinct("reading"):
        rows = tables["students"].where(reading=reading)
        bias, noise = (rows.where(share=end).pivot("trial", "level", "auc") for end in (1.0, 0.0))
        named = [f"the error of alpha = {level:g}" for level in LEVELS]
        findings.append(
            Finding("bias_alone", reading, statistics.means(named, bias - noise), above=0.0)
        )
    return tuple(findings)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the errors with teachers of equal error, and the AUC of their students.

    Args:
        tables: of `simulate`.
        figure: an empty one.
    """
    panels = figure.subplots(2, 2, width_ratios=(1.0, 1.1))
    for row, means in zip(panels, problem.MEANS, strict=True):
        last = means is problem.MEANS[-1]
        _draw_map(tables, means.name, row[0], last)
        _draw_students(tables, means.name, row[1], last)


def _draw_map(tables: Tables, means: str, ax: Axes, last: bool) -> None:
    errors = tables["map"].where(means=means)
    # Sigma, the vertical axis, has to be the first index.
    table = errors.pivot("alpha", "sigma", "mse").T
    sides = errors.distinct("alpha"), errors.distinct("sigma")
    filled = ax.contourf(*sides, table, levels=12, cmap="Greys")
    ax.figure.colorbar(filled, ax=ax, label="mean squared error")
    for place, level in enumerate(LEVELS):
        pairs = tables["equal"].where(means=means, level=level)
        colour = drawing.COLOURS[place]
        ax.contour(*sides, table, levels=[pairs["mse"][0]], colors=[colour], linewidths=1.2)
        style: dict[str, Any] = {"color": colour, "marker": drawing.MARKERS[place], "s": 20}
        ax.scatter(pairs["alpha"], pairs["sigma"], clip_on=False, zorder=3, **style)
    drawing.finish(ax, r"$\alpha$" if last else "", r"$\sigma$", means, legend=False)


def _draw_students(tables: Tables, means: str, ax: Axes, last: bool) -> None:
    setting = f"{means}, {problem.STUDENTS[0].name}, N = {problem.NUM_SAMPLES[0]}"
    students = tables["students"].where(reading=setting)
    for place, level in enumerate(LEVELS):
        pairs = tables["equal"].where(means=means, level=level)
        trials = students.where(level=level).pivot("trial", "share", "auc")
        label = f"error {pairs['mse'][0]:.3f}"
        drawing.band(ax, pairs["squared_bias"] / pairs["mse"], trials, label, place)
    ax.ticklabel_format(axis="y", useOffset=False)
    drawing.finish(ax, "share of squared bias" if last else "", "student AUC", setting)


STUDY = Study(
    name="menon_figure_6",
    title="Teachers of equal squared error, from bias alone to noise alone",
    paper=MENON,
    items=("Figure 6",),
    statements=(
        Statement(
            "several",
            "Several pairs of alpha and sigma have the same mean squared error",
            "For each of three levels, of five alphas more than one has a sigma with that error to"
            " twelve digits; exact, by quadrature",
        ),
        Statement(
            "trade",
            "Bias can be traded for variance at the same error",
            "Among these pairs the share of squared bias in the error varies by more than one half;"
            " exact, by quadrature",
        ),
        Statement(
            "bias_alone",
            "Teachers of the same error do not have equally good students: with bias alone they are"
            " better than with noise alone",
            "At each of the three levels the mean AUC of the students without noise is above that"
            " of the students without smoothing, paired by trial: above 0; 95 % intervals,"
            " together",
            ours=True,
        ),
    ),
    done="The squared bias and the variance of the teachers of Eq. 16, exactly, with the standard"
    " deviation sigma^2 of the logit noise as printed and for the vector of two probabilities:"
    " on a grid, and along teachers of equal error from smoothing alone to noise alone. Logistic"
    " students of the latter on the same samples, one draw of the noise for each; their AUC is"
    " that on the population, exactly. For them every choice is varied by itself, the others at"
    " their first value, for both means.",
    choices=(problem.SATURATION, problem.SIZE, problem.PENALTY, problem.INTERCEPT),
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 6.4),
    notes=(
        "Noise of the logits is not variance alone: the sigmoid bends, so that teachers without"
        " smoothing have a bias too (table equal).",
    ),
)
