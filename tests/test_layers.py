"""The shape of the house: who imports whom, what loads when, who prints, how long a file is."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kdtheory

ROOT = Path(kdtheory.__file__).parent
REPOSITORY = ROOT.parent
FILES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.py"))}

PLAIN = {
    "concentration",
    "divergences",
    "intervals",
    "losses",
    "propagation",
    "proper",
    "retrieval",
    "risks",
    "gaussian",
    "simulation",
    "soft_labels",
}
RECORDS = {"claim", "results"}
# Layer -> the layers it may import, besides itself and the private modules ("_*").
ALLOWED = {
    "_": set(),
    **dict.fromkeys([*PLAIN, "objects"], PLAIN | {"objects"}),
    "domains": set(),
    "claim": {"domains"},
    "results": set(),
    "certificates": set(),
    "theorems": {*PLAIN, "objects", "domains", "claim"},
    "tools": {*RECORDS, "certificates", "domains"},
    "strategies": {*PLAIN, "objects", "domains"},
}
# The command line, and what answers a user's question with the help of everything else.
TOP = {
    "",
    "__main__",
    "cli",
    "_assess_command",
    "_assess_output",
    "_assess_text",
    "_best_constant_command",
    "_bounds_command",
    "_bounds_output",
    "_bounds_text",
    "_budget_command",
    "_budget_output",
    "_certify_command",
    "_decompose_command",
    "_decompose_output",
    "_decompose_text",
    "_descent_command",
    "_descent_output",
    "_device_options",
    "_dtype_option",
    "_design_input",
    "_examine",
    "_falsify_command",
    "_ledger_command",
    "_ledger_table",
    "_mutants_command",
    "_plot_command",
    "_replicate_command",
    "_replicate_output",
    "_report_command",
    "_runs",
    "_sharpness_command",
    "_sharpness_output",
    "_sharpness_text",
    "_sharpness_worlds",
    "_studies",
    "_workers",
    "assessment",
    "decompose",
    "decomposition",
    "descent",
    "flatness",
    "gap_bounds",
    "readers",
    "replications",
    "rungs",
}

HEAVY = ("jax", "numpy", "scipy", "sympy", "matplotlib", "hypothesis", "typer", "rich", "flint")


def tracked_files():
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    # A source archive has no history: everything in it was tracked.
    suffixes = {".py", ".toml", ".md", ".cff", ".ipynb"}
    return [path for path in REPOSITORY.rglob("*") if path.suffix in suffixes]


def module_name(file):
    parts = list(Path(file).with_suffix("").parts)
    return ".".join(["kdtheory", *(parts[:-1] if parts[-1] == "__init__" else parts)])


def layer(module):
    """The layer of a module of the package; private modules at the top are the bottom layer."""
    first = module.removeprefix("kdtheory").lstrip(".").split(".")[0]
    return "_" if first.startswith("_") and first not in TOP else first


def imports(tree, module):
    """The modules that a file imports, ``if TYPE_CHECKING`` included; names of packages too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield node.module
            # "from kdtheory import _check" names a module; "from jax import jit" does no harm.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layers_imported(file, tree):
    for name in imports(tree, file):
        if name.startswith("kdtheory."):
            yield layer(name)


def trees():
    return {file: ast.parse(path.read_text()) for file, path in FILES.items()}


TREES = trees()


def violations(file, tree):
    own = layer(module_name(file))
    if own in TOP:
        return set()
    assert own in ALLOWED, f"{file}: a new layer; say in ALLOWED what it may import"
    return set(layers_imported(file, tree)) - ALLOWED[own] - {own, "_"}


def test_layers():
    found = {file: violations(file, tree) for file, tree in TREES.items()}
    assert {file: layers for file, layers in found.items() if layers} == {}


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("tools/verify.py", "from kdtheory.theorems import CLAIMS", {"theorems"}),
        ("tools/verify.py", "from kdtheory import objects", {"objects"}),
        ("strategies.py", "def f():\n    import kdtheory.theorems.papers", {"theorems"}),
        ("domains.py", "from kdtheory.claim import Claim", {"claim"}),
        ("risks.py", "from kdtheory import _check\nfrom kdtheory._types import Key", set()),
        ("cli.py", "from kdtheory.theorems import CLAIMS", set()),
    ],
)
def test_a_planted_import_is_seen(file, source, expected):
    assert violations(file, ast.parse(source)) == expected


def test_hypothesis_is_imported_by_the_strategies_only():
    importers = {
        file
        for file, tree in TREES.items()
        if any(name.split(".")[0] == "hypothesis" for name in imports(tree, file))
    }
    assert importers == {"strategies.py"}


def test_only_the_command_line_and_the_report_print():
    printing = set()
    for file, tree in TREES.items():
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if any(isinstance(call, ast.Name) and call.id == "print" for call in calls):
            printing.add(file)
        if "sys.stdout" in FILES[file].read_text():
            printing.add(file)
    assert printing <= {"cli.py", "__main__.py", "_device_options.py", "tools/report.py"}


def test_no_file_is_longer_than_400_lines():
    lengths = {
        str(path.relative_to(REPOSITORY)): len(path.read_text().splitlines())
        for path in tracked_files()
        if path.suffix == ".py" and path.is_file()
    }
    assert lengths
    assert {file: length for file, length in lengths.items() if length > 400} == {}


def public_definitions(body, prefix=""):
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name.startswith("_"):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def undocumented(file, tree):
    if not ast.get_docstring(tree):
        yield "the module"
    # A private module has no public functions.
    if not Path(file).name.startswith("_") or Path(file).name == "__init__.py":
        for name, node in public_definitions(tree.body):
            if not ast.get_docstring(node):
                yield name


def test_everything_public_has_a_docstring():
    found = {file: list(undocumented(file, tree)) for file, tree in TREES.items()}
    assert {file: names for file, names in found.items() if names} == {}


def test_a_missing_docstring_is_seen():
    source = '"""A module."""\nclass Named:\n    """A class."""\n    def bare(self): ...'
    assert list(undocumented("tools/verify.py", ast.parse(source))) == ["Named.bare"]
    assert list(undocumented("tools/_compile.py", ast.parse(source))) == []
    assert list(undocumented("tools/_compile.py", ast.parse("x = 1"))) == ["the module"]


# --- what loads when ----------------------------------------------------------------------------


def in_a_fresh_process(code):
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("module", ["kdtheory", "kdtheory.cli"])
def test_importing_the_package_loads_nothing_heavy(module):
    # typer and rich are what the command line is made of.
    banned = [name for name in HEAVY if module == "kdtheory" or name not in ("typer", "rich")]
    importlib.import_module(module)
    code = f"import sys, {module}; print([n for n in {banned} if n in sys.modules])"
    assert in_a_fresh_process(code) == "[]"


def test_importing_the_catalogue_loads_no_other_library_and_makes_no_array():
    # What a command answers with is loaded before it: these are what that costs too much with.
    slow = ("scipy", "sympy", "matplotlib", "hypothesis", "sklearn", "optax")
    code = (
        "import sys, kdtheory.theorems\n"
        "kdtheory.theorems.find('variance_reduction/lemma1')\n"
        "print([n for n in kdtheory.theorems.ROOMS if f'kdtheory.theorems.{n}' in sys.modules])\n"
        "import kdtheory.tools.report, kdtheory.decomposition\n"
        "kdtheory.theorems.CLAIMS\n"
        f"print([n for n in {slow} if n in sys.modules])\n"
        "from jax._src import xla_bridge\n"
        "print(xla_bridge.backends_are_initialized())"
    )
    assert in_a_fresh_process(code) == "['variance_reduction']\n[]\nFalse"


@pytest.mark.parametrize("name", getattr(kdtheory, "__all__", ()))
def test_every_public_name_is_there(name):
    assert getattr(kdtheory, name) is not None


def test_a_tool_is_a_function_whoever_imported_its_module_first():
    code = (
        "import kdtheory.tools.verify, kdtheory.tools\n"
        "from kdtheory.tools import falsify, verify\n"
        "print(callable(verify), callable(falsify), kdtheory.tools.verify is verify)"
    )
    assert in_a_fresh_process(code) == "True True True"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = kdtheory.nothing


# --- what stands in the files -------------------------------------------------------------------

# Written so that this file does not contain what it looks for.
TRACES = re.compile(r"/(work|root|tmp)/|pypi\.org/" + r"simple|(?<![\w.])index-" + r"url")


def test_no_file_remembers_the_machine_it_was_written_on():
    found = {}
    for path in tracked_files():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if match := TRACES.search(text):
            found[str(path.relative_to(REPOSITORY))] = match[0]
    assert found == {}
