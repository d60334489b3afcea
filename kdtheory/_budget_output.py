"""What ``kdtheory budget`` answers: plain data, a text for people, and a figure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from rich.table import Table

from kdtheory import _check, _design_input, propagation
from kdtheory._check import FloatArray
from kdtheory._decompose_output import Answer
from kdtheory.decomposition.inputs import estimated
from kdtheory.propagation.records import PARTS, UncertaintyBudget, warnings_of
from kdtheory.tools.report import console

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdtheory.readers import DesignData


@dataclasses.dataclass(frozen=True, eq=False)
class _Setting:
    """A student's surroundings: where it is trained, where it answers, and by what teacher.

    Attributes:
        inputs: of training, one per row, a column of ones included if there is an intercept.
        points: where the student answers; None for the training inputs.
        intercept: whether there is one.
        noise_std: of a single response.
        estimated: whether that is the residual standard deviation.
        mean: the teacher's mean answers at the training inputs, if they matter.
    """

    inputs: FloatArray
    points: FloatArray | None
    intercept: bool
    noise_std: float
    estimated: bool
    mean: FloatArray | None

    @property
    def num_points(self) -> int:
        """The number of points at which the student answers."""
        return len(self.inputs if self.points is None else self.points)


def answer(
    data: DesignData,
    numbers: tuple[int, ...],
    *,
    noise_std: float | None,
    held_out: float,
    seed: int,
    **options: Any,
) -> Answer:
    """Answers with one budget for every number of responses; options as `uncertainty_budget`."""
    setting = _setting(data, noise_std, held_out, seed, options["num_steps"] is not None)
    budgets = [
        propagation.uncertainty_budget(
            setting.inputs, setting.noise_std, k, at=setting.points, mean=setting.mean, **options
        )
        for k in numbers
    ]

    def paint(figure: Figure) -> None:
        propagation.plot_budgets(budgets, figure.add_subplot())

    plain = {
        "intercept": setting.intercept,
        "noise_std": setting.noise_std,
        "noise_estimated": setting.estimated,
        "num_points": setting.num_points,
        "held_out": setting.points is not None,
        "seed": seed,
        "budgets": [one.to_dict() for one in budgets],
        "warnings": list(warnings_of(budgets)),
    }
    size = (max(6.4, 1.3 * len(budgets)), 4.4)
    return Answer(plain, lambda: _write(data, setting, budgets, seed), size, paint)


def _setting(
    data: DesignData, noise_std: float | None, held_out: float, seed: int, unfinished: bool
) -> _Setting:
    inputs, labels = data.inputs, data.labels
    if noise_std is not None:
        noise_std = _check.number("--noise-std", noise_std, low=0.0)
    num_samples = inputs.shape[1]
    if data.centred:
        # What was centred had an intercept, and a student that learns from responses learns it too.
        inputs = np.vstack([np.ones(num_samples), inputs])
    share = _check.number("--held-out", held_out, low=0.0, high=1.0)
    num_held = round(share * num_samples)
    if (share > 0 and num_held == 0) or num_held == num_samples:
        got = f"{num_held} of {num_samples} samples"
        mend = "Choose another share, such as 0.25."
        _check.refuse("--held-out", got, "at least one held out and one left", mend)
    order = np.random.default_rng(seed).permutation(num_samples) if num_held else slice(None)
    inputs = inputs[:, order]
    trained = inputs[:, num_held:]
    if labels is not None:
        labels = labels[:, order][:, num_held:]
    if noise_std is None and labels is None:
        mend = "Give --noise-std, or targets Y in the file."
        _check.refuse("--noise-std", "none, and no targets to estimate it from", "one", mend)

    noise, mean, weights = noise_std, None, data.true_weights
    if noise is None or (unfinished and weights is None):
        with jax.enable_x64(True):
            fitted, residual = estimated(trained, labels, needs_noise=noise is None)
        noise = residual if noise is None else noise
        weights = fitted if weights is None else weights
    if unfinished:
        assert weights is not None
        if len(weights) > 1:
            mend = "Choose one of them with --target, or leave out --steps."
            _check.refuse("--steps", f"it with {len(weights)} outputs", "one output", mend)
        mean = weights[0] @ trained
    return _Setting(
        inputs=trained.T,
        points=inputs[:, :num_held].T if num_held else None,
        intercept=data.centred,
        noise_std=noise,
        estimated=noise_std is None,
        mean=mean,
    )


def _write(
    data: DesignData, setting: _Setting, budgets: list[UncertaintyBudget], seed: int
) -> None:
    out = console()
    first = budgets[0]
    out.print("Where a distilled student's variance comes from", style="bold", markup=False)
    features, samples = data.inputs.shape
    out.print(
        f"{data.source}: {features} features, {samples} samples{_design_input.changes(data)}; the "
        f"student has {'an' if setting.intercept else 'no'} intercept",
        markup=False,
    )
    outputs = 1 if data.labels is None else len(data.labels)
    pooled = f", root mean square of {outputs} outputs" if outputs > 1 else ""
    how = f" (estimated: residuals of the data's own targets{pooled})" if setting.estimated else ""
    out.print(
        f"noise of a response {setting.noise_std:.6g}{how}, correlation {first.correlation:g}",
        markup=False,
    )
    fit = "least squares"
    if first.num_steps is not None:
        # The coefficients of centred data start around zero.
        origin = " from the mean of the targets" if setting.intercept else ""
        fit = f"descent{origin}, {first.num_steps} step{'s' * (first.num_steps != 1)}"
    heads = {
        "averages": "fitted to the averages",
        "pooled": "fitted to all responses",
        "point": "none",
    }
    where = f"{setting.num_points} training inputs"
    if setting.points is not None:
        where = f"{setting.num_points} held-out inputs (seed {seed})"
    start = first.initial_std
    out.print(
        f"student: {fit} on {first.num_samples} averages of k responses"
        + (f", coefficients start with deviation {start:g}" if start else "")
        + f"; its own variance: {heads[first.head]}\n"
        f"mean variance of an answer at the {where}, and shares of its total\n",
        markup=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("k", *(part.replace("_", " ") for part in PARTS), "total", "teacher"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in budgets:
        cells = [
            f"{value:.5g} {value / (one.total or 1.0):>6.1%}"
            for value in (getattr(one, part) for part in PARTS)
        ]
        sums = (f"{one.total:.5g}", f"{one.teacher_variance:.5g}")
        table.add_row(str(one.num_responses), *cells, *sums)
    out.print(table)
    out.print()
    if first.shared_response:
        out.print(
            f"No averaging brings teacher response below {first.shared_response:.5g}.", markup=False
        )
    if first.misfit and first.head != "point":
        out.print(
            f"Student inference includes a misfit of {first.misfit:.5g}, a bias.", markup=False
        )
    for warning in warnings_of(budgets):
        out.print(warning, markup=False)
