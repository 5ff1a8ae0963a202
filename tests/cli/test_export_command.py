"""`crossjudge export`: a folder that the other commands can use without torch."""

import numpy as np
import pytest
from command_line import crossjudge, in_new_process

from crossjudge import CrossEncoder
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.manifest import verify_manifest


def test_what_cannot_be_exported_is_exit_code_2(tmp_path):
    answer = crossjudge("export", "./no-such-folder", tmp_path / "out")
    assert (answer.code, answer.out) == (2, "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["embedded", EMBEDDED])
def test_the_embedded_model_is_copied_with_every_file_it_needs(tmp_path, name):
    answer = crossjudge("export", name, tmp_path / "out", "--json", "--quiet")
    assert (answer.code, answer.rows[0]["precision"]) == (0, "int8")
    verify_manifest(tmp_path / "out")
    copy, original = CrossEncoder(tmp_path / "out"), CrossEncoder()
    assert copy.fingerprint == original.fingerprint
    np.testing.assert_array_equal(copy.logits([("a dog", "a cat")]), original.logits([("a dog", "a cat")]))


@pytest.mark.parametrize("words", [("--precision", "fp32"), ("--max-length", "100")])
def test_a_graph_that_is_there_is_not_made_another(tmp_path, words):
    answer = crossjudge("export", "embedded", tmp_path / "out", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "already" in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("precision", ["bf16", "fp16", "int3"])
def test_a_precision_that_no_model_is_written_in_is_not_offered(tmp_path, precision):
    answer = crossjudge("export", "embedded", tmp_path / "out", "--precision", precision)
    assert answer.code == 2
    assert precision not in crossjudge("export", "--help", width=200).out


def test_both_arguments_are_needed():
    assert crossjudge("export").code == 2
    assert crossjudge("export", "model").code == 2


@pytest.mark.full
def test_an_exported_folder_predicts_like_its_checkpoint(tmp_path):
    pytest.importorskip("torch")
    from tiny_checkpoints import make_checkpoint

    source = tmp_path / "source"
    make_checkpoint(source, "bert", num_labels=1)
    answer = crossjudge("export", source, tmp_path / "out", "--json", "--quiet")
    assert answer.code == 0
    assert answer.rows[0]["folder"] == str(tmp_path / "out")
    exported = in_new_process("predict", "--model", tmp_path / "out", "a dog", "a cat", "--json")
    (score,) = CrossEncoder(source, backend="torch").predict([("a dog", "a cat")])
    assert exported.rows[0]["score"] == pytest.approx(float(score), abs=1e-4)


def test_what_training_left_is_exported_to_a_folder_that_judges(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    import json
    import shutil

    from crossjudge.models.one_way import OneWayConfig, OneWayEncoder

    shapes = {"hidden_size": 32, "num_layers": 1, "num_heads": 2, "intermediate_size": 64, "max_positions": 40}
    config = OneWayConfig(vocab_size=30_522, heads={"nli": ("entailment", "neutral", "contradiction")}, **shapes)
    trained = tmp_path / "trained"
    trained.mkdir()
    OneWayEncoder(config).save(trained / "model.safetensors")
    (trained / "config.json").write_text(json.dumps({"model_type": "one_way", **config.to_dict()}))
    shutil.copy(EMBEDDED / "tokenizer.json", trained)
    refused = crossjudge("predict", "--model", trained, "a dog", "a cat")
    assert refused.code == 2
    assert "crossjudge export" in refused.err
    answer = crossjudge("export", trained, tmp_path / "out", "--json", "--quiet")
    assert (answer.code, answer.rows[0]["precision"]) == (0, "int8")
    in_full = crossjudge("export", trained, tmp_path / "full", "--precision", "fp32", "--json", "--quiet")
    assert (in_full.code, in_full.rows[0]["precision"]) == (0, "fp32")
    model = CrossEncoder(tmp_path / "out")
    assert (model.labels, model.precision, model.max_length) == (config.heads["nli"], "int8", 40)
    again = crossjudge("export", trained, tmp_path / "out", "--quiet")
    assert (again.code, "not an empty folder" in again.err) == (2, True)
