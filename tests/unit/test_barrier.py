"""The barrier method: largest smallest eigenvalues that are known."""

import numpy as np
import pytest

from kdtheory.tools._barrier import centre


def test_a_positive_level_is_found_in_the_middle():
    # [[2, y], [y, 2]]: the smallest eigenvalue 2 - |y| is largest at y = 0; t stays below 1.
    level, (y,) = centre([2 * np.eye(2)], [np.array([[[0.0, 1.0], [1.0, 0.0]]])])
    assert 1e-3 < level < 1
    assert y == pytest.approx(0, abs=1e-6)


def test_a_face_has_level_zero():
    # [[1, y], [y, 1]] and [[y - 1]]: only y = 1 is left, and the kernel is (1, -1).
    level, (y,) = centre(
        [np.eye(2), -np.eye(1)], [np.array([[[0.0, 1.0], [1.0, 0.0]]]), np.array([[[1.0]]])]
    )
    assert level == pytest.approx(0, abs=1e-6)
    assert y == pytest.approx(1, abs=1e-5)


def test_an_empty_family_has_a_negative_level():
    # y and -y - 1 cannot both be positive: t = -1/2 at y = -1/2.
    level, (y,) = centre(
        [np.zeros((1, 1)), -np.eye(1)], [np.array([[[1.0]]]), np.array([[[-1.0]]])]
    )
    assert level == pytest.approx(-0.5, abs=1e-5)
    assert y == pytest.approx(-0.5, abs=1e-5)


def test_unbounded_families_and_nothing_to_choose():
    # diag(y): as large as one likes, but the method stops.
    level, (y,) = centre([np.zeros((1, 1))], [np.array([[[1.0]]])])
    assert level > 1e-3
    assert np.isfinite(y)
    level, free = centre([np.diag([1.0, 0.0])], [np.zeros((0, 2, 2))])
    assert level == pytest.approx(0, abs=1e-6)
    assert free.shape == (0,)
    assert centre([], [])[0] > 0
