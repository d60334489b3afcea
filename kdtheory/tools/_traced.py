"""Formulas traced once: what several programs of a claim share.

Tracing is Python at work, and every tool needs the same formulas: to sample, to search, to judge
named cases, to referee. So a formula is traced once for every shape and precision of what it is
given, and from then on only its operations are handed over, one by one. Calls of jitted functions
are opened up, for many small calls take longer to differentiate and to batch than what is in them,
and what occurs twice is done once.
"""

from __future__ import annotations

import collections
import functools
import math
import weakref
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from kdtheory._numerics import CHOSEN
from kdtheory.claim import Claim, call
from kdtheory.domains import Domain

MAX_TRACES = 64
"""How many traces are held at a time, the most recently used ones."""

_Replay = Callable[[Sequence[Any]], Any]

_traces: collections.OrderedDict[tuple[Any, ...], _Replay] = collections.OrderedDict()


def float_width() -> str:
    """Returns the name of JAX's default float in the current precision context."""
    return str(jax.dtypes.canonicalize_dtype(float))


def formulas_of(claim: Claim) -> Hashable:
    """Returns what tells the formulas of a claim from those of another.

    A copy of a claim that differs in its record only, in its cases or draws, has the same programs.

    Args:
        claim: the claim.

    Returns:
        The functions of the claim; the claim itself, if one of them cannot be compared.
    """
    functions = (claim.lhs, claim.rhs, claim.scale, claim.error, claim.trivial, claim.domain)
    return comparable((*functions, claim.relation, claim.assumptions), claim)


def comparable(key: Hashable, otherwise: Hashable) -> Hashable:
    """Returns a key made of functions; the other one, if a function of a user's has no hash."""
    try:
        hash(key)
    except TypeError:
        return otherwise
    return key


def domain_of(claim: Claim, size: tuple[int, ...]) -> Domain:
    """Returns the domain of a claim at a size, the same object for the same size.

    Args:
        claim: the claim.
        size: the static size.

    Returns:
        The domain.
    """
    return _domain(claim.domain, size, float_width())


@functools.lru_cache(maxsize=64)
def _domain(domain: Callable[..., Domain], size: tuple[int, ...], _: str) -> Domain:
    made = domain(size)
    _origins[made] = (domain, size)
    return made


_origins: weakref.WeakKeyDictionary[Domain, tuple[Any, ...]] = weakref.WeakKeyDictionary()


def origin_of(domain: Domain) -> Hashable:
    """Returns the function and the size that a domain comes from; itself, if that is not known."""
    return _origins.get(domain, domain)


def instance_at(domain: Domain, point: Any) -> tuple[tuple[Any, ...], Any]:
    """Returns the parts at a point of the parametrization, and the instance (traceable)."""

    def build(point: Any) -> tuple[tuple[Any, ...], Any]:
        parts = domain.parametrize(point)
        return parts, domain.instance(parts)

    return _once((domain, "instance"), build, point)


def quantities(claim: Claim, instance: Any) -> dict[str, Any]:
    """Returns everything that decides whether a claim holds at an instance (traceable).

    Args:
        claim: the claim.
        instance: what its domain builds.

    Returns:
        "lhs", "rhs", "scale", "error", and "margins", a list with one entry per assumption.
    """

    def formulas(instance: Any) -> dict[str, Any]:
        return {
            "lhs": call(claim.lhs, instance),
            "rhs": call(claim.rhs, instance),
            "scale": call(claim.scale, instance),
            "error": call(claim.error, instance),
            "margins": [call(assumption.margin, instance) for assumption in claim.assumptions],
        }

    return _once((formulas_of(claim), "quantities"), formulas, instance)


def operations(claim: Claim, form: Any) -> int:
    """Returns roughly how many numbers a claim's formulas compute at an instance.

    Args:
        claim: the claim.
        form: an instance, or its shapes and dtypes.
    """
    return _operations(jax.make_jaxpr(lambda instance: quantities(claim, instance))(form).jaxpr)


def building_operations(domain: Domain) -> int:
    """Returns roughly how many numbers a domain computes for an instance.

    Args:
        domain: the domain.
    """
    point = jax.ShapeDtypeStruct((domain.dimension,), float)
    return _operations(jax.make_jaxpr(lambda at: instance_at(domain, at))(point).jaxpr)


ASSUMED_TRIPS = 64
"""How often a loop is taken to run that ends when something is found."""


def _operations(jaxpr: Any) -> int:
    total = 0
    for equation in jaxpr.eqns:
        parts = jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr)
        inner = [getattr(part, "jaxpr", part) for part in parts if _is_jaxpr(part)]
        trips = equation.params.get("length", 1)
        if equation.primitive.name == "while":
            trips = ASSUMED_TRIPS
        own = sum(math.prod(variable.aval.shape) for variable in equation.outvars)
        total += trips * sum(map(_operations, inner)) if inner else own
    return total


def _is_jaxpr(value: Any) -> bool:
    return hasattr(value, "eqns")


def forget(claim: Claim) -> None:
    """Drops every trace of a claim's formulas."""
    formulas = formulas_of(claim)
    for key in [key for key in _traces if key[0] == formulas]:
        del _traces[key]


def _once(name: tuple[Hashable, str], function: Callable[[Any], Any], argument: Any) -> Any:
    """Calls a function through the trace made when it met such an argument first.

    Args:
        name: what the function belongs to, and what it computes.
        function: a pure function, which closes over nothing but what the name tells.
        argument: a pytree of arrays, traced or not.

    Returns:
        What the function returns.
    """
    leaves, structure = jax.tree.flatten(argument)
    forms = [jax.typeof(leaf) for leaf in leaves]
    kinds = tuple((form.shape, form.dtype, form.weak_type) for form in forms)
    key = (*name, structure, kinds, float_width())
    if key not in _traces:
        while len(_traces) >= MAX_TRACES:
            _traces.popitem(last=False)
        shapes = [
            jax.ShapeDtypeStruct(shape, dtype, weak_type=weak) for shape, dtype, weak in kinds
        ]
        _traces[key] = _trace(function, jax.tree.unflatten(structure, shapes))
    _traces.move_to_end(key)
    return _traces[key](leaves)


def _trace(function: Callable[[Any], Any], argument: Any) -> _Replay:
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(argument)
    structure = jax.tree.structure(shapes)
    recorder = _Recorder()
    inputs = [recorder.slot() for _ in closed.jaxpr.invars]
    outputs = recorder.walk(closed, inputs)
    steps = _needed(recorder.steps, outputs)

    def replay(leaves: Sequence[Any]) -> Any:
        known = dict(zip(inputs, leaves, strict=True))

        def read(atom: int | _Constant) -> Any:
            return atom.value if isinstance(atom, _Constant) else known[atom]

        for primitive, params, operands, results in steps:
            values = primitive.bind(*map(read, operands), **primitive.get_bind_params(params))
            values = values if primitive.multiple_results else [values]
            known.update(zip(results, values, strict=True))
        return jax.tree.unflatten(structure, [read(atom) for atom in outputs])

    return replay


class _Constant(NamedTuple):
    """A value that is part of a formula, and what tells it from others."""

    key: Hashable
    value: Any


_Step = tuple[Any, dict[str, Any], Sequence[int | _Constant], Sequence[int]]
"""A primitive, its parameters, and where its operands and results are."""


class _Recorder:
    """Writes down the operations of a trace, each one once however often it occurs.

    The two sides of a claim and its margins share much: in some claims half of all operations.
    """

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._slots = 0
        self._seen: dict[Hashable, Sequence[int]] = {}

    def slot(self) -> int:
        """Returns a new place for a value."""
        self._slots += 1
        return self._slots

    def walk(self, closed: Any, operands: Sequence[int | _Constant]) -> Sequence[int | _Constant]:
        """Writes down a jaxpr, and returns where its results are."""
        jaxpr = closed.jaxpr
        constants = [_Constant(("array", id(value)), value) for value in closed.consts]
        known = dict(zip(jaxpr.constvars, constants, strict=True))
        known.update(zip(jaxpr.invars, operands, strict=True))

        def read(atom: Any) -> Any:
            if not hasattr(atom, "val"):
                return known[atom]
            kind = (atom.aval.dtype, atom.aval.weak_type, atom.aval.shape)
            return _Constant((*kind, np.asarray(atom.val).tobytes()), atom.val)

        for equation in jaxpr.eqns:
            inputs = [read(atom) for atom in equation.invars]
            # A search stays in one piece: the referee knows it by its name.
            if equation.primitive.name == "jit" and equation.params["name"] != CHOSEN:
                results: Sequence[Any] = self.walk(equation.params["jaxpr"], inputs)
            else:
                results = self._record(equation, inputs)
            known.update(zip(equation.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _record(self, equation: Any, inputs: Sequence[int | _Constant]) -> Sequence[int]:
        operands = tuple(atom.key if isinstance(atom, _Constant) else atom for atom in inputs)
        params = tuple(sorted(equation.params.items(), key=lambda item: item[0]))
        key = comparable((equation.primitive, operands, params), id(equation))
        if key not in self._seen or equation.effects:
            self._seen[key] = [self.slot() for _ in equation.outvars]
            self.steps.append((equation.primitive, equation.params, inputs, self._seen[key]))
        return self._seen[key]


def _needed(steps: list[_Step], outputs: Sequence[int | _Constant]) -> list[_Step]:
    """Returns the steps on which the outputs depend."""
    needed, kept = set(map(_place, outputs)), []
    for step in reversed(steps):
        if not needed.isdisjoint(step[3]):
            needed.update(map(_place, step[2]))
            kept.append(step)
    return kept[::-1]


def _place(atom: int | _Constant) -> int:
    return 0 if isinstance(atom, _Constant) else atom
