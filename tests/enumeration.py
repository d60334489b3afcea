"""Finite worlds in fractions, and expectations over whole samples from the definition."""

import itertools
from fractions import Fraction as F

import jax.numpy as jnp
import numpy as np

# Two worlds, in fractions: a generic one, and one with a null input, a point mass and equal losses.
WORLDS = {
    "generic": (
        [F(1, 2), F(1, 3), F(1, 6)],
        [[F(1, 4), F(3, 4)], [F(2, 3), F(1, 3)], [F(1, 5), F(4, 5)]],
        [[F(0), F(1)], [F(1, 2), F(-2)], [F(3), F(1, 7)]],
        [F(1, 3), F(2, 3)],
        [
            [[F(1, 2), F(1, 2)], [F(1), F(0)], [F(1, 3), F(2, 3)]],
            [[F(1, 8), F(7, 8)], [F(1, 2), F(1, 2)], [F(0), F(1)]],
        ],
    ),
    "degenerate": (
        [F(1, 4), F(3, 4), F(0)],
        [[F(1), F(0)], [F(1, 2), F(1, 2)], [F(1, 2), F(1, 2)]],
        [[F(2), F(5)], [F(3), F(3)], [F(0), F(9)]],
        [F(1)],
        [[[F(0), F(1)], [F(1, 2), F(1, 2)], [F(1), F(0)]]],
    ),
}


def floats(value):
    return jnp.asarray(np.array(value, dtype=object).astype(float))


def dot(weights, values):
    return sum(w * v for w, v in zip(weights, values, strict=True))


def risk(pi, p, loss):
    return sum(pi[i] * dot(p[i], loss[i]) for i in range(len(pi)))


def moment_of_mean(outcomes, num_samples, centre):
    """E (mean of N independent outcomes - centre)^2, over every sample; outcomes: (prob, value)."""
    total = F(0)
    for sample in itertools.product(outcomes, repeat=num_samples):
        probability = F(1)
        for weight, _ in sample:
            probability *= weight
        total += probability * (sum(value for _, value in sample) / num_samples - centre) ** 2
    return total


def onehot_outcomes(pi, p, loss):
    indices = itertools.product(range(len(pi)), range(len(p[0])))
    return [(pi[i] * p[i][k], loss[i][k]) for i, k in indices]


def bayes_outcomes(pi, p, loss):
    return [(pi[i], dot(p[i], loss[i])) for i in range(len(pi))]


def fresh_outcomes(pi, loss, law, tables):
    pairs = itertools.product(range(len(pi)), range(len(law)))
    return [(pi[i] * law[t], dot(tables[t][i], loss[i])) for i, t in pairs]
