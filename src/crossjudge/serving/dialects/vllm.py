"""vLLM's scores: /score and /v1/score, and its form of /rerank, the one with `documents`."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AliasChoices, BaseModel, Discriminator, Field, Tag

from crossjudge.errors import InputError
from crossjudge.serving.context import request_id_of, state_of
from crossjudge.serving.dialects import error_bodies, tei
from crossjudge.serving.dialects.scoring import RELEVANCE, Cutting, Scored, score
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(tags=["vLLM"], route_class=StrictRoute)

ERROR_BODIES = dict.fromkeys(("/score", "/v1/score"), error_bodies.vllm)

Texts = str | Annotated[list[str], Field(min_length=1)]


class ScoringRequest(BaseModel):
    """What both requests share. Token counts include special tokens; 0 and None cut nothing, -1 is the model's own.

    `use_activation`: false for raw logits. A pair too long for the model is refused unless `truncate_prompt_tokens`
    says to cut it.
    """

    model: str | None = None
    truncate_prompt_tokens: int | None = Field(default=None, ge=-1)
    truncation_side: Literal["left", "right"] | None = None
    max_tokens_per_query: int = Field(default=0, ge=0)
    max_tokens_per_doc: int = Field(default=0, ge=0)
    use_activation: bool | None = None

    @property
    def cutting(self) -> Cutting:
        """The same in our words."""
        whole = self.truncate_prompt_tokens
        return Cutting(
            first=self.max_tokens_per_query or None,
            second=self.max_tokens_per_doc or None,
            whole=whole if whole and whole > 0 else None,
            allowed=whole is not None,
            side=self.truncation_side,
        )


class ScoreRequest(ScoringRequest):
    """One text with one or many, or as many firsts as seconds."""

    text_1: Texts = Field(validation_alias=AliasChoices("text_1", "data_1", "queries"))
    text_2: Texts = Field(validation_alias=AliasChoices("text_2", "data_2", "documents", "items"))


class RerankRequest(ScoringRequest):
    """`top_n`: 0 for all."""

    query: str
    documents: Texts
    top_n: int = Field(default=0, ge=0)


class Usage(BaseModel):
    """Tokens read, special tokens included."""

    prompt_tokens: int
    total_tokens: int


class Score(BaseModel):
    """One pair's score, 0 to 1, or its logit."""

    index: int
    object: Literal["score"] = "score"
    score: float


class ScoreResponse(BaseModel):
    """Scores in the order of the pairs. `created`: seconds since 1970."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[Score]
    usage: Usage


class Document(BaseModel):
    """A text, as it came."""

    text: str
    multi_modal: None = None


class RankedDocument(BaseModel):
    """One document; `index` is its place in the request."""

    index: int
    document: Document
    relevance_score: float


class RerankResponse(BaseModel):
    """Documents, best first."""

    id: str
    model: str
    usage: Usage
    results: list[RankedDocument]


def scored_pairs(text_1: Texts, text_2: Texts) -> list[tuple[str, str]]:
    """One to one, one to many, or many to as many. Raises `InputError` for other numbers of texts."""
    firsts, seconds = _listed(text_1), _listed(text_2)
    if len(firsts) not in (1, len(seconds)):
        raise InputError(
            f"Scoring pairs: got {len(firsts)} first and {len(seconds)} second texts; expected 1:1, 1:N or N:N. Repeat "
            "the first text, or ask once for each."
        )
    return list(zip(firsts * len(seconds) if len(firsts) == 1 else firsts, seconds, strict=True))


def score_response(scored: Scored, asked: ScoreRequest, *, request_id: str, created: int) -> ScoreResponse:
    """Scores in the order of the pairs."""
    scores = scored.relevance(raw=asked.use_activation is False)
    return ScoreResponse(
        id=f"score-{request_id}",
        created=created,
        model=scored.model,
        data=[Score(index=index, score=score) for index, score in enumerate(scores)],
        usage=_usage(scored),
    )


def rerank_response(scored: Scored, asked: RerankRequest, *, request_id: str) -> RerankResponse:
    """Documents, best first."""
    scores, documents = scored.relevance(raw=asked.use_activation is False), _listed(asked.documents)
    return RerankResponse(
        id=f"rerank-{request_id}",
        model=scored.model,
        usage=_usage(scored),
        results=[
            RankedDocument(index=place, document=Document(text=documents[place]), relevance_score=scores[place])
            for place in scored.best_first()[: asked.top_n or None]
        ],
    )


def rerank(request: Request, asked: RerankRequest) -> RerankResponse:
    """Answer /rerank with `documents`. Blocking."""
    pairs = [(asked.query, document) for document in _listed(asked.documents)]
    scored = score(request, pairs, model=asked.model, head=RELEVANCE, cutting=asked.cutting)
    return rerank_response(scored, asked, request_id=request_id_of(request))


def whose_rerank(body: Any) -> str:
    """`"vllm"` or `"tei"`: /rerank is the one route that two dialects share."""
    if isinstance(body, dict):
        return "vllm" if "documents" in body else "tei"
    return "vllm" if isinstance(body, RerankRequest) else "tei"


EitherRerank = Annotated[
    Annotated[tei.RerankRequest, Tag("tei")] | Annotated[RerankRequest, Tag("vllm")], Discriminator(whose_rerank)
]


@router.post("/rerank")
async def post_rerank(request: Request, asked: EitherRerank) -> list[tei.Rank] | RerankResponse:
    """Texts by relevance: TEI's answer to `texts`, vLLM's to `documents`."""
    state = state_of(request)
    if isinstance(asked, tei.RerankRequest):
        return await state.run(request, tei.rerank, request, asked)
    return await state.run(request, rerank, request, asked)


@router.post("/score")
@router.post("/v1/score")
async def post_score(request: Request, asked: ScoreRequest) -> ScoreResponse:
    """How relevant the second text of each pair is to the first."""
    scored = await state_of(request).run(
        request,
        score,
        request,
        scored_pairs(asked.text_1, asked.text_2),
        model=asked.model,
        head=RELEVANCE,
        cutting=asked.cutting,
    )
    return score_response(scored, asked, request_id=request_id_of(request), created=int(time.time()))


def _listed(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


def _usage(scored: Scored) -> Usage:
    return Usage(prompt_tokens=scored.tokens, total_tokens=scored.tokens)
