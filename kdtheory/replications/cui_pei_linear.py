r"""Linear students of a teacher that answers at random: how they vary, and what averaging does.

The teacher answers an input $x$ with $m(x)$ plus noise of variance $\sigma^2(x)$, one on average.
A student is the least-squares fit to the averages of $k$ responses to each of its inputs. How its
predictions vary across students is the *inter-student* variance; the variance that it predicts with
is its *intra-student* variance. Both are known exactly, and simulated beside that.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.replications._linear_students import (
    AVERAGES,
    ESTIMATED,
    FRESH,
    KNOWN,
    POINT,
    POOLED,
    PREDICTIVE,
    REUSED,
    WORLDS,
    Trial,
    combinations,
    draw_trial,
    expected,
    students_of,
)
from kdtheory.replications._uncertainty import (
    SUBSTANTIAL,
    SUPPRESSED,
    draw_ratios,
    exponent,
)
from kdtheory.replications.drawing import band, finish
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
from kdtheory.replications.statistics import means
from kdtheory.theorems.papers import CUI_PEI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOLERANCE = 0.1
"""A rate of 1/k: an exponent that differs from -1 by less."""

SLACK = 0.01
"""Weights are taken for the best ones if they cost at most this share more."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes.

    Attributes:
        num_trials: draws of inputs, teacher and students in every world.
        num_students: distilled in a trial, independently.
        num_points: where they answer.
        num_features: coefficients of a student.
        responses: how many are averaged, increasing, from 1.
        weighted_responses: how many the estimates to be combined are made of.
    """

    num_trials: int
    num_students: int
    num_points: int = 20
    num_features: int = 5
    responses: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    weighted_responses: int = 5


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Returns what was drawn in every trial of every world, beside the exact expectations.

    Args:
        config: sizes.
        seed: of everything random.
        progress: called after every trial.

    Returns:
        ``students``: variance across students and of their own, by $k$ and kind of head, and how
        far the latter is from the teacher's; ``weighting``: mean squared errors of the teacher's
        averages, the students, and both combined.
    """
    students: list[dict[str, Any]] = []
    weighting: list[dict[str, Any]] = []
    done, total = 0, len(WORLDS) * config.num_trials
    for place, world in enumerate(WORLDS):
        for number in range(config.num_trials):
            rng = np.random.default_rng([seed, place, number])
            trial = draw_trial(
                world,
                config.num_students,
                config.num_points,
                config.num_features,
                max(config.responses),
                rng,
            )
            named = {"world": world.name, "trial": number}
            for num_responses in config.responses:
                students += [named | row for row in _variances(trial, num_responses)]
            weighting += [
                named | row for row in combinations(trial, config.weighted_responses, rng)
            ]
            done += 1
            progress(done, total)
    return {"students": stack(students), "weighting": stack(weighting)}


def _variances(trial: Trial, num_responses: int) -> Iterator[dict[str, Any]]:
    predictions, _, heads = students_of(trial, num_responses)
    inter = float(predictions.var(axis=0, ddof=1).mean())
    exact_inter, exact_heads = expected(trial, num_responses)
    of_teacher = trial.world.variance(trial.points)
    for head, own in heads.items():
        yield {
            "responses": num_responses,
            "head": head,
            "inter": inter,
            "inter_exact": exact_inter,
            "intra": float(own.mean()),
            "intra_exact": exact_heads[head],
            "distance": float(np.abs(own[:, None] - of_teacher).mean()),
        }


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Returns a finding for every statement and reading."""
    students, weighting = tables["students"], tables["weighting"]
    found: list[Finding] = []
    for world in students.distinct("world"):
        found += _of_world(students.where(world=world), world)
    for world in weighting.distinct("world"):
        here = weighting.where(world=world)
        for source in here.distinct("responses"):
            for known in here.distinct("variances"):
                rows = here.where(responses=source, variances=known)
                found += _of_weights(rows, f"{world}, {source}, {known}")
    return tuple(found)


def _of_world(rows: Table, world: str) -> Iterator[Finding]:
    counts = rows.distinct("responses")
    first, last = counts[0], counts[-1]
    for head, name in ((POINT, POINT), (AVERAGES, "its variance fitted")):
        own = rows.where(responses=first, head=head)["intra"]
        share = means(["its variance / the teacher's"], own[:, None])
        yield Finding("suppression", f"{world}, {name}", share, below=SUPPRESSED)
    one = rows.where(head=POINT)
    drawn, exact = (one.pivot("trial", "responses", name) for name in ("inter", "inter_exact"))
    share = means(["variance across students / the teacher's"], drawn[:, :1])
    yield Finding("inter_student", world, share, above=SUBSTANTIAL)
    rates = exponent("simulated", counts, drawn), exponent("exact", counts, exact)
    yield Finding("averaging", world, rates, above=-1.0 - TOLERANCE, below=-1.0 + TOLERANCE)
    change = means([f"k = {last} / k = {first}"], (drawn[:, -1:] / drawn[:, :1]))
    yield Finding("stable", world, change, below=1.0)
    for head in (POINT, AVERAGES, POOLED):
        far = rows.where(head=head).pivot("trial", "responses", "distance")
        gain = means([f"k = {first} less k = {last}"], far[:, :1] - far[:, -1:])
        yield Finding("reflects", f"{world}, {head}", gain, above=0.0)


def _of_weights(rows: Table, reading: str) -> Iterator[Finding]:
    weighted = rows["weighted"]
    ratios = np.stack([weighted / rows["teacher"], weighted / rows["student"]], axis=1)
    labels = ["combined / teacher", "combined / student"]
    yield Finding("weighting", reading, means(labels, ratios), below=1.0)
    ratio = (weighted / rows["best"])[:, None]
    yield Finding("minimum", reading, means(["combined / best"], ratio), below=1.0 + SLACK)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws the variances against the number of responses, and what weighting gives."""
    across, own, gain = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.1))
    students, weighting = tables["students"], tables["weighting"]
    worlds = students.distinct("world")
    counts = np.array(students.distinct("responses"))
    for place, world in enumerate(worlds):
        rows = students.where(world=world, head=POINT)
        band(across, counts, rows.pivot("trial", "responses", "inter"), world, place)
    highest = across.get_ylim()[1]
    across.plot(counts, highest / counts, color="0.5", linewidth=0.8, linestyle=":")
    across.annotate(
        "1/k", (counts[1], highest / counts[1]), (4, 4), textcoords="offset points", color="0.4"
    )
    across.set(xscale="log", yscale="log")
    finish(
        across, "responses averaged, k", "variance across students", "Across students", legend=False
    )

    for place, head in enumerate((POINT, AVERAGES, POOLED)):
        rows = students.where(world=worlds[0], head=head)
        band(own, counts, rows.pivot("trial", "responses", "intra"), head, place)
    own.axhline(1.0, color="0.3", linewidth=0.8)
    own.annotate("teacher", (counts[-1], 1.0), (0, 3), textcoords="offset points", ha="right")
    own.set(xscale="log", ylim=(-0.05, 1.5))
    finish(own, "responses averaged, k", "a student's own variance", f"Within: {worlds[0]}")
    for ax in (across, own):
        ax.set_xticks(counts, counts.astype(str))
        ax.minorticks_off()

    words = {FRESH: "fresh", REUSED: "reused", KNOWN: "known", ESTIMATED: "estimated"}
    words[PREDICTIVE] = "predictive"
    names, ratios = [], []
    for source, known in itertools.product((FRESH, REUSED), (KNOWN, ESTIMATED, PREDICTIVE)):
        names.append(f"{words[source]},\n{words[known]}")
        of_worlds = [weighting.where(world=w, responses=source, variances=known) for w in worlds]
        ratios.append([r["weighted"] / np.minimum(r["teacher"], r["student"]) for r in of_worlds])
    draw_ratios(gain, names, ratios)
    words_of_error = "squared error / that of the better one"
    finish(gain, words_of_error, "responses, variances", "Both combined", legend=False)
    handles, labels = across.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize="small",
        title="Left and right",
    )


STUDY = Study(
    name="cui_pei_linear",
    title="Uncertainty in distillation to linear regression, averaged and weighted",
    paper=CUI_PEI,
    items=(
        "three sources of randomness",
        "suppression",
        "averaging",
        "variance weighting",
        "guarantees in linear regression",
        "uncertainty transformation",
    ),
    statements=(
        Statement(
            "suppression",
            "A student distilled from single responses has a smaller predictive variance than its"
            " teacher",
            "At k = 1 the mean predictive variance of a student, over students and trials, is"
            f" below {SUPPRESSED:g} of the teacher's variance: a tenth is noticed. Student's"
            " interval over trials",
        ),
        Statement(
            "inter_student",
            "Much variability is left across students distilled independently from single"
            " responses",
            "At k = 1 the variance of predictions across students, over points and trials, is above"
            f" {SUBSTANTIAL:g} of the teacher's variance. Student's interval over trials",
        ),
        Statement(
            "averaging",
            "Averaging k responses reduces the noise at the rate 1/k",
            "The slope of the log of the variance across students in log k, by least squares over"
            f" all k, is within {TOLERANCE:g} of -1: simulated, with the jackknife over trials, and"
            " exactly",
        ),
        Statement(
            "stable",
            "Averaging makes the students more alike",
            "The variance across students at the largest k, divided by that at k = 1, is below 1."
            " Student's interval over trials",
        ),
        Statement(
            "reflects",
            "Averaging makes the students reflect their teacher's uncertainty better",
            "The mean absolute difference of a student's predictive variance and its teacher's"
            " variance, over points, is smaller at the largest k than at k = 1. Student's interval"
            " of the difference over trials",
        ),
        Statement(
            "weighting",
            "Weighting the teacher's and the student's estimates by inverse variances is better"
            " than either",
            "The mean squared error of the combination is below that of the teacher's averages and"
            " below that of the students: both ratios below 1, with Student's intervals over trials"
            " that hold together",
        ),
        Statement(
            "minimum",
            "Inverse-variance weighting gives the estimator of minimum variance",
            "Its mean squared error is at most 1 per cent above that of the best weights, which"
            " know the covariance and the bias of the student. Student's interval over trials",
        ),
    ),
    done="The text examined is an abstract, which states neither sizes nor data. Inputs are"
    " standard Gaussian with five coefficients, the teacher's variance is one on average, students"
    " are least-squares fits without a penalty to the averages of k responses, and they answer at"
    " fresh points. Variances across students are also computed exactly, and so are the errors of"
    " weights from known variances. The estimates that are combined are the averages of five"
    " responses and the prediction of a student trained on as many.",
    choices=(
        Choice("the student's own variance", (POINT, AVERAGES, POOLED)),
        Choice("size, noise and teacher", tuple(world.name for world in WORLDS)),
        Choice("variances used as weights", (KNOWN, ESTIMATED, PREDICTIVE)),
        Choice("responses that are weighted", (FRESH, REUSED)),
    ),
    sizes={
        "small": Config(num_trials=40, num_students=40),
        "paper": Config(num_trials=400, num_students=200),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(11.0, 4.8),
    notes=(
        "With noise that is the same everywhere, a linear teacher and a variance fitted to single"
        " responses, the variance across students at their inputs and the expected variance of"
        " their own add up to the teacher's exactly: what is suppressed within students is what is"
        " left across them, the share p/n of coefficients to inputs. Whether either is noticed is a"
        " question of p/n.",
        "A variance fitted to averages shrinks like 1/k with them; fitted to all responses it"
        " approaches the teacher's.",
        "For correlated responses the variance across students has a floor, the correlation times"
        " the variance at k = 1.",
        "A response that the student was trained on shares its noise with the student's prediction;"
        " with the same noise everywhere and a linear teacher the best weight of it is zero.",
    ),
)
