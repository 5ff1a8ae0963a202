"""A notebook as a Markdown page: its words, its code, and what the code printed or drew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LINK = "\n\n[Download this notebook]({name}){{ .md-button }}\n"


def page_of(path: Path) -> str:
    """The page of a notebook that was run."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    first, *others = [part for cell in cells for part in _parts(cell)]
    # Below the title stands where the notebook itself can be had.
    return "\n\n".join([first + _LINK.format(name=path.name), *others]) + "\n"


def _parts(cell: Mapping[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
    elif cell["cell_type"] == "code":
        yield f"```python\n{source}\n```"
        for output in cell["outputs"]:
            yield from _shown(output)


def _shown(output: Mapping[str, Any]) -> Iterator[str]:
    """One output: a stream, an error, or a value in the richest form that a page can show."""
    if output["output_type"] == "stream":
        yield _text("".join(output["text"]))
        return
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).replace("\n", "")
        words = output.get("metadata", {}).get("image/png", {}).get("alt", "what the code above draws")
        yield f'<img alt="{words}" src="data:image/png;base64,{picture}">'
    elif "text/plain" in data:
        yield _text("".join(data["text/plain"]))


def _text(said: str) -> str:
    return f'<div class="printed" markdown>\n\n```text\n{said.rstrip()}\n```\n\n</div>'
