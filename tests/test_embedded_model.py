"""The models in the box: whole, small, honest about their data, and never trained on what they are measured on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder, Judge
from crossjudge.datasets import dataset_cards
from crossjudge.errors import BackendError, LabelError
from crossjudge.label_probe import OBVIOUS
from crossjudge.models.boxed import BOXED
from crossjudge.models.checkpoint import verify_manifest
from crossjudge.models.manifest import read_manifest
from crossjudge.objectives.nli import NLI
from crossjudge.training.augmentation import FAMILIES, made_pairs
from crossjudge.training.decontamination import leaked, load_hashes
from crossjudge.training.mixture import BY_HAND

MOST_BYTES = 32_000_000
HASHES = ("train_hashes.npy", "evaluation_hashes.npy")
GRAPHS = {
    "embedded": ("judge", "premise", "hypotheses", "embed"),
    "embedded-joint": ("onnx/model",),
    "embedded-xs": ("judge", "premise", "hypotheses", "embed"),
}
JOINT = "embedded-joint"


@pytest.fixture(scope="module", params=BOXED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str) -> Path:
    return BOXED[name]


@pytest.fixture(scope="module")
def record(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "training_record.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


# What was trained on, and what was not


def test_no_training_pair_is_an_evaluation_pair(folder: Path) -> None:
    train, evaluation = (load_hashes(folder / one) for one in HASHES)
    assert len(train) > 100_000
    assert len(evaluation) > 50_000
    assert not len(leaked(train, evaluation))


def test_a_planted_leak_would_be_found(folder: Path) -> None:
    train, evaluation = (load_hashes(folder / one) for one in HASHES)
    planted = np.union1d(evaluation, train[len(train) // 2 :][:1])
    assert leaked(train, planted).tolist() == [int(train[len(train) // 2])]


def runs(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The run that made the weights, and those it went on from."""
    return [record, *runs(record["earlier"])] if "earlier" in record else [record]


def test_there_is_a_hash_for_each_pair_of_every_run(record: dict[str, Any], folder: Path) -> None:
    """Pairs whose texts are swapped share one, and the runs share most of their labelled sets."""
    pairs = [sum(run["rows"].values()) for run in runs(record)]
    assert 0.95 * max(pairs) <= len(load_hashes(folder / HASHES[0])) <= sum(pairs)


def test_every_set_may_reach_shipped_weights_and_stands_on_the_card_with_its_licence(
    record: dict[str, Any], card: str
) -> None:
    for place, run in enumerate(runs(record)):
        assert run["rows"]
        for name, pairs in run["rows"].items():
            (line,) = [one for one in card.splitlines() if one.startswith(f"| {name} | ") and ";" in one]
            assert line.split(" | ")[1].split("; ")[place] == f"{pairs:,}"
            if name in FAMILIES:
                assert "made by rule" in line
            elif name == BY_HAND:
                assert "written by hand" in line
            else:
                known = dataset_cards()[name]
                assert known.may_ship, name
                assert known.licence in line


def test_the_sentences_that_made_pairs_are_made_of_may_ship_too(record: dict[str, Any]) -> None:
    texts = {name for source in record["sets"] for name in source.get("texts", ())}
    assert all(dataset_cards()[name].may_ship for name in texts)


@pytest.mark.parametrize("held_out", ["snli.test", "mnli_matched.dev", "anli.dev"])
def test_held_out_accuracy_is_stated_with_its_sample_size(record: dict[str, Any], card: str, held_out: str) -> None:
    (figure,) = [one for one in record["figures"] if one["name"] == held_out]
    assert figure["pairs"] > 3_000
    assert 1 / 3 < figure["accuracy"] <= 1 or held_out == "anli.dev", "better than chance, but for the adversarial set"
    (line,) = [line for line in card.splitlines() if line.startswith(f"| {held_out} ")]
    assert f"{figure['pairs']:,}" in line
    assert f"{figure['accuracy']:.3f}" in line


# The folder


def test_every_byte_is_the_manifests(name: str, folder: Path) -> None:
    verify_manifest(folder)
    graphs = {f"{graph}.onnx" for graph in GRAPHS[name]}
    assert {"config.json", "tokenizer.json", "calibration.json", *graphs} <= read_manifest(folder).keys()


def test_a_model_is_at_most_thirty_two_megabytes(folder: Path) -> None:
    shipped = [path for path in folder.rglob("*") if path.is_file() and path.name not in HASHES]
    assert sum(path.stat().st_size for path in shipped) <= MOST_BYTES


def test_the_record_says_what_was_used_and_not_where_it_lay(record: dict[str, dict[str, object]]) -> None:
    texts = [value for value in record["settings"].values() if isinstance(value, str)]
    assert texts
    assert not [text for text in texts if "/" in text or "\\" in text]


# The model


def test_it_is_what_the_interface_promises() -> None:
    model = CrossEncoder()
    assert model.labels == ("contradiction", "entailment", "neutral")
    assert set(model.labels) == set(NLI.labels)
    assert (model.name, model.objective, model.attention, model.precision) == ("embedded", "nli", "one_way", "int8")
    assert BiEncoder().encode(["a", "b"]).shape[0] == 2


def test_the_joint_one_reads_both_texts_together_and_has_one_head() -> None:
    model = CrossEncoder(" Embedded-Joint ")
    assert (model.name, model.labels, model.objective) == (JOINT, CrossEncoder().labels, "nli")
    assert (model.attention, model.precision, model.backend) == ("joint", "int8", "onnx")
    assert not model.checkpoint.heads
    with pytest.raises(BackendError, match=r"it has no such graph\. Use backend='onnx'"):
        CrossEncoder(JOINT, backend="openvino")


def test_the_joint_one_knows_which_of_several_is_meant() -> None:
    """Pairs made anew: what attention that reads a premise alone was at chance with."""
    kinds = ("answers: who", "answers: whose", "answers: statement, who", "answers: statement, whose")
    pairs = [pair for pair in made_pairs("applications", 3_000, seed=20_270_101) if pair.kind in kinds]
    shares = []
    for model in (JOINT, "embedded"):
        verdicts = Judge(model).batch([(pair.text_a, pair.text_b) for pair in pairs])
        entailed = [
            (one.label == "entailment", pair.nli == "entailment") for one, pair in zip(verdicts, pairs, strict=True)
        ]
        shares.append(np.mean([said == known for said, known in entailed]))
    assert len(pairs) > 100
    assert shares[0] > 0.9 > shares[1] + 0.2


def test_each_head_answers_and_names_its_labels() -> None:
    heads = {"similarity": ("similarity",), "duplicate": ("duplicate",), "relevance": ("relevance",)}
    for head, labels in heads.items():
        model = CrossEncoder(head=head)
        assert (model.head, model.labels, model.objective) == (head, labels, head)
        assert model.predict([("a", "b"), ("c", "d")]).shape == (2,)
    assert CrossEncoder(head="certainty").labels == ("hedged", "weakened")


def test_a_head_read_from_an_open_model_is_that_head_opened_alone() -> None:
    nli, texts = CrossEncoder(), [pair[:2] for pair in OBVIOUS]
    for head in ("relevance", "nli"):
        shared, alone = nli.with_head(head), CrossEncoder(head=head)
        assert shared is not None
        np.testing.assert_array_equal(shared.logits(texts), alone.logits(texts))
        assert (shared.fingerprint, shared.labels, shared.head) == (alone.fingerprint, alone.labels, alone.head)
        assert (shared.objective, shared.activation_fn) == (alone.objective, alone.activation_fn)
    with pytest.raises(LabelError, match="no head 'sentiment'"):
        nli.with_head("sentiment")


@pytest.mark.parametrize(
    ("head", "higher", "lower"),
    [
        (
            "similarity",
            ("A man plays a guitar.", "A man is playing the guitar."),
            ("A man plays a guitar.", "It rains."),
        ),
        (
            "duplicate",
            ("The shop closes at six.", "At six, the shop closes."),
            ("The shop closes at six.", "It is red."),
        ),
        ("relevance", ("Who wrote Emma?", "Jane Austen wrote Emma."), ("Who wrote Emma?", "Lemons are sour.")),
    ],
)
def test_a_heads_score_rises_with_what_it_is_called(head: str, higher: tuple[str, str], lower: tuple[str, str]) -> None:
    above, below = CrossEncoder(head=head, activation_fn="sigmoid").predict([higher, lower])
    assert above > 0.5 > below


def test_a_hedged_sentence_is_told_from_a_definite_one() -> None:
    pairs = [("The drug helps.", "The drug may help."), ("The drug helps.", "The drug helps.")]
    hedged, definite = CrossEncoder(head="certainty", activation_fn="sigmoid").predict(pairs)
    assert hedged.min() > 0.5 > definite.max()


def test_it_knows_the_obvious(name: str) -> None:
    judge = Judge(name)
    verdicts = judge.batch([(premise, hypothesis) for premise, hypothesis, _ in OBVIOUS])
    assert sum(one.label == gold for one, (_, _, gold) in zip(verdicts, OBVIOUS, strict=True)) >= 7


def test_its_calibration_covers_it_and_is_applied(name: str) -> None:
    judge = Judge(name)
    assert judge.calibration is not None
    assert judge.model.fingerprint in judge.calibration.fingerprints
    verdict = judge("It rains.", "It is wet outside.")
    raised = {label: math.exp(logit / judge.calibration.temperature) for label, logit in verdict.logits.items()}
    expected = {label: one / sum(raised.values()) for label, one in raised.items()}
    assert verdict.probabilities == pytest.approx(expected, abs=1e-6)


def test_its_calibration_covers_the_torch_backend_too(judge: Judge) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    other = Judge(CrossEncoder(backend="torch", device="cpu"))
    assert other.calibration == judge.calibration
    pairs = [(premise, hypothesis) for premise, hypothesis, _ in OBVIOUS]
    same = [one.label == two.label for one, two in zip(judge.batch(pairs), other.batch(pairs), strict=True)]
    assert sum(same) >= 8


def test_vectors_of_the_embedding_head_are_unit_and_know_what_is_alike() -> None:
    model = BiEncoder()
    vectors = model.encode(["A man plays the guitar.", "Someone is playing an instrument.", "The market fell."])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_pair_has_the_same_logits_alone_as_among_pairs_of_every_length(name: str) -> None:
    """Padding moves no bit, or int8 rounding would make hundredths of it: 2.4e-7 was measured, 0.02 is the law."""
    rng = np.random.default_rng(0)
    words = ("river", "bridge", "was", "opened", "by", "local", "engineer", "in", "spring", "and", "closed", "before")
    pairs = [
        (" ".join(rng.choice(words, rng.integers(3, 120))), " ".join(rng.choice(words, rng.integers(2, 40))))
        for _ in range(80)
    ]
    model = CrossEncoder(name)
    together = model.logits(pairs)
    alone = np.concatenate([model.logits([pair]) for pair in pairs])
    assert np.abs(together - alone).max() < 1e-3
