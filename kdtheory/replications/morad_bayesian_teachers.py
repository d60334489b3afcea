r"""Morad et al., Bayesian teachers: are they closer to the Bayes probabilities, and their students?

The text examined is an abstract and reviews. Teachers are trained on a small labelled sample: a
network; an average over networks; an average over a Gaussian approximation of the posterior of the
last layer (Laplace); and, for Gaussian classes, the exact posterior of the class means against its
mean plugged in. Trials are worlds, each with its sample and its teachers; runs are students that
differ in start and order.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.replications import _class_worlds, drawing, statistics
from kdtheory.replications._classifier_training import (
    Lessons,
    at_the_end,
    by_epoch,
    orders,
    random_starts,
    train,
)
from kdtheory.replications._long_tables import compared, joined, long_table
from kdtheory.replications._teacher_training import (
    TEACHINGS,
    TEMPERED,
    Config,
    Teachers,
    Teaching,
    distances,
    lessons_of,
    parts_of,
    teachers_of,
    worlds_of,
)
from kdtheory.replications.records import (
    Choice,
    Finding,
    Progress,
    Statement,
    Study,
    Table,
    Tables,
)
from kdtheory.theorems.papers import MORAD

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kdtheory._check import FloatArray

BASELINES = {
    "ensemble": "deterministic",
    "Laplace": "deterministic",
    "Laplace, evidence": "deterministic",
    "posterior": "plug-in",
}
"""Bayesian teacher -> the teacher of the same kind that is not."""

STEP_SIZES = {"SGD": 0.2, "Adam": 0.02}


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Trains teachers, and students of all of them.

    Args:
        config: how much.
        seed: of everything random.
        progress: called after every training of a block of trials.

    Returns:
        ``teachers``: a row for every teacher, trial, and inputs on which it is measured;
        ``students``: a row for every setting, teacher and trial; ``epochs``: one for every epoch,
        too. Numbers are means over runs.
    """
    starts = range(0, config.trials, config.block)
    pieces: dict[str, list[Table]] = {"teachers": [], "students": [], "epochs": []}
    students = sum(map(len, TEACHINGS.values())) * len(STEP_SIZES)
    total, done = len(starts) * (len(TEACHINGS) + students), 0
    for teaching, start in itertools.product(TEACHINGS, starts):
        trials = range(start, min(start + config.block, config.trials))
        rng = np.random.default_rng([seed, start, list(TEACHINGS).index(teaching)])
        worlds = worlds_of(config, rng, len(trials), teaching)
        teachers = teachers_of(config, rng, worlds, teaching)
        parts = parts_of(config, teaching)
        known = {"teaching": teaching.name, **teaching._asdict()}
        axes: list[Any] = [{"labels": teachers.names}, {"trial": trials}]
        for where in ("new", *TEACHINGS[teaching]):
            found = (
                distances(worlds.test_probs, teachers.tests)
                if where == "new"
                else distances(worlds.probs[:, parts[where]], teachers.sample[:, :, parts[where]])
            )
            pieces["teachers"].append(long_table(known | {"inputs": where}, axes, found))
        done += 1
        progress(done, total)
        for inputs in TEACHINGS[teaching]:
            lessons = _lessons(config, rng, worlds, teachers, parts[inputs], teaching)
            for optimiser, step_size in STEP_SIZES.items():
                _, history = train(optimiser, step_size, lessons)
                reading = {"reading": f"{optimiser}, {inputs} inputs, {teaching.name}"}
                how = {**known, "optimiser": optimiser, "inputs": inputs}
                bayes = np.mean(np.max(worlds.test_probs, axis=2), axis=1)
                axes = [{"labels": teachers.names}, {"trial": trials, "bayes_accuracy": bayes}]
                pieces["students"].append(long_table(reading | how, axes, at_the_end(history)))
                axes = [{"labels": teachers.names}, {"trial": trials}]
                axes.append({"epoch": range(1, config.epochs + 1)})
                pieces["epochs"].append(long_table(reading, axes, by_epoch(history)))
                done += 1
                progress(done, total)
    return {name: joined(parts) for name, parts in pieces.items()}


def _lessons(
    config: Config,
    rng: np.random.Generator,
    worlds: _class_worlds.Worlds,
    teachers: Teachers,
    used: slice,
    teaching: Teaching,
) -> Lessons:
    """Draws starts and orders of students."""
    shape = len(worlds.inputs), config.runs
    middle = () if teaching.problem == "Gaussian classes" else (config.hidden,)
    start = random_starts(rng, shape, (config.features, *middle, config.labels))
    first = used.start or 0
    steps = config.epochs, config.large // config.batch
    order = first + orders(rng, shape, used.stop - first, steps, config.batch)
    targets = np.exp(teachers.sample).astype(np.float32)[:, :, None, None]
    return lessons_of(worlds, targets, start, order, used)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Compares Bayesian teachers with others trial by trial, and their students, in every reading.

    Args:
        tables: as from `simulate`.
    """
    return (*_of_teachers(tables["teachers"]), *_of_students(tables["students"]))


def _of_teachers(table: Table) -> Iterator[Finding]:
    measures = {"squared distance": "squared_distance", "KL": "kl"}
    for teaching, inputs in itertools.product(table.distinct("teaching"), table.distinct("inputs")):
        rows = table.where(teaching=teaching, inputs=inputs)
        known = rows.distinct("labels")
        for (name, baseline), (said, column) in itertools.product(
            BASELINES.items(), measures.items()
        ):
            if name not in known:
                continue
            reading = f"{name}; {said}, {inputs} inputs; {teaching}"
            gain = compared(rows, baseline, name, {f"{baseline} - {name}": column})
            yield Finding("closer", reading, gain, above=0.0)
            if baseline == "deterministic" and inputs == "new":
                gain = compared(rows, TEMPERED, name, {f"{TEMPERED} - {name}": column})
                yield Finding("control", reading, gain, above=0.0)


def _of_students(table: Table) -> Iterator[Finding]:
    for setting in table.distinct("reading"):
        rows = table.where(reading=setting)
        for name in (one for one in BASELINES if one in rows.distinct("labels")):
            baseline, reading = BASELINES[name], f"{name}; {setting}"
            more = functools.partial(compared, rows, name, baseline)
            less = functools.partial(compared, rows, baseline, name)
            yield Finding("accuracy", reading, more({"accuracy": "accuracy"}), above=0.0)
            yield Finding("risk", reading, less({"excess risk": "excess"}), above=0.0)
            jitter = {"accuracy": "accuracy_jitter", "excess risk": "excess_jitter"}
            yield Finding("jitter", reading, less(jitter), above=0.0)
            gradient = {"mean square of gradients": "gradient"}
            yield Finding("gradient", reading, less(gradient), above=0.0)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws teachers' distances, students' accuracies and curves, and one against the other.

    Args:
        tables: as from `simulate`.
        figure: an empty one.
    """
    teachers, students, epochs = (tables[name] for name in ("teachers", "students", "epochs"))
    axes = figure.subplots(2, 2).ravel()
    names = list(
        dict.fromkeys(("exact", "one-hot", "deterministic", TEMPERED, *teachers.distinct("labels")))
    )
    new = teachers.where(inputs="new")
    large = [one for one in TEACHINGS if one.sample == "large"]
    for place, teaching in enumerate((large[0], large[1], large[3])):
        rows = new.where(teaching=teaching.name)
        label = f"{teaching.problem}, {teaching.penalty} penalty"
        _dots(axes[0], names, rows, rows["squared_distance"], label, place)
    drawing.finish(axes[0], "squared distance from the Bayes probabilities", "", "teachers")
    first = {name: _first_reading(students, name) for name in STEP_SIZES}
    for place, (optimiser, reading) in enumerate(first.items()):
        rows = students.where(reading=reading)
        baseline = rows.where(labels="deterministic")["accuracy"]
        points = 100 * (rows["accuracy"] - baseline[rows["trial"].astype(int)])
        _dots(axes[1], names, rows, points, optimiser, place)
    said = "accuracy minus deterministic teacher's (points)"
    drawing.finish(axes[1], said, "", "students of network classes, strong penalty", legend=False)
    axes[1].legend(frameon=False, fontsize="small", loc="lower right")
    rows = epochs.where(reading=first["SGD"])
    for place, name in enumerate(SHOWN):
        values = rows.where(labels=name).pivot("trial", "epoch", "excess")
        drawing.band(axes[2], rows.distinct("epoch"), np.log10(values), name, place)
    said = "log10 of the excess risk (nats)"
    drawing.finish(
        axes[2], "epoch", said, "students of network classes, strong penalty, SGD", legend=False
    )
    bottom, top = axes[2].get_ylim()
    axes[2].set_ylim(bottom - 0.5 * (top - bottom), top)  # room for the legend
    axes[2].legend(frameon=False, fontsize="small", loc="lower left", ncols=2)
    _scatter(axes[3], teachers, students)


SHOWN = ("one-hot", "deterministic", TEMPERED, "ensemble", "Laplace", "Laplace, evidence", "exact")
"""Whose students are shown by epoch."""


def _first_reading(students: Table, optimiser: str) -> str:
    return str(students.where(optimiser=optimiser)["reading"][0])


def _dots(
    ax: Axes, names: list[str], rows: Table, values: FloatArray, label: str, place: int
) -> None:
    """Draws means over trials with Student's intervals, a line for every teacher."""
    known = [name for name in names if name in rows.distinct("labels")]
    columns = np.column_stack([values[rows["labels"] == name] for name in known])
    found = [one.estimate for one in statistics.means(known, columns)]
    middle = np.array([one.value for one in found])
    ends = np.array([[one.value - one.low, one.high - one.value] for one in found]).T
    heights = np.array([names.index(name) for name in known]) + 0.2 * (place - 1)
    style: dict[str, Any] = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place]}
    ax.errorbar(middle, heights, xerr=ends, linestyle="none", label=label, markersize=5, **style)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


def _scatter(ax: Axes, teachers: Table, students: Table) -> None:
    """Draws teachers' distances where students are trained against the students' excess risk."""
    families = {
        "Bayesian": tuple(BASELINES),
        "not Bayesian": tuple(dict.fromkeys(BASELINES.values())),
        TEMPERED: (TEMPERED,),
        "one-hot": ("one-hot",),
    }
    for place, (family, members) in enumerate(families.items()):
        points = []
        for reading in students.distinct("reading"):
            rows = students.where(reading=reading)
            where = {name: rows[name][0] for name in ("teaching", "inputs")}
            for name in set(members) & set(rows.distinct("labels")):
                distance = teachers.where(labels=name, **where)["squared_distance"]
                points.append((distance.mean(), rows.where(labels=name)["excess"].mean()))
        colour, marker = drawing.COLOURS[place], drawing.MARKERS[place]
        across, up = np.transpose(points)
        ax.scatter(across, up, s=18, label=family, color=colour, marker=marker)
    ax.set_yscale("log")
    drawing.finish(
        ax,
        "teacher's squared distance where it teaches",
        "student's excess risk (nats)",
        "all settings, means over trials",
    )


STUDY = Study(
    name="morad_bayesian_teachers",
    title="Bayesian and deterministic teachers, and their students",
    paper=MORAD,
    items=("Bayesian teachers", "reviewer: Adam"),
    statements=(
        Statement(
            "closer",
            "Bayesian teachers are closer to the Bayes class probabilities than deterministic ones",
            "The mean distance from the Bayes probabilities, of the deterministic teacher minus"
            " that of the Bayesian one, paired by trial: the 95 % Student interval lies above 0",
        ),
        Statement(
            "accuracy",
            "Their students are more accurate",
            "The mean accuracy over the last quarter of the epochs, of the Bayesian teacher's"
            " students minus that of the deterministic one's, paired by trial: the 95 % Student"
            " interval lies above 0",
        ),
        Statement(
            "risk",
            "Their students converge better",
            "The excess risk over the last quarter of the epochs, of the deterministic teacher's"
            " students minus that of the Bayesian one's, paired by trial: the 95 % Student interval"
            " lies above 0",
        ),
        Statement(
            "jitter",
            "Training on their probabilities is more stable",
            "The root mean square of the change from one epoch to the next over the second half,"
            " with the deterministic teacher minus with the Bayesian one, paired by trial, for"
            " accuracy and for excess risk: both Student intervals, 95 % together, lie above 0",
        ),
        Statement(
            "gradient",
            "Training on their probabilities is less noisy",
            "The mean square of the gradients of single training examples over the last quarter of"
            " the epochs, with the deterministic teacher minus with the Bayesian one, paired by"
            " trial: the 95 % Student interval lies above 0",
        ),
        Statement(
            "control",
            "Bayesian teachers are closer, too, than the deterministic one with a temperature"
            " fitted to further labels, so that they do more than answer with less confidence",
            "The mean distance from the Bayes probabilities at new inputs, of the tempered teacher"
            " minus that of the Bayesian one, paired by trial: the 95 % Student interval lies"
            " above 0",
            ours=True,
        ),
    ),
    done="The text trains large networks on images, turned Bayesian; none of it is attempted, nor"
    " its largest gain in accuracy. Here teachers are networks of one hidden layer on a small"
    " labelled sample of a problem whose Bayes probabilities are known. Bayesian are: the average"
    " of five networks (deep ensemble), the average over a Gaussian approximation of the posterior"
    " of one network's last layer (Laplace), and the exact posterior where classes are Gaussian,"
    " whose deterministic counterpart plugs its mean in. Students are linear softmax on Gaussian"
    " classes and small networks elsewhere. The temperature of the control is fitted to a"
    " hundred further labels.",
    choices=(
        Choice(
            "Bayesian teacher",
            (
                "ensemble",
                "Laplace with the prior of the penalty",
                "Laplace with the prior of largest evidence",
                "exact posterior",
            ),
        ),
        Choice("distance", ("squared distance", "KL from the Bayes probabilities")),
        Choice(
            "where the distance is measured",
            (
                "new inputs",
                "the teacher's own inputs",
                "fresh inputs on which students are trained",
            ),
        ),
        Choice("inputs of the students", ("the teacher's own", "fresh ones")),
        Choice("optimiser of the students, with a constant step size", ("SGD", "Adam")),
        Choice("penalty of the teacher", ("strong: 1e-2", "weak: 1e-4")),
        Choice("sample of the teacher", ("300", "100")),
        Choice("problem", ("a random network's probabilities", "Gaussian classes")),
    ),
    sizes={
        "small": Config(),
        "paper": Config(
            trials=40, runs=5, block=4, draws=256, epochs=60, teacher_epochs=60, tests=4000
        ),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(9.4, 7.0),
    notes=(
        "At new inputs the exact posterior has the least mean squared distance, and the least KL,"
        " of all teachers that are made of the sample, on average over worlds: it is the"
        " conditional expectation of the Bayes probabilities. What is undecided about it is small,"
        " not open.",
        "The mean square of gradients at the end tells how well students can match a teacher, not"
        " how close it is to the Bayes probabilities: linear softmax matches the plug-in teacher of"
        " Gaussian classes exactly, so that no noise is left.",
        "On its own inputs a teacher answers what it has learnt by heart. Where every network of an"
        " ensemble has done so, their average answers the same.",
        "The tempered teacher of the control has seen further labels, which the others have not.",
    ),
)
