"""Reference values computed elsewhere, to 25 digits, against the public functions.

Every file of `KDTHEORY_GOLDEN_DIR` (tests/golden, unless set) is read. Its schema:
{section: [{"id", "inputs", "outputs", "exact" (optional), "note" (optional)}]}. An output is held
against the adapter of its (section, name); one that has neither an adapter nor a reason fails.
"""

import json
import math
import os
from fractions import Fraction
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from golden_bernstein import ADAPTERS as BERNSTEIN_ADAPTERS
from golden_bias_variance import ADAPTERS as BIAS_VARIANCE_ADAPTERS
from golden_concentration import ADAPTERS as CONCENTRATION_ADAPTERS
from golden_counterexamples import ADAPTERS as COUNTEREXAMPLE_ADAPTERS
from golden_counterexamples import REASONS as COUNTEREXAMPLE_REASONS
from golden_gaps import ADAPTERS as GAP_ADAPTERS
from golden_gaussian import ADAPTERS as GAUSSIAN_ADAPTERS
from golden_gaussian import REASONS as GAUSSIAN_REASONS
from golden_optima import ADAPTERS as OPTIMA_ADAPTERS
from golden_optimum import ADAPTERS as OPTIMUM_ADAPTERS
from golden_processes import ADAPTERS as PROCESS_ADAPTERS
from golden_propagation import ADAPTERS as PROPAGATION_ADAPTERS
from golden_proper import ADAPTERS as PROPER_ADAPTERS
from golden_rank import ADAPTERS as RANK_ADAPTERS
from golden_rank import REASONS as RANK_REASONS
from golden_sgd import ADAPTERS as SGD_ADAPTERS
from golden_sharpness import ADAPTERS as SHARPNESS_ADAPTERS
from golden_stability import ADAPTERS as STABILITY_ADAPTERS

from kdtheory.losses import softmax_cross_entropy
from kdtheory.objects.problems import FiniteProblem
from kdtheory.risks import bayes_variance, distilled_mse_fresh, onehot_variance, population_risk
from kdtheory.theorems import variance_reduction

# --- adapters: (section, output) -> a function of the entry's inputs ---------------------------


def _array(value):
    return jnp.asarray(_numbers(value))


def _world(inputs):
    return FiniteProblem.create(
        *(_numbers(inputs[name]) for name in ("px", "pstar", "loss")),
        teacher_weights=_numbers(inputs["tprob"]),
        teacher_probs=_numbers(inputs["teach"]),
        num_samples=inputs["N"],
    )


def _of_world(function, *names):
    """Reads a section of worlds: the named fields, in order, are the function's arguments."""

    def adapter(inputs):
        problem = _world(inputs.get("world", inputs))
        return function(*(getattr(problem, name) for name in names))

    return adapter


_WORLD = ("input_weights", "label_probs", "losses")
_TAUGHT = (*_WORLD, "teacher_weights", "teacher_probs", "num_samples")
_SAMPLED = (*_WORLD, "num_samples")


def _of_scores(function):
    """Reads scores f and label probabilities p as a world with one input."""
    return lambda inputs: function(jnp.ones(1), _array([inputs["p"]]), _array([inputs["f"]]))


ADAPTERS = {
    ("menon_worlds", "R"): _of_world(population_risk, *_WORLD),
    ("menon_worlds", "V_onehot"): _of_world(onehot_variance, *_WORLD),
    ("menon_worlds", "V_bayes"): _of_world(bayes_variance, *_WORLD),
    ("menon_worlds", "lemma1_gap"): _of_world(variance_reduction.variance_gap, *_WORLD),
    ("menon_worlds", "var_Rhat"): _of_world(onehot_variance, *_SAMPLED),
    ("menon_worlds", "var_Rhat_star"): _of_world(bayes_variance, *_SAMPLED),
    ("menon_worlds", "mse_bayes"): _of_world(bayes_variance, *_SAMPLED),
    ("menon_worlds", "mse_indep"): _of_world(distilled_mse_fresh, *_TAUGHT),
    ("unbiased_sandwich", "V_Rhat"): _of_world(onehot_variance, *_SAMPLED),
    ("unbiased_sandwich", "V_Rstar"): _of_world(bayes_variance, *_SAMPLED),
    ("unbiased_sandwich", "mse_indep"): _of_world(distilled_mse_fresh, *_TAUGHT),
    ("losses", "ce"): lambda inputs: softmax_cross_entropy(_array(inputs["f"])),
    ("losses", "softmax"): lambda inputs: jnp.exp(-softmax_cross_entropy(_array(inputs["f"]))),
    ("losses", "distill_ce"): _of_scores(variance_reduction.cross_entropy_risk),
    ("losses", "kl_p_softmax"): _of_scores(variance_reduction.expected_kl),
    ("losses", "entropy_p"): _of_scores(lambda w, p, _: variance_reduction.expected_entropy(w, p)),
    **BERNSTEIN_ADAPTERS,
    **BIAS_VARIANCE_ADAPTERS,
    **CONCENTRATION_ADAPTERS,
    **COUNTEREXAMPLE_ADAPTERS,
    **GAUSSIAN_ADAPTERS,
    **GAP_ADAPTERS,
    **OPTIMA_ADAPTERS,
    **OPTIMUM_ADAPTERS,
    **PROCESS_ADAPTERS,
    **PROPAGATION_ADAPTERS,
    **PROPER_ADAPTERS,
    **RANK_ADAPTERS,
    **SGD_ADAPTERS,
    **SHARPNESS_ADAPTERS,
    **STABILITY_ADAPTERS,
}

# --- reasons: why a section, or one output of a section, has no adapter ------------------------

SECTION_REASONS: dict[str, str] = {}

OUTPUT_REASONS = {
    ("menon_worlds", "B"): "the largest loss, an assumption of the paper and not a result",
    **COUNTEREXAMPLE_REASONS,
    **GAUSSIAN_REASONS,
    **RANK_REASONS,
}

# --- reading and comparing ----------------------------------------------------------------------

RELATIVE = 1e-12
ABSOLUTE = 1e-15


def _number(value):
    """Reads a number, "p/q", a decimal, "inf", "+inf", "-inf" or "nan"."""
    if value in ("inf", "+inf", "-inf", "nan"):
        return float(value)
    return float(Fraction(value)) if isinstance(value, str) else float(value)


def _numbers(value):
    """Reads nested lists of numbers."""
    return np.vectorize(_number, otypes=[float])(np.array(value, dtype=object))


def disagreement(got, expected):
    """Returns in words where a value differs from a reference value; "" where nowhere."""
    if isinstance(expected, dict):
        if set(got) != set(expected):
            return f"got {sorted(got)}; expected {sorted(expected)}"
        parts = (disagreement(got[key], expected[key]) for key in expected)
        return "; ".join(
            f"{key}: {text}" for key, text in zip(expected, parts, strict=True) if text
        )
    if isinstance(expected, bool):
        return "" if bool(got) == expected else f"got {got}; expected {expected}"
    values, references = np.asarray(got, dtype=float), _numbers(expected)
    if values.shape != references.shape:
        return f"got shape {values.shape}; expected {references.shape}"
    finite = np.abs(references[np.isfinite(references)])
    floor = ABSOLUTE * finite.max(initial=1.0)
    close = np.isclose(values, references, rtol=RELATIVE, atol=floor, equal_nan=True)
    return "" if close.all() else f"got {values.tolist()}; expected {references.tolist()}"


def failures(section, entry):
    """Returns what is wrong with one entry, output by output."""
    found = []
    for name, value in entry["outputs"].items():
        if (section, name) in ADAPTERS:
            expected = entry.get("exact", {}).get(name, value)
            inputs = {**entry["inputs"], "id": entry["id"]}
            text = disagreement(ADAPTERS[section, name](inputs), expected)
            if text:
                found.append(f"{name}: {text}")
        elif section not in SECTION_REASONS and (section, name) not in OUTPUT_REASONS:
            found.append(f"{name}: neither an adapter nor a reason for {section}/{name}")
    return found


def records():
    """Returns every (name, section, entry) of the folder."""
    here = Path(__file__).parent / "golden"
    folder = Path(os.environ.get("KDTHEORY_GOLDEN_DIR", here))
    return [
        (f"{path.stem}-{section}-{index}-{entry['id']}", section, entry)
        for path in sorted(folder.glob("*.json"))
        for section, entries in json.loads(path.read_text()).items()
        for index, entry in enumerate(entries)
    ]


RECORDS = {name: (section, entry) for name, section, entry in records()}


def test_there_are_records():
    assert RECORDS


@pytest.mark.parametrize("name", RECORDS)
def test_golden(name):
    section, entry = RECORDS[name]
    assert failures(section, entry) == []


# --- the test itself ----------------------------------------------------------------------------


def test_no_reason_is_stale():
    assert not {section for section, _ in ADAPTERS} & set(SECTION_REASONS)
    assert not set(ADAPTERS) & set(OUTPUT_REASONS)
    assert not {section for section, _ in OUTPUT_REASONS} & set(SECTION_REASONS)


COIN = {"px": ["1"], "pstar": [["1/2", "1/2"]], "loss": [["0", "1"]], "N": 2}
COIN |= {"tprob": ["1"], "teach": [[["1/2", "1/2"]]]}

PLANTED = {
    # The variance of a fair coin is 1/4.
    "right": ("menon_worlds", {"V_onehot": 0.25}, {}, []),
    "wrong": ("menon_worlds", {"V_onehot": 0.26}, {}, ["V_onehot: got 0.25; expected 0.26"]),
    "wrong digit": ("menon_worlds", {"V_onehot": 0.25 + 1e-12}, {}, ["V_onehot: got 0.25; expe"]),
    "exact first": ("menon_worlds", {"V_onehot": 0.26}, {"V_onehot": "1/4"}, []),
    "wrong exact": (
        "menon_worlds",
        {"V_onehot": 0.25},
        {"V_onehot": "1/3"},
        ["V_onehot: got 0.25"],
    ),
    "new output": ("menon_worlds", {"V_new": 1}, {}, ["V_new: neither an adapter nor a reason"]),
    "new section": ("new", {"R": 1}, {}, ["R: neither an adapter nor a reason for new/R"]),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_record_is_judged(case, tmp_path, monkeypatch):
    section, outputs, exact, expected = PLANTED[case]
    entry = {"id": "coin", "inputs": COIN, "outputs": outputs, "exact": exact}
    (tmp_path / "planted.json").write_text(json.dumps({section: [entry]}))
    monkeypatch.setenv("KDTHEORY_GOLDEN_DIR", str(tmp_path))
    ((name, found_section, found),) = records()
    assert name == f"planted-{section}-0-coin"
    texts = failures(found_section, found)
    assert len(texts) == len(expected)
    assert all(text.startswith(start) for text, start in zip(texts, expected, strict=True))


@pytest.mark.parametrize(
    ("got", "expected", "agree"),
    [
        (math.inf, "inf", True),
        (-math.inf, "inf", False),
        (math.nan, "nan", True),
        (0.0, "nan", False),
        (1e308, "inf", False),
        (1 / 3, "1/3", True),
        (1e-15, "0", True),
        (3e-15, "0", False),
        ([1.0, 2.0], ["1", "2"], True),
        ([1.0, 2.0], ["1", "2", "3"], False),
        ([1e6, 5e-10], ["1000000", "0"], True),  # the floor is in the unit of the largest entry
        ({"a": 1.0}, {"a": "1"}, True),
        ({"a": 1.0}, {"a": "2"}, False),
        ({"a": 1.0}, {"b": "1"}, False),
        (True, True, True),
        (False, True, False),
    ],
)
def test_agreement(got, expected, agree):
    assert (disagreement(got, expected) == "") is agree
