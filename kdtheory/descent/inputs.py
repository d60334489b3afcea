"""What a user hands over to the package, made ready or refused with a reason."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory.flatness.batches import each, num_examples
from kdtheory.flatness.inputs import data_of, parameters_of

NORMALISED = 1e-4
"""How far probabilities may be from summing to one: a student may compute in float32."""


class Targets(NamedTuple):
    """The kinds of labels that were asked for."""

    label_probs: FloatArray
    input_weights: FloatArray
    num_labels_drawn: tuple[int, ...]
    concentrations: tuple[float, ...]
    variances: tuple[float, ...]


def targets_of(
    label_probs: Any,
    num_inputs: int,
    input_weights: Any,
    num_labels_drawn: Any,
    concentration: Any,
    variance: Any,
) -> Targets:
    """Returns the kinds of labels, checked.

    Args:
        label_probs: a row per input.
        num_inputs: how many rows there must be.
        input_weights: a distribution over the inputs, or None.
        num_labels_drawn: one number or several.
        concentration: one number or several.
        variance: one number or several.

    Raises:
        InputError: for shapes that do not fit, or numbers out of range.
    """
    probs = _check.probability_rows("label_probs", label_probs, "inputs", "labels")
    if len(probs) != num_inputs:
        _check.refuse(
            "label_probs", f"{len(probs)} rows", f"{num_inputs}, one per input", "Check rows."
        )
    if input_weights is None:
        weights = np.full(num_inputs, 1 / num_inputs)
    else:
        weights = _check.probability_rows("input_weights", input_weights, "inputs")
    if len(weights) != num_inputs:
        _check.refuse(
            "input_weights", f"{len(weights)} entries", f"{num_inputs}, one per input", "Check it."
        )
    drawn = tuple(
        _check.integer("num_labels_drawn", k, low=1) for k in np.atleast_1d(num_labels_drawn)
    )
    precise = tuple(
        _check.number("concentration", a, low=0.0, open_low=True)
        for a in np.atleast_1d(concentration)
    )
    spread = tuple(_check.number("variance", v, low=0.0) for v in np.atleast_1d(variance))
    return Targets(probs, weights, drawn, precise, spread)


def covariances_of(value: Any, num_inputs: int, num_labels: int) -> FloatArray | None:
    """Returns covariances of targets, symmetric to the last bit; None if there are none.

    Args:
        value: a matrix per input, or None.
        num_inputs: how many.
        num_labels: their rows and columns.

    Raises:
        InputError: for another shape, or a matrix that is no covariance, beyond what rounding in
            float32 explains.
    """
    if value is None:
        return None
    matrices = _check.real_array("covariances", value, "inputs", "labels", "labels")
    if matrices.shape != (num_inputs, num_labels, num_labels):
        _check.refuse(
            "covariances",
            f"shape {matrices.shape}",
            f"({num_inputs}, {num_labels}, {num_labels}), a matrix per input",
            "Repeat a matrix that all inputs share.",
        )
    rounding = 8 * float(np.finfo(np.float32).eps * np.abs(matrices).max())
    turned = matrices.transpose(0, 2, 1)
    asymmetry = np.abs(matrices - turned).max(axis=(1, 2))
    smallest = np.linalg.eigvalsh((matrices + turned) / 2)[:, 0]
    bad = (asymmetry > rounding) | (smallest < -num_labels * rounding)
    if bad.any():
        x = int(np.flatnonzero(bad)[0])
        _check.refuse(
            f"covariances[{x}]",
            f"a matrix that differs from its transpose by {asymmetry[x]:.3g}, of smallest "
            f"eigenvalue {smallest[x]:.3g}",
            "a symmetric positive semidefinite matrix",
            "Estimate it with np.cov, say.",
        )
    return (matrices + turned) / 2


def student_data(parameters: Any, examples: Any) -> tuple[Any, Any, int]:
    """Returns parameters and examples in float64, and how many examples there are.

    Args:
        parameters: a pytree of floating-point arrays.
        examples: a pytree of arrays with a common leading axis; nested lists are an array.

    Raises:
        InputError: for what is no such thing.
    """
    data = np.asarray(examples) if isinstance(examples, list) else examples
    ready = data_of("examples", data)
    return parameters_of(parameters), ready, num_examples(ready)


@functools.partial(jax.jit, static_argnames=("log_probs", "batch_size"))
def logarithms(log_probs: Any, parameters: Any, data: Any, *, batch_size: int) -> Any:
    """Returns the logarithm of the sum of a student's probabilities, for every example."""
    return each(lambda example: jax.nn.logsumexp(log_probs(parameters, example)), data, batch_size)


def check_log_probs(
    log_probs: Any, parameters: Any, data: Any, num_labels: int, batch_size: int
) -> None:
    """Refuses what does not answer an example with the logarithms of probabilities.

    Args:
        log_probs: what was given as a student.
        parameters: ready.
        data: ready.
        num_labels: how many there must be.
        batch_size: the most examples that are handled at a time.

    Raises:
        InputError: if it cannot be called, does not trace on a single example, answers in another
            shape, or its probabilities do not sum to one.
    """
    expected = f"a function (parameters, one example) -> {num_labels} logarithms of probabilities"
    mend = "Take one example without a batch axis, and return jax.nn.log_softmax(logits)."
    if not callable(log_probs):
        _check.refuse("log_probs", type(log_probs).__name__, expected, mend)
    try:
        found = jax.eval_shape(log_probs, parameters, jax.tree.map(lambda leaf: leaf[0], data))
    except Exception as problem:  # whatever a user's function may raise
        lines = str(problem).strip().splitlines()
        got = f"{type(problem).__name__} ({lines[0] if lines else 'no message'}) on one example"
        _check.refuse("log_probs", got, expected, mend)
    shape = getattr(found, "shape", None)
    if shape != (num_labels,) or not jnp.issubdtype(found.dtype, jnp.floating):
        got = "no array" if shape is None else f"shape {shape}, dtype {found.dtype}"
        _check.refuse("log_probs", got, expected, mend)
    sums = np.asarray(logarithms(log_probs, parameters, data, batch_size=batch_size))
    worst = int(np.argmax(np.where(np.isfinite(sums), np.abs(sums), np.inf)))
    if not abs(sums[worst]) <= NORMALISED:
        got = f"probabilities that sum to {np.exp(sums[worst]):.4g} at example {worst}"
        _check.refuse("log_probs", got, "probabilities that sum to 1", mend)
