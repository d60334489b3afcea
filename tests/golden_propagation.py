"""Adapters of the golden sections on how a teacher's uncertainty reaches a linear student."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory.propagation import linear, weights


def _array(value):
    read = np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])
    return jnp.asarray(read(np.array(value, dtype=object)))


def _design(inputs):
    """Returns X, the variances of single responses and those of the averages, and k."""
    design, k = _array(inputs["X"]), _array(inputs["k"])
    variances = _array(inputs["sigma_T2"]) * jnp.ones(len(design))
    return design, variances, linear.averaged_variance(variances, jnp.zeros(()), k), k


def _covariance(inputs):
    design, _, averaged, _ = _design(inputs)
    return linear.student_covariance(design, averaged)


def _hat_diagonal(inputs):
    design = _array(inputs["X"])
    return jnp.diagonal(linear.response_weights(design, design))


def _inter_on_average(inputs):
    design, _, averaged, _ = _design(inputs)
    return jnp.mean(linear.inter_student_variance(design, averaged, design))


def _inter_at_point(inputs):
    design, _, averaged, _ = _design(inputs)
    return linear.inter_student_variance(design, averaged, _array([inputs["x"]]))[0]


def _intra(inputs):
    design, _, averaged, _ = _design(inputs)
    return linear.intra_student_variance(design, averaged)


def _intra_pooled(inputs):
    design, variances, _, k = _design(inputs)
    return linear.pooled_intra_student_variance(design, variances, jnp.zeros(()), k)


def _heteroscedastic(function):
    return lambda inputs: function(_array(inputs["X"]), _array(inputs["sigma2"]))


def _pair(inputs):
    return tuple(_array(inputs[name]) for name in ("vT", "vS", "c"))


def _naive(inputs):
    return weights.inverse_variance_weights(jnp.stack(_pair(inputs)[:2]))


def _naive_variance(inputs, with_covariance):
    teacher, student, c = _pair(inputs)
    c = c if with_covariance else jnp.zeros(())
    covariance = jnp.array([[teacher, c], [c, student]])
    return weights.combined_variance(covariance, _naive(inputs))


def _of_degrees(function):
    return lambda inputs: function(_array(inputs["v"]), _array(inputs["df"]))


ADAPTERS = {
    ("linear", "cov"): _covariance,
    ("linear", "hat_diag"): _hat_diagonal,
    ("linear", "inter_train_mean"): _inter_on_average,
    ("linear", "inter_at_x"): _inter_at_point,
    ("linear", "intra_mle_mean"): _intra,
    ("linear", "intra_pooled_mean"): _intra_pooled,
    ("linear_heteroscedastic", "ols_cov"): _heteroscedastic(linear.student_covariance),
    ("linear_heteroscedastic", "wls_cov"): _heteroscedastic(linear.weighted_student_covariance),
    ("ivw", "w_opt"): lambda inputs: weights.pair_weight(*_pair(inputs)),
    ("ivw", "var_opt"): lambda inputs: weights.pair_variance(*_pair(inputs)),
    ("ivw", "w_naive"): lambda inputs: _naive(inputs)[0],
    ("ivw", "var_claimed"): lambda inputs: _naive_variance(inputs, with_covariance=False),
    ("ivw", "var_naive_actual"): lambda inputs: _naive_variance(inputs, with_covariance=True),
    ("ivw", "var_best_convex"): lambda inputs: weights.best_convex_variance(*_pair(inputs)),
    ("ivw", "min_single"): lambda inputs: jnp.minimum(*_pair(inputs)[:2]),
    ("graybill_deal_equal_df", "true_var"): _of_degrees(weights.estimated_weights_variance),
    ("graybill_deal_equal_df", "mean_claimed_var"): _of_degrees(weights.claimed_weights_variance),
    ("graybill_deal_equal_df", "oracle_var"): lambda inputs: weights.pair_variance(
        _array(inputs["v"]), _array(inputs["v"]), jnp.zeros(())
    ),
}
