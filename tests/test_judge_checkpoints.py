"""`Judge` on checkpoints of its own making: label names in any order, unnamed labels, one logit, two labels, heads."""

from __future__ import annotations

import dataclasses
import shutil
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.numpy import load_file, save_file

from crossjudge import CrossEncoder, Judge, Verdict
from crossjudge.errors import LabelError, NonFiniteLogitsError, ObjectiveError
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.models.one_way_export import export_one_way
from crossjudge.models.registry import Card
from tiny_checkpoints import edit_json, make_checkpoint, random_pairs

NLI = ("entailment", "neutral", "contradiction")
SHORT = [("Water boils.", "It is hot."), ("No boats were gone.", "The boats were gone.")]
PAIRS = [(pair.text_a, pair.text_b) for pair in random_pairs(12, seed=1)]


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nli") / "model"
    return make_checkpoint(folder, "bert", id2label=dict(enumerate(NLI)))


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("single") / "model", "bert", num_labels=1)


def opened(folder: Path | str, **settings: object) -> CrossEncoder:
    return CrossEncoder(folder, backend="torch", device="cpu", **settings)


def reordered(folder: Path, target: Path, order: tuple[int, ...], names: tuple[str, ...] | None) -> Path:
    """A copy whose label `i` was label `order[i]`, weights and all; without names they are LABEL_0 and so on."""
    shutil.copytree(folder, target)
    weights = load_file(target / "model.safetensors")
    for part in ("classifier.weight", "classifier.bias"):
        weights[part] = weights[part][list(order)]
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    labels = names or [f"LABEL_{index}" for index in range(len(order))]
    id2label = {str(index): label for index, label in enumerate(labels)}
    edit_json(
        target / "config.json", id2label=id2label, label2id={label: int(index) for index, label in id2label.items()}
    )
    return target


def said(verdicts: list[Verdict]) -> list[Verdict]:
    """All but whose verdicts they are."""
    return [dataclasses.replace(one, fingerprint="") for one in verdicts]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_labels_are_read_by_name_never_by_position(nli: Path, tmp_path: Path, order: tuple[int, ...]) -> None:
    other = reordered(nli, tmp_path / "other", order, tuple(NLI[index] for index in order))
    expected = said(Judge(opened(nli)).batch(PAIRS))
    assert said(Judge(opened(other)).batch(PAIRS)) == expected
    assert len({one.label for one in expected}) > 1


def test_unnamed_labels_are_refused_until_their_order_is_stated(nli: Path, tmp_path: Path) -> None:
    order = (2, 0, 1)
    model = opened(reordered(nli, tmp_path / "other", order, None))
    with pytest.raises(LabelError, match=r"calls its 3 labels LABEL_0, LABEL_1, LABEL_2.*State the order.*labels="):
        Judge(model)
    stated = Judge(model, labels=[NLI[index] for index in order])
    assert said(stated.batch(PAIRS)) == said(Judge(opened(nli)).batch(PAIRS))
    assert said(Judge(model, labels=NLI).batch(PAIRS)) != said(stated.batch(PAIRS))


def test_a_known_card_names_the_labels_that_a_checkpoint_does_not(
    nli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (1, 2, 0)
    model = opened(reordered(nli, tmp_path / "other", order, None))
    card = Card(
        name="some/model",
        family="some",
        objective="nli",
        score_scale="",
        licence="",
        languages=(),
        use_for=(),
        not_for=(),
        labels=tuple(NLI[index] for index in order),
    )
    monkeypatch.setattr("crossjudge.judge.find_card", lambda name: card if name == model.name else None)
    assert said(Judge(model).batch(PAIRS)) == said(Judge(opened(nli)).batch(PAIRS))


@pytest.mark.parametrize("objective", ["similarity", "duplicate", "relevance"])
def test_one_unnamed_logit_is_enough_where_the_objective_has_one(single: Path, objective: str) -> None:
    model = opened(single)
    for verdict, logit in zip(Judge(model, objective=objective).batch(SHORT), model.logits(SHORT), strict=True):
        yes, no = verdict.probabilities.values()
        assert yes + no == pytest.approx(1, abs=1e-6)
        if objective == "relevance":
            assert verdict.score == pytest.approx(float(logit[0]), abs=1e-5)
            assert yes == pytest.approx(1 / (1 + np.exp(-logit[0])), abs=1e-5)


def test_one_logit_cannot_tell_entailment_from_contradiction(single: Path) -> None:
    with pytest.raises(LabelError, match="Expected entailment, contradiction, neutral"):
        Judge(opened(single))


@pytest.mark.parametrize("objective", ["similarity", "duplicate"])
def test_symmetric_objectives_are_symmetric_on_models_that_are_not(single: Path, objective: str) -> None:
    judge = Judge(opened(single), objective=objective)
    there, back = judge.batch(PAIRS), judge.batch([(b, a) for a, b in PAIRS])
    assert any(one.tokens_read > judge.model.max_length for one in there), "windows are part of it"
    for one, other in zip(there, back, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-5)
        assert one.logits == pytest.approx(other.logits, abs=1e-4)


def test_two_labels_are_read_by_name(tmp_path: Path) -> None:
    names = {0: "not_duplicate", 1: "duplicate"}
    first = make_checkpoint(tmp_path / "first", "bert", id2label=names)
    second = reordered(first, tmp_path / "second", (1, 0), ("duplicate", "not_duplicate"))
    verdicts = Judge(opened(first), objective="duplicate").batch(PAIRS)
    assert said(Judge(opened(second), objective="duplicate").batch(PAIRS)) == said(verdicts)
    with pytest.raises(LabelError, match="LABEL_0, LABEL_1"):
        Judge(opened(reordered(first, tmp_path / "third", (0, 1), None)), objective="duplicate")


def test_a_reranker_is_no_judge_of_duplicates_unless_forced(
    single: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "cross-encoder/ms-marco-MiniLM-L6-v2"
    shutil.copytree(single, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    model = opened(name)
    with pytest.raises(ObjectiveError) as caught:
        Judge(model, objective="duplicate")
    message = str(caught.value)
    assert f"{name!r} was trained for 'relevance'" in message
    assert "not for duplicates" in message, "the reason, which is what its card says it is not for"
    assert "cross-encoder/quora-" in message, "a model that fits"
    assert Judge(model, objective="duplicate", force=True)("a", "b").label in ("duplicate", "not_duplicate")
    assert Judge(model, objective="relevance")("a", "b").label in ("relevant", "not_relevant")


def test_verdicts_do_not_depend_on_company_order_or_batch(nli: Path) -> None:
    judge = Judge(opened(nli))
    together = judge.batch(PAIRS)
    for (a, b), verdict in zip(PAIRS, together, strict=True):
        alone = judge(a, b)
        assert alone.logits == pytest.approx(verdict.logits, abs=1e-4)
        assert (alone.tokens_read, alone.tokens_dropped) == (verdict.tokens_read, verdict.tokens_dropped)
    for one, other in zip(judge.batch(PAIRS[::-1])[::-1], together, strict=True):
        assert one.logits == pytest.approx(other.logits, abs=1e-4)


def test_weights_that_answer_nan_are_found_at_the_users_pair_not_by_the_probe(nli: Path, tmp_path: Path) -> None:
    broken = reordered(nli, tmp_path / "broken", (0, 1, 2), NLI)
    weights = load_file(broken / "model.safetensors")
    save_file(
        {**weights, "classifier.bias": np.full(3, np.nan, np.float32)},
        broken / "model.safetensors",
        metadata={"format": "pt"},
    )
    judge = Judge(opened(broken))
    with pytest.raises(NonFiniteLogitsError, match="pair 0"):
        judge(*PAIRS[0])


@pytest.fixture(scope="module")
def two_heads(nli: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A one-way model with the heads nli and similarity."""
    folder = tmp_path_factory.mktemp("heads")
    vocab_size = load_file(nli / "model.safetensors")["bert.embeddings.word_embeddings.weight"].shape[0]
    torch.manual_seed(0)
    config = OneWayConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        num_layers=2,
        num_heads=4,
        intermediate_size=64,
        max_positions=64,
        heads={"nli": NLI, "similarity": ("similar",)},
    )
    (folder / "trained").mkdir()
    OneWayEncoder(config).save(folder / "trained" / "model.safetensors")
    shutil.copy(nli / "tokenizer.json", folder / "trained" / "tokenizer.json")
    shutil.copy(nli / "config.json", folder / "trained" / "config.json")
    edit_json(folder / "trained" / "config.json", model_type="one_way", **config.to_dict())
    return export_one_way(folder / "trained", folder / "exported", precision="fp32")


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_every_head_gives_its_own_logits(two_heads: Path, backend: str) -> None:
    nli, similarity = (CrossEncoder(two_heads, head=head, backend=backend) for head in ("nli", "similarity"))
    assert (nli.labels, nli.objective, nli.logits(SHORT).shape) == (NLI, "nli", (2, 3))
    assert (similarity.labels, similarity.objective, similarity.logits(SHORT).shape) == (
        ("similar",),
        "similarity",
        (2, 1),
    )
    assert CrossEncoder(two_heads, backend=backend).head == "nli"


def test_the_judge_opens_the_head_that_the_objective_needs(two_heads: Path) -> None:
    assert Judge(two_heads).model.head == "nli"
    judge = Judge(two_heads, objective="similarity")
    assert judge.model.head == "similarity"
    assert set(judge("a", "b").probabilities) == {"similar", "not_similar"}
    with pytest.raises(ObjectiveError, match=r"opened with its head 'nli'.*head='similarity'"):
        Judge(CrossEncoder(two_heads), objective="similarity")
    with pytest.raises(ObjectiveError, match="trained for 'nli'"):
        Judge(two_heads, objective="relevance")
