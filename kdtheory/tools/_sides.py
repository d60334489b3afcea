"""Whether two functions can be the sides of a claim: asked at the door, before anything is traced.

Otherwise a reader's first inequality ends in a message about tracers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax

from kdtheory.claim import call
from kdtheory.domains import Domain

_CONCRETE = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)
"""What JAX raises where code asks for the numbers behind a traced array."""


def refuse_unusable(name: str, side: Callable[..., Any], over: Domain) -> None:
    """Refuses a side that does not take the domain's parts, cannot be traced, or is no scalar.

    Args:
        name: "left side" or "right side".
        side: the function.
        over: the domain that builds its arguments.

    Raises:
        TypeError: with what was got, what was expected, and how to mend it.
    """
    point = jax.ShapeDtypeStruct((over.dimension,), float)
    instance = jax.eval_shape(lambda at: over.instance(over.parametrize(at)), point)
    _refuse_arguments(name, side, len(instance) if type(instance) is tuple else 1)
    try:
        value = jax.eval_shape(lambda one: call(side, one), instance)
    except _CONCRETE as problem:
        raise TypeError(
            f"{name}: got code that asks for the numbers in its arguments; expected jax.numpy, "
            "which is traced. Write jnp.abs for np.abs, jnp.maximum for max, jnp.where for if; "
            "p.sum(), p @ q and powers stay as they are."
        ) from problem
    shape = getattr(value, "shape", None)
    if shape != ():
        got = f"an array of shape {shape}" if shape else type(value).__name__
        raise TypeError(
            f"{name}: got {got}; expected one number. Take a sum, a mean, or a maximum."
        )


def _refuse_arguments(name: str, side: Callable[..., Any], count: int) -> None:
    try:
        signature = inspect.signature(side)
    except (TypeError, ValueError):  # a builtin that does not say
        return
    try:
        signature.bind(*range(count))
    except TypeError:
        raise TypeError(
            f"{name}: got a function of {signature}; expected as many arguments as the domain has "
            f"parts, {count}. Multiply domains, as in simplex(3) * simplex(3), or change the "
            "function."
        ) from None
