r"""Proofs for the room ``distillation_divergence``: what a divergence says of the student's gap.

Everything rests on one identity: what the change of measure loses is a divergence, from the tilt.
"""

from proofs_check.distillation_divergence.central import (
    CENTRAL_CONDITION,
    CENTRAL_RANGE,
    LOWER_BELOW_CHERNOFF,
    REMARK2,
)
from proofs_check.distillation_divergence.dependence import (
    SHARPER_DEPENDENCE_CENTRAL,
    SHARPER_DEPENDENCE_REMARK2,
    THM10_EQUALS_TWO_SIDED,
)
from proofs_check.distillation_divergence.laws import DONSKER_VARADHAN, DV_TILT, SUBGAUSSIAN_MGF
from proofs_check.distillation_divergence.processes import (
    CHAIN_RULE,
    CRAMER_CHERNOFF_LOWER,
    CRAMER_CHERNOFF_UPPER,
    LOWER,
    UPPER,
    UPPER_ONE_SIDED,
)
from proofs_check.distillation_divergence.proxies import SMALLEST_PROXY
from proofs_check.distillation_divergence.tilts import (
    CHERNOFF_BELOW_THEOREM8,
    CRAMER_CHERNOFF_ATTAINED,
    LARGE_DIVERGENCE_REVIEW,
)

PROOFS = (
    DONSKER_VARADHAN,
    DV_TILT,
    SUBGAUSSIAN_MGF,
    SMALLEST_PROXY,
    CRAMER_CHERNOFF_ATTAINED,
    CHERNOFF_BELOW_THEOREM8,
    LARGE_DIVERGENCE_REVIEW,
    UPPER,
    UPPER_ONE_SIDED,
    LOWER,
    CRAMER_CHERNOFF_UPPER,
    CRAMER_CHERNOFF_LOWER,
    CHAIN_RULE,
    CENTRAL_CONDITION,
    REMARK2,
    CENTRAL_RANGE,
    LOWER_BELOW_CHERNOFF,
    THM10_EQUALS_TWO_SIDED,
    SHARPER_DEPENDENCE_REMARK2,
    SHARPER_DEPENDENCE_CENTRAL,
)
