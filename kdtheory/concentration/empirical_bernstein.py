r"""Empirical Bernstein bounds: what a sample's own variance says about the mean.

For losses with values in an interval of length $B$, with probability at least $1-\delta$ over a
sample of $n$, $Pf\le P_nf+\mathrm{penalty}(V_n)$, where $V_n$ is the unbiased sample variance
(Maurer and Pontil, 2009, Theorems 4 and 6). A penalty of $B$ or more says nothing; for classes
that are infinite this is so until $n$ is in the hundreds (`first_informative_size`).

Arguments broadcast, and everything is traceable except `first_informative_size`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from kdtheory import _check
from kdtheory._numerics import square_root

Number = Num[Array, "..."] | float

_LARGEST_SIZE = 2**62


@jax.jit
def empirical_bernstein_penalty(
    sample_variance: Number,
    num_samples: Number,
    failure_probability: Number,
    class_size: Number = 1.0,
    loss_range: Number = 1.0,
) -> Float[Array, "..."]:
    r"""Returns $\sqrt{2V_n\log(2K/\delta)/n} + 7B\log(2K/\delta)/(3(n-1))$.

    Valid for $K$ functions at once (a union bound): with $K=1$ it is Maurer and Pontil's Theorem 4.
    For a finite class this is the one to use.

    Args:
        sample_variance: $V_n$, unbiased.
        num_samples: $n\ge2$; at 1 the penalty is infinite.
        failure_probability: $\delta$.
        class_size: $K$, how many functions the sample may choose among.
        loss_range: $B$, the length of an interval that holds every loss.

    Returns:
        The penalty, in the unit of the losses.

    Example:
        >>> print(f"{empirical_bernstein_penalty(0.05, 16, 0.05):.6f}")
        0.725666
    """
    t = _log(2.0 * jnp.asarray(class_size), failure_probability)
    slow = square_root(2.0 * sample_variance * t / num_samples)
    return slow + 7.0 * loss_range * t / (3.0 * (num_samples - 1.0))


@jax.jit
def uniform_bernstein_penalty(
    sample_variance: Number,
    num_samples: Number,
    failure_probability: Number,
    covering_number: Number = 1.0,
    loss_range: Number = 1.0,
) -> Float[Array, "..."]:
    r"""Returns $\sqrt{18V_n\log(10\mathcal N/\delta)/n} + 15B\log(10\mathcal N/\delta)/(n-1)$.

    Valid for all functions of a class at once, finite or not: Maurer and Pontil's Theorem 6. It is
    stated for $n\ge16$; below that the penalty exceeds $B$, and is valid for that reason.

    Args:
        sample_variance: $V_n$, unbiased.
        num_samples: $n\ge2$.
        failure_probability: $\delta$.
        covering_number: $\mathcal N$, the largest number of functions that it takes to cover the
            class within $B/n$, in the largest difference on any $2n$ points.
        loss_range: $B$.

    Returns:
        The penalty, in the unit of the losses.

    Example:
        >>> print(f"{uniform_bernstein_penalty(0.0, 81, 0.05):.4f}")
        0.9934
    """
    t = _log(10.0 * jnp.asarray(covering_number), failure_probability)
    slow = square_root(18.0 * sample_variance * t / num_samples)
    return slow + 15.0 * loss_range * t / (num_samples - 1.0)


@jax.jit
def sharpened_bernstein_penalty(
    sample_variance: Number,
    num_samples: Number,
    failure_probability: Number,
    covering_number: Number = 1.0,
    loss_range: Number = 1.0,
) -> Float[Array, "..."]:
    r"""Returns `uniform_bernstein_penalty` with the constants that its proof gives, for $n\ge2$.

    $\sqrt{18V_nt/n} + 11Bt/(n-1) + B(2+8\sqrt{t/n})/n$ with
    $t=\log\bigl((3\mathcal N+2\delta)/\delta\bigr)$: three events are used where five are counted
    in the published proof, and the radius of the cover is not rounded up.

    Args:
        sample_variance: $V_n$, unbiased.
        num_samples: $n\ge2$.
        failure_probability: $\delta$.
        covering_number: $\mathcal N$, as for `uniform_bernstein_penalty`.
        loss_range: $B$.

    Returns:
        The penalty, in the unit of the losses.

    Example:
        >>> print(f"{sharpened_bernstein_penalty(0.05, 16, 0.05):.4f}")
        3.8873
    """
    t = _log(3.0 * jnp.asarray(covering_number) + 2.0 * failure_probability, failure_probability)
    slow = square_root(18.0 * sample_variance * t / num_samples)
    cover = (2.0 + 8.0 * jnp.sqrt(t / num_samples)) / num_samples
    return slow + loss_range * (11.0 * t / (num_samples - 1.0) + cover)


def _log(number: Number, failure_probability: Number) -> Float[Array, "..."]:
    return jnp.log(number) - jnp.log(failure_probability)


def first_informative_size(
    penalty: Callable[..., Any],
    sample_variance: float,
    failure_probability: float,
    class_size: float = 1.0,
    loss_range: float = 1.0,
) -> int:
    r"""Returns the smallest $n$ at which a penalty is below the range of the losses.

    With fewer samples the bound says nothing, whatever the sample.

    Args:
        penalty: one of the penalties of this module.
        sample_variance: the variance to expect; 0 is the best case.
        failure_probability: $\delta$ in $(0, 1)$.
        class_size: the size of the class, or its covering number.
        loss_range: $B$.

    Returns:
        The sample size.

    Raises:
        InputError: for a negative variance, a probability outside $(0, 1)$, a class of less than
            one function, or no range.

    Example:
        >>> first_informative_size(uniform_bernstein_penalty, 0.25, 0.05)
        138
        >>> first_informative_size(empirical_bernstein_penalty, 0.25, 0.05, class_size=100)
        32
    """
    variance = _check.number("sample_variance", sample_variance, low=0.0)
    level = _check.number("failure_probability", failure_probability, low=0.0, open_low=True)
    if level >= 1:
        _check.refuse(
            "failure_probability", f"{level:g}", "a number below 1", "Give a chance such as 0.05."
        )
    size = _check.number("class_size", class_size, low=1.0)
    width = _check.number("loss_range", loss_range, low=0.0, open_low=True)

    def informative(num_samples: int) -> bool:
        with jax.enable_x64(True):
            return bool(penalty(variance, float(num_samples), level, size, width) < width)

    high = 2
    while not informative(high):
        high *= 2
        if high > _LARGEST_SIZE:
            _check.refuse(
                "penalty",
                f"one of {width:g} or more at every size",
                "one that decreases with n",
                "Use a penalty of this module, and a class of a size that floats can hold.",
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if informative(middle) else (middle, high)
    return high
