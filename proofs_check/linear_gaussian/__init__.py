r"""Proofs for the room ``linear_gaussian``: what distillation costs where everything is normal.

In the singular bases of the inputs teacher and student are independent scalar models, one for every
output and direction: `directions` makes that reduction once, and after it every statement is one
about a few moments, in which the logarithm of a ratio of variances is dropped or kept.
"""

from proofs_check.linear_gaussian.algorithm_shift import (
    ALGORITHM_SHIFT_PSEUDO,
    ALGORITHM_SHIFT_RANK_ZERO,
    COV_MINIMUM,
)
from proofs_check.linear_gaussian.bound import DIVERGENCE_BOUND, SLACK_IS_MUTUAL_INFORMATION
from proofs_check.linear_gaussian.dataset_shift import (
    DATASET_SHIFT,
    DATASET_SHIFT_EXPECTED,
    DATASET_SHIFT_GIVEN_DATA,
    DATASET_SHIFT_LITERAL,
    DATASET_SHIFT_MARGINAL,
)
from proofs_check.linear_gaussian.determinism import (
    COV_OPTIMUM_DIFFERS,
    STUDENT_DETERMINISM,
    STUDENT_DETERMINISM_SCALE,
)
from proofs_check.linear_gaussian.divergence import (
    DIVERGENCE_EXACT,
    DIVERGENCE_EXACT_IDENTITY,
    DIVERGENCE_EXACT_RANK_ZERO,
)
from proofs_check.linear_gaussian.optima import COLD_NEVER_OPTIMAL, OPTIMAL_TEMPERATURE
from proofs_check.linear_gaussian.posterior import GIBBS_POSTERIOR, MATRIX_NORMAL_KL
from proofs_check.linear_gaussian.prior import (
    OPTIMAL_PRIOR_DATASET_SHIFT,
    OPTIMAL_PRIOR_DIVERGENCE,
)
from proofs_check.linear_gaussian.split import (
    APX_CROSS_SPREAD_ONE,
    APX_CROSS_SPREAD_ZERO,
    CROSS_NONPOSITIVE,
    EXPECTED_APX_CROSS_ZERO,
)
from proofs_check.linear_gaussian.spread import (
    SPREAD_EXPECTED,
    SPREAD_EXPECTED_IDENTITY,
    SPREAD_GIVEN_DATA,
    SPREAD_GIVEN_DATA_IDENTITY,
)
from proofs_check.linear_gaussian.student import (
    OPTIMAL_STUDENT_COVARIANCE,
    OPTIMAL_STUDENT_COVARIANCE_GENERAL,
    OPTIMAL_STUDENT_COVARIANCE_IDENTITY,
)
from proofs_check.linear_gaussian.true_data import (
    ALGORITHM_SHIFT_TRUE_DATA,
    COMPACT_TRUE_DATA,
    GHOST_LABELS,
)

FIRST = (
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
    APX_CROSS_SPREAD_ONE,
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
)

PROOFS = (*FIRST,)
