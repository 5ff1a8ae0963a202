"""Which graphs OpenVINO runs for a checkpoint, made and kept in the cache where they are not those of ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

from crossjudge.errors import BackendError
from crossjudge.extras import require
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.export import OPENVINO_INT8, exported_graph
from crossjudge.models.graph_cache import cached_folder, folder_key, keep_folder


def openvino_graphs(checkpoint: Checkpoint, precision: str) -> dict[str, Path]:
    """Graph name -> file: a joint checkpoint's `model`, or a one-way model's graphs, written for OpenVINO.

    Those of a one-way model are made of its weights the first time (float32; OpenVINO rounds to bf16 by itself).
    """
    if checkpoint.attention == "joint":
        own = checkpoint.tokenizer_folder / OPENVINO_INT8
        if precision == "int8" and not own.is_file():
            raise BackendError(
                f"Opening '{checkpoint.name}' on OpenVINO in int8: it has no such graph. {_instead(checkpoint)}"
            )
        if precision != "int8" and own.is_file():
            raise BackendError(
                f"Opening '{checkpoint.name}' on OpenVINO in {precision}: its graphs are int8. Leave the precision "
                "out, or open the checkpoint that they were made from."
            )
        return {"model": own if precision == "int8" else exported_graph(checkpoint)}
    key = folder_key(checkpoint, "openvino")
    folder = cached_folder(key)
    if folder is None:
        require("onnx", to=f"write '{checkpoint.name}' for OpenVINO")
        from crossjudge.models.one_way_export import write_openvino

        folder = keep_folder(key, lambda fresh: write_openvino(checkpoint.folder, fresh))
    return {path.stem: path for path in folder.glob("*.onnx")}


def _instead(checkpoint: Checkpoint) -> str:
    """What to do about a graph that is not there."""
    if not checkpoint.weights:
        return "Use backend='onnx', or the checkpoint that its graph was made of."
    return f"Make one with `crossjudge export {checkpoint.name} FOLDER --precision int8`, and load that folder."
