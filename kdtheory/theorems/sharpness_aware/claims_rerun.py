"""Claims on the whole bound, for a student that reruns the teacher's algorithm on other data.

With a deterministic teacher the divergence is finite for such students only, and is that of the
data. The worlds are those of one example and losses given at whole numbers.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp

from kdtheory._types import Scalar
from kdtheory.claim import OURS, Assumption, Case, Claim, Finding, Source, TextExamined
from kdtheory.divergences import kl_divergence
from kdtheory.objects.smoothness import NodeTeacher
from kdtheory.theorems.papers import LI_HE
from kdtheory.theorems.sharpness_aware import axes, draws, perturbed, proxies, regime, worlds
from kdtheory.theorems.sharpness_aware.claims_bounds import APPENDIX


@jax.jit
def _student_gap(world: NodeTeacher, student_data: Any) -> Scalar:
    around = perturbed.perturbed_node_teacher(world)
    return jnp.dot(student_data, perturbed.gap_of(around, around.losses))


@jax.jit
def _student_sharpness(world: NodeTeacher, student_data: Any) -> Scalar:
    around = perturbed.perturbed_node_teacher(world)
    return jnp.dot(student_data, around.rises @ around.example_weights)


def _bound(perturbed_proxy: proxies.Proxy, world: NodeTeacher, student_data: Any) -> Scalar:
    r"""Returns $\mathrm{gen}_T+E_PS_P+(\sigma_u+\nu)\sqrt{2K}$ for a proxy of the perturbed gap."""
    around = perturbed.perturbed_node_teacher(world)
    weights = around.example_weights
    teacher = perturbed.gap_of(around, around.losses) + around.rises @ weights
    proxy = perturbed_proxy(around.constants) + proxies.lemma15(around.constants)
    return jnp.dot(weights, teacher) + regime.excess(proxy, kl_divergence(student_data, weights))


def _remembering_student() -> tuple[Any, ...]:
    """Returns a student that sees what its teacher remembers three times as often as the rest."""
    return worlds.remembers_or_forgets([0.25] * 4, 2), jnp.asarray([3.0, 3.0, 1.0, 1.0]) / 8.0


def _at_a_maximum() -> tuple[Any, ...]:
    """Returns a teacher that goes to the maximum of every loss, and a student on the same data."""
    peak = [[0.0, 0.0, 1.0, 0.0, 0.0]] * 3
    weights = [0.5, 0.25, 0.25]
    return worlds.node_case(weights, peak, [1.0] * 3, 0.5), jnp.asarray(weights)


_COIN = Case(
    "a fair coin",
    lambda: (worlds.node_coin(), jnp.asarray([0.5, 0.5, 0.0])),
    "nothing is learned, and the data are the same: no gap",
)

BOUND_PRINTED = Claim(
    slug="sharpness_aware/bound_printed",
    title="The bound of Theorem 12 with the proxies of lemmas 14 and 15, as printed",
    statement=r"\mathrm{gen}_S\le B_{sh}(\rho)=\mathrm{gen}_T+E_PS_P(f_T)"
    r"+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K_n}",
    source=Source(LI_HE, "tightness regime, the sharpness-aware bound", APPENDIX),
    text_examined=TextExamined.EXCERPT,
    finding=Finding.NEEDS_CONDITION,
    what_survives="it holds where Lemma 14 does, if kappa/n <= 4 rho/(p + 1)"
    " (sharpness_aware/lemma14_small_moves), and in general with the corrected proxy of the"
    " perturbed gap (sharpness_aware/bound)",
    lhs=_student_gap,
    rhs=functools.partial(_bound, proxies.lemma14_printed),
    domain=worlds.node_students,
    sizes=worlds.RERUN_SIZES,
    assumptions=(
        Assumption(
            worlds.LOCALLY_OPTIMAL.name, worlds.LOCALLY_OPTIMAL.statement, _student_sharpness
        ),
    ),
    draws={"lhs": draws.RERUN_GAP},
    broken=(
        Case(
            "at a maximum",
            _at_a_maximum,
            "K = 0 and no gap: 0 against a negative sharpness",
            assumption=worlds.LOCALLY_OPTIMAL.name,
        ),
    ),
    counterexample=Case(
        "remembers or forgets",
        _remembering_student,
        "gen_S = 3/8; K = 0.131, and the bound is 0.308",
    ),
    axes=(
        axes.FAVOURING,
        axes.FAVOURING_RADIUS,
    ),
    uses=("sharpness_aware/thm12", "sharpness_aware/lemma14_printed", "sharpness_aware/lemma15"),
)

BOUND = dataclasses.replace(
    BOUND_PRINTED,
    slug="sharpness_aware/bound",
    title="The bound of Theorem 12 with the proxies of the corrected Lemma 14 and Lemma 15",
    statement=r"\mathrm{gen}_S\le\mathrm{gen}_T+E_PS_P(f_T)+(\sigma_u(\rho)+\nu(\rho))\sqrt{2K_n},"
    r"\quad\sigma_u\text{ corrected}",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects=BOUND_PRINTED.slug,
    rhs=functools.partial(_bound, proxies.lemma14),
    draws={},
    tight=(_COIN,),
    corners=(
        Case("remembers or forgets", _remembering_student, "far from what is printed"),
        Case(
            "data that the teacher does not see",
            lambda: (worlds.node_coin(), jnp.asarray([0.0, 0.0, 1.0])),
            "K is infinite, and so is the bound",
        ),
    ),
    counterexample=None,
    uses=("sharpness_aware/thm12", "sharpness_aware/lemma14", "sharpness_aware/lemma15"),
)
