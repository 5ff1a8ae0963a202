"""The parts for LlamaIndex, used as LlamaIndex uses them."""

from __future__ import annotations

import asyncio

import pytest
from faked import CHECKER, QUERY, RERANKER, SOURCES, TEXTS, TRUE, UNHEARD_OF

pytest.importorskip("llama_index.core")

from llama_index.core import get_response_synthesizer
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.evaluation import BaseEvaluator, BatchEvalRunner
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode

from crossjudge.errors import InputError
from crossjudge.integrations.llamaindex import CrossjudgeFaithfulnessEvaluator, CrossjudgeRerank


def nodes(texts=TEXTS):
    return [NodeWithScore(node=TextNode(text=text), score=1.0 - n / 10) for n, text in enumerate(texts)]


class FoundNodes(BaseRetriever):
    """Finds the same nodes for every query."""

    def _retrieve(self, query_bundle):
        return nodes()


@pytest.fixture(scope="module")
def rerank():
    return CrossjudgeRerank(model=RERANKER)


@pytest.fixture(scope="module")
def evaluator():
    return CrossjudgeFaithfulnessEvaluator(model=CHECKER)


def test_nodes_are_in_the_order_of_the_reranker_with_its_scores(rerank):
    assert isinstance(rerank, BaseNodePostprocessor)
    full = [text for text in TEXTS if text.strip()]
    found = rerank.postprocess_nodes(nodes(full), query_str=QUERY)
    assert [(one.text, one.score) for one in found] == [(one.text, one.score) for one in RERANKER(QUERY, full)]
    assert asyncio.run(rerank.apostprocess_nodes(nodes(full), query_str=QUERY))[0].text == found[0].text


def test_nodes_given_stay_as_they_are_and_blank_ones_come_last(rerank):
    given = nodes()
    found = rerank.postprocess_nodes(given, query_str=QUERY)
    assert given == [one.model_copy(update={"node": there.node}) for one, there in zip(nodes(), given, strict=True)]
    assert (found[-1].text, found[-1].score) == ("  ", None)
    assert {one.node_id for one in found} == {one.node_id for one in given}


def test_metadata_are_read_as_they_are_embedded(rerank):
    said = TextNode(text="See the title.", metadata={"title": QUERY})
    unsaid = TextNode(text="See the title.", metadata={"title": QUERY}, excluded_embed_metadata_keys=["title"])
    found = rerank.postprocess_nodes([NodeWithScore(node=unsaid), NodeWithScore(node=said)], query_str=QUERY)
    assert [one.node_id for one in found] == [said.node_id, unsaid.node_id]


def test_the_score_of_retrieval_can_be_kept():
    given = nodes()
    found = CrossjudgeRerank(model=RERANKER, keep_retrieval_score=True).postprocess_nodes(given, query_str=QUERY)
    before = {one.node_id: one.score for one in given}
    assert {one.node_id: one.metadata["retrieval_score"] for one in found} == before
    assert not any(one.metadata for one in given)


def test_a_query_engine_reranks_and_its_response_is_evaluated(evaluator):
    debug = LlamaDebugHandler(print_trace_on_end=False)
    engine = RetrieverQueryEngine(
        FoundNodes(),
        response_synthesizer=get_response_synthesizer(llm=MockLLM()),
        node_postprocessors=[CrossjudgeRerank(model=RERANKER, top_n=2)],
        callback_manager=CallbackManager([debug]),
    )
    response = engine.query(QUERY)
    assert [one.text for one in response.source_nodes] == [one.text for one in RERANKER(QUERY, TEXTS[2:])]
    assert len(debug.get_event_pairs(CBEventType.RERANKING)) == 1
    response.response = f"{TEXTS[2]} {UNHEARD_OF}"
    assert evaluator.evaluate_response(query=QUERY, response=response).score == 0.5


def test_a_rerank_is_written_down_and_read_again_by_the_name_of_its_model(rerank):
    saved = CrossjudgeRerank(top_n=3).to_dict()
    assert saved == {"class_name": "CrossjudgeRerank", "model": None, "top_n": 3, "keep_retrieval_score": False}
    assert CrossjudgeRerank.from_dict(saved).top_n == 3
    with pytest.raises(ValueError, match="its model is a Reranker; expected a name"):
        rerank.to_dict()


def test_a_misspelt_option_is_refused_where_llamaindex_would_drop_it():
    with pytest.raises(InputError, match=r"got top_k; expected model, top_n, .*Did you mean top_n\?"):
        CrossjudgeRerank(top_k=2)


def test_a_rerank_without_a_query_is_refused(rerank):
    with pytest.raises(InputError, match="query"):
        rerank.postprocess_nodes(nodes())


def test_nodes_without_a_place_for_a_score_are_refused(rerank):
    with pytest.raises(InputError, match=r"item 0 is TextNode .*; expected a NodeWithScore of llama_index"):
        rerank.postprocess_nodes([TextNode(text="one")], query_str="What?")


def test_a_response_scores_the_share_of_its_claims_and_passes_if_all_are_supported(evaluator):
    assert isinstance(evaluator, BaseEvaluator)
    whole = evaluator.evaluate(query="?", response=TRUE, contexts=SOURCES)
    half = evaluator.evaluate(response=f"{TRUE} {UNHEARD_OF}", contexts=SOURCES)
    assert (whole.passing, whole.score) == (True, 1.0)
    assert (half.passing, half.score) == (False, 0.5)
    assert UNHEARD_OF in half.feedback
    assert (whole.query, whole.response, whole.contexts) == ("?", TRUE, SOURCES)


def test_pass_from_lowers_what_passes_but_never_to_a_response_that_stands_on_nothing():
    lenient = CrossjudgeFaithfulnessEvaluator(model=CHECKER, pass_from=0.0)
    assert lenient.evaluate(response=UNHEARD_OF, contexts=SOURCES).passing
    assert not lenient.evaluate(response=TRUE, contexts=[]).passing
    assert not lenient.evaluate(response=" ", contexts=SOURCES).passing


def test_an_evaluation_works_where_an_event_loop_runs(evaluator):
    async def in_a_notebook():
        return evaluator.evaluate(response=TRUE, contexts=SOURCES)

    assert asyncio.run(in_a_notebook()) == evaluator.evaluate(response=TRUE, contexts=SOURCES)


@pytest.mark.filterwarnings("ignore:asyncio_module:DeprecationWarning")
def test_a_batch_runner_gives_what_evaluating_one_by_one_gives(evaluator):
    responses = [TRUE, UNHEARD_OF, ""]
    runner = BatchEvalRunner({"faithful": evaluator}, workers=2)
    found = runner.evaluate_response_strs(queries=["?"] * 3, response_strs=responses, contexts_list=[SOURCES] * 3)
    alone = [evaluator.evaluate(query="?", response=one, contexts=SOURCES) for one in responses]
    assert found["faithful"] == alone


@pytest.mark.parametrize("wrong", [{"response": TRUE}, {"contexts": SOURCES}, {"response": TRUE, "contexts": "one"}])
def test_a_response_without_contexts_is_refused(evaluator, wrong):
    with pytest.raises(InputError, match=r"contexts=\[\.\.\.\]"):
        evaluator.evaluate(**wrong)
