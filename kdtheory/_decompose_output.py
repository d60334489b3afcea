"""What ``kdtheory decompose`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory import _decompose_text as text
from kdtheory import decomposition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdtheory.readers import DesignData


@dataclasses.dataclass(frozen=True)
class Answer:
    """What was asked for, in three forms.

    Attributes:
        plain: plain data, for JSON.
        write: writes it to standard output, for people.
        size: of the figure, in inches.
        paint: draws it on a figure.
    """

    plain: dict[str, Any]
    write: Callable[[], None]
    size: tuple[float, float]
    paint: Callable[[Figure], None]

    def draw(self, output: Path) -> None:
        """Writes the figure to a file."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=self.size, layout="constrained")
        self.paint(figure)
        figure.savefig(output, dpi=150)


def one_design(
    data: DesignData, settings: dict[str, Any], student: dict[str, Any], seed: int
) -> Answer:
    """Answers with the decomposition of one design."""
    with _progress("") as at:
        result = decomposition.decompose(
            **_arrays(data),
            **settings,
            **student,
            student_covariance=data.student_covariance,
            test_second_moment=data.test_second_moment,
            seed=seed,
            progress=lambda width: at(0, 0, f"interval of width {width:.3g} nats"),
        )
    return Answer(
        plain=result.to_dict(),
        write=lambda: text.write_one(data, result),
        size=(8.0, 4.5),
        paint=lambda figure: _discard(
            decomposition.plot_decomposition(result, figure.add_subplot())
        ),
    )


def sweep(
    data: DesignData,
    settings: dict[str, Any],
    student: dict[str, Any],
    swept: tuple[str, Any],
    seed: int,
    dtype: str,
) -> Answer:
    """Answers with the terms along one setting."""
    _refuse_covariance(data, "--sweep")
    name, values = swept
    held = {key: value for key, value in {**settings, **student}.items() if key != name}
    found = decomposition.sweep_design(
        **_arrays(data), name=name, values=values, seed=seed, dtype=dtype, **held
    )

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        decomposition.plot_sweep(found, above)
        decomposition.plot_shares(found, below)
        above.set_xlabel("")

    return Answer(found.to_dict(), lambda: text.write_sweep(data, found), (9.0, 7.0), paint)


def dominance(data: DesignData, settings: dict[str, Any], seed: int) -> Answer:
    """Answers with the map of the largest term."""
    _refuse_covariance(data, "--map")
    held = {key: value for key, value in settings.items() if key != "inverse_temperature"}
    with _progress("temperatures") as at:
        found = decomposition.dominance_map(
            **_arrays(data), seed=seed, progress=lambda done, all_: at(done, all_, ""), **held
        )
    return Answer(
        found.to_dict(),
        lambda: text.write_map(data, found),
        (9.0, 5.0),
        lambda figure: _discard(decomposition.plot_dominance_map(found, figure.add_subplot())),
    )


def optimum(
    data: DesignData, settings: dict[str, Any], student: dict[str, Any], held: tuple[str, ...]
) -> Answer:
    """Answers with the minimisers of the divergence and of the bound, and how they differ."""
    _refuse_covariance(data, "--optimize")
    arrays = _arrays(data)
    found = {
        objective: decomposition.optimal_design(
            **arrays, objective=objective, hold=held, **settings, **student
        )
        for objective in ("divergence", "bound")
    }
    given = decomposition.optimal_design(
        **arrays, hold=decomposition.PARAMETERS, **settings, **student
    )

    def paint(figure: Figure) -> None:
        best = list(found.values())
        seen = decomposition.landscape(
            **arrays,
            noise_std=given.noise_std,
            prior_precision=_around([b.prior_precision for b in best]),
            inverse_temperature=_around([b.inverse_temperature for b in best]),
            best_student="student_covariance" not in held,
            **student,
        )
        decomposition.plot_landscape(seen, best, figure.add_subplot())

    plain = {"given": given.to_dict(), **{name: best.to_dict() for name, best in found.items()}}
    return Answer(plain, lambda: text.write_optimum(data, given, found), (8.5, 5.5), paint)


def _around(values: list[float]) -> np.ndarray:
    """Returns a logarithmic range that holds the values and two decades on either side."""
    return np.geomspace(min(values) / 100, max(values) * 100, 81)


def _arrays(data: DesignData) -> dict[str, Any]:
    names = ("inputs", "true_weights", "labels")
    return {name: getattr(data, name) for name in names}


def _refuse_covariance(data: DesignData, option: str) -> None:
    from kdtheory import _check

    if data.student_covariance is not None:
        _check.refuse(
            option,
            "a file with Sigma_S",
            "a student with the teacher's covariance, or a multiple of it",
            "Leave Sigma_S out of the file.",
        )


def _discard(_: Any) -> None:
    """Takes what a plot function returns; a painter returns nothing."""


@contextlib.contextmanager
def _progress(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Shows a bar on standard error while its body runs, once there is something to show."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None)

        def at(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total or None, description=words or unit)

        yield at
