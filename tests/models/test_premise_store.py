"""Premises on disk: near what was encoded, found by their ids, refused by another model, and never read half."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from crossjudge import CrossEncoder
from crossjudge.backends.premise_cache import BUDGET_BYTES, CacheStatistics
from crossjudge.backends.premise_store import TYPES, Compact, PremiseStore, write_store
from crossjudge.errors import CorruptFileError, FingerprintError, InputError, UnsupportedModelError
from crossjudge.types import FloatArray, IntArray

SIZE, PARTS = 24, 4
OURS = "weights:tokenizer:onnx:int8"

DOCUMENTS = (
    "The harbour office opens at seven, and ships that come earlier wait outside the breakwater until a pilot is free. "
    "In winter the pilots start an hour later, and on Sundays only one of them is on duty.",
    "Every bottle is washed twice with hot water, dried upside down, and looked at against a lamp before it is filled; "
    "one bottle in two hundred is thrown away because its glass has a crack or a bubble.",
)
CLAIMS = (
    "Pilots start later in winter.",
    "No ship may wait outside.",
    "Bottles are washed once.",
    "Some bottles are thrown away.",
    "The office is closed on Mondays.",
)

DRIFT: dict[Compact, float] = {"float32": 0.0, "float16": 0.1, "int8": 0.3}
"""How far a logit of the embedded model may move when its premise comes from disk."""


def some_premises(count: int = 5, *, seed: int = 0) -> Iterator[tuple[IntArray, FloatArray]]:
    """Premises of differing lengths; the parts of a token differ in size by orders of magnitude, and one is zero."""
    random = np.random.default_rng(seed)
    sizes = np.repeat([100.0, 1.0, 1e-4, 0.0], SIZE // PARTS).astype(np.float32)
    for number in range(count):
        ids = np.array([2, *random.integers(5, 90, 3 * number + 1), 3], dtype=np.int64)
        yield ids, (random.standard_normal((len(ids), SIZE)) * sizes).astype(np.float32)


def opened(folder: Path) -> PremiseStore:
    return PremiseStore(folder, fingerprint=OURS)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_store(tmp_path / "store", some_premises(), fingerprint=OURS, parts=PARTS)
    return tmp_path / "store"


# Numbers


@pytest.mark.parametrize("compact", TYPES)
def test_numbers_come_back_within_their_types_error(tmp_path: Path, compact: Compact) -> None:
    write_store(tmp_path / "store", some_premises(), fingerprint=OURS, parts=PARTS, compact=compact)
    kept = opened(tmp_path / "store")
    for ids, expected in some_premises():
        found = kept.get(ids.tobytes())
        assert found is not None
        assert (found.dtype, found.shape) == (np.float32, expected.shape)
        largest = np.abs(expected.reshape(len(ids), PARTS, -1)).max(axis=2).repeat(SIZE // PARTS, axis=1)
        allowed = {"float32": 0 * largest, "float16": np.abs(expected) / 2_048, "int8": largest / 253}[compact]
        # Among the smallest float16 numbers, steps no longer shrink: 127 halves of one.
        assert (np.abs(found - expected) <= allowed + (0 if compact == "float32" else 4e-6)).all()


@pytest.mark.parametrize("compact", TYPES)
def test_a_store_takes_the_bytes_that_its_header_states(tmp_path: Path, compact: Compact) -> None:
    header = write_store(tmp_path / "store", some_premises(), fingerprint=OURS, parts=PARTS, compact=compact)
    tokens = sum(len(ids) for ids, _ in some_premises())
    number_bytes = {"float32": 4, "float16": 2, "int8": 1}[compact]
    assert header.token_bytes == number_bytes * SIZE + (2 * PARTS if compact == "int8" else 0)
    assert (header.premises, header.tokens) == (5, tokens)
    assert (tmp_path / "store" / "numbers.bin").stat().st_size == tokens * header.token_bytes


def test_premises_are_found_by_their_ids_and_by_nothing_less(store: Path) -> None:
    kept = opened(store)
    assert len(kept) == 5
    for ids, _ in some_premises():
        assert ids.tobytes() in kept
        assert ids[:-1].tobytes() not in kept
        assert kept.get(ids[::-1].tobytes()) is None


def test_equal_premises_are_kept_once(tmp_path: Path) -> None:
    header = write_store(
        tmp_path / "store", [*some_premises(), *some_premises()], fingerprint=OURS, parts=PARTS, compact="float32"
    )
    assert header.premises == 5
    kept = opened(tmp_path / "store")
    for ids, expected in some_premises():
        np.testing.assert_array_equal(kept.get(ids.tobytes()), expected)


def test_a_store_of_no_premises_opens(tmp_path: Path) -> None:
    write_store(tmp_path / "store", [], fingerprint=OURS, parts=PARTS)
    assert len(opened(tmp_path / "store")) == 0
    assert opened(tmp_path / "store").get(b"anything") is None


# What is refused


def test_another_model_is_refused(store: Path) -> None:
    with pytest.raises(FingerprintError, match=f"encoded by {OURS}, and this model is other:.*Encode them again"):
        PremiseStore(store, fingerprint="other:tokenizer:onnx:int8")


def test_a_folder_in_use_an_unknown_type_and_a_folder_without_a_header_are_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no empty folder"):
        write_store(store, some_premises(), fingerprint=OURS, parts=PARTS)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no empty folder"):
        write_store(tmp_path / "file", some_premises(), fingerprint=OURS, parts=PARTS)
    with pytest.raises(InputError, match="no type 'int4'; there are float32, float16, int8"):
        write_store(tmp_path / "new", some_premises(), fingerprint=OURS, parts=PARTS, compact="int4")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match=r"no premises\.json"):
        opened(tmp_path / "nowhere")


def test_what_was_not_finished_is_not_opened(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[IntArray, FloatArray]]:
        yield from some_premises(2)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_store(tmp_path / "store", broken(), fingerprint=OURS, parts=PARTS)
    with pytest.raises(InputError, match=r"no premises\.json"):
        opened(tmp_path / "store")


@pytest.mark.parametrize("name", ["premises.json", "places.npy", "numbers.bin"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "gone"])
def test_a_damaged_file_is_named_and_nothing_is_read(store: Path, name: str, damage: str) -> None:
    path = store / name
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "garbage": b"\x7f" * 50}.get(damage, b""))
    if damage == "gone":
        path.unlink()
    expected = InputError if (name, damage) == ("premises.json", "gone") else CorruptFileError
    with pytest.raises(expected, match=name.replace(".", r"\.")):
        opened(store)


def test_places_of_another_store_are_refused(store: Path, tmp_path: Path) -> None:
    write_store(tmp_path / "other", some_premises(3), fingerprint=OURS, parts=PARTS)
    (store / "places.npy").write_bytes((tmp_path / "other" / "places.npy").read_bytes())
    with pytest.raises(CorruptFileError, match=r"lists 3 premises of 18 tokens; expected 5 of 45"):
        opened(store)


@pytest.mark.parametrize("change", [{"format": 99}, {"compact": "int4"}, {"colour": "red"}])
def test_a_header_that_is_not_understood_is_refused(store: Path, change: dict[str, object]) -> None:
    path = store / "premises.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(CorruptFileError, match=r"premises\.json"):
        opened(store)


# With a model


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    return CrossEncoder(premise_cache_bytes=0)


@pytest.fixture(scope="module")
def fresh(model: CrossEncoder) -> FloatArray:
    """Logits of every claim about every document, all read anew."""
    return asked(model)


def asked(model: CrossEncoder) -> FloatArray:
    return model.logits([(document, claim) for document in DOCUMENTS for claim in CLAIMS])


@pytest.mark.parametrize("compact", TYPES)
def test_logits_of_saved_documents_are_those_of_fresh_ones_within_the_types_error(
    tmp_path: Path, model: CrossEncoder, fresh: FloatArray, compact: Compact
) -> None:
    """In float32 to the last bit: what is at hand equals what is computed."""
    model.save_premises(DOCUMENTS, tmp_path / "store", compact=compact)
    store = model.open_premises(tmp_path / "store")
    assert len(store) == len(DOCUMENTS)
    drift = np.abs(asked(model) - fresh).max()
    assert drift <= DRIFT[compact]
    assert (drift == 0) == (compact == "float32"), "otherwise nothing was taken from the store"


def test_documents_that_would_not_fit_beside_a_question_are_left_out_and_read_anew(tmp_path: Path) -> None:
    short = CrossEncoder(max_length=64)
    told: list[tuple[int, int]] = []
    texts = ["A short text.", " ".join(["word"] * 40)]
    header = short.save_premises(texts, tmp_path / "store", progress=lambda done, total: told.append((done, total)))
    assert (header.premises, told) == (1, [(1, 1)])
    before = short.logits([(texts[1], "It says word.")])
    short.open_premises(tmp_path / "store")
    np.testing.assert_array_equal(short.logits([(texts[1], "It says word.")]), before)


def test_another_precision_of_the_model_is_refused(tmp_path: Path, model: CrossEncoder) -> None:
    store = tmp_path / "store"
    model.save_premises(DOCUMENTS[:1], store)
    path = store / "premises.json"
    header = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**header, "fingerprint": header["fingerprint"].replace("int8", "fp32")}))
    with pytest.raises(FingerprintError, match=r"encoded by .*:fp32:.*, and this model is .*:int8:"):
        model.open_premises(store)


def test_only_one_way_models_encode_a_premise_by_itself(tmp_path: Path) -> None:
    fake = CrossEncoder(backend="fake")
    for call in (lambda: fake.save_premises(DOCUMENTS, tmp_path / "store"), lambda: fake.open_premises(tmp_path)):
        with pytest.raises(UnsupportedModelError, match="Only one-way models on onnx or openvino"):
            call()


def test_premises_kept_between_calls_stay_within_their_budget(fresh: FloatArray) -> None:
    """And whether a premise is at hand never shows in a logit."""
    needed = kept_within(BUDGET_BYTES, fresh).bytes
    assert 0 < needed < BUDGET_BYTES
    for budget, premises in ((0, 0), (needed - 1, 1), (needed, 2)):
        assert kept_within(budget, fresh).kept == premises


def kept_within(budget: int, fresh: FloatArray) -> CacheStatistics:
    """After the same questions three times."""
    model = CrossEncoder(premise_cache_bytes=budget)
    for _ in range(3):
        np.testing.assert_array_equal(asked(model), fresh)
        seen = model.premise_cache
        assert seen is not None
        assert seen.bytes <= seen.budget_bytes == budget
    return seen
