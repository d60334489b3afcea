"""Proofs for the room ``distillation_divergence``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
