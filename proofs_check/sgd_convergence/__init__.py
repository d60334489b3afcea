r"""Proofs for the room ``sgd_convergence``: what labels do to gradients, and SGD with them."""

from proofs_check.sgd_convergence.averages import CONVEX_BCP, CONVEX_ONEHOT, SHARPENED_CONVEX
from proofs_check.sgd_convergence.distances import STRONGLY_CONVEX_BCP, STRONGLY_CONVEX_ONEHOT
from proofs_check.sgd_convergence.excess import PL_BCP, PL_ONEHOT, SHARPENED_PL
from proofs_check.sgd_convergence.sharpened import (
    SHARPENED_ANY_NOISE,
    SHARPENED_BCP,
    SHARPENED_TARGET_NOISE,
)

PROOFS = (
    STRONGLY_CONVEX_ONEHOT,
    STRONGLY_CONVEX_BCP,
    CONVEX_ONEHOT,
    CONVEX_BCP,
    SHARPENED_CONVEX,
    PL_ONEHOT,
    PL_BCP,
    SHARPENED_BCP,
    SHARPENED_ANY_NOISE,
    SHARPENED_TARGET_NOISE,
    SHARPENED_PL,
)
