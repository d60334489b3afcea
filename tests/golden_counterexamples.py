"""Adapters of the golden section of counterexamples: inputs -> what the package returns."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from golden_gaussian import design_of

from kdtheory.concentration import variance_proxy
from kdtheory.flatness import curves_along_radius
from kdtheory.objects.designs import spectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift, true_data
from kdtheory.theorems.sharpness_aware import bounds, perturbed, proxies, worlds


def _of_design(function):
    """Returns inputs -> a function of the design's spectrum; matrices may be named."""

    def adapter(inputs):
        named = {"X": {"I2": np.eye(2)}, "Ws": {"0": np.zeros((2, 2))}}
        parts = {
            name: table[inputs[name]] if isinstance(inputs[name], str) else inputs[name]
            for name, table in named.items()
        }
        return function(spectrum(design_of({**inputs, **parts})))

    return adapter


# --- the node world in which Lemma 14 and the bound made of it fail -----------------------------


def _radius(inputs):
    return float(Fraction(inputs["rho"]))


def _node_teacher(inputs):
    """The rows of the table are nodes, its columns examples; two more nodes lie outside."""
    inner = np.asarray(inputs["node_values"], float).T
    ends = np.full((len(inner), 1), float(inputs["outer_value"]))
    count = len(inner)
    values = np.hstack([ends, inner, ends])
    world = worlds.node_case([1 / count] * count, values, list(range(count)), _radius(inputs))
    return world, np.array([float(Fraction(share)) for share in inputs["q"]])


def _perturbed_proxy(inputs):
    teacher = perturbed.perturbed_node_teacher(_node_teacher(inputs)[0])
    moved = perturbed.gap_of(teacher, teacher.losses) + perturbed.gap_of(teacher, teacher.rises)
    return jnp.sqrt(variance_proxy(moved, perturbed.data_weights(teacher)))


def _printed_proxy(inputs):
    teacher = perturbed.perturbed_node_teacher(_node_teacher(inputs)[0])
    return proxies.lemma14_printed(teacher.constants)


def _along(read):
    def adapter(inputs):
        world, law = _node_teacher(inputs)
        return read(curves_along_radius(world, [_radius(inputs)], student_data=law))

    return adapter


# --- one hypothesis at a maximum: condition (i) -------------------------------------------------


def _at_the_maximum(inputs):
    """(1 - cos f)/2 at f = pi and p = 1: the perturbed loss is (1 + sin(rho)/rho)/2."""
    moved = 0.5 * (1.0 + jnp.sinc(_radius(inputs) / jnp.pi))
    return worlds.process_case([1.0], [[1.0]], [[moved]], [[1.0]], [[1.0]])


_FUNCTIONS = {
    "sigma_u_printed": _printed_proxy,
    "sigma_u_exact": _perturbed_proxy,
    "E_Q_SP": _along(lambda curve: curve.student_sharpness[0]),
    "genT": _along(lambda curve: curve.teacher_gap),
    "K": _along(lambda curve: curve.divergence),
    "B_sh_printed": _along(lambda curve: curve.bounds["printed"][0]),
    "B_std": _along(lambda curve: curve.bounds["lemma13"][0]),
    "rho0": _along(lambda curve: curve.largest_radius),
    "violation": _along(lambda curve: curve.student_gap - curve.bounds["printed"][0]),
    "K_exact": _of_design(algorithm_shift.divergence_exact),
    "reading_A_bound": _of_design(algorithm_shift.divergence_bound),
    "reading_B_bound_factor2": _of_design(true_data.divergence_true_data),
    "U": _of_design(dataset_shift.dataset_shift_exact),
    "literal": _of_design(dataset_shift.dataset_shift_literal),
    "bracketed": _of_design(dataset_shift.dataset_shift_printed),
    "alg_exact_kappa2": _of_design(algorithm_shift.algorithm_shift_exact),
    "alg_bound_kappa2": _of_design(algorithm_shift.algorithm_shift_bound),
    "alg_exact_kappa0": _of_design(
        lambda found: algorithm_shift.algorithm_shift_exact(found, rank="zero")
    ),
    "alg_bound_kappa0": _of_design(
        lambda found: algorithm_shift.algorithm_shift_bound(found, rank="zero")
    ),
}


def _bound_at_the_maximum(inputs):
    return bounds.theorem12(_at_the_maximum(inputs))


def _student_gap(inputs):
    if "node_values" in inputs:
        return _along(lambda curve: curve.student_gap)(inputs)
    return bounds.chernoff_family(_at_the_maximum(inputs), 0.0)


ADAPTERS = {
    **{("counterexamples", name): function for name, function in _FUNCTIONS.items()},
    ("counterexamples", "bound"): _bound_at_the_maximum,
    ("counterexamples", "genS"): _student_gap,
    # Half of what the reading adds for the spread of the posterior, instead of all of it.
    ("counterexamples", "reading_B_bound_half"): _of_design(
        lambda found: true_data.divergence_true_data(found) - true_data.posterior_spread(found)
    ),
}

REASONS = {
    ("counterexamples", "alg_bound_kappa1"): "at an intermediate rank the package samples the tail",
}
