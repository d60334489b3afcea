"""The option ``--dtype`` of the commands, and its check."""

from __future__ import annotations

from typing import Annotated

import typer


def _checked(dtype: str) -> str:
    from kdtheory import _check, cli

    try:
        return _check.dtype("--dtype", dtype)
    except _check.InputError as problem:
        cli.fail(str(problem))


Dtype = Annotated[
    str, typer.Option(help="Precision of the evaluation: float64 or float32.", callback=_checked)
]
