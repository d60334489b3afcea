r"""Upper bounds on the student's gap that look at sharpness.

Write $K=K_n$ and $X_t=h+tS_P$. If the student satisfies (i), $E_QS_P(f_S)\ge0$, then
$\mathrm{gen}_S\le E_QX_t$ for every $t\ge0$, and so

=========================  =========================================================================
`theorem12`                $\mathrm{gen}_T+E_PS_P+(\sigma_u+\nu)\sqrt{2K}$, proxies of $h_U$, $S_D$
`one_step`                 $\mathrm{gen}_T+E_PS_P+\sigma_X\sqrt{2K}$, the proxy of $X_1=h_U+S_D$
`chernoff_family`          $\mathrm{gen}_T+tE_PS_P+\inf_{\ell>0}(K+\psi_{X_t}(\ell))/\ell$
`worst_case`               the last at the best $t$
=========================  =========================================================================

$t=0$ is the Cramer-Chernoff bound, which does not need (i). Proxies for positive arguments are
enough, and by Minkowski's inequality for them $\sigma_X\le\sigma_u+\nu$. By Lagrangian duality
the infimum over $t$ is the largest gap of a student at divergence $K$ that satisfies (i). The bound
is convex in $t$ (in $1/\ell$ and $t$ together, what is minimised is the perspective of a convex
function), with the derivative $E_{Q_t}S_P$, $Q_t$ the tilt by $\ell X_t$.

If $S_P\ge0$ everywhere, as for convex losses, $X_t\ge h$: then no $t$ is better than $t=0$.

Source: Li and He, arXiv:2605.13143, theorem 12; the others are ours.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import concentration
from kdtheory._numerics import chosen, square_root
from kdtheory._types import Scalar
from kdtheory.objects.processes import gaps, teacher_law
from kdtheory.objects.smoothness import PerturbedProcess
from kdtheory.theorems.distillation_divergence import process_terms
from kdtheory.theorems.sharpness_aware import perturbed


@jax.jit
def perturbed_proxy(world: PerturbedProcess) -> Scalar:
    r"""Returns $\sigma_u^2$, the smallest proxy of $h_U(D_n,f_T)$ for positive arguments.

    Args:
        world: the process and its rises.
    """
    return smallest_proxies(world, perturbed.perturbed_gaps(world))[0]


@jax.jit
def sharpness_proxy(world: PerturbedProcess) -> Scalar:
    r"""Returns $\nu^2$, the smallest proxy of $S_{D_n}(f_T)$ for positive arguments.

    Args:
        world: the process and its rises.
    """
    return smallest_proxies(world, perturbed.empirical_sharpness(world))[0]


@jax.jit
def one_step_proxy(world: PerturbedProcess) -> Scalar:
    r"""Returns $\sigma_X^2$, the smallest proxy of $h_U+S_D=h+S_P$ for positive arguments.

    Args:
        world: the process and its rises.
    """
    return smallest_proxies(world, perturbed.shifted_gaps(world))[0]


@jax.jit
def smallest_proxies(world: PerturbedProcess, *tables: perturbed.Law) -> Float[Array, "tables"]:
    r"""Returns the smallest proxies for positive arguments of several functions of $(D_n,f_T)$.

    One program seeks all of them: side by side they cost little more to compile than one.

    Args:
        world: the process and its rises.
        tables: the functions.
    """
    law = teacher_law(world.process).reshape(-1)
    flat = jnp.stack([table.reshape(-1) for table in tables])
    return jax.vmap(concentration.variance_proxy_above, in_axes=(0, None))(flat, law)


@jax.jit
def with_proxies(world: PerturbedProcess, *variance_proxies: Any) -> Scalar:
    r"""Returns $\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_1+\sigma_2+\dots)\sqrt{2K_n}$.

    Args:
        world: the process and its rises.
        variance_proxies: $\sigma_i^2\ge0$.

    Returns:
        The bound: infinite where the divergence is, even if nothing varies.
    """
    divergence = process_terms.divergence(world.process)
    finite = jnp.where(divergence < jnp.inf, divergence, 0.0)
    excess = jnp.sum(jnp.stack([square_root(2.0 * proxy * finite) for proxy in variance_proxies]))
    mean = process_terms.teacher_gap(world.process) + perturbed.teacher_sharpness(world)
    return jnp.where(divergence == jnp.inf, jnp.inf, mean + excess)


@jax.jit
def theorem12(world: PerturbedProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_u+\nu)\sqrt{2K_n}$ with the smallest proxies.

    Args:
        world: the process and its rises.
    """
    return with_proxies(world, *two_step_proxies(world))


def two_step_proxies(world: PerturbedProcess) -> Float[Array, "2"]:
    r"""Returns $\sigma_u^2$ and $\nu^2$, as `perturbed_proxy` and `sharpness_proxy` do.

    Args:
        world: the process and its rises.
    """
    tables = perturbed.perturbed_gaps(world), perturbed.empirical_sharpness(world)
    return smallest_proxies(world, *tables)


@jax.jit
def one_step(world: PerturbedProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+E_PS_P(f_T)+\sigma_X\sqrt{2K_n}$ with the smallest proxy.

    Args:
        world: the process and its rises.
    """
    return with_proxies(world, one_step_proxy(world))


@jax.jit
def chernoff_family(world: PerturbedProcess, weight: Scalar | float = 1.0) -> Scalar:
    r"""Returns $\inf_{\ell>0}(K_n+\log E_Pe^{\ell(h+tS_P)})/\ell$.

    Args:
        world: the process and its rises.
        weight: $t\ge0$; at 0 the plain Cramer-Chernoff bound, at 1 the one-step form of Theorem 12.

    Example:
        >>> from kdtheory.objects.cosines import CosineProcess
        >>> world = perturbed.perturbed_process(CosineProcess.create(
        ...     [0.5, 0.5], [[0.5], [2.0]], [0.0, 5.5], [[1.0], [0.2]], 1.0, [[0.5, 0.5]] * 2,
        ...     [[0.25, 0.25]] * 2, num_samples=1))
        >>> world = perturbed.tilted(world, 3.0, 3.0)
        >>> print(" ".join(f"{chernoff_family(world, t):.4f}" for t in (0.0, 1.0)))
        0.2551 0.2126
        >>> print(f"{worst_case(world):.4f} at t = {best_weight(world):.2f}")
        0.1903 at t = 2.31
    """
    divergence = process_terms.divergence(world.process)
    return _chernoff(world, jnp.asarray(weight, divergence.dtype), divergence)[0]


def _chernoff(world: PerturbedProcess, weight: Scalar, divergence: Scalar) -> tuple[Scalar, Scalar]:
    law = teacher_law(world.process).reshape(-1)
    values = perturbed.shifted_gaps(world, weight).reshape(-1)
    return concentration.chernoff_upper(values, law, divergence)


@jax.jit
def worst_case(world: PerturbedProcess) -> Scalar:
    r"""Returns the smallest bound of the $t$-family.

    It is the largest gap of a student at divergence $K_n$ that satisfies (i), or, where none does,
    below every gap.

    Args:
        world: the process and its rises.
    """
    return chernoff_family(world, best_weight(world))


@jax.jit
def best_weight(world: PerturbedProcess) -> Scalar:
    r"""Returns the $t\ge0$ at which the bound of the $t$-family is smallest, as far as sought.

    Args:
        world: the process and its rises.

    Returns:
        $t$; zero where (i) does not help, and a large number where no student satisfies it.
    """
    return _best_weight(world, process_terms.divergence(world.process))


_HALVINGS = 44
_DECADES = 6.0
"""How far from the natural unit of $t$ it is sought."""


@chosen
def _best_weight(world: PerturbedProcess, divergence: Scalar) -> Scalar:
    law = teacher_law(world.process)
    sharpness = perturbed.population_sharpness(world)
    largest = jnp.max(jnp.abs(sharpness))
    unit = jnp.max(jnp.abs(gaps(world.process))) / jnp.where(largest > 0, largest, 1.0)
    unit = jnp.where(unit > 0, unit, 1.0)
    furthest = jnp.sqrt(jnp.finfo(law.dtype).max)

    def rises(weight: Scalar) -> Any:
        """Whether a larger t has a larger bound."""
        argument = jnp.minimum(_chernoff(world, weight, divergence)[1], furthest)
        values = perturbed.shifted_gaps(world, weight)
        tilt = concentration.tilted_probs(values.reshape(-1), law.reshape(-1), argument)
        return jnp.sum(tilt.reshape(law.shape) @ sharpness) >= 0

    def halve(_: Any, interval: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
        low, high = interval
        middle = 0.5 * (low + high)
        above = rises(unit * 10.0**middle)
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    ends = (jnp.asarray(-_DECADES, law.dtype), jnp.asarray(_DECADES, law.dtype))
    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, ends)
    sought = unit * 10.0 ** (0.5 * (low + high))
    # At t = 0 the tilt need not be the only student with the largest gap.
    both = jnp.stack([jnp.zeros_like(sought), sought])
    plain, helped = jax.vmap(lambda weight: _chernoff(world, weight, divergence)[0])(both)
    return jnp.where(helped < plain, sought, 0.0)
