r"""The mean term splits into apx, cross and spread, for a student of any rank.

Given the teacher's weights everything is a trace of products of matrices, and the split is an
identity between words: checked on noncommutative symbols, for matrices of any size and any rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from proofs_check.algebra import Inequality, at_most, equal
from proofs_check.algebra_matrices import MatrixIdentity, holds_for_matrices, matrices
from proofs_check.linear_gaussian.directions import (
    DIRECTIONS,
    SUM_OVER_OUTPUTS,
    TERMS,
    b,
    beta,
    gain,
    gain_of_s,
    lam,
    mean,
    nu,
    pseudo_noise,
    rho,
    s,
    tau_of_s,
    teacher,
)
from proofs_check.records import Proof, assumed, checked, cited

W, Wt, X, Xt, P, Q, S, K = matrices("W W^T X X^T P Q Sigma K")
pull = sympy.Symbol("g", nonnegative=True)

BOTTLENECK = assumed(
    "bottleneck",
    r"$\Pi$ is the orthogonal projection onto the top $\kappa$ left singular vectors of $W_TX$, and"
    r" $P_X=XX^+$ that onto the range of $X$. The mean of the student of rank $\kappa$ is"
    r" $W_TM^*=\Pi W_TP_X$.",
)
PARTS = assumed(
    "parts",
    r"$\mathrm{apx}=\frac12[\lambda\|(I-\Pi)W_TP_X\|^2"
    r"+\frac\beta{\nu^2}\sum_{j>\kappa}\sigma_j^2(W_TX)]$,"
    r" $\mathrm{cross}=-\lambda\|(I-\Pi)W_TP_X\|^2$ and"
    r" $\mathrm{spread}=\frac12[\lambda^2\|W_TP_X\Sigma_T^{1/2}\|^2+k\beta\sum_i\rho_i]$, given"
    r" $W_T$.",
)


def _instance() -> Mapping[Any, Any]:
    """Two outputs, three features, inputs of rank two; the projection Q is not diagonal."""
    inputs = sympy.Matrix([[1, 0], [2, 1], [-1, 1]])
    weights = sympy.Matrix([[1, 2, -1], [0, 3, 1]])
    lost = sympy.Matrix([1, 2])
    precision = 2 * sympy.eye(3) + 3 * inputs * inputs.T
    return {
        W: weights,
        Wt: weights.T,
        X: inputs,
        Xt: inputs.T,
        P: inputs * (inputs.T * inputs).inv() * inputs.T,
        Q: lost * lost.T / 5,
        S: precision.inv(),
        K: precision,
        lam: sympy.Integer(2),
        pull: sympy.Integer(3),
    }


# K is the inverse of Sigma, Q = I - Pi and P are projections, and P leaves X as it is.
_RULES = {
    S * K: 1,
    K * S: 1,
    Q * Q: Q,
    P * P: P,
    P * X: X,
    Xt * P: Xt,
    K: lam + pull * X * Xt,
}


def _gap(prior_part: Any) -> MatrixIdentity:
    """The student's mean less the refitted teacher's, both times K, and what it is said to be."""
    # The refitted mean is g W X X' Sigma: multiplied by K, g W X X'.
    gap = (W - Q * W) * P * K - pull * W * X * Xt
    return MatrixIdentity(gap, (-Q * W * P + prior_part) * K, _RULES, _instance)


GAP = checked(
    "gap",
    r"Over the pseudo labels' noise $\bar W(\hat D)=\frac\beta{\nu^2}\hat YX^\top\Sigma_T$ has the"
    r" mean $\frac\beta{\nu^2}W_TXX^\top\Sigma_T$, and"
    r" $W_TM^*-\mathbb E\bar W(\hat D)=-(I-\Pi)W_TP_X+\lambda W_TP_X\Sigma_T$.",
    method="multiplying by the inverse of Sigma and rewriting noncommutative symbols",
    check=holds_for_matrices,
    stated=_gap(lam * W * P * S),
    wrong={
        "without the prior's pull": _gap(sympy.Integer(0)),
        "a pull off the range of X too": _gap(lam * W * S),
        "the pull of the other sign": _gap(-lam * W * P * S),
    },
    uses=("model", "bottleneck", "linear_gaussian/gibbs_posterior"),
)


def _split(cross: Any, *, lost: Any = pull) -> MatrixIdentity:
    """The squared norm of the gap in the metric K, and apx, cross and spread, doubled."""
    gap, transposed = -Q * W * P + lam * W * P * S, -P * Wt * Q + lam * S * P * Wt
    lost_energy = Q * W * P * Wt * Q
    apx = lam * lost_energy + lost * Q * W * X * Xt * Wt * Q
    spread = lam**2 * W * P * S * P * Wt
    both = apx + 2 * cross * lost_energy + spread
    return MatrixIdentity(gap * K * transposed, both, _RULES, _instance, traced=True)


MEAN_PART = checked(
    "mean_part",
    r"$\frac12\|-(I-\Pi)W_TP_X+\lambda W_TP_X\Sigma_T\|^2_{\Sigma_T^{-1}}"
    r"=\frac12[\lambda\|(I-\Pi)W_TP_X\|^2+\frac\beta{\nu^2}\|(I-\Pi)W_TX\|^2]"
    r"-\lambda\|(I-\Pi)W_TP_X\|^2+\frac{\lambda^2}2\|W_TP_X\Sigma_T^{1/2}\|^2$.",
    method="rewriting noncommutative symbols under the trace, for matrices of any size and rank",
    check=holds_for_matrices,
    stated=_split(-lam),
    wrong={
        "a cross term that is added": _split(lam),
        "half of the cross term": _split(-lam / 2),
        "the fitted part left out": _split(-lam, lost=sympy.Integer(0)),
    },
    uses=("gap",),
)

TAIL = cited(
    "tail",
    r"$(I-\Pi)W_TX=\sum_{j>\kappa}\sigma_jp_jq_j^\top$, so that"
    r" $\|(I-\Pi)W_TX\|^2=\sum_{j>\kappa}\sigma_j^2(W_TX)$.",
    "Golub and Van Loan, Matrix Computations, 4th ed., section 2.4 (singular value expansion)",
    uses=("bottleneck",),
)


def _noise(value: Any) -> tuple[Any, Any]:
    """The noise of the refitted mean in an output and direction, in its units."""
    return mean((gain * pseudo_noise) ** 2), value


NOISE_PART = checked(
    "noise_part",
    r"The noise $\frac\beta{\nu}\hat EX^\top\Sigma_T$ has mean zero and adds"
    r" $\frac12\mathbb E\|\cdot\|^2_{\Sigma_T^{-1}}=\frac k2\sum_i\beta^2\sigma_i^2"
    r"=\frac k2\beta\sum_i\rho_i$.",
    method="moments of the noises, in the singular bases",
    check=equal,
    stated=_noise(beta * rho),
    wrong={"without the temperature": _noise(rho), "a square": _noise(rho**2)},
    uses=("one_direction", "sum_over_outputs"),
)

_lost_part, _pull_part, _noise_part, _norm = sympy.symbols("A S F n", nonnegative=True)


def _together(noise: Any, cross: Any) -> tuple[Any, Any]:
    """The mean part and this noise part, and the sum of apx, this cross, and spread."""
    mean_part = (_lost_part + _pull_part) / 2 - lam * _norm
    apx, spread = _lost_part / 2, (_pull_part + _noise_part) / 2
    return mean_part + noise, apx + cross + spread


def _apx_cross_spread(rank: int, words: str) -> Proof:
    """The proof of the split, which is the same for every rank."""
    return Proof(
        slug=f"linear_gaussian/apx_cross_spread_{rank}",
        idea="The student's mean misses the refitted teacher's by what the rank cuts off and by the"
        " prior's pull; expand the square of the two.",
        steps=(
            *DIRECTIONS,
            BOTTLENECK,
            PARTS,
            GAP,
            MEAN_PART,
            TAIL,
            SUM_OVER_OUTPUTS,
            NOISE_PART,
            checked(
                f"apx_cross_spread_{rank}",
                r"$\frac12\mathbb E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}"
                rf"=\mathrm{{apx}}+\mathrm{{cross}}+\mathrm{{spread}}$ for every $\kappa$, {words}:"
                r" the mean part and the noise part add up, since the noise has mean zero.",
                method="adding",
                check=equal,
                stated=_together(_noise_part / 2, -lam * _norm),
                wrong={
                    "the noise left out": _together(sympy.Integer(0), -lam * _norm),
                    "the noise without its half": _together(_noise_part, -lam * _norm),
                    "the cross term twice": _together(_noise_part / 2, -2 * lam * _norm),
                },
                uses=("parts", "mean_part", "tail", "noise_part"),
            ),
        ),
    )


APX_CROSS_SPREAD_ONE = _apx_cross_spread(1, r"in particular $\kappa=1$")
APX_CROSS_SPREAD_ZERO = _apx_cross_spread(0, r"in particular $\kappa=0$, where $\Pi=0$")

# --- the cross term's sign ------------------------------------------------------------------------


def _dropping(cross: Any) -> Inequality:
    """The mean term with this cross term, and apx and spread."""
    apx, spread = _lost_part / 2, (_pull_part + _noise_part) / 2
    return Inequality(
        (_lost_part + _pull_part + _noise_part) / 2 + cross, apx + spread, lam * _norm
    )


CROSS_NONPOSITIVE = Proof(
    slug="linear_gaussian/cross_nonpositive",
    idea="The cross term is minus a squared norm.",
    steps=(
        BOTTLENECK,
        PARTS,
        checked(
            "cross_nonpositive",
            r"$\frac12\mathbb E\|W_TM^*-\bar W(\hat D)\|^2_{\Sigma_T^{-1}}"
            r"=\mathrm{apx}+\mathrm{spread}-\lambda\|(I-\Pi)W_TP_X\|^2"
            r"\le\mathrm{apx}+\mathrm{spread}$, since $\lambda>0$: the factor 2 of"
            r" $(a+b)^2\le2a^2+2b^2$ is not needed.",
            method="the sign of the cross term is manifest",
            check=at_most,
            stated=_dropping(-lam * _norm),
            wrong={"a cross term of the other sign": _dropping(lam * _norm)},
            uses=("bottleneck", "parts", "linear_gaussian/apx_cross_spread_1"),
        ),
    ),
)

# --- the expected parts of a student of rank zero -------------------------------------------------


def _energy(value: Any) -> tuple[Any, Any]:
    """The teacher's mean square in an output and direction, in its units."""
    return mean(teacher**2), value


TEACHER_ENERGY = checked(
    "teacher_energy",
    r"$\mathbb Ew_T^2=\beta\rho b+1+\beta\rho$ for an output and direction, in its units:"
    r" squared mean, posterior variance, and fitted noise.",
    method="moments of the noises",
    check=equal,
    stated=_energy(beta * rho * b + 1 + beta * rho),
    wrong={
        "without the fitted noise": _energy(beta * rho * b + 1),
        "a mean of the true weight": _energy(beta * b + 1 + beta * rho),
        "without the signal": _energy(1 + beta * rho),
    },
    uses=("terms", "one_direction"),
)


_RHO = s * gain_of_s


def _expected_parts(factor: Any) -> tuple[Any, Any]:
    """The expected apx - cross of a student of rank zero, and a multiple of the energy."""
    energy = sympy.Symbol("T", positive=True)
    apx = (lam + beta / nu**2 * s**2) * tau_of_s * energy / 2
    return apx + lam * tau_of_s * energy, factor * energy


EXPECTED_APX_CROSS_ZERO = Proof(
    slug="linear_gaussian/expected_apx_cross_zero",
    idea="At rank zero all of the teacher's energy over the range of X is lost.",
    steps=(
        *DIRECTIONS,
        TERMS,
        BOTTLENECK,
        PARTS,
        SUM_OVER_OUTPUTS,
        TEACHER_ENERGY,
        checked(
            "expected_apx_cross_zero",
            r"With $\Pi=0$, $\mathrm{apx}=\frac12\|W_TP_X\|^2_{\Sigma_T^{-1}}$ and"
            r" $\mathrm{cross}=-\lambda\|W_TP_X\|^2$ are $\frac12w_T^2$ and"
            r" $-(1-\rho)w_T^2$ for an output and direction, so that"
            r" $\mathbb E[\mathrm{apx}-\mathrm{cross}]"
            r"=\sum_i(\frac32-\rho_i)[\beta\rho_ib_i+k(1+\beta\rho_i)]$.",
            method="substituting; the metric's eigenvalue is 1/tau, and lambda tau = 1 - rho",
            check=equal,
            stated=_expected_parts(sympy.Rational(3, 2) - _RHO),
            wrong={
                "the sum of the two": _expected_parts(_RHO - sympy.Rational(1, 2)),
                "half of cross": _expected_parts(1 - _RHO / 2),
            },
            uses=("bottleneck", "parts", "one_direction", "sum_over_outputs", "teacher_energy"),
        ),
    ),
)
