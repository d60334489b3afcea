"""What every test runs under: types checked, float64, warnings as errors, fixed examples."""

import dataclasses
import gc
import importlib
import inspect
import os
import pkgutil
import shutil
from pathlib import Path

import hypothesis
import jax
import jaxtyping
import pytest

# Before anything draws: no display is needed.
os.environ.setdefault("MPLBACKEND", "Agg")
# Before JAX starts. The tests are of the CPU, whatever else there is; `make test-device` sets this.
if os.environ.setdefault("JAX_PLATFORMS", "cpu") == "cpu":
    # See kdtheory/_one_thread.py.
    os.environ.setdefault("PJRT_NPROC", "1")
    # A test runs a program once or twice: compiling is what takes the time, three quarters of it in
    # optimisations. `make test-thorough` holds the reference values with XLA_FLAGS="" too.
    os.environ.setdefault(
        "XLA_FLAGS",
        "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
        " --xla_cpu_parallel_codegen_split_count=1",
    )
else:
    # Several processes share an accelerator only if none of them takes all of its memory.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Tracing makes many small objects and few cycles: the default collects a hundred times too often.
gc.set_threshold(100_000, 20, 50)

# Before the package is imported: every annotated shape and dtype is checked at every call. An int
# passes for a float, as it does for mypy. The commands are typer's to call, with types of its own.
# The tools handle single numbers and plain records, too many to check each: mypy reads them. Every
# call of `_sequential` defines functions, which would be made to check their arguments each time.
PACKAGE = Path(__file__).parents[1] / "kdtheory"
COMMANDS = [path.stem for path in PACKAGE.glob("_*_command.py")]
EXEMPT = ("cli", "__main__", "tools", "_sequential", *COMMANDS)
MODULES = [m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.name != "tools"]
MODULES += [f"tools.{m.name}" for m in pkgutil.iter_modules([str(PACKAGE / "tools")])]
jaxtyping.install_import_hook(
    [f"kdtheory.{name}" for name in MODULES if not name.startswith(EXEMPT)],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)


def _leave_constructors_unchecked():
    """JAX rebuilds a record from whatever leaves a transformation has: stacked, or no arrays."""
    packages = [importlib.import_module(f"kdtheory.{n}") for n in ("objects", "concentration")]
    names = [f"{p.__name__}.{m.name}" for p in packages for m in pkgutil.iter_modules(p.__path__)]
    for module in map(importlib.import_module, names):
        for item in vars(module).values():
            if dataclasses.is_dataclass(item) and item.__module__ == module.__name__:
                item.__init__ = inspect.unwrap(item.__init__)


_leave_constructors_unchecked()

hypothesis.settings.register_profile(
    "kdtheory", derandomize=True, deadline=None, max_examples=50, print_blob=False
)
hypothesis.settings.load_profile("kdtheory")


def pytest_configure(config):
    config.addinivalue_line("markers", "float32: the test runs in JAX's default precision")
    config.addinivalue_line("markers", "thorough: `make test-thorough` runs it, not `make test`")
    _keep_programs(config)


# Compiled programs take about 90 MB; those of older formulas stay until there are this many bytes.
MOST_KEPT = 10**9


def _keep_programs(config):
    """Keeps compiled programs in pytest's cache: what compiling takes is spent once, not per run.

    A program is found again by its own text, options and compiler, so a changed formula is compiled
    anew; in a folder of its own for every compiler and processor. Workers share it.
    """
    if not hasattr(config, "cache"):
        return
    from kdtheory._cache import cache_folder

    folder = config.cache.mkdir("programs") / cache_folder().name
    if not hasattr(config, "workerinput"):
        kept = sum(entry.stat().st_size for entry in folder.glob("*"))
        if kept > MOST_KEPT:
            shutil.rmtree(folder)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


# Before xdist, which reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The tests of one claim, and others of one file, run in one worker: they share programs."""
    first, places = {}, {}
    for index, item in enumerate(items):
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        group = item.get_closest_marker("xdist_group").args[0]
        places[item] = first.setdefault(group, index)
    items.sort(key=places.__getitem__)


@pytest.fixture(autouse=True)
def _precision(request):
    """Runs every test in float64, unless it is marked ``float32``."""
    with jax.enable_x64(request.node.get_closest_marker("float32") is None):
        yield


# A quarter of what Linux grants a process; a compiled program takes a few dozen.
MAPS = 16_000


@pytest.fixture(autouse=True, scope="module")
def _few_programs():
    """Drops compiled programs when there are many: a process has a limited number of memory maps.

    Not after every module: the tests of one claim, from several modules, run one after another.
    """
    yield
    maps = Path("/proc/self/maps")
    if not maps.exists() or maps.read_bytes().count(b"\n") > MAPS:
        jax.clear_caches()


@pytest.fixture(scope="module")
def strict():
    """Refuses implicit promotions of dtypes and ranks; the core is tested under it."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield
