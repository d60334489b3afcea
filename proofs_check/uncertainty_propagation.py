"""Proofs for the room ``uncertainty_propagation``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
