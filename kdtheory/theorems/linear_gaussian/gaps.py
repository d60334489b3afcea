r"""Generalisation gaps of the case study with squared loss, fixed design.

The test inputs are the columns of $X$ with fresh labels: $L_P(W)=\frac1nE\|Y'-WX\|^2$ and
$L_{D}(W)=\frac1n\|Y-WX\|^2$. The teacher's gap $h=L_P(W_T)-L_{D_n}(W_T)$ is a quadratic form in
the label noise $e$ and the posterior noise $g$: in direction $i$, in units of $\nu^2/n$ and with
$|a_i|^2=b_i$,

$$k-(1-2\rho_i)|e_i|^2-2(1-\rho_i)\langle a_i,e_i\rangle+2\sqrt{r_i}\langle e_i,g_i\rangle,$$

and $k-|e|^2$ for each of the $n-\operatorname{rank}X$ sample directions that no weight can fit. Its
moment generating function is infinite from a finite argument on, so that $h$ has no variance proxy.

The student's gap $E[L_P(\Theta)-L_{\hat D}(\Theta)]$ is measured against its own pseudo labels.

Source: ours; the quantities are those of Li & He, arXiv:2605.13143, applied to their case study.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory.objects.designs import DesignSpectrum
from kdtheory.theorems.linear_gaussian import quadratic_forms
from kdtheory.theorems.linear_gaussian.algorithm_shift import Rank
from kdtheory.theorems.linear_gaussian.dataset_shift import dataset_shift_printed
from kdtheory.theorems.linear_gaussian.quadratic_forms import QuadraticForm
from kdtheory.theorems.linear_gaussian.terms import direction_terms


@jax.jit
def teacher_gap(
    spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Returns $\mathrm{gen}_T=E[L_P(W_T)-L_{D_n}(W_T)]=\frac{2k\nu^2}n\sum_i\rho_i$.

    Args:
        spectrum: of the design.
        num_samples: $n$, the number of columns of $X$, as a float; at least its rank.

    Returns:
        A nonnegative scalar.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{teacher_gap(spectrum(one), 1.0):.4f}")
        1.0000
    """
    fit = jnp.sum(direction_terms(spectrum).fit)
    return 2.0 * spectrum.num_outputs * _unit(spectrum, num_samples) * fit


@functools.partial(jax.jit, static_argnames="rank")
def student_gap(
    spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float, *, rank: Rank = "full"
) -> Float[Array, ""]:
    r"""Returns $\mathrm{gen}_S=E[L_P(\Theta)-L_{\hat D}(\Theta)]$.

    At full rank $\frac{\nu^2}n\sum_i[(1-\rho_i)^2b_i+k(r_i+\rho_i^2)]$, which is the teacher's
    excess risk and $2\nu^2/n$ times the printed bound on the dataset shift. At rank zero
    $\frac{\nu^2}n\sum_i[(1-\rho_i^2)b_i-k(r_i+\rho_i^2)]$, which may be negative: the zero map fits
    pseudo labels worse than true ones where the teacher's predictions have more energy than the
    truth. The student's covariance adds as much to either loss.

    Args:
        spectrum: of the design.
        num_samples: $n$.
        rank: "full" or "zero".

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> print(f"{student_gap(spectrum(one), 1.0):.4f}")
        0.8125
    """
    unit = _unit(spectrum, num_samples)
    if rank == "full":
        return 2.0 * unit * dataset_shift_printed(spectrum)
    terms = direction_terms(spectrum)
    # (1 - rho) b = lambda r |W* u|^2 does not divide by nu^2.
    lost = spectrum.prior_precision * terms.predictive_variance * spectrum.signal
    noise = spectrum.num_outputs * terms.label_excess
    return unit * jnp.sum(lost * (1.0 + terms.fit) - noise)


@jax.jit
def gap_form(spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float) -> QuadraticForm:
    r"""Returns the teacher's gap $h$ as a diagonalised quadratic form.

    In direction $i$ the matrix of $(e, g)$ has the eigenvalues
    $\mu_i^\pm=\frac12[-p_i\pm\sqrt{p_i^2+4r_i}]$, $p_i=1-2\rho_i$ (of which the one that would
    cancel is $-r_i$ over the other), and $e$ the share $\pm\mu_i^\pm/(\mu_i^+-\mu_i^-)$ in their
    eigenvectors. A sample direction without a weight has the single eigenvalue $-1$.

    Args:
        spectrum: of the design.
        num_samples: $n$.

    Returns:
        The form, with two terms per direction and one for the other sample directions.
    """
    terms = direction_terms(spectrum)
    active = terms.active
    pull = terms.shrinkage - terms.fit
    width = jnp.sqrt(pull**2 + 4.0 * terms.predictive_variance)
    falls = pull > 0
    # Not |p|, whose derivative at zero is neither of the two.
    large = 0.5 * (width + jnp.where(falls, pull, -pull))
    small = terms.predictive_variance / large
    positive, negative = jnp.where(falls, small, large), -jnp.where(falls, large, small)
    linear = 4.0 * terms.squared_bias / width
    unit = _unit(spectrum, num_samples)
    unfitted = num_samples - jnp.sum(active, dtype=spectrum.signal.dtype)
    last = jnp.where(unfitted > 0, -jnp.ones_like(unfitted), 0.0)
    eigenvalues = jnp.concatenate(
        [jnp.where(active, positive, 0.0), jnp.where(active, negative, 0.0), last[None]]
    )
    counts = jnp.concatenate([jnp.where(active, 1.0, 0.0)] * 2 + [unfitted[None]])
    coefficients = jnp.concatenate(
        [linear * positive, -linear * negative, jnp.zeros_like(last)[None]]
    )
    return QuadraticForm(
        mean=teacher_gap(spectrum, num_samples),
        eigenvalues=unit * eigenvalues,
        counts=spectrum.num_outputs * counts,
        linear=unit**2 * jnp.where(counts > 0, coefficients, 0.0),
    )


@jax.jit
def gap_variance(
    spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Returns $\mathrm{Var}\,h$ of the teacher's gap.

    $\frac{\nu^4}{n^2}\bigl[\sum_i\{2k(1-2\rho_i)^2+4kr_i+4(1-\rho_i)^2b_i\}
    +2k(n-\operatorname{rank}X)\bigr]$. Arguments as in `teacher_gap`.
    """
    return quadratic_forms.variance(gap_form(spectrum, num_samples))


@jax.jit
def gap_log_mgf_domain(
    spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Returns the open interval where the moment generating function of $h$ is finite.

    $\frac{n}{2\nu^2}$ times $1/\min_i\mu_i^-$ (or $-1$, if closer to zero and
    $n>\operatorname{rank}X$) and $1/\max_i\mu_i^+$ (or $\infty$, if $X=0$). The lower end is always
    finite. Arguments as in `teacher_gap`.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> low, high = gap_log_mgf_domain(spectrum(one), 1.0)
        >>> print(f"{low:.4f} {high:.4f}")
        -0.7071 0.7071
    """
    return quadratic_forms.domain(gap_form(spectrum, num_samples))


@jax.jit
def gap_centred_log_mgf(
    spectrum: DesignSpectrum,
    num_samples: Float[Array, ""] | float,
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\psi(\ell)=\log Ee^{\ell(h-\mathrm{gen}_T)}\ge0$, accurate for $\ell\to0$.

    Args:
        spectrum: of the design.
        num_samples: $n$.
        argument: $\ell$.

    Returns:
        The value, $\infty$ at the ends of the domain and beyond.
    """
    return quadratic_forms.centred_log_mgf(gap_form(spectrum, num_samples), argument)


@jax.jit
def gap_log_mgf(
    spectrum: DesignSpectrum,
    num_samples: Float[Array, ""] | float,
    argument: Float[Array, ""] | float,
) -> Float[Array, ""]:
    r"""Returns $\Lambda(\ell)=\log Ee^{\ell h}$ of the teacher's gap.

    With $\theta=\ell\nu^2/n$ and $D_i=1+2\theta(1-2\rho_i)-4\theta^2r_i$

    $$\Lambda=\sum_i\Bigl[k\theta-\tfrac k2\log D_i+\frac{2\theta^2(1-\rho_i)^2b_i}{D_i}\Bigr]
      +k(n-\operatorname{rank}X)\bigl[\theta-\tfrac12\log(1+2\theta)\bigr].$$

    Arguments and conventions as in `gap_centred_log_mgf`.

    Example:
        >>> from kdtheory.objects.designs import LinearGaussianDesign, spectrum
        >>> one = LinearGaussianDesign.create([[1.0]], [[0.5]])
        >>> inside, outside = (gap_log_mgf(spectrum(one), 1.0, point) for point in (0.1, 0.8))
        >>> print(f"{inside:.4f} {outside:.1f}")
        0.1114 inf
    """
    return quadratic_forms.log_mgf(gap_form(spectrum, num_samples), argument)


def _unit(spectrum: DesignSpectrum, num_samples: Float[Array, ""] | float) -> Float[Array, ""]:
    return spectrum.noise_std**2 / num_samples
