"""What a row of a suite may hold, and what is wrong with one that holds something else.

The names of gold labels and of the two control categories live here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crossjudge.files import BadRow, Record, json_line

NLI_LABELS = ("entailment", "neutral", "contradiction")
POSITIVE_CONTROL = "positive_control"
"""The category of true paraphrases, which a good model scores high."""
NEGATIVE_CONTROL = "negative_control"
"""The category of unrelated pairs, which a good model scores low."""


@dataclass(frozen=True, slots=True)
class SuiteProblem:
    """One thing wrong with a row: an error, or a mere warning. `field` is empty where the line as a whole is bad."""

    path: str
    line: int
    field: str
    seen: str
    expected: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.path} {self.place}"

    @property
    def place(self) -> str:
        """The problem without its file."""
        named = f", field {self.field!r}" if self.field else ""
        return f"line {self.line}{named}: {self.seen}; expected {self.expected}"


Checker: TypeAlias = Callable[[Record | BadRow], list[SuiteProblem]]


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one field may hold."""

    accepts: Callable[[Any], bool]
    expected: str


def row_id(record: Record | BadRow) -> str:
    """The row's own id, or its line's where it has none."""
    stated = record.fields.get("id")
    return f"line-{record.line}" if stated is None else str(stated)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_optional_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_id(value: object) -> bool:
    return value is None or _is_text(value) or (isinstance(value, int) and not isinstance(value, bool))


def _is_label(value: object) -> bool:
    return value is None or value in NLI_LABELS


_LABEL = _Rule(_is_label, f"one of {', '.join(NLI_LABELS)}, or null")

RULES: Mapping[str, _Rule] = {
    "id": _Rule(_is_id, "text or a whole number, or null"),
    "category": _Rule(_is_text, "the name of a category"),
    "text_a": _Rule(_is_text, "text"),
    "text_b": _Rule(_is_text, "text"),
    "nli_forward": _LABEL,
    "nli_backward": _LABEL,
    "duplicate": _Rule(lambda value: value is None or isinstance(value, bool), "true, false or null"),
    "note": _Rule(_is_optional_text, "text or null"),
    "domain": _Rule(_is_optional_text, "text or null"),
}


def row_checker(name: str) -> Checker:
    """What is wrong with a row by itself."""

    def check(record: Record | BadRow) -> list[SuiteProblem]:
        if isinstance(record, BadRow):
            return [SuiteProblem(name, record.line, "", _without_place(record), "one JSON object a line")]
        return [
            SuiteProblem(name, record.line, field, _seen(record.fields, field), rule.expected)
            for field, rule in RULES.items()
            if not rule.accepts(record.fields.get(field))
        ] or _control_problems(name, record)

    return check


def file_checker(name: str) -> Checker:
    """What is wrong with a row by itself or beside those before it; good for one pass over a file."""
    check_row, places = row_checker(name), _Places()

    def check(record: Record | BadRow) -> list[SuiteProblem]:
        problems = check_row(record)
        if problems:
            return problems
        return [*places.repeats(name, record), *_oddities(name, record)]

    return check


def _without_place(record: BadRow) -> str:
    problem = str(record.error).partition(f"line {record.line}: ")[2]
    return problem.partition("; expected")[0].rstrip(".")


def _seen(row: Mapping[str, Any], name: str) -> str:
    if name not in row:
        return f"not there, found {', '.join(map(repr, row)) or 'nothing'}"
    value = json_line({"": row[name]})[5:-1]
    return value if len(value) <= 60 else f"{value[:60]}..."


def _control_problems(name: str, record: Record) -> list[SuiteProblem]:
    opposite = {POSITIVE_CONTROL: False, NEGATIVE_CONTROL: True}.get(record.fields["category"])
    if opposite is None or record.fields.get("duplicate") is not opposite:
        return []
    seen, expected = str(opposite).lower(), str(not opposite).lower()
    rule = f"{expected} or null, since the category is {record.fields['category']!r}"
    return [SuiteProblem(name, record.line, "duplicate", seen, rule)]


@dataclass(frozen=True, slots=True)
class _Places:
    """Hash -> the line where it was first seen; hashes, so that a million rows stay small."""

    ids: dict[int, int] = field(default_factory=dict)
    pairs: dict[int, int] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)

    def repeats(self, name: str, record: Record | BadRow) -> Iterator[SuiteProblem]:
        """What this row repeats of earlier ones."""
        row, line = record.fields, record.line
        category, text_a, text_b = row["category"], row["text_a"], row["text_b"]
        earlier = self.ids.setdefault(hash(row_id(record)), line)
        if earlier != line:
            yield SuiteProblem(name, line, "id", f"{row_id(record)!r}, as on line {earlier}", "an id of its own")
        earlier = self.pairs.setdefault(hash((category, *sorted((text_a, text_b)))), line)
        if earlier != line:
            seen = f"the pair of line {earlier} again"
            yield SuiteProblem(name, line, "text_a", seen, "each pair once in a category, in either order")
            return
        for column, text in (("text_a", text_a), ("text_b", text_b)):
            earlier = self.texts.setdefault(hash((category, text)), line)
            if earlier != line:
                seen = f"a text of line {earlier} again"
                yield SuiteProblem(name, line, column, seen, "each text in one pair of a category", is_error=False)


def _oddities(name: str, record: Record | BadRow) -> Iterator[SuiteProblem]:
    """What may be meant, and is more likely a slip."""
    row, line = record.fields, record.line
    for unknown in [column for column in row if column not in RULES]:
        yield SuiteProblem(name, line, unknown, "an unknown field", f"one of {', '.join(RULES)}", is_error=False)
    directions = {row.get("nli_forward"), row.get("nli_backward")}
    if row.get("duplicate") and "contradiction" in directions:
        seen = "true, yet the texts contradict each other"
        yield SuiteProblem(name, line, "duplicate", seen, "false for a contradiction", is_error=False)
    if directions == {"entailment", "contradiction"}:
        seen = "entailment one way and contradiction the other"
        yield SuiteProblem(name, line, "nli_backward", seen, "what both can be true of", is_error=False)
