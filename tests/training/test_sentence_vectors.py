"""Layers of the sentence vectors' own: they come nearer to the starting encoder, and no judgement changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.errors import InputError, MissingFileError
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_export import export_one_way, read_weights
from crossjudge.training import TrainConfig, train
from crossjudge.training.sentence_vectors import VectorSettings, give_vector_layers, vector_loss
from tiny_checkpoints import make_bi_encoder
from tiny_sets import nli_rows

PAIRS = [(row["premise"], row["hypothesis"]) for row in nli_rows(60)]
TEXTS = [text for pair in PAIRS for text in pair]
SETTINGS = VectorSettings(layers=1, learning_rate=3e-3, token_budget=256, max_length=48)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bi_encoder(tmp_path_factory.mktemp("base") / "encoder", "bert", layout="hf")


@pytest.fixture
def run(base: Path, data: Path, mixture: Path, tmp_path: Path) -> Path:
    """A run that has moved away from its base."""
    given: dict[str, Any] = {"base": base, "mixture": mixture, "data": data, "out": tmp_path / "run"}
    settings = {"epochs": 4, "learning_rate": 3e-3, "batch_size": 8, "max_length": 64, "precision": "fp32"}
    return train(TrainConfig(**given, **settings))


Given = Callable[..., Path]


@pytest.fixture
def given(base: Path, data: Path, mixture: Path) -> Given:
    """`give_vector_layers` of that run, with the rest filled in."""

    def made(run: Path, out: Path, **changes: Any) -> Path:
        usual = {"base": base, "mixture": mixture, "data": data, "settings": SETTINGS}
        return give_vector_layers(run, out, **{**usual, **changes})

    return made


def nearness(exported: Path, base: Path) -> float:
    """Mean cosine between the vectors of an exported model and those of the base."""
    ours = BiEncoder(exported).encode(TEXTS)
    theirs = BiEncoder(base, backend="torch", device="cpu").encode(TEXTS)
    unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (ours, theirs)]
    return float((unit[0] * unit[1]).sum(1).mean())


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_vectors_come_nearer_to_the_base_and_judgements_stay(
    given: Given, run: Path, base: Path, tmp_path: Path, precision: str
) -> None:
    out = given(run, tmp_path / "out", settings=replace(SETTINGS, epochs=20))
    before, after = (
        export_one_way(folder, tmp_path / f"{folder.name}-{precision}", precision=precision) for folder in (run, out)
    )
    assert 1 - nearness(after, base) < (1 - nearness(before, base)) / 2
    # In int8 the last judging layer's scales no longer have to fit premises too.
    tolerance = 0.0 if precision == "fp32" else 0.15
    np.testing.assert_allclose(CrossEncoder(after).logits(PAIRS), CrossEncoder(before).logits(PAIRS), atol=tolerance)


def test_every_backend_and_the_weights_read_back_have_these_layers(given: Given, run: Path, tmp_path: Path) -> None:
    out = given(run, tmp_path / "out")
    exported = export_one_way(out, tmp_path / "exported", precision="fp32")
    assert {name for name in read_weights(exported) if name.startswith("embedding_layers.0.")}
    rounded = export_one_way(out, tmp_path / "int8", precision="int8")
    torch_logits = CrossEncoder(rounded, backend="torch", device="cpu").logits(PAIRS)
    np.testing.assert_allclose(torch_logits, CrossEncoder(exported).logits(PAIRS), atol=0.3)
    assert not np.allclose(torch_logits, CrossEncoder(exported).logits(PAIRS), atol=1e-6)
    assert json.loads((exported / "config.json").read_text())["embedding_layers"] == 1
    assert (BiEncoder(exported).max_length, CrossEncoder(exported).max_length) == (48, 64)
    assert BiEncoder(exported, max_length=60).max_length == 60
    vectors = BiEncoder(exported).encode(TEXTS[:8])
    np.testing.assert_allclose(BiEncoder(exported, backend="torch", device="cpu").encode(TEXTS[:8]), vectors, atol=1e-4)
    pytest.importorskip("openvino")
    fused = BiEncoder(exported, backend="openvino", precision="fp32").encode(TEXTS[:8])
    np.testing.assert_allclose(fused, vectors, atol=1e-4)


def test_the_record_says_so_and_further_training_leaves_them_behind(
    given: Given, run: Path, base: Path, data: Path, mixture: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    out = given(run, tmp_path / "out", progress=lambda *done: seen.append(done))
    said = json.loads((out / "training_record.json").read_text())["sentence_vectors"]
    assert (said["settings"]["layers"], said["texts"], said["rows"]) == (1, len(set(TEXTS)), {"snli": 60})
    assert said["sets"][0]["licences"]
    with pytest.raises(InputError, match="is there already"):
        given(run, out)
    again = given(out, tmp_path / "again", settings=replace(SETTINGS, layers=2))
    assert json.loads((again / "config.json").read_text())["embedding_layers"] == 2
    assert seen[-1][0] == seen[-1][1]
    settings: dict[str, Any] = {"base": base, "mixture": mixture, "data": data, "max_length": 64, "epochs": 0.1}
    further = train(TrainConfig(**settings, weights=out, out=tmp_path / "on"))
    assert "embedding_layers" not in json.loads((further / "config.json").read_text())


def test_vectors_that_are_off_alike_cost_less_than_those_that_are_off_apart() -> None:
    given = torch.eye(4)[:2]
    turned = torch.eye(4)[2:]
    apart = torch.stack([given[1], given[1]])
    assert float(vector_loss(given, given, 1.0)) == 0
    assert float(vector_loss(turned, given, 1.0)) == 1
    assert float(vector_loss(apart, given, 1.0)) == pytest.approx(0.5 + 0.5)


def test_what_cannot_be_given_such_layers_is_refused(
    given: Given, run: Path, base: Path, mixture: Path, tmp_path: Path
) -> None:
    with pytest.raises(MissingFileError, match="Name the folder of a finished run"):
        given(tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match="layers is 0; expected more than zero"):
        VectorSettings(layers=0)
    with pytest.raises(InputError, match="embedding_layers=9; expected 0 to 2"):
        given(run, tmp_path / "out", settings=VectorSettings(layers=9))
    with pytest.raises(MissingFileError, match="holds a graph and no weights"):
        give_vector_layers(run, tmp_path / "out", base="embedded", mixture=mixture)
    other = make_bi_encoder(tmp_path / "other", "roberta", layout="hf")
    with pytest.raises(InputError, match=r"its (hidden|vocab)_size is \d+, and the run's is"):
        give_vector_layers(run, tmp_path / "out", base=other, mixture=mixture)
    assert not (tmp_path / "out").exists()


def test_shapes_are_written_where_they_are_unusual() -> None:
    assert OneWayConfig(**{**CONFIG, "embedding_layers": 2}).to_dict()["embedding_layers"] == 2
    assert "embedding_layers" not in OneWayConfig(**CONFIG).to_dict()


CONFIG: dict[str, Any] = {
    "vocab_size": 8,
    "hidden_size": 4,
    "num_layers": 2,
    "num_heads": 2,
    "intermediate_size": 8,
    "max_positions": 8,
    "heads": {"nli": ("a", "b")},
}


def test_vectors_stay_where_all_that_they_stand_on_is_frozen(
    given: Given, run: Path, base: Path, data: Path, mixture: Path, tmp_path: Path
) -> None:
    out = given(run, tmp_path / "out")
    usual: dict[str, Any] = {"base": base, "mixture": mixture, "data": data, "max_length": 64, "precision": "fp32"}
    further = train(
        TrainConfig(**usual, weights=out, frozen_layers=1, out=tmp_path / "on", epochs=1, learning_rate=3e-3)
    )
    before, after = load_file(out / "model.safetensors"), load_file(further / "model.safetensors")
    assert before.keys() == after.keys()
    moved = {name.split(".")[0] + name.split(".")[1] for name in before if not before[name].equal(after[name])}
    assert moved == {"layers1", "headsnli"}
    record = json.loads((further / "training_record.json").read_text())
    assert record["sentence_vectors"]["texts"] == len(set(TEXTS))
    vectors = [
        BiEncoder(export_one_way(folder, tmp_path / f"{folder.name}-fp32", precision="fp32")).encode(TEXTS[:8])
        for folder in (out, further)
    ]
    np.testing.assert_array_equal(*vectors)


def test_vectors_are_left_behind_where_a_layer_beneath_them_moves(
    given: Given, run: Path, base: Path, data: Path, mixture: Path, tmp_path: Path
) -> None:
    out = given(run, tmp_path / "out", settings=replace(SETTINGS, layers=2))
    usual: dict[str, Any] = {"base": base, "mixture": mixture, "data": data, "max_length": 64, "epochs": 0.1}
    kept = train(TrainConfig(**usual, weights=out, frozen_layers=1, out=tmp_path / "kept"))
    assert json.loads((kept / "config.json").read_text())["embedding_layers"] == 2
    alone = given(run, tmp_path / "alone")
    left = train(TrainConfig(**usual, weights=alone, out=tmp_path / "left"))
    assert "embedding_layers" not in json.loads((left / "config.json").read_text())
    with pytest.raises(InputError, match="frozen_layers is 3, and the network has 2 layers"):
        train(TrainConfig(**usual, weights=out, frozen_layers=3, out=tmp_path / "more"))
