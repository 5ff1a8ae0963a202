import contextlib
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("transformers")

from crossjudge.errors import (
    CheckpointError,
    CorruptFileError,
    InputError,
    MissingFileError,
    PickleOnlyError,
    RemoteCodeError,
    UnknownModelError,
    UnsupportedModelError,
)
from crossjudge.models.checkpoint import Pooling, load_checkpoint, verify_manifest
from crossjudge.models.manifest import SMALL_BYTES, write_manifest
from tiny_checkpoints import ACTIVATIONS, ARCHITECTURES, edit_json, make_bi_encoder, make_checkpoint

NAMES = {0: "contradiction", 1: "entailment", 2: "neutral"}
GRAPH = b"\x08\x09" + b"\x3a\x05graph"
"""As much of an ONNX file as can be checked without reading it: a version and a graph of five bytes."""


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("bert") / "model", "bert", id2label=NAMES)


@pytest.fixture
def folder(bert: Path, tmp_path: Path) -> Path:
    """A copy of a BERT checkpoint to do harm to."""
    return Path(shutil.copytree(bert, tmp_path / "model"))


def reference(folder: Path, **arguments: Any) -> Any:
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(folder), device="cpu", **arguments)


# What is read agrees with the reference


@pytest.mark.parametrize("layout", ["hf", "sentence_transformers"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_settings_are_those_of_the_reference(architecture: str, layout: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", architecture, layout=layout, max_length=40)
    ours, theirs = load_checkpoint(folder), reference(folder)
    assert ours.num_labels == theirs.num_labels == len(ours.labels)
    assert ours.max_length == theirs.max_seq_length == 40
    assert ours.pad_token_id == theirs.tokenizer.pad_token_id
    assert ours.architecture == theirs.config.model_type
    assert [path.name for path in ours.weights] == ["model.safetensors"]
    assert (ours.attention, ours.graph, ours.pooling, ours.heads) == ("joint", None, None, {})


@pytest.mark.parametrize("layout", ["sentence_transformers", "sentence_transformers_4", "sentence_transformers_2"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_saved_activation_is_honoured_in_every_layout(activation: str, layout: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", "bert", num_labels=1, layout=layout, activation=activation)
    assert load_checkpoint(folder).activation == activation
    assert type(reference(folder).activation_fn).__name__.lower() == activation


def test_without_a_saved_activation_there_is_none(bert: Path) -> None:
    assert load_checkpoint(bert).activation is None


def test_an_activation_that_is_somebodys_code_is_not_used(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit_json(folder / "config.json", sbert_ce_default_activation_function="os.system")
    assert load_checkpoint(folder).activation is None
    assert "os.system" in caplog.text


LENGTHS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "tokenizer says less": ({"model_max_length": 20}, None),
    "tokenizer says more": ({"model_max_length": 512}, None),
    "tokenizer says nothing": ({"model_max_length": None}, None),
    "tokenizer says the old word": ({"model_max_length": None, "max_len": 30}, None),
    "tokenizer says infinity": ({"model_max_length": int(1e30)}, None),
    "sentence-transformers says less": ({}, {"max_seq_length": 24}),
    "sentence-transformers says nothing": ({"model_max_length": 28}, {"max_seq_length": None}),
    "sentence-transformers says it nested": ({}, {"processor_kwargs": {"model_max_length": 22}, "max_seq_length": 24}),
}


@pytest.mark.parametrize("case", LENGTHS)
@pytest.mark.parametrize("architecture", ["bert", "deberta-v3", "modernbert"])
def test_max_length_is_resolved_as_in_the_reference(architecture: str, case: str, tmp_path: Path) -> None:
    tokenizer, sentence = LENGTHS[case]
    layout = "hf" if sentence is None else "sentence_transformers"
    folder = make_checkpoint(tmp_path / "model", architecture, layout=layout, max_length=48)
    edit_json(folder / "tokenizer_config.json", **tokenizer)
    if sentence is not None:
        edit_json(folder / "sentence_bert_config.json", **sentence)
    assert load_checkpoint(folder).max_length == reference(folder).max_seq_length


@pytest.mark.parametrize("architecture", ["roberta", "xlm-roberta"])
def test_positions_counted_from_the_padding_id_never_overflow(architecture: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", architecture, max_length=48)
    edit_json(folder / "tokenizer_config.json", model_max_length=None)
    assert load_checkpoint(folder).max_length == 48, "the reference says 50 here, and fails on 49 tokens"


def test_a_table_of_positions_is_never_left_and_relative_positions_may_be(tmp_path: Path) -> None:
    for architecture, expected in (("bert", 48), ("roberta", 48), ("deberta-v3", 100), ("modernbert", 100)):
        folder = make_checkpoint(tmp_path / architecture, architecture, max_length=48)
        assert load_checkpoint(folder, max_length=100).max_length == expected
        assert load_checkpoint(folder, max_length=16).max_length == 16


def test_a_max_length_without_tokens_is_refused(bert: Path) -> None:
    with pytest.raises(InputError, match="max_length=0"):
        load_checkpoint(bert, max_length=0)


# Labels


def test_labels_come_by_id_and_are_named(bert: Path, folder: Path) -> None:
    edit_json(folder / "config.json", id2label={"2": "neutral", "0": "contradiction", "1": "entailment"})
    for loaded in (load_checkpoint(bert), load_checkpoint(folder)):
        assert loaded.labels == ("contradiction", "entailment", "neutral")
        assert loaded.labels_are_named


@pytest.mark.parametrize(
    "id2label",
    [
        None,
        {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"},
        {"0": 0, "1": 1, "2": 2},
        {"1": "contradiction", "2": "entailment", "3": "neutral"},
        {"0": "yes", "1": "yes", "2": "no"},
    ],
)
def test_labels_that_tell_nothing_apart_are_not_names(id2label: dict[str, Any] | None, folder: Path) -> None:
    edit_json(folder / "config.json", id2label=id2label, num_labels=3)
    loaded = load_checkpoint(folder)
    assert loaded.num_labels == len(loaded.labels) == 3
    assert not loaded.labels_are_named


def test_two_labels_need_not_be_saved(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", "bert", num_labels=2)
    edit_json(folder / "config.json", id2label=None, label2id=None)
    assert load_checkpoint(folder).num_labels == reference(folder).num_labels == 2


def test_num_labels_overrules_a_config_that_is_wrong_about_the_weights(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", "roberta", num_labels=1)
    edit_json(folder / "config.json", id2label=None, label2id=None)
    with pytest.raises(UnsupportedModelError, match=r"num_labels=2 .* head gives 1"):
        load_checkpoint(folder)
    assert load_checkpoint(folder, num_labels=1).num_labels == reference(folder, num_labels=1).num_labels == 1


def test_num_labels_that_the_head_does_not_give_is_refused(bert: Path) -> None:
    with pytest.raises(UnsupportedModelError, match=r"num_labels=1 was passed, .* gives 3") as caught:
        load_checkpoint(bert, num_labels=1)
    assert caught.value.path == bert


# Which files there are


def test_shards_are_all_found_and_one_missing_is_named(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    parts = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for part, chosen in parts.items():
        save_file({name: tensors[name] for name in chosen}, folder / part, metadata={"format": "pt"})
    index = {"weight_map": {name: part for part, chosen in parts.items() for name in chosen}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert {path.name for path in load_checkpoint(folder).weights} == set(parts)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(MissingFileError, match="model-00002-of-00002"):
        load_checkpoint(folder)


def test_an_index_that_leads_out_of_its_folder_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "elsewhere.safetensors")
    index = {"weight_map": {"classifier.weight": "../elsewhere.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(CorruptFileError, match="not a file inside its folder"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["onnx/model.onnx", "model.onnx"])
def test_a_graph_needs_no_weights(name: str, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "onnx").mkdir()
    (folder / name).write_bytes(GRAPH)
    loaded = load_checkpoint(folder)
    assert loaded.graph == folder / name
    assert loaded.weights == ()
    assert loaded.weights_hash() == hashlib.sha256(GRAPH).hexdigest()


def test_a_quantised_graph_alone_is_not_the_model(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model_quantized.onnx").write_bytes(GRAPH)
    with pytest.raises(MissingFileError, match=r"holds no weights.*model\.safetensors"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "model.pt", "tf_model.h5"])
def test_pickles_are_never_opened_and_the_error_says_how_to_convert(name: str, folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(PickleOnlyError, match=rf"{name}.*save_pretrained"):
        load_checkpoint(folder)


@pytest.mark.parametrize(("name", "says"), [("config.json", "no config.json"), ("tokenizer.json", "no tokenizer.json")])
def test_a_missing_file_is_named(name: str, says: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(MissingFileError, match=says) as caught:
        load_checkpoint(folder)
    assert caught.value.path == folder / name


def test_the_tokenizer_config_may_be_missing(folder: Path) -> None:
    (folder / "tokenizer_config.json").unlink()
    assert load_checkpoint(folder).max_length == reference(folder).max_seq_length


# Kinds that are refused


def test_code_of_the_checkpoints_own_needs_to_be_trusted(folder: Path) -> None:
    edit_json(folder / "config.json", auto_map={"AutoModelForSequenceClassification": "modeling.Model"})
    with pytest.raises(RemoteCodeError, match=r"AutoModelForSequenceClassification.*trust_remote_code=True"):
        load_checkpoint(folder)
    assert load_checkpoint(folder, trust_remote_code=True).num_labels == 3


@pytest.mark.parametrize("architectures", [["BertModel"], ["BertForMaskedLM"], None])
def test_an_encoder_without_a_head_is_no_cross_encoder(architectures: list[str] | None, tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", "bert", layout="hf")
    edit_json(folder / "config.json", architectures=architectures)
    with pytest.raises(UnsupportedModelError, match=r"encoder alone.*BiEncoder"):
        load_checkpoint(folder)


def test_a_head_that_is_claimed_and_not_there_is_refused(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", "bert", layout="hf")
    edit_json(folder / "config.json", architectures=["BertForSequenceClassification"])
    with pytest.raises(UnsupportedModelError, match="no classification head"):
        load_checkpoint(folder)


@pytest.mark.parametrize("kind", ["cross_encoder", "bi_encoder"])
def test_causal_language_models_are_refused(kind: Any, folder: Path) -> None:
    edit_json(folder / "config.json", architectures=["Qwen2ForCausalLM"])
    with pytest.raises(UnsupportedModelError, match="causal language model"):
        load_checkpoint(folder, kind=kind)


def test_a_cross_encoder_is_no_bi_encoder(bert: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="Use CrossEncoder"):
        load_checkpoint(bert, kind="bi_encoder")


def test_an_adapter_is_not_a_model(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(UnsupportedModelError, match="merge"):
        load_checkpoint(folder)


def test_a_cross_encoder_of_several_modules_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "model", "bert", layout="sentence_transformers")
    modules = json.loads((folder / "modules.json").read_text())
    head = {"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.base.modules.dense.Dense"}
    (folder / "modules.json").write_text(json.dumps([*modules, head]))
    with pytest.raises(UnsupportedModelError, match="Transformer, Dense"):
        load_checkpoint(folder)


# Corrupt files


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [b"", b'{"model_type": "bert', b"[1, 2]", b"\xff\xfe", b"null"])
def test_damaged_json_is_a_corrupt_file(name: str, content: bytes, folder: Path) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CorruptFileError) as caught:
        load_checkpoint(folder)
    assert caught.value.path == folder / name


@pytest.mark.parametrize("id2label", [["a", "b", "c"], {"zero": "a", "one": "b", "two": "c"}])
def test_labels_without_ids_are_a_corrupt_config(id2label: Any, folder: Path) -> None:
    edit_json(folder / "config.json", id2label=id2label)
    with pytest.raises(CorruptFileError, match="id2label"):
        load_checkpoint(folder)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_off_weights_are_a_corrupt_file_wherever_they_are_cut(share: float, bert: Path, folder: Path) -> None:
    whole = (bert / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CorruptFileError, match=r"model\.safetensors"):
        load_checkpoint(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 600), byte=st.integers(0, 255))
def test_a_damaged_header_is_read_or_refused_and_never_crashes(place: int, byte: int, bert: Path, folder: Path) -> None:
    content = bytearray((bert / "model.safetensors").read_bytes())
    content[place] = byte
    (folder / "model.safetensors").write_bytes(bytes(content))
    with contextlib.suppress(CheckpointError):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
def test_a_git_lfs_pointer_is_recognised(name: str, folder: Path) -> None:
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")
    with pytest.raises(CorruptFileError, match="git lfs pull"):
        load_checkpoint(folder)


@pytest.mark.parametrize("length", range(len(GRAPH)))
def test_a_cut_off_graph_is_a_corrupt_file(length: int, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(GRAPH[:length])
    if length == 2:  # a version and nothing else is a whole file, of no use: the backend says so
        assert load_checkpoint(folder).graph
        return
    with pytest.raises(CorruptFileError, match=r"model\.onnx"):
        load_checkpoint(folder)


# Names that are not folders


def test_a_path_that_is_not_there_is_never_asked_of_the_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossjudge.models import hub

    monkeypatch.setattr(hub, "fetch", lambda *_, **__: pytest.fail("the hub was asked"))
    for path in ("./my-model", "/my/model", "~/my-model", "a/b/c", "org/model/", "C:\\models\\x", Path("my-model")):
        with pytest.raises(UnknownModelError, match="no such folder"):
            load_checkpoint(path)
    with pytest.raises(UnknownModelError, match="this is a file"):
        load_checkpoint(str(folder / "config.json"))
    with pytest.raises(UnknownModelError, match="empty"):
        load_checkpoint("")


def test_a_mistyped_folder_gets_the_near_one(folder: Path) -> None:
    with pytest.raises(UnknownModelError, match="Did you mean") as caught:
        load_checkpoint(folder.with_name("modle"))
    assert caught.value.near == (str(folder),)


# Bi-encoders


@pytest.mark.parametrize("mode", ["mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens"])
@pytest.mark.parametrize("normalize", [True, False])
def test_pooling_is_what_was_saved(mode: str, normalize: bool, tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", pooling=mode, normalize=normalize)
    loaded = load_checkpoint(folder, kind="bi_encoder")
    assert loaded.pooling == Pooling(mode=mode, normalize=normalize)
    assert (loaded.num_labels, loaded.labels, loaded.activation) == (0, (), None)


@pytest.mark.parametrize(
    ("flag", "mode"),
    [
        ("pooling_mode_cls_token", "cls"),
        ("pooling_mode_mean_tokens", "mean"),
        ("pooling_mode_max_tokens", "max"),
        ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
        ("pooling_mode_lasttoken", "lasttoken"),
        (None, "mean"),
    ],
)
def test_pooling_flags_of_older_saves_are_read(flag: str | None, mode: str, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = make_bi_encoder(tmp_path / "model")
    flags = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": False} | ({flag: True} if flag else {})
    old = {"word_embedding_dimension": 48, **flags}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(old))
    loaded = load_checkpoint(folder, kind="bi_encoder").pooling
    assert loaded is not None
    assert loaded.mode == mode == SentenceTransformer(str(folder), device="cpu")[1].pooling_mode


@pytest.mark.parametrize(
    "config", [{"pooling_mode": "weightedmean"}, {"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}]
)
def test_pooling_that_is_not_known_is_refused(config: dict[str, Any], tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsupportedModelError, match="pooling by"):
        load_checkpoint(folder, kind="bi_encoder")


def test_dense_modules_are_found_in_order(tmp_path: Path) -> None:
    loaded = load_checkpoint(make_bi_encoder(tmp_path / "model", dense=(24, 8)), kind="bi_encoder").pooling
    assert loaded is not None
    assert [(one.in_features, one.out_features) for one in loaded.dense] == [(48, 24), (24, 8)]
    assert all(one.bias and one.activation == "tanh" and one.weights.is_file() for one in loaded.dense)


def test_a_dense_module_as_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", dense=(24,))
    (folder / "2_Dense" / "model.safetensors").rename(folder / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(PickleOnlyError, match="2_Dense"):
        load_checkpoint(folder, kind="bi_encoder")


def test_a_bare_encoder_is_pooled_by_the_mean_as_in_the_reference(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", layout="hf")
    assert load_checkpoint(folder, kind="bi_encoder").pooling == Pooling(mode="mean", normalize=False)


def test_max_length_of_a_bi_encoder_is_the_references(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = make_bi_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", max_seq_length=24, do_lower_case=True)
    loaded = load_checkpoint(folder, kind="bi_encoder")
    assert loaded.max_length == SentenceTransformer(str(folder), device="cpu").max_seq_length == 24
    assert loaded.lowercase


def test_the_encoder_may_have_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    inner = folder / "0_Transformer"
    inner.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).rename(inner / name)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    loaded = load_checkpoint(folder, kind="bi_encoder")
    assert (loaded.folder, loaded.tokenizer_folder) == (folder, inner)
    assert loaded.weights == (inner / "model.safetensors",)


@pytest.mark.parametrize(
    ("module", "error"),
    [
        ("sentence_transformers.models.LSTM", UnsupportedModelError),
        ("custom_st.Pooling", RemoteCodeError),
    ],
)
def test_modules_that_cannot_be_run_are_named(module: str, error: type[CheckpointError], tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = module
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(error, match=module.rpartition(".")[2]):
        load_checkpoint(folder, kind="bi_encoder")


def test_modules_that_lead_out_of_their_folder_are_refused(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = "../1_Pooling"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CorruptFileError, match="not a file inside its folder"):
        load_checkpoint(folder, kind="bi_encoder")


def test_a_default_prompt_is_handed_on(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    assert load_checkpoint(folder, kind="bi_encoder").prompt == ""
    edit_json(folder / "config_sentence_transformers.json", prompts={"q": "query: "}, default_prompt_name="q")
    assert load_checkpoint(folder, kind="bi_encoder").prompt == "query: "


# Hashes


def test_hashes_follow_the_content_and_not_the_place(bert: Path, folder: Path) -> None:
    here, there = load_checkpoint(bert), load_checkpoint(folder)
    assert here.weights_hash() == there.weights_hash()
    assert here.weights_hash() == hashlib.sha256((bert / "model.safetensors").read_bytes()).hexdigest()
    assert here.tokenizer_hash() == there.tokenizer_hash()
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(content))
    assert here.weights_hash() != there.weights_hash()


# Our own folders

OURS: dict[str, Any] = {
    "format": 2,
    "attention": "one_way",
    "objective": "nli",
    "max_length": 512,
    "precision": "int8",
    "heads": {"similarity": ["similarity"], "nli": list(NAMES.values())},
    "graphs": {name: f"{name}.onnx" for name in ("judge", "premise", "hypotheses", "embed")},
}


@pytest.fixture
def one_way(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "one_way", "crossjudge": OURS, "pad_token_id": 0}))
    (folder / "tokenizer.json").write_text("{}")
    for name in OURS["graphs"].values():
        (folder / name).write_bytes(GRAPH)
    (folder / "weights.bin").write_bytes(bytes(SMALL_BYTES + 1))
    write_manifest(folder)
    return folder


def test_a_one_way_folder_says_what_it_is(one_way: Path) -> None:
    loaded = load_checkpoint(one_way)
    assert (loaded.architecture, loaded.attention, loaded.objective) == ("one_way", "one_way", "nli")
    assert loaded.labels == loaded.heads["nli"] == tuple(NAMES.values())
    assert loaded.heads["similarity"] == ("similarity",)
    assert (loaded.max_length, load_checkpoint(one_way, max_length=64).max_length) == (512, 64)
    assert loaded.graphs == {name: one_way / f"{name}.onnx" for name in ("judge", "premise", "hypotheses")}
    embedding = load_checkpoint(one_way, kind="bi_encoder")
    assert embedding.graphs == {"embed": one_way / "embed.onnx"}
    assert embedding.pooling == Pooling(mode="mean", normalize=True)
    assert embedding.weights_hash() == loaded.weights_hash()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "judge.onnx", "embed.onnx"])
def test_a_changed_byte_is_seen_at_load(name: str, one_way: Path) -> None:
    content = (one_way / name).read_bytes()
    (one_way / name).write_bytes(content[:-1] + (b" " if name == "config.json" else b"x"))
    with pytest.raises(CorruptFileError):
        load_checkpoint(one_way)
    with pytest.raises(CorruptFileError, match="sha256"):
        verify_manifest(one_way)


def test_a_changed_byte_of_a_large_file_is_seen_by_verification_and_a_changed_size_at_load(one_way: Path) -> None:
    verify_manifest(one_way)
    (one_way / "weights.bin").write_bytes(b"x" + bytes(SMALL_BYTES))
    load_checkpoint(one_way)
    with pytest.raises(CorruptFileError, match=r"weights\.bin.*sha256"):
        verify_manifest(one_way)
    (one_way / "weights.bin").write_bytes(bytes(SMALL_BYTES))
    with pytest.raises(CorruptFileError, match=r"weights\.bin.*bytes"):
        load_checkpoint(one_way)


@pytest.mark.parametrize("name", ["manifest.json", "tokenizer.json", "judge.onnx", "weights.bin"])
def test_a_missing_file_of_our_own_is_named(name: str, one_way: Path) -> None:
    (one_way / name).unlink()
    with pytest.raises(MissingFileError, match=name):
        load_checkpoint(one_way)


@pytest.mark.parametrize("content", ['{"files": []}', '{"files": {"config.json": "abc"}}', "{}", '{"files": {}}'])
def test_a_manifest_that_lists_nothing_proves_nothing(content: str, one_way: Path) -> None:
    (one_way / "manifest.json").write_text(content)
    with pytest.raises(CorruptFileError, match=r"manifest\.json"):
        load_checkpoint(one_way)


def test_a_manifest_that_leads_out_of_its_folder_is_refused(one_way: Path) -> None:
    listed = json.loads((one_way / "manifest.json").read_text())
    listed["files"]["../secret"] = {"bytes": 1, "sha256": "0"}
    (one_way / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(CorruptFileError, match="not a file inside its folder"):
        load_checkpoint(one_way)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"format": 3}, UnsupportedModelError, "Upgrade crossjudge"),
        ({"heads": {}}, CorruptFileError, "heads"),
        ({"graphs": ["judge.onnx"]}, CorruptFileError, "graphs"),
        ({"graphs": {"embed": "embed.onnx"}}, UnsupportedModelError, "'judge' is needed"),
        ({"max_length": "long"}, CorruptFileError, "max_length"),
    ],
)
def test_a_config_of_our_own_is_checked(
    change: dict[str, Any], error: type[CheckpointError], says: str, one_way: Path
) -> None:
    edit_json(one_way / "config.json", crossjudge=OURS | change)
    write_manifest(one_way)
    with pytest.raises(error, match=says):
        load_checkpoint(one_way)


def test_training_output_is_sent_to_export(one_way: Path) -> None:
    edit_json(one_way / "config.json", crossjudge=None)
    with pytest.raises(UnsupportedModelError, match="crossjudge export"):
        load_checkpoint(one_way)


def test_num_labels_of_another_head_is_refused(one_way: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="num_labels=1"):
        load_checkpoint(one_way, num_labels=1)
