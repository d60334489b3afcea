"""Certificates: data that prove an inequality over a whole family, and what checks them.

`sums_of_squares` checks polynomial identities with positive semidefinite Gram matrices, in exact
rational arithmetic; `records` is what the tools return; `shipped` reads the data files that come
with the package, in ``data/``. Certificates by boxes are checked by ball arithmetic, in
`kdtheory.tools`.
"""

from kdtheory.certificates.records import Certificate, Outcome
from kdtheory.certificates.sums_of_squares import CertificateError, check

__all__ = ["Certificate", "CertificateError", "Outcome", "check"]
