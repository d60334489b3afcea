r"""Bounds from a sample of the teacher's gap and a stated divergence: estimates, not guarantees.

The sample stands in for the law: $\log\frac1N\sum_ie^{\ell h_i}$ for the log-mgf. A heavy upper
tail that was never sampled is invisible to it, and no interval made of the same sample repairs
that; from $K_n=\log N$ on the estimate of the Cramer-Chernoff bound is the largest sample. If
bounds on the gap are known there is also a bound that holds with a stated confidence.

Source of the intervals: bias-corrected and accelerated bootstrap (Efron, 1987); of the confidence
bound: Hoeffding (1963), $P(\hat p<p,\ \mathrm{kl}(\hat p\,\|\,p)\ge\epsilon)\le e^{-N\epsilon}$.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from kdtheory import _check, concentration
from kdtheory.gap_bounds.laws import Floats
from kdtheory.gap_bounds.records import KINDS, ConfidentBound, EstimatedBound, SampleBounds
from kdtheory.gap_bounds.single import mean_and_range
from kdtheory.intervals import mean_upper
from kdtheory.theorems.distillation_divergence import formulas

RESAMPLES = 1000

MOST = 5000
"""More samples than this are refused: resampling them would take minutes."""

FEW = 30
"""Fewer samples than this are warned about."""

MEANING = (
    "Plug-in estimates with intervals, not guarantees: the sample stands in for the law of the "
    "teacher's gap, and a heavy tail that was never sampled is invisible to it."
)

GROUPS = 200
"""Into how many groups a large sample is divided for the acceleration of the intervals."""

_CHUNK = 2**20
"""How many numbers of resampled laws are handled at a time."""


def bounds_from_samples(
    gaps: Any,
    divergence: Any,
    *,
    level: Any = 0.95,
    gap_range: Any = None,
    seed: Any = 0,
) -> SampleBounds:
    r"""Estimates bounds on the student's gap from samples of the teacher's.

    Args:
        gaps: $h_i = L_P(f_T) - L_{D_n}(f_T)$, one for every independent run of the teacher's
            training, each with data of its own.
        divergence: $K_n\ge0$, as known or assumed; infinity is allowed.
        level: of the intervals, and of either confidence bound.
        gap_range: $(a, b)$ with $a\le h\le b$ known beforehand, if there is one.
        seed: of the resampling.

    Returns:
        The estimates, their intervals, and with a range the confidence bounds.

    Raises:
        InputError: for fewer than two samples, samples that are not finite or lie outside the
            range, or a divergence, level or seed out of range.

    Example:
        >>> found = bounds_from_samples([0.0, 0.1, 0.2, 0.3] * 10, 0.02)
        >>> best = found.above[0]
        >>> print(f"{best.title}: {best.estimate:.3f} ({best.low:.3f} to {best.high:.3f})")
        Cramer-Chernoff: 0.172 (0.138 to 0.206)
    """
    sample = _check.real_array("gaps", gaps, "samples")
    if len(sample) < 2:
        _check.refuse("gaps", "1 sample", "at least 2", "Rerun the teacher's training.")
    if len(sample) > MOST:
        mend = "Thin the sample: the estimate's error is below its worth by then."
        _check.refuse("gaps", f"{len(sample):,} samples", f"at most {MOST:,}", mend)
    stated = _check.divergence(divergence)
    share = _check.level(level)
    number = _check.integer("seed", seed, low=0)
    ends = _range(gap_range, sample)
    values, counts = np.unique(sample, return_counts=True)
    with jax.enable_x64(True):
        names, estimates, lows, highs = _intervals(values, counts, stated, ends, share, number)
        confident = () if ends is None else _confident(sample, stated, share, ends)
    mean = float(estimates[0])
    found = [
        _estimated(name, side, estimate, low, high, mean)
        for (name, side), estimate, low, high in zip(
            names, estimates[1:], lows[1:], highs[1:], strict=True
        )
    ]
    above = [bound for bound in found if bound.side == "above"]
    below = [bound for bound in found if bound.side == "below"]
    return SampleBounds(
        meaning=MEANING,
        num_gaps=len(sample),
        mean=mean,
        mean_low=float(lows[0]),
        mean_high=float(highs[0]),
        smallest=float(values[0]),
        largest=float(values[-1]),
        divergence=stated,
        level=share,
        gap_range=ends,
        resamples=RESAMPLES,
        seed=number,
        above=tuple(sorted(above, key=lambda bound: bound.estimate)),
        below=tuple(sorted(below, key=lambda bound: -bound.estimate)),
        confident=confident,
        warnings=tuple(_warnings(values, counts, stated)),
    )


def _range(value: Any, sample: Floats) -> tuple[float, float] | None:
    if value is None:
        return None
    low, high = _check.interval("gap_range", value)
    outside = sample[(sample < low) | (sample > high)]
    if outside.size:
        _check.refuse(
            "gap_range",
            f"{low:g} to {high:g} with a sample of {outside[0]:g}",
            "a range that holds every sample",
            "It must be known beforehand, as the range of the loss is, and not read off the data.",
        )
    return low, high


def _warnings(values: Floats, counts: Any, divergence: float) -> list[str]:
    total = int(counts.sum())
    said = []
    if divergence == math.inf:
        said.append("The divergence is infinite: no bound that rests on it says anything.")
    if total < FEW:
        said.append(f"Only {total} samples: the intervals are rough, and likely too short.")
    if len(values) == 1:
        said.append("All samples are equal: they say nothing of how the gap varies.")
    elif math.log(total / min(counts[0], counts[-1])) <= divergence < math.inf:
        said.append(
            f"At a divergence of {divergence:.3g} an estimate of the Cramer-Chernoff bounds is the "
            f"most extreme of {total} samples: larger gaps are as likely as it to go unseen."
        )
    return said


# --- estimates and intervals --------------------------------------------------------------------


def _names(ends: tuple[float, float] | None) -> list[str]:
    names = ["cramer_chernoff", "theorem8_one_sided", "theorem8"]
    return names + ([] if ends is None else ["binary_kl", "pinsker", "bretagnolle_huber"])


def _intervals(
    values: Floats,
    counts: Any,
    divergence: float,
    ends: tuple[float, float] | None,
    level: float,
    seed: int,
) -> tuple[list[tuple[str, str]], Floats, Floats, Floats]:
    """Returns the names of the estimates, the mean's first and unnamed; and their intervals."""
    total = int(counts.sum())
    rng = np.random.default_rng(seed)
    resampled = rng.multinomial(total, counts / total, size=RESAMPLES) / total
    left_out, times = _left_out(counts, rng)
    probs = np.concatenate([(counts / total)[None], resampled, left_out])
    found = statistics(values, probs, divergence, ends)
    estimate, resampled, left_out = found[0], found[1 : 1 + RESAMPLES], found[1 + RESAMPLES :]
    pairs = [
        interval(estimate[i], resampled[:, i], left_out[:, i], times, level)
        for i in range(len(estimate))
    ]
    lows, highs = np.array(pairs).T
    names = [(name, side) for side in ("above", "below") for name in _names(ends)]
    return names, estimate, lows, highs


def _left_out(counts: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
    """Returns the laws of the sample with a part left out, and how often each of them occurs.

    The part is one sample, for every distinct value; or of many samples one of `GROUPS` groups.
    """
    total = int(counts.sum())
    if total <= GROUPS:
        return (counts - np.eye(len(counts))) / (total - 1), counts
    groups = np.zeros((GROUPS, len(counts)))
    np.add.at(
        groups, (rng.permutation(total) % GROUPS, np.repeat(np.arange(len(counts)), counts)), 1
    )
    rest = counts - groups
    return rest / rest.sum(axis=1, keepdims=True), np.ones(GROUPS)


def statistics(
    values: Floats, probs: Floats, divergence: float, ends: tuple[float, float] | None = None
) -> Floats:
    r"""Returns the mean and the bounds of many laws on the same values.

    Args:
        values: $h_i$, shape ``(atoms,)``.
        probs: one law in every row, shape ``(laws, atoms)``.
        divergence: $K_n$.
        ends: a range of the gap that is known.

    Returns:
        In every row the mean, the upper bounds and the lower bounds. (Theorem 10 with its best pair
        is never above the Cramer-Chernoff lower bound.)
    """
    size = max(1, _CHUNK // len(values))
    # Whole chunks, so that one program serves all.
    size = min(size, len(probs))
    missing = -len(probs) % size
    padded = np.concatenate([probs, np.repeat(probs[:1], missing, axis=0)])
    known = None if ends is None else jnp.asarray(ends)
    found = [
        np.asarray(_of_laws(jnp.asarray(values), jnp.asarray(part), jnp.asarray(divergence), known))
        for part in np.split(padded, len(padded) // size)
    ]
    return np.concatenate(found)[: len(probs)]


@jax.jit
def _of_laws(values: Any, probs: Any, divergence: Any, ends: Any) -> Any:
    return jax.vmap(functools.partial(_of_law, values, divergence, ends))(probs)


def _of_law(values: Any, divergence: Any, ends: Any, probs: Any) -> Any:
    signed = jnp.stack([values, -values])
    proxies = jax.vmap(concentration.variance_proxy_above, in_axes=(0, None))(signed, probs)

    def upper(law: Any, one_sided: Any, sign: Any) -> Any:
        mean = mean_and_range(law, probs)[0]
        found = [
            concentration.chernoff_upper(law, probs, divergence)[0],
            formulas.sub_gaussian(mean, one_sided, divergence),
            formulas.sub_gaussian(mean, jnp.max(proxies), divergence),
        ]
        if ends is not None:
            width = ends[1] - ends[0]
            low = jnp.where(sign > 0, ends[0], -ends[1])
            found += [
                formulas.binary_kl(mean, low, width, divergence),
                formulas.pinsker(mean, width, divergence),
                formulas.bretagnolle_huber(mean, width, divergence),
            ]
        return jnp.stack(found)

    signs = jnp.asarray([1.0, -1.0], values.dtype)
    above, below = jax.vmap(upper)(signed, proxies, signs)
    mean = mean_and_range(values, probs)[0]
    return jnp.concatenate([mean[None], above, 0.0 - below])


def interval(
    estimate: float, resampled: Floats, left_out: Floats, counts: Any, level: float
) -> tuple[float, float]:
    """Returns the bias-corrected and accelerated bootstrap interval.

    Args:
        estimate: of the sample.
        resampled: of resampled samples.
        left_out: of the sample without one of its members, one for every distinct value; or without
            one of its groups.
        counts: how often each of those occurs.
        level: its nominal coverage.

    Returns:
        Both ends; the estimate twice if resampling does not move it.
    """
    if np.all(resampled == estimate):
        return float(estimate), float(estimate)
    below = np.mean(resampled < estimate) + 0.5 * np.mean(resampled == estimate)
    edge = 0.5 / len(resampled)
    bias = special.ndtri(np.clip(below, edge, 1.0 - edge))
    acceleration = 0.0
    if np.isfinite(left_out).all():
        pull = np.average(left_out, weights=counts) - left_out
        square = np.sum(counts * pull**2)
        if square > 0:
            acceleration = np.sum(counts * pull**3) / (6.0 * square**1.5)
    normal = bias + special.ndtri([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    shares = special.ndtr(bias + normal / (1.0 - acceleration * normal))
    # Without interpolation, which infinite estimates do not survive.
    low, high = np.quantile(resampled, shares, method="inverted_cdf")
    return float(low), float(high)


def _estimated(
    name: str, side: str, estimate: float, low: float, high: float, mean: float
) -> EstimatedBound:
    kind = KINDS[name]
    return EstimatedBound(
        name=name,
        title=kind.title,
        side=side,
        estimate=float(estimate),
        low=float(low),
        high=float(high),
        excess=float(estimate) - mean,
        assumption=kind.assumption,
        slug=kind.above if side == "above" else kind.below,
    )


# --- bounds that hold with a stated confidence ----------------------------------------------------


def _confident(
    sample: Floats, divergence: float, level: float, ends: tuple[float, float]
) -> tuple[ConfidentBound, ...]:
    low, high = ends
    width = high - low
    found = []
    for side, sign in (("above", 1.0), ("below", -1.0)):
        start = low if sign > 0 else -high
        share = (float(np.mean(sign * sample)) - start) / width
        mean = start + width * mean_upper(share, len(sample), level)
        args = (jnp.asarray(mean), jnp.asarray(start), jnp.asarray(width), jnp.asarray(divergence))
        found.append(
            ConfidentBound(
                side=side,
                value=sign * float(formulas.binary_kl(*args)),
                mean_bound=sign * mean,
                level=level,
                assumption=f"the {len(sample)} gaps are independent, with the teacher's law, and "
                f"lie between {low:g} and {high:g}; the divergence is at most the one stated",
            )
        )
    return tuple(found)
