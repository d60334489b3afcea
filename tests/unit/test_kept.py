"""Programs kept between runs: what names them, and that a found one does what a made one does."""

import dataclasses
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import serialize_executable

from kdtheory import _cache, _devices, _kept, losses
from kdtheory._kept import Kept, through_kept
from kdtheory._places import NoPlaceError, place_of
from kdtheory.claim import Claim, Relation
from kdtheory.domains import box
from kdtheory.theorems import CLAIMS, find
from kdtheory.tools import _compile
from kdtheory.tools._compile import compiled, precision
from kdtheory.tools._traced import domain_of, formulas_of, origin_of

X = np.linspace(0.1, 0.7, 7)


def never():
    raise AssertionError("traced, though it was kept")


def files_in(folder):
    return sorted(path for path in folder.iterdir() if path.is_file())


# --- places ---------------------------------------------------------------------------------------


def test_everything_that_makes_the_programs_of_a_claim_has_a_place_and_each_its_own():
    told = {}
    for claim in CLAIMS:
        domain = domain_of(claim, claim.sizes[0])
        for made_of in (
            formulas_of(claim),
            (claim.domain, claim.sizes, tuple(claim.draws.items()), tuple(claim.terms.items())),
            origin_of(domain),
            *claim.draws.values(),
            *claim.terms.values(),
        ):
            told.setdefault(place_of(made_of), made_of)
            # The same text only for the same functions.
            assert told[place_of(made_of)] == made_of


def test_domains_have_places_and_each_size_its_own():
    sizes = {(claim.domain, size) for claim in CLAIMS for size in claim.sizes}
    places = {
        place_of(origin_of(domain_of(claim, size))) for claim in CLAIMS for size in claim.sizes
    }
    assert len(places) == len(sizes) > 200


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ((1, "a"), "tuple(1, 'a')"),
        (None, "None"),
        (Relation.LE, "Relation.LE"),
        ({"a": 2.5}, "{'a': 2.5}"),
        (losses.brier, "kdtheory.losses:brier"),
    ],
)
def test_places_are_texts(value, text):
    assert place_of(value) == text


def test_numbers_that_are_equal_but_of_other_kinds_have_other_places():
    assert len({place_of(value) for value in (1, 1.0, True, "1")}) == 4


def test_functions_of_users_have_no_place(monkeypatch):
    for value in (lambda x: x, never, functools.partial(never), np.zeros(2), object()):
        with pytest.raises(NoPlaceError, match="at no place"):
            place_of(value)
    # One that was put behind the name of ours has none either, nor has the one that it hides.
    ours = losses.brier
    theirs = lambda scores, target: scores  # noqa: E731
    theirs.__module__, theirs.__qualname__ = "kdtheory.losses", "brier"
    with pytest.raises(NoPlaceError):
        place_of(theirs)
    monkeypatch.setattr(losses, "brier", theirs)
    with pytest.raises(NoPlaceError):
        place_of(ours)


# --- programs -------------------------------------------------------------------------------------


def test_a_kept_program_is_found_without_being_traced_and_computes_the_same_bits(tmp_path):
    function = lambda x, y: {"sum": jnp.sin(x).sum() + y, "all": (x * y, x > y)}  # noqa: E731
    with precision("float64"):
        made = Kept(tmp_path, "f", lambda: jax.jit(function))(X, 2.0)
        found = Kept(tmp_path, "f", never)(X, 2.0)
    assert len(files_in(tmp_path)) == 1
    assert jax.tree.structure(made) == jax.tree.structure(found)
    jax.tree.map(np.testing.assert_array_equal, made, found)
    np.testing.assert_array_equal(found["all"][0], 2 * X)


def test_another_name_form_or_precision_is_another_program(tmp_path):
    with precision("float64"):
        Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
        doubled = Kept(tmp_path, "g", lambda: jax.jit(lambda x: 2 * x))(X)
        shorter = Kept(tmp_path, "f", lambda: jax.jit(jnp.cos))(X[:3])
    with precision("float32"):
        single = Kept(tmp_path, "f", lambda: jax.jit(jnp.tan))(X)
    np.testing.assert_array_equal(doubled, 2 * X)
    np.testing.assert_allclose(shorter, np.cos(X[:3]), rtol=1e-15)
    np.testing.assert_allclose(single, np.tan(X), rtol=1e-6)
    assert single.dtype == np.float32
    assert len(files_in(tmp_path)) == 4


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: b"", lambda data: b"x" * 99]
)
def test_a_damaged_file_is_written_anew(tmp_path, damage):
    with precision("float64"):
        Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
        (file,) = files_in(tmp_path)
        whole = file.read_bytes()
        file.write_bytes(damage(whole))
        found = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
        np.testing.assert_allclose(found, np.sin(X), rtol=1e-15)
        assert len(file.read_bytes()) > 99
        np.testing.assert_array_equal(Kept(tmp_path, "f", never)(X), found)


def test_inside_another_program_it_is_part_of_that_one(tmp_path):
    with precision("float64"):
        sine = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))
        found = jax.jit(jax.vmap(lambda x: 2 * sine(x)))(X)
        slope = jax.grad(sine)(0.5)
    np.testing.assert_allclose(found, 2 * np.sin(X), rtol=1e-15)
    assert float(slope) == pytest.approx(np.cos(0.5), rel=1e-15)
    assert files_in(tmp_path) == []


def test_what_the_runtime_refuses_is_made_anew_and_what_is_our_fault_is_not_hidden(
    tmp_path, monkeypatch
):
    def refuse(problem):
        def load(*_, **__):
            raise problem

        monkeypatch.setattr(serialize_executable, "deserialize_and_load", load)

    with precision("float64"):
        made = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
        refuse(jax.errors.JaxRuntimeError("INTERNAL: another machine"))
        again = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
        np.testing.assert_array_equal(made, again)
        refuse(KeyError("a mistake"))
        with pytest.raises(KeyError, match="a mistake"):
            Kept(tmp_path, "f", never)(X)


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path):
    nowhere = tmp_path / "missing" / "folder"
    with precision("float64"):
        found = Kept(nowhere, "f", lambda: jax.jit(jnp.sin))(X)
    np.testing.assert_allclose(found, np.sin(X), rtol=1e-15)
    assert not nowhere.exists()


def test_half_a_file_is_not_left_behind(tmp_path, monkeypatch):
    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with precision("float64"):
        found = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
    np.testing.assert_allclose(found, np.sin(X), rtol=1e-15)
    assert files_in(tmp_path) == []


def test_what_cannot_be_kept_is_compiled_as_ever(tmp_path):
    told = []

    def calls_back(x):
        jax.debug.callback(told.append, x.sum())
        return 2 * x

    for _ in range(2):
        with precision("float64"):
            found = Kept(tmp_path, "f", lambda: jax.jit(calls_back))(X)
            np.testing.assert_array_equal(found, 2 * X)
    jax.effects_barrier()
    assert len(told) == 2
    assert files_in(tmp_path) == []


def test_programs_are_kept_on_the_first_cpu_of_the_only_process(monkeypatch):
    assert _devices.is_plain()
    with jax.default_device(jax.devices()[0]):
        assert _devices.is_plain()
    with jax.default_device("cpu"):
        assert not _devices.is_plain()
    for name, value in (("process_count", 2), ("default_backend", "gpu")):
        with monkeypatch.context() as patched:
            patched.setattr(jax, name, lambda value=value: value)
            assert not _devices.is_plain()


def test_elsewhere_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_kept, "is_plain", lambda: False)
    with precision("float64"):
        found = Kept(tmp_path, "f", lambda: jax.jit(jnp.sin))(X)
    np.testing.assert_allclose(found, np.sin(X), rtol=1e-15)
    assert files_in(tmp_path) == []


# --- what is kept ---------------------------------------------------------------------------------


@pytest.fixture
def keeping(tmp_path, monkeypatch):
    """Has programs kept in an empty folder, and forgets those in memory."""
    monkeypatch.setattr(_cache, "_programs", [tmp_path])
    monkeypatch.setattr(_compile, "_programs", type(_compile._programs)())
    return tmp_path


def test_programs_of_the_catalogue_are_kept_and_those_of_mutants_and_users_are_not(keeping):
    claim = find("double_distillation/minimum")
    mutant = dataclasses.replace(claim, rhs=lambda instance: claim.rhs(instance))
    own = Claim(lhs=lambda x: x, rhs=lambda x: x, domain=lambda size: box(0, 1))
    build = lambda: lambda x: x  # noqa: E731
    assert isinstance(compiled(claim, "p", (2,), build), Kept)
    assert isinstance(compiled(domain_of(claim, claim.sizes[0]), "p", (), build), Kept)
    for other in (mutant, own, domain_of(own, ())):
        assert not isinstance(compiled(other, "p", (2,), build), Kept)
    # What a program closes over besides its claim must have a place too.
    assert not isinstance(compiled(claim, "p", (never,), build), Kept)


def test_functions_of_the_package_go_through_kept_programs(keeping):
    probs = np.array([0.25, 0.75])
    # Label 0: (1 - 1/4)^2 + (3/4)^2 = 9/8; label 1: (1/4)^2 + (1 - 3/4)^2 = 1/8.
    for _ in range(2):
        np.testing.assert_array_equal(through_kept(losses.brier, probs), [9 / 8, 1 / 8])
    assert len(files_in(keeping)) == 1
    # What a function is specialised to is part of the name: with k of all labels nothing is lost.
    for k, lost in ((1, [1.0, 0.0]), (2, [0.0, 0.0]), (1, [1.0, 0.0])):
        np.testing.assert_array_equal(through_kept(losses.top_k_error, probs, k=k), lost)
    assert len(files_in(keeping)) == 3


def test_without_a_folder_functions_are_called_as_ever(monkeypatch):
    monkeypatch.setattr(_cache, "_programs", [])
    assert through_kept(max, 2, 3) == 3


# --- between processes ----------------------------------------------------------------------------

SVD = """
import sys, jax, jax.numpy as jnp, numpy as np
import kdtheory._one_thread
from pathlib import Path
from kdtheory._kept import Kept
cache, kept, known = sys.argv[1:]
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_compilation_cache_dir", cache)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
function = lambda x: jnp.linalg.svd(x, compute_uv=False).sum() + jnp.exp(x * x).sum()
x = np.arange(6.0).reshape(2, 3)
if known == "to JAX":
    print(float(jax.jit(function)(x)).hex())
else:
    make = (lambda: jax.jit(function)) if known == "made" else None
    print(float(Kept(Path(kept), "svd", make)(x)).hex())
"""


def python(*arguments, **variables):
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **variables}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_with_lapack_is_found_in_another_process_even_if_jax_knew_it(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    turns = ("to JAX", "made", "found")
    values = {python("-c", SVD, tmp_path / "jax", kept, known) for known in turns}
    # A program that JAX has loaded cannot be written: its functions would not be found again. And
    # one that calls LAPACK ends the process if nobody has said where LAPACK is.
    assert list((tmp_path / "jax").iterdir())
    x = np.arange(6.0).reshape(2, 3)
    expected = np.linalg.svd(x, compute_uv=False).sum() + np.exp(x * x).sum()
    (value,) = values
    assert float.fromhex(value) == pytest.approx(expected, rel=1e-13)


def test_verify_says_the_same_with_programs_made_found_or_not_kept(tmp_path):
    def verify(*options):
        command = ["-m", "kdtheory", *options, "verify", "double_distillation/minimum", "--json"]
        checks = json.loads(python(*command, KDTHEORY_CACHE_DIR=str(tmp_path)))
        assert [check.pop("seconds") > 0 for check in checks] == [True]
        return checks

    made = verify()
    (folder,) = tmp_path.glob("kdtheory/*/programs/*")
    assert len(before := files_in(folder)) >= 5
    assert verify() == made == verify("--no-cache")
    assert files_in(folder) == before


def test_in_a_folder_of_somebody_else_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("KDTHEORY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    monkeypatch.setattr(_cache, "_programs", [])
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    _cache.keep_compiled_programs()
    assert _cache.program_folder() is None
    monkeypatch.setattr(os, "getuid", lambda: owner)
    _cache.keep_compiled_programs()
    assert _cache.program_folder().stat().st_mode & 0o777 == 0o700


def test_where_jax_has_nothing_to_write_programs_with_none_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("KDTHEORY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    monkeypatch.setattr(_cache, "_programs", [])
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "jax.experimental.serialize_executable", None)
        patched.delattr(jax.experimental, "serialize_executable", raising=False)
        _cache.keep_compiled_programs()
        assert _cache.program_folder() is None
    _cache.keep_compiled_programs()
    assert _cache.program_folder() is not None


def test_another_source_has_another_folder_and_those_used_last_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("KDTHEORY_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    folders = []
    for index in range(_cache.RECENT + 2):
        monkeypatch.setattr(_cache, "_programs", [])
        monkeypatch.setattr(_cache, "source_fingerprint", lambda index=index: f"source{index}")
        _cache.keep_compiled_programs()
        folders.append(_cache.program_folder())
        for age, folder in enumerate(reversed(folders)):
            if folder.exists():
                os.utime(folder, (1e9 - age, 1e9 - age))
    assert [folder.exists() for folder in folders] == [False, False] + [True] * _cache.RECENT
    # One that is used again is not the oldest any more.
    monkeypatch.setattr(_cache, "_programs", [])
    monkeypatch.setattr(_cache, "source_fingerprint", lambda: "source2")
    _cache.keep_compiled_programs()
    monkeypatch.setattr(_cache, "_programs", [])
    monkeypatch.setattr(_cache, "source_fingerprint", lambda: "source6")
    _cache.keep_compiled_programs()
    assert [folder.exists() for folder in folders[2:]] == [True, False, True, True]
    # Flags of the compiler are part of the name, too.
    monkeypatch.setattr(_cache, "_programs", [])
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    _cache.keep_compiled_programs()
    assert _cache.program_folder() not in folders
    assert len(list(_cache.program_folder().parent.glob("source6-*"))) == 2
    assert Path(_cache.program_folder()).name.startswith("source6-")
