"""The papers' experiments, one file each: run from their descriptions, and judged.

`replicate` runs a study by its name. What a text leaves open is varied, and what is said of every
statement is said with an interval, over all readings. Everything is simulated, or comes with
scikit-learn: nothing is downloaded.
"""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from kdtheory import _check

if TYPE_CHECKING:
    from kdtheory.replications.records import Outcome, Progress, Study

NAMES = (
    "menon_figure_1",
    "menon_figure_2a",
    "menon_figure_2b",
    "menon_figure_3",
    "menon_figure_4a",
    "menon_figure_4b",
    "menon_figure_5",
    "menon_figure_6",
    "menon_figure_7",
    "menon_table_1",
    "li_he_tightness",
    "morad_figure_1",
    "morad_bayesian_teachers",
    "cui_pei_linear",
    "cui_pei_networks",
    "cui_pei_language",
)
"""The studies, in reading order; each is a module of this package with a ``STUDY``."""


def find(name: str) -> Study:
    """Returns a study by its name.

    Raises:
        InputError: if there is none of that name, or a library that it needs is not installed.

    Example:
        >>> find("menon_figure_2a").paper.key
        'Menon et al. 2020'
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=3, cutoff=0.4)
        mend = f"Did you mean {' or '.join(near)}?" if near else "Choose one of them."
        _check.refuse("study", repr(name), f"one of {', '.join(NAMES)}", mend)
    try:
        module = importlib.import_module(f"kdtheory.replications.{name}")
    except ModuleNotFoundError as problem:
        if problem.name is None or problem.name.split(".")[0] not in ("sklearn", "optax"):
            raise
        _check.refuse(
            f"study {name}",
            f"no installed {problem.name.split('.')[0]}",
            "scikit-learn and optax, which train its models",
            "Install them: pip install 'kdtheory[replications]'.",
        )
    study: Study = module.STUDY
    return study


def replicate(
    study: str | Study,
    size: str = "small",
    seed: int = 0,
    progress: Progress | None = None,
    files: tuple[str | Path, str | Path] | None = None,
) -> Outcome:
    """Runs a study.

    Args:
        study: one of `NAMES`, or a study of your own.
        size: ``"small"``, a minute or two on two cores; ``"paper"``, the sizes of the text where it
            states them.
        seed: of everything random: same study, size and seed, same tables.
        progress: called with how many of how many pieces of work are done.
        files: training and test part of your own data, for a study that reads them
            (``menon_table_1``); it is otherwise run on data that it makes.

    Returns:
        The tables, and what they say of every statement.

    Raises:
        InputError: if there is no such study or size, the seed is negative, or the files cannot be
            read.
    """
    from kdtheory.replications.records import Outcome, silent

    found = find(study) if isinstance(study, str) else study
    if size not in found.sizes:
        _check.refuse("size", repr(size), f"one of {', '.join(found.sizes)}", "Choose one.")
    seed = _check.integer("seed", seed, low=0)
    config, told = found.sizes[size], progress or silent
    if files is None:
        tables = found.simulate(config, seed, told)
    elif found.on_files is None:
        _check.refuse(
            "files", f"them for {found.name}", "them for menon_table_1", "Leave them out."
        )
    else:
        train, test = map(Path, files)
        tables = found.on_files(train, test, config, seed, told)
    return Outcome(found, size, config, seed, tables)
