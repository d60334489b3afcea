"""How soon a planted error of a thousandth is seen, in a claim of every room; see falsification.py.

Beside it, random instances of the same domain, evaluated by the same program for a second at most.
"""

from __future__ import annotations

import falsification
import pytest

from kdtheory.theorems import find
from kdtheory.tools._compile import precision, release

SLUGS = (
    "variance_reduction/lemma1",
    "bias_variance/sharp_constant",
    "proper_losses/psi",
    "empirical_bernstein/expected_penalty",
    "double_distillation/ranking",
    "distillation_divergence/bretagnolle_huber",
    "sharpness_aware/lemma13_sharpened",
    "linear_gaussian/divergence_bound",
    "sgd_convergence/softmax_stays",
    "uncertainty_propagation/correlated_weights",
)
BUDGET = 1.0


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("route", ["ours", "numpy"])
def test_a_planted_error(measured, route: str, slug: str) -> None:
    claim = find(slug)
    with precision("float64"):
        wrong = falsification.planted(claim)
    assert wrong is not None
    what = f"first violation of a right side 0.1 % too strong, {slug}"
    if route == "ours":
        steps, seen = falsification.first_violation(wrong, 0)
        assert seen is not None
        note = f"step {steps} of 256 starts"
        measured(what, route, lambda: falsification.first_violation(wrong, 0), note=note)
    else:
        tried, seen = falsification.first_at_random(wrong, 0, BUDGET)
        found = "none" if seen is None else "one"
        note = f"{found} of {tried} random instances"
        run = lambda: falsification.first_at_random(wrong, 0, BUDGET)  # noqa: E731
        measured(what, route, run, rounds=1, note=note, at_least=seen is None)
    release(wrong)
    release(claim)
