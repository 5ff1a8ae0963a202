"""Sources -> the passages that claims are judged by: sentences, windows of sentences, and sentences joined in pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from crossjudge.apps.checking.about import About, Words
from crossjudge.apps.checking.results import Evidence
from crossjudge.apps.topics import telling_words
from crossjudge.text.sentences import sentences
from crossjudge.types import FloatArray, Span

LONGEST_SENTENCE = 2
"""Windows that a sentence may be long before it is cut at a blank."""
_WORD = re.compile(r"\S+")

CountTokens = Callable[[Sequence[str]], list[int]]
"""Texts -> how many tokens each has."""


@dataclass(slots=True)
class Sources:
    """Sources in pieces. `sentences`: all of them, source by source; `windows`: runs of at least two neighbours.

    `words`: the telling words of each sentence. `vectors`: the sentences as a bi-encoder has them, `(n, dim)`, once
    somebody has asked for that. Every character that is not white space is in a sentence.
    """

    texts: list[str]
    sentences: list[Evidence]
    windows: list[Evidence]
    words: list[Words]
    vectors: FloatArray | None = field(default=None, compare=False)

    def windows_with(self, places: Collection[int]) -> list[Evidence]:
        """The windows that hold one of these sentences, in order."""
        wanted = [self.sentences[place] for place in places]
        return [window for window in self.windows if any(_holds(window, one) for one in wanted)]

    def is_whole(self, passage: Evidence) -> bool:
        """Whether a passage is all that there is."""
        first, last = self.sentences[0], self.sentences[-1]
        return len(self.texts) == 1 and (passage.start, passage.end) == (first.start, last.end)


def read_sources(texts: list[str], *, window_tokens: int, count_tokens: CountTokens) -> Sources:
    """Cut sources into sentences, and these into windows of up to `window_tokens` tokens."""
    found: list[Evidence] = []
    windows: list[Evidence] = []
    for index, text in enumerate(texts):
        pieces = [_passage(index, text, one) for one in sentences(text)]
        sizes = count_tokens([piece.text for piece in pieces])
        if max(sizes, default=0) > LONGEST_SENTENCE * window_tokens:
            pieces = [
                _passage(index, text, part)
                for piece, size in zip(pieces, sizes, strict=True)
                for part in _parts(text, piece, size, window_tokens)
            ]
            sizes = count_tokens([piece.text for piece in pieces])
        windows += [_run(text, pieces[start:end]) for start, end in _windows(sizes, window_tokens)]
        found += pieces
    return Sources(texts, found, windows, [telling_words(piece.text) for piece in found])


def _passage(index: int, text: str, span: Span) -> Evidence:
    return Evidence(index, span.start, span.end, text[span.start : span.end])


def _parts(text: str, piece: Evidence, tokens: int, most: int) -> list[Span]:
    """A sentence; where it is far longer than a window (a text without stops), runs of its words of about a window."""
    if tokens <= LONGEST_SENTENCE * most:
        return [Span(piece.start, piece.end)]
    words = [Span(found.start(), found.end()) for found in _WORD.finditer(text, piece.start, piece.end)]
    step = max(len(words) * most // tokens, 1)
    return [
        Span(some[0].start, some[-1].end)
        for some in (words[place : place + step] for place in range(0, len(words), step))
    ]


def _holds(window: Evidence, one: Evidence) -> bool:
    return window.source_index == one.source_index and window.start <= one.start and one.end <= window.end


def _windows(sizes: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Runs of two or more sentences; the last sentence of one is the first of the next, so that no border is unread."""
    runs: list[tuple[int, int]] = []
    start = 0
    while start < len(sizes) - 1:
        end, tokens = start + 1, sizes[start]
        while end < len(sizes) and (tokens + sizes[end] <= most or end == start + 1):
            tokens += sizes[end]
            end += 1
        runs.append((start, end))
        start = end - 1
    return runs


def _run(text: str, pieces: Sequence[Evidence]) -> Evidence:
    first, last = pieces[0], pieces[-1]
    return replace(first, end=last.end, text=text[first.start : last.end])


def joined(first: Evidence, second: Evidence, texts: Sequence[str]) -> Evidence:
    """Two sentences as one passage, in the order of the sources; neighbours become one run."""
    first, second = sorted((first, second), key=lambda one: (one.source_index, one.start))
    if first.source_index == second.source_index:
        text = texts[first.source_index]
        if not text[first.end : second.start].strip():
            return _run(text, [first, second])
    return replace(first, joined_with=second)


def joins(sources: Sources, about: About, best: Sequence[int]) -> list[Evidence]:
    """Pairs of sentences that may support a claim together where none does alone.

    `best`: places of the sentences that support it most, best first. They are joined with each other, with their
    neighbours, and the two that together hold most of the claim's words are joined.
    """
    pairs: list[tuple[int, int]] = [(best[0], best[1])] if len(best) > 1 else []
    for place in best[:1]:
        pairs += [(place, near) for near in (place - 1, place + 1) if 0 <= near < len(sources.sentences)]
    if cover := covering(sources, about):
        pairs += [(cover[0], cover[1])] if len(cover) > 1 else []
        pairs += [(cover[0], place) for place in best[:1] if place != cover[0]]
    made = [joined(sources.sentences[one], sources.sentences[other], sources.texts) for one, other in pairs]
    return list(dict.fromkeys(made))


def covering(sources: Sources, about: About) -> list[int]:
    """Places of up to two sentences: the one that has most of what a claim is about, and what adds most to it.

    Empty where no word is shared; of equals, the first.
    """
    chosen: list[int] = []
    for _ in range(2):
        weights = [about.weight(words) for words in sources.words]
        best = max(range(len(weights)), key=lambda place: (weights[place], -place))
        if not weights[best]:
            break
        chosen.append(best)
        about = about.without(sources.words[best])
    return chosen
