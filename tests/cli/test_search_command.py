"""`crossjudge search`: an index filled, asked and shown."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

from crossjudge import BiEncoder, CrossEncoder, SearchIndex

pytest.importorskip("usearch")

NOTES = ["the ferry leaves at noon", "bread in a cloth bag", "the lamp of the pilot"]


@pytest.fixture
def notes(tmp_path):
    return write(tmp_path / "notes.jsonl", *(json.dumps({"id": n, "text": text}) for n, text in enumerate(NOTES, 10)))


def opened(folder, **settings) -> SearchIndex:
    model, encoder = CrossEncoder(backend="fake", head="relevance"), BiEncoder(backend="fake")
    return SearchIndex(folder, model=model, encoder=encoder, **settings)


@pytest.mark.parametrize(("words", "fuses"), [(("--fuse",), True), (("--no-fuse",), False), (("-m", "embedded"), True)])
def test_the_stages_are_fused_as_asked(tmp_path, notes, words, fuses):
    folder = tmp_path / "index"
    (found,) = crossjudge("search", folder, "pilot lamp", "--add", notes, "--json", *words).rows
    expected = opened(folder, fuse=fuses).search("pilot lamp")
    assert found["ranking"] == [one.to_dict() for one in expected]
    assert expected != opened(folder, fuse=not fuses).search("pilot lamp")


def test_how_a_second_stage_counts_is_not_asked_where_there_is_none(tmp_path, notes):
    answer = crossjudge("search", tmp_path / "index", "pilot", "--add", notes, "--no-rerank", "--fuse")
    assert answer.code == 2
    assert "none is asked" in answer.err


def test_what_is_added_is_found_as_the_library_finds_it(tmp_path, notes):
    folder = tmp_path / "index"
    (found,) = crossjudge("search", folder, "pilot lamp", "--add", notes, "--json").rows
    index = opened(folder)
    assert index.fuses
    assert found == {"id": None, "line": 1, "ranking": [one.to_dict() for one in index.search("pilot lamp")]}
    assert {one["id"] for one in found["ranking"]} == {"10", "11", "12"}


def test_queries_from_a_file_and_settings(tmp_path, notes):
    folder = tmp_path / "index"
    crossjudge("search", folder, "--add", notes)
    queries = write(tmp_path / "queries.csv", "query", "ferry", "bread bag")
    rows = crossjudge("search", folder, queries, "--first-stage", "lexical", "--no-rerank", "-k", "1", "--json").rows
    assert [row["ranking"][0]["id"] for row in rows] == ["10", "11"]
    assert "the ferry leaves at noon" in crossjudge("search", folder, "ferry").out


def test_without_queries_it_shows_what_the_index_holds(tmp_path, notes):
    folder = tmp_path / "index"
    (info,) = crossjudge("search", folder, "--add", notes, "--json").rows
    assert info["documents"] == 3
    assert crossjudge("search", folder, "--remove", "10", "--json").rows[0]["documents"] == 2
    assert "embedded" in crossjudge("search", folder).out


def test_an_id_twice_changes_nothing_unless_it_is_said_what_to_do(tmp_path, notes):
    folder = tmp_path / "index"
    crossjudge("search", folder, "--add", notes)
    again = crossjudge("search", folder, "--add", notes)
    assert again.code == 2
    assert "on_duplicate" in again.err
    for way in ("skip", "replace"):
        (info,) = crossjudge("search", folder, "--add", notes, "--on-duplicate", way, "--json").rows
        assert info["documents"] == 3


def test_other_columns(tmp_path):
    path = write(tmp_path / "notes.csv", "body,key", "the ferry,a", "the lamp,b")
    crossjudge("search", tmp_path / "index", "--add", path, "--add-columns", "body,key")
    (found,) = crossjudge("search", tmp_path / "index", "ferry", "--first-stage", "lexical", "--json").rows
    assert [one["id"] for one in found["ranking"]] == ["a"]


def test_a_folder_without_an_index_and_bad_files_are_exit_code_2(tmp_path, notes):
    assert crossjudge("search", tmp_path / "nowhere", "query").code == 2
    assert not (tmp_path / "nowhere").exists()
    assert crossjudge("search", tmp_path / "index", "--add", tmp_path / "missing.jsonl").code == 2
    assert crossjudge("search", tmp_path / "index", "--add", write(tmp_path / "bad.jsonl", '{"title": "a"}')).code == 2
    assert crossjudge("search", tmp_path / "index", " ", "--add", notes).code == 2
