r"""Proofs for the room ``double_distillation``: Section 4's losses, and what surrounds them.

With $\log w$ added to the scores the loss is a softmax cross-entropy, and everything follows from
what is known of that: its partition function, Gibbs' inequality, and that logarithms increase.
"""

from proofs_check.double_distillation.double import EQ13_OFFSET, MINIMISER, MINIMUM, RANKING
from proofs_check.double_distillation.losses import (
    EQ12_UNIFORM,
    GAMMA_INFINITY,
    GAMMA_ZERO_PRINTED,
    LOWER_BOUND,
    UNBOUNDED_BELOW,
    ZERO_ONE_BOUND,
)
from proofs_check.double_distillation.text import (
    POSITIVE_WEIGHT_MASS,
    PUSH_LOSS,
    PUSH_LOSS_PRINTED,
    SELF_DISTILLATION_NO_OP,
)

PROOFS = (
    EQ12_UNIFORM,
    UNBOUNDED_BELOW,
    LOWER_BOUND,
    GAMMA_ZERO_PRINTED,
    GAMMA_INFINITY,
    ZERO_ONE_BOUND,
    EQ13_OFFSET,
    MINIMISER,
    MINIMUM,
    RANKING,
    POSITIVE_WEIGHT_MASS,
    PUSH_LOSS_PRINTED,
    PUSH_LOSS,
    SELF_DISTILLATION_NO_OP,
)
