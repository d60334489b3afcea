"""Proofs for the room ``sgd_convergence``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
