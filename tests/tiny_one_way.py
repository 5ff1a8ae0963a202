"""Tiny one-way networks with random weights, their graphs on disk, and encodings of random token ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import ModelProto

from crossjudge.backends import onnx, openvino
from crossjudge.backends.base import BatchWishes
from crossjudge.backends.lanes import Open
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.models.one_way_exact import exact_graphs
from crossjudge.models.one_way_export import write_graphs
from crossjudge.models.one_way_fused import fused_graphs
from crossjudge.models.one_way_parts import Weights
from crossjudge.types import Encoding

PAD, CLS, SEP, POISON, FIRST_WORD, VOCAB_SIZE = 0, 2, 3, 4, 5, 90
MAX_POSITIONS = 64
LABELS = ("contradiction", "entailment", "neutral")
SHAPES = {"vocab_size": VOCAB_SIZE, "hidden_size": 32, "num_layers": 3, "num_heads": 4, "intermediate_size": 64}

MakeGraphs = Callable[[OneWayConfig, Weights], dict[str, ModelProto]]

ENGINES: Mapping[str, tuple[MakeGraphs, Open, BatchWishes | None]] = {
    "onnx": (exact_graphs, onnx.open_onnx, None),
    "openvino": (fused_graphs, openvino.opener("fp32"), openvino.WISHES),
}
"""Backend -> the graphs it runs, how it opens them, and the batches it wishes for."""


def one_way_encoder(seed: int = 0, **more: Any) -> OneWayEncoder:
    """A network whose weights are wide enough that any two pairs are told apart; `more`: of its config."""
    torch.manual_seed(seed)
    shapes = {**SHAPES, "max_positions": MAX_POSITIONS, "heads": {"nli": LABELS}, **more}
    model = OneWayEncoder(OneWayConfig(**shapes))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            noise = torch.randn(weight.shape, generator=generator)
            weight.copy_(noise * 1.6 / weight.shape[-1] ** 0.5 if weight.ndim >= 2 else weight.round() + 0.1 * noise)
    return model.eval()


def write_one_way(encoder: OneWayEncoder, folder: Path, make: MakeGraphs) -> dict[str, Path]:
    """The network's graphs in `folder`, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.numpy() for name, tensor in encoder.state_dict().items()}
    graphs = make(encoder.config, weights)
    write_graphs(folder, {f"{name}.onnx": graph for name, graph in graphs.items()})
    return {name: folder / f"{name}.onnx" for name in graphs}


def one_way_backend(engine: str, encoder: OneWayEncoder, folder: Path, **options: Any) -> OneWayBackend:
    """`encoder` on an engine of `ENGINES`, its graphs written to `folder`; `options` as for `OneWayBackend`."""
    make, open_graph, wishes = ENGINES[engine]
    options = {"num_threads": 1, "wishes": wishes, **options}
    files = write_one_way(encoder, folder, make)
    return OneWayBackend(engine, open_graph, files, max_positions=encoder.config.max_positions, **options)


def words(random: np.random.Generator, length: int) -> list[int]:
    """Ids of `length` words."""
    return random.integers(FIRST_WORD, VOCAB_SIZE, length).tolist()


def one_way_encoding(premise: Sequence[int], hypothesis: Sequence[int]) -> Encoding:
    """`[CLS] premise [SEP]` and `[CLS] hypothesis [SEP]`."""
    first, second = [CLS, *premise, SEP], [CLS, *hypothesis, SEP]
    return Encoding(
        input_ids=np.array(first + second, dtype=np.int64),
        type_ids=np.array([0] * len(first) + [1] * len(second), dtype=np.int64),
        premise_len=len(first),
        kept_a=len(premise),
        dropped_a=0,
        kept_b=len(hypothesis),
    )
