"""The reader of the extreme classification format: what it reads, and what it refuses."""

import gzip

import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.replications import extreme_text
from kdtheory.replications.extreme_text import count_entries, read_extreme_text, read_header

GOOD = """4 5 3
0,2 0:0.5 3:2
 1:-1.5e-1 4:3
1 2:1

"""


def written(folder, text, name="data.txt"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_a_small_file_is_read_entry_by_entry(tmp_path):
    path = written(tmp_path, GOOD)
    data = read_extreme_text(path)
    # The second point has no labels, the third one feature, the last, a blank line, nothing.
    features = np.array(
        [[0.5, 0, 0, 2, 0], [0, -0.15, 0, 0, 3], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], np.float32
    )
    labels = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_array_equal(data.features.toarray(), features)
    np.testing.assert_array_equal(data.labels.toarray(), labels)
    assert data.features.dtype == data.labels.dtype == np.float32
    # The zero that stands in for a blank line is no entry: 2 + 2 + 1.
    assert data.features.nnz == 5
    assert (read_header(path).points, read_header(path).features, read_header(path).labels) == (
        4,
        5,
        3,
    )
    # Five pairs; one comma and four points: at most five labels.
    assert count_entries(path) == (5, 5)


@pytest.mark.parametrize("lines", [1, 2, 3, 10_000])
def test_what_is_written_is_read_whatever_the_pieces(tmp_path, monkeypatch, lines):
    monkeypatch.setattr(extreme_text, "_LINES", lines)
    rng = np.random.default_rng(0)
    features = np.where(rng.random((7, 6)) < 0.5, rng.standard_normal((7, 6)), 0.0)
    labels = rng.random((7, 4)) < 0.4
    text = "7 6 4\n"
    for row, marks in zip(features, labels, strict=True):
        # In any order of pairs.
        pairs = [f"{i}:{float(row[i])!r}" for i in rng.permutation(np.flatnonzero(row))]
        text += ",".join(map(str, rng.permutation(np.flatnonzero(marks)))) + " "
        text += " ".join(pairs) + "\n"
    data = read_extreme_text(written(tmp_path, text + "\n \n"))
    np.testing.assert_array_equal(data.features.toarray(), features.astype(np.float32))
    np.testing.assert_array_equal(data.labels.toarray(), labels)


def test_compressed_windows_text_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "data.txt.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()))
    plain = read_extreme_text(written(tmp_path, GOOD))
    data = read_extreme_text(path)
    np.testing.assert_array_equal(data.features.toarray(), plain.features.toarray())
    np.testing.assert_array_equal(data.labels.toarray(), plain.labels.toarray())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("0,2 0:0.5 3:2\n1 2:1\n", "'0,2 0:0.5 3:2' in line 1"),
        ("4 5\n1 2:1\n", "'4 5' in line 1"),
        ("1 0 3\n1 2:1\n", "three integers above zero"),
        ("1 5 3.0\n1 2:1\n", "'1 5 3.0' in line 1"),
        ("2 5 3\n1 2:1\n", "only 1; expected the 2 points"),
        ("1 5 3\n1 2:1\n\n2 2:1\n", "a point more in line 4; expected the 1 points"),
        ("2 5 3\n1 2:1\n1 5:1\n", "the feature 5 in line 3; .* subtract one"),
        ("2 5 3\n1 2:1\n1 7:1\n", "the feature 7 in line 3; expected 0 to 4. Line 1 says"),
        ("2 5 3\n3 2:1\n1 1:1\n", "the label 3 in line 2; .* subtract one"),
        ("2 5 3\n-1 2:1\n1 1:1\n", "the label '-1' in line 2"),
        ("1 5 3\n1 -2:1\n", "the feature '-2' in line 2"),
        ("1 5 3\n1.5 2:1\n", "the label '1.5' in line 2"),
        ("1 5 3\n1,,2 2:1\n", "the label '' in line 2"),
        ("1 5 3\n1 99999999999999999999:1\n", "the feature 99999999999999999999 in line 2"),
        ("1 5 3\n1, 2 2:1\n", "the label '' in line 2"),
        ("1 5 3\n1 2 2:1\n", "'2' in line 2; .* Separate labels by commas"),
        ("1 5 3\n1 2:nan\n", "'2:nan' in line 2; expected a finite number"),
        ("1 5 3\n1 2:1e999\n", "'2:1e999' in line 2; expected a finite number"),
        ("1 5 3\n1 2:1e39\n", "'2:1e39' in line 2; expected a finite number"),
        ("1 5 3\n1 2:x\n", "'2:x' in line 2"),
        ("1 5 3\n1 2:1_0\n", "'2:1_0' in line 2"),
        ("1 5 3\n1 2:\n", "'2:' in line 2"),
        ("1 5 3\n1 2:0,5\n", "'2:0,5' in line 2; .* with a point"),
        ("1 5 3\n1 2:1 # a remark\n", "'#' in line 2"),
        ("1 5 3\n1 qid:4 2:1\n", "the feature 'qid' in line 2"),
        ("1 5 3\n1 2:1 0:1 2:3\n", "the feature 2 more than once in line 2"),
        ("1 5 3\n2,1,2 2:1\n", "the label 2 more than once in line 2"),
    ],
)
def test_refusals_name_the_line_and_the_remedy(tmp_path, text, message):
    with pytest.raises(InputError, match=f"data.txt: got .*{message}"):
        read_extreme_text(written(tmp_path, text))


def test_the_line_is_counted_over_the_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(extreme_text, "_LINES", 2)
    text = "5 5 3\n" + "1 2:1\n" * 4 + "1 2:x\n"
    with pytest.raises(InputError, match="'2:x' in line 6"):
        read_extreme_text(written(tmp_path, text))


def test_what_is_no_text_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_extreme_text(tmp_path / "nothing.txt")
    with pytest.raises(InputError, match="a folder"):
        read_header(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        count_entries(written(tmp_path, GOOD, "plain.gz"))
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"2000 5 3\n" + b"1 2:0.123\n" * 2000)[:-12])
    with pytest.raises(InputError, match="cannot be read"):
        read_extreme_text(cut)
    with pytest.raises(InputError, match="in line 1"):
        read_extreme_text(written(tmp_path, "\x00\x01\x02", "binary.bin"))
