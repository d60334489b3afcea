r"""Two Gaussian classes $N(\pm\mu, I)$ in ten dimensions, and logistic students of any labels.

A student minimises $\tfrac12|w|^2 + C\sum_n[\log(1+e^{w\cdot x_n}) - t_nw\cdot x_n]$, the objective
of scikit-learn's logistic regression with targets $t$ in place of the labels. Every trial of every
kind of labels is fitted at once, and a student's AUC on the population is known in closed form.

Without the penalty there need be no minimum: a sample whose labels a hyperplane separates is fitted
the better the longer the weights are. As the penalty vanishes, its student turns to the hyperplane
with the widest margin (Rosset, Zhu and Hastie 2004).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Array, Float

from kdtheory._check import FloatArray
from kdtheory.objects.gaussian_classes import posterior, score_auc
from kdtheory.replications.records import Choice

FEATURES = 10

VISIBLE = 0.01
"""The least difference of two AUCs that a reader of a plot can be expected to notice.

Figure 2(b) has an axis from 0.4 to 1: this is a sixtieth of its height, about a plotted line.
"""


@dataclasses.dataclass(frozen=True)
class Student:
    """How a logistic student is trained.

    Attributes:
        name: in a reading of the text.
        inverse_penalty: $C$; scikit-learn's default is 1.
        intercept: whether there is one; penalised like a weight, as in scikit-learn's default
            solver before version 0.22, so that a sample of one class has a student too.
    """

    name: str
    inverse_penalty: float
    intercept: bool = False


STUDENTS = (
    Student("C = 1", 1.0),
    Student("C = 1 with an intercept", 1.0, intercept=True),
    Student("C = 100", 1e2),
    Student("C = 10000", 1e4),
)

PENALTY = Choice(
    "the penalty of the logistic students",
    (
        "C = 1, scikit-learn's default",
        "C = 100",
        "C = 10000 (without a penalty, labels that a hyperplane separates have no fit)",
    ),
)
INTERCEPT = Choice("an intercept", ("none, as theta* has none", "one, penalised as the weights"))

NUM_SAMPLES = (30, 100, 300)
"""How many training samples, where the text does not say: what comes first, and what else."""

SIZE = Choice("how many training samples", tuple(map(str, NUM_SAMPLES)))


def settings() -> tuple[tuple[Student, int], ...]:
    """Returns how a student is trained and on how many samples, each varied by itself."""
    student, size = STUDENTS[0], NUM_SAMPLES[0]
    others = [(student, other) for other in NUM_SAMPLES[1:]]
    return ((student, size), *((other, size) for other in STUDENTS[1:]), *others)


class Means(NamedTuple):
    """Where the classes are.

    Attributes:
        name: in a reading of the text.
        entry: of every coordinate of the mean of the first class.
    """

    name: str
    entry: float


MEANS = (Means("means ±1", 1.0), Means("means ±1/4", 0.25))

SATURATION = Choice(
    "the scale of the means, which is printed",
    (
        "±1 in every coordinate, as printed: no score has an AUC above 0.999996",
        "±1/4, where the largest AUC is 0.868: not what is printed, but there is room to differ",
    ),
)


def mean_vector(entry: float) -> FloatArray:
    """Returns the mean of the first class."""
    return np.full(FEATURES, entry)


@dataclasses.dataclass(frozen=True, eq=False)
class Noise:
    """What is random about samples: the same for all means.

    Attributes:
        normals: shape ``(trials, samples, features)``.
        signs: 1 for the first class and -1 for the other, each with probability 1/2.
    """

    normals: FloatArray
    signs: FloatArray

    def inputs(self, entry: float) -> FloatArray:
        """Returns the inputs if the means are ± ``entry`` in every coordinate."""
        return self.normals + entry * self.signs[..., None]

    def first(self, num_samples: int) -> Noise:
        """Returns the first samples of every trial."""
        return Noise(self.normals[:, :num_samples], self.signs[:, :num_samples])


def draw_noise(stream: Sequence[int], num_trials: int, num_samples: int) -> Noise:
    """Returns independent samples, from a generator with this seed."""
    rng = np.random.default_rng(stream)
    normals = rng.standard_normal((num_trials, num_samples, FEATURES))
    return Noise(normals, rng.choice((-1.0, 1.0), (num_trials, num_samples)))


def bayes_labels(entry: float, inputs: FloatArray) -> FloatArray:
    """Returns the Bayes probabilities of the first class."""
    with jax.enable_x64(True):
        return np.asarray(posterior(jnp.asarray(mean_vector(entry)), jnp.asarray(inputs)))


def fit(inputs: FloatArray, targets: FloatArray, student: Student) -> FloatArray:
    """Trains a student on every sample with every kind of labels.

    Args:
        inputs: shape ``(trials, samples, features)``.
        targets: one for every input, shape ``(kinds, trials, samples)``.
        student: how.

    Returns:
        The weights without the intercept, on which no AUC depends: shape ``(kinds, trials,
        features)``.

    Raises:
        ArithmeticError: if scores still change where the training ends.
    """
    constant = np.full((*inputs.shape[:-1], 1), float(student.intercept))
    with jax.enable_x64(True):
        rows = jnp.asarray(np.concatenate([inputs, constant], axis=-1))
        trained = _minimise(rows, jnp.asarray(targets), student.inverse_penalty)
        weights, change = np.asarray(trained[0]), float(trained[1])
    if not change <= _STILL:
        raise ArithmeticError(f"logistic regression: a score changes by {change:g} in the end")
    return weights[..., :-1]


_STEPS = 100
_STILL = 1e-7
"""Where no score of a sample changes more in a step, the next one would change it far less."""

_FRACTIONS = (1.0, 0.5, 0.25, 0.125)


@jax.jit
def _minimise(
    rows: Float[Array, "trials samples columns"],
    targets: Float[Array, "kinds trials samples"],
    inverse_penalty: Any,
) -> tuple[Float[Array, "kinds trials columns"], Any]:
    r"""Returns the minimisers, and by how much the last step changed a score at most.

    Newton's method. With $d$ the largest change of a score in a full step, the fraction
    $\log(1+d)/d$ of it descends from anywhere, since $|\ell'''|\le\ell''$ as a function of the
    score; far from the minimum longer steps are tried too, and the best one is taken.
    """
    unit = jnp.eye(rows.shape[-1])

    def step(state: Any) -> Any:
        weights, count, _ = state
        scores = jnp.einsum("tni,kti->ktn", rows, weights)
        probs = jax.nn.sigmoid(scores)
        rise = jnp.einsum("tni,ktn->kti", rows, probs - targets)
        slope = weights + inverse_penalty * rise
        bends = inverse_penalty * probs * (1 - probs)
        hessian = unit + jnp.einsum("ktni,tnj->ktij", bends[..., None] * rows, rows)
        factor = jnp.linalg.cholesky(hessian)
        move = -jax.scipy.linalg.cho_solve((factor, True), slope[..., None])[..., 0]
        change = jnp.einsum("tni,kti->ktn", rows, move)
        length = jnp.max(jnp.abs(change), axis=-1)
        safe = jnp.log1p(length) / jnp.where(length > 0, length, 1.0)
        safe = jnp.where(length > 0, safe, 1.0)

        def objective(fraction: Any) -> Any:
            at = scores + fraction[..., None] * change
            losses = jnp.sum(jax.nn.softplus(at) - targets * at, axis=-1)
            ridge = jnp.sum((weights + fraction[..., None] * move) ** 2, axis=-1)
            return 0.5 * ridge + inverse_penalty * losses

        tried = jnp.stack([safe, *(jnp.full_like(safe, part) for part in _FRACTIONS)])
        best = jnp.argmin(jax.lax.map(objective, tried), axis=0)
        fraction = jnp.where(length < 1, safe, jnp.take_along_axis(tried, best[None], axis=0)[0])
        return weights + fraction[..., None] * move, count + 1, jnp.max(length)

    def goes_on(state: Any) -> Any:
        return (state[1] < _STEPS) & (state[2] > _STILL)

    start = jnp.zeros((*targets.shape[:2], rows.shape[-1]), rows.dtype)
    weights, _, change = jax.lax.while_loop(goes_on, step, (start, 0, jnp.inf))
    return weights, change


def widest_margin(inputs: FloatArray, signs: FloatArray) -> FloatArray | None:
    r"""Returns the shortest $w$ with $y_nw\cdot x_n\ge1$ for every sample, if there is one.

    This is least distance programming: with $A$ the rows $y_nx_n$ and $r$ the residual of the
    least $|(A^\top u, \mathbf 1^\top u) - (0, 1)|$ over $u\ge0$, $w=-r_{1..d}/r_{d+1}$, and no
    such $w$ exists if $r=0$ (Lawson and Hanson, Solving Least Squares Problems, chapter 23).

    Args:
        inputs: shape ``(samples, features)``.
        signs: 1 or -1 for every sample.
    """
    rows = np.vstack([(signs[:, None] * inputs).T, np.ones(len(signs))])
    aim = np.append(np.zeros(inputs.shape[1]), 1.0)
    shares, distance = scipy.optimize.nnls(rows, aim, maxiter=100 * len(signs))
    # The distance is 1/sqrt(1 + |w|^2): margins below 1e-8 count as none.
    if distance < 1e-8:
        return None
    residual = rows @ shares - aim
    return np.asarray(-residual[:-1] / residual[-1])


def population_auc(entry: float, weights: FloatArray) -> FloatArray:
    """Returns the AUC of linear scores on the population, exactly.

    Args:
        entry: of every coordinate of the mean of the first class.
        weights: along the last axis.
    """
    with jax.enable_x64(True):
        flat = jnp.asarray(weights.reshape(-1, FEATURES))
        areas = _areas(jnp.asarray(mean_vector(entry)), flat)
    return np.asarray(areas).reshape(weights.shape[:-1])


_areas = jax.vmap(score_auc, in_axes=(None, 0))


def distilled_auc(noise: Noise, entry: float, targets: FloatArray, student: Student) -> FloatArray:
    """Trains students and returns their AUCs on the population.

    Args:
        noise: of the training samples.
        entry: of every coordinate of the mean of the first class.
        targets: shape ``(kinds, trials, samples)``.
        student: how they are trained.

    Returns:
        Shape ``(kinds, trials)``.
    """
    return population_auc(entry, fit(noise.inputs(entry), targets, student))


LABELS = ("one-hot", "Bayes")


def both_labels(noise: Noise, entry: float) -> FloatArray:
    """Returns the two kinds of targets, in the order of `LABELS`."""
    return np.stack([0.5 * (1 + noise.signs), bayes_labels(entry, noise.inputs(entry))])
