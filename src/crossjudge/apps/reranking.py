"""`Reranker`: documents in the order in which they answer or concern a query, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.apps.base import (
    Model,
    Progress,
    Result,
    as_judge,
    ask,
    checked_text,
    checked_texts,
    seen,
)  # fmt: skip
from crossjudge.errors import InputError, ItemError
from crossjudge.types import Verdict

_DOING = "Ranking documents"


@dataclass(frozen=True, slots=True)
class Ranked(Result):
    """One document in its place.

    `index`: where it stood among the documents. `score`: what it is ranked by, from a `Reranker` a logit of relevance;
    it orders the documents of one query, and is no probability. `id`: its name in a `SearchIndex`, whose `search` says
    what its scores are. `tokens_read`, `tokens_dropped`: of query and document; 0 where no cross-encoder read them.
    """

    index: int
    score: float
    text: str
    id: str | None = None
    tokens_read: int = 0
    tokens_dropped: int = 0


class Reranker:
    """Ranks documents by what a cross-encoder says of each with the query.

    `model`: a name, a `CrossEncoder`, a `Judge` of relevance, or None for the embedded model's relevance head. The
    query is read once for all documents in one-way models. A pair too long for the model is read in windows, and the
    best one decides. Equal scores keep the order given.
    """

    def __init__(self, model: Model = None) -> None:
        self.judge = as_judge(model, objective="relevance")

    def __call__(self, query: str, documents: Sequence[str], top_k: int | None = None) -> list[Ranked]:
        """The documents, best first, the first `top_k` of them; none for no documents."""
        return self.batch([(query, documents)], top_k)[0]

    def batch(
        self,
        inputs: Sequence[tuple[str, Sequence[str]]],
        top_k: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[list[Ranked]]:
        """One ranking for each (query, documents), in order; everything is judged together."""
        most = checked_count(top_k, doing=_DOING, what="top_k") if top_k is not None else None
        asked = [checked_query(one, index) for index, one in enumerate(inputs)]
        questions = [[(query, document) for document in documents] for query, documents in asked]
        judged = ask(self.judge, questions, progress=progress)
        return [ranked(documents, verdicts)[:most] for (_, documents), verdicts in zip(asked, judged, strict=True)]


def checked_count(value: Any, *, doing: str, what: str) -> int:
    """A whole number from 1 on."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise InputError(f"{doing}: {what} is {seen(value)}; expected a whole number from 1 on. State one.")


def checked_query(one: Any, index: int) -> tuple[str, list[str]]:
    """Input `index` as query and documents, which may be none; raises `ItemError`."""
    if isinstance(one, (str, bytes)) or not isinstance(one, Sequence) or len(one) != 2:
        raise ItemError(
            f"{_DOING}: input {index} is {seen(one)}; expected (query, documents). Make it one.", index=index
        )
    query, documents = one
    query = checked_text(query, doing=_DOING, what="the query", index=index)
    if isinstance(documents, Sequence) and not len(documents):
        return query, []
    return query, checked_texts(documents, doing=_DOING, what="document", index=index)


def ranked(documents: Sequence[str], verdicts: Sequence[Verdict]) -> list[Ranked]:
    """Documents by the score of their verdicts, best first; equal ones keep their order."""
    order = sorted(range(len(documents)), key=lambda place: (-verdicts[place].score, place))
    return [
        Ranked(
            index=place,
            score=verdicts[place].score,
            text=documents[place],
            tokens_read=verdicts[place].tokens_read,
            tokens_dropped=verdicts[place].tokens_dropped,
        )
        for place in order
    ]
