"""What the functions of the package return."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from kdtheory.results import from_dict, to_dict


@dataclasses.dataclass(frozen=True)
class TargetNoise:
    r"""What one kind of label does to the gradient.

    Attributes:
        title: which kind.
        noise: what it adds to $\mathbb E\|g\|^2$, and to the variance.
        second_moment: $\mathbb E\|g\|^2$ with such labels.
        variance: $\mathbb E\|g-\mathbb Eg\|^2$ with such labels.
        share: the noise over that of one-hot labels; None if that is zero.
        best_amount: $\lambda$ of the best mixture $(1-\lambda)e_y+\lambda q$ with an independent
            one-hot label.
        mixed_noise: the noise of that mixture.
        probabilities: whether such targets are probability vectors.
    """

    title: str
    noise: float
    second_moment: float
    variance: float
    share: float | None
    best_amount: float
    mixed_noise: float
    probabilities: bool


@dataclasses.dataclass(frozen=True)
class GradientNoise:
    r"""The noise of gradients with every kind of label, at given parameters.

    Attributes:
        num_inputs: how many inputs.
        num_labels: $K$.
        num_parameters: how many parameters.
        where: at which parameters, in words.
        bayes_second_moment: $\mathbb E\|g\|^2$ with Bayes class probabilities, which every kind of
            label shares.
        bayes_variance: the part of it that is not the mean gradient.
        mean_gradient: $\|\mathbb Eg\|$, the same for all kinds.
        critical_variance: $\nu$ at which additive noise is as large as that of one-hot labels;
            infinite if there is none.
        targets: by kind, one-hot labels first and exact ones last.
    """

    num_inputs: int
    num_labels: int
    num_parameters: int
    where: str
    bayes_second_moment: float
    bayes_variance: float
    mean_gradient: float
    critical_variance: float
    targets: tuple[TargetNoise, ...]

    def __getitem__(self, title: str) -> TargetNoise:
        """Returns what a kind of label does, by its title."""
        return next(target for target in self.targets if target.title == title)

    def text(self) -> str:
        """Returns the table as lines for people to read."""
        width = max(len(target.title) for target in self.targets) + 2
        heads = ("noise", "of one-hot", "E|g|^2", "variance", "mix", "mixed")
        lines = [
            f"{self.num_inputs} inputs, {self.num_labels} labels, {self.num_parameters} parameters,"
            f" {self.where}",
            f"E|g|^2 with exact labels {self.bayes_second_moment:.6g}, of which"
            f" {self.bayes_variance:.6g} varies with the input; |E g| {self.mean_gradient:.6g}",
            " " * width + "".join(f"{head:>12}" for head in heads),
        ]
        for one in self.targets:
            share = "" if one.share is None else f"{one.share:.4g}"
            numbers = (one.noise, one.second_moment, one.variance, one.best_amount, one.mixed_noise)
            written = [f"{number:.6g}" for number in numbers]
            cells = (written[0], share, *written[1:])
            line = f"{one.title:<{width}}" + "".join(f"{cell:>12}" for cell in cells)
            lines.append(line if one.probabilities else f"{line}  (no probabilities)")
        lines.append(
            f"Additive noise is as large as that of one-hot labels at a variance of"
            f" {self.critical_variance:.6g}; unbiased probabilities never are larger."
        )
        lines.append(
            "mix: the best share of such a target beside a one-hot label; mixed: its noise."
        )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GradientNoise:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


@dataclasses.dataclass(frozen=True)
class Constants:
    r"""What is known of an objective and of its labels; None for what is not.

    Attributes:
        component_smoothness: $L_{\max}$, of every component.
        smoothness: $L$, of the mean.
        expected_smoothness: $\mathcal L$ with $\mathbb E\|g-g^*\|^2\le2\mathcal L(f-f^*)$.
        strong_convexity: $\mu$, of the mean.
        pl_constant: $\mu$ of the Polyak-Lojasiewicz condition.
        noise: $\sigma^2=\mathbb E\|g(\theta^*)\|^2$.
        start_distance: $\|\theta_0-\theta^*\|^2$.
        start_excess: $f(\theta_0)-f^*$.
    """

    component_smoothness: float | None
    smoothness: float | None
    expected_smoothness: float | None
    strong_convexity: float | None
    pl_constant: float | None
    noise: float
    start_distance: float | None
    start_excess: float | None


@dataclasses.dataclass(frozen=True)
class DescentBound:
    r"""What one bound promises of SGD with a constant step size.

    Attributes:
        name: a key of `kdtheory.descent.kinds.KINDS`.
        title: what it is called.
        form: "printed", "known" or "sharpened".
        gap: what it bounds.
        assumption: what it assumes; nothing here checks it.
        slug: the claim of the catalogue; empty if there is none.
        largest_step: the largest step size that it allows, or the limit that it excludes.
        rate: $\rho$, by which the gap shrinks in a step; None for a mean over steps, or if nothing
            is promised.
        neighbourhood: what is left after infinitely many steps; infinite if nothing is promised.
        value: the bound after the steps asked for; None without a start or a number of steps.
        steps_needed: the fewest steps to the accuracy; None if it is never reached, or none was
            asked for.
        reason: why it promises nothing; empty if it does.
    """

    name: str
    title: str
    form: str
    gap: str
    assumption: str
    slug: str
    largest_step: float | None
    rate: float | None
    neighbourhood: float
    value: float | None
    steps_needed: int | None
    reason: str


@dataclasses.dataclass(frozen=True)
class DescentBounds:
    r"""Every bound on SGD with a constant step size, side by side.

    Attributes:
        step_size: $\gamma$.
        constants: what is known.
        num_steps: $T$, or None.
        accuracy: the gap that is aimed at, or None.
        bounds: by kind of gap, printed ones first.
    """

    step_size: float
    constants: Constants
    num_steps: int | None
    accuracy: float | None
    bounds: tuple[DescentBound, ...]

    def __getitem__(self, name: str) -> DescentBound:
        """Returns a bound by its name."""
        return next(bound for bound in self.bounds if bound.name == name)

    def text(self) -> str:
        """Returns the table as lines for people to read."""
        heads = ["form", "step at most", "rate", "in the end"]
        heads += [] if self.num_steps is None else [f"after {self.num_steps}"]
        heads += [] if self.accuracy is None else [f"steps to {self.accuracy:g}"]
        lines = [f"step size {self.step_size:g}, noise at the optimum {self.constants.noise:g}"]
        silent = []
        for gap in dict.fromkeys(bound.gap for bound in self.bounds):
            lines.append(f"{gap:<46}" + "".join(f"{head:>16}" for head in heads))
            for one in (bound for bound in self.bounds if bound.gap == gap):
                if one.reason:
                    silent.append(f"Nothing is promised by {one.title}: {one.reason}.")
                    continue
                cells = [one.form, _written(one.largest_step), _written(one.rate)]
                cells.append(_written(one.neighbourhood))
                cells += [] if self.num_steps is None else [_written(one.value)]
                if self.accuracy is not None:
                    needed = one.steps_needed
                    cells.append("never" if needed is None else f"{needed:,}")
                lines.append(f"  {one.title:<44}" + "".join(f"{cell:>16}" for cell in cells))
        return "\n".join([*lines, *silent])

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DescentBounds:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


@dataclasses.dataclass(frozen=True)
class StepChoice:
    """The best step size by one bound, and how many steps it needs.

    Attributes:
        name: a key of `kdtheory.descent.kinds.KINDS`.
        title: what the bound is called.
        form: "printed", "known" or "sharpened".
        gap: what it bounds.
        labels: "noisy" or "exact".
        step_size: the best one; None if nothing is promised.
        num_steps: the fewest steps; None if nothing is promised.
        reason: why nothing is promised; empty if something is.
    """

    name: str
    title: str
    form: str
    gap: str
    labels: str
    step_size: float | None
    num_steps: int | None
    reason: str


@dataclasses.dataclass(frozen=True)
class DescentPlan:
    """The best step size and the number of steps to an accuracy, by every bound.

    Attributes:
        accuracy: what the gap is to be.
        constants: what is known.
        choices: for noisy labels and for exact ones.
    """

    accuracy: float
    constants: Constants
    choices: tuple[StepChoice, ...]

    def choice(self, name: str, labels: str) -> StepChoice:
        """Returns the choice by a bound's name and by labels, "noisy" or "exact"."""
        return next(one for one in self.choices if (one.name, one.labels) == (name, labels))

    def text(self) -> str:
        """Returns the table as lines for people to read, the fewest steps first."""
        lines = [f"accuracy {self.accuracy:g}, noise of noisy labels {self.constants.noise:g}"]
        silent = []
        for gap in dict.fromkeys(one.gap for one in self.choices):
            heads = f"{'labels':>10}{'form':>12}{'step size':>14}{'steps':>16}"
            lines.append(f"{gap:<46}{heads}")
            some = [one for one in self.choices if one.gap == gap]
            for one in sorted(some, key=lambda one: (one.labels, one.num_steps or 0)):
                if one.reason:
                    silent.append(f"{one.title} ({one.labels} labels): {one.reason}.")
                    continue
                lines.append(
                    f"  {one.title:<44}{one.labels:>10}{one.form:>12}"
                    f"{_written(one.step_size):>14}{one.num_steps:>16,}"
                )
        return "\n".join([*lines, *dict.fromkeys(silent)])

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities as text)."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DescentPlan:
        """Rebuilds the record from `to_dict`."""
        return from_dict(cls, data)


def _written(number: float | None) -> str:
    return "" if number is None or math.isnan(number) else f"{number:.6g}"
