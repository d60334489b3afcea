r"""Proofs for the room ``sharpness_aware``."""

from proofs_check.sharpness_aware.ball import BALL_MOMENTS
from proofs_check.sharpness_aware.bounds import (
    NEVER_BEATS_CHERNOFF,
    ONE_STEP,
    ONE_STEP_BELOW_THM12,
    T_FAMILY,
    THM12,
)

PROOFS = (
    BALL_MOMENTS,
    THM12,
    ONE_STEP,
    ONE_STEP_BELOW_THM12,
    T_FAMILY,
    NEVER_BEATS_CHERNOFF,
)
