r"""How much worse, or better, a student can generalise than its teacher.

* `bounds`: everything that applies to a given process, ranked (``single``, from ``laws``);
* `bounds_from_samples`: estimates from reruns of the teacher's training (``samples``);
* `bounds_against_divergence`, `bounds_against_samples`: along a family (``curves``);
* `example_process`: worlds that come with the toolkit (``examples``);
* `read_process`, `save_process`: arrays in a file (``files``);
* ``plot_...``: their figures (``figures``).
"""

from kdtheory.gap_bounds.curves import (
    BoundCurve,
    bounds_against_divergence,
    bounds_against_samples,
)
from kdtheory.gap_bounds.examples import EXAMPLES, example_process
from kdtheory.gap_bounds.figures import (
    plot_bounds_against_divergence,
    plot_bounds_against_samples,
    plot_estimated_bounds,
    plot_ranked_bounds,
)
from kdtheory.gap_bounds.files import GapSamples, read_process, save_process
from kdtheory.gap_bounds.records import (
    KINDS,
    Bound,
    ConfidentBound,
    EstimatedBound,
    Excluded,
    GapBounds,
    SampleBounds,
)
from kdtheory.gap_bounds.samples import bounds_from_samples
from kdtheory.gap_bounds.single import bounds

__all__ = [
    "EXAMPLES",
    "KINDS",
    "Bound",
    "BoundCurve",
    "ConfidentBound",
    "EstimatedBound",
    "Excluded",
    "GapBounds",
    "GapSamples",
    "SampleBounds",
    "bounds",
    "bounds_against_divergence",
    "bounds_against_samples",
    "bounds_from_samples",
    "example_process",
    "plot_bounds_against_divergence",
    "plot_bounds_against_samples",
    "plot_estimated_bounds",
    "plot_ranked_bounds",
    "read_process",
    "save_process",
]
