"""Claims on the variance within a student, and on what it adds up to with that across students."""

from __future__ import annotations

import dataclasses

from kdtheory.claim import Case, Claim, Relation, TextExamined
from kdtheory.theorems.uncertainty_propagation import axes, draws, formulas
from kdtheory.theorems.uncertainty_propagation.claims_students import AVERAGED, SINGLE
from kdtheory.theorems.uncertainty_propagation.worlds import (
    EQUAL_VARIANCES,
    INDEPENDENT_RESPONSES,
    alike,
    correlated,
    reconstructed,
    response_scale,
    sampled_labels,
    student,
    uncorrelated,
)

CONSERVATION = Claim(
    slug="uncertainty_propagation/conservation",
    title="Across students plus within one: together the teacher's variance, exactly",
    statement=r"\frac1n\sum_i\mathbb V[x_i^\top\hat\beta]"
    r" + \mathbb E\,\frac{\mathrm{RSS}}n = \frac1n\sum_i\sigma_i^2"
    r"\text{ for single responses}",
    source=reconstructed("single responses suppress the variance within a student"),
    text_examined=TextExamined.ABSTRACT,
    relation=Relation.EQ,
    lhs=formulas.conserved,
    rhs=formulas.mean_variance,
    domain=uncorrelated,
    sizes=SINGLE,
    scale=response_scale,
    draws={"lhs": draws.conserved_draw(pooled=False)},
    terms={"across students": formulas.inter_on_average, "within a student": formulas.intra},
    tight=(
        Case(
            "mean of two responses",
            lambda: student([[1], [1]], [1, 1], [1], 1),
            "one half across students and one half within",
        ),
    ),
    axes=(axes.ONE_NOISY_SINGLE,),
    uses=("uncertainty_propagation/covariance",),
)

AVERAGING_DEEPENS = Claim(
    slug="uncertainty_propagation/averaging_deepens",
    title="Averaging responses lowers the variance within a student further",
    statement=r"\mathbb E\,\mathrm{RSS}_k/n \le \mathbb E\,\mathrm{RSS}_1/n"
    r"\text{, for heads fitted to averages}",
    lhs=formulas.intra,
    rhs=formulas.intra_single,
    domain=correlated,
    sizes=AVERAGED,
    scale=response_scale,
    draws={"lhs": draws.head_draw(pooled=False)},
    tight=(
        Case(
            "the same response twice",
            lambda: student([[1], [1]], [1, 1], [1], 2, correlation=1.0),
            "an average of copies: both sides are 1/2",
        ),
    ),
    axes=(axes.CORRELATION,),
    uses=("uncertainty_propagation/conservation",),
)

POOLED_RESIDUALS = Claim(
    slug="uncertainty_propagation/pooled_residuals",
    title="A head fitted to all responses keeps almost all of the teacher's variance",
    statement=r"\mathbb E\,\frac1{nk}\sum_{i,j}(y_{ij}-x_i^\top\hat\beta_k)^2"
    r" = \sigma^2\Bigl(1-\frac p{nk}\Bigr)",
    relation=Relation.EQ,
    lhs=formulas.laid_out_intra_pooled,
    rhs=formulas.pooled_limit,
    domain=alike,
    sizes=AVERAGED,
    scale=response_scale,
    assumptions=(EQUAL_VARIANCES, INDEPENDENT_RESPONSES),
    draws={"lhs": draws.head_draw(pooled=True)},
    broken=(
        Case(
            "an exact input",
            lambda: student([[1], [1]], [1, 0], [1], 2),
            "half of the responses do not vary",
            "equal variances",
        ),
        Case(
            "the same response twice",
            lambda: student([[1], [1]], [1, 1], [1], 2, correlation=1.0),
            "copies leave what a single response leaves, 1/2 and not 3/4",
            "independent responses",
        ),
    ),
    axes=(axes.COMMON,),
    uses=("uncertainty_propagation/averaging_deepens",),
)

POOLED_CONSERVATION = dataclasses.replace(
    CONSERVATION,
    slug="uncertainty_propagation/pooled_conservation",
    title="With a head fitted to all responses, averaging conserves the teacher's variance",
    statement=r"\frac1n\sum_i\mathbb V[x_i^\top\hat\beta_k]"
    r" + \mathbb E\,\frac1{nk}\sum_{i,j}(y_{ij}-x_i^\top\hat\beta_k)^2 = \frac1n\sum_i\sigma_i^2"
    r"\text{ for every }k\text{ and }\rho",
    source=AVERAGING_DEEPENS.source,
    text_examined=TextExamined.OURS,
    lhs=formulas.conserved_by_pooling,
    domain=correlated,
    sizes=AVERAGED,
    draws={"lhs": draws.conserved_draw(pooled=True)},
    terms={
        "across students": formulas.inter_on_average,
        "within a student": formulas.intra_pooled,
    },
    tight=(
        Case(
            "two responses to each of two inputs",
            lambda: student([[1], [1]], [1, 1], [1], 2),
            "one quarter across students and three quarters within",
        ),
    ),
    axes=(axes.ONE_NOISY,),
    uses=("uncertainty_propagation/pooled_residuals",),
)

CATEGORICAL_AVERAGING = Claim(
    slug="uncertainty_propagation/categorical_averaging",
    title="The average of k sampled labels varies by a k-th of the label's covariance",
    statement=r"d^\top\mathrm{Cov}(\hat q)\,d = \tfrac1k\,d^\top(\mathrm{diag}P - PP^\top)d",
    relation=Relation.EQ,
    lhs=formulas.label_inter,
    rhs=formulas.label_averaged,
    domain=sampled_labels,
    sizes=((3, 3), (2, 2)),
    scale=formulas.label_scale,
    draws={"lhs": draws.labels_draw(conserved=False)},
    axes=(axes.LABEL,),
)

CATEGORICAL_CONSERVATION = dataclasses.replace(
    CATEGORICAL_AVERAGING,
    slug="uncertainty_propagation/categorical_conservation",
    title="Sampled labels: across students plus within one is the label's covariance",
    statement=r"\mathrm{Cov}(\hat q) + \mathbb E[\mathrm{diag}\hat q - \hat q\hat q^\top]"
    r" = \mathrm{diag}P - PP^\top\text{ for every }k",
    lhs=formulas.label_conserved,
    rhs=formulas.label_variance,
    draws={"lhs": draws.labels_draw(conserved=True)},
    uses=("uncertainty_propagation/categorical_averaging",),
)

CLAIMS = (
    CONSERVATION,
    AVERAGING_DEEPENS,
    POOLED_RESIDUALS,
    POOLED_CONSERVATION,
    CATEGORICAL_AVERAGING,
    CATEGORICAL_CONSERVATION,
)
