r"""Finite sums whose smoothness, strong convexity, optimum and noise are known, not estimated.

Stochastic gradient descent $\theta_{t+1}=\theta_t-\gamma\,g(\theta_t)$ draws one of finitely many
gradients at every step. An objective here answers with all of them, weighted: a *law of gradients*
``(weights, gradients)`` at any $\theta$. What SGD does in one step is then a finite sum
(`mean_gradient`, `second_moment`, `distance_after_step`), and what it does in several a sum over
paths (`kdtheory.objects.descent`).

* `QuadraticObjective`: $f_i(\theta)=\frac12\sum_jc_{ij}(\theta_j-b_{ij})^2$.
* `SoftmaxObjective`: a linear model of logits with its cross-entropy, and the Bayes class
  probabilities of which it is the truth; with the last logit pinned at zero and two labels it is
  logistic regression.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kdtheory import _check
from kdtheory._types import InputWeights, LabelProbs, Scalar


class GradientLaw(NamedTuple):
    """The gradients that one step of SGD may use.

    Attributes:
        weights: their probabilities, shape ``(branches,)``.
        gradients: shape ``(branches, *parameters)``.
    """

    weights: Float[Array, "branches"]
    gradients: Float[Array, "branches *parameters"]


@jax.jit
def mean_gradient(law: GradientLaw) -> Float[Array, "*parameters"]:
    r"""Returns $\mathbb E\,g$."""
    return jnp.tensordot(law.weights, law.gradients, 1)


@jax.jit
def second_moment(law: GradientLaw) -> Scalar:
    r"""Returns $\mathbb E\|g\|^2$.

    Example:
        >>> law = GradientLaw(jnp.array([0.5, 0.5]), jnp.array([[3.0], [-1.0]]))
        >>> float(second_moment(law))
        5.0
    """
    return jnp.dot(law.weights, jnp.sum(_flat(law.gradients) ** 2, axis=1))


@jax.jit
def distance_after_step(
    law: GradientLaw, offset: Float[Array, "*parameters"], step_size: Scalar | float
) -> Scalar:
    r"""Returns $\mathbb E\|\theta_t-\gamma g-\theta^*\|^2$ given $\theta_t$.

    Args:
        law: the gradients at $\theta_t$.
        offset: $\theta_t-\theta^*$.
        step_size: $\gamma$.
    """
    return second_moment(GradientLaw(law.weights, offset[None] - step_size * law.gradients))


def _flat(gradients: Float[Array, "branches *parameters"]) -> Float[Array, "branches entries"]:
    return gradients.reshape(gradients.shape[0], -1)


# --- quadratics ----------------------------------------------------------------------------------


@functools.partial(jax.tree_util.register_dataclass)
@dataclasses.dataclass(frozen=True)
class QuadraticObjective:
    r"""$f_i(\theta)=\frac12\sum_jc_{ij}(\theta_j-\theta^*_j)^2+v_i\cdot(\theta-\theta^*)$.

    The Hessians have a common eigenbasis, in which $\theta$ is written; the gradients at the
    optimum balance, $\sum_iw_iv_i=0$.

    Attributes:
        weights: $w$, shape ``(components,)``.
        curvatures: $c\ge0$, shape ``(components, features)``.
        gradients_at_optimum: $v$, shape ``(components, features)``.
        optimum: $\theta^*$, shape ``(features,)``.
    """

    weights: Float[Array, "components"]
    curvatures: Float[Array, "components features"]
    gradients_at_optimum: Float[Array, "components features"]
    optimum: Float[Array, "features"]

    @classmethod
    def create(cls, weights: Any, curvatures: Any, shifts: Any) -> QuadraticObjective:
        r"""Validates arrays and builds the mean of $\frac12\sum_jc_{ij}(\theta_j-b_{ij})^2$.

        Args:
            weights: a distribution over the components.
            curvatures: $c\ge0$, a row per component; in every column one with weight is positive.
            shifts: $b$, the minimisers of the components, of the same shape.

        Raises:
            InputError: for shapes that do not fit, or curvatures out of range.

        Example:
            >>> objective = QuadraticObjective.create([0.5, 0.5], [[1.0], [3.0]], [[4.0], [0.0]])
            >>> objective.optimum.tolist(), objective.gradients_at_optimum.tolist()
            ([1.0], [[-3.0], [3.0]])
        """
        law = _check.probability_rows("weights", weights, "components")
        curved = _check.real_array("curvatures", curvatures, "components", "features")
        centres = _check.real_array("shifts", shifts, "components", "features")
        _check.same_shape("shifts", centres, "curvatures", curved)
        if len(law) != len(curved):
            _check.refuse(
                "weights",
                f"{len(law)} entries",
                f"{len(curved)}, one for every row of curvatures",
                "Check that the curvatures are not transposed.",
            )
        mean = law @ curved
        if curved.min() < 0 or mean.min() <= 0:
            _check.refuse(
                "curvatures",
                f"a smallest entry of {curved.min():g} and a smallest column mean of"
                f" {mean.min():g}",
                "none negative, and a positive mean in every column",
                "Leave out directions in which nothing is curved: they have no optimum.",
            )
        optimum = law @ (curved * centres) / mean
        parts = law, curved, curved * (optimum - centres), optimum
        return cls(*map(jnp.asarray, parts))

    @property
    def mean_curvatures(self) -> Float[Array, "features"]:
        r"""$\bar c_j=\sum_iw_ic_{ij}$, the Hessian of the mean."""
        return jnp.tensordot(self.weights, self.curvatures, 1)

    @property
    def component_smoothness(self) -> Scalar:
        r"""$L_{\max}$, the largest curvature of a component that is ever drawn."""
        drawn = jnp.where(self.weights[:, None] > 0, self.curvatures, 0.0)
        return jnp.max(drawn)

    @property
    def smoothness(self) -> Scalar:
        r"""$L=\max_j\bar c_j$, of the mean."""
        return jnp.max(self.mean_curvatures)

    @property
    def expected_smoothness(self) -> Scalar:
        r"""The least $\mathcal L$ with $\mathbb E\|g-g^*\|^2\le2\mathcal L(f-f^*)$.

        $\max_j\overline{c^2_j}/\bar c_j$, between $L$ and $L_{\max}$; zero where nothing is curved.
        """
        mean = self.mean_curvatures
        curved = mean > 0
        ratios = (self.weights @ self.curvatures**2) / jnp.where(curved, mean, 1.0)
        return jnp.max(jnp.where(curved, ratios, 0.0))

    @property
    def strong_convexity(self) -> Scalar:
        r"""$\mu=\min_j\bar c_j$, which is the Polyak-Lojasiewicz constant too."""
        return jnp.min(self.mean_curvatures)

    @property
    def noise(self) -> Scalar:
        r"""$\sigma^2_*=\mathbb E\|g(\theta^*)\|^2$."""
        return jnp.dot(self.weights, jnp.sum(self.gradients_at_optimum**2, axis=1))

    def gradients(self, parameters: Float[Array, "features"]) -> GradientLaw:
        r"""Returns the law of the gradients at $\theta$."""
        slopes = self.curvatures * (parameters - self.optimum)[None] + self.gradients_at_optimum
        return GradientLaw(self.weights, slopes)

    def excess(self, parameters: Float[Array, "features"]) -> Scalar:
        r"""Returns $f(\theta)-f(\theta^*)$."""
        return jnp.dot(self.mean_curvatures, (parameters - self.optimum) ** 2) / 2


# --- linear softmax ------------------------------------------------------------------------------


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["input_weights", "features", "label_probs", "optimum"],
    meta_fields=["pinned"],
)
@dataclasses.dataclass(frozen=True)
class SoftmaxObjective:
    r"""The cross-entropy of $\mathrm{softmax}(\theta^\top\varphi(x))$ in a finite world.

    The world is realisable: its Bayes class probabilities $P$ are the model's at $\theta^*$.

    Without ``pinned`` there is a logit per label, and adding the same vector to all columns of
    $\theta$ changes nothing: minimisers are an affine set. Gradients have rows that sum to
    zero, so that SGD never moves along it; distances to $\theta^*$ mean something if the start has
    the gauge of $\theta^*$ (`fix_gauge`). With ``pinned`` the last label's logit is zero, there is
    a column less and no gauge; two labels make logistic regression.

    Attributes:
        input_weights: $\pi$, shape ``(inputs,)``.
        features: $\varphi$, shape ``(inputs, features)``.
        label_probs: $P$, shape ``(inputs, labels)``.
        optimum: $\theta^*$, shape ``(features, labels)``, a column less if pinned.
        pinned: whether the last label's logit is zero.
    """

    input_weights: InputWeights
    features: Float[Array, "inputs features"]
    label_probs: LabelProbs
    optimum: Float[Array, "features logits"]
    pinned: bool

    @classmethod
    def create(
        cls, input_weights: Any, features: Any, optimum: Any, *, pinned: bool = False
    ) -> SoftmaxObjective:
        r"""Validates arrays and builds the world of which $\theta^*$ is the truth.

        Args:
            input_weights: a distribution over the inputs.
            features: $\varphi$, a row per input.
            optimum: $\theta^*$, a row per feature and a column per logit.
            pinned: whether one more label has the logit zero.

        Raises:
            InputError: for shapes that do not fit, or numbers that are not finite.

        Example:
            >>> logistic = SoftmaxObjective.create([1.0], [[2.0]], [[0.0]], pinned=True)
            >>> logistic.label_probs.tolist(), float(logistic.component_smoothness)
            ([[0.5, 0.5]], 1.0)
        """
        law = _check.probability_rows("input_weights", input_weights, "inputs")
        rows = _check.real_array("features", features, "inputs", "features")
        truth = _check.real_array("optimum", optimum, "features", "logits")
        if rows.shape != (len(law), len(truth)):
            _check.refuse(
                "features",
                f"shape {rows.shape}",
                f"({len(law)}, {len(truth)}), a row per weight and a column per row of optimum",
                "Check that it is not transposed.",
            )
        return realisable(*map(jnp.asarray, (law, rows, truth)), pinned=pinned)

    @property
    def component_smoothness(self) -> Scalar:
        r"""$L_{\max}$: $\frac12\max\|\varphi\|^2$ over inputs with weight, $\frac14$ if logistic.

        The Hessian of the cross-entropy in the logits is $\mathrm{diag}\,p-pp^\top\preceq\frac12$;
        with one free logit it is $p(1-p)\le\frac14$. With one label nothing is curved.
        """
        num_logits, num_labels = self.optimum.shape[1], self.label_probs.shape[1]
        largest = 0.0 if num_labels == 1 else 0.25 if num_logits == 1 else 0.5
        return largest * jnp.max(jnp.where(self.input_weights > 0, self.squared_norms, 0.0))

    @property
    def squared_norms(self) -> Float[Array, "inputs"]:
        r"""$\|\varphi(x)\|^2$."""
        return jnp.sum(self.features**2, axis=1)

    def log_probs(self, parameters: Float[Array, "features logits"]) -> LabelProbs:
        r"""Returns $\log p(\theta;x)$, shape ``(inputs, labels)``."""
        return jax.nn.log_softmax(_logits(self.features, parameters, self.pinned), axis=1)

    def probs(self, parameters: Float[Array, "features logits"]) -> LabelProbs:
        r"""Returns $p(\theta;x)$, shape ``(inputs, labels)``."""
        return _probs(self.features, parameters, self.pinned)

    def risk(self, parameters: Float[Array, "features logits"]) -> Scalar:
        r"""Returns $f(\theta)=-\mathbb E_x\sum_kP_k\log p_k(\theta)$, whatever the labels."""
        return -jnp.dot(
            self.input_weights, jnp.sum(self.label_probs * self.log_probs(parameters), axis=1)
        )

    def of_targets(
        self, targets: Float[Array, "inputs labels"], parameters: Float[Array, "features logits"]
    ) -> Float[Array, "inputs features logits"]:
        r"""Returns the gradients of $-\sum_kq_k\log p_k$, for targets of any sum.

        $\varphi\,\bigl((\sum_kq_k)\,p-q\bigr)^\top$, for the free logits.

        Args:
            targets: $q(x)$.
            parameters: $\theta$.
        """
        total = jnp.sum(targets, axis=1, keepdims=True)
        residuals = self.free(total * self.probs(parameters) - targets)
        return self.features[:, :, None] * residuals[:, None, :]

    def bayes_gradients(self, parameters: Float[Array, "features logits"]) -> GradientLaw:
        r"""Returns the law of the gradients with Bayes class probabilities for labels."""
        return GradientLaw(self.input_weights, self.of_targets(self.label_probs, parameters))

    def onehot_gradients(self, parameters: Float[Array, "features logits"]) -> GradientLaw:
        r"""Returns the law of the gradients with drawn labels: one per input and label."""
        num_labels = self.label_probs.shape[1]
        certain = jnp.eye(num_labels, dtype=self.label_probs.dtype)
        by_label = [
            self.of_targets(jnp.broadcast_to(row, self.label_probs.shape), parameters)
            for row in certain
        ]
        weights = (self.input_weights[:, None] * self.label_probs).T
        return GradientLaw(weights.reshape(-1), jnp.concatenate(by_label))

    def free(self, of_labels: Float[Array, "inputs labels"]) -> Float[Array, "inputs logits"]:
        """Returns the columns that belong to free logits."""
        return of_labels[:, : self.optimum.shape[1]]


def realisable(
    input_weights: InputWeights,
    features: Float[Array, "inputs features"],
    optimum: Float[Array, "features logits"],
    *,
    pinned: bool = False,
) -> SoftmaxObjective:
    r"""Returns the world of which $\theta^*$ is the truth (traceable; nothing is validated)."""
    return SoftmaxObjective(
        input_weights, features, _probs(features, optimum, pinned), optimum, pinned
    )


def _logits(
    features: Float[Array, "inputs features"],
    parameters: Float[Array, "features logits"],
    pinned: bool,
) -> Float[Array, "inputs labels"]:
    logits = features @ parameters
    if not pinned:
        return logits
    return jnp.concatenate([logits, jnp.zeros_like(logits[:, :1])], axis=1)


def _probs(
    features: Float[Array, "inputs features"],
    parameters: Float[Array, "features logits"],
    pinned: bool,
) -> LabelProbs:
    return jax.nn.softmax(_logits(features, parameters, pinned), axis=1)


@jax.jit
def fix_gauge(parameters: Float[Array, "features labels"]) -> Float[Array, "features labels"]:
    r"""Returns the parameters of the same softmax model whose rows sum to zero.

    Example:
        >>> fix_gauge(jnp.array([[3.0, 1.0]])).tolist()
        [[1.0, -1.0]]
    """
    return parameters - jnp.mean(parameters, axis=1, keepdims=True)


@jax.jit
def curvature_on_ball(
    objective: SoftmaxObjective, radius: Scalar | float
) -> Float[Array, "features features"]:
    r"""Returns $\mathbb E\,m_x\varphi\varphi^\top$, which bounds Hessians near $\theta^*$ below.

    Where $\|\theta-\theta^*\|\le r$ logits differ from those of $\theta^*$ by no more than
    $r\|\varphi\|$ in norm, differences of two logits by $\sqrt2$ of that, and probabilities are at
    least $m_x=\min_kP_ke^{-\sqrt2r\|\varphi\|}$. On vectors that sum to zero
    $\mathrm{diag}\,p-pp^\top\succeq\min_kp_k$.

    Args:
        objective: a world, without a pinned logit; offsets are taken in the gauge of $\theta^*$.
        radius: $r\ge0$.
    """
    turned = jnp.exp(-jnp.sqrt(2.0 * objective.squared_norms) * radius)
    least = jnp.min(objective.label_probs, axis=1) * turned
    return objective.features.T @ ((objective.input_weights * least)[:, None] * objective.features)


@jax.jit
def strong_convexity_on_ball(objective: SoftmaxObjective, radius: Scalar | float) -> Scalar:
    r"""Returns $\mu$, the least eigenvalue of `curvature_on_ball`.

    Nowhere is the cross-entropy strongly convex on the whole space.

    Args:
        objective: as of `curvature_on_ball`.
        radius: $r\ge0$.

    Returns:
        $\mu$; zero where the features span less than the whole space.
    """
    return jnp.maximum(jnp.linalg.eigvalsh(curvature_on_ball(objective, radius))[0], 0.0)
