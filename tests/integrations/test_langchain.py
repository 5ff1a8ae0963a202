"""The parts for LangChain, used as LangChain uses them."""

from __future__ import annotations

import asyncio
import json

import pytest
from faked import JUDGE, QUERY, RERANKER, TEXTS

pytest.importorskip("langchain_core")

from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.utils.function_calling import convert_to_openai_tool

from crossjudge import Tagger
from crossjudge.errors import InputError, ItemError
from crossjudge.integrations.langchain import CrossjudgeRerank, CrossjudgeTagger

DOCUMENTS = [Document(text, id=str(n), metadata={"page": n}) for n, text in enumerate(TEXTS)]
LABELS = ["plumbing", "billing"]
TEXT = "Water is leaking under my sink, call the plumbing people."


def as_called(text, number="1"):
    return {"type": "tool_call", "name": "tag_text", "args": {"text": text}, "id": number}


@pytest.fixture(scope="module")
def rerank():
    return CrossjudgeRerank(model=RERANKER)


@pytest.fixture(scope="module")
def tagger():
    return CrossjudgeTagger(LABELS, model=JUDGE)


def test_documents_are_in_the_order_of_the_reranker_with_its_scores(rerank):
    assert isinstance(rerank, BaseDocumentCompressor)
    full = [one for one in DOCUMENTS if one.page_content.strip()]
    found = rerank.compress_documents(full, QUERY)
    expected = RERANKER(QUERY, [one.page_content for one in full])
    assert [one.page_content for one in found] == [one.text for one in expected]
    assert [one.metadata["relevance_score"] for one in found] == [one.score for one in expected]


def test_documents_keep_their_id_and_metadata_and_those_given_stay_as_they_are(rerank):
    before = [one.model_copy(deep=True) for one in DOCUMENTS]
    found = rerank.compress_documents(DOCUMENTS, QUERY)
    assert before == DOCUMENTS
    assert {(one.id, one.metadata["page"]) for one in found} == {(str(n), n) for n in range(len(TEXTS))}


def test_a_blank_document_comes_last_without_a_score_not_even_an_older_one(rerank):
    older = [Document(" ", metadata={"relevance_score": 9.0}), *DOCUMENTS[2:]]
    last = rerank.compress_documents(older, QUERY)[-1]
    assert (last.page_content, last.metadata) == (" ", {})


def test_top_n_is_the_start_of_the_whole_and_async_is_the_same(rerank):
    whole = rerank.compress_documents(DOCUMENTS, QUERY)
    assert CrossjudgeRerank(model=RERANKER, top_n=2).compress_documents(DOCUMENTS, QUERY) == whole[:2]
    assert asyncio.run(rerank.acompress_documents(DOCUMENTS, QUERY)) == whole


def test_errors_of_ours_stay_ours(rerank):
    with pytest.raises(ItemError, match="query"):
        rerank.compress_documents(DOCUMENTS, " ")
    with pytest.raises(InputError, match="item 1 is 'a text'; expected a Document of langchain_core"):
        rerank.compress_documents([DOCUMENTS[0], "a text"], QUERY)
    with pytest.raises(InputError, match="Taking a model"):
        CrossjudgeRerank(model=3)
    with pytest.raises(TypeError, match="modle"):
        CrossjudgeRerank(modle="x")


def test_a_language_model_reads_what_applies_and_the_program_gets_the_whole_result(tagger):
    message = tagger.invoke(as_called(TEXT))
    expected = Tagger(LABELS, model=JUDGE)(TEXT)
    assert (message.status, message.artifact) == ("success", expected)
    told = json.loads(message.content)
    assert told["chosen"] == expected.chosen
    assert told["probabilities"] == {one.name: pytest.approx(one.probability, abs=1e-4) for one in expected.tags}
    assert asyncio.run(tagger.ainvoke(as_called(TEXT))) == message


def test_what_cannot_be_tagged_is_answered_in_words(tagger):
    message = tagger.invoke(as_called("  "))
    assert message.status == "error"
    assert "blank" in message.content
    message = tagger.invoke({**as_called(TEXT), "args": {"message": TEXT}})
    assert message.status == "error"
    assert "expected text" in message.content


def test_a_language_model_is_told_the_labels_and_gives_a_text(tagger):
    told = convert_to_openai_tool(tagger)["function"]
    assert told["name"] == "tag_text"
    assert all(label in told["description"] for label in LABELS)
    assert told["parameters"]["required"] == ["text"]
    assert told["parameters"]["properties"]["text"]["description"]


def test_a_tagger_may_be_given_with_its_own_labels_and_the_tool_its_own_name():
    tool = CrossjudgeTagger(model=Tagger({"urgent": "This cannot wait."}, model=JUDGE), name="sort_mail")
    assert tool.name == "sort_mail"
    assert "urgent" in tool.description
    assert CrossjudgeTagger(LABELS, model=JUDGE, description="Mine.").description == "Mine."


def test_a_misspelt_option_is_refused_where_langchain_would_drop_it():
    with pytest.raises(InputError, match=r"got treshold; expected labels.*Did you mean threshold\?"):
        CrossjudgeTagger(LABELS, model=JUDGE, treshold=0.3)
    assert CrossjudgeTagger(LABELS, model=JUDGE, return_direct=True).return_direct
