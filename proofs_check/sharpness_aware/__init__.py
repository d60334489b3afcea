r"""Proofs for the room ``sharpness_aware``: bounds that look at what a perturbation does.

The perturbation is uniform in a ball, has mean zero, and adds to gradients what smoothness allows:
everything rests on its first moments, on one segment between two hypotheses, and on one change of
measure.
"""

from proofs_check.sharpness_aware.ball import BALL_MOMENTS
from proofs_check.sharpness_aware.baselines import (
    FLATNESS_TIGHTENS_GLOBAL,
    FLATNESS_TIGHTENS_LOCAL,
    LOCAL_BASELINE,
)
from proofs_check.sharpness_aware.bounds import ONE_STEP, T_FAMILY, THM12
from proofs_check.sharpness_aware.comparison import NEVER_BEATS_CHERNOFF, ONE_STEP_BELOW_THM12
from proofs_check.sharpness_aware.curvature import LEMMA16, LEMMA16_DIMENSION, LEMMA16_TRACE
from proofs_check.sharpness_aware.gaps import (
    LEMMA13,
    LEMMA13_LOCAL,
    LEMMA13_SHARPENED,
    LEMMA14,
    LEMMA14_SHARPENED,
    LEMMA14_SMALL_MOVES,
)
from proofs_check.sharpness_aware.nodes import BOUND_PRINTED, LEMMA14_PRINTED
from proofs_check.sharpness_aware.regime import (
    BOUND,
    BOUND_INCREASING_IN_RHO,
    REGIME_IDENTITY,
    RHO0,
)
from proofs_check.sharpness_aware.rises import LEMMA15, LEMMA15_SHARPENED, ONE_STEP_DIFFERENCES

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
    LEMMA14_PRINTED,
    LEMMA14,
    LEMMA14_SHARPENED,
    LEMMA14_SMALL_MOVES,
    LEMMA15,
    LEMMA15_SHARPENED,
    ONE_STEP_DIFFERENCES,
    LEMMA16,
    LEMMA16_DIMENSION,
    LEMMA16_TRACE,
    BOUND_PRINTED,
    BOUND,
    REGIME_IDENTITY,
    RHO0,
    BOUND_INCREASING_IN_RHO,
    FLATNESS_TIGHTENS_GLOBAL,
    FLATNESS_TIGHTENS_LOCAL,
    LOCAL_BASELINE,
)
