"""What the loop trains: a network, how it reads a batch, and its loss; one class for each kind of attention."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from crossjudge.errors import InputError, MissingFileError, UnsupportedModelError
from crossjudge.extras import require
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.foreign import position_capacity
from crossjudge.models.networks import quiet, token_types
from crossjudge.models.one_way import (
    OneWayEncoder,
    from_bert_names,
    head_from_bert,
    mean_pool,
    of_layers,
    to_bert_names,
)
from crossjudge.training.config import TrainConfig
from crossjudge.training.heads import exclusive
from crossjudge.training.losses import embedding_distance, graded_cross_entropy, marginal_cross_entropy
from crossjudge.training.rows_network import forward_depths, premise_mask
from crossjudge.training.rows_of_texts import PADDING, TextRows
from crossjudge.training.targets import Targets
from crossjudge.types import IntArray

logger = logging.getLogger(__name__)


class Teacher(Protocol):
    """Scores of another model that a head learns from, beside or instead of gold labels."""

    head: str

    def loss(self, logits: Tensor, rows: IntArray) -> Tensor:
        """How far the head's logits `(n_pairs, num_labels)` of the training pairs `rows` are from the teacher's."""
        ...


class Student(Protocol):
    """A network in training."""

    network: nn.Module

    def loss(self, batch: TextRows, targets: Targets, step: int, teacher: Teacher | None = None) -> Tensor:
        """What a step makes smaller, a scalar; `targets`: the gold of the pairs in `batch.rows`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the weights and what it takes to read them."""
        ...


def read_base(config: TrainConfig) -> Checkpoint:
    """The encoder that `config.base` names, as `load_base` loads it.

    Raises a `CheckpointError` when it cannot be loaded, and `InputError` when `max_length` is beyond its positions.
    """
    base = load_base(config.base)
    positions = position_capacity(base.raw)
    if positions is not None and config.max_length > positions:
        raise InputError(
            f"Training from '{base.name}': max_length is {config.max_length}, and the encoder has {positions} "
            f"positions. Set max_length to {positions} or less."
        )
    return base


def load_base(name: str | Path) -> Checkpoint:
    """The encoder of that folder or hub name, its files verified; with or without a classification head.

    Raises a `CheckpointError` when it cannot be loaded, or holds no weights.
    """
    try:
        base = load_checkpoint(name, kind="bi_encoder")
    except UnsupportedModelError:
        base = load_checkpoint(name)
    if not base.weights:
        raise MissingFileError(
            f"Training from '{base.name}': {base.folder} holds a graph and no weights. Expected an encoder with "
            "safetensors; choose the checkpoint that the graph was made from.",
            path=base.folder,
        )
    return base


def make_student(config: TrainConfig, base: Checkpoint) -> Student:
    """The student that `config.attention` asks for, on the weights of `base`."""
    torch.manual_seed(config.seed)
    if config.attention == "one_way":
        return OneWayStudent(config, base)
    if base.raw.get("model_type") == "bert":
        return BertJointStudent(config, base)
    if config.weights is not None or not config.pooled_heads:
        raise InputError(
            f"Training from '{base.name}': it is a {base.raw.get('model_type')}, and weights and pooled_heads with "
            "joint attention are for BERT. Leave them out, or start from a BERT encoder."
        )
    return JointStudent(config, base)


def dtype_of(config: TrainConfig) -> torch.dtype:
    """Of activations; weights and their gradients are float32 in any case."""
    return torch.bfloat16 if config.precision == "bf16" else torch.float32


def autocast(config: TrainConfig) -> torch.autocast:
    """PyTorch's own way to that type, for networks that were not written for it."""
    return torch.autocast(config.device.split(":")[0], dtype=torch.bfloat16, enabled=config.precision == "bf16")


def gold_loss(heads: nn.ModuleDict, labels: Mapping[str, Sequence[str]], cls: Tensor, targets: Targets) -> Tensor:
    """The sum over heads of each pair's weighted loss, as a mean over pairs; `cls` `(n_pairs, hidden_size)`."""
    total = cls.new_zeros((), dtype=torch.float32)
    for name, columns in targets.slices.items():
        rows = targets.known(name)
        if len(rows):
            losses = head_loss(name, labels[name], heads[name](cls[rows]), targets.values[rows, columns])
            total = total + (targets.weights[rows] * losses).sum()
    return total / len(cls)


def head_loss(name: str, labels: Sequence[str], logits: Tensor, values: Tensor) -> Tensor:
    """Loss of each pair, `(n_pairs,)`, as a head of that name learns; `values`: its columns of `Targets.values`."""
    if exclusive(name, labels):
        return marginal_cross_entropy(logits, values > 0)
    return graded_cross_entropy(logits, values)


LIKENED = "relevance"
LIKENESS_MIDDLE, LIKENESS_SLOPE = 0.45, 10.0
"""The cosine at which a passage is as likely relevant as not, and how fast that grows: 0.7 is 0.92, 0.2 is 0.08."""


class OneWayStudent:
    """The one-way network with its heads and exits, and on request the tie to the starting encoder's vectors."""

    def __init__(self, config: TrainConfig, base: Checkpoint) -> None:
        network = OneWayEncoder.from_encoder(
            base.raw,
            base.weights,
            config.heads,
            exits=config.exits,
            layers=config.layers,
            pooled=config.pooled_heads,
        )
        self._teacher: OneWayEncoder | None = None
        if config.embedding_weight or config.likeness_weight:
            # The whole encoder, also where the student is made of some of its layers.
            teacher = OneWayEncoder.from_encoder(base.raw, base.weights, {})
            self._teacher = teacher.to(config.device).requires_grad_(False).eval()
        if config.weights is not None:
            network = load_further(network, config.weights, config.layers, frozen_layers=config.frozen_layers)
        self.network: nn.Module = network.to(config.device)
        self._model = network
        self._config = config
        network.embeddings.word_embeddings.weight.requires_grad_(not config.freeze_word_embeddings)
        if config.frozen_layers:
            network.embeddings.requires_grad_(False)
            network.layers[: config.frozen_layers].requires_grad_(False)
            network.embedding_layers.requires_grad_(False)

    def loss(self, batch: TextRows, targets: Targets, step: int, teacher: Teacher | None = None) -> Tensor:
        """Gold at the end and at the exits, the teacher's scores, and every few steps the starting vectors."""
        config, last = self._config, self._model.config.num_layers
        embed = config.embedding_weight > 0 and step % config.embedding_every == 0
        depths = (*config.exits, last)
        loss = torch.zeros((), device=config.device)
        for depth in forward_depths(self._model, batch, depths=depths, dtype=dtype_of(config), with_states=embed):
            cls = depth.cls.float()
            gold = gold_loss(self._model.heads_at(depth.number), config.heads, cls, targets)
            if depth.number < last:
                loss = loss + config.exit_weight * gold
                continue
            loss = loss + gold
            if teacher is not None:
                loss = loss + self._taught(teacher, cls, targets, batch)
            if config.likeness_weight and LIKENED in config.heads:
                loss = loss + config.likeness_weight * self._unlike(cls, targets, batch)
            if depth.states is not None:
                loss = loss + config.embedding_weight * self._drift(depth.states, batch)
        return loss

    def _taught(self, teacher: Teacher, cls: Tensor, targets: Targets, batch: TextRows) -> Tensor:
        mine = targets.known(teacher.head)
        if len(mine) == 0:
            return cls.new_zeros(())
        return teacher.loss(self._model.heads[teacher.head](cls[mine]), batch.rows[mine.cpu().numpy()])

    def _unlike(self, cls: Tensor, targets: Targets, batch: TextRows) -> Tensor:
        """How far the relevance head is from the cosine of the starting encoder's vectors, as a mean over all pairs."""
        mine = targets.known(LIKENED)
        if len(mine) == 0:
            return cls.new_zeros(())
        premises, hypotheses = batch.pair_texts(mine.cpu().numpy())
        cosine = functional.cosine_similarity(self._vectors(*premises), self._vectors(*hypotheses), dim=-1)
        logits = self._model.heads[LIKENED](cls[mine])
        degrees = torch.sigmoid((cosine - LIKENESS_MIDDLE) * LIKENESS_SLOPE)[:, None]
        return graded_cross_entropy(logits, degrees).sum() / len(cls)

    def _drift(self, states: Tensor, batch: TextRows) -> Tensor:
        """How far the premises' pooled states are from the starting encoder's."""
        own = mean_pool(states.float(), premise_mask(batch, states.device))
        return embedding_distance(own, self._vectors(*batch.premises()))

    def _vectors(self, ids: IntArray, mask: IntArray) -> Tensor:
        """The starting encoder's pooled states of texts, float32 `(n_texts, hidden_size)`."""
        assert self._teacher is not None
        device = self._config.device
        tokens, standing = torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
        with torch.no_grad(), autocast(self._config):
            return mean_pool(self._teacher.premise_states(tokens, standing), standing).float()

    def save(self, folder: Path) -> None:
        """`model.safetensors` and the network's shapes in `config.json`."""
        self._model.save(folder / WEIGHTS)
        content = {"model_type": "one_way", **self._model.config.to_dict()}
        (folder / "config.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def load_joint_run(network: OneWayEncoder, folder: Path, head: str) -> None:
    """Take the weights of an earlier joint run, or of what was exported of one, and of its head where that fits.

    A head of another number of outputs, which answered something else, keeps its random start.

    Raises `MissingFileError` where there are none, and `InputError` where they are of another shape.
    """
    earlier = _earlier(folder, "joint")
    taken = from_bert_names(earlier, network.config.num_layers)
    own = network.state_dict()
    if len(earlier["classifier.bias"]) == len(own[f"heads.{head}.out.bias"]):
        taken |= head_from_bert(earlier, head, pooled=network.config.pooled)
    else:
        logger.info("the head of %s has another number of outputs than %r; that one starts anew.", folder, head)
    _check_shapes(own, taken, folder)
    network.load_state_dict(own | taken)


def load_further(
    network: OneWayEncoder, folder: Path, layers: Sequence[int] = (), *, frozen_layers: int = 0
) -> OneWayEncoder:
    """The network with the weights of an earlier run, or of what was exported of one; its heads and exits may be fewer.

    Others keep their random start.

    Of a run with more layers, those in `layers` are taken, counted from 1, and none of its exits. Layers of the
    sentence vectors' own are taken where all that they stand on is among the `frozen_layers` first ones; on layers
    that are about to move they would have to be trained anew afterwards.
    Raises `MissingFileError` where there are none, and `InputError` where they are of another shape or fewer.
    """
    earlier, config = _earlier(folder, "one_way"), network.config
    if frozen_layers > config.num_layers:
        raise InputError(
            f"Training further from {folder}: frozen_layers is {frozen_layers}, and the network has "
            f"{config.num_layers} layers. Freeze so many or fewer."
        )
    if frozen_layers and (kept := _with_vector_layers(network, folder, frozen_layers)) is not None:
        network = kept
    else:
        earlier = {name: one for name, one in earlier.items() if not name.startswith("embedding_layers.")}
    if layers and any(name.startswith(f"layers.{len(layers)}.") for name in earlier):
        earlier = of_layers(earlier, layers)
    own = network.state_dict()
    _check_shapes(own, earlier, folder)
    network.load_state_dict(own | earlier)
    return network


def _with_vector_layers(network: OneWayEncoder, folder: Path, frozen_layers: int) -> OneWayEncoder | None:
    """The network with room for the layers that the sentence vectors of the run in `folder` have of their own.

    None where it has none, or they stand on more than the `frozen_layers` first layers.
    """
    content, config = json.loads((folder / "config.json").read_text(encoding="utf-8")), network.config
    own_layers = int(content.get("embedding_layers", 0))
    if own_layers == 0 or config.num_layers - own_layers > frozen_layers:
        return None
    roomy = OneWayEncoder(
        replace(config, embedding_layers=own_layers, embedding_max_length=content["embedding_max_length"])
    )
    roomy.load_state_dict(roomy.state_dict() | network.state_dict())
    return roomy


def _earlier(folder: Path, attention: str) -> dict[str, Tensor]:
    """The weights of a finished run; of an exported folder those its graphs compute with, int8 ones multiplied out."""
    require_weights(folder, attention)
    if (folder / WEIGHTS).is_file():
        weights: dict[str, Tensor] = load_file(folder / WEIGHTS)
        return weights
    require("onnx", to=f"read the weights in {folder} out of their graphs")
    from crossjudge.models.one_way_export import read_weights

    read = read_weights(folder) if attention == "one_way" else _bert_weights(folder / EXPORTED[attention])
    return {name: torch.from_numpy(values) for name, values in read.items()}


def _bert_weights(graph: Path) -> dict[str, NDArray[Any]]:
    """The constants of an exported joint graph, under the names of a BERT classifier."""
    import onnx

    from crossjudge.models.quantization import read_modules

    read = {name.removeprefix("model."): np.array(one) for name, one in read_modules(onnx.load(graph)).items()}
    if POOLER.format("weight") in read:
        # A graph leaves out a bias of zeros, as the pooler has it that stands for a head without one.
        read.setdefault(POOLER.format("bias"), np.zeros(len(read[POOLER.format("weight")]), dtype=np.float32))
    return read


EXPORTED = {"one_way": "judge.onnx", "joint": "onnx/model.onnx"}
"""Attention -> the graph by which an exported folder of such a model is known."""
POOLER = "bert.pooler.dense.{}"
WEIGHTS = "model.safetensors"
WRITTEN_BESIDE = ("training_record.json", "train_hashes.npy")
"""What a run leaves beside its weights, and a release keeps."""


def require_weights(folder: Path, attention: str) -> None:
    """Raise `MissingFileError` unless training can go on from `folder`: a finished run, or what ships of one."""
    exported = (folder / EXPORTED[attention]).is_file()
    require_run(folder, WRITTEN_BESIDE if exported else (WEIGHTS, *WRITTEN_BESIDE))


def require_run(folder: Path, needed: Sequence[str] = (WEIGHTS, *WRITTEN_BESIDE)) -> None:
    """Raise `MissingFileError` unless `folder` is that of a finished run."""
    for name in needed:
        if not (folder / name).is_file():
            raise MissingFileError(
                f"Training further from {folder}: it has no {name}. Name the folder of a finished run, or a "
                "model in the box.",
                path=folder,
            )


def _check_shapes(own: Mapping[str, Tensor], earlier: Mapping[str, Tensor], folder: Path) -> None:
    strange = [name for name, tensor in earlier.items() if name not in own or own[name].shape != tensor.shape]
    if strange:
        raise InputError(
            f"Training further from {folder}: its {', '.join(strange[:3])} and the network in these settings have not "
            "the same shape. Name a run from the same base, with the same heads or fewer."
        )


def classifier(base: Checkpoint, labels: Sequence[str]) -> Any:
    """The transformers classification network of an encoder, with a new head for `labels`."""
    transformers = require("transformers", to="train a joint cross-encoder")
    with quiet(transformers):
        return transformers.AutoModelForSequenceClassification.from_pretrained(
            str(base.tokenizer_folder),
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            # A head of another size is replaced: training makes a new one anyway.
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
        )


class BertJointStudent:
    """An ordinary cross-encoder on BERT, computed as rows whose pairs are one block each, saved as BERT is."""

    def __init__(self, config: TrainConfig, base: Checkpoint) -> None:
        [(self._head, self._labels)] = config.heads.items()
        network = OneWayEncoder.from_encoder(base.raw, base.weights, config.heads, pooled=config.pooled_heads)
        if config.weights is not None:
            load_joint_run(network, config.weights, self._head)
        self._model = network.to(config.device)
        self._model.embeddings.word_embeddings.weight.requires_grad_(not config.freeze_word_embeddings)
        self.network: nn.Module = self._model
        self._config, self._base = config, base

    def loss(self, batch: TextRows, targets: Targets, step: int, teacher: Teacher | None = None) -> Tensor:
        """Gold, and the teacher's scores if there is one."""
        depths, dtype = (self._model.config.num_layers,), dtype_of(self._config)
        [last] = forward_depths(self._model, batch, depths=depths, dtype=dtype, with_states=False)
        logits = self._model.heads[self._head](last.cls.float())
        loss = (targets.weights * head_loss(self._head, self._labels, logits, targets.values)).mean()
        return loss if teacher is None else loss + teacher.loss(logits, batch.rows)

    def save(self, folder: Path) -> None:
        """A folder that any Hugging Face tool reads."""
        saved = classifier(self._base, self._labels)
        state = {name: tensor.detach().cpu() for name, tensor in self._model.state_dict().items()}
        saved.load_state_dict(to_bert_names(state, self._model.config.num_layers, self._head))
        with quiet(require("transformers", to="save a joint cross-encoder")):
            saved.save_pretrained(str(folder))


class JointStudent:
    """An ordinary cross-encoder of another architecture: the transformers network itself."""

    def __init__(self, config: TrainConfig, base: Checkpoint) -> None:
        [(self._head, self._labels)] = config.heads.items()
        network = classifier(base, self._labels)
        network.get_input_embeddings().weight.requires_grad_(not config.freeze_word_embeddings)
        self.network: nn.Module = network.to(config.device)
        self._inputs = ("input_ids", "attention_mask", *token_types(network))
        self._device = config.device
        self._autocast = autocast(config)
        self._saved = network

    def logits(self, batch: TextRows) -> Tensor:
        """Logits `(n_pairs, num_labels)`."""
        ids, standing = batch.input_ids, (batch.blocks != PADDING).astype(np.int64)
        arrays = {"input_ids": ids, "attention_mask": standing, "token_type_ids": batch.segments}
        tensors = {name: torch.from_numpy(arrays[name]).to(self._device) for name in self._inputs}
        with self._autocast:
            logits: Tensor = self.network(**tensors).logits
        return logits.float()

    def loss(self, batch: TextRows, targets: Targets, step: int, teacher: Teacher | None = None) -> Tensor:
        """Gold, and the teacher's scores if there is one."""
        logits = self.logits(batch)
        loss = (targets.weights * head_loss(self._head, self._labels, logits, targets.values)).mean()
        return loss if teacher is None else loss + teacher.loss(logits, batch.rows)

    def save(self, folder: Path) -> None:
        """A folder that any Hugging Face tool reads."""
        with quiet(require("transformers", to="save a joint cross-encoder")):
            self._saved.save_pretrained(str(folder))
