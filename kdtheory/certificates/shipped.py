"""The certificates that come with the package: one JSON file each, in ``data/``."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources

from kdtheory.certificates.records import Certificate


def file_name(slug: str, size: tuple[int, ...]) -> str:
    """Returns the name of the file of a claim's certificate at a size.

    Args:
        slug: the claim.
        size: its static size.

    Returns:
        ``room.name.2x3.json``, or ``room.name.json`` for a claim of one size.
    """
    sides = "x".join(map(str, size))
    return ".".join([*slug.split("/"), *filter(None, [sides]), "json"])


@functools.cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Returns slug -> the names of its files, from the names alone."""
    folder = resources.files("kdtheory.certificates") / "data"
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json")):
        slug = "/".join(name.split(".")[:2])
        found[slug] = (*found.get(slug, ()), name)
    return found


def sizes_in_words(slug: str) -> str:
    """Returns at which sizes a claim has a certificate, from the names of the files alone.

    Args:
        slug: the claim.

    Returns:
        Such as "2x3, 3x3"; "its only size" for a claim of one size; empty without a certificate.
    """
    parts = [name.removesuffix(".json").split(".") for name in names().get(slug, ())]
    return ", ".join(part[2] if len(part) > 2 else "its only size" for part in parts)


def load(name: str) -> Certificate:
    """Returns the certificate in a file.

    Args:
        name: the file's name.

    Returns:
        The certificate, not yet checked.
    """
    text = (resources.files("kdtheory.certificates") / "data" / name).read_text("utf-8")
    return Certificate.from_dict(json.loads(text))
