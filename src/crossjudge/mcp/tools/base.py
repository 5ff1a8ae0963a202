"""What a tool is: a name, words for the language model that chooses it, and the forms of what goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from crossjudge.errors import InputError
from crossjudge.mcp.makers import Maker

MOST_CHARACTERS = 400_000
"""Of all texts of a call together: what is judged in seconds, and more than an agent has in its head."""

_DIGITS = 4
"""Of a number that a language model reads; more of them cost it tokens and mean nothing."""


class Arguments(BaseModel):
    """What the language model gives to a tool; names that the tool does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """What a tool answers."""

    model_config = ConfigDict(frozen=True)


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """`description`: when to use it and how to read its answer. `work`: blocks, and raises what our library raises."""

    name: str
    title: str
    description: str
    arguments: type[A]
    told: type[Told]
    work: Callable[[Maker, A], Told]

    def call(self, maker: Maker, given: dict[str, Any]) -> dict[str, Any]:
        """The answer to `given`, as plain JSON values; raises `InputError` for what the tool does not take."""
        try:
            arguments = self.arguments.model_validate(given)
        except ValidationError as error:
            raise InputError(f"Calling {self.name}: {_problems(error)} Correct the call.") from None
        characters = _characters(given)
        if characters > MOST_CHARACTERS:
            raise InputError(
                f"Calling {self.name}: the texts have {characters:,} characters; expected at most {MOST_CHARACTERS:,}. "
                "Give only the parts that matter, or make several calls."
            )
        return self.work(maker, arguments).model_dump(mode="json")


def _problems(error: ValidationError) -> str:
    """What is wrong with which argument, without quoting it."""
    told = []
    for one in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in one["loc"]) or "the arguments"
        told.append(f"{place}: {one['msg'].removeprefix('Value error, ')}.")
    return " ".join(told)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value)) + sum(map(_characters, value.values()))
    return sum(map(_characters, value)) if isinstance(value, list) else 0


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank; expected a text that says something")
    return text


def _listed(value: Any) -> Any:
    """A text alone is a list of one: language models often leave the brackets out."""
    return [value] if isinstance(value, str) else value


def _rounded(value: float) -> float:
    return round(value, _DIGITS)


Text: TypeAlias = Annotated[str, AfterValidator(_not_blank)]
Texts: TypeAlias = Annotated[list[Text], Field(min_length=1), BeforeValidator(_listed)]
Number: TypeAlias = Annotated[float, PlainSerializer(_rounded)]
