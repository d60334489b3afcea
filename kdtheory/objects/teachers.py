r"""Teachers of a finite world, as a law over tables of label probabilities.

Each constructor returns ``(teacher_weights, teacher_probs)``, ready for `FiniteProblem`: weights
over the draws $\tau$ of the teacher, and a table $p_\tau(x_i)$ for each.
"""

from __future__ import annotations

import itertools

import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import LabelProbs, TeacherProbs, TeacherWeights

Teacher = tuple[TeacherWeights, TeacherProbs]

MAX_TABLES = 4096


def bayes_teacher(label_probs: LabelProbs) -> Teacher:
    """Returns the teacher that knows the Bayes probabilities.

    Args:
        label_probs: $p^*$, shape ``(inputs, labels)``.

    Returns:
        One table, with weight one.
    """
    return jnp.ones((1,), label_probs.dtype), label_probs[None]


def onehot_teacher(label_probs: LabelProbs) -> Teacher:
    r"""Returns the teacher that draws one label per input from $p^*$ and is certain of it.

    Drawn afresh at every sample point it is a sample with one-hot labels: the worst of all
    unbiased teachers.

    Args:
        label_probs: $p^*$, shape ``(inputs, labels)``.

    Returns:
        All ``labels ** inputs`` assignments of labels, weighted by their probability.

    Raises:
        InputError: if there are more than `MAX_TABLES` of them.

    Example:
        >>> weights, tables = onehot_teacher(jnp.array([[0.25, 0.75]]))
        >>> weights.tolist(), tables.tolist()
        ([0.25, 0.75], [[[1.0, 0.0]], [[0.0, 1.0]]])
    """
    num_inputs, num_labels = label_probs.shape
    if num_labels**num_inputs > MAX_TABLES:
        _check.refuse(
            "label_probs",
            f"{num_labels} labels for {num_inputs} inputs, {num_labels**num_inputs} assignments",
            f"at most {MAX_TABLES}",
            "Use fewer inputs or labels.",
        )
    assignments = jnp.array(list(itertools.product(range(num_labels), repeat=num_inputs)))
    chosen = label_probs[jnp.arange(num_inputs)[None, :], assignments]
    return jnp.prod(chosen, axis=1), jnp.eye(num_labels, dtype=label_probs.dtype)[assignments]


def smoothed_teacher(
    teacher_weights: TeacherWeights, teacher_probs: TeacherProbs, amount: Float[Array, ""] | float
) -> Teacher:
    r"""Returns the teacher $(1-\alpha)\,p_\tau + \alpha/L$ (label smoothing of one-hot labels).

    Args:
        teacher_weights: law of the teacher, shape ``(teachers,)``.
        teacher_probs: its tables, shape ``(teachers, inputs, labels)``.
        amount: $\alpha$ in $[0, 1]$.

    Returns:
        The same law over smoothed tables.
    """
    uniform = 1.0 / teacher_probs.shape[-1]
    return teacher_weights, (1 - amount) * teacher_probs + amount * uniform


def tempered_teacher(
    teacher_weights: TeacherWeights,
    teacher_probs: TeacherProbs,
    temperature: Float[Array, ""] | float,
) -> Teacher:
    r"""Returns the teacher with its logits divided by a temperature: $p_\tau^{1/T}$, normalised.

    Args:
        teacher_weights: law of the teacher, shape ``(teachers,)``.
        teacher_probs: its tables, shape ``(teachers, inputs, labels)``.
        temperature: $T > 0$; above one it flattens, and a probability of zero stays zero.

    Returns:
        The same law over tempered tables.
    """
    # Dividing by the largest entry first: nothing underflows for small temperatures.
    relative = teacher_probs / jnp.max(teacher_probs, axis=-1, keepdims=True)
    powers = relative ** (1.0 / temperature)
    return teacher_weights, powers / jnp.sum(powers, axis=-1, keepdims=True)
