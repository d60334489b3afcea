"""What simulated samples say, and how far they may be off."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import special

from kdtheory import _check

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Simulated:
    r"""One quantity of every problem, as the draws have it and as it is.

    Attributes:
        value: the mean over replicates.
        standard_error: of that mean, estimated from groups of replicates; NaN for one replicate.
        exact: the expectation, from the closed form.
        exact_error: the exact standard deviation of ``value``.
        rounding: how far rounded losses move the expectation at most.
        groups: how many groups the standard error is estimated from.
    """

    value: FloatArray
    standard_error: FloatArray
    exact: FloatArray
    exact_error: FloatArray
    rounding: FloatArray
    groups: int

    @property
    def score(self) -> FloatArray:
        r"""How many exact standard deviations the value is from the exact expectation.

        A score has mean zero and variance one, whatever the problem and the number of replicates,
        so that it is beyond $k$ with a chance of at most $1/k^2$. Differences within what rounding
        explains count as none.
        """
        off = self.value - self.exact
        excess = np.sign(off) * np.maximum(np.abs(off) - self.rounding, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(excess == 0.0, 0.0, excess / self.exact_error)

    def interval(self, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Returns Student's interval over the groups of replicates, from the draws alone.

        It is asymptotic: right for many replicates, and too short where what matters is rare.

        Args:
            level: its nominal coverage.
        """
        _check.level(level)
        if self.groups < 2:
            none = np.full(self.value.shape, np.nan)
            return none, none
        quantile = special.stdtrit(self.groups - 1, 0.5 * (1.0 + level))
        margin = quantile * self.standard_error + self.rounding
        return self.value - margin, self.value + margin


@dataclasses.dataclass(frozen=True)
class SimulatedRisks:
    r"""What samples of many problems say of their two empirical risks.

    Variances and the covariance are means of squares and products of deviations from the exact
    means, which are known; so they are unbiased, and defined for a single replicate.

    Attributes:
        num_samples: $N$ of every problem.
        replicates: how many samples of each were drawn.
        seed: the seed.
        onehot_mean: $\mathbb E[\hat R]$.
        bayes_mean: $\mathbb E[\hat R^*]$.
        difference_mean: $\mathbb E[\hat R-\hat R^*]$, which is zero.
        onehot_variance: $\mathbb V[\hat R]$.
        bayes_variance: $\mathbb V[\hat R^*]$.
        difference_variance: $\mathbb V[\hat R-\hat R^*]$.
        covariance: $\mathrm{Cov}[\hat R,\hat R^*]$, which is $\mathbb V[\hat R^*]$.
    """

    num_samples: npt.NDArray[np.int64]
    replicates: int
    seed: int
    onehot_mean: Simulated
    bayes_mean: Simulated
    difference_mean: Simulated
    onehot_variance: Simulated
    bayes_variance: Simulated
    difference_variance: Simulated
    covariance: Simulated

    def __str__(self) -> str:
        """Shows the numbers of a single problem, or the farthest scores among many."""
        count = len(self.num_samples)
        sizes = sorted(set(self.num_samples.tolist()))
        span = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        lines = [
            f"{self.replicates:,} samples of {span} draws from {count:,} "
            f"problem{'s' * (count > 1)}, seed {self.seed}"
        ]
        if count == 1:
            lines.append(f"{'':19}{'simulated':>12}{'std. error':>12}{'exact':>12}{'score':>8}")
        else:
            lines.append(f"{'':19}{'lowest score':>14}{'highest score':>14}{'their spread':>14}")
        for name in QUANTITIES:
            found, title = getattr(self, name), name.replace("_", " ")
            if count == 1:
                cells = found.value[0], found.standard_error[0], found.exact[0]
                row = "".join(f"{cell:>12.4g}" for cell in cells) + f"{found.score[0]:>8.2f}"
            else:
                cells = found.score.min(), found.score.max(), found.score.std()
                row = "".join(f"{cell:>14.2f}" for cell in cells)
            lines.append(f"{title:19}{row}")
        return "\n".join(lines)


QUANTITIES = tuple(
    field.name for field in dataclasses.fields(SimulatedRisks) if field.type == "Simulated"
)
"""The names of what is simulated."""
