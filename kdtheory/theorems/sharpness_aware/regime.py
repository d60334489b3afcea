r"""When the printed sharpness-aware bound is below the printed bound with a global $L$.

With the printed proxies $\sigma_0$, $\sigma_u(\rho)$, $\nu(\rho)$ of lemmas 13 to 15,

$$\sqrt n\,(\sigma_0-\sigma_u-\nu)=A_0-A_1\rho-A_2\rho^2,\qquad A_0=\kappa(L-g_0),\quad
  A_1=\tfrac32\alpha\kappa+g_0,\quad A_2=\tfrac\alpha2,$$

so that $B_{sh}(\rho)=\mathrm{gen}_T+\frac{\tau\rho^2}2+(\sigma_u+\nu)\sqrt{2K}$, in which Lemma
16 takes the place of the $E_PS_P(f_T)$ that the text has there, is below
$B_{std}=\mathrm{gen}_T+\sigma_0\sqrt{2K}$ iff $\frac\tau2\rho^2<s(A_0-A_1\rho-A_2\rho^2)$,
$s=\sqrt{2K/n}$, which is $\rho<\rho_0$. What is gained at $\rho$ is
$s(A_0-A_1\rho-A_2\rho^2)-\frac\tau2\rho^2$: it decreases with $\rho$ and with $\tau$, and the
largest gain, $sA_0$ at $\rho=0$, has nothing to do with flatness: it is that of $g_0$ over $L$.

Source: Li and He, arXiv:2605.13143, appendix (the text examined is an excerpt); the stable root,
the case of no regime and what is said about the gain are ours.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp

from kdtheory._numerics import square_root
from kdtheory._types import Scalar
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.sharpness_aware import proxies


@jax.jit
def coefficients(constants: SmoothnessConstants) -> tuple[Scalar, Scalar, Scalar]:
    r"""Returns $A_0=\kappa(L-g_0)$, $A_1=\frac32\alpha\kappa+g_0$ and $A_2=\frac\alpha2$.

    Args:
        constants: what is known of the loss; its radius does not matter.
    """
    movement, smoothness = constants.movement, constants.smoothness
    return (
        movement * (constants.lipschitz - constants.gradient),
        1.5 * smoothness * movement + constants.gradient,
        0.5 * smoothness,
    )


@jax.jit
def largest_radius(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $\rho_0$, below which the sharpness-aware bound is the smaller one.

    It is the positive root of $A_0-A_1\rho-(A_2+\frac\tau{2s})\rho^2$, in the form in which
    nothing cancels: $2A_0/(A_1+\sqrt{A_1^2+4A_0(A_2+\frac\tau{2s})})$.

    Args:
        constants: what is known of the loss; its radius does not matter.
        divergence: $K\in[0,\infty]$.

    Returns:
        $\rho_0$; zero where the regime is empty ($L=g_0$, $\kappa=0$, or $K=0$, where the bounds
        do not differ, or $K=\infty$, where neither says anything); infinite where nothing limits
        it ($\alpha=g_0=\tau=0$).

    Example:
        >>> numbers = (1.6, 1.0, 0.66, 0.25, 0.2, 0.67, 0.0, 3.0, 2.0)
        >>> constants = SmoothnessConstants(*map(jnp.asarray, numbers))
        >>> print(f"{largest_radius(constants, 0.108):.4f}")
        0.3759
    """
    constant, linear, square = coefficients(constants)
    unit = root_unit(constants, divergence)
    inside = (constant > 0) & (unit > 0) & (unit < jnp.inf)
    safe = jnp.where(inside, unit, 1.0)
    bent = 4.0 * constant * (square + 0.5 * constants.curvature / safe)
    below = linear + square_root(linear * linear + bent)
    limited = below > 0
    root = jnp.where(limited, 2.0 * constant / jnp.where(limited, below, 1.0), jnp.inf)
    return jnp.where(inside, root, 0.0)


def root_unit(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $s=\sqrt{2K/n}$.

    Args:
        constants: what is known of the loss.
        divergence: $K$.
    """
    return square_root(2.0 * divergence / constants.num_samples)


@jax.jit
def gain(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $B_{std}-B_{sh}(\rho)=s(A_0-A_1\rho-A_2\rho^2)-\frac\tau2\rho^2$.

    Args:
        constants: what is known of the loss.
        divergence: $K<\infty$.
    """
    constant, linear, square = coefficients(constants)
    radius = constants.radius
    less = constant - radius * (linear + square * radius)
    return root_unit(constants, divergence) * less - proxies.lemma16(constants)


@jax.jit
def standard_excess(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $B_{std}-\mathrm{gen}_T=\sigma_0\sqrt{2K}$.

    Args:
        constants: what is known of the loss.
        divergence: $K\in[0,\infty]$.
    """
    return excess(proxies.lemma13(constants), divergence)


@jax.jit
def local_excess(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $\sigma_0\sqrt{2K}$ with the slope around the teacher in the place of $L$.

    Args:
        constants: what is known of the loss.
        divergence: $K\in[0,\infty]$.
    """
    return excess(proxies.gap_proxy(constants, proxies.slope(constants)), divergence)


@jax.jit
def sharpness_excess(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns the printed $B_{sh}(\rho)-\mathrm{gen}_T$, its $E_PS_P$ bounded by Lemma 16.

    Args:
        constants: what is known of the loss.
        divergence: $K\in[0,\infty]$.
    """
    proxy = proxies.lemma14_printed(constants) + proxies.lemma15(constants)
    return proxies.lemma16(constants) + excess(proxy, divergence)


@jax.jit
def corrected_excess(constants: SmoothnessConstants, divergence: Scalar | float) -> Scalar:
    r"""Returns $B_{sh}(\rho)-\mathrm{gen}_T$ with the corrected Lemma 14.

    Args:
        constants: what is known of the loss.
        divergence: $K\in[0,\infty]$.
    """
    proxy = proxies.lemma14(constants) + proxies.lemma15(constants)
    return proxies.lemma16(constants) + excess(proxy, divergence)


def excesses(
    constants: SmoothnessConstants,
    divergence: Scalar | float,
    *,
    unperturbed_width: Scalar | None = None,
    convex: bool = False,
) -> dict[str, Scalar]:
    r"""Returns what every bound that is made of constants adds to $\mathrm{gen}_T$.

    Args:
        constants: what is known of the loss.
        divergence: $K\in[0,\infty]$.
        unperturbed_width: the width of an interval that holds the loss before the perturbation, if
            that is a narrower one: it is enough where no perturbed empirical loss is looked at.
        convex: whether the loss is convex.

    Returns:
        The standard bound with the global Lipschitz constant ("lemma13") and with the slope around
        the teacher ("local"), and those that look at sharpness: "printed", "corrected", "sharpened"
        (all lemmas), "one_step" (sharpened).
    """
    width = constants.loss_width if unperturbed_width is None else unperturbed_width
    before = dataclasses.replace(constants, loss_width=width)
    two_steps = proxies.lemma14_sharpened(constants)
    two_steps = two_steps + proxies.lemma15_sharpened(constants, convex=convex)
    lifted = proxies.lemma16_dimension(constants)
    return {
        "lemma13": standard_excess(constants, divergence),
        "local": excess(proxies.lemma13_local(before), divergence),
        "printed": sharpness_excess(constants, divergence),
        "corrected": corrected_excess(constants, divergence),
        "sharpened": lifted + excess(two_steps, divergence),
        "one_step": lifted + excess(proxies.one_step(before), divergence),
    }


def excess(proxy: Scalar, divergence: Scalar | float) -> Scalar:
    r"""Returns $\sigma\sqrt{2K}$, infinite where the divergence is.

    Args:
        proxy: $\sigma$.
        divergence: $K\in[0,\infty]$.
    """
    root = square_root(2.0 * jnp.where(divergence < jnp.inf, divergence, 0.0))
    return jnp.where(divergence < jnp.inf, proxy * root, jnp.inf)
