"""Domains of the claims on generalisation gaps, and where their arguments lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.domains import Domain, box, integers, psd
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign, spectrum
from kdtheory.theorems._domains import extended
from kdtheory.theorems.linear_gaussian import quadratic_forms, worlds
from kdtheory.theorems.linear_gaussian.gaps import gap_form
from kdtheory.theorems.linear_gaussian.gaps_random import gap_form_random
from kdtheory.theorems.linear_gaussian.quadratic_forms import QuadraticForm

_STANDARD_DEVIATIONS = 64.0
"""How far arguments reach where the domain of the moment generating function does not end."""


def _end(form: QuadraticForm, sign: Any) -> Scalar:
    """Returns how far arguments of a sign go: the end of the domain, or many deviations."""
    low, high = quadratic_forms.domain(form)
    reach = _STANDARD_DEVIATIONS / jnp.sqrt(quadratic_forms.variance(form))
    return jnp.minimum(jnp.where(sign < 0, -low, high), reach)


def argument_at(form: QuadraticForm, fraction: Any) -> Scalar:
    """Returns the argument at a fraction of the domain: -1 the lower end, 1 the upper one."""
    return fraction * _end(form, fraction)


def fraction_of(form: QuadraticForm, argument: Any) -> Scalar:
    """Returns the fraction of the domain at which an argument lies."""
    return argument / _end(form, argument)


def designs_at(low: float, high: float) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (design, argument).

    Args:
        low: the lowest fraction of the domain of the moment generating function.
        high: the highest.
    """

    def form(design: LinearGaussianDesign) -> QuadraticForm:
        return gap_form(spectrum(design), float(design.inputs.shape[1]))

    def build(design: LinearGaussianDesign, fraction: Any) -> tuple[Any, ...]:
        return design, argument_at(form(design), fraction)

    def split(design: LinearGaussianDesign, argument: Any) -> tuple[Any, ...]:
        return design, fraction_of(form(design), argument)

    fractions = box(low, high).named("fraction")
    return lambda size: extended(worlds.designs(size), fractions, build, split)


def designs_at_either_side(low: float, high: float) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (design, argument), arguments away from zero on either side.

    Args:
        low: the lowest fraction, above zero, of the domain of the moment generating function.
        high: the highest.
    """

    def form(design: LinearGaussianDesign) -> QuadraticForm:
        return gap_form(spectrum(design), float(design.inputs.shape[1]))

    def build(design: LinearGaussianDesign, fraction: Any, above: Any) -> tuple[Any, ...]:
        return design, argument_at(form(design), (2.0 * above - 1.0) * fraction)

    def split(design: LinearGaussianDesign, argument: Any) -> tuple[Any, ...]:
        fraction = jnp.abs(fraction_of(form(design), argument))
        return design, fraction, jnp.where(argument > 0, 1.0, 0.0)

    extra = (box(low, high) * integers(0, 1)).named("fraction", "above")
    return lambda size: extended(worlds.designs(size), extra, build, split)


def from_either_side(
    base: Callable[[tuple[int, ...]], Domain],
) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (..., above): one for a bound from above, zero for one from below."""

    def build(instance: tuple[Any, ...], above: Any) -> tuple[Any, ...]:
        return *instance, above

    def split(*instance: Any) -> tuple[Any, ...]:
        *rest, above = instance
        return tuple(rest), above

    return lambda size: extended(base(size), integers(0, 1).named("above"), build, split)


def tested_designs(size: tuple[int, ...]) -> Domain:
    """Returns designs with the second moment of a test input: (design, second moment)."""
    return extended(
        worlds.designs(size),
        psd(size[1]).named("second_moment"),
        lambda *instance: instance,
        lambda *instance: instance,
    )


def tested_students(size: tuple[int, ...]) -> Domain:
    """Returns designs with a student covariance, and a second moment: (design, second moment)."""

    def build(design: LinearGaussianDesign, moment: Any, covariance: Any) -> tuple[Any, ...]:
        return dataclasses.replace(design, student_covariance=covariance), moment

    def split(design: LinearGaussianDesign, moment: Any) -> tuple[Any, ...]:
        return design, moment, design.student_covariance

    extra = (psd(size[1]) * psd(size[1])).named("second_moment", "student_covariance")
    return extended(worlds.designs(size), extra, build, split)


def tested_designs_at(size: tuple[int, ...]) -> Domain:
    """Returns (design, second moment, argument)."""

    def build(design: LinearGaussianDesign, moment: Any, fraction: Any) -> tuple[Any, ...]:
        return design, moment, argument_at(gap_form_random(design, moment), fraction)

    def split(design: LinearGaussianDesign, moment: Any, argument: Any) -> tuple[Any, ...]:
        return design, moment, fraction_of(gap_form_random(design, moment), argument)

    extra = psd(size[1]) * box(-7 / 8, 7 / 8)
    return extended(worlds.designs(size), extra.named("second_moment", "fraction"), build, split)


def _sampled(summary: DesignSpectrum, unfitted: Any) -> Any:
    """Returns n: a sample per direction, and some that no weight can fit."""
    return summary.signal.size + unfitted


def sampled_students(size: tuple[int, ...]) -> Domain:
    """Returns (spectrum, number of samples, student scale, null scale)."""

    def build(student: tuple[Any, ...], unfitted: Any) -> tuple[Any, ...]:
        summary, *scales = student
        return summary, _sampled(summary, unfitted), *scales

    def split(summary: DesignSpectrum, num_samples: Any, *scales: Any) -> tuple[Any, ...]:
        return (summary, *scales), num_samples - _sampled(summary, 0)

    return extended(worlds.students(size), integers(0, 3).named("unfitted"), build, split)


def sampled_spectra(extra: Domain | None = None) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (spectrum, number of samples, further parts)."""

    def build(summary: DesignSpectrum, unfitted: Any, *rest: Any) -> tuple[Any, ...]:
        return summary, _sampled(summary, unfitted), *rest

    def split(summary: DesignSpectrum, num_samples: Any, *rest: Any) -> tuple[Any, ...]:
        return summary, num_samples - _sampled(summary, 0), *rest

    unfitted = integers(0, 3).named("unfitted")
    further = unfitted if extra is None else unfitted * extra
    return lambda size: extended(worlds.spectra(size), further, build, split)


def at_arguments(
    base: Callable[[tuple[int, ...]], Domain], low: float, high: float
) -> Callable[[tuple[int, ...]], Domain]:
    """Returns the domains of (spectrum, number of samples, ..., argument).

    Args:
        base: the domains of (spectrum, number of samples, ...).
        low: the lowest fraction of the domain of the moment generating function.
        high: the highest.
    """

    def build(instance: tuple[Any, ...], fraction: Any) -> tuple[Any, ...]:
        return *instance, argument_at(gap_form(*instance[:2]), fraction)

    def split(*instance: Any) -> tuple[Any, ...]:
        *rest, argument = instance
        return tuple(rest), fraction_of(gap_form(*rest[:2]), argument)

    fractions = box(low, high).named("fraction")
    return lambda size: extended(base(size), fractions, build, split)
