"""`CrossEncoder`: pairs of texts in, logits and scores out, in input order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from crossjudge.backends.base import forward_each
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.backends.premise_cache import CacheStatistics
from crossjudge.backends.premise_store import Compact, PremiseStore, StoreHeader, write_store
from crossjudge.errors import BackendError, InputError, NonFiniteLogitsError, UnsupportedModelError
from crossjudge.extras import require
from crossjudge.models.activation_functions import default_activation, resolve_activation, softmax
from crossjudge.models.drop_in import call_arguments, init_arguments
from crossjudge.models.loaded import Opened, load_model, with_head
from crossjudge.models.pairs import is_single, to_pair, to_pairs, to_texts
from crossjudge.text.ahead import ahead
from crossjudge.text.batching import plan
from crossjudge.types import Attention, Batch, Encoding, FloatArray, IntArray, Pair

CHUNK_PAIRS = 8_192
"""Pairs tokenized and sorted together: enough for tight batches, few enough that memory stays flat over a million."""

CHUNK_TOKENS = CHUNK_PAIRS * 512
"""The same in tokens, at 40 bytes each, for models that read thousands of tokens a pair."""

Progress = Callable[[int, int], None]
Item = TypeVar("Item")


class CrossEncoder(Opened):
    """A cross-encoder, with the words and the numbers of sentence-transformers' class of the same name.

    `path`: a folder or hub name, or None for the embedded model. `backend`: "auto", "onnx", "openvino", "torch" or
    "fake". `device`: "cpu", "cuda", "cuda:1" (torch backend). `precision`: "fp32", "bf16", "fp16", "int8", or "auto"
    for the fastest that decides as fp32 does; by default the embedded model runs as shipped and any other in fp32.
    `max_length`: tokens of a pair. `activation_fn`: a name or a callable that `predict` applies to logits. `head`:
    which head of a multi-head model. `num_threads`: CPU threads of the backend. `premise_cache_bytes`: what a one-way
    model may keep of premises that come again (None: 128 MiB, 0: nothing). sentence-transformers' own names for
    these (`model_name_or_path`, `model_kwargs`, ...) are taken too. Objects may be shared between threads.

    Raises a `CheckpointError` when the model cannot be loaded, each cause its own class.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        backend: str = "auto",
        device: str | None = None,
        precision: str | None = None,
        max_length: int | None = None,
        activation_fn: Any = None,
        num_labels: int | None = None,
        head: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
        trust_remote_code: bool = False,
        token: str | bool | None = None,
        num_threads: int | None = None,
        cache_folder: str | Path | None = None,
        premise_cache_bytes: int | None = None,
        **spelled: Any,
    ) -> None:
        given = init_arguments(
            {
                "path": path,
                "precision": precision,
                "num_labels": num_labels,
                "max_length": max_length,
                "cache_folder": cache_folder,
                "activation_fn": activation_fn,
            },
            spelled,
        )
        wanted = given.pop("activation_fn")
        loaded = load_model(
            given.pop("path"),
            kind="cross_encoder",
            backend=backend,
            device=device,
            head=head,
            num_threads=num_threads,
            premise_cache_bytes=premise_cache_bytes,
            revision=revision,
            local_files_only=local_files_only,
            trust_remote_code=trust_remote_code,
            token=token,
            **given,
        )
        super().__init__(loaded)
        saved = self.checkpoint.activation
        self.activation_fn = (
            resolve_activation(wanted) if wanted is not None else default_activation(saved, self.num_labels)
        )

    @property
    def truncated_pairs(self) -> int:
        """How many pairs were cut to `max_length` so far."""
        return self._cut.total

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names by id."""
        return self._loaded.labels

    @property
    def num_labels(self) -> int:
        """Logits per pair."""
        return len(self._loaded.labels)

    @property
    def objective(self) -> str | None:
        """What the model was trained to say: "nli", "similarity", "duplicate", "relevance"; None where unknown."""
        return self._loaded.objective

    @property
    def head(self) -> str | None:
        """The head that answers; None where the model has a single one without a name."""
        return self._loaded.head

    @property
    def attention(self) -> Attention:
        """`"joint"` or `"one_way"`."""
        return self.checkpoint.attention

    def with_head(self, head: str) -> CrossEncoder | None:
        """This model answering with another of its heads, on the same weights and premises in memory.

        None where its engine reads one head alone; then open it anew with `head`. Raises `LabelError` for a head that
        it does not have.
        """
        loaded = with_head(self._loaded, head)
        if loaded is None:
            return None
        other = CrossEncoder.__new__(CrossEncoder)
        Opened.__init__(other, loaded)
        other.activation_fn = default_activation(self.checkpoint.activation, other.num_labels)
        return other

    def predict(
        self,
        pairs: Any = None,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        apply_softmax: bool | None = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        *,
        prompt: str | None = None,
        progress: Progress | None = None,
        **spelled: Any,
    ) -> Any:
        """Scores after the activation: `(n_pairs,)` for one label, else `(n_pairs, num_labels)`; one pair, one row.

        `batch_size`: pairs per batch at most (batches are bounded by tokens anyway). `convert_to_tensor` gives a torch
        tensor, `convert_to_numpy=False` a list of them. `prompt`: text to put before each first text, instead of the
        one that was saved with the model. Raises `PairError` naming the pair that is not two texts.
        """
        named = call_arguments(spelled, method="predict")
        pairs = named.get("pairs") if pairs is None else pairs
        single = is_single(pairs)
        with _bar(progress, show_progress_bar) as report:
            logits = self._logits(pairs, batch_size=batch_size, progress=report, prompt=prompt)
        scores = self._activated(logits, named.get("activation_fn") if activation_fn is None else activation_fn)
        if apply_softmax and scores.ndim > 1:
            scores = softmax(scores)
        converted = _converted(scores, as_tensor=convert_to_tensor, as_numpy=convert_to_numpy)
        return converted[0] if single else converted

    def rank(
        self,
        query: str,
        documents: Sequence[str],
        top_k: int | None = None,
        return_documents: bool = False,
        batch_size: int | None = None,
        show_progress_bar: bool | None = None,
        activation_fn: Any = None,
        apply_softmax: bool | None = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        *,
        prompt: str | None = None,
        **spelled: Any,
    ) -> list[dict[str, Any]]:
        """Documents by score, best first: `[{"corpus_id", "score", "text"?}]`; equal scores keep their order.

        Scores that are equal only because the activation saturates are ordered by logit. Needs a model with one label;
        `apply_softmax`, `convert_to_numpy` and `convert_to_tensor` have no effect, as in the reference.
        """
        named = call_arguments(spelled, method="rank")
        if self.num_labels != 1:
            raise InputError(
                f"Ranking documents: the model {self.name!r} has {self.num_labels} labels ({', '.join(self.labels)}); "
                "expected one score. Use predict() and choose a label, or a relevance model."
            )
        texts = to_texts(documents)
        with _bar(None, show_progress_bar) as report:
            logits = self._logits(
                [(query, text) for text in texts], batch_size=batch_size, progress=report, prompt=prompt
            )
        scores = self._activated(logits, named.get("activation_fn") if activation_fn is None else activation_fn)
        order = np.lexsort((-logits[:, 0], -scores))[:top_k]
        ranked: list[dict[str, Any]] = [{"corpus_id": int(row), "score": float(scores[row])} for row in order]
        if return_documents:
            ranked = [{**one, "text": texts[one["corpus_id"]]} for one in ranked]
        return ranked

    def logits(self, pairs: Any, *, batch_size: int | None = None, progress: Progress | None = None) -> FloatArray:
        """Raw logits, float32 `(n_pairs, num_labels)` in input order: no activation, no temperature."""
        return self._logits(pairs, batch_size=batch_size, progress=progress)

    def _logits(
        self, pairs: Any, *, batch_size: int | None, progress: Progress | None, prompt: str | None = None
    ) -> FloatArray:
        checked = [to_pair(pairs)] if is_single(pairs) else to_pairs(pairs)
        logits = np.zeros((len(checked), self.num_labels), dtype=np.float32)
        chunks = list(_chunks(len(checked), chunk_size(self.max_length)))
        encoded = ahead((partial(self._encode_distinct, checked[chunk], prompt) for chunk in chunks), len(chunks))
        for chunk, (encodings, where) in zip(chunks, encoded, strict=True):
            cut = np.array([encoding.tokens_dropped > 0 for encoding in encodings], dtype=bool)
            self._note_cut(int(cut[where].sum()))
            done = _shifted(progress, chunk.start, len(where), len(checked))
            with index_errors(partial(_first_pair, where, chunk.start)):
                answers = self.logits_of(encodings, batch_size=batch_size, progress=done)
            logits[chunk] = answers[where]
        return logits

    def logits_of(
        self,
        encodings: Sequence[Encoding],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> FloatArray:
        """Raw logits of encodings made by `self.tokenizer`, float32 `(n_encodings, num_labels)`, in their order."""
        logits = np.zeros((len(encodings), self.num_labels), dtype=np.float32)
        done = 0
        batches = self._plan(encodings, batch_size)
        for batch, answer in zip(batches, forward_each(self._loaded.backend, batches), strict=True):
            if answer.shape != (len(batch.rows), self.num_labels):
                raise self._misshapen(answer, batch)
            logits[batch.rows] = answer
            done += len(batch.rows)
            if progress is not None:
                progress(done, len(encodings))
        return logits

    def _plan(self, encodings: Sequence[Encoding], batch_size: int | None) -> list[Batch]:
        wishes = self._loaded.wishes
        return plan(
            encodings,
            token_budget=wishes.token_budget,
            attention=self.attention,
            batch_size=batch_size,
            pad_token_id=self.tokenizer.pad_token_id,
            waste_limit=wishes.waste_limit,
            length_step=wishes.length_step,
            side_by_side=wishes.side_by_side,
            at_hand=getattr(self._loaded.backend, "at_hand", None),
        )

    def _misshapen(self, answer: FloatArray, batch: Batch) -> BackendError:
        return BackendError(
            f"Scoring pairs: the backend {self.backend} answered {len(batch.rows)} pairs with an array of shape "
            f"{answer.shape}; expected {self.num_labels} logits a pair ({', '.join(self.labels)}). Graph or weights do "
            "not belong to this config.json: export or fetch the model again."
        )

    @property
    def premise_cache(self) -> CacheStatistics | None:
        """Hits, misses and bytes of the premises that a one-way model keeps between calls; None for other models."""
        backend = self._loaded.backend
        return backend.cache.statistics() if isinstance(backend, OneWayBackend) else None

    def save_premises(
        self,
        texts: Sequence[str],
        folder: str | Path,
        *,
        compact: Compact = "int8",
        progress: Progress | None = None,
    ) -> StoreHeader:
        """Encode documents once and keep their keys and values in `folder`, for `open_premises`.

        A text that fills `max_length` is cut to fit whatever is asked of it, so those longer than half of it are left
        out and read anew each time; `StoreHeader.premises` counts what was kept. A token takes 4.5 KiB in int8, 9 in
        float16 and 18 in float32 with the embedded model. Raises `UnsupportedModelError` for joint models.
        """
        backend = self._one_way_backend("save premises")
        encodings = self.tokenizer.encode([self.prepared(Pair(text, "")) for text in to_texts(texts)])
        premises = [one.input_ids[: one.premise_len] for one in encodings]
        fitting = [ids for ids in premises if len(ids) <= self.max_length // 2]
        layers = int(self.checkpoint.raw["num_layers"])
        told = _told(backend.encode(fitting), progress, len(fitting))
        return write_store(folder, told, fingerprint=self.fingerprint, parts=2 * layers, compact=compact)

    def open_premises(self, folder: str | Path) -> PremiseStore:
        """From now on take the documents in `folder` from there instead of encoding them.

        Raises `FingerprintError` if another model, backend or precision encoded them.
        """
        backend = self._one_way_backend("open premises")
        backend.shelf = PremiseStore(folder, fingerprint=self.fingerprint)
        return backend.shelf

    def _one_way_backend(self, purpose: str) -> OneWayBackend:
        backend = self._loaded.backend
        if isinstance(backend, OneWayBackend):
            return backend
        raise UnsupportedModelError(
            f"Trying to {purpose} with '{self.name}': it has {self.attention} attention and runs on {self.backend}. "
            "Only one-way models on onnx or openvino encode a premise apart from what is asked of it. Use the embedded "
            "model, or one that you trained with attention = 'one_way'."
        )

    def prepared(self, pair: Pair, prompt: str | None = None) -> Pair:
        """The pair as the checkpoint wants it: `prompt`, by default the saved one, before the first text."""
        before = self.checkpoint.prompt if prompt is None else prompt
        return Pair(before + pair.text_a, pair.text_b) if before else pair

    def _encode_distinct(self, pairs: Sequence[Pair], prompt: str | None) -> tuple[list[Encoding], IntArray]:
        """Each distinct pair's encoding once, and for every input row which of them it is."""
        places: dict[tuple[str, str], int] = {}
        where = [places.setdefault((pair.text_a, pair.text_b), len(places)) for pair in pairs]
        encodings = self.tokenizer.encode([self.prepared(Pair(a, b), prompt) for a, b in places])
        return encodings, np.array(where, dtype=np.int64)

    def _note_cut(self, count: int) -> None:
        self._cut.add(
            count,
            f"{count} pair(s) are longer than the model's max_length of {self.max_length} tokens and were cut, the "
            "longer text first, as the reference does. CrossEncoder.truncated_pairs counts them; Judge reads long "
            "texts in windows instead.",
            stacklevel=4,
        )

    def _activated(self, logits: FloatArray, activation_fn: Any) -> FloatArray:
        """Scores, squeezed to `(n_pairs,)` where there is one label."""
        activate = resolve_activation(self.activation_fn if activation_fn is None else activation_fn)
        # A copy, since a caller's function may work in place.
        scores = activate(logits.copy()) if len(logits) else logits
        return scores[:, 0] if self.num_labels == 1 and scores.ndim == 2 else scores


@contextmanager
def index_errors(place_of: Callable[[int], int], *, what: str = "pair") -> Iterator[None]:
    """Make an error about an encoding name the caller's `what`: `place_of` maps the one's index to the other's."""
    try:
        yield
    except NonFiniteLogitsError as error:
        index = place_of(error.index)
        raise NonFiniteLogitsError(
            f"Running the model: it answered NaN or infinity for {what} {index}; expected finite numbers. The weights "
            "may be damaged or too large for this precision: try precision='fp32', or fetch the model again.",
            index=index,
        ) from error


def _first_pair(where: IntArray, start: int, place: int) -> int:
    """The first input row whose encoding is `place`; `where` is that of the chunk that begins at row `start`."""
    return start + int(np.argmax(where == place))


def _chunks(count: int, size: int) -> Iterator[slice]:
    """`count` rows in chunks of at most `size`, the first a quarter of it: while it is computed, the next is read."""
    start, stop = 0, size // 4 if count > size // 4 else size
    while start < count:
        yield slice(start, min(stop, count))
        start, stop = stop, stop + size


def chunk_size(max_length: int) -> int:
    """How many pairs, or texts, of at most `max_length` tokens are tokenized and sorted together."""
    return min(CHUNK_PAIRS, max(256, CHUNK_TOKENS // max_length))


def _told(items: Iterator[Item], progress: Progress | None, total: int) -> Iterator[Item]:
    """`items`, each one reported once it is there."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(done, total)


def _shifted(progress: Progress | None, start: int, size: int, total: int) -> Progress | None:
    """Progress of the `size` pairs from `start` as progress of the whole; duplicates count when their chunk is done."""
    if progress is None:
        return None
    return lambda done, of: progress(start + (size if done == of else done), total)


def _bar(progress: Progress | None, show: bool | None) -> AbstractContextManager[Progress | None]:
    """`show_progress_bar=True` is the drop-in signature's wish; the bar itself is rich's, on standard error."""
    if progress is not None or not show:
        return nullcontext(progress)
    from crossjudge.models.progress_bar import progress_bar

    return progress_bar("Scoring pairs")


def _converted(scores: FloatArray, *, as_tensor: bool, as_numpy: bool) -> Any:
    if as_numpy and not as_tensor:
        return scores
    tensor = require("torch", to="return tensors").from_numpy(np.array(scores))
    return tensor if as_tensor else list(tensor)
