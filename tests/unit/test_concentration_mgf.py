"""Log-mgf, tilts and their divergence against mpmath with 50 digits."""

import finite_laws as twins
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from kdtheory import concentration
from kdtheory.concentration import _tilting as tilting

pytestmark = pytest.mark.usefixtures("strict")

ARGUMENTS = np.array(
    [
        sign * size
        for sign in (1, -1)
        for size in (1e-140, 1e-9, 1e-3, 0.3, 1.0, 7.0, 40.0, 900.0, 1e5)
    ]
)


def everywhere(function):
    """Evaluates a function of (values, probs, argument) at all laws and arguments, one program."""
    over_arguments = jax.vmap(function, (None, None, 0))
    values, probs = twins.stacked()
    arrays = map(jnp.asarray, (values, probs, ARGUMENTS))
    return np.asarray(jax.jit(jax.vmap(over_arguments, (0, 0, None)))(*arrays))


@pytest.fixture(scope="module")
def computed():
    functions = ("centred_log_mgf", "log_mgf", "tilted_probs", "tilt_divergence")
    with jax.enable_x64(True):
        return {name: everywhere(getattr(concentration, name)) for name in functions}


@pytest.mark.parametrize("name", twins.LAWS)
def test_against_mpmath(name, computed):
    # 1e-140 squared leaves the first 280 digits of a difference equal.
    row = list(twins.LAWS).index(name)
    with mpmath.workdps(360):
        law = twins.exact(name)
        for column, argument in enumerate(map(float, ARGUMENTS)):
            got = {key: table[row, column] for key, table in computed.items()}
            centred = twins.centred_log_mgf(law, argument)
            plain = twins.log_mgf(law, argument)
            tilt = twins.tilted(law, argument)
            away = twins.divergence(law, tilt)
            # Deviations have a relative error of some units of 2^-53, exponents that of l x, and
            # below the smallest normal number (4e-308) there is nothing.
            relative = 1e-14 * (1 + abs(argument) * 1e-3)
            assert abs(got["centred_log_mgf"] / centred - 1) < relative or centred < 4e-308
            assert abs(got["log_mgf"] - plain) < 1e-14 * max(1, abs(plain)) + 1e-15 * abs(argument)
            assert abs(got["tilt_divergence"] - away) < 1e-11 * away + 4e-308
            expected = [float(q) for _, q in tilt]
            np.testing.assert_allclose(
                got["tilted_probs"][: len(tilt)], expected, rtol=1e-10, atol=1e-300
            )
            assert not got["tilted_probs"][len(tilt) :].any()


def test_the_tilt_of_a_fair_coin():
    # E_tilt X = tanh l and Var = 1/cosh^2 l for X = +-1.
    law = tilting.centred(jnp.array([-1.0, 1.0]), jnp.array([0.5, 0.5]))
    for argument in (1e-8, 0.5, 3.0, -20.0):
        at = tilting.tilt(law, jnp.asarray(argument) * law.unit)
        mean = float(tilting.tilted_mean(law, at) * law.unit)
        assert mean == pytest.approx(np.tanh(argument), rel=1e-14)
        spread = float(tilting.tilted_variance(law, at) * law.unit**2)
        assert spread == pytest.approx(1 / np.cosh(argument) ** 2, rel=1e-12)


def test_gradients_are_those_of_the_tilt():
    # d/dl log E e^{lX} = E_tilt X and d/dx_i = l q_i.
    values, probs = map(jnp.asarray, twins.padded("skewed"))
    tilt = concentration.tilted_probs(values, probs, 0.7)
    by_value, by_argument = jax.grad(concentration.log_mgf, (0, 2))(values, probs, jnp.asarray(0.7))
    np.testing.assert_allclose(by_value, 0.7 * tilt, rtol=1e-13)
    assert float(by_argument) == pytest.approx(float(jnp.sum(tilt * values)), rel=1e-13)
    at_zero = jax.grad(concentration.centred_log_mgf, 2)(values, probs, jnp.asarray(0.0))
    assert at_zero == 0


def test_a_constant_and_values_that_differ_by_far():
    half = jnp.array([0.5, 0.5])
    assert concentration.centred_log_mgf(jnp.array([3.0, 3.0]), half, 5.0) == 0
    assert concentration.tilt_divergence(jnp.array([3.0, 3.0]), half, 5.0) == 0
    assert float(concentration.log_mgf(jnp.array([3.0, 3.0]), half, 5.0)) == pytest.approx(15.0)
    # log((1 + e^{1e200})/2) = 1e200 - log 2, and the tilt is all at one atom.
    far = jnp.array([0.0, 1e200])
    assert concentration.log_mgf(far, half, 1.0) == 1e200
    assert float(concentration.tilt_divergence(far, half, 1.0)) == pytest.approx(np.log(2))


@pytest.mark.float32
def test_float32_is_accurate_where_the_plain_form_is_not():
    # psi(1e-3) = 5e-7 for a fair coin of +-1, below the spacing of numbers near one (1.2e-7).
    value = concentration.centred_log_mgf(jnp.array([-1.0, 1.0]), jnp.array([0.5, 0.5]), 1e-3)
    assert value.dtype == np.float32
    assert float(value) == pytest.approx(np.log(np.cosh(1e-3)), rel=3e-7)
