"""A name or folder -> everything needed to run it: checkpoint, tokenizer, backend, what it says and how it is named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crossjudge.backends.base import Backend, BatchWishes, wishes_of
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.errors import InputError, LabelError
from crossjudge.models.boxed import EMBEDDED_NAME, JOINT_NAME
from crossjudge.models.checkpoint import Checkpoint, Kind, load_checkpoint
from crossjudge.models.choosing import Choice, candidates, choose
from crossjudge.models.loading import open_backend, shipped_precision
from crossjudge.models.registry import OBJECTIVES, find_card
from crossjudge.models.truncation import CutCounter
from crossjudge.text.tokenization import PairTokenizer

CUDA_TOKEN_BUDGET = 65_536
"""Tokens of one batch, padding included, that keep a GPU's cores full."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedModel:
    """A model ready to run.

    `labels`: those of the chosen head, none for a bi-encoder. `objective`: None if unknown. `choice`: how
    `precision="auto"` was decided, if that was asked for.
    """

    checkpoint: Checkpoint
    tokenizer: PairTokenizer
    backend: Backend
    labels: tuple[str, ...]
    objective: str | None
    head: str | None
    wishes: BatchWishes
    choice: Choice | None = None

    @property
    def fingerprint(self) -> str:
        """`weights:tokenizer:backend:precision[:head]`, the first two as the start of a sha256."""
        parts = [
            "none" if self.backend.name == "fake" else self.checkpoint.weights_hash()[:16],
            self.checkpoint.tokenizer_hash()[:16],
            self.backend.name,
            self.backend.precision,
        ]
        return ":".join([*parts, self.head] if self.head else parts)


class Opened:
    """What every object over a loaded model tells of it."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self._cut = CutCounter()

    @property
    def checkpoint(self) -> Checkpoint:
        """The files and config behind this model."""
        return self._loaded.checkpoint

    @property
    def tokenizer(self) -> PairTokenizer:
        """What turns this model's texts into token ids."""
        return self._loaded.tokenizer

    @property
    def name(self) -> str:
        """What the user called the model; `"embedded"` for the one in the box."""
        return self.checkpoint.name

    @property
    def max_length(self) -> int:
        """Tokens of a pair, or of a single text, that the model reads, special tokens included."""
        return self.tokenizer.max_length

    def __repr__(self) -> str:
        """Which model it is, and how it runs."""
        head = f", head={self._loaded.head!r}" if self._loaded.head else ""
        return f"{type(self).__name__}({self.name!r}, backend={self.backend!r}, precision={self.precision!r}{head})"

    @property
    def backend(self) -> str:
        """The backend that runs: "onnx", "torch" or "fake"."""
        return self._loaded.backend.name

    @property
    def precision(self) -> str:
        """The precision it runs in."""
        return self._loaded.backend.precision

    @property
    def choice(self) -> Choice | None:
        """Why this engine and precision run, where `precision="auto"` was asked for."""
        return self._loaded.choice

    @cached_property
    def fingerprint(self) -> str:
        """Names weights, tokenizer, backend, precision and head; thresholds fitted for one are refused on another."""
        return self._loaded.fingerprint


def load_model(
    path: str | Path | None,
    *,
    kind: Kind,
    backend: str,
    device: str | None,
    precision: str | None,
    max_length: int | None,
    num_threads: int | None,
    num_labels: int | None = None,
    head: str | None = None,
    premise_cache_bytes: int | None = None,
    **where: Any,
) -> LoadedModel:
    """Load the model at `path` (None: the embedded one). `where`: how to reach the hub, as for `load_checkpoint`."""
    checkpoint = load_checkpoint(
        path,
        kind=kind,
        max_length=max_length,
        num_labels=None if backend == "fake" else num_labels,
        **where,
    )
    labels, chosen = _head(checkpoint, head, kind)
    objective = _objective(checkpoint, path, chosen)
    if backend == "fake" and num_labels is not None and num_labels != len(labels):
        labels, chosen, objective = _made_up_labels(num_labels), None, None
    tokenizer = PairTokenizer.from_folder(
        checkpoint.tokenizer_folder,
        max_length=checkpoint.max_length,
        attention=checkpoint.attention if kind == "cross_encoder" else "joint",
        pad_token_id=checkpoint.pad_token_id,
        lowercase=checkpoint.lowercase,
    )

    def open_engine(backend: str, precision: str | None) -> Backend:
        return open_backend(
            checkpoint,
            kind=kind,
            backend=backend,
            device=device,
            precision=precision,
            num_threads=num_threads,
            num_labels=len(labels),
            head=chosen,
            premise_cache_bytes=premise_cache_bytes,
        )

    choice = None
    if precision == "auto" and kind == "cross_encoder" and device in (None, "auto", "cpu") and backend != "fake":
        offered = candidates(checkpoint, shipped_precision(checkpoint), backend=backend)
        choice = choose(checkpoint, offered, encode=tokenizer.encode, open_engine=open_engine)
        backend, precision = choice.backend, choice.precision
    engine = open_engine(backend, precision)
    return LoadedModel(
        checkpoint=checkpoint,
        tokenizer=tokenizer,
        backend=engine,
        labels=labels,
        objective=objective,
        head=chosen,
        wishes=_wishes(engine),
        choice=choice,
    )


def with_head(loaded: LoadedModel, head: str) -> LoadedModel | None:
    """The same model on the same opened engine, answering with another of its heads.

    None where its engine was opened for one head alone: only one-way graphs without exits hold the answers of all.
    """
    engine = loaded.backend
    if not isinstance(engine, OneWayBackend) or engine.has_exits:
        return None
    labels, chosen = _head(loaded.checkpoint, head, "cross_encoder")
    return replace(
        loaded,
        backend=engine.reading(head),
        labels=labels,
        head=chosen,
        objective=_objective(loaded.checkpoint, None, head),
    )


def _wishes(engine: Backend) -> BatchWishes:
    on_cuda = str(getattr(engine, "device", "cpu")).startswith("cuda")
    return replace(wishes_of(engine), token_budget=CUDA_TOKEN_BUDGET) if on_cuda else wishes_of(engine)


def _head(checkpoint: Checkpoint, wanted: str | None, kind: Kind) -> tuple[tuple[str, ...], str | None]:
    """Labels and name of the head that is asked for; joint checkpoints have one, without a name."""
    if kind == "bi_encoder":
        return (), None
    if wanted is None:
        return checkpoint.labels, next((name for name, ls in checkpoint.heads.items() if ls == checkpoint.labels), None)
    if wanted not in checkpoint.heads:
        known = ", ".join(checkpoint.heads) or "none: it is a model of a single head"
        instead = f" {EMBEDDED_NAME!r} has heads." if checkpoint.name == JOINT_NAME else ""
        raise LabelError(f"Loading {checkpoint.name}: it has no head {wanted!r}. Its heads: {known}.{instead}")
    return checkpoint.heads[wanted], wanted


def _objective(checkpoint: Checkpoint, path: str | Path | None, head: str | None) -> str | None:
    """The head's, whose name says it; else from our own config, else from the card of that name."""
    if head in OBJECTIVES:
        return head
    if checkpoint.objective is not None or path is None:
        return checkpoint.objective
    # A folder that is called as a known model holds that model, as far as anyone can tell without asking the hub.
    card = find_card(str(path)) or find_card(Path(path).name)
    return card.objective if card else None


def _made_up_labels(num_labels: int) -> tuple[str, ...]:
    if num_labels < 1:
        raise InputError(f"Loading the fake backend: num_labels is {num_labels}; expected 1 or more.")
    return tuple(f"LABEL_{index}" for index in range(num_labels))
