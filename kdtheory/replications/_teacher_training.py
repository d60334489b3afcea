"""Teachers made from the same labels in different ways, and what they answer."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import special

from kdtheory._check import FloatArray
from kdtheory.divergences import kl_to_log_probs, squared_distance
from kdtheory.replications import _class_worlds
from kdtheory.replications._bayesian_teachers import (
    averaged,
    fitted_temperature,
    gaussian_classes,
    last_layer,
)
from kdtheory.replications._classifier_training import (
    Lessons,
    hidden_units,
    orders,
    random_starts,
    train,
)

TEMPERED = "tempered"
"""The deterministic teacher with the temperature that further labels ask for."""

PENALTIES = {"weak": 1e-4, "strong": 1e-2}
"""Of a teacher's training, on the mean loss."""

TEACHER_STEP = 0.01
"""Of Adam, which trains teachers."""


@dataclasses.dataclass(frozen=True)
class Config:
    """How much is run.

    Attributes:
        trials: worlds.
        runs: students of every teacher.
        block: trials that are trained at a time.
        members: networks of an ensemble.
        draws: from a posterior of a last layer.
        small: labelled examples of a teacher, where they are few.
        large: labelled examples of a teacher otherwise.
        validation: further ones, to fit a temperature.
        fresh: inputs without labels.
        batch: examples in a step.
        epochs: of students, as many steps each as there are batches in ``large``.
        teacher_epochs: of teachers, as long.
        tests: test inputs.
        features: of an input.
        labels: how many classes.
        teacher_hidden: units of a teacher.
        hidden: units of a student that is a network.
    """

    trials: int = 10
    runs: int = 2
    block: int = 5
    members: int = 5
    draws: int = 64
    small: int = 100
    large: int = 300
    validation: int = 100
    fresh: int = 200
    batch: int = 10
    epochs: int = 30
    teacher_epochs: int = 30
    tests: int = 1000
    features: int = 10
    labels: int = 5
    teacher_hidden: int = 32
    hidden: int = 8


class Teaching(NamedTuple):
    """What the text leaves open of teachers: problem, regularisation and sample."""

    problem: str
    penalty: str
    sample: str

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.problem}, {self.penalty} penalty, {self.sample} sample"


TEACHINGS = {
    Teaching("network classes", "strong", "large"): ("own", "fresh"),
    Teaching("network classes", "weak", "large"): ("own", "fresh"),
    Teaching("network classes", "weak", "small"): ("own",),
    Teaching("Gaussian classes", "strong", "large"): ("own",),
    Teaching("Gaussian classes", "weak", "large"): ("own",),
}
"""Ways of making teachers -> the inputs on which their students are trained.

Among these penalties the strong one makes the more accurate deterministic teachers.
"""


class Teachers(NamedTuple):
    """What teachers answer.

    Attributes:
        names: of the teachers; the exact probabilities and drawn labels are among them.
        sample: logarithms at the inputs of the pool, shape ``(teachers, trials, pool, labels)``.
        tests: the same at the test inputs.
    """

    names: tuple[str, ...]
    sample: FloatArray
    tests: FloatArray


def parts_of(config: Config, teaching: Teaching) -> dict[str, slice]:
    """Returns which inputs of the pool are the teacher's own, for validation, and fresh."""
    own = config.large if teaching.sample == "large" else config.small
    validated = own + config.validation
    return {
        "own": slice(own),
        "validation": slice(own, validated),
        "fresh": slice(validated, validated + config.fresh),
    }


def worlds_of(
    config: Config, rng: np.random.Generator, trials: int, teaching: Teaching
) -> _class_worlds.Worlds:
    """Draws worlds with a pool of inputs for everything that trains."""
    gaussian = teaching.problem == "Gaussian classes"
    make = _class_worlds.gaussian_worlds if gaussian else _class_worlds.network_worlds
    pool = config.large + config.validation + config.fresh
    return make(rng, trials, pool, config.tests, config.features, config.labels)


def teachers_of(
    config: Config, rng: np.random.Generator, worlds: _class_worlds.Worlds, teaching: Teaching
) -> Teachers:
    """Makes every teacher, and lets it answer: exact and drawn labels, too."""
    parts, trials = parts_of(config, teaching), len(worlds.inputs)
    every = np.concatenate([worlds.inputs, worlds.test_inputs], axis=1)
    labels = np.eye(config.labels)[worlds.labels]
    tests = np.eye(config.labels)[_class_worlds.drawn_labels(rng, worlds.test_probs)]
    with np.errstate(divide="ignore"):  # drawn labels leave no mass elsewhere
        answers = {
            "exact": np.log(np.concatenate([worlds.probs, worlds.test_probs], axis=1)),
            "one-hot": np.log(np.concatenate([labels, tests], axis=1)),
        }
    units, weights = _networks(
        config, rng, worlds, parts["own"], every, PENALTIES[teaching.penalty]
    )
    logits = units @ weights
    members = special.log_softmax(logits, axis=-1)
    answers["deterministic"] = members[:, 0]
    answers["ensemble"] = averaged(members, axis=1)
    normal = rng.standard_normal((trials, config.draws, weights[0, 0].size))
    single: dict[str, list[Any]] = {}
    precision = PENALTIES[teaching.penalty] * parts["own"].stop
    for trial in range(trials):
        own = worlds.labels[trial, parts["own"]]
        held = parts["validation"]
        temperature = fitted_temperature(logits[trial, 0, held], worlds.labels[trial, held])
        layer = last_layer(weights[trial, 0], units[trial, 0, parts["own"]], own)
        found = {TEMPERED: special.log_softmax(logits[trial, 0] / temperature, axis=-1)}
        for name, chosen in (("Laplace", precision), ("Laplace, evidence", layer.best_precision())):
            found[name] = layer.predicted(normal[trial], chosen, units[trial, 0])
        if teaching.problem == "Gaussian classes":
            classes = gaussian_classes(worlds.inputs[trial, parts["own"]], own, config.labels)
            found["plug-in"] = classes.plugged_in(every[trial])
            found["posterior"] = classes.predicted(every[trial])
        for name, answer in found.items():
            single.setdefault(name, []).append(answer)
    answers |= {name: np.stack(listed) for name, listed in single.items()}
    stacked = np.stack(list(answers.values()))
    pool = worlds.inputs.shape[1]
    return Teachers(tuple(answers), stacked[:, :, :pool], stacked[:, :, pool:])


def _networks(
    config: Config,
    rng: np.random.Generator,
    worlds: _class_worlds.Worlds,
    own: slice,
    inputs: FloatArray,
    penalty: float,
) -> tuple[FloatArray, FloatArray]:
    """Trains networks on the labels, each from its own start and in its own order.

    Returns:
        What their last layers see, with a unit that is always one, shape ``(trials, members,
        inputs, units + 1)``, and the weights of these layers.
    """
    shape = len(worlds.inputs), config.members
    start = random_starts(rng, shape, (config.features, config.teacher_hidden, config.labels))
    steps = config.teacher_epochs, config.large // config.batch
    order = orders(rng, shape, own.stop, steps, config.batch)
    labels = np.eye(config.labels, dtype=np.float32)[worlds.labels][None, :, None, None]
    lessons = lessons_of(worlds, labels, start, order, own)
    parameters, _ = train("Adam", TEACHER_STEP, lessons, penalty)
    last = {name: np.asarray(values[0], float) for name, values in parameters.items()}
    # A bias is added to every row.
    layer = {"hidden": last["hidden"], "hidden_bias": last["hidden_bias"][:, :, None]}
    with jax.enable_x64(True):
        units = np.asarray(hidden_units(layer, inputs[:, None]))
    weights = np.concatenate([last["out"], last["out_bias"][:, :, None]], axis=2)
    return np.concatenate([units, np.ones((*units.shape[:-1], 1))], axis=-1), weights


def lessons_of(
    worlds: _class_worlds.Worlds,
    targets: Any,
    start: Any,
    order: Any,
    used: slice,
) -> Lessons:
    """Returns lessons with targets that are the same in every epoch."""
    runs, epochs = order.shape[1:3]
    shape = (len(targets), len(worlds.inputs), runs, epochs, *worlds.probs.shape[1:])
    rows = np.arange(worlds.inputs.shape[1])
    inside = (rows >= (used.start or 0)) & (rows < used.stop)
    every, shares = np.broadcast_to(targets, shape), inside / inside.sum()
    tests = worlds.test_inputs, worlds.test_probs
    return Lessons(start, worlds.inputs, every, shares, order, *tests)


def distances(probs: FloatArray, log_probs: FloatArray) -> dict[str, Any]:
    """Returns how far teachers are from the Bayes probabilities, shape ``(teachers, trials)``.

    The confidence is the mean largest probability; calibrated teachers are right as often.
    """
    answered = np.exp(log_probs)
    chosen = np.argmax(log_probs, axis=-1)[..., None]
    every = np.broadcast_to(probs, log_probs.shape)
    right = np.take_along_axis(every, chosen, axis=-1)[..., 0]
    with jax.enable_x64(True):
        found = {
            "squared_distance": squared_distance(every, answered),
            "kl": kl_to_log_probs(every, log_probs),
        }
    found |= {"accuracy": right, "confidence": np.max(answered, axis=-1)}
    return {name: np.mean(np.asarray(values), axis=-1) for name, values in found.items()}
