r"""Language models that answer token by token: what their students keep of uncertainty.

The text distils large language models. Here the language has four tokens and answers of four: all
$4^4$ answers are enumerated, so that the variances, the bias and the mass on impossible answers of
a student are sums. *Systematic noise* is read as $\sum_y(\mathbb E\hat p(y)-p(y))^2$, the squared
bias of the mean student, and *hallucination* as the mass of $\hat p$ where the teacher's is zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kdtheory.replications._language_findings import (
    DISTORTED,
    FALL,
    NOT_ABOVE,
    PRIMARY,
    SEVERAL,
    SLOPE,
    by_responses,
    judge,
    responses,
)
from kdtheory.replications._language_runs import DECAY, MOST_FREQUENT, Config, simulate
from kdtheory.replications._uncertainty import SUBSTANTIAL, SUPPRESSED
from kdtheory.replications.drawing import band, finish
from kdtheory.replications.records import Choice, Statement, Study, Tables
from kdtheory.theorems.papers import CUI_PEI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = (
    PRIMARY,
    "softmax, decay / k",
    "softmax without prompts",
    "table",
    "table + 1/2",
    MOST_FREQUENT,
)
"""The kinds of students in the figure."""

STATEMENTS = (
    Statement(
        "suppressed",
        "A student of a single sampled response is less uncertain of its answer than its teacher",
        "Variance within a student of one response, on average, over the teacher's: below"
        f" {SUPPRESSED}, so that at least a tenth is missing",
    ),
    Statement(
        "differ",
        "Students of single responses differ substantially from each other",
        "Variance across students of one response over the teacher's variance: above"
        f" {SUBSTANTIAL}",
    ),
    Statement(
        "rate",
        "Averaging k responses reduces the variance across students at the rate 1/k",
        "Slope of the logarithm of the variance across students against log k, by least squares:"
        f" below {SLOPE}",
    ),
    Statement(
        "systematic noise",
        "The variance-aware strategies reduce systematic noise",
        "Relative fall (before - after) / (before + after) of the squared bias of the mean student,"
        f" from one response to each k of {SEVERAL} and more, or from the student to its"
        f" combination with the teacher's responses at each k: above {FALL}, about a tenth less",
    ),
    Statement(
        "hallucination",
        "The variance-aware strategies reduce hallucination",
        "The same relative fall, of the mass that students give to what their teacher never says:"
        f" above {FALL}",
    ),
    Statement(
        "reflects",
        "Students of several responses reflect their teacher's uncertainty better",
        "The same relative fall, of the distance from 1 of the variance within a student over the"
        f" teacher's, from one response to each k of {SEVERAL} and more: above {FALL}",
    ),
    Statement(
        "collapse",
        "Collapsing the teacher to a point estimate distorts what is learned",
        "Squared bias of a student of the teacher's likeliest answer, less that of the mean student"
        f" of one sampled response, over the teacher's variance: above {DISTORTED}",
    ),
    Statement(
        "weighting",
        "Inverse-variance weighting of teacher and student gives a minimum-variance estimator",
        "Variance of the combination as an estimate of the teacher's distribution, or its mean"
        f" squared error, over the smaller one of its two parts, at each k: below {NOT_ABOVE}, not"
        " above up to a twentieth",
    ),
)


def draw(tables: Tables, figure: Figure) -> None:
    """Draws variances, systematic noise and hallucination against the number of responses.

    Args:
        tables: as `simulate` returns them.
        figure: empty.
    """
    students = tables["students"]
    axes = figure.subplots(2, 3)
    panels = (
        ("within", "variance / teacher's", "Within a student"),
        ("across", "variance / teacher's", "Across students"),
        ("squared_bias", "squared bias / teacher's variance", "Systematic noise"),
        ("hallucination", "mass on the impossible", "Hallucination: own answers"),
        ("next_token_hallucination", "mass on the impossible", "Hallucination: next token"),
    )
    for ax, (column, label, title) in zip(axes.flat, panels, strict=False):
        lines = {kind: students.where(student=kind, answers="sampled") for kind in DRAWN}
        if column in ("squared_bias", "hallucination"):
            mixed = tables["weighting"].where(student=PRIMARY, weights="variances")
            lines[f"{PRIMARY}, weighted with responses"] = mixed
        for place, (name, table) in enumerate(lines.items()):
            ks, values = responses(table), by_responses(table, column)
            if "teacher's" in label:
                values = values / by_responses(table, "teacher")
            if np.isfinite(values).all():
                band(ax, ks, values, name, place)
        ax.set_xscale("log")
        ax.set_xticks(ks, [str(k) for k in ks])
        ax.minorticks_off()
        finish(ax, "responses to each prompt, k", label, title, legend=False)
    within, across, noise, _, _, empty = axes.flat
    within.axhline(1.0, color="grey", linewidth=0.8)
    across.set_yscale("log")
    across.plot(ks, 1.0 / ks, color="grey", linewidth=4, alpha=0.35, zorder=0, label="1/k")
    # The most frequent answer becomes the likeliest one, far from what the others are off.
    tops = [line.get_ydata().max() for line in noise.lines if line.get_label() != MOST_FREQUENT]
    noise.set_ylim(-0.1 * max(tops), 1.4 * max(tops))
    named = [ax.get_legend_handles_labels() for ax in (noise, across)]
    handles = {label: line for both in named for line, label in zip(*both, strict=True)}
    empty.axis("off")
    empty.legend(handles.values(), handles.keys(), frameon=False, loc="center left")


STUDY = Study(
    name="cui_pei_language",
    title="Token by token: what students of sampled answers keep of a teacher's uncertainty",
    paper=CUI_PEI,
    items=("language models", "suppression", "averaging", "variance weighting"),
    statements=STATEMENTS,
    done=(
        "No language model is trained. Random teachers answer five prompts with four tokens out of"
        " four; what follows depends on the prompt and on all that was said, and some tokens are"
        " forbidden there. All 256 answers are enumerated. Students that count take next-token"
        " tables from k sampled answers, and their means and variances are computed; students that"
        " generalise are softmax models of the prompt, the previous token and the pair of them,"
        " fitted to the same k answers with weight decay, a few from each teacher. Both are asked"
        " the prompts that they were trained on. Variance is that of the answer as an indicator,"
        " 1 - sum of p squared; systematic noise is the squared bias of the mean student, and"
        " hallucination its mass where the teacher's is zero. A combination with the teacher takes"
        " w times the shares of the k answers plus 1 - w times the student's distribution, where w"
        " is the variance of the second over the sum of both."
    ),
    choices=(
        Choice(
            "class of the student",
            (
                "softmax of prompt, previous token and pair",
                "softmax without pairs",
                "softmax without prompts",
                "table of every beginning",
            ),
        ),
        Choice(
            "regularisation",
            (
                f"decay {DECAY} of the mean loss",
                "a tenth of it",
                "ten times it",
                "divided by k",
                "tables: nothing, 1/2 or 1 added to every count",
            ),
        ),
        Choice("what averaging responses is", ("fit to all of them", "keep the most frequent")),
        Choice("temperature of the teacher", ("1", "0.6")),
        Choice("whose variance", ("the answer's", "that of a number read off it")),
        Choice(
            "where students hallucinate",
            ("in answers of their own", "in the next token after the teacher's words"),
        ),
        Choice(
            "what a table takes for a beginning that it has not seen",
            ("all tokens alike", "shares of tokens in all answers"),
        ),
        Choice("k at which a rate is read off", ("from 1 on", f"from {SEVERAL} on")),
        Choice(
            "variances that weigh",
            (
                "known, of both estimates",
                "known, with other responses than the student was trained on",
                "the same, with the student's mean squared error for its variance",
                "of the predictive distributions",
            ),
        ),
        Choice("what weighting makes small", ("the variance", "the mean squared error")),
    ),
    sizes={"small": Config(trials=24, students=32), "paper": Config(trials=100, students=48)},
    simulate=simulate,
    judge=judge,
    draw=draw,
    figure_size=(10.5, 6.2),
    notes=(
        "A table without smoothing gives exactly the k answers back, each with its share: within a"
        " student the variance is 1 - 1/k of the teacher's, across students 1/k, and together they"
        " are the teacher's. It has no bias and says nothing impossible in answers of its own,"
        " whatever k is, so that neither can fall.",
        "An average of k numbers is one number, and takes variance from within a student. Answers"
        " have no average: a student of all k of them knows how they vary, one of the most frequent"
        " does not, at any k. That one comes to repeat the teacher's likeliest answer, which is"
        " bias.",
        "A student of one answer can do little but repeat it, and that one is possible. Where a"
        " softmax student says less that is impossible at k = 1 than later, it may be memory; after"
        " the teacher's own words, the next token shows what it knows.",
        "More responses take away variance. What a class of students cannot express, they cannot"
        " mend: without prompts, bias and mass on the impossible stay where they are.",
        "A combination that gives the shares of the responses a fixed weight w keeps 1 - w of the"
        " student's mass on the impossible and (1 - w)^2 of its squared bias, since shares have"
        " neither. Weights from variances do not know of bias: a student that is steady and wrong"
        " keeps its weight while the shares come close to the teacher. And a student is correlated"
        " with the responses that it was trained on.",
        "Smoothing makes students of few answers alike: the variance across them first rises with"
        " k.",
    ),
)
