r"""Proofs for the room ``uncertainty_propagation``: linear students, their heads, and weights.

The statements are reconstructions from an abstract; the proofs are ours, and elementary.
"""

from proofs_check.uncertainty_propagation.estimated_weights import (
    ESTIMATED_VARIANCE_CLAIM,
    ESTIMATED_VARIANCE_COST,
    REUSED_RESPONSE,
    REUSED_RESPONSE_COST,
)
from proofs_check.uncertainty_propagation.heads import (
    AVERAGING_DEEPENS,
    CATEGORICAL_AVERAGING,
    CATEGORICAL_CONSERVATION,
    CONSERVATION,
    POOLED_CONSERVATION,
    POOLED_RESIDUALS,
)
from proofs_check.uncertainty_propagation.random_design import RANDOM_DESIGN
from proofs_check.uncertainty_propagation.students import (
    CORRELATED_FLOOR,
    COVARIANCE,
    HETEROSCEDASTIC,
    K_AVERAGED,
    WEIGHTED_IS_BEST,
)
from proofs_check.uncertainty_propagation.weights import (
    CORRELATED_WEIGHTS,
    INVERSE_VARIANCE,
    INVERSE_VARIANCE_MATRIX,
    INVERSE_VARIANCE_PRINTED,
)

PROOFS = (
    COVARIANCE,
    K_AVERAGED,
    CORRELATED_FLOOR,
    HETEROSCEDASTIC,
    WEIGHTED_IS_BEST,
    RANDOM_DESIGN,
    CONSERVATION,
    AVERAGING_DEEPENS,
    POOLED_RESIDUALS,
    POOLED_CONSERVATION,
    CATEGORICAL_AVERAGING,
    CATEGORICAL_CONSERVATION,
    INVERSE_VARIANCE_PRINTED,
    INVERSE_VARIANCE,
    INVERSE_VARIANCE_MATRIX,
    CORRELATED_WEIGHTS,
    ESTIMATED_VARIANCE_COST,
    ESTIMATED_VARIANCE_CLAIM,
    REUSED_RESPONSE,
    REUSED_RESPONSE_COST,
)
