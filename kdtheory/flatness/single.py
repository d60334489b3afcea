r"""The sharpness of a user's loss around given parameters."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from kdtheory import _check
from kdtheory._random import random_key
from kdtheory.flatness import averages, curvature, inputs
from kdtheory.flatness.batches import Loss
from kdtheory.flatness.constants import given_of, with_constants
from kdtheory.flatness.records import AtRadius, Eigenvalue, SharpnessReport
from kdtheory.intervals import Estimate, student_interval

LANCZOS_LEAST = 3
"""With fewer parameters the Hessian is always formed."""


def sharpness(
    loss: Any,
    parameters: Any,
    data: Any,
    *,
    radius: Any,
    heldout: Any = None,
    loss_range: Any = None,
    divergence: Any = None,
    stability: Any = None,
    lipschitz: Any = None,
    gradient_bound: Any = None,
    smoothness: Any = None,
    hessian_bound: Any = None,
    num_draws: Any = 128,
    level: Any = 0.95,
    seed: Any = 0,
    batch_size: Any = 512,
) -> SharpnessReport:
    r"""Returns how sharp a loss is around given parameters, and what bounds make of it.

    The ball-averaged sharpness is $S_D(f)=E_UL_D(f+U)-L_D(f)$, $U$ uniform in the ball of radius
    $\rho$ of all $p$ parameters, $L_D$ the mean loss over the data. It is estimated by pairs
    $f\pm U$, whose interval is asymptotic; with a range of the loss or its smoothness there is
    also one that holds at its level however few draws there are. The same directions serve all
    radii and the held-out data.

    Of the Hessian of $L_D$ there are the trace and the extreme eigenvalues at the parameters, by
    its products with vectors (exactly, if there are no more parameters than draws). Its largest
    norm over the ball is looked for at a few points only, which gives a lower estimate of the
    supremum over the ball; so are the largest gradient there and the smoothness of single examples.

    Bounds on a student's gap are computed, less the teacher's gap, where everything that they rest
    on was stated and nothing that was measured contradicts it; the report lists every assumption as
    checked, assumed, unknown or violated. The parameters stand for one draw of the teacher, where
    its gradients are checked, and for one draw of the student, in condition (i).

    All is computed in float64. Memory is bounded by that of a batch; time is about that of
    $2R\cdot$``num_draws`` evaluations for $R$ radii, as many products with the Hessian as draws,
    and some hundred more of them.

    Args:
        loss: (parameters, one example) -> a number, twice differentiable, traceable by JAX.
        parameters: a pytree of floating-point arrays, $p$ numbers in all.
        data: a pytree of arrays with a common leading axis, the examples.
        radius: $\rho>0$, or several, which the report has in increasing order.
        heldout: data that were not trained on, to see the sharpness on the population.
        loss_range: $(a,b)$ with $a\le\ell\le b$ known beforehand, perturbed or not.
        divergence: $K_n\ge0$ of the student from the teacher; infinity is allowed.
        stability: $\kappa$; replacing an example moves the teacher by at most $\kappa/n$.
        lipschitz: $L$, a Lipschitz constant of the loss everywhere.
        gradient_bound: $g_0$, of the gradients of the loss at what the teacher returns.
        smoothness: $\alpha$, a Lipschitz constant of the gradients on the ball.
        hessian_bound: $\tau$, of the norm of the population's Hessian on the ball.
        num_draws: how many pairs $f\pm U$, and how many probes of the trace.
        level: of the intervals.
        seed: of everything random.
        batch_size: the most examples that are handled at a time.

    Returns:
        The report.

    Raises:
        InputError: for a loss that is no real number for one example, or is not finite; parameters
            that are not floating-point numbers; data without a common leading axis; a radius that
            is not positive; NaN anywhere; or a constant out of range.

    Example:
        >>> def squares(parameters, example):
        ...     inputs, target = example
        ...     return 0.5 * (inputs @ parameters["weights"] - target) ** 2
        >>> data = (np.eye(2) * 2.0, np.array([1.0, 0.0]))  # the Hessian is 2 I
        >>> found = sharpness(squares, {"weights": np.zeros(2)}, data, radius=0.5)
        >>> print(f"{found.trace.value:g} {found.radii[0].quadratic.value:g}")  # 0.25 * 4/(2 * 4)
        4 0.125
        >>> at = found.radii[0].sharpness
        >>> at.low < 0.125 < at.high
        True
    """
    radii = inputs.radii_of(radius)
    draws = _check.integer("num_draws", num_draws, low=2)
    share = _check.level(level)
    number = _check.integer("seed", seed, low=0)
    size = _check.integer("batch_size", batch_size, low=1)
    constants = {
        "loss_range": loss_range,
        "divergence": divergence,
        "stability": stability,
        "lipschitz": lipschitz,
        "gradient_bound": gradient_bound,
        "smoothness": smoothness,
        "hessian_bound": hessian_bound,
    }
    given_of(**constants)  # before any work
    with jax.enable_x64(True):
        point = inputs.parameters_of(parameters)
        examples = inputs.data_of("data", data)
        dtype = inputs.check_loss(loss, point, examples)
        others = None
        if heldout is not None:
            others = inputs.data_of("heldout", heldout)
            inputs.same_kind(examples, others)
        # A new function every time, and its programs dropped: what the loss closes over may have
        # changed since the last call, and a process holds a limited number of programs.
        own = functools.partial(loss)
        job = _Job(own, dtype, point, examples, others, radii, draws, share, number, size)
        try:
            report = _measured(job)
        finally:
            for program in _PROGRAMS:
                program.clear_cache()
        warnings = tuple(_warnings(report, dtype))
        return with_constants(dataclasses.replace(report, warnings=warnings), **constants)


_PROGRAMS: tuple[Any, ...] = (
    averages.losses_of,
    averages.rises,
    curvature.hessian,
    curvature.hessian_product,
    curvature.largest_in_balls,
    curvature.largest_of_examples,
    curvature.mean_gradient,
    curvature.trace_probes,
)


class _Job(NamedTuple):
    """What was asked for, checked and ready."""

    loss: Loss
    dtype: Any  # in which the loss comes
    point: Any
    data: Any
    heldout: Any
    radii: Any
    draws: int
    level: float
    seed: int
    size: int

    def on_data(self, function: Any, *arguments: Any, **options: Any) -> Any:
        """Returns a function of the loss, the parameters and the data."""
        return function(
            self.loss, self.point, self.data, *arguments, **options, batch_size=self.size
        )


# --- measurements ---------------------------------------------------------------------------------


def _measured(job: _Job) -> SharpnessReport:
    """Returns the report without what rests on stated constants."""
    keys = jax.random.split(random_key(job.seed), 4)
    losses, pairs = _moved(job, "data", job.data, keys[0])
    held = None if job.heldout is None else _moved(job, "heldout", job.heldout, keys[0])
    found = [(losses, pairs)] + ([] if held is None else [held])
    everything = np.concatenate([one[0] for one in found])
    lowest = np.min([one[1].lowest for one in found], axis=0)
    highest = np.max([one[1].highest for one in found], axis=0)
    rounding = _rounding(job.dtype, everything)
    single = _of_examples(job, keys[1])
    count = ravel_pytree(job.point)[0].size
    bent = _hessian(job, count, keys[2])
    around = job.on_data(
        curvature.largest_in_balls, jnp.asarray(job.radii), jnp.asarray(bent.vector), keys[3]
    )
    # A point of a small ball is in every larger one, and the centre in all.
    here = max(abs(bent.top.value), abs(bent.bottom.value))
    bends = np.maximum.accumulate(np.maximum(np.asarray(around.curvature), here))
    slopes = np.maximum.accumulate(np.maximum(np.asarray(around.gradient), single.gradient))
    secants = np.maximum.accumulate(np.maximum(np.asarray(around.secant), single.curvature))
    rows = []
    for index, rho in enumerate(map(float, job.radii)):
        weight = rho**2 / (2.0 * (count + 2.0))
        rows.append(
            AtRadius(
                radius=rho,
                sharpness=student_interval(pairs.pairs[:, index], job.level, rounding),
                sound_low=None,
                sound_high=None,
                heldout=held and student_interval(held[1].pairs[:, index], job.level, rounding),
                quadratic=Estimate(*(weight * part for part in dataclasses.astuple(bent.trace))),
                hessian_at_least=float(bends[index]),
                gradient_at_least=float(slopes[index]),
                smoothness_at_least=float(secants[index]),
                lowest_loss=float(lowest[index]),
                highest_loss=float(highest[index]),
            )
        )
    return SharpnessReport(
        num_examples=len(losses),
        num_heldout=0 if held is None else len(held[0]),
        num_parameters=count,
        loss=float(losses.mean()),
        heldout_loss=None if held is None else float(held[0].mean()),
        lowest_loss=float(everything.min()),
        highest_loss=float(everything.max()),
        gradient=float(jnp.linalg.norm(job.on_data(curvature.mean_gradient))),
        largest_gradient=float(single.gradient),
        smoothness_at_least=float(single.curvature),
        trace=bent.trace,
        largest_eigenvalue=bent.top,
        smallest_eigenvalue=bent.bottom,
        exact_hessian=bent.exact,
        radii=tuple(rows),
        premises=(),
        penalties=(),
        largest_radius=None,
        meaning=(),
        warnings=(),
        level=job.level,
        num_draws=job.draws,
        seed=job.seed,
    )


def _moved(job: _Job, name: str, data: Any, key: Any) -> tuple[Any, averages.Rises]:
    """Returns the losses of examples, and their rises under moves."""
    losses = averages.losses_of(job.loss, job.point, data, batch_size=job.size)
    array = inputs.finite_losses(name, losses)
    radii = jnp.asarray(job.radii)
    options = {"num_draws": job.draws, "batch_size": job.size}
    return array, averages.rises(job.loss, job.point, data, losses, radii, key, **options)


def _of_examples(job: _Job, key: Any) -> curvature.Examples:
    """Returns the largest derivatives of single examples, refused if they are not finite."""
    single = job.on_data(curvature.largest_of_examples, key)
    for words, value in (("gradient", single.gradient), ("second derivative", single.curvature)):
        if not np.isfinite(value):
            _check.refuse(
                "loss",
                f"a {words} at the parameters that is not finite",
                "a loss that is twice differentiable there",
                "Look for roots, norms and absolute values of zero in it.",
            )
    return single


class _Bent(NamedTuple):
    """What is known of the Hessian at the parameters."""

    trace: Estimate
    top: Eigenvalue
    bottom: Eigenvalue
    vector: Any  # of the eigenvalue that is larger in size
    exact: bool


def _hessian(job: _Job, count: int, key: Any) -> _Bent:
    if count <= max(LANCZOS_LEAST, min(job.draws, curvature.EXACT)):
        matrix = np.asarray(job.on_data(curvature.hessian))
        total = float(np.trace(matrix))
        vectors = np.linalg.eigh(matrix)[1]
        bottom, top = (curvature.rayleigh(matrix.__matmul__, vectors[:, i]) for i in (0, -1))
        vector = vectors[:, -1] if top.value >= -bottom.value else vectors[:, 0]
        return _Bent(Estimate(total, total, total, 0.0), top, bottom, vector, True)

    def times(vector: Any) -> Any:
        flat = jnp.asarray(np.reshape(vector, -1))
        return np.asarray(job.on_data(curvature.hessian_product, flat))

    probes = job.on_data(curvature.trace_probes, key, num_probes=job.draws)
    trace = student_interval(probes, job.level)
    return _Bent(trace, *curvature.extreme_eigenvalues(times, count, job.seed), False)


def _rounding(dtype: Any, losses: Any) -> float:
    """Returns by how much the rise of a loss may be off, being a difference of losses."""
    return float(8.0 * jnp.finfo(dtype).eps * np.abs(losses).max())


def _warnings(report: SharpnessReport, dtype: Any) -> list[str]:
    said = []
    if dtype != np.float64:
        said.append(
            f"The loss comes in {dtype} although its arguments are float64: small rises drown in "
            "rounding. Leave dtypes to its arguments."
        )
    if any(not np.isfinite(at.sharpness.value) for at in report.radii):
        said.append("The loss is not finite within the larger balls: what stands there is empty.")
    for end, words in (
        (report.largest_eigenvalue, "largest"),
        (report.smallest_eigenvalue, "smallest"),
    ):
        if end.residual > 1e-3 * max(abs(report.largest_eigenvalue.value), abs(end.value)):
            said.append(_unconverged(words, end))
    rounding = _rounding(dtype, [report.lowest_loss, report.highest_loss])
    if any(abs(at.sharpness.value) < rounding for at in report.radii):
        said.append(
            "Some rises are no larger than rounding, by which the intervals are widened: take a "
            "larger radius."
        )
    return said


def _unconverged(words: str, end: Eigenvalue) -> str:
    return (
        f"The {words} eigenvalue has not converged: there is one within {end.residual:.2g} of "
        f"{end.value:.4g}."
    )
