r"""The noise of gradients with every kind of label, for linear softmax and for any other student.

All follows from the Jacobians $J=[\nabla\log p_k]$, a column per label, and from covariances of the
target given the input (`kdtheory.theorems.sgd_convergence.noise`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from scipy import special

from kdtheory import _check
from kdtheory.descent import inputs
from kdtheory.descent.records import GradientNoise, TargetNoise
from kdtheory.flatness.batches import derivative_batch, mean_of_batches
from kdtheory.theorems.sgd_convergence import noise

Student = Callable[[Any, Any], Any]
"""(what is common to all examples, an example) -> $J$, of shape ``(parameters, labels)``."""


def gradient_noise(
    features: Any,
    label_probs: Any,
    *,
    parameters: Any = None,
    input_weights: Any = None,
    pinned: bool = False,
    num_labels_drawn: Any = (),
    concentration: Any = (),
    variance: Any = (),
    covariances: Any = None,
    batch_size: Any = 512,
) -> GradientNoise:
    r"""Returns what every kind of label adds to the gradient's noise, for linear softmax students.

    The student is $\mathrm{softmax}(\theta^\top\varphi(x))$, trained on the cross-entropy with
    targets $q$ of mean $P(x)$. $\mathbb E\|g\|^2$ is a part that all labels share and the noise of
    the target, $\mathbb E_x\mathrm{tr}(J\,\mathrm{Cov}(q|x)\,J^\top)$.

    Args:
        features: $\varphi$, a row per input.
        label_probs: $P$, Bayes class probabilities, a row per input.
        parameters: $\theta$, a row per feature and a column per label (one less if ``pinned``);
            without them the student is taken to answer $P$ itself, as at the optimum of a world
            that it can represent.
        input_weights: a distribution over the inputs; uniform if left out.
        pinned: whether the last label's logit is zero.
        num_labels_drawn: $k$, one number or several: targets that are the mean of $k$ labels.
        concentration: $a_0$, one or several: targets drawn from $\mathrm{Dirichlet}(a_0P)$.
        variance: $\nu$, one or several: $P$ with an independent error on every entry, and the same
            with the mean of the errors taken off.
        covariances: of targets of your own given the input, a matrix per input.
        batch_size: the most inputs that are handled at a time.

    Returns:
        The noise of one-hot labels, of what was asked for, and of exact labels (zero).

    Raises:
        InputError: for shapes that do not fit, or numbers out of range.

    Example:
        >>> found = gradient_noise([[2.0]], [[0.5, 0.5]], num_labels_drawn=4)
        >>> [one.noise for one in found.targets]  # 4 (1 - 1/2), a fourth of it, and nothing
        [2.0, 0.5, 0.0]
    """
    rows = _check.real_array("features", features, "inputs", "features")
    asked = inputs.targets_of(
        label_probs, len(rows), input_weights, num_labels_drawn, concentration, variance
    )
    num_labels = asked.label_probs.shape[1]
    num_logits = num_labels - 1 if pinned else num_labels
    matrices = inputs.covariances_of(covariances, len(rows), num_labels)
    answers, where = asked.label_probs, "where the student answers P"
    if parameters is not None:
        point = _check.real_array("parameters", parameters, "features", "logits")
        if point.shape != (rows.shape[1], num_logits):
            _check.refuse(
                "parameters",
                f"shape {point.shape}",
                f"({rows.shape[1]}, {num_logits}), a row per feature and a column per free logit",
                "Check that it is not transposed, and whether the last logit is pinned.",
            )
        logits = rows @ point
        logits = np.pad(logits, ((0, 0), (0, num_labels - num_logits)))
        answers, where = special.softmax(logits, axis=1), "at the parameters given"
    size = _check.integer("batch_size", batch_size, low=1)
    num_parameters = rows.shape[1] * num_logits
    with jax.enable_x64(True):
        data = (rows, answers), asked.label_probs, asked.input_weights, matrices
        ready = (), jax.tree.map(jnp.asarray, data)
        return _report(_linear_softmax(num_logits), ready, num_parameters, size, asked, where)


def student_gradient_noise(
    log_probs: Any,
    parameters: Any,
    examples: Any,
    label_probs: Any,
    *,
    input_weights: Any = None,
    num_labels_drawn: Any = (),
    concentration: Any = (),
    variance: Any = (),
    covariances: Any = None,
    batch_size: Any = 512,
) -> GradientNoise:
    r"""Returns what every kind of label adds to the gradient's noise, for a student of your own.

    Jacobians are taken example by example, in float64 and in bounded memory.

    Args:
        log_probs: (parameters, one example) -> $\log p$, a number per label, differentiable and
            traceable by JAX; `jax.nn.log_softmax` of its logits, say.
        parameters: a pytree of floating-point arrays.
        examples: a pytree of arrays with a common leading axis, the inputs.
        label_probs: as of `gradient_noise`, a row per example.
        input_weights: as of `gradient_noise`.
        num_labels_drawn: as of `gradient_noise`.
        concentration: as of `gradient_noise`.
        variance: as of `gradient_noise`.
        covariances: as of `gradient_noise`.
        batch_size: the most examples that are handled at a time.

    Returns:
        As `gradient_noise`.

    Raises:
        InputError: as `gradient_noise`, and for a student that does not answer one example with
            the logarithms of probabilities.

    Example:
        >>> def log_probs(parameters, features):
        ...     return jax.nn.log_softmax(features @ parameters)
        >>> found = student_gradient_noise(log_probs, np.zeros((1, 2)), [[2.0]], [[0.5, 0.5]])
        >>> print(f"{found['one-hot labels'].noise:g}")
        2
    """
    size = _check.integer("batch_size", batch_size, low=1)
    with jax.enable_x64(True):
        point, data, count = inputs.student_data(parameters, examples)
        asked = inputs.targets_of(
            label_probs, count, input_weights, num_labels_drawn, concentration, variance
        )
        num_labels = asked.label_probs.shape[1]
        matrices = inputs.covariances_of(covariances, count, num_labels)
        # A new function every time, and its programs dropped: what it closes over may have changed.
        own = functools.partial(log_probs) if callable(log_probs) else log_probs
        try:
            inputs.check_log_probs(own, point, data, num_labels, size)
            num_parameters = ravel_pytree(point)[0].size
            rows = data, asked.label_probs, asked.input_weights, matrices
            ready = point, jax.tree.map(jnp.asarray, rows)
            student, where = functools.partial(_differentiated, own), "at the parameters given"
            return _report(student, ready, num_parameters, size, asked, where)
        finally:
            for program in _PROGRAMS:
                program.clear_cache()


@functools.cache
def _linear_softmax(num_logits: int) -> Student:
    def student(_: Any, example: Any) -> Any:
        features, probs = example
        return noise.jacobians_of_probs(features[None], probs[None], num_logits=num_logits)[0]

    return student


def _differentiated(log_probs: Any, parameters: Any, example: Any) -> Any:
    flat, unravel = ravel_pytree(parameters)
    return jax.jacrev(lambda point: log_probs(unravel(point), example))(flat).T.astype(flat.dtype)


class _Moments(NamedTuple):
    """Mean squares of a gradient, and the noise of some targets."""

    bayes: Any
    bayes_variance: Any
    onehot: Any
    additive: Any  # of variance one
    centred: Any  # of variance one
    own: Any


@functools.partial(jax.jit, static_argnames=("student", "batch_size"))
def _mean_gradient(
    student: Student, common: Any, data: Any, like: Any, *, batch_size: int
) -> Float[Array, "parameters"]:
    def of_batch(rows: Any, weights: Any) -> Any:
        examples, probs, law, _ = rows
        jacobians = jax.vmap(student, (None, 0))(common, examples)
        # An example that fills a batch up has no weight.
        return -jnp.einsum("i,ipk,ik->p", jnp.where(weights > 0, law, 0.0), jacobians, probs)

    return mean_of_batches(of_batch, data, batch_size, like)


@functools.partial(jax.jit, static_argnames=("student", "batch_size"))
def _moments(
    student: Student, common: Any, data: Any, mean: Float[Array, "parameters"], *, batch_size: int
) -> Float[Array, "moments"]:
    def of_batch(rows: Any, weights: Any) -> Any:
        examples, probs, law, own = rows
        chances = jnp.where(weights > 0, law, 0.0)
        jacobians = jax.vmap(student, (None, 0))(common, examples)
        bayes = jnp.einsum("ipk,ik->ip", jacobians, probs)  # the negative of the gradient
        identity = jnp.eye(probs.shape[1], dtype=probs.dtype)
        each = jnp.broadcast_to(identity, (*probs.shape, probs.shape[1]))
        # Sums of squares: with J (e_k - P) for columns, covariances become diagonal.
        around_bayes = jacobians - bayes[:, :, None]
        around_mean = jacobians - jnp.mean(jacobians, axis=2, keepdims=True)
        return jnp.stack(
            _Moments(
                jnp.dot(chances, jnp.sum(bayes**2, axis=1)),
                jnp.dot(chances, jnp.sum((bayes + mean[None]) ** 2, axis=1)),
                noise.jacobian_noise(chances, around_bayes, each * probs[:, None, :]),
                noise.jacobian_noise(chances, jacobians, each),
                noise.jacobian_noise(chances, around_mean, each),
                jnp.zeros_like(chances[0])
                if own is None
                else noise.jacobian_noise(chances, jacobians, own),
            )
        )

    return mean_of_batches(of_batch, data, batch_size, jnp.zeros(6, mean.dtype))


_PROGRAMS: tuple[Any, ...] = (_mean_gradient, _moments, inputs.logarithms)


def _report(
    student: Student,
    ready: tuple[Any, Any],
    num_parameters: int,
    batch_size: int,
    asked: inputs.Targets,
    where: str,
) -> GradientNoise:
    common, data = ready
    num_inputs, num_labels = data[1].shape
    size = derivative_batch(batch_size, num_parameters * num_labels)
    mean = _mean_gradient(student, common, data, jnp.zeros(num_parameters), batch_size=size)
    found = _Moments(*map(float, _moments(student, common, data, mean, batch_size=size)))
    if not np.isfinite(found).all():
        _check.refuse(
            "log_probs",
            "derivatives that are not finite",
            "finite ones at every example",
            "A logarithm of zero needs a stable form: jax.nn.log_softmax of the logits.",
        )
    # What rounding leaves of gradients that vanish is zero.
    negligible = (64 * np.finfo(np.float64).eps) ** 2 * found.additive
    bayes, varying = (
        0.0 if square < negligible else square for square in (found.bayes, found.bayes_variance)
    )
    length = float(jnp.linalg.norm(mean)) if bayes else 0.0
    found = found._replace(bayes=bayes, bayes_variance=varying)
    critical = math.inf if found.additive == 0 else found.onehot / found.additive
    rows = _rows(found, asked, own=data[3] is not None)
    return GradientNoise(
        num_inputs=num_inputs,
        num_labels=num_labels,
        num_parameters=num_parameters,
        where=where,
        bayes_second_moment=found.bayes,
        bayes_variance=found.bayes_variance,
        mean_gradient=length,
        critical_variance=critical,
        targets=tuple(_target(found, *row) for row in rows),
    )


def _rows(found: _Moments, asked: inputs.Targets, *, own: bool) -> list[tuple[str, float, bool]]:
    """Returns the title and the noise of every kind, and whether its targets are probabilities."""
    rows = [("one-hot labels", found.onehot, True)]
    rows += [(f"mean of {k:g} labels", found.onehot / k, True) for k in asked.num_labels_drawn]
    rows += [(f"Dirichlet, a0 = {a:g}", found.onehot / (a + 1), True) for a in asked.concentrations]
    for variance in asked.variances:
        rows.append((f"additive, variance {variance:g}", variance * found.additive, False))
        rows.append((f"centred, variance {variance:g}", variance * found.centred, False))
    rows += [("targets of your own", found.own, True)] if own else []
    return [*rows, ("exact labels", 0.0, True)]


def _target(found: _Moments, title: str, own: float, probabilities: bool) -> TargetNoise:
    amount, mixed = noise.best_mixture(jnp.asarray(found.onehot), jnp.asarray(own))
    return TargetNoise(
        title=title,
        noise=own,
        second_moment=found.bayes + own,
        variance=found.bayes_variance + own,
        share=own / found.onehot if found.onehot > 0 else None,
        best_amount=float(amount),
        mixed_noise=float(mixed),
        probabilities=probabilities,
    )
