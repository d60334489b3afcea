"""The option ``--dtype`` of the commands, and what a run in float32 says of itself."""

from __future__ import annotations

from typing import Annotated

import typer


def _checked(dtype: str) -> str:
    """Refuses everything but the two precisions."""
    if dtype not in ("float64", "float32"):
        from kdtheory import cli

        cli.fail(f"--dtype: got {dtype!r}; expected float64 or float32. Choose one.")
    return dtype


Dtype = Annotated[
    str, typer.Option(help="Precision of the evaluation: float64 or float32.", callback=_checked)
]
