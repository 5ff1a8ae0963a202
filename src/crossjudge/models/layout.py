"""Which files of a checkpoint are weights, graph and pickles, worked out from file names alone."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from crossjudge.errors import CheckpointError, MissingFileError, PickleOnlyError

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
GRAPHS = ("onnx/model.onnx", "model.onnx")
"""Full-precision graphs only; quantised and optimised variants beside them are nobody's reference."""

_UNOPENED = (
    *("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl"),
    *("tf_model*.h5", "flax_model*.msgpack", "rust_model.ot"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Names relative to the folder that holds `config.json`.

    `weights`: a safetensors file, or the index of several. `graph`: a full-precision ONNX graph. `pickles`: weights
    in forms that are never opened.
    """

    weights: str | None
    graph: str | None
    pickles: tuple[str, ...]

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to run."""
        return self.weights is not None or self.graph is not None


def find_layout(names: Collection[str]) -> Layout:
    """What a folder of files called `names` holds."""
    beside = sorted(name for name in names if "/" not in name)
    return Layout(
        weights=next((name for name in (WEIGHTS, INDEX) if name in names), None),
        graph=next((name for name in GRAPHS if name in names), None),
        pickles=tuple(name for name in beside if any(fnmatch.fnmatchcase(name, one) for one in _UNOPENED)),
    )


def no_weights(path: str | Path, layout: Layout) -> CheckpointError:
    """The error for a checkpoint without safetensors and without a graph."""
    wanted = f"{WEIGHTS}, {INDEX} or {GRAPHS[0]}"
    if not layout.pickles:
        return MissingFileError(
            f"Loading the model '{path}': it holds no weights. Expected {wanted}. Save or download them beside "
            "config.json.",
            path=path,
        )
    return PickleOnlyError(
        f"Loading the model '{path}': its weights exist only as {', '.join(layout.pickles)}. Such files can run code "
        f"or need a framework that crossjudge does not use, so they are never opened; expected {wanted}. If you trust "
        "the file, convert it once where torch and transformers are installed: "
        "AutoModelForSequenceClassification.from_pretrained(NAME).save_pretrained(FOLDER), and save the tokenizer the "
        "same way. A model on the hub may offer a converted copy as a pull request: pass revision='refs/pr/NUMBER'.",
        path=path,
    )
