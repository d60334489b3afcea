"""Figure 1 of Morad et al.: its tables, and what is read off them."""

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure

from kdtheory.replications import morad_figure_1 as study
from kdtheory.replications._long_tables import long_table
from kdtheory.replications._noisy_labels import kinds
from kdtheory.replications.records import Outcome, Verdict, silent

TINY = dataclasses.replace(
    study.STUDY.sizes["small"], trials=2, runs=2, block=2, samples=20, few=10, epochs=4, longer=8,
    tests=20, features=3, labels=3, hidden=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    told = []
    found = study.simulate(TINY, 0, lambda done, total: told.append((done, total)))
    assert told == [(done, 14) for done in range(1, 15)]
    return found


def test_the_tables_have_every_row(tables):
    # Exact, one-hot, two levels of Dirichlet noise, three of the others; longer runs have two.
    assert len(tables["trials"]) == 2 * (12 * 10 + 2 * 2)
    assert len(tables["epochs"]) == 2 * (12 * 10 * 4 + 2 * 2 * 8)
    exact = tables["trials"].where(labels="exact")
    assert np.max(exact["noise"]) < 1e-12
    # No rule is right more often than Bayes'.
    assert (tables["trials"]["accuracy"] <= tables["trials"]["bayes_accuracy"] + 1e-6).all()


def test_the_seed_makes_the_tables(tables):
    again, other = (study.simulate(TINY, seed, silent) for seed in (0, 1))
    for name, table in tables.items():
        for column in table.columns:
            assert (again[name][column] == table[column]).all(), column
    assert not (other["trials"]["excess"] == tables["trials"]["excess"]).any()


def test_the_figure(tables):
    figure = Figure(figsize=study.STUDY.figure_size, layout="constrained")
    study.draw(tables, figure)
    assert len(figure.axes) == 4
    assert [len(ax.lines) for ax in figure.axes] == [4, 4, 4, 3]


def planted(sign=1.0, spread=0.0):
    """Tables in which everything is worse in proportion to the noise, or better."""
    rng = np.random.default_rng(0)
    pieces = []
    # Labels once, afresh, and longer.
    for setting in study.settings()[::2][:3]:
        short = setting.group.length == "short"
        named = kinds((0.1, 0.3, 1.0) if short else ())
        noise = np.array([one.level for one in named])[:, None]
        jitter = spread * rng.normal(size=(len(named), 6))
        worse = 0.01 + sign * noise + 0.001 * rng.normal(size=(len(named), 6)) + jitter
        columns = ["gap", "excess", "gradient", "accuracy_jitter", "excess_jitter"]
        columns += ["accuracy_spread", "excess_spread"]
        axes = [
            {
                "labels": [one.name for one in named],
                "model": [one.model for one in named],
                "level": noise[:, 0],
            },
            {"trial": range(6)},
        ]
        values = {**dict.fromkeys(columns, worse), "accuracy": -worse}
        fixed = {"reading": setting.name, **setting.group._asdict()}
        pieces.append(long_table(fixed, axes, values))
    return {"trials": study.joined(pieces)}


def verdicts(tables):
    outcome = Outcome(study.STUDY, "small", TINY, 0, tables)
    return {one.key: outcome.verdict(one.key) for one in study.STUDY.statements}


def test_judgements_of_planted_tables():
    keys = [one.key for one in study.STUDY.statements]
    assert verdicts(planted()) == dict.fromkeys(keys, Verdict.REPLICATED)
    wrong = verdicts(planted(sign=-1.0))
    # A ratio of two negative numbers or of a positive to a negative one says nothing.
    for key in set(keys) - {"gradient", "neighbourhood"}:
        assert wrong[key] is Verdict.NOT_REPLICATED
    unclear = verdicts(planted(sign=0.01, spread=0.02))
    for key in ("noise_accuracy", "noise_generalisation"):
        assert unclear[key] is Verdict.UNDECIDED


def test_the_shares_that_are_left():
    found = planted()["trials"]
    same = {**found.columns, "gradient": np.ones(len(found)), "excess": np.ones(len(found))}
    outcome = verdicts({"trials": study.Table(same)})
    assert outcome["gradient"] is Verdict.NOT_REPLICATED
    assert outcome["neighbourhood"] is Verdict.NOT_REPLICATED


def test_the_last_level_of_dirichlet_noise_is_one_hot():
    found = planted()["trials"]
    rows = found.where(reading=study.settings()[0].name)
    [first, *_, last] = study._steps(rows, "Dirichlet", "excess", 1)
    assert (first.what, last.what) == ("exact to Dirichlet 0.1", "Dirichlet 0.3 to one-hot")
    # Levels differ by 0.1 and 0.7, errors are a thousandth.
    assert first.estimate.value == pytest.approx(0.1, abs=0.004)
    assert last.estimate.value == pytest.approx(0.7, abs=0.004)
