"""A folder of one small set, and a mixture that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiny_sets import nli_rows, write_rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with 60 pairs under the name of SNLI."""
    write_rows(tmp_path / "data" / "nli" / "snli.train.jsonl.gz", nli_rows(60))
    return tmp_path / "data"


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    path = tmp_path / "mixture.toml"
    path.write_text('[[set]]\nname = "snli"\n')
    return path
