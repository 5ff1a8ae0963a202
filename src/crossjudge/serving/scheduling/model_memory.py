"""How many bytes a model will take once it is open, from the sizes of its files."""

from __future__ import annotations

from crossjudge.models.checkpoint import Checkpoint

GRAPH_COPIES = 4
"""Bytes in memory for each byte of weights, on the engines that open graphs: one for a caller on all cores and one for
a caller on each, both with weights laid out anew. Measured for the embedded model: 60 MB for 27 MB of weights when
opened, 160 MB once it had computed many batches."""

NETWORK_COPIES = 1.5
"""The same for PyTorch, which keeps one."""


def estimated_bytes(checkpoint: Checkpoint, *, backend: str, cache_bytes: int) -> int:
    """Memory for one head of the checkpoint. `cache_bytes`: what a one-way model may keep of premises beside it."""
    copies = NETWORK_COPIES if backend == "torch" else GRAPH_COPIES
    return int(copies * sum(path.stat().st_size for path in checkpoint.weight_files())) + (
        cache_bytes if checkpoint.attention == "one_way" else 0
    )
