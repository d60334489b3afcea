r"""Sharpness-aware bounds on the student's gap, and what is left of them when checked.

* ``ball``: moments of a perturbation that is uniform in a ball;
* ``perturbed``: what the perturbation does to a process and to a teacher, exactly;
* ``bounds``: Theorem 12, its one-step form and the family between it and the plain bound;
* ``proxies``: variance proxies from stability and smoothness, printed, corrected and sharpened;
* ``regime``: when the printed bound is below the one with a global Lipschitz constant;
* ``logistic``: a world in which all of this is known, logistic regression enumerated;
* ``claims_...``, ``worlds``, ``draws``: the claims, their worlds, and replicates in them.
"""

from __future__ import annotations

from kdtheory.claim import Claim
from kdtheory.theorems.sharpness_aware import claims_ball as moments
from kdtheory.theorems.sharpness_aware import claims_bounds as bounded
from kdtheory.theorems.sharpness_aware import claims_lemmas as lemmas
from kdtheory.theorems.sharpness_aware import claims_regime as tightness
from kdtheory.theorems.sharpness_aware import claims_rerun as rerun

CLAIMS: tuple[Claim, ...] = (
    moments.BALL_MOMENTS,
    bounded.THM12,
    bounded.ONE_STEP,
    bounded.ONE_STEP_BELOW_THM12,
    bounded.T_FAMILY,
    bounded.NEVER_BEATS_CHERNOFF,
    lemmas.LEMMA13,
    lemmas.LEMMA13_SHARPENED,
    lemmas.LEMMA13_LOCAL,
    lemmas.LEMMA14_PRINTED,
    lemmas.LEMMA14,
    lemmas.LEMMA14_SHARPENED,
    lemmas.LEMMA14_SMALL_MOVES,
    lemmas.LEMMA15,
    lemmas.LEMMA15_SHARPENED,
    lemmas.ONE_STEP_DIFFERENCES,
    lemmas.LEMMA16,
    lemmas.LEMMA16_DIMENSION,
    lemmas.LEMMA16_TRACE,
    rerun.BOUND_PRINTED,
    rerun.BOUND,
    tightness.REGIME_IDENTITY,
    tightness.RHO0,
    tightness.BOUND_INCREASING_IN_RHO,
    tightness.FLATNESS_TIGHTENS_GLOBAL,
    tightness.FLATNESS_TIGHTENS_LOCAL,
    tightness.LOCAL_BASELINE,
)
