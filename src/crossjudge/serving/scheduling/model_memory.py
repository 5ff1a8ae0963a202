"""How many bytes a model will take once it is open, from the sizes of its files."""

from __future__ import annotations

from pathlib import Path

from crossjudge.models.checkpoint import Checkpoint

GRAPH_COPIES = 4
"""Bytes in memory for each byte of weights, on the engines that open graphs: one for a caller on all cores and one for
a caller on each, both with weights laid out anew. Measured for the embedded model: 60 MB for 27 MB of weights when
opened, 160 MB once it had computed many batches."""

NETWORK_COPIES = 1.5
"""The same for PyTorch, which keeps one."""

WEIGHT_FILES = (".safetensors", ".bin", ".onnx", ".onnx_data", ".data")


def estimated_bytes(checkpoint: Checkpoint, *, backend: str, cache_bytes: int) -> int:
    """Memory for one head of the checkpoint. `cache_bytes`: what a one-way model may keep of premises beside it."""
    files = checkpoint.weights or tuple(_files(checkpoint.folder))
    copies = NETWORK_COPIES if backend == "torch" else GRAPH_COPIES
    return int(copies * sum(path.stat().st_size for path in files)) + (
        cache_bytes if checkpoint.attention == "one_way" else 0
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and path.suffix in WEIGHT_FILES]
