"""Tags of texts, asked of `POST /v1/tag`; texts with labels of their own are asked about label set by label set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crossjudge.apps.base import Progress, checked_template, checked_text
from crossjudge.apps.tagging import (
    CheckedLabels,
    Labels,
    TagResult,
    checked_descriptions,
    checked_label_sets,
    checked_labels,
    checked_texts,
)
from crossjudge.apps.thresholds import Thresholds
from crossjudge.client.errands import Errand, encoded, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange
from crossjudge.errors import ItemError, LimitError, NonFiniteLogitsError

_DOING = "Tagging"


class Tagging:
    """Asks as `Tagger` does."""

    def __init__(
        self,
        server: Server,
        labels: Labels,
        *,
        template: str = "This text is about {}.",
        multi_label: bool = True,
        threshold: float | Mapping[str, float] | Thresholds = 0.5,
        descriptions: Mapping[str, str] | None = None,
        model: str | None = None,
    ) -> None:
        self._server = server
        self._labels = checked_labels(labels)
        self._descriptions = checked_descriptions(descriptions, self._labels)
        fitted_for = threshold.fingerprint if isinstance(threshold, Thresholds) else None
        self.thresholds = Thresholds.of(threshold, names=self.labels, fingerprint=fitted_for or "", doing=_DOING)
        self._errand: Errand[str, TagResult] = Errand(
            doing=_DOING,
            path="/v1/tag",
            many="texts",
            settings={"model": model, "template": checked_template(template, doing=_DOING), "multi_label": multi_label},
            plain=lambda text, index: checked_text(text, doing=_DOING, what="the text", index=index),
            pairs=windows,
            result=TagResult,
            fitted_for=fitted_for,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(self._labels)

    def batch(
        self, texts: Sequence[str], labels: Sequence[Labels | None] | None = None, progress: Progress | None = None
    ) -> Exchange[list[TagResult]]:
        """The tags of each text."""
        if labels is None:
            return batch(self._server, self._about(self._labels), texts, progress)
        texts = checked_texts(texts)
        sets = [self._labels if one is None else one for one in checked_label_sets(labels, len(texts))]
        return self._by_labels(texts, sets, progress)

    def _by_labels(
        self, texts: Sequence[str], sets: Sequence[CheckedLabels], progress: Progress | None
    ) -> Exchange[list[TagResult]]:
        groups: dict[bytes, list[int]] = {}
        for place, labels in enumerate(sets):
            groups.setdefault(encoded(labels), []).append(place)
        results: dict[int, TagResult] = {}
        for places in groups.values():
            errand = self._about(sets[places[0]])
            try:
                found = yield from batch(self._server, errand, [texts[place] for place in places])
            except (ItemError, NonFiniteLogitsError, LimitError) as error:
                if error.index is not None:
                    error.index = places[error.index]
                raise
            results |= zip(places, found, strict=True)
            if progress is not None:
                progress(len(results), len(texts))
        return [results[place] for place in range(len(texts))]

    def _about(self, labels: CheckedLabels) -> Errand[str, TagResult]:
        """The errand with these labels, and with what is stated of them."""
        settings = {
            "labels": labels,
            "descriptions": {name: self._descriptions[name] for name in labels if name in self._descriptions} or None,
            "threshold": {name: self.thresholds.at(name) for name in labels},
        }
        count = len(labels)
        return replace(
            self._errand, settings=dict(self._errand.settings) | settings, pairs=lambda text: count * windows(text)
        )
