r"""Proofs for the room ``variance_reduction``: Lemma 1 and what surrounds it.

Everything rests on one identity: given the input, a drawn label adds the variance of the loss under
the Bayes class probabilities, a sum over pairs of labels in which no term is negative.
"""

from proofs_check.variance_reduction.gap import (
    EQUALITY,
    EQUALITY_PRINTED,
    GAP_IDENTITY,
    LEMMA1,
    UNBIASED_BAYES,
    UNBIASED_ONEHOT,
)
from proofs_check.variance_reduction.students import ERM_EXCESS_RISK, KL_FORM, KL_FORM_PRINTED
from proofs_check.variance_reduction.teachers import (
    DESIGN_CONDITIONAL,
    WORST_TEACHER_LOWER,
    WORST_TEACHER_UPPER,
)

PROOFS = (
    LEMMA1,
    GAP_IDENTITY,
    EQUALITY_PRINTED,
    EQUALITY,
    UNBIASED_ONEHOT,
    UNBIASED_BAYES,
    KL_FORM_PRINTED,
    KL_FORM,
    WORST_TEACHER_LOWER,
    WORST_TEACHER_UPPER,
    ERM_EXCESS_RISK,
    DESIGN_CONDITIONAL,
)
