"""Where a run of ``verify`` keeps what it has finished, so that an interruption loses one claim.

A folder holds ``settings.json``, one file per finished claim, and ``times.json``. The files of the
claims are the same whenever the settings are: only the times differ between runs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdtheory._cache import user_cache

if TYPE_CHECKING:
    from kdtheory.results import Check

SETTINGS, TIMES = "settings.json", "times.json"


class RunError(ValueError):
    """A folder that cannot be used, with what to do about it."""


def default_folder(settings: dict[str, Any]) -> Path:
    """Returns the folder, in the user's cache, of runs with these settings."""
    name = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    return user_cache() / "runs" / name


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of ``verify``.

    Attributes:
        folder: where it is kept.
        settings: everything that its results depend on.
    """

    folder: Path
    settings: dict[str, Any]

    def start(self, *, resume: bool) -> None:
        """Makes the folder ready, before anything is computed.

        Args:
            resume: whether to keep the finished claims that it holds.

        Raises:
            RunError: if the folder cannot be written, or holds a run with other settings that is
                to be resumed.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if resume and self._path(SETTINGS).exists():
                self._refuse_other_settings()
            else:
                for path in self._finished_files():
                    path.unlink()
            self._write(SETTINGS, self.settings)
        except OSError as problem:
            raise RunError(
                f"got the folder {self.folder}, which cannot be written ({problem}); expected one "
                "that can. Name another with --results FOLDER."
            ) from None

    def finished(self, slug: str) -> Check | None:
        """Returns the check of a claim that is finished, with its time; None if it is not."""
        from kdtheory.results import Check

        path = self._path(_file_name(slug))
        try:
            check = Check.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Missing, or written by hand: the claim is examined (again).
            return None
        if check.slug != slug:
            return None
        return dataclasses.replace(check, seconds=self._times().get(slug, 0.0))

    def keep(self, check: Check) -> None:
        """Writes a finished check; an interruption leaves either the whole file or none.

        Raises:
            RunError: if it cannot be written.
        """
        data = check.to_dict()
        times = {**self._times(), check.slug: data.pop("seconds")}
        try:
            self._write(_file_name(check.slug), data)
            self._write(TIMES, times)
        except OSError as problem:
            raise RunError(
                f"got the folder {self.folder}, where {check.slug} cannot be written ({problem}); "
                "expected room for it. Mend that, and continue with --resume."
            ) from None

    def _refuse_other_settings(self) -> None:
        try:
            previous = json.loads(self._path(SETTINGS).read_text(encoding="utf-8"))
        except ValueError:
            previous = None
        if previous != self.settings:
            raise RunError(
                f"results: got {self.folder}, which holds a run with {previous}; expected "
                f"{self.settings}. Name another folder, or start afresh: kdtheory verify, without "
                "--resume."
            )

    def _finished_files(self) -> list[Path]:
        return [*self.folder.glob(_file_name("*/*")), *self.folder.glob(TIMES)]

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _times(self) -> dict[str, float]:
        try:
            data = json.loads(self._path(TIMES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def _write(self, name: str, data: Any) -> None:
        path = self._path(name)
        partial = path.with_name(f".{name}.{os.getpid()}.partial")
        partial.write_text(json.dumps(data, indent=1), encoding="utf-8")
        partial.replace(path)


def _file_name(slug: str) -> str:
    return slug.replace("/", "--") + ".json"
