"""`Uses`: what makes a command's judge, tagger and so on, be it a model on this machine or a client of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from crossjudge.apps.checking.checker import WINDOW_TOKENS, ClaimChecker
from crossjudge.apps.deduplication.deduplicator import Deduplicator
from crossjudge.apps.grading import Grader
from crossjudge.apps.guarding.guardrail import Guardrail
from crossjudge.apps.guarding.guardrail import Thresholds as PolicyThresholds
from crossjudge.apps.guarding.phone_library import phone_recognizer
from crossjudge.apps.guarding.recognizers import Recognizer, default_recognizers
from crossjudge.apps.picking import AnswerPicker
from crossjudge.apps.reranking import Reranker
from crossjudge.apps.scoring import RubricScorer
from crossjudge.apps.tagging import Labels, Tagger
from crossjudge.apps.thresholds import Thresholds
from crossjudge.cli.options import ModelOptions
from crossjudge.client.blocking_uses import (
    RemoteAnswerPicker,
    RemoteClaimChecker,
    RemoteDeduplicator,
    RemoteGrader,
    RemoteGuardrail,
    RemoteJudge,
    RemoteReranker,
    RemoteRubricScorer,
    RemoteTagger,
)
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.objectives.relevance import RELEVANCE

AnyJudge: TypeAlias = Judge | RemoteJudge
AnyTagger: TypeAlias = Tagger | RemoteTagger
AnyChecker: TypeAlias = ClaimChecker | RemoteClaimChecker
AnyPicker: TypeAlias = AnswerPicker | RemoteAnswerPicker
AnyScorer: TypeAlias = RubricScorer | RemoteRubricScorer
AnyGuardrail: TypeAlias = Guardrail | RemoteGuardrail
AnyGrader: TypeAlias = Grader | RemoteGrader
AnyReranker: TypeAlias = Reranker | RemoteReranker
AnyDeduplicator: TypeAlias = Deduplicator | RemoteDeduplicator


class Uses(Protocol):
    """Makes what a command needs, with the settings that hold wherever the model is."""

    def judge(self, *, objective: str, abstain_below: float | None) -> AnyJudge:
        """A judge."""
        ...

    def tagger(
        self,
        labels: Labels,
        *,
        template: str,
        multi_label: bool,
        threshold: float | Thresholds,
        descriptions: Mapping[str, str] | None,
    ) -> AnyTagger:
        """A tagger."""
        ...

    def claim_checker(self, *, threshold: float, window_tokens: int) -> AnyChecker:
        """A claim checker."""
        ...

    def answer_picker(self, *, template: str) -> AnyPicker:
        """A picker of answers."""
        ...

    def rubric_scorer(self, rubric: Mapping[str, str], *, weights: Mapping[str, float]) -> AnyScorer:
        """A scorer."""
        ...

    def guardrail(
        self, policies: Mapping[str, str], *, thresholds: PolicyThresholds, recognizers: str | None
    ) -> AnyGuardrail:
        """A guardrail."""
        ...

    def grader(self, reference: Sequence[str], *, question: str | None) -> AnyGrader:
        """A grader; several share a model."""
        ...

    def reranker(self) -> AnyReranker:
        """A re-ranker."""
        ...

    def deduplicator(self, *, threshold: float) -> AnyDeduplicator:
        """A finder of duplicates."""
        ...


class UsesHere:
    """A model on this machine, loaded when it is first needed. `here`: settings that no server takes."""

    def __init__(self, model: ModelOptions, here: Mapping[str, Any]) -> None:
        self._model, self._here = model, here

    def judge(self, *, objective: str, abstain_below: float | None) -> Judge:
        """A judge."""
        encoder = self._model.cross_encoder_for(objective)
        return Judge(encoder, objective=objective, abstain_below=abstain_below, **self._here)

    def tagger(
        self,
        labels: Labels,
        *,
        template: str,
        multi_label: bool,
        threshold: float | Thresholds,
        descriptions: Mapping[str, str] | None,
    ) -> Tagger:
        """A tagger, whose first stage runs as its model does."""
        first_stage = self._here["first_stage"]
        return Tagger(
            labels,
            template=template,
            multi_label=multi_label,
            threshold=threshold,
            descriptions=descriptions,
            model=self._model.cross_encoder(),
            first_stage=first_stage,
            first_stage_model=None if first_stage is None else self._bi_encoder(self._here["first_stage_model"]),
        )

    def claim_checker(self, *, threshold: float, window_tokens: int = WINDOW_TOKENS) -> ClaimChecker:
        """A claim checker."""
        return ClaimChecker(
            model=self._model.cross_encoder(unnamed=ClaimChecker.unnamed_model),
            window_tokens=window_tokens,
            threshold=threshold,
            **self._here,
        )

    def answer_picker(self, *, template: str) -> AnswerPicker:
        """A picker of answers."""
        return AnswerPicker(
            template=template, model=self._model.cross_encoder(unnamed=AnswerPicker.unnamed_model), **self._here
        )

    def rubric_scorer(self, rubric: Mapping[str, str], *, weights: Mapping[str, float]) -> RubricScorer:
        """A scorer."""
        return RubricScorer(
            rubric, weights=weights, model=self._model.cross_encoder(unnamed=RubricScorer.unnamed_model)
        )

    def guardrail(
        self, policies: Mapping[str, str], *, thresholds: PolicyThresholds, recognizers: str | None
    ) -> Guardrail:
        """A guardrail, which also finds phone numbers by the plans of some countries."""
        here = dict(self._here)
        regions = here.pop("phone_regions", ())
        # Before the model is opened: the library may not be there, or the country.
        looking = _recognizers(recognizers, regions)
        judge = Judge(self._model.cross_encoder(unnamed=Guardrail.unnamed_model), **here)
        return Guardrail(policies, thresholds=thresholds, model=judge, recognizers=looking)

    def grader(self, reference: Sequence[str], *, question: str | None) -> Grader:
        """A grader; several share a model."""
        return Grader(reference, question=question, model=self._grading)

    def reranker(self) -> Reranker:
        """A re-ranker."""
        return Reranker(self._model.cross_encoder_for(RELEVANCE.name))

    def deduplicator(self, *, threshold: float) -> Deduplicator:
        """A finder of duplicates, whose first stage runs as its model does."""
        here = dict(self._here)
        first_stage = self._bi_encoder(here.pop("first_stage_model"))
        encoder = self._model.cross_encoder_for(DUPLICATE.name)
        return Deduplicator(threshold=threshold, model=encoder, first_stage_model=first_stage, **here)

    def _bi_encoder(self, name: str | None) -> BiEncoder:
        model = self._model
        return BiEncoder(
            name,
            backend=model.backend.value,
            device=model.device,
            local_files_only=model.local_files_only,
            token=model.token,
        )

    @cached_property
    def _grading(self) -> Judge:
        return Judge(self._model.cross_encoder(unnamed=Grader.unnamed_model))


def _recognizers(stated: str | None, regions: Sequence[str]) -> str | Sequence[Recognizer] | None:
    if not regions:
        return stated
    if stated is None:
        raise InputError(
            "Reading the arguments: --phone-region finds phone numbers, and --no-recognizers looks for nothing. Leave "
            "out one of the two."
        )
    return (*default_recognizers(), phone_recognizer(*regions))
