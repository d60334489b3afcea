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
from kdtheory.theorems.linear_gaussian.claims_gap_bounds import (
    CHERNOFF_BELOW_SUB_GAMMA,
    CRAMER_CHERNOFF,
    CRAMER_CHERNOFF_ATTAINED,
    CRAMER_CHERNOFF_OPTIMAL,
    SUB_GAMMA,
)
from kdtheory.theorems.linear_gaussian.claims_gaps import (
    GEN_GAPS_STUDENT,
    GEN_GAPS_STUDENT_RANDOM,
    GEN_GAPS_TEACHER,
    GEN_GAPS_TEACHER_RANDOM,
    LOG_MGF,
    LOG_MGF_RANDOM,
    LOG_MGF_UNBOUNDED,
    NO_VARIANCE_PROXY,
)
from kdtheory.theorems.linear_gaussian.claims_limits import (
    DATASET_SHIFT_CEILING,
    DATASET_SHIFT_FLOOR,
    DIVERGENCE_FLAT_PRIOR,
)
from kdtheory.theorems.linear_gaussian.claims_optima import (
    COLD_NEVER_OPTIMAL,
    OPTIMAL_PRIOR_DATASET_SHIFT,
    OPTIMAL_PRIOR_DIVERGENCE,
    OPTIMAL_TEMPERATURE,
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
from kdtheory.theorems.linear_gaussian.claims_student import (
    COV_OPTIMUM_DIFFERS,
    OPTIMAL_STUDENT_COVARIANCE,
    OPTIMAL_STUDENT_COVARIANCE_GENERAL,
    OPTIMAL_STUDENT_COVARIANCE_IDENTITY,
    STUDENT_DETERMINISM,
    STUDENT_DETERMINISM_SCALE,
)
from kdtheory.theorems.linear_gaussian.claims_true_data import (
    ALGORITHM_SHIFT_TRUE_DATA,
    COMPACT_TRUE_DATA,
    EXPECTED_APX_CROSS_ZERO,
    GHOST_LABELS,
    SPREAD_EXPECTED,
    SPREAD_EXPECTED_IDENTITY,
    SPREAD_GIVEN_DATA,
    SPREAD_GIVEN_DATA_IDENTITY,
)

CLAIMS = (
    GIBBS_POSTERIOR,
    MATRIX_NORMAL_KL,
    DATASET_SHIFT_GIVEN_DATA,
    DATASET_SHIFT_LITERAL,
    DATASET_SHIFT,
    DATASET_SHIFT_MARGINAL,
    DATASET_SHIFT_EXPECTED,
    ALGORITHM_SHIFT_TRUE_DATA,
    ALGORITHM_SHIFT_PSEUDO,
    ALGORITHM_SHIFT_RANK_ZERO,
    APX_CROSS_SPREAD,
    APX_CROSS_SPREAD_ZERO,
    CROSS_NONPOSITIVE,
    SPREAD_GIVEN_DATA,
    SPREAD_GIVEN_DATA_IDENTITY,
    SPREAD_EXPECTED,
    SPREAD_EXPECTED_IDENTITY,
    EXPECTED_APX_CROSS_ZERO,
    COV_MINIMUM,
    DIVERGENCE_EXACT,
    DIVERGENCE_EXACT_IDENTITY,
    DIVERGENCE_EXACT_RANK_ZERO,
    COMPACT_TRUE_DATA,
    DIVERGENCE_BOUND,
    SLACK_IS_MUTUAL_INFORMATION,
    GHOST_LABELS,
    OPTIMAL_STUDENT_COVARIANCE,
    OPTIMAL_STUDENT_COVARIANCE_IDENTITY,
    OPTIMAL_STUDENT_COVARIANCE_GENERAL,
    COV_OPTIMUM_DIFFERS,
    STUDENT_DETERMINISM,
    STUDENT_DETERMINISM_SCALE,
    OPTIMAL_TEMPERATURE,
    COLD_NEVER_OPTIMAL,
    OPTIMAL_PRIOR_DATASET_SHIFT,
    OPTIMAL_PRIOR_DIVERGENCE,
    GEN_GAPS_TEACHER,
    GEN_GAPS_STUDENT,
    GEN_GAPS_TEACHER_RANDOM,
    GEN_GAPS_STUDENT_RANDOM,
    LOG_MGF,
    LOG_MGF_RANDOM,
    LOG_MGF_UNBOUNDED,
    NO_VARIANCE_PROXY,
    CRAMER_CHERNOFF,
    CRAMER_CHERNOFF_OPTIMAL,
    CRAMER_CHERNOFF_ATTAINED,
    SUB_GAMMA,
    CHERNOFF_BELOW_SUB_GAMMA,
    DATASET_SHIFT_CEILING,
    DATASET_SHIFT_FLOOR,
    DIVERGENCE_FLAT_PRIOR,
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
