"""Adapters of the golden sections on bias and variance of a teacher: inputs -> package's value."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory.divergences import euclidean_distance, squared_distance, total_variation
from kdtheory.objects.problems import FiniteProblem, SampledProblem
from kdtheory.risks import (
    joint_variance,
    sharp_constant,
    sharp_constant_vertex,
    teacher_bias,
)
from kdtheory.theorems.bias_variance import bounds, formulas


def _numbers(value):
    return np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])(
        np.array(value, dtype=object)
    )


def _of_problem(function):
    """Reads a world; the function takes the problem."""

    def adapter(inputs):
        world = inputs.get("world", inputs)
        problem = FiniteProblem.create(
            *(_numbers(world[name]) for name in ("px", "pstar", "loss")),
            teacher_weights=_numbers(world["tprob"]),
            teacher_probs=_numbers(world["teach"]),
            num_samples=world["N"],
        )
        return function(problem)

    return adapter


def _world(problem):
    return problem.input_weights, problem.label_probs, problem.losses


def _mean(problem, values):
    return jnp.sum(problem.teacher_weights * values)


def _biases(problem):
    return teacher_bias(*_world(problem), problem.teacher_probs)


def _distances(problem, distance):
    arrays = problem.input_weights, problem.label_probs, problem.teacher_probs
    return bounds.expected_distance(*arrays, distance=distance)


def _mean_distance(distance):
    return _of_problem(lambda problem: _mean(problem, _distances(problem, distance)))


def _mean_squared_distance(distance):
    return _of_problem(lambda problem: _mean(problem, _distances(problem, distance) ** 2))


def _distance_of_mean(distance):
    return _of_problem(lambda problem: bounds.mean_teacher_distance(problem, distance))


def _largest_squared(problem):
    """B^2 as the reference has it: the largest loss, also for losses that are all equal."""
    return jnp.max(problem.losses) ** 2


def _sharp(problem):
    return sharp_constant(problem.losses.shape[1]) * _largest_squared(problem)


def _bound(bound, constant):
    return _of_problem(lambda problem: bound(problem, constant(problem)))


def _printed(problem):
    return bounds.printed_constant(problem.losses)


def _unbiased(problem):
    return jnp.allclose(bounds.mean_teacher(problem), problem.label_probs, atol=1e-15)


def _dependent(around_bayes):
    def adapter(inputs):
        tables = inputs["teacher_given_sampled_x"]
        arrays = [_numbers(inputs[name]) for name in ("px", "pstar", "loss")]
        teacher = _numbers([tables[name] for name in sorted(tables, key=int)])
        # One sampled input: the i-th design is the i-th input, and has the i-th table.
        world = [jnp.asarray(a) for a in (*arrays, np.eye(len(teacher)), teacher)]
        problem = SampledProblem(*world, num_samples=inputs["N"])
        if around_bayes:
            return formulas.sampled_bayes_variance(problem)
        return formulas.sampled_error(problem)

    return adapter


ADAPTERS = {
    **{
        ("menon_worlds", name): adapter
        for name, adapter in {
            "C_paper": _of_problem(_printed),
            "C_sharp": _of_problem(_sharp),
            "E_dhat_sq_indep": _of_problem(formulas.distance_to_bayes_fresh),
            "E_dhat_sq_shared": _of_problem(formulas.distance_to_bayes_shared),
            "E_norm": _mean_distance(euclidean_distance),
            "E_norm_pbar": _distance_of_mean(euclidean_distance),
            "E_sq": _mean_distance(squared_distance),
            "E_tau_Enorm_sq": _mean_squared_distance(euclidean_distance),
            "E_tau_Etv_sq": _mean_squared_distance(total_variation),
            "E_tau_Vx": _of_problem(formulas.expected_variance),
            "E_tv": _mean_distance(total_variation),
            "E_tv_pbar": _distance_of_mean(total_variation),
            "V_joint": _of_problem(
                lambda p: joint_variance(
                    p.input_weights, p.losses, p.teacher_weights, p.teacher_probs
                )
            ),
            "V_tau_b": _of_problem(formulas.bias_variance_over_teachers),
            "bias": _of_problem(lambda problem: _mean(problem, _biases(problem))),
            "bias_sq": _distance_of_mean(squared_distance),
            "mse_shared": _of_problem(formulas.shared_error),
            "new_indep_norm": _bound(bounds.fresh_norm_bound, _sharp),
            "new_indep_tv": _bound(bounds.fresh_tv_bound, _largest_squared),
            "new_shared_norm": _bound(bounds.shared_norm_bound, _sharp),
            "new_shared_tv": _bound(bounds.shared_tv_bound, _largest_squared),
            "rhs10_paper": _bound(bounds.eq10_bound, _printed),
            "rhs10_sharp": _bound(bounds.eq10_bound, _sharp),
            "rhs9_paper": _bound(bounds.eq9_bound, _printed),
            "rhs9_sharp": _bound(bounds.eq9_bound, _sharp),
            "teacher_var": _of_problem(bounds.teacher_spread),
            "unbiased": _of_problem(
                lambda p: jnp.allclose(bounds.mean_teacher(p), p.label_probs, atol=1e-15)
            ),
        }.items()
    },
    ("unbiased_sandwich", "mse_shared_NOT_bounded"): _of_problem(formulas.shared_error),
    ("cstar", "C_sharp_B1"): lambda inputs: sharp_constant(inputs["L"]),
    ("cstar", "C_sharp_vertex_pstar"): lambda inputs: sharp_constant_vertex(inputs["L"]),
    ("cstar", "C_paper_B1"): lambda inputs: bounds.printed_constant(jnp.ones((1, inputs["L"]))),
    ("prop4_dependent_teacher", "E(Rtilde-R)^2"): _dependent(around_bayes=False),
    ("prop4_dependent_teacher", "E(Rstar-R)^2"): _dependent(around_bayes=True),
}
