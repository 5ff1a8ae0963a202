"""What a model card says of how the weights came about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossjudge.models.boxed import BOXED
from crossjudge.training.card import boxed_as, write_card

LESSON = {"head": "nli", "teacher": "abc:def:onnx:int8", "kind": "kl", "temperature": 2.0, "weight": 1.0}


@pytest.fixture
def record() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((BOXED["embedded-joint"] / "training_record.json").read_text("utf-8"))
    del content["averaged_with"]
    return content


def card(record: dict[str, Any], folder: Path) -> str:
    write_card(folder / "README.md", record)
    return (folder / "README.md").read_text("utf-8").split("## Training\n")[1].split("\n\n")[-1]


def test_a_teacher_and_the_layers_that_were_kept_are_stated(record: dict[str, Any], tmp_path: Path) -> None:
    plain = card(record, tmp_path)
    assert "taught" not in plain
    assert "layers" not in plain
    record["settings"]["layers"] = [2, 4, 6]
    taught = card(record | {"distillation": LESSON}, tmp_path)
    assert "It kept the layers 2, 4, 6 of the run before." in taught
    assert "`nli` was taught by abc:def:onnx:int8 too (kl, temperature 2, weight 1 beside the gold)" in taught


def test_layers_of_the_sentence_vectors_own_are_stated_with_what_they_learned_from(
    record: dict[str, Any], tmp_path: Path
) -> None:
    own = {"settings": {"layers": 2}, "rows": {"enwiki_0": 8000, "snli_pieces": 40}, "texts": 15000}
    said = card(record | {"sentence_vectors": own}, tmp_path)
    assert "Then 2 layers of their own for the sentence vectors" in said
    assert "15,000 texts, of pairs of enwiki_0 (8,000; CC BY-SA" in said


def test_layers_that_stayed_as_they_were_are_stated_and_what_stands_on_them_only_once(
    record: dict[str, Any], tmp_path: Path
) -> None:
    own = {"settings": {"layers": 2}, "rows": {"enwiki_0": 8000}, "texts": 15000}
    earlier = record | {"sentence_vectors": own}
    later = earlier | {"earlier": earlier, "settings": record["settings"] | {"frozen_layers": 4}}
    said = card(later, tmp_path)
    assert "The first 4 layers, and all that stands on them alone, stayed as they were." in said
    assert "sentence vectors" not in said
    assert "layers of their own for the sentence vectors" in (tmp_path / "README.md").read_text("utf-8")


def test_a_mean_says_how_often_each_of_its_weights_counts(record: dict[str, Any], tmp_path: Path) -> None:
    own, other = ({"settings": record["settings"] | seed} for seed in ({}, {"seed": -1}))
    assert "mean" not in card(record, tmp_path)
    assert "Then the mean with the weights before it." in card(record | {"averaged_with": [other]}, tmp_path)
    twice = card(record | {"averaged_with": [own, other]}, tmp_path)
    assert "Then the mean of these weights, counted 2 times, and of 1 earlier ones." in twice


@pytest.mark.parametrize("name", BOXED)
def test_a_card_is_of_the_model_that_it_lies_beside(name: str) -> None:
    content = json.loads((BOXED[name] / "training_record.json").read_text("utf-8"))
    assert boxed_as(content) == name
    text = (BOXED[name] / "README.md").read_text("utf-8")
    assert f"\n# crossjudge {name}\n" in text
    assert (f" --model {name} " in text) == (name != "embedded")
