"""Claims on the reading at the true data, on the spread given the data, and on its mean."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import OURS, Case, Claim, Finding, Relation, Source, TextExamined
from kdtheory.domains import Domain
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    axes,
    dense,
    draws,
    given_data,
    true_data,
    worlds,
)
from kdtheory.theorems.linear_gaussian.algorithm_shift import NullConvention
from kdtheory.theorems.linear_gaussian.claims_divergence import APPENDIX
from kdtheory.theorems.linear_gaussian.worlds import (
    design_case,
    scaled,
    spectrum_case,
    student_case,
)
from kdtheory.theorems.papers import LI_HE

_WORDS = {"minnorm": "min-norm student", "identity": "student that copies the null space"}


ALGORITHM_SHIFT_TRUE_DATA = Claim(
    slug="linear_gaussian/algorithm_shift_true_data",
    title="The algorithm shift is at most 2 spread + Cov, with the kernel at the true data",
    statement=r"E\,\mathrm{KL}(q_S(\cdot|\hat D)\,\|\,q_T(\cdot|\hat D))"
    r" \le 2E\,\mathrm{apx} + E\|W_T-\bar W(D_n)\|^2_{\Sigma_T^{-1}}"
    r" + \mathrm{Cov}(\Sigma_S,\Sigma_T) = kd + \mathrm{Cov},\quad M^* = I",
    source=Source(LI_HE, "bound on the algorithm shift, kernel at the true data", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.READING_DEPENDENT,
    what_survives="the same with the kernel at the pseudo data, as the chain rule needs it, and"
    " without the factor 2: linear_gaussian/algorithm_shift_pseudo, stated there for"
    " M* = XX^+ (M* = I adds k/2 per null direction to its spread)",
    lhs=scaled(algorithm_shift.algorithm_shift_exact, null="identity"),
    rhs=scaled(true_data.algorithm_shift_true_data, null="identity"),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.student_unit,
    terms={
        "spread at the true data": lambda summary, *_: true_data.posterior_spread(
            summary, null="identity"
        ),
        "Cov": scaled(algorithm_shift.covariance_mismatch),
    },
    counterexample=Case(
        "a cold teacher",
        lambda: student_case(spectrum_case([1.0], [0.0], inverse_temperature=4.0), [1.0]),
        "k = d = n = 1, X = 1, W* = 0, lambda = nu = 1, beta = 4, Sigma_S = Sigma_T: 1.09 against"
        " 1, which does not see that the refitted teacher moves",
    ),
    axes=(axes.student_temperature(0.0),),
)


COMPACT_TRUE_DATA = Claim(
    slug="linear_gaussian/compact_true_data",
    title="The compact decomposition, with the teacher's kernel at the true data",
    statement=r"K_n \le E\tfrac{1}{2\nu^2}(\mathrm{Bias}+k\mathrm{Var})"
    r" + 2E\,\mathrm{apx} + E\|W_T-\bar W(D_n)\|^2_{\Sigma_T^{-1}}"
    r" + \mathrm{Cov}(\Sigma_S,\Sigma_T),\quad M^* = I",
    source=Source(LI_HE, "compact decomposition, kernel at the true data", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.READING_DEPENDENT,
    what_survives="the same with the kernel at the pseudo data, as the chain rule needs it, and"
    " without the factor 2: linear_gaussian/divergence_bound, stated there for"
    " M* = XX^+ (M* = I adds k/2 per null direction to its spread)",
    lhs=scaled(algorithm_shift.divergence_exact, null="identity"),
    rhs=scaled(true_data.divergence_true_data, null="identity"),
    domain=worlds.students,
    sizes=worlds.SPECTRUM_SIZES,
    scale=worlds.student_unit,
    terms=ALGORITHM_SHIFT_TRUE_DATA.terms,
    counterexample=Case(
        "a cold teacher with a bias",
        lambda: student_case(spectrum_case([1.0], [4.0], inverse_temperature=4.0), [1.0]),
        "k = d = n = 1, X = 1, W* = 2, lambda = nu = 1, beta = 4, Sigma_S = Sigma_T: 1.541 against"
        " 1.5, which does not see the prior's pull on the refitted mean",
    ),
    axes=(axes.student_temperature(4.0),),
    uses=(ALGORITHM_SHIFT_TRUE_DATA.slug,),
)


def _labelled(size: tuple[int, ...]) -> Domain:
    return worlds.designs_and(size, "labels", size[0], size[2])


def _labelled_case(inputs: Any, true_weights: Any, labels: Any, **settings: float) -> Any:
    return design_case(inputs, true_weights, **settings), *arrays(labels)


def _spread_given_data(null: NullConvention) -> Claim:
    suffix = "" if null == "minnorm" else "_identity"
    return Claim(
        slug=f"linear_gaussian/spread_given_data{suffix}",
        title=f"The spread given the data in closed form, {_WORDS[null]}",
        statement=r"\tfrac12E\bigl[\|W_TM-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}\,\big|\,D_n\bigr] ="
        r" \tfrac12\sum_i[\lambda(1-\rho_i)|\bar Wu_i|^2+k(1-\rho_i)^2+k\beta\rho_i]"
        + ("" if null == "minnorm" else r"+\tfrac k2(d-\operatorname{rank}X)"),
        relation=Relation.EQ,
        lhs=lambda design, labels: given_data.spread_given_data(design, labels, null=null),
        rhs=lambda design, labels: dense.spread_given_data_dense(
            design, labels, worlds.student_map("full", null, design)
        ),
        domain=_labelled,
        sizes=worlds.DESIGN_SIZES,
        scale=lambda design, labels: (
            1.0 + given_data.spread_given_data(design, labels, null="identity")
        ),
        draws={"lhs": draws.spread_draw(null, given_labels=True)},
        tight=(
            Case(
                "one by one",
                lambda: _labelled_case([[1.0]], [[0.5]], [[0.8]]),
                "0.415",
            ),
        ),
        corners=(
            Case(
                "the prior as teacher",
                lambda: _labelled_case([[1.0]], [[0.5]], [[0.8]], inverse_temperature=0.0),
                "beta = 0: the refitted mean is zero",
            ),
            Case(
                "rank-deficient inputs",
                lambda: _labelled_case([[1.0, 1.0], [1.0, 1.0]], [[0.5, 0.5]], [[1.0, -2.0]]),
                "one null direction",
            ),
        ),
        axes=(axes.LABEL,),
        uses=("linear_gaussian/gibbs_posterior",),
    )


SPREAD_GIVEN_DATA = _spread_given_data("minnorm")
SPREAD_GIVEN_DATA_IDENTITY = _spread_given_data("identity")


def _mean_over_labels(null: NullConvention, design: LinearGaussianDesign) -> Scalar:
    """Averages the spread given the data over labels, exactly: it is quadratic in them.

    For a quadratic function the mean over N(m, nu^2 I) in N dimensions is the mean over the 2N
    points m +- nu sqrt(N) e_j.
    """
    signal = design.true_weights @ design.inputs
    count = signal.size
    reach = design.noise_std * jnp.sqrt(jnp.asarray(float(count), signal.dtype))
    steps = reach * jnp.eye(count, dtype=signal.dtype).reshape(count, *signal.shape)
    points = signal + jnp.concatenate([steps, -steps])
    each = jax.vmap(lambda labels: given_data.spread_given_data(design, labels, null=null))
    return jnp.mean(each(points))


def _spread_expected(null: NullConvention) -> Claim:
    suffix = "" if null == "minnorm" else "_identity"
    return Claim(
        slug=f"linear_gaussian/spread_expected{suffix}",
        title=f"The expected spread in closed form, {_WORDS[null]}",
        statement=r"E_{D_n}E[\mathrm{spread}\,|\,D_n] ="
        r" \tfrac12\sum_i[(1-\rho_i)^2\beta\rho_ib_i+kq_i]"
        + ("" if null == "minnorm" else r"+\tfrac k2(d-\operatorname{rank}X)"),
        relation=Relation.EQ,
        lhs=lambda design: algorithm_shift.spread(spectrum(design), null=null),
        rhs=lambda design: _mean_over_labels(null, design),
        domain=worlds.designs,
        sizes=worlds.DESIGN_SIZES,
        scale=lambda design: 1.0 + algorithm_shift.spread(spectrum(design), null="identity"),
        draws={"lhs": draws.spread_draw(null, given_labels=False)},
        tight=(
            Case("one by one", lambda: design_case([[1.0]], [[0.5]]), "0.453125"),
            Case(
                "the prior as teacher",
                lambda: design_case([[1.0]], [[0.5]], inverse_temperature=0.0),
                "beta = 0: the labels play no part, 1/2",
            ),
        ),
        corners=(
            Case(
                "rank-deficient inputs",
                lambda: design_case([[1.0, 1.0], [1.0, 1.0]], [[0.5, 0.5]]),
                "one null direction",
            ),
        ),
        axes=(axes.SINGLE_TEMPERATURE if null == "identity" else axes.DESIGN_TEMPERATURE,),
        uses=(SPREAD_GIVEN_DATA.slug if null == "minnorm" else SPREAD_GIVEN_DATA_IDENTITY.slug,),
    )


SPREAD_EXPECTED = _spread_expected("minnorm")
SPREAD_EXPECTED_IDENTITY = _spread_expected("identity")


def _range(design: LinearGaussianDesign) -> Any:
    return worlds.student_map("full", "minnorm", design)


def _lost_metric(design: LinearGaussianDesign) -> Any:
    kept = _range(design)
    snr = design.inverse_temperature / design.noise_std**2
    return design.prior_precision * kept + snr * design.inputs @ design.inputs.T


EXPECTED_APX_CROSS_ZERO = Claim(
    slug="linear_gaussian/expected_apx_cross_zero",
    title="The expected apx and cross of a student of rank zero in closed form",
    statement=r"E\,\mathrm{apx} - E\,\mathrm{cross} = \tfrac12E\|W_TP_X\|^2_{\Sigma_T^{-1}}"
    r"+\lambda E\|W_TP_X\|^2 ="
    r" \sum_i(\tfrac32-\rho_i)[\beta\rho_ib_i+k(1+\beta\rho_i)],\quad\kappa=0",
    relation=Relation.EQ,
    lhs=lambda design: (
        algorithm_shift.approximation(spectrum(design), rank="zero")
        - algorithm_shift.cross(spectrum(design), rank="zero")
    ),
    rhs=lambda design: dense.teacher_energy_dense(
        design, _lost_metric(design) + 2 * design.prior_precision * _range(design)
    ),
    domain=worlds.designs,
    sizes=worlds.DESIGN_SIZES,
    scale=lambda design: 1.0 + algorithm_shift.approximation(spectrum(design), rank="zero"),
    terms={
        "apx": lambda design: algorithm_shift.approximation(spectrum(design), rank="zero"),
        "cross": lambda design: algorithm_shift.cross(spectrum(design), rank="zero"),
    },
    draws={"apx": draws.lost_energy_draw("apx"), "cross": draws.lost_energy_draw("cross")},
    tight=(
        Case("one by one", lambda: design_case([[1.0]], [[0.5]]), "fit 1/2: 1.625 in all"),
        Case(
            "the prior as teacher",
            lambda: design_case([[1.0]], [[0.5]], inverse_temperature=0.0),
            "beta = 0: 3/2",
        ),
    ),
    corners=(
        Case(
            "rank-deficient inputs",
            lambda: design_case([[1.0, 1.0], [1.0, 1.0]], [[0.5, 0.5]]),
            "the null direction takes no part",
        ),
    ),
    axes=(axes.DESIGN_TEMPERATURE,),
    uses=("linear_gaussian/apx_cross_spread_0",),
)


def _ghost_bound(design: LinearGaussianDesign, labels: Any) -> Scalar:
    return given_data.dataset_shift_given_data_printed(design, labels) + true_data.posterior_spread(
        spectrum(design)
    )


GHOST_LABELS = Claim(
    slug="linear_gaussian/ghost_labels",
    title="What the terms at the true data bound: the divergence from a teacher with ghost labels",
    statement=r"\mathrm{KL}(\hat Y,\Theta\,\|\,Y',W_T\;|\;D_n)"
    r" \le \tfrac{1}{2\nu^2}(\mathrm{Bias}(D_n)+k\,\mathrm{Var}(D_n))"
    r" + \tfrac12E\bigl[\|W_TXX^+-\bar W\|^2_{\Sigma_T^{-1}}\,\big|\,D_n\bigr],"
    r"\quad Y'\perp W_T\,|\,X,\ \Sigma_S=\Sigma_T",
    source=OURS,
    lhs=lambda design, labels: dense.ghost_divergence_dense(design, labels, _range(design)),
    rhs=_ghost_bound,
    domain=_labelled,
    sizes=worlds.DESIGN_SIZES,
    # A divergence from dense matrices is a difference of numbers of this size.
    scale=lambda design, labels: 1.0 + _ghost_bound(design, labels),
    tight=(
        Case(
            "no inputs",
            lambda: _labelled_case([[0.0]], [[0.5]], [[0.8]]),
            "nothing is taught: both sides are 0",
        ),
    ),
    corners=(
        Case(
            "the prior as teacher",
            lambda: _labelled_case([[1.0]], [[0.5]], [[0.8]], inverse_temperature=0.0),
            "beta = 0: the labels play no part",
        ),
    ),
    axes=(axes.LABEL,),
    uses=("linear_gaussian/dataset_shift_given_data",),
)
