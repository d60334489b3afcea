"""Adapters of the section of finite distillation processes: one compiled program per world."""

import functools
import json

import jax
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


def _variance(values, probs):
    mean = jnp.sum(probs * values)
    return jnp.sum(probs * (values - mean) ** 2)


def _individual_divergences(process):
    _, teacher, student = process_terms.individual_laws(process)
    flat = (law.reshape(len(law), -1) for law in (student, teacher))
    return divergences.kl_divergence(*flat)


def _lower(bound):
    return lambda process: -bound(mirrored(process))


OF_PROCESS = {
    "K": process_terms.divergence,
    "K_dataset": process_terms.dataset_divergence,
    "K_algorithm": process_terms.algorithm_divergence,
    "K_pushforward": process_terms.gap_divergence,
    "genT": process_terms.teacher_gap,
    "genS": process_terms.student_gap,
    # The reference values are those with the proxy of the side that is needed.
    "thm8_upper": bounds.theorem8_one_sided,
    "thm8_lower": _lower(bounds.theorem8_one_sided),
    "cc_upper": bounds.chernoff,
    "cc_lower": _lower(bounds.chernoff),
    "binary_kl_upper": bounds.binary_kl,
    "pinsker_upper": bounds.pinsker,
    "bretagnolle_huber_upper": bounds.bretagnolle_huber,
    "chi2_upper": bounds.chi_square,
    "individual_K": _individual_divergences,
    "individual_cc_upper": bounds.individual_sample,
}
OF_INPUTS = {
    "cc_upper_X_marginal": bounds.shared_inputs,
    "cc_upper_disintegrated": bounds.disintegrated,
    "x_marginals_match": lambda process: process_terms.input_divergence(process) < 1e-12,
}
OF_LAW = {
    "var": _variance,
    "sigma2_plus": concentration.variance_proxy_above,
    "sigma2_minus": concentration.variance_proxy_below,
    "sigma2": concentration.variance_proxy,
    "eta_max": concentration.largest_central_eta,
    "chernoff_zero": concentration.informative_divergence,
}


@jax.jit
def _everything(process):
    law = bounds.flat_law(process)
    divergence = process_terms.divergence(process)
    found = {name: function(process) for name, function in OF_PROCESS.items()}
    found |= {name: function(*law) for name, function in OF_LAW.items()}
    if process.inputs is not None:
        found |= {name: function(process) for name, function in OF_INPUTS.items()}
    best = concentration.best_central_pair(*law, divergence)
    return found | {
        "cc_lambda_upper": concentration.chernoff_upper(*law, divergence)[1],
        "cc_lambda_lower": concentration.chernoff_lower(*law, divergence)[1],
        **dict(zip(("thm10_best", "thm10_eta", "thm10_c"), best, strict=True)),
    }


@functools.cache
def _outputs(written):
    return _everything(process_of(json.loads(written)))


def _adapter(name):
    return lambda inputs: _outputs(json.dumps(inputs))[name]


_OTHERS = ("cc_lambda_upper", "cc_lambda_lower", "thm10_best", "thm10_eta", "thm10_c")
ADAPTERS = {
    (SECTION, name): _adapter(name) for name in (*OF_PROCESS, *OF_INPUTS, *OF_LAW, *_OTHERS)
}
