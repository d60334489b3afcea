r"""Gaussian inputs: the expected variance of a prediction is one over a chi-square variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from proofs_check.algebra import equal
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.records import Proof, assumed, checked, cited
from proofs_check.uncertainty_propagation.students import EQUAL_VARIANCES, RESPONSES

Z, Zt, R, Ri, M, Mi = matrices("Z Z' R R^-1 M M^-1")
A, Ai, column, column_t = matrices("A A^-1 c c'")
_n, _p, _half = sympy.symbols("n p nu_2", positive=True)
_corner, _inverse_entry, _chi = sympy.symbols("d s q", positive=True)

# X = Z R with R the symmetric root of Sigma; M = Z'Z.
_ROOT_RULES = {Zt * Z: M, Mi * M: 1, M * Mi: 1, R * Ri: 1, Ri * R: 1}


def _whitened_design() -> Mapping[Any, Any]:
    inputs = sympy.Matrix([[1, 0], [1, 2], [2, -1]])
    root = sympy.Matrix([[2, 1], [1, 3]])
    gram = inputs.T * inputs
    return {Z: inputs, Zt: inputs.T, R: root, Ri: root.inv(), M: gram, Mi: gram.inv()}


def _whitened(inverse: Any) -> MatrixIdentity:
    """The Gram matrix of X = Z R times what its inverse is said to be."""
    return MatrixIdentity(R * Zt * Z * R * inverse, 1, _ROOT_RULES, _whitened_design)


def _bordered() -> Mapping[Any, Any]:
    block = sympy.Matrix([[2, 1], [1, 3]])
    border = sympy.Matrix([1, 2])
    corner = sympy.Rational(7)
    inner = (border.T * block.inv() * border)[0]
    return {
        A: block,
        Ai: block.inv(),
        column: border,
        column_t: border.T,
        _corner: corner,
        _inverse_entry: 1 / (corner - inner),
    }


def _last_entry(entry: Any) -> MatrixIdentity:
    """The last row of a bordered matrix times the last column of its inverse, (-A^-1 c s, s)."""
    rules = {A * Ai: 1, Ai * A: 1, column_t * Ai * column: _corner - 1 / _inverse_entry}
    return MatrixIdentity(-column_t * Ai * column * entry + _corner * entry, 1, rules, _bordered)


def _mean_power(power: int) -> Any:
    """The mean of a power of a chi-square variable, over half its degrees of freedom."""
    return sympy.Integer(2) ** power * sympy.gamma(_half + power) / sympy.gamma(_half)


def _given_samples(pair: tuple[Any, Any]) -> bool:
    """Whether a mean is what is said of n samples, with n - p + 1 degrees of freedom."""
    mean, said = pair
    return equal((sympy.gammasimp(mean), said.subs(_n, 2 * _half + _p - 1)))


RANDOM_DESIGN = Proof(
    slug="uncertainty_propagation/random_design",
    idea="In coordinates in which the inputs are white and the direction is an axis, the variance"
    " given the inputs is one over a chi-square variable.",
    steps=(
        RESPONSES,
        EQUAL_VARIANCES,
        assumed(
            "Gaussian inputs",
            r"The rows of $X$ are i.i.d. $\mathcal N(0,\Sigma)$: $X=Z\Sigma^{1/2}$ with $Z$ of"
            r" independent standard normal entries, $n>p+1$.",
        ),
        checked(
            "whitening",
            r"$(X^\top X)^{-1}=\Sigma^{-1/2}(Z^\top Z)^{-1}\Sigma^{-1/2}$, so that the variance is"
            r" $\sigma^2u^\top(Z^\top Z)^{-1}u$ with $u=\Sigma^{-1/2}x$,"
            r" $u^\top u=x^\top\Sigma^{-1}x$.",
            method="multiplying the matrix by its inverse, for any size",
            check=holds_for_matrices,
            stated=_whitened(Ri * Mi * Ri),
            wrong={"roots in place of inverse roots": _whitened(R * Mi * R)},
            uses=(
                "equal variances",
                "Gaussian inputs",
                "responses",
                "uncertainty_propagation/covariance",
            ),
        ),
        cited(
            "rotation",
            r"The law of $Z$ does not change under $Z\mapsto ZQ$ with $Q$ orthogonal: $u$ may be"
            r" taken along the last axis, where $u^\top(Z^\top Z)^{-1}u=|u|^2[(Z^\top"
            r" Z)^{-1}]_{pp}$.",
            "Muirhead, Aspects of Multivariate Statistical Theory (1982), Theorem 1.5.1",
            ["whitening"],
        ),
        checked(
            "schur_complement",
            r"With $Z^\top Z$ bordered,"
            r" $\bigl(\begin{smallmatrix}A&c\\c^\top&d\end{smallmatrix}\bigr)$, the last entry of"
            r" the inverse is $s=1/(d-c^\top A^{-1}c)$: one over the squared length of what the"
            r" other columns leave of the last.",
            method="multiplying the last row by the last column of the inverse, for any size",
            check=holds_for_matrices,
            stated=_last_entry(_inverse_entry),
            wrong={"the corner alone": _last_entry(1 / _corner)},
            uses=("rotation",),
        ),
        cited(
            "chi_square",
            r"Given the other columns, the squared length of what they leave of the last is"
            r" $\chi^2$ with $n-p+1$ degrees of freedom.",
            "Cochran, Proc. Cambridge Phil. Soc. 30 (1934), Theorem II",
            ["schur_complement"],
        ),
        checked(
            "random_design",
            r"$\mathbb E[1/\chi^2_\nu]=\frac{\Gamma(\nu/2-1)}{2\,\Gamma(\nu/2)}=\frac1{\nu-2}$"
            r" with $\nu=n-p+1$: $\mathbb E_X\mathbb"
            r" V[x^\top\hat\beta|X]=\sigma^2\frac{x^\top\Sigma^{-1}x}{n-p-1}$.",
            method="ratio of Gamma functions",
            check=_given_samples,
            stated=(_mean_power(-1), 1 / (_n - _p - 1)),
            wrong={
                "n - p": (_mean_power(-1), 1 / (_n - _p)),
                "one over the mean": (1 / _mean_power(1), 1 / (_n - _p - 1)),
            },
            uses=("chi_square", "whitening"),
        ),
    ),
)
