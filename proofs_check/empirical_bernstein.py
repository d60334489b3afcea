"""Proofs for the room ``empirical_bernstein``."""

from proofs_check.records import Proof

PROOFS: tuple[Proof, ...] = ()
