"""Keys: the numbers of JAX's default generator, whatever is drawn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kdtheory._random import key_of_words, key_words, random_key

DRAWS = {
    "bits 8": lambda key: jax.random.bits(key, (5, 3), "uint8"),
    "bits 16": lambda key: jax.random.bits(key, (7,), "uint16"),
    "bits 32": lambda key: jax.random.bits(key, (33,), "uint32"),
    "bits 64": lambda key: jax.random.bits(key, (33,), "uint64"),
    "uniform": lambda key: jax.random.uniform(key, (4, 5)),
    "uniform 32": lambda key: jax.random.uniform(key, (4, 5), jnp.float32),
    "scalar": lambda key: jax.random.uniform(key),
    "normal": lambda key: jax.random.normal(key, (101,)),
    "split": lambda key: jax.random.key_data(jax.random.split(key, 5)),
    "split in two axes": lambda key: jax.random.key_data(jax.random.split(key, (2, 3))),
    "fold in": lambda key: jax.random.key_data(jax.random.fold_in(key, 4_000_000_000)),
    "categorical": lambda key: jax.random.categorical(
        key, jnp.log(jnp.array([0.2, 0.8])), -1, (9,)
    ),
    "gamma": lambda key: jax.random.gamma(key, 0.7, (9,)),
    "permutation": lambda key: jax.random.permutation(key, 20),
    "many keys": lambda key: jax.vmap(lambda k: jax.random.uniform(k, (3,)))(
        jax.random.split(key, 16)
    ),
    "in a loop": lambda key: jax.lax.map(
        lambda i: jax.random.uniform(jax.random.fold_in(key, i)), jnp.arange(4)
    ),
    "nothing": lambda key: jax.random.uniform(key, (0, 3)),
}


@pytest.mark.parametrize("seed", [0, 12345, 2**40 + 17])
@pytest.mark.parametrize("name", DRAWS)
def test_the_numbers_are_those_of_the_default_key(name, seed):
    ours, theirs = DRAWS[name](random_key(seed)), DRAWS[name](jax.random.key(seed))
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.float32
def test_in_single_precision_too():
    for seed in (0, 2**31 - 1):
        ours, theirs = (jax.random.normal(key(seed), (64,)) for key in (random_key, jax.random.key))
        np.testing.assert_array_equal(ours, theirs)


def test_another_seed_gives_other_numbers():
    assert not np.array_equal(
        jax.random.uniform(random_key(1), (4,)), jax.random.uniform(random_key(2), (4,))
    )


@pytest.mark.parametrize("seed", [0, 2**40 + 17])
def test_words_are_those_of_a_key_into_which_numbers_are_folded(seed):
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 4_000_000_000), 2)
    words = key_words(seed, 4_000_000_000, 2)
    np.testing.assert_array_equal(words, jax.random.key_data(key))
    drawn = jax.jit(lambda given: jax.random.normal(key_of_words(given), (5,)))(words)
    np.testing.assert_array_equal(drawn, jax.random.normal(key, (5,)))
    np.testing.assert_array_equal(key_words(seed), jax.random.key_data(jax.random.key(seed)))
