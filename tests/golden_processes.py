"""Adapters of the section of finite distillation processes."""

import jax.numpy as jnp
import numpy as np

from kdtheory import concentration, divergences
from kdtheory.objects.processes import DistillationProcess, mirrored, tilted
from kdtheory.theorems.distillation_divergence import bounds, process_terms

SECTION = "theorem8_10_finite"


def process_of(inputs):
    """Reads a process; worlds of input-label pairs (z = 2x + y) have predictions for labels."""
    process = DistillationProcess.create(
        inputs["pz"],
        inputs["loss"],
        inputs["qT"],
        inputs.get("Q", _uniform(inputs["qT"])),
        num_samples=inputs["n"],
        inputs=[0, 0, 1, 1] if "pred" in inputs else None,
    )
    return tilted(process, inputs["student_tilt"]["l"]) if "student_tilt" in inputs else process


def _uniform(kernel):
    """Stands in for a student that is given otherwise."""
    return np.full(np.shape(kernel), 1 / np.size(kernel))


def _of(function):
    return lambda inputs: function(process_of(inputs))


def _law(function):
    """A function of (values, probs) of the teacher's gap."""
    return _of(lambda process: function(*bounds.flat_law(process)))


def _at_divergence(function):
    """A function of (values, probs, divergence)."""
    return _of(
        lambda process: function(*bounds.flat_law(process), process_terms.divergence(process))
    )


def _variance(values, probs):
    mean = jnp.sum(probs * values)
    return jnp.sum(probs * (values - mean) ** 2)


def _individual_divergences(process):
    _, teacher, student = process_terms.individual_laws(process)
    flat = (law.reshape(len(law), -1) for law in (student, teacher))
    return divergences.kl_divergence(*flat)


def _lower(bound):
    return lambda process: -bound(mirrored(process))


def _shared(inputs):
    return abs(float(process_terms.input_divergence(process_of(inputs)))) < 1e-12


ADAPTERS = {
    (SECTION, name): adapter
    for name, adapter in {
        "K": _of(process_terms.divergence),
        "K_dataset": _of(process_terms.dataset_divergence),
        "K_algorithm": _of(process_terms.algorithm_divergence),
        "K_pushforward": _of(process_terms.gap_divergence),
        "genT": _of(process_terms.teacher_gap),
        "genS": _of(process_terms.student_gap),
        "var": _law(_variance),
        "sigma2_plus": _law(concentration.variance_proxy_above),
        "sigma2_minus": _law(concentration.variance_proxy_below),
        "sigma2": _law(concentration.variance_proxy),
        "thm8_upper": _of(bounds.theorem8),
        "thm8_lower": _of(_lower(bounds.theorem8)),
        "cc_upper": _of(bounds.chernoff),
        "cc_lambda_upper": _at_divergence(lambda *law: concentration.chernoff_upper(*law)[1]),
        "cc_lower": _of(_lower(bounds.chernoff)),
        "cc_lambda_lower": _at_divergence(lambda *law: concentration.chernoff_lower(*law)[1]),
        "binary_kl_upper": _of(bounds.binary_kl),
        "pinsker_upper": _of(bounds.pinsker),
        "bretagnolle_huber_upper": _of(bounds.bretagnolle_huber),
        "chi2_upper": _of(bounds.chi_square),
        "eta_max": _law(concentration.largest_central_eta),
        "chernoff_zero": _law(concentration.chernoff_zero),
        "thm10_best": _at_divergence(lambda *law: concentration.best_central_pair(*law)[0]),
        "thm10_eta": _at_divergence(lambda *law: concentration.best_central_pair(*law)[1]),
        "thm10_c": _at_divergence(lambda *law: concentration.best_central_pair(*law)[2]),
        "individual_K": _of(_individual_divergences),
        "individual_cc_upper": _of(bounds.individual_sample),
        "cc_upper_X_marginal": _of(bounds.shared_inputs),
        "cc_upper_disintegrated": _of(bounds.disintegrated),
        "x_marginals_match": _shared,
    }.items()
}
