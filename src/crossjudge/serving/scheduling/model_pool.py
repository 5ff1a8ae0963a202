"""`ModelPool`: several models by name, loaded when first asked for, under a memory budget."""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crossjudge.backends.premise_cache import BUDGET_BYTES
from crossjudge.errors import InputError, UnknownModelError
from crossjudge.judge import Judge
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.checkpoint import Checkpoint, Kind, load_checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving.scheduling.engines import TextEngine
from crossjudge.serving.scheduling.heads import HeadOf, Heads
from crossjudge.serving.scheduling.made_once import MadeOnce
from crossjudge.serving.scheduling.model_memory import estimated_bytes
from crossjudge.serving.scheduling.scheduler import Scheduler
from crossjudge.serving.scheduling.seats import Memory, Seat, State
from crossjudge.serving.scheduling.shared_models import Forwards, SharedBiEncoder, SharedCrossEncoder
from crossjudge.serving.scheduling.tickets import Ticket, ticket_scope

logger = logging.getLogger(__name__)

PROBE_TIMEOUT_S = 5.0
"""A probe that takes longer than this found the server busy beyond use, or hung."""
PROBE_KEY = "crossjudge readiness"
_PROBE = ("A dog is running.", "An animal moves.")


class ModelPool:
    """Models that share a scheduler and the memory.

    `models`: name -> folder or hub name, None for the embedded model; the first is the default. A model is loaded when
    it is first asked for, by one thread while others that want it wait; its heads share what is in memory wherever its
    engine can read several. `memory_budget_bytes`: what all models in memory may take together, as estimated from
    their files; to make room, the one that was used least recently is unloaded if no request uses it. `backend`,
    `precision`, `num_threads`: as for `CrossEncoder`. `uses_choose`: where a request names no model, a use may have its
    own; else the default answers everything.

    What the pool gives out may be kept for as long as one likes: weights that were unloaded are loaded again when they
    are needed. Raises `UnknownModelError` for a name that is none of `models`, what loading raises, and `Overloaded`
    when models in use leave no room.
    """

    def __init__(
        self,
        models: Mapping[str, str | Path | None],
        scheduler: Scheduler,
        *,
        memory_budget_bytes: int | None = None,
        backend: str = "auto",
        precision: str | None = None,
        num_threads: int | None = None,
        uses_choose: bool = False,
    ) -> None:
        if not models:
            raise InputError("Making a pool of models: none is named. Name at least one, such as {'embedded': None}.")
        self.scheduler = scheduler
        self.memory = Memory(memory_budget_bytes)
        self._paths = dict(models)
        self._uses_choose = uses_choose
        self._settings: dict[str, Any] = {"backend": backend, "precision": precision, "num_threads": num_threads}
        self._checkpoints: MadeOnce[tuple[str, Kind], Checkpoint] = MadeOnce()
        self._judges: MadeOnce[tuple[str, str], Judge] = MadeOnce()
        self._encoders: MadeOnce[tuple[str, str | None], SharedCrossEncoder] = MadeOnce()
        self._bi_encoders: MadeOnce[str, SharedBiEncoder] = MadeOnce()
        self._cross_encoders: MadeOnce[tuple[str, str | None], Seat[Heads]] = MadeOnce()
        self._seats: dict[str, list[Seat[Any]]] = {name: [] for name in self._paths}
        self._unreadable: set[str] = set()

    def names(self) -> list[str]:
        """The models' names, the default one first."""
        return list(self._paths)

    def chosen(self, name: str | None, wanted: str | None) -> str:
        """Who answers a request: the model that it names; else what its use wants, where it may choose, or the default.

        Whether the pool has a model of that name is not looked at.
        """
        if name is None and self._uses_choose and wanted in self._paths:
            return wanted
        return self.names()[0] if name is None else name

    def judge(self, name: str | None = None, objective: str = "nli") -> Judge:
        """A judge whose forward passes go through the scheduler, with the model's head for the objective."""
        known = self._known(name)
        return self._judges.get((known, objective), lambda: self._new_judge(known, objective))

    def encoder(self, name: str | None = None, head: str | None = None) -> SharedCrossEncoder:
        """A cross-encoder whose forward passes go through the scheduler; `head` as for `CrossEncoder`."""
        known = self._known(name)
        head = head or _default_head(self._checkpoint(known, "cross_encoder"))
        return self._encoders.get((known, head), lambda: self._new_encoder(known, head))

    def bi_encoder(self, name: str | None = None) -> SharedBiEncoder:
        """A bi-encoder whose forward passes go through the scheduler."""
        known = self._known(name)
        return self._bi_encoders.get(known, lambda: self._new_bi_encoder(known))

    def state(self, name: str) -> State:
        """ "loaded" if any of its heads is in memory, "loading", "failed" (the last try), or "cold"."""
        known = self._known(name)
        states: list[State] = [seat.state for seat in self._seats[known]]
        told: tuple[State, ...] = ("loaded", "loading", "failed")
        found: State = next((state for state in told if state in states), "cold")
        return "failed" if known in self._unreadable else found

    def probe(self) -> bool:
        """Whether a real forward pass of the default model, through the queue, gives an answer; it never raises."""
        if not self.scheduler.alive:
            return False
        try:
            encoder = self.encoder()  # loading may take as long as it takes
            # It is admitted beforehand: a full queue is a busy server, not a broken one.
            ticket = Ticket(key=PROBE_KEY, deadline=time.monotonic() + PROBE_TIMEOUT_S, admitted=True)
            with ticket_scope(ticket):
                encoder.logits([_PROBE])
        except Exception as error:
            logger.warning("The readiness probe failed: %s", error)
            return False
        return True

    def _known(self, name: str | None) -> str:
        if name is None:
            return next(iter(self._paths))
        if name not in self._paths:
            raise UnknownModelError(
                f"Looking for the model {name!r}: this server has {', '.join(self._paths)}. Ask for one of them, or "
                "leave the model out.",
                path=name,
                near=tuple(difflib.get_close_matches(name, self._paths)),
            )
        return name

    def _checkpoint(self, name: str, kind: Kind) -> Checkpoint:
        return self._checkpoints.get((name, kind), lambda: self._read_checkpoint(name, kind))

    def _read_checkpoint(self, name: str, kind: Kind) -> Checkpoint:
        path = self._paths[name]
        try:
            checkpoint = load_checkpoint(path, kind=kind)
        except Exception:
            self._unreadable.add(name)
            raise
        self._unreadable.discard(name)
        return checkpoint

    def _new_judge(self, name: str, objective: str) -> Judge:
        heads = self._checkpoint(name, "cross_encoder").heads
        # Its questions to the model about the label order are nobody's request.
        with ticket_scope(Ticket(admitted=True)):
            return Judge(self.encoder(name, objective if objective in heads else None), objective=objective)

    def _new_encoder(self, name: str, head: str | None) -> SharedCrossEncoder:
        return SharedCrossEncoder(Forwards(self.scheduler, HeadOf(self._seat_for(name, head), head)))

    def _seat_for(self, name: str, head: str | None) -> Seat[Heads]:
        """The seat of the model as it was first asked for, or one for that head alone if those are not to be shared."""
        default = _default_head(self._checkpoint(name, "cross_encoder"))
        first = self._cross_encoders.get((name, default), lambda: self._new_seat(name, default))
        if head == default:
            return first
        with first.held() as heads:
            if heads.engine(head) is not None:
                return first
        return self._cross_encoders.get((name, head), lambda: self._new_seat(name, head))

    def _new_seat(self, name: str, head: str | None) -> Seat[Heads]:
        def opened() -> Heads:
            return Heads(CrossEncoder(self._paths[name], head=head, **self._settings))

        return self._seat(name, "cross_encoder", opened)

    def _new_bi_encoder(self, name: str) -> SharedBiEncoder:
        def opened() -> TextEngine:
            return TextEngine(BiEncoder(self._paths[name], **self._settings))

        return SharedBiEncoder(Forwards(self.scheduler, self._seat(name, "bi_encoder", opened)))

    def _seat(self, name: str, kind: Kind, opened: Callable[[], Any]) -> Seat[Any]:
        def needed() -> int:
            cache_bytes = BUDGET_BYTES if kind == "cross_encoder" else 0
            return estimated_bytes(
                self._checkpoint(name, kind), backend=self._settings["backend"], cache_bytes=cache_bytes
            )

        seat: Seat[Any] = Seat(name, self.memory, open_held=opened, needed_bytes=needed)
        self._seats[name].append(seat)
        return seat


def _default_head(checkpoint: Checkpoint) -> str | None:
    """The head that answers where none is named, by its name; None where the model has a single one without a name."""
    return next((name for name, labels in checkpoint.heads.items() if labels == checkpoint.labels), None)
