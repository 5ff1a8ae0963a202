"""The training loop: mixture in, checkpoints out, resumable at any step with the same result."""

from __future__ import annotations

import functools
import gc
import hashlib
import importlib.metadata
import json
import logging
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from crossjudge.errors import InputError
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.text.tokenizer_files import read_tokenizer
from crossjudge.training.batches import Group, epoch_steps
from crossjudge.training.config import TrainConfig
from crossjudge.training.decontamination import hash_pairs, load_hashes, save_hashes
from crossjudge.training.heads import UNLABELLED
from crossjudge.training.mixture import Mixture, terms
from crossjudge.training.recipes import Row, Source
from crossjudge.training.rows_of_texts import TextRows, lay_out
from crossjudge.training.students import Student, Teacher, make_student, read_base, require_weights
from crossjudge.training.targets import make_targets
from crossjudge.types import Attention, Encoding, Pair

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

NOTE_EVERY = 50
"""Steps between two lines of the log and points of the loss curve."""
CHECKPOINT = "checkpoint"
RECORD = "training_record.json"
HASHES = "train_hashes.npy"
PLAN_SETTINGS = (
    "attention",
    "heads",
    "exits",
    "layers",
    "frozen_layers",
    "pooled_heads",
    "token_budget",
    "batch_size",
    "max_length",
    "seed",
)
"""Settings that decide what each step is; a checkpoint made with others cannot be gone on from."""
PACKAGES = ("torch", "tokenizers", "numpy")
"""What the numbers depend on, beyond settings and data."""


def train(
    config: TrainConfig,
    *,
    exclude: Collection[int] = (),
    teach: Callable[[Sequence[Row]], Teacher] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train as `config` says and return the folder with the weights, tokenizer, settings and data record.

    `exclude`: hashes of evaluation pairs (`decontamination.pair_hash`), left out of training. `teach` makes a teacher
    for the rows of the mixture, whose loss is added. `progress` is called with (steps done, steps in all). A run that
    was stopped goes on from its last checkpoint, to the same weights.

    Raises `InputError` for settings, mixtures or data that cannot be trained on, and a `CheckpointError` when `base`
    cannot be loaded.
    """
    mixture = Mixture.from_toml(config.mixture)
    base = read_base(config)
    rows = mixture.rows(folder=config.data, exclude=frozenset(exclude))
    if not rows:
        raise InputError(
            f"Training on the mixture {config.mixture}: it gave no pair ({len(exclude)} hashes were excluded). Name "
            "sets with labelled rows, or another folder."
        )
    if teach is None and (heads := unanswered(rows)):
        raise InputError(
            f"Training on the mixture {config.mixture}: some pairs have no gold for {', '.join(sorted(heads))} "
            "(recipes unlabelled, reversed, passages), which only a teacher can answer. Distil, or leave those out."
        )
    if teach is not None and config.weights is not None:
        # Before a teacher is asked, which takes minutes.
        require_weights(config.weights, config.attention)
    if config.num_threads is not None:
        torch.set_num_threads(config.num_threads)
    config.out.mkdir(parents=True, exist_ok=True)
    run = Run(config, base, rows, teach(rows) if teach else None)
    with _uncollected():
        run.go(progress)
    _write_record(config, base, mixture, rows, run)
    return config.out


def rate_share(step: int, total_steps: int, *, warmup: float, decay: float = 1.0) -> float:
    """Share of the highest rate: linear warm-up, then steady, then linear decay to zero at the last step."""
    warm = max(1, math.ceil(warmup * total_steps))
    falling = max(1, min(total_steps - warm, math.ceil(decay * total_steps)))
    return min((step + 1) / warm, 1.0, (total_steps - step) / falling)


def unanswered(rows: Sequence[Row]) -> set[str]:
    """Heads for which some rows have no gold and wait for a teacher."""
    return {head for row in rows for head, gold in row.golds.items() if gold == UNLABELLED}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of small arrays live as long as the run; scanning them again and again would halve its speed."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Run:
    """One training run over the rows of a mixture."""

    def __init__(
        self, config: TrainConfig, base: Checkpoint, rows: Sequence[Row], teacher: Teacher | None = None
    ) -> None:
        self.config = config
        self.student: Student = make_student(config, base)
        self.history: list[dict[str, float]] = []
        self._teacher = teacher
        self._encodings = _encoded(config, base, rows)
        self._targets = make_targets([row.golds for row in rows], config.heads, [row.weight for row in rows])
        self._pad_token_id = base.pad_token_id
        self._plan = self._steps()
        self._trained = [weight for weight in self.student.network.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._groups(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )

    @property
    def total_steps(self) -> int:
        """Optimizer updates in all."""
        return len(self._plan)

    def go(self, progress: Progress | None) -> None:
        """Train from the last checkpoint (or from the start) to the end, and save the weights."""
        start = self._resume()
        self.student.network.train()
        began, pairs, losses = time.monotonic(), 0, list[float]()
        for step in range(start, self.total_steps):
            batch = self._batch(step)
            losses.append(self._step(batch, step))
            pairs += len(batch.rows)
            if (step + 1) % NOTE_EVERY == 0 or step + 1 == self.total_steps:
                self._note(step + 1, sum(losses) / len(losses), pairs / (time.monotonic() - began))
                losses.clear()
            if (step + 1) % self.config.checkpoint_every == 0:
                self._checkpoint(step + 1)
            if progress is not None:
                progress(step + 1, self.total_steps)
        self.student.network.eval()
        self.student.save(self.config.out)
        (self.config.out / "training_log.json").write_text(json.dumps(self.history), encoding="utf-8")

    def learning_rate(self, step: int) -> float:
        """The rate at a step, as `rate_share` has it rise and fall."""
        config = self.config
        share = rate_share(step, self.total_steps, warmup=config.warmup, decay=config.decay)
        return config.learning_rate * share

    def _steps(self) -> list[list[Group]]:
        """Which pairs each step holds: whole epochs, the last one cut where `epochs` is not a whole number."""
        steps: list[list[Group]] = []
        for epoch in range(math.ceil(self.config.epochs)):
            this = list(self._epoch(epoch))
            share = min(1.0, self.config.epochs - epoch)
            steps += this[: math.ceil(share * len(this))]
        return steps

    def _epoch(self, epoch: int) -> Iterator[list[Group]]:
        return epoch_steps(
            self._encodings,
            token_budget=self.config.token_budget,
            batch_size=self.config.batch_size,
            attention=self._attention,
            seed=self.config.seed + epoch,
        )

    def _batch(self, step: int) -> TextRows:
        return lay_out(self._encodings, self._plan[step], attention=self._attention, pad_token_id=self._pad_token_id)

    @property
    def _attention(self) -> Attention:
        return "joint" if self.config.attention == "joint" else "one_way"

    def _groups(self) -> list[dict[str, Any]]:
        """Weights that decay, and biases and norms that do not."""
        matrices = [weight for weight in self._trained if weight.ndim > 1]
        vectors = [weight for weight in self._trained if weight.ndim <= 1]
        return [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]

    def _step(self, batch: TextRows, step: int) -> float:
        # Dropout draws from the step's own seed, so that a resumed run drops what an undisturbed one would.
        torch.manual_seed(self.config.seed * 1_000_003 + step)
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning_rate(step)
        targets = self._targets.of(batch.rows, self.config.device)
        loss = self.student.loss(batch, targets, step, self._teacher)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        return float(loss.detach())

    def _note(self, step: int, loss: float, pairs_per_s: float) -> None:
        self.history.append({"step": step, "loss": round(loss, 4), "pairs_per_s": round(pairs_per_s, 1)})
        logger.info("step %d of %d, loss %.4f, %.0f pairs/s", step, self.total_steps, loss, pairs_per_s)

    def _checkpoint(self, step: int) -> None:
        """Weights and optimizer state as safetensors; a kill at any moment leaves this one or the one before, whole."""
        fresh, kept, old = (self.config.out / name for name in (f"{CHECKPOINT}.new", CHECKPOINT, f"{CHECKPOINT}.old"))
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        save_file(_cloned(self.student.network.state_dict()), fresh / "network.safetensors")
        state = self._optimizer.state_dict()["state"]
        flat = {f"{index}.{key}": value for index, entry in state.items() for key, value in entry.items()}
        save_file(_cloned(flat), fresh / "optimizer.safetensors")
        content = {"step": step, "history": self.history, "run": self._identity}
        (fresh / "progress.json").write_text(json.dumps(content), encoding="utf-8")
        if kept.is_dir():
            shutil.rmtree(old, ignore_errors=True)
            kept.rename(old)
        fresh.rename(kept)
        shutil.rmtree(old, ignore_errors=True)

    def _resume(self) -> int:
        folders = (self.config.out / name for name in (CHECKPOINT, f"{CHECKPOINT}.old"))
        folder = next((one for one in folders if (one / "progress.json").is_file()), None)
        if folder is None:
            return 0
        content = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
        if content.get("run", self._identity) != self._identity:
            raise InputError(
                f"Resuming the run in {self.config.out}: its checkpoint was made with other data, or other settings of "
                f"{', '.join(PLAN_SETTINGS)}. Go on with the same ones, name another folder, or delete {folder}."
            )
        self.student.network.load_state_dict(load_file(folder / "network.safetensors"))
        flat = load_file(folder / "optimizer.safetensors")
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in flat.items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        saved = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**saved, "state": state})
        self.history = content["history"]
        return int(content["step"])

    @functools.cached_property
    def _identity(self) -> str:
        """A hash of what the order of the steps and their meaning depend on."""
        content = hashlib.sha256(repr([getattr(self.config, name) for name in PLAN_SETTINGS]).encode())
        for encoding in self._encodings:
            content.update(encoding.input_ids.tobytes())
        content.update(self._targets.values.numpy().tobytes())
        content.update(self._targets.weights.numpy().tobytes())
        return content.hexdigest()


def _encoded(config: TrainConfig, base: Checkpoint, rows: Sequence[Row]) -> list[Encoding]:
    tokenizer = PairTokenizer.from_folder(
        base.tokenizer_folder,
        max_length=config.max_length,
        attention=config.attention,
        pad_token_id=base.pad_token_id,
    )
    return tokenizer.encode([Pair(row.text_a, row.text_b) for row in rows])


def _cloned(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def _write_record(config: TrainConfig, base: Checkpoint, mixture: Mixture, rows: Sequence[Row], run: Run) -> None:
    """What the weights were made from: tokenizer, settings, rows per set, and hashes of every training pair.

    Where an earlier run's weights were trained further, its record stands in this one and its pairs are hashed too.
    """
    _copy_tokenizer(config, base)
    record: dict[str, Any] = {
        "settings": config.to_dict(),
        "base_sha256": base.weights_hash(),
        "sets": described(mixture),
        "rows": dict(Counter(row.source for row in rows)),
        "rows_per_head": dict(Counter(head for row in rows for head in row.golds)),
        "steps": run.total_steps,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    hashes = hash_pairs((row.text_a, row.text_b) for row in rows)
    if config.weights is not None:
        record["earlier"] = earlier = json.loads((config.weights / RECORD).read_text(encoding="utf-8"))
        if len(getattr(run.student.network, "embedding_layers", ())):
            record["sentence_vectors"] = earlier["sentence_vectors"]
        hashes = np.union1d(hashes, load_hashes(config.weights / HASHES))
    (config.out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    save_hashes(hashes, config.out / HASHES)


def _copy_tokenizer(config: TrainConfig, base: Checkpoint) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (base.tokenizer_folder / name).is_file():
            shutil.copyfile(base.tokenizer_folder / name, config.out / name)
    if not (config.out / "tokenizer.json").is_file():
        # Older shapes of tokenizer, read once, in the one shape that everything after training reads.
        read_tokenizer(base.tokenizer_folder).save(str(config.out / "tokenizer.json"))


def described(mixture: Mixture) -> list[dict[str, Any]]:
    """The sets of a mixture as a record tells of them: everything stated, and every licence."""
    return [_described(source) for source in mixture.sources]


def _described(source: Source) -> dict[str, Any]:
    licences = {name: licence for name, _, licence in terms(source)}
    content = {key: value for key, value in asdict(source).items() if value}
    return content | {"licences": licences} | ({"path": source.path.name} if source.path else {})
