r"""Named axes of the arrays in public signatures, and the table "on paper | in code".

Axes: ``inputs`` ($m$, points of the input space), ``labels`` ($L$), ``teachers`` ($T$, draws of a
random teacher), ``samples`` ($n$ or $N$, training examples), ``hypotheses`` ($|\mathcal F|$),
``features`` ($d$), ``outputs`` ($k$), ``directions`` ($r$, singular directions of a design).

=======================================  ====================================================
on paper                                 in code
=======================================  ====================================================
$\pi(x)$, the law of the inputs          ``input_weights``
$p^*(x)$, Bayes class probabilities      ``label_probs``
$\ell(f(x))$, the vector of losses       ``losses``
$p^{\mathrm t}_\tau(x)$, $w_\tau$        ``teacher_probs``, ``teacher_weights``
$N$ or $n$                               ``num_samples``
$R$, $\hat R$, $\hat R^*$, $\tilde R$    population, one-hot, Bayes-distilled, distilled risk
$X$ ($d\times n$), $W^*$ ($k\times d$)   ``inputs``, ``true_weights``
$\lambda$, $\beta_T$, $\nu$              ``prior_precision``, ``inverse_temperature``, ``noise_std``
$K_n$                                    ``divergence``
$\sigma^2$ (sub-Gaussian)                ``variance_proxy``
$D_n$, $f$, $q_T(f|D)$, $Q(D, f)$        data sets, hypotheses, ``teacher_kernel``, ``student_law``
$\ell$ of a log-mgf                      ``argument``
=======================================  ====================================================
"""

from __future__ import annotations

from typing import TypeAlias

from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

Scalar: TypeAlias = Float[Array, ""]
InputWeights: TypeAlias = Float[Array, "inputs"]
LabelProbs: TypeAlias = Float[Array, "inputs labels"]
Losses: TypeAlias = Float[Array, "inputs labels"]
TeacherWeights: TypeAlias = Float[Array, "teachers"]
TeacherProbs: TypeAlias = Float[Array, "teachers inputs labels"]
SampledInputs: TypeAlias = Int[Array, "samples"]
SampledLabels: TypeAlias = Int[Array, "samples"]
Mask: TypeAlias = Bool[Array, "samples"]
Key: TypeAlias = PRNGKeyArray
