"""Finite worlds: inputs, labels, one predictor's losses (or a finite class), and teachers."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import (
    InputWeights,
    LabelProbs,
    Losses,
    Scalar,
    TeacherProbs,
    TeacherWeights,
)


@functools.partial(jax.tree_util.register_dataclass)
@dataclasses.dataclass(frozen=True)
class FiniteProblem:
    r"""A finite world with one fixed predictor and a (possibly random) teacher.

    Attributes:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: Bayes probabilities $p^*$, shape ``(inputs, labels)``.
        losses: $\ell(k, f(x_i))$, shape ``(inputs, labels)``.
        teacher_weights: law of the teacher draw $\tau$, shape ``(teachers,)``.
        teacher_probs: $p_\tau(x_i)$, shape ``(teachers, inputs, labels)``.
        num_samples: $N$, a number (an array leaf: formulas never depend on it statically).
    """

    input_weights: InputWeights
    label_probs: LabelProbs
    losses: Losses
    teacher_weights: TeacherWeights
    teacher_probs: TeacherProbs
    num_samples: Scalar

    @classmethod
    def create(
        cls,
        input_weights: Any,
        label_probs: Any,
        losses: Any,
        *,
        teacher_weights: Any = None,
        teacher_probs: Any = None,
        num_samples: Any = 1,
    ) -> FiniteProblem:
        r"""Validates what a user gives and builds the problem.

        Args:
            input_weights: a distribution over inputs.
            label_probs: a distribution over labels for every input.
            losses: a finite loss for every input and label.
            teacher_weights: a distribution over teacher draws; uniform when left out.
            teacher_probs: a label distribution for every teacher draw and input; the Bayes teacher
                (``label_probs`` itself) when left out.
            num_samples: the sample size $N \ge 1$.

        Returns:
            The problem, its arrays in JAX's default float dtype.

        Raises:
            InputError: for rows that are not distributions, mismatched shapes, or losses that are
                not finite numbers.

        Example:
            >>> problem = FiniteProblem.create([1.0], [[0.5, 0.5]], [[0.0, 1.0]], num_samples=4)
            >>> problem.teacher_probs.shape
            (1, 1, 2)
        """
        weights = _check.probability_rows("input_weights", input_weights, "inputs")
        probs = _check.probability_rows("label_probs", label_probs, "inputs", "labels")
        loss_table = _check.real_array("losses", losses, "inputs", "labels")
        if probs.shape[0] != weights.shape[0]:
            _check.refuse(
                "label_probs",
                f"{probs.shape[0]} rows",
                f"{weights.shape[0]}, one for every entry of input_weights",
                "Check that neither is transposed or cut.",
            )
        _check.same_shape("losses", loss_table, "label_probs", probs)
        tables = probs[None]
        if teacher_probs is not None:
            axes = ("teachers", "inputs", "labels")
            tables = _check.probability_rows("teacher_probs", teacher_probs, *axes)
            _check.same_shape("teacher_probs[0]", tables[0], "label_probs", probs)
        draws = [1 / len(tables)] * len(tables) if teacher_weights is None else teacher_weights
        law = _check.probability_rows("teacher_weights", draws, "teachers")
        if len(law) != len(tables):
            _check.refuse(
                "teacher_weights",
                f"{len(law)} entries",
                f"{len(tables)}, one for every table of teacher_probs",
                "Give one weight for every teacher draw.",
            )
        size = _check.integer("num_samples", num_samples, low=1)
        return cls(*map(jnp.asarray, (weights, probs, loss_table, law, tables, float(size))))


def bayes_problem(
    input_weights: InputWeights, label_probs: LabelProbs, losses: Losses, num_samples: Scalar
) -> FiniteProblem:
    """Returns the problem whose teacher is the Bayes teacher (traceable; nothing is validated)."""
    ones = jnp.ones((1,), dtype=label_probs.dtype)
    return FiniteProblem(
        input_weights, label_probs, losses, ones, label_probs[None], jnp.asarray(num_samples)
    )


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["input_weights", "label_probs", "losses"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True)
class HypothesisProblem:
    r"""A finite world with a finite class of predictors and a static sample size.

    Attributes:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: Bayes probabilities $p^*$, shape ``(inputs, labels)``.
        losses: $\ell(k, f(x_i))$ of every hypothesis, shape ``(hypotheses, inputs, labels)``.
        num_samples: $N$, an int: whole samples are enumerated.
    """

    input_weights: InputWeights
    label_probs: LabelProbs
    losses: Float[Array, "hypotheses inputs labels"]
    num_samples: int


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["input_weights", "label_probs", "losses", "teacher_weights", "teacher_probs"],
    meta_fields=["num_samples"],
)
@dataclasses.dataclass(frozen=True)
class SampledProblem:
    r"""A finite world with a static sample size, whose teacher may have seen the sampled inputs.

    A design is a sequence $(x_1, \dots, x_N)$ of inputs; the $m^N$ designs are in lexicographic
    order, the last input varying fastest. Given the design, one teacher is drawn for the sample.

    Attributes:
        input_weights: $\pi$, shape ``(inputs,)``.
        label_probs: Bayes probabilities $p^*$, shape ``(inputs, labels)``.
        losses: $\ell(k, f(x_i))$, shape ``(inputs, labels)``.
        teacher_weights: law of the teacher draw given each design, shape ``(designs, teachers)``;
            rows that are all the same make a teacher independent of the sample.
        teacher_probs: $p_\tau(x_i)$, shape ``(teachers, inputs, labels)``.
        num_samples: $N$, an int: whole samples are enumerated.
    """

    input_weights: InputWeights
    label_probs: LabelProbs
    losses: Losses
    teacher_weights: Float[Array, "designs teachers"]
    teacher_probs: TeacherProbs
    num_samples: int

    def independent(self) -> FiniteProblem:
        """Returns the world whose teacher has the first design's law, whatever the sample."""
        return FiniteProblem(
            self.input_weights,
            self.label_probs,
            self.losses,
            self.teacher_weights[0],
            self.teacher_probs,
            jnp.asarray(self.num_samples, dtype=self.losses.dtype),
        )
