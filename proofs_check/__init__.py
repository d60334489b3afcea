r"""Machine-checked proofs of the catalogue's claims, one file per room, of the same name.

A proof is a chain of steps. Algebra, calculus and finite probability are *checked* by computer
algebra or exact rationals, for all sizes where it can, by induction or on symbols; where a check
was made for a range of sizes only, the step says which. What computer algebra does not do is
*cited*. Every check must also reject wrong variants of its step. A printed step that does not hold
is shown failing. A proof is complete when nothing in it, or in the proofs it rests on, is open.

``python -m proofs_check`` runs them all; ``kdtheory show SLUG --proof`` prints one.

`records` holds the records, `algebra` the checks that steps are made of, `running` runs them,
`rendering` writes them down.
"""
