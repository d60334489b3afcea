"""Runs notebooks, two at a time; with ``--write`` keeps their outputs, less what is volatile."""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image  # matplotlib brings it

FOLDER = Path(__file__).parent

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""All that a notebook says about where it ran."""

CELL_SECONDS = 300


def stabilise(notebook: nbformat.NotebookNode) -> None:
    """Removes what differs from run to run: timings, versions, names of cells, addresses.

    Args:
        notebook: the notebook, changed in place.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for index, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{index:02d}", nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = nbformat.from_dict({})
                if "image/png" in output.data:
                    output.data["image/png"] = small(output.data["image/png"])
                if len(output.data) > 1:  # a picture or Markdown: its plain text says no more
                    output.data.pop("text/plain", None)


def small(picture: str) -> str:
    """Returns a picture in 128 colours, a third of its size; figures of lines lose nothing by it.

    Args:
        picture: a PNG file in base 64.
    """
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    file = io.BytesIO()
    image.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        file, "PNG", optimize=True
    )
    return base64.b64encode(file.getvalue()).decode()


def execute(path: Path, write: bool) -> str:
    """Runs one notebook in a kernel of its own.

    Args:
        path: the notebook.
        write: whether to keep the outputs.

    Returns:
        What went wrong, or nothing.
    """
    started = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, coalesce_streams=True, resources={"metadata": {}}
    )
    try:
        client.execute(cwd=str(FOLDER.parent))
    except CellExecutionError as problem:
        return f"{path.name}: {problem}"
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                return f"{path.name}: a cell wrote to standard error:\n{output.text}"
    if write:
        stabilise(notebook)
        nbformat.write(notebook, path)
    print(f"{path.stem:26} {time.perf_counter() - started:6.1f} s", flush=True)
    return ""


def main() -> int:
    """Runs the notebooks that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="notebooks, without .ipynb; all if left out")
    parser.add_argument("--write", action="store_true", help="keep the outputs")
    chosen = parser.parse_args()
    # A batched decomposition can wait for ever on several threads of jaxlib's CPU client.
    os.environ.setdefault("PJRT_NPROC", "1")
    # A notebook runs a program once or twice: compiling is what takes the time.
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    paths = [FOLDER / f"{name}.ipynb" for name in chosen.names] or sorted(FOLDER.glob("*.ipynb"))
    with ThreadPoolExecutor(2) as pool:
        texts = pool.map(lambda path: execute(path, chosen.write), paths)
        problems = [text for text in texts if text]
    for text in problems:
        print(text, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
