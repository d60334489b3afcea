"""The proofs, by claim, in the order of the catalogue."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping

from proofs_check.records import Proof

ROOMS = (
    "variance_reduction",
    "bias_variance",
    "proper_losses",
    "empirical_bernstein",
    "double_distillation",
    "distillation_divergence",
    "sharpness_aware",
    "linear_gaussian",
    "sgd_convergence",
    "uncertainty_propagation",
)
"""The rooms, one file or folder each, of the same names as those of the theorems."""


@functools.cache
def proofs_of(room: str) -> tuple[Proof, ...]:
    """Returns the proofs of a room.

    Args:
        room: one of `ROOMS`.
    """
    return tuple(importlib.import_module(f"proofs_check.{room}").PROOFS)


class _Proofs(Mapping[str, Proof]):
    """Slug -> proof. Loading a room takes a second of algebra: only those asked for are loaded."""

    def __getitem__(self, slug: str) -> Proof:
        room = slug.partition("/")[0]
        for proof in proofs_of(room) if room in ROOMS else ():
            if proof.slug == slug:
                return proof
        raise KeyError(slug)

    def __iter__(self) -> Iterator[str]:
        return (proof.slug for room in ROOMS for proof in proofs_of(room))

    def __len__(self) -> int:
        return sum(len(proofs_of(room)) for room in ROOMS)


def all_proofs() -> Mapping[str, Proof]:
    """Returns slug -> proof, of every room."""
    return _Proofs()


def assumptions() -> Mapping[str, tuple[str, ...]]:
    """Returns slug -> the names of the claim's assumptions, of the whole catalogue."""
    from kdtheory.theorems import CLAIMS

    return {claim.slug: tuple(one.name for one in claim.assumptions) for claim in CLAIMS}
