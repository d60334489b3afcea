r"""Students that generalise: softmax models of the next token, fitted to sampled answers.

The logits are $z_{xu}=\sum_g s_g\theta_g$, with weights of the previous token $u$, of the prompt
$x$, and of the pair of them, and $\theta$ minimises

$$-\frac1N\sum_{x,u,v}n_{xuv}\log\mathrm{softmax}(z_{xu})_v+\frac\lambda2|\theta|^2,$$

with $n_{xuv}$ counting how often $v$ follows $u$ in the $N$ tokens of the answers to $x$. A scale
$s_g=0$ leaves a group of weights out. Every token has a positive probability.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from kdtheory._check import FloatArray

_TOLERANCE = 1e-9
_ROUNDING = 1e-10
_MOST_STEPS = 100


def features(num_prompts: int, num_previous: int, scales: tuple[float, float, float]) -> FloatArray:
    r"""Returns the square root $A$ of what two cells have in common; $z=A\theta$.

    Cells are pairs of prompt and previous token. Logits that come from weights of the previous
    token, of the prompt and of the pair have the inner products $AA^\top$: as many weights as its
    rank give the same logits for the same sum of squares.

    Args:
        num_prompts: how many prompts.
        num_previous: how many previous tokens, the beginning of an answer among them.
        scales: $s$ of the previous token, the prompt, and the pair.
    """
    prompt, previous = np.divmod(np.arange(num_prompts * num_previous), num_previous)
    same_prompt, same_previous = prompt[:, None] == prompt, previous[:, None] == previous
    of_previous, of_prompt, of_pair = np.square(scales)
    common = of_previous * same_previous + of_prompt * same_prompt
    common = common + of_pair * (same_prompt & same_previous)
    values, axes = np.linalg.eigh(common)
    needed = values > 1e-9 * values.max()
    return np.asarray(axes[:, needed] * np.sqrt(values[needed]))


def fitted(
    counts: Float[np.ndarray, "students cells tokens"],
    root: Float[np.ndarray, "cells weights"],
    decay: Float[np.ndarray, "students"],
) -> Float[np.ndarray, "students cells tokens"]:
    r"""Returns the next-token probabilities of students fitted by Newton's method.

    Args:
        counts: $n$ of every student.
        root: $A$, the features of a cell.
        decay: $\lambda>0$ of every student.

    Raises:
        RuntimeError: if Newton's method does not converge.
    """
    shares = counts / counts.sum(axis=(1, 2), keepdims=True)
    num_tokens = shares.shape[2]
    # Weights of tokens that sum to zero: others would change nothing, and cost decay.
    centred = np.eye(num_tokens) - 1.0 / num_tokens
    basis = np.linalg.svd(centred)[0][:, :-1]
    num_weights, free = root.shape[1], num_tokens - 1
    products = (root[:, :, None] * root[:, None, :]).reshape(len(root), -1)
    penalty = np.eye(num_weights * free)

    def log_probs(theta: FloatArray) -> FloatArray:
        logits = (root @ theta) @ basis.T
        logits = logits - logits.max(axis=-1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))

    def objective(theta: FloatArray, of: Int[np.ndarray, "chosen"]) -> FloatArray:
        loss = -np.sum(shares[of] * log_probs(theta), axis=(1, 2))
        return np.asarray(loss + 0.5 * decay[of] * np.sum(theta**2, axis=(1, 2)))

    theta = np.zeros((len(shares), num_weights, free))
    active = np.arange(len(shares))
    for _ in range(_MOST_STEPS):
        now = theta[active]
        probs = np.exp(log_probs(now))
        mass = shares[active].sum(axis=2, keepdims=True)
        gradient = root.T @ ((mass * probs - shares[active]) @ basis)
        gradient = gradient + decay[active, None, None] * now
        far = np.abs(gradient).max(axis=(1, 2)) > _TOLERANCE
        active, now, probs, mass, gradient = (
            values[far] for values in (active, now, probs, mass, gradient)
        )
        if not len(active):
            return np.exp(log_probs(theta))
        spread = np.einsum("scv,va,vb->scab", probs, basis, basis, optimize=True)
        mean = probs @ basis
        spread = mass[..., None] * (spread - mean[..., :, None] * mean[..., None, :])
        curvature = np.moveaxis(spread, 1, -1).reshape(-1, len(root)) @ products
        shape = (len(active), free, free, num_weights, num_weights)
        curvature = curvature.reshape(shape).transpose(0, 3, 1, 4, 2)
        curvature = curvature.reshape(len(active), *penalty.shape)
        curvature = curvature + decay[active, None, None] * penalty
        step = np.linalg.solve(curvature, gradient.reshape(len(active), -1, 1)).reshape(now.shape)
        before = objective(now, active)
        # So near the minimum that rounding hides the gain, a whole step is best.
        unsure = np.sum(gradient * step, axis=(1, 2)) > _ROUNDING
        while True:
            unsure[unsure] = objective((now - step)[unsure], active[unsure]) > before[unsure]
            if not unsure.any():
                break
            step[unsure] *= 0.5
        theta[active] = now - step
    raise RuntimeError(f"{len(active)} softmax students have not converged")
