"""Sharpness of a user's loss: what is refused, and in which words."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory import flatness
from kdtheory._check import InputError

pytestmark = pytest.mark.xdist_group("flatness")

DATA = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0]]), np.array([1.0, -1.0, 1.0])
POINT = np.array([0.5, -0.25])


def linear(parameters, example):
    return example[1] * (example[0] @ parameters)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": 3}, "loss: got int"),
        ({"loss": lambda p, e: e[0]}, r"loss: got a result of shape \(2,\) for one example"),
        ({"loss": lambda p, e: (p @ e[0], 1.0)}, r"drop auxiliary results"),
        ({"loss": lambda p, e: (p @ e[0] > 0).astype(int)}, "loss: got a result of dtype int64"),
        ({"loss": lambda p, e: jnp.mean(e[0] @ p, axis=1)}, "on one example; expected a function"),
        ({"loss": lambda p, e: p["w"] @ e[0]}, "loss: got .*on one example"),
        ({"loss": lambda p, e: float(p @ e[0])}, "loss: got ConcretizationTypeError"),
        ({"loss": lambda p, e: jnp.log(p @ e[0] * 0.0)}, "loss: got -inf at example 0 of data"),
        (
            {"loss": lambda p, e: jnp.sqrt(jnp.sum((p - POINT) ** 2))},
            "a gradient at the parameters",
        ),
        ({"parameters": np.array([1, 2])}, "parameters: got dtype int64"),
        ({"parameters": {"w": [np.nan, 1.0]}}, r"parameters\['w'\].*got nan"),
        ({"parameters": {}}, "parameters: got no numbers"),
        ({"parameters": {"w": "a"}}, r"parameters\['w'\]: got dtype"),
        ({"data": (DATA[0], DATA[1][:2])}, r"data: got data\[0\] with 3, data\[1\] with 2"),
        ({"data": (DATA[0], 1.0)}, r"data\[1\]: got a single number"),
        ({"data": (DATA[0] + np.inf, DATA[1])}, r"data\[0\]: got .* at index"),
        ({"data": (DATA[0], ["a", "b", "c"])}, r"data\[1\]"),
        ({"data": (DATA[0][:0], DATA[1][:0])}, "data: got no examples"),
        ({"data": ()}, "data: got no arrays"),
        ({"heldout": (DATA[0][:, :1], DATA[1])}, "heldout: got examples of shapes"),
        ({"heldout": (DATA[0] * np.nan, DATA[1])}, r"heldout\[0\]: got nan"),
        ({"radius": 0.0}, "radius: got 0; expected positive"),
        ({"radius": [0.1, -1.0]}, "radius: got -1"),
        ({"radius": []}, "radius: got an empty"),
        ({"radius": math.nan}, "radius: got nan"),
        ({"num_draws": 1}, "num_draws: got 1"),
        ({"level": 1.0}, "level: got 1"),
        ({"seed": -1}, "seed: got -1"),
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"loss_range": (1.0, 0.0)}, "loss_range: got"),
        ({"divergence": -0.1}, "divergence: got -0.1"),
        ({"stability": -1.0}, "stability: got -1"),
        ({"smoothness": math.inf}, "smoothness: got inf"),
        ({"lipschitz": 0.1, "gradient_bound": 0.2}, "lipschitz: got 0.1 with a gradient_bound"),
    ],
)
def test_refusals(changes, message):
    arguments = {"loss": linear, "parameters": POINT, "data": DATA, "radius": 0.1} | changes
    with pytest.raises(InputError, match=message) as caught:
        flatness.sharpness(**arguments)
    assert "expected" in str(caught.value)
