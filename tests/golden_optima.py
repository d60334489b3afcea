"""Adapters of the golden outputs on optima, on the spread given the data and at the true data."""

import jax.numpy as jnp
from golden_gaussian import design_of, one_direction

from kdtheory.objects.designs import spectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, given_data, optima, true_data
from kdtheory.theorems.linear_gaussian.terms import direction_terms


def _best_shift(case):
    scale, null_scale = optima.optimal_student_scale(case)
    return algorithm_shift.algorithm_shift_exact(case, student_scale=scale, null_scale=null_scale)


def _spread_given_data(inputs):
    labels = jnp.asarray(inputs["Y"], dtype=float)
    return given_data.spread_given_data(design_of(inputs), labels, null="identity")


ADAPTERS = {
    ("algorithm_shift_fullrank", "spread_A_given_D"): _spread_given_data,
    ("algorithm_shift_fullrank", "spread_B"): lambda inputs: true_data.posterior_spread(
        spectrum(design_of(inputs)), null="identity"
    ),
    ("per_direction", "varsigma_opt"): one_direction(
        lambda case: optima.optimal_student_scale(case)[0][0]
    ),
    ("per_direction", "alg_exact_opt"): one_direction(_best_shift),
    ("per_direction", "beta_threshold"): one_direction(
        lambda case: optima.student_determinism_temperature(direction_terms(case).fit[0])
    ),
    ("per_direction", "beta_star_J_b0"): one_direction(optima.optimal_temperature),
}
