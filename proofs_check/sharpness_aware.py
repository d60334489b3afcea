"""Proofs for the room ``sharpness_aware``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
