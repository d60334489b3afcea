r"""Proofs for the room ``sharpness_aware``."""

from proofs_check.sharpness_aware.ball import BALL_MOMENTS
from proofs_check.sharpness_aware.bounds import (
    NEVER_BEATS_CHERNOFF,
    ONE_STEP,
    ONE_STEP_BELOW_THM12,
    T_FAMILY,
    THM12,
)
from proofs_check.sharpness_aware.gaps import (
    LEMMA13,
    LEMMA13_LOCAL,
    LEMMA13_SHARPENED,
    LEMMA14,
    LEMMA14_SHARPENED,
    LEMMA14_SMALL_MOVES,
)
from proofs_check.sharpness_aware.rises import (
    LEMMA15,
    LEMMA15_SHARPENED,
    LEMMA16,
    LEMMA16_DIMENSION,
    LEMMA16_TRACE,
    ONE_STEP_DIFFERENCES,
)

PROOFS = (
    BALL_MOMENTS,
    THM12,
    ONE_STEP,
    ONE_STEP_BELOW_THM12,
    T_FAMILY,
    NEVER_BEATS_CHERNOFF,
    LEMMA13,
    LEMMA13_SHARPENED,
    LEMMA13_LOCAL,
    LEMMA14,
    LEMMA14_SHARPENED,
    LEMMA14_SMALL_MOVES,
    LEMMA15,
    LEMMA15_SHARPENED,
    ONE_STEP_DIFFERENCES,
    LEMMA16,
    LEMMA16_DIMENSION,
    LEMMA16_TRACE,
)
