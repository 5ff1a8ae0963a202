"""The probe of a bundle: pairs, the logits that its own graph gave for them, and how far another engine may be off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from crossjudge.extras import is_installed
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.export import OPENVINO_INT8
from crossjudge.models.integrity import corrupt, read_json
from crossjudge.models.loading import shipped_precision
from crossjudge.models.parity_sample import sample_pairs
from crossjudge.types import FloatArray, Pair

PROBE = "probe.json"
PROBE_PAIRS = 30
"""Hand-written ones of ours, ten first texts among them; a thirty-first has an empty second text."""

TOLERANCE = {("fp32", "fp32"): 0.001, ("int8", "int8"): 0.15, ("int8", "fp32"): 0.25}
"""(Precision of the stored logits, of the engine that is checked) -> how far a logit may be off, in units of `spread`.

float32 differs between processors in the last bits alone; int8 rounds such a bit to a step of its own now and then.
Between int8 and float32 lies the whole of what int8 costs."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A backend in a precision."""

    backend: str
    precision: str

    def __str__(self) -> str:
        return f"{self.backend}:{self.precision}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """`logits`: head ("" where it has no name) -> float32 `(n_pairs, num_labels)`, as `engine` gave them.

    `tolerances`: engine, as in "onnx:int8", -> the largest absolute difference of a logit that is no fault.
    """

    pairs: list[Pair]
    engine: str
    logits: dict[str, FloatArray]
    tolerances: dict[str, float]


def write_probe(folder: Path) -> CrossEncoder:
    """Ask the model in `folder` the probe's pairs and store what it says; returns the model, its first head open."""
    pairs = [*islice(sample_pairs(), PROBE_PAIRS), Pair("The shop opens at nine.", "")]
    model = CrossEncoder(folder, backend="onnx", local_files_only=True)
    heads = tuple(model.checkpoint.heads) or ("",)
    models = {head: model if head == (model.head or "") else open_head(folder, head) for head in heads}
    logits = {head: quiet_logits(one, pairs) for head, one in models.items()}
    unit = spread(logits[model.head or ""])
    content = {
        "engine": f"{model.backend}:{model.precision}",
        "tolerances": {
            f"{backend}:{precision}": unit * share
            for (stored, precision), share in TOLERANCE.items()
            if stored == model.precision
            for backend in ("onnx", "openvino", "torch")
        },
        "pairs": [[one.text_a, one.text_b] for one in pairs],
        "logits": {head: one.tolist() for head, one in logits.items()},
    }
    (folder / PROBE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return model


def open_head(folder: Path, head: str, engine: Engine | None = None) -> CrossEncoder:
    """The model in `folder` with that head, on `engine` or as it ships on ONNX Runtime; the hub is never asked."""
    return CrossEncoder(
        folder,
        head=head or None,
        backend=engine.backend if engine else "onnx",
        precision=engine.precision if engine else None,
        local_files_only=True,
    )


def quiet_logits(model: CrossEncoder, pairs: Sequence[Pair]) -> FloatArray:
    """`model.logits(pairs)` of pairs that nobody asked about: where they are cut, nothing is counted or warned of."""
    return model.logits_of(model.tokenizer.encode([model.prepared(pair) for pair in pairs]))


def spread(logits: FloatArray) -> float:
    """The unit that differences of logits are told in: their standard deviation, and 1 at least."""
    return max(1.0, float(logits.astype(np.float64).std()))


def read_probe(folder: Path) -> Probe:
    """What `write_probe` stored; `CorruptFileError` where it does not hold together."""
    path = folder / PROBE
    content = read_json(path)
    try:
        probe = Probe(
            pairs=[Pair(str(a), str(b)) for a, b in content["pairs"]],
            engine=str(content["engine"]),
            logits={str(head): np.array(rows, dtype=np.float32) for head, rows in content["logits"].items()},
            tolerances={str(engine): float(value) for engine, value in content["tolerances"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise corrupt(path, f"it does not hold pairs with their logits ({error!r})") from error
    if not probe.pairs or any(len(one) != len(probe.pairs) for one in probe.logits.values()):
        raise corrupt(path, f"it holds {len(probe.pairs)} pairs and not as many logits of each head")
    return probe


def engines_here(checkpoint: Checkpoint) -> Iterator[Engine]:
    """Every engine that is installed and can run this bundle, its own first; the last, torch, is the reference."""
    own = shipped_precision(checkpoint)
    yield Engine("onnx", own)
    if is_installed("openvino"):
        if checkpoint.attention == "one_way":
            if is_installed("onnx"):
                yield Engine("openvino", "fp32")
        elif own == "fp32" or (checkpoint.tokenizer_folder / OPENVINO_INT8).is_file():
            yield Engine("openvino", own)
    has_weights = is_installed("onnx") if checkpoint.attention == "one_way" else bool(checkpoint.weights)
    if has_weights and is_installed("torch") and is_installed("transformers"):
        yield Engine("torch", "fp32")
