"""What runs of teachers and students say of the text: functions of means over teachers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from kdtheory._check import FloatArray
from kdtheory.intervals import pseudo_values
from kdtheory.replications._language_runs import MOST_FREQUENT, SHARES, SMOOTHING, SOFTMAX
from kdtheory.replications._uncertainty import SUBSTANTIAL, SUPPRESSED
from kdtheory.replications.records import Finding, Measurement, Table, Tables
from kdtheory.replications.statistics import means

PRIMARY = "softmax"
KINDS = (*SOFTMAX, *SMOOTHING, MOST_FREQUENT)

SEVERAL = 5
"""From so many responses on, something is asserted of averaging them."""

SLOPE = -0.9
FALL = 0.05
DISTORTED = 0.05
NOT_ABOVE = 1.05
"""What the numbers of statements are held against."""

_NEXT_TOKENS = ("hallucination", "next_token_hallucination", "; in the next token")
_NOTHING = 1e-12


def judge(tables: Tables) -> tuple[Finding, ...]:
    """Returns what the tables say of every statement, in every reading.

    All numbers are functions of means over teachers, with intervals by the jackknife.

    Args:
        tables: as `simulate` returns them.
    """
    students = tables["students"]
    sampled = {kind: students.where(student=kind, answers="sampled") for kind in KINDS}
    found = [*_of_variances(sampled), *_of_falls(sampled)]
    for kind in (*SOFTMAX, *SMOOTHING):
        likeliest = students.where(student=kind, answers="likeliest")
        found.append(_of_collapse(kind, sampled[kind].where(k=1), likeliest))
    # Students that differ from the table's only where these see nothing.
    shares = students.where(student=SHARES, answers="sampled")
    found.append(_of_fall(SHARES, shares, *_NEXT_TOKENS))
    weighting = tables["weighting"]
    for kind in weighting.distinct("student"):
        for weights in weighting.distinct("weights"):
            found += _of_weighting(kind, weights, weighting.where(student=kind, weights=weights))
    return tuple(found)


def _of_variances(sampled: Mapping[str, Table]) -> Iterator[Finding]:
    """Yields what is said of the variances within students, and across them."""
    cases = [(kind, "", kind) for kind in KINDS]
    cases += [(kind, "number_", f"{kind}; of a number read off") for kind in (PRIMARY, "table")]
    for kind, prefix, reading in cases:
        ks = responses(sampled[kind])
        within, across, teacher = (
            by_responses(sampled[kind], prefix + name) for name in ("within", "across", "teacher")
        )
        # One response is the most frequent one.
        if kind != MOST_FREQUENT:
            shares = [
                _jackknifed(["k = 1"], np.column_stack([values[:, 0], teacher[:, 0]]), _ratio)
                for values in (within, across)
            ]
            yield Finding("suppressed", reading, shares[0], below=SUPPRESSED)
            yield Finding("differ", reading, shares[1], above=SUBSTANTIAL)
        for least in (1, SEVERAL):
            late = ks >= least
            slope = functools.partial(_slope, ks[late])
            found = _jackknifed([f"k = {least} to {ks[-1]}"], across[:, late], slope)
            yield Finding("rate", f"{reading}; from k = {least}", found, below=SLOPE)


def _of_falls(sampled: Mapping[str, Table]) -> Iterator[Finding]:
    """Yields what is said of more responses: less bias, less hallucination, better reflection."""
    for kind, table in sampled.items():
        yield _of_fall(kind, table, "systematic noise", "squared_bias", "")
        yield _of_fall(kind, table, "hallucination", "hallucination", "; in whole answers")
        if kind != MOST_FREQUENT:
            yield _of_fall(kind, table, *_NEXT_TOKENS)
        ks, within, teacher = (
            responses(table),
            by_responses(table, "within"),
            by_responses(table, "teacher"),
        )
        nearer = functools.partial(_nearer, ks)
        fall = _jackknifed(_several(ks), np.hstack([within, teacher[:, :1]]), nearer)
        yield Finding("reflects", kind, fall, above=FALL)


def _of_fall(kind: str, table: Table, key: str, column: str, where: str) -> Finding:
    """Returns what is said of a number that is to fall with more responses."""
    ks, values = responses(table), by_responses(table, column)
    fall = _jackknifed(_several(ks), values, functools.partial(_later, ks))
    return Finding(key, f"{kind}{where}; more responses", fall, above=FALL)


def _of_collapse(kind: str, single: Table, likeliest: Table) -> Finding:
    """Returns what is said of students of the likeliest answer."""
    bias = np.column_stack([likeliest["squared_bias"] - single["squared_bias"], single["teacher"]])
    gap = _jackknifed(["the likeliest answer"], bias, _ratio)
    return Finding("collapse", kind, gap, above=DISTORTED)


def _of_weighting(kind: str, weights: str, table: Table) -> Iterator[Finding]:
    """Yields what is said of combinations of a student with its teacher's responses."""
    reading = f"{kind}; weights inverse to {weights}"
    labels = [f"k = {k}" for k in responses(table)]
    measured = {"variance": "variance", "squared error": "error"}
    if weights.startswith("squared errors"):
        del measured["variance"]
    for what, name in measured.items():
        parts = [by_responses(table, name + of) for of in ("", "_teacher", "_student")]
        ratio = _jackknifed(labels, np.hstack(parts), _over_smaller)
        yield Finding("weighting", f"{reading}; {what}", ratio, below=NOT_ABOVE)
    # Other responses than the student's own make 2k: no comparison at the same cost.
    if "fresh" not in weights:
        for key, name in (("systematic noise", "squared_bias"), ("hallucination", "hallucination")):
            both = np.hstack([by_responses(table, name + of) for of in ("_student", "")])
            fall = _jackknifed(labels, both, lambda m: _fall(*np.split(m, 2, axis=-1)))
            yield Finding(key, reading, fall, above=FALL)


def responses(table: Table) -> Int[np.ndarray, "counts"]:
    """Returns the numbers of responses that a table has."""
    return np.array(table.distinct("k"))


def by_responses(table: Table, column: str) -> Float[np.ndarray, "trials counts"]:
    """Returns a column with a row for every teacher, of one kind of student."""
    return table.pivot("trial", "k", column)


def _several(ks: Int[np.ndarray, "counts"]) -> list[str]:
    return [f"k = {k}" for k in ks[ks >= SEVERAL]]


def _jackknifed(
    labels: Sequence[str],
    trials: Float[np.ndarray, "trials columns"],
    function: Callable[[FloatArray], FloatArray],
) -> tuple[Measurement, ...]:
    """Returns functions of the means of columns, one for every label."""
    return means(labels, pseudo_values(trials, function))


def _ratio(m: FloatArray) -> FloatArray:
    return m[..., :1] / m[..., 1:]


def _later(ks: Int[np.ndarray, "counts"], m: FloatArray) -> FloatArray:
    """Returns the relative fall from the first k to several."""
    return _fall(m[..., :1], m[..., ks >= SEVERAL])


def _nearer(ks: Int[np.ndarray, "counts"], m: FloatArray) -> FloatArray:
    """Returns the same of distances of ratios from 1; the last number is the denominator."""
    return _later(ks, np.abs(m[..., :-1] / m[..., -1:] - 1.0))


def _slope(ks: Int[np.ndarray, "counts"], m: FloatArray) -> FloatArray:
    """Returns the slope of log m against log k, by least squares."""
    logs = np.log(ks) - np.log(ks).mean()
    return np.log(m) @ logs[:, None] / (logs @ logs)


def _over_smaller(m: FloatArray) -> FloatArray:
    """Returns the first third of the numbers over the smaller ones of the other two thirds."""
    first, *others = np.split(m, 3, axis=-1)
    return np.asarray(first / np.minimum(*others))


def _fall(before: FloatArray, after: FloatArray) -> FloatArray:
    """Returns (before - after) / (before + after): 0 where there was, and is, nothing to fall.

    Unbiased estimates of squares below zero, and rounding, are nothing.
    """
    first, last = (np.where(values > _NOTHING, values, 0.0) for values in (before, after))
    total = first + last
    return np.asarray((first - last) / np.where(total > 0, total, 1.0))
