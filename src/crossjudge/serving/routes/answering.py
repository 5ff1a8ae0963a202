"""What all our routes share: the form of a request and of an answer, and the way from one to the other."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.errors import ObjectiveError
from crossjudge.serving.context import meter_of, state_of
from crossjudge.serving.metering import MeteredJudge

T = TypeVar("T")

Probability = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[list[str], Field(min_length=1)]
NamedTexts = Annotated[dict[str, str], Field(min_length=1)]


class Asked(BaseModel):
    """A request. Fields that nobody knows are refused, so that a slip of the pen is no silent default.

    `ways`: where one input or many may be stated, the fields of each way; exactly one way is taken, whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ways: ClassVar[tuple[tuple[str, ...], ...]] = ()

    model: str | None = Field(
        None,
        description="A name that GET /v1/models lists; left out: the first, or if none was chosen, the use's own.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        stated = {name for way in self.ways for name in way if getattr(self, name) is not None}
        if self.ways and stated not in [set(way) for way in self.ways]:
            expected = ", or ".join(" and ".join(way) for way in self.ways)
            raise ValueError(f"got {' and '.join(sorted(stated)) or 'none of its texts'}; expected {expected}")
        return self


class AskedOfTexts(Asked):
    """What is asked of each text."""

    ways = (("text",), ("texts",))

    text: str | None = None
    texts: Texts | None = None

    def each(self) -> list[str]:
        """The texts, one or many."""
        return self.texts or [self.text or ""]


class Usage(BaseModel):
    """What the answer took."""

    tokens: int = Field(description="Tokens of texts that the model read, counted for each pair.")
    pairs: int = Field(description="Pairs of texts that were judged.")


class Answers(BaseModel, Generic[T]):
    """Results in the order of what was asked; one input has one result."""

    model: str
    fingerprint: str = Field(description="Of weights, tokenizer, backend and precision: equal ones give equal numbers.")
    usage: Usage
    results: list[T]


class Plain(Protocol):
    """A result of ours."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        ...


A = TypeVar("A", bound=Asked)

Use = Callable[[MeteredJudge, A], Sequence[Plain]]
"""A judge and what was asked -> results; it blocks, and raises what our library raises."""


async def answer(
    request: Request,
    asked: A,
    use: Use[A],
    *,
    objective: str | Sequence[str] = "nli",
    unnamed: str | None = None,
) -> Response:
    """The answer to `asked`, worked out by `use` in a request thread. `objective`: or several, the first that fits.

    `unnamed`: what the use wants where no model is named; see `ModelPool.chosen`.
    """
    state = state_of(request)
    model = state.pool.chosen(asked.model, unnamed)

    def work() -> str:
        judge = fitting_judge(request, model, [objective] if isinstance(objective, str) else objective)
        results = [result.to_dict() for result in use(judge, asked)]
        return as_json(described(request, model, judge) | {"results": results})

    return Response(await state.run(request, work), media_type="application/json")


def fitting_judge(request: Request, model: str | None, objectives: Sequence[str]) -> MeteredJudge:
    """The model's judge for the first objective that it can judge; raises `ObjectiveError` if it can none."""
    *first, last = objectives
    for objective in first:
        with contextlib.suppress(ObjectiveError):
            return state_of(request).judge(request, model, objective)
    return state_of(request).judge(request, model, last)


def described(request: Request, model: str, judge: MeteredJudge) -> dict[str, Any]:
    """Which model answered, and what it read for that."""
    return {
        "model": model,
        "fingerprint": judge.model.fingerprint,
        "usage": meter_of(request).to_dict(),
    }


def as_json(value: Any) -> str:
    """Python's own digits: the same numbers as in a program."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
