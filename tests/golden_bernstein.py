"""Adapters of the golden sections on empirical Bernstein bounds and on retrieval losses."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory import retrieval
from kdtheory.concentration import (
    empirical_bernstein_penalty,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.theorems.double_distillation import least_double_distillation_loss
from kdtheory.theorems.empirical_bernstein import failure_probability

# Name -> the penalty, and whether it is for a class or for one function.
PENALTIES = {
    "mp_thm4": (empirical_bernstein_penalty, False),
    "mp_thm4_union_K": (empirical_bernstein_penalty, True),
    "mp_thm6": (uniform_bernstein_penalty, True),
    "thm6_tight": (sharpened_bernstein_penalty, True),
}


def _numbers(value):
    return np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])(
        np.array(value, dtype=object)
    )


def _penalty(name):
    penalty, of_class = PENALTIES[name]

    def adapter(inputs):
        variance, size, level = (float(Fraction(inputs[key])) for key in ("V", "n", "delta"))
        return penalty(variance, size, level, float(inputs["Ninf"]) if of_class else 1.0)

    return adapter


def _exact_failure(inputs):
    penalty, of_class = PENALTIES[inputs["penalty"]]
    values = _numbers(inputs["H"])
    return failure_probability(
        jnp.asarray(_numbers(inputs["px"])),
        jnp.asarray(values),
        float(Fraction(inputs["delta"])),
        float(len(values)) if of_class else 1.0,
        num_samples=inputs["n"],
        penalty=penalty,
    )


def _scores(inputs):
    return jnp.asarray(_numbers(inputs["f"]))


def _teacher(inputs):
    return jnp.asarray(_numbers(inputs["p"]))


def _centred_minimiser(inputs):
    probs = _teacher(inputs)
    scores = retrieval.double_distillation_minimiser(probs, 1 - probs)
    return scores - scores.mean()


def _margin_losses(inputs):
    gammas = ("0.01", "1", "10", "100")
    return {g: retrieval.margin_loss(_scores(inputs), float(g))[0] for g in gammas}


ADAPTERS = {
    **{("bernstein_penalties", name): _penalty(name) for name in PENALTIES},
    ("bernstein_exact_failure", "value"): _exact_failure,
    ("losses", "gsce_uniform"): lambda inputs: retrieval.generalised_softmax_cross_entropy(
        _scores(inputs), jnp.full_like(_scores(inputs), 1 / len(inputs["f"]))
    ),
    ("losses", "double_distill_w_1_minus_p"): lambda inputs: retrieval.double_distillation_loss(
        _scores(inputs), _teacher(inputs), 1 - _teacher(inputs)
    ),
    ("losses", "double_distill_min"): lambda inputs: least_double_distillation_loss(
        _teacher(inputs), 1 - _teacher(inputs)
    ),
    ("losses", "double_distill_argmin_centred"): _centred_minimiser,
    ("losses", "gamma_limit_y0"): _margin_losses,
}
