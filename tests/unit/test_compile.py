"""Compilation: a bounded number of live programs, however many claims are examined."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory.claim import Assumption, Claim, Draw, Relation
from kdtheory.domains import box
from kdtheory.tools import _compile, evaluate
from kdtheory.tools._traced import formulas_of

CLAIM = Claim(lhs=lambda x: x * x, rhs=lambda x: x, domain=lambda size: box(0, 1))


def _release_all():
    while _compile._programs:
        _compile._programs.popitem()[1].clear_cache()
    assert _compile.live_programs() == 0


@pytest.fixture(autouse=True)
def _nothing_left_over():
    _release_all()
    yield
    _release_all()


def memory_maps():
    """How many memory maps the process has; None where the system does not say."""
    maps = Path("/proc/self/maps")
    return len(maps.read_text().splitlines()) if maps.exists() else None


def test_tools_compile_through_the_one_helper():
    # 0.5^2 <= 0.5, with a slack of 1/4
    assert evaluate(CLAIM, np.array(0.5)).slack == 0.25
    assert _compile.live_programs() == 1


@pytest.mark.thorough
def test_many_mutants_leave_32_programs_and_few_memory_maps():
    programs, maps = [], {}
    for index in range(140):
        mutant = dataclasses.replace(CLAIM, rhs=lambda x, index=index: x + index)
        program = _compile.compiled(mutant, "rhs", (), lambda mutant=mutant: mutant.rhs)
        assert program(0.5) == index + 0.5
        programs.append(_compile.live_programs())
        if index in (39, 139):
            maps[index] = memory_maps()
    assert programs[:3] == [1, 2, 3]
    assert max(programs) == programs[-1] == _compile.MAX_PROGRAMS == 32
    # A live program takes several maps: a hundred more of them would take three hundred.
    if maps[139] is not None:
        assert maps[139] <= maps[39] + 100


def test_a_program_is_compiled_once_and_shared():
    built = []

    def build():
        built.append(1)
        return lambda x: x + 1

    first = _compile.compiled(CLAIM, "purpose", (1,), build)
    assert _compile.compiled(CLAIM, "purpose", (1,), build) is first
    assert _compile.compiled(CLAIM, "purpose", (2,), build) is not first
    assert _compile.compiled(CLAIM, "other", (1,), build) is not first
    assert len(built) == 3
    assert first(np.float64(1)) == 2


def test_a_copy_with_other_cases_shares_programs_and_one_with_another_side_does_not():
    made = _compile.compiled(CLAIM, "purpose", (), lambda: lambda x: x)
    copy = dataclasses.replace(CLAIM, slug="user/copy", draws={"lhs": Draw(lambda key, x: x)})
    assert _compile.compiled(copy, "purpose", (), lambda: lambda x: x) is made
    changes = (
        {"lhs": lambda x: x * x},
        {"rhs": lambda x: x},
        {"scale": lambda x: 2.0},
        {"error": lambda x: 0.0},
        {"trivial": lambda x: 1.0},
        {"domain": lambda size: box(0, 1)},
        {"relation": Relation.GE},
        {"assumptions": (Assumption("any", "x", lambda x: x),)},
    )
    for change in changes:
        other = dataclasses.replace(CLAIM, **change)
        assert _compile.compiled(other, "purpose", (), lambda: lambda x: x) is not made, change


def test_functions_without_a_hash_are_told_by_their_claim():
    @dataclasses.dataclass
    class Shifted:
        by: float

        def __call__(self, x):
            return x + self.by

    claims = [dataclasses.replace(CLAIM, rhs=Shifted(by)) for by in (1.0, 1.0)]
    made = [_compile.compiled(claim, "purpose", (), lambda: lambda x: x) for claim in claims]
    assert made[0] is not made[1]
    assert [evaluate(claim, np.array(0.5)).rhs for claim in claims] == [1.5, 1.5]


def test_the_least_recently_used_program_goes_first():
    for index in range(_compile.MAX_PROGRAMS):
        _compile.compiled(CLAIM, "purpose", (index,), lambda: lambda x: x)
    again = _compile.compiled(CLAIM, "purpose", (0,), lambda: lambda x: x)
    _compile.compiled(CLAIM, "purpose", (-1,), lambda: lambda x: x)
    keys = [name[2] for name in _compile._programs]
    assert (1,) not in keys
    assert keys[-2:] == [(0,), (-1,)]
    assert _compile._programs[formulas_of(CLAIM), "purpose", (0,)] is again


def test_release_drops_the_programs_of_one_claim():
    other = dataclasses.replace(CLAIM, rhs=lambda x: x + 1)
    for claim in (CLAIM, other):
        for index in range(3):
            _compile.compiled(claim, "purpose", (index,), lambda: lambda x: x)
    assert _compile.live_programs() == 6
    _compile.release(CLAIM)
    assert {name[0] for name in _compile._programs} == {formulas_of(other)}
    assert _compile.live_programs() == 3
    _compile.release(CLAIM)
    assert _compile.live_programs() == 3


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("outside", [True, False])
def test_the_precision_is_set_and_given_back(dtype, outside):
    with jax.enable_x64(outside):
        with _compile.precision(dtype):
            assert jnp.ones(1).dtype == dtype
            assert (
                evaluate(CLAIM, jnp.array(0.1), dtype=dtype).lhs == np.dtype(dtype).type(0.1) ** 2
            )
        assert jax.config.jax_enable_x64 == outside


def test_another_precision_is_refused():
    with (
        pytest.raises(ValueError, match="dtype: got 'bfloat16'; expected 'float64' or 'float32'"),
        _compile.precision("bfloat16"),
    ):
        pass
