"""Every command runs offline, and its cache folders are its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(folder / "hub"))
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(folder / "graphs"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
