"""Adapters of the linear-Gaussian golden sections: inputs -> what the package returns."""

import jax.numpy as jnp

from kdtheory.gaussian import matrix_normal_kl
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian import (
    algorithm_shift,
    dataset_shift,
    given_data,
    student_covariance,
    terms,
    worlds,
)


def _array(value):
    return jnp.asarray(value, dtype=float)


def design_of(inputs, covariance=None):
    return LinearGaussianDesign.create(
        inputs["X"],
        inputs["Ws"],
        prior_precision=inputs["lam"],
        inverse_temperature=inputs["beta"],
        noise_std=inputs["nu"],
        student_covariance=covariance,
    )


def _of_spectrum(function):
    return lambda inputs: function(spectrum(design_of(inputs)))


def _given_data(function):
    return lambda inputs: function(design_of(inputs), _array(inputs["Y"]))


def _posterior(inputs):
    settings = (float(inputs[name]) for name in ("lam", "beta", "nu"))
    return given_data.gibbs_posterior(_array(inputs["X"]), _array(inputs["Y"]), *settings)


def _matrix_normal(inputs):
    def law(which):
        mean = _array(inputs["M" + which])
        rows, columns = inputs.get("U" + which), inputs.get("V" + which)
        return (
            mean,
            jnp.eye(mean.shape[0]) if rows is None else _array(rows),
            jnp.eye(mean.shape[1]) if columns is None else _array(columns),
        )

    return matrix_normal_kl(*law("1"), *law("2"))


def _totals(null, *, halved):
    """All five numbers for one null convention, with Sigma_S = Sigma_T or Sigma_T/2 + I/10."""

    def adapter(inputs):
        summary = spectrum(design_of(inputs))
        if halved:
            covariance = _posterior(inputs)[1]
            design = design_of(inputs, 0.5 * covariance + 0.1 * jnp.eye(len(covariance)))
            mismatch = student_covariance.general_covariance_mismatch(design)
            shift = student_covariance.general_algorithm_shift_exact(design, null=null)
        else:
            mismatch = algorithm_shift.covariance_mismatch(summary)
            shift = algorithm_shift.algorithm_shift_exact(summary, null=null)
        bound = algorithm_shift.spread(summary, null=null) + mismatch
        return {
            "K_total": dataset_shift.dataset_shift_exact(summary) + shift,
            "K_algorithm": shift,
            "J_total": dataset_shift.dataset_shift_printed(summary) + bound,
            "J_algorithm": bound,
            "Cov": mismatch,
        }

    return adapter


def one_direction(function):
    """One direction with k = s = nu = 1, W* = 0 and the prior precision that gives this rho."""

    def adapter(inputs):
        rho, beta = float(inputs["rho"]), float(inputs["beta"])
        precision = beta * (1 - rho) / rho
        case = worlds.spectrum_case(
            [1.0], [0.0], prior_precision=precision, inverse_temperature=beta
        )
        return function(case)

    return adapter


def _term(name):
    return one_direction(lambda case: getattr(terms.direction_terms(case), name)[0])


ADAPTERS = {
    ("kl_matrix_normal", "kl"): _matrix_normal,
    ("lemma11_gibbs", "Sigma_T"): lambda inputs: _posterior(inputs)[1],
    ("lemma11_gibbs", "Wbar"): lambda inputs: _posterior(inputs)[0],
    ("lemma11_gibbs", "vec_mean"): lambda inputs: _posterior(inputs)[0].T.reshape(-1, 1),
    ("lemma11_gibbs", "vec_cov"): lambda inputs: jnp.kron(
        _posterior(inputs)[1], jnp.eye(len(inputs["Y"]))
    ),
    ("dataset_shift", "Bias"): _given_data(given_data.bias_given_data),
    ("dataset_shift", "Var"): _of_spectrum(dataset_shift.posterior_label_variance),
    ("dataset_shift", "paper_given_D"): _given_data(given_data.dataset_shift_given_data_printed),
    ("dataset_shift", "exact_given_D"): _given_data(given_data.dataset_shift_given_data_exact),
    ("dataset_shift", "EBias"): _of_spectrum(dataset_shift.expected_bias),
    ("dataset_shift", "exact_unconditional_U"): _of_spectrum(dataset_shift.dataset_shift_exact),
    ("dataset_shift", "E_exact_given_D_C"): _of_spectrum(
        dataset_shift.dataset_shift_expected_exact
    ),
    ("dataset_shift", "paper_expected_B"): _of_spectrum(dataset_shift.dataset_shift_printed),
    ("dataset_shift", "literal_misreading"): _of_spectrum(dataset_shift.dataset_shift_literal),
    ("algorithm_shift_fullrank", "spread_A_expected"): _of_spectrum(
        lambda summary: algorithm_shift.spread(summary, null="identity")
    ),
    ("algorithm_shift_fullrank", "rank"): lambda inputs: (
        len(inputs["X"]) - spectrum(design_of(inputs)).num_null
    ),
    **{
        ("algorithm_shift_fullrank", f"{null}|Sigma_S=Sigma_T{suffix}"): _totals(
            null, halved=bool(suffix)
        )
        for null in ("minnorm", "identity")
        for suffix in ("", "/2+0.1I")
    },
    ("per_direction", "t"): _term("label_excess"),
    ("per_direction", "c1"): _term("residual_variance"),
    ("per_direction", "q"): _term("mismatch"),
    ("per_direction", "dataset_U"): one_direction(dataset_shift.dataset_shift_exact),
    ("per_direction", "dataset_B"): one_direction(dataset_shift.dataset_shift_printed),
    ("per_direction", "alg_exact_vs1"): one_direction(algorithm_shift.algorithm_shift_exact),
    ("per_direction", "alg_bound_vs1"): one_direction(algorithm_shift.algorithm_shift_bound),
}

REASONS = {
    ("lemma11_gibbs", "max_dev"): "a check of the reference against itself",
    ("per_direction", "D"): "an intermediate of the reference: beta (1 + t)",
}
