"""What `make test-device` says of the device, and when it goes no further."""

import device
import jax


def test_the_cpu_has_both_precisions(capsys):
    assert device.main("") == device.main("cpu") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second == f"JAX {jax.__version__}, 1 x cpu (cpu), float64 and float32"


def test_a_device_that_is_not_there_is_told(capsys):
    assert device.main("tpu") == device.main("cuda") == 1
    told = capsys.readouterr().out
    assert "DEVICE: got 'tpu'; expected 'cpu', what JAX finds here." in told
    assert "DEVICE: got 'cuda'; expected 'cpu'" in told


def test_a_device_without_float64_is_asked_for_float32_only(monkeypatch):
    """One refuses float64, one takes all of it for float32, and one a single function."""

    def refusing(_):
        raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: f64")

    def narrow(function):
        return lambda *given: function(*(x.astype("float32") for x in given))

    compiled = jax.jit
    one = lambda function: (narrow if function is jax.numpy.exp else compiled)(function)  # noqa: E731
    for jit in (refusing, narrow, one):
        monkeypatch.setattr(jax, "jit", jit)
        assert device.precisions() == ["float32"]
