"""Adapters of the golden sections on sharpness: inputs -> what the package returns."""

import functools
import json
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

from kdtheory import concentration
from kdtheory.objects.cosines import CosineProcess
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.distillation_divergence import bounds as plain
from kdtheory.theorems.distillation_divergence import process_terms
from kdtheory.theorems.sharpness_aware import (
    ball,
    bounds,
    logistic,
    perturbed,
    proxies,
    regime,
)


def _numbers(value):
    """Reads nested lists of numbers, fractions written "p/q" among them."""
    read = np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])
    return read(np.array(value, dtype=object))


# --- Theorem 12 on cosine worlds; the reference proxies are those of positive arguments ----------

OF_WORLD = {
    "K": lambda world: process_terms.divergence(world.process),
    "genT": lambda world: process_terms.teacher_gap(world.process),
    "genS": lambda world: process_terms.student_gap(world.process),
    "E_SP_teacher": perturbed.teacher_sharpness,
    "E_SP_student": perturbed.student_sharpness,
    "sigma_h": lambda world: jnp.sqrt(
        concentration.variance_proxy_above(*plain.flat_law(world.process))
    ),
    "sigma_u": lambda world: jnp.sqrt(bounds.perturbed_proxy(world)),
    "nu": lambda world: jnp.sqrt(bounds.sharpness_proxy(world)),
    "sigma_X": lambda world: jnp.sqrt(bounds.one_step_proxy(world)),
    "thm8": lambda world: plain.theorem8_one_sided(world.process),
    "thm12": bounds.theorem12,
    "one_step": bounds.one_step,
    "cc8": functools.partial(bounds.chernoff_family, weight=0.0),
    "cc12": bounds.chernoff_family,
}


def _of_process(world):
    return {name: function(world) for name, function in OF_WORLD.items()}


@jax.jit
def _everything(world, argument, weight):
    tilted = perturbed.tilted(perturbed.perturbed_process(world), argument, weight)
    turned = world.radius * jnp.linalg.norm(world.directions, axis=1)
    return _of_process(tilted) | {"J": ball.cosine_mean(turned, world.directions.shape[1])}


@functools.cache
def _of_text(text):
    inputs = json.loads(text)
    world = CosineProcess.create(
        *(_numbers(inputs[name]) for name in ("pz", "A", "b", "F", "rho", "qT")),
        np.full(np.shape(inputs["qT"]), 1 / np.size(inputs["qT"])),
        num_samples=inputs["n"],
    )
    tilt = inputs["student_tilt"]
    return _everything(world, tilt["l"], tilt["t"])


# --- moments of the unit ball -------------------------------------------------------------------

OF_BALL = {
    "E_norm": ball.mean_norm,
    "E_norm2": ball.mean_squared_norm,
    "E_u1sq": ball.mean_squared_coordinate,
}

# --- the tightness regime -----------------------------------------------------------------------


def _constants(inputs, radius, dimension=2.0):
    names = ("kappa", "L", "g0", "alpha", "tau", "range")
    numbers = [float(_numbers(inputs[name])) for name in names]
    return SmoothnessConstants(
        *(jnp.asarray(number) for number in (*numbers, radius, float(inputs["n"]), dimension))
    )


def _regime(inputs):
    divergence = float(_numbers(inputs["K"]))
    root = regime.largest_radius(_constants(inputs, 0.0), divergence)
    constants = _constants(inputs, 0.5 * root)
    at_root = _constants(inputs, root)
    bounds_at_root = [
        function(at_root, divergence)
        for function in (regime.sharpness_excess, regime.standard_excess)
    ]
    improved = {
        "sigma0_local": proxies.lemma13_local(constants),
        "sigma_u_safe": proxies.lemma14_sharpened(constants),
        "nu_general": proxies.lemma15_sharpened(constants),
        "nu_convex": proxies.lemma15_sharpened(constants, convex=True),
        "sigma_one_step": proxies.one_step(constants),
        "S_P": proxies.lemma16_dimension(constants),
    }
    return {
        **dict(zip(("A0", "A1", "A2"), regime.coefficients(constants), strict=True)),
        "rho0": root,
        # What is left between the two bounds at the root, in rounding units of the bounds.
        "residual_at_rho0": abs(bounds_at_root[0] - bounds_at_root[1])
        <= 1e-13 * abs(bounds_at_root[1]),
        "sigma0": proxies.lemma13(constants),
        "sigma_u_half": proxies.lemma14_printed(constants),
        "nu_half": proxies.lemma15(constants),
        "gain_at_half": regime.gain(constants, divergence),
        "gain_at_zero": regime.gain(_constants(inputs, 0.0), divergence),
        "improved_p2_at_half": improved,
    }


_REGIME = (
    "A0 A1 A2 rho0 residual_at_rho0 sigma0 sigma_u_half nu_half gain_at_half gain_at_zero"
    " improved_p2_at_half"
)

# --- logistic regression, enumerated ------------------------------------------------------------


@functools.cache
def _logistic(text):
    inputs = json.loads(text)
    world = RidgeLogisticWorld.create(
        *(_numbers(inputs[name]) for name in ("pi", "xs", "wstar")),
        num_samples=inputs["n"],
        ridge=_numbers(inputs["mu"]),
        temperature=_numbers(inputs["temp"]),
        radius=_numbers(inputs["rho"]),
    )
    found = jax.jit(_of_process)(logistic.logistic_process(world))
    constants = logistic.logistic_constants(world)
    points = logistic.learned(world)
    return found | {
        "kappa": constants.movement,
        "g0": constants.gradient,
        "L": constants.lipschitz,
        "alpha": constants.smoothness,
        "tau_op": constants.curvature,
        "W_max": jnp.max(jnp.linalg.norm(points, axis=1)),
        **dict(zip(("A0", "A1", "A2"), regime.coefficients(constants), strict=True)),
        "rho0": regime.largest_radius(constants, found["K"]),
        "f_first": points[0],
        "f_001": points[1],
    }


_LOGISTIC = (
    "K genT genS E_SP_teacher E_SP_student sigma_h sigma_u nu sigma_X thm8 thm12 one_step cc8"
    " kappa g0 L alpha tau_op W_max A0 A1 A2 rho0 f_first f_001"
)

ADAPTERS = {
    **{
        ("tightness_logistic", name): lambda inputs, name=name: _logistic(json.dumps(inputs))[name]
        for name in _LOGISTIC.split()
    },
    **{
        ("theorem12", name): lambda inputs, name=name: _of_text(json.dumps(inputs))[name]
        for name in (*OF_WORLD, "J")
    },
    **{
        ("ball_moments", name): lambda inputs, function=function: function(1.0, float(inputs["p"]))
        for name, function in OF_BALL.items()
    },
    ("ball_moments", "E_abs_u1"): lambda inputs: ball.mean_absolute_coordinate(1.0, inputs["p"]),
    ("ball_moments", "J_at_1"): lambda inputs: ball.cosine_mean(jnp.ones(()), inputs["p"]),
    **{
        ("tightness_formula", name): lambda inputs, name=name: _regime(inputs)[name]
        for name in _REGIME.split()
    },
}
