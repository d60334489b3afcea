"""Monte Carlo against exact: right evaluators agree, wrong ones are disputed."""

import dataclasses
import math
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._random import key_words
from kdtheory._sequential import empirical_bernstein
from kdtheory.claim import Claim, Draw
from kdtheory.domains import box
from kdtheory.results import Outcome
from kdtheory.tools._compile import release
from kdtheory.tools._cross_check import (
    INSTANCES,
    LONG,
    _draws_program,
    _next_blocks,
    cross_check,
)

# A draw of x is 1 with probability x and 0 otherwise; the exact value is x itself.
COIN = Draw(
    lambda key, x: (jax.random.uniform(key) < x).astype(x.dtype), bounds=lambda x: (0.0, 1.0)
)
# A draw of x + 2 is x + 2 and a normal deviate, of variance one.
NORMAL = Draw(
    lambda key, x: x + 2 + jax.random.normal(key, dtype=x.dtype), variance_bound=lambda x: 1.0
)


def coin_claim(exact=lambda x: x, draw=COIN):
    return Claim(
        lhs=exact,
        rhs=lambda x: 1.0 + 0 * x,
        domain=lambda _: box(0.2, 0.8),
        draws={"lhs": draw},
    )


def check(claim, draws=LONG, seed=0, level=1e-3):
    records = cross_check(claim, seed=seed, draws=draws, level=level)
    release(claim)
    return records


@pytest.mark.parametrize("draws", [2**15, 2**21], ids=["betting", "empirical bernstein"])
@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.0, Outcome.AGREES), (1.02, Outcome.DISPUTED), (0.98, Outcome.DISPUTED)],
)
def test_a_factor_is_seen(draws, factor, expected):
    if draws == 2**15:
        # A few draws tell a fifth from nothing, not a fiftieth; they leave agreement open.
        factor = 1 + 10 * (factor - 1)
        expected = Outcome.OPEN if factor == 1 else expected
    (record,) = check(coin_claim(lambda x: factor * x), draws)
    assert record.outcome is expected
    assert record.process == ("betting" if draws == 2**15 else "empirical bernstein")
    assert record.draws <= draws
    assert record.instances == INSTANCES
    # Its estimate: the evaluator is `factor` times the truth, so off by 1 - 1/factor of itself.
    assert record.error == pytest.approx(1 - 1 / factor, abs=0.02)


@pytest.mark.parametrize(("shift", "expected"), [(0.0, Outcome.AGREES), (0.05, Outcome.DISPUTED)])
def test_unbounded_draws_of_known_variance(shift, expected):
    claim = coin_claim(lambda x: x + 2 + shift, NORMAL)
    (record,) = check(claim, 2**17)
    assert record.process == "known variance"
    assert record.outcome is expected


def test_an_error_on_one_instance_alone_is_seen():
    """Right on average is not right: x is 0.8 on the last of the instances only."""
    wrong = coin_claim(lambda x: jnp.where(x > 0.79, x - 0.3, x))
    (record,) = check(wrong, 2**18)
    assert record.outcome is Outcome.DISPUTED


def test_right_evaluators_are_left_alone():
    """Twenty families at a level of one half: at most half of them may hold a false alarm."""
    claim = coin_claim()
    alarms = 0
    for seed in range(20):
        (record,) = cross_check(claim, seed=seed, draws=2**16, level=0.5)
        alarms += record.outcome is Outcome.DISPUTED
    release(claim)
    assert alarms <= 10


def test_numbers_are_those_of_the_seed():
    claim = coin_claim()
    first, again, other = (
        cross_check(claim, seed=seed, draws=2**15, level=1e-9)[0] for seed in (1, 1, 2)
    )
    release(claim)
    assert first == again
    assert first.error != other.error
    assert first.draws == 2**15


def coins(run, start, end):
    """What the blocks of draws of 64 coins add up to."""
    numbers, ones = np.arange(64), np.ones(64)
    return run(
        key_words(5), 0.01, start, end, numbers, np.linspace(0.2, 0.8, 64), ones / 2, ones, ones
    )


def test_instances_may_be_drawn_together_or_one_by_one(monkeypatch):
    """As on an accelerator, and as on a CPU: the same draws, up to the order of additions."""
    found = []
    for accelerated in (False, True):
        module = sys.modules["kdtheory.tools._cross_check"]
        monkeypatch.setattr(module, "is_accelerated", lambda answer=accelerated: answer)
        found.append(coins(jax.jit(_draws_program(COIN, empirical_bernstein)), 0, 3))
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-12, err_msg=name)


def test_rounds_do_not_change_the_numbers():
    """Blocks are keyed: what is drawn in four blocks is drawn in one and three."""
    run = jax.jit(_draws_program(COIN, empirical_bernstein))
    whole, first, rest = (coins(run, *blocks) for blocks in ((0, 4), (0, 1), (1, 4)))
    for name in ("guard", "pooled", "sum", "square"):
        np.testing.assert_allclose(whole[name], first[name] + rest[name], rtol=1e-12)
    assert not np.allclose(first["sum"], rest["sum"] / 3)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Draw(lambda key, x: x + 2.0, bounds=lambda x: (0.0, 1.0)), "bounds of this draw are"),
        (Draw(lambda key, x: x * jnp.nan, bounds=lambda x: (0.0, 1.0)), "got NaN"),
    ],
)
def test_draws_that_break_their_word_are_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        check(coin_claim(draw=draw), 2**14)


def test_an_exact_value_outside_the_bounds_is_disputed_at_once():
    (record,) = check(coin_claim(lambda x: x + 1.0), 2**14)
    assert record.outcome is Outcome.DISPUTED


def test_a_draw_that_cannot_vary_must_be_equal():
    constant = Draw(lambda key, x: x, variance_bound=lambda x: 0.0 * x)
    assert check(coin_claim(draw=constant), 2**15)[0].outcome is not Outcome.DISPUTED
    wrong = coin_claim(lambda x: x + 1e-6, constant)
    assert check(wrong, 2**15)[0].outcome is Outcome.DISPUTED


def test_infinite_quantities_have_nothing_to_compare():
    infinite = dataclasses.replace(COIN, bounds=lambda x: (0.0, math.inf))
    claim = coin_claim(lambda x: x + jnp.inf, infinite)
    (record,) = check(claim, 2**14)
    assert record.outcome is Outcome.OPEN


def test_a_quantity_that_is_zero_everywhere():
    zero = Draw(lambda key, x: 0.0 * x, bounds=lambda x: (0.0, 1.0))
    (record,) = check(coin_claim(lambda x: 0.0 * x, zero), 2**18)
    assert record.outcome is Outcome.AGREES
    (record,) = check(coin_claim(lambda x: 0.0 * x + 0.1, zero), 2**18)
    assert record.outcome is Outcome.DISPUTED


def test_what_is_prepared_is_computed_once_per_instance():
    prepared = Draw(
        lambda key, level, unit: (jax.random.uniform(key) < level).astype(unit.dtype) * unit,
        bounds=lambda x: (0.0, 1.0),
        prepare=lambda x: (x, jnp.ones_like(x)),
    )
    ours, theirs = check(coin_claim(draw=prepared))[0], check(coin_claim())[0]
    assert ours == theirs


def test_a_claim_without_draws_needs_none():
    assert check(dataclasses.replace(coin_claim(), draws={})) == ()
    assert np.isfinite(check(coin_claim())[0].level)


@pytest.mark.parametrize(
    ("done", "share", "more"),
    [
        # Nothing known yet, or nothing in favour: half as many again.
        (1, 0.0, 1),
        (10, 0.0, 5),
        (10, -3.0, 5),
        # A tenth of what is needed: 90 more would do it, half as many again is the most.
        (10, 0.1, 5),
        # Four fifths: 10 (5/4 - 1) = 2.5 more, rounded up.
        (10, 0.8, 3),
        (10, 0.999, 1),
    ],
)
def test_evidence_is_looked_at_again_when_it_should_decide(done, share, more):
    assert _next_blocks(done, share) == more
