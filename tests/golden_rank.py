"""Adapters of the golden sections on students of a limited rank."""

import jax.numpy as jnp

from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import given_data, rank_map, rank_tail


def _array(value):
    return jnp.asarray(value, dtype=float)


def _map(inputs, rank):
    weights = _array(inputs["WT"])
    design = LinearGaussianDesign.create(
        inputs["X"],
        jnp.zeros_like(weights),
        prior_precision=inputs["lam"],
        inverse_temperature=inputs["beta"],
        noise_std=inputs["nu"],
    )
    best = rank_map.rank_map(design, weights, rank)
    parts = given_data.apx_cross_spread_given_teacher(design, weights, rank=rank)
    return {
        "WM": best.student_mean,
        "error": best.error,
        "tail": best.tail,
        **dict(zip(("apx", "cross", "spread"), parts, strict=True)),
        "mean_term": sum(parts),
        "sv": best.singular_values,
    }


def _mean_and_variance(inputs):
    return _array(inputs["A"]), _array(inputs["t2"])


def _rice(which):
    """The mean of |z_1| or |z_2|, from its excess over the length of the mean."""

    def adapter(inputs):
        ((a, b), (c, d)), variance = _mean_and_variance(inputs)
        pair = ((a + d, c - b), (a - d, c + b))[which]
        length = jnp.hypot(*pair) / 2
        return length + rank_tail.rice_excess(length, variance)

    return adapter


def _total(inputs):
    mean, variance = _mean_and_variance(inputs)
    return rank_tail.total_energy(mean, variance * jnp.ones(mean.shape[1]))


MAX_RANK = 6
"""Entries have an output per rank, from 0 on."""

ADAPTERS = {
    **{
        ("rank_map", f"kappa={rank}"): lambda inputs, rank=rank: _map(inputs, rank)
        for rank in range(MAX_RANK + 1)
    },
    ("expected_tail_2x2", "E_sigma2_sq"): lambda inputs: rank_tail.expected_tail_two_by_two(
        *_mean_and_variance(inputs)
    ),
    ("expected_tail_2x2", "E_total"): _total,
    ("expected_tail_2x2", "rice_mean_1"): _rice(0),
    ("expected_tail_2x2", "rice_mean_2"): _rice(1),
    ("expected_tail_2x2", "E_lambda_min"): lambda inputs: rank_tail.expected_tail_two_outputs(
        int(inputs["r"])
    ),
}

REASONS = {
    ("expected_tail_2x2", "quadrature_check"): "a check of the reference against itself",
}
