"""The index: added in parts equals added at once, in memory equals on disk, and what is asked has an answer."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder, Judge, Reranker, SearchIndex
from crossjudge.errors import FingerprintError, InputError, ItemError

pytest.importorskip("usearch")

MODEL = CrossEncoder(backend="fake", head="relevance")
ENCODER = BiEncoder(backend="fake")
WORDS = ["harbour", "winter", "pilot", "bread", "bottle", "lamp", "cloth", "river", "bridge", "market", "ferry"]
QUERY = "winter pilot lamp"


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, 9))) for _ in range(count)]


def index(path=None) -> SearchIndex:
    return SearchIndex(path, model=MODEL, encoder=ENCODER, fuse=False)


@pytest.mark.parametrize("first_stage", ["lexical", "dense", "hybrid"])
@pytest.mark.parametrize("rerank", [True, False])
def test_added_in_parts_equals_added_at_once(first_stage, rerank, tmp_path):
    documents = texts(40)
    whole, parts = index(), index(tmp_path / "index")
    whole.add(documents)
    for start, end in ((0, 1), (1, 20), (20, 22), (22, 40)):
        parts.add(documents[start:end])
    again = index(tmp_path / "index")
    assert list(whole) == list(parts) == list(again)
    found = whole.search(QUERY, 15, first_stage, rerank=rerank)
    assert len(found) == 15
    for other in (parts, again):
        assert [(one.id, one.index) for one in other.search(QUERY, 15, first_stage, rerank=rerank)] == [
            (one.id, one.index) for one in found
        ]


def test_the_second_stage_ranks_as_the_reranker_does():
    documents = texts(30)
    search = index()
    search.add(documents)
    found = search.search(QUERY, k=30, first_stage="dense")
    expected = Reranker(MODEL)(QUERY, documents)
    assert [one.score for one in found] == [one.score for one in expected]
    assert [documents[one.index] for one in found] == [one.text for one in found]
    assert all(one.tokens_read > 0 for one in found)


@pytest.mark.parametrize(
    ("first_stage", "voting"), [("dense", ["dense"]), ("lexical", ["lexical"]), ("hybrid", ["lexical", "dense"])]
)
def test_each_order_has_one_vote_where_the_stages_are_fused(first_stage, voting):
    documents = texts(30)
    alone, both = index(), SearchIndex(model=MODEL, encoder=ENCODER, fuse=True)
    for one in (alone, both):
        one.add(documents)
    by_second = {one.index: one for one in alone.search(QUERY, 30, first_stage)}
    votes = [[one.index for one in alone.search(QUERY, 30, stage, rerank=False)] for stage in voting]
    votes.append(list(by_second))
    expected = {place: sum(1 / (61 + vote.index(place)) for vote in votes if place in vote) for place in by_second}
    found = both.search(QUERY, 30, first_stage)
    assert {one.index: one.score for one in found} == pytest.approx(expected)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        read = by_second[one.index]
        assert (one.id, one.text, one.tokens_read) == (read.id, documents[one.index], read.tokens_read)


def test_only_a_model_in_the_box_is_fused_unasked(tmp_path):
    for boxed in (None, "embedded", MODEL, Judge(MODEL, objective="relevance")):
        assert SearchIndex(model=boxed).fuses
        assert not SearchIndex(model=boxed, fuse=False).fuses
    for other in ("cross-encoder/ms-marco-MiniLM-L6-v2", tmp_path):
        assert not SearchIndex(model=other).fuses
        assert SearchIndex(model=other, fuse=True).fuses


def test_candidates_bound_what_the_cross_encoder_reads_but_never_below_k():
    search = index()
    search.add(texts(30))
    first = search.search(QUERY, 5, "dense", rerank=False)
    assert {one.id for one in search.search(QUERY, 5, "dense", candidates=5)} == {one.id for one in first}
    assert len(search.search(QUERY, 20, "dense", candidates=5)) == 20


def test_the_lexical_stage_finds_only_documents_that_share_a_word():
    search = index()
    search.add(["the ferry leaves", "bread and lamp", "a river"])
    assert [one.id for one in search.search("FERRY!", first_stage="lexical")] == ["0"]
    assert search.search("nothing alike", first_stage="lexical") == []


def test_batch_is_one_by_one_in_order():
    search = index()
    search.add(texts(30))
    queries = [QUERY, "bread", "the river market " * 300]
    assert search.batch(queries, 4) == [search.search(query, 4) for query in queries]
    assert search.batch([]) == []


def test_an_empty_index_finds_nothing():
    assert index().search(QUERY) == []
    search = index()
    assert search.add([]) == []
    ids = search.add(["bread", "lamp"])
    search.remove(ids)
    assert (len(search), search.search(QUERY)) == (0, [])


def test_a_removed_document_is_gone_and_its_number_is_not_given_again(tmp_path):
    search = index(tmp_path)
    search.add(texts(20))
    search.remove(["3", "19"])
    assert (len(search), "3" in search, "4" in search) == (18, False, True)
    fresh = index()
    fresh.add([{"id": one.id, "text": one.text} for one in search])
    assert search.search(QUERY, 18) == fresh.search(QUERY, 18)
    assert search.add(["new"]) == ["20"]
    with pytest.raises(InputError, match=r"no document has the id 'x'.*Nothing was removed"):
        search.remove(["0", "x"])
    assert "0" in search


def test_a_replaced_document_is_found_by_its_new_text_only():
    search = index()
    search.add([{"id": "a", "text": "ferry"}, {"id": "b", "text": "bread"}])
    with pytest.raises(ItemError, match="id 'a'"):
        search.add([{"id": "c", "text": "new"}, {"id": "a", "text": "lamp"}])
    assert len(search) == 2
    assert search.add([{"id": "a", "text": "lamp"}], on_duplicate="skip") == []
    assert search.add([{"id": "a", "text": "lamp"}], on_duplicate="replace") == ["a"]
    assert search.search("ferry", first_stage="lexical") == []
    assert search.search("lamp", first_stage="lexical")[0].id == "a"


def test_a_long_document_is_found_by_what_stands_at_its_end():
    search = index()
    search.add(["bread " * 20, "market " * 1500 + "pilot winter lamp " * 20, "market " * 1500])
    for first_stage in ("lexical", "dense", "hybrid"):
        best, *_ = search.search(QUERY, first_stage=first_stage)
        assert (best.id, best.tokens_dropped) == ("1", 0)
    assert search.info.passages > 3


def test_another_encoder_is_refused(tmp_path):
    index(tmp_path).add(["bread"])

    class Other(BiEncoder):
        fingerprint = "other:tokenizer:onnx:int8"

    other = SearchIndex(tmp_path, model=MODEL, encoder=Other(backend="fake"))
    with pytest.raises(FingerprintError, match="embedded by 'embedded'"):
        other.search("bread")
    with pytest.raises(FingerprintError):
        other.add(["lamp"])
    assert other.search("bread", first_stage="lexical")


@pytest.mark.parametrize("query", ["", " ", None, 3])
def test_a_query_that_says_nothing_is_refused(query):
    with pytest.raises(ItemError, match="Searching: the query"):
        index().search(query)


@pytest.mark.parametrize("wrong", [{"k": 0}, {"candidates": 0}, {"k": "3"}, {"first_stage": "fast"}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        index().search(QUERY, **wrong)


def test_what_an_index_holds_can_be_asked_and_written_as_json(tmp_path):
    assert index(tmp_path / "new").info.to_dict() == {
        "path": str(tmp_path / "new"), "documents": 0, "passages": 0, "bytes": 0, "encoder": None,
    }  # fmt: skip
    assert not (tmp_path / "new").exists()
    search = index(tmp_path / "new")
    search.add(texts(3))
    info = json.loads(json.dumps(search.info.to_dict()))
    assert (info["documents"], info["passages"], info["encoder"]) == (3, 3, "embedded")
    on_disk = sum(path.stat().st_size for path in (tmp_path / "new" / "segments").rglob("*") if path.is_file())
    assert info["bytes"] == on_disk
    assert np.dtype(np.float16).itemsize * ENCODER.dim * 3 < on_disk
