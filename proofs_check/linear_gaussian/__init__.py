r"""Proofs for the room ``linear_gaussian``.

Everything is a sum over singular directions of one scalar Gaussian problem: a label with its noise,
and a teacher's weight with the posterior's.
"""

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
from proofs_check.linear_gaussian.rank import (
    APX_MONOTONE_IN_RANK,
    RANK_MAP,
    RANK_MAP_ATTAINED,
)
from proofs_check.linear_gaussian.rank_bound import EXPECTED_TAIL_BOUND
from proofs_check.linear_gaussian.rank_tail import EXPECTED_TAIL
from proofs_check.linear_gaussian.sub_gamma import CHERNOFF_BELOW_SUB_GAMMA, SUB_GAMMA
from proofs_check.linear_gaussian.truncated import (
    SHIFT_NOT_MONOTONE,
    TRUNCATED_SANDWICH_LOWER,
    TRUNCATED_SANDWICH_UPPER,
)

PROOFS = (
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
