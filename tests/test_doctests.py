"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

import kdtheory
import proofs_check

PACKAGES = [Path(package.__file__).parent for package in (kdtheory, proofs_check)]
# Every worker collects: what has no example is not worth importing for that.
MODULES = [
    importlib.import_module(
        ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
    )
    for package in PACKAGES
    for file in sorted(package.rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


def examples(module: ModuleType) -> list[doctest.DocTest]:
    """The tests of a module's docstrings, also those behind a decorator such as jax.jit."""
    own = {
        name: item
        for name, item in vars(module).items()
        if getattr(item, "__module__", None) == module.__name__
    }
    parser, tests = doctest.DocTestParser(), []
    for name, item in {"": module, **own}.items():
        documented = {name: item}
        if isinstance(item, type):
            # A default of a field is no function: the docstring of an int is Python's.
            members = {
                key: value for key, value in vars(item).items() if not isinstance(value, int)
            }
            documented |= {f"{name}.{k}": value for k, value in members.items()}
        for label, thing in documented.items():
            text = getattr(thing, "__doc__", None)
            if isinstance(text, str) and ">>>" in text:
                where = f"{module.__name__}.{label}".rstrip(".")
                tests.append(parser.get_doctest(text, dict(vars(module)), where, None, 0))
    return tests


EXAMPLES = [test for module in MODULES for test in examples(module)]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


@pytest.fixture
def _few_examples() -> Iterator[None]:
    """A docstring's property is tried on two examples: it shows how, other tests ask how well."""
    hypothesis.settings.register_profile("docstrings", max_examples=2, derandomize=True)
    hypothesis.settings.load_profile("docstrings")
    yield
    hypothesis.settings.load_profile("kdtheory")


@pytest.mark.usefixtures("_few_examples")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda test: test.name)
def test_examples(example: doctest.DocTest) -> None:
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
