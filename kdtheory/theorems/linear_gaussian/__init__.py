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
   rank ($\kappa\ge\min(k,\operatorname{rank}X)$) and at rank zero. (`algorithm_shift`)
5. *Total divergence.* $K_n = U + {}$algorithm shift, its bound $J$, and
   $J - K_n = I(W_T; (\hat Y,\Theta)\,|\,X)$, exactly. (`algorithm_shift`)

With $X=\sum_i s_iu_iv_i^\top$ each of them is a sum over directions of a function of $s_i^2$,
$|W^*u_i|^2$, $\lambda$, $\beta$ and $\nu$ (`terms`), at the cost of one singular value
decomposition. A student covariance that does not commute with $XX^\top$ has its own matrix forms
(`student_covariance`). `dense` evaluates the same divergence from the generative model by plain
matrix algebra, and is what the closed forms are compared with.

``worlds`` holds the domains, ``draws`` the definitions as Monte Carlo replicates, ``claims_*`` the
records.

Source: Li & He, arXiv:2605.13143, appendix E; the exact values are ours.
"""

from kdtheory.theorems.linear_gaussian.claims_divergence import (
    ALGORITHM_SHIFT_PSEUDO,
    ALGORITHM_SHIFT_RANK_ZERO,
    APX_CROSS_SPREAD,
    APX_CROSS_SPREAD_ZERO,
    COV_MINIMUM,
    CROSS_NONPOSITIVE,
    DIVERGENCE_BOUND,
    DIVERGENCE_EXACT,
    DIVERGENCE_EXACT_IDENTITY,
    DIVERGENCE_EXACT_RANK_ZERO,
    SLACK_IS_MUTUAL_INFORMATION,
)
from kdtheory.theorems.linear_gaussian.claims_posterior import (
    DATASET_SHIFT,
    DATASET_SHIFT_EXPECTED,
    DATASET_SHIFT_GIVEN_DATA,
    DATASET_SHIFT_LITERAL,
    DATASET_SHIFT_MARGINAL,
    GIBBS_POSTERIOR,
    MATRIX_NORMAL_KL,
)
from kdtheory.theorems.linear_gaussian.claims_rank import (
    APX_MONOTONE_IN_RANK,
    EXPECTED_TAIL,
    EXPECTED_TAIL_BOUND,
    RANK_MAP,
    RANK_MAP_ATTAINED,
    SHIFT_NOT_MONOTONE,
    TRUNCATED_SANDWICH_LOWER,
    TRUNCATED_SANDWICH_UPPER,
)

CLAIMS = (
    GIBBS_POSTERIOR,
    MATRIX_NORMAL_KL,
    DATASET_SHIFT_GIVEN_DATA,
    DATASET_SHIFT_LITERAL,
    DATASET_SHIFT,
    DATASET_SHIFT_MARGINAL,
    DATASET_SHIFT_EXPECTED,
    ALGORITHM_SHIFT_PSEUDO,
    ALGORITHM_SHIFT_RANK_ZERO,
    APX_CROSS_SPREAD,
    APX_CROSS_SPREAD_ZERO,
    CROSS_NONPOSITIVE,
    COV_MINIMUM,
    DIVERGENCE_EXACT,
    DIVERGENCE_EXACT_IDENTITY,
    DIVERGENCE_EXACT_RANK_ZERO,
    DIVERGENCE_BOUND,
    SLACK_IS_MUTUAL_INFORMATION,
    RANK_MAP,
    RANK_MAP_ATTAINED,
    APX_MONOTONE_IN_RANK,
    SHIFT_NOT_MONOTONE,
    EXPECTED_TAIL,
    EXPECTED_TAIL_BOUND,
    TRUNCATED_SANDWICH_LOWER,
    TRUNCATED_SANDWICH_UPPER,
)

__all__ = ["CLAIMS"]
