"""A checkpoint gets an engine: which backend, device and precision run it, and what must be made first."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossjudge.backends.base import Backend, BatchWishes
from crossjudge.backends.exits import Exits
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.backends.premise_cache import PremiseCache
from crossjudge.errors import BackendError, InputError, UnsupportedModelError
from crossjudge.extras import require
from crossjudge.models.checkpoint import Checkpoint, Kind
from crossjudge.models.export import PRECISIONS, exported_graph, kind_of
from crossjudge.models.one_way_folder import exit_thresholds
from crossjudge.models.openvino_graphs import openvino_graphs

logger = logging.getLogger(__name__)

BACKENDS = {
    "onnx": "crossjudge.backends.onnx:OnnxBackend",
    "openvino": "crossjudge.backends.openvino:OpenvinoBackend",
    "torch": "crossjudge.backends.torch:TorchBackend",
    "fake": "crossjudge.backends.fake:FakeBackend",
}
"""Name -> class, imported when first asked for."""

_DEFAULT_HEAD = "nli"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What the caller wants of the engine; None leaves the choice to us. `num_labels` is that of `head`."""

    kind: Kind
    device: str | None
    precision: str | None
    num_threads: int | None
    head: str | None
    num_labels: int
    premise_cache_bytes: int | None


def open_backend(
    checkpoint: Checkpoint,
    *,
    backend: str = "auto",
    device: str | None = None,
    precision: str | None = None,
    num_threads: int | None = None,
    head: str | None = None,
    kind: Kind | None = None,
    num_labels: int | None = None,
    premise_cache_bytes: int | None = None,
) -> Backend:
    """The engine that runs `checkpoint`; its graph is exported first where that is needed and missing.

    `backend`: "onnx", "torch", "fake" or "auto" (torch for a CUDA device or half precision, else onnx). `precision`:
    None and "auto" are what the checkpoint was made for: as shipped for our own, fp32 for any other. `num_threads`:
    threads of one forward pass. `head`: which head of a one-way model, None for its `nli` head or its first. `kind`
    and `num_labels` are the checkpoint's own where they are None.

    Raises `BackendError` for what cannot run here, `MissingExtraError` for what is not installed, `InputError` for
    names that do not exist.
    """
    _check_names(checkpoint, backend, precision, head)
    asked = _Asked(
        kind=kind or kind_of(checkpoint),
        device=None if device == "auto" else device,
        precision=None if precision == "auto" else precision,
        num_threads=num_threads,
        head=head or _default_head(checkpoint),
        num_labels=num_labels or (len(checkpoint.heads[head]) if head else checkpoint.num_labels),
        premise_cache_bytes=premise_cache_bytes,
    )
    if backend != "auto":
        return _OPENERS[backend](checkpoint, asked)
    if asked.precision in ("bf16", "fp16") or (asked.device or "cpu") != "cpu":
        return _open_torch(checkpoint, asked)
    return _open_best(checkpoint, asked)


def _open_best(checkpoint: Checkpoint, asked: _Asked) -> Backend:
    """ONNX Runtime; PyTorch for a network that cannot be exported."""
    try:
        return _open_onnx(checkpoint, asked)
    except BackendError as error:
        if checkpoint.graph is not None or asked.precision not in (None, "fp32"):
            raise
        logger.warning("Running '%s' on PyTorch instead. %s", checkpoint.name, error)
        return _open_torch(checkpoint, asked)


def _open_onnx(checkpoint: Checkpoint, asked: _Asked) -> Backend:
    shipped = shipped_precision(checkpoint)
    _refuse_device(checkpoint, asked, "ONNX Runtime")
    if asked.precision not in (None, shipped):
        raise BackendError(
            f"Opening '{checkpoint.name}' on ONNX Runtime: precision {asked.precision!r} was asked for, and its graph "
            f"is {shipped}. Leave the precision out, or use backend='openvino' (fp32, bf16) or 'torch' (fp32, bf16, "
            "fp16)."
        )
    module = importlib.import_module("crossjudge.backends.onnx")
    if checkpoint.attention == "one_way" and asked.kind == "cross_encoder":
        return _open_one_way("onnx", module.open_onnx, checkpoint.graphs, None, checkpoint, asked, shipped)
    graph = checkpoint.graphs["embed"] if checkpoint.graphs else exported_graph(checkpoint)
    opened: Backend = module.OnnxBackend(graph, precision=shipped, num_threads=asked.num_threads)
    return _checked(opened, checkpoint, asked)


def _open_openvino(checkpoint: Checkpoint, asked: _Asked) -> Backend:
    require("openvino", to=f"run '{checkpoint.name}' with backend='openvino'")
    _refuse_device(checkpoint, asked, "OpenVINO")
    module = importlib.import_module("crossjudge.backends.openvino")
    precision = asked.precision or shipped_precision(checkpoint)
    graphs = openvino_graphs(checkpoint, precision)
    if checkpoint.attention == "one_way" and asked.kind == "cross_encoder":
        opener = module.opener(precision)
        return _open_one_way("openvino", opener, graphs, module.WISHES, checkpoint, asked, precision)
    graph = graphs.get("embed") or graphs["model"]
    opened: Backend = module.OpenvinoBackend(graph, precision=precision, num_threads=asked.num_threads)
    return _checked(opened, checkpoint, asked)


def _open_one_way(
    name: str,
    open_graph: Any,
    graphs: Mapping[str, Path],
    wishes: BatchWishes | None,
    checkpoint: Checkpoint,
    asked: _Asked,
    precision: str,
) -> Backend:
    opened: Backend = OneWayBackend(
        name,
        open_graph,
        graphs,
        max_positions=int(checkpoint.raw["max_positions"]),
        precision=precision,
        num_threads=asked.num_threads,
        output=asked.head if len(checkpoint.heads) > 1 else None,
        wishes=wishes,
        cache=None if asked.premise_cache_bytes is None else PremiseCache(asked.premise_cache_bytes),
        exits=_exits(checkpoint, asked.head),
    )
    return _checked(opened, checkpoint, asked)


def _exits(checkpoint: Checkpoint, head: str | None) -> Exits | None:
    """Where pairs may stop early, if the folder says how sure the head must be of them."""
    thresholds = exit_thresholds(checkpoint.folder, checkpoint.raw).get(head or _DEFAULT_HEAD)
    return Exits(depths=tuple(checkpoint.raw["exits"]), thresholds=thresholds) if thresholds else None


def _checked(backend: Any, checkpoint: Checkpoint, asked: _Asked) -> Backend:
    """The backend, once its graph was seen to answer as the config says."""
    if asked.kind == "cross_encoder" and backend.answer_size not in (None, asked.num_labels):
        raise UnsupportedModelError(
            f"Opening '{checkpoint.name}': its graph gives {backend.answer_size} numbers a pair, and its config names "
            f"{asked.num_labels} labels. Export the graph again, or correct config.json.",
            path=checkpoint.folder,
        )
    opened: Backend = backend
    return opened


def _refuse_device(checkpoint: Checkpoint, asked: _Asked, engine: str) -> None:
    if asked.device not in (None, "cpu"):
        raise BackendError(
            f"Opening '{checkpoint.name}' on {engine}: device {asked.device!r} was asked for, and this backend "
            "computes on the CPU. Use backend='torch' for a GPU."
        )


def _open_torch(checkpoint: Checkpoint, asked: _Asked) -> Backend:
    require("torch", to=f"run '{checkpoint.name}' with backend='torch'")
    from crossjudge.backends.torch_replicas import open_torch
    from crossjudge.models.networks import load_network

    network = load_network(checkpoint, kind=asked.kind, head=asked.head)
    opened: Backend = open_torch(
        network.module,
        inputs=network.inputs,
        device=asked.device,
        precision=asked.precision or "fp32",
        num_threads=asked.num_threads,
    )
    return opened


def _open_fake(checkpoint: Checkpoint, asked: _Asked) -> Backend:
    size = checkpoint.raw.get("hidden_size") or checkpoint.raw.get("dim") or 32
    opened: Backend = _class_of("fake")(
        num_labels=max(1, asked.num_labels), hidden_size=int(size) if asked.kind == "bi_encoder" else None
    )
    return opened


_OPENERS = {"onnx": _open_onnx, "openvino": _open_openvino, "torch": _open_torch, "fake": _open_fake}


def _class_of(name: str) -> Any:
    module, _, attribute = BACKENDS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def shipped_precision(checkpoint: Checkpoint) -> str:
    """What the checkpoint's own graph computes in; fp32 where it has none."""
    ours = checkpoint.raw.get("crossjudge")
    return str(ours.get("precision", "fp32")) if isinstance(ours, dict) else "fp32"


def _default_head(checkpoint: Checkpoint) -> str | None:
    return _DEFAULT_HEAD if _DEFAULT_HEAD in checkpoint.heads else next(iter(checkpoint.heads), None)


def _check_names(checkpoint: Checkpoint, backend: str, precision: str | None, head: str | None) -> None:
    if backend not in ("auto", *BACKENDS):
        raise InputError(f"Opening '{checkpoint.name}': no backend {backend!r}; there are auto, {', '.join(BACKENDS)}.")
    if precision not in (None, "auto", *PRECISIONS):
        raise InputError(
            f"Opening '{checkpoint.name}': no precision {precision!r}; there are auto, {', '.join(PRECISIONS)}."
        )
    if head is not None and head not in checkpoint.heads:
        have = ", ".join(checkpoint.heads) or "none, since it is an ordinary checkpoint with one head; leave head out"
        raise InputError(f"Opening '{checkpoint.name}': no head {head!r}; it has {have}.")
