"""Segments: documents with all that the first stages know of them; several become one, and some leave one."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from uuid import uuid4

import numpy as np

from crossjudge.search.dense import Owners, Vectors
from crossjudge.search.documents import Document
from crossjudge.search.lexical import Postings
from crossjudge.search.lexical import joined as joined_postings
from crossjudge.search.lexical import kept as kept_postings


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some documents. `vectors`: float16 `(n_passages, dim)`; `owners`: int32 `(n_passages,)`, each one's document.

    `name`: no other segment's; where it lies in a folder.
    """

    documents: tuple[Document, ...]
    vectors: Vectors
    owners: Owners
    postings: Postings
    name: str = field(default_factory=lambda: uuid4().hex)

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.documents)


@dataclass(frozen=True)
class Contents:
    """All that an index holds at one moment.

    `encoder`, `encoder_name`: which weights and tokenizer made the vectors, and what they were called; "" before
    there are any. `ever_added`: documents added so far, those that are gone again among them.
    """

    segments: tuple[Segment, ...] = ()
    encoder: str = ""
    encoder_name: str = ""
    ever_added: int = 0

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """In the order in which they were added."""
        return tuple(chain.from_iterable(segment.documents for segment in self.segments))

    @cached_property
    def places(self) -> dict[str, int]:
        """Id -> place in `documents`."""
        return {document.id: place for place, document in enumerate(self.documents)}

    @property
    def passages(self) -> int:
        """How many vectors there are."""
        return sum(len(segment.owners) for segment in self.segments)


def added(segments: Sequence[Segment], new: Segment) -> list[Segment]:
    """`segments` and `new` after them, in few segments: one that is no longer than what comes after it joins it.

    So each segment is longer than the next, and a document is copied at most once for each doubling of the index.
    """
    found = list(segments)
    while found and len(found[-1]) <= len(new):
        new = _joined(found.pop(), new)
    return [*found, new]


def without(segment: Segment, ids: Set[str]) -> Segment:
    """The segment without the documents of these ids; the same object where it has none of them."""
    keep = np.array([document.id not in ids for document in segment.documents], dtype=bool)
    if keep.all():
        return segment
    rows = keep[segment.owners]
    new_places = np.cumsum(keep, dtype=np.int32) - np.int32(1)
    return Segment(
        documents=tuple(document for document, stays in zip(segment.documents, keep, strict=True) if stays),
        vectors=segment.vectors[rows],
        owners=new_places[segment.owners[rows]],
        postings=kept_postings(segment.postings, keep),
    )


def _joined(first: Segment, second: Segment) -> Segment:
    return Segment(
        documents=(*first.documents, *second.documents),
        vectors=np.concatenate([first.vectors, second.vectors]),
        owners=np.concatenate([first.owners, second.owners + np.int32(len(first))]),
        postings=joined_postings(first.postings, second.postings),
    )
