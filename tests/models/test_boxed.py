"""Names of the models in the box: they lead to their folders, unless a folder of the user's has that very name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crossjudge import CrossEncoder
from crossjudge.models.boxed import BOXED, EMBEDDED, EMBEDDED_NAME, boxed_name
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.registry import find_card


@pytest.mark.parametrize("name", BOXED)
def test_every_name_is_a_cards_and_opens_its_folder(name: str) -> None:
    card = find_card(name)
    assert card is not None
    for written in (name, name.upper(), f" {name} ", *card.aliases):
        assert boxed_name(written) == name
        checkpoint = load_checkpoint(written, local_files_only=True)
        assert (checkpoint.name, checkpoint.folder, checkpoint.labels) == (name, BOXED[name], card.labels)


@pytest.mark.parametrize("name", ["cross-encoder/nli-deberta-v3-small", "embedde", "", "./embedded", "models/embedded"])
def test_all_else_is_not_in_the_box(name: str) -> None:
    assert boxed_name(name) is None


def test_a_folder_of_that_name_is_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(EMBEDDED, tmp_path / EMBEDDED_NAME, ignore=shutil.ignore_patterns("*.npy"))
    monkeypatch.chdir(tmp_path)
    assert boxed_name(EMBEDDED_NAME) is None
    assert load_checkpoint(EMBEDDED_NAME).folder == tmp_path / EMBEDDED_NAME
    assert load_checkpoint(None).folder == CrossEncoder().checkpoint.folder == EMBEDDED, "where no model is named"


def test_no_name_is_the_embedded_model() -> None:
    assert CrossEncoder().name == CrossEncoder(None).name == EMBEDDED_NAME
    assert CrossEncoder().fingerprint == CrossEncoder(EMBEDDED_NAME).fingerprint
