r"""Proxies of the gap, the perturbed gap and the sharpness from stability and smoothness.

Replacing one of $n$ examples moves a deterministic teacher by $\delta\le\kappa/n$, and by
McDiarmid's argument a function of the data that then changes by at most $c$ is sub-Gaussian with
$\sigma=\frac{\sqrt n}2c$. All functions here return a $\sigma$, not its square.

*How far a loss moves.* Between $f=A(D)$ and $f'=A(D')$, where the gradient is at most $g_0$, it is
at most $g_0+\alpha\min(s,1-s)\delta$ at the fraction $s$ of the way, $g_0+\alpha\delta/4$ on
average; perturbed by $U$ it is at most $\alpha|U|$ more, $\alpha\rho\frac p{p+1}$ on average. So a
loss moves by at most $\delta$ times

$$\mathrm{slope}=\min\bigl(L,\ g_0+\tfrac{\alpha\kappa}{4n}\bigr),\qquad
  \mathrm{slope}_U=\min\bigl(L,\ g_0+\alpha\rho\tfrac p{p+1}+\tfrac{\alpha\kappa}{4n}\bigr).$$

The printed Lemma 14 has $g_0+\alpha\rho$ in the place of $\mathrm{slope}_U$: it leaves out the way
from $f$ to $f'$, which the region of (A4) does not cover unless $\kappa/n$ is small. It is implied
if $\frac\kappa n\le\frac{4\rho}{p+1}$.

*How far sharpness moves.* $E\,U=0$, so that the rise of a loss lies within $\pm\alpha E|U|^2/2$
(above zero if it is convex), and its gradient is at most $\alpha E|U|$: no $g_0$ is needed.

Source: Li and He, arXiv:2605.13143, lemmas 13 to 16 (the text examined is an excerpt in which the
proof of lemma 14 is cut); all that is not called printed is ours.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.objects.smoothness import SmoothnessConstants
from kdtheory.theorems.sharpness_aware.ball import mean_norm, mean_squared_norm

Proxy = Callable[[SmoothnessConstants], Scalar]


def slope(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\min(L,g_0+\frac{\alpha\kappa}{4n})$.

    Args:
        constants: what is known of the loss.
    """
    return jnp.minimum(constants.lipschitz, constants.gradient + _on_the_way(constants))


def perturbed_slope(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\min(L,g_0+\alpha\rho\frac p{p+1}+\frac{\alpha\kappa}{4n})$.

    Args:
        constants: what is known of the loss.
    """
    away = constants.smoothness * mean_norm(constants.radius, constants.dimension)
    local = constants.gradient + away + _on_the_way(constants)
    return jnp.minimum(constants.lipschitz, local)


def _on_the_way(constants: SmoothnessConstants) -> Scalar:
    return constants.smoothness * constants.movement / (4.0 * constants.num_samples)


def gap_proxy(constants: SmoothnessConstants, slope: Scalar) -> Scalar:
    r"""Returns $\frac1{\sqrt n}(\kappa s+\frac{b-a}2)$ for losses of slope $s$.

    Args:
        constants: what is known of the loss.
        slope: $s$.
    """
    width = 0.5 * constants.loss_width
    return (constants.movement * slope + width) / jnp.sqrt(constants.num_samples)


def gap_proxy_sharpened(constants: SmoothnessConstants, slope: Scalar) -> Scalar:
    r"""Returns $\frac1{\sqrt n}((1-\frac1{2n})\kappa s+\frac{b-a}2)$ for losses of slope $s$.

    The example that is replaced changes its loss by $b-a$ at most, whatever the slope.

    Args:
        constants: what is known of the loss.
        slope: $s$.
    """
    return gap_proxy(constants, (1.0 - 0.5 / constants.num_samples) * slope)


def lemma13(constants: SmoothnessConstants) -> Scalar:
    r"""Returns the printed $\sigma_0=\frac1{\sqrt n}(\kappa L+\frac{b-a}2)$ of the gap.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy(constants, constants.lipschitz)


def lemma13_sharpened(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\frac1{\sqrt n}((1-\frac1{2n})\kappa L+\frac{b-a}2)$.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy_sharpened(constants, constants.lipschitz)


def lemma13_local(constants: SmoothnessConstants) -> Scalar:
    r"""Returns `lemma13_sharpened` with the slope around the teacher in the place of $L$.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy_sharpened(constants, slope(constants))


def lemma14_printed(constants: SmoothnessConstants) -> Scalar:
    r"""Returns the printed $\sigma_u=\frac1{\sqrt n}(\kappa(g_0+\alpha\rho)+\frac{b-a}2)$.

    It is one of $h_U$ only if the teacher moves little, see `lemma14_margin`.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy(constants, constants.gradient + constants.smoothness * constants.radius)


def lemma14_margin(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\frac{4\rho}{p+1}-\frac\kappa n$; the printed $\sigma_u$ holds if it is $\ge0$.

    Args:
        constants: what is known of the loss.
    """
    reach = 4.0 * constants.radius / (constants.dimension + 1.0)
    return reach - constants.movement / constants.num_samples


def lemma14(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\frac1{\sqrt n}(\kappa\,\mathrm{slope}_U+\frac{b-a}2)$, the corrected $\sigma_u$.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy(constants, perturbed_slope(constants))


def lemma14_sharpened(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\frac1{\sqrt n}((1-\frac1{2n})\kappa\,\mathrm{slope}_U+\frac{b-a}2)$.

    Args:
        constants: what is known of the loss.
    """
    return gap_proxy_sharpened(constants, perturbed_slope(constants))


def lemma15(constants: SmoothnessConstants) -> Scalar:
    r"""Returns the printed $\nu$ of the empirical sharpness.

    It is $\frac1{\sqrt n}(\frac{\alpha\kappa\rho}2+g_0\rho+\frac{\alpha\rho^2}2)$.

    Args:
        constants: what is known of the loss.
    """
    smoothness, radius = constants.smoothness, constants.radius
    moved = 0.5 * smoothness * constants.movement * radius
    risen = constants.gradient * radius + 0.5 * smoothness * radius * radius
    return (moved + risen) / jnp.sqrt(constants.num_samples)


def lemma15_sharpened(constants: SmoothnessConstants, *, convex: bool = False) -> Scalar:
    r"""Returns $\frac1{\sqrt n}(\frac{\alpha\kappa}2E|U|+\frac\alpha2E|U|^2)$.

    That is $\frac{\alpha\kappa\rho p}{2(p+1)}+\frac{\alpha\rho^2p}{2(p+2)}$ in the brackets.

    Args:
        constants: what is known of the loss.
        convex: whether the loss is convex; then the second term is halved.
    """
    norm = mean_norm(constants.radius, constants.dimension)
    square = mean_squared_norm(constants.radius, constants.dimension)
    inner = 0.5 * (constants.movement * norm + (0.5 if convex else 1.0) * square)
    return constants.smoothness * inner / jnp.sqrt(constants.num_samples)


def one_step(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\sigma_X$ of $E_UL_P(f+U)-L_D(f)$, the proxy of the one-step form of Theorem 12.

    It is $\frac1{\sqrt n}(\frac\kappa2(\mathrm{slope}_U+(1-\frac1n)\,\mathrm{slope})
    +\frac{b-a}2)$: the population risk is perturbed, the empirical one is not, so that here an
    interval that holds the losses before the perturbation is enough.

    Args:
        constants: what is known of the loss.
    """
    rest = (1.0 - 1.0 / constants.num_samples) * slope(constants)
    return gap_proxy(constants, 0.5 * (perturbed_slope(constants) + rest))


def lemma16(constants: SmoothnessConstants) -> Scalar:
    r"""Returns the printed $\frac{\tau\rho^2}2$, a bound on $E_PS_P(f_T)$.

    Args:
        constants: what is known of the loss.
    """
    return 0.5 * constants.curvature * constants.radius * constants.radius


def lemma16_dimension(constants: SmoothnessConstants) -> Scalar:
    r"""Returns $\frac\tau2E|U|^2=\frac{\tau\rho^2}2\cdot\frac p{p+2}$.

    Args:
        constants: what is known of the loss.
    """
    square = mean_squared_norm(constants.radius, constants.dimension)
    return 0.5 * constants.curvature * square


def lemma16_trace(constants: SmoothnessConstants, trace: Scalar) -> Scalar:
    r"""Returns $\frac{\rho^2}{2(p+2)}\sup\mathrm{tr}\,\nabla^2L_P$.

    The mean of $L_P$ over the sphere of radius $r$ exceeds $L_P(f)$ by at most
    $\frac{r^2}{2p}\sup\mathrm{tr}\,\nabla^2L_P$, and $E|U|^2=\frac{\rho^2p}{p+2}$.

    Args:
        constants: what is known of the loss.
        trace: the supremum within $\rho$ of the teacher, of any sign.
    """
    radius = constants.radius
    return trace * (radius * radius / (2.0 * (constants.dimension + 2.0)))
