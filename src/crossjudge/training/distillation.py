"""Distillation: what a teacher says of every training pair, kept on disk, and how far a student is from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crossjudge.errors import InputError
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.training.config import TrainConfig
from crossjudge.training.distillation_losses import kl_divergence, margin_mse
from crossjudge.training.heads import exclusive
from crossjudge.training.recipes import Row
from crossjudge.training.teachers import LogitTeacher, TeacherEnsemble, label_order
from crossjudge.training.trainer import train, unanswered
from crossjudge.types import FloatArray, IntArray

Progress = Callable[[int, int], None]

KINDS = ("kl", "margin_mse")
SCORES, STATE, RECORD = "teacher_logits.npy", "teacher_logits.json", "distillation.json"
BLOCK_PAIRS = 4096
"""Pairs between two moments from which scoring can go on after a kill."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """How a student learns from a teacher: `kind` of loss, `temperature` of "kl", `weight` beside the loss of gold."""

    kind: str = "kl"
    temperature: float = 2.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"Distilling: kind is {self.kind!r}; expected {' or '.join(KINDS)}.")
        for name in ("temperature", "weight"):
            value = getattr(self, name)
            if not 0 < value < float("inf"):
                raise InputError(f"Distilling: {name} is {value!r}; expected a number above zero.")


@dataclass(kw_only=True, slots=True, eq=False)
class TeacherScores:
    """A teacher's logits of training rows, as the head `head` with `labels` is to learn them.

    `logits`: float16 `(n_scored, num_labels)`. `places`: int64 `(n_rows,)`, where a training row's logits stand, -1 for
    one that was not scored. `groups`: int64 `(n_rows,)`, equal for rows of one first text.
    """

    logits: NDArray[np.float16]
    places: IntArray
    groups: IntArray
    head: str
    labels: tuple[str, ...]
    lesson: Lesson

    def rows(self, batch_rows: IntArray) -> FloatArray:
        """The logits of these training rows, float32 `(n, num_labels)`; all of them must have been scored."""
        places = self.places[batch_rows]
        assert (places >= 0).all(), "a row without gold for the head was asked for"
        return self.logits[places].astype(np.float32)

    def loss(self, logits: Tensor, rows: IntArray) -> Tensor:
        """The weighted loss of the student's `logits` `(n, num_labels)` of the training rows numbered in `rows`."""
        teacher = torch.from_numpy(self.rows(rows)).to(logits.device)
        if self.lesson.kind == "margin_mse":
            groups = torch.from_numpy(self.groups[rows]).to(logits.device)
            return self.lesson.weight * margin_mse(logits, teacher, groups)
        if not exclusive(self.head, self.labels):
            # Each output is a yes or no of its own.
            logits, teacher = logits.reshape(-1, 1), teacher.reshape(-1, 1)
        return self.lesson.weight * kl_divergence(logits, teacher, self.lesson.temperature)


def distill(
    config: TrainConfig,
    teacher: CrossEncoder | str | Path | Sequence[CrossEncoder | str | Path],
    *,
    kind: str = "kl",
    temperature: float = 2.0,
    weight: float = 1.0,
    head: str | None = None,
    exclude: Collection[int] = (),
    progress: Progress | None = None,
    scoring_progress: Progress | None = None,
) -> Path:
    """Train as `train` does, one head learning from a teacher's logits too, and return the folder.

    `teacher`: a cross-encoder, or its folder or hub name, or several, which are heard as one by the mean of the
    logarithms of their probabilities; labels must be the head's, in any order. `kind`: "kl" learns its probabilities at
    `temperature`, "margin_mse" its distances between pairs of one first text. The loss is
    that of the gold plus `weight` times this one. `head`: which one learns, the first of the settings if left out.
    `scoring_progress` hears of pairs scored, `progress` of steps. A run that was stopped goes on, scoring too.

    Raises as `train` does, `InputError` for a head or lesson that cannot be and `LabelError` for other labels.
    """
    lesson = Lesson(kind=kind, temperature=temperature, weight=weight)
    head = _head(config, head)
    labels = config.heads[head]
    heard = _heard(teacher, head, config.device)
    label_order(heard, labels)

    def teach(rows: Sequence[Row]) -> TeacherScores:
        taught = [number for number, row in enumerate(rows) if head in row.golds]
        if not taught:
            raise InputError(f"Distilling into the head {head!r}: no row of {config.mixture} is for it.")
        if others := unanswered(rows) - {head}:
            raise InputError(
                f"Distilling into the head {head!r}: {config.mixture} leaves gold of {', '.join(sorted(others))} to a "
                "teacher, and it is not the head that is taught. Name that one with head, or leave these sets out."
            )
        pairs = [(rows[number].text_a, rows[number].text_b) for number in taught]
        logits = teacher_scores(heard, pairs, folder=config.out, labels=labels, progress=scoring_progress)
        places = np.full(len(rows), -1, dtype=np.int64)
        places[taught] = np.arange(len(taught))
        groups = group_ids([row.text_a for row in rows])
        return TeacherScores(logits=logits, places=places, groups=groups, head=head, labels=labels, lesson=lesson)

    out = train(config, exclude=exclude, teach=teach, progress=progress)
    state = json.loads((out / STATE).read_text(encoding="utf-8"))
    record = {**state, "head": head, "kind": kind, "temperature": temperature, "weight": weight}
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return out


def teacher_scores(
    teacher: LogitTeacher,
    pairs: Sequence[tuple[str, str]],
    *,
    folder: Path,
    labels: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float16]:
    """The teacher's logits of all pairs, float16 `(n_pairs, num_labels)`, on disk and read from there.

    Columns in the order of `labels`, or as the teacher has them. `folder` keeps them, the teacher's fingerprint and a
    hash of the pairs: a run that was stopped goes on from its last block. Raises `InputError` where the folder has
    scores of another teacher or other pairs.
    """
    order = label_order(teacher, labels or teacher.labels)
    folder.mkdir(parents=True, exist_ok=True)
    said = {"teacher": teacher.fingerprint, "labels": [str(label).lower() for label in labels or teacher.labels]}
    identity = {**said, "pairs": len(pairs), "pairs_sha256": _pairs_sha256(pairs)}
    done = _scored(folder, identity)
    logits = np.lib.format.open_memmap(
        folder / SCORES, mode="r+" if done else "w+", dtype=np.float16, shape=None if done else (len(pairs), len(order))
    )
    _write_state(folder, identity, done)
    for start in range(done, len(pairs), BLOCK_PAIRS):
        block = pairs[start : start + BLOCK_PAIRS]
        logits[start : start + len(block)] = teacher.logits(block)[:, order]
        logits.flush()
        _write_state(folder, identity, start + len(block))
        if progress is not None:
            progress(start + len(block), len(pairs))
    scores: NDArray[np.float16] = np.load(folder / SCORES, mmap_mode="r")
    return scores


def group_ids(texts: Sequence[str]) -> IntArray:
    """One number for each different text, int64 `(n_texts,)`."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)


def _heard(
    teacher: CrossEncoder | str | Path | Sequence[CrossEncoder | str | Path], head: str, device: str
) -> LogitTeacher:
    named = [teacher] if isinstance(teacher, CrossEncoder | str | Path) else list(teacher)
    opened = [one if isinstance(one, CrossEncoder) else CrossEncoder(one, device=device) for one in named]
    return opened[0] if len(opened) == 1 else TeacherEnsemble(opened, head)


def _head(config: TrainConfig, asked: str | None) -> str:
    head = asked or next(iter(config.heads))
    if head not in config.heads:
        raise InputError(f"Distilling into the head {head!r}: the settings have {', '.join(config.heads)}.")
    return head


def _scored(folder: Path, identity: Mapping[str, object]) -> int:
    """How many pairs an earlier run scored here; an error where it was another teacher or other pairs."""
    if not (folder / STATE).is_file() or not (folder / SCORES).is_file():
        return 0
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    done = int(state.pop("scored"))
    if state != identity:
        other = ", ".join(name for name in identity if state.get(name) != identity[name])
        raise InputError(
            f"Going on with the teacher's scores in {folder / SCORES}: they were made with another {other}. Use the "
            f"same teacher and data, name another folder, or delete {folder / STATE}."
        )
    return done


def _write_state(folder: Path, identity: Mapping[str, object], scored: int) -> None:
    fresh = folder / f"{STATE}.new"
    fresh.write_text(json.dumps({**identity, "scored": scored}, indent=1) + "\n", encoding="utf-8")
    fresh.replace(folder / STATE)


def _pairs_sha256(pairs: Sequence[tuple[str, str]]) -> str:
    content = hashlib.sha256()
    for pair in pairs:
        for text in pair:
            content.update(f"{len(text)} {text}".encode())
    return content.hexdigest()
