"""Rerank as Cohere's and Jina's clients know it: /v1/rerank, one answer that both read, and /v2/rerank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from crossjudge.apps.reranking import Reranker
from crossjudge.errors import ItemError
from crossjudge.models.activation_functions import sigmoid
from crossjudge.serving.context import meter_of, request_id_of, state_of
from crossjudge.serving.dialects import error_bodies
from crossjudge.serving.dialects.model_names import served_name
from crossjudge.serving.dialects.scoring import RELEVANCE, Cutting, score
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(tags=["Cohere and Jina"], route_class=StrictRoute)

ERROR_BODIES = dict.fromkeys(("/v1/rerank", "/v2/rerank"), error_bodies.cohere)


class RerankRequest(BaseModel):
    """What all three take. `top_n`: None for all."""

    query: str
    model: str | None = None
    top_n: int | None = Field(default=None, ge=1)


class RerankV1Request(RerankRequest):
    """`documents`: texts, or objects whose `rank_fields` (by default `text`) are read, in that order.

    `return_documents`: Cohere's clients leave documents out by default and Jina's put them in; ours puts them in.
    """

    documents: list[str | dict[str, Any]] = Field(min_length=1)
    rank_fields: list[str] | None = Field(default=None, min_length=1)
    return_documents: bool | None = None
    max_chunks_per_doc: int | None = None


class RerankV2Request(RerankRequest):
    """`max_tokens_per_doc`: tokens that are read of each document, if the pair has room for them; None for all."""

    documents: list[str] = Field(min_length=1)
    max_tokens_per_doc: int | None = Field(default=None, ge=1)


class Ranked(BaseModel):
    """One document; `index` is its place in the request, `relevance_score` from 0 to 1."""

    index: int
    relevance_score: float
    document: dict[str, Any] | None = Field(default=None, exclude_if=lambda document: document is None)


class Usage(BaseModel):
    """Jina's count of tokens read, special tokens included."""

    total_tokens: int
    prompt_tokens: int


class RerankV2Response(BaseModel):
    """Documents, best first. `meta`: Cohere's word for what it cost."""

    id: str
    results: list[Ranked]
    meta: dict[str, Any]


class RerankV1Response(RerankV2Response):
    """The same, with what Jina's clients read."""

    model: str
    usage: Usage
    object: str = "list"


@dataclass(frozen=True, slots=True)
class Ranking:
    """`places`: (index, relevance from 0 to 1) of the documents, best first. `tokens`: read by `model`."""

    model: str
    places: list[tuple[int, float]]
    tokens: int


def texts_of(asked: RerankV1Request) -> list[str]:
    """What is read of each document. Raises `ItemError` for an object that has none of the fields."""
    fields = asked.rank_fields or ["text"]
    return [_text_of(document, fields, index) for index, document in enumerate(asked.documents)]


def v1_response(ranking: Ranking, asked: RerankV1Request, *, request_id: str) -> RerankV1Response:
    """Documents, best first; a text comes back as `{"text": ...}`, an object as it was."""
    given = [{"text": one} if isinstance(one, str) else one for one in asked.documents]
    wanted = given if asked.return_documents is not False else None
    return RerankV1Response(
        id=request_id,
        results=_results(ranking, asked.top_n, documents=wanted),
        meta=_meta(ranking, version="1"),
        model=ranking.model,
        usage=Usage(total_tokens=ranking.tokens, prompt_tokens=ranking.tokens),
    )


def v2_response(ranking: Ranking, asked: RerankV2Request, *, request_id: str) -> RerankV2Response:
    """Documents, best first."""
    return RerankV2Response(id=request_id, results=_results(ranking, asked.top_n), meta=_meta(ranking, version="2"))


def rank(request: Request, query: str, documents: Sequence[str], model: str | None) -> Ranking:
    """As `Reranker` ranks them: documents are read whole, long ones in windows. Blocking."""
    state = state_of(request)
    judge = state.judge(request, served_name(model, state.pool.names()), RELEVANCE)
    ranked = Reranker(judge)(query, documents)
    scores = sigmoid(np.array([one.score for one in ranked], dtype=np.float32))
    places = [(one.index, float(score)) for one, score in zip(ranked, scores, strict=True)]
    return Ranking(judge.model.name, places, meter_of(request).tokens)


def rank_cut(request: Request, asked: RerankV2Request) -> Ranking:
    """The same with no more of each document than the client allows. Blocking."""
    pairs = [(asked.query, document) for document in asked.documents]
    scored = score(request, pairs, model=asked.model, head=RELEVANCE, cutting=Cutting(second=asked.max_tokens_per_doc))
    scores = scored.relevance()
    return Ranking(scored.model, [(place, scores[place]) for place in scored.best_first()], scored.tokens)


@router.post("/v1/rerank")
async def post_rerank_v1(request: Request, asked: RerankV1Request) -> RerankV1Response:
    """Documents by relevance to a query."""
    ranking = await state_of(request).run(request, rank, request, asked.query, texts_of(asked), asked.model)
    return v1_response(ranking, asked, request_id=request_id_of(request))


@router.post("/v2/rerank")
async def post_rerank_v2(request: Request, asked: RerankV2Request) -> RerankV2Response:
    """Documents by relevance to a query."""
    state = state_of(request)
    if asked.max_tokens_per_doc is None:
        ranking = await state.run(request, rank, request, asked.query, asked.documents, asked.model)
    else:
        ranking = await state.run(request, rank_cut, request, asked)
    return v2_response(ranking, asked, request_id=request_id_of(request))


def _text_of(document: str | dict[str, Any], fields: list[str], index: int) -> str:
    if isinstance(document, str):
        return document
    values = [document[field] for field in fields if isinstance(document.get(field), str)]
    if not values:
        raise ItemError(
            f"Ranking documents: document {index} has none of the text fields {', '.join(fields)}; it has "
            f"{', '.join(sorted(document)) or 'no fields'}. Name its fields in rank_fields, or send a text.",
            index=index,
        )
    return "\n".join(values)


def _results(ranking: Ranking, top_n: int | None, *, documents: list[dict[str, Any]] | None = None) -> list[Ranked]:
    return [
        Ranked(index=place, relevance_score=score, document=None if documents is None else documents[place])
        for place, score in ranking.places[:top_n]
    ]


def _meta(ranking: Ranking, *, version: str) -> dict[str, Any]:
    return {"api_version": {"version": version}, "tokens": {"input_tokens": ranking.tokens}}
