r"""The divergence of a linear-Gaussian design, taken apart.

* `decompose`: one design, in numbers and in words (``single``);
* `decompose_grid`: the same numbers for many settings at once (``grid``);
* `sweep_design`: one setting varied, at any rank (``sweeps``);
* `dominance_map`: which term is the largest, over rank and temperature (``ranks``);
* `optimal_design`: the settings of least divergence, or of least bound (``optimum``);
* ``plot_...``: their figures (``figures``).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_MODULES = {
    "Decomposition": "records",
    "DecompositionGrid": "grid",
    "DominanceMap": "ranks",
    "Gaps": "records",
    "Landscape": "landscapes",
    "MEANINGS": "records",
    "OptimalDesign": "optimum",
    "PARAMETERS": "optimum",
    "Sweep": "sweeps",
    "TERMS": "records",
    "Term": "records",
    "decompose": "single",
    "decompose_grid": "grid",
    "dominance_map": "ranks",
    "landscape": "landscapes",
    "optimal_design": "optimum",
    "plot_decomposition": "figures",
    "plot_dominance_map": "figures",
    "plot_landscape": "figures",
    "plot_shares": "figures",
    "plot_sweep": "figures",
    "sweep_design": "sweeps",
}

__all__ = list(_MODULES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Loads a name on first use (PEP 562): one design needs a small part of this."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


if TYPE_CHECKING:
    from kdtheory.decomposition.figures import plot_decomposition as plot_decomposition
    from kdtheory.decomposition.figures import plot_dominance_map as plot_dominance_map
    from kdtheory.decomposition.figures import plot_landscape as plot_landscape
    from kdtheory.decomposition.figures import plot_shares as plot_shares
    from kdtheory.decomposition.figures import plot_sweep as plot_sweep
    from kdtheory.decomposition.grid import DecompositionGrid as DecompositionGrid
    from kdtheory.decomposition.grid import decompose_grid as decompose_grid
    from kdtheory.decomposition.landscapes import Landscape as Landscape
    from kdtheory.decomposition.landscapes import landscape as landscape
    from kdtheory.decomposition.optimum import PARAMETERS as PARAMETERS
    from kdtheory.decomposition.optimum import OptimalDesign as OptimalDesign
    from kdtheory.decomposition.optimum import optimal_design as optimal_design
    from kdtheory.decomposition.ranks import DominanceMap as DominanceMap
    from kdtheory.decomposition.ranks import dominance_map as dominance_map
    from kdtheory.decomposition.records import MEANINGS as MEANINGS
    from kdtheory.decomposition.records import TERMS as TERMS
    from kdtheory.decomposition.records import Decomposition as Decomposition
    from kdtheory.decomposition.records import Gaps as Gaps
    from kdtheory.decomposition.records import Term as Term
    from kdtheory.decomposition.single import decompose as decompose
    from kdtheory.decomposition.sweeps import Sweep as Sweep
    from kdtheory.decomposition.sweeps import sweep_design as sweep_design
