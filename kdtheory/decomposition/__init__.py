r"""The divergence of a linear-Gaussian design, taken apart.

* `decompose`: one design, in numbers and in words (``single``);
* `decompose_grid`: the same numbers for many settings at once (``grid``);
* `sweep_design`: one setting varied, at any rank (``sweeps``);
* `dominance_map`: which term is the largest, over rank and temperature (``ranks``);
* `optimal_design`: the settings of least divergence, or of least bound (``optimum``);
* ``plot_...``: their figures (``figures``).
"""

from kdtheory.decomposition.figures import (
    plot_decomposition,
    plot_dominance_map,
    plot_landscape,
    plot_shares,
    plot_sweep,
)
from kdtheory.decomposition.grid import DecompositionGrid, decompose_grid
from kdtheory.decomposition.landscapes import Landscape, landscape
from kdtheory.decomposition.optimum import PARAMETERS, OptimalDesign, optimal_design
from kdtheory.decomposition.ranks import DominanceMap, dominance_map
from kdtheory.decomposition.records import MEANINGS, TERMS, Decomposition, Gaps, Term
from kdtheory.decomposition.single import decompose
from kdtheory.decomposition.sweeps import Sweep, sweep_design

__all__ = [
    "MEANINGS",
    "PARAMETERS",
    "TERMS",
    "Decomposition",
    "DecompositionGrid",
    "DominanceMap",
    "Gaps",
    "Landscape",
    "OptimalDesign",
    "Sweep",
    "Term",
    "decompose",
    "decompose_grid",
    "dominance_map",
    "landscape",
    "optimal_design",
    "plot_decomposition",
    "plot_dominance_map",
    "plot_landscape",
    "plot_shares",
    "plot_sweep",
    "sweep_design",
]
