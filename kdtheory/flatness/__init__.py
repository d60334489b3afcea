r"""How sharp a loss is around what was learned, and what sharpness-aware bounds make of it.

* `sharpness`: a user's loss, parameters and data (``single``, from ``averages`` and
  ``curvature``); `with_constants` judges the same measurements by other constants (``constants``,
  from ``penalties``);
* `plot_sharpness`: the figure (``figures``);
* ``digits``: two small networks on handwritten digits, one of them trained for flatness.
"""

from kdtheory.flatness.constants import with_constants
from kdtheory.flatness.figures import plot_sharpness
from kdtheory.flatness.records import (
    AtRadius,
    Eigenvalue,
    Estimate,
    Penalty,
    Premise,
    SharpnessReport,
    Status,
)
from kdtheory.flatness.single import sharpness

__all__ = [
    "AtRadius",
    "Eigenvalue",
    "Estimate",
    "Penalty",
    "Premise",
    "SharpnessReport",
    "Status",
    "plot_sharpness",
    "sharpness",
    "with_constants",
]
