"""Temperature: what it does to the entropy, when it helps, and its limit of matched logits."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._numerics import arrays
from kdtheory._types import Scalar
from kdtheory.claim import Assumption, Axis, Case, Claim, Relation, Source, TextExamined
from kdtheory.soft_labels import tempered_entropy, tempered_entropy_slope
from kdtheory.theorems.papers import MENON
from kdtheory.theorems.proper_losses import formulas
from kdtheory.theorems.proper_losses.worlds import (
    matched_logits,
    overconfident_teachers,
    two_temperatures,
)

# --- entropy --------------------------------------------------------------------------------------


def _ordered(_: Any, temperature: Any, higher: Any) -> Scalar:
    return higher - temperature


TEMPERATURE_ENTROPY = Claim(
    slug="proper_losses/temperature_entropy",
    title="A higher temperature makes a teacher less certain",
    statement=r"H(p_T) \le H(p_{T'})\text{ for }T\le T',\ p_T=\mathrm{softmax}(z/T)",
    lhs=lambda logits, temperature, _: tempered_entropy(logits, temperature),
    rhs=lambda logits, _, higher: tempered_entropy(logits, higher),
    domain=two_temperatures,
    sizes=((3,), (2,)),
    assumptions=(Assumption("order", "T <= T'", _ordered),),
    tight=(
        Case("one temperature", lambda: arrays([1, 0, -1], 2, 2), "T = T'"),
        Case("equal logits", lambda: arrays([1, 1, 1], 1, 2), "uniform at every temperature"),
    ),
    broken=(Case("cooled", lambda: arrays([1, 0], 2, 1), "a lower temperature sharpens", "order"),),
    axes=(
        Axis(
            "T', for logits (2, 1, 0) and T = 1",
            tuple(1 + k / 16 for k in range(49)),
            lambda higher: arrays([2, 1, 0], 1, higher),
        ),
    ),
    uses=("proper_losses/temperature_slope",),
)


def _slope_by_differentiation(logits: Any, temperature: Any, _: Any) -> Scalar:
    return jax.grad(tempered_entropy, argnums=1)(logits, temperature)


def _slope_unit(logits: Any, temperature: Any, _: Any) -> Scalar:
    spread = (jnp.max(logits) - jnp.min(logits)) / temperature
    return (1 + spread**2) / temperature


TEMPERATURE_SLOPE = Claim(
    slug="proper_losses/temperature_slope",
    title="The entropy of a teacher rises with temperature by the variance of its logits",
    statement=r"\frac{d}{dT}H(p_T) = \frac{\mathbb V_{p_T}[z]}{T^3}",
    relation=Relation.EQ,
    lhs=_slope_by_differentiation,
    rhs=lambda logits, temperature, _: tempered_entropy_slope(logits, temperature),
    domain=two_temperatures,
    sizes=((3,), (2,)),
    scale=_slope_unit,
    tight=(
        Case(
            "two labels, apart by 1",
            lambda: arrays([1, 0], 1, 1),
            "p(1-p) with p = 1/(1+1/e) either way",
        ),
    ),
    corners=(
        Case("equal logits", lambda: arrays([1, 1, 1], 1, 1), "no variance, no change"),
        Case("nearly certain", lambda: arrays([40, 0, -40], 2, 2), "a slope of 4e-7"),
    ),
    axes=(
        Axis(
            "T, for logits (4, 2, 0)",
            tuple(0.5 + k / 16 for k in range(57)),
            lambda temperature: arrays([4, 2, 0], temperature, temperature),
        ),
    ),
)


# --- when it helps --------------------------------------------------------------------------------


def _loss_at(which: int) -> Any:
    def side(*parts: Any) -> Scalar:
        weights, bayes_logits, confidence = parts[:3]
        return formulas.excess_log_loss(weights, bayes_logits, confidence, parts[which])

    return side


def _logit_unit(_weights: Any, bayes_logits: Any, confidence: Any, *temperatures: Any) -> Scalar:
    spread = jnp.max(bayes_logits, axis=-1) - jnp.min(bayes_logits, axis=-1)
    return 1 + jnp.max(spread) * (1 + confidence / jnp.minimum(*temperatures))


def _teacher(confidence: Any, temperature: Any, higher: Any) -> tuple[Any, ...]:
    """A fair split at one input, odds of 9 to 1 at the other."""
    logits = jnp.log(jnp.asarray([[1.0, 1.0], [9.0, 1.0]]))
    return jnp.full(2, 0.5), logits, *arrays(confidence, temperature, higher)


TEMPERATURE_EXACT = Claim(
    slug="proper_losses/temperature_exact",
    title="A teacher whose logits are k times the right ones is cured by the temperature k",
    statement=r"\mathbb E_x\,\mathrm{KL}(p^*\|\mathrm{softmax}(k\log p^*/T))"
    r" = \mathbb E_x\bigl[(\beta-1)H(p^*)+\log\textstyle\sum_j(p^*_j)^\beta\bigr],"
    r"\ \beta=k/T,\text{ which is }0\text{ at }T=k",
    relation=Relation.EQ,
    lhs=lambda *parts: formulas.excess_log_loss(*parts[:4]),
    rhs=lambda *parts: formulas.entropy_form(*parts[:4]),
    domain=overconfident_teachers,
    sizes=((2, 3), (1, 2)),
    scale=_logit_unit,
    tight=(
        Case("the right temperature", lambda: _teacher(2, 2, 2), "the teacher is p*: 0"),
        Case(
            "calibrated, then flattened",
            lambda: _teacher(1, 2, 2),
            "(9/10, 1/10) becomes (3/4, 1/4)",
        ),
    ),
    axes=(
        Axis(
            "T, for a teacher whose logits are twice the right ones",
            tuple(0.5 + k / 16 for k in range(57)),
            lambda temperature: (*_teacher(2, 2, 2)[:3], temperature, temperature),
        ),
    ),
)


_ORDER = Assumption("order", "T <= T'", lambda *parts: parts[4] - parts[3])

TEMPERATURE_HURTS_CALIBRATED = Claim(
    slug="proper_losses/temperature_hurts_calibrated",
    title="From T = k on, and so from T = 1 for a calibrated teacher, a higher temperature hurts",
    statement=r"k\le T\le T' \implies"
    r" \mathbb E_x\mathrm{KL}(p^*\|p_T)\le\mathbb E_x\mathrm{KL}(p^*\|p_{T'}),"
    r"\ p_T=\mathrm{softmax}(k\log p^*/T)",
    lhs=_loss_at(3),
    rhs=_loss_at(4),
    domain=overconfident_teachers,
    sizes=((2, 3), (1, 2)),
    scale=_logit_unit,
    assumptions=(
        _ORDER,
        Assumption("not overconfident", "T >= k", lambda *parts: parts[3] - parts[2]),
    ),
    tight=(
        Case("one temperature", lambda: _teacher(1, 2, 2), "T = T': the same teacher"),
        Case("uniform", lambda: arrays([1], [[0, 0]], 1, 1, 2), "nothing to flatten: 0 = 0"),
    ),
    broken=(
        Case("cooled", lambda: _teacher(1, 3, 2), "back towards calibration", "order"),
        Case("overconfident", lambda: _teacher(2, 1, 2), "T = 2 is the cure", "not overconfident"),
    ),
    axes=(
        Axis(
            "T', for a calibrated teacher that has T = 1.5 already",
            tuple(1.5 + k / 16 for k in range(41)),
            lambda higher: _teacher(1, 1.5, higher),
        ),
    ),
    uses=("proper_losses/temperature_exact",),
)


TEMPERATURE_HELPS_OVERCONFIDENT = dataclasses.replace(
    TEMPERATURE_HURTS_CALIBRATED,
    slug="proper_losses/temperature_helps_overconfident",
    title="Up to T = k a higher temperature brings an overconfident teacher closer to Bayes",
    statement=r"T\le T'\le k \implies"
    r" \mathbb E_x\mathrm{KL}(p^*\|p_{T'})\le\mathbb E_x\mathrm{KL}(p^*\|p_T),"
    r"\ p_T=\mathrm{softmax}(k\log p^*/T)",
    source=Source(MENON, "remark on temperature scaling", "Section 3.3"),
    text_examined=TextExamined.FULL_TEXT,
    lhs=_loss_at(4),
    rhs=_loss_at(3),
    assumptions=(
        _ORDER,
        Assumption("overconfident", "T' <= k", lambda *parts: parts[2] - parts[4]),
    ),
    tight=(
        Case("one temperature", lambda: _teacher(4, 2, 2), "T = T': the same teacher"),
        Case("uniform", lambda: arrays([1], [[0, 0]], 4, 1, 2), "nothing to flatten: 0 = 0"),
    ),
    broken=(
        Case("cooled", lambda: _teacher(4, 3, 2), "further away from calibration", "order"),
        Case("calibrated", lambda: _teacher(1, 1, 2), "(9/10, 1/10) is right", "overconfident"),
    ),
    axes=(
        Axis(
            "T', for a teacher whose logits are four times the right ones, against T = 1",
            tuple(1 + k / 16 for k in range(49)),
            lambda higher: _teacher(4, 1, higher),
        ),
    ),
)


# --- matched logits -------------------------------------------------------------------------------


def _residual_unit(teacher_logits: Any, student_logits: Any, _: Any) -> Scalar:
    return 1 + jnp.max(jnp.abs(teacher_logits)) + jnp.max(jnp.abs(student_logits))


LOGIT_MATCHING = Claim(
    slug="proper_losses/logit_matching",
    title="At high temperature the gradient of distillation matches centred logits",
    statement=r"\bigl|LT^2\,\partial_{s_k}\mathrm{CE}(p_T(z),p_T(s))"
    r" - [(s-\bar s)-(z-\bar z)]_k\bigr|"
    r" \le \tfrac1{2T}\bigl[\Delta_z^2\,r(\tfrac{\Delta_z}T)"
    r"+\Delta_s^2\,r(\tfrac{\Delta_s}T)\bigr],"
    r"\ \Delta=\max-\min,\ r(x)=\frac{L\max\{1/4,\,(1-q)(1-2q)\}}{1+(L-1)e^{-x}},"
    r"\ q=\frac1{1+(L-1)e^x}",
    source=Source(MENON, "remark on logit matching", "Section 2.3"),
    text_examined=TextExamined.FULL_TEXT,
    lhs=formulas.matching_residual,
    rhs=formulas.matching_rate,
    domain=matched_logits,
    sizes=((4,), (2,)),
    scale=_residual_unit,
    tight=(
        Case("constant logits", lambda: arrays([1, 1], [0, 0], 1), "nothing to match: 0 = 0"),
        Case(
            "high temperature",
            lambda: arrays([1, 0, 0, 0], [0, 0, 0, 0], 1024),
            "one label apart from the others: both sides are 3/(16 T) to first order",
            limit=lambda t: arrays([1, 0, 0, 0], [0, 0, 0, 0], 10 / t**0.5),
        ),
    ),
    axes=(
        Axis(
            "T, for teacher's logits (1, 0, 0, 0) and student's logits of zero",
            tuple(2 ** (k / 4) for k in range(41)),
            lambda temperature: arrays([1, 0, 0, 0], [0, 0, 0, 0], temperature),
        ),
    ),
)
