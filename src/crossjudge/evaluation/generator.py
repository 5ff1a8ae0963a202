"""Labelled pairs of the suite `stress-generated`, made from the words, changes and frames of `suites/generator.toml`.

A pair is one frame filled twice: what differs is one change, and the change states the label. The same seed gives the
same pairs in the same order on every platform, and more of them begin with the fewer.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from crossjudge.errors import InputError
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, SuitePair

_DATA = Path(__file__).parent / "suites" / "generator.toml"
_SLOT = re.compile(r"\{([^{}]+)\}")
_ORDINAL_OF_SLOT = re.compile(r"_\d+$")
_NUMBERS = ("low", "mid", "high")
_ATTEMPTS = 1_000
"""Draws without a new pair after which the frames of a category count as used up."""

Entry: TypeAlias = str | Mapping[str, str]
"""What a slot may be filled with: a text, or one text for each form."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """Two sentences with slots and the gold labels between them; `parts`: where alone they differ, if that is so."""

    mechanism: str
    first: str
    second: str
    forward: str
    backward: str
    parts: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A sentence with slots, and what may be changed in it. `words` and `numbers` are for its own slots.

    A negative control has no changes: it is paired with a frame of another domain.
    """

    category: str
    domain: str
    text: str
    changes: tuple[Change, ...]
    words: Mapping[str, Sequence[Entry]]
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Everything in the data file. `shares`: pairs of each category in every hundred."""

    shares: Mapping[str, int]
    words: Mapping[str, Sequence[Entry]]
    compounds: Mapping[str, str]
    frames: tuple[Frame, ...]

    def frames_of(self, category: str) -> tuple[Frame, ...]:
        """The frames of one category, in the order of the file."""
        return tuple(frame for frame in self.frames if frame.category == category)


def generate(seed: int, n_pairs: int) -> Iterator[SuitePair]:
    """`n_pairs` labelled pairs, one in memory at a time; no text occurs twice in a category.

    Categories come in the proportions of the data file, at every point of the stream. What is remembered is 8 bytes of
    hash for each text. Raises `InputError` at once for a negative number, and when a category has no new pair left.
    """
    for name, value in (("seed", seed), ("n_pairs", n_pairs)):
        if value < 0:
            raise InputError(f"Generating pairs: {name} is {value}; expected 0 or more. Give a whole number from 0 up.")
    return _pairs(seed, n_pairs)


@cache
def grammar() -> Grammar:
    """The data file, read once."""
    table = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return Grammar(
        shares=table["shares"],
        words={name: _entries(row) for name, row in table["lists"].items()},
        compounds=table["compounds"],
        frames=tuple(_frame(row, table["changes"]) for row in table["frames"]),
    )


# ------------------------------------------------------------------------------------------------------------- reading


def _frame(row: Mapping[str, Any], shared: Mapping[str, Mapping[str, str]]) -> Frame:
    changes = (shared[change] if isinstance(change, str) else change for change in row.get("changes", ()))
    return Frame(
        category=row["category"],
        domain=row["domain"],
        text=row["text"],
        changes=tuple(_change(change, row["text"]) for change in changes),
        words={name: _entries(entries) for name, entries in row.get("words", {}).items()},
        numbers=_range(row["numbers"]) if "numbers" in row else (),
    )


def _change(row: Mapping[str, Any], text: str) -> Change:
    forward, backward = row["gold"].split("/")
    if "first" in row:
        parts = (row["first"], row["second"])
        first, second = (text.replace("{pivot}", part) for part in parts)
        return Change(row["mechanism"], first, second, forward, backward, parts)
    second = _exchanged(text, *row["exchange"]) if "exchange" in row else row["second"]
    return Change(row["mechanism"], text, second, forward, backward)


def _exchanged(text: str, slot: str, other: str) -> str:
    partner = {slot: other, other: slot}
    return _SLOT.sub(lambda found: f"{{{partner.get(found[1], found[1])}}}", text)


def _entries(row: Sequence[Entry] | Mapping[str, int]) -> Sequence[Entry]:
    return [str(number) for number in _range(row)] if isinstance(row, Mapping) else row


def _range(row: Mapping[str, int]) -> Sequence[int]:
    return range(row["from"], row["to"] + 1, row.get("step", 1))


# ------------------------------------------------------------------------------------------------------------- drawing


class _Dice:
    """Choices that are the same on every Python: `Random.random` alone keeps its numbers from version to version."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in random order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in items]


class _Rota(Generic[T]):
    """Items in random order, all of them before any comes again."""

    def __init__(self, items: Sequence[T], dice: _Dice) -> None:
        self._items, self._dice, self._left = items, dice, list[T]()

    def next(self) -> T:
        """Whose turn it is."""
        self._left = self._left or self._dice.shuffled(self._items)
        return self._left.pop()


@dataclass(slots=True)
class _Scene:
    """What the slots of one frame stand for in one pair. `taken`: list name -> places of the entries in use."""

    dice: _Dice
    frame: Frame
    taken: dict[str, set[int]]
    values: dict[str, Entry] = field(default_factory=dict)
    own_taken: dict[str, set[int]] = field(default_factory=dict)

    def sentence(self, template: str) -> str:
        """The template with its slots filled and a capital letter."""
        text = self.fill(template)
        return text[:1].upper() + text[1:]

    def fill(self, template: str) -> str:
        """The template with its slots filled; an entry may hold slots itself."""
        pieces = list(_pieces(template))
        for place in range(1, len(pieces), 2):
            pieces[place] = self._value(pieces[place])
        return "".join(pieces)

    def _value(self, slot: str) -> str:
        name, _, form = slot.partition(".")
        if name not in self.values:
            self._decide(name)
        entry = self.values[name]
        text = entry if isinstance(entry, str) else entry[form]
        return self.fill(text) if "{" in text else text

    def _decide(self, name: str) -> None:
        if name in _NUMBERS:
            self.values.update(zip(_NUMBERS, self._ascending(), strict=True))
            return
        self.values[name] = self._draw(_ORDINAL_OF_SLOT.sub("", name))

    def _draw(self, name: str) -> Entry:
        known = grammar()
        if name in known.compounds:
            pieces = list(_pieces(known.compounds[name]))
            pieces[1::2] = [str(self._draw(part)) for part in pieces[1::2]]
            return "".join(pieces)
        if name in self.frame.words:
            return self._new(self.frame.words[name], self.own_taken.setdefault(name, set()))
        return self._new(known.words[name], self.taken.setdefault(name, set()))

    def _new(self, entries: Sequence[T], taken: set[int]) -> T:
        start, size = self.dice.below(len(entries)), len(entries)
        place = next(place % size for place in range(start, start + size) if place % size not in taken)
        taken.add(place)
        return entries[place]

    def _ascending(self) -> list[str]:
        taken: set[int] = set()
        return [str(number) for number in sorted(self._new(self.frame.numbers, taken) for _ in _NUMBERS)]


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """Literal text and slot names by turns, beginning and ending with text."""
    return tuple(_SLOT.split(template))


# -------------------------------------------------------------------------------------------------------------- pairing


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A pair without its id."""

    text_a: str
    text_b: str
    forward: str
    backward: str
    note: str
    domain: str

    def turned(self, note: str) -> _Drawn:
        """The texts in the other order."""
        return _Drawn(self.text_b, self.text_a, self.backward, self.forward, note, self.domain)


class _Category:
    """Draws pairs of one category, its frames and each frame's changes taking turns."""

    def __init__(self, name: str, dice: _Dice) -> None:
        frames = grammar().frames_of(name)
        self.name, self.drawn, self._dice = name, 0, dice
        self._frames = _Rota(range(len(frames)), dice)
        self._all = frames
        if name == NEGATIVE_CONTROL:
            self._partners = [_Rota(_unrelated(frame, frames), dice) for frame in frames]
        else:
            self._changes = [_Rota(frame.changes, dice) for frame in frames]

    def draw(self) -> _Drawn:
        """A pair, perhaps one that was drawn before."""
        place = self._frames.next()
        if self.name == NEGATIVE_CONTROL:
            return self._unrelated(self._all[place], self._partners[place].next())
        return self._changed(self._all[place], self._changes[place].next())

    def _changed(self, frame: Frame, change: Change) -> _Drawn:
        scene = _Scene(self._dice, frame, {})
        text_a, text_b = scene.sentence(change.first), scene.sentence(change.second)
        parts = [scene.fill(part).strip() or "nothing" for part in change.parts or ()]
        note, turned_note = (_note(change.mechanism, ordered) for ordered in (parts, parts[::-1]))
        pair = _Drawn(text_a, text_b, change.forward, change.backward, note, frame.domain)
        return pair.turned(turned_note) if self._dice.below(2) else pair

    def _unrelated(self, frame: Frame, partner: Frame) -> _Drawn:
        taken: dict[str, set[int]] = {}
        text_a = _Scene(self._dice, frame, taken).sentence(frame.text)
        text_b = _Scene(self._dice, partner, taken).sentence(partner.text)
        note = _note("unrelated subjects", [frame.domain, partner.domain])
        return _Drawn(text_a, text_b, "neutral", "neutral", note, frame.domain)


def _unrelated(frame: Frame, frames: Sequence[Frame]) -> list[Frame]:
    return [other for other in frames if other.domain != frame.domain]


def _note(mechanism: str, parts: Sequence[str]) -> str:
    return f"{mechanism}: {' / '.join(parts)}" if parts else mechanism


class _Seen:
    """Texts that were given out, as 8-byte hashes."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def adds(self, category: str, texts: Sequence[str]) -> bool:
        """Remembers the texts if all of them are new."""
        hashes = {_hash(f"{category}\n{text}") for text in texts}
        if len(hashes) < len(texts) or hashes & self._hashes:
            return False
        self._hashes |= hashes
        return True


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


# ------------------------------------------------------------------------------------------------------------ streaming


def _pairs(seed: int, n_pairs: int) -> Iterator[SuitePair]:
    dice, seen = _Dice(seed), _Seen()
    categories = {name: _Category(name, dice) for name in grammar().shares}
    for number, name in zip(range(n_pairs), _schedule(grammar().shares), strict=False):
        category = categories[name]
        pair = _new_pair(category, seen)
        if pair is None:
            raise InputError(
                f"Generating {n_pairs} pairs: {_ATTEMPTS} draws gave no new pair of {name!r} after {number} pairs; "
                f"expected one. Ask for fewer pairs, or add frames or words to {_DATA.name}."
            )
        category.drawn += 1
        yield SuitePair(
            id=f"generated-{seed}-{name.replace('_', '-')}-{category.drawn:06}",
            category=name,
            text_a=pair.text_a,
            text_b=pair.text_b,
            nli_forward=pair.forward,
            nli_backward=pair.backward,
            duplicate=pair.forward == pair.backward == "entailment",
            note=pair.note,
            domain=pair.domain,
        )


def _new_pair(category: _Category, seen: _Seen) -> _Drawn | None:
    for _ in range(_ATTEMPTS):
        pair = category.draw()
        if seen.adds(category.name, (pair.text_a, pair.text_b)):
            return pair
    return None


def _schedule(shares: Mapping[str, int]) -> Iterator[str]:
    """Category after category, each time the one that lags furthest behind its share."""
    total, credit = sum(shares.values()), dict.fromkeys(shares, 0)
    while True:
        for name, share in shares.items():
            credit[name] += share
        due = max(credit, key=credit.__getitem__)
        credit[due] -= total
        yield due
