r"""Upper bounds on the student's gap, from the teacher's process and the divergence.

Every function takes a process and returns a bound on $\mathrm{gen}_S$; a lower bound is minus the
upper bound of the `mirrored` process, whose gaps have the opposite sign. With $h$ in $[a', b']$
under $P$, $R = b'-a'$, $\psi(\ell)=\log E_Pe^{\ell(h-\mathrm{gen}_T)}$ and $K = K_n$:

=======================  ===========================================================================
`theorem8`               $\mathrm{gen}_T+\sigma\sqrt{2K}$, $\sigma^2$ the smallest two-sided proxy
`theorem8_one_sided`     the same with $\sigma_+^2=\sup_{\ell>0}2\psi(\ell)/\ell^2$
`chernoff`               $\mathrm{gen}_T+\inf_{\ell>0}(K+\psi(\ell))/\ell$, optimal given $P$, $K$
`pushforward`            the same with $K_h=\mathrm{KL}(\mathrm{law}_Qh\|\mathrm{law}_Ph)\le K$
`binary_kl`              $a'+R\,\mathrm{kl}^{-1}((\mathrm{gen}_T-a')/R, K)$
`pinsker`                $\mathrm{gen}_T+R\sqrt{K/2}$
`bretagnolle_huber`      $\mathrm{gen}_T+R\sqrt{1-e^{-K}}$
`chi_square`             $\mathrm{gen}_T+\sqrt{\mathrm{Var}_P(h)\,\chi^2(Q\|P)}$
`individual_sample`      the mean over places of the Chernoff bounds of $(z_i, f)$
`shared_inputs`          $\inf_\ell(K+E_X\log E[e^{\ell h}|X])/\ell$, if $Q_X=P_X$
`disintegrated`          $E_X$ of the Chernoff bounds given $X$, at $K(X)$, if $Q_X=P_X$
=======================  ===========================================================================

Where $K=\infty$ a bound that depends on it is $\infty$, even if nothing varies under $P$.

Source: the first two Li and He, arXiv:2605.13143, theorem 8; the others are textbook inequalities
(Donsker and Varadhan; Pinsker; Bretagnolle and Huber; Hammersley, Chapman and Robbins; Bu, Zou and
Veeravalli for single samples).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import concentration, divergences
from kdtheory._types import Scalar
from kdtheory.objects.processes import DistillationProcess, gaps, teacher_law
from kdtheory.theorems.distillation_divergence import formulas, process_terms

Bound = Callable[[DistillationProcess], Scalar]


def flat_law(
    process: DistillationProcess,
) -> tuple[Float[Array, "atoms"], Float[Array, "atoms"]]:
    """Returns the values of the gap and their masses under the teacher, one per pair."""
    return gaps(process).reshape(-1), teacher_law(process).reshape(-1)


@jax.jit
def theorem8(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+\sigma\sqrt{2K_n}$ with the smallest two-sided proxy.

    Args:
        process: the process.
    """
    proxy = concentration.variance_proxy(*flat_law(process))
    return sub_gaussian(process, proxy)


@jax.jit
def theorem8_one_sided(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+\sigma_+\sqrt{2K_n}$, which is all that the proof needs.

    Args:
        process: the process.
    """
    return sub_gaussian(process, concentration.variance_proxy_above(*flat_law(process)))


@jax.jit
def sub_gaussian(process: DistillationProcess, variance_proxy: Any) -> Scalar:
    r"""Returns $\mathrm{gen}_T+\sigma\sqrt{2K_n}$ for a given proxy.

    Args:
        process: the process.
        variance_proxy: $\sigma^2\ge0$.
    """
    proxy = jnp.asarray(variance_proxy)
    mean = process_terms.teacher_gap(process)
    return formulas.sub_gaussian(mean, proxy, process_terms.divergence(process))


@jax.jit
def chernoff(process: DistillationProcess) -> Scalar:
    r"""Returns the Cramer-Chernoff bound $\mathrm{gen}_T+\inf_{\ell>0}(K_n+\psi(\ell))/\ell$.

    No bound that depends on the teacher's process and $K_n$ alone is better: the tilt
    $dQ\propto e^{\ell h}dP$ of that divergence attains it.

    Args:
        process: the process.

    Example:
        >>> process = DistillationProcess.create(
        ...     [0.5, 0.5], [[0.0, 1.0]], [[1.0], [1.0]], [[0.75], [0.25]], num_samples=1)
        >>> float(chernoff(process).round(6))  # the student is a tilt of the teacher
        0.25
    """
    law = flat_law(process)
    return concentration.chernoff_upper(*law, process_terms.divergence(process))[0]


@jax.jit
def pushforward(process: DistillationProcess) -> Scalar:
    r"""Returns the Cramer-Chernoff bound at the divergence of the laws of $h$ alone.

    Args:
        process: the process.
    """
    law = flat_law(process)
    return concentration.chernoff_upper(*law, process_terms.gap_divergence(process))[0]


@jax.jit
def binary_kl(process: DistillationProcess) -> Scalar:
    r"""Returns $a'+R\,\mathrm{kl}^{-1}(p, K_n)$, $p=(\mathrm{gen}_T-a')/R$: mean and range only.

    Args:
        process: the process.
    """
    mean, divergence = process_terms.teacher_gap(process), process_terms.divergence(process)
    return formulas.binary_kl(mean, *gap_range(process), divergence)


@jax.jit
def pinsker(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+R\sqrt{K_n/2}$, Theorem 8 with Hoeffding's proxy $R^2/4$.

    Args:
        process: the process.
    """
    mean, divergence = process_terms.teacher_gap(process), process_terms.divergence(process)
    return formulas.pinsker(mean, gap_range(process)[1], divergence)


@jax.jit
def bretagnolle_huber(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+R\sqrt{1-e^{-K_n}}$; below Pinsker's bound iff $K_n>1.5936$.

    Args:
        process: the process.
    """
    mean, divergence = process_terms.teacher_gap(process), process_terms.divergence(process)
    return formulas.bretagnolle_huber(mean, gap_range(process)[1], divergence)


@jax.jit
def chi_square(process: DistillationProcess) -> Scalar:
    r"""Returns $\mathrm{gen}_T+\sqrt{\mathrm{Var}_P(h)\,\chi^2(Q\|P)}$.

    Args:
        process: the process.
    """
    values, teacher = flat_law(process)
    distance = divergences.chi_square(process.student_law.reshape(-1), teacher)
    mean = process_terms.teacher_gap(process)
    variance = jnp.sum(teacher * (values - mean) ** 2)
    return formulas.chi_square(mean, variance, distance)


@jax.jit
def individual_sample(process: DistillationProcess) -> Scalar:
    r"""Returns $\frac1n\sum_i$ of the Cramer-Chernoff bounds of single examples.

    $h$ is the mean of $h_i=L_P(f)-\ell(f,z_i)$, and $K_i=\mathrm{KL}(\mathrm{law}_Q(z_i,f)\|
    \mathrm{law}_P(z_i,f))\le K_n$, which can be finite where $K_n$ is not (deterministic teachers).

    Args:
        process: the process.
    """
    values, teacher, student = process_terms.individual_laws(process)
    teacher, student = (law.reshape(len(law), -1) for law in (teacher, student))
    divergence = divergences.kl_divergence(student, teacher)
    places = jnp.full(len(teacher), 1.0 / len(teacher), teacher.dtype)
    return formulas.averaged(values.reshape(-1), teacher, divergence, places)


@jax.jit
def shared_inputs(process: DistillationProcess) -> Scalar:
    r"""Returns $\inf_{\ell>0}(K_n+E_X\log E_P[e^{\ell h}|X])/\ell$.

    A bound only if teacher and student see inputs of the same law, $Q_X=P_X$; optimal then.

    Args:
        process: a process whose ``inputs`` are named.
    """
    weights, given, *_ = process_terms.laws_given_inputs(process)
    values, given = gaps(process).reshape(-1), given.reshape(len(given), -1)
    divergence = process_terms.divergence(process)
    return concentration.chernoff_upper_given_groups(values, weights, given, divergence)[0]


@jax.jit
def disintegrated(process: DistillationProcess) -> Scalar:
    r"""Returns $E_X[E_P[h|X]+\inf_{\ell>0}(K(X)+\psi_X(\ell))/\ell]$, $K_n=E_XK(X)$.

    A bound only if $Q_X=P_X$; then it is at most `shared_inputs`, which is at most `chernoff`.

    Args:
        process: a process whose ``inputs`` are named.
    """
    weights, teacher, _, student = process_terms.laws_given_inputs(process)
    teacher, student = (law.reshape(len(law), -1) for law in (teacher, student))
    divergence = divergences.kl_divergence(student, teacher)
    return formulas.averaged(gaps(process).reshape(-1), teacher, divergence, weights)


def gap_range(process: DistillationProcess) -> tuple[Scalar, Scalar]:
    """Returns the smallest gap that the teacher can have, and the width of the range."""
    values, teacher = flat_law(process)
    low = jnp.min(jnp.where(teacher > 0, values, jnp.inf))
    return low, jnp.max(jnp.where(teacher > 0, values, -jnp.inf)) - low
