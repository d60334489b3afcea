"""Tools: functions over claims. They know no theorem and no object of the catalogue."""

from kdtheory.tools.ablate import ablate
from kdtheory.tools.best_constant import best_constant
from kdtheory.tools.certify import certify, recheck
from kdtheory.tools.evaluate import Evaluation, evaluate
from kdtheory.tools.falsify import falsify
from kdtheory.tools.replay import replay, replay_file
from kdtheory.tools.simplify import simplify
from kdtheory.tools.verify import verify

__all__ = [
    "Evaluation",
    "ablate",
    "best_constant",
    "certify",
    "evaluate",
    "falsify",
    "recheck",
    "replay",
    "replay_file",
    "simplify",
    "verify",
]
