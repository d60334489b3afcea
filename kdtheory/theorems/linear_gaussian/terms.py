r"""The quantities of one singular direction, from which every closed form is summed.

For $s = s_i$ and $w = |W^*u_i|^2$, with $b = s^2w/\nu^2$ on paper:

==================================================  ============================
on paper                                            in code
==================================================  ============================
$r = s^2/(\lambda\nu^2+\beta s^2)$                  ``predictive_variance``
$\rho = \beta r$                                    ``fit``
$1-\rho = \lambda\nu^2/(\lambda\nu^2+\beta s^2)$    ``shrinkage``
$\tau = \nu^2/(\lambda\nu^2+\beta s^2)$             ``posterior_variance``
$(1-\rho)b = \lambda rw$                             ``pull``
$(1-\rho)^2b$                                       ``squared_bias``
$\beta\rho b$                                       ``mean_energy``
$1 + \beta\rho$                                     ``teacher_variance``
$t = r + \rho^2$                                    ``label_excess``
$c = (1+\beta\rho)/(1+t)$                           ``residual_variance``
$q = (1-\rho)^2(1+\beta\rho) + \beta\rho$           ``mismatch``
==================================================  ============================

None of them is a difference of nearly equal numbers: $1-\rho$ is computed directly,
$(1-\rho)b = \lambda rw$ never divides by $\nu^2$ (as $\nu\to0$ it stays finite while $b$ does not),
and

$$c - 1 = \frac{r(\beta^2 - 1 - \beta\rho)}{1+t},\qquad
  q - c = \frac{r\,[(\beta-1)(1-\rho) + \beta\rho^2]^2}{1+t}\ \ge 0.$$
"""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import Array, Bool, Float

from kdtheory.objects.designs import DesignSpectrum


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class DirectionTerms:
    r"""The quantities of the table above, one entry per direction.

    Attributes:
        active: whether $s_i > 0$; the others are null directions, counted in
            ``DesignSpectrum.num_null`` and nowhere else.
        predictive_variance: $r$: posterior variance of the fitted labels in units of $\nu^2$.
        fit: $\rho$: eigenvalue of the ridge smoother.
        shrinkage: $1 - \rho$.
        posterior_variance: $\tau$: eigenvalue of $\Sigma_T$.
        pull: $(1-\rho)b$.
        squared_bias: $(1-\rho)^2b$.
        mean_energy: $\beta\rho b$: squared teacher mean in units of $\tau$.
        teacher_variance: $1+\beta\rho$: $\mathrm{Var}(W_Tu_i)/\tau$ per output.
        label_excess: $t$: pseudo labels have variance $\nu^2(1+t)$.
        residual_variance: $c$: $\mathrm{Var}(W_Tu_i\,|\,\hat Y)/\tau$ per output.
        residual_excess: $c - 1$.
        mismatch: $q$: the part of $E|W_T - \bar W(\hat D)|^2/\tau$ that does not see $W^*$.
        mean_mismatch: $q - c \ge 0$: the same of $E[W_T\,|\,\hat Y]$ in place of $W_T$.
    """

    active: Bool[Array, "directions"]
    predictive_variance: Float[Array, "directions"]
    fit: Float[Array, "directions"]
    shrinkage: Float[Array, "directions"]
    posterior_variance: Float[Array, "directions"]
    pull: Float[Array, "directions"]
    squared_bias: Float[Array, "directions"]
    mean_energy: Float[Array, "directions"]
    teacher_variance: Float[Array, "directions"]
    label_excess: Float[Array, "directions"]
    residual_variance: Float[Array, "directions"]
    residual_excess: Float[Array, "directions"]
    mismatch: Float[Array, "directions"]
    mean_mismatch: Float[Array, "directions"]


@jax.jit
def direction_terms(spectrum: DesignSpectrum) -> DirectionTerms:
    """Returns the quantities of every direction of a spectrum, in O(directions)."""
    squared, signal = spectrum.squared_singular_values, spectrum.signal
    precision, beta = spectrum.prior_precision, spectrum.inverse_temperature
    noise_variance = spectrum.noise_std**2
    denominator = precision * noise_variance + beta * squared
    predictive_variance = squared / denominator
    fit = beta * squared / denominator
    shrinkage = precision * noise_variance / denominator
    pull = precision * predictive_variance * signal
    label_excess = predictive_variance + fit**2
    total = 1.0 + label_excess
    gap = (beta - 1.0) * shrinkage + beta * fit**2
    return DirectionTerms(
        active=squared > 0,
        predictive_variance=predictive_variance,
        fit=fit,
        shrinkage=shrinkage,
        posterior_variance=noise_variance / denominator,
        pull=pull,
        squared_bias=shrinkage * pull,
        mean_energy=beta * fit * squared * signal / noise_variance,
        teacher_variance=1.0 + beta * fit,
        label_excess=label_excess,
        residual_variance=(1.0 + beta * fit) / total,
        residual_excess=predictive_variance * ((beta - 1.0) * (beta + 1.0) - beta * fit) / total,
        mismatch=shrinkage**2 * (1.0 + beta * fit) + beta * fit,
        mean_mismatch=predictive_variance * gap**2 / total,
    )
