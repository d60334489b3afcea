"""What commands that take a design read, and what they say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kdtheory import _check, readers
from kdtheory.readers import DesignData


def read(
    design: Path | None, dataset: str | None, target: str | None, standardize: bool
) -> DesignData:
    """Returns the design that a file or a data set holds; one of them must be named."""
    if (design is None) == (dataset is None):
        got = "neither a file nor --dataset" if design is None else "a file and --dataset"
        _check.refuse("DESIGN", got, "one of the two", "Give a path, or --dataset diabetes.")
    targets = tuple(name.strip() for name in target.split(",")) if target else ()
    if dataset is not None:
        return readers.load_dataset(dataset, targets=targets, standardize=standardize)
    assert design is not None
    return readers.read_design(design, targets=targets, standardize=standardize)


def described(data: DesignData) -> dict[str, Any]:
    """Returns what was read, and what was done to it."""
    return {
        "source": data.source,
        "features": list(data.features),
        "outputs": list(data.outputs),
        "dropped": list(data.dropped),
        "centred": data.centred,
        "standardized": data.standardized,
    }


def changes(data: DesignData) -> str:
    """Returns what was done to the data, as the end of a sentence."""
    done = [
        word for word, flag in (("centred", data.centred), ("scaled", data.standardized)) if flag
    ]
    return (f"; {' and '.join(done)}" if done else "") + (
        f"; constant features dropped: {', '.join(data.dropped)}" if data.dropped else ""
    )
