"""Learning algorithms on finite worlds, as tables of the losses of what they learn."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Scalar
from kdtheory.objects import datasets


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["example_weights", "seed_weights", "losses", "stability"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True)
class StableAlgorithm:
    r"""A learning algorithm $A(D, r)$ with a random seed, and a stability constant.

    Data sets are the $m^n$ sequences of `kdtheory.objects.datasets`. The seed is drawn
    independently of the data; a deterministic algorithm has one.

    Attributes:
        example_weights: the law $P$ of an example, shape ``(examples,)``.
        seed_weights: the law of the seed, shape ``(seeds,)``.
        losses: $\ell(A(D, r), z)$, shape ``(seeds, datasets, examples)``.
        stability: $\beta$, said to hold for every seed: replacing one example of $D$ changes no
            loss by more.
        num_samples: $n$, an int: whole data sets are enumerated.
    """

    example_weights: Float[Array, "examples"]
    seed_weights: Float[Array, "seeds"]
    losses: Float[Array, "seeds datasets examples"]
    stability: Scalar
    num_samples: int

    @classmethod
    def create(
        cls,
        example_weights: Any,
        losses: Any,
        num_samples: Any,
        *,
        seed_weights: Any = None,
        stability: Any = None,
    ) -> StableAlgorithm:
        r"""Validates what a user gives and builds the algorithm.

        Args:
            example_weights: a distribution over examples.
            losses: a finite loss for every seed, data set and example, shape
                ``(seeds, datasets, examples)``.
            num_samples: the sample size $n \ge 1$.
            seed_weights: a distribution over seeds; uniform when left out.
            stability: $\beta$; when left out, the smallest one.

        Returns:
            The algorithm, its arrays in JAX's default float dtype.

        Raises:
            InputError: for weights that are not distributions, mismatched shapes, losses that are
                not finite numbers, or a $\beta$ that does not hold.

        Example:
            >>> memory = [[[0.0, 1.0], [1.0, 0.0]]]
            >>> float(StableAlgorithm.create([0.5, 0.5], memory, 1).stability)
            1.0
        """
        weights = _check.probability_rows("example_weights", example_weights, "examples")
        table = _check.real_array("losses", losses, "seeds", "datasets", "examples")
        size = _check.integer("num_samples", num_samples, low=1)
        expected = (len(weights) ** size, len(weights))
        if table.shape[1:] != expected:
            _check.refuse(
                "losses",
                f"shape {table.shape}",
                f"(seeds, {expected[0]}, {expected[1]}): a row for every sequence of {size} of "
                f"the {len(weights)} examples",
                "List the data sets in lexicographic order, the last example varying fastest.",
            )
        draws = [1 / len(table)] * len(table) if seed_weights is None else seed_weights
        law = _check.probability_rows("seed_weights", draws, "seeds")
        if len(law) != len(table):
            _check.refuse(
                "seed_weights",
                f"{len(law)} entries",
                f"{len(table)}, one for every table of losses",
                "Give one weight for every seed.",
            )
        smallest = smallest_stability(jnp.asarray(table), size)
        constant = smallest
        if stability is not None:
            constant = jnp.asarray(_check.number("stability", stability, low=0.0))
            # Rounding of the losses is forgiven, anything more is a mistake.
            if float(constant) < float(smallest) - 8 * np.finfo(np.float32).eps * np.ptp(table):
                _check.refuse(
                    "stability",
                    f"{float(constant):g}",
                    f"at least {float(smallest):g}, by which replacing one example changes a loss",
                    "Leave it out to have the smallest constant computed.",
                )
        return cls(
            example_weights=jnp.asarray(weights),
            seed_weights=jnp.asarray(law),
            losses=jnp.asarray(table),
            stability=constant,
            num_samples=size,
        )

    @classmethod
    def from_functions(
        cls,
        algorithm: Callable[[tuple[Any, ...], Any], Any],
        loss: Callable[[Any, Any], Any],
        examples: Sequence[Any],
        example_weights: Any,
        num_samples: Any,
        *,
        seeds: Sequence[Any] = (0,),
        seed_weights: Any = None,
        stability: Any = None,
    ) -> StableAlgorithm:
        r"""Tabulates an algorithm that is given as a Python function.

        Args:
            algorithm: (data set as a tuple of examples, seed) -> hypothesis, anything.
            loss: (hypothesis, example) -> number.
            examples: the example space, in the order of the weights.
            example_weights: as in `create`.
            num_samples: as in `create`.
            seeds: what the algorithm is given as a seed.
            seed_weights: as in `create`.
            stability: as in `create`.

        Returns:
            The algorithm.

        Raises:
            InputError: as `create`, and if there are too many data sets.

        Example:
            >>> mean = StableAlgorithm.from_functions(
            ...     lambda data, seed: (sum(data) + seed) / (len(data) + 1),
            ...     lambda f, z: (f - z) ** 2,
            ...     examples=(0, 1), example_weights=(0.7, 0.3), num_samples=2, seeds=(0, 1),
            ... )
            >>> mean.losses.shape
            (2, 4, 2)
        """
        size = _check.integer("num_samples", num_samples, low=1)
        rows = datasets.sequences(len(examples), size)
        learned = [
            [algorithm(tuple(examples[index] for index in row), seed) for row in rows.tolist()]
            for seed in seeds
        ]
        table = [
            [[float(loss(hypothesis, example)) for example in examples] for hypothesis in row]
            for row in learned
        ]
        return cls.create(
            example_weights, table, size, seed_weights=seed_weights, stability=stability
        )


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "example_weights",
        "seed_weights",
        "logit_fractions",
        "targets",
        "logit_bound",
        "temperature",
    ],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class LogitAlgorithm:
    r"""A learning algorithm with bounded logits, judged by the cross-entropy to soft targets.

    Attributes:
        example_weights: the law of an example, an input with its target.
        seed_weights: the law of the seed.
        logit_fractions: logits over $B$, shape ``(seeds, datasets, examples, labels)``.
        targets: $q$, shape ``(examples, labels)``.
        logit_bound: $B$.
        temperature: $T$.
        num_samples: $n$, an int.
    """

    example_weights: Float[Array, "examples"]
    seed_weights: Float[Array, "seeds"]
    logit_fractions: Float[Array, "seeds datasets examples labels"]
    targets: Float[Array, "examples labels"]
    logit_bound: Scalar
    temperature: Scalar
    num_samples: int


def by_position(
    values: Float[Array, "seeds datasets *rest"], examples: int, num_samples: int
) -> Float[Array, "..."]:
    """Returns a table over data sets with one axis for every position of a data set.

    Args:
        values: one entry per seed and data set.
        examples: $m$.
        num_samples: $n$.

    Returns:
        Shape ``(seeds, examples, ..., examples, *rest)``.
    """
    return values.reshape(values.shape[0], *(examples,) * num_samples, *values.shape[2:])


def largest_change(
    values: Float[Array, "seeds datasets *rest"], examples: int, num_samples: int
) -> Scalar:
    """Returns by how much replacing one example of a data set changes an entry at most.

    Args:
        values: one entry per seed and data set; the seed stays the same.
        examples: $m$.
        num_samples: $n$.
    """
    table = by_position(values, examples, num_samples)
    ranges = [jnp.max(table, axis) - jnp.min(table, axis) for axis in range(1, num_samples + 1)]
    return jnp.max(jnp.stack(ranges))


@functools.partial(jax.jit, static_argnames="num_samples")
def smallest_stability(losses: Float[Array, "seeds datasets examples"], num_samples: int) -> Scalar:
    r"""Returns the smallest $\beta$ for which an algorithm is uniformly stable for every seed.

    $$\beta = \max_{r,\,z}\ \max_{D\simeq D'}|\ell(A(D,r),z) - \ell(A(D',r),z)|,$$

    $D\simeq D'$ differing in one example. The maximum is over all seeds, data sets and examples,
    those of probability zero included.

    Args:
        losses: $\ell(A(D, r), z)$.
        num_samples: $n$.
    """
    return largest_change(losses, losses.shape[2], num_samples)
