"""What is searched: a document is a text with a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias, get_args

from crossjudge.apps.base import Result, checked_text, seen
from crossjudge.errors import InputError, ItemError

OnDuplicate: TypeAlias = Literal["error", "replace", "skip"]
"""What becomes of a document whose id is taken."""

Given: TypeAlias = str | Mapping[str, Any]
"""A text, or {"text": ..., "id": ...}; what else a mapping holds is not kept."""

_DOING = "Adding documents"


@dataclass(frozen=True, slots=True)
class Document(Result):
    """A text and its id, which no other document of its index has."""

    id: str
    text: str


def checked_documents(
    given: Iterable[Given], taken: Set[str], *, on_duplicate: OnDuplicate, first_number: int
) -> list[Document]:
    """What is to be added, each with an id: its own (a number becomes text), or the next free number.

    `taken`: ids in use; `first_number`: where to look for free ones from. Raises `ItemError` naming the document that
    has no text, or whose id stands there twice; with "skip" the first document of an id stays, with "replace" the last
    one does.
    """
    if on_duplicate not in get_args(OnDuplicate):
        expected = ", ".join(get_args(OnDuplicate))
        raise InputError(f"{_DOING}: on_duplicate is {seen(on_duplicate)}; expected one of {expected}. Name one.")
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InputError(f"{_DOING}: got {seen(given)}; expected a list of documents. Make it one.")
    named = [_named(one, index) for index, one in enumerate(given)]
    in_use = taken | {one_id for one_id, _ in named if one_id is not None}
    free = (name for name in map(str, count(first_number)) if name not in in_use)
    chosen: dict[str, Document] = {}
    for index, (given_id, text) in enumerate(named):
        one_id = next(free) if given_id is None else given_id
        if one_id in chosen or one_id in taken:
            if on_duplicate == "error":
                raise ItemError(
                    f"{_DOING}: document {index} has the id {one_id!r}, which another one has. Nothing was added. Give "
                    "it another id, or pass on_duplicate='replace' or 'skip' (--on-duplicate on the command line).",
                    index=index,
                )
            if on_duplicate == "skip":
                continue
        chosen[one_id] = Document(one_id, text)
    return list(chosen.values())


def _named(one: Any, index: int) -> tuple[str | None, str]:
    """(its id or None, its text)."""
    if not isinstance(one, Mapping):
        return None, checked_text(one, doing=_DOING, what=f"document {index}", index=index)
    text = checked_text(one.get("text"), doing=_DOING, what=f"the text of document {index}", index=index)
    one_id = one.get("id")
    if one_id is None:
        return None, text
    if isinstance(one_id, (str, int)) and not isinstance(one_id, bool) and str(one_id).strip():
        return str(one_id), text
    raise ItemError(
        f"{_DOING}: the id of document {index} is {seen(one_id)}; expected a text or a whole number. Correct it.",
        index=index,
    )
