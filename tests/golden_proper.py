"""Adapters of the golden sections on soft labels and synthetic teachers: inputs -> our value."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory.objects.gaussian_classes import bayes_accuracy, bayes_auc
from kdtheory.objects.synthetic_teachers import (
    distorted,
    distorted_as_printed,
    noisy_teacher_error,
)
from kdtheory.soft_labels import (
    optimal_risk_smoothing,
    optimal_smoothing,
    smoothed_risk_error,
    smoothing_error,
    tempered_entropy,
    tempered_entropy_slope,
    tempered_probs,
)


def _array(value):
    numbers = np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])
    return jnp.asarray(numbers(np.array(value, dtype=object)))


def _of(function, *names):
    """Reads the named fields, in order."""
    return lambda inputs: function(*(_array(inputs[name]) for name in names))


def _best(probs):
    return optimal_smoothing(jnp.ones(1), probs[None])


def _smoothed_world(function, *after):
    def adapter(inputs):
        world = inputs["world"]
        arrays = [_array(world[name]) for name in ("px", "pstar", "loss")]
        return function(*arrays, *(_array(inputs[name]) for name in after))

    return adapter


def _mean(radius, dimension):
    return jnp.full(int(dimension), radius)


def _apart(radius, dimension):
    """Two means whose distance is the radius."""
    return jnp.eye(int(dimension))[0] * radius / 2


_EQ16 = "alpha", "logit_noise_std", "mu_norm_sq"

ADAPTERS = {
    ("label_smoothing", "bias_sq"): _of(lambda p, a: smoothing_error(p, a).bias_sq, "p", "alpha"),
    ("label_smoothing", "var"): _of(lambda p, a: smoothing_error(p, a).variance, "p", "alpha"),
    ("label_smoothing", "mse"): _of(lambda p, a: smoothing_error(p, a).mse, "p", "alpha"),
    ("label_smoothing", "alpha_opt"): _of(_best, "p"),
    ("label_smoothing", "mse_opt"): _of(lambda p: smoothing_error(p, _best(p)).mse, "p"),
    ("label_smoothing_risk", "mse"): _smoothed_world(smoothed_risk_error, "alpha", "N"),
    ("label_smoothing_risk", "alpha_opt"): _smoothed_world(optimal_risk_smoothing, "N"),
    ("temperature", "p"): _of(tempered_probs, "z", "T"),
    ("temperature", "entropy"): _of(tempered_entropy, "z", "T"),
    ("temperature", "dH_dT"): _of(tempered_entropy_slope, "z", "T"),
    ("psi", "corrected"): _of(distorted, "u", "alpha"),
    ("psi", "printed"): _of(distorted_as_printed, "u", "alpha"),
    ("gaussian_problem", "theta_star_entry_means_pm_r"): _of(
        lambda r, d: 2 * _mean(r, d)[0], "r", "d"
    ),
    ("gaussian_problem", "bayes_auc_means_pm_r"): _of(
        lambda r, d: bayes_auc(_mean(r, d)), "r", "d"
    ),
    ("gaussian_problem", "bayes_acc_means_pm_r"): _of(
        lambda r, d: bayes_accuracy(_mean(r, d)), "r", "d"
    ),
    ("gaussian_problem", "bayes_auc_distance_r"): _of(
        lambda r, d: bayes_auc(_apart(r, d)), "r", "d"
    ),
    ("eq16_teacher", "bias_sq"): _of(lambda *given: noisy_teacher_error(*given).bias_sq, *_EQ16),
    ("eq16_teacher", "var"): _of(lambda *given: noisy_teacher_error(*given).variance, *_EQ16),
    ("eq16_teacher", "mse"): _of(lambda *given: noisy_teacher_error(*given).mse, *_EQ16),
}
