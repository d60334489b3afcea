"""Proofs for the room ``double_distillation``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
