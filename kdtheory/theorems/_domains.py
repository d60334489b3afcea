"""Domains with further parts: an instance, and numbers that go with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kdtheory.domains import Domain


def extended(base: Domain, extra: Domain, build: Callable, split: Callable) -> Domain:
    """Returns a mapped domain with further parts.

    Args:
        base: a mapped domain.
        extra: the further parts.
        build: (an instance of base, parts of extra) -> instance, a tuple.
        split: instance -> (an instance of base, parts of extra).

    Returns:
        The domain.
    """
    count = len(base.parts)

    def parts_of(instance: Any) -> tuple[Any, ...]:
        first, *rest = split(*instance)
        return (*base.parts_of(first), *rest)

    return Domain(
        parts=base.parts + extra.parts,
        build=lambda *values: build(base.instance(values[:count]), *values[count:]),
        split=parts_of,
    )
