r"""Students that count: next-token tables of one prompt, whose laws are known exactly.

From $k$ sampled answers a student takes $\hat p(v|c)=(n_{cv}+a)/(n_c+aV)$ after every beginning
$c$. Along an answer the counts are a chain of binomial variables, $n_{cv}|n_c\sim\mathrm{Bin}(n_c,
p(v|c))$: the moments of $\hat p(y)$ are sums over that chain. Without smoothing, $a=0$, the product
telescopes to the share of $y$ among the $k$ answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from kdtheory._check import FloatArray
from kdtheory.replications._language_teacher import Teacher

Moments = Float[np.ndarray, "responses prompts answers"]


def answer_moments(
    teacher: Teacher, num_responses: Sequence[int], smoothing: float
) -> tuple[Moments, Moments]:
    r"""Returns the mean of $\hat p(y|x)$ and of its square, over the samples of a student.

    Args:
        teacher: who answers.
        num_responses: numbers $k$ of answers to each prompt.
        smoothing: $a\ge0$, added to every count; without, all tokens are equally likely after a
            beginning that was not seen.
    """
    num_tokens, last = teacher.num_tokens, teacher.length - 1
    roots, counts = np.asarray(num_responses), np.arange(max(num_responses) + 1)
    edges = [table.reshape(len(table), -1, 1) for table in teacher.next_tokens]
    # The first token is one of k answers; a later one, of as many as begin that way.
    seen = counts if last else roots
    mean, variance = seen * edges[last], seen * edges[last] * (1.0 - edges[last])
    share = _share(mean, seen, smoothing, num_tokens)
    unit = _share(1.0 - smoothing, seen, smoothing, num_tokens)
    # Of the tokens still to come, by answer and by how often what precedes them was seen.
    ahead = [share, share**2 + variance * unit**2]
    for steps in reversed(range(last)):
        seen = counts if steps else roots
        chance = _binomial(edges[steps], seen, counts)
        share = _share(counts, seen[:, None], smoothing, num_tokens)
        shape = (len(chance), chance.shape[1], -1, len(counts))
        # A matrix product for every first part of an answer: by n, for each of the ways to go on.
        ahead = [
            np.swapaxes(
                (chance * share**power) @ np.swapaxes(values.reshape(shape), 2, 3), 2, 3
            ).reshape(len(chance), -1, len(seen))
            for power, values in zip((1, 2), ahead, strict=True)
        ]
    first, second = (np.moveaxis(values, -1, 0) for values in ahead)
    return first, second


def _share(
    counts: FloatArray | Int[np.ndarray, "..."] | float,
    total: Int[np.ndarray, "..."],
    smoothing: float,
    num_tokens: int,
) -> FloatArray:
    """Returns the smoothed share of a token; the same for all tokens, where nothing was seen."""
    smoothed = total + smoothing * num_tokens
    known = smoothed > 0
    share = (counts + smoothing) / np.where(known, smoothed, 1.0)
    return np.asarray(np.where(known, share, 1.0 / num_tokens))


def _binomial(
    probability: FloatArray, trials: Int[np.ndarray, "trials"], counts: Int[np.ndarray, "counts"]
) -> FloatArray:
    """Returns binomial probabilities; ``probability`` ends with an axis of one, given up."""
    rest = np.maximum(trials[:, None] - counts, 0)
    powers, others = probability**counts, (1.0 - probability) ** np.arange(rest.max() + 1)
    ways = special.binom(trials[:, None], counts)
    return np.asarray(ways * powers[..., None, :] * others[..., rest])


def next_token_hallucination(
    teacher: Teacher, num_responses: int, smoothing: float
) -> Float[np.ndarray, "prompts"]:
    """Returns the expected mass that a student gives to forbidden tokens after the teacher's words.

    Args:
        teacher: whose answers are continued, at every position alike.
        num_responses: how many answers the student counted.
        smoothing: added to every count; without, all tokens are equally likely after a beginning
            that was not seen.
    """
    counts = np.arange(num_responses + 1)
    # A forbidden token was never seen.
    part = _share(0.0, counts, smoothing, teacher.num_tokens)
    found = np.zeros(len(teacher.answers))
    for steps, table in enumerate(teacher.next_tokens):
        begins = teacher.beginnings(steps)
        chance = _binomial(begins[..., None], counts[-1:], counts)[..., 0, :]
        found += np.sum(begins * np.sum(table == 0.0, axis=-1) * (chance @ part), axis=1)
    return found / teacher.length


def next_token_hallucination_of_shares(
    teacher: Teacher, num_responses: int, pairs: Float[np.ndarray, "answers previous tokens"]
) -> Float[np.ndarray, "prompts"]:
    """Returns the same for unsmoothed students that fall back on the shares of tokens.

    After a beginning that it has not seen, a student takes the shares of tokens in all of its
    answers. None of those begins that way: each is one of the teacher's other answers.

    Args:
        teacher: whose answers are continued.
        num_responses: how many answers the student saw.
        pairs: how often each token follows each, of every answer.
    """
    found = np.zeros(len(teacher.answers))
    shares = pairs.sum(axis=1) / teacher.length
    for steps, table in enumerate(teacher.next_tokens):
        begins = teacher.beginnings(steps)
        grouped = teacher.answers.reshape(*begins.shape, -1)
        split = shares.reshape(begins.shape[1], -1, table.shape[2])
        here = np.einsum("xcr,crv->xcv", grouped, split, optimize=True)
        # (1 - begins) times the shares in other answers, and the chance to see none but those.
        other = (teacher.answers @ shares)[:, None] - here
        missed = (1.0 - begins) ** (num_responses - 1)
        found += np.sum(begins * missed * np.sum(other * (table == 0.0), axis=-1), axis=1)
    return found / teacher.length
