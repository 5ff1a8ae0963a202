"""A cascade answers each pair with exactly one of its two models, and which one is the threshold's to say."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file

from crossjudge import CrossEncoder
from crossjudge.backends.exits import confidence
from crossjudge.errors import InputError, LabelError, NonFiniteLogitsError, ObjectiveError, PairError
from crossjudge.models import cascade as cascades
from crossjudge.models.cascade import Cascade
from crossjudge.models.escalation import fit_escalation
from crossjudge.types import FloatArray
from tiny_checkpoints import make_checkpoint, random_pairs

pytestmark = pytest.mark.filterwarnings("ignore::crossjudge.models.truncation.TruncationWarning")

PAIRS = [(pair.text_a, pair.text_b) for pair in random_pairs(120, seed=5)]
STRONG_LABELS = {0: "contradiction", 1: "entailment", 2: "neutral"}
CHEAP_LABELS = {0: "Entailment", 1: "neutral", 2: "contradiction"}
TO_STRONG_ORDER = [2, 0, 1]

Make = Callable[..., CrossEncoder]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Random models, each with a folder of its own whose name may be that of a known one."""

    def made(
        architecture: str = "bert", *, name: str = "model", max_length: int = 64, **settings: object
    ) -> CrossEncoder:
        folder = make_checkpoint(
            tmp_path_factory.mktemp("made") / name, architecture, max_length=max_length, **settings
        )
        return CrossEncoder(folder, backend="torch")

    return made


@pytest.fixture(scope="module")
def cheap(make: Make) -> CrossEncoder:
    return make("bert", id2label=CHEAP_LABELS, max_length=32)


@pytest.fixture(scope="module")
def strong(make: Make) -> CrossEncoder:
    """Another tokenizer, another order of labels, another length."""
    return make("roberta", id2label=STRONG_LABELS, seed=1)


@pytest.fixture(scope="module")
def cheap_logits(cheap: CrossEncoder) -> FloatArray:
    return cheap.logits(PAIRS)[:, TO_STRONG_ORDER]


@pytest.fixture(scope="module")
def strong_logits(strong: CrossEncoder) -> FloatArray:
    return strong.logits(PAIRS)


def middle(logits: FloatArray) -> float:
    """A threshold between two of the pairs, half of them on either side."""
    return float(np.median(confidence(logits)))


# Which model answers


def test_a_threshold_of_nothing_is_the_cheap_model_and_above_one_the_strong_model(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray, strong_logits: FloatArray
) -> None:
    np.testing.assert_array_equal(Cascade(cheap, strong, escalate_below=0).logits(PAIRS), cheap_logits)
    np.testing.assert_array_equal(Cascade(cheap, strong, escalate_below=1.1).logits(PAIRS), strong_logits)


def test_each_pair_has_the_answer_of_the_model_that_the_threshold_says_in_any_order(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray, strong_logits: FloatArray
) -> None:
    threshold = middle(cheap_logits)
    escalated = confidence(cheap_logits) < threshold
    assert 40 < escalated.sum() < 80
    expected = np.where(escalated[:, None], strong_logits, cheap_logits)
    both = Cascade(cheap, strong, escalate_below=threshold)
    order = random.Random(2).sample(range(len(PAIRS)), len(PAIRS))
    for batch_size in (None, 3):
        np.testing.assert_allclose(both.logits(PAIRS, batch_size=batch_size), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(both.logits([PAIRS[row] for row in order]), expected[order], rtol=0, atol=1e-5)
    np.testing.assert_allclose(both.logits(PAIRS[3]), expected[[3]], rtol=0, atol=1e-5)


def test_chunks_change_nothing(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Cascade(cheap, strong, escalate_below=middle(cheap_logits))
    whole = both.logits(PAIRS)
    monkeypatch.setattr(cascades, "CHUNK_PAIRS", 7)
    np.testing.assert_allclose(both.logits(PAIRS), whole, rtol=0, atol=1e-5)


def test_a_temperature_divides_the_logits_before_anything_is_decided(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray, strong_logits: FloatArray
) -> None:
    hot = cheap_logits / np.float32(3)
    threshold = middle(hot)
    expected = np.where((confidence(hot) < threshold)[:, None], strong_logits / np.float32(2), hot)
    both = Cascade(cheap, strong, escalate_below=threshold, temperatures=(3.0, 2.0))
    np.testing.assert_allclose(both.logits(PAIRS), expected, rtol=0, atol=1e-5)


def test_a_single_score_is_escalated_near_one_half(make: Make) -> None:
    cheap, strong = make(num_labels=1), make("roberta", num_labels=1, seed=3)
    scores = cheap.logits(PAIRS)
    threshold = middle(scores)
    near = np.abs(1 / (1 + np.exp(-scores[:, 0].astype(np.float64))) - 0.5) < threshold - 0.5
    both = Cascade(cheap, strong, escalate_below=threshold)
    expected = np.where(near[:, None], strong.logits(PAIRS), scores)
    np.testing.assert_allclose(both.logits(PAIRS), expected, rtol=0, atol=1e-5)
    documents = [document for _, document in PAIRS[:20]]
    ranked = both.rank("Where was the river?", documents, top_k=5)
    answered = both.predict([("Where was the river?", document) for document in documents])
    assert [one["score"] for one in ranked] == pytest.approx(sorted(answered, reverse=True)[:5], abs=1e-6)


def test_a_cascade_may_be_the_strong_model_of_another(
    make: Make, cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray
) -> None:
    tiny = make("electra", id2label=STRONG_LABELS, seed=8)
    inner = Cascade(cheap, strong, escalate_below=middle(cheap_logits))
    tiny_logits = tiny.logits(PAIRS)
    threshold = middle(tiny_logits)
    outer = Cascade(tiny, inner, escalate_below=threshold)
    expected = np.where((confidence(tiny_logits) < threshold)[:, None], inner.logits(PAIRS), tiny_logits)
    np.testing.assert_allclose(outer.logits(PAIRS), expected, rtol=0, atol=1e-5)
    assert inner.fingerprint in outer.fingerprint


# It is a CrossEncoder to whoever uses one


def test_predict_is_the_strong_models_activation_of_the_logits(
    make: Make, cheap: CrossEncoder, cheap_logits: FloatArray
) -> None:
    strong = make(layout="sentence_transformers", activation="softmax", id2label=STRONG_LABELS)
    both = Cascade(cheap, strong, escalate_below=middle(cheap_logits))
    scores = both.predict(PAIRS)
    assert scores.shape == (len(PAIRS), 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(both.predict(PAIRS[0]), scores[0], atol=1e-6)
    np.testing.assert_allclose(
        Cascade(cheap, strong, activation_fn="identity").predict(PAIRS[:3], apply_softmax=True).sum(axis=1),
        1,
        atol=1e-5,
    )
    assert both.predict([]).shape == (0, 3)


def test_it_states_its_facts(cheap: CrossEncoder, strong: CrossEncoder) -> None:
    both = Cascade(cheap, strong)
    assert isinstance(both, CrossEncoder)
    assert both.labels == tuple(STRONG_LABELS.values())
    assert both.num_labels == 3
    assert both.max_length == cheap.max_length == 32
    assert (both.attention, both.backend, both.precision) == ("joint", "torch", "fp32")
    assert cheap.name in both.name
    assert strong.name in both.name


def test_the_fingerprint_names_both_models_and_what_decides_between_them(
    cheap: CrossEncoder, strong: CrossEncoder
) -> None:
    both = Cascade(cheap, strong, escalate_below=0.9)
    assert cheap.fingerprint in both.fingerprint
    assert strong.fingerprint in both.fingerprint
    others = [
        both.escalating_below(0.8),
        Cascade(strong, cheap, escalate_below=0.9),
        Cascade(cheap, strong, escalate_below=0.9, temperatures=(1.0, 1.1)),
    ]
    assert len({both.fingerprint, *(other.fingerprint for other in others)}) == 4
    assert both.escalating_below(0.9).fingerprint == both.fingerprint


def test_encodings_are_refused_since_each_model_makes_its_own(cheap: CrossEncoder, strong: CrossEncoder) -> None:
    both = Cascade(cheap, strong)
    with pytest.raises(InputError, match=r"Call logits\(pairs\)"):
        both.logits_of(both.tokenizer.encode([]))


def test_progress_ends_at_all_pairs_and_never_goes_back(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascades, "CHUNK_PAIRS", 50)
    seen: list[tuple[int, int]] = []
    both = Cascade(cheap, strong, escalate_below=middle(cheap_logits))
    both.logits(PAIRS, batch_size=4, progress=lambda done, of: seen.append((done, of)))
    assert seen == sorted(seen)
    assert seen[-1] == (len(PAIRS), len(PAIRS))
    assert len(seen) > 6


# Counting


def test_statistics_count_every_pair_of_every_thread(
    cheap: CrossEncoder, strong: CrossEncoder, cheap_logits: FloatArray
) -> None:
    both = Cascade(cheap, strong, escalate_below=middle(cheap_logits))
    assert both.statistics.share == 0.0
    expected = both.logits(PAIRS)
    once = both.statistics
    assert once.pairs == len(PAIRS)
    assert once.escalated == int((confidence(cheap_logits) < both.escalate_below).sum())
    assert once.share == once.escalated / once.pairs
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(both.logits, [PAIRS] * 8))
    for answer in answers:
        np.testing.assert_allclose(answer, expected, rtol=0, atol=1e-5)
    assert both.statistics.pairs == 9 * len(PAIRS)
    assert both.statistics.escalated == 9 * once.escalated


def test_cut_pairs_are_counted_for_either_model(cheap: CrossEncoder, strong: CrossEncoder) -> None:
    before = cheap.truncated_pairs, strong.truncated_pairs
    both = Cascade(cheap, strong, escalate_below=2)
    both.logits([("word " * 100, "word")])
    assert (cheap.truncated_pairs, strong.truncated_pairs) == (before[0] + 1, before[1] + 1)
    assert both.truncated_pairs == sum(before) + 2


# What is refused


def test_models_of_other_labels_are_refused(make: Make, strong: CrossEncoder) -> None:
    two = make(id2label={0: "entailment", 1: "not_entailment"})
    other = make(id2label={0: "entailment", 1: "neutral", 2: "unknown"})
    for odd in (two, other):
        with pytest.raises(LabelError, match="expected the same labels"):
            Cascade(odd, strong)


def test_labels_without_a_meaning_are_refused_until_they_are_stated(
    make: Make, strong: CrossEncoder, strong_logits: FloatArray
) -> None:
    unnamed = make("bert", seed=4)
    with pytest.raises(LabelError, match="cheap_labels"):
        Cascade(unnamed, strong)
    with pytest.raises(LabelError, match="strong_labels"):
        Cascade(strong, unnamed)
    with pytest.raises(LabelError, match="names 2 labels"):
        Cascade(unnamed, strong, cheap_labels=("entailment", "neutral"))
    stated = Cascade(unnamed, strong, cheap_labels=("neutral", "contradiction", "entailment"), escalate_below=0)
    np.testing.assert_array_equal(stated.logits(PAIRS), unnamed.logits(PAIRS)[:, [1, 2, 0]])
    again = stated.escalating_below(2)
    np.testing.assert_array_equal(again.logits(PAIRS), strong_logits)


def test_models_trained_for_different_things_are_refused(make: Make) -> None:
    relevance = make(name="ms-marco-MiniLM-L6-v2", num_labels=1)
    similarity = make(name="stsb-distilroberta-base", num_labels=1)
    unknown = make(num_labels=1)
    with pytest.raises(ObjectiveError, match=r"'similarity'.*'relevance'"):
        Cascade(similarity, relevance)
    assert Cascade(unknown, relevance).objective == Cascade(relevance, unknown).objective == "relevance"


@pytest.mark.parametrize(
    "settings", [{"escalate_below": -0.1}, {"escalate_below": float("nan")}, {"temperatures": (1, 0)}]
)
def test_settings_that_mean_nothing_are_refused(cheap: CrossEncoder, strong: CrossEncoder, settings: dict) -> None:
    with pytest.raises(InputError, match="Making a cascade"):
        Cascade(cheap, strong, **settings)


def test_a_bad_row_is_named(cheap: CrossEncoder, strong: CrossEncoder) -> None:
    both = Cascade(cheap, strong)
    with pytest.raises(PairError) as error:
        both.logits([*PAIRS[:5], ("only one",), PAIRS[6]])
    assert error.value.index == 5


@pytest.mark.parametrize("broken", ["cheap", "strong"])
def test_the_pair_that_either_model_answers_with_nan_is_named(
    make: Make, strong: CrossEncoder, tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cascades, "CHUNK_PAIRS", 4)
    folder = make_checkpoint(tmp_path / "broken", "bert", id2label=STRONG_LABELS)
    whole = CrossEncoder(folder, backend="torch")
    (word,) = whole.tokenizer.token_ids(["horse"]).values()
    weights = load_file(folder / "model.safetensors")
    for token in word.tolist():
        weights["bert.embeddings.word_embeddings.weight"][token] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    bad = CrossEncoder(folder, backend="torch")
    assert len(word) == 1, "the word must be one token, or its pieces would spoil other pairs"
    pairs = [("a cat", "a dog")] * 6 + [("a cat", "a horse")]
    both = Cascade(bad, strong) if broken == "cheap" else Cascade(strong, bad, escalate_below=2)
    with pytest.raises(NonFiniteLogitsError, match="pair 6") as error:
        both.logits(pairs)
    assert error.value.index == 6


# Fitting


def test_a_fitted_cascade_agrees_with_its_strong_model(make: Make, strong: CrossEncoder) -> None:
    pairs = [(pair.text_a, pair.text_b) for pair in random_pairs(400, seed=9)]
    near = make("roberta", id2label=STRONG_LABELS, seed=1, max_length=40)
    both = Cascade(near, strong)
    threshold = fit_escalation(*both.both(pairs), agreement=0.98)
    fitted = both.escalating_below(threshold)
    agree = fitted.logits(pairs).argmax(axis=1) == strong.logits(pairs).argmax(axis=1)
    assert agree.mean() >= 0.98
    assert 0 < fitted.statistics.share < 1
