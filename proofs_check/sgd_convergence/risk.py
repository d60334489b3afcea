r"""The population risk of a softmax student: the same for all labels, and its minimum.

The cross-entropy is linear in the target, and so are its gradients.
"""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.algebra import Induction, all_equal, equal, holds_by_induction
from proofs_check.common import GIBBS_INEQUALITY, LOGARITHM_BELOW_TANGENT
from proofs_check.records import Proof, assumed, checked

WORLD = assumed(
    "world",
    r"$x$ has finitely many values with the law $\pi$, and $y$ given $x$ has the law $P(x)$: the"
    r" Bayes class probabilities, $\sum_kP_k(x)=1$ for $K$ labels.",
)
SOFTMAX = assumed(
    "softmax",
    r"The student answers $p_k(\theta;x)=e^{z_k-\Lambda}$ with $z=\theta^\top\varphi(x)$, a column"
    r" of $\theta$ per label, and $\Lambda=\log\sum_je^{z_j}$. Its loss with the target $q$ is"
    r" $-\sum_kq_k\log p_k$: $q=e_y$ for a drawn label, $q=P(x)$ for Bayes class probabilities.",
)
REALISABLE = assumed("realisable", r"$P(x)=p(\theta^*;x)$ for every $x$ with mass.")

# --- one risk -------------------------------------------------------------------------------------

_P, _z, _Lambda = sympy.symbols("P_k z_k Lambda", real=True)
_loss_sum, _mass, _mean_logit = sympy.symbols("S W M", real=True)


def _over_labels(loss: Any) -> Induction:
    """The mean loss over labels, when a label's loss is this."""
    return Induction(
        _loss_sum - (_mass * _Lambda - _mean_logit),
        dict.fromkeys((_loss_sum, _mass, _mean_logit), 0),
        {
            _loss_sum: _loss_sum + _P * loss,
            _mass: _mass + _P,
            _mean_logit: _mean_logit + _P * _z,
        },
    )


MEAN_OVER_LABELS = checked(
    "mean_over_labels",
    r"$\mathbb E[-\log p_y(\theta;x)\,|\,x]=\sum_kP_k(\Lambda-z_k)=\Lambda\sum_kP_k-P\cdot z$ for"
    r" any number of labels: a label's loss is $-\log p_k=\Lambda-z_k$.",
    method="induction over the labels",
    check=holds_by_induction,
    stated=_over_labels(_Lambda - _z),
    wrong={
        "the logarithm, not its negative": _over_labels(_z - _Lambda),
        "without the normalisation": _over_labels(-_z),
    },
    uses=("world", "softmax"),
)

_onehot, _soft = sympy.symbols("F_1 F_2", real=True)
_pi = sympy.Symbol("pi_i", nonnegative=True)


def _over_inputs(mass: Any) -> Induction:
    """Both risks over inputs, when the label probabilities of an input have this sum."""
    return Induction(
        _onehot - _soft,
        {_onehot: 0, _soft: 0},
        {
            _onehot: _onehot + _pi * (_mass * _Lambda - _mean_logit).subs(_mass, mass),
            _soft: _soft + _pi * (_Lambda - _mean_logit),
        },
    )


SAME_RISK = Proof(
    slug="sgd_convergence/same_risk",
    idea="The cross-entropy is linear in the target, whose mean given the input is the Bayes class"
    " probability.",
    steps=(
        WORLD,
        SOFTMAX,
        MEAN_OVER_LABELS,
        checked(
            "same_risk",
            r"$\mathbb E[-\log p_y(\theta;x)]=\mathbb E_x[\log\sum_ke^{z_k}-P\cdot z]$ for every"
            r" $\theta$: given $x$ they agree since $\sum_kP_k=1$, hence in the mean over $x$. So"
            r" do gradients and minimisers.",
            method="induction over the inputs",
            check=holds_by_induction,
            stated=_over_inputs(1),
            wrong={"probabilities that do not sum to one": _over_inputs(_mass)},
            uses=("mean_over_labels", "world"),
        ),
    ),
)

_p, _q = sympy.symbols("P_k p_k", positive=True)


def _split(right: Any) -> tuple[Any, Any]:
    """A label's term of the risk, and what it is said to be."""
    return -_p * sympy.log(_q), right


_divergence = _p * sympy.log(_p / _q)
_entropy = -_p * sympy.log(_p)


def _at_truth(term: Any, said: Any) -> tuple[Any, Any]:
    """A label's term of the risk at p = P, and what it is said to be."""
    return term.subs(_q, _p), said


MINIMUM_IS_ENTROPY = Proof(
    slug="sgd_convergence/minimum_is_entropy",
    idea="The risk is the entropy of the labels plus a divergence, which is zero at the truth.",
    steps=(
        WORLD,
        SOFTMAX,
        REALISABLE,
        LOGARITHM_BELOW_TANGENT,
        GIBBS_INEQUALITY,
        checked(
            "entropy_and_divergence",
            r"$-\sum_kP_k\log p_k=\sum_kP_k\log\frac{P_k}{p_k}-\sum_kP_k\log P_k$: the risk is"
            r" $\mathbb E_x\mathrm{KL}(P\,\|\,p)+H(Y|X)$.",
            method="expanding logarithms, term by term",
            check=equal,
            stated=_split(_divergence + _entropy),
            wrong={
                "entropy subtracted": _split(_divergence - _entropy),
                "the divergence of P from p the other way round": _split(
                    _q * sympy.log(_q / _p) + _entropy
                ),
            },
            uses=("world", "softmax", "sgd_convergence/same_risk"),
        ),
        checked(
            "minimum_is_entropy",
            r"$f(\theta^*)=H(Y|X)$ if $P=p(\theta^*)$, and nowhere is $f$ smaller: a label's term"
            r" is $-P_k\log P_k$ there, and elsewhere a divergence is added, which is not"
            r" negative.",
            method="substituting p = P, term by term",
            check=equal,
            stated=_at_truth(_divergence + _entropy, _entropy),
            wrong={
                "the other sign": _at_truth(_divergence + _entropy, -_entropy),
                "the risk without the entropy": _at_truth(_divergence, _entropy),
            },
            uses=("realisable", "gibbs_inequality", "entropy_and_divergence"),
        ),
    ),
)

# --- gradients ------------------------------------------------------------------------------------

_theta, _other = sympy.symbols("theta_ik theta_il", real=True)
_phi, _rest, _a, _b = sympy.symbols("phi_i R a b", positive=True)
_total = _a * sympy.exp(_theta * _phi) + _b * sympy.exp(_other * _phi) + _rest
_p_k, _p_l = _a * sympy.exp(_theta * _phi) / _total, _b * sympy.exp(_other * _phi) / _total


def _scores(pair: tuple[Any, Any]) -> bool:
    """Whether the derivatives of log p_k in the parameters of the labels k and l are these."""
    log_prob = sympy.log(_a) + _theta * _phi - sympy.log(_total)
    found = (sympy.diff(log_prob, variable) for variable in (_theta, _other))
    return all_equal(zip(found, pair, strict=True))


SCORES = checked(
    "scores",
    r"$\nabla_\theta\log p_k=\varphi\,(e_k-p)^\top$: $\partial\log p_k/\partial\theta_{ik}="
    r"\varphi_i(1-p_k)$, and $\partial\log p_k/\partial\theta_{il}=-\varphi_ip_l$ for every other"
    r" label $l$.",
    method="differentiating, the other labels collected in R",
    check=_scores,
    stated=(_phi * (1 - _p_k), -_phi * _p_l),
    wrong={
        "without the normalisation": (_phi, sympy.Integer(0)),
        "the label's own probability in every entry": (_phi * (1 - _p_k), -_phi * _p_k),
    },
    uses=("softmax",),
)

_entry, _own, _answer = sympy.symbols("q_k q_l p_l", real=True)
_gradient, _target_sum = sympy.symbols("g_l Q", real=True)


def _gradient_entry(said: Any) -> Induction:
    """Column l of the gradient for a target, over labels other than l, which comes first."""
    return Induction(
        _gradient - said,
        {_gradient: -_own * (1 - _answer), _target_sum: _own},
        {_gradient: _gradient - _entry * (-_answer), _target_sum: _target_sum + _entry},
    )


GRADIENT = checked(
    "gradient_of_a_target",
    r"$-\sum_kq_k\nabla\log p_k=\varphi\,(Qp-q)^\top$ with $Q=\sum_kq_k$, which is"
    r" $\varphi\,(p-q)^\top$ for targets of sum one.",
    method="induction over the labels, in the column of the label l",
    check=holds_by_induction,
    stated=_gradient_entry(_target_sum * _answer - _own),
    wrong={
        "the other sign": _gradient_entry(_own - _target_sum * _answer),
        "the target's own entry for its sum": _gradient_entry(_own * _answer - _own),
    },
    uses=("scores",),
)

_ridge, _parameter = sympy.symbols("r theta_l", positive=True)
_target, _model = sympy.symbols("P_l p_l", positive=True)


def _at_optimum(model: Any, ridge: Any) -> tuple[Any, Any]:
    """Column l of an input's gradient at the optimum, and zero."""
    gradient = _phi * (_target_sum * _answer - _own) + ridge * _parameter
    return gradient.subs({_target_sum: 1, _own: _target, _answer: model}), 0


INTERPOLATION = Proof(
    slug="sgd_convergence/interpolation",
    idea="The gradient of an input is the difference of the student's and the Bayes class"
    " probabilities there, times the features.",
    steps=(
        WORLD,
        SOFTMAX,
        REALISABLE,
        assumed("no ridge", "No penalty on the parameters is added to the loss."),
        SCORES,
        GRADIENT,
        checked(
            "interpolation",
            r"$g_{\mathrm{BCP}}(\theta^*)=\varphi\,(p(\theta^*)-P)^\top=0$ for every input, so"
            r" that $\mathbb E\|g_{\mathrm{BCP}}(\theta^*)\|^2=0$.",
            method="substituting q = P with Q = 1, and p = P",
            check=equal,
            stated=_at_optimum(_target, 0),
            wrong={
                "a misspecified student": _at_optimum(_model, 0),
                "a penalty of r/2 times the squared norm": _at_optimum(_target, _ridge),
            },
            uses=("world", "realisable", "no ridge", "gradient_of_a_target"),
        ),
    ),
)
