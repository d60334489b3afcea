"""Claims on what more samples, less noise or a weaker prior make of the divergence."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import Domain, box, integers
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, axes, dataset_shift, limits, worlds
from kdtheory.theorems.linear_gaussian.worlds import spectrum_case

_NO_DIRECTION = Case(
    "no inputs", lambda: spectrum_case([0.0], [1.0], num_null=1.0), "an empty design: both are 0"
)
_PRIOR = Case(
    "the prior as teacher",
    lambda: spectrum_case([1.0], [0.0], inverse_temperature=0.0),
    "beta = 0: the labels' variance grows without bound",
)


DATASET_SHIFT_CEILING = Claim(
    slug="linear_gaussian/dataset_shift_ceiling",
    title="However many samples and however little noise, the dataset shift is bounded",
    statement=r"\mathrm{KL}(\hat Y\|Y) \le \sum_{s_i>0}\Bigl[\tfrac k2\bigl(1+\tfrac1\beta"
    r"-\log(2+\tfrac1\beta)\bigr)+\tfrac{\lambda}{8\beta}|W^*u_i|^2\Bigr]",
    lhs=dataset_shift.dataset_shift_exact,
    rhs=limits.dataset_shift_ceiling,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    # The ceiling does not fall with the shift itself.
    scale=lambda summary: 1.0 + dataset_shift.dataset_shift_printed(summary),
    tight=(
        Case(
            "large inputs",
            lambda: spectrum_case([1e9], [0.0]),
            "rho -> 1 without a signal: 1 - log(3)/2 on both sides",
            limit=lambda t: spectrum_case([1 / t], [0.0]),
        ),
        _NO_DIRECTION,
    ),
    corners=(
        _PRIOR,
        Case("half fitted", lambda: spectrum_case([1.0], [4.0]), "where the bias is largest"),
    ),
    axes=(axes.INPUTS,),
    uses=("linear_gaussian/dataset_shift",),
)


DATASET_SHIFT_FLOOR = Claim(
    slug="linear_gaussian/dataset_shift_floor",
    title="The dataset shift does not vanish with more samples",
    statement=r"\mathrm{KL}(\hat Y\|Y) \ge \tfrac12\sum_{s_i>0}\Bigl[k\bigl(1+\tfrac1\beta"
    r"-\log(2+\tfrac1\beta)\bigr) - k\tfrac{1+\beta}{1+2\beta}(1-\rho_i)(1+\rho_i+\tfrac1\beta)"
    r" + (1-\rho_i)^2b_i\Bigr]",
    relation=Relation.GE,
    lhs=dataset_shift.dataset_shift_exact,
    rhs=limits.dataset_shift_floor,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    scale=lambda summary: 1.0 + dataset_shift.dataset_shift_printed(summary),
    tight=(
        Case(
            "weak prior",
            lambda: spectrum_case([1.0], [1.0], prior_precision=1e-9),
            "rho -> 1: 1 - log(3)/2 on both sides",
            limit=lambda t: spectrum_case([1.0], [1.0], prior_precision=t),
        ),
        _NO_DIRECTION,
    ),
    corners=(_PRIOR,),
    axes=(axes.WEAK_PRIOR,),
    uses=("linear_gaussian/dataset_shift",),
)


def _flat_priors(size: tuple[int, ...]) -> Domain:
    sides = box(1 / 16, 4, size[0]) * box(0, 4, size[0]) * box(1 / 16, 4, size[0])
    settings = integers(1, worlds.MAX_OUTPUTS) * box(1 / 16, 4) * box(1 / 16, 4)
    return (sides * settings).named(
        "squared_singular_values",
        "signal",
        "student_scale",
        "num_outputs",
        "inverse_temperature",
        "noise_std",
    )


def _exact(
    squared: Any, signal: Any, student_scale: Any, num_outputs: Any, beta: Any, noise_std: Any
) -> Scalar:
    zero = jnp.zeros_like(beta)
    summary = DesignSpectrum(squared, signal, num_outputs, zero, zero, beta, noise_std)
    return algorithm_shift.divergence_exact(summary, student_scale=student_scale)


def _constant(
    squared: Any, signal: Any, student_scale: Any, num_outputs: Any, beta: Any, noise_std: Any
) -> Scalar:
    return limits.divergence_flat_prior(beta, num_outputs, student_scale)


DIVERGENCE_FLAT_PRIOR = Claim(
    slug="linear_gaussian/divergence_flat_prior",
    title="Under a flat prior the divergence knows nothing of inputs, signal and noise",
    statement=r"\lambda=0:\ K_n = \tfrac k2\sum_{s_i>0}\bigl[\tfrac1\beta+\beta+e_i"
    r"-\log(2+\tfrac1\beta)-\log(c_\infty+e_i)\bigr],"
    r"\quad c_\infty=\tfrac{\beta(1+\beta)}{1+2\beta}",
    relation=Relation.EQ,
    lhs=_exact,
    rhs=_constant,
    domain=_flat_priors,
    sizes=worlds.SPECTRUM_SIZES,
    scale=lambda *instance: 1.0 + _constant(*instance),
    tight=(
        Case(
            "one by one",
            lambda: arrays([1.0], [4.0], [1.0], 1.0, 1.0, 1.0),
            "0.695281, which no number of samples makes smaller",
        ),
    ),
    corners=(
        Case(
            "the best student",
            lambda: arrays([1.0], [4.0], [1 / 3], 1.0, 1.0, 1.0),
            "e = 1 - c = 1/3 leaves 0.617361",
        ),
    ),
    axes=(axes.FLAT_PRIOR,),
    uses=("linear_gaussian/divergence_exact",),
)
