"""sentence-transformers beside ours, where it is installed: on the same weights, or on the same matrices."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from crossjudge.backends.cores import usable_cores
from crossjudge.benchmark.timing import Predict
from crossjudge.benchmark.workloads import Call
from crossjudge.extras import is_installed
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import FloatArray

TITLE = "sentence-transformers, torch fp32"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """`predict` is None where nothing can stand beside ours, and `remark` says why, or on what weights it runs.

    `same_numbers`: whether it should give the numbers that ours gives.
    """

    predict: Predict | None
    remark: str
    same_numbers: bool = False


@contextmanager
def open_reference(model: CrossEncoder) -> Iterator[Reference]:
    """sentence-transformers with `model`'s weights; a one-way model's matrices stand in an ordinary BERT for it."""
    with TemporaryDirectory(prefix="crossjudge-bench-") as folder:
        yield _open(model, Path(folder))


def reference_logits(reference: Reference, call: Call) -> FloatArray:
    """Its logits, float32 `(n_pairs, num_labels)`."""
    assert reference.predict is not None
    scores = np.asarray(reference.predict(call), dtype=np.float32)
    return scores.reshape(len(call), -1)


def _open(model: CrossEncoder, folder: Path) -> Reference:
    if not is_installed("sentence_transformers"):
        return Reference(predict=None, remark="sentence-transformers is not installed, so nothing stands beside it")
    if model.backend == "fake":
        return Reference(predict=None, remark="the fake backend computes nothing, so nothing stands beside it")
    if model.attention == "joint":
        if not model.checkpoint.weights:
            return Reference(predict=None, remark="the folder has a graph and no weights for sentence-transformers")
        return Reference(
            predict=_predict(model.checkpoint.folder, model.max_length),
            remark="sentence-transformers runs the same weights",
            same_numbers=True,
        )
    if not is_installed("onnx"):
        return Reference(predict=None, remark="a one-way model's weights are read with the package onnx: not installed")
    from crossjudge.benchmark.joint_twin import write_joint_twin

    return Reference(
        predict=_predict(write_joint_twin(folder, model.checkpoint.folder), model.max_length),
        remark="sentence-transformers runs the same matrices as a joint model, so it reads a premise for each pair",
    )


def _predict(folder: Path, max_length: int) -> Predict:
    torch: Any = importlib.import_module("torch")
    library: Any = importlib.import_module("sentence_transformers")
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    torch.set_num_threads(usable_cores())
    encoder = library.CrossEncoder(str(folder), device="cpu", max_length=max_length)
    identity = torch.nn.Identity()

    def predict(call: Call) -> Any:
        return encoder.predict(list(call), activation_fn=identity, show_progress_bar=False)

    return predict
