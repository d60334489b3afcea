"""Domains, instances and units of the claims on bare laws: values and their probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory import concentration
from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.domains import Domain, box, integers, simplex
from kdtheory.theorems._domains import extended

SIZES = (3,), (2,)
"""How many atoms."""


def law(values: Any, probs: Any, *numbers: Any) -> tuple[Any, ...]:
    """Returns an instance: a law from two lists, and what else belongs to it."""
    parts = (values, probs, *numbers)
    return arrays(*parts)


def mean(values: Any, probs: Any) -> Scalar:
    """Returns the mean of a law."""
    return jnp.sum(values * probs)


def unit(values: Any, *_: Any) -> Scalar:
    """Returns the largest value in size, at least the smallest number."""
    return jnp.maximum(jnp.max(jnp.abs(values)), jnp.finfo(values.dtype).tiny)


def sign_of(above: Any) -> Any:
    """Returns 1 for a bound from above and -1 for one from below."""
    return 2.0 * above - 1.0


def laws(size: tuple[int, ...]) -> Domain:
    """Returns the laws on values in [-1, 1], where gaps lie if losses lie in [0, 1]."""
    return (box(-1, 1, *size) * simplex(*size)).named("values", "probs")


def laws_with(**extra: Domain) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (values, probs, further numbers).

    Args:
        extra: the further parts, by name.
    """

    def domain(size: tuple[int, ...]) -> Domain:
        parts = laws(size)
        for further in extra.values():
            parts = parts * further
        return parts.named("values", "probs", *extra)

    return domain


def pairs_of_laws(size: tuple[int, ...]) -> Domain:
    """Returns (teacher, student, function): two laws on the same points, and a function there."""
    parts = simplex(*size) * simplex(*size) * box(-4, 4, *size)
    return parts.named("teacher", "student", "function")


def tilts(size: tuple[int, ...]) -> Domain:
    """Returns (values, probs, argument), arguments away from zero on either side."""

    def build(base: tuple[Any, ...], argument: Any, above: Any) -> tuple[Any, ...]:
        return *base, sign_of(above) * argument

    def split(values: Any, probs: Any, argument: Any) -> tuple[Any, ...]:
        return (values, probs), jnp.abs(argument), jnp.where(argument > 0, 1.0, 0.0)

    further = (box(1 / 8, 16) * integers(0, 1)).named("argument", "above")
    return extended(laws(size), further, build, split)


def largest_c(values: Any, probs: Any, eta: Any) -> Scalar:
    r"""Returns the largest $c\le1$ of the central condition at $\eta$, zero if there is none."""
    possible = mean(values, probs) > 0
    largest = concentration.largest_central_c(values, probs, eta)
    return jnp.where(possible, jnp.clip(largest, 0.0, 1.0), 0.0)


def central_margin(values: Any, probs: Any, eta: Any, c: Any) -> Scalar:
    r"""Returns $-c\eta EX-\log Ee^{-\eta X}$, without the difference of two large numbers."""
    linear = (1.0 - c) * eta * mean(values, probs)
    return linear - concentration.centred_log_mgf(values, probs, -eta)


def central_laws(size: tuple[int, ...]) -> Domain:
    r"""Returns (values, probs, divergence, $\eta$, $c$), $c$ a share of the largest."""

    def build(base: tuple[Any, ...], divergence: Any, eta: Any, share: Any) -> tuple[Any, ...]:
        values, probs = base
        return values, probs, divergence, eta, share * largest_c(values, probs, eta)

    def split(values: Any, probs: Any, divergence: Any, eta: Any, c: Any) -> tuple[Any, ...]:
        largest = largest_c(values, probs, eta)
        possible = largest > 0
        share = jnp.where(possible, c / jnp.where(possible, largest, 1.0), 1.0)
        return (values, probs), divergence, eta, share

    further = (box(0, 4) * box(1 / 16, 8) * box(1 / 16, 1)).named("divergence", "eta", "share")
    return extended(laws(size), further, build, split)


TOLERANCE = 1e-2
"""Within which a certificate is asked for at every one of thousands of laws; most are far better,
and a claim allows for no more than the width that each has."""


def certified(values: Any, probs: Any) -> tuple[Any, ...]:
    r"""Returns a law, an $\ell^*$, a certified variance proxy, and the width of the certificate.

    Args:
        values: the values.
        probs: their probabilities.
    """
    found = concentration.variance_proxies(values, probs, TOLERANCE, capacity=128)
    return values, probs, found.argument, found.two_sided, found.two_sided - found.attained


def certified_laws(size: tuple[int, ...]) -> Domain:
    """Returns the laws, each with what `certified` finds."""
    return laws(size).map(certified, lambda instance: instance[:2])


def largest_eta(mean: Any, proxy: Any) -> Scalar:
    r"""Returns the end $2\mu/s^2$ of the range of Remark 2; one for a constant."""
    varies = proxy > 0
    return jnp.where(varies, 2.0 * mean / jnp.where(varies, proxy, 1.0), 1.0)


def priced_laws(size: tuple[int, ...]) -> Domain:
    r"""Returns (values, probs, variance proxy, divergence, $\eta$) in the range of Remark 2.

    The mean is positive, $K\le2\mu^2/s^2$ and $\eta\le2\mu/s^2$, $s^2$ the smallest proxy.
    """

    def build(
        offsets: Any, probs: Any, middle: Any, divergence_share: Any, eta_share: Any
    ) -> tuple[Any, ...]:
        values = offsets - mean(offsets, probs) + middle
        proxy = concentration.variance_proxy(values, probs)
        most = largest_eta(middle, proxy)
        return values, probs, proxy, divergence_share * middle * most, eta_share * most

    def split(instance: tuple[Any, ...]) -> tuple[Any, ...]:
        values, probs, proxy, divergence, eta = instance
        middle = mean(values, probs)
        most = largest_eta(middle, proxy)
        offsets = values - 0.5 * (jnp.max(values) + jnp.min(values))
        return offsets, probs, middle, divergence / (middle * most), eta / most

    parts = laws(size) * box(1 / 8, 1) * box(0, 1) * box(1 / 16, 1)
    names = "offsets", "probs", "mean", "divergence_share", "eta_share"
    return parts.named(*names).map(build, split)
