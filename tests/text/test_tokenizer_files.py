"""Every shape that a tokenizer is saved in is read as the reference reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from crossjudge.errors import CorruptFileError, MissingFileError
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.text.tokenizer_files import read_tokenizer_config, tokenizer_class
from crossjudge.types import Pair
from tiny_checkpoints import edit_json, make_checkpoint, random_pairs

PAIRS = [
    *random_pairs(20, seed=2),
    Pair("Hello WORLD Café 日本語 <mask>", "[SEP] X [MASK]"),
    Pair("ΟΔΟΣ İSTANBUL", " two  spaces "),
]


def assert_reads_like_the_reference(folder: Path) -> None:
    reference: Any = AutoTokenizer.from_pretrained(folder)
    encodings = PairTokenizer.from_folder(folder, max_length=32).encode(PAIRS)
    for pair, encoding in zip(PAIRS, encodings, strict=True):
        expected = reference(pair.text_a, pair.text_b, truncation="longest_first", max_length=32)
        assert encoding.input_ids.tolist() == expected["input_ids"], pair
        assert encoding.type_ids.tolist() == expected.get("token_type_ids", [0] * len(encoding)), pair


def edit_tokenizer(folder: Path, part: str, **changes: Any) -> None:
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content[part] |= changes
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("name", ["BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", None])
@pytest.mark.parametrize("in_the_file", [True, False])
@pytest.mark.parametrize("in_the_config", [True, False, None])
def test_casing_is_the_configs_where_the_class_rebuilds_it(
    tmp_path: Path, name: str | None, in_the_file: bool, in_the_config: bool | None
) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert")
    edit_tokenizer(folder, "normalizer", lowercase=in_the_file)
    edit_json(folder / "tokenizer_config.json", do_lower_case=in_the_config, tokenizer_class=name)
    assert_reads_like_the_reference(folder)


@pytest.mark.parametrize("name", ["RobertaTokenizer", "PreTrainedTokenizerFast", None])
@pytest.mark.parametrize(("in_the_file", "in_the_config"), [(True, False), (False, True), (True, None)])
def test_the_leading_space_is_the_configs_where_the_class_rebuilds_it(
    tmp_path: Path, name: str | None, in_the_file: bool, in_the_config: bool | None
) -> None:
    folder = make_checkpoint(tmp_path / "roberta", "roberta")
    edit_tokenizer(folder, "pre_tokenizer", add_prefix_space=in_the_file)
    edit_json(folder / "tokenizer_config.json", add_prefix_space=in_the_config, tokenizer_class=name)
    assert_reads_like_the_reference(folder)


@pytest.mark.parametrize("lower", [True, False])
def test_deberta_lower_cases_where_its_config_says_so(tmp_path: Path, lower: bool) -> None:
    folder = make_checkpoint(tmp_path / "deberta", "deberta-v3")
    edit_json(folder / "tokenizer_config.json", do_lower_case=lower)
    assert_reads_like_the_reference(folder)


@pytest.mark.parametrize("names", [["input_ids"], ["input_ids", "token_type_ids", "attention_mask"], None])
@pytest.mark.parametrize("architecture", ["bert", "modernbert", "deberta-v2"])
def test_token_types_are_given_where_the_tokenizer_gives_them(
    tmp_path: Path, architecture: str, names: list[str] | None
) -> None:
    folder = make_checkpoint(tmp_path / "checkpoint", architecture)
    edit_json(folder / "tokenizer_config.json", model_input_names=names)
    assert_reads_like_the_reference(folder)


@pytest.mark.parametrize("lower", [True, False, None])
def test_a_vocabulary_alone_is_read(tmp_path: Path, lower: bool | None) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert")
    vocab = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    (folder / "vocab.txt").write_text("\n".join(sorted(vocab, key=vocab.get)), "utf-8")
    (folder / "tokenizer.json").unlink()
    edit_json(folder / "tokenizer_config.json", do_lower_case=lower)
    assert_reads_like_the_reference(folder)


def test_a_vocabulary_with_merges_is_read_through_the_reference(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "roberta", "roberta")
    model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(map(" ".join, model["merges"])), "utf-8")
    (folder / "tokenizer.json").unlink()
    assert_reads_like_the_reference(folder)


@pytest.mark.parametrize(
    ("tokenizer_config", "model_config", "expected"),
    [
        ({"tokenizer_class": "BertTokenizerFast"}, {"model_type": "roberta"}, "BertTokenizer"),
        ({}, {"tokenizer_class": "XLMRobertaTokenizer", "model_type": "bert"}, "XLMRobertaTokenizer"),
        ({}, {"model_type": "electra"}, "BertTokenizer"),
        ({}, {"model_type": "unheard-of"}, None),
        ({}, {}, None),
    ],
)
def test_the_class_is_named_by_the_tokenizer_then_by_the_model(
    tmp_path: Path, tokenizer_config: dict[str, str], model_config: dict[str, str], expected: str | None
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer_config), "utf-8")
    (tmp_path / "config.json").write_text(json.dumps(model_config), "utf-8")
    assert tokenizer_class(tmp_path) == expected


def test_a_folder_without_a_tokenizer_says_what_to_save(tmp_path: Path) -> None:
    assert read_tokenizer_config(tmp_path) == {}
    with pytest.raises(MissingFileError, match=r"tokenizer\.json.*save_pretrained"):
        PairTokenizer.from_folder(tmp_path, max_length=8)


@pytest.mark.parametrize("content", [b"{", b"{}", b"\xff\xfe", b'{"version": "1.0", "model": {"type": "Nothing"}}'])
def test_a_broken_tokenizer_names_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"tokenizer\.json.*again"):
        PairTokenizer.from_folder(tmp_path, max_length=8)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_broken_tokenizer_config_names_its_file(tmp_path: Path, content: str) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert")
    (folder / "tokenizer_config.json").write_text(content)
    with pytest.raises(CorruptFileError, match=r"tokenizer_config\.json.*again"):
        PairTokenizer.from_folder(folder, max_length=8)
