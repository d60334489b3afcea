r"""Forests of growing depth as teachers of a shallow tree, for Figures 3 and 4(a) of Menon et al.

Forests of three trees are fitted to a sample of the slab problem, and a tree of depth 4 to the
probabilities of each. The mean squared error $E\|p^t-p^*\|_2^2$ of the teacher and the AUC of the
student are those of the population: exact sums over boxes, see ``_slab``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from kdtheory import _check
from kdtheory.replications import _slab
from kdtheory.replications.records import Choice, Progress, Table, Tables, stack

DEPTHS = (1, 2, 4, 8, 16)
"""Of the teachers' trees."""

NUM_SAMPLES = 100
"""As printed."""

NUM_TREES, STUDENT_DEPTH = 3, 4


class Forest(NamedTuple):
    """How a forest is fitted.

    Attributes:
        target: to what, `LABELS` or `TRUTH`.
        max_features: how many of the two inputs a split may choose from.
        bootstrap: whether every tree has a sample of its own.
    """

    target: str
    max_features: int
    bootstrap: bool

    def named(self) -> dict[str, str]:
        """Returns what a table says of it."""
        sample = "bootstrap" if self.bootstrap else "no bootstrap"
        return {
            "target": self.target,
            "forest": f"{self.max_features} of 2 inputs a split, {sample}",
        }


class Student(NamedTuple):
    """How a student is fitted.

    Attributes:
        sample: to which inputs, ``"S"``, on which its teacher was fitted, or ``"fresh inputs"``.
        loss: ``"squares"``, or ``"entropy"``.
    """

    sample: str
    loss: str

    def named(self) -> dict[str, str]:
        """Returns what a table says of it."""
        return {"student": f"student on {self.sample}, {self.loss}"}


LABELS, TRUTH = "labels", "Bayes probabilities"

FORESTS = tuple(Forest(*kind) for kind in itertools.product((LABELS, TRUTH), (1, 2), (True, False)))
"""Every kind of teacher; the first has scikit-learn's defaults."""

STUDENTS = (Student("S", "squares"), Student("fresh inputs", "squares"), Student("S", "entropy"))
"""Every kind of student; the last is tried with the first forest only."""

FIRST = FORESTS[0].named() | STUDENTS[0].named()
"""The first reading, as tables name it."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes.

    Attributes:
        trials: at the sample size of the text, in every reading; at least 4.
        larger: other sample sizes, each with its number of trials, in the first reading only.
    """

    trials: int
    larger: tuple[tuple[int, int], ...]

    def sizes(self) -> Iterator[tuple[int, int, Mapping[Forest, tuple[Student, ...]]]]:
        """Yields sample sizes, with their trials and the teachers and students tried."""
        every = dict.fromkeys(FORESTS, STUDENTS[:-1]) | {FORESTS[0]: STUDENTS}
        yield NUM_SAMPLES, self.trials, every
        for num_samples, trials in self.larger:
            yield num_samples, trials, {FORESTS[0]: STUDENTS[:1]}


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
    for num_samples, trials, kinds in config.sizes():
        before: dict[tuple[Forest, int], _Fitted] = {}
        for trial in range(trials):
            sample = _Sample.draw(np.random.default_rng([seed, num_samples, trial]), num_samples)
            row = {"num_samples": num_samples, "trial": trial}
            rows["references"] += [row | found for found in _references(sample)]
            here = {}
            for forest, depth in itertools.product(kinds, DEPTHS):
                fitted = here[forest, depth] = _Fitted.to(sample, forest, depth)
                named = row | forest.named() | {"depth": depth}
                rows["teachers"].append(named | {"mse": fitted.mse})
                for student in kinds[forest]:
                    tree = _student(student, sample, fitted.probs[student.sample])
                    rows["students"].append(named | student.named() | {"auc": _slab.auc(tree)})
                if trial % 2:
                    rows["pairs"].append(named | _tradeoff(before[forest, depth], fitted))
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
        if forest.target == LABELS:
            model = RandomForestClassifier(**options).fit(sample.inputs, sample.labels)
            classes = model.classes_  # one only, if there is one label in the sample
            probs = model.predict_proba(asked) @ classes
        else:
            truth = _slab.class_probability(sample.inputs)
            model = RandomForestRegressor(**options).fit(sample.inputs, truth)
            classes, probs = None, model.predict(asked)
        trees = [_slab.leaves(one.tree_, classes) for one in model.estimators_]
        parts = dict(zip(("S", "fresh inputs"), np.split(probs, 2), strict=True))
        return cls(trees, _slab.error_product(trees, trees), parts)


def _student(student: Student, sample: _Sample, probs: Any) -> _slab.Leaves:
    """Returns a student of probabilities at its inputs."""
    inputs = sample.inputs if student.sample == "S" else sample.fresh
    options = {"max_depth": STUDENT_DEPTH, "random_state": sample.state}
    if student.loss == "squares":
        # The Gini index of examples that count as positive by p and as negative by 1 - p has the
        # same best splits and the same means.
        return _slab.leaves(DecisionTreeRegressor(**options).fit(inputs, probs).tree_)
    model = DecisionTreeClassifier(criterion="log_loss", **options)
    both = np.repeat([1, 0], len(inputs))
    model.fit(np.tile(inputs, (2, 1)), both, sample_weight=np.append(probs, 1.0 - probs))
    return _slab.leaves(model.tree_, model.classes_)


def _references(sample: _Sample) -> Iterator[dict[str, Any]]:
    truth = _slab.class_probability(sample.inputs)
    for labels, probs in (("one-hot", sample.labels.astype(float)), ("Bayes", truth)):
        yield {"labels": labels, "auc": _slab.auc(_student(STUDENTS[0], sample, probs))}


def _tradeoff(first: _Fitted, second: _Fitted) -> dict[str, float]:
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


def by_reading(table: Table, target: str, name: str) -> Iterator[tuple[str, Any]]:
    """Yields readings in words, each with its numbers at the sample size of the text.

    Args:
        table: "teachers", "students" or "pairs".
        target: what the forests are fitted to.
        name: of the column.

    Returns:
        Words, and an array of shape ``(trials, depths)``.
    """
    of_target = table.where(num_samples=NUM_SAMPLES, target=target)
    for forest in of_target.distinct("forest"):
        rows = of_target.where(forest=forest)
        if "student" not in rows.columns:
            yield forest, rows.pivot("trial", "depth", name)
            continue
        for student in rows.distinct("student"):
            values = rows.where(student=student).pivot("trial", "depth", name)
            yield f"{forest}; {student}", values


# --- what the text says of them, and what it leaves open ------------------------------------------

DONE = (
    "As in the text: two standard normal inputs, a positive label with the probability "
    "sigmoid(2 (max |x| - 1/2)), forests of 3 trees of depth 1, 2, 4, 8 and 16 fitted to 100 "
    "labelled examples, and a tree of depth 4 fitted to the probabilities of each, in 100 "
    "independent trials; all else is as scikit-learn has it. The MSE is that of appendix B.1, "
    "over both classes; one class has half of it. MSE and AUC are those of the population, "
    "without a test sample: sums over the boxes on which trees are constant."
)

CHOICES = (
    Choice(
        "from how many inputs a split of the forest chooses",
        ("1 of 2, the square root that scikit-learn takes", "2 of 2"),
    ),
    Choice("whether every tree of a forest has a bootstrap sample", ("yes", "no")),
    Choice(
        "to which inputs the student is fitted",
        ("those of S, which its teacher was fitted to", "as many fresh ones"),
    ),
    Choice(
        "what the student's splits minimise",
        (
            "squared differences from the teacher's probabilities, which has the splits of the "
            "Gini index of examples weighted by them",
            "the entropy of examples weighted by them (with the first forest)",
        ),
    ),
)

SIZES = {
    "small": Config(trials=100, larger=((1000, 20),)),
    "paper": Config(trials=100, larger=((1000, 100), (10_000, 100))),
}
