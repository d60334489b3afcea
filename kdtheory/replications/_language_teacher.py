r"""A language small enough to enumerate: teachers that answer token by token.

An answer is a sequence $y_1\dots y_T$ of tokens, and a teacher is a table $p(y_t|x,y_{<t})$ with
zeros in it: after some beginnings some tokens do not occur. Answers, and beginnings of one length,
are numbered as numerals to the base $V$, so that those which begin alike are neighbours.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int

from kdtheory._check import FloatArray

_COMMON, _OWN = 0.7, 0.5
"""Standard deviations of the parts of a logit: those which answers share, and that of a single
beginning."""

_FORBIDDEN_PAIR, _FORBIDDEN_HERE = 0.35, 0.1
"""How often a token is forbidden after another one, by prompt, and after a single beginning."""


@dataclasses.dataclass(frozen=True, eq=False)
class Teacher:
    r"""The distribution of answers to every prompt.

    Attributes:
        next_tokens: for beginnings of $0,\dots,T-1$ tokens, $p(y_t|x,y_{<t})$, shape
            ``(prompts, V**length, V)``.
        answers: $p(y|x)$, shape ``(prompts, V**T)``.
    """

    next_tokens: tuple[FloatArray, ...]
    answers: FloatArray

    @property
    def num_tokens(self) -> int:
        """How many tokens there are."""
        return self.next_tokens[0].shape[-1]

    @property
    def length(self) -> int:
        """How many tokens an answer has."""
        return len(self.next_tokens)

    @property
    def impossible(self) -> Bool[np.ndarray, "prompts answers"]:
        """Which answers the teacher never gives."""
        return self.answers == 0.0

    def beginnings(self, length: int) -> Float[np.ndarray, "prompts beginnings"]:
        """Returns how often answers begin with each sequence of some length."""
        shape = (len(self.answers), self.num_tokens**length, -1)
        return self.answers.reshape(shape).sum(axis=-1)


def teacher_of(next_tokens: tuple[FloatArray, ...]) -> Teacher:
    """Returns the teacher with these probabilities of the next token."""
    answers = np.ones((len(next_tokens[0]), 1))
    for table in next_tokens:
        answers = (answers[:, :, None] * table).reshape(len(answers), -1)
    return Teacher(next_tokens, answers)


def random_logits(
    rng: np.random.Generator, num_prompts: int, num_tokens: int, length: int
) -> tuple[FloatArray, ...]:
    r"""Draws the logits of a teacher.

    A logit is the sum of what belongs to the previous token, to the prompt, to both of them, and to
    the whole beginning. A token is forbidden after a token, or after a beginning, at random; the
    two likeliest are always allowed.

    Args:
        rng: the generator.
        num_prompts: how many prompts.
        num_tokens: $V$.
        length: $T$.

    Returns:
        For beginnings of $0,\dots,T-1$ tokens, shape ``(prompts, V**length, V)``; minus infinity
        where a token is forbidden.
    """
    previous = (num_tokens + 1, num_tokens)
    common = rng.normal(scale=_COMMON, size=previous)
    common = common + rng.normal(scale=_COMMON, size=(num_prompts, 1, num_tokens))
    common = common + rng.normal(scale=_COMMON, size=(num_prompts, *previous))
    after = rng.random((num_prompts, *previous)) < _FORBIDDEN_PAIR
    tables = []
    for steps in range(length):
        last = last_tokens(num_tokens, steps)
        shape = (num_prompts, len(last), num_tokens)
        logits = common[:, last] + rng.normal(scale=_OWN, size=shape)
        forbidden = after[:, last] | (rng.random(shape) < _FORBIDDEN_HERE)
        second = np.sort(logits, axis=-1)[..., [-2]]
        tables.append(np.where(forbidden & (logits < second), -np.inf, logits))
    return tuple(tables)


def at_temperature(logits: tuple[FloatArray, ...], temperature: float) -> Teacher:
    """Returns the teacher that answers at a temperature: its logits are divided by it."""
    tables = []
    for table in logits:
        weights = np.exp((table - table.max(axis=-1, keepdims=True)) / temperature)
        tables.append(weights / weights.sum(axis=-1, keepdims=True))
    return teacher_of(tuple(tables))


def greedy(teacher: Teacher) -> Teacher:
    """Returns the teacher that always gives its likeliest answer."""
    tables = []
    likeliest = teacher.answers.argmax(axis=1)
    for steps, table in enumerate(teacher.next_tokens):
        place = likeliest // teacher.num_tokens ** (teacher.length - steps)
        token = likeliest // teacher.num_tokens ** (teacher.length - steps - 1)
        # What would follow other beginnings never matters, but has to be a distribution.
        only = np.full_like(table, 1.0 / teacher.num_tokens)
        rows = np.arange(len(table))
        only[rows, place] = 0.0
        only[rows, place, token % teacher.num_tokens] = 1.0
        tables.append(only)
    return teacher_of(tuple(tables))


def last_tokens(num_tokens: int, length: int) -> Int[np.ndarray, "beginnings"]:
    """Returns the last token of every beginning of some length; one more than all, for none."""
    if length == 0:
        return np.array([num_tokens])
    return np.arange(num_tokens**length) % num_tokens


def pair_counts(num_tokens: int, length: int) -> Float[np.ndarray, "answers previous tokens"]:
    """Returns how often each token follows each in every answer.

    The last row of previous tokens is for the beginning of an answer.
    """
    counts = np.zeros((num_tokens**length, num_tokens + 1, num_tokens))
    answers = np.arange(num_tokens**length)
    for steps in range(length):
        place = answers // num_tokens ** (length - steps)
        token = answers // num_tokens ** (length - steps - 1) % num_tokens
        np.add.at(counts, (answers, last_tokens(num_tokens, steps)[place], token), 1.0)
    return counts


def scores(num_tokens: int, length: int) -> Float[np.ndarray, "answers"]:
    """Returns a number for every answer: the sum of its tokens."""
    return pair_counts(num_tokens, length).sum(axis=1) @ np.arange(float(num_tokens))
