r"""The teachers of Menon et al., Appendix B: a Bayes teacher with noise, and a distorted one.

Eq. 16 is $p^{\mathrm t}(x) = (1-\alpha)\,\Psi(\theta^*\cdot x + \tau\varepsilon) + \alpha/2$ on two
Gaussian classes, $\Psi$ the sigmoid and $\varepsilon\sim N(0,1)$ afresh at every $x$; the paper
writes $\sigma^2$ for $\tau$, the *standard deviation* of the noise. Its bias and variance are
integrals over the logit $s = \theta^*\cdot x \sim N(\pm2\|\mu\|^2, 4\|\mu\|^2)$ and over
$u = \tau\varepsilon$. With $a = s/2$, $b = u/2$, $k = \mathrm{sech}^2a/(\mathrm{sech}^2a +
\tanh^2a\,\mathrm{sech}^2b)$

$$\tfrac12[\Psi(s+u)+\Psi(s-u)]-\Psi(s) = -\tfrac12 k\tanh a\tanh^2b,\qquad
\tfrac12[\Psi(s+u)-\Psi(s-u)] = \tfrac12 k\tanh b,$$

in which nothing cancels. In the strips $|\mathrm{Im}\,s|\le\pi/2$ and $|\mathrm{Im}\,u|\le\pi/2$
one has $|\Psi|\le1$, $|\Psi'|\le\frac12$ and $|\Psi''|\le\frac12$: there the first expression is
at most $\min(|u|^2/4, 2)$ and the second at most $\min(|u|/2, 1)$, which bounds the error of the
trapezoidal rule in both variables.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._numerics import square_root
from kdtheory._quadrature import (
    normal_density,
    normal_tail,
    normal_tail_moment,
    step_error,
    strip,
)
from kdtheory._types import Scalar


class NoisyTeacherError(NamedTuple):
    r"""How far the teacher of Eq. 16 is from the Bayes probabilities, $\|\cdot\|_2^2$ in mean.

    Attributes:
        bias_sq: $\mathbb E_x\|\mathbb E_\varepsilon p^{\mathrm t}(x) - p^*(x)\|_2^2$.
        variance: $\mathbb E_x\mathbb V_\varepsilon[p^{\mathrm t}(x)]$, summed over both labels.
        error: a bound on what quadrature may have changed in either of them, and in their sum, up
            to rounding.
    """

    bias_sq: Float[Array, "*batch"]
    variance: Float[Array, "*batch"]
    error: Float[Array, "*batch"]

    @property
    def mse(self) -> Float[Array, "*batch"]:
        """The mean squared error of the teacher."""
        return self.bias_sq + self.variance


@functools.partial(jax.jit, static_argnames=("num_logits", "num_noise", "reach"))
def noisy_teacher_error(
    amount: Scalar | float,
    noise_std: Scalar | float,
    mean_norm_sq: Scalar | float,
    *,
    num_logits: int = 512,
    num_noise: int = 128,
    reach: float = 9.0,
) -> NoisyTeacherError:
    r"""Returns squared bias and variance of the teacher of Eq. 16, with a bound on their error.

    Args:
        amount: $\alpha$ in $[0, 1]$.
        noise_std: $\tau\ge0$, the standard deviation of the logit noise ($\sigma^2$ in the paper).
        mean_norm_sq: $\|\mu\|^2$.
        num_logits: how many steps cover the logits on either side of zero.
        num_noise: how many steps cover the noise on either side of zero.
        reach: how many standard deviations are covered, at least 2.

    Returns:
        Both parts for the vector of two probabilities (twice those of one probability). Where the
        error is too large, ask for more steps: it falls exponentially in them.

    Raises:
        InputError: for less than one step, or a reach below 2.

    Example:
        >>> got = noisy_teacher_error(0.0, 4.0, 0.625)
        >>> print(f"{got.bias_sq:.4f} {got.mse:.4f}")  # noise alone is biased: the sigmoid bends
        0.0498 0.3276
    """
    _check.integer("num_logits", num_logits, low=1)
    _check.integer("num_noise", num_noise, low=1)
    _check.number("reach", reach, low=2)  # from there on x^4 times the density decreases
    centre = square_root(jnp.asarray(mean_norm_sq))
    noise = _noise_rule(jnp.asarray(noise_std), num_noise, reach)
    # The law of s / (2 |mu|) is half N(|mu|, 1), half N(-|mu|, 1); integrands are even in s.
    step = (centre + reach) / num_logits
    position = step * jnp.arange(num_logits + 1, dtype=centre.dtype)
    density = 0.5 * (normal_density(position - centre) + normal_density(position + centre))
    weights = _folded(step, num_logits) * density
    half = centre * position
    even, odd = _symmetric_parts(half[:, None], 0.5 * noise.values[None])
    mean = even @ noise.weights
    # Both summands have the sign of -s.
    bias = (1 - amount) * mean - 0.5 * amount * jnp.tanh(half)
    spread = (odd**2 + (even - mean[:, None]) ** 2) @ noise.weights
    keep = (1 - amount) ** 2
    error = _quadrature_error(noise, amount, centre, step, reach)
    return NoisyTeacherError(
        2 * jnp.sum(weights * bias**2), 2 * keep * jnp.sum(weights * spread), 2 * error
    )


class _Noise(NamedTuple):
    """The rule for the noise, and bounds on what it changes in averages of the two expressions."""

    values: Float[Array, "nodes"]
    weights: Float[Array, "nodes"]
    mean_error: Scalar
    spread_error: Scalar


def _folded(step: Any, count: int) -> Any:
    """Returns the weights of a rule on the whole line for an even function at nodes from zero."""
    return step * jnp.where(jnp.arange(count + 1) == 0, 1.0, 2.0)


def _symmetric_parts(a: Any, b: Any) -> tuple[Any, Any]:
    """Returns the even and the odd part of the change of a sigmoid; see the module."""
    tanh_a, tanh_b = jnp.tanh(a), jnp.tanh(b)
    size_a, size_b = jnp.abs(a), jnp.abs(b)
    # sech^2 b / sech^2 a; what is cut off changes k by less than 1e-34.
    power = jnp.exp(jnp.minimum(2 * (size_a - size_b), 80.0))
    ratio = power * ((1 + jnp.exp(-2 * size_a)) / (1 + jnp.exp(-2 * size_b))) ** 2
    k = 1 / (1 + tanh_a**2 * ratio)
    return -0.5 * k * tanh_a * tanh_b**2, 0.5 * k * tanh_b


def _noise_rule(noise_std: Any, count: int, reach: float) -> _Noise:
    step = reach / count
    position = step * jnp.arange(count + 1, dtype=noise_std.dtype)
    weights = _folded(step, count) * normal_density(position)
    square = noise_std**2
    # u stays in its strip for |Im epsilon| <= pi / (2 tau).
    width = strip(0.5 * math.pi / jnp.maximum(noise_std, 1e-6), step)
    one = step_error(1.0, strip(math.inf, step), step) + normal_tail(reach)
    # Means of |u|^2/4 and |u|^4/16 over the line Im epsilon = a, relative to e^{a^2/2}.
    second = 0.25 * square * (1 + width**2)
    fourth = square**2 * (3 + 2 * width**2 + width**4) / 16
    tails = [
        0.25 * square * normal_tail_moment(reach, 1),
        square**2 * normal_tail_moment(reach, 2) / 16,
    ]
    cut = normal_tail(reach)
    mean_error = step_error(jnp.minimum(second, 2.0), width, step)
    mean_error += jnp.minimum(tails[0], 2 * cut)
    odd_error = step_error(jnp.minimum(second, 1.0), width, step)
    odd_error += jnp.minimum(tails[0], cut)
    even_error = step_error(jnp.minimum(fourth, 4.0), width, step)
    even_error += jnp.minimum(tails[1], 4 * cut)
    # The sum of w (e - m)^2 is sum w e^2 - m^2 (2 - sum w), and |E e| <= min(tau^2/4, 1).
    largest = jnp.minimum(0.25 * square, 1.0)
    centring = mean_error * (2 * largest + mean_error) + (largest + mean_error) ** 2 * one
    values = noise_std * position
    return _Noise(values, weights, mean_error, odd_error + even_error + centring)


def _quadrature_error(noise: _Noise, amount: Any, centre: Any, step: Any, reach: float) -> Scalar:
    """Returns a bound on the error of squared bias and variance, for one of the two labels."""
    keep = 1 - amount
    squares = noise.values**2
    even = jnp.minimum(0.25 * squares, 2.0)
    mean = jnp.sum(noise.weights * even)
    bias = keep * mean + 0.5 * amount
    inner = jnp.minimum(0.25 * squares, 1.0) + (even + mean) ** 2
    bounds = bias**2 + keep**2 * jnp.sum(noise.weights * inner)
    # From the rule for the noise, at every logit ...
    per_logit = keep * noise.mean_error * (2 * bias + keep * noise.mean_error)
    per_logit += keep**2 * noise.spread_error
    # ... and from the rule for the logits, |Im s| <= pi/2 on Im s = 2 |mu| Im z.
    width = strip(0.25 * math.pi / jnp.maximum(centre, 1e-6), step)
    return per_logit + step_error(bounds, width, step) + normal_tail(reach) * bounds


@jax.jit
def distorted(
    probs: Float[Array, "*shape"], exponent: Float[Array, "..."] | float
) -> Float[Array, "*shape"]:
    r"""Returns $\Psi_\alpha(u)$ of Appendix B.2, which keeps every decision and no calibration.

    $\frac12(2u)^\alpha$ for $u\le\frac12$ and $\frac12 + \frac12(2u-1)^{1/\alpha}$ above: the
    identity for $\alpha=1$, increasing, mapping $[0,\frac12]$ and $[\frac12,1]$ onto themselves.
    The second $\frac12$ is missing in print (`distorted_as_printed`).

    Args:
        probs: $u$ in $[0, 1]$, the probability of one of two labels.
        exponent: $\alpha\ge1$.

    Returns:
        The distorted probabilities.

    Example:
        >>> distorted(jnp.array([0.25, 0.5, 0.625]), 2.0).tolist()
        [0.125, 0.5, 0.75]
    """
    return _distorted(probs, exponent, 0.5)


@jax.jit
def distorted_as_printed(
    probs: Float[Array, "*shape"], exponent: Float[Array, "..."] | float
) -> Float[Array, "*shape"]:
    r"""Returns $\Psi_\alpha(u)$ as printed, $\frac12 + (2u-1)^{1/\alpha}$ above $\frac12$.

    Args:
        probs: $u$ in $[0, 1]$.
        exponent: $\alpha\ge1$.

    Returns:
        Values up to 3/2.
    """
    return _distorted(probs, exponent, 1.0)


def _distorted(probs: Any, exponent: Any, factor: float) -> Any:
    above = probs > 0.5
    # A power of zero has no gradient: the branch that is not taken gets a harmless base.
    low = jnp.where(above | (probs <= 0), 1.0, 2 * probs) ** exponent
    high = jnp.where(above, 2 * probs - 1, 1.0) ** (1 / exponent)
    below = jnp.where(probs <= 0, 0.0, 0.5 * low)
    return jnp.where(above, 0.5 + factor * high, below)
