"""Finite worlds for the tests of simulated risks."""

import jax
import numpy as np

from kdtheory.objects.problems import FiniteProblem


def stacked(weights, probs, losses, num_samples):
    """Problems along a leading axis, as vmap would make them; their teachers do not matter."""
    count = len(weights)
    sizes = np.broadcast_to(np.asarray(num_samples, float), (count,))
    return FiniteProblem(weights, probs, losses, np.ones((count, 1)), probs[:, None], sizes)


def worlds(count, num_samples, inputs=3, labels=4):
    """Random worlds without any structure: nothing is a multiple of a power of two."""
    rng = np.random.default_rng(7)
    return stacked(
        rng.dirichlet(np.ones(inputs), count),
        rng.dirichlet(np.ones(labels), (count, inputs)),
        rng.normal(size=(count, inputs, labels)),
        num_samples,
    )


def one(problems, index):
    return jax.tree.map(lambda leaf: leaf[index], problems)
