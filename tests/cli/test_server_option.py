"""`--server`: every use's command answers through a server as it does without one, and says what it cannot do there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import get_type_hints

import pytest
from command_line import crossjudge, in_new_process, write

from client.standing_in import HANG_UP, as_json, refused, running, stand_in
from crossjudge import CrossEncoder, Judge
from crossjudge.cli.answer import PickOptions
from crossjudge.cli.check import CheckOptions
from crossjudge.cli.dedupe import DedupeOptions
from crossjudge.cli.grade import GradeOptions
from crossjudge.cli.guard import GuardOptions
from crossjudge.cli.judge import JudgeOptions
from crossjudge.cli.options import ONLY_HERE
from crossjudge.cli.rerank import RerankOptions
from crossjudge.cli.score import ScoreOptions
from crossjudge.cli.servers import AskedModelOptions
from crossjudge.cli.tag import TagOptions
from crossjudge.client import patience

TEXT = "The ferry was late and the cabin was cold. Write to ann@example.com."

WORDS = {
    "judge": [TEXT, "The ferry was late.", "It sank."],
    "tag": [TEXT, "Sunny.", "--labels", "ferry,rain", "--threshold", "0.3"],
    "check": [TEXT, "Sunny.", "The ferry was late. It had 40 cars."],
    "answer": [TEXT, "What was late?", "the ferry", "the cabin"],
    "score": [
        "Why?",
        TEXT,
        "Sunny.",
        "-c",
        "short=The answer is short.",
        "-c",
        "kind=It is kind.",
        "--weight",
        "kind=2",
    ],
    "guard": [TEXT, "Sunny.", "--set", "pii,toxicity", "-t", "0.2", "--redact"],
    "grade": [TEXT, "The ferry was late.", "It sank.", "", "--question", "How was it?"],
    "rerank": ["late?", TEXT, "Sunny.", "It sank.", "-k", "2"],
    "dedupe": ["The ferry was late", "a volcano", "late was the ferry", "The  ferry was late"],
}
"""What each command is given on its line."""

SETTINGS = {
    "judge": ["--abstain-below", "0.9", "--objective", "similarity"],
    "tag": ["--labels", "angry,calm", "--describe", "calm=a quiet mind", "-t", "calm=0.3", "--single"],
    "check": ["--threshold", "0.3", "--window-tokens", "20"],
    "answer": ["--template", "It was {}."],
    "score": ["-c", "short=The answer is short."],
    "guard": ["--policy", "kind=This text contains no insults.", "--no-recognizers"],
    "grade": [],
    "rerank": [],
    "dedupe": ["--threshold", "0.2"],
}
"""How a file is asked about."""

ROWS = {
    "judge": [{"premise": TEXT, "hypothesis": "It sank."}, {"premise": TEXT}, {"premise": "a", "hypothesis": "b"}],
    "tag": [{"text": TEXT}, {"text": " "}, {"text": "Sunny.", "labels": ["sun", "rain"]}],
    "check": [
        {"source": TEXT, "answer": "It sank."},
        {"source": "", "answer": "a"},
        {"source": [TEXT], "claim": "No."},
    ],
    "answer": [
        {"context": TEXT, "question": "What was late?", "candidates": ["the ferry", "the cabin"]},
        {"context": TEXT, "question": "?", "candidates": []},
    ],
    "score": [{"request": "Why?", "response": TEXT}, {"request": "Why?", "response": ""}],
    "guard": [{"text": TEXT}, {"text": ""}, {"text": "Sunny."}],
    "grade": [
        {"reference": TEXT, "answer": "The ferry was late."},
        {"reference": ["It sank.", "It was late."], "answer": "Sunny.", "question": "What was it?"},
        {"reference": " ", "answer": "Sunny."},
        {"reference": TEXT, "answer": "It sank."},
    ],
    "rerank": [{"query": "late?", "documents": [TEXT, "Sunny."]}, {"query": " ", "documents": ["a"]}],
    "dedupe": [{"text": "The ferry was late"}, {"text": ""}, {"text": "late was the ferry"}, {"text": "a volcano"}],
}
"""What a file holds, a row that cannot be answered in most of them."""

OPTIONS = {
    "judge": JudgeOptions, "tag": TagOptions, "check": CheckOptions, "answer": PickOptions, "score": ScoreOptions,
    "guard": GuardOptions, "grade": GradeOptions, "rerank": RerankOptions, "dedupe": DedupeOptions,
}  # fmt: skip


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as address:
        yield address


def here(command, *words):
    """Without a server."""
    return crossjudge(command, *words, *(["--backend", "fake"] if command == "dedupe" else []))


@pytest.mark.parametrize("command", WORDS)
@pytest.mark.parametrize("shown", [[], ["--json"]])
def test_texts_are_answered_as_without_a_server(url, command, shown):
    there = crossjudge(command, *WORDS[command], *shown, "--server", url)
    assert there == here(command, *WORDS[command], *shown)
    assert there.code == 0


@pytest.mark.parametrize("command", ROWS)
@pytest.mark.parametrize("shown", [[], ["--json"]])
def test_so_are_files_with_rows_that_cannot_be(url, tmp_path, command, shown):
    path = write(tmp_path / "rows.jsonl", *map(json.dumps, ROWS[command]))
    words = [path, *SETTINGS[command], *shown]
    there = crossjudge(command, *words, "--server", url)
    assert there == here(command, *words)
    assert there.code == (0 if command == "score" else 2)
    assert there.out


@pytest.mark.parametrize(
    ("command", "gate"), [("judge", "neutral,contradiction,entailment"), ("guard", "block"), ("dedupe", "duplicates")]
)
def test_gates_hold_there_too(url, command, gate):
    words = [*WORDS[command], "--fail-on", gate]
    there = crossjudge(command, *words, "--server", url)
    assert there == here(command, *words)
    assert there.code == 1


def test_a_page_a_file_and_a_picture_are_written_as_without_a_server(url, tmp_path):
    for name, words in (("here", []), ("there", ["--server", url])):
        folder = tmp_path / name
        folder.mkdir()
        assert crossjudge("check", TEXT, "It sank.", "--html", folder / "page.html", *words).code == 0
        assert crossjudge("tag", *WORDS["tag"], "-o", folder / "tags.csv", *words).code == 0
    for name in ("page.html", "tags.csv"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def only_here(group):
    """The options of a group that only a model on this machine can honour: their flags, and a value for each."""
    values = {"backend": "fake", "precision": "fp32", "device": "cpu", "on_overflow": "truncate", "search": "exact",
              "apart_by": "none", "neighbours": "3", "first_stage": "2", "max_length": "9"}  # fmt: skip
    hints = get_type_hints(group, include_extras=True)
    for one in fields(group):
        if ONLY_HERE in getattr(hints[one.name], "__metadata__", ()):
            flag = f"--{one.name.replace('_', '-')}"
            value = values.get(one.name, "0.3" if isinstance(one.default, float) or "below" in flag else "name")
            yield [flag] if one.default is False else [flag, value]


LOCAL = [(command, words) for command, group in OPTIONS.items() for words in only_here(group)]


@pytest.mark.parametrize(("command", "words"), [*LOCAL, *(("judge", words) for words in only_here(AskedModelOptions))])
def test_what_only_a_model_here_can_do_is_not_dropped_in_silence(command, words):
    answer = crossjudge(command, *WORDS[command], *words, "--server", "http://127.0.0.1:9")
    assert answer.code == 2
    assert f"{words[0]} is for a model on this machine" in answer.err
    assert not answer.out


def test_there_are_such_options():
    assert {command for command, _ in LOCAL} == {"judge", "check", "tag", "answer", "guard", "dedupe"}


@pytest.mark.parametrize("words", [["--api-key", "a-key"], ["--timeout", "3"]])
def test_what_is_about_a_server_needs_one(words):
    answer = crossjudge("judge", "a", "b", *words)
    assert answer.code == 2
    assert f"{words[0]} is about a server" in answer.err


def test_a_key_is_taken_from_the_option_or_the_environment(monkeypatch):
    monkeypatch.delenv("CROSSJUDGE_API_KEY", raising=False)
    with running(api_keys=["the-key-of-the-ferry"]) as url:
        words = ["judge", "a", "b", "--server", url]
        refusal = crossjudge(*words)
        assert (refusal.code, refusal.out) == (2, "")
        assert "missing_key" in refusal.err
        assert "wrong_key" in crossjudge(*words, "--api-key", "another-key-altogether").err
        assert crossjudge(*words, "--api-key", "the-key-of-the-ferry").code == 0
        monkeypatch.setenv("CROSSJUDGE_API_KEY", "the-key-of-the-ferry")
        assert crossjudge(*words).code == 0


def test_nobody_there_is_one_line_and_exit_code_2():
    answer = crossjudge("judge", "a", "b", "--server", "http://127.0.0.1:9")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert "nobody answered (connection refused)" in answer.err


VERDICT = Judge(CrossEncoder(backend="fake"))("a", "b")
FINE = as_json({"fingerprint": VERDICT.fingerprint, "results": [VERDICT.to_dict()]})


def test_people_hear_that_a_busy_server_is_waited_for(monkeypatch):
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.01)
    for quiet, lines in ([], 2), (["--quiet"], 0):
        with stand_in(refused(503, "loading"), refused(503, "loading"), FINE) as told:
            answer = crossjudge("judge", "a", "b", "--server", told.url, *quiet)
        assert answer.code == 0
        assert answer.err.count("cannot answer now (503 loading). Trying again in") == lines


def test_a_server_that_dies_midway_ends_the_command_and_what_was_answered_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.001)
    monkeypatch.setattr("crossjudge.cli.work.CHUNK_ROWS", 1)
    path = write(tmp_path / "pairs.jsonl", *['{"text_a": "a", "text_b": "b"}'] * 3)
    with stand_in(FINE, HANG_UP) as told:
        answer = crossjudge("judge", path, "--json", "--server", told.url)
    assert answer.code == 2
    assert [row["label"] for row in answer.rows] == [VERDICT.label]
    assert "the connection broke" in answer.err


def test_one_row_over_a_limit_costs_no_other_row(tmp_path):
    from crossjudge.serving import Limits

    path = write(tmp_path / "texts.jsonl", '{"text": "Sunny."}', json.dumps({"text": "x" * 300}), '{"text": "Rain."}')
    with running(limits=Limits(text_chars=200, linger_s=0.01)) as url:
        answer = crossjudge("tag", path, "-l", "sun", "--json", "--server", url)
    assert answer.code == 2
    assert [row.get("error", {}).get("type") for row in answer.rows] == [None, "LimitError", None]


def test_help_and_a_wrong_address_load_no_model():
    answer = in_new_process("judge", "a", "b", "--server", "nowhere")
    assert answer.code == 2
    assert "Reading the server's address: got 'nowhere'" in answer.err
