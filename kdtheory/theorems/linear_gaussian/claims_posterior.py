"""Claims on the Gibbs posterior, on matrix normals, and on the dataset shift."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from kdtheory._numerics import arrays as _arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import Domain, box
from kdtheory.gaussian import gaussian_kl, matrix_normal_kl
from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import axes, dataset_shift, draws, given_data, worlds
from kdtheory.theorems.linear_gaussian.worlds import design_case, spectrum_case
from kdtheory.theorems.papers import LI_HE

APPENDIX = "appendix E"


def _posterior_domain(size: tuple[int, ...]) -> Domain:
    outputs, features, samples = size
    parts = box(-1, 1, features, samples) * box(-2, 2, outputs, samples)
    parts = parts * box(-2, 2, outputs, features) * box(1 / 4, 4) * box(0, 2) * box(1 / 2, 2)
    names = "inputs", "labels", "weights", "prior_precision", "inverse_temperature", "noise_std"
    return parts.named(*names)


def _gaussian_log_ratio(
    inputs: Any, labels: Any, weights: Any, precision: Any, beta: Any, noise_std: Any
) -> Scalar:
    """Log density of the stated posterior at the weights, minus the same at zero."""
    mean, covariance = given_data.gibbs_posterior(inputs, labels, precision, beta, noise_std)
    away = jnp.sum((weights - mean) * jnp.linalg.solve(covariance, (weights - mean).T).T)
    return 0.5 * (jnp.sum(mean * jnp.linalg.solve(covariance, mean.T).T) - away)


def _gibbs_log_ratio(
    inputs: Any, labels: Any, weights: Any, precision: Any, beta: Any, noise_std: Any
) -> Scalar:
    """The same of the prior times the tempered likelihood."""
    fit = jnp.sum((labels - weights @ inputs) ** 2) - jnp.sum(labels**2)
    return -0.5 * (precision * jnp.sum(weights**2) + beta / noise_std**2 * fit)


def _gibbs_unit(
    inputs: Any, labels: Any, weights: Any, precision: Any, beta: Any, noise_std: Any
) -> Scalar:
    fit = jnp.sum((labels - weights @ inputs) ** 2) + jnp.sum(labels**2)
    return 1.0 + precision * jnp.sum(weights**2) + beta / noise_std**2 * fit


GIBBS_POSTERIOR = Claim(
    slug="linear_gaussian/gibbs_posterior",
    title="The Gibbs teacher is a matrix normal",
    statement=r"e^{-\frac\lambda2\|W\|^2-\frac{\beta}{2\nu^2}\|Y-WX\|^2}"
    r" \propto \mathrm{MN}(\bar W, I, \Sigma_T)",
    source=Source(LI_HE, "Lemma 11", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.EQ,
    lhs=_gaussian_log_ratio,
    rhs=_gibbs_log_ratio,
    domain=_posterior_domain,
    sizes=worlds.DESIGN_SIZES,
    scale=_gibbs_unit,
    tight=(
        Case(
            "one by one",
            lambda: _arrays([[1]], [[0.8]], [[0.3]], 1, 1, 1),
            "mean 0.4, variance 1/2",
        ),
    ),
    corners=(
        Case(
            "zero temperature power",
            lambda: _arrays([[1]], [[0.8]], [[0.3]], 2, 0, 1),
            "the posterior is the prior",
        ),
        Case(
            "rank-deficient inputs",
            lambda: _arrays([[1, 1], [1, 1]], [[0.5, -1]], [[0.3, 2]], 0.5, 1, 1),
            "the prior alone speaks on the null space",
        ),
    ),
    axes=(axes.POSTERIOR,),
)


def _matrix_normals(size: tuple[int, ...]) -> Domain:
    rows, columns = size
    law = box(-2, 2, rows, columns) * box(-1, 1, rows, rows) * box(-1, 1, columns, columns)
    names = [f"{name}_{i}" for i in (1, 2) for name in ("mean", "row_factor", "col_factor")]
    return (law * law).named(*names)


def _laws(*factors: Any) -> tuple[Any, ...]:
    """Returns the laws with covariances I/2 + F F^T, regular and well conditioned."""

    def covariance(factor: Any) -> Any:
        return 0.5 * jnp.eye(len(factor), dtype=factor.dtype) + factor @ factor.T

    return tuple(
        value if index % 3 == 0 else covariance(value) for index, value in enumerate(factors)
    )


def _dense_matrix_normal_kl(
    mean_1: Any, row_cov_1: Any, col_cov_1: Any, mean_2: Any, row_cov_2: Any, col_cov_2: Any
) -> Scalar:
    return gaussian_kl(
        mean_1.T.ravel(),
        jnp.kron(col_cov_1, row_cov_1),
        mean_2.T.ravel(),
        jnp.kron(col_cov_2, row_cov_2),
    )


MATRIX_NORMAL_KL = Claim(
    slug="linear_gaussian/matrix_normal_kl",
    title="The divergence of matrix normals needs no Kronecker product",
    statement=r"\mathrm{KL}(\mathrm{MN}_1\|\mathrm{MN}_2) = \mathrm{KL}("
    r"N(\operatorname{vec}M_1, V_1\otimes U_1)\,\|\,N(\operatorname{vec}M_2, V_2\otimes U_2))",
    source=Source(LI_HE, "divergence of matrix normals", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    relation=Relation.EQ,
    lhs=lambda *factors: matrix_normal_kl(*_laws(*factors)),
    rhs=lambda *factors: _dense_matrix_normal_kl(*_laws(*factors)),
    domain=_matrix_normals,
    sizes=((2, 2), (1, 1), (2, 3)),
    scale=lambda *factors: 1.0 + _dense_matrix_normal_kl(*_laws(*factors)),
    draws={"lhs": draws.MATRIX_NORMAL_KL},
    tight=(
        Case(
            "same covariances",
            lambda: _arrays([[1, 2]], [[1]], jnp.eye(2), [[0, 1]], [[1]], jnp.eye(2)),
            "half the squared distance of the means in their unit, 4/9",
        ),
        Case(
            "one law written twice",
            lambda: _arrays([[1, 2]], [[1]], 0 * jnp.eye(2), [[1, 2]], [[0]], jnp.eye(2)),
            "(3U, V) and (U, 3V) are one law",
        ),
    ),
    axes=(axes.MEAN,),
)


def _given_data_unit(design: LinearGaussianDesign, labels: Any) -> Scalar:
    return worlds.at_least_tiny(given_data.dataset_shift_given_data_printed(design, labels))


DATASET_SHIFT_GIVEN_DATA = Claim(
    slug="linear_gaussian/dataset_shift_given_data",
    title="The dataset shift given the data is at most (Bias + k Var) / (2 nu^2)",
    statement=r"\mathrm{KL}(\hat Y|D_n\,\|\,Y)"
    r" \le \frac{1}{2\nu^2}(\mathrm{Bias}(D_n) + k\,\mathrm{Var}(D_n))",
    source=Source(LI_HE, "bound on the dataset shift", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=given_data.dataset_shift_given_data_exact,
    rhs=given_data.dataset_shift_given_data_printed,
    domain=lambda size: worlds.designs_and(size, "labels", size[0], size[2]),
    sizes=worlds.DESIGN_SIZES,
    scale=_given_data_unit,
    tight=(
        Case(
            "no inputs",
            lambda: (design_case([[0.0]], [[0.5]]), *_arrays([[0.3]])),
            "nothing is fitted: both sides are 0",
        ),
        Case(
            "strong prior",
            lambda: (design_case([[1.0]], [[0.5]], prior_precision=1e4), *_arrays([[0.3]])),
            "r -> 0 leaves the bias alone",
            limit=lambda t: (
                design_case([[1.0]], [[0.5]], prior_precision=1 / t),
                *_arrays([[0.3]]),
            ),
        ),
    ),
    corners=(
        Case(
            "the prior as teacher",
            lambda: (design_case([[1.0]], [[0.5]], inverse_temperature=0.0), *_arrays([[0.3]])),
            "beta = 0: the labels play no part",
        ),
    ),
    axes=(axes.LABEL,),
)


_NO_DIRECTION = Case(
    "no inputs",
    lambda: spectrum_case([0.0], [1.0], num_null=1.0),
    "an empty design: every term is 0",
)
_BIAS_ALONE = Case(
    "bias alone",
    lambda: spectrum_case([1.0], [1e16]),
    "a signal beside which the logarithm is nothing: both sides are the bias",
    limit=lambda t: spectrum_case([1.0], [1 / t]),
)
_PRIOR = Case(
    "the prior as teacher",
    lambda: spectrum_case([1.0], [0.25], inverse_temperature=0.0),
    "beta = 0: nothing of the labels is fitted",
)
_NO_SIGNAL = Case("no signal", lambda: spectrum_case([4.0, 1.0], [0.0, 0.0]), "W* = 0: no bias")


DATASET_SHIFT = Claim(
    slug="linear_gaussian/dataset_shift",
    title="The dataset shift is at most the expected (Bias + k Var) / (2 nu^2)",
    statement=r"\mathrm{KL}(\hat Y\|Y)"
    r" \le E\frac{1}{2\nu^2}(\mathrm{Bias}(D_n) + k\,\mathrm{Var}(D_n))",
    source=Source(LI_HE, "bound on the dataset shift", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    lhs=dataset_shift.dataset_shift_exact,
    rhs=dataset_shift.dataset_shift_printed,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.dataset_unit,
    draws={"lhs": draws.DATASET_SHIFT, "expected bias": draws.EXPECTED_BIAS},
    terms={
        "expected bias": dataset_shift.expected_bias,
        "teacher bias": dataset_shift.teacher_bias,
        "teacher estimation noise": dataset_shift.teacher_estimation_noise,
        "teacher posterior variance": dataset_shift.teacher_posterior_variance,
    },
    tight=(
        _NO_DIRECTION,
        _BIAS_ALONE,
        Case(
            "strong prior",
            lambda: spectrum_case([1.0], [1.0], prior_precision=1e4),
            "t -> 0 leaves the bias alone",
            limit=lambda t: spectrum_case([1.0], [1.0], prior_precision=1 / t),
        ),
    ),
    corners=(_PRIOR, _NO_SIGNAL),
    axes=(
        axes.NOISE,
        axes.precision(1.0),
    ),
    uses=("linear_gaussian/gibbs_posterior", "linear_gaussian/matrix_normal_kl"),
)


DATASET_SHIFT_LITERAL = dataclasses.replace(
    DATASET_SHIFT,
    slug="linear_gaussian/dataset_shift_literal",
    title="The bound on the dataset shift read without its bracket",
    statement=r"\mathrm{KL}(\hat Y\|Y)"
    r" \le E\bigl[\frac{1}{2\nu^2}\mathrm{Bias}(D_n) + k\,\mathrm{Var}(D_n)\bigr]",
    finding=Finding.READING_DEPENDENT,
    what_survives="the line with a bracket, linear_gaussian/dataset_shift; without it the two"
    " summands have different units",
    rhs=dataset_shift.dataset_shift_literal,
    draws={"lhs": draws.DATASET_SHIFT},
    terms={},
    tight=(_NO_DIRECTION,),
    corners=(),
    counterexample=Case(
        "small noise",
        lambda: spectrum_case(
            [1.0], [0.0], prior_precision=0.125, inverse_temperature=0.125, noise_std=0.125
        ),
        "k = d = n = 1, X = 1, W* = 0, lambda = beta = nu = 1/8: 3.28 against 0.61",
    ),
)
DATASET_SHIFT = dataclasses.replace(DATASET_SHIFT, corrects="linear_gaussian/dataset_shift_literal")


DATASET_SHIFT_MARGINAL = Claim(
    slug="linear_gaussian/dataset_shift_marginal",
    title="Averaging over the labels before the divergence makes it smaller",
    statement=r"\mathrm{KL}(\hat Y\|Y) \le E_{D_n}\mathrm{KL}(\hat Y|D_n\,\|\,Y)",
    source=OURS,
    lhs=dataset_shift.dataset_shift_exact,
    rhs=dataset_shift.dataset_shift_expected_exact,
    domain=worlds.spectra,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.dataset_unit,
    draws={"lhs": draws.DATASET_SHIFT},
    tight=(_NO_DIRECTION, dataclasses.replace(_PRIOR, note="the pseudo labels ignore the data")),
    corners=(_NO_SIGNAL,),
    axes=(axes.temperature(0.25),),
    uses=("linear_gaussian/dataset_shift",),
)


DATASET_SHIFT_EXPECTED = dataclasses.replace(
    DATASET_SHIFT_MARGINAL,
    slug="linear_gaussian/dataset_shift_expected",
    title="The expected dataset shift given the data is at most the expected bound",
    statement=r"E_{D_n}\mathrm{KL}(\hat Y|D_n\,\|\,Y)"
    r" \le E\frac{1}{2\nu^2}(\mathrm{Bias}(D_n) + k\,\mathrm{Var}(D_n))",
    lhs=dataset_shift.dataset_shift_expected_exact,
    rhs=dataset_shift.dataset_shift_printed,
    draws={},
    tight=(_NO_DIRECTION, _BIAS_ALONE),
    corners=(_PRIOR, _NO_SIGNAL),
    axes=(axes.precision(1.0),),
    uses=("linear_gaussian/dataset_shift_given_data",),
)
