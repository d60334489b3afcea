"""Proofs for the room ``linear_gaussian``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
