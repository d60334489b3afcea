r"""Linear-Gaussian distillation: every term of the decomposition in closed form.

The model: $Y\,|\,X\sim\mathrm{MN}(W^*X, I, \nu^2I)$ with a fixed design $X$ ($d\times n$, $k$
outputs); a Gibbs teacher $W_T$ at inverse temperature $\beta$ under the prior
$\mathrm{MN}(0, I, I/\lambda)$; pseudo labels $\hat Y = W_TX + \nu E$; a student
$\Theta = W_TM^* + $ noise with column covariance $\Sigma_S$, where $M^*$ is the best map of rank
$\kappa$. The divergence $K_n = \mathrm{KL}(\text{student}\,\|\,\text{teacher})$ compares the laws
of (labels, weights).

The statements, in reading order:

1. *Gibbs posterior* (Lemma 11). $W_T\,|\,X,Y\sim\mathrm{MN}(\bar W, I, \Sigma_T)$ with
   $\Sigma_T = (\lambda I + \frac{\beta}{\nu^2}XX^\top)^{-1}$ and
   $\bar W = \frac{\beta}{\nu^2}YX^\top\Sigma_T$. (`given_data`)
2. *Matrix-normal divergence*, without Kronecker products. (`kdtheory.gaussian`)
3. *Dataset shift.* Printed: $\frac{1}{2\nu^2}(\mathrm{Bias} + k\mathrm{Var})$; exact value with
   the labels given, its mean over labels $C$, and with the labels marginalised $U$:
   $U \le C \le B$. (`dataset_shift`)
4. *Algorithm shift*, with the teacher's kernel at the pseudo data, as the chain rule needs it. A
   convexity bound apx + cross + spread + Cov, with cross $\le 0$, and the exact value at full
   rank ($\kappa\ge\min(k,\operatorname{rank}X)$) and at rank zero. (`algorithm_shift`) The
   reading with the kernel at the true data, and what it does bound. (`true_data`)
5. *Total divergence.* $K_n = U + {}$algorithm shift, its bound $J$, and
   $J - K_n = I(W_T; (\hat Y,\Theta)\,|\,X)$, exactly. (`algorithm_shift`)
6. *Optima.* The student covariance of least $K_n$ among all of them, the temperature from which on
   it is zero, and the temperature and the prior at which $B$ and $J$ are least. (`optima`)
7. *Generalisation gaps* with squared loss, of teacher and student, at the columns of $X$ (`gaps`)
   and for a test input of any second moment (`gaps_random`); the log of the moment generating
   function of the teacher's. It is infinite from a finite argument on: no variance proxy exists.
8. *Bounds that hold* on the student's gap: Cramer-Chernoff with the exact log-mgf, and the
   sub-gamma form, which is never better. (`gap_bounds`)
9. *Limits.* What more samples, less noise or a weaker prior leave. (`limits`)

With $X=\sum_i s_iu_iv_i^\top$ each of them is a sum over directions of a function of $s_i^2$,
$|W^*u_i|^2$, $\lambda$, $\beta$ and $\nu$ (`terms`), at the cost of one singular value
decomposition. A student covariance that does not commute with $XX^\top$ has its own matrix forms
(`student_covariance`). `dense` evaluates the same divergence from the generative model by plain
matrix algebra, ``dense_gaps`` the gaps; they are what the closed forms are compared with.

``worlds`` and ``gap_worlds`` hold the domains, ``draws`` and ``draws_gaps`` the definitions as
Monte Carlo replicates, ``claims_*`` the records.

Source: Li & He, arXiv:2605.13143, appendix E; the exact values are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kdtheory.claim import Claim

if TYPE_CHECKING:
    CLAIMS: tuple[Claim, ...]

__all__ = ["CLAIMS"]


def __getattr__(name: str) -> Any:
    """Loads the claims on first use (PEP 562): whoever wants a formula does without them."""
    if name != "CLAIMS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kdtheory.theorems.linear_gaussian import catalogue

    return catalogue.CLAIMS
