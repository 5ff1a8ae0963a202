"""`POST /v1/check`: answers checked claim by claim against their sources, whole or while they are being written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.checking.certainty import HEAD
from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.checking.results import CheckReport, ClaimVerdict, report_of
from crossjudge.errors import ItemError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.boxed import EMBEDDED_NAME, JOINT_NAME
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving.arriving import Lines, Pieces
from crossjudge.serving.context import state_of
from crossjudge.serving.error_answers import not_valid
from crossjudge.serving.event_streams import Event, EventResponse
from crossjudge.serving.faults import Refused
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import Answers, Asked, Probability, Texts, answer, described
from crossjudge.serving.scheduling import ModelPool
from crossjudge.serving.strict_json import StrictRoute, check_content_type

router = APIRouter(route_class=StrictRoute)

NDJSON = "application/x-ndjson"
STREAMED_PATH = "/v1/check/stream"
_EVENT = {
    "type": "object",
    "description": "One event of the stream; `data` is JSON.",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
_EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": _EVENT}}}}
_LINES = {"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}}


class Checking(Asked):
    """How to check."""

    threshold: Probability = 0.5
    window_tokens: Annotated[int, Field(ge=1, le=4096)] = 192


class Checked(BaseModel):
    """One answer and its source, or sources. An answer that is a list has a claim in each item."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | Texts
    answer: str | Texts


class CheckRequest(Checking):
    """`source` and `answer`, or many `inputs` of them.

    With `stream`, verdicts come as server-sent events, each as soon as it is there; an answer that is a list is then
    one text in pieces.
    """

    ways = (("source", "answer"), ("inputs",))

    source: str | Texts | None = None
    answer: str | Texts | None = None
    inputs: Annotated[list[Checked], Field(min_length=1)] | None = None
    stream: bool = False

    @model_validator(mode="after")
    def _streams_one(self) -> CheckRequest:
        if self.stream and self.inputs is not None:
            raise ValueError("a stream is of one source and one answer; got inputs")
        return self


class StreamedCheck(Checking):
    """The first line of a streamed check; each line after it is a piece of the answer, a JSON string."""

    source: str | Texts


@router.post("/v1/check", response_model=Answers[CheckReport], responses=_EVENTS)
async def check(asked: CheckRequest, request: Request) -> Response:
    """Check answers: is each claim supported by the sources, contradicted by them, or not mentioned?

    With `"stream": true`: server-sent events `claim`, then one `report`; or an `error`.
    """
    state = state_of(request)
    if not asked.stream:
        unnamed = ClaimChecker.unnamed_model
        return await answer(
            request, asked, lambda judge, asked: _reports(_checker(judge, asked, state.pool), asked), unnamed=unnamed
        )
    assert asked.source is not None
    assert asked.answer is not None
    pieces = [asked.answer] if isinstance(asked.answer, str) else asked.answer
    admission = await state.admitted(request, timeout_s=state.limits.stream_timeout_s)
    return EventResponse(admission, _events(request, asked, asked.source, pieces))


@router.post(STREAMED_PATH, response_class=Response, responses=_EVENTS, openapi_extra=_LINES)
async def check_stream(request: Request) -> Response:
    """Check an answer while it is being written.

    The body is lines of JSON: an object with `source` (and `model`, `threshold`, `window_tokens`), then a string for
    each piece of the answer. Events come while the body is still being sent: `claim`, then one `report`; or an `error`.
    """
    check_content_type(request, wanted=NDJSON)
    state = state_of(request)
    lines = Lines(request, state.limits)
    asked = _settings(await lines.next())
    admission = await state.admitted(request, timeout_s=state.limits.stream_timeout_s, watch=False)
    pieces = Pieces(admission.ticket)
    return EventResponse(admission, _events(request, asked, asked.source, pieces), feeding=pieces.fed_by(lines))


class ServedChecker(ClaimChecker):
    """A claim checker whose heads and vectors are the pool's where it has them, so that a request opens none."""

    def __init__(self, judge: MeteredJudge, pool: ModelPool, *, name: str, settings: Checking) -> None:
        super().__init__(model=judge, threshold=settings.threshold, window_tokens=settings.window_tokens)
        self._pool, self._name = pool, name

    @cached_property
    def _one_way(self) -> str | None:
        """The pool's name of the model that hedges are told by and vectors come from; None where it has no such one.

        That is the one that judges, or the embedded one beside `embedded-joint`, unless the house serves another model
        by its name.
        """
        model = self.judge.model
        if model.backend == "fake":
            return None
        lends = model.checkpoint.name == JOINT_NAME and EMBEDDED_NAME in self._pool.names()
        name = EMBEDDED_NAME if lends else self._name
        return name if self._pool.encoder(name).checkpoint.heads else None

    @cached_property
    def _certainty(self) -> CrossEncoder | None:
        name = self._one_way
        return self._pool.encoder(name, HEAD) if name and HEAD in self._pool.encoder(name).checkpoint.heads else None

    @cached_property
    def _encoder(self) -> BiEncoder:
        return self._pool.bi_encoder(self._one_way) if self._one_way else super()._encoder


def _checker(judge: MeteredJudge, asked: Checking, pool: ModelPool) -> ClaimChecker:
    return ServedChecker(judge, pool, name=_name(asked, pool), settings=asked)


def _name(asked: Checking, pool: ModelPool) -> str:
    return pool.chosen(asked.model, ClaimChecker.unnamed_model)


def _reports(checker: ClaimChecker, asked: CheckRequest) -> Sequence[CheckReport]:
    inputs = [(_listed(one.source), _listed(one.answer)) for one in asked.inputs or ()]
    return checker.batch(inputs or [(_listed(asked.source), _listed(asked.answer))])


def _listed(texts: Any) -> str | list[str]:
    return texts if isinstance(texts, str) else list(texts)


def _settings(line: Any) -> StreamedCheck:
    try:
        return StreamedCheck.model_validate(line)
    except ValidationError as error:
        raise Refused(not_valid([dict(one) for one in error.errors()])) from error


def _events(
    request: Request, asked: Checking, source: str | Sequence[str], pieces: Iterable[str]
) -> Callable[[], Iterator[Event]]:
    """What a request thread does for a streamed check."""
    state = state_of(request)

    def events() -> Iterator[Event]:
        model = _name(asked, state.pool)
        judge = state.judge(request, model)
        claims: list[ClaimVerdict] = []
        for claim in _checker(judge, asked, state.pool).stream(_listed(source), pieces):
            claims.append(claim)
            yield "claim", claim.to_dict()
        if not claims:
            raise ItemError("Checking: the answer is blank; expected a text that says something. Send one.")
        report = report_of(claims)
        summary = {"supported": report.supported, "decision": report.decision, "claims": len(claims)}
        yield "report", described(request, model, judge) | summary

    return events
