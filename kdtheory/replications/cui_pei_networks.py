r"""Small networks distilled from a network that answers at random: how they vary, and what helps.

A teacher answers an input $x$ with $m(x)$ plus Gaussian noise of variance $\sigma^2(x)$. Many sets
of its responses are drawn, several students trained on each, from starts of their own, and the
variance of their answers is split: across sets of responses, across trainings on one set, and the
variance that a student predicts with.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory._check import FloatArray
from kdtheory.replications._network_trials import (
    ALL,
    AVERAGES,
    FRESH,
    IN_THE_LOSS,
    REUSED,
    SETTINGS,
    SQUARED,
    STUDENT_VARIANCES,
    Config,
    combinations,
    draw_trial,
    measure,
    train_all,
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

TOLERANCE = 0.2
"""A rate of 1/k: an exponent that differs from -1 by less; networks are not linear in responses."""


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Returns how the students of every trial vary, and what weights give.

    Args:
        config: sizes.
        seed: of everything random.
        progress: called after every trial.

    Returns:
        ``students``: variances and squared errors by condition, and how far a student's variance is
        from the teacher's; ``weighting``: mean squared errors of the teacher's averages, the
        students, and both combined.
    """
    students: list[dict[str, Any]] = []
    weighting: list[dict[str, Any]] = []
    done, total = 0, len(SETTINGS) * config.num_trials
    for setting in SETTINGS:
        for number in range(config.num_trials):
            # The same teachers in every setting.
            rng = np.random.default_rng([seed, number])
            num_sets = config.num_sets * (config.num_trainings if setting.one_start else 1)
            trial = draw_trial(config, num_sets, rng)
            mean, variance = train_all(config, setting, trial, rng)
            for place, steps in reversed(list(enumerate(config.stops))):
                named = {"setting": setting.name, "steps": steps, "trial": number}
                for (arm, count), m, v in zip(config.conditions(), mean, variance, strict=True):
                    measured = measure(trial, m[..., place, :], v[..., place, :])
                    arms = (AVERAGES, ALL) if (arm, count) == (AVERAGES, 1) else (arm,)
                    students += [
                        named | {"arm": name, "responses": count} | measured for name in arms
                    ]
                found = combinations(config, trial, mean[..., place, :], variance[..., place, :])
                weighting += [named | row for row in found]
            done += 1
            progress(done, total)
    return {"students": stack(students), "weighting": stack(weighting)}


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Returns a finding for every statement and reading."""
    found: list[Finding] = []
    for table, of_rows in ((tables["students"], _of_students), (tables["weighting"], _of_weights)):
        for setting in table.distinct("setting"):
            for steps in table.distinct("steps"):
                rows = table.where(setting=setting, steps=steps)
                found += of_rows(rows, f"{setting}, {steps} steps")
    return tuple(found)


def _of_students(rows: Table, reading: str) -> Iterator[Finding]:
    counts = rows.distinct("responses")
    first, last = counts[0], counts[-1]
    for arm in (SQUARED, AVERAGES, ALL):
        named = f"{reading}, {arm}"
        of_arm = rows.where(arm=arm)

        def of(column: str, of_arm: Table = of_arm) -> FloatArray:
            return of_arm.pivot("trial", "responses", column)

        far = of("distance")
        gain = means([f"k = {first} less k = {last}"], far[:, :1] - far[:, -1:])
        yield Finding("reflects", named, gain, above=0.0)
        inter = of("inter")
        change = means([f"k = {last} / k = {first}"], inter[:, -1:] / inter[:, :1])
        yield Finding("stable", named, change, below=1.0)
        sources = [("response", "from responses"), ("inter", "from all sources")]
        # With one start for all there is no other source.
        for column, what in sources if of("training").any() else sources[:1]:
            rate = (exponent(what, counts, of(column)),)
            limits = -1.0 - TOLERANCE, -1.0 + TOLERANCE
            yield Finding("averaging", f"{named}, {what}", rate, *limits)
        if arm == ALL:
            # With one response it is the student of the averages.
            continue
        share = means(["variance across students / the teacher's"], (inter / of("teacher"))[:, :1])
        alone = f"{reading}, {arm if arm == SQUARED else 'Gaussian'}"
        yield Finding("inter_student", alone, share, above=SUBSTANTIAL)
        for column, where in (("share", "at new inputs"), ("share_seen", "at the training inputs")):
            own = means(["its variance / the teacher's"], of(column)[:, :1])
            yield Finding("suppression", f"{alone}, {where}", own, below=SUPPRESSED)


def _of_weights(rows: Table, reading: str) -> Iterator[Finding]:
    for way in rows.distinct("way"):
        chosen = rows.where(way=way)
        rivals = ["student"] if way == IN_THE_LOSS else ["teacher", "student"]
        ratios = np.stack([chosen["weighted"] / chosen[rival] for rival in rivals], axis=1)
        labels = [f"weighted / {rival}" for rival in rivals]
        yield Finding("weighting", f"{reading}, {way}", means(labels, ratios), below=1.0)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws where the variance comes from, what a student knows of it, and what weights give."""
    # Rows of their own: the long names in the second are no margin in the first.
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(0.44, 0.56))[:, 0]
    sources, own = upper.subplots(1, 2)
    across, gain = lower.subplots(1, 2)
    students, weighting = tables["students"], tables["weighting"]
    counts = np.array(students.distinct("responses"))
    setting, steps = students.distinct("setting")[0], students.distinct("steps")[0]
    first = students.where(setting=setting, steps=steps)
    for place, arm in enumerate((SQUARED, AVERAGES, ALL)):
        rows = first.where(arm=arm)
        unit = rows.pivot("trial", "responses", "teacher")
        for shift, column in enumerate(("response", "training")):
            share = rows.pivot("trial", "responses", column) / unit
            if arm != ALL:
                label = f"{arm}: {'responses' if shift == 0 else 'starts'}"
                band(sources, counts, share, label, 2 * place + shift)
        band(own, counts, rows.pivot("trial", "responses", "share"), arm, place)
    settings = list(itertools.product(students.distinct("setting"), students.distinct("steps")))
    for place, (name, stop) in enumerate(settings):
        rows = students.where(setting=name, steps=stop, arm=SQUARED)
        share = rows.pivot("trial", "responses", "inter")
        share = share / rows.pivot("trial", "responses", "teacher")
        band(across, counts, share, f"{name}, {stop} steps", place)
    own.axhline(1.0, color="0.3", linewidth=0.8)
    own.annotate("teacher", (counts[-2], 1.0), (0, 3), textcoords="offset points")
    # Room for that word.
    own.set_ylim(top=max(1.15, own.get_ylim()[1]))
    for ax in (sources, across):
        low, high = ax.get_ylim()
        ax.plot(counts, high / counts, color="0.5", linewidth=0.8, linestyle=":")
        ax.annotate("1/k", (counts[1], high / counts[1]), (4, 2), textcoords="offset points")
        ax.set(yscale="log")
    for ax in (sources, own, across):
        ax.set_xscale("log")
        ax.set_xticks(counts, counts.astype(str))
        ax.minorticks_off()
    words = "responses averaged, k"
    finish(sources, words, "variance / the teacher's", f"Across students: {setting}, {steps} steps")
    finish(own, words, "variance / the teacher's", "A student's own variance: the same students")
    finish(
        across, words, "variance / the teacher's", "Across students: squared error", legend=False
    )
    names, ratios = weighting.distinct("way"), []
    for way in names:
        rivals = ["student"] if way == IN_THE_LOSS else ["teacher", "student"]
        chosen = [weighting.where(setting=s, steps=stop, way=way) for s, stop in settings]
        ratios.append(
            [r["weighted"] / np.min([r[rival] for rival in rivals], axis=0) for r in chosen]
        )
    draw_ratios(gain, [name.replace(", ", ",\n") for name in names], ratios)
    finish(gain, "squared error / that of the better one", "", "Weighted", legend=False)
    handles, labels = across.get_legend_handles_labels()
    lower.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize="small",
        title="Lower panels",
    )


STUDY = Study(
    name="cui_pei_networks",
    title="Uncertainty in distillation to small networks, averaged and weighted",
    paper=CUI_PEI,
    items=(
        "three sources of randomness",
        "suppression",
        "averaging",
        "variance weighting",
        "neural networks",
        "uncertainty transformation",
    ),
    statements=(
        Statement(
            "suppression",
            "A student distilled from single responses has a smaller predictive variance than its"
            " teacher",
            "At k = 1 the mean predictive variance of a student, divided by the mean variance of"
            f" the teacher there, is below {SUPPRESSED:g}: a tenth is noticed. Student's interval"
            " over trials, each with a teacher of its own",
        ),
        Statement(
            "inter_student",
            "Much variability is left across students distilled independently from single"
            " responses",
            "At k = 1 the variance of predictions across students, from responses and starts, is"
            f" above {SUBSTANTIAL:g} of the teacher's variance. Student's interval over trials",
        ),
        Statement(
            "averaging",
            "Averaging k responses reduces the noise at the rate 1/k",
            "The slope of the log of the variance across students, mean over trials, in log k, by"
            f" least squares over all k, is within {TOLERANCE:g} of -1, since a network is not"
            " linear in the responses. Student's interval of the jackknife over trials",
        ),
        Statement(
            "stable",
            "Averaging makes the students more alike",
            "The variance across students at the largest k, from all sources, divided by that at"
            " k = 1, is below 1. Student's interval over trials",
        ),
        Statement(
            "reflects",
            "Averaging makes the students reflect their teacher's uncertainty better",
            "The mean absolute difference of a student's predictive variance and its teacher's"
            " variance, over points and in units of the latter's mean, is smaller at the largest k"
            " than at k = 1. Student's interval of the difference over trials",
        ),
        Statement(
            "weighting",
            "Weighting by inverse variances lowers the error",
            "The mean squared error of the combined estimate is below that of the teacher's"
            " averages and below that of the students; with weights in the loss, that of the"
            " students is below that of students without. Ratios below 1, with Student's intervals"
            " over trials that hold together",
        ),
    ),
    done="The text examined is an abstract, which states neither sizes nor data. A teacher is a"
    " random two-layer network of two inputs whose outputs are the mean and the log variance of a"
    " Gaussian response; its means have variance one and its noise variance 0.5 on average."
    " Students are two-layer networks with 16 or 64 tanh units, trained by Adam on all of 40 inputs"
    " at once for as many steps whatever k is. They learn the averages by squared error, and then"
    " have no variance of their own; or a mean and a variance by Gaussian likelihood, of the"
    " averages or of all k responses. In a trial several are trained on each of several sets of"
    " responses, and a nested analysis of variance tells responses from starts.",
    choices=(
        Choice("what students learn", (SQUARED, AVERAGES, ALL)),
        Choice("units and starts", tuple(setting.name for setting in SETTINGS)),
        Choice("steps of training", ("100", "1000")),
        Choice("inputs at which variances are compared", ("new ones", "the training inputs")),
        Choice(
            "what is weighted",
            (
                f"the teacher's {FRESH} and the student",
                f"{REUSED}, which the student was trained on, and the student",
                IN_THE_LOSS,
            ),
        ),
        Choice("variance of a student, for its weight", tuple(STUDENT_VARIANCES.values())),
    ),
    sizes={
        "small": Config(num_trials=20, num_sets=4),
        "paper": Config(num_trials=100, num_sets=8),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(10.5, 8.6),
    notes=(
        "Averages leave what starts contribute to the variance across students, which falls only as"
        " far as better targets make trainings agree; with one start for all there is no such"
        " floor.",
        "A Gaussian student of averages learns the variance of averages, a k-th of its teacher's;"
        " trained on all k responses without averaging it learns the teacher's.",
        "What a network says of its variance at inputs that it was trained on is not what it says"
        " elsewhere, where the variance also differs more from one teacher to another.",
        "The squared distance of the mean student from the teacher's mean is in the table as bias;"
        " where training stops early it is most of the squared error at the largest k, which no"
        " averaging of responses takes away.",
    ),
)
