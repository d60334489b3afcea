"""Table 1 on a user's files: sparse batches against dense arithmetic, a small study, refusals."""

import dataclasses

import jax
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import sparse

from kdtheory._check import InputError
from kdtheory.replications import _retrieval_files as files
from kdtheory.replications import _retrieval_judgement as judgement
from kdtheory.replications import _retrieval_training as training
from kdtheory.replications._retrieval_files import FileConfig, batches, measure, needed_memory
from kdtheory.replications.extreme_text import MultilabelData
from kdtheory.replications.menon_table_1 import STUDY, Config
from kdtheory.replications.records import Outcome

SMALL = Config(
    trials=1,
    held_out=1,
    test_points=1,
    scalings=(1.0,),
    files=FileConfig(trials=2, epochs=3, batch=8, held_out=0.2, teacher_width=6, widths=(2, 3)),
)


def some_data(points=21, features=9, labels=7, seed=0):
    """Each label has features of its own: there is something to learn."""
    rng = np.random.default_rng(seed)
    marks = rng.random((points, labels)) < 0.25
    marks[np.arange(points), rng.integers(0, labels, points)] = True
    prototypes = np.random.default_rng(99).standard_normal((labels, features)).round(2)
    dense = np.where(rng.random((points, features)) < 0.6, marks @ prototypes, 0.0)
    return dense.astype(np.float32), marks


def as_sparse(dense, marks):
    return MultilabelData(sparse.csr_array(dense), sparse.csr_array(marks.astype(np.float32)))


def written(path, dense, marks):
    lines = [" ".join(map(str, (*dense.shape, marks.shape[1])))]
    for row, own in zip(dense, marks, strict=True):
        pairs = " ".join(f"{i}:{row[i]:.9g}" for i in np.flatnonzero(row))
        lines.append(",".join(map(str, np.flatnonzero(own))) + " " + pairs)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    dense, marks = some_data(seed=1)
    # A point without labels in both: left out.
    marks[4] = False
    train = written(folder / "train.txt", dense, marks)
    dense, marks = some_data(points=13, seed=2)
    marks[0] = False
    return train, written(folder / "test.txt", dense, marks)


@pytest.fixture(scope="module")
def tables(paths):
    calls = []
    found = STUDY.on_files(*paths, SMALL, 0, lambda done, total: calls.append((done, total)))
    # 20 points with labels, 4 held out: 2 batches of 8; three widths, 3 epochs, 2 trials.
    assert calls == [(done, 36) for done in range(1, 37)]
    return found


def test_batches_hold_every_point_once_and_are_filled_with_nothing():
    dense, marks = some_data()
    rows = np.random.default_rng(3).permutation(21)[:19]
    found = list(batches(as_sparse(dense, marks), rows, 8))
    assert [batch.filled for batch in found] == [8, 8, 3]
    inputs = np.zeros((24, 9), np.float32)
    for start, batch in zip((0, 8, 16), found, strict=True):
        at = np.asarray(batch.inputs.indices) + [start, 0]
        np.add.at(inputs, tuple(at.T), np.asarray(batch.inputs.data))
    labels = np.concatenate([np.asarray(batch.labels) for batch in found])
    np.testing.assert_array_equal(inputs[:19], dense[rows])
    np.testing.assert_array_equal(labels[:19], marks[rows])
    assert labels.shape == (24, 7)
    assert not inputs[19:].any()
    assert not labels[19:].any()
    # Powers of two, so that few programs are compiled.
    assert all(size & (size - 1) == 0 for size in (len(batch.inputs.data) for batch in found))


def test_a_step_on_a_sparse_batch_is_the_step_on_its_points():
    dense, marks = some_data()
    model, rows = training.initial(np.random.default_rng(0), 9, 3, 7), np.arange(16, 21)
    [batch] = batches(as_sparse(dense, marks), rows, 8)
    gradient = jax.jit(jax.grad(training.objective))
    found = gradient(model, batch.inputs, training.observed(batch.labels))
    expected = gradient(model, dense[rows], training.observed(marks[rows].astype(np.float32)))
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
        assert np.abs(right).max() > 1e-3


def test_measures_are_means_over_points_and_over_examples():
    dense, marks = some_data()
    model = training.initial(np.random.default_rng(0), 9, 3, 7)
    model = model._replace(outer=20.0 * model.outer)
    rows = np.arange(2, 21)
    precision, loss = measure(model, as_sparse(dense, marks), rows, 8)
    scores = dense[rows] @ np.asarray(model.inner) @ np.asarray(model.outer)
    order = np.argsort(-scores, axis=1)
    ranked = np.take_along_axis(marks[rows], order, axis=1)
    np.testing.assert_allclose(precision, [ranked[:, :k].mean() for k in (1, 3, 5)], rtol=1e-6)
    normal = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(loss, -normal[marks[rows]].mean(), rtol=1e-5)


def test_the_tables_are_judged_and_drawn(tables):
    outcome = Outcome(STUDY, "small", SMALL, 0, tables)
    keys = {statement.key for statement in STUDY.statements}
    assert {one.statement for one in outcome.findings} == keys
    table = tables["precision"]
    assert table.distinct("data") == ("files",)
    # Two trials; two widths, each one-hot, distilled and two weights, stopped twice; the teacher.
    assert len(table) == 2 * (2 * 4 * 2 + 1)
    assert set(zip(table["student"], table["width"], strict=True)) == {
        ("teacher", 6),
        ("narrow", 2),
        ("wider", 3),
    }
    figure = Figure(figsize=STUDY.figure_size, layout="constrained")
    STUDY.draw(tables, figure)
    assert len(figure.axes) == 2
    figure.canvas.draw()


def test_training_learns_what_there_is_to_learn():
    dense, marks = some_data()
    data, rows = as_sparse(dense, marks), np.arange(20)
    learner = files._Learner(training.initial(np.random.default_rng(0), 9, 3, 7), None)
    before = measure(learner.model, data, rows, 8)
    config, rng = dataclasses.replace(SMALL.files, epochs=60), np.random.default_rng(0)
    files._train([learner], None, data, (rows, rows), config, rng, lambda: None)
    precision, loss = measure(learner.best, data, rows, 8)
    # No ranking that is the same for all points has a P@1 above that of the most frequent label,
    # and no distribution a loss below the entropy of the labels.
    shares = marks[:20].sum(axis=0) / marks[:20].sum()
    assert precision[0] > marks[:20].mean(axis=0).max() + 0.2
    assert loss < -np.sum(shares * np.log(shares)) - 0.2 < before[1]


def test_the_seed_decides_the_tables(paths, tables):
    again, other = (STUDY.on_files(*paths, SMALL, seed, lambda *_: None) for seed in (0, 1))
    for column in tables["precision"].columns:
        np.testing.assert_array_equal(tables["precision"][column], again["precision"][column])
    assert (tables["precision"]["P@5"] != other["precision"]["P@5"]).any()


def test_the_best_model_is_kept_apart_from_the_one_in_training():
    dense, marks = some_data()
    learner = files._Learner(training.initial(np.random.default_rng(0), 9, 3, 7), None)
    kept = []
    for merit in (0.5, 0.7, 0.6, float("nan")):
        for batch in batches(as_sparse(dense, marks), np.arange(8), 8):
            learner.learn(batch, None, 0.1)
        learner.keep(merit, merit)
        kept.append(np.array(learner.best.outer))
    assert learner.merit == 0.7
    assert (kept[1] != kept[0]).any()
    np.testing.assert_array_equal(kept[2], kept[1])
    np.testing.assert_array_equal(kept[3], kept[1])
    assert (np.asarray(learner.model.outer) != kept[3]).any()


def test_the_held_out_and_the_training_points_are_apart(paths, monkeypatch):
    seen = []
    monkeypatch.setattr(files, "_train", lambda *args: seen.append(args[3]))
    STUDY.on_files(*paths, SMALL, 0, lambda *_: None)
    for kept, held_out in seen:
        assert len(held_out) == 4
        assert sorted([*kept, *held_out]) == list(range(20))
    # Another trial, another choice.
    assert {tuple(sorted(held_out)) for _, held_out in seen[:1]} != {
        tuple(sorted(held_out)) for _, held_out in seen[-1:]
    }


def test_the_memory_needed_is_counted():
    config = FileConfig(batch=10, teacher_width=4, widths=(1, 2))
    # Data 2 * 8 * (7 + 3); teacher 5 * 4 units against 2 * 4 + (4 * 6 + 1) * 2 = 58, a unit being
    # 4 * (20 + 30 + 1); scores 12 * 4 * 10 * 30.
    expected = (160 + 58 * 204 + 14_400) / 2**30
    assert needed_memory(20, 30, 7, 3, config, 6) == pytest.approx(expected)
    wide = dataclasses.replace(config, teacher_width=40)
    # 5 * 40 against 2 * 40 + 50.
    assert needed_memory(20, 30, 7, 3, wide, 6) == pytest.approx((160 + 200 * 204 + 14_400) / 2**30)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("1 5 3\n1 2:1\n", "1 6 3\n1 2:1\n", "6 features and 3 labels; expected 5 and 3"),
        ("1 5 3\n1 2:1\n", "1 5 4\n1 2:1\n", "5 features and 4 labels; expected 5 and 3"),
        ("1 5 3\n 2:1\n", "1 5 3\n1 2:1\n", "no point with a label"),
        ("2 5 3\n1 2:1\n1 2:1\n", "1 5 3\n 2:1\n", "test.txt: got no point with a label"),
        ("1 5 3\n1 2:1\n", "1 5 3\n1 2:1\n", "1 points with labels; expected at least 2"),
    ],
)
def test_unfit_files_are_refused(tmp_path, train, test, message):
    paths = tmp_path / "train.txt", tmp_path / "test.txt"
    for path, text in zip(paths, (train, test), strict=True):
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        STUDY.on_files(*paths, SMALL, 0, lambda *_: None)


def test_what_needs_too_much_memory_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "train.txt"
    # The points of the first line are not there at all: that would be seen only by reading.
    path.write_text("490449 135909 670091\n")
    # A teacher's unit for every feature and label takes 4 bytes, five times: 512 * 20 * 806 001.
    with pytest.raises(InputError, match=r"about \d+\.\d GiB; expected at most 2 GiB"):
        STUDY.on_files(path, path, STUDY.sizes["small"], 0, lambda *_: None)


def test_names_of_rows_are_those_of_simulated_data(tables):
    for name, known in {
        "method": {"teacher", "one-hot", "distilled", "double"},
        "stopped": {judgement.BASE["stopped"], judgement.BY_VALIDATION},
        "weights": {"1", "a = 1", "1 - p"},
        "positives": {"observed", "teacher"},
    }.items():
        assert set(tables["precision"].distinct(name)) == known
