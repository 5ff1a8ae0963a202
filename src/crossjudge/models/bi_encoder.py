"""`BiEncoder`: single texts in, unit vectors out; the first stage of search, and the baseline of every comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.backends.base import forward_each
from crossjudge.models.activation_functions import resolve_activation
from crossjudge.models.cross_encoder import chunk_size, index_errors
from crossjudge.models.loaded import Opened, load_model
from crossjudge.models.pairs import is_single, to_pair, to_pairs, to_texts
from crossjudge.models.pooling import Dense
from crossjudge.text.batching import plan
from crossjudge.types import Encoding, FloatArray, IntArray, JointBatch


class BiEncoder(Opened):
    """A sentence encoder: any sentence-transformers folder or hub name, or None for the embedded model's own head.

    Arguments as for `CrossEncoder`. The numbers are those of `sentence_transformers.SentenceTransformer.encode` on the
    same weights, normalised to length 1.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        backend: str = "auto",
        device: str | None = None,
        precision: str | None = None,
        max_length: int | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        trust_remote_code: bool = False,
        token: str | bool | None = None,
        num_threads: int | None = None,
        cache_folder: str | Path | None = None,
    ) -> None:
        loaded = load_model(
            path,
            kind="bi_encoder",
            backend=backend,
            device=device,
            precision=precision,
            max_length=max_length,
            num_threads=num_threads,
            revision=revision,
            local_files_only=local_files_only,
            trust_remote_code=trust_remote_code,
            token=token,
            cache_folder=cache_folder,
        )
        super().__init__(loaded)
        pooling = self.checkpoint.pooling
        assert pooling is not None
        self._pool = POOLING[pooling.mode]
        self._dense = [_dense_layer(dense) for dense in pooling.dense]

    @property
    def truncated_texts(self) -> int:
        """How many texts were cut to `max_length` so far."""
        return self._cut.total

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        pooling, sizes = self.checkpoint.pooling, self.checkpoint.raw
        if pooling is not None and pooling.dense:
            return pooling.dense[-1].out_features
        return int(sizes.get("hidden_size") or sizes["dim"])

    def encode(
        self,
        texts: Any,
        batch_size: int | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> FloatArray:
        """Unit vectors, float32 `(n_texts, dim)` in input order; one text gives `(dim,)`."""
        if isinstance(texts, str):
            vector: FloatArray = self.encode([texts])[0]
            return vector
        checked = to_texts(texts)
        parts: list[FloatArray] = [np.zeros((0, self.dim), dtype=np.float32)]
        size = chunk_size(self.max_length)
        for start in range(0, len(checked), size):
            with index_errors(partial(int.__add__, start), what="text"):
                parts.append(self._encode_chunk(checked[start : start + size], batch_size))
            if progress is not None:
                progress(min(start + size, len(checked)), len(checked))
        return np.concatenate(parts)

    def similarity(self, pairs: Any) -> FloatArray:
        """Cosine of each pair's vectors, float32 `(n_pairs,)` in [-1, 1]; each distinct text is encoded once."""
        checked = [to_pair(pairs)] if is_single(pairs) else to_pairs(pairs)
        places: dict[str, int] = {}
        sides = [[places.setdefault(text, len(places)) for text in (pair.text_a, pair.text_b)] for pair in checked]
        where: IntArray = np.array(sides, dtype=np.int64).reshape(-1, 2)
        with index_errors(lambda place: int((where == place).any(axis=1).argmax())):
            vectors = self.encode(list(places))
        # Rounding can carry the product of two unit vectors a hair past 1.
        cosines: FloatArray = np.clip((vectors[where[:, 0]] * vectors[where[:, 1]]).sum(axis=1), -1, 1)
        return cosines

    def _encode_chunk(self, texts: Sequence[str], batch_size: int | None) -> FloatArray:
        encodings = self.tokenizer.encode_single([self.checkpoint.prompt + text for text in texts])
        cut = sum(encoding.tokens_dropped > 0 for encoding in encodings)
        self._cut.add(
            cut,
            f"{cut} text(s) are longer than the model's max_length of {self.max_length} tokens and were cut, as the "
            "reference does. BiEncoder.truncated_texts counts them; embed long texts in passages.",
            stacklevel=3,
        )
        return self.vectors_of(encodings, batch_size=batch_size)

    def vectors_of(self, encodings: Sequence[Encoding], *, batch_size: int | None = None) -> FloatArray:
        """Unit vectors of encodings made by `self.tokenizer`, float32 `(n_encodings, dim)`, in their order."""
        vectors = np.zeros((len(encodings), self.dim), dtype=np.float32)
        wishes = self._loaded.wishes
        batches = plan(
            encodings,
            token_budget=wishes.token_budget,
            batch_size=batch_size,
            pad_token_id=self.tokenizer.pad_token_id,
            waste_limit=wishes.waste_limit,
            length_step=wishes.length_step,
        )
        for batch, states in zip(batches, forward_each(self._loaded.backend, batches), strict=True):
            assert isinstance(batch, JointBatch)
            vectors[batch.rows] = self._finish(self._pool(states, batch.attention_mask))
        return vectors

    def _finish(self, pooled: FloatArray) -> FloatArray:
        for layer in self._dense:
            pooled = layer(pooled)
        unit: FloatArray = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
        return unit


def _mean(states: FloatArray, mask: IntArray) -> FloatArray:
    weights = mask[..., None].astype(np.float32)
    pooled: FloatArray = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    return pooled


def _mean_sqrt_len(states: FloatArray, mask: IntArray) -> FloatArray:
    weights = mask[..., None].astype(np.float32)
    pooled: FloatArray = (states * weights).sum(axis=1) / np.sqrt(np.maximum(weights.sum(axis=1), 1e-9))
    return pooled


def _max(states: FloatArray, mask: IntArray) -> FloatArray:
    pooled: FloatArray = np.where(mask[..., None] > 0, states, np.float32(-1e9)).max(axis=1)
    return pooled


def _first(states: FloatArray, mask: IntArray) -> FloatArray:
    pooled: FloatArray = states[:, 0]
    return pooled


def _last(states: FloatArray, mask: IntArray) -> FloatArray:
    pooled: FloatArray = states[np.arange(len(states)), mask.sum(axis=1) - 1]
    return pooled


POOLING: dict[str, Callable[[FloatArray, IntArray], FloatArray]] = {
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_sqrt_len,
    "max": _max,
    "cls": _first,
    "lasttoken": _last,
}
"""Mode -> token states `(n, seq_len, hidden_size)` and mask `(n, seq_len)` to vectors `(n, hidden_size)`."""


def _dense_layer(dense: Dense) -> Callable[[FloatArray], FloatArray]:
    from safetensors.numpy import load_file

    tensors = load_file(dense.weights)
    weight, activate = tensors["linear.weight"].astype(np.float32), resolve_activation(dense.activation)
    bias = tensors["linear.bias"].astype(np.float32) if dense.bias else np.float32(0)
    return lambda vectors: activate(vectors @ weight.T + bias)
