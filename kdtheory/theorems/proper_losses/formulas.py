r"""Exact quantities of the room that are put together from the package's plain functions."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._numerics import chosen, square_root
from kdtheory._quadrature import normal_density, normal_tail, normal_tail_moment, step_error, strip
from kdtheory._types import InputWeights, LabelProbs, Losses, Scalar, TeacherProbs, TeacherWeights
from kdtheory.divergences import entropy, kl_to_scores
from kdtheory.losses import brier, log_loss, spherical_loss
from kdtheory.objects.gaussian_classes import score_auc
from kdtheory.objects.problems import FiniteProblem
from kdtheory.objects.synthetic_teachers import NoisyTeacherError, noisy_teacher_error
from kdtheory.objects.teachers import onehot_teacher, smoothed_teacher
from kdtheory.proper import ProbabilityLoss, decompose_risk, loss_of_entropy, prediction_risk
from kdtheory.risks import distilled_mse_fresh

CUBIC_LOSS = loss_of_entropy(lambda probs: 1 - jnp.sum(probs**3))
"""A loss such as a user may bring: made from a concave function, by differentiating it."""


def risks_of(input_weights: InputWeights, label_probs: LabelProbs, predicted: LabelProbs) -> Any:
    """Returns the population risk of predictions in each of the room's four losses."""
    losses = log_loss, brier, spherical_loss, CUBIC_LOSS
    return jnp.stack(
        [prediction_risk(one, input_weights, label_probs, predicted) for one in losses]
    )


def divergences_of(
    input_weights: InputWeights, label_probs: LabelProbs, predicted: LabelProbs
) -> Any:
    r"""Returns $\mathbb E_x D(p^*, q)$ in each of the room's four losses, in closed form."""
    known = [
        decompose_risk(one, input_weights, label_probs, predicted).divergence
        for one in (log_loss, brier, spherical_loss)
    ]
    # p^3 - q^3 - 3 q^2 (p - q) = (p - q)^2 (p + 2 q).
    cubic = (label_probs - predicted) ** 2 * (label_probs + 2 * predicted)
    return jnp.stack([*known, jnp.sum(input_weights[:, None] * cubic)])


def entropies_of(input_weights: InputWeights, label_probs: LabelProbs) -> Any:
    r"""Returns $\mathbb E_x G(p^*)$ in each of the room's four losses, in closed form."""
    norm_sq = jnp.sum(label_probs**2, axis=-1)
    cubes = jnp.sum(label_probs**3, axis=-1)
    each = entropy(label_probs), 1 - norm_sq, 1 - jnp.sqrt(norm_sq), 1 - cubes
    return jnp.stack([jnp.sum(input_weights * one) for one in each])


def excess_over_bayes(
    loss: ProbabilityLoss,
    input_weights: InputWeights,
    label_probs: LabelProbs,
    teacher_weights: TeacherWeights,
    teacher_probs: TeacherProbs,
) -> Scalar:
    """Returns a random teacher's mean risk less that of the Bayes probabilities."""
    risks = jnp.stack(
        [prediction_risk(loss, input_weights, label_probs, table) for table in teacher_probs]
    )
    least = prediction_risk(loss, input_weights, label_probs, label_probs)
    used = teacher_weights > 0
    return jnp.sum(jnp.where(used, teacher_weights * jnp.where(used, risks, 0.0), 0.0)) - least


def smoothed_target_error(
    input_weights: InputWeights, label_probs: LabelProbs, amount: Scalar
) -> Scalar:
    r"""Returns $\mathbb E\|(1-\alpha)e_y+\alpha/L-p^*(x)\|_2^2$, label by label."""
    labels = label_probs.shape[-1]
    targets = (1 - amount) * jnp.eye(labels, dtype=label_probs.dtype) + amount / labels
    distances = jnp.sum((targets[None] - label_probs[:, None]) ** 2, axis=-1)
    return jnp.sum(input_weights[:, None] * label_probs * distances)


def smoothed_onehot_error(problem: FiniteProblem, amount: Scalar) -> Scalar:
    r"""Returns $\mathbb E(\tilde R-R)^2$ for a fresh teacher, each draw a smoothed table."""
    law, tables = smoothed_teacher(*onehot_teacher(problem.label_probs), amount)
    return distilled_mse_fresh(
        problem.input_weights, problem.label_probs, problem.losses, law, tables, problem.num_samples
    )


def excess_log_loss(
    input_weights: InputWeights, bayes_logits: Losses, confidence: Scalar, temperature: Scalar
) -> Scalar:
    r"""Returns $\mathbb E_x\mathrm{KL}(p^*\|p_T)$, $p_T=\mathrm{softmax}(kz^*/T)$."""
    bayes = jax.nn.softmax(bayes_logits, axis=-1)
    return jnp.sum(input_weights * kl_to_scores(bayes, confidence * bayes_logits / temperature))


def entropy_form(
    input_weights: InputWeights, bayes_logits: Losses, confidence: Scalar, temperature: Scalar
) -> Scalar:
    r"""Returns $\mathbb E_x[(\beta-1)H(p^*)+\log\sum_k(p^*_k)^\beta]$ with $\beta=k/T$."""
    beta = confidence / temperature
    log_probs = jax.nn.log_softmax(bayes_logits, axis=-1)
    power_sum = jax.nn.logsumexp(beta * log_probs, axis=-1)
    return jnp.sum(input_weights * ((beta - 1) * entropy(jnp.exp(log_probs)) + power_sum))


def matching_residual(teacher_logits: Any, student_logits: Any, temperature: Any) -> Scalar:
    r"""Returns how far $LT^2\,\partial_{s_k}\mathrm{CE}(p_T(z),p_T(s))$ is from centred logits.

    $\max_k|LT^2\,\partial_{s_k}\mathrm{CE}-[(s-\bar s)-(z-\bar z)]_k|$, by differentiation.
    """
    target = jax.nn.softmax(teacher_logits / temperature)

    def cross_entropy(student: Any) -> Scalar:
        return -jnp.sum(target * jax.nn.log_softmax(student / temperature))

    slope = jax.grad(cross_entropy)(student_logits)
    centred = (student_logits - jnp.mean(student_logits)) - (
        teacher_logits - jnp.mean(teacher_logits)
    )
    return jnp.max(jnp.abs(len(centred) * temperature**2 * slope - centred))


def matching_rate(teacher_logits: Any, student_logits: Any, temperature: Any) -> Scalar:
    r"""Returns $\tfrac1{2T}[\Delta_z^2r(\Delta_z/T)+\Delta_s^2r(\Delta_s/T)]$, $\Delta$ a range.

    Along $t=1/T$ a softmax of centred $a$ has $p_k''=p_k[(a_k-\mu)^2-\mathbb V]$ with mean and
    variance under $p$. The bracket is at least $-\Delta^2/4$. With the mean of the other labels
    it is at most $(1-p_k)(1-2p_k)\Delta^2$, and $p_k\ge q=1/(1+(L-1)e^x)$ for $x=t\Delta$. Since
    $p_k\le1/(1+(L-1)e^{-x})$, Taylor's formula has $|Lp_k-1-ta_k|\le\tfrac{t^2}2\Delta^2r(x)$,
    $r(x)=\max\{\tfrac14,(1-q)(1-2q)\}\,L/(1+(L-1)e^{-x})$. As $T\to\infty$ it is
    attained from four labels on, by one label apart from all others.
    """

    def one(logits: Any) -> Scalar:
        labels = len(logits)
        spread = jnp.max(logits) - jnp.min(logits)
        x = spread / temperature
        q = 1 / (1 + (labels - 1) * jnp.exp(x))
        largest = labels / (1 + (labels - 1) * jnp.exp(-x))
        return spread**2 * jnp.maximum(0.25, (1 - q) * (1 - 2 * q)) * largest

    return (one(teacher_logits) + one(student_logits)) / (2 * temperature)


# --- two Gaussian classes -------------------------------------------------------------------------

_REACH, _LOGIT_STEPS, _NOISE_STEPS = 6.0, 16, 8
_AUC_STEP = 0.5


def posterior_by_bayes(mean: Any, point: Any, prior: Any) -> Scalar:
    r"""Returns $\pi\varphi(x-\mu)/[\pi\varphi(x-\mu)+(1-\pi)\varphi(x+\mu)]$ (Bayes' rule)."""
    exponents = -0.5 * jnp.stack([jnp.sum((point - mean) ** 2), jnp.sum((point + mean) ** 2)])
    joint = jnp.stack([prior, 1 - prior]) * jnp.exp(exponents - jnp.max(exponents))
    return joint[0] / jnp.sum(joint)


def auc_by_conditioning(separation: Scalar) -> Scalar:
    r"""Returns $\int\varphi(t)\Phi(t+2\delta)\,dt$: one member is ranked above the others."""
    nodes = _AUC_STEP * jnp.arange(-16, 17, dtype=separation.dtype)
    weights = _AUC_STEP * normal_density(nodes)
    return jnp.sum(weights * jax.scipy.special.ndtr(nodes + 2 * separation))


def auc_error() -> float:
    r"""Returns a bound on the error of `auc_by_conditioning`.

    $|\Phi(x+iy)|\le1+|\int_0^y\varphi(x+iv)\,dv|\le1+\tfrac{y}{\sqrt{2\pi}}e^{y^2/2}$.
    """
    width = math.pi / _AUC_STEP
    bound = math.exp(0.5 * width**2) + width / math.sqrt(2 * math.pi) * math.exp(width**2)
    turns = 2 * math.pi * width / _AUC_STEP
    return 2 * bound * math.exp(-turns) / -math.expm1(-turns) + normal_tail(8.0)


def small_rule(mean: Any, amount: Any, noise_std: Any) -> NoisyTeacherError:
    """Returns the error of a teacher of Eq. 16 by a rule of few nodes."""
    return noisy_teacher_error(
        amount,
        noise_std,
        jnp.sum(mean**2),
        num_logits=_LOGIT_STEPS,
        num_noise=_NOISE_STEPS,
        reach=_REACH,
    )


def _offset_nodes(half: Any, count: int) -> tuple[Any, Any]:
    """Returns nodes that fill [-half, half], none of them at zero or at an end, and their step."""
    step = half / count
    return step * (jnp.arange(-count, count) + 0.5), step


def direct_mse(mean: Any, amount: Any, noise_std: Any) -> Scalar:
    r"""Returns $2\,\mathbb E(p^{\mathrm t}-p^*)^2$, the square integrated as it stands."""
    centre = square_root(jnp.sum(mean**2))
    position, step = _offset_nodes(centre + _REACH, _LOGIT_STEPS)
    noise, noise_step = _offset_nodes(jnp.asarray(_REACH, position.dtype), _NOISE_STEPS)
    logits = 2 * centre * position[:, None]
    teacher = (1 - amount) * jax.nn.sigmoid(logits + noise_std * noise) + amount / 2
    density = 0.5 * (normal_density(position - centre) + normal_density(position + centre))
    weights = step * density[:, None] * (noise_step * normal_density(noise))
    return 2 * jnp.sum(weights * (teacher - jax.nn.sigmoid(logits)) ** 2)


def direct_mse_error(mean: Any, amount: Any, noise_std: Any) -> Scalar:
    r"""Returns a bound on the error of `direct_mse`.

    The difference is $(1-\alpha)[\Psi(s+u)-\Psi(s)]-\tfrac\alpha2\tanh\tfrac s2$, at most
    $\tfrac{1-\alpha}2|u|+\tfrac\alpha2$ in the strips, and its square at most
    $\tfrac12[(1-\alpha)^2|u|^2+\alpha^2]$.
    """
    keep, square = (1 - amount) ** 2, noise_std**2
    step = _REACH / _NOISE_STEPS
    width = strip(0.5 * math.pi / jnp.maximum(noise_std, 1e-6), step)
    cut = keep * square * normal_tail_moment(_REACH, 1) + amount**2 * normal_tail(_REACH)
    inner = 0.5 * cut + step_error(0.5 * (keep * square * (1 + width**2) + amount**2), width, step)
    centre = square_root(jnp.sum(mean**2))
    across = (centre + _REACH) / _LOGIT_STEPS
    strip_across = strip(0.25 * math.pi / jnp.maximum(centre, 1e-6), across)
    # The sum over the noise of the bound on the square is its mean, up to what `inner` allows for.
    bound = 0.5 * (keep * square + amount**2) + inner
    return 2 * (inner + step_error(bound, strip_across, across) + bound * normal_tail(_REACH))


# --- the student of a monotone teacher ------------------------------------------------------------

_NEWTON_STEPS = 24


def monotone_world(separation: Scalar, teacher: Any) -> tuple[Any, Any, Any]:
    r"""Returns inputs, their weights, and the teacher at each.

    An input has a coordinate $t$ along $\mu/\|\mu\|$, with the law of two Gaussian classes at
    $\pm r$ on a symmetric grid, and one $z$ across, standard normal on a symmetric grid.

    Args:
        separation: $r$.
        teacher: its probabilities along the grid of $t$.

    Returns:
        Inputs, shape ``(points, 2)``; weights and teacher, shape ``(points,)``.
    """
    along, across = jnp.linspace(-4.0, 4.0, len(teacher)), jnp.arange(-3.0, 4.0)
    law = normal_density(along - separation) + normal_density(along + separation)
    weights = law[:, None] * normal_density(across)[None]
    inputs = jnp.stack(jnp.meshgrid(along, across, indexing="ij"), axis=-1)
    rows = jnp.broadcast_to(teacher[:, None], weights.shape)
    return inputs.reshape(-1, 2), (weights / jnp.sum(weights)).reshape(-1), rows.reshape(-1)


@chosen
def distilled_student(
    inputs: Float[Array, "points features"], weights: Any, teacher: Any, start: Any
) -> Float[Array, "features"]:
    """Returns the weights of the logistic student with the smallest population risk.

    Newton's method, damped as a loss that is self-concordant in its logarithm asks: from anywhere.
    """
    radius = jnp.max(jnp.linalg.norm(inputs, axis=-1))

    def step(_: Any, student: Any) -> Any:
        probs = jax.nn.sigmoid(inputs @ student)
        slope = inputs.T @ (weights * (probs - teacher))
        curvature = (inputs.T * (weights * probs * (1 - probs))) @ inputs
        move = jnp.linalg.solve(curvature, slope)
        length = radius * jnp.linalg.norm(move)
        damped = jnp.where(length > 0, jnp.log1p(length) / jnp.where(length > 0, length, 1.0), 1.0)
        return student - damped * move

    return jax.lax.fori_loop(0, _NEWTON_STEPS, step, start)


def student_auc(separation: Scalar, teacher: Any, start: Any) -> Scalar:
    """Returns the AUC, on the Gaussian classes, of a teacher's student with the smallest risk."""
    student = distilled_student(*monotone_world(separation, teacher), start)
    return score_auc(jnp.stack([separation, jnp.zeros_like(separation)]), student)
