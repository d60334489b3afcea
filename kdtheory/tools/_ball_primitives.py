r"""What each jax primitive does to arrays of exact numbers and balls.

Floating-point arrays are numpy object arrays of `Number`; integer and boolean arrays are numpy
arrays as they are. `apply` knows four kinds of primitives: those of numpy's own indexing and those
that move elements as jax says (bound on an array of element indices), scalar functions applied
elementwise, and the reductions, sorts, products and factorizations of the neighbouring modules.
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory.tools import _ball_linalg as linalg
from kdtheory.tools import _ball_numbers as numbers
from kdtheory.tools import _ball_reductions as reductions
from kdtheory.tools._ball_numbers import Number, lift, to_numbers


class Uncovered(Exception):
    """A primitive that the interpreter does not know; `primitive` is its name."""

    def __init__(self, primitive: str) -> None:
        super().__init__(f"no enclosure is known for the primitive {primitive!r}")
        self.primitive = primitive


def is_floating(dtype: Any) -> bool:
    """Whether a jax dtype is real floating point."""
    return jnp.issubdtype(dtype, jnp.floating)


def _decide(holds: Callable[[int | None], bool]) -> Callable:
    def rule(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return lift(lambda a, b: holds(numbers.order(a, b)), x, y).astype(bool)

    return rule


def _to_integer(x: Number, dtype: np.dtype) -> int:
    if numbers.is_nan(x):
        return 0
    limits = np.iinfo(dtype)
    low, high = numbers.exact(limits.min), numbers.exact(limits.max)
    return int(numbers.truncate(numbers.clamp(low, x, high)).p)


def _convert(x: np.ndarray, *, new_dtype: Any, **_: Any) -> np.ndarray:
    if is_floating(new_dtype):
        return x if x.dtype == object else to_numbers(x)
    if x.dtype != object:
        return x.astype(new_dtype)
    if new_dtype == np.bool_:
        return ARRAY_RULES["ne"](x, numbers.ZERO)
    if not np.issubdtype(new_dtype, np.integer):
        raise Uncovered(f"convert_element_type to {new_dtype}")
    return lift(lambda number: _to_integer(number, new_dtype), x).astype(new_dtype)


def _select(which: np.ndarray, *cases: np.ndarray, **_: Any) -> np.ndarray:
    chosen = cases[0]
    for index, case in enumerate(cases[1:], start=1):
        chosen = np.where(which == index, case, chosen)
    return chosen


def _iota(*, dtype: Any, shape: tuple[int, ...], dimension: int, **_: Any) -> np.ndarray:
    values = np.indices(shape)[dimension]
    return to_numbers(values) if is_floating(dtype) else values.astype(dtype)


def _broadcast(
    x: np.ndarray, *, shape: tuple[int, ...], broadcast_dimensions: Sequence[Any], **_: Any
) -> np.ndarray:
    aligned = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, x.shape, strict=True):
        aligned[axis] = size
    return np.broadcast_to(x.reshape(aligned), shape)


def _slice(
    x: np.ndarray,
    *,
    start_indices: Sequence[int],
    limit_indices: Sequence[int],
    strides: Sequence[int] | None,
    **_: Any,
) -> np.ndarray:
    steps = strides or (1,) * x.ndim
    return x[tuple(map(slice, start_indices, limit_indices, steps))]


def _split(x: np.ndarray, *, sizes: Sequence[int], axis: int, **_: Any) -> list[np.ndarray]:
    return np.split(x, np.cumsum(sizes)[:-1], axis=axis)


def _move(primitive: Any, params: dict[str, Any], operands: Sequence[np.ndarray]) -> np.ndarray:
    """Moves elements as the primitive moves their indices."""
    pool: list = [math.nan]
    stand_ins = []
    for operand in operands:
        if operand.dtype != object:
            stand_ins.append(np.asarray(operand))
            continue
        stand_ins.append(np.arange(len(pool), len(pool) + operand.size).reshape(operand.shape))
        pool.extend(operand.ravel())
    if "fill_value" in params:
        # An index out of bounds is filled with NaN, which is the element number 0, unless the
        # caller asked for another value.
        if params["fill_value"] is not None:
            pool[0] = numbers.exact(float(params["fill_value"]))
        params = params | {"fill_value": 0}
    moved = np.asarray(primitive.bind(*stand_ins, **params))
    return lift(lambda index: pool[index], moved)


def _scatter(combine: Callable) -> Callable:
    def rule(
        x: np.ndarray,
        indices: np.ndarray,
        updates: np.ndarray,
        *,
        dimension_numbers: Any,
        mode: Any,
        **_: Any,
    ) -> np.ndarray:
        # A gather with the mirrored dimension numbers reads where the scatter would write.
        inserted = dimension_numbers.inserted_window_dims
        batching = dimension_numbers.operand_batching_dims
        window = iter(updates.shape[axis] for axis in dimension_numbers.update_window_dims)
        positions = jax.lax.gather(
            np.arange(x.size).reshape(x.shape),
            np.asarray(indices),
            jax.lax.GatherDimensionNumbers(
                offset_dims=dimension_numbers.update_window_dims,
                collapsed_slice_dims=inserted,
                start_index_map=dimension_numbers.scatter_dims_to_operand_dims,
                operand_batching_dims=batching,
                start_indices_batching_dims=dimension_numbers.scatter_indices_batching_dims,
            ),
            slice_sizes=[
                1 if axis in (*inserted, *batching) else next(window) for axis in range(x.ndim)
            ],
            mode=mode,
            fill_value=-1,
        )
        result = list(x.ravel())
        for position, update in zip(np.ravel(positions), updates.ravel(), strict=True):
            if position >= 0:
                result[position] = combine(result[position], update)
        return np.array(result, dtype=object).reshape(x.shape)

    return rule


SCALAR_RULES: dict[str, Callable] = {
    "add": numbers.add,
    "add_any": numbers.add,
    "sub": numbers.subtract,
    "mul": numbers.multiply,
    "div": numbers.divide,
    "rem": numbers.remainder,
    "neg": lambda x: -x,
    "abs": abs,
    "sign": numbers.sign,
    "max": numbers.maximum,
    "min": numbers.minimum,
    "clamp": numbers.clamp,
    "square": lambda x: numbers.integer_power(x, 2),
    "pow": numbers.power,
    "sqrt": numbers.square_root,
    "rsqrt": numbers.reciprocal_square_root,
    "cbrt": numbers.cube_root,
    "exp": numbers.exponential,
    "exp2": lambda x: numbers.power(numbers.TWO, x),
    "expm1": numbers.analytic("expm1", -1, math.inf),
    "log": numbers.from_endpoint(numbers.analytic("log", math.nan, math.inf), 0, -math.inf),
    "log1p": numbers.from_endpoint(numbers.analytic("log1p", math.nan, math.inf), -1, -math.inf),
    "logistic": numbers.logistic,
    "tanh": numbers.analytic("tanh", -1, 1),
    "sinh": numbers.analytic("sinh", -math.inf, math.inf),
    "cosh": numbers.analytic("cosh", math.inf, math.inf),
    "sin": numbers.analytic("sin", math.nan, math.nan),
    "cos": numbers.analytic("cos", math.nan, math.nan),
    "tan": numbers.analytic("tan", math.nan, math.nan),
    "erf": numbers.analytic("erf", -1, 1),
    "erfc": numbers.analytic("erfc", 2, 0),
    "lgamma": numbers.analytic("lgamma", math.inf, math.inf),
    "digamma": numbers.analytic("digamma", math.nan, math.inf),
    "floor": numbers.floor,
    "ceil": numbers.ceiling,
}

ARRAY_RULES: dict[str, Callable] = {
    "integer_pow": lambda x, *, y: lift(lambda number: numbers.integer_power(number, y), x),
    "round": lambda x, *, rounding_method: lift(
        lambda number: numbers.nearest(number, rounding_method.name == "TO_NEAREST_EVEN"), x
    ),
    "is_finite": lambda x: lift(numbers.is_finite, x).astype(bool),
    "eq": _decide(lambda comparison: comparison == 0),
    "ne": _decide(lambda comparison: comparison != 0),
    "lt": _decide(lambda comparison: comparison == -1),
    "le": _decide(lambda comparison: comparison in (-1, 0)),
    "gt": _decide(lambda comparison: comparison == 1),
    "ge": _decide(lambda comparison: comparison in (0, 1)),
    "lt_to": lambda x, y: lift(lambda a, b: reductions.total_order(a, b) < 0, x, y).astype(bool),
    "le_to": lambda x, y: lift(lambda a, b: reductions.total_order(a, b) <= 0, x, y).astype(bool),
    "reduce_sum": reductions.reduction(numbers.add, 0),
    "reduce_prod": reductions.reduction(numbers.multiply, 1),
    "reduce_max": reductions.reduction(numbers.maximum, -math.inf),
    "reduce_min": reductions.reduction(numbers.minimum, math.inf),
    "cumsum": reductions.cumulation(numbers.add),
    "cumprod": reductions.cumulation(numbers.multiply),
    "cummax": reductions.cumulation(numbers.maximum),
    "cummin": reductions.cumulation(numbers.minimum),
    "argmax": reductions.extreme_index(1),
    "argmin": reductions.extreme_index(-1),
    "sort": reductions.sort,
    "top_k": reductions.top_k,
    "dot_general": reductions.dot_general,
    "scatter": _scatter(lambda old, new: new),
    "scatter-add": _scatter(numbers.add),
    "scatter-mul": _scatter(numbers.multiply),
    "scatter-max": _scatter(numbers.maximum),
    "scatter-min": _scatter(numbers.minimum),
    "cholesky": linalg.cholesky,
    "triangular_solve": linalg.triangular_solve,
    "lu": linalg.lu,
}

# Valid for every dtype: numpy moves objects as it moves numbers.
INDEXING_RULES: dict[str, Callable] = {
    "stop_gradient": lambda x, **_: x,
    "copy": lambda x, **_: x,
    "optimization_barrier": lambda *operands: list(operands),
    "reshape": lambda x, *, new_sizes, **_: x.reshape(new_sizes),
    "transpose": lambda x, *, permutation: x.transpose(permutation),
    "squeeze": lambda x, *, dimensions: np.squeeze(x, dimensions),
    "rev": lambda x, *, dimensions: np.flip(x, dimensions),
    "stack": lambda *operands, axis: np.stack(operands, axis),
    "concatenate": lambda *operands, dimension: np.concatenate(operands, dimension),
    "split": _split,
    "slice": _slice,
    "broadcast_in_dim": _broadcast,
    "iota": _iota,
    "select_n": _select,
    "convert_element_type": _convert,
}

MOVING_PRIMITIVES = {"gather", "pad", "tile", "dynamic_slice", "dynamic_update_slice"}

# The integer operations of index handling; binding a primitive would compile each of them.
INTEGER_RULES: dict[str, Callable] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": np.invert,
    "reduce_sum": lambda x, *, axes, **_: np.sum(x, axis=tuple(axes), dtype=x.dtype),
    "reduce_and": lambda x, *, axes, **_: np.all(x, axis=tuple(axes)),
    "reduce_or": lambda x, *, axes, **_: np.any(x, axis=tuple(axes)),
}


_OTHER_RULES: contextvars.ContextVar[Mapping[str, Callable]] = contextvars.ContextVar(
    "other rules", default=types.MappingProxyType({})
)


@contextlib.contextmanager
def other_rules(rules: Mapping[str, Callable]) -> Iterator[None]:
    """Puts rules for arrays of objects before those of this module, inside its body."""
    token = _OTHER_RULES.set(rules)
    try:
        yield
    finally:
        _OTHER_RULES.reset(token)


def apply(
    primitive: Any, params: dict[str, Any], operands: Sequence[np.ndarray], *, integer: bool
) -> list[np.ndarray]:
    """Applies one primitive.

    Args:
        primitive: the jax primitive.
        params: its parameters.
        operands: object arrays of `Number`, and integer or boolean arrays.
        integer: whether all results are integers or booleans.

    Returns:
        The results.

    Raises:
        Uncovered: if there is no rule.
        Undecided: if the result depends on a comparison that the balls do not decide.
    """
    name = primitive.name
    exact_operands = all(operand.dtype != object for operand in operands)
    result: Any
    if not exact_operands and name in _OTHER_RULES.get():
        result = _OTHER_RULES.get()[name](*operands, **params)
    elif name in INDEXING_RULES:
        result = INDEXING_RULES[name](*operands, **params)
    elif exact_operands and integer:
        # Integer arithmetic wraps around; XLA's is the definition of it.
        with np.errstate(over="ignore"):
            rule = INTEGER_RULES.get(name, primitive.bind)
            result = rule(*operands, **({} if isinstance(rule, np.ufunc) else params))
    elif exact_operands:
        raise Uncovered(name)
    elif name in SCALAR_RULES:
        result = lift(SCALAR_RULES[name], *operands)
    elif name in ARRAY_RULES:
        result = ARRAY_RULES[name](*operands, **params)
    elif name in MOVING_PRIMITIVES:
        result = _move(primitive, params, operands)
    else:
        raise Uncovered(name)
    return [
        np.asarray(part) for part in (result if isinstance(result, (list, tuple)) else [result])
    ]
