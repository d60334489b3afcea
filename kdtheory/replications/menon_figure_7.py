r"""Menon et al., Figure 7: students of Bayes probabilities that are distorted by $\Psi_\alpha$."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
import scipy.stats

from kdtheory._check import FloatArray
from kdtheory.objects.synthetic_teachers import distorted, distorted_as_printed
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
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALPHAS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How much the probabilities are distorted, which is not printed; 1 comes first."""

FORMS: dict[str, Callable[..., Any]] = {
    "Psi with 1/2 of the root": distorted,
    "Psi as printed": distorted_as_printed,
}
"""The distortion with the factor that is missing in print, and without it."""

CORRECTED, PRINTED = FORMS


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        num_trials: how many samples.
    """

    num_trials: int


SIZES = {"small": Config(100), "paper": Config(1000)}


def distort(form: str, probs: FloatArray, alpha: float) -> FloatArray:
    """Returns distorted probabilities.

    Args:
        form: one of `FORMS`.
        probs: of the first class.
        alpha: how much they are distorted.
    """
    with jax.enable_x64(True):
        return np.asarray(FORMS[form](jnp.asarray(probs, float), jnp.asarray(alpha, float)))


def mean_squared_error(entry: float, form: str, alpha: float) -> float:
    """Returns the error of a distorted Bayes teacher, for the vector of both probabilities.

    Args:
        entry: of every coordinate of the mean of the first class.
        form: one of `FORMS`.
        alpha: how much it is distorted.
    """
    norm = float(np.linalg.norm(problem.mean_vector(entry)))
    # The logits are 2 |mu| times a coordinate, N(|mu|, 1) or N(-|mu|, 1) with equal chances. At
    # zero the distortion has an infinite slope: the rule that is doubly exponential does not mind.
    steps = np.linspace(-4.0, 4.0, 401)
    share = scipy.special.expit(np.pi * np.sinh(steps))
    place = _REACH * share
    weights = _REACH * np.pi * np.cosh(steps) * share * scipy.special.expit(-np.pi * np.sinh(steps))
    position = np.concatenate([-place, place])
    probs = scipy.special.expit(2 * norm * position)
    density = scipy.stats.norm.pdf(position - norm) + scipy.stats.norm.pdf(position + norm)
    # The other probability is off by as much: twice, times the half of either class.
    squares = density * (distort(form, probs, alpha) - probs) ** 2
    return float(np.tile(weights, 2) @ squares * (steps[1] - steps[0]))


_REACH = 12.0


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Runs every reading.

    Args:
        config: how much.
        seed: of the samples.
        progress: called after every setting.

    Returns:
        ``students``, the AUC of every student; ``one_hot``, that of students of one-hot labels;
        ``teachers``, the exact errors; and ``curves``, the distortion itself.
    """
    noise = problem.draw_noise([seed, 70], config.num_trials, max(problem.NUM_SAMPLES))
    settings = [(CORRECTED, *setting) for setting in problem.settings()]
    settings.append((PRINTED, *problem.settings()[0]))
    work = [(means, *setting) for means in problem.MEANS for setting in settings]
    students, one_hot = [], []
    for means, form, student, size in work:
        part = noise.first(size)
        labels, bayes = problem.both_labels(part, means.entry)
        targets = np.stack([labels, *(distort(form, bayes, alpha) for alpha in ALPHAS)])
        auc = problem.distilled_auc(part, means.entry, targets, student)
        named = {"reading": [f"{means.name}, {form}, {student.name}, N = {size}"]}
        trials = {"trial": range(config.num_trials)}
        one_hot.append(crossed({**named, **trials}, auc=auc[0]))
        students.append(crossed({**named, "alpha": ALPHAS, **trials}, auc=auc[1:]))
        progress(len(students), len(work))
    probs = np.linspace(0.0, 1.0, 201)
    return {
        "students": joined(students),
        "one_hot": joined(one_hot),
        "teachers": joined(_errors(means, form) for means in problem.MEANS for form in FORMS),
        "curves": crossed(
            {"form": list(FORMS), "alpha": ALPHAS, "prob": probs.tolist()},
            distorted=[[distort(form, probs, alpha) for alpha in ALPHAS] for form in FORMS],
        ),
    }


def _errors(means: problem.Means, form: str) -> Table:
    errors = [mean_squared_error(means.entry, form, alpha) for alpha in ALPHAS]
    axes = {"reading": [f"{means.name}, {form}"], "alpha": ALPHAS}
    return crossed(axes, mse=errors)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the teachers and the students.

    Args:
        tables: of `simulate`.
    """
    steps = [f"alpha = {a:g} to {b:g}" for a, b in zip(ALPHAS[:-1], ALPHAS[1:], strict=True)]
    findings = []
    for reading in tables["teachers"].distinct("reading"):
        errors = tables["teachers"].where(reading=reading)["mse"]
        rises = map(statistics.exactly, steps, np.diff(errors))
        findings.append(Finding("deviates", reading, tuple(rises), above=0.0))
    for reading in tables["students"].distinct("reading"):
        areas = tables["students"].where(reading=reading).pivot("trial", "alpha", "auc")
        falls = statistics.means(steps, -np.diff(areas, axis=1))
        findings.append(Finding("falls", reading, falls, above=0.0))
        for last in (-1, 2):
            ends = statistics.means(
                [f"alpha = {ALPHAS[0]:g} against {ALPHAS[last]:g}"],
                areas[:, [0]] - areas[:, [last]],
            )
            whole = f"{reading}, alpha up to {ALPHAS[last]:g}"
            findings.append(Finding("noticeable", whole, ends, above=problem.VISIBLE))
    return tuple(findings)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the distortion, and the AUC by its amount.

    Args:
        tables: of `simulate`.
        figure: an empty one.
    """
    top, bottom = figure.subplots(2, 2)
    for ax, form in zip(top, FORMS, strict=True):
        curves = tables["curves"].where(form=form)
        for place, alpha in enumerate(ALPHAS):
            curve = curves.where(alpha=alpha)
            style: dict[str, Any] = {"linestyle": drawing.LINES[place], "linewidth": 1.6}
            label = rf"$\alpha$ = {alpha:g}"
            colour = drawing.COLOURS[place]
            ax.plot(curve["prob"], curve["distorted"], color=colour, label=label, **style)
        ax.set_ylim(-0.05, 1.55)
        drawing.finish(ax, "Bayes probability", "teacher's probability", form, legend=ax is top[0])
    for ax, means in zip(bottom, problem.MEANS, strict=True):
        _draw_students(tables, means, ax)
    bottom[1].legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0.0, 0.12))


def _draw_students(tables: Tables, means: problem.Means, ax: Axes) -> None:
    student, first = problem.STUDENTS[0].name, problem.NUM_SAMPLES[0]
    lines = [(CORRECTED, size) for size in problem.NUM_SAMPLES] + [(PRINTED, first)]
    for place, (form, size) in enumerate(lines):
        reading = f"{means.name}, {form}, {student}, N = {size}"
        trials = tables["students"].where(reading=reading).pivot("trial", "alpha", "auc")
        printed = "" if form == CORRECTED else ", as printed"
        drawing.band(ax, ALPHAS, trials, f"N = {size}{printed}", place)
    plain = tables["one_hot"].where(reading=f"{means.name}, {CORRECTED}, {student}, N = {first}")
    style: dict[str, Any] = {"color": "0.5", "linewidth": 1, "linestyle": ":"}
    ax.axhline(float(plain["auc"].mean()), label=f"N = {first}, one-hot labels", **style)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ALPHAS, [f"{alpha:g}" for alpha in ALPHAS])
    ax.ticklabel_format(axis="y", useOffset=False)
    drawing.finish(ax, r"$\alpha$", "student AUC", f"{means.name}, {student}", legend=False)


STUDY = Study(
    name="menon_figure_7",
    title="Students of distorted Bayes probabilities with the same decisions",
    paper=MENON,
    items=("Figure 7",),
    statements=(
        Statement(
            "deviates",
            "The larger alpha, the further the teacher's probabilities are from Bayes's",
            "The teacher's mean squared error rises at every step from one alpha to the next;"
            " exact, by quadrature",
        ),
        Statement(
            "falls",
            "The larger alpha, the lower the student's AUC",
            "At every step from one alpha to the next the mean AUC falls, paired by trial: above 0;"
            " 95 % intervals, together",
        ),
        Statement(
            "noticeable",
            "The harm can be seen in a plot",
            "The mean AUC at alpha = 1 is above that at the largest alpha by more than"
            f" {problem.VISIBLE}, about the width of a plotted line, paired by trial; 95 %"
            " interval",
        ),
    ),
    done="The two Gaussian classes of the text, with Bayes probabilities that are distorted by"
    " Psi as printed and with the factor 1/2 that its upper branch lacks in print. The student's"
    " AUC is that on the population, exactly. Every choice is varied by itself, the others at"
    " their first value, for both means and both largest alphas.",
    choices=(
        problem.SATURATION,
        Choice("the distortion Psi", ("with 1/2 of the root above 1/2", "as printed, up to 3/2")),
        problem.SIZE,
        problem.PENALTY,
        problem.INTERCEPT,
        Choice("the values of alpha", ("1, 2, 4, 8 and 16", "1, 2 and 4")),
    ),
    sizes=SIZES,
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 6.6),
    notes=(
        "As printed, Psi does not give probabilities, and alpha = 1 is not the Bayes teacher.",
        "For large samples nothing is harmed: the best linear student of the population has the"
        " direction of theta* whatever increasing function of p*, with values in [0, 1], its"
        " teacher is.",
    ),
)
