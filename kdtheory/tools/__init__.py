"""Tools: functions over claims. They know no theorem and no object of the catalogue.

Each loads on first use: most commands need one or two of them.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

_MODULES = {
    "Evaluation": "evaluate",
    "ablate": "ablate",
    "best_constant": "best_constant",
    "certify": "certify",
    "evaluate": "evaluate",
    "falsify": "falsify",
    "recheck": "certify",
    "replay": "replay",
    "replay_file": "replay",
    "simplify": "simplify",
    "verify": "verify",
}

__all__ = list(_MODULES)  # noqa: PLE0605


class _Tools(types.ModuleType):
    """A package where a function has the name of its module, and is what the name means."""

    def __getattr__(self, name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
        setattr(self, name, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a module puts it here under its name, which is the function's.
        if not (name in _MODULES and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Tools

if TYPE_CHECKING:
    from kdtheory.tools.ablate import ablate as ablate
    from kdtheory.tools.best_constant import best_constant as best_constant
    from kdtheory.tools.certify import certify as certify
    from kdtheory.tools.certify import recheck as recheck
    from kdtheory.tools.evaluate import Evaluation as Evaluation
    from kdtheory.tools.evaluate import evaluate as evaluate
    from kdtheory.tools.falsify import falsify as falsify
    from kdtheory.tools.replay import replay as replay
    from kdtheory.tools.replay import replay_file as replay_file
    from kdtheory.tools.simplify import simplify as simplify
    from kdtheory.tools.verify import verify as verify
