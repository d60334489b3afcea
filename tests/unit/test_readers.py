"""Reading designs: what is accepted, and what every refusal says."""

import sys

import numpy as np
import pytest

from kdtheory import readers
from kdtheory._check import InputError
from kdtheory.readers import DATASETS, load_dataset, read_design

GOOD = "a,b,y\n1,2,3\n4,5,7\n0,1,1\n"
X, WEIGHTS, LABELS = np.arange(15.0).reshape(3, 5), np.ones((2, 3)), np.ones((2, 5))


def write(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def save(tmp_path, name="design.npz", **arrays):
    path = tmp_path / name
    np.savez(path, **arrays)
    return path


def test_npz_is_taken_as_it_is(tmp_path):
    data = read_design(save(tmp_path, X=X, W_star=WEIGHTS, Y=LABELS, Sigma_S=np.eye(3)))
    np.testing.assert_array_equal(data.inputs, X)
    np.testing.assert_array_equal(data.true_weights, WEIGHTS)
    np.testing.assert_array_equal(data.labels, LABELS)
    np.testing.assert_array_equal(data.student_covariance, np.eye(3))
    assert not data.centred


def test_npz_without_weights_needs_labels_only(tmp_path):
    data = read_design(save(tmp_path, X=X, Y=LABELS))
    assert data.true_weights is None
    np.testing.assert_array_equal(data.labels, LABELS)


def test_csv_is_centred_and_turned(tmp_path):
    data = read_design(write(tmp_path, GOOD), targets=["y"])
    np.testing.assert_allclose(
        data.inputs, np.array([[1, 4, 0], [2, 5, 1]]) - [[5 / 3], [8 / 3]], rtol=1e-14
    )
    np.testing.assert_allclose(data.labels, [[3 - 11 / 3, 7 - 11 / 3, 1 - 11 / 3]], rtol=1e-14)
    assert data.features == ("a", "b")
    assert data.outputs == ("y",)
    assert data.centred


def test_csv_standardised(tmp_path):
    data = read_design(write(tmp_path, GOOD), targets=["y"], standardize=True)
    np.testing.assert_allclose(data.inputs.std(axis=1), 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("a,b,y", '"a", "b",y'),
        "\n" + GOOD + "\n\n",
        GOOD.replace("4,5", ' 4 ,"5.0"'),
    ],
)
def test_csv_dialects(tmp_path, text):
    expected = read_design(write(tmp_path, GOOD), targets=["y"])
    found = read_design(write(tmp_path, text, "other.csv"), targets=["y"])
    np.testing.assert_array_equal(found.inputs, expected.inputs)


def test_targets_keep_their_order(tmp_path):
    data = read_design(write(tmp_path, GOOD), targets=["y", "a"])
    assert data.outputs == ("y", "a")
    np.testing.assert_allclose(data.labels[1], np.array([1, 4, 0]) - 5 / 3, rtol=1e-14)


BAD_TABLES = {
    "empty file": (b"", ["y"], ["an empty file"]),
    "blank": ("\n\n", ["y"], ["a blank table", "a header line"]),
    "no header": ("1,2\n3,4\n", ["y"], ["1, 2 in the first line", "a header line"]),
    "header only": ("a,y\n", ["y"], ["a header without rows"]),
    "one row": ("a,y\n1,2\n", ["y"], ["one value 1", "more than one sample"]),
    "word": (GOOD.replace("5", "five"), ["y"], ["'five' in line 3, column 'b'"]),
    "empty cell": (GOOD.replace("5", ""), ["y"], ["an empty cell in line 3, column 'b'"]),
    "nan": (GOOD.replace("5", "nan"), ["y"], ["'nan' in line 3, column 'b'", "impute"]),
    "inf": (GOOD.replace("5", "-inf"), ["y"], ["'-inf' in line 3"]),
    "ragged": (GOOD.replace("4,5,7", "4,5"), ["y"], ["2 cells in line 3", "expected 3"]),
    "all rows too long": ("a,y\n1,2,3\n4,5,6\n", ["y"], ["3 cells in line 2", "expected 2"]),
    "decimal commas": ("a,y\n1,5,2\n3,4,1\n", ["y"], ["3 cells in line 2", "point"]),
    "semicolons": ("a;y\n1;2\n", ["y"], ["'y'", "semicolons"]),
    "missing target": (GOOD, ["z"], ["the target 'z'", "The columns are a, b, y"]),
    "target twice": (GOOD, ["y", "y"], ["named twice"]),
    "no target": (GOOD, [], ["no target column", "--target", "a, b, y"]),
    "only targets": (GOOD, ["a", "b", "y"], ["all targets", "at least one feature"]),
    "constant feature": ("a,b,y\n1,2,3\n1,3,4\n", ["y"], ["feature column 'a'", "value 1"]),
    "constant target": ("a,y\n1,2\n3,2\n", ["y"], ["target column 'y'"]),
    "same name twice": ("a,a,y\n1,2,3\n3,4,5\n", ["y"], ["'a' more than once"]),
    "not text": (b"\xff\xfe\x00a", ["y"], ["UTF-8"]),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_used(tmp_path, name):
    text, targets, parts = BAD_TABLES[name]
    with pytest.raises(InputError) as error:
        read_design(write(tmp_path, text), targets=targets)
    for part in ["expected", *parts]:
        assert part in str(error.value)


BAD_ARRAYS = {
    "no X": ({"W_star": WEIGHTS}, ["the arrays W_star, without X"]),
    "no weights": ({"X": X}, ["without W_star"]),
    "inputs transposed": ({"X": X.T, "W_star": WEIGHTS}, ["X looks transposed", "X.T"]),
    "weights transposed": ({"X": X, "W_star": WEIGHTS.T}, ["transposed", "W_star.T"]),
    "labels transposed": ({"X": X, "Y": LABELS.T}, ["transposed", "Y.T"]),
    "both transposed": ({"X": X.T, "Y": np.ones((2, 3)).T}, ["shape (3, 2)"]),
    "outputs differ": ({"X": X, "W_star": WEIGHTS, "Y": LABELS[:1]}, ["1 outputs", "expected 2"]),
    "one-dimensional": ({"X": X[0], "W_star": WEIGHTS}, ["X: got an array of shape (5,)"]),
    "nan": ({"X": np.full((3, 5), np.nan), "W_star": WEIGHTS}, ["X: got nan at index (0, 0)"]),
    "inf": ({"X": X, "W_star": WEIGHTS * np.inf}, ["W_star: got inf"]),
    "text": ({"X": X.astype(str), "W_star": WEIGHTS}, ["X: got text"]),
    "complex": ({"X": X * 1j, "W_star": WEIGHTS}, ["X: got complex numbers"]),
    "objects": ({"X": X.astype(object), "W_star": WEIGHTS}, ["Python objects", "unpickled"]),
    "empty": ({"X": X[:, :0], "W_star": WEIGHTS}, ["X: got an empty array of shape (3, 0)"]),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_arrays_that_cannot_be_used(tmp_path, name):
    arrays, parts = BAD_ARRAYS[name]
    with pytest.raises(InputError) as error:
        read_design(save(tmp_path, **arrays))
    for part in ["expected", *parts]:
        assert part in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_design(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="a folder"):
        read_design(tmp_path)


def test_an_unknown_extension(tmp_path):
    for name, part in [("table.xlsx", "'.xlsx'"), ("table", "no extension")]:
        with pytest.raises(InputError) as error:
            read_design(write(tmp_path, GOOD, name))
        assert part in str(error.value)


def test_an_archive_that_is_none(tmp_path):
    with pytest.raises(InputError, match="not a zip archive"):
        read_design(write(tmp_path, GOOD, "design.npz"))
    whole = save(tmp_path, X=X, W_star=WEIGHTS).read_bytes()
    with pytest.raises(InputError, match=r"not a zip archive|cannot be read"):
        read_design(write(tmp_path, whole[: len(whole) // 2], "cut.npz"))
    damaged = bytearray(whole)
    damaged[200] ^= 0xFF
    with pytest.raises(InputError, match="cannot be read"):
        read_design(write(tmp_path, bytes(damaged), "damaged.npz"))


def test_options_that_do_not_belong_to_an_archive(tmp_path):
    path = save(tmp_path, X=X, W_star=WEIGHTS)
    with pytest.raises(InputError, match="target columns"):
        read_design(path, targets=["y"])
    with pytest.raises(InputError, match="standardisation"):
        read_design(path, standardize=True)


@pytest.mark.parametrize("name", DATASETS)
def test_every_shipped_data_set(name):
    data = load_dataset(name)
    assert data.inputs.shape[0] == len(data.features)
    assert data.labels.shape == (len(data.outputs), data.inputs.shape[1])
    assert np.abs(data.inputs.mean(axis=1)).max() <= 1e-12 * np.abs(data.inputs).max()
    assert np.ptp(data.inputs, axis=1).min() > 0


def test_classes_become_indicators():
    data = load_dataset("iris", targets=["setosa"])
    np.testing.assert_allclose(np.unique(data.labels), [-1 / 3, 2 / 3], rtol=1e-14)
    assert len(load_dataset("digits").dropped) == 3


def test_an_unknown_data_set():
    with pytest.raises(InputError, match="one of diabetes"):
        load_dataset("mnist")
    with pytest.raises(InputError, match="the target 'rose'"):
        load_dataset("iris", targets=["rose"])


def test_scikit_learn_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError) as error:
        load_dataset("iris")
    assert "kdtheory[replications]" in str(error.value)


def test_a_long_table_is_read_without_the_slow_diagnosis(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_refuse_rows", None)
    rows = np.random.default_rng(0).normal(size=(10**5, 3))
    text = "a,b,y\n" + "\n".join(",".join(map(str, row)) for row in rows.tolist())
    assert read_design(write(tmp_path, text), targets=["y"]).inputs.shape == (2, 10**5)
