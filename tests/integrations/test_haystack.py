"""The components for Haystack, in pipelines."""

from __future__ import annotations

import asyncio

import pytest
from faked import CHECKER, QUERY, RERANKER, SOURCES, TEXTS, TRUE, UNHEARD_OF

pytest.importorskip("haystack")

from haystack import Document, Pipeline

from crossjudge.errors import InputError, UnknownModelError
from crossjudge.integrations.haystack import CrossjudgeFaithfulnessEvaluator, CrossjudgeRanker

DOCUMENTS = [Document(content=text, meta={"page": n}, score=0.1 * n) for n, text in enumerate(TEXTS)]


def pipeline_of(component):
    pipeline = Pipeline()
    pipeline.add_component("it", component)
    return pipeline


def test_documents_are_in_the_order_of_the_reranker_with_its_scores():
    full = [one for one in DOCUMENTS if one.content.strip()]
    found = pipeline_of(CrossjudgeRanker(RERANKER)).run({"it": {"query": QUERY, "documents": full}})["it"]["documents"]
    expected = RERANKER(QUERY, [one.content for one in full])
    assert [(one.content, one.score) for one in found] == [(one.text, one.score) for one in expected]
    assert [one.meta for one in found] == [full[one.index].meta for one in expected]
    assert [one.score for one in full] == [DOCUMENTS[n].score for n in (0, 2, 3)]


def test_documents_without_text_come_last_without_a_score_and_twins_are_ranked_once():
    found = CrossjudgeRanker(RERANKER).run(query=QUERY, documents=[Document(content=None), *DOCUMENTS, DOCUMENTS[2]])
    assert [one.score is None for one in found["documents"]] == [False] * 3 + [True] * 2
    assert sum(one.id == DOCUMENTS[2].id for one in found["documents"]) == 1


def test_top_k_of_a_run_stands_above_that_of_the_component():
    ranker = CrossjudgeRanker(RERANKER, top_k=2)
    whole = CrossjudgeRanker(RERANKER).run(query=QUERY, documents=DOCUMENTS)["documents"]
    assert ranker.run(query=QUERY, documents=DOCUMENTS)["documents"] == whole[:2]
    assert ranker.run(query=QUERY, documents=DOCUMENTS, top_k=3)["documents"] == whole[:3]
    with pytest.raises(InputError, match="top_k"):
        ranker.run(query=QUERY, documents=DOCUMENTS, top_k=0)


def test_an_async_pipeline_gives_the_same():
    pipeline = pipeline_of(CrossjudgeRanker(RERANKER))
    asked = {"it": {"query": QUERY, "documents": DOCUMENTS}}
    assert asyncio.run(pipeline.run_async(asked)) == pipeline.run(asked)


@pytest.mark.parametrize(
    "component", [CrossjudgeRanker(top_k=3), CrossjudgeFaithfulnessEvaluator("a/model", threshold=0.7)]
)
def test_a_saved_pipeline_is_the_pipeline(component):
    saved = pipeline_of(component).dumps()
    again = Pipeline.loads(saved, allowed_modules=["crossjudge.integrations.haystack"])
    assert again.dumps() == saved
    assert vars(again.get_component("it")).items() >= {**component.to_dict()["init_parameters"]}.items()


def test_a_pipeline_with_an_object_is_not_saved_as_another():
    with pytest.raises(InputError, match="its model is a Reranker; expected a name"):
        pipeline_of(CrossjudgeRanker(RERANKER)).dumps()


def test_nothing_is_loaded_before_it_is_warm():
    ranker = CrossjudgeRanker("./nowhere")
    with pytest.raises(UnknownModelError, match="nowhere"):
        ranker.warm_up()


def test_answers_score_the_share_of_their_claims():
    evaluator = pipeline_of(CrossjudgeFaithfulnessEvaluator(CHECKER))
    answers = [TRUE, f"{TRUE} {UNHEARD_OF}", "", TRUE]
    contexts = [SOURCES, SOURCES, SOURCES, []]
    found = evaluator.run({"it": {"contexts": contexts, "predicted_answers": answers, "questions": ["?"] * 4}})["it"]
    assert found["individual_scores"] == [1.0, 0.5, 0.0, 0.0]
    assert found["score"] == 0.375
    assert found["results"][1]["statements"] == [TRUE, UNHEARD_OF]
    assert found["results"][1]["statement_scores"] == [1, 0]
    assert found["results"][1]["report"] == CHECKER(SOURCES, answers[1]).to_dict()
    assert found["results"][3]["report"] is None
    assert all(one["feedback"] for one in found["results"])
    assert asyncio.run(evaluator.run_async({"it": {"contexts": contexts, "predicted_answers": answers}}))["it"] == found


def test_answers_and_contexts_belong_together():
    evaluator = CrossjudgeFaithfulnessEvaluator(CHECKER)
    wrong = (
        ([SOURCES], [TRUE, TRUE], "got 1 lists of contexts for 2 answers.*Pair them up"),
        (SOURCES, [TRUE, TRUE], r"contexts\[0\] is .*Put it in a list"),
        ([], [], "got no answers"),
    )
    for contexts, answers, said in wrong:
        with pytest.raises(InputError, match=said):
            evaluator.run(contexts=contexts, predicted_answers=answers)


def test_texts_are_not_documents():
    with pytest.raises(InputError, match="item 0 is 'a text'; expected a Document of haystack"):
        CrossjudgeRanker(RERANKER).run(query=QUERY, documents=["a text"])
