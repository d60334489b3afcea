r"""Proven enclosures of what a jax function returns.

Floating point does not settle a near-equality, and XLA is not bound to IEEE arithmetic: it
reassociates sums and replaces divisions. `enclose` is the referee: it traces the function, and
evaluates the jaxpr on exact rationals, which become balls (python-flint) where an operation leaves
the rationals. The inputs are read exactly: a float64 is the dyadic rational that it is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
from flint import arb, ctx, fmpq

from kdtheory._exact import decimal, truncated
from kdtheory._numerics import CHOSEN
from kdtheory.tools._ball_numbers import Number, Undecided, is_nan, is_unknown, to_numbers
from kdtheory.tools._ball_primitives import Uncovered, apply, is_floating, other_rules

__all__ = ["Number", "Uncovered", "Undecided", "describe", "enclose", "lower", "midpoint", "upper"]

MAX_BITS = 2048
MAX_ITERATIONS = 100_000
BOUND_BITS = 1 << 16
"""Bounds are multiples of 2^-BOUND_BITS, and at most 2^BOUND_BITS unless infinite."""


def enclose(function: Callable, *args: Any, bits: int = 256) -> Any:
    r"""Returns proven enclosures of `function(*args)` in exact real arithmetic.

    What is enclosed is the formula as jax traces it: a constant 0.1 is the float64 0.1, and a
    function that jax writes as a rational approximation (`ndtri`, say) is that approximation.
    Casts to a narrower floating dtype do not round, zero has no sign, and nothing overflows. An
    argument that a search chooses (`kdtheory._numerics.chosen`) is the float64 that it finds.

    Args:
        function: any function that jax can trace; it is traced in float64.
        args: pytrees of exact inputs: arrays or Python numbers (floats are read as the dyadic
            rationals they are), fractions, or object arrays of fractions.
        bits: the precision of the balls; as long as a comparison is undecided it is doubled, up to
            2048 bits.

    Returns:
        What the function returns, with object arrays of `Number` as leaves; booleans stay boolean
        arrays.

    Raises:
        Uncovered: if the function uses a primitive without a rule.
        Undecided: if a comparison that the result depends on is not decided at the highest
            precision.
    """
    leaves, treedef = jax.tree.flatten(args)
    with jax.enable_x64(True):
        inputs = [_read(leaf) for leaf in leaves]
        forms = tuple((x.shape, np.float64 if x.dtype == object else x.dtype) for x in inputs)
        traced, structure = _traced(function, treedef, forms)
        while True:
            try:
                with ctx.workprec(bits):
                    outputs = _evaluate(traced, inputs)
                    results = [x if x.dtype == bool else to_numbers(x) for x in outputs]
            except Undecided:
                bits *= 2
                if bits > MAX_BITS:
                    raise
            else:
                return jax.tree.unflatten(structure, results)


def interpret(function: Callable, *args: np.ndarray, rules: Mapping[str, Callable]) -> Any:
    """Evaluates a traced function on objects that do arithmetic, such as polynomials.

    Args:
        function: any function that jax can trace; it is traced in float64.
        args: object arrays, one per argument.
        rules: what primitives do to arrays of such objects, where that is not what they do to
            numbers.

    Returns:
        What the function returns, with arrays of objects as leaves.

    Raises:
        Uncovered: if the function uses a primitive without a rule.
    """
    structure = jax.tree.structure(args)
    with jax.enable_x64(True), other_rules(rules):
        forms = tuple((value.shape, np.dtype(np.float64)) for value in args)
        traced, result = _traced(function, structure, forms)
        return jax.tree.unflatten(result, _evaluate(traced, args))


# The same sides are enclosed at hundreds of instances while a counterexample is simplified.
@functools.lru_cache(maxsize=32)
def _traced(function: Callable, treedef: Any, forms: tuple[Any, ...]) -> tuple[Any, Any]:
    """Returns a function's jaxpr for arguments of these forms, and the structure of its result."""
    shapes = [jax.ShapeDtypeStruct(*form) for form in forms]
    traced, result = jax.make_jaxpr(function, return_shape=True)(
        *jax.tree.unflatten(treedef, shapes)
    )
    return traced, jax.tree.structure(result)


def _read(value: Any) -> np.ndarray:
    """Reads an array or a number: numbers exactly, integers and booleans as they are."""
    if jnp.issubdtype(getattr(value, "dtype", np.float64), jax.dtypes.extended):
        raise Uncovered("random keys")
    array = np.asarray(value)
    if array.dtype == object or is_floating(array.dtype):
        return to_numbers(array)
    if not (array.dtype == bool or np.issubdtype(array.dtype, np.integer)):
        raise Uncovered(f"{array.dtype} numbers")
    return array


def _evaluate(closed: Any, operands: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Evaluates a jaxpr, closed or without constants."""
    jaxpr = getattr(closed, "jaxpr", closed)
    constants = [_read(constant) for constant in getattr(closed, "consts", ())]
    known = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *operands), strict=True))

    def read(atom: Any) -> np.ndarray:
        return _read(atom.val) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        operands = [read(atom) for atom in equation.invars]
        name = equation.primitive.name
        if name in CONTROL_RULES:
            results = CONTROL_RULES[name](operands, **equation.params)
        else:
            integer = all(
                variable.aval.dtype == bool or jnp.issubdtype(variable.aval.dtype, np.integer)
                for variable in equation.outvars
            )
            results = apply(equation.primitive, equation.params, operands, integer=integer)
        known.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _call(operands: list, **params: Any) -> list[np.ndarray]:
    inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
    return _choose(inner, operands) if params.get("name") == CHOSEN else _evaluate(inner, operands)


def _choose(closed: Any, operands: list) -> list[np.ndarray]:
    """Returns what a search finds in floating point, as the exact numbers that it returns."""
    numbers = (entry for x in operands if x.dtype == object for entry in x.reshape(-1))
    if not all(isinstance(entry, (fmpq, arb, float)) for entry in numbers):
        raise Uncovered("a search in floating point")
    floats = [x if x.dtype != object else np.vectorize(midpoint, [float])(x) for x in operands]
    return [_read(result) for result in _program(closed)(*floats)]


@functools.lru_cache(maxsize=32)
def _program(closed: Any) -> Callable[..., Sequence[Any]]:
    return jax.jit(jax.extend.core.jaxpr_as_fun(closed))


def _cond(operands: list, *, branches: Sequence[Any], **_: Any) -> list[np.ndarray]:
    index = int(np.clip(operands[0], 0, len(branches) - 1))
    return _evaluate(branches[index], operands[1:])


def _while(
    operands: list,
    *,
    cond_jaxpr: Any,
    body_jaxpr: Any,
    cond_nconsts: int,
    body_nconsts: int,
    **_: Any,
) -> list[np.ndarray]:
    cond_constants = operands[:cond_nconsts]
    body_constants = operands[cond_nconsts : cond_nconsts + body_nconsts]
    state = operands[cond_nconsts + body_nconsts :]
    for _iteration in range(MAX_ITERATIONS):
        if not _evaluate(cond_jaxpr, [*cond_constants, *state])[0]:
            return state
        state = _evaluate(body_jaxpr, [*body_constants, *state])
    raise Uncovered("while")


def _scan(
    operands: list,
    *,
    jaxpr: Any,
    length: int,
    num_consts: int,
    num_carry: int,
    reverse: bool,
    **_: Any,
) -> list[np.ndarray]:
    constants = operands[:num_consts]
    carry = operands[num_consts : num_consts + num_carry]
    sequences = operands[num_consts + num_carry :]
    collected = [
        np.empty((length, *aval.shape), object if is_floating(aval.dtype) else aval.dtype)
        for aval in jaxpr.out_avals[num_carry:]
    ]
    for step in reversed(range(length)) if reverse else range(length):
        slices = [sequence[step, ...] for sequence in sequences]
        results = _evaluate(jaxpr, [*constants, *carry, *slices])
        carry = results[:num_carry]
        for sequence, result in zip(collected, results[num_carry:], strict=True):
            sequence[step, ...] = result
    return [*carry, *collected]


def _linear_solve(operands: list, *, const_lengths: Any, jaxprs: Any, **_: Any) -> list[np.ndarray]:
    start = const_lengths.matvec + const_lengths.vecmat
    right = sum(const_lengths)
    constants = operands[start : start + const_lengths.solve]
    return _evaluate(jaxprs.solve, [*constants, *operands[right:]])


CONTROL_RULES: dict[str, Callable] = {
    **dict.fromkeys(
        (
            "jit",
            "pjit",
            "closed_call",
            "checkpoint",
            "remat2",
            "custom_jvp_call",
            "custom_vjp_call",
        ),
        _call,
    ),
    "cond": _cond,
    "while": _while,
    "scan": _scan,
    "custom_linear_solve": _linear_solve,
}


def _dyadic(mantissa: int, exponent: int, up: bool) -> Fraction | float:
    """Returns mantissa * 2^exponent, moved up or down to a multiple of 2^-BOUND_BITS."""
    if not up:
        return -_dyadic(-mantissa, exponent, True)
    if mantissa and exponent + mantissa.bit_length() > BOUND_BITS:
        return math.inf if mantissa > 0 else Fraction(-(2**BOUND_BITS))
    if exponent >= -BOUND_BITS:
        return Fraction(mantissa) * Fraction(2) ** exponent
    # The shift of an integer rounds down, so that of its negative rounds up.
    return Fraction(-(-mantissa >> -BOUND_BITS - exponent), 2**BOUND_BITS)


def _bound(number: Number, up: bool) -> Fraction | float:
    sign = 1 if up else -1
    if isinstance(number, fmpq):
        return Fraction(int(number.p), int(number.q))
    if is_nan(number) or is_unknown(number):
        return sign * math.inf
    if isinstance(number, float):
        return number
    # Twice the bits of any ball: its endpoints are exact, or else rounded outwards by flint.
    with ctx.workprec(2 * MAX_BITS):
        endpoint = number.upper() if up else number.lower()
    mantissa, exponent = endpoint.man_exp()
    return _dyadic(int(mantissa), int(exponent), up)


def lower(number: Number) -> Fraction | float:
    """Returns a proven lower bound, exactly: -inf for NaN or if nothing is known."""
    return _bound(number, up=False)


def upper(number: Number) -> Fraction | float:
    """Returns a proven upper bound, exactly: inf for NaN or if nothing is known."""
    return _bound(number, up=True)


def midpoint(number: Number) -> float:
    """Returns a float64 near the middle of the enclosure; NaN if nothing is known."""
    return number if isinstance(number, float) else float(arb(number))


def describe(number: Number, digits: int = 25) -> str:
    """Returns the number in words fit to print, all digits of which are proven.

    Args:
        number: the number.
        digits: significant digits of a decimal.

    Returns:
        The fraction 'p/q' if it is exact and short; else the leading decimal digits, cut and not
        rounded ('0.1234...', fewer of them if the ball is wide); 'x (to 25 digits)' if the number
        may lie on either side of a short decimal x; '[m +/- r]' if not even the first digit is
        certain; 'inf', 'nan' or 'unknown'.
    """
    if isinstance(number, float):
        return str(number)
    if is_unknown(number):
        return "unknown"
    low, high = lower(number), upper(number)
    if isinstance(low, float) or isinstance(high, float):
        return str(arb(number).str(digits))
    if low == high and max(abs(low.numerator), low.denominator) < 10**12:
        return str(low)
    if low * high > 0:
        nearest = _rounded(low, digits)
        between = truncated(low, digits) != truncated(high, digits)
        if between and nearest == _rounded(high, digits):
            return f"{nearest} (to {digits} digits)"
        for count in range(digits, 0, -1):
            first = truncated(low, count)
            if first == truncated(high, count):
                return f"{decimal(*first)}..."
    # flint leaves out a middle of zero.
    return str(arb(number).str(digits)).replace("[+/-", "[0 +/-")


def _rounded(value: Fraction, digits: int) -> str:
    """Returns the nearest decimal with so many significant digits, without trailing zeros."""
    leading, last = truncated(value, digits + 1)
    halfway = 5 if leading > 0 else -5
    text = decimal(int(Fraction(leading + halfway, 10)), last + 1)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
