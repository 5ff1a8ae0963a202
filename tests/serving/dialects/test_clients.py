"""The real clients of other servers, pointed at ours; only their address is changed."""

from __future__ import annotations

from typing import Any

import pytest
import requests

pytestmark = [
    pytest.mark.full,
    # Each of these packages warns of its own future.
    pytest.mark.filterwarnings("ignore"),
]

DOCUMENTS = ["no", "maybe", "yes"]


def test_cohere_v1_and_v2(address: str) -> None:
    cohere = pytest.importorskip("cohere")
    for client in (cohere.Client("any", base_url=address), cohere.ClientV2("any", base_url=address)):
        answer = client.rerank(model="rerank-v3.5", query="which?", documents=DOCUMENTS, top_n=2)
        assert [one.index for one in answer.results] == [2, 1]
        assert [one.relevance_score for one in answer.results] == pytest.approx([0.75, 0.5])
        assert answer.id
        assert answer.meta.api_version.version in {"1", "2"}


def test_coheres_client_reads_our_refusals(address: str) -> None:
    cohere = pytest.importorskip("cohere")
    client = cohere.ClientV2("any", base_url=address)
    with pytest.raises(cohere.NotFoundError) as refused:
        client.rerank(model="nobody", query="which?", documents=DOCUMENTS)
    assert "nobody" in refused.value.body["message"]
    with pytest.raises(cohere.UnprocessableEntityError):
        client.rerank(model="embedded", query="which?", documents=[])


def test_coheres_documents_with_fields(address: str) -> None:
    cohere = pytest.importorskip("cohere")
    answer = cohere.Client("any", base_url=address).rerank(
        query="which?", documents=[{"title": "no"}, {"title": "yes"}], rank_fields=["title"], return_documents=True
    )
    assert [one.index for one in answer.results] == [1, 0]


def test_langchains_cohere(address: str) -> None:
    langchain_cohere = pytest.importorskip("langchain_cohere")
    documents = pytest.importorskip("langchain_core.documents")
    reranker = langchain_cohere.CohereRerank(model="rerank-v3.5", cohere_api_key="any", base_url=address, top_n=2)
    found = reranker.compress_documents([documents.Document(page_content=text) for text in DOCUMENTS], "which?")
    assert [one.page_content for one in found] == ["yes", "maybe"]
    assert [one.metadata["relevance_score"] for one in found] == pytest.approx([0.75, 0.5])


def test_langchains_jina(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("langchain_community.document_compressors.jina_rerank")
    monkeypatch.setattr(module, "JINA_API_URL", f"{address}/v1/rerank")
    client = module.JinaRerank(jina_api_key="any", top_n=2)
    ranked = client.rerank(DOCUMENTS, "which?")
    assert [one["index"] for one in ranked] == [2, 1]
    with pytest.raises(RuntimeError, match="nobody"):
        client.rerank(DOCUMENTS, "which?", model="nobody")


def test_openais_moderations(address: str) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(api_key="any", base_url=f"{address}/v1", max_retries=0)
    bad, good = client.moderations.create(input=["no", "yes"], model="omni-moderation-latest").results
    assert bad.flagged
    assert bad.categories.harassment_threatening
    assert bad.category_scores.hate == pytest.approx(0.8)
    assert not good.flagged
    assert good.categories.illicit is False
    assert good.category_scores.sexual == 0
    with pytest.raises(openai.NotFoundError) as refused:
        client.moderations.create(input="yes", model="nobody")
    assert refused.value.code == "model_not_found"


def test_hugging_faces_client(address: str) -> None:
    hub = pytest.importorskip("huggingface_hub")
    similar = hub.InferenceClient(model=f"{address}/similarity", token="any")
    assert similar.sentence_similarity("a dog", ["yes", "no"]) == pytest.approx([0.75, 0.25])
    classify: Any = hub.InferenceClient(model=f"{address}/predict", token="any").text_classification
    # Its signature says one text; a list of pairs goes through, and the first pair's labels come back.
    labels = classify([["a dog runs", "yes"]])
    assert next((one.label, round(one.score, 5)) for one in labels) == ("entailment", 0.6)
    with pytest.raises(hub.errors.HfHubHTTPError, match="422"):
        classify("a text alone")


def test_llama_indexs_tei_reranker(address: str) -> None:
    module = pytest.importorskip("llama_index.postprocessor.tei_rerank")
    schema = pytest.importorskip("llama_index.core.schema")
    nodes = [schema.NodeWithScore(node=schema.TextNode(text=text), score=0.0) for text in DOCUMENTS]
    reranker = module.TextEmbeddingInference(base_url=address, top_n=2, model_name="embedded")
    found = reranker.postprocess_nodes(nodes, query_str="which?")
    assert [one.node.text for one in found] == ["yes", "maybe"]
    assert [one.score for one in found] == pytest.approx([0.75, 0.5])


def test_a_plain_client_of_tei(address: str) -> None:
    """As Haystack's TEI ranker asks: by address. LangChain has none; its TEI classes embed."""
    asked = {"query": "which?", "texts": DOCUMENTS, "truncate": True, "raw_scores": False, "return_text": True}
    answer = requests.post(f"{address}/rerank", json=asked, timeout=30)
    answer.raise_for_status()
    assert [(one["index"], one["text"]) for one in answer.json()] == [(2, "yes"), (1, "maybe"), (0, "no")]
