r"""How sharp a loss is around what was learned, and what sharpness-aware bounds make of it.

* `sharpness`: a user's loss, parameters and data (``single``, from ``averages`` and
  ``curvature``); `with_constants` judges the same measurements by other constants (``constants``,
  from ``penalties``);
* `plot_sharpness`: the figure (``figures``);
* ``digits``: two small networks on handwritten digits, one of them trained for flatness;
* `curves_along_radius`: every bound against the radius where all is exact (``radii``), in worlds
  that come with it (``worlds``); `plot_bounds_along_radius` draws them (``radius_figures``), and
  `logistic_table` lists them for logistic regression (``logistic_regression``).
"""

from kdtheory.flatness.constants import with_constants
from kdtheory.flatness.figures import plot_sharpness
from kdtheory.flatness.logistic_regression import LogisticTable, logistic_table
from kdtheory.flatness.radii import RadiusCurve, curves_along_radius, largest_radius
from kdtheory.flatness.radius_figures import plot_bounds_along_radius
from kdtheory.flatness.records import (
    AtRadius,
    Eigenvalue,
    Penalty,
    Premise,
    SharpnessReport,
    Status,
)
from kdtheory.flatness.single import sharpness
from kdtheory.intervals import Estimate

__all__ = [
    "AtRadius",
    "Eigenvalue",
    "Estimate",
    "LogisticTable",
    "Penalty",
    "Premise",
    "RadiusCurve",
    "SharpnessReport",
    "Status",
    "curves_along_radius",
    "largest_radius",
    "logistic_table",
    "plot_bounds_along_radius",
    "plot_sharpness",
    "sharpness",
    "with_constants",
]
