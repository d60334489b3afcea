r"""Double-distillation: the teacher also weighs the labels that a student is pushed away from.

Menon, Rawat, Reddi, Kim, Kumar, "Why distillation helps: a statistical perspective",
arXiv:2005.10419, Section 4. The loss $\ell(y,f)=\log\sum_{y'}w_{y'}e^{f_{y'}-f_y}$ (Eq. 12) is
averaged over the teacher's $p$ with weights $w=\Psi(p)$, $\Psi$ decreasing (Eq. 13).

* **Eq. 12** with uniform weights is the cross-entropy minus $\log L$ (``eq12_uniform``). It is not
  non-negative (``unbounded_below``) but at least $\log w_y$ (``lower_bound``).
* **Eq. 13** is plain distillation of a student whose logits are offset by $\log w$
  (``eq13_offset``). Its minimiser is $\log(p/w)$ (``minimiser``, ``minimum``), which ranks the
  labels exactly as $p$ does (``ranking``): what double-distillation gains comes from the student's
  capacity or from optimisation, not from the population objective.
* Weights $1-p$ leave $L_+$ positives with a total weight of $L_+-1$ or more
  (``positive_weight_mass``), as the text says.
* The limit printed before Eq. 12 is $\gamma\to0$ (``gamma_zero_printed``); it is
  $\gamma\to\infty$, to the margin clipped at zero (``gamma_infinity``). The cross-entropy in bits
  bounds the zero-one error (``zero_one_bound``).
* The push loss is said to have a convex $g(z)=\log(1+z)$ (``push_loss_printed``); it is convex in
  $\log z$ (``push_loss``).
* A linear softmax teacher fitted to the student's own sample changes nothing for a linear student
  (``self_distillation_no_op``).

The losses are in `kdtheory.retrieval`; ``formulas`` holds closed forms, ``worlds`` the domains,
``claims_*`` the records.
"""

from kdtheory.theorems.double_distillation.claims_losses import (
    EQ12_UNIFORM,
    EQ13_OFFSET,
    LOWER_BOUND,
    MINIMISER,
    MINIMUM,
    RANKING,
    UNBOUNDED_BELOW,
    ZERO_ONE_BOUND,
)
from kdtheory.theorems.double_distillation.claims_text import (
    GAMMA_INFINITY,
    GAMMA_ZERO_PRINTED,
    POSITIVE_WEIGHT_MASS,
    PUSH_LOSS,
    PUSH_LOSS_PRINTED,
    SELF_DISTILLATION_NO_OP,
)
from kdtheory.theorems.double_distillation.formulas import (
    fitted_law,
    least_double_distillation_loss,
)

CLAIMS = (
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

__all__ = ["CLAIMS", "fitted_law", "least_double_distillation_loss"]
