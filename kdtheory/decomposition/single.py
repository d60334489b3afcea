r"""The decomposition of the divergence for one given design, in numbers and in words.

$K_n = J - I$: the bound $J$ is the sum of the terms below, each of which has a cause that one can
act on, and $I = I(W_T; (\hat Y,\Theta)\,|\,X)$ is what the bound gives away.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from kdtheory.decomposition.inputs import PreparedDesign, closed_form, prepared_design
from kdtheory.objects.designs import DesignSpectrum
from kdtheory.objects.spectra import accurate_spectrum
from kdtheory.results import from_dict, to_dict
from kdtheory.theorems.linear_gaussian import algorithm_shift, dataset_shift, student_covariance

MEANINGS = {
    "teacher bias": "the prior pulls the teacher's mean away from the true weights",
    "teacher estimation noise": "the teacher's mean has fitted part of the label noise",
    "teacher posterior variance": "the Gibbs teacher is itself a random draw",
    "rank bottleneck": "a student of too small a rank cannot follow the teacher's weights",
    "posterior spread": "the teacher moves when it is refitted to the labels it has produced",
    "geometry mismatch": "the student's noise has another shape than the teacher's posterior",
}


@dataclasses.dataclass(frozen=True)
class Term:
    """One summand of the bound.

    Attributes:
        name: short name.
        value: its value in nats; only the rank bottleneck can be negative.
        meaning: what it measures, one line.
        remedy: what would lower it, one line.
    """

    name: str
    value: float
    meaning: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class Decomposition:
    r"""The divergence of a design, taken apart.

    Attributes:
        heading: what the numbers are about; "under the fitted model" if $W^*$ was estimated.
        fitted: whether $W^*$ is the least-squares estimate.
        fitted_noise: whether the noise is the residual standard deviation.
        terms: the summands of the bound.
        dominant: the name of the largest of them.
        bound: $J$, their sum.
        mutual_information: $I = J - K_n$.
        divergence: $K_n$, exact under the model.
        num_features: $d$.
        num_samples: $n$.
        num_outputs: $k$.
        design_rank: $\operatorname{rank}X$.
        prior_precision: $\lambda$.
        inverse_temperature: $\beta_T$.
        noise_std: $\nu$.
        rank: $\kappa$, the student's rank.
        null: the student's map on the null space of $X^\top$.
        student_covariance: "teacher's" or "given".
    """

    heading: str
    fitted: bool
    fitted_noise: bool
    terms: tuple[Term, ...]
    dominant: str
    bound: float
    mutual_information: float
    divergence: float
    num_features: int
    num_samples: int
    num_outputs: int
    design_rank: int
    prior_precision: float
    inverse_temperature: float
    noise_std: float
    rank: int
    null: str
    student_covariance: str

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Decomposition:
        """Rebuilds a decomposition from `to_dict`."""
        return from_dict(cls, data)


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
        rank: $\kappa$: full when left out or at least $\min(k,\operatorname{rank}X)$, or 0; between
            them the divergence has no closed form.
        student_covariance: $\Sigma_S$, symmetric positive semidefinite ``(d, d)``; the teacher's
            posterior covariance when left out. Where it is singular the bound is infinite, and
            the divergence finite as long as the teacher's randomness fills the gap.
        null: the student's map on the null space of $X^\top$: "minnorm", or "identity" for a
            student of rank $d$ that copies the teacher there.

    Returns:
        The terms, their sum, the mutual information and the exact divergence.

    Raises:
        InputError: if anything is missing, out of range or of the wrong shape.

    Example:
        >>> result = decompose([[1.0]], [[0.5]], noise_std=1.0)
        >>> print(f"{result.bound:.6f} {result.divergence:.6f} {result.dominant}")
        0.859375 0.270048 posterior spread
    """
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
        return _decompose(prepared, rank, null)


def _decompose(
    prepared: PreparedDesign, rank: Any, null: algorithm_shift.NullConvention
) -> Decomposition:
    design = prepared.design
    summary = accurate_spectrum(design)
    num_features, num_samples = design.inputs.shape
    num_outputs = design.true_weights.shape[0]
    found_rank, regime = closed_form(rank, summary, null)
    design_rank = num_features - int(summary.num_null)
    full_rank = min(num_outputs, design_rank)
    values, slopes = map(np.asarray, _bound_terms(summary, regime, null))
    given = design.student_covariance is not None
    options: dict[str, Any] = {"rank": regime, "null": null}
    if given:
        values = np.append(values, student_covariance.general_covariance_mismatch(design))
        shift = student_covariance.general_algorithm_shift_exact(design, **options)
        information = student_covariance.general_mutual_information(design, **options)
    else:
        values = np.append(values, 0.0)
        shift = algorithm_shift.algorithm_shift_exact(summary, **options)
        information = algorithm_shift.mutual_information(summary, **options)
    names = tuple(MEANINGS)
    fixed = {
        "rank bottleneck": _rank_remedy(values[3], regime, full_rank),
        "geometry mismatch": "give the student the teacher's posterior covariance"
        if given
        else "nothing: the student has the teacher's posterior covariance",
    }
    terms = tuple(
        Term(
            name,
            float(value),
            MEANINGS[name],
            fixed.get(name) or _remedy(float(value), slopes[names.index(name)]),
        )
        for name, value in zip(names, values, strict=True)
    )
    return Decomposition(
        heading="Distillation divergence" + (" under the fitted model" if prepared.fitted else ""),
        fitted=prepared.fitted,
        fitted_noise=prepared.fitted_noise,
        terms=terms,
        dominant=max(terms, key=lambda term: term.value).name,
        bound=float(np.sum(values)),
        mutual_information=float(information),
        divergence=float(dataset_shift.dataset_shift_exact(summary) + shift),
        num_features=num_features,
        num_samples=num_samples,
        num_outputs=num_outputs,
        design_rank=design_rank,
        prior_precision=float(design.prior_precision),
        inverse_temperature=float(design.inverse_temperature),
        noise_std=float(design.noise_std),
        rank=found_rank,
        null=null,
        student_covariance="given" if given else "teacher's",
    )


@functools.partial(jax.jit, static_argnames=("regime", "null"))
def _bound_terms(
    summary: DesignSpectrum, regime: algorithm_shift.Rank, null: algorithm_shift.NullConvention
) -> tuple[Float[Array, "terms"], Float[Array, "terms settings"]]:
    r"""Returns the terms of the bound but Cov, and their derivatives in $\lambda$ and $\beta$."""

    def terms(settings: Float[Array, "settings"]) -> Float[Array, "terms"]:
        moved = dataclasses.replace(
            summary, prior_precision=settings[0], inverse_temperature=settings[1]
        )
        return jnp.stack(
            [
                dataset_shift.teacher_bias(moved),
                dataset_shift.teacher_estimation_noise(moved),
                dataset_shift.teacher_posterior_variance(moved),
                algorithm_shift.bottleneck(moved, rank=regime),
                algorithm_shift.spread(moved, rank=regime, null=null),
            ]
        )

    point = jnp.stack([summary.prior_precision, summary.inverse_temperature])
    return terms(point), jax.jacfwd(terms)(point)


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


def _rank_remedy(value: float, regime: str, full: int) -> str:
    if regime == "full":
        return "nothing: the student's rank is full"
    if value < 0:
        return "nothing: below zero, ignoring the teacher is cheaper than following it"
    return f"a student of rank {full} or more, for which it is zero"
