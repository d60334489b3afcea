r"""Figure 3 of Menon et al.: how deep a forest should be that teaches a shallow tree.

A forest of three trees of depth $d$ is fitted to a sample of the slab problem, a tree of depth 4 is
fitted to its probabilities; the mean squared error $E\|p^t-p^*\|_2^2$ of the one and the AUC of the
other are those of the population, computed exactly (see ``_slab``).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from kdtheory import _check
from kdtheory.replications import _slab
from kdtheory.replications.drawing import COLOURS, band, finish
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
from kdtheory.replications.statistics import lead, means
from kdtheory.theorems.papers import MENON

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPTHS = (1, 2, 4, 8, 16)
"""Of the teachers' trees."""

BEST = 8
"""The depth that the text reports."""

NUM_SAMPLES = 100
"""As printed."""

NUM_TREES, STUDENT_DEPTH = 3, 4


class Forest(NamedTuple):
    """How a forest is fitted.

    Attributes:
        target: to what, ``"labels"`` or ``"Bayes probabilities"``.
        max_features: how many of the two inputs a split may choose from.
        bootstrap: whether every tree has a sample of its own.
    """

    target: str
    max_features: int
    bootstrap: bool

    def __str__(self) -> str:
        """Says it in words."""
        features = "one input a split" if self.max_features == 1 else "both inputs at splits"
        return f"{self.target}, {features}, {'' if self.bootstrap else 'no '}bootstrap"


class Student(NamedTuple):
    """How a student is fitted.

    Attributes:
        sample: ``"S"``, on which the teacher was fitted, or ``"fresh"``.
        loss: ``"squares"``, or ``"entropy"``.
    """

    sample: str
    loss: str

    def __str__(self) -> str:
        """Says it in words."""
        return f"student on {'S' if self.sample == 'S' else 'fresh inputs'}, {self.loss}"


FORESTS = tuple(
    Forest(*kind)
    for kind in itertools.product(("labels", "Bayes probabilities"), (1, 2), (True, False))
)
"""Every reading of the teacher, the first one with scikit-learn's defaults."""

STUDENTS = (Student("S", "squares"), Student("fresh", "squares"), Student("S", "entropy"))
"""Every reading of the student."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes.

    Attributes:
        trials: at the sample size of the text, in every reading; at least 4.
        larger: other sample sizes, each with its number of trials, in the first reading only.
    """

    trials: int
    larger: tuple[tuple[int, int], ...]

    def sizes(self) -> Iterator[tuple[int, int, tuple[Forest, ...], tuple[Student, ...]]]:
        """Yields sample sizes, with their trials and the readings tried."""
        yield NUM_SAMPLES, self.trials, FORESTS, STUDENTS
        for num_samples, trials in self.larger:
            yield num_samples, trials, FORESTS[:1], STUDENTS[:1]


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Fits teachers and students.

    Args:
        config: sizes.
        seed: of everything random.
        progress: told of every trial.

    Returns:
        Table "teachers" with the mean squared error of every forest; "students" with the AUC of
        every student; "pairs" with the squared bias and the variance of forests, from two trials
        each; "references" with the AUC of students of one-hot labels and of Bayes probabilities;
        "population" with what does not depend on a sample.

    Raises:
        InputError: for fewer than 4 trials.
    """
    _check.integer("trials", min([config.trials, *(t for _, t in config.larger)]), low=4)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("teachers", "students", "pairs", "references")
    }
    total, done = config.trials + sum(trials for _, trials in config.larger), 0
    for num_samples, trials, forests, students in config.sizes():
        before: dict[tuple[Forest, int], _Fitted] = {}
        for trial in range(trials):
            rng = np.random.default_rng([seed, num_samples, trial])
            row = {"num_samples": num_samples, "trial": trial}
            sample = _Sample.draw(rng, num_samples)
            rows["references"] += [row | found for found in _references(sample)]
            here = {}
            for forest, depth in itertools.product(forests, DEPTHS):
                fitted = here[forest, depth] = _Fitted.to(sample, forest, depth)
                named = row | {"forest": str(forest), "depth": depth}
                rows["teachers"].append(named | {"mse": fitted.mse})
                for student in students:
                    # The entropy is tried with the first forest only.
                    if student.loss == "squares" or forest == forests[0]:
                        score = _slab.auc(_student(student, sample, fitted.probs[student.sample]))
                        rows["students"].append(named | {"student": str(student), "auc": score})
                if trial % 2:
                    rows["pairs"].append(named | _bias(before[forest, depth], fitted))
            before = here
            done += 1
            progress(done, total)
    return {name: stack(found) for name, found in rows.items()} | {"population": _population()}


class _Sample(NamedTuple):
    """A sample, further inputs for students of their own, and the seed of what is fitted."""

    inputs: Any
    labels: Any
    fresh: Any
    state: int

    @classmethod
    def draw(cls, rng: np.random.Generator, num_samples: int) -> _Sample:
        inputs, labels = _slab.draw(rng, num_samples)
        fresh, _ = _slab.draw(rng, num_samples)
        # One seed for all depths of a trial: they are compared on like forests.
        return cls(inputs, labels, fresh, int(rng.integers(2**31 - 1)))


class _Fitted(NamedTuple):
    """A teacher: its trees, its mean squared error, its probabilities at the students' inputs."""

    trees: Sequence[_slab.Leaves]
    mse: float
    probs: dict[str, Any]

    @classmethod
    def to(cls, sample: _Sample, forest: Forest, depth: int) -> _Fitted:
        options = {
            "n_estimators": NUM_TREES,
            "max_depth": depth,
            "max_features": forest.max_features,
            "bootstrap": forest.bootstrap,
            "random_state": sample.state,
        }
        asked = np.concatenate([sample.inputs, sample.fresh])
        if forest.target == "labels":
            model = RandomForestClassifier(**options).fit(sample.inputs, sample.labels)
            classes = model.classes_  # one only, if there is one label in the sample
            probs = model.predict_proba(asked) @ classes
        else:
            truth = _slab.class_probability(sample.inputs)
            model = RandomForestRegressor(**options).fit(sample.inputs, truth)
            classes, probs = None, model.predict(asked)
        trees = [_slab.leaves(one.tree_, classes) for one in model.estimators_]
        parts = dict(zip(("S", "fresh"), np.split(probs, 2), strict=True))
        return cls(trees, _slab.error_product(trees, trees), parts)


def _student(student: Student, sample: _Sample, probs: Any) -> _slab.Leaves:
    """Returns a student of probabilities at its inputs."""
    inputs = sample.inputs if student.sample == "S" else sample.fresh
    options = {"max_depth": STUDENT_DEPTH, "random_state": sample.state}
    if student.loss == "squares":
        # The Gini index of examples that count as positive by p and as negative by 1 - p has the
        # same splits and the same means.
        return _slab.leaves(DecisionTreeRegressor(**options).fit(inputs, probs).tree_)
    model = DecisionTreeClassifier(criterion="log_loss", **options)
    both = np.repeat([1, 0], len(inputs))
    model.fit(np.tile(inputs, (2, 1)), both, sample_weight=np.append(probs, 1.0 - probs))
    return _slab.leaves(model.tree_, model.classes_)


def _references(sample: _Sample) -> Iterator[dict[str, Any]]:
    truth = _slab.class_probability(sample.inputs)
    for labels, probs in (("one-hot", sample.labels.astype(float)), ("Bayes", truth)):
        yield {"labels": labels, "auc": _slab.auc(_student(STUDENTS[0], sample, probs))}


def _bias(first: _Fitted, second: _Fitted) -> dict[str, float]:
    """Returns estimates from two independent forests, in the mean free of bias themselves."""
    square = _slab.error_product(first.trees, second.trees)
    return {"squared_bias": square, "variance": 0.5 * (first.mse + second.mse) - square}


def _population() -> Table:
    """Returns what can be said of teachers that nothing is fitted for."""
    share, square = _slab.truth_moment(1), _slab.truth_moment(2)
    values = {
        "share of positives": share,
        "MSE of the constant share": 2.0 * (square - share**2),
        "MSE of one-hot labels": 2.0 * (share - square),
        "AUC of the Bayes probabilities": _slab.bayes_auc(),
    }
    return Table({"quantity": list(values), "value": list(values.values())})


# --- what they say --------------------------------------------------------------------------------

STATEMENTS = (
    Statement(
        "least_error",
        "Of the teachers of depth 1, 2, 4, 8 and 16, those of depth 8 have the least mean squared "
        "error.",
        "Mean over trials of the MSE at each other depth minus that at depth 8, paired by trial: "
        "all four above 0 (Student's intervals, 95 % together).",
    ),
    Statement(
        "best_student",
        "Teachers of depth 8 have the students with the highest AUC.",
        "Mean over trials of the student's AUC at depth 8 minus that at each other depth, paired "
        "by trial: all four above 0 (Student's intervals, 95 % together).",
    ),
    Statement(
        "coincide",
        "The depth of the teacher with the least mean squared error is that of the best student, "
        "whichever depth it is.",
        "The depth of the least mean MSE is chosen on every other trial; on the remaining ones the "
        "mean AUC there minus that at each other depth: all four above 0 (Student's intervals, "
        "95 % together).",
    ),
    Statement(
        "tradeoff",
        "Deeper teachers have less bias and more variance.",
        "Mean over pairs of trials of the squared bias at depth 1 minus that at depth 16, and of "
        "the variance at depth 16 minus that at depth 1: both above 0 (Student's intervals, 95 % "
        "together). The product of the errors of two independent forests estimates the squared "
        "bias.",
    ),
)


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Reads the statements off the tables, at the sample size of the text.

    Args:
        tables: as `simulate` returns them.
    """
    teachers, students, pairs = (
        tables[name].where(num_samples=NUM_SAMPLES) for name in ("teachers", "students", "pairs")
    )
    found = []
    for forest in teachers.distinct("forest"):
        errors = teachers.where(forest=forest).pivot("trial", "depth", "mse")
        found.append(Finding("least_error", forest, lead(DEPTHS, -errors, BEST), above=0.0))
        found.append(Finding("tradeoff", forest, _tradeoff(pairs.where(forest=forest)), above=0.0))
        of_forest = students.where(forest=forest)
        for student in of_forest.distinct("student"):
            scores = of_forest.where(student=student).pivot("trial", "depth", "auc")
            reading = f"{forest}; {student}"
            found.append(Finding("best_student", reading, lead(DEPTHS, scores, BEST), above=0.0))
            chosen = DEPTHS[int(np.argmin(errors[::2].mean(axis=0)))]
            gains = lead(DEPTHS, scores[1::2], chosen)
            found.append(Finding("coincide", reading, gains, above=0.0))
    return tuple(found)


def _tradeoff(pairs: Table) -> Any:
    bias, variance = (
        pairs.pivot("trial", "depth", name)[:, [0, -1]] for name in ("squared_bias", "variance")
    )
    labels = ["squared bias lost", "variance gained"]
    return means(labels, np.stack([bias[:, 0] - bias[:, 1], variance[:, 1] - variance[:, 0]], 1))


# --- the figure -----------------------------------------------------------------------------------


def draw(tables: Tables, figure: Figure) -> None:
    """Draws error and AUC against depth, in every reading, and for larger samples.

    Args:
        tables: as `simulate` returns them.
        figure: an empty figure.
    """
    axes = figure.subplots(2, 2, sharex=True)
    teachers, students = tables["teachers"], tables["students"]
    first = teachers.where(num_samples=NUM_SAMPLES)
    score = students.where(num_samples=NUM_SAMPLES)
    for ax, table, name in ((axes[0, 0], first, "mse"), (axes[0, 1], score, "auc")):
        _readings(ax, table, name)
    _level(axes[0, 0], "constant", _value(tables, "MSE of the constant share"))
    references = tables["references"].where(num_samples=NUM_SAMPLES)
    for labels in references.distinct("labels"):
        _level(axes[0, 1], labels, references.where(labels=labels)["auc"].mean())
    for place, size in enumerate(teachers.distinct("num_samples")):
        for ax, table, name in ((axes[1, 0], teachers, "mse"), (axes[1, 1], students, "auc")):
            values = _primary(table.where(num_samples=size)).pivot("trial", "depth", name)
            band(ax, DEPTHS, values, f"N = {size}", place)
            mean = values.mean(axis=0)
            best = int(np.argmin(mean) if name == "mse" else np.argmax(mean))
            ax.plot(DEPTHS[best], mean[best], "*", color=COLOURS[place], markersize=14)
    axes[0, 0].set_xscale("log", base=2)
    axes[0, 0].set_xticks(DEPTHS, map(str, DEPTHS))
    error, auc = "teacher's MSE", "student's AUC"
    finish(axes[0, 0], "", error, f"N = {NUM_SAMPLES}, every reading", legend=False)
    finish(axes[0, 1], "", auc, f"N = {NUM_SAMPLES}, every reading", legend=False)
    finish(axes[1, 0], "depth of the teacher's trees", error, "First reading, star: best depth")
    finish(axes[1, 1], "depth of the teacher's trees", auc, "First reading", legend=False)
    lines = axes[0, 0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside upper center", ncols=4, frameon=False, fontsize="small")


def _primary(table: Table) -> Table:
    """Returns the rows of the first reading."""
    kept = table.where(forest=str(FORESTS[0]))
    return kept.where(student=str(STUDENTS[0])) if "student" in kept.columns else kept


def _readings(ax: Axes, table: Table, name: str) -> None:
    """Draws every reading, thin, and the first for either target with its band."""
    for place, target in enumerate(dict.fromkeys(forest.target for forest in FORESTS)):
        kinds = [str(forest) for forest in FORESTS if forest.target == target]
        for kind in kinds:
            rows = table.where(forest=kind)
            students = rows.distinct("student") if "student" in rows.columns else [None]
            for student in students:
                of = rows if student is None else rows.where(student=student)
                values = of.pivot("trial", "depth", name)
                if kind == kinds[0] and student in (None, str(STUDENTS[0])):
                    band(ax, DEPTHS, values, f"fitted to {target}", place)
                else:
                    style = {"color": COLOURS[place], "alpha": 0.45, "linewidth": 0.8}
                    ax.plot(DEPTHS, values.mean(axis=0), **style)


def _value(tables: Tables, quantity: str) -> float:
    return float(tables["population"].where(quantity=quantity)["value"][0])


def _level(ax: Axes, label: str, value: float) -> None:
    ax.axhline(value, color="0.4", linewidth=1.0, linestyle=(0, (4, 3)), zorder=0)
    ax.annotate(label, (1.0, value), (-2, 2), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right", fontsize="small", color="0.3")


STUDY = Study(
    name="menon_figure_3",
    title="How deep a forest should be that teaches a shallow tree",
    paper=MENON,
    items=("Figure 3", "bias against variance of forests"),
    statements=STATEMENTS,
    done="...",
    choices=(),
    sizes={
        "small": Config(trials=100, larger=((1000, 20),)),
        "paper": Config(trials=100, larger=((1000, 100), (10_000, 100))),
    },
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(8.6, 6.4),
)
