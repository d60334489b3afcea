r"""Bias and variance of the teacher: how far the distilled risk is from the population risk.

Menon, Rawat, Reddi, Kim, Kumar, "Why distillation helps: a statistical perspective",
arXiv:2005.10419, Sections 3.2 and 3.3, Appendix A. A teacher $p^{\mathrm t}$, possibly random,
takes the place of labels: $\tilde R(f;S) = \tfrac1N\sum_n p^{\mathrm t}(x_n)\cdot\ell(f(x_n))$.

* Everything depends on how a random teacher is drawn: once for the whole sample (``mse_shared``),
  afresh at every sample point (``mse_fresh``), or not at all (``mse_fixed``). The errors are known
  exactly; sharing costs ``shared_minus_fresh``.
* **Proposition 3, Eq. 9** stands for a fixed teacher (``eq9_fixed``) and for fresh noise
  (``eq9_fresh``). For a random teacher shared over the sample, the case that Section 3.3 speaks of,
  it fails with every constant (``eq9_shared``); ``shared_norm`` is what the proof gives.
* **Eq. 10** stands when mean and variance are taken over the teacher at each input (``eq10``), and
  not when they are taken over the inputs (``eq10_x_average``).
* The constant $LB^2$ can be replaced by $B^2\lfloor L/2\rfloor\lceil L/2\rceil/L$
  (``sharp_constant``), and norms by total variation (``shared_tv``, ``fresh_tv``) or divergence
  (``shared_kl``). A teacher drawn afresh pays no penalty for its variance (``fresh_norm``).
* **Proposition 4** stands for a teacher that is unbiased given the sampled inputs (``prop4``,
  ``prop4_identity``); the "constant C" of its text does not occur in it.
* Section 3.3: a teacher helps below a break-even sample size (``break_even_below``,
  ``break_even_above``), and its accuracy does not tell (``accuracy_not_enough``).

``formulas`` and `kdtheory.risks` hold the exact errors, ``bounds`` the right sides, ``draws`` the
definitions as Monte Carlo replicates, ``worlds`` the domains, ``claims_*`` the records.
"""

from kdtheory.theorems.bias_variance.bounds import (
    eq9_bound,
    eq10_bound,
    expected_distance,
    fresh_norm_bound,
    fresh_tv_bound,
    shared_kl_bound,
    shared_mixed_bound,
    shared_moment_bound,
    shared_norm_bound,
    shared_tv_bound,
    teacher_spread,
)
from kdtheory.theorems.bias_variance.claims_exact import (
    MSE_FIXED,
    MSE_FRESH,
    MSE_SHARED,
    SHARED_MINUS_FRESH,
    SHARP_CONSTANT,
    SHARP_CONSTANT_VERTEX,
    TV_BELOW_NORM,
)
from kdtheory.theorems.bias_variance.claims_printed import (
    EQ9_FIXED,
    EQ9_FRESH,
    EQ9_SHARED,
    EQ10,
    EQ10_X_AVERAGE,
)
from kdtheory.theorems.bias_variance.claims_sharpened import (
    FRESH_NORM,
    FRESH_TV,
    SHARED_KL,
    SHARED_MIXED,
    SHARED_MOMENT,
    SHARED_NORM,
    SHARED_TV,
    SOFTMAX_LOGIT_SPREAD,
)
from kdtheory.theorems.bias_variance.claims_unbiased import (
    ACCURACY_NOT_ENOUGH,
    BREAK_EVEN_ABOVE,
    BREAK_EVEN_BELOW,
    PROP4,
    PROP4_GAP_FRESH,
    PROP4_GAP_SHARED,
    PROP4_IDENTITY,
    SHARED_UNBIASED_WORST,
)
from kdtheory.theorems.bias_variance.formulas import (
    bias_variance_over_teachers,
    break_even,
    distance_to_bayes_fresh,
    distance_to_bayes_shared,
    expected_variance,
    noise_of_teacher,
    sampled_error,
    sampled_error_fresh,
)

CLAIMS = (
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

__all__ = [
    "CLAIMS",
    "bias_variance_over_teachers",
    "break_even",
    "distance_to_bayes_fresh",
    "distance_to_bayes_shared",
    "eq9_bound",
    "eq10_bound",
    "expected_distance",
    "expected_variance",
    "fresh_norm_bound",
    "fresh_tv_bound",
    "noise_of_teacher",
    "sampled_error",
    "sampled_error_fresh",
    "shared_kl_bound",
    "shared_mixed_bound",
    "shared_moment_bound",
    "shared_norm_bound",
    "shared_tv_bound",
    "teacher_spread",
]
