"""`SearchIndex`: documents found by words and by meaning, put in order by a cross-encoder; in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Literal, TypeAlias, get_args

import numpy as np

from crossjudge.apps.base import Model, Progress, Result, checked_text, seen
from crossjudge.apps.reranking import Ranked, Reranker, checked_count
from crossjudge.errors import FingerprintError, InputError
from crossjudge.judge import Judge
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.boxed import boxed_name
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.search.dense import encoded, nearest
from crossjudge.search.documents import Document, Given, OnDuplicate, checked_documents
from crossjudge.search.folder import IndexFolder
from crossjudge.search.fusion import fused
from crossjudge.search.lexical import bm25, count_words
from crossjudge.search.segments import Contents, Segment, added, without
from crossjudge.types import FloatArray

FirstStage: TypeAlias = Literal["hybrid", "dense", "lexical"]

Found: TypeAlias = list[tuple[int, float]]
"""(place of a document, score), best first."""

_DOING = "Searching"


@dataclass(frozen=True, slots=True)
class IndexInfo(Result):
    """What an index holds. `passages`: vectors, one or more a document; `bytes`: on disk; `encoder`: what made them."""

    path: str | None
    documents: int
    passages: int
    bytes: int
    encoder: str | None


class SearchIndex:
    """Documents that can be searched: a first stage finds candidates, a cross-encoder puts them in order.

    `path`: a folder, made by the first `add`, or None to keep everything in memory. `model`: what re-ranks, as for
    `Reranker`. `encoder`: a `BiEncoder` or its name, None for the embedded model's own; an index is read by the
    weights that filled it. Both are opened when first needed. `fuse`: whether the cross-encoder's order is fused with
    those of the first stage (by words, by meaning) by reciprocal rank, or decides alone. Left out, a model in the box
    is fused, which alone loses what a hybrid first stage has found (docs/uses/search.md), and any other decides.

    Many may read a folder at once; those who write take turns. A change is complete or has not happened. Raises
    `CorruptFileError` for a folder that is damaged.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        model: Model = None,
        encoder: BiEncoder | str | Path | None = None,
        fuse: bool | None = None,
    ) -> None:
        self._folder = None if path is None else IndexFolder(path)
        self.fuses = _is_boxed(model) if fuse is None else fuse
        self._model, self._given_encoder = model, encoder
        self._lock = Lock()
        self._contents = Contents()
        self.refresh()

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self._contents.documents)

    def __iter__(self) -> Iterator[Document]:
        """The documents, in the order in which they were added."""
        return iter(self._contents.documents)

    def __contains__(self, id: str) -> bool:
        """Whether a document has this id."""
        return id in self._contents.places

    @property
    def info(self) -> IndexInfo:
        """Counts and sizes."""
        folder, contents = self._folder, self._contents
        return IndexInfo(
            path=None if folder is None else str(folder.path),
            documents=len(self),
            passages=contents.passages,
            bytes=0 if folder is None else folder.bytes,
            encoder=contents.encoder_name or None,
        )

    def refresh(self) -> None:
        """See what others wrote into the folder since it was opened; a search sees what was there at the last look."""
        if self._folder is not None:
            self._contents = self._folder.read(self._contents)

    def add(
        self,
        documents: Iterable[Given],
        *,
        on_duplicate: OnDuplicate = "error",
        progress: Progress | None = None,
    ) -> list[str]:
        """Add texts, or {"id", "text"} mappings; the ids of those that were added. All are added, or none.

        A document without an id gets a number. `on_duplicate`: what to do where an id is taken, "error", "replace"
        the document that has it, or "skip" the new one. `progress` hears of passages embedded.
        """
        with self._writing() as contents:
            new = checked_documents(
                documents, contents.places.keys(), on_duplicate=on_duplicate, first_number=contents.ever_added
            )
            if not new:
                return []
            self._check_encoder(contents)
            segment = self._segment(new, progress)
            ids = {document.id for document in new}
            self._write(
                Contents(
                    segments=tuple(added(_left(contents, ids), segment)),
                    encoder=self._weights,
                    encoder_name=self.encoder.name,
                    ever_added=contents.ever_added + len(new),
                )
            )
        return [document.id for document in new]

    def remove(self, ids: Iterable[str]) -> None:
        """Remove the documents of these ids; raises `InputError` for one that nobody has, and then removes none."""
        gone = {ids} if isinstance(ids, str) else set(ids)
        with self._writing() as contents:
            if unknown := sorted(map(repr, gone - contents.places.keys())):
                raise InputError(
                    f"Removing documents: no document has the id {unknown[0]}. Nothing was removed. Leave it out."
                )
            self._write(replace(contents, segments=tuple(_left(contents, gone))))

    def search(
        self,
        query: str,
        k: int = 10,
        first_stage: FirstStage = "hybrid",
        candidates: int = 100,
        *,
        rerank: bool = True,
    ) -> list[Ranked]:
        """The best `k` documents for a query, best first; none from an empty index.

        `first_stage`: "lexical" (BM25), "dense" (cosine) or "hybrid", both fused by reciprocal rank. The cross-encoder
        ranks its best `candidates` (at least `k`); without `rerank` their order and score are the first stage's. A
        score is that of whatever decides: a logit of relevance, a sum of reciprocal ranks, a cosine or BM25's.
        """
        return self.batch([query], k, first_stage, candidates, rerank=rerank)[0]

    def batch(
        self,
        queries: Sequence[str],
        k: int = 10,
        first_stage: FirstStage = "hybrid",
        candidates: int = 100,
        *,
        rerank: bool = True,
        progress: Progress | None = None,
    ) -> list[list[Ranked]]:
        """As `search`, for many queries, in order."""
        texts = [
            checked_text(query, doing=_DOING, what="the query", index=place) for place, query in enumerate(queries)
        ]
        most = max(checked_count(k, doing=_DOING, what="k"), checked_count(candidates, doing=_DOING, what="candidates"))
        contents = self._contents
        count = most if rerank else k
        rankings = self._rankings(contents, texts, first_stage, count)
        found = [_as_one(some)[:count] for some in rankings]
        ranked = [[_as_ranked(contents.documents, place, score) for place, score in some] for some in found]
        if rerank:
            ranked = self._reranked(texts, ranked, rankings, progress)
        return [some[:k] for some in ranked]

    @cached_property
    def encoder(self) -> BiEncoder:
        """What embeds documents and queries."""
        given = self._given_encoder
        return given if isinstance(given, BiEncoder) else BiEncoder(given)

    @cached_property
    def reranker(self) -> Reranker:
        """What puts candidates in order."""
        return Reranker(self._model)

    def _reranked(
        self,
        queries: Sequence[str],
        ranked: Sequence[Sequence[Ranked]],
        rankings: Sequence[Sequence[Found]],
        progress: Progress | None,
    ) -> list[list[Ranked]]:
        asked = [(query, [one.text for one in some]) for query, some in zip(queries, ranked, strict=True)]
        again = self.reranker.batch(asked, progress=progress)
        placed = [
            [replace(one, index=some[one.index].index, id=some[one.index].id) for one in new]
            for some, new in zip(ranked, again, strict=True)
        ]
        return [_voted(*one) for one in zip(ranked, placed, rankings, strict=True)] if self.fuses else placed

    def _rankings(
        self, contents: Contents, queries: Sequence[str], first_stage: FirstStage, most: int
    ) -> list[list[Found]]:
        """What the first stage finds for each query: a ranking by words, by meaning, or one of each."""
        if first_stage not in get_args(FirstStage):
            expected = ", ".join(get_args(FirstStage))
            raise InputError(f"{_DOING}: first_stage is {seen(first_stage)}; expected one of {expected}. Name one.")
        if not contents.segments:
            return [[[]] for _ in queries]
        if first_stage == "lexical":
            return [[_by_words(contents, query, most)] for query in queries]
        self._check_encoder(contents)
        vectors, owners = encoded(self.encoder, queries)
        by_meaning = [_by_meaning(contents, vectors[owners == place], most) for place in range(len(queries))]
        if first_stage == "dense":
            return [[dense] for dense in by_meaning]
        return [[_by_words(contents, query, most), dense] for query, dense in zip(queries, by_meaning, strict=True)]

    @property
    def _weights(self) -> str:
        """The encoder's weights and tokenizer; backend and precision move a vector less than its rounding on disk."""
        return ":".join(self.encoder.fingerprint.split(":")[:2])

    def _check_encoder(self, contents: Contents) -> None:
        if contents.encoder and contents.encoder != self._weights:
            raise FingerprintError(
                f"Using the index: its documents were embedded by {contents.encoder_name!r} ({contents.encoder}), and "
                f"the encoder is {self.encoder.name!r} ({self._weights}). Pass the encoder it was made with (--encoder "
                "on the command line), or add the documents to a new index."
            )

    def _segment(self, documents: Sequence[Document], progress: Progress | None) -> Segment:
        texts = [document.text for document in documents]
        vectors, owners = encoded(self.encoder, texts, progress=progress)
        return Segment(tuple(documents), vectors.astype(np.float16), owners, count_words(texts))

    @contextmanager
    def _writing(self) -> Iterator[Contents]:
        """The newest contents, which nobody else changes meanwhile."""
        with self._lock, nullcontext() if self._folder is None else self._folder.locked():
            self.refresh()
            yield self._contents

    def _write(self, contents: Contents) -> None:
        if self._folder is not None:
            self._folder.write(contents)
        self._contents = contents


def _is_boxed(model: Model) -> bool:
    """Whether a model in the box re-ranks."""
    given = model.model if isinstance(model, Judge) else model
    name = given.name if isinstance(given, CrossEncoder) else given
    return name is None or boxed_name(name) is not None


def _as_one(rankings: Sequence[Found]) -> Found:
    """A single ranking as it is, several by their ranks."""
    return rankings[0] if len(rankings) == 1 else fused([[place for place, _ in one] for one in rankings])


def _voted(first: Sequence[Ranked], again: Sequence[Ranked], rankings: Sequence[Found]) -> list[Ranked]:
    """The documents of `again` by their ranks in it and in each of the `rankings` that found them, each with one vote.

    Equal ones in the order of `first`.
    """
    read = {one.index: one for one in again}
    at_first = {one.index: rank for rank, one in enumerate(first)}
    votes = [[place for place, _ in one if place in read] for one in rankings] + [[one.index for one in again]]
    ranks = [[at_first[place] for place in vote] for vote in votes]
    return [replace(read[first[rank].index], score=score) for rank, score in fused(ranks)]


def _left(contents: Contents, gone: Set[str]) -> list[Segment]:
    """The segments without the documents of these ids."""
    return [left for segment in contents.segments if (left := without(segment, gone)).documents]


def _by_words(contents: Contents, query: str, most: int) -> Found:
    """Documents that share a word with the query, by BM25."""
    scores = bm25(query, [segment.postings for segment in contents.segments])
    places = np.argsort(-scores, kind="stable")[:most]
    return [(int(place), float(scores[place])) for place in places if scores[place] > 0]


def _by_meaning(contents: Contents, query: FloatArray, most: int) -> Found:
    """The documents nearest to the query, whose vectors `(n_passages, dim)` are several where it is long."""
    best: dict[int, float] = {}
    offset = 0
    for segment in contents.segments:
        for vector in query:
            for place, cosine in nearest(vector, segment.vectors, segment.owners, most):
                best[offset + place] = max(best.get(offset + place, -1.0), cosine)
        offset += len(segment)
    return sorted(best.items(), key=lambda one: (-one[1], one[0]))[:most]


def _as_ranked(documents: Sequence[Document], place: int, score: float) -> Ranked:
    return Ranked(index=place, score=score, text=documents[place].text, id=documents[place].id)
