"""Adapters of the golden sections on bare laws: inputs -> what the package returns."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from kdtheory import concentration
from kdtheory.divergences import kl_divergence
from kdtheory.gaussian import gaussian_kl
from kdtheory.theorems.linear_gaussian import quadratic_forms


def _array(value):
    """Reads numbers, decimals and fractions "p/q", nested or not."""
    read = np.vectorize(lambda entry: float(Fraction(entry)), otypes=[float])
    return jnp.asarray(read(np.array(value, dtype=object)))


def _law(inputs):
    return _array(inputs["x"]), _array(inputs["p"])


def _at_keys(function, keys):
    """Evaluates a function of a law and an argument at arguments written as text."""

    def adapter(inputs):
        return {key: function(*_law(inputs), float(key)) for key in keys}

    return adapter


def _finite_gap(inputs):
    """Lemma 6 on a finite set; the slack is the divergence from the tilt (dv_tilt)."""
    p, q, g = (_array(inputs[name]) for name in "PQg")
    divergence = kl_divergence(q, p)
    log_mgf = concentration.log_mgf(g, p, 1.0)
    slack = kl_divergence(q, concentration.tilted_probs(g, p, 1.0))
    return {
        "kl": divergence,
        "log_mgf": log_mgf,
        "lhs": jnp.sum(q * g),
        "rhs": divergence + log_mgf,
        "slack": slack,
    }


def _gaussian_gap(inputs):
    """P = N(0, 1), Q = N(m, s^2), g = a x + b x^2, so that P tilted by g is normal too."""
    m, s, a, b = (_array(inputs[name]) for name in "msab")
    # g = b + b (x^2 - 1) + a x.
    form = quadratic_forms.QuadraticForm(b, b[None], jnp.ones(1), a[None] ** 2)
    student = m[None], s[None, None] ** 2
    divergence = gaussian_kl(*student, jnp.zeros(1), jnp.eye(1))
    log_mgf = quadratic_forms.log_mgf(form, 1.0)
    shrunk = 1.0 / (1.0 - 2.0 * b)
    return {
        "kl": divergence,
        "log_mgf": log_mgf,
        "lhs": a * m + b * (m**2 + s**2),
        "rhs": divergence + log_mgf,
        "slack": gaussian_kl(*student, (a * shrunk)[None], shrunk[None, None]),
    }


def _gap(name):
    def adapter(inputs):
        return (_finite_gap if "P" in inputs else _gaussian_gap)(inputs)[name]

    return adapter


def _proxies(name):
    return lambda inputs: getattr(concentration.variance_proxies(*_law(inputs)), name)


def _mean(inputs):
    values, probs = _law(inputs)
    return jnp.sum(values * probs)


def _of_remark2(inputs):
    """The pairs of Remark 2 at the best argument, sqrt(2K)/s: mean - s sqrt(2K)."""
    proxy = concentration.variance_proxy_below(*_law(inputs))
    return jnp.sqrt(2.0 * _array(inputs["K"])), jnp.sqrt(proxy), _mean(inputs)


def _remark2_eta(inputs):
    root, deviation, _ = _of_remark2(inputs)
    return root / deviation


def _remark2_bound(inputs):
    root, deviation, mean = _of_remark2(inputs)
    return mean - deviation * root


def _remark2_valid(inputs):
    """Whether the best argument lies in the range of Remark 2, below 2 mean / s^2."""
    root, deviation, mean = _of_remark2(inputs)
    return bool((mean > 0) & (root * deviation < 2.0 * mean))


def _at_divergence(function, index, sign=1.0):
    return lambda inputs: sign * function(*_law(inputs), _array(inputs["K"]))[index]


_best = concentration.best_central_pair
_PSI = ("-3", "-0.5", "1e-6", "0.5", "3", "40")
_ETAS = (".01", ".5", "1", "2")

ADAPTERS = {
    **{("lemma6_dv", name): _gap(name) for name in ("kl", "log_mgf", "lhs", "rhs", "slack")},
    ("lemma7_subgaussian", "mean"): _mean,
    ("lemma7_subgaussian", "var"): _proxies("variance"),
    ("lemma7_subgaussian", "sigma2_plus"): _proxies("attained_above"),
    ("lemma7_subgaussian", "sigma2_minus"): _proxies("attained_below"),
    ("lemma7_subgaussian", "sigma2"): _proxies("attained"),
    ("lemma7_subgaussian", "argmax_plus"): _proxies("argument_above"),
    ("lemma7_subgaussian", "argmax_minus"): _proxies("argument_below"),
    ("lemma7_subgaussian", "psi"): _at_keys(concentration.centred_log_mgf, _PSI),
    ("lemma7_subgaussian", "kearns_saul"): _proxies("attained"),
    ("theorem10_central", "mean"): _mean,
    ("theorem10_central", "eta_max"): lambda inputs: concentration.largest_central_eta(
        *_law(inputs)
    ),
    ("theorem10_central", "chernoff_zero"): lambda inputs: concentration.informative_divergence(
        *_law(inputs)
    ),
    ("theorem10_central", "cc_lower"): _at_divergence(concentration.chernoff_lower, 0),
    ("theorem10_central", "cc_eta"): _at_divergence(concentration.chernoff_lower, 1, -1.0),
    ("theorem10_central", "c_star"): _at_keys(concentration.largest_central_c, _ETAS),
    ("theorem10_central", "sigma2_minus"): lambda inputs: concentration.variance_proxy_below(
        *_law(inputs)
    ),
    ("theorem10_central", "remark2_best_eta"): _remark2_eta,
    ("theorem10_central", "remark2_best_bound"): _remark2_bound,
    ("theorem10_central", "remark2_valid"): _remark2_valid,
    ("theorem10_central", "thm10_best"): _at_divergence(_best, 0),
    ("theorem10_central", "thm10_eta"): _at_divergence(_best, 1),
    ("theorem10_central", "thm10_c"): _at_divergence(_best, 2),
}
