"""What ``kdtheory decompose`` writes for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory import _design_input, decomposition
from kdtheory.decomposition import TERMS
from kdtheory.tools.report import console

if TYPE_CHECKING:
    from kdtheory.readers import DesignData

ROWS = 21
"""The most rows of a sweep that are printed; JSON has all of them."""

COLUMNS = {
    "teacher bias": "bias",
    "teacher estimation noise": "estimation",
    "teacher posterior variance": "posterior",
    "rank bottleneck": "rank",
    "posterior spread": "spread",
    "geometry mismatch": "geometry",
}
"""Short names of the terms, for narrow tables."""


def write_one(data: DesignData, result: decomposition.Decomposition) -> None:
    out = console()
    out.print(result.heading, style="bold", markup=False)
    _write_input(data)
    out.print(
        f"prior precision {result.prior_precision:g}, inverse temperature "
        f"{result.inverse_temperature:g}, noise {result.noise_std:.6g}"
        + (" (estimated)" if result.fitted_noise else "")
        + f", design rank {result.design_rank}, student rank {result.rank}, "
        f"null space: {result.null}, student covariance: {result.student_covariance}\n",
        markup=False,
    )
    table = _table("term", "nats")
    table.add_column("what it is")
    for term in result.terms:
        error = f" +- {term.standard_error:.2g}" if term.standard_error else ""
        table.add_row(term.name, f"{term.value:.6g}{error}", term.meaning)
    table.add_section()
    table.add_row("bound", f"{result.bound:.6g}", "the sum of the terms above")
    table.add_row(
        "mutual information", f"{-result.mutual_information:.6g}", "what the bound gives away"
    )
    model = "under the fitted model" if result.fitted else "under the model given"
    if result.level is None:
        # Exact for the model; how well the fitted one speaks of the data is another question.
        words = f"K_n {model}" if result.fitted else f"K_n, exact {model}"
        table.add_row("divergence", f"{result.divergence:.6g}", words)
    else:
        low, high = result.interval
        text = f"K_n {model}: {low:.6g} to {high:.6g} ({result.level:.0%}, sampled)"
        table.add_row("divergence", f"{result.divergence:.6g}", text)
    out.print(table)
    dominant = next(term for term in result.terms if term.name == result.dominant)
    out.print(f"\nLargest: {dominant.name}. {dominant.remedy}", markup=False)
    for term in result.terms:
        if term is not dominant and term.value:
            out.print(f"  {term.name}: {term.remedy}", style="dim", markup=False)
    spare = result.num_features - result.design_rank
    if spare and result.rank:
        out.print(
            f"\nThe best map of rank {result.rank} is not the only one: on the {spare} directions "
            "in which the inputs vanish it may do anything. "
            + (
                "Here it is zero there (minnorm)."
                if result.null == "minnorm"
                else "Here it copies the teacher there (identity)."
            ),
            style="dim",
            markup=False,
        )
    _write_gaps(result.gaps)


def _write_gaps(gaps: decomposition.Gaps) -> None:
    """Writes the generalisation gaps beside the bounds."""
    out = console()
    where = {
        "fixed": "the same inputs with fresh labels",
        "second moment": "test inputs with the second moment given",
    }
    out.print(f"\nGeneralisation gaps with squared loss, {where[gaps.test_inputs]}", style="bold")
    table = _table("", "gap")
    table.add_column("what it is")
    table.add_row(
        "teacher",
        f"{gaps.teacher:.6g}",
        "mean loss on fresh labels, less that on the labels trained on",
    )
    if gaps.student is not None:
        error = f" +- {gaps.student_error:.2g}" if gaps.student_error else ""
        table.add_row("student", f"{gaps.student:.6g}{error}", "the same, on the pseudo labels")
    rows = (
        ("Cramer-Chernoff", gaps.chernoff, "the best that K_n allows"),
        ("sub-gamma", gaps.sub_gamma, "from the variance and one scale of the teacher's gap"),
    )
    for name, (low, high), words in rows:
        table.add_row(name, f"{low:.6g} to {high:.6g}", f"bounds on the student's gap: {words}")
    out.print(table)
    out.print(
        "Squared loss has no variance proxy here, so that sub-Gaussian bounds do not apply.",
        style="dim",
    )


def write_sweep(data: DesignData, found: decomposition.Sweep) -> None:
    out = console()
    out.print(found.heading, style="bold", markup=False)
    _write_input(data)
    shown = [term for term in TERMS if np.any(found.terms[term] != 0.0)]
    table = _table(found.name.replace("_", " "), *(COLUMNS[term] for term in shown), "bound")
    table.add_column("divergence", justify="right", no_wrap=True)
    step = -(-len(found.values) // ROWS)
    for i in range(0, len(found.values), step):
        low, high = found.divergence_low[i], found.divergence_high[i]
        table.add_row(
            f"{found.values[i]:.4g}",
            *(f"{found.terms[term][i]:.4g}" for term in shown),
            f"{found.bound[i]:.5g}",
            f"{low:.5g}" if low == high else f"{low:.5g} to {high:.5g}",
        )
    out.print(table)
    if step > 1:
        out.print(
            f"One in {step} of {len(found.values)} values is shown; --json has all.", style="dim"
        )
    best = int(np.argmin(found.divergence_high))
    least = int(np.argmin(found.bound))
    setting = found.name.replace("_", " ")
    certain = bool((found.divergence_low == found.divergence_high).all())
    what = "Divergence" if certain else "Upper bound on the divergence"
    out.print(
        f"\n{what} least at {setting} {found.values[best]:.4g}: {found.divergence_high[best]:.5g}"
        f" nats; bound least at {found.values[least]:.4g}: {found.bound[least]:.5g} nats.",
        markup=False,
    )
    if found.dtype == "float32":
        out.print("Closed forms in float32: relative errors below 1e-5.")


def write_map(data: DesignData, found: decomposition.DominanceMap) -> None:
    out = console()
    out.print("Which term of the bound is the largest", style="bold", markup=False)
    _write_input(data)
    betas = found.inverse_temperatures
    out.print(
        f"prior precision {found.prior_precision:g}, noise {found.noise_std:.6g}, inverse "
        f"temperatures {betas.min():g} to {betas.max():g}; {found.num_draws} draws, seed "
        f"{found.seed}\n",
        markup=False,
    )
    table = _table("rank", justify="right")
    table.add_column("as the inverse temperature rises")
    for rank, row in zip(found.ranks, found.dominant, strict=True):
        starts = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist()]
        pieces = [TERMS[row[0]]]
        pieces += [f"from {betas[start]:.3g} {TERMS[row[start]]}" for start in starts[1:]]
        table.add_row(str(rank), ", ".join(pieces))
    out.print(table)
    shares = sorted(found.shares().items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {share:.0%}" for name, share in shares if share)
    out.print(f"\nShare of the map: {listed}.", markup=False)


def write_optimum(
    data: DesignData,
    given: decomposition.OptimalDesign,
    found: dict[str, decomposition.OptimalDesign],
) -> None:
    out = console()
    out.print("Where the divergence and its bound are least", style="bold", markup=False)
    _write_input(data)
    held = found["divergence"].held
    words = ", ".join(name.replace("_", " ") for name in held) or "nothing"
    out.print(f"held: {words}\n", markup=False)
    columns = {
        "given": given,
        "least divergence": found["divergence"],
        "least bound": found["bound"],
    }
    table = _table("", *columns)
    for name in ("prior_precision", "inverse_temperature", "noise_std"):
        cells = (f"{getattr(best, name):.6g}" for best in columns.values())
        table.add_row(name.replace("_", " "), *cells)
    table.add_row(
        "student covariance / teacher's", *(_range(best.student_scale) for best in columns.values())
    )
    table.add_section()
    for name in ("divergence", "bound"):
        table.add_row(name, *(f"{getattr(best, name):.6g}" for best in columns.values()))
    out.print(table)
    out.print("\n" + _difference(given, found), markup=False)
    for name, best in found.items():
        for setting, end in best.edges.items():
            out.print(
                f"The {name} is as small at the {end} end of the range searched for the "
                f"{setting.replace('_', ' ')}: it has no minimum inside.",
                markup=False,
            )


def _difference(
    given: decomposition.OptimalDesign, found: dict[str, decomposition.OptimalDesign]
) -> str:
    """Returns in words what the two minimisers differ in, and what following the bound costs."""
    best, bounded = found["divergence"], found["bound"]
    moves = []
    for name in ("prior_precision", "inverse_temperature", "noise_std"):
        ratio = getattr(bounded, name) / getattr(best, name)
        if abs(np.log(ratio)) > 1e-6:
            way = "higher" if ratio > 1 else "lower"
            factor = ratio if ratio > 1 else 1 / ratio
            moves.append(f"a {way} {name.replace('_', ' ')} ({factor:.3g} times)")
    if any(abs(scale - 1) > 1e-6 for scale in best.student_scale):
        moves.append("the teacher's covariance for the student")
    cost = bounded.divergence - best.divergence
    saved = given.divergence - best.divergence
    first = f"Against the settings given, the best ones save {saved:.4g} nats of divergence."
    if not moves:
        return f"{first} The bound is least at the same settings."
    share = f" ({cost / best.divergence:.0%})" if best.divergence > 0 else ""
    return (
        f"{first} The bound asks for {_listed(moves)} instead, which costs {cost:.4g} nats{share} "
        "of divergence: it leaves out the information that the pseudo labels and the student carry "
        "about the teacher."
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _range(values: tuple[float, ...]) -> str:
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{low:.4g}" if high - low < 1e-9 * max(high, 1.0) else f"{low:.3g} to {high:.3g}"


def _write_input(data: DesignData) -> None:
    """Writes one line on what was read, and what was done to it."""
    features, samples = data.inputs.shape
    weights = data.labels if data.labels is not None else data.true_weights
    assert weights is not None
    console().print(
        f"{data.source}: d = {features} features, n = {samples} samples, "
        f"k = {len(weights)} outputs{_design_input.changes(data)}",
        markup=False,
    )


def _table(first: str, *numbers: str, justify: Any = "left") -> Any:
    """Returns a table with one column of names and columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, no_wrap=True, justify=justify)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table
