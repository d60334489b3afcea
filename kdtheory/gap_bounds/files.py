"""Processes and samples of gaps in ``.npz`` files."""

from __future__ import annotations

import dataclasses
import difflib
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import jax
import numpy as np

from kdtheory import _check
from kdtheory.objects.processes import DistillationProcess

WORLD = ("example_weights", "losses", "teacher_kernel", "num_samples")
STUDENT = ("pseudo_data_law", "student_kernel")
KEYS = (*WORLD, "student_law", *STUDENT, "inputs", "gaps", "divergence")

TEMPLATE = "Write it with numpy.savez, or start from --example NAME --save FILE.npz."

FORMS = (
    f"{', '.join(WORLD)} and student_law (or {' and '.join(STUDENT)}), optionally inputs; or gaps, "
    "optionally divergence"
)


@dataclasses.dataclass(frozen=True, eq=False)
class GapSamples:
    """Samples of the teacher's gap, as a file holds them.

    Attributes:
        gaps: the samples, shape ``(samples,)``.
        divergence: what the file states for it, unchecked, or None.
    """

    gaps: _check.FloatArray
    divergence: Any


def read_process(path: str | Path) -> DistillationProcess | GapSamples:
    """Reads a process, or samples of the teacher's gap, from an ``.npz`` file.

    Args:
        path: the file.

    Returns:
        The process, in float64 unless an array of the file is in float32; or the samples.

    Raises:
        InputError: for everything that is neither.
    """
    path = Path(path)
    arrays = archive_arrays(path, TEMPLATE)
    for name in arrays:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, n=1, cutoff=0.0)[0]
            _check.refuse(
                str(path),
                f"an array named {name!r}",
                f"one of {', '.join(KEYS)}",
                f"Did you mean {near!r}? Otherwise leave it out.",
            )
    if "gaps" in arrays:
        others = [name for name in arrays if name not in ("gaps", "divergence")]
        if others:
            _check.refuse(str(path), f"gaps together with {others[0]}", FORMS, "Write two files.")
        gaps = _check.real_array("gaps", arrays["gaps"], "samples")
        return GapSamples(gaps, arrays.get("divergence"))
    if "divergence" in arrays:
        _check.refuse(str(path), "a divergence without gaps", FORMS, "A process has its own.")
    return _process(path, arrays)


def save_process(path: str | Path, process: DistillationProcess) -> None:
    """Writes a process to an ``.npz`` file that `read_process` reads.

    Args:
        path: the file; its name ends in ``.npz``.
        process: the process.
    """
    names = ("example_weights", "losses", "teacher_kernel", "student_law")
    arrays: dict[str, Any] = {name: np.asarray(getattr(process, name)) for name in names}
    if process.inputs is not None:
        arrays["inputs"] = np.asarray(process.inputs)
    np.savez(path, num_samples=np.asarray(process.num_samples), **arrays)


def _process(path: Path, arrays: dict[str, Any]) -> DistillationProcess:
    parts = [name for name in STUDENT if name in arrays]
    missing = [name for name in WORLD if name not in arrays]
    if "student_law" not in arrays:
        missing += [name for name in STUDENT if name not in arrays] if parts else ["student_law"]
    if missing:
        found = ", ".join(arrays) or "none"
        mend = f"Add {missing[0]}; kdtheory bounds --example pseudo-labels --save FILE.npz writes "
        _check.refuse(
            str(path), f"the arrays {found}, without {missing[0]}", FORMS, mend + "a template."
        )
    if "student_law" in arrays and parts:
        _check.refuse(
            str(path), f"student_law together with {parts[0]}", "one or the other", "Drop one."
        )
    # Arrays that were rounded to single precision are compared with its tolerance.
    single = any(array.dtype == np.float32 for array in arrays.values())
    with jax.enable_x64(not single):
        if parts:
            data = _check.probability_rows("pseudo_data_law", arrays["pseudo_data_law"], "datasets")
            kernel = _check.probability_rows(
                "student_kernel", arrays["student_kernel"], "datasets", "hypotheses"
            )
            if len(data) != len(kernel):
                _check.refuse(
                    "pseudo_data_law",
                    f"{len(data)} entries",
                    f"{len(kernel)}, one for every row of student_kernel",
                    "Both list the same data sets.",
                )
            law = data[:, None] * kernel
        else:
            law = arrays["student_law"]
        inputs = arrays.get("inputs")
        return DistillationProcess.create(
            arrays["example_weights"],
            arrays["losses"],
            arrays["teacher_kernel"],
            law,
            num_samples=_check.integer("num_samples", arrays["num_samples"], low=1),
            inputs=None if inputs is None else np.atleast_1d(inputs).tolist(),
        )


def archive_arrays(path: Path, mend: str) -> dict[str, Any]:
    """Returns the arrays of an ``.npz`` file.

    Args:
        path: the file.
        mend: how to write one, for the message.

    Raises:
        InputError: if it is not one, or holds other than arrays of numbers.
    """
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        _check.refuse(str(path), got, "a .npz file", "Check the name and the folder.")
    if not zipfile.is_zipfile(path):
        _check.refuse(
            str(path),
            "a file that is not a zip archive",
            "an .npz archive",
            mend,
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
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


def _refuse_archive(path: Path, error: Exception) -> NoReturn:
    _check.refuse(
        str(path),
        f"an archive that cannot be read ({error})",
        "an .npz archive",
        "It may be cut short: write it again with numpy.savez.",
    )
