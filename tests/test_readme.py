"""The README's code does what the README says it does."""

import contextlib
import io
import re
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_snippets_print_what_stands_below_them():
    snippets = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert snippets
    names: dict[str, object] = {}
    for code in snippets:
        shown = README.split(code)[1].split("```text\n")[1].split("```")[0]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), names)
        assert printed.getvalue().strip() == shown.strip()


def test_every_claim_is_in_the_table():
    from kdtheory.theorems import CLAIMS

    assert all(f"\n{claim.slug} " in README for claim in CLAIMS)
