"""`Judge` on the embedded model's tokenizer and backends without weights: what is read, merged, said and refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossjudge import CrossEncoder, Judge, Verdict
from crossjudge.backends.base import finished
from crossjudge.backends.fake import FakeBackend
from crossjudge.calibration import Calibration
from crossjudge.errors import (
    FingerprintError,
    InputError,
    LabelError,
    NonFiniteLogitsError,
    ObjectiveError,
    PairError,
    TooLongError,
)
from crossjudge.label_probe import OBVIOUS, LabelOrderWarning
from crossjudge.types import Batch, Encoding, FloatArray, OneWayBatch

FILLER = ["river", "stone", "garden", "window", "paper", "bottle", "street", "corner", "button", "summer"]
"""Words that mean nothing to the scripted backend, each a single token."""
SURE = {"granted": [-3.0, 5.0, 0.0], "refused": [5.0, -3.0, 0.0], "broken": [np.nan] * 3}
"""Word in the premise -> logits of contradiction, entailment and neutral, the embedded model's order."""
OPEN = [0.0, 0.5, 2.0]


class Scripted:
    """A backend that looks for the words of `SURE` in the premise, and remembers the batches that it saw."""

    name, precision = "scripted", "fp32"

    def __init__(self) -> None:
        self.batches: list[OneWayBatch] = []
        self.words: dict[int, str] = {}

    def forward(self, batch: Batch) -> FloatArray:
        assert isinstance(batch, OneWayBatch)
        self.batches.append(batch)
        answers = [self._answer(batch.premise_ids[place]) for place, _ in np.argwhere(batch.slots >= 0)]
        return finished(np.array(answers, dtype=np.float32), batch)

    def close(self) -> None: ...

    def _answer(self, premise: np.ndarray) -> list[float]:
        found = [self.words[one] for one in premise.tolist() if one in self.words]
        return SURE[found[0]] if found else OPEN


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Every model opened in the test answers by the script."""
    backend = Scripted()
    monkeypatch.setattr("crossjudge.models.loaded.open_backend", lambda *args, **kwargs: backend)
    ids = CrossEncoder().tokenizer.token_ids(SURE)
    backend.words = {int(ids[word][0]): word for word in SURE}
    return backend


def fake(objective: str = "nli", **settings: Any) -> Judge:
    num_labels = None if objective == "nli" else 1
    return Judge(CrossEncoder(backend="fake", num_labels=num_labels), objective=objective, force=True, **settings)


def long_text(n_words: int) -> list[str]:
    return [FILLER[place % len(FILLER)] for place in range(n_words)]


PAIRS = [
    ("The council approved the new library on Monday.", "The council approved the library."),
    ("The council approved the new library on Monday.", "Nobody has read the plan."),
    ("", "An empty premise."),
    ("Rain.", ""),
    ("word " * 700, "a hypothesis about rain"),
    ("日本語の文章です。 👩‍👩‍👧‍👦", "\ud800 \x00"),
]


# What a verdict is


def test_probabilities_sum_to_one_and_the_label_has_the_highest() -> None:
    for objective in ("nli", "similarity", "duplicate", "relevance"):
        for verdict in fake(objective).batch(PAIRS):
            assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=1e-6)
            assert verdict.label == max(verdict.logits, key=verdict.logits.__getitem__)
            assert set(verdict.logits) == set(verdict.probabilities)


def test_a_verdict_can_be_made_again_from_its_logits() -> None:
    calibration = Calibration(
        objective="nli", temperature=2.5, fingerprints=(CrossEncoder(backend="fake").fingerprint,)
    )
    for verdict in fake(calibration=calibration, abstain_below=0.6).batch(PAIRS):
        raised = np.exp(np.array(list(verdict.logits.values())) / 2.5)
        again = dict(zip(verdict.logits, raised / raised.sum(), strict=True))
        assert verdict.probabilities == pytest.approx(again, abs=1e-6)
        assert verdict.label == max(again, key=again.__getitem__)
        assert verdict.score == pytest.approx(again["entailment"], abs=1e-6)
        assert verdict.abstained == (max(again.values()) < 0.6)


def test_a_verdict_is_plain_json() -> None:
    (verdict,) = fake().batch(PAIRS[:1])
    assert json.loads(json.dumps(verdict.to_dict())) == verdict.to_dict()
    assert Verdict(**verdict.to_dict()) == verdict


def test_the_fingerprint_is_the_models() -> None:
    judge = fake()
    assert judge(*PAIRS[0]).fingerprint == judge.model.fingerprint


def test_relevance_is_scored_by_its_logit() -> None:
    verdict = fake("relevance")(*PAIRS[0])
    assert verdict.score == verdict.logits["relevant"] - verdict.logits["not_relevant"]


@pytest.mark.parametrize("objective", ["similarity", "duplicate"])
def test_symmetric_objectives_do_not_care_which_text_comes_first(objective: str) -> None:
    for on_overflow in ("window", "truncate"):
        judge = fake(objective, on_overflow=on_overflow)
        there = judge.batch(PAIRS)
        assert judge.batch([(b, a) for a, b in PAIRS]) == there


# Abstention


def test_a_verdict_below_the_threshold_abstains_and_says_what_it_would_have_said() -> None:
    pairs = [*PAIRS[:2], PAIRS[4], *((f"The boat has {n} oars.", "It is a boat.") for n in range(5))]
    plain = fake().batch(pairs)
    winning = [max(one.probabilities.values()) for one in plain]
    threshold = float(np.median(winning))
    careful = fake(abstain_below=threshold).batch(pairs)
    assert [one.abstained for one in careful] == [one < threshold for one in winning]
    assert {one.abstained for one in careful} == {True, False}
    assert [dataclasses.replace(one, abstained=False) for one in careful] == plain


@pytest.mark.parametrize(("text_a", "text_b"), [("", "x"), ("x", " \n"), ("😀 😀", "x"), ("x", "ខ្ញុំស្រលាញ់អ្នក")])
def test_of_a_text_that_says_nothing_readable_a_judge_is_not_sure(text_a: str, text_b: str) -> None:
    judge = Judge(CrossEncoder(backend="fake"))
    assert judge(text_a, text_b).abstained
    assert Judge(CrossEncoder(backend="fake"), on_overflow="truncate")(text_a, text_b).abstained
    assert not judge("It rains 😀", "It is wet.").abstained


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(InputError, match="expected a probability from 0 to 1"):
        fake(abstain_below=threshold)


# Calibration


def test_a_temperature_changes_probabilities_and_neither_logits_nor_labels() -> None:
    model = CrossEncoder(backend="fake")
    hot = Calibration(objective="nli", temperature=3.0, fingerprints=(model.fingerprint,))
    plain, calibrated = Judge(model).batch(PAIRS), Judge(model, calibration=hot).batch(PAIRS)
    for before, after in zip(plain, calibrated, strict=True):
        assert (before.logits, before.label) == (after.logits, after.label)
        assert max(after.probabilities.values()) < max(before.probabilities.values())


def test_a_calibration_may_be_named_by_its_file(tmp_path: Path) -> None:
    model = CrossEncoder(backend="fake")
    hot = Calibration(objective="nli", temperature=3.0, fingerprints=(model.fingerprint,))
    hot.save(tmp_path / "hot.json")
    assert Judge(model, calibration=str(tmp_path / "hot.json"))(*PAIRS[0]) == Judge(model, calibration=hot)(*PAIRS[0])


def test_a_calibration_of_another_model_or_objective_is_refused() -> None:
    model = CrossEncoder(backend="fake")
    for objective, fingerprint in (("nli", "another"), ("duplicate", model.fingerprint)):
        with pytest.raises(FingerprintError):
            Judge(model, calibration=Calibration(objective=objective, temperature=1, fingerprints=(fingerprint,)))


# Long texts


@pytest.mark.parametrize(("word", "label"), [("granted", "entailment"), ("refused", "contradiction")])
def test_a_decisive_word_decides_wherever_it_stands_in_a_long_premise(
    scripted: Scripted, word: str, label: str
) -> None:
    judge = Judge(CrossEncoder(max_length=48))
    for place in range(0, 150, 7):
        words = long_text(150)
        words[place] = word
        assert judge(" ".join(words), "It was allowed.").label == label, place


def test_a_long_premise_without_a_decisive_word_is_neutral(scripted: Scripted) -> None:
    verdict = Judge(CrossEncoder(max_length=48))(" ".join(long_text(150)), "It was allowed.")
    assert verdict.label == "neutral"
    assert (verdict.tokens_read, verdict.tokens_dropped) == (150 + 4, 0)


def test_truncation_counts_what_was_not_read_and_does_not_see_it(scripted: Scripted) -> None:
    judge = Judge(CrossEncoder(max_length=48), on_overflow="truncate")
    verdict = judge(" ".join([*long_text(150), "granted"]), "It was allowed.")
    room = judge.model.tokenizer.pair_room
    assert (verdict.label, verdict.tokens_read, verdict.tokens_dropped) == ("neutral", room, 151 + 4 - room)


def test_the_hypothesis_stays_whole_in_every_window(scripted: Scripted) -> None:
    judge = Judge(CrossEncoder(max_length=48))
    hypothesis = " ".join(FILLER)
    scripted.batches.clear()
    judge(" ".join(long_text(150)), hypothesis)
    ids = judge.model.tokenizer.token_ids([hypothesis])[hypothesis].tolist()
    seen = [
        row.tolist()[1 : 1 + len(ids)] for batch in scripted.batches for row in batch.hypothesis_ids[batch.slots >= 0]
    ]
    assert len(seen) > 3
    assert all(row == ids for row in seen)


@pytest.mark.parametrize("chunk", [2, 2_048])
def test_error_on_overflow_names_the_pair(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossjudge.judge.CHUNK_PAIRS", chunk)
    judge = fake(on_overflow="error")
    with pytest.raises(TooLongError, match="pair 4") as caught:
        judge.batch(PAIRS)
    assert caught.value.index == 4


def test_every_hypothesis_of_a_long_premise_is_asked_of_the_same_windows(scripted: Scripted) -> None:
    """Each window of the premise is encoded once, however many hypotheses of up to 32 tokens ask of it."""
    judge = Judge(CrossEncoder(max_length=128))
    premise = " ".join(long_text(400))

    def encoded(hypotheses: list[str]) -> int:
        scripted.batches.clear()
        judge.batch([(premise, hypothesis) for hypothesis in hypotheses])
        return sum(len(batch.premise_ids) for batch in scripted.batches)

    assert encoded([" ".join(FILLER[:n]) for n in range(1, 9)]) == encoded(["river"]) > 3


def test_two_megabytes_are_read_to_the_last_word(scripted: Scripted) -> None:
    words = "river stone garden window paper " * 62_500
    verdict = Judge(CrossEncoder())(words + "refused", "It was allowed.")
    assert (verdict.label, verdict.tokens_dropped) == ("contradiction", 0)
    assert verdict.tokens_read == 5 * 62_500 + 1 + 4


# Many pairs


def test_batches_order_and_threads_change_nothing() -> None:
    judge = fake()
    pairs = PAIRS * 3
    verdicts = judge.batch(pairs)
    assert [judge(a, b) for a, b in pairs] == verdicts
    assert judge.batch(pairs[::-1]) == verdicts[::-1]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(judge.batch, [pairs] * 4)) == [verdicts] * 4


@pytest.mark.parametrize("objective", ["nli", "duplicate"])
def test_chunks_change_nothing(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = fake(objective)
    whole = judge.batch(PAIRS * 3)
    monkeypatch.setattr("crossjudge.judge.CHUNK_PAIRS", 4)
    monkeypatch.setattr("crossjudge.answering.CHUNK_WINDOWS", 3)
    assert judge.batch(PAIRS * 3) == whole


def test_progress_counts_pairs_up_to_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossjudge.judge.CHUNK_PAIRS", 4)
    seen: list[tuple[int, int]] = []
    fake().batch(PAIRS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(4, 6), (6, 6)]


def test_any_iterable_of_pairs_will_do_and_none_gives_none() -> None:
    judge = fake()

    def generated() -> Iterator[list[str]]:
        for a, b in PAIRS:
            yield [a, b]

    assert judge.batch(generated()) == judge.batch(PAIRS)
    assert judge.batch([]) == []


# Bad input


@pytest.mark.parametrize(
    "bad",
    [None, 3, "a text", ("one",), ("one", "two", "three"), ("text", None), (1.5, "text"), (float("nan"), "text")],
    ids=repr,
)
def test_what_is_not_two_texts_is_named_by_its_index(bad: object) -> None:
    with pytest.raises(PairError, match="pair 2") as caught:
        fake().batch([*PAIRS[:2], bad, *PAIRS[2:]])
    assert caught.value.index == 2


def test_one_pair_that_is_not_two_texts_is_pair_zero() -> None:
    with pytest.raises(PairError, match="pair 0: the second text is None") as caught:
        fake()("text", None)  # type: ignore[arg-type]
    assert caught.value.index == 0


@pytest.mark.parametrize("objective", ["nli", "similarity", "duplicate", "relevance"])
@pytest.mark.parametrize("place", [0, 3, 8])
def test_nan_names_the_users_pair_also_in_windows_chunks_and_both_directions(
    objective: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossjudge.judge.CHUNK_PAIRS", 5)
    monkeypatch.setattr("crossjudge.answering.CHUNK_WINDOWS", 4)
    plain = CrossEncoder(backend="fake", num_labels=None if objective == "nli" else 1)
    poison = int(plain.tokenizer.token_ids(["broken"])["broken"][0])
    backend = FakeBackend(num_labels=plain.num_labels, poison={poison})
    monkeypatch.setattr("crossjudge.models.loaded.open_backend", lambda *args, **kwargs: backend)
    judge = Judge(CrossEncoder(backend="fake", num_labels=plain.num_labels), objective=objective, force=True)
    long = " ".join(long_text(1_200))
    for bad in ((f"{long} broken", "short"), (long, "a broken hypothesis"), ("broken", long)):
        pairs = [(long, "one"), ("short", "two"), ("short", long)] * 3
        pairs[place] = bad
        with pytest.raises(NonFiniteLogitsError, match=rf"pair {place};") as caught:
            judge.batch(pairs)
        assert caught.value.index == place


# The contract on labels and objectives


def test_labels_may_be_stated_and_must_then_fit(scripted: Scripted) -> None:
    model = CrossEncoder()
    yes = "It was granted."
    assert Judge(model)(yes, "yes").label == "entailment"
    assert Judge(model, labels=("neutral", "contradiction", "entailment"))(yes, "yes").label == "contradiction"
    with pytest.raises(LabelError, match=r"2 labels were stated and .* has 3.*one\s+name per logit"):
        Judge(model, labels=("entailment", "neutral"))
    with pytest.raises(LabelError, match="exactly one of them must mean 'contradiction'"):
        Judge(model, labels=("entailment", "neutral", "other"))


@pytest.fixture
def knows_the_obvious(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Callable[[], CrossEncoder]:
    """Models that answer the probe's pairs as the embedded model's labels have it."""
    labels = [label for _, _, label in OBVIOUS]

    def logits_of(self: CrossEncoder, encodings: list[Encoding]) -> FloatArray:
        assert len(encodings) == len(OBVIOUS)
        return np.eye(3, dtype=np.float32)[[self.labels.index(label) for label in labels]]

    monkeypatch.setattr(CrossEncoder, "logits_of", logits_of)
    return CrossEncoder


def test_the_probe_warns_where_the_judge_is_made_when_the_stated_order_is_contradicted(
    knows_the_obvious: Callable[[], CrossEncoder],
) -> None:
    Judge(knows_the_obvious())
    with pytest.warns(LabelOrderWarning, match=r"labels=\('contradiction', 'entailment', 'neutral'\)") as caught:
        Judge(knows_the_obvious(), labels=("entailment", "contradiction", "neutral"))
    assert caught[0].filename == __file__


def test_a_head_is_refused_for_what_it_was_not_trained_for_unless_forced() -> None:
    inference = CrossEncoder(backend="fake", head="nli")
    with pytest.raises(ObjectiveError, match=r"was opened with its head 'nli'.*head='duplicate'"):
        Judge(inference, objective="duplicate")
    with pytest.raises(LabelError, match="State the order yourself"):
        Judge(inference, objective="duplicate", force=True)
    model = CrossEncoder(backend="fake", num_labels=1)
    assert Judge(model, objective="duplicate", force=True)(*PAIRS[0]).label in ("duplicate", "not_duplicate")


def test_an_unknown_objective_lists_those_there_are() -> None:
    with pytest.raises(ObjectiveError, match="expected one of nli, similarity, duplicate, relevance"):
        Judge(objective="sentiment")
