"""Many inputs, asked in parcels that the server takes, and their results put together again in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from crossjudge.apps.base import Progress
from crossjudge.client.asking import answered
from crossjudge.client.errands import Errand, Load
from crossjudge.client.server import Ask, Limits, Server
from crossjudge.client.steps import Exchange
from crossjudge.errors import (
    BusyError,
    FingerprintError,
    ForeignServerError,
    ItemError,
    LimitError,
    NonFiniteLogitsError,
    ServerError,
    ServerTimeoutError,
)
from crossjudge.plain_values import from_plain

I = TypeVar("I")  # noqa: E741 - an input
R = TypeVar("R")

AIM_S = 4.0
"""How long the answer to a parcel should take: long enough that its way there counts for little, short enough that no
deadline is near, that progress is seen, and that others get their turn."""

FIRST_PAIRS, LEAST_PAIRS, MOST_PAIRS = 256, 16, 4_096
TOO_MUCH = (413, 429, 504)
"""What a server says to a request that a smaller one might fit: over a limit, or over what it can do in time."""

_GROWTH = 4
_LATE_SHARE = 1 / 4
_SAFE_SHARE = 0.9
"""Of what the server allows: how many pairs an input takes is only guessed."""


@dataclass(frozen=True, slots=True)
class Results:
    """An answer, its results not yet read."""

    fingerprint: str
    results: list[Any]


@dataclass(slots=True)
class Pace:
    """How much a parcel holds, in pairs: as much as was answered in `AIM_S` seconds lately."""

    pairs: int = FIRST_PAIRS

    def after(self, pairs: int, took_s: float) -> None:
        """So many were answered in this time."""
        fitting = int(pairs * AIM_S / max(took_s, 1e-3))
        if pairs * 2 > self.pairs or fitting < self.pairs:  # a last, small parcel says little about a large one
            self.pairs = min(max(fitting, LEAST_PAIRS), MOST_PAIRS, self.pairs * _GROWTH)

    def cut(self, pairs: int, share: float) -> None:
        """So many were too much; only this share of them should be asked at once."""
        self.pairs = max(1, int(pairs * share))


@dataclass(slots=True)
class _Batch:
    """What is known of all inputs together."""

    errand: Errand[Any, Any]
    server: Server
    pace: Pace = field(default_factory=Pace)
    fingerprint: str | None = None

    def took(self, found: Results, start: int) -> None:
        """Note whose results these are; raises `FingerprintError` where they may not stand together."""
        doing, mine = self.errand.doing, self.errand.fitted_for
        if mine not in (None, found.fingerprint):
            raise FingerprintError(
                f"{doing}: the thresholds were fitted for the model {mine}, and the server's is {found.fingerprint}; "
                "the same number means something else there. Fit them again with that model, or state them as numbers."
            )
        if self.fingerprint not in (None, found.fingerprint):
            raise FingerprintError(
                f"{doing}: the first inputs were answered by the model {self.fingerprint}, and those from {start} on "
                f"by {found.fingerprint}: the server's model has changed meanwhile. Ask again, so that one answers all."
            )
        self.fingerprint = found.fingerprint


def batch(
    server: Server, errand: Errand[I, R], inputs: Iterable[I], progress: Progress | None = None
) -> Exchange[list[R]]:
    """One result for each input, in order. An error about an input carries its `index`."""
    loads = errand.loads(inputs)
    known, done = _Batch(errand, server), list[R]()
    while len(done) < len(loads):
        start = len(done)
        parcel = fitting(loads, start, pairs=known.pace.pairs, limits=server.limits)
        done += yield from _parcel(known, parcel, start)
        if progress is not None and len(done) > start:
            progress(len(done), len(loads))
    return done


def fitting(loads: Sequence[Load], start: int, *, pairs: int, limits: Limits) -> Sequence[Load]:
    """As many of the inputs from `start` on as one request may hold; at least one."""
    end, held_pairs, held_bytes = start, 0, 0
    while end < len(loads) and end - start < limits.items:
        held_pairs, held_bytes = held_pairs + loads[end].pairs, held_bytes + len(loads[end].body) + 1
        if end > start and (held_pairs > pairs or held_bytes > limits.body_bytes):
            break
        end += 1
    return loads[start:end]


def _parcel(known: _Batch, parcel: Sequence[Load], start: int) -> Exchange[list[Any]]:
    """The results of one parcel; none where it was too large, and smaller ones are to be tried."""
    server, errand = known.server, known.errand
    ask = Ask(path=errand.path, body=errand.body(parcel))
    pairs = sum(load.pairs for load in parcel)
    try:
        found, took_s = yield from answered(server, ask, Results)
    except (ItemError, NonFiniteLogitsError) as error:
        raise _placed(error, start) from None
    except (LimitError, ServerTimeoutError, BusyError) as error:
        if len(parcel) == 1 or error.status not in TOO_MUCH:
            if isinstance(error, LimitError):
                error.index = start
            raise
        _learn(error, known, parcel, pairs)
        return []
    known.took(found, start)
    known.pace.after(pairs, took_s)
    return _read(found, errand, len(parcel), str(server.address))


def _learn(error: ServerError, known: _Batch, parcel: Sequence[Load], pairs: int) -> None:
    """Make the next parcel smaller: as the server's limit says, or else by a part."""
    limits, share = known.server.limits, _LATE_SHARE
    if isinstance(error, LimitError):
        allowed, seen = error.allowed or 0, error.seen or 0
        if error.limit == "items" and 0 < allowed < len(parcel):
            limits.items = min(limits.items, allowed)
            return
        if error.limit == "body_bytes" and 0 < allowed < seen:
            # What is not inputs counts too: a share of what was sent, rather than the limit itself.
            limits.body_bytes = min(limits.body_bytes, int(sum(len(one.body) + 1 for one in parcel) * allowed / seen))
            return
        share = min(_SAFE_SHARE * allowed / seen, 1 / 2) if error.limit in ("pairs", "tokens") and seen else 1 / 2
    known.pace.cut(pairs, share)


def _read(found: Results, errand: Errand[Any, R], count: int, address: str) -> list[R]:
    if len(found.results) != count:
        raise ForeignServerError(
            f"{errand.doing}: {address} gave {len(found.results)} results for {count} inputs; expected one for each. "
            "Install the same version of crossjudge here and there.",
            address=address,
        )
    try:
        return [from_plain(errand.result, one) for one in found.results]
    except ValueError as error:
        raise ForeignServerError(f"{errand.doing}: {address}: {error}", address=address) from None


def _placed(error: ItemError | NonFiniteLogitsError, start: int) -> ItemError | NonFiniteLogitsError:
    """The error with its input's place among all inputs; its words count from the first of its parcel."""
    if error.index is None or start == 0:
        return error
    words = f"Input {start + error.index} (counted from {start} in what follows): {error}"
    return type(error)(words, index=start + error.index)
