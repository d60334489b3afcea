r"""Are distillation losses sub-Gaussian? With bounded logits they are bounded, and that is enough.

A student has logits $f\in[-B,B]^L$ and predicts $\sigma(f/T)$, the softmax at temperature $T$; the
target is any distribution $q$ over the $L$ labels (soft, hard, smoothed). Write $x=2B/T$. The
predictions of such students are exactly the $p>0$ with $\max_jp_j\le e^x\min_jp_j$: a polytope,
whose vertices are the predictions at the corners of the logit box. All losses below are convex in
$p$ and convex in $q$, so that their maxima lie at corners and at one-hot targets:

* *cross-entropy* $-\sum_kq_k\log p_k$ is linear in $q$, and $-\log p_k$ lies in
  $[\log(1+(L-1)e^{-x}),\ \log(1+(L-1)e^x)]$, both ends attained. The width is
  $R=x+\log\frac{L-1+e^{-x}}{1+(L-1)e^{-x}}$: equal to $x=2B/T$ for two labels and larger from
  three on, at most $\min(2x,\ x+\log(L-1))$. For one prediction and two targets the losses differ
  by $x$ at most; the rest is what predictions differ by.
* *Kullback-Leibler divergence* $\mathrm{KL}(q\,\|\,p)$, the cross-entropy less the entropy of $q$:
  it is 0 at $q=p$, and at a one-hot target it is the cross-entropy, hence the range
  $[0,\ \log(1+(L-1)e^x)]$.
* *Brier score* $\|p-q\|^2$: the range is $[0,\ \max_{1\le s<L}b_s]$, where $s$ logits are at $B$,
  the others at $-B$, and the target is one of the others; never more than 2.
* *squared loss on logits* $\|(f-g)/T\|^2$ for a target $g\in[-B,B]^L$: $[0,\ Lx^2]$.

With the customary factor $T^2$ ends and widths are multiplied by it.

*What follows for the gap* $h=L_P(f)-L_D(f)$. Both terms lie in an interval of width $R$, so
$h\in[-R,R]$ under every teacher and every student, and Hoeffding's lemma gives the variance proxy
$R^2$ (and $R^2(1-\min_zp_z)^2$ in a finite world, where it is attained). For a hypothesis that does
not depend on the data $h$ is a mean of $n$ independent terms and the proxy is $R^2/(4n)$; for a
$\beta$-stable teacher Proposition 9 gives $n(\beta+\frac R{2n})^2$ (`stability`). Logits that
differ by at most $\delta$ in every entry change the cross-entropy, whatever the target, by at most
$2\delta/T$ (the gradient is $(p-q)/T$ and sums to zero), so that a teacher whose logits are
$\delta$-stable has $\beta\le2\delta/T$ (`distillation_loss_slope`).

*What does not follow.* Without a bound on the logits no range is finite, except for the Brier
score: the ends returned for $B=\infty$ are those of the limit. And squared loss on targets without
a bound, Gaussian labels say, has no variance proxy at all: `linear_gaussian/no_variance_proxy`.

Source: ours.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import Scalar
from kdtheory.losses import softmax_cross_entropy
from kdtheory.theorems.distillation_divergence.stability import stability_proxy

LOSSES = ("cross_entropy", "kl", "brier", "squared_logits")


@jax.jit
def soft_cross_entropy(
    logits: Float[Array, "*batch labels"],
    targets: Float[Array, "*#batch labels"],
    temperature: Scalar | float,
) -> Float[Array, "*batch"]:
    r"""Returns $-\sum_kq_k\log\sigma_k(f/T)$.

    Args:
        logits: $f$.
        targets: $q$, distributions along the last axis.
        temperature: $T>0$.
    """
    return jnp.sum(targets * softmax_cross_entropy(logits / temperature), axis=-1)


@functools.partial(jax.jit, static_argnames=("num_labels", "loss", "scaled"))
def distillation_loss_range(
    logit_bound: Scalar | float,
    temperature: Scalar | float,
    *,
    num_labels: int,
    loss: str = "cross_entropy",
    scaled: bool = False,
) -> tuple[Scalar, Scalar]:
    r"""Returns the smallest interval that holds a distillation loss, for any target and student.

    Args:
        logit_bound: $B\in[0,\infty]$; logits lie in $[-B,B]$.
        temperature: $T>0$.
        num_labels: $L$.
        loss: "cross_entropy", "kl" (the target's entropy subtracted), "brier", or
            "squared_logits", $\|(f-g)/T\|^2$ for target logits $g$ under the same bound.
        scaled: whether the loss is multiplied by $T^2$.

    Returns:
        Both ends, NaN for $B$ or $T$ out of range. They are attained if $B$ is finite; the upper
        one is $\infty$ if it is not, but for the Brier score.

    Raises:
        InputError: for a loss that is none of these, or fewer than one label.

    Example:
        >>> ends = distillation_loss_range(2.0, 4.0, num_labels=2)
        >>> [round(float(end), 4) for end in ends]
        [0.3133, 1.3133]
        >>> [float(end) for end in distillation_loss_range(jnp.inf, 1.0, num_labels=3)]
        [0.0, inf]
    """
    spread, unit = _spread(logit_bound, temperature, num_labels, loss, scaled)
    return unit * _lower_end(spread, num_labels, loss), unit * _upper_end(spread, num_labels, loss)


@functools.partial(jax.jit, static_argnames=("num_labels", "loss", "scaled"))
def distillation_loss_width(
    logit_bound: Scalar | float,
    temperature: Scalar | float,
    *,
    num_labels: int,
    loss: str = "cross_entropy",
    scaled: bool = False,
) -> Scalar:
    r"""Returns $R$, the width of `distillation_loss_range`, without taking a difference.

    Args:
        logit_bound: $B\in[0,\infty]$.
        temperature: $T>0$.
        num_labels: $L$.
        loss: as in `distillation_loss_range`.
        scaled: whether the loss is multiplied by $T^2$.

    Returns:
        $R$; for the cross-entropy $x+\log\bigl(1+(L-2)\frac{1-e^{-x}}{1+(L-1)e^{-x}}\bigr)$ with
        $x=2B/T$.

    Example:
        >>> round(float(distillation_loss_width(1.0, 1.0, num_labels=2)), 6)
        2.0
        >>> round(float(distillation_loss_width(1.0, 1.0, num_labels=3)), 4)
        2.5191
    """
    spread, unit = _spread(logit_bound, temperature, num_labels, loss, scaled)
    if loss != "cross_entropy":
        return unit * _upper_end(spread, num_labels, loss)
    if num_labels == 1:
        return jnp.zeros_like(spread)
    low = jnp.exp(-spread)
    more = (num_labels - 2) * -jnp.expm1(-spread) / (1.0 + (num_labels - 1) * low)
    return unit * (spread + jnp.log1p(more))


def _spread(
    logit_bound: Any, temperature: Any, num_labels: int, loss: str, scaled: bool
) -> tuple[Scalar, Scalar]:
    """Returns x = 2B/T, and the factor of the loss: NaN where B or T is out of range."""
    if loss not in LOSSES:
        _check.refuse("loss", repr(loss), f"one of {', '.join(LOSSES)}", "Choose one.")
    _check.integer("num_labels", num_labels, low=1)
    bound, divisor = jnp.asarray(logit_bound, float), jnp.asarray(temperature, float)
    factor = divisor**2 if scaled else jnp.ones_like(divisor)
    return 2.0 * bound / divisor, jnp.where((bound >= 0) & (divisor > 0), factor, jnp.nan)


def _lower_end(spread: Scalar, num_labels: int, loss: str) -> Scalar:
    if loss == "cross_entropy":
        return jnp.log1p((num_labels - 1) * jnp.exp(-spread))
    return jnp.zeros_like(spread)


def _upper_end(spread: Scalar, num_labels: int, loss: str) -> Scalar:
    if loss == "squared_logits":
        return num_labels * spread**2
    if num_labels == 1:
        return jnp.zeros_like(spread)
    if loss == "brier":
        return _largest_brier(spread, num_labels)
    return jnp.logaddexp(0.0, spread + math.log(num_labels - 1))


def _largest_brier(spread: Scalar, num_labels: int) -> Scalar:
    r"""Returns the largest $\|p-e_k\|^2$: $s$ labels but $k$ at the upper bound, for the best $s$.

    With $u=e^{-x}$ their probability is $1/d$, $d=s+(L-s)u$, that of the others $u/d$, and
    $\|p-e_k\|^2=(1-\frac ud)^2+\frac sd\cdot\frac1d+(L-s-1)\frac{u^2}{d^2}$.
    """
    ratio = jnp.exp(-spread)
    upper = jnp.arange(1.0, num_labels, dtype=spread.dtype)
    total = upper + (num_labels - upper) * ratio
    target = ratio / total
    others = upper / total**2 + (num_labels - upper - 1.0) * target**2
    return jnp.max((1.0 - target) ** 2 + others)


@functools.partial(jax.jit, static_argnames=("num_labels", "scaled"))
def distillation_loss_slope(
    logit_bound: Scalar | float,
    temperature: Scalar | float,
    *,
    num_labels: int,
    scaled: bool = False,
) -> Scalar:
    r"""Returns by how much the cross-entropy changes with the logits, whatever the target.

    Between logits $f$ and $f'$ in $[-B,B]^L$ it changes by at most this slope times
    $\max_k(f_k-f'_k)-\min_k(f_k-f'_k)$, which is at most $2\max_k|f_k-f'_k|$: the gradient is
    $(p-q)/T$, sums to zero, and its positive entries sum to at most $(1-\min_kp_k)/T$.

    Args:
        logit_bound: $B\in[0,\infty]$.
        temperature: $T>0$.
        num_labels: $L$.
        scaled: whether the loss is multiplied by $T^2$.

    Returns:
        $\frac1T\cdot\frac{L-1}{L-1+e^{-2B/T}}$.

    Example:
        >>> float(distillation_loss_slope(jnp.inf, 4.0, num_labels=10))
        0.25
    """
    spread, unit = _spread(logit_bound, temperature, num_labels, "cross_entropy", scaled)
    others = num_labels - 1.0
    return unit / temperature * (others / (others + jnp.exp(-spread)))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class GapProxies:
    r"""Variance proxies of the gap $h=L_P(f)-L_D(f)$ of a distillation loss.

    Attributes:
        loss_width: $R$; always $|h|\le R$.
        any_teacher: $R^2$, however the hypothesis depends on the data.
        stable_teacher: $\min(R^2, n(\beta+\frac R{2n})^2)$, for a $\beta$-stable teacher.
        fixed_hypothesis: $R^2/(4n)$, for a hypothesis that does not depend on the data.
    """

    loss_width: Scalar
    any_teacher: Scalar
    stable_teacher: Scalar
    fixed_hypothesis: Scalar


@functools.partial(jax.jit, static_argnames=("num_labels", "loss", "scaled"))
def distillation_loss_proxy(
    logit_bound: Scalar | float,
    temperature: Scalar | float,
    num_samples: Scalar | float,
    *,
    num_labels: int,
    stability: Scalar | float = math.inf,
    loss: str = "cross_entropy",
    scaled: bool = False,
) -> GapProxies:
    r"""Returns what sub-Gaussian proxies a distillation loss gives the generalisation gap.

    Args:
        logit_bound: $B\in[0,\infty]$; without a bound there is no proxy, and $\infty$ is returned.
        temperature: $T>0$.
        num_samples: $n$.
        num_labels: $L$.
        stability: $\beta$, by which replacing one example changes the teacher's loss at most;
            unknown when left out.
        loss: as in `distillation_loss_range`.
        scaled: whether the loss is multiplied by $T^2$.

    Returns:
        The proxies, from the weakest assumption on the teacher to the strongest.

    Example:
        >>> proxies = distillation_loss_proxy(2.0, 4.0, 25.0, num_labels=2, stability=0.02)
        >>> [round(float(s), 6) for s in (proxies.any_teacher, proxies.stable_teacher)]
        [1.0, 0.04]
        >>> round(float(proxies.fixed_hypothesis), 6)
        0.01
    """
    width = distillation_loss_width(
        logit_bound, temperature, num_labels=num_labels, loss=loss, scaled=scaled
    )
    whole = width**2
    return GapProxies(
        loss_width=width,
        any_teacher=whole,
        stable_teacher=jnp.minimum(whole, stability_proxy(stability, num_samples, width)),
        fixed_hypothesis=whole / (4.0 * num_samples),
    )
