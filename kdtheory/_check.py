"""Boundary validation: every refusal says what was got, what was expected and how to mend it.

Nothing here is called inside ``jit``; each function takes what a user may pass, and returns a
NumPy array or a Python number.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far a row of probabilities may be from summing to one before it is refused: float32
softmax outputs pass, percentages, logits and truncated tables do not."""


class InputError(ValueError):
    """Input that cannot be used; the message says what was got, expected, and how to mend it."""


def refuse(name: str, got: str, expected: str, mend: str) -> NoReturn:
    """Raises an `InputError` in the project's one form.

    Args:
        name: what is being refused, as the user knows it.
        got: what was given.
        expected: what would have been accepted.
        mend: how to get there.

    Raises:
        InputError: always.
    """
    raise InputError(f"{name}: got {got}; expected {expected}. {mend}")


def dtype(name: str, value: Any) -> str:
    """Returns a precision that is one of the two.

    Args:
        name: the argument's name, for the message.
        value: "float64" or "float32".

    Raises:
        InputError: for anything else.
    """
    if value not in ("float64", "float32"):
        refuse(name, repr(value), "'float64' or 'float32'", "Choose one of them.")
    return value


def real_array(name: str, value: Any, *axes: str) -> FloatArray:
    """Returns ``value`` as a finite float64 array with one dimension per named axis.

    Args:
        name: the argument's name, for the message.
        value: anything array-like.
        axes: the names of the axes; their number is the number of dimensions required.

    Returns:
        A float64 array, none of whose axes is empty.

    Raises:
        InputError: if it is ragged, not real numbers, of another number of dimensions, empty, or
            has NaN or infinite entries.
    """
    shape = "(" + ", ".join(axes) + ")" if axes else "a number"
    try:
        array = np.asarray(value)
    except ValueError:
        refuse(name, "rows of different lengths", f"an array {shape}", "Give every row one length.")
    if array.dtype.kind not in "buif":
        kinds = {"c": "complex numbers", "U": "text", "S": "bytes", "O": "Python objects"}
        got = kinds.get(array.dtype.kind, f"dtype {array.dtype}")
        refuse(name, got, "real numbers", "Convert it, for instance with array.astype(float).")
    if array.ndim != len(axes):
        refuse(
            name,
            f"an array of shape {array.shape}",
            f"{len(axes)} dimensions, {shape}" if axes else shape,
            "Reshape it so that each axis is present once.",
        )
    if array.size == 0:
        refuse(name, f"an empty array of shape {array.shape}", f"{shape}, none empty", "Add data.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        where = f" at index {index}" if index else ""
        refuse(name, f"{array[index]}{where}", "finite numbers", "Remove or replace such entries.")
    return array


def probability_rows(
    name: str, value: Any, *axes: str, if_logits: str = "apply a softmax first"
) -> FloatArray:
    """Returns an array whose last axis holds probability vectors, renormalised to sum to one.

    Args:
        name: the argument's name, for the message.
        value: anything array-like.
        axes: the names of the axes.
        if_logits: what to do with logits, for the message.

    Returns:
        A float64 array with non-negative entries and rows that sum to one up to rounding.

    Raises:
        InputError: as `real_array`, and if an entry is negative or a row does not sum to one
            within `SUM_TOLERANCE`.
    """
    array = real_array(name, value, *axes)
    if array.min() < 0:
        index = tuple(int(i) for i in np.argwhere(array < 0)[0])
        refuse(
            name,
            f"{array[index]} at index {index}",
            "probabilities, none negative",
            f"If these are logits, {if_logits}.",
        )
    sums = array.sum(axis=-1, keepdims=True)
    worst = float(np.abs(sums - 1).max())
    if worst > SUM_TOLERANCE:
        index = tuple(int(i) for i in np.argwhere(np.abs(sums - 1) > SUM_TOLERANCE)[0][:-1])
        where = f"row {index} summing to" if index else "a sum of"
        refuse(
            name,
            f"{where} {float(sums[(*index, 0)])}",
            f"sums of 1 (within {SUM_TOLERANCE})",
            f"Divide each row by its sum; if these are logits, {if_logits}.",
        )
    return array / sums


def number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
) -> float:
    """Returns ``value`` as a float in the stated interval.

    Args:
        name: the argument's name, for the message.
        value: a real number.
        low: the smallest value accepted (excluded when ``open_low``).
        high: the largest value accepted.
        open_low: whether ``low`` itself is refused.

    Returns:
        The number.

    Raises:
        InputError: if it is not one finite real number in the interval.
    """
    result = float(real_array(name, value))
    if not (low < result if open_low else low <= result) or result > high:
        left = f"> {low:g}" if open_low else f">= {low:g}"
        right = f" and <= {high:g}" if high < math.inf else ""
        refuse(name, f"{result:g}", f"a number {left}{right}", "Choose another value.")
    return result


def divergence(value: Any) -> float:
    """Returns a divergence, which alone among the numbers may be infinite.

    Args:
        value: a number of at least zero, or infinity.

    Returns:
        The number.

    Raises:
        InputError: if it is negative, NaN or not one real number.
    """
    try:
        if np.ndim(value) == 0 and float(value) == math.inf:
            return math.inf
    except (TypeError, ValueError):
        pass
    return number("divergence", value, low=0.0)


def interval(name: str, value: Any) -> tuple[float, float]:
    """Returns the two ends of an interval.

    Args:
        name: the argument's name, for the message.
        value: two numbers.

    Returns:
        The lower end and the upper end.

    Raises:
        InputError: if there are not two, or the first is not the smaller one.
    """
    ends = real_array(name, value, "ends")
    if len(ends) != 2 or ends[0] >= ends[1]:
        refuse(name, f"{ends.tolist()}", "two ends, the lower one first", "Swap or mend them.")
    return float(ends[0]), float(ends[1])


def level(value: Any) -> float:
    """Returns the level of an interval, above one half and below one.

    Args:
        value: a number.

    Returns:
        The level.

    Raises:
        InputError: if it is outside.
    """
    share = number("level", value, low=0.5, open_low=True)
    if share >= 1.0:
        refuse("level", f"{share:g}", "a number > 0.5 and < 1", "0.95 is customary.")
    return share


def integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Returns ``value`` as an int in ``low..high``.

    Args:
        name: the argument's name, for the message.
        value: an integer (or a float without a fraction).
        low: the smallest value accepted.
        high: the largest value accepted, if there is one.

    Returns:
        The integer.

    Raises:
        InputError: if it is not one integer in that range.
    """
    result = float(real_array(name, value))
    if result != int(result) or result < low or (high is not None and result > high):
        right = f" and at most {high}" if high is not None else ""
        refuse(name, f"{result:g}", f"an integer of at least {low}{right}", "Choose another value.")
    return int(result)


def output_file(name: str, path: Path | None, suffixes: tuple[str, ...]) -> None:
    """Refuses a file that could not be written, before any work is done for it.

    Args:
        name: the option's name, for the message.
        path: the file asked for; None if there is none.
        suffixes: the extensions that can be written.

    Raises:
        InputError: for another extension, or a folder that does not exist.
    """
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        got = repr(path.suffix) if path.suffix else "no extension"
        refuse(name, got, " or ".join(suffixes), "Name the file with one.")
    if not path.parent.is_dir():
        got = f"{path}, whose folder does not exist"
        refuse(name, got, "a file in an existing folder", "Make the folder first.")


FIGURES = (".png", ".pdf", ".svg")
"""The extensions of figures."""


def same_shape(name: str, array: FloatArray, other_name: str, other: FloatArray) -> None:
    """Refuses ``array`` unless it has the shape of ``other``.

    Args:
        name: the name of the array that is refused.
        array: that array.
        other_name: the name of the array it must agree with.
        other: that array.

    Raises:
        InputError: if the shapes differ.
    """
    if array.shape != other.shape:
        refuse(
            name,
            f"shape {array.shape}",
            f"shape {other.shape}, that of {other_name}",
            "Check that neither is transposed or cut.",
        )


def covariance(name: str, value: Any, num_features: int) -> FloatArray:
    """Returns ``value`` as a symmetric positive semidefinite matrix.

    Args:
        name: the argument's name, for the message.
        value: anything array-like.
        num_features: its number of rows and columns.

    Returns:
        A float64 matrix, symmetric to the last bit.

    Raises:
        InputError: if it has another shape, is not symmetric, or has a negative eigenvalue, beyond
            what rounding in float32 explains.
    """
    array = real_array(name, value, "features", "features")
    if array.shape != (num_features, num_features):
        refuse(
            name,
            f"shape {array.shape}",
            f"({num_features}, {num_features})",
            "It has one row and one column per feature.",
        )
    # Rounding in float32 is forgiven, anything more is a mistake.
    rounding = 8 * float(np.finfo(np.float32).eps * np.abs(array).max())
    asymmetry = float(np.abs(array - array.T).max())
    if asymmetry > rounding:
        refuse(
            name,
            f"a matrix that differs from its transpose by {asymmetry:.3g}",
            "a symmetric matrix",
            "If that is what you mean, symmetrise it: (S + S.T) / 2.",
        )
    array = (array + array.T) / 2
    smallest = float(np.linalg.eigvalsh(array)[0])
    if smallest < -num_features * rounding:
        refuse(
            name,
            f"a smallest eigenvalue of {smallest:.3g}",
            "a positive semidefinite matrix",
            "Clip the negative eigenvalues, or add a multiple of the identity.",
        )
    return array
