r"""Bounds on the student's gap from the divergence, without a variance proxy.

For every $\ell$ in the domain of the teacher's moment generating function
$\ell\,\mathrm{gen}_S\le K_n+\Lambda(\ell)$ (Donsker and Varadhan). Optimised over $\ell>0$ and over
$\ell<0$ this is the *Cramer-Chernoff* bound, the best that depends on the teacher's law and $K_n$
alone; the *sub-gamma* bound

$$\mathrm{gen}_T-\sqrt{2VK_n}-c_-K_n\ \le\ \mathrm{gen}_S\ \le\
  \mathrm{gen}_T+\sqrt{2VK_n}+c_+K_n,\qquad V=\mathrm{Var}\,h,\quad
  c_\pm=2\max(0,\max_j\pm m_j),$$

is looser and explicit. It holds in every regime, because for $0<\ell<1/c$ and every eigenvalue
$m\le c/2$ both $f(-2\ell m)\le2\ell^2m^2/(1-c\ell)$ (for $m<0$ already without the denominator) and
$1/(1-2\ell m)\le1/(1-c\ell)$: hence $\psi(\ell)\le V\ell^2/(2(1-c\ell))$. No smaller $c_\pm$ will
do, since $1/c_\pm$ is where the moment generating function ends.

The optimum is sought over $g=\ell/(1-2\ell m)$, $m=\max(0,\max_jm_j)$, which runs through
$(0,\infty)$ and in which nothing cancels near the end of the domain:

$$\frac1\ell=\frac1g+2m,\qquad 1-2\ell m_j=\frac{1+2(m-m_j)g}{1+2mg}.$$

Gradients follow the envelope theorem: at the optimum the bound does not depend on $g$.

Source: ours, from textbook inequalities (Boucheron, Lugosi and Massart 2013, section 2.4).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import chosen, excess_minus_log
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import quadratic_forms
from kdtheory.theorems.linear_gaussian.gaps import gap_form
from kdtheory.theorems.linear_gaussian.gaps_random import gap_form_random
from kdtheory.theorems.linear_gaussian.quadratic_forms import QuadraticForm

_STEPS = 64
"""Halvings of an interval of at most 680 logarithms: what is left is below 2^-54 of one."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class GapBounds:
    r"""The teacher's gap and what it allows the gap of a student at divergence $K_n$.

    Attributes:
        teacher_gap: $\mathrm{gen}_T$.
        variance: $V=\mathrm{Var}\,h$ of the teacher's gap.
        chernoff_lower: the best lower bound on $\mathrm{gen}_S$.
        chernoff_upper: the best upper bound.
        chernoff_lower_argument: the $\ell\le0$ that attains it.
        chernoff_upper_argument: the $\ell\ge0$ that attains it.
        sub_gamma_lower: $\mathrm{gen}_T-\sqrt{2VK_n}-c_-K_n$.
        sub_gamma_upper: $\mathrm{gen}_T+\sqrt{2VK_n}+c_+K_n$.
    """

    teacher_gap: Float[Array, ""]
    variance: Float[Array, ""]
    chernoff_lower: Float[Array, ""]
    chernoff_upper: Float[Array, ""]
    chernoff_lower_argument: Float[Array, ""]
    chernoff_upper_argument: Float[Array, ""]
    sub_gamma_lower: Float[Array, ""]
    sub_gamma_upper: Float[Array, ""]


@jax.jit
def gap_bounds(
    spectrum: DesignSpectrum,
    num_samples: Float[Array, ""] | float,
    divergence: Float[Array, ""] | float,
) -> GapBounds:
    r"""Returns the bounds on any student's gap at divergence $K_n$ from the teacher, fixed design.

    Args:
        spectrum: of the design.
        num_samples: $n$.
        divergence: $K_n\in[0,\infty]$; at zero every bound is $\mathrm{gen}_T$, at infinity they
            are $\pm\infty$.

    Returns:
        The bounds, never NaN.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> bounds = gap_bounds(spectrum(one), 1.0, 0.27)
        >>> print(f"{bounds.chernoff_lower:.3f} {bounds.chernoff_upper:.3f}")
        -0.226 2.226
        >>> print(f"{bounds.sub_gamma_lower:.3f} {bounds.sub_gamma_upper:.3f}")
        -0.484 2.484
    """
    return bounds_of_form(gap_form(spectrum, num_samples), divergence)


@jax.jit
def gap_bounds_random(
    design: LinearGaussianDesign,
    second_moment: Float[Array, "features features"],
    divergence: Float[Array, ""] | float,
) -> GapBounds:
    r"""Returns the bounds for test inputs with second moment $S_x$, given $X$.

    Args:
        design: the design.
        second_moment: $S_x$, shape ``(d, d)``.
        divergence: $K_n$, as in `gap_bounds`.
    """
    return bounds_of_form(gap_form_random(design, second_moment), divergence)


@jax.jit
def bounds_of_form(form: QuadraticForm, divergence: Float[Array, ""] | float) -> GapBounds:
    """Returns the bounds for a teacher's gap that is the given quadratic form."""
    opposite = quadratic_forms.negated(form)
    above, above_argument = chernoff_upper(form, divergence)
    below, below_argument = chernoff_upper(opposite, divergence)
    return GapBounds(
        teacher_gap=form.mean,
        variance=quadratic_forms.variance(form),
        chernoff_lower=-below,
        chernoff_upper=above,
        chernoff_lower_argument=0.0 - below_argument,
        chernoff_upper_argument=above_argument,
        sub_gamma_lower=-sub_gamma_upper(opposite, divergence),
        sub_gamma_upper=sub_gamma_upper(form, divergence),
    )


@jax.jit
def sub_gamma_upper(form: QuadraticForm, divergence: Float[Array, ""] | float) -> Float[Array, ""]:
    r"""Returns $\mathrm{gen}_T+\sqrt{2VK}+c_+K$; the lower bound is minus that of $-h$.

    Args:
        form: the teacher's gap.
        divergence: $K\in[0,\infty]$.
    """
    divergence = jnp.asarray(divergence, form.mean.dtype)
    proper = _between_zero_and_infinity(divergence)
    root = jnp.sqrt(2.0 * quadratic_forms.variance(form) * proper)
    return _completed(divergence, form.mean, root + 2.0 * _largest(form) * proper)


@jax.jit
def chernoff_upper(
    form: QuadraticForm, divergence: Float[Array, ""] | float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns $\inf_{\ell>0}(K+\log Ee^{\ell h})/\ell$ and the $\ell$ that attains it.

    The lower bound is minus that of $-h$.

    Args:
        form: the teacher's gap.
        divergence: $K\in[0,\infty]$; at zero the bound is the mean, approached as $\ell\to0$.
    """
    divergence = jnp.asarray(divergence, form.mean.dtype)
    proper = _between_zero_and_infinity(divergence)
    tilt = _optimal_tilt(form, proper)
    largest = _largest(form)
    argument = tilt / (1.0 + 2.0 * largest * tilt)
    ratio, shortened = _ratios(form, tilt)
    per_term = form.counts * excess_minus_log(1.0 / ratio, -2.0 * argument * form.eigenvalues)
    centred = 0.5 * jnp.sum(per_term + argument * (form.linear * shortened))
    above = _completed(divergence, form.mean, (proper + centred) * (1.0 / tilt + 2.0 * largest))
    end = 0.5 / largest
    attained = jnp.where(divergence == jnp.inf, end, jnp.where(divergence > 0, argument, 0.0))
    return above, jnp.where(jnp.isnan(divergence), divergence, attained)


@chosen
def _optimal_tilt(form: QuadraticForm, divergence: Float[Array, ""]) -> Float[Array, ""]:
    r"""Returns the $g$ where $\ell\psi'(\ell)-\psi(\ell)$, the divergence of the tilt, is $K$.

    It is $\frac12\sum_j[p_j(y-1-\log y)_{y=1/(1-2\ell m_j)}+q_j\ell^2/(1-2\ell m_j)^2]$, which
    increases with $g$; bisection over $\log g$ in units of the standard deviation of $h$.
    """
    unit = jnp.sqrt(quadratic_forms.variance(form))
    limits = jnp.finfo(unit.dtype)

    def halve(_: Any, interval: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = interval
        middle = 0.5 * (low + high)
        ratio, shortened = _ratios(form, jnp.exp(middle) / unit)
        per_term = form.counts * excess_minus_log(ratio, 2.0 * shortened * form.eigenvalues)
        rate = 0.5 * jnp.sum(per_term + form.linear * shortened * shortened)
        return jnp.where(rate < divergence, middle, low), jnp.where(rate < divergence, high, middle)

    # Beyond these ends the bound is what it is at them: K is subnormal, or the argument the end of
    # the domain to more digits than there are.
    start = 0.5 * math.log(float(limits.tiny)) - 2.0, 0.45 * math.log(float(limits.max))
    interval = tuple(jnp.asarray(end, unit.dtype) for end in start)
    low, high = jax.lax.fori_loop(0, _STEPS, halve, interval)
    return jnp.exp(0.5 * (low + high)) / unit


def _ratios(form: QuadraticForm, tilt: Float[Array, ""]) -> tuple[Array, Array]:
    r"""Returns $1/(1-2\ell m_j)$ and $\ell/(1-2\ell m_j)$ at $g$."""
    largest = _largest(form)
    shorter = 1.0 + 2.0 * (largest - form.eigenvalues) * tilt
    return (1.0 + 2.0 * largest * tilt) / shorter, tilt / shorter


def _largest(form: QuadraticForm) -> Float[Array, ""]:
    return jnp.maximum(jnp.max(form.eigenvalues), 0.0)


def _between_zero_and_infinity(divergence: Float[Array, ""]) -> Float[Array, ""]:
    """Returns the divergence, or a stand-in where the bound needs no computing."""
    return jnp.where((divergence > 0) & (divergence < jnp.inf), divergence, 1.0)


def _completed(
    divergence: Float[Array, ""], mean: Float[Array, ""], excess: Float[Array, ""]
) -> Float[Array, ""]:
    """Returns mean + excess, the mean where the divergence is zero, infinity where it is."""
    above = jnp.where(divergence > 0, mean + excess, mean)
    above = jnp.where(divergence == jnp.inf, jnp.inf, above)
    return jnp.where(jnp.isnan(divergence), divergence, above)
