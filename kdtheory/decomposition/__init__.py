r"""The divergence of a linear-Gaussian design, taken apart.

* `decompose`: one design, in numbers and in words (``single``);
* `decompose_grid`: the same numbers for many settings at once (``grid``).
"""

from kdtheory.decomposition.grid import DecompositionGrid, decompose_grid
from kdtheory.decomposition.single import Decomposition, Term, decompose

__all__ = ["Decomposition", "DecompositionGrid", "Term", "decompose", "decompose_grid"]
