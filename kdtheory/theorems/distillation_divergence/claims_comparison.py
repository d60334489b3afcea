"""Claims on the other bounds that the divergence gives, and on which of them is the smaller."""

from __future__ import annotations

import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import Case, Claim
from kdtheory.objects.processes import DistillationProcess
from kdtheory.theorems.distillation_divergence import axes, bounds, process_terms, worlds

_AGREE = Case("student and teacher agree", worlds.same, "K = 0")
_COIN = Case("a tilted coin", lambda: worlds.coin(0.75, 0.25), "h takes two values: gen_S = 1/4")


def _bound(
    name: str,
    title: str,
    statement: str,
    bound: bounds.Bound,
    *tight: Case,
    sizes: tuple[tuple[int, ...], ...] = worlds.SIZES,
    uses: tuple[str, ...] = ("distillation_divergence/cramer_chernoff_upper",),
) -> Claim:
    """Returns the claim that a bound on the student's gap holds."""
    return Claim(
        slug=f"distillation_divergence/{name}",
        title=title,
        statement=rf"\mathrm{{gen}}_S \le {statement}",
        lhs=process_terms.student_gap,
        rhs=bound,
        domain=worlds.processes,
        sizes=sizes,
        scale=worlds.unit,
        tight=tight,
        corners=worlds.corners(),
        axes=(axes.TOWARDS_LUCK, axes.TILT),
        uses=uses,
    )


def _relabelled() -> DistillationProcess:
    """Returns a student that swaps hypotheses of equal gaps: K = log 2, but the law of h stays."""
    kernel = [[0.5, 0.5]] * 2
    return worlds.process_case([0.5, 0.5], [[0.0, 1.0]] * 2, kernel, [[0.5, 0.0], [0.0, 0.5]])


DATA_PROCESSING = Claim(
    slug="distillation_divergence/data_processing",
    title="The laws of the gap diverge no more than the processes",
    statement=r"K_h = \mathrm{KL}(\mathrm{law}_Q(h)\,\|\,\mathrm{law}_P(h)) \le K_n",
    lhs=process_terms.gap_divergence,
    rhs=process_terms.divergence,
    domain=worlds.processes,
    sizes=worlds.SIZES,
    scale=worlds.divergence_unit,
    tight=(_COIN,),
    corners=(
        *worlds.corners(),
        Case("hypotheses swapped", _relabelled, "K_h = 0, K = log 2"),
    ),
    axes=(axes.PREFERENCE,),
)

PUSHFORWARD = _bound(
    "pushforward",
    "The Cramer-Chernoff bound holds at the divergence of the laws of the gap",
    r"\mathrm{gen}_T+\inf_{\ell>0}(K_h+\psi(\ell))/\ell,\ K_h\le K_n",
    bounds.pushforward,
    _COIN,
    uses=("distillation_divergence/cramer_chernoff_upper", DATA_PROCESSING.slug),
)

BINARY_KL = _bound(
    "binary_kl",
    "The mean and the range of the teacher's gap give a bound by inverting the binary divergence",
    r"a'+R\,\mathrm{kl}^{-1}\bigl(\tfrac{\mathrm{gen}_T-a'}R, K_n\bigr),\ h\in[a',a'+R]",
    bounds.binary_kl,
    _COIN,
)

PINSKER = _bound(
    "pinsker",
    "The range of the teacher's gap gives Pinsker's bound",
    r"\mathrm{gen}_T+R\sqrt{K_n/2}",
    bounds.pinsker,
    _AGREE,
    sizes=worlds.SMALL_SIZES,
    uses=(BINARY_KL.slug,),
)

BRETAGNOLLE_HUBER = _bound(
    "bretagnolle_huber",
    "The range of the teacher's gap gives a bound that stays within the range",
    r"\mathrm{gen}_T+R\sqrt{1-e^{-K_n}}",
    bounds.bretagnolle_huber,
    _AGREE,
    sizes=worlds.SMALL_SIZES,
    uses=(BINARY_KL.slug,),
)


def _linear_tilt() -> DistillationProcess:
    """Returns dQ = (1 + h) dP on a coin that is -1/4 three times in four, else 3/4.

    gen_S = Var h = 3/16, and chi-square is Var h too: equality in Cauchy and Schwarz.
    """
    kernel = [[0.5, 0.5]] * 2
    law = [[0.21875, 0.21875], [0.28125, 0.28125]]
    return worlds.process_case([0.25, 0.75], [[0.0, 1.0]] * 2, kernel, law)


CHI_SQUARE = _bound(
    "chi_square",
    "The chi-square divergence and the variance of the teacher's gap give a bound",
    r"\mathrm{gen}_T+\sqrt{\mathrm{Var}_P(h)\,\chi^2(Q\|P)}",
    bounds.chi_square,
    Case("a linear tilt", _linear_tilt, "dQ = (1 + h) dP"),
    uses=(),
)


def _parity() -> DistillationProcess:
    """Returns a deterministic teacher and another deterministic student: K is infinite.

    The teacher takes the parity of two fair examples, the student the first. To the teacher any
    one example says nothing about the hypothesis: K_1 = log 2 and K_2 = 0, the bounds are 1/2 and
    0, and gen_S = 1/4.
    """
    parity = [[1, 0], [0, 1], [0, 1], [1, 0]]
    first = [[0.25, 0], [0.25, 0], [0, 0.25], [0, 0.25]]
    losses = [[0.0, 1.0], [1.0, 0.0]]
    return worlds.process_case([0.5, 0.5], losses, parity, first, samples=2)


INDIVIDUAL_SAMPLE = _bound(
    "individual_sample",
    "Single examples give a bound, which can be finite where the divergence is not",
    r"\frac1n\sum_i\Bigl[\mathrm{gen}_T^{(i)}+\inf_{\ell>0}(K_i+\psi_i(\ell))/\ell\Bigr]",
    bounds.individual_sample,
    _COIN,
    Case("parity", _parity, "K is infinite, and the bound is gen_S = 1/4"),
)


def _given_inputs(
    name: str, title: str, statement: str, lhs: bounds.Bound, rhs: bounds.Bound, uses: str
) -> Claim:
    return Claim(
        slug=f"distillation_divergence/{name}",
        title=title,
        statement=statement,
        lhs=lhs,
        rhs=rhs,
        domain=worlds.input_processes,
        sizes=worlds.INPUT_SIZES,
        scale=worlds.unit,
        tight=(
            Case(
                "coins at two inputs",
                lambda: worlds.input_coin(0.75, 0.25),
                "the student's tilt is the same at either input: gen_S = 1/4",
            ),
        ),
        corners=(
            Case(
                "one label only",
                lambda: worlds.input_coin(1.0, 0.0),
                "K = log 2 is as far as a coin can be tilted",
            ),
        ),
        axes=(axes.LUCK_AT_ONE_INPUT,),
        uses=(f"distillation_divergence/{uses}",),
    )


SHARED_INPUTS = _given_inputs(
    "shared_inputs",
    "A student that sees the same inputs is bounded by the log-mgf given the inputs",
    r"\mathrm{gen}_S \le \inf_{\ell>0}(K_n+E_X\log E_P[e^{\ell h}|X])/\ell"
    r"\text{ if }Q_X=P_X",
    process_terms.student_gap,
    bounds.shared_inputs,
    "cramer_chernoff_upper",
)

DISINTEGRATED = _given_inputs(
    "disintegrated",
    "A student that sees the same inputs is bounded given the inputs",
    r"\mathrm{gen}_S \le E_X\bigl[E_P[h|X]+\inf_{\ell>0}(K(X)+\psi_X(\ell))/\ell\bigr]"
    r"\text{ if }Q_X=P_X",
    process_terms.student_gap,
    bounds.disintegrated,
    "cramer_chernoff_upper",
)

DISINTEGRATED_BELOW_SHARED = _given_inputs(
    "disintegrated_below_shared",
    "Bounding given every input is at least as tight as one argument for all",
    r"E_X\bigl[E_P[h|X]+\inf_\ell(K(X)+\psi_X(\ell))/\ell\bigr]"
    r" \le \inf_\ell(K_n+E_X\log E_P[e^{\ell h}|X])/\ell",
    bounds.disintegrated,
    bounds.shared_inputs,
    "shared_inputs",
)

SHARED_BELOW_CHERNOFF = _given_inputs(
    "shared_below_chernoff",
    "Knowing that the inputs are shared never loosens the Cramer-Chernoff bound",
    r"\inf_\ell(K_n+E_X\log E_P[e^{\ell h}|X])/\ell"
    r" \le \mathrm{gen}_T+\inf_\ell(K_n+\psi(\ell))/\ell",
    bounds.shared_inputs,
    bounds.chernoff,
    "cramer_chernoff_upper",
)


def _smaller_of_two(process: DistillationProcess) -> Scalar:
    return jnp.minimum(bounds.pinsker(process), bounds.bretagnolle_huber(process))


def _ordered(
    name: str, title: str, statement: str, lhs: bounds.Bound, rhs: bounds.Bound, *tight: Case
) -> Claim:
    return Claim(
        slug=f"distillation_divergence/{name}",
        title=title,
        statement=statement,
        lhs=lhs,
        rhs=rhs,
        domain=worlds.processes,
        sizes=worlds.SIZES,
        scale=worlds.unit,
        tight=tight,
        corners=worlds.corners(),
        axes=(axes.TOWARDS_LUCK,),
    )


BINARY_KL_DOMINATES = _ordered(
    "binary_kl_dominates",
    "Inverting the binary divergence is never worse than Pinsker or Bretagnolle-Huber",
    r"a'+R\,\mathrm{kl}^{-1} \le \mathrm{gen}_T+R\min\bigl(\sqrt{K_n/2},\sqrt{1-e^{-K_n}}\bigr)",
    bounds.binary_kl,
    _smaller_of_two,
    _AGREE,
)

CHERNOFF_BELOW_BINARY_KL = _ordered(
    "chernoff_below_binary_kl",
    "The Cramer-Chernoff bound is never worse than what mean and range give",
    r"\mathrm{gen}_T+\inf_\ell(K_n+\psi(\ell))/\ell \le a'+R\,\mathrm{kl}^{-1}",
    bounds.chernoff,
    bounds.binary_kl,
    _COIN,
)
