"""Adapters of the golden section on stable teachers, whose algorithms are given as text."""

import functools
import json
import re
from fractions import Fraction

import jax.numpy as jnp

from kdtheory.concentration import variance_proxy
from kdtheory.divergences import kl_divergence
from kdtheory.objects.algorithms import StableAlgorithm, smallest_stability
from kdtheory.theorems.distillation_divergence import stability


def _fractions(texts):
    return [Fraction(text.strip()) for text in texts]


def _set_after(name, rule, otherwise):
    """Reads "NAME={0,1/2,1}" or "NAME in {0,1}"."""
    found = re.search(rf"\b{name}\s*(?:=|in)\s*{{([^}}]*)}}", rule)
    return _fractions(found[1].split(",")) if found else otherwise


def _formula(text, **names):
    """Evaluates a formula of the reference file in fractions."""
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text.replace("^", "**"))
    return eval(text, {"__builtins__": {}, "abs": abs}, names)


def _teacher(rule, data, seed):
    """What A(D) or A(D, r) returns."""
    found = re.search(r"A\(D(?:,\s*r)?\)\s*=\s*([^;,]*)", rule)
    formula = found[1].strip() if found else "0"
    names = {name: function(data) for name, function in (("max", max), ("min", min), ("sum", sum))}
    return Fraction(_formula(formula, n=len(data), r=seed, **names, mean=sum(data) / len(data)))


def _loss(rule, prediction, example):
    found = re.search(r"loss\s+(.*?)\s*(?:\bin\b|[;:,]|$)", rule)
    return Fraction(_formula(found[1] if found else "(f-z)^2", f=prediction, z=example))


def algorithm_of(inputs):
    """The algorithm of an entry that states a rule."""
    rule, weights = inputs["rule"], inputs["pz"]
    # Where the rule does not say what the examples are: evenly spaced in [0, 1].
    numbers = [Fraction(index, max(len(weights) - 1, 1)) for index in range(len(weights))]
    seeds = inputs["seeds"]
    return StableAlgorithm.from_functions(
        lambda data, seed: _teacher(rule, data, seed),
        lambda prediction, example: _loss(rule, prediction, example),
        _set_after("Z", rule, numbers),
        [float(Fraction(weight)) for weight in weights],
        inputs["n"],
        seeds=_set_after("r", rule, [Fraction(index) for index in range(len(seeds))]),
        seed_weights=[float(Fraction(weight)) for weight in seeds],
    )


def _memory(inputs):
    """A teacher that memorises its data or the opposite, either half the time."""
    size = inputs["Z"]
    return StableAlgorithm.from_functions(
        lambda data, seed: (data, seed),
        lambda learned, example: float((example in learned[0]) == bool(learned[1])),
        range(size),
        [1 / size] * size,
        inputs["n"],
        seeds=(0, 1),
    )


@functools.cache
def _outputs(text):
    inputs = json.loads(text)
    remembers = "pz" not in inputs
    algorithm = _memory(inputs) if remembers else algorithm_of(inputs)
    values, probs = stability.gap_law(algorithm)
    beta, number = algorithm.stability, float(algorithm.num_samples)
    mean = jnp.sum(values * probs)
    outputs = {
        "beta": beta,
        "bounded_difference": stability.gap_difference(algorithm),
        "bd_bound": stability.difference_bound(beta, number),
        "sigma2_printed": stability.stability_proxy(beta, number),
        "sigma2_sharp": stability.stability_proxy_sharpened(beta, number),
        "sigma2_sharp_plus_seed": stability.stability_proxy_seeded(beta, number),
        "genT": mean,
        "var": jnp.sum(probs * (values - mean) ** 2),
        "sigma2_exact": variance_proxy(values, probs),
        "H": stability.gaps(algorithm),
    }
    if not remembers:
        return outputs
    # Stable on average only; the student prefers positive gaps, three to one.
    average = smallest_stability(
        algorithm.losses.mean(axis=0, keepdims=True), algorithm.num_samples
    )
    printed = stability.stability_proxy(average, number)
    student = probs * (1 + jnp.sign(values) / 2)
    divergence = kl_divergence(student, probs)
    return outputs | {
        "beta_expected": average,
        "sigma2_printed": printed,
        "K": divergence,
        "genS": jnp.sum(student * values),
        "thm8_with_printed": mean + jnp.sqrt(2 * printed * divergence),
    }


_NAMES = (
    "beta bounded_difference bd_bound sigma2_printed sigma2_sharp sigma2_sharp_plus_seed genT var"
    " sigma2_exact H beta_expected K genS thm8_with_printed"
)

ADAPTERS = {
    ("prop9_stability", name): lambda inputs, name=name: _outputs(json.dumps(inputs))[name]
    for name in _NAMES.split()
}
