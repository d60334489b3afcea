"""Twins of the functions of finite laws: mpmath with 50 digits, straight from the definitions."""

import mpmath
import numpy as np

LAWS = {
    # Padded with atoms of probability zero to one length, so that one program serves all of them.
    "fair coin": ([-1, 1], [0.5, 0.5]),
    "skewed": ([1, -0.5, 0.25], [0.6, 0.3, 0.1]),
    "rare": ([1, 0], [1e-9, 1 - 1e-9]),
    "likely": ([1, 0], [1 - 1e-9, 1e-9]),
    "positive": ([0.1, 0.3, 0.9, 2.0], [0.2, 0.5, 0.2, 0.1]),
    "bimodal": ([-1, 1, 5], [0.499995, 0.499995, 1e-5]),
    "far from zero": ([100.25, 100.5, 101], [0.25, 0.5, 0.25]),
    # The divergence of its tilts stays at 6e-4 while the argument grows twentyfold.
    "plateau": ([0.71, 0.00655, 0.87466], [0.999419599867, 5.804e-4, 1.33e-10]),
    "many scales": ([1e-6, -1e-3, 1, 0], [0.4, 0.3, 1e-6, 0.299999]),
}
ATOMS = 4


def padded(name):
    """Returns values and probabilities as float arrays; null atoms have wild values."""
    values, probs = LAWS[name]
    missing = ATOMS - len(values)
    return np.array([*values, *[-1e3] * missing]), np.array([*probs, *[0.0] * missing])


def stacked():
    """Returns all laws as two arrays, one row each."""
    values, probs = zip(*map(padded, LAWS), strict=True)
    return np.stack(values), np.stack(probs)


def exact(name):
    """Returns values and probabilities as mpmath numbers; probabilities sum to one exactly."""
    values, probs = ([mpmath.mpf(float(x)) for x in row] for row in padded(name))
    total = mpmath.fsum(probs)
    return [(x, p / total) for x, p in zip(values, probs, strict=True) if p]


def mean(law):
    return mpmath.fsum(p * x for x, p in law)


def log_mgf(law, argument):
    return mpmath.log(mpmath.fsum(p * mpmath.exp(argument * x) for x, p in law))


def centred_log_mgf(law, argument):
    return log_mgf(law, argument) - argument * mean(law)


def tilted(law, argument):
    total = mpmath.fsum(p * mpmath.exp(argument * x) for x, p in law)
    return [(x, p * mpmath.exp(argument * x) / total) for x, p in law]


def divergence(law, other):
    """KL of another law on the same atoms."""
    pairs = zip(law, other, strict=True)
    return mpmath.fsum(q * mpmath.log(q / p) for (_, p), (_, q) in pairs if q)


def largest_mean(law, budget):
    """The largest E_Q X with KL(Q||P) <= K: the minimum over l of (K + log E e^{l X})/l.

    The quotient has one minimum; golden-section search over log l. It is never below the infimum,
    and second order above it.
    """
    best = max(x for x, _ in law)
    mass = mpmath.fsum(p for x, p in law if x == best)
    if budget >= -mpmath.log(mass):
        return best

    def bound(logarithm):
        argument = mpmath.exp(logarithm)
        return (budget + log_mgf(law, argument)) / argument

    low, high = mpmath.mpf(-60), mpmath.mpf(60)
    ratio = (mpmath.sqrt(5) - 1) / 2
    for _ in range(130):
        width = ratio * (high - low)
        left, right = high - width, low + width
        low, high = (low, right) if bound(left) < bound(right) else (left, high)
    return bound((low + high) / 2)
