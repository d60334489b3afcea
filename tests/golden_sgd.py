"""Reference values of SGD on softmax worlds and quadratics: adapters for test_golden.py."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory.divergences import entropy
from kdtheory.objects.descent import enumerated_distances, quadratic_moments
from kdtheory.objects.objectives import (
    QuadraticObjective,
    SoftmaxObjective,
    distance_after_step,
    mean_gradient,
    second_moment,
)
from kdtheory.theorems.sgd_convergence import bounds, noise


def _numbers(value):
    return np.vectorize(lambda text: float(Fraction(text)), otypes=[float])(np.array(value))


def _world(inputs):
    return SoftmaxObjective.create(*(_numbers(inputs[name]) for name in ("px", "phi", "theta")))


def _offset(world):
    """theta_eval = theta_star + 0.37 * (column index, 1-based)."""
    columns = 0.37 * jnp.arange(1, world.optimum.shape[1] + 1)
    return jnp.broadcast_to(columns, world.optimum.shape)


def _step_size(world):
    return 0.25 / world.component_smoothness


def _at_point(function):
    def adapter(inputs):
        world = _world(inputs)
        return function(world, world.optimum + _offset(world))

    return adapter


def _step(world, law):
    return distance_after_step(law, _offset(world), _step_size(world))


def _of_world(function):
    return lambda inputs: function(_world(inputs))


def _tree(inputs):
    world = _world(inputs["world"])
    oracle = {"onehot": world.onehot_gradients, "bcp": world.bayes_gradients}[inputs["labels"]]
    zeros = inputs["theta0"] == "zeros"
    start = jnp.zeros_like(world.optimum) if zeros else jnp.asarray(_numbers(inputs["theta0"]))
    step_size = float(Fraction(inputs["gamma"]))
    return enumerated_distances(oracle, start, world.optimum, step_size, num_steps=inputs["T"])


def _column(values):
    return _numbers(values)[:, None]


def _quadratic(inputs):
    return QuadraticObjective.create(
        _numbers(inputs["probs"]), _column(inputs["curv"]), _column(inputs["shifts"])
    )


def _info(inputs):
    objective = _quadratic(inputs)
    return {
        "x_star": objective.optimum[0],
        "mu": objective.strong_convexity,
        "Lmax": objective.component_smoothness,
        "sigma2": objective.noise,
    }


def _trajectory(inputs):
    start = jnp.array([float(Fraction(inputs["x0"]))])
    step_size = float(Fraction(inputs["gamma"]))
    moments = quadratic_moments(_quadratic(inputs), start, step_size, num_steps=20)
    return moments.distances[jnp.array([0, 5, 20])]


def _bounds(inputs):
    objective = _quadratic(inputs)
    step_size = float(Fraction(inputs["gamma"]))
    known = step_size, objective.component_smoothness, objective.strong_convexity
    noisy = *known, objective.noise
    promised = {
        "paper_onehot": bounds.strongly_convex_onehot(*noisy),
        "needell_ward_srebro": bounds.needell_ward_srebro(*noisy),
        "sqc_es_young": bounds.quasi_convex_any_noise(*noisy),
        "new_all_steps": bounds.sharpened_any_noise(*noisy),
        "new_orthogonal": bounds.sharpened_target_noise(*noisy),
        "paper_bcp": bounds.strongly_convex_bayes(*known),
        "new_bcp": bounds.sharpened_bayes(*known),
    }
    # A bound that promises nothing at this step size is left out.
    return {name: list(b) for name, b in promised.items() if jnp.isfinite(b.neighbourhood)}


ADAPTERS = {
    ("sgd_worlds", "P"): _of_world(lambda world: world.label_probs),
    ("sgd_worlds", "H_Y_given_X"): _of_world(
        lambda world: world.input_weights @ entropy(world.label_probs)
    ),
    ("sgd_worlds", "noise_onehot"): _of_world(noise.noise_onehot),
    ("sgd_worlds", "noise_indep_nu_0p01"): _of_world(
        lambda world: noise.noise_additive(world, world.optimum, 0.01)
    ),
    ("sgd_worlds", "noise_centred_nu_0p01"): _of_world(
        lambda world: noise.noise_centred(world, 0.01)
    ),
    ("sgd_worlds", "noise_dirichlet_a0_9"): _of_world(
        lambda world: noise.noise_dirichlet(world, 9.0)
    ),
    ("sgd_worlds", "nu_crit"): _of_world(noise.critical_variance),
    ("sgd_worlds", "L_max"): _of_world(lambda world: world.component_smoothness),
    ("sgd_worlds", "gamma"): _of_world(_step_size),
    ("sgd_worlds", "risk_at_theta"): _at_point(lambda world, point: world.risk(point)),
    ("sgd_worlds", "Esq_onehot_at_theta"): _at_point(
        lambda world, point: second_moment(world.onehot_gradients(point))
    ),
    ("sgd_worlds", "Esq_bcp_at_theta"): _at_point(noise.bayes_second_moment),
    ("sgd_worlds", "dist_sq"): _of_world(lambda world: jnp.sum(_offset(world) ** 2)),
    ("sgd_worlds", "inner_grad"): _at_point(
        lambda world, point: jnp.sum(mean_gradient(world.bayes_gradients(point)) * _offset(world))
    ),
    ("sgd_worlds", "one_step_dist_sq_onehot"): _at_point(
        lambda world, point: _step(world, world.onehot_gradients(point))
    ),
    ("sgd_worlds", "one_step_dist_sq_bcp"): _at_point(
        lambda world, point: _step(world, world.bayes_gradients(point))
    ),
    ("sgd_exact_tree", "value"): _tree,
    ("sgd_quadratic", "info"): _info,
    ("sgd_quadratic", "traj_0_5_20"): _trajectory,
    ("sgd_quadratic", "bounds_rate_nbhd"): _bounds,
}
