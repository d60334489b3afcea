r"""Reads a design from a file or from the data sets that scikit-learn ships.

``.npz`` files hold arrays in the paper's orientation, ``X`` ($d\times n$), ``W_star``
($k\times d$) and optionally ``Y`` ($k\times n$), ``Sigma_S`` and ``S_x`` (the second moment of the
test inputs; both $d\times d$), and are taken as they are. Tables (``.csv`` and data sets) have
samples in rows; their features and targets are centred, because the model has no intercept.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from kdtheory import _check
from kdtheory.objects.designs import check_design_arrays

DATASETS = ("diabetes", "digits", "iris", "wine", "breast_cancer", "linnerud")
"""The data sets that come with scikit-learn."""


@dataclasses.dataclass(frozen=True, eq=False)
class DesignData:
    r"""What a file or data set says about a design, features in rows.

    Attributes:
        source: the file or data set, as it was asked for.
        inputs: $X$, shape ``(d, n)``.
        true_weights: $W^*$, shape ``(k, d)``, or None.
        labels: $Y$, shape ``(k, n)``, or None.
        student_covariance: $\Sigma_S$, shape ``(d, d)``, or None.
        test_second_moment: $S_x$, shape ``(d, d)``, or None.
        features: names of the rows of ``inputs``; empty if there are none.
        outputs: names of the rows of ``labels``; empty if there are none.
        dropped: features left out because they are constant.
        centred: whether features and targets were centred.
        standardized: whether features were scaled to unit variance.
    """

    source: str
    inputs: _check.FloatArray
    true_weights: _check.FloatArray | None = None
    labels: _check.FloatArray | None = None
    student_covariance: _check.FloatArray | None = None
    test_second_moment: _check.FloatArray | None = None
    features: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    centred: bool = False
    standardized: bool = False


def read_design(
    path: str | Path, *, targets: Sequence[str] = (), standardize: bool = False
) -> DesignData:
    """Reads a design from an ``.npz`` or a ``.csv`` file.

    Args:
        path: the file.
        targets: the names of the target columns of a ``.csv``.
        standardize: whether to scale the features of a ``.csv`` to unit variance.

    Returns:
        The arrays, features in rows.

    Raises:
        InputError: for everything that cannot be read as a design.
    """
    path = Path(path)
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        _check.refuse(str(path), got, "a .npz or .csv file", "Check the name and the folder.")
    if path.stat().st_size == 0:
        _check.refuse(str(path), "an empty file", "a .npz or .csv file", "Write it again.")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        if targets or standardize:
            option = "target columns" if targets else "standardisation"
            _check.refuse(
                str(path),
                f"an .npz file with {option}",
                "that option for a .csv file or a data set only",
                "The arrays of an .npz are taken as they are: drop the option, or write a .csv.",
            )
        return _read_npz(path)
    if suffix == ".csv":
        return _read_csv(path, tuple(targets), standardize)
    got = f"the extension {suffix!r}" if suffix else "no extension"
    mend = "Save arrays with numpy.savez, or a table as .csv; data sets are named by --dataset."
    return _check.refuse(str(path), got, ".npz or .csv", mend)


def shipped_dataset(name: str) -> Any:
    """Returns a data set as scikit-learn ships it: ``data``, ``target`` and their names.

    Args:
        name: one of `DATASETS`.

    Raises:
        InputError: if the data set is not known, or scikit-learn is not installed.
    """
    if name not in DATASETS:
        _check.refuse("dataset", repr(name), f"one of {', '.join(DATASETS)}", "Choose one of them.")
    try:
        datasets = importlib.import_module("sklearn.datasets")
    except ImportError:
        _check.refuse(
            "dataset",
            f"{name!r} without scikit-learn installed",
            "scikit-learn, which ships the data sets",
            "Install it: pip install 'kdtheory[replications]'.",
        )
    return getattr(datasets, f"load_{name}")()


def load_dataset(
    name: str, *, targets: Sequence[str] = (), standardize: bool = False
) -> DesignData:
    """Loads one of the data sets that scikit-learn ships.

    Class labels become one indicator output per class. Constant features (the empty corners of
    ``digits``) carry no information after centring; they are dropped and listed.

    Args:
        name: one of `DATASETS`.
        targets: a selection among the data set's outputs; all of them when empty.
        standardize: whether to scale the features to unit variance.

    Returns:
        The centred arrays, features in rows.

    Raises:
        InputError: if the data set is not known, scikit-learn is not installed, or a target is
            not among the outputs.
    """
    bunch = shipped_dataset(name)
    inputs, raw = np.asarray(bunch.data, float), np.asarray(bunch.target)
    names = getattr(bunch, "target_names", ("target",))
    outputs = tuple(str(name) for name in names)
    if raw.dtype.kind == "i":
        labels = (raw[:, None] == np.arange(len(outputs))).astype(float)
    else:
        labels = raw.reshape(len(raw), -1).astype(float)
    chosen = tuple(range(len(outputs)))
    if targets:
        _refuse_unknown_targets(name, targets, outputs)
        chosen = tuple(outputs.index(target) for target in targets)
    features = tuple(str(feature) for feature in bunch.feature_names)
    varies = np.ptp(inputs, axis=0) > 0
    return _table(
        f"scikit-learn: {name}",
        inputs[:, varies],
        labels[:, chosen],
        features=tuple(f for f, kept in zip(features, varies, strict=True) if kept),
        outputs=tuple(outputs[i] for i in chosen),
        dropped=tuple(f for f, kept in zip(features, varies, strict=True) if not kept),
        standardize=standardize,
    )


def _read_npz(path: Path) -> DesignData:
    if not zipfile.is_zipfile(path):
        _check.refuse(
            str(path),
            "a file that is not a zip archive",
            "an .npz archive",
            "Write it with numpy.savez(path, X=..., W_star=...).",
        )
    arrays: dict[str, Any] = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = list(archive.files)
            for name in ("X", "W_star", "Y", "Sigma_S", "S_x"):
                if name in found:
                    arrays[name] = archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            _refuse_archive(path, error)
        _check.refuse(
            str(path),
            "an array of Python objects",
            "arrays of real numbers (nothing is unpickled)",
            "Convert it before saving: array.astype(float).",
        )
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        _refuse_archive(path, error)
    if "X" not in arrays or not ("W_star" in arrays or "Y" in arrays):
        missing = "X" if "X" not in arrays else "W_star (and no Y to fit it from)"
        _check.refuse(
            str(path),
            f"the arrays {', '.join(found) or 'none'}, without {missing}",
            "X (d x n) and W_star (k x d), optionally Y (k x n), Sigma_S and S_x (d x d)",
            "Write it with numpy.savez(path, X=..., W_star=...).",
        )
    weights, labels = arrays.get("W_star"), arrays.get("Y")
    checked = iter(check_design_arrays(arrays["X"], weights, labels, names=("X", "W_star", "Y")))
    squares = {
        name: _check.real_array(name, arrays[name], "features", "features")
        for name in ("Sigma_S", "S_x")
        if name in arrays
    }
    return DesignData(
        source=str(path),
        inputs=next(checked),
        true_weights=None if weights is None else next(checked),
        labels=None if labels is None else next(checked),
        student_covariance=squares.get("Sigma_S"),
        test_second_moment=squares.get("S_x"),
    )


def _refuse_archive(path: Path, error: Exception) -> NoReturn:
    _check.refuse(
        str(path),
        f"an archive that cannot be read ({error})",
        "an .npz archive",
        "It may be cut short: write it again with numpy.savez.",
    )


def _read_csv(path: Path, targets: tuple[str, ...], standardize: bool) -> DesignData:
    header, skipped = _csv_header(path)
    if not targets:
        _check.refuse(
            str(path),
            "no target column",
            "the name of at least one",
            f"Name it with --target; the columns are {_listed(header)}.",
        )
    _refuse_unknown_targets(str(path), targets, header)
    chosen = [header.index(target) for target in targets]
    others = [i for i in range(len(header)) if i not in chosen]
    if not others:
        _check.refuse(
            str(path),
            "a table whose columns are all targets",
            "at least one feature besides them",
            "Name fewer targets, or add the features.",
        )
    table = _csv_numbers(path, header, skipped)
    for place in [*others, *chosen]:
        if np.ptp(table[:, place]) == 0:
            role = "target" if place in chosen else "feature"
            _check.refuse(
                str(path),
                f"the {role} column {header[place]!r} with the one value {table[0, place]:g}",
                "columns that vary (a constant is zero once it is centred)",
                "Remove the column from the file."
                if len(table) > 1
                else "Give more than one sample.",
            )
    return _table(
        str(path),
        table[:, others],
        table[:, chosen],
        features=tuple(header[i] for i in others),
        outputs=targets,
        standardize=standardize,
    )


def _csv_header(path: Path) -> tuple[tuple[str, ...], int]:
    """Returns the names of the columns and the number of lines they take."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            row = next((row for row in reader if row), [])
            skipped = reader.line_num
    except (UnicodeDecodeError, csv.Error) as error:
        _check.refuse(
            str(path), f"text that cannot be read ({error})", "UTF-8 text", "Save it as UTF-8."
        )
    header = tuple(cell.strip() for cell in row)
    if not any(header):
        _check.refuse(str(path), "a blank table", "a header line and rows of numbers", "Fill it.")
    if all(_is_number(cell) for cell in header):
        _check.refuse(
            str(path),
            f"the numbers {_listed(header)} in the first line",
            "a header line with the names of the columns",
            "Put one name per column above the numbers.",
        )
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        _check.refuse(
            str(path),
            f"the column name {twice[0]!r} more than once",
            "one name per column",
            "Rename the columns.",
        )
    return header, skipped


def _csv_numbers(path: Path, header: tuple[str, ...], skipped: int) -> _check.FloatArray:
    try:
        with warnings.catch_warnings():
            # An empty table is refused below, in the project's words.
            warnings.simplefilter("ignore", UserWarning)
            table = np.loadtxt(
                path,
                delimiter=",",
                comments=None,
                quotechar='"',
                ndmin=2,
                skiprows=skipped,
                encoding="utf-8-sig",
            )
    except ValueError:
        _refuse_rows(path, header)
    if table.size == 0:
        _check.refuse(str(path), "a header without rows", "at least two rows", "Add the samples.")
    if table.shape[1] != len(header) or not np.isfinite(table).all():
        _refuse_rows(path, header)
    return table


def _refuse_rows(path: Path, header: tuple[str, ...]) -> NoReturn:
    """Finds the first row that is not numbers: slow, so only once it is known to exist."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file)
        rows = (row for row in reader if row)
        next(rows)
        for row in rows:
            if len(row) != len(header):
                _check.refuse(
                    str(path),
                    f"{len(row)} cells in line {reader.line_num}",
                    f"{len(header)}, as many as the header has",
                    "Fill in the missing cells; decimals are written with a point.",
                )
            for name, cell in zip(header, row, strict=True):
                if not _is_number(cell) or not np.isfinite(float(cell)):
                    got = f"{cell!r}" if cell.strip() else "an empty cell"
                    _check.refuse(
                        str(path),
                        f"{got} in line {reader.line_num}, column {name!r}",
                        "a finite number",
                        "Encode categories as numbers, and remove or impute missing values.",
                    )
    _check.refuse(
        str(path), "rows that cannot be read", "numbers separated by commas", "Check the quotes."
    )


def _refuse_unknown_targets(name: str, targets: Sequence[str], columns: tuple[str, ...]) -> None:
    for target in targets:
        if target not in columns:
            mend = f"The columns are {_listed(columns)}."
            if len(columns) == 1 and ";" in columns[0]:
                mend = "The file seems to be separated by semicolons: save it with commas."
            _check.refuse(name, f"the target {target!r}", "the name of a column", mend)
    if len(set(targets)) < len(targets):
        _check.refuse(name, "a target named twice", "each target once", "Remove the repetition.")


def _table(
    source: str,
    inputs: _check.FloatArray,
    labels: _check.FloatArray,
    *,
    standardize: bool,
    features: tuple[str, ...],
    outputs: tuple[str, ...],
    dropped: tuple[str, ...] = (),
) -> DesignData:
    inputs = inputs - inputs.mean(axis=0)
    if standardize:
        inputs = inputs / inputs.std(axis=0)
    return DesignData(
        source=source,
        inputs=np.ascontiguousarray(inputs.T),
        labels=np.ascontiguousarray((labels - labels.mean(axis=0)).T),
        features=features,
        outputs=outputs,
        dropped=dropped,
        centred=True,
        standardized=standardize,
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _listed(names: tuple[str, ...], limit: int = 12) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
