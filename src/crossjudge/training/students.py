"""What the loop trains: a network, how it reads a batch, and its loss; one class for each kind of attention."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from crossjudge.errors import InputError, MissingFileError, UnsupportedModelError
from crossjudge.extras import require
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.foreign import position_capacity
from crossjudge.models.networks import quiet, token_types
from crossjudge.models.one_way import OneWayEncoder, mean_pool
from crossjudge.training.config import TrainConfig
from crossjudge.training.losses import embedding_distance, marginal_cross_entropy
from crossjudge.types import Batch, IntArray, JointBatch, OneWayBatch


class Student(Protocol):
    """A network in training."""

    network: nn.Module

    def logits(self, batch: Batch) -> Tensor:
        """Logits `(n_pairs, num_labels)`, in the order of `batch.rows`."""
        ...

    def loss(self, batch: Batch, allowed: Tensor, step: int) -> Tensor:
        """What a step makes smaller, a scalar; `allowed`: bool `(n_pairs, num_labels)`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the weights and what it takes to read them."""
        ...


def read_base(config: TrainConfig) -> Checkpoint:
    """The encoder that `config.base` names, its files verified; with or without a classification head.

    Raises a `CheckpointError` when it cannot be loaded, and `InputError` when `max_length` is beyond its positions.
    """
    try:
        base = load_checkpoint(config.base, kind="bi_encoder")
    except UnsupportedModelError:
        base = load_checkpoint(config.base)
    if not base.weights:
        raise MissingFileError(
            f"Training from '{base.name}': {base.folder} holds a graph and no weights. Expected an encoder with "
            "safetensors; choose the checkpoint that the graph was made from.",
            path=base.folder,
        )
    positions = position_capacity(base.raw)
    if positions is not None and config.max_length > positions:
        raise InputError(
            f"Training from '{base.name}': max_length is {config.max_length}, and the encoder has {positions} "
            f"positions. Set max_length to {positions} or less."
        )
    return base


def make_student(config: TrainConfig, base: Checkpoint) -> Student:
    """The student that `config.attention` asks for, on the weights of `base`."""
    torch.manual_seed(config.seed)
    return OneWayStudent(config, base) if config.attention == "one_way" else JointStudent(config, base)


class OneWayStudent:
    """The one-way network with one head, and on request the tie to the starting encoder's vectors."""

    def __init__(self, config: TrainConfig, base: Checkpoint) -> None:
        network = OneWayEncoder.from_encoder(base.raw, base.weights, {config.objective: config.labels})
        self.network: nn.Module = network.to(config.device)
        self._model = network
        self._config = config
        self._teacher: OneWayEncoder | None = None
        if config.embedding_weight:
            self._teacher = copy.deepcopy(network).requires_grad_(False).eval()
        network.embeddings.word_embeddings.weight.requires_grad_(not config.freeze_word_embeddings)

    def logits(self, batch: Batch) -> Tensor:
        """Logits of the filled slots, `(n_pairs, num_labels)`."""
        return self._judge(batch, with_premise=False)[0]

    def loss(self, batch: Batch, allowed: Tensor, step: int) -> Tensor:
        """Cross-entropy over the allowed labels, and every few steps the distance to the starting vectors."""
        embed = self._teacher is not None and step % self._config.embedding_every == 0
        logits, premise = self._judge(batch, with_premise=embed)
        loss = marginal_cross_entropy(logits, allowed)
        if self._teacher is None or premise is None or not isinstance(batch, OneWayBatch):
            return loss
        ids, mask = self._tensor(batch.premise_ids), self._tensor(batch.premise_mask)
        with torch.no_grad():
            target = mean_pool(self._teacher.premise_states(ids, mask), mask)
        return loss + self._config.embedding_weight * embedding_distance(mean_pool(premise, mask), target)

    def save(self, folder: Path) -> None:
        """`model.safetensors` and the network's shapes in `config.json`."""
        self._model.save(folder / "model.safetensors")
        content = {"model_type": "one_way", **self._model.config.to_dict()}
        (folder / "config.json").write_text(json.dumps(content, indent=1), encoding="utf-8")

    def _judge(self, batch: Batch, *, with_premise: bool) -> tuple[Tensor, Tensor | None]:
        assert isinstance(batch, OneWayBatch)
        cls, premise = self._model.hypothesis_states(
            self._tensor(batch.premise_ids),
            self._tensor(batch.premise_mask),
            self._tensor(batch.hypothesis_ids),
            self._tensor(batch.hypothesis_mask),
            with_premise=with_premise,
        )
        filled = torch.from_numpy(batch.slots >= 0).to(cls.device)
        return self._model.heads[self._config.objective](cls[filled]), premise

    def _tensor(self, array: IntArray) -> Tensor:
        return torch.from_numpy(array).to(self._config.device)


class JointStudent:
    """An ordinary cross-encoder: the transformers classification network of the starting encoder."""

    def __init__(self, config: TrainConfig, base: Checkpoint) -> None:
        transformers = require("transformers", to="train a joint cross-encoder")
        with quiet(transformers):
            network = transformers.AutoModelForSequenceClassification.from_pretrained(
                str(base.tokenizer_folder),
                num_labels=len(config.labels),
                id2label=dict(enumerate(config.labels)),
                label2id={label: index for index, label in enumerate(config.labels)},
                # A head of another size is replaced: training makes a new one anyway.
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
            )
        network.get_input_embeddings().weight.requires_grad_(not config.freeze_word_embeddings)
        self.network: nn.Module = network.to(config.device)
        self._inputs = ("input_ids", "attention_mask", *token_types(network))
        self._device = config.device
        self._saved = network

    def logits(self, batch: Batch) -> Tensor:
        """Logits `(n_pairs, num_labels)`."""
        assert isinstance(batch, JointBatch)
        arrays = {name: torch.from_numpy(getattr(batch, name)).to(self._device) for name in self._inputs}
        logits: Tensor = self.network(**arrays).logits
        return logits

    def loss(self, batch: Batch, allowed: Tensor, step: int) -> Tensor:
        """Cross-entropy over the allowed labels."""
        return marginal_cross_entropy(self.logits(batch), allowed)

    def save(self, folder: Path) -> None:
        """A folder that any Hugging Face tool reads."""
        with quiet(require("transformers", to="save a joint cross-encoder")):
            self._saved.save_pretrained(str(folder))
