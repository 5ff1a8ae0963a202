"""`Tagger`: which labels apply to a text, asked as statements about it; no training needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from crossjudge.apps.base import (
    Model,
    Progress,
    Result,
    as_judge,
    ask,
    by_entailment,
    checked_mapping,
    checked_names,
    checked_template,
    checked_text,
    seen,
)  # fmt: skip
from crossjudge.apps.templates import stated
from crossjudge.apps.thresholds import Fitted, Thresholds, fit
from crossjudge.errors import InputError, ItemError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.parity import wilson
from crossjudge.types import FloatArray, Verdict

Labels: TypeAlias = Sequence[str] | Mapping[str, str]
"""Names for the template, or name -> full hypothesis."""

CheckedLabels: TypeAlias = list[str] | dict[str, str]
"""The same, after `checked_labels`."""

_DOING = "Tagging"


@dataclass(frozen=True, slots=True)
class Tag(Result):
    """One label asked of one text. `probability`: that the text entails `hypothesis`."""

    name: str
    hypothesis: str
    probability: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TagResult(Result):
    """The labels of one text.

    `tags`: every label that was asked, in the order of the labels. `chosen`: the names that apply, surest first, to
    what was read of the text.
    """

    tags: list[Tag]
    chosen: list[str]

    @property
    def tokens_dropped(self) -> int:
        """Tokens of the text that were not read, because the judge cuts long texts (`on_overflow="truncate"`)."""
        return max((tag.verdict.tokens_dropped for tag in self.tags), default=0)


@dataclass(frozen=True, slots=True)
class RecallCost(Result):
    """What a first stage loses: of the `chosen` tags that asking every label finds, `kept` were still found.

    `recall` is their share, with its 95% interval (`low`, `high`); 1.0 where nothing was chosen.
    """

    texts: int
    chosen: int
    kept: int
    recall: float
    low: float
    high: float

    @staticmethod
    def of(texts: int, *, chosen: int, kept: int) -> RecallCost:
        """From the counts."""
        low, high = wilson(kept, chosen) if chosen else (0.0, 1.0)
        return RecallCost(texts, chosen, kept, kept / chosen if chosen else 1.0, low, high)


@dataclass(frozen=True, slots=True)
class _LabelSet:
    """Names, what is asked for each, and the words that a first stage compares with the text."""

    names: tuple[str, ...]
    hypotheses: tuple[str, ...]
    words: tuple[str, ...]


class Tagger:
    """Tells which labels apply to a text.

    `labels`: names, each put into `template` (a whole sentence with its full stop is asked as it is), or a mapping from
    name to full hypothesis. `descriptions`: for names whose meaning needs more words ("churn": "a customer who wants
    to leave"), what the template gets instead. `multi_label`: any number of labels may apply; otherwise at most the
    surest one does. `threshold`: a label applies from this probability on; one number, a mapping by label (0.5 for
    those left out), or what `fit_thresholds` found. `model`: a name, a `CrossEncoder`, a `Judge`, or None for the
    embedded model.

    `first_stage`: of many labels, ask only the so many that a bi-encoder (`first_stage_model`; None is the embedded
    one) finds nearest to the text; `recall_cost` says what that loses.
    """

    def __init__(
        self,
        labels: Labels,
        *,
        template: str = "This text is about {}.",
        multi_label: bool = True,
        threshold: float | Mapping[str, float] | Thresholds = 0.5,
        model: Model = None,
        descriptions: Mapping[str, str] | None = None,
        first_stage: int | None = None,
        first_stage_model: BiEncoder | str | None = None,
    ) -> None:
        self.template = checked_template(template, doing=_DOING)
        self.multi_label = multi_label
        given = checked_labels(labels)
        self._descriptions = checked_descriptions(descriptions, given)
        self._labels = self._label_set(given)
        self.first_stage = _checked_first_stage(first_stage)
        self._first_stage_model = first_stage_model
        self.judge = as_judge(model)
        self.thresholds = Thresholds.of(
            threshold, names=self._labels.names, fingerprint=self.judge.model.fingerprint, doing=_DOING
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names, in order."""
        return self._labels.names

    @property
    def hypotheses(self) -> dict[str, str]:
        """Name -> what is asked of every text."""
        return dict(zip(self._labels.names, self._labels.hypotheses, strict=True))

    def __call__(self, text: str, labels: Labels | None = None) -> TagResult:
        """The tags of one text; `labels` instead of the tagger's own."""
        return self.batch([text], None if labels is None else [labels])[0]

    def batch(
        self,
        texts: Sequence[str],
        labels: Sequence[Labels | None] | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[TagResult]:
        """One result for each text, in order. `labels`: a set for each text, None for the tagger's own."""
        checked = checked_texts(texts)
        sets = self._narrowed(checked, self._sets(len(checked), labels))
        asked = [[(text, hypothesis) for hypothesis in one.hypotheses] for text, one in zip(checked, sets, strict=True)]
        verdicts = ask(self.judge, asked, progress=progress)
        return [self._result(one, found) for one, found in zip(sets, verdicts, strict=True)]

    def recall_cost(self, texts: Sequence[str], *, progress: Progress | None = None) -> RecallCost:
        """How many tags the first stage loses on these texts, compared with asking every label of each.

        Raises `InputError` for a tagger without a first stage.
        """
        if self.first_stage is None:
            raise InputError(f"{_DOING}: no first stage is set, so it costs nothing. Make Tagger(..., first_stage=20).")
        checked = checked_texts(texts)
        near = self._narrowed(checked, [self._labels] * len(checked))
        asked = [[(text, hypothesis) for hypothesis in self._labels.hypotheses] for text in checked]
        found = ask(self.judge, asked, progress=progress)
        chosen = [set(self._result(self._labels, one).chosen) for one in found]
        total = sum(map(len, chosen))
        kept = sum(len(names & set(one.names)) for names, one in zip(chosen, near, strict=True))
        return RecallCost.of(len(checked), chosen=total, kept=kept)

    def fit_thresholds(
        self, texts: Sequence[str], gold: Sequence[Iterable[str]], *, progress: Progress | None = None
    ) -> Fitted:
        """Thresholds for each label from labelled texts; `gold` holds the names that apply to each text.

        For each label the threshold with the best F1 on these texts, in the middle of the widest gap between scores
        that has it; a label that never or always applies keeps the threshold it has. Pass `.thresholds` to `Tagger`.
        """
        checked = checked_texts(texts)
        wanted = _checked_gold(gold, len(checked), self._labels.names)
        asked = [[(text, hypothesis) for hypothesis in self._labels.hypotheses] for text in checked]
        found = ask(self.judge, asked, progress=progress)
        scores = {
            name: np.array([one[place].probabilities["entailment"] for one in found])
            for place, name in enumerate(self._labels.names)
        }
        applies = {name: np.array([name in one for one in wanted]) for name in self._labels.names}
        return fit(scores, applies, before=self.thresholds, fingerprint=self.judge.model.fingerprint)

    # --- one text ---

    def _result(self, labels: _LabelSet, verdicts: Sequence[Verdict]) -> TagResult:
        tags = [
            Tag(name, hypothesis, verdict.probabilities["entailment"], verdict)
            for name, hypothesis, verdict in zip(labels.names, labels.hypotheses, verdicts, strict=True)
        ]
        surest_first = by_entailment(verdicts) if self.multi_label else by_entailment(verdicts)[:1]
        applying = [tags[place] for place in surest_first]
        return TagResult(tags, [tag.name for tag in applying if self._applies(tag)])

    def _applies(self, tag: Tag) -> bool:
        """Nothing does to a text that the judge could not read."""
        unread = tag.verdict.abstained and tag.verdict.tokens_dropped > 0
        return tag.probability >= self.thresholds.at(tag.name) and not unread

    # --- labels ---

    def _label_set(self, labels: CheckedLabels) -> _LabelSet:
        if isinstance(labels, dict):
            return _LabelSet(tuple(labels), tuple(labels.values()), tuple(labels.values()))
        words = tuple(self._descriptions.get(name, name).strip() for name in labels)
        return _LabelSet(tuple(labels), tuple(stated(self.template, one) for one in words), words)

    def _sets(self, count: int, labels: Sequence[Labels | None] | None) -> list[_LabelSet]:
        if labels is None:
            return [self._labels] * count
        return [self._labels if one is None else self._label_set(one) for one in checked_label_sets(labels, count)]

    def _narrowed(self, texts: Sequence[str], sets: Sequence[_LabelSet]) -> list[_LabelSet]:
        """With a first stage, the labels of each text that are nearest to it, in their order."""
        if self.first_stage is None:
            return list(sets)
        most = self.first_stage
        vectors = self._vectors([*texts, *(word for one in set(sets) for word in one.words)])
        return [_nearest(one, vectors[text], vectors, most) for text, one in zip(texts, sets, strict=True)]

    def _vectors(self, texts: Sequence[str]) -> dict[str, FloatArray]:
        different = list(dict.fromkeys(texts))
        return dict(zip(different, self._encoder.encode(different), strict=True))

    @cached_property
    def _encoder(self) -> BiEncoder:
        given = self._first_stage_model
        return given if isinstance(given, BiEncoder) else BiEncoder(given)


def _nearest(labels: _LabelSet, text: FloatArray, vectors: Mapping[str, FloatArray], most: int) -> _LabelSet:
    if len(labels.names) <= most:
        return labels
    nearness = np.array([float(text @ vectors[word]) for word in labels.words])
    places = sorted(np.argsort(-nearness, kind="stable")[:most].tolist())
    return _LabelSet(
        tuple(labels.names[place] for place in places),
        tuple(labels.hypotheses[place] for place in places),
        tuple(labels.words[place] for place in places),
    )


def checked_texts(texts: Any) -> list[str]:
    """Texts that each say something; raises `InputError`, and `ItemError` for one that does not."""
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        raise InputError(f"{_DOING}: got {seen(texts)}; expected a list of texts. For one text call the tagger itself.")
    return [checked_text(text, doing=_DOING, what="the text", index=index) for index, text in enumerate(texts)]


def checked_labels(labels: Any, index: int | None = None) -> CheckedLabels:
    """Names, no two alike, or name -> hypothesis; raises `ItemError`. `index`: of the text whose own they are."""
    if isinstance(labels, Mapping):
        return checked_mapping(labels, doing=_DOING, what="label", meaning="hypothesis")
    return checked_names(labels, doing=_DOING, what="label", index=index)


def checked_label_sets(labels: Any, count: int) -> list[CheckedLabels | None]:
    """The labels of each of `count` texts, None for a text that has none of its own; raises `InputError`."""
    is_list = isinstance(labels, Sequence) and not isinstance(labels, str)
    if not is_list or len(labels) != count or any(isinstance(one, str) for one in labels):
        raise InputError(
            f"{_DOING}: labels is {seen(labels)} for {count} text(s); expected one list or mapping of labels for "
            "each text, None where the tagger's own are meant. Give one label set for all texts to Tagger(...)."
        )
    return [None if one is None else checked_labels(one, index) for index, one in enumerate(labels)]


def checked_descriptions(descriptions: Mapping[str, str] | None, names: Collection[str]) -> dict[str, str]:
    """Name -> what it means, of some of the labels; raises `InputError`."""
    if descriptions is None:
        return {}
    if descriptions and isinstance(names, Mapping):
        raise InputError(
            f"{_DOING}: the labels are whole hypotheses and {next(iter(descriptions))!r} is described beside; expected "
            "one of the two, since a hypothesis is asked as it is. Say there what the label means, or pass names."
        )
    checked = checked_mapping(descriptions, doing=_DOING, what="label", meaning="description")
    unknown = [name for name in checked if name not in names]
    if unknown:
        raise InputError(
            f"{_DOING}: {unknown[0]!r} is described and is no label; labels are {', '.join(list(names)[:20])}. "
            "Correct it."
        )
    return checked


def _checked_first_stage(first_stage: Any) -> int | None:
    if first_stage is None or (isinstance(first_stage, int) and not isinstance(first_stage, bool) and first_stage > 0):
        return first_stage
    raise InputError(f"{_DOING}: first_stage is {seen(first_stage)}; expected how many labels it may leave, 1 or more.")


def _checked_gold(gold: Sequence[Iterable[str]], count: int, names: Sequence[str]) -> list[set[str]]:
    if count == 0:
        raise InputError(f"{_DOING}: got no labelled text; expected some, from which thresholds follow. Label a few.")
    if len(gold) != count or any(isinstance(one, str) or not isinstance(one, Iterable) for one in gold):
        raise InputError(
            f"{_DOING}: {len(gold)} gold entries for {count} text(s); expected for each text a list of the labels that "
            "apply, empty where none does. Pair them up."
        )
    wanted = [set(one) for one in gold]
    for index, some in enumerate(wanted):
        unknown = sorted(some - set(names), key=str)
        if unknown:
            raise ItemError(
                f"{_DOING}: the gold of text {index} names {unknown[0]!r}, which is no label; the labels are "
                f"{', '.join(names[:20])}. Correct it.",
                index=index,
            )
    return wanted
