r"""Claims on SGD for a linear softmax model with exact Bayes class probabilities.

The cross-entropy is nowhere strongly convex on the whole space. But every gradient with Bayes class
probabilities vanishes at $\theta^*$, and every component is convex and $L_{\max}$-smooth, so that
$\|\theta-\gamma g-\theta^*\|^2\le\|\theta-\theta^*\|^2-\gamma(2-\gamma L_{\max})
\langle g,\theta-\theta^*\rangle$ *whichever input is drawn*: with $\gamma\le2/L_{\max}$ a run never
leaves the ball around $\theta^*$ in which it started (``softmax_stays``), and the strong convexity
*on that ball* serves for all steps (``softmax_bcp``).

Neither is true of drawn labels: their gradients do not vanish at $\theta^*$, and a run that starts
there leaves at once.

So that the least eigenvalue of $\mathbb E\,m_x\varphi\varphi^\top$ is the least of its diagonal
entries, every input has one feature that is not zero (input $x$ the feature $x\bmod d$).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Axis, Case, Claim, TextExamined
from kdtheory.domains import Domain, box, simplex
from kdtheory.objects.descent import (
    SoftmaxRun,
    enumerated_distances,
    enumerated_paths,
    squared_distances,
)
from kdtheory.objects.objectives import curvature_on_ball, fix_gauge, realisable
from kdtheory.theorems.sgd_convergence import bounds, worlds
from kdtheory.theorems.sgd_convergence.claims_descent import STRONGLY_CONVEX_BCP

SIZES = ((2, 2, 2, 2), (2, 1, 2, 1))


def _on_axes(lengths: Any, num_features: int) -> Any:
    """Returns inputs each of which has one feature: row x has its length in column x mod d."""
    axes = np.eye(num_features)[np.arange(lengths.shape[0]) % num_features]
    return lengths[:, None] * jnp.asarray(axes, lengths.dtype)


def _run(
    weights: Any, lengths: Any, optimum: Any, offset: Any, fraction: Any, *, num_steps: int
) -> SoftmaxRun:
    objective = realisable(weights, _on_axes(lengths, optimum.shape[0]), optimum)
    largest = worlds.by_smoothness(2.0)(objective)
    return SoftmaxRun(objective, optimum + fix_gauge(offset), fraction * largest, num_steps)


def _runs(size: tuple[int, ...]) -> Domain:
    """Runs with a step size up to 2/L: (inputs, features, labels, steps)."""
    inputs, features, labels, num_steps = size
    parts = simplex(inputs) * box(-1, 1, inputs) * box(-2, 2, features, labels)
    parts = parts * box(-2, 2, features, labels) * box(0, 1)

    def split(run: SoftmaxRun) -> tuple[Any, ...]:
        own = run.objective
        lengths = jnp.sum(own.features, axis=1)
        fraction = run.step_size / worlds.by_smoothness(2.0)(own)
        return own.input_weights, lengths, own.optimum, run.start - own.optimum, fraction

    names = "input_weights", "features", "optimum", "offset", "fraction_of_largest_step"
    return parts.named(*names).map(lambda *given: _run(*given, num_steps=num_steps), split)


def _case(lengths: Any, optimum: Any, offset: Any, fraction: float, num_steps: int) -> SoftmaxRun:
    given = (np.full(len(lengths), 1 / len(lengths)), lengths, optimum, offset, fraction)
    made = arrays(*given)
    return _run(*made, num_steps=num_steps)


def _start(run: SoftmaxRun) -> Scalar:
    return jnp.sum((run.start - run.objective.optimum) ** 2)


def _scale(run: SoftmaxRun) -> Scalar:
    r"""Returns $\|e\|^2+\|e\|u+\varepsilon u^2$, the unit of a squared distance to $\theta^*$.

    $e$ is a difference of parameters of which each is rounded, and $u$ how long they are, and how
    far a step may go: $\|e\|^2$ alone means nothing where $\|e\|$ is no more than rounding.
    """
    own, start = run.objective, _start(run)
    length = jnp.sqrt(jnp.sum(own.optimum**2))
    length += run.step_size * jnp.sqrt(worlds.largest_squared_norm(own))
    dtype = jnp.finfo(run.start.dtype)
    return start + jnp.sqrt(start) * length + float(dtype.eps) * length**2 + dtype.tiny


def _distance(run: SoftmaxRun) -> Scalar:
    r"""Returns $\mathbb E\|\theta_T-\theta^*\|^2$ over all paths."""
    own = run.objective
    return enumerated_distances(
        own.bayes_gradients, run.start, own.optimum, run.step_size, num_steps=run.num_steps
    )[-1]


def _promised(run: SoftmaxRun) -> Scalar:
    own, start = run.objective, _start(run)
    curvature = jnp.diagonal(curvature_on_ball(own, jnp.sqrt(start)))
    known = run.step_size, own.component_smoothness, jnp.min(curvature)
    return bounds.sharpened_bayes(*known).after(run.num_steps, start)


def _furthest(run: SoftmaxRun) -> Scalar:
    r"""Returns the largest $\|\theta_T-\theta^*\|^2$ that has a chance."""
    own = run.objective
    *_, (weights, points) = enumerated_paths(
        own.bayes_gradients, run.start, run.step_size, num_steps=run.num_steps
    )
    return jnp.max(jnp.where(weights > 0, squared_distances(points, own.optimum), 0.0))


def _near(radius: float, fraction: float) -> SoftmaxRun:
    return _case([1, 1], [[0, 0]], [[radius, -radius]], fraction, 1)


def _fraction(fraction: Any) -> SoftmaxRun:
    """Returns two steps on two inputs, the optimum and the start being some way apart."""
    given = [0.5, 0.5], [1.0, 0.75], [[0.5, -0.5], [0.0, 0.0]], [[0.5, -0.5], [-0.25, 0.25]]
    weights, lengths, optimum, offset = map(jnp.asarray, given)
    return _run(weights, lengths, optimum, offset, fraction, num_steps=2)


_FRACTION = Axis(
    "the step size as a share of 2/L (two inputs, two steps)",
    tuple(np.linspace(0, 1, 65).tolist()),
    _fraction,
)

SOFTMAX_BCP = Claim(
    slug="sgd_convergence/softmax_bcp",
    title="A softmax student of Bayes class probabilities converges, at the rate of its first ball",
    statement=r"E\|\theta_T-\theta^*\|^2\le(1-\gamma\mu_r(2-\gamma L_{\max}))^T\|\theta_0-\theta^*"
    r"\|^2\text{ for }\gamma<\frac2{L_{\max}}\text{, with }\mu_r\text{ that of the ball }"
    r"\|\theta-\theta^*\|\le r=\|\theta_0-\theta^*\|",
    source=OURS,
    text_examined=TextExamined.OURS,
    sharpens=STRONGLY_CONVEX_BCP.slug,
    axes=(_FRACTION,),
    uses=("sgd_convergence/softmax_stays", "sgd_convergence/interpolation"),
    lhs=jax.jit(_distance),
    rhs=jax.jit(_promised),
    domain=_runs,
    sizes=SIZES,
    scale=_scale,
    tight=(
        Case(
            "no step",
            lambda: _case([1, 0.5], [[0, 0], [1, -1]], [[1, -1], [0, 1]], 0.0, 2),
            "a step size of zero: nothing moves, and nothing is promised",
        ),
        Case(
            "a fair coin, near the optimum",
            lambda: _near(1e-4, 0.25),
            "p = (1/2, 1/2): curvature and smoothness are both 1/2, and a step of 1 leaves 1/4 of "
            "the squared distance, up to a share of the radius",
            limit=lambda t: _near(t, 0.25),
        ),
    ),
    corners=(
        Case(
            "a feature that no input has",
            lambda: _case([1, 0], [[0, 0], [0, 0]], [[1, -1], [1, -1]], 0.5, 2),
            "no curvature in one direction: it never moves, and nothing is promised",
        ),
    ),
)

SOFTMAX_STAYS = dataclasses.replace(
    SOFTMAX_BCP,
    slug="sgd_convergence/softmax_stays",
    title="With Bayes class probabilities no step leads further from the optimum",
    statement=r"\|\theta_T-\theta^*\|^2\le\|\theta_0-\theta^*\|^2\text{ surely, for }"
    r"\gamma\le\frac2{L_{\max}}",
    sharpens=None,
    uses=("sgd_convergence/interpolation",),
    lhs=jax.jit(_furthest),
    rhs=jax.jit(_start),
    tight=(
        Case(
            "an input without features",
            lambda: _case([1, 0], [[0, 0], [1, -1]], [[1, -1], [0, 1]], 0.5, 2),
            "drawn twice, it leaves the student where it started",
        ),
    ),
    corners=(
        Case(
            "from one side to the other",
            lambda: _near(1e-4, 1.0),
            "p = (1/2, 1/2) and a step of 2/L: theta - theta* changes its sign, and is a little "
            "shorter",
        ),
    ),
)

SOFTMAX_CLAIMS = (SOFTMAX_STAYS, SOFTMAX_BCP)
