r"""Where the variance of a distilled linear student comes from: three sources, which add up.

A prediction of a distilled student is random three times over: through the *teacher's responses*
that it was trained on, through its own *training* (here: where gradient descent started), and at
*inference*, through the noise that its predictive distribution has. With $D$ the responses, $\xi$
the start and $Y$ an answer of the student, the law of total variance is

$$\mathbb V[Y] = \mathbb V_D\,\mathbb E[Y|D] + \mathbb E_D\mathbb V_\xi\,\mathbb E[Y|D,\xi]
+ \mathbb E\,\mathbb V[Y|D,\xi].$$
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory.propagation.records import HEADS, UncertaintyBudget


def uncertainty_budget(
    X: Any,
    sigma: Any,
    k: int = 1,
    *,
    correlation: float = 0.0,
    head: str = "averages",
    at: Any = None,
    num_steps: int | None = None,
    step_size: float | None = None,
    initial_std: float = 0.0,
    mean: Any = None,
) -> UncertaintyBudget:
    r"""Splits the variance of a distilled linear student's answers into its three sources.

    The teacher answers every training input $k$ times, with noise of standard deviation $\sigma_i$;
    the student is fitted to the averages, by least squares or by gradient descent on it, and a head
    learns the variance that is left. All of it is exact, from second moments alone.

    Args:
        X: training inputs, shape ``(samples, features)``, used as they are: include a column of
            ones for an intercept. Any rank; without full rank the student is the minimum-norm one.
        sigma: standard deviation of a single response, one number or one for every input.
        k: how many responses are averaged.
        correlation: $\rho$ between two responses to one input, at least $-1/(k-1)$.
        head: what the student's own predictive variance is fitted to, by maximum likelihood:
            "averages" (the residuals of the averaged responses; with $k=1$ the usual way), "pooled"
            (those of all $nk$ responses), or "point" (none: the student answers with its mean).
        at: where the student answers, shape ``(points, features)``; the training inputs if None.
        num_steps: steps of gradient descent on the mean squared error; None for the limit.
        step_size: of the descent on $\frac1{2n}|\bar y-X\theta|^2$; the inverse of the largest
            curvature if None.
        initial_std: standard deviation of every coefficient at the start, with mean zero. In the
            limit it matters in directions that the inputs do not span.
        mean: the teacher's mean answers at the training inputs, shape ``(samples,)``; needed with
            ``num_steps``, since an unfinished student misses them. Without it they are taken to
            be linear in the inputs.

    Returns:
        The budget, averaged over the points.

    Raises:
        InputError: for anything that does not fit together.

    Example:
        A mean of two answers: averaging five responses steadies the student, and its head then
        believes in a fifth of the teacher's variance.

        >>> import numpy as np
        >>> for k in (1, 5):
        ...     budget = uncertainty_budget(np.ones((2, 1)), sigma=1.0, k=k)
        ...     print(f"{budget.teacher_response:.2f} + {budget.student_inference:.2f}")
        0.50 + 0.50
        0.10 + 0.10
    """
    inputs = _check.real_array("X", X, "samples", "features")
    num_samples, num_features = inputs.shape
    variances = _variances(sigma, num_samples)
    num_responses = _check.integer("k", k, low=1)
    lowest = -1.0 / (num_responses - 1) if num_responses > 1 else -1.0
    rho = _check.number("correlation", correlation, low=lowest, high=1.0)
    if head not in HEADS:
        _check.refuse("head", repr(head), f"one of {', '.join(HEADS)}", "Choose one of them.")
    start = _check.number("initial_std", initial_std, low=0.0) ** 2
    points = inputs if at is None else _points(at, num_features)
    targets = None if mean is None else _vector("mean", mean, num_samples)

    left, singular, right = np.linalg.svd(inputs, full_matrices=False)
    unit = max(inputs.shape) * np.finfo(float).eps
    rank = int(np.sum(singular > unit * singular.max(initial=0.0)))
    if rank == 0:
        _check.refuse("X", "zeros only", "inputs that differ from zero", "Check the data.")
    left, singular, right = left[:, :rank], singular[:rank], right[:rank]
    kept = _unfinished(singular, num_samples, num_steps, step_size, targets)

    # Opposed responses cancel at the lowest correlation: nothing is left but rounding.
    share = max(rho + (1.0 - rho) / num_responses, 0.0)
    averaged = share * variances
    coordinates = points @ right.T
    unspanned = points - coordinates @ right
    # A prediction is a sum of responses with the weights half @ left.T, and what the start leaves.
    half = coordinates * ((1.0 - kept) / singular)
    single = float(np.mean(np.sum((half @ ((left.T * variances) @ left)) * half, axis=1)))
    from_start = start * float(np.mean(np.sum((coordinates * kept) ** 2, axis=1)))
    from_start += start * float(np.mean(np.sum(unspanned**2, axis=1)))

    # What the fit leaves of response j is the part outside the span, and the part not yet learned.
    outside = 1.0 - np.sum(left**2, axis=1)
    outside = np.where(outside > 8 * unit, outside, 0.0)
    residual = float(np.mean(averaged * (outside + left**2 @ kept**2)))
    residual += start * float(np.sum((kept * singular) ** 2)) / num_samples
    misfit = 0.0
    if targets is not None:
        seen = left.T @ targets
        misfit = float(np.mean((targets - left @ (seen * (1.0 - kept))) ** 2))
    within = float(np.mean(variances)) * (1.0 - rho) * (1.0 - 1.0 / num_responses)
    inference = {"averages": residual, "pooled": residual + within, "point": 0.0}[head]
    if head != "point":
        inference += misfit

    size = np.abs(points).max()
    return UncertaintyBudget(
        num_samples=num_samples,
        num_features=num_features,
        rank=rank,
        num_responses=num_responses,
        correlation=rho,
        head=head,
        num_steps=num_steps,
        initial_std=math.sqrt(start),
        teacher_variance=float(np.mean(variances)),
        teacher_response=share * single,
        shared_response=max(rho, 0.0) * single,
        student_training=from_start,
        student_inference=inference,
        misfit=misfit,
        spanned=bool(np.abs(unspanned).max() <= 1e-9 * size),
    )


def _variances(sigma: Any, num_samples: int) -> FloatArray:
    if np.ndim(sigma) == 0:
        return np.full(num_samples, _check.number("sigma", sigma, low=0.0) ** 2)
    values = _vector("sigma", sigma, num_samples)
    if values.min() < 0:
        _check.refuse(
            "sigma", f"{values.min():g}", "standard deviations >= 0", "Variances? Take the root."
        )
    return values**2


def _vector(name: str, value: Any, num_samples: int) -> FloatArray:
    array = _check.real_array(name, value, "samples")
    if len(array) != num_samples:
        _check.refuse(
            name, f"{len(array)} numbers", f"one for each of {num_samples} inputs", "Check rows."
        )
    return array


def _points(at: Any, num_features: int) -> FloatArray:
    points = _check.real_array("at", at, "points", "features")
    if points.shape[1] != num_features:
        _check.refuse(
            "at",
            f"{points.shape[1]} features",
            f"{num_features}, as X has",
            "Give the same columns, an intercept included.",
        )
    return points


def _unfinished(
    singular: FloatArray,
    num_samples: int,
    num_steps: int | None,
    step_size: float | None,
    mean: FloatArray | None,
) -> FloatArray:
    r"""Returns $(1-\eta s_i^2/n)^t$: the share of every direction that descent has not learned."""
    if num_steps is None:
        if step_size is not None:
            _check.refuse(
                "step_size", f"{step_size} without num_steps", "both or neither", "Give num_steps."
            )
        return np.zeros_like(singular)
    steps = _check.integer("num_steps", num_steps, low=0)
    if mean is None:
        _check.refuse(
            "mean",
            "none, with num_steps",
            "the teacher's mean answers, one for every input",
            "An unfinished student misses them, and its head sees that. Leave out num_steps for"
            " the finished one.",
        )
    curvature = singular**2 / num_samples
    largest = 2.0 / float(curvature.max())
    size = largest / 2 if step_size is None else _check.number("step_size", step_size, low=0.0)
    if size >= largest:
        _check.refuse(
            "step_size",
            f"{size:g}",
            f"less than {largest:g}, twice the inverse of the largest curvature",
            "Descent diverges with it; choose a smaller one.",
        )
    return (1.0 - size * curvature) ** steps
