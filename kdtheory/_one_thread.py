"""Keeps jaxlib's CPU client to one thread; import it before JAX runs anything.

Batched linear algebra on several threads of the client can wait for ever (jaxlib 0.10.2, two cores:
each worker idle, one result pending); a client of one thread does not. This counts only if it is
set before the client starts; a value of the user's own is left alone.
"""

import os

THREADS = os.environ.setdefault("PJRT_NPROC", "1")
"""How many threads the client starts with, as text."""
