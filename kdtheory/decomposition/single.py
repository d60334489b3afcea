r"""The decomposition of the divergence for one given design, in numbers and in words.

$K_n = J - I$: the bound $J$ is the sum of the terms below, each of which has a cause that one can
act on, and $I = I(W_T; (\hat Y,\Theta)\,|\,X)$ is what the bound gives away.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._kept import through_kept
from kdtheory._random import random_key
from kdtheory.decomposition.inputs import PreparedDesign, prepared_design, student_rank
from kdtheory.decomposition.records import MEANINGS, TERMS, Decomposition, Gaps, Term
from kdtheory.objects.designs import DesignSpectrum, LinearGaussianDesign
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dataset_shift,
    gap_bounds,
    gaps,
    gaps_random,
    student_covariance,
    truncated,
)

_NARROW = 0.01
"""An interval for the divergence is narrow enough at this share of its bound."""

_MOST_DRAWS = 2**18
"""The most replicates times inner draws that a single design is worth."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Student:
    r"""What depends on the student.

    Attributes:
        mismatch: $\mathrm{Cov}$.
        bottleneck: $E[\mathrm{apx}+\mathrm{cross}]$.
        bottleneck_error: its standard error.
        interval: of the algorithm shift.
        information: $J-K_n$; None where it follows from the interval.
        gap: the student's generalisation gap for fixed test inputs.
        gap_error: its standard error.
        level: of the interval; None where everything is exact.
    """

    mismatch: float
    bottleneck: float
    bottleneck_error: float
    interval: tuple[float, float]
    information: float | None
    gap: float
    gap_error: float
    level: float | None


def decompose(
    inputs: Any,
    true_weights: Any = None,
    labels: Any = None,
    *,
    prior_precision: Any = 1.0,
    inverse_temperature: Any = 1.0,
    noise_std: Any = None,
    rank: Any = None,
    student_covariance: Any = None,
    null: Any = "minnorm",
    test_second_moment: Any = None,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Decomposition:
    r"""Takes the divergence between student and teacher apart for one linear-Gaussian design.

    Args:
        inputs: $X$, features in rows and samples in columns, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``; when left out, the least-squares weights of
            ``labels`` stand in for it and the result is about the fitted model.
        labels: $Y$, shape ``(k, n)``; only used for what is estimated.
        prior_precision: $\lambda>0$.
        inverse_temperature: $\beta_T\ge0$; at zero the teacher is the prior.
        noise_std: $\nu>0$; when left out, the least-squares residual standard deviation with
            $n-\operatorname{rank}X$ degrees of freedom per output.
        rank: $\kappa$: full when left out or at least $\min(k,\operatorname{rank}X)$. Between 0
            and full the divergence has no closed form and is sandwiched by sampling.
        student_covariance: $\Sigma_S$, symmetric positive semidefinite ``(d, d)``; the teacher's
            posterior covariance when left out. Where it is singular the bound is infinite, and
            the divergence finite as long as the teacher's randomness fills the gap.
        null: the student's map on the null space of $X^\top$: "minnorm", or "identity" for a
            student of rank $d$ that copies the teacher there.
        test_second_moment: $S_x=E\,xx^\top$ of the test inputs, ``(d, d)``, for the gaps; when
            left out they are the columns of $X$ with fresh labels.
        seed: of the draws, for ranks between 0 and full.
        progress: called with the width of the interval after every round of draws.

    Returns:
        The terms, their sum, the mutual information, the divergence, and the generalisation gaps
        with the bounds that hold.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.

    Example:
        >>> result = decompose([[1.0]], [[0.5]], noise_std=1.0)
        >>> print(f"{result.bound:.6f} {result.divergence:.6f} {result.dominant}")
        0.859375 0.270048 posterior spread
        >>> low, high = result.gaps.chernoff
        >>> print(f"{low:.4f} <= {result.gaps.student:.4f} <= {high:.4f}")
        -0.2257 <= 0.8125 <= 2.2257
    """
    seed = _check.integer("seed", seed, low=0)
    with jax.enable_x64(True):
        prepared = prepared_design(
            inputs,
            true_weights,
            labels,
            prior_precision=prior_precision,
            inverse_temperature=inverse_temperature,
            noise_std=noise_std,
            student_covariance=student_covariance,
            null=null,
        )
        moment = None
        if test_second_moment is not None:
            features = prepared.design.inputs.shape[0]
            moment = _check.covariance("test_second_moment", test_second_moment, features)
        return _decompose(prepared, rank, null, moment, seed, progress)


def _decompose(
    prepared: PreparedDesign,
    rank: Any,
    null: algorithm_shift.NullConvention,
    moment: _check.FloatArray | None,
    seed: int,
    progress: Callable[[float], None] | None,
) -> Decomposition:
    design = prepared.design
    summary = accurate_spectrum(design)
    num_features, num_samples = design.inputs.shape
    found_rank, full_rank = student_rank(rank, summary, null)
    regime: algorithm_shift.Rank = "zero" if found_rank == 0 < full_rank else "full"
    found = through_kept(_bound_terms, summary, regime=regime, null=null)
    values, slopes, shift = jax.device_get(found)
    if 0 < found_rank < full_rank:
        student = _sampled_student(prepared, summary, found_rank, seed, progress)
    else:
        student = _closed_student(prepared, summary, regime, null)
    values = np.array([*values[:3], student.bottleneck, values[3], student.mismatch])
    low, high = (float(shift) + end for end in student.interval)
    bound, divergence = float(np.sum(values)), low if low == high else (low + high) / 2
    information = bound - divergence if student.information is None else student.information
    terms = _terms(values, slopes, student, found_rank, full_rank, design.student_covariance)
    return Decomposition(
        heading="Distillation divergence" + (" under the fitted model" if prepared.fitted else ""),
        fitted=prepared.fitted,
        fitted_noise=prepared.fitted_noise,
        terms=terms,
        dominant=max(terms, key=lambda term: term.value).name,
        bound=bound,
        mutual_information=information,
        divergence=divergence,
        interval=(low, high),
        level=student.level,
        gaps=_gaps(prepared, summary, student, high, null, moment),
        num_features=num_features,
        num_samples=num_samples,
        num_outputs=design.true_weights.shape[0],
        design_rank=num_features - int(summary.num_null),
        prior_precision=float(design.prior_precision),
        inverse_temperature=float(design.inverse_temperature),
        noise_std=float(design.noise_std),
        rank=found_rank,
        null=null,
        student_covariance="teacher's" if design.student_covariance is None else "given",
    )


def _closed_student(
    prepared: PreparedDesign,
    summary: DesignSpectrum,
    regime: algorithm_shift.Rank,
    null: algorithm_shift.NullConvention,
) -> _Student:
    """Returns what depends on a student of rank zero or of full rank."""
    design = prepared.design
    found = jax.device_get(through_kept(_closed_forms, design, summary, regime=regime, null=null))
    mismatch, bottleneck, shift, information, gap = map(float, found)
    return _Student(
        mismatch=mismatch,
        bottleneck=bottleneck,
        bottleneck_error=0.0,
        interval=(shift, shift),
        information=information,
        gap=gap,
        gap_error=0.0,
        level=None,
    )


@functools.partial(jax.jit, static_argnames=("regime", "null"))
def _closed_forms(
    design: LinearGaussianDesign,
    summary: DesignSpectrum,
    regime: algorithm_shift.Rank,
    null: algorithm_shift.NullConvention,
) -> tuple[Float[Array, ""], ...]:
    """Returns mismatch, bottleneck, algorithm shift, information and gap, from one program."""
    options: dict[str, Any] = {"rank": regime, "null": null}
    if design.student_covariance is None:
        mismatch = jnp.zeros(())
        shift = algorithm_shift.algorithm_shift_exact(summary, **options)
        information = algorithm_shift.mutual_information(summary, **options)
    else:
        mismatch = student_covariance.general_covariance_mismatch(design)
        shift = student_covariance.general_algorithm_shift_exact(design, **options)
        information = student_covariance.general_mutual_information(design, **options)
    bottleneck = algorithm_shift.bottleneck(summary, rank=regime)
    gap = gaps.student_gap(summary, float(design.inputs.shape[1]), rank=regime)
    return mismatch, bottleneck, shift, information, gap


def _sampled_student(
    prepared: PreparedDesign,
    summary: DesignSpectrum,
    rank: int,
    seed: int,
    progress: Callable[[float], None] | None,
) -> _Student:
    """Returns what depends on a student of a rank between zero and full, by sampling."""
    design = prepared.design
    if design.student_covariance is not None:
        _check.refuse(
            "rank",
            f"{rank}, between 0 and full, with a student covariance of its own",
            "the teacher's covariance, 0, or full rank",
            "Leave out one of the two.",
        )
    found = truncated.truncated_shift_within(
        design,
        rank,
        key=random_key(seed),
        tolerance=_NARROW * float(dataset_shift.dataset_shift_printed(summary)),
        share=_NARROW,
        max_evaluations=_MOST_DRAWS,
        progress=None if progress is None else lambda result: progress(result.width),
    )
    return _Student(
        mismatch=0.0,
        bottleneck=found.rank_loss.mean,
        bottleneck_error=found.rank_loss.standard_error,
        interval=found.interval,
        information=None,
        gap=found.generalisation_gap.mean,
        gap_error=found.generalisation_gap.standard_error,
        level=found.level,
    )


def _gaps(
    prepared: PreparedDesign,
    summary: DesignSpectrum,
    student: _Student,
    divergence: float,
    null: algorithm_shift.NullConvention,
    moment: _check.FloatArray | None,
) -> Gaps:
    """Returns the generalisation gaps, and the bounds at the given divergence."""
    design = prepared.design
    own: float | None = student.gap
    if moment is None:
        samples = float(design.inputs.shape[1])
        found = through_kept(gap_bounds.gap_bounds, summary, samples, divergence)
    else:
        moments = jnp.asarray(moment)
        found = gap_bounds.gap_bounds_random(design, moments, divergence)
        full = student.level is None and student.bottleneck == 0.0
        own = None
        if full:
            own = float(gaps_random.student_gap_random(design, moments, null=null))
    return Gaps(
        test_inputs="fixed" if moment is None else "second moment",
        teacher=float(found.teacher_gap),
        student=own,
        student_error=student.gap_error if moment is None else 0.0,
        chernoff=(float(found.chernoff_lower), float(found.chernoff_upper)),
        sub_gamma=(float(found.sub_gamma_lower), float(found.sub_gamma_upper)),
    )


def _terms(
    values: np.ndarray,
    slopes: np.ndarray,
    student: _Student,
    rank: int,
    full_rank: int,
    covariance: Any,
) -> tuple[Term, ...]:
    """Returns the terms with their meanings, and what would lower each."""
    fixed = {
        "rank bottleneck": _rank_remedy(values[3], rank, full_rank),
        "geometry mismatch": "nothing: the student has the teacher's posterior covariance"
        if covariance is None
        else "give the student the teacher's posterior covariance",
    }
    moved = dict(zip((*TERMS[:3], "posterior spread"), slopes, strict=True))
    return tuple(
        Term(
            name,
            float(value),
            MEANINGS[name],
            fixed.get(name) or _remedy(float(value), moved[name]),
            student.bottleneck_error if name == "rank bottleneck" else 0.0,
        )
        for name, value in zip(TERMS, values, strict=True)
    )


@functools.partial(jax.jit, static_argnames=("regime", "null"))
def _bound_terms(
    summary: DesignSpectrum, regime: algorithm_shift.Rank, null: algorithm_shift.NullConvention
) -> tuple[Float[Array, "terms"], Float[Array, "terms settings"], Float[Array, ""]]:
    r"""Returns the teacher's terms and the spread, and their derivatives in $\lambda$ and $\beta$.

    And, from the same program, the exact dataset shift.
    The rank matters for the null space only: a student of full rank may copy the teacher there.
    """

    def terms(settings: Float[Array, "settings"]) -> Float[Array, "terms"]:
        moved = dataclasses.replace(
            summary, prior_precision=settings[0], inverse_temperature=settings[1]
        )
        return jnp.stack(
            [
                dataset_shift.teacher_bias(moved),
                dataset_shift.teacher_estimation_noise(moved),
                dataset_shift.teacher_posterior_variance(moved),
                algorithm_shift.spread(moved, rank=regime, null=null),
            ]
        )

    point = jnp.stack([summary.prior_precision, summary.inverse_temperature])
    return terms(point), jax.jacfwd(terms)(point), dataset_shift.dataset_shift_exact(summary)


def _remedy(value: float, slopes: np.ndarray) -> str:
    """Returns which way to move the two settings, from the term's own derivatives."""
    if value == 0.0:
        return "nothing: it is zero"
    moves = [
        f"a {'lower' if slope > 0 else 'higher'} {name}"
        for name, slope in zip(("prior precision", "inverse temperature"), slopes, strict=True)
        if slope != 0.0
    ]
    return " or ".join(moves) or "nothing: neither hyperparameter moves it here"


def _rank_remedy(value: float, rank: int, full: int) -> str:
    if rank >= full:
        return "nothing: the student's rank is full"
    if value < 0:
        return "nothing: below zero, ignoring the teacher is cheaper than following it"
    return f"a student of higher rank; it is zero from rank {full} on"
