"""One self-contained HTML page about claims: what was run, findings, catalogue.

`document` is the page and `entries` what it says of a claim; `mathml` writes formulas, `figure` a
curve, `markup` the elements that all of them are made of. Nothing here computes anything: verdicts,
curves and proofs are handed over.
"""

from kdtheory.tools.page.document import Ran as Ran
from kdtheory.tools.page.document import page as page
from kdtheory.tools.page.entries import Entry as Entry
