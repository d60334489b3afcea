r"""Hypothesis strategies: instances of any domain, built directly.

Where the tools reach a domain through its parametrization, these strategies write instances down:
rationals with small denominators, zeros, ties, vertices, uniform rows, repeated rows, ordinary and
extreme values. So a mistake in a parametrization does not hide from the tests that use them.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from kdtheory.domains import Domain, Part, box, integers, simplex, stochastic
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.objects.problems import FiniteProblem

FloatArray = npt.NDArray[np.float64]
FloatArrays = st.SearchStrategy[FloatArray]

_TINY = (1e-3, 1e-9, 1e-15, 1e-300)


def instances(domain: Domain) -> st.SearchStrategy[Any]:
    r"""Returns a strategy for the instances of a domain, members up to rounding.

    Args:
        domain: any domain of `kdtheory.domains`, mapped or not.

    Returns:
        A strategy for what ``domain.instance`` builds from arrays in JAX's default float dtype.

    Raises:
        ValueError: for a part of a kind that is not known here.

    Example:
        >>> from hypothesis import given
        >>> @given(instances(simplex(2) * box(0, 1, 2)))
        ... def mean_loss_is_a_loss(instance):
        ...     weights, losses = instance
        ...     assert weights @ losses <= losses.max() + 1e-6
        >>> mean_loss_is_a_loss()
    """
    arrays = st.tuples(*(_arrays(part) for part in domain.parts))
    return arrays.map(
        lambda values: domain.instance(tuple(jnp.asarray(value, dtype=float) for value in values))
    )


def problems(
    max_inputs: int = 4, max_labels: int = 4, max_teachers: int = 3
) -> st.SearchStrategy[FiniteProblem]:
    r"""Returns a strategy for finite worlds with losses in $[0, 1]$ and $N \in \{1, \dots, 8\}$.

    Args:
        max_inputs: the largest number of inputs $m$.
        max_labels: the largest number of labels $L$.
        max_teachers: the largest number of teacher draws $T$.

    Returns:
        A strategy for problems of all shapes up to these; the teacher need not be unbiased.

    Raises:
        ValueError: if one of the sizes is not positive.

    Example:
        >>> from hypothesis import Phase, find, settings
        >>> few = settings(max_examples=20, phases=[Phase.generate], database=None)
        >>> find(problems(), lambda problem: True, settings=few).losses.ndim
        2
    """
    sizes = (max_inputs, max_labels, max_teachers)
    if min(sizes) < 1:
        raise ValueError(f"problems: got sizes {sizes}; expected positive sizes. Use at least 1.")
    shapes = itertools.product(*(range(1, size + 1) for size in sizes))
    return st.one_of(*(instances(_worlds(*shape)) for shape in shapes))


def designs(
    max_outputs: int = 3, max_features: int = 3, max_samples: int = 4
) -> st.SearchStrategy[LinearGaussianDesign]:
    r"""Returns a strategy for linear-Gaussian designs, rank-deficient ones among them.

    Args:
        max_outputs: the largest number of outputs $k$.
        max_features: the largest number of features $d$.
        max_samples: the largest number of samples $n$.

    Returns:
        A strategy for designs of all shapes up to these, entries in $[-1, 1]$, with the teacher's
        covariance for the student.

    Raises:
        ValueError: if one of the sizes is not positive.

    Example:
        >>> from hypothesis import Phase, find, settings
        >>> few = settings(max_examples=20, phases=[Phase.generate], database=None)
        >>> find(designs(), lambda design: True, settings=few).inputs.ndim
        2
    """
    sizes = (max_outputs, max_features, max_samples)
    if min(sizes) < 1:
        raise ValueError(f"designs: got sizes {sizes}; expected positive sizes. Use at least 1.")
    shapes = itertools.product(*(range(1, size + 1) for size in sizes))
    return st.one_of(*(instances(_designs(*shape)) for shape in shapes))


@functools.lru_cache(maxsize=64)
def _designs(num_outputs: int, num_features: int, num_samples: int) -> Domain:
    parts = box(-1, 1, num_features, num_samples) * box(-1, 1, num_outputs, num_features)
    parts = parts * box(1 / 16, 4) * box(0, 4) * box(1 / 16, 4)
    return parts.map(
        LinearGaussianDesign,
        lambda design: (
            design.inputs,
            design.true_weights,
            design.prior_precision,
            design.inverse_temperature,
            design.noise_std,
        ),
    )


@functools.lru_cache(maxsize=64)
def _worlds(num_inputs: int, num_labels: int, num_teachers: int) -> Domain:
    table = (num_inputs, num_labels)
    parts = simplex(num_inputs) * stochastic(*table) * box(0, 1, *table)
    parts = parts * simplex(num_teachers) * stochastic(num_teachers, *table) * integers(1, 8)
    return parts.map(
        FiniteProblem,
        lambda world: (
            world.input_weights,
            world.label_probs,
            world.losses,
            world.teacher_weights,
            world.teacher_probs,
            world.num_samples,
        ),
    )


def _arrays(part: Part) -> FloatArrays:
    """Returns a strategy for the arrays of one part."""
    makers: dict[str, Callable[[Part], FloatArrays]] = {
        "simplex": _distributions,
        "box": lambda part: _entries(part, _in_box(part.low, part.high)),
        "integers": lambda part: _entries(part, st.integers(int(part.low), int(part.high))),
        "reals": lambda part: _entries(part, _reals()),
        "positive": lambda part: _entries(part, _positives()),
        "psd": _semidefinite,
    }
    if part.kind not in makers:
        raise ValueError(
            f"domain part: got kind {part.kind!r}; expected one of {', '.join(makers)}. "
            "Draw such arrays with a strategy of your own."
        )
    return makers[part.kind](part)


def _repeating(items: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[list[Any]]:
    """Returns lists of a given size, often with several entries that are the same."""
    independent = st.lists(items, min_size=size, max_size=size)
    chosen = st.lists(st.integers(0, size - 1), min_size=size, max_size=size)
    repeated = st.tuples(independent, chosen).map(lambda pair: [pair[0][i] for i in pair[1]])
    return st.one_of(independent, repeated)


def _entries(part: Part, numbers: st.SearchStrategy[Any]) -> FloatArrays:
    return _repeating(numbers, math.prod(part.shape)).map(
        lambda values: np.array(values, dtype=np.float64).reshape(part.shape)
    )


def _rationals(low: int, high: int) -> st.SearchStrategy[float]:
    """Returns quotients in ``[low, high]`` with denominators up to six."""
    return st.integers(1, 6).flatmap(
        lambda bottom: st.integers(low * bottom, high * bottom).map(lambda top: top / bottom)
    )


def _in_box(low: float, high: float) -> st.SearchStrategy[float]:
    def between(share: float) -> float:
        return min(max(low + share * (high - low), low), high)

    special = [low, high, math.nextafter(low, high), math.nextafter(high, low)]
    special += [value for value in (0.0, 1.0) if low <= value <= high]
    return st.one_of(
        st.sampled_from(special), _rationals(0, 1).map(between), st.floats(0, 1).map(between)
    )


def _reals() -> st.SearchStrategy[float]:
    extreme = [sign * size for size in (1e-9, 1e-3, 1e3, 1e9) for sign in (1.0, -1.0)]
    return st.one_of(_rationals(-3, 3), st.floats(-10, 10), st.sampled_from(extreme))


def _positives() -> st.SearchStrategy[float]:
    rationals = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(lambda pair: pair[0] / pair[1])
    return st.one_of(rationals, st.floats(0.01, 10), st.sampled_from([1e-9, 1e-3, 1e3, 1e9]))


def _distributions(part: Part) -> FloatArrays:
    rows = math.prod(part.shape[:-1])
    return _repeating(_row(part.shape[-1]), rows).map(
        lambda values: np.stack(values).reshape(part.shape)
    )


@functools.lru_cache(maxsize=64)
def _row(size: int) -> FloatArrays:
    """Returns probability vectors: vertices, uniform and rational ones, ordinary and extreme."""

    # Any: a run-time type checker that samples the items of a list would use up randomness here.
    def normalised(counts: Any) -> FloatArray:
        return np.array(counts, dtype=np.float64) / sum(counts)

    def nearly(first: FloatArray, second: FloatArray, share: float) -> FloatArray:
        return (1 - share) * first + share * second

    vertices = st.integers(0, size - 1).map(lambda atom: np.eye(size)[atom])
    small = st.lists(st.integers(0, 6), min_size=size, max_size=size).filter(any)
    ordinary = st.lists(st.integers(1, 10**6), min_size=size, max_size=size)
    return st.one_of(
        vertices,
        st.just(np.full(size, 1 / size)),
        small.map(normalised),
        ordinary.map(normalised),
        st.builds(nearly, vertices, small.map(normalised), st.sampled_from(_TINY)),
    )


def _semidefinite(part: Part) -> FloatArrays:
    """Returns Gram matrices of integer vectors, of every rank, scaled: exactly symmetric."""
    size = part.shape[0]

    def gram(vectors: Any, unit: float) -> FloatArray:
        matrix = np.array(vectors, dtype=np.float64).reshape(-1, size)
        return matrix.T @ matrix * unit

    vector = st.lists(st.integers(-3, 3), min_size=size, max_size=size)
    vectors = st.lists(vector, max_size=size)
    units = st.sampled_from([1.0, 1 / 2, 1 / 3, 1e-9, 1e9])
    identity = st.just(np.eye(size))
    return st.one_of(identity, st.builds(gram, vectors, units))
