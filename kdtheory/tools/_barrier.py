"""The middle of a family of semidefinite matrices, by a barrier method in floating point."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Matrices = npt.NDArray[np.float64]

_GROWTH = 8.0
_FINAL_GAP = 1e-9
_ENOUGH = 1e-3
"""A smallest eigenvalue above this leaves room enough for rounding."""


class _Barrier:
    r"""$-\log\det(X(y)-tI)$ of some blocks, with $t\le1$ and a bound on their traces.

    Each block is $X_k(y)=F_k+\sum_iy_iD_{ki}$. Families may be unbounded, traces are kept below a
    bound.
    """

    def __init__(self, fixed: list[Matrices], directions: list[Matrices], number: int) -> None:
        self.fixed = fixed
        self.slopes = [
            np.concatenate([slope, -np.eye(len(matrix))[None]])
            for matrix, slope in zip(fixed, directions, strict=True)
        ]
        self.dimension = sum(map(len, fixed)) + 2
        self.traces = np.zeros(number + 1)
        for slope in directions:
            self.traces[:-1] += np.trace(slope, axis1=1, axis2=2)
        self.room = 100.0 * self.dimension

    def __call__(self, z: Matrices) -> tuple[float, Matrices, Matrices] | None:
        """Returns value, gradient and Hessian at (y, t); None outside."""
        top, room = 1.0 - z[-1], self.room - self.traces @ z
        if top <= 0 or room <= 0:
            return None
        value = -math.log(top) - math.log(room)
        gradient, hessian = self.traces / room, np.outer(self.traces, self.traces) / room**2
        gradient[-1] += 1 / top
        hessian[-1, -1] += 1 / top**2
        for matrix, slope in zip(self.fixed, self.slopes, strict=True):
            try:
                factor = np.linalg.cholesky(matrix + np.tensordot(z, slope, 1))
            except np.linalg.LinAlgError:
                return None
            value -= 2 * float(np.sum(np.log(np.diagonal(factor))))
            inverse = np.linalg.inv(factor)
            scaled = inverse @ slope @ inverse.T
            gradient -= np.trace(scaled, axis1=1, axis2=2)
            flat = scaled.reshape(len(z), -1)
            hessian += flat @ flat.T
        return value, gradient, hessian

    def minimize(self, point: Matrices, weight: float) -> Matrices:
        """Minimizes the barrier minus weight * t by damped Newton steps, from a point inside."""
        for _ in range(50):
            now = self(point)
            assert now is not None, "every step stays inside"
            value, gradient, hessian = now
            gradient[-1] -= weight
            ridge = 1e-12 * (1 + np.abs(hessian).max()) * np.eye(len(point))
            step = -np.linalg.solve(hessian + ridge, gradient)
            decrement = -float(gradient @ step)
            size = 1.0
            while decrement > 1e-6 and size > 1e-10:
                trial = self(point + size * step)
                aim = value - weight * point[-1] - 0.1 * size * decrement
                if trial is not None and trial[0] - weight * (point + size * step)[-1] <= aim:
                    break
                size /= 2
            else:
                return point
            point = point + size * step
        return point


def centre(fixed: list[Matrices], directions: list[Matrices]) -> tuple[float, Matrices]:
    r"""Maximizes the smallest eigenvalue $t\le1$ of all blocks $F_k+\sum_iy_iD_{ki}$.

    Args:
        fixed: the $F_k$, symmetric.
        directions: the $D_k$, shape ``(unknowns, size, size)`` each.

    Returns:
        The largest t, or the first above what rounding needs; and the unknowns there, in the
        middle of what is left to them.
    """
    number = len(directions[0]) if directions else 0
    barrier = _Barrier(fixed, directions, number)
    smallest = min((float(np.linalg.eigvalsh(matrix)[0]) for matrix in fixed), default=1.0)
    point = np.append(np.zeros(number), min(smallest - 1.0, 0.0))
    weight = 1.0
    while weight * _FINAL_GAP < barrier.dimension and point[-1] <= _ENOUGH:
        point = barrier.minimize(point, weight)
        weight *= _GROWTH
    return float(point[-1]), point[:-1]
