"""Claims on the temperature and on the prior precision at which the bounds are least."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim, Relation
from kdtheory.domains import Domain, box, integers
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import algorithm_shift, axes, dataset_shift, optima, worlds

_RIDGE_FIELDS = (
    "squared_singular_values",
    "signal",
    "num_outputs",
    "ridge_ratio",
    "inverse_temperature",
    "noise_std",
)


def _ridges(size: tuple[int, ...]) -> Domain:
    """Returns spectra by their ridge ratio lambda/beta, and a temperature to be changed."""
    sides = box(0, 4, size[0]) * box(0, 4, size[0]) * integers(1, worlds.MAX_OUTPUTS)
    return (sides * box(1 / 16, 4) * box(1 / 16, 4) * box(1 / 16, 4)).named(*_RIDGE_FIELDS)


def _ridge_spectrum(
    squared: Any, signal: Any, num_outputs: Any, ratio: Any, beta: Any, noise_std: Any
) -> DesignSpectrum:
    return DesignSpectrum(
        squared_singular_values=squared,
        signal=signal,
        num_outputs=num_outputs,
        num_null=jnp.zeros_like(num_outputs),
        prior_precision=ratio * beta,
        inverse_temperature=beta,
        noise_std=noise_std,
    )


def _divergence_bound_at(*instance: Any) -> Scalar:
    return algorithm_shift.divergence_bound(_ridge_spectrum(*instance))


def _divergence_bound_at_optimum(
    squared: Any, signal: Any, num_outputs: Any, ratio: Any, beta: Any, noise_std: Any
) -> Scalar:
    best = optima.optimal_temperature(
        _ridge_spectrum(squared, signal, num_outputs, ratio, beta, noise_std)
    )
    return _divergence_bound_at(squared, signal, num_outputs, ratio, best, noise_std)


OPTIMAL_TEMPERATURE = Claim(
    slug="linear_gaussian/optimal_temperature",
    title="The best temperature for the bound, with the teacher's mean held",
    statement=r"J(\beta^*) \le J(\beta)\text{ at equal }\lambda/\beta,\quad\beta^* = \Bigl("
    r"\frac{\sum_i\rho_i[1+(1-\rho_i)^2(1+b_i/k)]}{\sum_i\rho_i}\Bigr)^{-1/2},"
    r"\ \Sigma_S=\Sigma_T",
    lhs=_divergence_bound_at_optimum,
    rhs=_divergence_bound_at,
    domain=_ridges,
    sizes=worlds.SPECTRUM_SIZES,
    scale=lambda *instance: worlds.at_least_tiny(_divergence_bound_at(*instance)),
    tight=(
        Case(
            "fit 1/4",
            lambda: arrays([1.0], [0.0], 1.0, 3.0, 0.8, 1.0),
            "1 + (3/4)^2 = (5/4)^2, so that the best temperature is 4/5",
        ),
    ),
    corners=(
        Case(
            "no inputs",
            lambda: arrays([0.0], [1.0], 1.0, 1.0, 0.5, 1.0),
            "nothing depends on the temperature",
        ),
        Case(
            "a large bias",
            lambda: arrays([4.0], [4.0], 1.0, 4.0, 4.0, 0.0625),
            "b = 4096",
        ),
    ),
    axes=(axes.RIDGE_TEMPERATURE,),
    uses=("linear_gaussian/divergence_bound",),
)


COLD_NEVER_OPTIMAL = Claim(
    slug="linear_gaussian/cold_never_optimal",
    title="The best temperature for the bound is never colder than the posterior",
    statement=r"\beta^* \le 1",
    lhs=lambda *instance: optima.optimal_temperature(_ridge_spectrum(*instance)),
    rhs=lambda *instance: jnp.ones_like(instance[-1]),
    domain=_ridges,
    sizes=worlds.SPECTRUM_SIZES,
    tight=(
        Case(
            "no inputs",
            lambda: arrays([0.0], [1.0], 1.0, 1.0, 1.0, 1.0),
            "any temperature is best, and 1 is returned",
        ),
        Case(
            "weak prior",
            lambda: arrays([1.0], [0.0], 1.0, 2.0**-20, 1.0, 1.0),
            "the fit tends to 1, where the posterior itself is best",
            limit=lambda t: arrays([1.0], [0.0], 1.0, t, 1.0, 1.0),
        ),
    ),
    corners=OPTIMAL_TEMPERATURE.corners[1:],
    axes=(axes.RIDGE,),
    uses=(OPTIMAL_TEMPERATURE.slug,),
)


_PRIOR_FIELDS = (
    "squared_singular_values",
    "signal",
    "prior_precisions",
    "num_outputs",
    "inverse_temperature",
    "noise_std",
)


def _priors(size: tuple[int, ...]) -> Domain:
    """Returns directions with a prior precision each; every one stands alone."""
    sides = box(0, 4, size[0]) * box(0, 4, size[0]) * box(1 / 16, 4, size[0])
    settings = integers(1, worlds.MAX_OUTPUTS) * box(0, 4) * box(1 / 16, 4)
    return (sides * settings).named(*_PRIOR_FIELDS)


def _over_directions(
    function: Any,
    squared: Any,
    signal: Any,
    precisions: Any,
    num_outputs: Any,
    beta: Any,
    noise_std: Any,
) -> Scalar:
    """Sums a bound over directions that have a prior precision each."""

    def alone(one_squared: Any, one_signal: Any, precision: Any) -> Scalar:
        return function(
            DesignSpectrum(
                squared_singular_values=one_squared[None],
                signal=one_signal[None],
                num_outputs=num_outputs,
                num_null=jnp.zeros_like(num_outputs),
                prior_precision=precision,
                inverse_temperature=beta,
                noise_std=noise_std,
            )
        )

    return jnp.sum(jax.vmap(alone)(squared, signal, precisions))


def _least(
    optimum: Any,
    squared: Any,
    signal: Any,
    _: Any,
    num_outputs: Any,
    beta: Any,
    noise_std: Any,
) -> Scalar:
    """Sums the values at the optimum over the directions that exist."""
    ratio = squared * signal / (noise_std**2 * num_outputs)
    value = optimum(jnp.broadcast_to(beta, ratio.shape), ratio)[2]
    return num_outputs * jnp.sum(jnp.where(squared > 0, value, 0.0))


def _optimal_prior(bound: str, function: Any, optimum: Any, words: str, **fields: Any) -> Claim:
    at_given = functools.partial(_over_directions, function)
    return Claim(
        slug=f"linear_gaussian/optimal_prior_{bound}",
        title=f"The best prior precision of a direction, for {words}",
        relation=Relation.LE,
        lhs=functools.partial(_least, optimum),
        rhs=at_given,
        domain=_priors,
        sizes=worlds.SPECTRUM_SIZES,
        scale=lambda *instance: worlds.at_least_tiny(at_given(*instance)),
        axes=(axes.PRIOR,),
        **fields,
    )


OPTIMAL_PRIOR_DATASET_SHIFT = _optimal_prior(
    "dataset_shift",
    dataset_shift.dataset_shift_printed,
    optima.optimal_prior_dataset_shift,
    "the bound on the dataset shift",
    statement=r"\min_\lambda B = \frac{k[4\beta(1+\beta)b-k]}{8\beta^2(k+b)}"
    r"\text{ at }\rho=\frac{2\beta b-k}{2\beta(k+b)}\text{ if }2\beta b>k,\ "
    r"\inf_\lambda B = b/2\text{ otherwise}",
    tight=(
        Case(
            "fit 1/4",
            lambda: arrays([1.0], [1.0], [3.0], 1.0, 1.0, 1.0),
            "b = k = beta = 1: lambda = 3, B = 7/16",
        ),
    ),
    corners=(
        Case(
            "no signal",
            lambda: arrays([1.0], [0.0], [4.0], 1.0, 1.0, 1.0),
            "the best prior is a point mass at 0",
        ),
        Case(
            "the prior as teacher",
            lambda: arrays([1.0], [1.0], [4.0], 1.0, 0.0, 1.0),
            "beta = 0: B falls to b/2",
        ),
    ),
    uses=("linear_gaussian/dataset_shift",),
)
OPTIMAL_PRIOR_DIVERGENCE = _optimal_prior(
    "divergence",
    algorithm_shift.divergence_bound,
    optima.optimal_prior_divergence,
    "the bound on the divergence",
    statement=r"\inf_\lambda J\text{ at }1-\rho = \frac{\kappa(1+\beta)^2}"
    r"{\beta[h+\sqrt{h^2-3\kappa(1+\beta)^2}]},\ \kappa=\frac k{k+b},\ h=1+\beta+\kappa,"
    r"\text{ or at }\lambda=\infty;\quad\Sigma_S=\Sigma_T",
    tight=(
        Case(
            "fit 1/3",
            lambda: arrays([1.0], [1.0], [2.0], 1.0, 1.0, 1.0),
            "b = k = beta = 1: lambda = 2, J = 53/54, just below 1 at an infinite precision",
        ),
    ),
    corners=(
        Case(
            "no signal",
            lambda: arrays([1.0], [0.0], [4.0], 1.0, 1.0, 1.0),
            "the best prior is a point mass at 0",
        ),
        Case(
            "the prior as teacher",
            lambda: arrays([1.0], [1.0], [4.0], 1.0, 0.0, 1.0),
            "beta = 0: J falls to (k + b)/2",
        ),
        Case(
            "two minima",
            lambda: arrays([4.0], [4.0], [0.25], 1.0, 4.0, 0.5),
            "a cold teacher: the bound falls again towards an infinite precision",
        ),
    ),
    uses=("linear_gaussian/divergence_bound",),
)
