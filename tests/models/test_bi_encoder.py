"""`BiEncoder` gives sentence-transformers' normalised vectors, whatever the pooling, batch and order."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from crossjudge import BiEncoder
from crossjudge.errors import InputError, NonFiniteLogitsError, PairError, UnsupportedModelError
from crossjudge.models import cross_encoder
from crossjudge.models.bi_encoder import POOLING
from crossjudge.models.truncation import TruncationWarning
from crossjudge.types import Pair
from tiny_checkpoints import ARCHITECTURES, edit_json, make_bi_encoder, random_pairs

# Over-long texts are part of every comparison with the reference.
pytestmark = pytest.mark.filterwarnings("ignore::crossjudge.models.truncation.TruncationWarning")

PAIRS = random_pairs(40, seed=21)
TEXTS = [text for pair in PAIRS for text in (pair.text_a, pair.text_b)]
FEW = TEXTS[:16]
TORCH_LIMIT, ONNX_LIMIT = 1e-5, 1e-4


def reference(folder: Path, texts: list[str]) -> np.ndarray[Any, Any]:
    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True))


def assert_unit(vectors: np.ndarray[Any, Any]) -> None:
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=0, atol=1e-5)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "minilm"])
def test_torch_gives_the_references_vectors(tmp_path: Path, architecture: str) -> None:
    folder = make_bi_encoder(tmp_path / "model", architecture)
    vectors = BiEncoder(folder, backend="torch").encode(FEW)
    assert_unit(vectors)
    np.testing.assert_allclose(vectors, reference(folder, FEW), rtol=0, atol=TORCH_LIMIT)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dense", [(), (24,), (24, 8)])
@pytest.mark.parametrize("pooling", POOLING)
def test_every_pooling_gives_the_references_vectors(
    tmp_path: Path, pooling: str, dense: tuple[int, ...], normalize: bool
) -> None:
    folder = make_bi_encoder(tmp_path / "model", pooling=pooling, dense=dense, normalize=normalize)
    model = BiEncoder(folder, backend="torch")
    vectors = model.encode(FEW)
    assert_unit(vectors)
    assert vectors.shape == (len(FEW), model.dim) == (len(FEW), dense[-1] if dense else 48)
    np.testing.assert_allclose(vectors, reference(folder, FEW), rtol=0, atol=TORCH_LIMIT)


def test_an_encoder_without_modules_is_pooled_by_the_mean(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", "bert", layout="hf")
    vectors = BiEncoder(folder, backend="torch").encode(FEW)
    np.testing.assert_allclose(vectors, reference(folder, FEW), rtol=0, atol=TORCH_LIMIT)


def test_onnx_gives_the_references_vectors_in_any_batch_and_order(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", dense=(24,))
    model, expected = BiEncoder(folder, backend="onnx"), reference(folder, TEXTS)
    order = random.Random(4).sample(range(len(TEXTS)), len(TEXTS))
    for batch_size in (1, 2, 7, 32, None):
        np.testing.assert_allclose(model.encode(TEXTS, batch_size), expected, rtol=0, atol=ONNX_LIMIT)
        shuffled = model.encode([TEXTS[row] for row in order], batch_size=batch_size)
        np.testing.assert_allclose(shuffled, expected[order], rtol=0, atol=ONNX_LIMIT)


@pytest.mark.full
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_onnx_gives_every_architectures_vectors(tmp_path: Path, architecture: str) -> None:
    folder = make_bi_encoder(tmp_path / "model", architecture)
    vectors = BiEncoder(folder, backend="onnx").encode(TEXTS)
    np.testing.assert_allclose(vectors, reference(folder, TEXTS), rtol=0, atol=ONNX_LIMIT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bi_encoder(tmp_path_factory.mktemp("bi_encoder") / "model")


@pytest.fixture(scope="module")
def model(folder: Path) -> BiEncoder:
    return BiEncoder(folder, backend="torch")


def test_the_number_of_texts_and_their_kind_do_not_matter(model: BiEncoder) -> None:
    expected = model.encode(FEW)
    for many in (tuple(FEW), iter(FEW), np.array(FEW)):
        np.testing.assert_allclose(model.encode(many), expected, rtol=0, atol=TORCH_LIMIT)
    one = model.encode(FEW[0])
    assert one.shape == (model.dim,)
    np.testing.assert_allclose(one, expected[0], rtol=0, atol=TORCH_LIMIT)
    np.testing.assert_allclose(model.encode([FEW[0]] * 5), np.tile(expected[0], (5, 1)), rtol=0, atol=TORCH_LIMIT)


def test_no_texts_give_no_vectors_of_the_right_size(model: BiEncoder) -> None:
    assert model.encode([]).shape == (0, model.dim)
    assert model.encode([]).dtype == np.float32
    assert model.similarity([]).shape == (0,)


@pytest.mark.parametrize("max_length", [5, 16])
def test_max_length_is_the_callers(folder: Path, max_length: int) -> None:
    model = BiEncoder(folder, backend="torch", max_length=max_length)
    shorter = SentenceTransformer(str(folder), device="cpu")
    shorter.max_seq_length = max_length
    expected = shorter.encode(FEW, normalize_embeddings=True)
    np.testing.assert_allclose(model.encode(FEW), expected, rtol=0, atol=TORCH_LIMIT)


def test_saved_prompt_and_casing_are_honoured(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model", "roberta")
    plain = BiEncoder(folder, backend="torch").encode(FEW)
    edit_json(folder / "config_sentence_transformers.json", prompts={"q": "THE boats: "}, default_prompt_name="q")
    edit_json(folder / "sentence_bert_config.json", do_lower_case=True)
    vectors = BiEncoder(folder, backend="torch").encode(FEW)
    np.testing.assert_allclose(vectors, reference(folder, FEW), rtol=0, atol=TORCH_LIMIT)
    assert np.abs(vectors - plain).max() > 1e-3


def test_a_pooling_that_leaves_out_the_prompt_is_refused(tmp_path: Path) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    edit_json(folder / "1_Pooling" / "config.json", include_prompt=False)
    with pytest.raises(UnsupportedModelError, match="include_prompt"):
        BiEncoder(folder, backend="torch")


def test_similarity_is_the_cosine_of_the_vectors(model: BiEncoder) -> None:
    left = model.encode([pair.text_a for pair in PAIRS])
    right = model.encode([pair.text_b for pair in PAIRS])
    cosines = model.similarity(PAIRS)
    assert cosines.dtype == np.float32
    np.testing.assert_allclose(cosines, (left * right).sum(axis=1), rtol=0, atol=TORCH_LIMIT)
    np.testing.assert_allclose(model.similarity([(p.text_b, p.text_a) for p in PAIRS]), cosines, atol=TORCH_LIMIT)
    assert model.similarity(("a horse", "a dog")).shape == (1,)


def test_similarity_never_leaves_its_scale(model: BiEncoder) -> None:
    same = model.similarity([(text, text) for text in TEXTS])
    assert same.max() <= 1
    np.testing.assert_allclose(same, 1, rtol=0, atol=1e-5)
    crossed = model.similarity([(one, other) for one in FEW for other in FEW])
    assert np.abs(crossed).max() <= 1


def test_threads_share_a_model_and_get_the_same_vectors(model: BiEncoder) -> None:
    parts = [TEXTS[start : start + 10] for start in range(0, 80, 10)]
    expected = [model.encode(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for vectors, right in zip(pool.map(model.encode, parts), expected, strict=True):
            np.testing.assert_allclose(vectors, right, rtol=0, atol=TORCH_LIMIT)


def test_many_chunks_give_what_one_gives(model: BiEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.encode(FEW)
    monkeypatch.setattr(cross_encoder, "CHUNK_PAIRS", 5)
    seen: list[tuple[int, int]] = []
    parts = model.encode(FEW, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(parts, whole, rtol=0, atol=TORCH_LIMIT)
    assert seen == [(5, 16), (10, 16), (15, 16), (16, 16)]


@pytest.mark.parametrize("bad", [None, 3, b"a", ["a"]])
def test_a_text_that_is_none_is_named_by_its_index(model: BiEncoder, bad: Any) -> None:
    with pytest.raises(PairError, match=r"text 1 is") as caught:
        model.encode(["a", bad])
    assert caught.value.index == 1
    with pytest.raises(PairError, match="pair 1") as caught:
        model.similarity([("a", "b"), ("a", bad)])
    assert caught.value.index == 1


@pytest.mark.parametrize("nothing", [None, 3, b"text"])
def test_what_is_no_list_is_refused(model: BiEncoder, nothing: Any) -> None:
    for method in (model.encode, model.similarity):
        with pytest.raises(InputError, match="expected a list of"):
            method(nothing)


def test_a_batch_of_nothing_is_refused(model: BiEncoder) -> None:
    with pytest.raises(InputError, match=r"batch_size is 0.*positive"):
        model.encode(FEW, batch_size=0)


def test_vectors_that_are_no_numbers_name_the_callers_text_or_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_bi_encoder(tmp_path / "model")
    (word,) = BiEncoder(folder, backend="fake").tokenizer.token_ids(["horse"])["horse"]
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.word_embeddings.weight"][int(word)] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model = BiEncoder(folder, backend="torch")
    monkeypatch.setattr(cross_encoder, "CHUNK_PAIRS", 2)
    with pytest.raises(NonFiniteLogitsError, match="NaN or infinity for text 3") as caught:
        model.encode(["a", "b", "c", "a horse", "d"])
    assert caught.value.index == 3
    with pytest.raises(NonFiniteLogitsError, match="NaN or infinity for pair 2") as caught:
        model.similarity([("a", "b"), ("b", "a"), ("c", "a horse"), ("a horse", "d")])
    assert caught.value.index == 2


@pytest.mark.parametrize("open_model", [lambda: BiEncoder(), lambda: BiEncoder(backend="fake")])
def test_the_embedded_model_embeds(open_model: Callable[[], BiEncoder]) -> None:
    model = open_model()
    vectors = model.encode(["A man rides a horse.", "", "\ud800 \0"])
    assert_unit(vectors)
    assert vectors.shape == (3, model.dim)
    assert model.name == "embedded"
    assert -1 <= model.similarity([Pair("a", "b")])[0] <= 1


def test_fingerprints_tell_models_and_backends_apart(model: BiEncoder, folder: Path, tmp_path: Path) -> None:
    other = BiEncoder(make_bi_encoder(tmp_path / "other", seed=5), backend="torch")
    assert len({model.fingerprint, other.fingerprint, BiEncoder(folder, backend="fake").fingerprint}) == 3
    assert BiEncoder(folder, backend="torch").fingerprint == model.fingerprint


def test_texts_that_were_cut_are_counted_and_warned_of_once(tmp_path: Path) -> None:
    model = BiEncoder(make_bi_encoder(tmp_path, max_length=8), backend="torch")
    long = "many words " * 50
    with pytest.warns(TruncationWarning, match="1 text"):
        model.encode([long, "short"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.encode([long])
    assert caught == []
    assert model.truncated_texts == 2


def test_vectors_of_encodings_are_those_of_their_texts() -> None:
    model = BiEncoder(backend="fake")
    encodings = model.tokenizer.encode_single([model.checkpoint.prompt + text for text in FEW])
    np.testing.assert_array_equal(model.vectors_of(encodings), model.encode(FEW))
