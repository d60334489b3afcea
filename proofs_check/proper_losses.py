"""Proofs for the room ``proper_losses``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
