"""`Deduplicator`: texts that say the same, found by a bi-encoder, decided by a cross-encoder, in clusters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.apps.base import Model, Progress, checked_probability, checked_text, seen
from crossjudge.apps.deduplication.candidates import SEARCHES, Candidates, candidates, search_for
from crossjudge.apps.deduplication.clustering import Decisions, Mask, Star, stars
from crossjudge.apps.deduplication.comparing import Asking, Comparing, compared
from crossjudge.apps.deduplication.copies import Distinct, distinct
from crossjudge.apps.deduplication.deciding import decider
from crossjudge.apps.deduplication.differences import FIGURES, Differences, checked_kinds
from crossjudge.apps.deduplication.results import Cluster, DedupeReport, Tally
from crossjudge.errors import InputError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.types import FloatArray, IntArray, Verdict

_DOING = "Finding duplicates"


class Deduplicator:
    """Gathers texts that say the same.

    `threshold`: two texts are duplicates from this score on, asked in both orders. `model`: who decides: a name, a
    `CrossEncoder`, a `Judge`, or None for the embedded model's head for duplicates. A model for nli decides by
    entailment both ways. `apart_by`: texts that each state something of this kind which the other lacks stay apart,
    whatever the model says: "figures" (numbers, dates, codes), "names"; () for neither.

    Which pairs are compared: those with a cosine of at least `least_cosine`, each text with its `neighbours` nearest at
    most, by `first_stage_model` (a bi-encoder or its name; None for the embedded one's). `search`: "exact" compares the
    vectors of all texts, "approximate" asks an index (the extra `search`), "auto" does so from 50,000 texts on.
    """

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        model: Model = None,
        first_stage_model: BiEncoder | str | Path | None = None,
        least_cosine: float = 0.6,
        neighbours: int = 20,
        search: str = "auto",
        apart_by: Collection[str] = (FIGURES,),
    ) -> None:
        self.threshold = checked_probability(threshold, doing=_DOING, what="the threshold")
        self.least_cosine = checked_probability(least_cosine, doing=_DOING, what="least_cosine")
        self.neighbours = _checked_neighbours(neighbours)
        self.search = _checked_search(search)
        self.apart_by = checked_kinds(apart_by, doing=_DOING)
        self.decider = decider(model)
        self._first_stage_model = first_stage_model

    def __call__(self, texts: Sequence[str]) -> list[Cluster]:
        """Every text in exactly one cluster, in the order of their first texts."""
        return self.report(texts).clusters

    def batch(self, inputs: Sequence[Sequence[str]], *, progress: Progress | None = None) -> list[list[Cluster]]:
        """The clusters of several lists of texts, each by itself; `progress` hears of lists."""
        found = []
        for texts in inputs:
            found.append(self(texts))
            if progress is not None:
                progress(len(found), len(inputs))
        return found

    def compare(self, a: str, b: str) -> Verdict:
        """The cross-encoder's verdict on two texts, the same in both orders.

        `label` is what was decided: it says the same exactly if the two would be merged were they alone, so the
        threshold, `apart_by` and unread text count; probabilities and logits are the model's own.
        """
        one, other = (checked_text(text, doing=_DOING, what="the text") for text in (a, b))
        (verdict,) = self.decider([(one, other)])
        return compared(
            verdict, (one, other), labels=self.decider.labels, threshold=self.threshold, apart_by=self.apart_by
        )

    def report(
        self, texts: Sequence[str], *, similarity_threshold: float = 0.8, progress: Progress | None = None
    ) -> DedupeReport:
        """The clusters, with an account of the pairs: compared, merged, and merged or missed by similarity alone.

        `similarity_threshold`: the cosine from which similarity alone would merge. `progress` hears of three steps for
        each distinct text: its vector, its neighbours, its pairs.
        """
        checked = checked_texts(texts)
        told = distinct(checked)
        steps = _Steps(progress, len(told.texts))
        vectors = self._encoder.encode(told.texts, progress=lambda done, _: steps(0, done))
        comparing = self._comparing(told, vectors, similarity_threshold)
        near = candidates(
            vectors,
            least_cosine=self.least_cosine,
            neighbours=self.neighbours,
            search=search_for(len(vectors), self.search),
            advance=lambda done: steps(1, done),
        )
        found = self._clustered(near.pairs, comparing, steps)
        return self._report(told, found, near, comparing.tally, texts=len(checked))

    # --- one run ---

    def _comparing(self, told: Distinct, vectors: FloatArray, similarity_threshold: float) -> Comparing:
        asking = Asking(
            told.texts,
            decider=self.decider,
            differ=Differences(told.texts, self.apart_by),
            threshold=self.threshold,
        )
        checked = checked_probability(similarity_threshold, doing=_DOING, what="the similarity threshold")
        return Comparing(asking, vectors, similarity_threshold=checked)

    def _clustered(self, pairs: IntArray, comparing: Comparing, steps: _Steps) -> list[Star]:
        decided = comparing(pairs, advance=lambda done: steps(2, pairs[done - 1, 0]))
        steps(3, 0)
        decisions = Decisions(comparing.differ)
        linked = np.unique(pairs[decided.same])
        # Most pairs are refused and touch no duplicate: they need not be remembered.
        touches = np.isin(pairs, linked)
        kept: Mask = touches[:, 0] & touches[:, 1]
        decisions.add(pairs[kept], decided[kept])
        return stars(decisions, linked.tolist(), comparing)

    def _report(
        self, told: Distinct, found: Sequence[Star], near: Candidates, tally: Tally, *, texts: int
    ) -> DedupeReport:
        return DedupeReport(
            clusters=_clusters(told, found),
            texts=texts,
            copies=texts - len(told.texts),
            pairs_possible=texts * (texts - 1) // 2,
            candidates=len(near.pairs),
            merged=sum(len(star.others) * (len(star.others) + 1) // 2 for star in found),
            at_limit=near.at_limit,
            search=near.search,
            tally=tally,
            fingerprint=self.decider.judge.model.fingerprint,
            first_stage=self._encoder.fingerprint,
        )

    @cached_property
    def _encoder(self) -> BiEncoder:
        given = self._first_stage_model
        return given if isinstance(given, BiEncoder) else BiEncoder(given)


class _Steps:
    """Tells progress over the three steps of `count` texts."""

    def __init__(self, progress: Progress | None, count: int) -> None:
        self._progress, self._count = progress, count

    def __call__(self, step: int, done: int) -> None:
        """So many texts of a step are done."""
        if self._progress is not None:
            self._progress(step * self._count + int(done), 3 * self._count)


def _clusters(told: Distinct, found: Sequence[Star]) -> list[Cluster]:
    """Stars of distinct texts, and texts on their own -> clusters of the input's indices."""
    starred = {place for star in found for place in (star.centre, *star.others)}
    alone = [Star(place, (), None) for place in range(len(told.texts)) if place not in starred]
    return sorted((_cluster(told, star) for star in (*found, *alone)), key=lambda cluster: cluster.indices[0])


def _cluster(told: Distinct, star: Star) -> Cluster:
    indices = sorted(index for place in (star.centre, *star.others) for index in told.places[place])
    return Cluster(indices, told.places[star.centre][0], star.weakest_link, len(indices))


def checked_texts(texts: Any) -> list[str]:
    """Texts that each say something; raises `InputError`, and `ItemError` for one that does not."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise InputError(f"{_DOING}: got {seen(texts)}; expected a list of texts. Put them in one.")
    return [checked_text(text, doing=_DOING, what="the text", index=index) for index, text in enumerate(texts)]


def _checked_neighbours(neighbours: Any) -> int:
    if isinstance(neighbours, int) and not isinstance(neighbours, bool) and neighbours > 0:
        return neighbours
    raise InputError(f"{_DOING}: neighbours is {seen(neighbours)}; expected how many a text may bring, 1 or more.")


def _checked_search(search: Any) -> str:
    if search in SEARCHES:
        return str(search)
    raise InputError(f"{_DOING}: search is {seen(search)}; expected one of {', '.join(SEARCHES)}.")
