r"""Double-distillation for retrieval (Menon et al., Section 5.3, Table 1).

A teacher and two narrow students, low-rank softmax models, learn from multilabel data that is made
multiclass. A student learns from labels, from the teacher, or from the teacher that also weighs the
negatives (Eqs. 12 and 13). `study_on_files` runs the same on files in the text format of the
extreme classification repository.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.replications import _retrieval_judgement as judgement
from kdtheory.replications import _retrieval_training as training
from kdtheory.replications._retrieval_files import FileConfig, study_on_files
from kdtheory.replications._retrieval_judgement import BASE, STUDENTS, row
from kdtheory.replications._retrieval_training import Arm, Model, Targets
from kdtheory.replications.records import Choice, Progress, Study, Tables, stack
from kdtheory.theorems.papers import MENON

__all__ = ["STUDY", "Config", "draw_world", "simulate", "study_on_files"]

_TEACHER_PARTS, _STUDENT_PARTS = 50, 4
_TEACHER_RATE, _STUDENT_RATE = 0.03, 0.05


@dataclasses.dataclass(frozen=True)
class StandIn:
    """Simulated data in the place of a data set.

    Attributes:
        data: one of `judgement.ABOUT`.
        points: inputs of the sample; as many again are fresh, without labels.
        features: of an input.
        widths: of the narrow student and the wider one.
    """

    data: str
    points: int
    features: int
    widths: tuple[int, int] = (4, 6)


STAND_INS = (StandIn(judgement.ABOUT[0], 800, 30), StandIn(judgement.ABOUT[1], 300, 200))
"""With these sizes, teacher and one-hot student come near the precisions that are printed."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much of what is run.

    Attributes:
        trials: worlds of each kind, every one with its own sample and its own starts.
        held_out: inputs on which training is stopped and a scaling is chosen.
        test_points: inputs on which precision is measured.
        labels: of a world.
        rank: of a world's logits.
        scale: of a world's logits.
        labels_each: mean number of labels of an input; every input has one.
        teacher_width: of the teacher's hidden layer.
        teacher_steps: of Adam, a multiple of 50.
        student_steps: of Adam, a multiple of 4.
        scalings: the a of the weights of negatives.
        stand_ins: the kinds of data.
        files: how files are studied.
    """

    trials: int
    held_out: int
    test_points: int
    labels: int = 100
    rank: int = 12
    scale: float = 5.0
    labels_each: float = 5.0
    teacher_width: int = 64
    teacher_steps: int = 500
    student_steps: int = 160
    scalings: tuple[float, ...] = (0.5, 1.0, 2.0)
    stand_ins: tuple[StandIn, ...] = STAND_INS
    files: FileConfig = dataclasses.field(default_factory=FileConfig)


class Points(NamedTuple):
    """Inputs, shape ``(points, features)``, and which labels each has."""

    inputs: Any
    labels: Any


class World(NamedTuple):
    """What one trial draws."""

    sample: Points
    fresh: Points
    held_out: Points
    test: Points


def draw_world(config: Config, kind: StandIn, rng: np.random.Generator) -> World:
    r"""Draws multilabel data from a low-rank softmax, and the parts that are used.

    The logits of an input $x\sim N(0,I)$ are $s_k(x)=c\,(B^\top A^\top x)_k-\log k$: a frequent
    head and a long tail. An input has one label and a Poisson number more, drawn without
    replacement from the softmax of $s(x)$.

    Args:
        config: the sizes of a world.
        kind: how many points and features.
        rng: of everything.

    Returns:
        Sample, fresh points, points held out and test points of one world.
    """
    decay = np.arange(1, config.rank + 1) ** -0.5
    inner = rng.standard_normal((kind.features, config.rank)) / np.sqrt(kind.features)
    outer = rng.standard_normal((config.rank, config.labels)) * decay[:, None]
    matrix = config.scale * inner @ (outer / np.linalg.norm(decay))
    sizes = (kind.points, kind.points, config.held_out, config.test_points)
    inputs = rng.standard_normal((sum(sizes), kind.features))
    logits = inputs @ matrix - np.log(np.arange(1, config.labels + 1))
    counts = 1 + rng.poisson(config.labels_each - 1.0, len(inputs))
    # The largest of perturbed logits are a draw without replacement.
    perturbed = logits + rng.gumbel(size=logits.shape)
    ranks = np.argsort(np.argsort(-perturbed, axis=1), axis=1)
    labels = ranks < counts[:, None]
    ends = np.cumsum(sizes)[:-1]
    parts = zip(np.split(inputs.astype(np.float32), ends), np.split(labels, ends), strict=True)
    return World(*(Points(x, y) for x, y in parts))


class Job(NamedTuple):
    """A student to train: who it is and what the table says of it; its start, inputs, targets."""

    who: tuple[str, str, int]
    words: dict[str, Any]
    start: Model
    inputs: Any
    targets: Targets


def _stacked(trees: Sequence[Any]) -> Any:
    # In NumPy, as all that is only moved about: nothing is compiled for it.
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def _at(tree: Any, place: Any) -> Any:
    return jax.tree.map(lambda leaf: np.asarray(leaf)[place], tree)


def _given(points: Points) -> Targets:
    return training.observed(points.labels.astype(np.float32))


def _teachers(
    config: Config, kind: StandIn, rng: np.random.Generator, world: World
) -> dict[str, tuple[int, Model]]:
    """Trains a teacher; returns it where its training may stop: after which steps, which model."""
    start = training.initial(rng, kind.features, config.teacher_width, config.labels)
    checkpoints = training.fit(
        *_stacked([(start, world.sample.inputs, _given(world.sample))]),
        _TEACHER_RATE,
        steps=config.teacher_steps,
        checkpoints=_TEACHER_PARTS,
    )
    models = _at(checkpoints, 0)
    losses = training.objectives(models, world.held_out.inputs, _given(world.held_out))
    places = {
        BASE["teacher"]: int(jnp.argmin(losses)),
        judgement.TEACHER_AT_THE_END: _TEACHER_PARTS - 1,
    }
    part = config.teacher_steps // _TEACHER_PARTS
    return {name: ((at + 1) * part, _at(models, at)) for name, at in places.items()}


def _jobs(
    config: Config,
    world: World,
    teachers: dict[str, Model],
    who: tuple[str, str, int],
    start: Model,
) -> list[Job]:
    """Returns the students of one width, which start alike; all of them for the first width."""
    given = _given(world.sample)
    labels = {"method": "one-hot", "positives": "observed"}
    found = [Job(who, labels, start, world.sample.inputs, given)]

    def add(arm: Arm, teacher: str, inputs: str, points: Points, own: Targets) -> None:
        logits = training.scores(teachers[teacher], points.inputs)
        words = {
            "method": arm.method,
            "positives": arm.positives,
            "weights": arm.weights,
            "teacher": teacher,
            "inputs": inputs,
        }
        targets = training.smoothed(arm, own, logits)
        found.append(Job(who, words, start, points.inputs, targets))

    first, best = who[1] == STUDENTS[0], BASE["teacher"]
    every = training.arms(config.scalings)
    for arm in every if first else every[:-1]:
        add(arm, best, BASE["inputs"], world.sample, given)
    if first:
        ones = jnp.ones_like(given.positives)
        unlabelled = Targets(ones, ones, jnp.ones_like(given.counts))
        for arm in every[:-1]:
            add(arm, judgement.TEACHER_AT_THE_END, BASE["inputs"], world.sample, given)
            add(arm, best, judgement.FRESH, world.fresh, unlabelled)
            if arm.method == "double":
                seen = dataclasses.replace(arm, positives="observed")
                add(seen, best, BASE["inputs"], world.sample, given)
    return found


def _trial(
    config: Config, kind: StandIn, trial: int, rng: np.random.Generator
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the rows of one trial: precisions, and what became of the teacher."""
    world = draw_world(config, kind, rng)
    stops = _teachers(config, kind, rng, world)
    teachers = {name: model for name, (_, model) in stops.items()}
    jobs, others, held, given = [], [], max(kind.widths), _given(world.sample)
    for student, width in zip(STUDENTS, kind.widths, strict=True):
        who = (kind.data, student, width)
        start = training.initial(rng, kind.features, width, config.labels, held)
        jobs += _jobs(config, world, teachers, who, start)
        seen = teachers[BASE["teacher"]], world.sample.inputs, given.counts
        others.append((who, training.matched(*seen, width)))
    rows = _student_rows(config, world, trial, jobs)
    for who, model in others:
        values = _measured(model, world)
        rows.append(row(trial, *who, "distilled", *values, positives="logits"))
    summary = []
    for name, (steps, model) in stops.items():
        who = (kind.data, judgement.TEACHER, config.teacher_width)
        values = _measured(model, world)
        rows.append(
            row(trial, *who, judgement.TEACHER, *values, positives="observed", teacher=name)
        )
        residual = float(training.score_residual(model, world.sample.inputs, given))
        words = {"trial": trial, "data": kind.data, "teacher": name}
        summary.append(words | {"steps": steps, "score residual": residual})
    return rows, summary


def _measured(model: Model, world: World) -> tuple[Any, float]:
    """Returns the precisions of one model on the test points, and P@1 on those held out."""
    one = _at(model, None)
    test = training.precisions(one, *world.test)[0]
    return np.asarray(test), float(training.precisions(one, *world.held_out, (1,))[0, 0])


def _student_rows(
    config: Config, world: World, trial: int, jobs: list[Job]
) -> list[dict[str, Any]]:
    found = training.fit(
        *_stacked([job[2:] for job in jobs]),
        _STUDENT_RATE,
        steps=config.student_steps,
        checkpoints=_STUDENT_PARTS,
    )
    everything = jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:]), found)
    held_out = np.asarray(training.precisions(everything, *world.held_out, (1,)))
    held_out = held_out.astype(float).reshape(len(jobs), _STUDENT_PARTS)
    places = {
        BASE["stopped"]: np.full(len(jobs), _STUDENT_PARTS - 1),
        judgement.BY_VALIDATION: np.argmax(held_out, axis=1),
    }
    rows = []
    for stopped, place in places.items():
        kept = _at(found, (np.arange(len(jobs)), place))
        test = np.asarray(training.precisions(kept, *world.test))
        rows += [
            row(trial, *job.who, test=own, held_out=at[last], stopped=stopped, **job.words)
            for job, own, at, last in zip(jobs, test, held_out, place, strict=True)
        ]
    return rows


def simulate(config: Config, seed: int, progress: Progress) -> Tables:
    """Trains all students on simulated data.

    Args:
        config: the sizes.
        seed: of everything.
        progress: called after every trial.

    Returns:
        ``"precision"``: one row for every trial, student and stop; ``"teacher"``: at which step
        each teacher stopped, and how far it is from the optimum on its sample.
    """
    rows, teachers = [], []
    total = len(config.stand_ins) * config.trials
    for place, kind in enumerate(config.stand_ins):
        for trial in range(config.trials):
            rng = np.random.default_rng([seed, place, trial])
            # In one precision, whatever is set: the tables depend on configuration and seed only.
            with jax.enable_x64(False):
                found, summary = _trial(config, kind, trial, rng)
            rows += found
            teachers += summary
            progress(place * config.trials + trial + 1, total)
    return {"precision": stack(rows), "teacher": stack(teachers)}


STUDY = Study(
    name="menon_table_1",
    title="Double-distillation for multiclass retrieval",
    paper=MENON,
    items=("Table 1",),
    statements=judgement.STATEMENTS,
    done=(
        "AmazonCat-13K and Amazon-670K are replaced by draws from low-rank softmax models with 100 "
        "labels, a long tail and five labels for an input on average. Every trial is a new world. "
        "The sizes are such that the teacher comes near the precisions printed for it, and the "
        "one-hot students are well below it: the kind for AmazonCat-13K has many points for every "
        "feature, the other about as many as features. The data are made multiclass by one example "
        "for every input and label. Teacher and students have a linear hidden layer, of width 64 "
        "(in the text 512), 4 and 6 (8 and 64), and are trained with Adam on all examples at once. "
        "In the first reading, weights of negatives are 1 - sigmoid(a s) with the a, among 0.5, 1 "
        "and 2, that has the best P@1 on points held out; the teacher is stopped where its loss on "
        "them is least; students learn from the softmax of its logits, on its sample, for a fixed "
        "number of steps."
    ),
    choices=(
        Choice("the data, which do not come with the package", judgement.ABOUT),
        Choice("the student's width, against a teacher of 64", ("4 (narrow)", "6 (wider)")),
        Choice(
            "the weights of the negatives, the function Psi",
            (
                "1 - sigmoid(a s), a chosen on held-out P@1",
                "a = 0.5",
                "a = 1",
                "a = 2",
                "1 - p",
            ),
        ),
        Choice(
            "the positives of double-distillation",
            ("the teacher's probabilities (Eq. 13)", "the observed labels (Eq. 12)"),
        ),
        Choice(
            "how logits are used in place of labels",
            ("their softmax in the cross-entropy", "squared error, solved for exactly"),
        ),
        Choice(
            "the inputs on which the student learns from the teacher",
            ("the teacher's sample", "as many fresh ones, without labels"),
        ),
        Choice(
            "where the teacher's training stops",
            ("at its least loss on held-out points", "after 500 steps, near its optimum"),
        ),
        Choice(
            "where the student's training stops",
            ("after 160 steps", "at its best P@1 on held-out points"),
        ),
    ),
    sizes={
        "small": Config(trials=8, held_out=500, test_points=1000),
        "paper": Config(
            trials=40,
            held_out=1000,
            test_points=4000,
            files=FileConfig(trials=5, epochs=20, memory=24.0),
        ),
    },
    simulate=simulate,
    judge=judgement.judge,
    draw=judgement.draw,
    figure_size=(11.0, 8.6),
    notes=(
        "A linear teacher at the optimum of its own sample changes nothing for a linear student "
        "that is distilled on it (claim double_distillation/self_distillation_no_op). The table "
        "of teachers shows how far each is from there: the residual of its score equations, in "
        "units of its labels.",
        "Normalising the weights of the negatives, so that they are the distribution of Eq. 12, "
        "adds a number to the loss that does not depend on the student, and is not varied.",
        "Over all functions, double-distillation and distillation rank labels alike (claim "
        "double_distillation/ranking): what differs here comes from the width of the student and "
        "from training that is stopped.",
        "The text prints no intervals and not how many runs there were.",
        "With files of one's own the widths are those of the text, and every statement is judged "
        "on them.",
    ),
    on_files=study_on_files,
)
