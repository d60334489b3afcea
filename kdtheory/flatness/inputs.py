"""What a user hands over: a loss, parameters and data, made ready or refused with a reason."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from kdtheory import _check

WRAP = (
    "A loss of a batch is wrapped so: "
    "lambda p, example: loss(p, jax.tree.map(lambda a: a[None], example))."
)


def parameters_of(value: Any) -> Any:
    """Returns a pytree of float64 arrays.

    Args:
        value: a pytree of floating-point arrays or numbers.

    Raises:
        InputError: if there are no numbers, or other than finite floating-point ones.
    """
    leaves = jax.tree_util.tree_flatten_with_path(value)[0]
    if sum(np.size(leaf) for _, leaf in leaves) == 0:
        _check.refuse("parameters", "no numbers", "a pytree of arrays", "Give what was trained.")
    for path, leaf in leaves:
        name = "parameters" + jax.tree_util.keystr(path)
        kind = _dtype(name, leaf)
        if not jnp.issubdtype(kind, jnp.floating):
            mend = "Move it to the data or into the loss, or convert it with .astype(float)."
            _check.refuse(name, f"dtype {kind}", "floating-point numbers, which can move", mend)
        _refuse_not_finite(name, leaf)
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, np.float64)), value)


def data_of(name: str, value: Any) -> Any:
    """Returns a pytree of arrays with a common leading axis, its real numbers in float64.

    Args:
        name: the argument's name, for the message.
        value: a pytree of arrays.

    Raises:
        InputError: if it is empty or has no leading axis in common, holds other than numbers, or
            a number that is not finite.
    """
    leaves = jax.tree_util.tree_flatten_with_path(value)[0]
    if not leaves:
        _check.refuse(name, "no arrays", "a pytree of arrays", "Give inputs and labels.")
    lengths = {}
    for path, leaf in leaves:
        place = name + jax.tree_util.keystr(path)
        kind = _dtype(place, leaf)
        if not (jnp.issubdtype(kind, jnp.number) or kind.kind == "b"):
            _check.refuse(place, f"dtype {kind}", "numbers", "Encode it as numbers.")
        if np.ndim(leaf) == 0:
            mend = "What all examples share belongs into the loss."
            _check.refuse(place, "a single number", "one row for every example", mend)
        _refuse_not_finite(place, leaf)
        lengths[place] = np.shape(leaf)[0]
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{place} with {length}" for place, length in lengths.items())
        _check.refuse(name, got, "as many rows in every array", "Put examples first, and all.")
    if 0 in lengths.values():
        _check.refuse(name, "no examples", "at least one", "Add data.")
    return jax.tree.map(_as_data, value)


def _dtype(name: str, leaf: Any) -> Any:
    try:
        return np.asarray(leaf).dtype
    except (TypeError, ValueError):
        _check.refuse(name, f"{type(leaf).__name__}", "an array of numbers", "Convert it to one.")


def _as_data(leaf: Any) -> Any:
    real = jnp.issubdtype(np.asarray(leaf).dtype, jnp.floating)
    return jnp.asarray(np.asarray(leaf, np.float64) if real else np.asarray(leaf))


def _refuse_not_finite(name: str, leaf: Any) -> None:
    array = np.asarray(leaf)
    if jnp.issubdtype(array.dtype, jnp.floating):
        array = array.astype(np.float64)  # bfloat16 is no kind of NumPy's own
    if np.isfinite(array).all():
        return
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    where = f" at index {index}" if index else ""
    mend = "Remove or replace such entries."
    _check.refuse(name, f"{array[index]}{where}", "finite numbers", mend)


def check_loss(loss: Any, parameters: Any, data: Any) -> Any:
    """Refuses what is no loss of a single example, before anything is computed.

    Args:
        loss: what was given as one.
        parameters: ready.
        data: ready.

    Returns:
        The dtype in which the loss comes.

    Raises:
        InputError: if it cannot be called, does not trace on a single example, or returns other
            than one real number.
    """
    if not callable(loss):
        _check.refuse(
            "loss", type(loss).__name__, "a function (parameters, example) -> number", "Give one."
        )
    example = jax.tree.map(lambda leaf: leaf[0], data)
    expected = "a function of the parameters and of one example (no batch axis)"
    try:
        found = jax.eval_shape(loss, parameters, example)
    except Exception as problem:  # whatever a user's function may raise
        lines = str(problem).strip().splitlines()
        got = f"{type(problem).__name__} ({lines[0] if lines else 'no message'}) on one example"
        _check.refuse("loss", got, expected, WRAP)
    leaves = jax.tree.leaves(found)
    if len(leaves) != 1 or leaves[0] is not found or leaves[0].shape != ():
        shapes = ", ".join(str(leaf.shape) for leaf in leaves) or "nothing"
        got = f"a result of shape {shapes} for one example"
        mend = f"Sum or average what it returns, and drop auxiliary results. {WRAP}"
        _check.refuse("loss", got, "one number", mend)
    if not jnp.issubdtype(leaves[0].dtype, jnp.floating):
        mend = "A count of errors has no derivatives: take a differentiable loss."
        _check.refuse("loss", f"a result of dtype {leaves[0].dtype}", "a real number", mend)
    return leaves[0].dtype


def radii_of(value: Any) -> npt.NDArray[np.float64]:
    """Returns the radii as an increasing array.

    Args:
        value: one positive number, or several.

    Raises:
        InputError: if one of them is not positive and finite.
    """
    array = np.unique(_check.real_array("radius", np.atleast_1d(value), "radii"))
    if array[0] <= 0:
        mend = "At a radius of zero nothing moves: leave it out."
        _check.refuse("radius", f"{array[0]:g}", "positive numbers", mend)
    return array


def finite_losses(name: str, losses: Any) -> npt.NDArray[np.float64]:
    """Returns the losses of examples, or refuses them if one is not finite.

    Args:
        name: of the data, for the message.
        losses: one for every example.

    Raises:
        InputError: if one of them is not finite.
    """
    array = np.asarray(losses, np.float64)
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        got = f"{array[bad[0]]} at example {bad[0]} of {name} ({bad.size} of {len(array)} examples)"
        mend = "Look at that example; a logarithm of zero needs a stable form (log_softmax)."
        _check.refuse("loss", got, "finite losses at the parameters", mend)
    return array


def same_kind(data: Any, heldout: Any) -> None:
    """Refuses held-out data whose examples do not look like those of the data.

    Args:
        data: ready.
        heldout: ready.

    Raises:
        InputError: if the trees or the shapes of an example differ.
    """
    kinds = [
        (jax.tree.structure(one), [leaf.shape[1:] for leaf in jax.tree.leaves(one)])
        for one in (data, heldout)
    ]
    if kinds[0] != kinds[1]:
        got = f"examples of shapes {kinds[1][1]}"
        mend = "Split one data set in two, with the same preparation for both."
        _check.refuse("heldout", got, f"{kinds[0][1]}, those of the data", mend)
