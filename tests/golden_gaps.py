"""Adapters of the golden section on generalisation gaps: inputs -> what the package returns."""

import jax.numpy as jnp
from golden_gaussian import design_of

from kdtheory.objects.designs import spectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, gaps, gaps_random, quadratic_forms
from kdtheory.theorems.linear_gaussian.gap_bounds import bounds_of_form


def _outputs(form, student_gap, divergence):
    low, high = quadratic_forms.domain(form)
    bounds = bounds_of_form(form, divergence)
    return {
        "genT": bounds.teacher_gap,
        "genS_Sigma_S_eq_Sigma_T": student_gap,
        "var_h": bounds.variance,
        "mgf_lo": low,
        "mgf_hi": high,
        "log_mgf_at_quarter_hi": quadratic_forms.log_mgf(form, high / 4),
        "log_mgf_at_half_lo": quadratic_forms.log_mgf(form, low / 2),
        "dv_upper": bounds.chernoff_upper,
        "dv_upper_lambda": bounds.chernoff_upper_argument,
        "dv_lower": bounds.chernoff_lower,
        "dv_lower_lambda": bounds.chernoff_lower_argument,
        "K_used": divergence,
    }


def _fixed(inputs):
    design = design_of(inputs)
    summary, num_samples = spectrum(design), float(design.inputs.shape[1])
    divergence = algorithm_shift.divergence_exact(summary, null="identity")
    form = gaps.gap_form(summary, num_samples)
    return _outputs(form, gaps.student_gap(summary, num_samples), divergence)


def _random(inputs):
    design = design_of(inputs)
    moment = jnp.eye(len(design.inputs))
    divergence = algorithm_shift.divergence_exact(spectrum(design), null="identity")
    student_gap = gaps_random.student_gap_random(design, moment, null="identity")
    return _outputs(gaps_random.gap_form_random(design, moment), student_gap, divergence)


ADAPTERS = {("gaussian_gaps", "fixed"): _fixed, ("gaussian_gaps", "Sx=I"): _random}
