"""A study of three coins, in the shape of the real ones: for tests of what runs them."""

from __future__ import annotations

import dataclasses

import numpy as np

from kdtheory.replications.records import Choice, Finding, Statement, Study, Table
from kdtheory.replications.statistics import lead, means
from kdtheory.theorems.papers import MENON


@dataclasses.dataclass(frozen=True)
class Config:
    trials: int


def simulate(config, seed, progress):
    rng = np.random.default_rng(seed)
    rows = {"reading": [], "trial": [], "coin": [], "heads": []}
    for done, (reading, shift) in enumerate((("fair", 0.0), ("loaded", 3.0))):
        for place, coin in enumerate(("a", "b")):
            rows["reading"] += [reading] * config.trials
            rows["trial"] += range(config.trials)
            rows["coin"] += [coin] * config.trials
            rows["heads"] += list(rng.normal(size=config.trials) + shift * place)
        progress(done + 1, 2)
    return {"tosses": Table(rows)}


def judge(tables):
    found = []
    for reading in tables["tosses"].distinct("reading"):
        heads = tables["tosses"].where(reading=reading).pivot("trial", "coin", "heads")
        found.append(Finding("better", reading, lead(("a", "b"), heads, "b"), above=0.5))
        found.append(Finding("small", reading, means("ab", heads), above=-1.0, below=1.0))
    return tuple(found)


def draw(tables, figure):
    ax = figure.add_subplot()
    ax.plot(tables["tosses"]["heads"])


STUDY = Study(
    name="toy",
    title="Coins",
    paper=MENON,
    items=("Figure 1",),
    statements=(
        Statement("better", "b shows more heads than a", "mean of b minus a above 1/2"),
        Statement("small", "both are small", "both means within 1", ours=True),
    ),
    done="Coins are tossed.",
    choices=(Choice("load", ("none", "3 for b")),),
    sizes={"small": Config(50), "paper": Config(200)},
    simulate=simulate,
    judge=judge,
    draw=draw,
    notes=("Coins have no memory.",),
)
