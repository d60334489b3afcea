"""Proofs for the room ``bias_variance``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
