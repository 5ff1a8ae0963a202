"""`precision="auto"`: the fastest engine and precision that decides as fp32 does, measured once and kept."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.backends.base import Backend, forward_each, wishes_of
from crossjudge.backends.processor import has_bf16
from crossjudge.errors import BackendError, CrossjudgeError
from crossjudge.extras import is_installed
from crossjudge.models.certificates import load_certificates
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.export import CERTIFICATES, OPENVINO_INT8
from crossjudge.models.graph_cache import cache_folder
from crossjudge.models.parity import Parity, compare_logits
from crossjudge.models.parity_sample import SAMPLE, sample_pairs
from crossjudge.text.batching import plan
from crossjudge.types import Encoding, FloatArray, Pair

logger = logging.getLogger(__name__)

HOPELESS = 3.0
"""An engine whose first pass takes so many times the best one's is timed by that pass alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An engine and a precision. `why_not`: what keeps it from running here, empty where nothing does."""

    backend: str
    precision: str
    why_not: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a candidate did on the sample.

    `seconds`: for all pairs. `parity`: against fp32. `error`: why there are neither.
    """

    backend: str
    precision: str
    seconds: float = 0.0
    parity: Parity | None = None
    error: str = ""

    @property
    def eligible(self) -> bool:
        """Whether it ran and decided as fp32 does."""
        return self.parity is not None and self.parity.exact_enough

    def sentence(self, reference_s: float) -> str:
        """For people: what was measured, or why there is nothing to say."""
        if self.parity is None:
            return self.error
        speed = f"{reference_s / self.seconds:.1f} times as fast as unasked" if reference_s else f"{self.seconds:.1f} s"
        return f"decides as fp32 in {self.parity.agreement:.2%} of {self.parity.n_pairs} pairs, {speed}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The chosen engine and precision, and every trial."""

    backend: str
    precision: str
    trials: tuple[Trial, ...]

    def sentences(self) -> list[str]:
        """One for each trial, the chosen one marked."""
        reference = self.trials[0].seconds
        return [
            f"{'chosen: ' if (one.backend, one.precision) == (self.backend, self.precision) else ''}"
            f"{one.backend} {one.precision}: {one.sentence(reference)}"
            for one in self.trials
        ]


def candidates(checkpoint: Checkpoint, shipped: str, *, backend: str = "auto") -> list[Candidate]:
    """What could run `checkpoint` on this CPU, what runs unasked first.

    `shipped`: its graph's own precision. `backend`: the one that is wanted, or "auto" for any.
    """
    half = "" if has_bf16() else "this processor has no bf16 instructions"
    openvino = "" if is_installed("openvino") else "pip install 'crossjudge[openvino]'"
    torch = "" if is_installed("torch") else "pip install 'crossjudge[torch]'"
    if shipped == "int8" and checkpoint.attention == "joint":
        # Made by `crossjudge export`: its float32 is not there, and a certificate says what the graphs are worth.
        own = "" if (checkpoint.tokenizer_folder / OPENVINO_INT8).is_file() else "the folder has no graph for OpenVINO"
        pair = (
            Candidate(backend="onnx", precision="int8"),
            Candidate(backend="openvino", precision="int8", why_not=openvino or own),
        )
        return [one for one in pair if backend in ("auto", one.backend)]
    found = [
        Candidate(backend="onnx", precision=shipped),
        Candidate(backend="openvino", precision="fp32", why_not=openvino),
        Candidate(backend="openvino", precision="bf16", why_not=openvino or half),
        Candidate(backend="torch", precision="fp32", why_not=torch),
        Candidate(backend="torch", precision="bf16", why_not=torch or half),
    ]
    if backend == "auto":
        # PyTorch in fp32 is the slowest everywhere, and trying it would be most of the wait.
        return [one for one in found if (one.backend, one.precision) != ("torch", "fp32")]
    return [one for one in found if one.backend == backend]


def choose(
    checkpoint: Checkpoint,
    offered: Sequence[Candidate],
    *,
    encode: Callable[[Sequence[Pair]], list[Encoding]],
    open_engine: Callable[[str, str], Backend],
) -> Choice:
    """The fastest of `offered` that decides as fp32, from the cache where this was measured here before.

    `open_engine(backend, precision)` opens a candidate, `encode` makes its encodings.
    """
    kept = _kept_path(checkpoint, offered)
    known = _read(kept)
    if known is not None:
        return known
    choice = _measured(checkpoint, offered, encode(list(sample_pairs())), open_engine)
    try:
        _keep(choice, kept)
    except OSError as error:
        logger.warning("The choice of engine cannot be kept in %s (%s) and will be measured again.", kept, error)
    return choice


def _measured(
    checkpoint: Checkpoint,
    offered: Sequence[Candidate],
    encodings: list[Encoding],
    open_engine: Callable[[str, str], Backend],
) -> Choice:
    runnable = [one for one in offered if not one.why_not]
    if len(runnable) <= 1:
        # If it is none, opening the first says what is missing.
        only = (runnable or offered)[0]
        others = (
            Trial(backend=one.backend, precision=one.precision, error=one.why_not or "the only one that runs here")
            for one in offered
        )
        return Choice(backend=only.backend, precision=only.precision, trials=tuple(others))
    certified = _certified(checkpoint)
    reference = None if certified else _reference(checkpoint, encodings, open_engine)
    trials: list[Trial] = []
    for one in offered:
        best_s = min((trial.seconds for trial in trials if trial.eligible), default=float("inf"))
        trial = _tried(one, checkpoint, encodings, reference, open_engine, hopeless_s=HOPELESS * best_s)
        trials.append(replace(trial, parity=certified.get(one.backend)) if certified and not trial.error else trial)
    eligible = [one for one in trials if one.eligible]
    # Without an eligible one, the first: what the checkpoint runs as unasked.
    best = min(eligible, key=lambda one: one.seconds) if eligible else trials[0]
    return Choice(backend=best.backend, precision=best.precision, trials=tuple(trials))


def _certified(checkpoint: Checkpoint) -> dict[str, Parity]:
    """Engine -> how its int8 graph compares with float32, as its export measured; none for other checkpoints."""
    path = checkpoint.tokenizer_folder / CERTIFICATES
    if checkpoint.attention != "joint" or not path.is_file():
        return {}
    return {one.engine: one.parity for one in load_certificates(path) if isinstance(one.parity, Parity)}


def _reference(
    checkpoint: Checkpoint, encodings: list[Encoding], open_engine: Callable[[str, str], Backend]
) -> FloatArray:
    """Logits in fp32, from the first engine that has it."""
    failures: list[str] = []
    for backend in ("onnx", "openvino", "torch"):
        try:
            return _logits(checkpoint, open_engine(backend, "fp32"), encodings, 0.0)[0]
        except CrossjudgeError as error:
            failures.append(str(error))
    raise BackendError(
        f"Choosing an engine for '{checkpoint.name}': nothing here runs it in fp32, so no precision can be compared. "
        + " ".join(failures)
    )


def _tried(
    candidate: Candidate,
    checkpoint: Checkpoint,
    encodings: list[Encoding],
    reference: FloatArray | None,
    open_engine: Callable[[str, str], Backend],
    *,
    hopeless_s: float,
) -> Trial:
    if candidate.why_not:
        return Trial(backend=candidate.backend, precision=candidate.precision, error=candidate.why_not)
    try:
        engine = open_engine(candidate.backend, candidate.precision)
        logits, seconds = _logits(checkpoint, engine, encodings, hopeless_s)
    except CrossjudgeError as error:
        return Trial(backend=candidate.backend, precision=candidate.precision, error=str(error))
    parity = None if reference is None else compare_logits(reference, logits)
    return Trial(backend=candidate.backend, precision=candidate.precision, seconds=seconds, parity=parity)


def _logits(
    checkpoint: Checkpoint, engine: Backend, encodings: list[Encoding], hopeless_s: float
) -> tuple[FloatArray, float]:
    """Logits and the seconds of a second pass: the first also makes what each new shape needs.

    There is none after a first pass of more than `hopeless_s`.
    """
    wishes = wishes_of(engine)
    batches = plan(
        encodings,
        token_budget=wishes.token_budget,
        attention=checkpoint.attention,
        pad_token_id=checkpoint.pad_token_id,
        waste_limit=wishes.waste_limit,
        length_step=wishes.length_step,
        side_by_side=wishes.side_by_side,
    )
    for _ in range(2):
        began = time.perf_counter()
        answers = list(forward_each(engine, batches))
        seconds = time.perf_counter() - began
        if seconds > hopeless_s:
            break
    engine.close()
    logits = np.zeros((len(encodings), answers[0].shape[1]), dtype=np.float32)
    for batch, answer in zip(batches, answers, strict=True):
        logits[batch.rows] = answer
    return logits, seconds


def _kept_path(checkpoint: Checkpoint, offered: Sequence[Candidate]) -> Path:
    """Named by everything that the measurement depends on, the number of cores included."""
    versions = {
        name: importlib.metadata.version(name) for name in ("onnxruntime", "openvino", "torch") if is_installed(name)
    }
    settings = {
        "weights": checkpoint.weights_hash(),
        "labels": checkpoint.labels,
        "offered": [asdict(one) for one in offered],
        "versions": versions,
        "cores": os.cpu_count(),
        "sample": [hashlib.sha256(path.read_bytes()).hexdigest() for path in SAMPLE],
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "choices" / f"{digest[:32]}.json"


def _keep(choice: Choice, path: Path) -> None:
    """Written aside and renamed, since another process may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}-{os.getpid()}")
    fresh.write_text(json.dumps(asdict(choice), indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def _read(path: Path) -> Choice | None:
    """What was kept; None where nothing was, or nothing that can be read."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        trials = [{**one, "parity": Parity(**one["parity"]) if one["parity"] else None} for one in content["trials"]]
        return Choice(**{**content, "trials": tuple(Trial(**one) for one in trials)})
    except (OSError, ValueError, TypeError, KeyError):
        return None
