r"""Proofs for the room ``linear_gaussian``.

Everything is a sum over singular directions of one scalar Gaussian problem: a label with its noise,
and a teacher's weight with the posterior's.
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
from proofs_check.linear_gaussian.gap_bounds import (
    CRAMER_CHERNOFF,
    CRAMER_CHERNOFF_ATTAINED,
    CRAMER_CHERNOFF_OPTIMAL,
)
from proofs_check.linear_gaussian.gaps import GEN_GAPS_STUDENT, GEN_GAPS_TEACHER
from proofs_check.linear_gaussian.gaps_random import (
    GEN_GAPS_STUDENT_RANDOM,
    GEN_GAPS_TEACHER_RANDOM,
)
from proofs_check.linear_gaussian.limits import (
    DATASET_SHIFT_CEILING,
    DATASET_SHIFT_FLOOR,
    DIVERGENCE_FLAT_PRIOR,
)
from proofs_check.linear_gaussian.log_mgf import LOG_MGF, LOG_MGF_RANDOM
from proofs_check.linear_gaussian.no_proxy import LOG_MGF_UNBOUNDED, NO_VARIANCE_PROXY
from proofs_check.linear_gaussian.optima import COLD_NEVER_OPTIMAL, OPTIMAL_TEMPERATURE
from proofs_check.linear_gaussian.posterior import GIBBS_POSTERIOR, MATRIX_NORMAL_KL
from proofs_check.linear_gaussian.prior import OPTIMAL_PRIOR_DATASET_SHIFT, OPTIMAL_PRIOR_DIVERGENCE
from proofs_check.linear_gaussian.rank import APX_MONOTONE_IN_RANK, RANK_MAP, RANK_MAP_ATTAINED
from proofs_check.linear_gaussian.rank_bound import EXPECTED_TAIL_BOUND
from proofs_check.linear_gaussian.rank_tail import EXPECTED_TAIL
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
from proofs_check.linear_gaussian.sub_gamma import CHERNOFF_BELOW_SUB_GAMMA, SUB_GAMMA
from proofs_check.linear_gaussian.true_data import (
    ALGORITHM_SHIFT_TRUE_DATA,
    COMPACT_TRUE_DATA,
    GHOST_LABELS,
)
from proofs_check.linear_gaussian.truncated import (
    SHIFT_NOT_MONOTONE,
    TRUNCATED_SANDWICH_LOWER,
    TRUNCATED_SANDWICH_UPPER,
)

PROOFS = (
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
