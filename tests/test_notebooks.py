"""The notebooks of docs/ run, and what stands in them is what running them prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))

by_name = pytest.mark.parametrize("notebook", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def shown(path: Path) -> list[list[str]]:
    """What each cell prints, and the kinds of what it draws; figures, which differ by processor, as `#`."""
    return [
        [
            re.sub(r"[\d.]+", "#", "".join(output.get("text", [])))
            if output["output_type"] == "stream"
            else ", ".join(sorted(output["data"]))
            for output in cell["outputs"]
        ]
        for cell in code_cells(path)
    ]


def test_the_two_commonest_journeys_have_a_notebook() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {"check-rag-answers", "evaluate-my-embedding-model"}


@by_name
def test_what_is_stored_was_run_from_top_to_bottom_and_names_no_machine(notebook: Path) -> None:
    assert [cell["execution_count"] for cell in code_cells(notebook)] == list(range(1, len(code_cells(notebook)) + 1))
    text = notebook.read_text("utf-8")
    assert not re.search(r"site-packages|/home/|/root/|/tmp/|stderr", text)


@pytest.mark.full
@by_name
def test_running_a_notebook_prints_what_stands_in_it(notebook: Path, tmp_path: Path) -> None:
    copy = tmp_path / notebook.name
    copy.write_bytes(notebook.read_bytes())
    # A process of its own: what the kernel's own packages warn of is none of our business.
    subprocess.run([sys.executable, str(ROOT / "docs" / "make_notebooks.py"), str(copy)], check=True)
    assert shown(copy) == shown(notebook)
