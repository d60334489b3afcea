r"""What is promised of SGD with a constant step size: printed, known and sharpened bounds.

A `Geometric` bound says that a gap $\delta_t$ (a squared distance, or an excess risk) obeys
$\delta_t\le\rho^t\delta_0+N$, with a *rate* $\rho$ and a *neighbourhood* $N$. It holds up to a
largest step size; beyond it the bounds here promise nothing, $N=\infty$.

The symbols: $\gamma$ ``step_size``; $L_{\max}$ ``component_smoothness``, of every component;
$L$ ``smoothness``, of the mean; $\mathcal L$ ``expected_smoothness``; $\mu$ ``strong_convexity``
or ``pl_constant``; $\sigma^2$ ``noise``, $\mathbb E\|g(\theta^*)\|^2$.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kdtheory._types import Scalar

Number = Scalar | float


class Geometric(NamedTuple):
    r"""The promise $\delta_t\le\rho^t\delta_0+N$.

    Attributes:
        rate: $\rho$.
        neighbourhood: $N$; infinite where nothing is promised.
    """

    rate: Float[Array, "*batch"]
    neighbourhood: Float[Array, "*batch"]

    def after(
        self, num_steps: Float[Array, "*times"] | float, start: Number
    ) -> Float[Array, "*times"]:
        r"""Returns the promised bound on $\delta_t$.

        Args:
            num_steps: $t$, one or many.
            start: $\delta_0$.
        """
        return self.rate**num_steps * start + self.neighbourhood


def _ratio(numerator: Number, denominator: Number) -> Scalar:
    """Returns the ratio of numbers that are at least zero; nothing divided by zero is nothing."""
    divisor = jnp.asarray(denominator)
    usable = divisor > 0
    ratio = numerator / jnp.where(usable, divisor, 1.0)
    return jnp.where(usable, ratio, jnp.where(numerator > 0, jnp.inf, 0.0))


def _promised(allowed: Bool[Array, ""], rate: Number, neighbourhood: Number) -> Geometric:
    return Geometric(jnp.asarray(rate), jnp.where(allowed, neighbourhood, jnp.inf))


# --- convex components, a strongly convex mean: squared distances --------------------------------


@jax.jit
def strongly_convex_onehot(
    step_size: Number, component_smoothness: Number, strong_convexity: Number, noise: Number
) -> Geometric:
    r"""Returns the printed one-hot bound: $\rho=1-\gamma\mu$, $N=2\gamma\sigma^2/\mu$.

    For $\gamma\le\frac1{2L_{\max}}$.

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
        noise: $\sigma^2$.

    Example:
        >>> bound = strongly_convex_onehot(0.25, 1.0, 1.0, 1.0)
        >>> float(bound.rate), float(bound.neighbourhood)
        (0.75, 0.5)
    """
    allowed = jnp.asarray(2 * step_size * component_smoothness <= 1)
    neighbourhood = _ratio(2 * step_size * noise, strong_convexity)
    return _promised(allowed, 1 - step_size * strong_convexity, neighbourhood)


@jax.jit
def strongly_convex_bayes(
    step_size: Number, component_smoothness: Number, strong_convexity: Number
) -> Geometric:
    r"""Returns the printed bound for Bayes class probabilities: $\rho=1-\gamma\mu$, $N=0$.

    For $\gamma\le\frac1{L_{\max}}$, if every gradient is zero at the optimum.

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
    """
    allowed = jnp.asarray(step_size * component_smoothness <= 1)
    return _promised(allowed, 1 - step_size * strong_convexity, 0.0)


@jax.jit
def needell_ward_srebro(
    step_size: Number, component_smoothness: Number, strong_convexity: Number, noise: Number
) -> Geometric:
    r"""Returns the bound of Needell, Ward and Srebro, for $\gamma<1/L$ with $L=L_{\max}$.

    $\rho=1-2\gamma\mu(1-\gamma L)$ and $N=\gamma\sigma^2/(\mu(1-\gamma L))$.

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
        noise: $\sigma^2$.
    """
    left = jnp.asarray(1 - step_size * component_smoothness)
    neighbourhood = _ratio(step_size * noise, strong_convexity * left)
    return _promised(left > 0, 1 - 2 * step_size * strong_convexity * left, neighbourhood)


@jax.jit
def quasi_convex_any_noise(
    step_size: Number, expected_smoothness: Number, strong_convexity: Number, noise: Number
) -> Geometric:
    r"""Returns $\rho=1-\gamma\mu$, $N=\gamma\sigma^2/(\mu(1-\gamma\mathcal L))$.

    For $\gamma<1/\mathcal L$, under strong quasi-convexity and expected smoothness:
    $\mathbb E\|g\|^2\le2(1+c)\mathcal L(f-f^*)+(1+\frac1c)\sigma^2$ with
    $1+c=\frac1{\gamma\mathcal L}$.

    Args:
        step_size: $\gamma$.
        expected_smoothness: $\mathcal L$.
        strong_convexity: $\mu$, of quasi-convexity.
        noise: $\sigma^2$.
    """
    left = jnp.asarray(1 - step_size * expected_smoothness)
    neighbourhood = _ratio(step_size * noise, strong_convexity * left)
    return _promised(left > 0, 1 - step_size * strong_convexity, neighbourhood)


@jax.jit
def sharpened_bayes(
    step_size: Number, component_smoothness: Number, strong_convexity: Number
) -> Geometric:
    r"""Returns $\rho=1-\gamma\mu(2-\gamma L_{\max})$, $N=0$.

    For $\gamma<2/L_{\max}$, if every gradient is zero at the optimum (co-coercivity).

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
    """
    return sharpened_target_noise(step_size, component_smoothness, strong_convexity, 0.0)


@jax.jit
def sharpened_any_noise(
    step_size: Number, component_smoothness: Number, strong_convexity: Number, noise: Number
) -> Geometric:
    r"""Returns a bound for every $\gamma<2/L_{\max}$, whatever the noise.

    $\rho=1-\gamma\mu(2-s)$ and $N=2\gamma\sigma^2/(\mu(2-s)^2)$ with $s=\sqrt{2\gamma L_{\max}}$:
    $\mathbb E\|g\|^2\le(1+c)L_{\max}\langle\nabla f,\theta-\theta^*\rangle+(1+\frac1c)\sigma^2$
    (co-coercivity) with $c=(2-s)/s$. At $\gamma=\frac1{2L_{\max}}$ it is the printed bound.

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
        noise: $\sigma^2$.
    """
    squared = 2 * step_size * component_smoothness
    # 2 - s without cancellation near s = 2.
    left = (4 - squared) / (2 + jnp.sqrt(squared))
    neighbourhood = _ratio(2 * step_size * noise, strong_convexity * left**2)
    return _promised(left > 0, 1 - step_size * strong_convexity * left, neighbourhood)


@jax.jit
def sharpened_target_noise(
    step_size: Number, component_smoothness: Number, strong_convexity: Number, noise: Number
) -> Geometric:
    r"""Returns $\rho=1-\gamma\mu(2-\gamma L_{\max})$, $N=\gamma\sigma^2/(\mu(2-\gamma L_{\max}))$.

    For $\gamma<2/L_{\max}$, if the gradient is that with Bayes class probabilities plus noise of
    mean zero given the input and of variance at most $\sigma^2$ at every parameter. Rate and
    range are those of Bayes class probabilities: the labels decide on the neighbourhood alone.

    Args:
        step_size: $\gamma$.
        component_smoothness: $L_{\max}$.
        strong_convexity: $\mu$.
        noise: $\sigma^2$.

    Example:
        >>> bound = sharpened_target_noise(0.5, 2.0, 1.0, 1.0)
        >>> float(bound.rate), float(bound.neighbourhood)
        (0.5, 0.5)
    """
    left = jnp.asarray(2 - step_size * component_smoothness)
    neighbourhood = _ratio(step_size * noise, strong_convexity * left)
    return _promised(left > 0, 1 - step_size * strong_convexity * left, neighbourhood)


# --- convex components: the excess risk, averaged over the first T iterates -----------------------


@jax.jit
def convex_onehot(
    step_size: Number, component_smoothness: Number, noise: Number, num_steps: Number, start: Number
) -> Scalar:
    r"""Returns $\frac{\delta_0}{2\gamma(1-2\gamma L)T}+\frac{\gamma\sigma^2}{1-2\gamma L}$.

    For $\gamma<\frac1{2L_{\max}}$: a bound on the mean of $f(\theta_t)-f^*$ over $t<T$.

    Args:
        step_size: $\gamma>0$.
        component_smoothness: $L=L_{\max}$.
        noise: $\sigma^2$.
        num_steps: $T\ge1$.
        start: $\delta_0=\|\theta_0-\theta^*\|^2$.
    """
    left = jnp.asarray(1 - 2 * step_size * component_smoothness)
    bound = _ratio(start, 2 * step_size * left * num_steps) + _ratio(step_size * noise, left)
    return jnp.where(left > 0, bound, jnp.inf)


@jax.jit
def convex_bayes(
    step_size: Number, component_smoothness: Number, num_steps: Number, start: Number
) -> Scalar:
    r"""Returns $\frac{\delta_0}{2\gamma(1-\gamma L)T}$ for $\gamma<\frac1{L_{\max}}$.

    Args:
        step_size: $\gamma>0$.
        component_smoothness: $L=L_{\max}$.
        num_steps: $T\ge1$.
        start: $\delta_0=\|\theta_0-\theta^*\|^2$.
    """
    left = jnp.asarray(1 - step_size * component_smoothness)
    return jnp.where(left > 0, _ratio(start, 2 * step_size * left * num_steps), jnp.inf)


@jax.jit
def sharpened_convex(
    step_size: Number, component_smoothness: Number, noise: Number, num_steps: Number, start: Number
) -> Scalar:
    r"""Returns $\frac{\delta_0/T+\gamma^2\sigma^2}{2\gamma\min(1,2-\gamma L)}$.

    For $\gamma<2/L_{\max}$ and noise as of `sharpened_target_noise`. With $h_i$ the excess of a
    component, $\langle g_i,\theta-\theta^*\rangle\ge h_i+\frac1{2L}\|g_i\|^2$ and
    $\|g_i\|^2\le2Lh_i$ without noise, so that
    $2\gamma\langle g_i,\theta-\theta^*\rangle-\gamma^2\|g_i\|^2\ge2\gamma\min(1,2-\gamma L)h_i$.

    Args:
        step_size: $\gamma>0$.
        component_smoothness: $L=L_{\max}$.
        noise: $\sigma^2$.
        num_steps: $T\ge1$.
        start: $\delta_0=\|\theta_0-\theta^*\|^2$.

    Example:
        >>> float(sharpened_convex(0.5, 1.0, 1.0, 4.0, 8.0))  # 8/4 + 1/4
        2.25
    """
    left = jnp.minimum(2 - step_size * component_smoothness, 1.0)
    bound = _ratio(start, 2 * step_size * left * num_steps) + _ratio(step_size * noise, 2 * left)
    return jnp.where(left > 0, bound, jnp.inf)


# --- the Polyak-Lojasiewicz condition: the excess risk --------------------------------------------


@jax.jit
def pl_onehot(
    step_size: Number,
    smoothness: Number,
    expected_smoothness: Number,
    pl_constant: Number,
    noise: Number,
) -> Geometric:
    r"""Returns the printed one-hot bound: $\rho=1-\gamma\mu$, $N=L\gamma\sigma^2/\mu$.

    For $\gamma\le\frac\mu{2\mathcal LL}$.

    Args:
        step_size: $\gamma$.
        smoothness: $L$.
        expected_smoothness: $\mathcal L$.
        pl_constant: $\mu$.
        noise: $\sigma^2$.
    """
    allowed = jnp.asarray(2 * step_size * smoothness * expected_smoothness <= pl_constant)
    neighbourhood = _ratio(smoothness * step_size * noise, pl_constant)
    return _promised(allowed, 1 - step_size * pl_constant, neighbourhood)


@jax.jit
def pl_bayes(
    step_size: Number, smoothness: Number, expected_smoothness: Number, pl_constant: Number
) -> Geometric:
    r"""Returns the printed bound for Bayes class probabilities: $\rho=1-\gamma\mu$, $N=0$.

    For $\gamma\le\frac\mu{\mathcal LL}$, if every gradient is zero at the optimum.

    Args:
        step_size: $\gamma$.
        smoothness: $L$.
        expected_smoothness: $\mathcal L$.
        pl_constant: $\mu$.
    """
    allowed = jnp.asarray(step_size * smoothness * expected_smoothness <= pl_constant)
    return _promised(allowed, 1 - step_size * pl_constant, 0.0)


@jax.jit
def sharpened_pl(
    step_size: Number,
    smoothness: Number,
    expected_smoothness: Number,
    pl_constant: Number,
    noise: Number,
) -> Geometric:
    r"""Returns the sharpened bound under the Polyak-Lojasiewicz condition.

    $\rho=1-\gamma(2\mu-\gamma L\mathcal L)$ and
    $N=\frac{\gamma L\sigma^2}{2(2\mu-\gamma L\mathcal L)}$, for $\gamma<2\mu/(L\mathcal L)$, if
    the target noise has mean zero given the input.

    Args:
        step_size: $\gamma$.
        smoothness: $L$.
        expected_smoothness: $\mathcal L$.
        pl_constant: $\mu$.
        noise: $\sigma^2$.
    """
    left = jnp.asarray(2 * pl_constant - step_size * smoothness * expected_smoothness)
    neighbourhood = _ratio(step_size * smoothness * noise, 2 * left)
    return _promised(left > 0, 1 - step_size * left, neighbourhood)
