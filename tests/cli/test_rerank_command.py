"""`crossjudge rerank`: what the library ranks, from texts and files."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

from crossjudge import CrossEncoder, Reranker

QUERY = "how do I keep bread fresh"
DOCUMENTS = ["The bakery opens at seven.", "Keep bread fresh in a cloth bag."]


def row(query: str, *documents: str) -> str:
    return json.dumps({"query": query, "documents": documents})


def test_json_is_what_the_library_ranks():
    (found,) = crossjudge("rerank", QUERY, *DOCUMENTS, "--json").rows
    ranked = Reranker(CrossEncoder(backend="fake", head="relevance"))(QUERY, DOCUMENTS)
    assert found == {"id": None, "line": 1, "ranking": [one.to_dict() for one in ranked]}
    assert found["ranking"][0]["index"] == 1


def test_files_texts_and_a_file_of_documents_give_the_same(tmp_path):
    texts = crossjudge("rerank", QUERY, *DOCUMENTS, "--json")
    asked = write(tmp_path / "asked.jsonl", row(QUERY, *DOCUMENTS))
    documents = write(tmp_path / "documents.csv", "text", *DOCUMENTS)
    assert crossjudge("rerank", asked, "--json") == texts
    assert crossjudge("rerank", documents, "--query", QUERY, "--json") == texts
    assert crossjudge("rerank", *DOCUMENTS, "--query", QUERY, "--json") == texts


def test_top_k_is_the_start_of_the_ranking():
    whole = crossjudge("rerank", QUERY, *DOCUMENTS, "--json").rows[0]["ranking"]
    assert crossjudge("rerank", QUERY, *DOCUMENTS, "--top-k", "1", "--json").rows[0]["ranking"] == whole[:1]


def test_a_row_that_cannot_be_ranked_costs_no_other(tmp_path):
    path = write(tmp_path / "asked.jsonl", row(QUERY, *DOCUMENTS), row(" ", *DOCUMENTS), row(QUERY))
    answer = crossjudge("rerank", path, "--json")
    assert answer.code == 2
    assert [found.get("error", {}).get("type") for found in answer.rows] == [None, "ItemError", None]
    assert answer.rows[2]["ranking"] == []


def test_the_table_has_the_best_document_first():
    answer = crossjudge("rerank", QUERY, *DOCUMENTS)
    assert answer.out.index("cloth bag") < answer.out.index("bakery")


@pytest.mark.parametrize("words", [(), ("query",), (QUERY, *DOCUMENTS, "--top-k", "0"), ("missing.jsonl",)])
def test_bad_usage_is_exit_code_2(words):
    answer = crossjudge("rerank", *words)
    assert (answer.code, answer.out) == (2, "")
