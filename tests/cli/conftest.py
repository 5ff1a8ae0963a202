"""Every command runs offline, and its cache folders are its own."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossjudge.serving.logs import JsonLines


@pytest.fixture(autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(folder / "hub"))
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(folder / "graphs"))
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture(autouse=True)
def _no_log_of_the_last_test() -> Iterator[None]:
    """`crossjudge serve` sends the whole process's log to standard error, which is closed when its test has ended."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonLines)]:
        root.removeHandler(handler)
    root.setLevel(level)
