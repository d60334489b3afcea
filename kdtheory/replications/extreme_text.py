"""Reads the sparse text format of the extreme classification repository (Bhatia et al.).

The first line holds three numbers: of points, of features, of labels. Every other line is a point:
its labels, separated by commas, then ``feature:value`` pairs, separated by blanks; a line that
begins with a pair, after a blank or not, has no labels. All indices start at zero.
"""

from __future__ import annotations

import codecs
import dataclasses
import gzip
import io
import itertools
import math
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from scipy import sparse
from sklearn.datasets import load_svmlight_file

from kdtheory import _check

_LINES = 10_000
_BYTES = 1 << 24
_NUMERIC = b"0123456789.+-eE"
_FORM = "labels and feature:value pairs, '3,7 0:0.5 12:1'"
_LARGEST = float(np.finfo(np.float32).max)


@dataclasses.dataclass(frozen=True)
class Header:
    """The first line: how many points, features and labels there are."""

    points: int
    features: int
    labels: int


@dataclasses.dataclass(frozen=True, eq=False)
class MultilabelData:
    """Points with several labels each.

    Attributes:
        features: sparse rows (CSR), float32, shape ``(points, features)``.
        labels: sparse rows (CSR) of ones, float32, shape ``(points, labels)``.
    """

    features: Any
    labels: Any


def read_header(path: Path) -> Header:
    """Reads the first line.

    Args:
        path: the file, plain or ``.gz``.

    Raises:
        InputError: if there is no such file, or its first line is not three numbers above zero.
    """
    with _opened(path) as file:
        return _header(path, file)


def count_entries(path: Path) -> tuple[int, int]:
    """Counts without parsing: how many pairs and, at most, how many labels a file has.

    Args:
        path: the file, plain or ``.gz``.

    Raises:
        InputError: as `read_header`.
    """
    with _opened(path) as file:
        points = _header(path, file).points
        pairs = commas = 0
        for block in iter(lambda: file.read(_BYTES), b""):
            pairs += block.count(b":")
            commas += block.count(b",")
    return pairs, commas + points


def read_extreme_text(path: Path) -> MultilabelData:
    """Reads a file.

    Pairs may stand in any order; a blank line is a point without labels and features.

    Args:
        path: the file, plain or ``.gz``.

    Returns:
        Features and labels, sparse.

    Raises:
        InputError: for everything that is not in the format, with the number of the line.
    """
    with _opened(path) as file:
        header = _header(path, file)
        parts, done = [], 0
        while lines := list(itertools.islice(file, _LINES)):
            room = header.points - done
            for place, line in enumerate(lines[room:], start=done + room + 2):
                if line.strip():
                    _refuse_count(path, f"a point more in line {place}", header)
            if room:
                parts.append(_parsed(path, lines[:room], done + 2, header))
                done += min(room, len(lines))
    if done < header.points:
        _refuse_count(path, f"only {done}", header)
    features, labels = zip(*parts, strict=True)
    return MultilabelData(
        sparse.vstack(features, format="csr"), sparse.vstack(labels, format="csr")
    )


class _opened:
    """Opens a file in binary, as text or compressed; what cannot be read is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Any:
        if not self.path.is_file():
            got = "a folder" if self.path.is_dir() else "no such file"
            _check.refuse(str(self.path), got, "a text file", "Check the name and the folder.")
        self.file: Any = (gzip.open if self.path.suffix == ".gz" else open)(self.path, "rb")
        return self.file

    def __exit__(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        self.file.close()
        if isinstance(problem, (OSError, EOFError, zlib.error)):
            _check.refuse(
                str(self.path),
                f"a file that cannot be read ({problem})",
                "a text file, or one compressed as .gz",
                "It may be cut short: fetch it again.",
            )


def _header(path: Path, file: Any) -> Header:
    line = file.readline(_BYTES).removeprefix(codecs.BOM_UTF8)
    words = line.split()
    if len(words) != 3 or not all(word.isdigit() and int(word) for word in words):
        shown = line[:40].decode("utf-8", "replace").strip()
        _check.refuse(
            str(path),
            f"{shown!r} in line 1" if line else "an empty file",
            "the numbers of points, features and labels, three integers above zero",
            "Put them into the first line, separated by blanks.",
        )
    return Header(*map(int, words))


def _refuse_count(path: Path, got: str, header: Header) -> NoReturn:
    _check.refuse(
        str(path),
        got,
        f"the {header.points} points of line 1",
        "The file may be cut short, or its first line may be that of another file.",
    )


def _parsed(path: Path, lines: list[bytes], first: int, header: Header) -> tuple[Any, Any]:
    """Returns features and labels of some lines, whose first has the number given."""
    found = _quickly(lines, header)
    if found is None:
        # Slow, so only once something is known to be wrong, or only unsorted.
        numbered = enumerate(lines, start=first)
        found = _quickly([_sorted(path, place, line, header) for place, line in numbered], header)
    if found is None:
        raise AssertionError(f"{path}: lines from {first} are valid, and cannot be parsed")
    return found


def _quickly(lines: list[bytes], header: Header) -> tuple[Any, Any] | None:
    """Returns features and labels, or None where scikit-learn or a check finds anything wrong."""
    # A blank line would be skipped: it is given a zero, which is taken out again.
    text = b"".join(line if line.strip() else b"0:0\n" for line in lines)
    if text.translate(None, _NUMERIC + b",: \t\r\n"):
        return None
    try:
        features, tuples = load_svmlight_file(
            io.BytesIO(text),
            n_features=header.features,
            dtype=np.float32,
            multilabel=True,
            zero_based=True,
        )
    except (ValueError, OverflowError):
        return None
    counts = np.array([len(each) for each in tuples])
    labels = np.fromiter(itertools.chain.from_iterable(tuples), float, counts.sum())
    rows = np.repeat(np.arange(len(counts)), counts)
    if len(counts) != len(lines) or not np.isfinite(features.data).all():
        return None
    if (labels != np.floor(labels)).any() or not ((labels >= 0) & (labels < header.labels)).all():
        return None
    pairs = rows * header.labels + labels.astype(np.int64)
    if len(np.unique(pairs)) < len(pairs):
        return None
    features.eliminate_zeros()
    ones = np.ones(len(labels), np.float32)
    shape = (len(counts), header.labels)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return (
        sparse.csr_array(
            (features.data, features.indices.astype(np.int32), features.indptr.astype(np.int32)),
            shape=features.shape,
        ),
        sparse.csr_array((ones, labels.astype(np.int32), starts), shape=shape),
    )


def _sorted(path: Path, place: int, line: bytes, header: Header) -> bytes:
    """Returns the line with its pairs in order, or refuses it."""
    words = line.split()
    labels = words.pop(0).split(b",") if words and b":" not in words[0] else []
    _indices(path, place, labels, header.labels, "label")
    pairs = [word.partition(b":") for word in words]
    for word, (_, colon, value) in zip(words, pairs, strict=True):
        shown = word.decode("utf-8", "replace")
        if not colon:
            mend = "Separate labels by commas, without blanks; write every feature as index:value."
            _check.refuse(str(path), f"{shown!r} in line {place}", _FORM, mend)
        if not _is_number(value):
            mend = "Write decimals with a point; leave out what is missing, or impute it."
            _check.refuse(str(path), f"{shown!r} in line {place}", "a finite number", mend)
    numbers = _indices(path, place, [name for name, _, _ in pairs], header.features, "feature")
    values = dict(zip(numbers, (value for _, _, value in pairs), strict=True))
    written = b" ".join(b"%d:%s" % (index, values[index]) for index in sorted(values))
    return b",".join(labels) + b" " + written + b"\n"


def _indices(path: Path, place: int, words: list[bytes], count: int, kind: str) -> list[int]:
    """Returns the indices, each once and below the count, or refuses the line."""
    found: list[int] = []
    for word in words:
        shown = word.decode("utf-8", "replace")
        if not word.isdigit():
            got = f"the {kind} {shown!r} in line {place}"
            _check.refuse(str(path), got, f"an integer; {_FORM}", "Number them from 0.")
        index = int(word)
        if index >= count:
            mend = f"Line 1 says how many {kind}s there are: correct it, or the index."
            if index == count:
                mend = f"Indices start at 0: if those of {kind}s start at 1, subtract one from all."
            got = f"the {kind} {index} in line {place}"
            _check.refuse(str(path), got, f"0 to {count - 1}", mend)
        found.append(index)
    if len(set(found)) < len(found):
        twice = next(index for index in found if found.count(index) > 1)
        got = f"the {kind} {twice} more than once in line {place}"
        _check.refuse(str(path), got, f"each {kind} once", "Remove the repetition.")
    return found


def _is_number(value: bytes) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and abs(number) <= _LARGEST and not value.translate(None, _NUMERIC)
