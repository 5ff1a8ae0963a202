"""Runs the notebooks and keeps what they print and draw: `python docs/make_notebooks.py [NOTEBOOK ...]`.

They lie in docs/notebooks. Run this after a change of the model or of a notebook's code; no output is written by hand.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent / "notebooks"
PATIENCE_S = 900
"""How long one cell may take on a busy machine."""


def main() -> None:
    """Run them and write them back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    for path in parser.parse_args().notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        path.write_text(in_json(run(path)), encoding="utf-8")
        print(path)


def run(path: Path) -> nbformat.NotebookNode:
    """A notebook with new outputs, run in a folder of its own without a hub; a cell that fails raises."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        # Spoken to through files, not through a port that others on this machine could listen on.
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=str(Path(folder) / "kernel"))
        client = NotebookClient(
            notebook,
            km=kernel,
            timeout=PATIENCE_S,
            startup_timeout=PATIENCE_S,
            record_timing=False,
            coalesce_streams=True,
        )
        client.owns_km = True  # so that it ends with the notebook
        client.execute(cwd=folder)
    return notebook


def in_json(notebook: nbformat.NotebookNode) -> str:
    """As it is stored: nothing in it says on which machine it was run, or in which environment."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    return nbformat.writes(notebook) + "\n"


if __name__ == "__main__":
    main()
