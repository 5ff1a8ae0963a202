"""Models of an evaluation: what may be written for one, what kind it turns out to be, and how it is named and read."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.errors import InputError, LabelError, UnknownModelError
from crossjudge.evaluation.entrants import BI_ENCODERS, Opening, find_entrants, open_entrant
from crossjudge.evaluation.normalise import NLI_COLUMNS
from crossjudge.models.boxed import EMBEDDED
from crossjudge.types import Pair

FAKE = Opening(backend="fake")


def test_a_name_may_say_what_it_is_and_how_to_call_it() -> None:
    found = find_entrants(["embedded", "bi:embedded", "cross:embedded#nli", "ours=nli:embedded", "embedded"])
    assert [(one.name, one.kind, one.head, one.passes) for one in found] == [
        ("embedded", "cross_encoder", None, 2),
        ("bi:embedded", "bi_encoder", None, 1),
        ("embedded#nli", "cross_encoder", "nli", 2),
        ("ours", "cross_encoder", "nli", 2),
        ("embedded (2)", "cross_encoder", None, 2),
    ]


def test_one_model_needs_no_list_and_objects_are_taken_as_they_are() -> None:
    crossing, alone = CrossEncoder(backend="fake"), BiEncoder(backend="fake")
    assert [one.name for one in find_entrants("embedded")] == ["embedded"]
    found = find_entrants([crossing, alone])
    assert [(one.name, one.kind) for one in found] == [("embedded", "cross_encoder"), ("bi:embedded", "bi_encoder")]
    assert open_entrant(found[0]).model is crossing


def test_a_folder_is_called_by_its_own_name_and_may_have_any_sign_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "run=3:best#2"
    shutil.copytree(EMBEDDED, folder)
    (found,) = find_entrants(str(folder))
    assert (found.name, found.path, found.kind) == ("run=3:best#2", str(folder), "cross_encoder")


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "no model was named"),
        ([3], "3 is no model"),
        ("bi:", "'bi:' names no model"),
        ("cross:#nli", "names no model"),
    ],
)
def test_what_is_no_model_is_refused(models: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_entrants(models)


def test_models_that_are_not_there_are_missed_before_any_runs() -> None:
    with pytest.raises(UnknownModelError):
        find_entrants(["embedded", "./no-such-folder"])
    with pytest.raises(LabelError, match=r"it has no head 'mood'. Its heads: .*nli"):
        find_entrants("embedded#mood")


def test_an_nli_model_is_asked_both_ways_and_arranged_by_label() -> None:
    (entrant,) = find_entrants("embedded")
    opened = open_entrant(entrant)
    assert isinstance(opened.model, CrossEncoder)
    pair = Pair("A man sleeps.", "A man is awake.")
    steps: list[int] = []
    raw = opened.ask([pair], steps.append)
    there, back = opened.model.logits([pair]), opened.model.logits([Pair(pair.text_b, pair.text_a)])
    names = [f"{way} {label}" for way in ("forward", "backward") for label in opened.model.labels]
    expected = dict(zip(names, np.concatenate([there, back], axis=1)[0], strict=True))
    assert opened.raw_columns == NLI_COLUMNS
    assert raw[0] == pytest.approx([expected[name] for name in NLI_COLUMNS])
    assert sum(steps) == 2
    assert (opened.objective, opened.group, opened.rules[0].name) == ("nli", "NLI cross-encoders", "mutual entailment")


def test_the_shipped_calibration_is_applied_where_it_covers_the_model_and_nowhere_else() -> None:
    (entrant,) = find_entrants("embedded")
    assert open_entrant(entrant).temperature != 1.0
    assert open_entrant(entrant, FAKE).temperature == 1.0


def test_a_bi_encoder_answers_with_cosines() -> None:
    (entrant,) = find_entrants("bi:embedded")
    opened = open_entrant(entrant)
    raw = opened.ask([Pair("A man sleeps.", "A man sleeps."), Pair("A man sleeps.", "Prices rose.")], lambda _: None)
    assert raw.shape == (2, 1)
    assert raw[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert raw[1, 0] < 0.5
    assert (opened.group, opened.objective) == (BI_ENCODERS, "embedding")


@pytest.mark.parametrize(
    ("objective", "group", "apart"),
    [
        ("similarity", "similarity cross-encoders", ""),
        ("duplicate", "duplicate cross-encoders", ""),
        ("relevance", None, "no likeness"),
        ("cross", None, "not known"),
    ],
)
def test_models_are_pooled_by_what_they_were_trained_for(
    tmp_path: Path, objective: str, group: str | None, apart: str
) -> None:
    pytest.importorskip("transformers")
    from tiny_checkpoints import make_checkpoint

    folder = make_checkpoint(tmp_path / "tiny", "minilm", num_labels=1)
    opened = open_entrant(find_entrants(f"{objective}:{folder}")[0], FAKE)
    assert opened.group == group
    assert apart in opened.not_pooled_because
    assert opened.raw_columns == ("logit",)


def test_the_kind_of_an_unknown_folder_is_found_from_its_weights(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tiny_checkpoints import make_bi_encoder, make_checkpoint

    crossing = make_checkpoint(tmp_path / "crossing", "minilm", num_labels=1)
    alone = make_bi_encoder(tmp_path / "alone", layout="hf")
    assert [one.kind for one in find_entrants([crossing, alone])] == ["cross_encoder", "bi_encoder"]


def test_labels_without_meaning_need_a_word_from_the_user(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from tiny_checkpoints import make_checkpoint

    named = make_checkpoint(
        tmp_path / "named", "minilm", num_labels=3, id2label={0: "neutral", 1: "entailment", 2: "contradiction"}
    )
    assert open_entrant(find_entrants(named)[0], FAKE).order == (1, 2, 0)
    unnamed = make_checkpoint(tmp_path / "unnamed", "minilm", num_labels=3)
    with pytest.raises(LabelError, match=r"'nli:NAME'"):
        open_entrant(find_entrants(unnamed)[0], FAKE)
