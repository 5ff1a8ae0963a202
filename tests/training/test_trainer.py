"""The loop: it learns, it can be killed at any step and ends with the same weights, and it records what it did."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file, save_file

from crossjudge import BiEncoder, CrossEncoder, Judge
from crossjudge.benchmark.joint_twin import write_joint_twin
from crossjudge.errors import CheckpointError, InputError, LabelError, MissingFileError, UnsupportedModelError
from crossjudge.models.boxed import BOXED, EMBEDDED
from crossjudge.models.one_way_export import export_one_way
from crossjudge.training import TrainConfig, train
from crossjudge.training.decontamination import hash_pairs, leaked, load_hashes, pair_hash
from crossjudge.training.mixture import Mixture
from crossjudge.training.release import export_run
from crossjudge.training.students import make_student, read_base
from crossjudge.training.trainer import Run
from crossjudge.types import Pair
from tiny_checkpoints import make_bi_encoder, make_checkpoint
from tiny_sets import nli_rows, write_rows

ATTENTIONS = ("one_way", "joint")
ENOUGH: dict[str, dict[str, Any]] = {
    "one_way": {"epochs": 10, "freeze_word_embeddings": False},
    "joint": {"epochs": 24, "learning_rate": 5e-3, "batch_size": 4, "freeze_word_embeddings": False},
}
"""Settings under which a tiny student learns the made pairs by heart."""
PAIRS = [(row["premise"], row["hypothesis"]) for row in nli_rows(60)]
GOLD = [row["label"] for row in nli_rows(60)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bi_encoder(tmp_path_factory.mktemp("base") / "encoder", "bert", layout="hf")


@pytest.fixture
def settings(base: Path, data: Path, mixture: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    """Settings of a short run in full precision; arguments change them."""

    def made(**changes: Any) -> TrainConfig:
        config = TrainConfig(
            base=base,
            mixture=mixture,
            out=tmp_path / "run",
            data=data,
            epochs=2,
            learning_rate=3e-3,
            batch_size=8,
            max_length=64,
            precision="fp32",
            checkpoint_every=3,
        )
        return dataclasses.replace(config, **changes)

    return made


Settings = Callable[..., TrainConfig]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def curve(folder: Path) -> list[tuple[int, float]]:
    """(step, loss) of each point."""
    return [(point["step"], point["loss"]) for point in json.loads((folder / "training_log.json").read_text())]


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert not [name for name in one if not torch.equal(one[name], other[name])]


class KilledError(Exception):
    """Stands for the process's end."""


def stop_after(steps: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == steps:
            raise KilledError

    return progress


# Learning


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_training_learns_what_the_pairs_say(settings: Settings, tmp_path: Path, attention: str, precision: str) -> None:
    out = train(settings(attention=attention, precision=precision, **ENOUGH[attention]))
    losses = [loss for _, loss in curve(out)]
    assert losses[-1] < 0.75 * losses[0]
    if attention == "one_way":
        out = export_one_way(out, tmp_path / "exported", precision="fp32")
    model = CrossEncoder(out, backend="torch", device="cpu")
    said = [model.labels[column] for column in model.logits(PAIRS).argmax(1)]
    assert sum(one == gold for one, gold in zip(said, GOLD, strict=True)) >= 36, "chance gives 20"


def test_the_rate_rises_stays_and_falls(settings: Settings, data: Path) -> None:
    config = settings(epochs=4, warmup=0.2, decay=0.25)
    run = Run(config, read_base(config), Mixture.from_toml(config.mixture).rows(folder=data))
    rates = [run.learning_rate(step) / config.learning_rate for step in range(run.total_steps)]
    steady = [step for step, rate in enumerate(rates) if rate == 1.0]
    assert rates[: steady[0]] == sorted(rates[: steady[0]])
    assert steady == list(range(steady[0], steady[-1] + 1))
    assert len(rates) - 1 - steady[-1] == pytest.approx(0.25 * len(rates), abs=1)
    assert rates[steady[-1] :] == sorted(rates[steady[-1] :], reverse=True)


def test_word_embeddings_stay_when_they_are_frozen_and_move_when_not(
    settings: Settings, base: Path, tmp_path: Path
) -> None:
    before = load_file(base / "model.safetensors")["embeddings.word_embeddings.weight"]
    name = {"one_way": "embeddings.word_embeddings.weight", "joint": "bert.embeddings.word_embeddings.weight"}
    for attention, frozen in (("one_way", True), ("one_way", False), ("joint", True)):
        out = tmp_path / f"{attention}-{frozen}"
        train(settings(attention=attention, freeze_word_embeddings=frozen, epochs=0.2, out=out))
        assert torch.equal(weights(out)[name[attention]], before) == frozen


def test_the_tie_to_the_starting_vectors_keeps_the_embedding(settings: Settings, tmp_path: Path, base: Path) -> None:
    texts = [a for a, _ in PAIRS[:12]]
    start = BiEncoder(base, backend="torch", device="cpu").encode(texts)

    def drift(weight: float) -> float:
        name = f"weight-{weight}"
        out = train(settings(embedding_weight=weight, embedding_every=1, epochs=3, out=tmp_path / name))
        now = BiEncoder(export_one_way(out, tmp_path / f"{name}-graph", precision="fp32")).encode(texts)
        return float(1 - (start * now).sum(axis=1).mean())

    assert drift(10.0) < 0.5 * drift(0.0)


def test_relevance_learns_the_starting_vectors_likeness_too(settings: Settings, data: Path, mixture: Path) -> None:
    """Without a second target one gold for all says yes to all; with it, the score follows the cosine."""
    rows = [{"query": f"Where is room {n}?", "document": f"Room {n // 2} is here.", "label": 1} for n in range(40)]
    write_rows(data / "relevance" / "scifact.train.jsonl.gz", rows)
    mixture.write_text('[[set]]\nname = "scifact_documents"\nhead = "relevance"\n')
    heads = {"relevance": ("relevance",)}
    plain = settings(heads=heads, epochs=4)
    likened = dataclasses.replace(plain, out=plain.out.parent / "likened", likeness_weight=5.0)
    alone, second = train(plain), train(likened)
    assert curve(second)[0][1] > curve(alone)[0][1]
    with pytest.raises(InputError, match="likeness_weight with joint attention"):
        dataclasses.replace(likened, attention="joint")


def test_two_way_sets_teach_what_they_say(settings: Settings, data: Path, tmp_path: Path) -> None:
    rows = [
        {**row, "label": "entailment" if row["label"] == "entailment" else "not_entailment"} for row in nli_rows(60)
    ]
    write_rows(data / "nli" / "snli.train.jsonl.gz", rows)
    out = train(settings(attention="joint", **ENOUGH["joint"]))
    verdicts = Judge(CrossEncoder(out, backend="torch", device="cpu")).batch(PAIRS)
    right = sum((one.label == "entailment") == (gold == "entailment") for one, gold in zip(verdicts, GOLD, strict=True))
    assert right >= 48, "saying no to all gives 40"


# Killed and resumed


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("killed_after", [1, 7])
def test_a_killed_run_goes_on_to_the_weights_of_an_undisturbed_one(
    settings: Settings, tmp_path: Path, attention: str, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropout (joint), the tie's every-other-step (one-way), the optimizer's memory and the loss curve included."""
    monkeypatch.setattr("crossjudge.training.trainer.NOTE_EVERY", 3)
    tie = {"embedding_weight": 0.5} if attention == "one_way" else {}
    whole = train(settings(attention=attention, out=tmp_path / "whole", **tie))
    stopped = settings(attention=attention, out=tmp_path / "stopped", **tie)
    with pytest.raises(KilledError):
        train(stopped, progress=stop_after(killed_after))
    assert not (stopped.out / "model.safetensors").exists()
    seen: list[int] = []
    train(stopped, progress=lambda done, total: seen.append(done))
    assert seen[0] == killed_after // 3 * 3 + 1, "it goes on from its last checkpoint"
    assert_equal(weights(stopped.out), weights(whole))
    assert curve(stopped.out) == curve(whole)


def test_a_kill_between_two_checkpoints_leaves_one_to_go_on_from(settings: Settings, tmp_path: Path) -> None:
    """Between taking the old one away and putting the new one in its place."""
    config = settings()
    with pytest.raises(KilledError):
        train(config, progress=stop_after(7))
    (config.out / "checkpoint").rename(config.out / "checkpoint.old")
    (config.out / "checkpoint.new").mkdir()
    seen: list[int] = []
    train(config, progress=lambda done, total: seen.append(done))
    assert seen[0] == 7
    assert_equal(weights(config.out), weights(train(settings(out=tmp_path / "whole"))))


def test_a_finished_run_run_again_is_the_same_and_the_seed_matters(settings: Settings, tmp_path: Path) -> None:
    first = weights(train(settings()))
    assert_equal(weights(train(settings())), first)
    other = weights(train(settings(seed=1, out=tmp_path / "other")))
    assert any(not torch.equal(other[name], first[name]) for name in first)


def test_a_checkpoint_of_other_data_or_settings_is_not_gone_on_from(settings: Settings, data: Path) -> None:
    with pytest.raises(KilledError):
        train(settings(), progress=stop_after(4))
    for changed in (settings(batch_size=4), settings(seed=5)):
        with pytest.raises(InputError, match=r"made with other data, or other settings of .*batch_size.*delete"):
            train(changed)
    write_rows(data / "nli" / "snli.train.jsonl.gz", nli_rows(60, seed=8))
    with pytest.raises(InputError, match="made with other data"):
        train(settings())


def test_progress_counts_steps_to_the_last_and_the_curve_reaches_it(settings: Settings) -> None:
    seen: list[tuple[int, int]] = []
    out = train(settings(), progress=lambda done, total: seen.append((done, total)))
    total = seen[-1][1]
    assert seen == [(step, total) for step in range(1, total + 1)]
    assert curve(out)[-1][0] == total


def test_the_collector_is_given_back(settings: Settings) -> None:
    with pytest.raises(KilledError):
        train(settings(), progress=stop_after(1))
    assert gc.get_freeze_count() == 0


# The record


def test_the_record_says_what_the_weights_were_made_from(settings: Settings, base: Path, tmp_path: Path) -> None:
    out = train(settings())
    record = json.loads((out / "training_record.json").read_text())
    assert record["rows"] == {"snli": 60}
    assert record["sets"][0]["licences"] == {"snli": "CC BY-SA 4.0"}
    assert record["settings"]["learning_rate"] == 3e-3
    assert (record["settings"]["base"], record["settings"]["data"]) == (base.name, "data")
    assert str(tmp_path) not in json.dumps(record), "what was used, not where it lay"
    assert record["base_sha256"] == hashlib.sha256((base / "model.safetensors").read_bytes()).hexdigest()
    assert (load_hashes(out / "train_hashes.npy") == hash_pairs(PAIRS)).all()


def test_excluded_pairs_reach_neither_the_weights_nor_the_record(settings: Settings) -> None:
    gone = {pair_hash(*PAIRS[3]), pair_hash(*PAIRS[30])}
    out = train(settings(), exclude=gone)
    assert json.loads((out / "training_record.json").read_text())["rows"] == {"snli": 58}
    assert not len(leaked(load_hashes(out / "train_hashes.npy"), hash_pairs([PAIRS[3], PAIRS[30]])))


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_the_folder_holds_all_that_the_next_step_needs(settings: Settings, tmp_path: Path, attention: str) -> None:
    out = train(settings(attention=attention, epochs=0.2))
    if attention == "joint":
        model = CrossEncoder(out, backend="torch", device="cpu")
    else:
        model = CrossEncoder(export_one_way(out, tmp_path / "exported"))
    assert (model.labels, model.attention) == (settings().heads["nli"], attention)


def test_another_objective_names_its_own_head(settings: Settings, data: Path, mixture: Path, tmp_path: Path) -> None:
    rows = [
        {"sentence1": a, "sentence2": b, "label": int(gold == "entailment")}
        for (a, b), gold in zip(PAIRS, GOLD, strict=True)
    ]
    write_rows(data / "duplicate" / "qqp_pieces.train.jsonl.gz", rows)
    text = '[[set]]\nname = "qqp_pieces"\nhead = "duplicate"\nlabels = { 0 = "not_duplicate", 1 = "duplicate" }\n'
    mixture.write_text(text)
    labels = ("not_duplicate", "duplicate")
    out = train(settings(heads={"duplicate": labels}, epochs=0.5))
    judge = Judge(export_one_way(out, tmp_path / "exported"), objective="duplicate")
    assert (judge.model.head, judge.model.labels, judge.model.objective) == ("duplicate", labels, "duplicate")
    assert judge(*PAIRS[0]).label in labels


def test_several_heads_exits_and_an_earlier_runs_weights(
    settings: Settings, data: Path, mixture: Path, tmp_path: Path
) -> None:
    """One backbone answers in every head, at every exit; a later run starts where an earlier one ended."""
    first = train(settings(epochs=1))
    rows = [
        {"sentence1": a, "sentence2": b, "score": float(gold == "entailment")}
        for (a, b), gold in zip(PAIRS, GOLD, strict=True)
    ]
    write_rows(data / "similarity" / "stsb.train.jsonl.gz", rows)
    mixture.write_text('[[set]]\nname = "snli"\n[[set]]\nname = "stsb"\nhead = "similarity"\n')
    heads, earlier = ["nli", "similarity"], {"weights": first, "exits": (1,)}
    out = train(settings(heads=heads, out=tmp_path / "second", learning_rate=1e-9, epochs=0.1, **earlier))
    ours, theirs = weights(out), weights(first)
    assert all(torch.allclose(ours[name], tensor, atol=1e-6) for name, tensor in theirs.items())
    assert {name.split(".")[2] for name in ours if name.startswith("exits.1.")} == set(heads)
    record = json.loads((out / "training_record.json").read_text())
    assert record["rows_per_head"] == {"nli": 60, "similarity": 60}, "a pair in two sets is one row with two golds"
    out = train(settings(heads=heads, out=tmp_path / "third", epochs=30, **earlier))
    model = CrossEncoder(export_one_way(out, tmp_path / "exported", precision="fp32"), head="similarity")
    scores = model.predict(PAIRS)
    same = [gold == "entailment" for gold in GOLD]
    assert scores[same].mean() > scores[[not one for one in same]].mean() + 0.1


def test_weights_of_another_network_are_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"it has no model\.safetensors"):
        train(settings(weights=tmp_path))
    first = train(settings(epochs=0.1, out=tmp_path / "first"))
    with pytest.raises(InputError, match=r"heads\.nli\..* have not the same shape"):
        train(settings(weights=first, heads={"nli": ("no", "yes")}, out=tmp_path / "second"))


def test_training_goes_on_from_what_was_exported_of_a_run(settings: Settings, tmp_path: Path) -> None:
    first = train(settings(epochs=0.5, out=tmp_path / "first"))
    exported = export_one_way(first, tmp_path / "exported", precision="fp32")
    still = {"epochs": 0.01, "learning_rate": 1e-9, "weights": exported}
    with pytest.raises(MissingFileError, match=r"it has no training_record\.json"):
        train(settings(**still, out=tmp_path / "second"))
    for name in ("training_record.json", "train_hashes.npy"):
        shutil.copyfile(first / name, exported / name)
    second = train(settings(**still, out=tmp_path / "second"))
    runs = [CrossEncoder(export_one_way(run, tmp_path / f"{run.name}-32", precision="fp32")) for run in (first, second)]
    np.testing.assert_allclose(runs[1].logits(PAIRS), runs[0].logits(PAIRS), atol=1e-4)
    assert json.loads((second / "training_record.json").read_text())["earlier"]["steps"] >= 1


def test_a_model_in_the_box_is_named_as_weights(tmp_path: Path, base: Path, mixture: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'base = "{base}"\nmixture = "{mixture}"\nout = "out"\nweights = "embedded"\n')
    assert TrainConfig.from_toml(path).weights == EMBEDDED
    (tmp_path / "embedded").mkdir()
    assert TrainConfig.from_toml(path).weights == tmp_path / "embedded", "a folder that is called so is that folder"
    assert TrainConfig.from_toml(path, weights=tmp_path / "mine").weights == tmp_path / "mine"


@pytest.mark.parametrize(("attention", "other"), [("joint", "embedded"), ("one_way", "embedded-joint")])
def test_a_model_in_the_box_of_the_other_attention_is_refused(settings: Settings, attention: str, other: str) -> None:
    with pytest.raises(MissingFileError, match=r"it has no model\.safetensors"):
        train(settings(attention=attention, weights=BOXED[other]))


def test_a_student_of_some_layers_with_heads_that_read_cls_as_it_is(settings: Settings, tmp_path: Path) -> None:
    """It starts as those layers of its base, is tied to all of the base, learns, and is exported as others are."""
    start = train(settings(layers=(2,), epochs=0.01, learning_rate=1e-9, out=tmp_path / "start"))
    whole = train(settings(epochs=0.01, learning_rate=1e-9, out=tmp_path / "whole"))
    kept, all_ = weights(start), weights(whole)
    assert torch.allclose(kept["layers.0.qkv.weight"], all_["layers.1.qkv.weight"], atol=1e-6)
    assert not torch.allclose(kept["layers.0.qkv.weight"], all_["layers.0.qkv.weight"], atol=1e-3)
    assert "layers.1.qkv.weight" not in kept
    further = train(settings(layers=(2,), weights=whole, epochs=0.01, learning_rate=1e-9, out=tmp_path / "further"))
    theirs = {name.replace("layers.1.", "layers.0."): one for name, one in all_.items() if "layers.0." not in name}
    assert all(torch.allclose(one, theirs[name], atol=1e-6) for name, one in weights(further).items())
    out = train(settings(layers=(2,), pooled_heads=False, embedding_weight=0.1, **ENOUGH["one_way"]))
    assert not [name for name in weights(out) if ".dense." in name]
    assert {name: json.loads((out / "config.json").read_text())[name] for name in ("num_layers", "pooled")} == {
        "num_layers": 1,
        "pooled": False,
    }
    for precision in ("fp32", "int8"):
        judge = Judge(CrossEncoder(export_one_way(out, tmp_path / precision, precision=precision)))
        assert [verdict.label for verdict in judge.batch(PAIRS)] == GOLD
    with pytest.raises(UnsupportedModelError, match=r"pooled_heads = true"):
        write_joint_twin(tmp_path / "joint", tmp_path / "fp32")
    with pytest.raises(InputError, match=r"has 2, and there is no layer 3"):
        train(settings(layers=(1, 3), out=tmp_path / "strange"))


@pytest.mark.parametrize("pooled", [True, False])
def test_a_joint_run_is_trained_further_from_where_it_ended(settings: Settings, tmp_path: Path, pooled: bool) -> None:
    joint = {**ENOUGH["joint"], "attention": "joint", "pooled_heads": pooled}
    first = train(settings(**joint, out=tmp_path / "first"))
    judge = Judge(CrossEncoder(first, backend="torch", device="cpu"))
    assert [verdict.label for verdict in judge.batch(PAIRS)] == GOLD
    still = {**joint, "epochs": 0.01, "learning_rate": 1e-9}
    second = train(settings(**still, weights=first, out=tmp_path / "second"))
    own, further = (CrossEncoder(folder, backend="torch", device="cpu").logits(PAIRS) for folder in (first, second))
    np.testing.assert_allclose(further, own, atol=1e-4)
    hashes = [load_hashes(folder / "train_hashes.npy") for folder in (first, second)]
    assert set(hashes[0]) <= set(hashes[1])
    with pytest.raises(MissingFileError, match="Name the folder of a finished run"):
        train(settings(**joint, weights=tmp_path, out=tmp_path / "third"))


@pytest.mark.parametrize("pooled", [True, False])
def test_joint_training_goes_on_from_what_was_exported_of_a_run(
    settings: Settings, tmp_path: Path, pooled: bool
) -> None:
    joint = {**ENOUGH["joint"], "attention": "joint", "pooled_heads": pooled}
    first = train(settings(**joint, out=tmp_path / "first"))
    ranging = [Pair(f"{premise} {place}", hypothesis) for place in range(4) for premise, hypothesis in PAIRS]
    export_run(first, tmp_path / "shipping", ranging)
    assert not (tmp_path / "shipping" / "model.safetensors").exists()
    for name in ("training_record.json", "train_hashes.npy"):
        shutil.copyfile(first / name, tmp_path / "shipping" / name)
    still = {**joint, "epochs": 0.01, "learning_rate": 1e-9}
    second = train(settings(**still, weights=tmp_path / "shipping", out=tmp_path / "second"))
    own, further = (CrossEncoder(folder, backend="torch", device="cpu").logits(PAIRS) for folder in (first, second))
    np.testing.assert_allclose(further, own, atol=0.2)
    assert not np.array_equal(further, own)


def test_a_joint_run_may_go_on_with_a_head_that_asks_something_else(settings: Settings, tmp_path: Path) -> None:
    joint = {"attention": "joint", "epochs": 0.01, "learning_rate": 1e-9}
    first = train(settings(**joint, out=tmp_path / "first"))
    labels = {"tone": ("polite", "rude", "neither", "both")}
    fresh, further = (
        make_student(settings(**joint, heads=labels, weights=earlier), read_base(settings()))
        for earlier in (None, first)
    )
    own, taken, earlier = fresh.network.state_dict(), further.network.state_dict(), weights(first)
    assert all(torch.equal(own[name], taken[name]) for name in own if name.startswith("heads."))
    query = "bert.encoder.layer.0.attention.self.query.weight"
    assert torch.allclose(taken["layers.0.qkv.weight"][: len(earlier[query])], earlier[query])


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_what_ships_of_a_run_decides_in_int8_as_its_weights_do(
    settings: Settings, tmp_path: Path, attention: str
) -> None:
    run = train(settings(attention=attention, pooled_heads=False, **ENOUGH[attention]))
    ranging = [Pair(f"{premise} {place}", hypothesis) for place in range(4) for premise, hypothesis in PAIRS]
    export_run(run, tmp_path / "shipping", ranging)
    model = CrossEncoder(tmp_path / "shipping", backend="onnx")
    assert (model.attention, model.precision, model.objective) == (attention, "int8", "nli")
    assert sum(one.label == gold for one, gold in zip(Judge(model).batch(PAIRS), GOLD, strict=True)) >= 55
    assert not list((tmp_path / "shipping").rglob("*openvino*"))


@pytest.mark.parametrize("setting", [{"weights": Path("run")}, {"pooled_heads": False}], ids=str)
def test_only_bert_is_trained_further_or_without_a_pooler(
    settings: Settings, tmp_path: Path, setting: dict[str, Any]
) -> None:
    other = make_bi_encoder(tmp_path / "other", "roberta", layout="hf")
    with pytest.raises(InputError, match="are for BERT"):
        train(settings(base=other, attention="joint", **setting))


# What it starts from


@pytest.mark.parametrize("architecture", ["roberta", "distilbert", "modernbert", "deberta-v3"])
def test_joint_training_starts_from_any_encoder(settings: Settings, tmp_path: Path, architecture: str) -> None:
    other = make_bi_encoder(tmp_path / "other", architecture, layout="hf")
    out = train(settings(base=other, attention="joint", epochs=0.2))
    assert CrossEncoder(out, backend="torch", device="cpu").logits(PAIRS[:2]).shape == (2, 3)


def test_one_way_training_starts_from_roberta_with_its_padding_and_positions(
    settings: Settings, tmp_path: Path
) -> None:
    other = make_bi_encoder(tmp_path / "other", "roberta", layout="hf")
    out = train(settings(base=str(other), epochs=0.2))
    assert CrossEncoder(export_one_way(out, tmp_path / "exported")).logits(PAIRS[:2]).shape == (2, 3)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_training_starts_from_a_cross_encoder_whatever_its_head(
    settings: Settings, tmp_path: Path, attention: str
) -> None:
    other = make_checkpoint(tmp_path / "other", "bert", num_labels=1)
    train(settings(base=other, attention=attention, epochs=0.2))


def test_weights_in_several_files_are_read_whole(settings: Settings, base: Path, tmp_path: Path) -> None:
    sharded = Path(shutil.copytree(base, tmp_path / "sharded"))
    whole = load_file(sharded / "model.safetensors")
    (sharded / "model.safetensors").unlink()
    parts = {"model-1.safetensors": sorted(whole)[::2], "model-2.safetensors": sorted(whole)[1::2]}
    for name, members in parts.items():
        save_file({member: whole[member] for member in members}, sharded / name, metadata={"format": "pt"})
    index = {"weight_map": {member: name for name, members in parts.items() for member in members}}
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index))
    assert_equal(weights(train(settings(base=sharded))), weights(train(settings(out=tmp_path / "plain"))))


# What cannot be trained


def test_a_base_that_is_not_there_or_cannot_be_trained_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        train(settings(base=tmp_path / "nowhere"))
    deberta = make_bi_encoder(tmp_path / "deberta", "deberta-v3", layout="hf")
    with pytest.raises(UnsupportedModelError, match="expected one of bert, electra, roberta, xlm-roberta"):
        train(settings(base=deberta))
    exported = export_one_way(train(settings(epochs=0.2)), tmp_path / "exported")
    with pytest.raises(MissingFileError, match="holds a graph and no weights"):
        train(settings(base=exported, out=tmp_path / "again"))


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_more_tokens_than_positions_are_refused(settings: Settings, attention: str) -> None:
    with pytest.raises(InputError, match=r"max_length is 65, and the encoder has 64\s+positions"):
        train(settings(max_length=65, attention=attention))


def test_a_mixture_that_gives_nothing_is_refused_before_anything_is_written(settings: Settings) -> None:
    config = settings()
    with pytest.raises(InputError, match=r"it gave no pair \(60 hashes were excluded\)"):
        train(config, exclude=hash_pairs(PAIRS).tolist())
    assert not config.out.exists()


def test_sets_that_are_not_in_the_folder_are_named(settings: Settings, mixture: Path) -> None:
    mixture.write_text('[[set]]\nname = "lingnli"\n')
    with pytest.raises(InputError, match=r"'lingnli': there is no .*lingnli\.train\.jsonl\.gz"):
        train(settings())


def test_labels_that_the_head_does_not_have_say_how_to_map_them(settings: Settings, data: Path) -> None:
    write_rows(data / "nli" / "snli.train.jsonl.gz", [{**nli_rows(1)[0], "label": "supported"}])
    with pytest.raises(LabelError, match="Map it in the mixture"):
        train(settings())
