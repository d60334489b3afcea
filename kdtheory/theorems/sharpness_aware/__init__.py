r"""Sharpness-aware bounds on the student's gap, and what is left of them when checked.

* ``ball``: moments of a perturbation that is uniform in a ball;
* ``perturbed``: what the perturbation does to a process and to a teacher, exactly;
* ``bounds``: Theorem 12, its one-step form and the family between it and the plain bound;
* ``proxies``: variance proxies from stability and smoothness, printed, corrected and sharpened;
* ``regime``: when the printed bound is below the one with a global Lipschitz constant;
* ``claims_...``, ``worlds``, ``draws``: the claims, their worlds, and replicates in them.
"""

from __future__ import annotations

from kdtheory.claim import Claim
from kdtheory.theorems.sharpness_aware import claims_bounds as bounded

CLAIMS: tuple[Claim, ...] = (
    bounded.THM12,
    bounded.ONE_STEP,
    bounded.ONE_STEP_BELOW_THM12,
    bounded.T_FAMILY,
    bounded.NEVER_BEATS_CHERNOFF,
)
