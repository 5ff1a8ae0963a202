"""A checkpoint exported in int8: its folder, its certificates, logits that are each pair's own, and what is refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from crossjudge import CrossEncoder
from crossjudge.backends.onnx import OnnxBackend
from crossjudge.cli.exporting import calibration_pairs
from crossjudge.errors import BackendError, FileRowError, InputError
from crossjudge.models.certificates import Certificate, load_certificates
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.export import CERTIFICATES, OPENVINO_INT8, export
from crossjudge.models.int8_export import LEAST_PAIRS, CalibrationTexts, calibration_texts
from crossjudge.models.loading import open_backend
from crossjudge.models.parity import Parity, compare_logits
from crossjudge.models.vector_parity import VectorParity
from crossjudge.text.batching import plan
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import FloatArray, Pair
from tiny_checkpoints import ARCHITECTURES, make_bi_encoder, make_checkpoint, random_pairs

MAX_LENGTH = 192
"""Long enough for sums over a row to be made in several pieces."""

CALIBRATION = random_pairs(120, 1)
PAIRS = random_pairs(60, 2)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("source") / "bert", "bert", max_length=MAX_LENGTH)


@pytest.fixture(scope="module")
def out(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "out"
    return export(load_checkpoint(source), folder, precision="int8", calibration=CALIBRATION)


@pytest.fixture(scope="module")
def model(out: Path) -> CrossEncoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some pairs are cut, and that its labels have no names
        return CrossEncoder(out)


def logits(model: CrossEncoder, pairs: Sequence[Pair]) -> FloatArray:
    return model.logits_of(model.tokenizer.encode(pairs))


# The folder


def test_the_folder_holds_a_graph_for_each_engine_and_no_weights(out: Path) -> None:
    assert (out / OPENVINO_INT8).is_file()
    assert not list(out.rglob("*.safetensors"))
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["crossjudge"]["precision"] == "int8"


def test_the_certificate_says_how_many_held_out_pairs_were_decided_alike(out: Path) -> None:
    certificates = {one.engine: one for one in load_certificates(out / CERTIFICATES)}
    assert "onnx" in certificates
    for one in certificates.values():
        assert isinstance(one.parity, Parity)
        assert one.parity.n_pairs == len(CALIBRATION) // 2
        assert one.layers["static"] > 0
        assert 0 < one.parity.mean_drift < 0.2


def test_the_choice_between_its_engines_goes_by_the_certificate(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no fp32 to compare with any more; what the export measured says whether a graph may be chosen."""
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(out.parent / "cache"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        choice = CrossEncoder(out, precision="auto").choice
    assert choice is not None
    certificates = {one.engine: one.parity for one in load_certificates(out / CERTIFICATES)}
    assert {one.backend: one.parity for one in choice.trials if not one.error} == certificates
    assert choice.precision == "int8"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_openvino_does_not_pretend_to_another_precision(out: Path, precision: str) -> None:
    pytest.importorskip("openvino")
    with pytest.raises(BackendError, match=r"its graphs are int8\. Leave the precision out"):
        CrossEncoder(out, backend="openvino", precision=precision)


def test_what_was_calibrated_on_is_known_by_number_and_digest(source: Path, out: Path) -> None:
    saved = json.loads((out / "config.json").read_text(encoding="utf-8"))["crossjudge"]["calibration"]
    texts = halves(load_checkpoint(source), CALIBRATION)
    assert saved == texts.to_dict() == {"pairs": 120, "pairs_given": 120, "seed": 20, "sha256": texts.sha256}
    changed = [*CALIBRATION[:-1], Pair("other", "words")]
    assert halves(load_checkpoint(source), changed).sha256 != texts.sha256


def halves(checkpoint: Checkpoint, pairs: Sequence[Pair]) -> CalibrationTexts:
    tokenizer = PairTokenizer.from_folder(checkpoint.tokenizer_folder, max_length=checkpoint.max_length)
    return calibration_texts(pairs, tokenizer.encode, pad_token_id=checkpoint.pad_token_id)


def test_no_pair_is_in_both_halves_however_often_it_comes(source: Path) -> None:
    texts = halves(load_checkpoint(source), [*CALIBRATION, *CALIBRATION])
    assert (texts.given, texts.used) == (240, 120)
    measured, held_out = ({one.input_ids.tobytes() for one in half} for half in (texts.measured, texts.held_out))
    assert len(measured) == len(held_out) == 60
    assert not measured & held_out


def test_the_model_opens_in_int8_and_agrees_with_its_checkpoint(model: CrossEncoder, source: Path) -> None:
    assert (model.backend, model.precision) == ("onnx", "int8")
    reference = CrossEncoder(source, backend="onnx")
    seen = compare_logits(logits(reference, PAIRS), logits(model, PAIRS))
    assert seen.agreement > 0.9
    assert 0 < seen.mean_drift < 0.2


# Batches


def test_a_pairs_logits_are_its_own_whatever_it_is_batched_with(model: CrossEncoder) -> None:
    """To the last bit: alone, all together, in another order, and a few at a time."""
    together = logits(model, PAIRS)
    np.testing.assert_array_equal(np.concatenate([logits(model, [pair]) for pair in PAIRS]), together)
    order = np.random.default_rng(0).permutation(len(PAIRS))
    np.testing.assert_array_equal(logits(model, [PAIRS[place] for place in order]), together[order])
    for size in (2, 7):
        parts = [logits(model, PAIRS[start : start + size]) for start in range(0, len(PAIRS), size)]
        np.testing.assert_array_equal(np.concatenate(parts), together)


def test_an_int8_graph_wishes_for_batches_without_padding(model: CrossEncoder, out: Path) -> None:
    wishes = OnnxBackend(out / "onnx" / "model.onnx", precision="int8").wishes
    encodings = model.tokenizer.encode(PAIRS)
    batches = plan(encodings, token_budget=wishes.token_budget, waste_limit=wishes.waste_limit)
    assert sum(batch.total_tokens for batch in batches) == sum(map(len, encodings))
    assert len(batches) < len(PAIRS)


# What is refused


def test_an_int8_folder_is_not_exported_once_more(out: Path, tmp_path: Path) -> None:
    for precision in ("int8", "fp32"):
        with pytest.raises(InputError, match="an int8 graph already, and its float32 weights are not there"):
            export(load_checkpoint(out), tmp_path / "again", precision=precision)
    assert not (tmp_path / "again").exists()


def test_too_few_pairs_and_pairs_that_nothing_is_done_with_are_refused(source: Path, tmp_path: Path) -> None:
    checkpoint, few = load_checkpoint(source), CALIBRATION[: LEAST_PAIRS - 1]
    with pytest.raises(InputError, match=f"found {LEAST_PAIRS - 1} distinct pairs; expected at least {LEAST_PAIRS}"):
        export(checkpoint, tmp_path / "new", precision="int8", calibration=[*few, *few])
    with pytest.raises(InputError, match="calibration pairs are for int8"):
        export(checkpoint, tmp_path / "new", precision="fp32", calibration=CALIBRATION)
    assert not list(tmp_path.iterdir()), "nothing is left half-written"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"premise": "a dog"}', r"pairs\.jsonl line 2.*hypothesis"),
        ('{"premise": "a dog", "hypothesis": 7}', r"pairs\.jsonl line 2.*hypothesis"),
        ("{oh no", r"pairs\.jsonl line 2"),
    ],
)
def test_a_bad_row_of_calibration_pairs_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f'{{"premise": "a dog", "hypothesis": "a cat"}}\n{row}\n', encoding="utf-8")
    with pytest.raises(FileRowError, match=message):
        calibration_pairs(path)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_int8_folder_runs_in_int8_alone(out: Path, precision: str) -> None:
    with pytest.raises(BackendError, match=f"precision '{precision}' was asked for, and its graph is int8"):
        open_backend(load_checkpoint(out), backend="onnx", precision=precision)


# Every architecture

DRIFT = 0.35
"""What logits of tiny random networks may be off by on average; theirs spread over about 3."""


@pytest.mark.full
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_agrees_with_float32_in_int8(architecture: str, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(make_checkpoint(tmp_path / architecture, architecture))
    out = export(checkpoint, tmp_path / "out", precision="int8", calibration=CALIBRATION)
    certificates = load_certificates(out / CERTIFICATES)
    assert {one.engine for one in certificates} >= {"onnx"}
    for one in certificates:
        _assert_near(one, RANKED_AT_LEAST.get(architecture, 0.97))


RANKED_AT_LEAST = {"deberta-v2": 0.8, "deberta-v3": 0.8}
"""Rank correlation where it is lower: DeBERTa multiplies positions into its attention (0.86 and 0.96 on OpenVINO here,
decisions equal in 59 and 60 of 60)."""


def _assert_near(certificate: Certificate, ranked: float) -> None:
    assert isinstance(certificate.parity, Parity)
    assert certificate.parity.agreement >= 0.9
    assert certificate.parity.rank_correlation >= ranked
    assert certificate.parity.mean_drift <= DRIFT


@pytest.mark.full
def test_a_bi_encoders_vectors_stay_near_float32s(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(make_bi_encoder(tmp_path / "bi"), kind="bi_encoder")
    out = export(checkpoint, tmp_path / "out", precision="int8", calibration=CALIBRATION)
    for one in load_certificates(next(out.rglob(CERTIFICATES))):
        assert isinstance(one.parity, VectorParity)
        assert one.parity.mean_cosine > 0.98
