"""A checkpoint's float32 graph becomes int8 on the user's own texts, with a certificate for each engine.

The texts are halved: scales, and which layers need finer ones, come from one half; the certificate from the other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from crossjudge.backends.base import Backend, forward_each, wishes_of
from crossjudge.backends.onnx import ANSWERS, OnnxBackend
from crossjudge.errors import BackendError, InputError
from crossjudge.extras import is_installed
from crossjudge.models.certificates import Certificate
from crossjudge.models.decision_noise import decision_noise, noise_limit
from crossjudge.models.parity import Parity, compare_logits
from crossjudge.models.quantization import Dialect, Ranges, Selection, collect_ranges, rewrite_graphs, select_methods
from crossjudge.models.quantization.sessions import open_graph, save_graph
from crossjudge.models.vector_parity import VectorParity, compare_vectors
from crossjudge.text.batching import plan
from crossjudge.types import Encoding, FloatArray, JointBatch, Pair

LEAST_PAIRS = 64
"""Fewer say nothing about ranges, and nothing about agreement."""
MOST_PAIRS = 1_024
"""More change the scales no further; a seeded sample of them is taken."""
MOST_TRIED = 256
"""Of one half, how many are run for each layer whose harm is measured."""
SEED = 20
TOKEN_BUDGET = 2_048
TURN = 0.005
"""One less the mean cosine with fp32's vectors that is aimed at."""

OLDEST_OPERATORS = 13
"""The first operator set whose DequantizeLinear takes a scale for each column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationTexts:
    """Encodings of both halves, and what is said of the texts: how many pairs were given and used, and their digest."""

    measured: tuple[Encoding, ...]
    held_out: tuple[Encoding, ...]
    pad_token_id: int
    given: int
    used: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """What the exported folder says of them."""
        return {"pairs": self.used, "pairs_given": self.given, "seed": SEED, "sha256": self.sha256}


Encode = Callable[[Sequence[Pair]], list[Encoding]]
"""Pairs -> what the model reads of them: an encoding for each, or for each of their texts."""


def calibration_texts(pairs: Sequence[Pair], encode: Encode, *, pad_token_id: int) -> CalibrationTexts:
    """Two halves of the distinct `pairs`, or of a seeded sample of `MOST_PAIRS` of them.

    Raises `InputError` where there are fewer than `LEAST_PAIRS`.
    """
    distinct = list({(one.text_a, one.text_b): one for one in pairs}.values())
    if len(distinct) < LEAST_PAIRS:
        raise InputError(
            f"Calibrating int8: found {len(distinct)} distinct pairs; expected at least {LEAST_PAIRS}, better some "
            "hundreds, of the kind that the model will see. Name a larger file, or none for hand-written pairs of ours."
        )
    order = np.random.default_rng(SEED).permutation(len(distinct))[:MOST_PAIRS]
    chosen = [distinct[place] for place in order]
    texts = "".join(f"{one.text_a}\0{one.text_b}\0" for one in chosen)
    return CalibrationTexts(
        measured=tuple(encode(chosen[::2])),
        held_out=tuple(encode(chosen[1::2])),
        pad_token_id=pad_token_id,
        given=len(pairs),
        used=len(chosen),
        sha256=hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def write_int8(
    graph: Path, out: Mapping[Dialect, Path], texts: CalibrationTexts, *, vectors: bool = False
) -> list[Certificate]:
    """Write the int8 twin of the float32 `graph` for each engine of `out` (name -> file); certify it where it runs.

    `vectors`: the graph gives token states, whose mean over a text's tokens is compared, and no logits.
    """
    model = onnx.load(str(graph))
    _check_operators(model, graph)
    trial = _Trial(model, texts, vectors=vectors)
    selection = trial.selection()
    reference = _answers(OnnxBackend(graph), texts.held_out, texts.pad_token_id, vectors=vectors)
    certificates = []
    for engine, path in out.items():
        # OpenVINO multiplies in int8 with static scales only; where those do not serve, it has quick bf16.
        chosen = selection.static_only() if engine == "openvino" else selection
        made = rewrite_graphs({"model": model}, chosen.layers, dialect=engine, embeddings=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_graph(made["model"], path)
        if engine == "onnx" or is_installed(engine):
            seen = _answers(_open(engine, path), texts.held_out, texts.pad_token_id, vectors=vectors)
            layers = dict(Counter(map(str, chosen.methods.values())))
            certificates.append(Certificate(engine=engine, layers=layers, parity=_compared(reference, seen, vectors)))
    return certificates


class _Trial:
    """The half of the texts that scales are measured on, and what int8 graphs make of some of them."""

    def __init__(self, model: onnx.ModelProto, texts: CalibrationTexts, *, vectors: bool) -> None:
        self.model, self.texts, self.vectors = model, texts, vectors
        self.inputs = [one.name for one in model.graph.input]
        names = [one.name for one in model.graph.output]
        self.output = next((name for name in ANSWERS if name in names), names[0])
        self.tried = texts.measured[:MOST_TRIED]
        self.ranges: Ranges = collect_ranges(model, self.feeds())
        self.reference = self.answers(model)

    def selection(self) -> Selection:
        """The cheapest int8 with which hardly a decision flips, or hardly a vector turns."""
        limit = TURN if self.vectors else noise_limit(self.reference)
        return select_methods({"model": self.model}, self.ranges, self.harm, limit=limit, embeddings=True)

    def harm(self, graphs: Mapping[str, onnx.ModelProto]) -> float:
        seen = self.answers(graphs["model"])
        if self.vectors:
            return 1 - compare_vectors(self.reference, seen).mean_cosine
        return decision_noise(self.reference, seen)

    def feeds(self) -> Iterator[dict[str, Any]]:
        """A sequence a batch, so that no padding is measured."""
        for encoding in self.texts.measured:
            (batch,) = plan([encoding], token_budget=len(encoding))
            yield {name: getattr(batch, name) for name in self.inputs}

    def answers(self, model: onnx.ModelProto) -> FloatArray:
        rows: dict[int, FloatArray] = {}
        with open_graph(model) as session:
            for batch in plan(self.tried, token_budget=TOKEN_BUDGET, pad_token_id=self.texts.pad_token_id):
                assert isinstance(batch, JointBatch)
                (answer,) = session.run([self.output], {name: getattr(batch, name) for name in self.inputs})
                rows |= _by_row(answer, batch, vectors=self.vectors)
        return _in_order(rows)


def _check_operators(model: onnx.ModelProto, graph: Path) -> None:
    version = next((one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), 0)
    if version < OLDEST_OPERATORS:
        raise BackendError(
            f"Exporting {graph} in int8: it is written in operator set {version}; expected {OLDEST_OPERATORS} or "
            "later. Put the checkpoint's safetensors weights beside it and remove the graph: it is then written anew."
        )


def _open(engine: Dialect, path: Path) -> Backend:
    if engine == "onnx":
        return OnnxBackend(path, precision="int8")
    from crossjudge.backends.openvino import OpenvinoBackend

    return OpenvinoBackend(path, precision="int8")


def _answers(backend: Backend, encodings: Sequence[Encoding], pad_token_id: int, *, vectors: bool) -> FloatArray:
    """Logits `(n_pairs, num_labels)`, or mean token states `(n_texts, hidden_size)`."""
    wishes = wishes_of(backend)
    batches = plan(
        encodings,
        token_budget=wishes.token_budget,
        pad_token_id=pad_token_id,
        waste_limit=wishes.waste_limit,
        length_step=wishes.length_step,
    )
    rows: dict[int, FloatArray] = {}
    for batch, answer in zip(batches, forward_each(backend, batches), strict=True):
        assert isinstance(batch, JointBatch)
        rows |= _by_row(answer, batch, vectors=vectors)
    backend.close()
    return _in_order(rows)


def _by_row(answer: FloatArray, batch: JointBatch, *, vectors: bool) -> dict[int, FloatArray]:
    if vectors:
        mask = batch.attention_mask[:, :, None].astype(np.float32)
        answer = (answer * mask).sum(axis=1) / mask.sum(axis=1)
    return dict(zip(batch.rows.tolist(), answer, strict=True))


def _in_order(rows: Mapping[int, FloatArray]) -> FloatArray:
    return np.array([rows[row] for row in range(len(rows))], dtype=np.float32)


def _compared(reference: FloatArray, seen: FloatArray, vectors: bool) -> Parity | VectorParity:
    return compare_vectors(reference, seen) if vectors else compare_logits(reference, seen)
