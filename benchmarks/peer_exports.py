"""Graphs of a checkpoint, written by the tools of the peers themselves: `python peer_exports.py onnx|openvino FOLDER`.

Runs in the peers' environments. ONNX: optimum's export, and its dynamic int8 as sentence-transformers offers it (what
FlashRank ships for its larger models). OpenVINO: optimum-intel's export and its static int8, calibrated on
`FOLDER/calibration/train.jsonl` (rows of `text`, the two texts of a pair joined), since the function's own choice of
a data set would have to be downloaded.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from sentence_transformers import CrossEncoder
from sentence_transformers import backend as exports


def main() -> None:
    kind, folder = sys.argv[1], sys.argv[2]
    {"onnx": export_onnx, "openvino": export_openvino}[kind](folder)


def export_onnx(folder: str) -> None:
    model = CrossEncoder(folder, backend="onnx", model_kwargs={"export": True}, device="cpu")
    model.save_pretrained(folder)
    exports.export_dynamic_quantized_onnx_model(model, _instructions(), folder, file_suffix="qint8")


def export_openvino(folder: str) -> None:
    model = CrossEncoder(folder, backend="openvino", model_kwargs={"export": True}, device="cpu")
    model.save_pretrained(folder)
    exports.export_static_quantized_openvino_model(
        model,
        None,
        folder,
        dataset_name=str(Path(folder) / "calibration"),
        dataset_config_name="default",
        dataset_split="train",
        column_name="text",
        file_suffix="qint8",
    )


def _instructions() -> str:
    """Which of optimum's recipes this processor runs best."""
    if platform.machine().lower() in ("arm64", "aarch64"):
        return "arm64"
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    return "avx512_vnni" if "avx512_vnni" in flags else "avx512" if "avx512f" in flags else "avx2"


if __name__ == "__main__":
    main()
