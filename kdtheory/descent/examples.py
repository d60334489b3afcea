"""Worlds that come with the toolkit, in which everything that a bound uses is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from kdtheory import _check
from kdtheory._random import random_key
from kdtheory.descent.softmax import softmax_curves
from kdtheory.objects.objectives import SoftmaxObjective, strong_convexity_on_ball
from kdtheory.results import to_dict
from kdtheory.theorems.sgd_convergence.figures import LEVEL, DescentCurve, descent_curves


@dataclasses.dataclass(frozen=True, eq=False)
class DescentExample:
    r"""What SGD does in a world, by teacher, and what is promised of it.

    Attributes:
        title: which world.
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
        region: where it holds, in words; empty for everywhere.
        num_steps: $T$.
        seed: of the simulated runs.
        level: nominal coverage of their intervals, each by itself.
        curves: by teacher.
        meaning: what all this says, in sentences.
    """

    title: str
    step_size: float
    component_smoothness: float
    strong_convexity: float
    region: str
    num_steps: int
    seed: int
    level: float
    curves: dict[str, DescentCurve]
    meaning: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities and NaN as text)."""
        return to_dict(self)


class _World(NamedTuple):
    """What an example found."""

    title: str
    step_size: float
    component_smoothness: float
    strong_convexity: float
    region: str
    curves: dict[str, DescentCurve]
    meaning: tuple[str, ...]


_QUADRATIC = (
    "Noise of labels decides where SGD ends, and neither how fast it gets there nor which step "
    "sizes it bears: the sharpened rate is one for all teachers, and so is its range, up to 2/L.",
    "Printed bounds for labels with noise end at half the step size that they allow exact ones.",
    "A Dirichlet(a0 P) teacher has 1/(a0 + 1) of the noise of one-hot labels, and on a quadratic "
    "nothing but the variance of labels counts.",
)
_SOFTMAX = (
    "With exact Bayes class probabilities no step leads away from the optimum: the strong "
    "convexity of the first ball serves for all steps, whatever their size up to 2/L.",
    "With drawn labels runs leave that ball, and no strong convexity is known where they go: there "
    "is no neighbourhood, and the bound grows.",
)


def _quadratic(step_size: float | None, num_steps: int, num_runs: int, seed: int) -> _World:
    curvatures = jnp.array([[1.0, 0.3], [0.6, 0.1]])
    label_noise = jnp.array([[1.0, 0.5], [0.5, 1.0]])
    size = 0.5 if step_size is None else step_size
    curves = descent_curves(
        curvatures,
        label_noise,
        jnp.array([3.0, 3.0]),
        size,
        num_steps=num_steps,
        shares={"one-hot labels": 1.0, "Dirichlet teacher, a0 = 9": 0.1, "exact teacher": 0.0},
        key=random_key(seed),
        num_runs=num_runs,
    )
    return _World("quadratic: two components, two features", size, 1.0, 0.2, "", curves, _QUADRATIC)


def _softmax(step_size: float | None, num_steps: int, num_runs: int, seed: int) -> _World:
    world = SoftmaxObjective.create(
        [0.5, 0.3, 0.2],
        [[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]],
        [[0.5, -0.2, -0.3], [-0.4, 0.5, -0.1]],
    )
    smoothness = float(world.component_smoothness)
    size = 0.5 / smoothness if step_size is None else step_size
    start = world.optimum + 0.5 * jnp.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
    curves = softmax_curves(
        world,
        start,
        size,
        num_steps=num_steps,
        teachers={"one-hot labels": 1, "mean of 4 labels": 4, "exact teacher": None},
        key=random_key(seed),
        num_runs=num_runs,
    )
    mu = strong_convexity_on_ball(world, jnp.linalg.norm(start - world.optimum))
    title = "linear softmax: three inputs, two features, three labels"
    region = "on the ball where runs start, and nowhere else"
    return _World(title, size, smoothness, float(mu), region, curves, _SOFTMAX)


EXAMPLES: dict[str, Callable[[float | None, int, int, int], _World]] = {
    "quadratic": _quadratic,
    "softmax": _softmax,
}
"""The worlds by name."""


def descent_example(
    name: str,
    *,
    step_size: Any = None,
    num_steps: Any = 60,
    num_runs: Any = 4000,
    seed: Any = 0,
) -> DescentExample:
    r"""Returns what SGD does in a world that comes with the toolkit, by teacher.

    Args:
        name: a key of `EXAMPLES`.
        step_size: $\gamma$; the world's own if left out.
        num_steps: $T$.
        num_runs: how many runs are simulated as a cross-check.
        seed: of these runs.

    Raises:
        InputError: for another name, or a number out of range.
    """
    if name not in EXAMPLES:
        _check.refuse("--example", repr(name), ", ".join(EXAMPLES), "Choose one of them.")
    size = None
    if step_size is not None:
        size = _check.number("--step-size", step_size, low=0.0, open_low=True)
    steps = _check.integer("--steps", num_steps, low=1, high=100_000)
    runs = _check.integer("--runs", num_runs, low=2, high=1_000_000)
    number = _check.integer("--seed", seed, low=0)
    with jax.enable_x64(True):
        world = EXAMPLES[name](size, steps, runs, number)
    return DescentExample(**world._asdict(), num_steps=steps, seed=number, level=LEVEL)
