"""`rerank_documents`: which passages answer a query best?"""

from __future__ import annotations

from pydantic import Field

from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Texts, Told, Tool

_SHOWN = 80


class RerankArguments(Arguments):
    """A query and documents."""

    query: Text = Field(description="The question, or what is looked for.")
    documents: Texts = Field(description="Passages or documents, whole.")
    top_k: int | None = Field(None, ge=1, description="How many of the best are given back; all if left out.")


class RankedTold(Told):
    """A document in its place."""

    index: int = Field(description="Which of the documents, counted from 0.")
    score: Number = Field(description="A logit: it orders the documents of this query, and is no probability.")
    begins: str = Field(description="How the document begins.")


class RerankTold(Told):
    """The documents, best first."""

    ranking: list[RankedTold]


def _rerank(maker: Maker, given: RerankArguments) -> RerankTold:
    ranking = maker.reranker()(given.query, given.documents, given.top_k)
    return RerankTold(
        ranking=[RankedTold(index=one.index, score=one.score, begins=one.text.strip()[:_SHOWN]) for one in ranking]
    )


RERANK = Tool(
    name="rerank_documents",
    title="Rank documents for a query",
    description=(
        "Puts documents in the order in which they answer a query, best first. Use it after a search that returned "
        "more than you want to read, to choose what to read or to cite. Scores compare documents of one query only."
    ),
    arguments=RerankArguments,
    told=RerankTold,
    work=_rerank,
)
