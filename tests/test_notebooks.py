"""The notebooks as they are committed: executed, small, and the same wherever they were run.

That they run is `make notebooks`; here only the files are read.
"""

import base64
import json
import re
from pathlib import Path

import pytest

from proofs_check.catalogue import ROOMS

FOLDER = Path(__file__).parents[1] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
LARGEST, LARGEST_PICTURE = 300_000, 60_000

# A path from the root of somebody's machine, which is neither part of an address nor a fraction.
ABSOLUTE = re.compile(
    r"(?<![\w.:/])/(?:home|root|tmp|usr|opt|var|mnt|work|Users|private)/|\b[A-Z]:\\"
)


def joined(lines):
    return "".join(lines)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs_of(notebook):
    return [output for cell in code_cells(notebook) for output in cell["outputs"]]


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_every_room_has_a_notebook():
    assert set(ROOMS) <= {path.stem for path in PATHS}


def test_is_executed_from_top_to_bottom(path):
    notebook = read(path)
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    # All but the first, which imports, and cells that only define something show something.
    silent = [cell for cell in cells[1:] if not cell["outputs"]]
    assert not silent, [joined(cell["source"])[:60] for cell in silent]


def test_has_no_errors_and_no_warnings(path):
    for output in outputs_of(read(path)):
        assert output["output_type"] != "error"
        assert output.get("name") != "stderr"
        assert "Warning" not in joined(output.get("text", []))


def test_is_small(path):
    assert path.stat().st_size < LARGEST
    pictures = [
        joined(output["data"]["image/png"])
        for output in outputs_of(read(path))
        if "image/png" in output.get("data", {})
    ]
    assert pictures, "a notebook without a figure"
    for picture in pictures:
        assert len(base64.b64decode(picture)) < LARGEST_PICTURE


def test_says_nothing_of_the_machine(path):
    notebook = read(path)
    shown = [joined(output.get("text", [])) for output in outputs_of(notebook)]
    shown += [
        joined(output["data"].get("text/markdown", []) or output["data"].get("text/plain", []))
        for output in outputs_of(notebook)
        if "data" in output
    ]
    shown += [joined(cell["source"]) for cell in notebook["cells"]]
    for text in shown:
        assert not ABSOLUTE.search(text), text
        assert not re.search(r"<[\w.]+ object at 0x|\bat 0x[0-9a-f]{6,}", text), text


def test_metadata_do_not_change_from_run_to_run(path):
    notebook = read(path)
    assert notebook["metadata"] == METADATA
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert [cell["id"] for cell in notebook["cells"]] == [
        f"cell-{index:02d}" for index in range(len(notebook["cells"]))
    ]
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert all(not output.get("metadata") for output in outputs_of(notebook))


def test_formulas_are_closed(path):
    """Every dollar sign in the prose has its partner, and braces inside formulas match."""
    for cell in read(path)["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        text = re.sub(r"`[^`]*`", "", joined(cell["source"]))
        displays = re.findall(r"\$\$(.+?)\$\$", text, flags=re.DOTALL)
        rest = re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL)
        inline = re.findall(r"\$([^$]+)\$", rest)
        assert "$" not in re.sub(r"\$[^$]+\$", "", rest), text
        for formula in [*displays, *inline]:
            plain = formula.replace(r"\{", "").replace(r"\}", "")
            assert plain.count("{") == plain.count("}"), formula
            assert formula.count(r"\left") == formula.count(r"\right"), formula
            assert formula.count(r"\begin") == formula.count(r"\end"), formula


def test_reads_like_an_article(path):
    """It opens with a title and a story, ends in prose, is short, and has no lists of points."""
    cells = read(path)["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert joined(cells[0]["source"]).startswith("# ")
    assert cells[-1]["cell_type"] == "markdown"
    assert 8 <= len(cells) <= 24
    assert not any(line.startswith(("- ", "* ")) for c in cells for line in c["source"])


# --- what a room's notebook shows -----------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_shows_its_claims(room):
    """A tight case, a dropped assumption where there is one, a refutation, what to take away."""
    from kdtheory.theorems import CLAIMS

    notebook = read(FOLDER / f"{room}.ipynb")
    code = "\n".join(joined(cell["source"]) for cell in code_cells(notebook))
    assert f'"{room}/' in code
    assert ".tight" in code
    assert "kd.falsify(" in code
    if any(claim.broken for claim in CLAIMS if claim.slug.startswith(f"{room}/")):
        assert "kd.ablate(" in code
    assert "**To take away.**" in joined(notebook["cells"][-1]["source"])


@pytest.mark.parametrize("room", ROOMS)
def test_slugs_exist(room):
    """Every slug in the code is one of the catalogue's, or named as the reader's own."""
    from kdtheory.theorems import CLAIMS

    known = {claim.slug for claim in CLAIMS}
    notebook = read(FOLDER / f"{room}.ipynb")
    for cell in code_cells(notebook):
        for slug in re.findall(rf'"({room}/\w+)"', joined(cell["source"])):
            assert slug in known, slug
