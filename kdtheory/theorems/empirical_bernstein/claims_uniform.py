"""Claims on bounds that hold for a whole class at once, and on Propositions 2 and 5."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from kdtheory._types import Scalar
from kdtheory.claim import (
    OURS,
    Axis,
    Case,
    Claim,
    Finding,
    Quantifier,
    Source,
    TextExamined,
)
from kdtheory.concentration import (
    empirical_bernstein_penalty,
    sharpened_bernstein_penalty,
    uniform_bernstein_penalty,
)
from kdtheory.objects.problems import HypothesisProblem
from kdtheory.theorems.empirical_bernstein import bounds, draws, formulas
from kdtheory.theorems.empirical_bernstein.claims_finite import (
    level_of,
    one_function,
    unless_certain,
    vanishing,
)
from kdtheory.theorems.empirical_bernstein.worlds import (
    BOUNDED,
    FEW,
    LEVELS,
    MANY,
    along_levels,
    case,
    classes,
    levelled_classes,
    problem,
    rare_loss,
    taught_classes,
)
from kdtheory.theorems.papers import MAURER_PONTIL, MENON

# At 256 samples the uniform bounds say something, at 16 they do not.
SIZES = ((2, 2, 2, 256), (2, 2, 1, 16))


def _covering_number(world: HypothesisProblem, *_: Any) -> Scalar:
    return bounds.covering_number_of(formulas.bayes_values(world), world.num_samples)


def _constant_loss(level: float) -> Any:
    return case([0.5, 0.5], [[0.5, 0.5], [1, 0]], [[[1, 1], [1, 1]]], 16, level)


UNIFORM = Claim(
    slug="empirical_bernstein/uniform",
    title="The uniform empirical Bernstein bound, by covering numbers",
    statement=r"\mathbb P_S\Bigl(\exists h:\ Ph > P_nh+\sqrt{18V_n\log(10\mathcal N/\delta)/n}"
    r"+\tfrac{15\log(10\mathcal N/\delta)}{n-1}\Bigr) \le \delta,"
    r"\ \mathcal N=\mathcal N_\infty(\tfrac1n,\mathcal H,2n),\ n\ge16",
    source=Source(MAURER_PONTIL, "Theorem 6"),
    text_examined=TextExamined.ABSTRACT,
    quantifier=Quantifier.WITH_PROBABILITY,
    lhs=functools.partial(bounds.failure_of_uniform, penalty=uniform_bernstein_penalty),
    rhs=level_of,
    domain=levelled_classes,
    sizes=SIZES,
    assumptions=(BOUNDED,),
    tight=(vanishing(_constant_loss),),
    corners=(
        Case(
            "one function twice",
            lambda: case([0.75, 0.25], [[1, 0], [0, 1]], [[[0, 1], [0, 1]]] * 2, 256, 0.5),
            "the covering number is 1",
        ),
    ),
    # (1 - 1/512)^256 = 0.606 > 1/2 have not seen the loss, whose mean is about 2.
    broken=(rare_loss(1000, 1 / 512, 256, 0.5),),
    axes=(along_levels(256),),
    trivial=unless_certain(uniform_bernstein_penalty, _covering_number),
    uses=(
        "empirical_bernstein/known_variance",
        "empirical_bernstein/deviation_too_small",
        "empirical_bernstein/deviation_too_large",
    ),
)


UNIFORM_SHARPENED = dataclasses.replace(
    UNIFORM,
    slug="empirical_bernstein/uniform_sharpened",
    title="The uniform bound with the constants of its proof, for every n",
    statement=r"\mathbb P_S\Bigl(\exists h:\ Ph > P_nh+\sqrt{18V_nt/n}+\tfrac{11t}{n-1}"
    r"+\tfrac{2+8\sqrt{t/n}}n\Bigr) \le \delta,\ t=\log\tfrac{3\mathcal N+2\delta}\delta,\ n\ge2",
    source=OURS,
    text_examined=TextExamined.OURS,
    lhs=functools.partial(bounds.failure_of_uniform, penalty=sharpened_bernstein_penalty),
    sharpens="empirical_bernstein/uniform",
    trivial=unless_certain(sharpened_bernstein_penalty, _covering_number),
)


PROP2 = dataclasses.replace(
    UNIFORM,
    slug="empirical_bernstein/prop2",
    title="Proposition 2 with the constants of the theorem that it cites",
    statement=r"\mathbb P_S\Bigl(\exists f:\ R > \hat R^*+\sqrt{18V^*_N\log(10M^*_N/\delta)/N}"
    r"+\tfrac{15\log(10M^*_N/\delta)}{N-1}\Bigr) \le \delta,"
    r"\ M^*_N=\mathcal N_\infty(\tfrac1N,\mathcal H^*,2N),\ N\ge16",
    source=Source(MENON, "Proposition 2 (constants of its proof)", "Section 3.1"),
    text_examined=TextExamined.FULL_TEXT,
    uses=("empirical_bernstein/uniform",),
)


PROP2_LITERAL = dataclasses.replace(
    PROP2,
    slug="empirical_bernstein/prop2_literal",
    title="Proposition 2 as printed, with constants for its O(.)",
    statement=r"\mathbb P_S\Bigl(\exists f:\ R > \hat R^*"
    r"+\sqrt{\tfrac{96}5\kappa V\log(M^*_N/\delta)/N}+\tfrac{16\kappa\log(M^*_N/\delta)}N\Bigr)"
    r" \le \delta,\ \kappa=1+\tfrac{\log10}{\log2},\ V\text{ over }N,\ M^*_N/\delta\ge2",
    source=Source(MENON, "Proposition 2", "Section 3.1"),
    lhs=functools.partial(bounds.failure_of_uniform, penalty=bounds.literal_penalty),
    trivial=unless_certain(bounds.literal_penalty, _covering_number),
    uses=("empirical_bernstein/prop2",),
)

# --- the penalty of Bayes labels against that of one-hot labels -----------------------------------


def _half_decided(labels: Any) -> HypothesisProblem:
    return problem([0.5, 0.5], [labels, [1, 0]], [[[0, 1], [0, 0]]], 2)


PENALTY_NOT_LOWER = Claim(
    slug="empirical_bernstein/penalty_not_lower",
    title="The sample variance with Bayes labels is the smaller one on every sample",
    statement=r"\mathbb E_S\max(V^*_N-V_N,\,0) \le 0",
    source=Source(MENON, "sentence after Proposition 2", "Section 3.1"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.DOES_NOT_FOLLOW,
    what_survives="the expected variances are ordered (empirical_bernstein/expected_penalty): Lemma"
    " 1 is about variances over fresh samples. Nor are the covering numbers ordered in general,"
    " M* may be as large as M^L; they are for finite X as soon as 2N >= mL",
    lhs=formulas.expected_excess_of_bayes,
    rhs=lambda world: 0.0 * world.losses[0, 0, 0],
    domain=classes,
    sizes=((2, 2, 1, 2), (1, 2, 1, 2)),
    draws={"lhs": draws.EXCESS_OF_BAYES},
    counterexample=Case(
        "a label that hides the difference",
        lambda: _half_decided([0.5, 0.5]),
        "samples of one input each, the label of the first drawn as 0: V = 0 and V* = 1/8, with"
        " probability 1/4",
    ),
    axes=(
        Axis(
            "probability of the label that hides the difference of two inputs, two samples",
            tuple(k / 64 for k in range(65)),
            lambda hidden: _half_decided([hidden, 1 - hidden]),
        ),
    ),
)


EXPECTED_PENALTY = dataclasses.replace(
    PENALTY_NOT_LOWER,
    slug="empirical_bernstein/expected_penalty",
    title="The expected sample variance is smaller with Bayes labels",
    statement=r"\mathbb E_S V^*_N \le \mathbb E_S V_N",
    source=OURS,
    text_examined=TextExamined.OURS,
    finding=Finding.STANDS,
    what_survives="",
    corrects="empirical_bernstein/penalty_not_lower",
    lhs=lambda world: formulas.expected_variances(world)[0],
    rhs=lambda world: formulas.expected_variances(world)[1],
    draws={"lhs": draws.BAYES_VARIANCE, "rhs": draws.DRAWN_VARIANCE},
    counterexample=None,
    tight=(
        Case(
            "deterministic labels",
            lambda: _half_decided([0, 1]),
            "losses 1 and 0 with probability 1/2 each: both sides are 1/4",
        ),
    ),
    corners=(
        Case(
            "a label that hides the difference",
            lambda: _half_decided([0.5, 0.5]),
            "1/16 on the left, 3/16 on the right",
        ),
    ),
    uses=("variance_reduction/lemma1",),
)

# --- Proposition 5 --------------------------------------------------------------------------------

_TAUGHT = ((1, 2, 1, 3, MANY), (1, 2, 1, 2, MANY), (2, 2, 1, 2, FEW))


def _sometimes_wrong(chance: Any, level: float = 0.0625) -> Any:
    """Returns a world with one label, its loss 1, and a teacher that sometimes has the other."""
    return case([1], [[0, 1]], [[[0, 1]]], MANY, [1 - chance, chance], [[[1, 0]]], level)


def _always_right(level: float) -> Any:
    return case([1], [[0, 1]], [[[0, 1]]], MANY, [0.5, 0.5], [[[0, 1]]], level)


PROP5_AVERAGED = Claim(
    slug="empirical_bernstein/prop5_averaged",
    title="Proposition 5 with its penalty averaged over the teacher",
    statement=r"\mathbb P_{S,\tau}\Bigl(\exists f:\ R > \tilde R_\tau+\mathcal C(\mathcal F,N)"
    r"+\sqrt L\,B\,\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2\Bigr) \le \delta",
    source=Source(MENON, "Eq. 11 and Proposition 5 (mean over the teacher)", "Appendix A"),
    text_examined=TextExamined.FULL_TEXT,
    finding=Finding.READING_DEPENDENT,
    what_survives="the bound given the teacher, with the distance of this very teacher:"
    " empirical_bernstein/prop5_conditional; or the average divided by delta, with failure"
    " probability 2 delta (empirical_bernstein/prop5_markov). A teacher that is rarely wrong is"
    " close on average, and fails as often as it is wrong",
    quantifier=Quantifier.WITH_PROBABILITY,
    lhs=bounds.prop5_averaged_failure,
    rhs=level_of,
    domain=taught_classes,
    sizes=_TAUGHT,
    assumptions=(BOUNDED,),
    broken=(
        Case(
            "a loss of another size",
            lambda: case([1], [[0, 1]], [[[0, 1000]]], MANY, [0, 1], [[[0.5, 0.5]]], 0.25),
            "half of a loss of 1000 is missed, while the distance of the teacher is at most 1",
            BOUNDED.name,
        ),
    ),
    counterexample=Case(
        "one teacher in eight is wrong",
        lambda: _sometimes_wrong(0.125),
        "R = 1; with probability 1/8 the teacher says 0 on every sample, without variance: the"
        " bound is 15 log(160)/8191 + 2/8 = 0.26 there, and delta is 1/16",
    ),
    axes=(
        Axis(
            f"chance of a teacher that is wrong about every label, N = {MANY}, delta = 1/16",
            tuple(k / 128 for k in range(97)),
            _sometimes_wrong,
        ),
    ),
    uses=("empirical_bernstein/prop2",),
)


PROP5_CONDITIONAL = dataclasses.replace(
    PROP5_AVERAGED,
    slug="empirical_bernstein/prop5_conditional",
    title="Proposition 5 given the teacher",
    statement=r"\max_\tau\mathbb P_S\Bigl(\exists f:\ R > \tilde R_\tau+\mathcal C(\mathcal F,N)"
    r"+\sqrt L\,B\,\mathbb E_x\|p_\tau(x)-p^*(x)\|_2\,\Big|\,\tau\Bigr) \le \delta",
    source=Source(MENON, "Eq. 11 and Proposition 5 (given the teacher)", "Appendix A"),
    finding=Finding.STANDS,
    what_survives="",
    corrects="empirical_bernstein/prop5_averaged",
    lhs=bounds.prop5_conditional_failure,
    counterexample=None,
    tight=(vanishing(_always_right),),
    corners=(
        Case(
            "one teacher in eight is wrong",
            lambda: _sometimes_wrong(0.125),
            "the wrong one pays for its own distance, and does not fail",
        ),
    ),
    trivial=unless_certain(uniform_bernstein_penalty, one_function),
)


PROP5_MARKOV = dataclasses.replace(
    PROP5_CONDITIONAL,
    slug="empirical_bernstein/prop5_markov",
    title="Proposition 5 with the averaged penalty divided by delta",
    statement=r"\mathbb P_{S,\tau}\Bigl(\exists f:\ R > \tilde R_\tau+\mathcal C(\mathcal F,N)"
    r"+\tfrac1\delta\sqrt L\,B\,\mathbb E_{x,\tau}\|p_\tau(x)-p^*(x)\|_2\Bigr) \le 2\delta",
    source=OURS,
    text_examined=TextExamined.OURS,
    corrects=None,
    lhs=lambda world, law, others, level: bounds.prop5_averaged_failure(
        world, law, others, level, 1.0 / level
    ),
    rhs=lambda world, *others: 2.0 * level_of(world, *others),
    corners=(
        Case(
            "one teacher in eight is wrong",
            lambda: _sometimes_wrong(0.125),
            "1/8 = 2 delta, but an average of 2/8 divided by 1/16 exceeds every loss",
        ),
    ),
    trivial=None,
    uses=("empirical_bernstein/prop5_conditional",),
)


def _fair_and_known(level: Any) -> Any:
    known = [[1, 0], [0, 1]]
    return case([0.5, 0.5], known, [[[0, 1], [0, 1]]], FEW, [0.5, 0.5], [known], level)


PROP5_TV = dataclasses.replace(
    PROP5_CONDITIONAL,
    slug="empirical_bernstein/prop5_tv",
    title="A finite class and a given teacher: total variation, whatever the number of labels",
    statement=r"\max_\tau\mathbb P_S\Bigl(\exists f:\ R > \tilde R_\tau"
    r"+\sqrt{2\tilde V_N\log(2K/\delta)/N}+\tfrac{7\log(2K/\delta)}{3(N-1)}"
    r"+B\,\mathbb E_x\mathrm{TV}(p_\tau(x),p^*(x))\,\Big|\,\tau\Bigr) \le \delta",
    source=OURS,
    text_examined=TextExamined.OURS,
    corrects=None,
    sharpens="empirical_bernstein/prop5_conditional",
    sizes=((2, 2, 1, 2, FEW), (1, 2, 1, 2, MANY)),
    lhs=bounds.prop5_tv_failure,
    axes=(
        Axis(
            f"delta, for a fair loss of 0 or 1 and a teacher that knows it, N = {FEW}",
            LEVELS,
            _fair_and_known,
        ),
    ),
    trivial=unless_certain(empirical_bernstein_penalty, one_function),
    uses=("empirical_bernstein/finite_class",),
)
