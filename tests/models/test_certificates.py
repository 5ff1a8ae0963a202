"""What an int8 export found out is written, read back as it was, and said in words that hide nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossjudge.errors import CorruptFileError
from crossjudge.models.certificates import Certificate, load_certificates, save_certificates
from crossjudge.models.parity import compare_logits
from crossjudge.models.vector_parity import compare_vectors


def certificate(*, flips: int = 0, engine: str = "onnx") -> Certificate:
    """Of 1,000 pairs, of which so many are decided otherwise."""
    reference = np.random.default_rng(0).standard_normal((1_000, 3)).astype(np.float32)
    other = reference + np.float32(0.001)
    other[:flips] = -reference[:flips]
    layers = {"static": 30, "row": 4, "fine": 1, "keep": 3}
    return Certificate(engine=engine, layers=layers, parity=compare_logits(reference, other))


def of_vectors(*, noise: float = 0.01) -> Certificate:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((50, 16)).astype(np.float32)
    other = (vectors + noise * random.standard_normal(vectors.shape)).astype(np.float32)
    return Certificate(engine="openvino", layers={"static": 30}, parity=compare_vectors(vectors, other))


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    written = [certificate(), certificate(flips=9, engine="openvino"), of_vectors()]
    save_certificates(tmp_path / "parity.json", written, calibration={"pairs": 2_000})
    assert load_certificates(tmp_path / "parity.json") == written
    content = json.loads((tmp_path / "parity.json").read_text(encoding="utf-8"))
    assert content["calibration"] == {"pairs": 2_000}
    assert [one["exact_enough"] for one in content["certificates"]] == [True, False, True]


def test_a_certificate_says_what_was_compared_and_how_sure_that_is() -> None:
    said = certificate(flips=3).sentence()
    assert "on onnx, int8 decides as fp32 in 99.70% of 1000 held-out pairs (95% interval 99.1% to 99.9%)" in said
    assert said.endswith("layers: 30 with one scale, 4 with a scale per token, 1 with two digits, 3 in float")
    assert "int8 vectors of 50 held-out texts have a mean cosine of 0.99" in of_vectors(noise=0.03).sentence()


def test_what_falls_short_is_said_and_not_chosen_unasked() -> None:
    assert certificate(flips=5).exact_enough
    assert not certificate(flips=6).exact_enough
    assert "short of" not in certificate(flips=5).sentence()
    assert "short of 99.5%" in certificate(flips=6).sentence()
    assert "short of 0.99" in of_vectors(noise=0.3).sentence()
    assert not of_vectors(noise=0.3).exact_enough


def test_layers_that_there_are_none_of_are_not_named() -> None:
    assert replace(certificate(), layers={"static": 2, "row": 0}).sentence().endswith("layers: 2 with one scale")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"certificates": [{}]}',
        '{"certificates": [{"engine": "onnx", "layers": {}, "kind": "colours", "parity": {}}]}',
        '{"certificates": [{"engine": "onnx", "layers": {}, "kind": "logits", "parity": {"n_pairs": 3}}]}',
    ],
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "parity.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorruptFileError, match=r"Reading the certificates .*parity\.json.*export again") as caught:
        load_certificates(path)
    assert caught.value.path == path


def test_a_missing_file_is_refused_alike(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="export again"):
        load_certificates(tmp_path / "parity.json")
