r"""Every bound on the student's gap that a process allows, from above and from below.

Lower bounds are minus the upper bounds of $-h$: both sides run through one program, the second
with the values negated.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check, concentration, divergences
from kdtheory._numerics import ROUNDING_UNITS
from kdtheory._types import Scalar
from kdtheory.gap_bounds import laws
from kdtheory.gap_bounds.records import KINDS, Bound, Excluded, GapBounds
from kdtheory.objects.processes import DistillationProcess, gaps, teacher_law
from kdtheory.theorems.distillation_divergence import formulas, process_terms
from kdtheory.theorems.distillation_divergence.stability import stability_proxy
from kdtheory.theorems.distillation_divergence.support import why_infinite

SIDES = ("above", "below")


def bounds(
    process: Any = None,
    *,
    example_weights: Any = None,
    losses: Any = None,
    teacher_kernel: Any = None,
    student_law: Any = None,
    num_samples: Any = None,
    inputs: Any = None,
) -> GapBounds:
    r"""Bounds the student's generalisation gap by everything that applies to a process.

    Args:
        process: a `DistillationProcess`; or leave it out and give its arrays, as
            `DistillationProcess.create` takes them.
        example_weights: $p_Z$.
        losses: $\ell(f, z)$, shape ``(hypotheses, examples)``.
        teacher_kernel: $q_T(f\,|\,D)$, shape ``(datasets, hypotheses)``.
        student_law: $Q(D, f)$, shape ``(datasets, hypotheses)``.
        num_samples: $n$.
        inputs: the input of every example.

    Returns:
        The exact gaps and divergences, and the bounds ranked by tightness.

    Raises:
        InputError: for anything but a process, arrays that make none, or both.

    Example:
        >>> found = bounds(example_weights=[0.5, 0.5], losses=[[0.0, 1.0]],
        ...                teacher_kernel=[[1.0]] * 2, student_law=[[0.75], [0.25]], num_samples=1)
        >>> print(f"{found.student_gap:.3f} <= {found.above[0].value:.3f} ({found.above[0].title})")
        0.250 <= 0.250 (Cramer-Chernoff, laws of the gap)
    """
    arrays = {
        "example_weights": example_weights,
        "losses": losses,
        "teacher_kernel": teacher_kernel,
        "student_law": student_law,
        "num_samples": num_samples,
    }
    given = [name for name, value in {**arrays, "inputs": inputs}.items() if value is not None]
    missing = [name for name, value in arrays.items() if value is None]
    if (process is None) == bool(missing) or (process is not None and given):
        got = f"a process and {given[0]}" if process is not None else f"no {missing[0]}"
        _check.refuse(
            "bounds", got, "a process, or all of its arrays", f"They are {', '.join(arrays)}."
        )
    if process is not None and not isinstance(process, DistillationProcess):
        mend = "DistillationProcess.create makes one of arrays, gap_bounds.read_process of a file."
        _check.refuse("process", f"{type(process).__name__}", "a DistillationProcess", mend)
    with jax.enable_x64(True):
        if process is None:
            process = DistillationProcess.create(**arrays, inputs=inputs)
        return _bounds(*in_float64(process))


def in_float64(process: DistillationProcess) -> tuple[DistillationProcess, float]:
    """Returns a process in double precision, and the machine epsilon that it was given with.

    Args:
        process: the process, its distributions renormalised.
    """
    names = ("example_weights", "losses", "teacher_kernel", "student_law")
    arrays = {name: np.asarray(getattr(process, name), np.float64) for name in names}
    inputs = process.inputs
    if inputs is not None:
        # Numbered without gaps: tables have one column for each.
        inputs = tuple(np.unique(inputs, return_inverse=True)[1].tolist())
    found = DistillationProcess.create(**arrays, num_samples=process.num_samples, inputs=inputs)
    return found, float(jnp.finfo(process.student_law.dtype).eps)


def _bounds(process: DistillationProcess, rounding: float) -> GapBounds:
    terms = {name: float(value) for name, value in exact_terms(process).items()}
    values, probs, gap_divergence = laws.overall(process)
    proxies = concentration.variance_proxies(values, probs)
    infinite = terms["divergence"] == math.inf
    possible = values[probs > 0]
    every = np.asarray(gaps(process)) if infinite else possible
    trivial = float(every.min()), float(every.max())
    evidence = {
        "theorem8": f"certified proxy {float(proxies.two_sided):.4g}",
        "theorem8_one_sided": f"proxies {float(proxies.above):.4g}, {float(proxies.below):.4g}",
        "cramer_chernoff": f"{len(possible)} distinct gaps",
        "pushforward": f"K_h = {gap_divergence:.4g}",
        "chi_square": f"Var {terms['variance']:.4g}, chi2 {terms['chi_square']:.4g}",
        "individual_sample": "the law at every place",
        **dict.fromkeys(
            ("binary_kl", "pinsker", "bretagnolle_huber"),
            f"{possible.min():.4g} to {possible.max():.4g}",
        ),
    }
    excluded = []
    numbers = {
        "divergence": terms["divergence"],
        "gap_divergence": gap_divergence,
        "chi_square": terms["chi_square"],
        "variance": terms["variance"],
        "two_sided": proxies.two_sided,
        "one_sided": jnp.stack([proxies.above, proxies.below]),
    }
    found = both_sides(values, probs, numbers)
    found["individual_sample"] = _both_averaged(laws.places(process))
    shared = _of_shared_inputs(process, terms["divergence"], rounding)
    if isinstance(shared, str):
        excluded += [_excluded(name, "both", shared) for name in ("disintegrated", "shared_inputs")]
    else:
        found |= shared
        evidence |= dict.fromkeys(shared, "inputs of the same law")
    stable = laws.stability(process)
    if stable is None:
        excluded.append(_excluded("stability", "both", "the teacher is random"))
    else:
        beta, width = stable
        size = process.num_samples
        proxy = stability_proxy(beta, float(size), width)
        found["stability"] = _both_sub_gaussian(values, probs, proxy, terms["divergence"])
        evidence["stability"] = f"beta = {beta:.4g}, proxy {float(proxy):.4g}"
    below = {name: 0.0 - float(pair[1]) for name, pair in found.items()}
    central = concentration.best_central_pair(values, probs, terms["divergence"])
    lower, eta, c = map(float, central)
    second = remark2(terms["teacher_gap"], float(proxies.below), terms["divergence"])
    if eta == 0.0 and c == 0.0:
        reason = "gen_T is not positive: no (eta, c) satisfies the condition"
        excluded.append(_excluded("theorem10", "below", reason))
    else:
        below["theorem10"] = lower
        evidence["theorem10"] = _pair(eta, c)
    if terms["teacher_gap"] > 0.0:
        below["remark2"] = second[0]
        evidence["remark2"] = _pair(*second[1:])
    else:
        excluded.append(_excluded("remark2", "below", "gen_T is not positive"))
    if infinite:
        evidence |= dict.fromkeys(("theorem10", "remark2"), "no pair helps: K_n is infinite")
    sides = {"above": {name: float(pair[0]) for name, pair in found.items()}, "below": below}
    ranked = {
        side: _ranked(side, bounds_, terms["teacher_gap"], trivial, evidence)
        for side, bounds_ in sides.items()
    }
    variance = terms.pop("variance")
    return GapBounds(
        num_samples=process.num_samples,
        num_examples=len(process.example_weights),
        num_hypotheses=len(process.losses),
        num_datasets=len(process.teacher_kernel),
        grouped=process.grouped,
        **terms,
        gap_divergence=gap_divergence,
        gap_low=float(possible.min()),
        gap_high=float(possible.max()),
        variance=variance,
        proxy=float(proxies.two_sided),
        proxy_above=float(proxies.above),
        proxy_below=float(proxies.below),
        central_eta=eta,
        central_c=c,
        stability=None if stable is None else stable[0],
        trivial=trivial,
        above=ranked["above"],
        below=ranked["below"],
        excluded=tuple(excluded),
        infinite=tuple(reason.text for reason in why_infinite(process)) if infinite else (),
    )


@jax.jit
def exact_terms(process: DistillationProcess) -> dict[str, Scalar]:
    """Returns the gaps, the divergences and the variance of the teacher's gap.

    Args:
        process: the process.
    """
    teacher = teacher_law(process)
    mean = process_terms.teacher_gap(process)
    return {
        "teacher_gap": mean,
        "student_gap": process_terms.student_gap(process),
        "divergence": process_terms.divergence(process),
        "dataset_divergence": process_terms.dataset_divergence(process),
        "algorithm_divergence": process_terms.algorithm_divergence(process),
        "chi_square": divergences.chi_square(process.student_law.reshape(-1), teacher.reshape(-1)),
        "variance": jnp.sum(teacher * (gaps(process) - mean) ** 2),
    }


@jax.jit
def both_sides(
    values: Float[Array, "atoms"], probs: Float[Array, "atoms"], numbers: dict[str, Any]
) -> dict[str, Float[Array, "2"]]:
    r"""Returns the bounds that follow from the law of the gap and a few numbers.

    Args:
        values: $h_i$.
        probs: $p_i$ under the teacher.
        numbers: the divergences, the variance and the proxies, ``one_sided`` with one for either
            side.

    Returns:
        Upper bounds on the mean of $h$ and of $-h$ under the student.
    """
    signs = jnp.asarray([1.0, -1.0], values.dtype)
    shared = {name: jnp.asarray(value) for name, value in numbers.items()}
    axes = {name: 0 if name == "one_sided" else None for name in shared}
    return jax.vmap(_upper, in_axes=(0, None, axes))(signs[:, None] * values, probs, shared)


def _upper(values: Any, probs: Any, numbers: dict[str, Any]) -> dict[str, Scalar]:
    mean, low, width = mean_and_range(values, probs)
    divergence = numbers["divergence"]
    both = jnp.stack([divergence, numbers["gap_divergence"]])
    chernoff, _ = jax.vmap(concentration.chernoff_upper, in_axes=(None, None, 0))(
        values, probs, both
    )
    return {
        "cramer_chernoff": chernoff[0],
        "pushforward": chernoff[1],
        "theorem8": formulas.sub_gaussian(mean, numbers["two_sided"], divergence),
        "theorem8_one_sided": formulas.sub_gaussian(mean, numbers["one_sided"], divergence),
        "chi_square": formulas.chi_square(mean, numbers["variance"], numbers["chi_square"]),
        "binary_kl": formulas.binary_kl(mean, low, width, divergence),
        "pinsker": formulas.pinsker(mean, width, divergence),
        "bretagnolle_huber": formulas.bretagnolle_huber(mean, width, divergence),
    }


def mean_and_range(values: Any, probs: Any) -> tuple[Scalar, Scalar, Scalar]:
    """Returns the mean, the smallest value and the width of the range of a law."""
    low = jnp.min(jnp.where(probs > 0, values, jnp.inf))
    high = jnp.max(jnp.where(probs > 0, values, -jnp.inf))
    return jnp.sum(jnp.where(probs > 0, probs * values, 0.0)), low, high - low


def remark2(mean: float, variance_proxy: float, divergence: float) -> tuple[float, float, float]:
    r"""Returns the best bound of Theorem 10 with the pairs of Remark 2, and its pair.

    $c=1-\eta\sigma_-^2/(2\mu)$ for $0<\eta<2\mu/\sigma_-^2$: the bound $c\mu-K/\eta$ is largest at
    $\eta=\sqrt{2K}/\sigma_-$, where it is $\mu-\sigma_-\sqrt{2K}$, or in the limit at the end of
    the interval, where it is $-K\sigma_-^2/(2\mu)$.

    Args:
        mean: $\mu>0$.
        variance_proxy: $\sigma_-^2$, for negative arguments.
        divergence: $K$.

    Returns:
        Bound, $\eta$ and $c$; minus infinity without a pair.
    """
    if mean <= 0.0 or divergence == math.inf:
        return -math.inf, 0.0, 0.0
    if variance_proxy == 0.0:
        return mean, math.inf, 1.0
    eta, most = math.sqrt(2.0 * divergence / variance_proxy), 2.0 * mean / variance_proxy
    if eta >= most:
        return -divergence / most, most, 0.0
    return mean - math.sqrt(2.0 * divergence * variance_proxy), eta, 1.0 - eta / most


@jax.jit
def _sub_gaussian_sides(values: Any, probs: Any, proxy: Any, divergence: Any) -> Any:
    mean = mean_and_range(values, probs)[0]
    return jnp.stack([formulas.sub_gaussian(s * mean, proxy, divergence) for s in (1.0, -1.0)])


def _both_sub_gaussian(values: Any, probs: Any, proxy: Any, divergence: float) -> Any:
    return _sub_gaussian_sides(values, probs, proxy, jnp.asarray(divergence))


@jax.jit
def averaged_sides(values: Any, probs: Any, distances: Any, weights: Any) -> Any:
    """Returns the averages of the Cramer-Chernoff bounds of several laws, for both signs.

    Args:
        values: those of every law.
        probs: the laws, one in every row.
        distances: the divergence of each.
        weights: the weight of each.
    """
    signed = jnp.stack([values, -values])
    return jax.vmap(formulas.averaged, in_axes=(0, None, None, None))(
        signed, probs, distances, weights
    )


@jax.jit
def _common_sides(values: Any, weights: Any, probs: Any, divergence: Any) -> Any:
    signed = jnp.stack([values, -values])
    of_groups = jax.vmap(concentration.chernoff_upper_given_groups, in_axes=(0, None, None, None))
    return of_groups(signed, weights, probs, divergence)[0]


def _both_averaged(rows: laws.Laws) -> Any:
    return averaged_sides(rows.values, rows.probs, rows.divergences, rows.weights)


def _of_shared_inputs(
    process: DistillationProcess, divergence: float, rounding: float
) -> dict[str, Any] | str:
    """Returns the bounds given the inputs, or why they do not apply."""
    if process.inputs is None:
        return "inputs are not named"
    rows, distance = laws.given_inputs(process)
    if distance > ROUNDING_UNITS * rounding:
        return f"the student's inputs have another law (total variation {distance:.3g})"
    common = _common_sides(rows.values, rows.weights, rows.probs, jnp.asarray(divergence))
    return {"disintegrated": _both_averaged(rows), "shared_inputs": common}


def _pair(eta: float, c: float) -> str:
    """Returns a pair in words; c of zero is only approached."""
    return f"eta = {eta:.4g}, c = {c:.4g}" + ("" if c > 0 else " (limit)")


def _excluded(name: str, side: str, reason: str) -> Excluded:
    return Excluded(name, KINDS[name].title, side, reason)


def _ranked(
    side: str,
    values: dict[str, float],
    mean: float,
    trivial: tuple[float, float],
    evidence: dict[str, str],
) -> tuple[Bound, ...]:
    """Returns the bounds of one side, the tightest first."""
    sign = 1.0 if side == "above" else -1.0
    end = trivial[1] if side == "above" else trivial[0]
    slack = ROUNDING_UNITS * np.finfo(np.float64).eps * (trivial[1] - trivial[0])
    found = []
    for name in (name for name in KINDS if name in values):
        kind, value = KINDS[name], values[name]
        found.append(
            Bound(
                name=name,
                title=kind.title,
                side=side,
                value=value,
                excess=value - mean,
                assumption=kind.assumption,
                checked=True,
                evidence=evidence[name],
                vacuous=bool(sign * (value - end) >= -slack),
                slug=kind.above if side == "above" else kind.below,
            )
        )
    return tuple(sorted(found, key=lambda bound: sign * bound.value))
