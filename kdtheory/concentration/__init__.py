r"""Concentration of finite laws: log-mgf, Chernoff bounds, variance proxies, central condition.

A law is two arrays, ``values`` and ``probs``, both of shape ``(atoms,)``; atoms of probability zero
never matter. Batches by `jax.vmap`. Everything is traceable; what is optimised has the gradient of
the envelope theorem.

Empirical Bernstein bounds speak of a sample instead: penalties, and `risk_bounds` for losses.
"""

from kdtheory.concentration.central import (
    best_central_pair,
    informative_divergence,
    largest_central_c,
    largest_central_eta,
)
from kdtheory.concentration.certified import VarianceProxies, variance_proxies
from kdtheory.concentration.chernoff import chernoff_lower, chernoff_upper, largest_divergence
from kdtheory.concentration.disintegrated import chernoff_upper_given_groups
from kdtheory.concentration.empirical_bernstein import (
    empirical_bernstein_penalty,
    first_informative_size,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.concentration.inversions import binary_kl_upper
from kdtheory.concentration.mgf import centred_log_mgf, log_mgf, tilt_divergence, tilted_probs
from kdtheory.concentration.proxies import (
    variance_proxy,
    variance_proxy_above,
    variance_proxy_at,
    variance_proxy_below,
)
from kdtheory.concentration.sampled_risk import RiskBound, risk_bounds

__all__ = [
    "RiskBound",
    "VarianceProxies",
    "best_central_pair",
    "binary_kl_upper",
    "centred_log_mgf",
    "chernoff_lower",
    "chernoff_upper",
    "chernoff_upper_given_groups",
    "empirical_bernstein_penalty",
    "first_informative_size",
    "informative_divergence",
    "largest_central_c",
    "largest_central_eta",
    "largest_divergence",
    "log_mgf",
    "risk_bounds",
    "sharpened_bernstein_penalty",
    "tilt_divergence",
    "tilted_probs",
    "uniform_bernstein_penalty",
    "variance_proxies",
    "variance_proxy",
    "variance_proxy_above",
    "variance_proxy_at",
    "variance_proxy_below",
]
