r"""Proofs for the room ``bias_variance``: Propositions 3 and 4, corrected, sharpened, made exact.

Given the draw of the teacher, the distilled risk is a mean of independent terms; what varies with
the draw alone is not divided by N. A bias is a mean over inputs of differences of risks, which are
bounded input by input, with a constant that is known for every number of labels.
"""

from proofs_check.bias_variance.constant import SHARP_CONSTANT
from proofs_check.bias_variance.distances import SHARP_CONSTANT_VERTEX, TV_BELOW_NORM
from proofs_check.bias_variance.exact import (
    MSE_FIXED,
    MSE_FRESH,
    MSE_SHARED,
    SHARED_MINUS_FRESH,
)
from proofs_check.bias_variance.fresh import FRESH_NORM, FRESH_TV, SOFTMAX_LOGIT_SPREAD
from proofs_check.bias_variance.moments import EQ10, EQ10_X_AVERAGE
from proofs_check.bias_variance.practice import (
    ACCURACY_NOT_ENOUGH,
    BREAK_EVEN_ABOVE,
    BREAK_EVEN_BELOW,
)
from proofs_check.bias_variance.printed import EQ9_FIXED, EQ9_FRESH, EQ9_SHARED
from proofs_check.bias_variance.shared import (
    SHARED_KL,
    SHARED_MIXED,
    SHARED_MOMENT,
    SHARED_NORM,
    SHARED_TV,
)
from proofs_check.bias_variance.unbiased import (
    PROP4,
    PROP4_GAP_FRESH,
    PROP4_GAP_SHARED,
    PROP4_IDENTITY,
    SHARED_UNBIASED_WORST,
)

PROOFS = (
    MSE_SHARED,
    MSE_FRESH,
    MSE_FIXED,
    SHARED_MINUS_FRESH,
    EQ9_FIXED,
    EQ9_FRESH,
    EQ9_SHARED,
    EQ10_X_AVERAGE,
    EQ10,
    SHARP_CONSTANT,
    SHARP_CONSTANT_VERTEX,
    TV_BELOW_NORM,
    SHARED_NORM,
    SHARED_MOMENT,
    SHARED_MIXED,
    SHARED_TV,
    SHARED_KL,
    FRESH_NORM,
    FRESH_TV,
    SOFTMAX_LOGIT_SPREAD,
    PROP4,
    PROP4_IDENTITY,
    PROP4_GAP_FRESH,
    PROP4_GAP_SHARED,
    SHARED_UNBIASED_WORST,
    BREAK_EVEN_BELOW,
    BREAK_EVEN_ABOVE,
    ACCURACY_NOT_ENOUGH,
)
