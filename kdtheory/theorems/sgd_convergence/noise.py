r"""Gradient noise of every kind of label, at any parameter.

A target $q$ with $\mathbb E[q\,|\,x]=P(x)$ gives the gradient $-\sum_kq_k\nabla\log p_k$, which is
linear in $q$: that with Bayes class probabilities plus $-J(q-P)$, $J=[\nabla\log p_k]$, of mean
zero given $x$. So $\mathbb E\|g\|^2$ is the sum of two parts, `bayes_second_moment`, the same for
all labels, and the *target noise* $\mathbb E_x\mathrm{tr}(J\Sigma J^\top)$,
$\Sigma=\mathrm{Cov}(q|x)$, which is what is computed here. At the optimum of a realisable world
the first part is zero.

For a linear softmax model $J$ has the columns $\varphi\otimes(e_k-p)$: the noise of targets that
sum to one does not depend on $\theta$ at all, and $P_k$ is divided by nowhere.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory._types import InputWeights, LabelProbs, Scalar
from kdtheory.objects.objectives import SoftmaxObjective, second_moment

Parameters = Float[Array, "features logits"]
Covariances = Float[Array, "inputs labels labels"]


@jax.jit
def jacobian_noise(
    input_weights: InputWeights,
    jacobians: Float[Array, "inputs parameters labels"],
    covariances: Covariances,
) -> Scalar:
    r"""Returns $\mathbb E_x\,\mathrm{tr}(J\Sigma J^\top)$ for any student.

    Args:
        input_weights: $\pi$, shape ``(inputs,)``.
        jacobians: $J=[\nabla\log p_k]$, a column per label.
        covariances: $\Sigma$, of the target given the input.

    Example:
        >>> coin = jnp.array([[[0.25, -0.25], [-0.25, 0.25]]])
        >>> float(jacobian_noise(jnp.ones(1), jnp.array([[[0.5, -0.5]]]), coin))
        0.25
    """
    traces = jnp.einsum("ipk,ikl,ipl->i", jacobians, covariances, jacobians)
    return jnp.dot(input_weights, traces)


@functools.partial(jax.jit, static_argnames="num_logits")
def jacobians_of_probs(
    features: Float[Array, "inputs features"], probs: LabelProbs, *, num_logits: int
) -> Float[Array, "inputs parameters labels"]:
    r"""Returns $J=[\nabla\log p_k]$ of a linear softmax student, given what it answers.

    Args:
        features: $\varphi$.
        probs: $p(\theta;x)$, on which alone $J$ depends.
        num_logits: how many logits are free, the first ones.
    """
    num_labels = probs.shape[1]
    # d log p_k / d z_l is 1{k = l} - p_l, of which only the free logits l are parameters.
    slopes = jnp.eye(num_labels, dtype=probs.dtype)[None] - probs[:, None, :]
    kept = jnp.swapaxes(slopes[:, :, :num_logits], 1, 2)
    outer = features[:, :, None, None] * kept[:, None]
    return outer.reshape(outer.shape[0], -1, num_labels)


@jax.jit
def softmax_jacobians(
    objective: SoftmaxObjective, parameters: Parameters
) -> Float[Array, "inputs parameters labels"]:
    r"""Returns $J=[\nabla\log p_k(\theta;x)]$ of a linear softmax model, parameters flattened."""
    num_logits = objective.optimum.shape[1]
    return jacobians_of_probs(
        objective.features, objective.probs(parameters), num_logits=num_logits
    )


@jax.jit
def target_noise(
    objective: SoftmaxObjective, parameters: Parameters, covariances: Covariances
) -> Scalar:
    r"""Returns the noise of targets with any covariance, at $\theta$.

    Args:
        objective: the world and its linear softmax model.
        parameters: $\theta$.
        covariances: $\mathrm{Cov}(q|x)$, shape ``(inputs, labels, labels)``.
    """
    jacobians = softmax_jacobians(objective, parameters)
    return jacobian_noise(objective.input_weights, jacobians, covariances)


@jax.jit
def bayes_second_moment(objective: SoftmaxObjective, parameters: Parameters) -> Scalar:
    r"""Returns $\mathbb E\|g\|^2$ with Bayes class probabilities; zero at the optimum.

    Args:
        objective: the world and its linear softmax model.
        parameters: $\theta$.
    """
    return second_moment(objective.bayes_gradients(parameters))


def _mean_over_inputs(
    objective: SoftmaxObjective, of_logits: Float[Array, "inputs logits"]
) -> Scalar:
    r"""Returns $\mathbb E\|\varphi\|^2\sum_k\cdot_k$ over the free logits."""
    weights = objective.input_weights * objective.squared_norms
    return jnp.dot(weights, jnp.sum(of_logits, axis=1))


@jax.jit
def noise_onehot(objective: SoftmaxObjective) -> Scalar:
    r"""Returns $\mathbb E\|\varphi\|^2(1-\|P\|^2)$, the noise of drawn labels at every $\theta$.

    Args:
        objective: the world and its linear softmax model.

    Returns:
        The noise; with a pinned logit the sum of $P_k(1-P_k)$ over the free ones.

    Example:
        >>> world = SoftmaxObjective.create([1.0], [[2.0]], [[0.0, 0.0]])
        >>> float(noise_onehot(world))  # 4 (1 - 1/2)
        2.0
    """
    probs = objective.label_probs
    return _mean_over_inputs(objective, objective.free(probs * (1 - probs)))


@jax.jit
def noise_additive(
    objective: SoftmaxObjective, parameters: Parameters, variance: Scalar | float
) -> Scalar:
    r"""Returns the noise of $q=P+\varepsilon$ with independent entries of variance $\nu$.

    $\nu\,\mathbb E\|\varphi\|^2(K-2+K\|p\|^2)$ at $\theta$, as a sum of squares: the entry
    $\varepsilon_k$ moves the logit $k$ by $1-p_k$, each other entry by $p_k$. Such targets do not
    sum to one, and are not probabilities.

    Args:
        objective: the world and its linear softmax model.
        parameters: $\theta$, on which this noise depends.
        variance: $\nu$.

    Example:
        >>> world = SoftmaxObjective.create([1.0], [[2.0]], [[0.0, 0.0]])
        >>> float(noise_additive(world, world.optimum, 0.5))  # 0.5 * 4 (0 + 2 / 2)
        2.0
    """
    probs = objective.probs(parameters)
    others = probs.shape[1] - 1
    moved = (1 - probs) ** 2 + others * probs**2
    return variance * _mean_over_inputs(objective, objective.free(moved))


@jax.jit
def noise_centred(objective: SoftmaxObjective, variance: Scalar | float) -> Scalar:
    r"""Returns the noise of $q=P+\varepsilon-\bar\varepsilon$: additive, with the sum kept at one.

    $\nu(K-1)\,\mathbb E\|\varphi\|^2$ at every $\theta$, $\nu(1-\frac1K)$ per free logit.

    Args:
        objective: the world and its linear softmax model.
        variance: $\nu$, of an entry of $\varepsilon$.
    """
    each = jnp.full_like(objective.label_probs, 1 - 1 / objective.label_probs.shape[1])
    return variance * _mean_over_inputs(objective, objective.free(each))


@jax.jit
def noise_dirichlet(objective: SoftmaxObjective, concentration: Scalar | float) -> Scalar:
    r"""Returns the noise of $q\sim\mathrm{Dirichlet}(a_0P)$: $\frac1{a_0+1}$ of the one-hot noise.

    Args:
        objective: the world and its linear softmax model.
        concentration: $a_0>0$.

    Example:
        >>> world = SoftmaxObjective.create([1.0], [[2.0]], [[0.0, 0.0]])
        >>> float(noise_dirichlet(world, 3.0))
        0.5
    """
    return noise_onehot(objective) / (concentration + 1)


@jax.jit
def noise_k_averaged(objective: SoftmaxObjective, num_labels_drawn: Scalar | float) -> Scalar:
    r"""Returns the noise of the mean of $k$ drawn labels: $\frac1k$ of the one-hot noise.

    Args:
        objective: the world and its linear softmax model.
        num_labels_drawn: $k\ge1$.
    """
    return noise_onehot(objective) / num_labels_drawn


@jax.jit
def noise_mixed(
    first: Scalar | float, second: Scalar | float, amount: Float[Array, "*amounts"] | float
) -> Float[Array, "*amounts"]:
    r"""Returns the noise of $(1-\lambda)q+\lambda q'$ for independent unbiased targets.

    Args:
        first: the noise $V_1$ of $q$.
        second: the noise $V_2$ of $q'$.
        amount: $\lambda$, one or many.
    """
    return jnp.asarray((1 - amount) ** 2 * first + amount**2 * second)


@jax.jit
def best_mixture(first: Scalar, second: Scalar) -> tuple[Scalar, Scalar]:
    r"""Returns the best $\lambda=\frac{V_1}{V_1+V_2}$ and its noise $\frac{V_1V_2}{V_1+V_2}$.

    Args:
        first: the noise $V_1$.
        second: the noise $V_2$.

    Returns:
        The amount (0 if both noises are zero) and the noise, no larger than either.

    Example:
        >>> [float(value) for value in best_mixture(jnp.array(1.0), jnp.array(3.0))]
        [0.25, 0.75]
    """
    total = first + second
    amount = first / jnp.where(total > 0, total, 1.0)
    return amount, amount * second


@jax.jit
def critical_variance(objective: SoftmaxObjective) -> Scalar:
    r"""Returns the $\nu$ at which additive noise is as large as the one-hot noise, at $\theta^*$.

    Targets with such noise are not probability vectors: no unbiased teacher that answers with
    probabilities, drawn afresh, is noisier than one-hot labels.

    Args:
        objective: the world and its linear softmax model.
    """
    return noise_onehot(objective) / noise_additive(objective, objective.optimum, 1.0)
