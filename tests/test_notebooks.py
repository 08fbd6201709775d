"""The notebooks run from top to bottom, as a reader would run them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import topokit

FOLDER = Path(topokit.__file__).parents[1] / "notebooks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    run(path)


@pytest.mark.datasets
@pytest.mark.usefixtures("datasets_folder")
@pytest.mark.parametrize("path", sorted((FOLDER / "papers").glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_of_a_paper_runs(path: Path) -> None:
    run(path)


def run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are made by whoever runs it"
    place = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    printed = [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    ]
    assert not [output.text for output in printed if "Warning" in output.text]
