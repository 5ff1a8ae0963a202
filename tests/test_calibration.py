"""Temperatures, what they are tied to, and how they travel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.calibration import (
    Calibration,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from crossjudge.errors import CorruptFileError, FingerprintError, InputError
from crossjudge.types import FloatArray, IntArray

FITTED = Calibration(
    objective="nli", temperature=1.7, fingerprints=("w:t:onnx:int8", "w:t:torch:fp32"), examples=12, fitted_on="dev"
)


def sample(temperature: float, n: int = 20_000) -> tuple[FloatArray, IntArray]:
    """Logits, and gold labels drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (n, 3)).astype(np.float32)
    # The Gumbel trick: the argmax of logits plus Gumbel noise is a draw from their softmax.
    return logits, (logits / temperature + rng.gumbel(size=(n, 3))).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 8.0])
def test_a_known_temperature_is_found_again(temperature: float) -> None:
    assert fit_temperature(*sample(temperature)) == pytest.approx(temperature, rel=0.05)


def test_no_other_temperature_has_a_lower_loss() -> None:
    logits, gold = sample(2.5, n=500)
    best = fit_temperature(logits, gold)
    lowest = negative_log_likelihood(logits / np.float32(best), gold)
    assert all(
        lowest <= negative_log_likelihood(logits / np.float32(best * factor), gold) for factor in (0.5, 0.9, 1.1, 2)
    )


def test_the_loss_is_the_mean_log_probability_of_the_gold_label_at_any_size() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], np.float32))
    assert negative_log_likelihood(logits, np.array([0, 2])) == pytest.approx(-(np.log(0.7) + np.log(0.5)) / 2)
    assert negative_log_likelihood(np.array([[1e4, 0, 0]], np.float32), np.array([1])) == pytest.approx(1e4)


@pytest.mark.parametrize(
    ("logits", "gold", "said"),
    [
        (np.zeros((0, 3)), [], "0 rows of logits and 0 gold labels"),
        (np.zeros((2, 3)), [0], "2 rows of logits and 1 gold labels"),
        (np.zeros((2, 3)), [0, -1], "from -1 to 0 for 3 labels"),
        (np.zeros((2, 3)), [0, 3], "from 0 to 3 for 3 labels"),
    ],
)
def test_gold_that_does_not_fit_the_logits_is_refused(logits: FloatArray, gold: list[int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit_temperature(logits.astype(np.float32), np.array(gold, dtype=np.int64))


def test_calibration_error_of_known_cases() -> None:
    sure = np.array([[1.0, 0.0]] * 4, np.float32)
    assert expected_calibration_error(sure, [0, 0, 0, 0]) == pytest.approx(0)
    assert expected_calibration_error(sure, [0, 0, 0, 1]) == pytest.approx(0.25)
    assert expected_calibration_error(sure, [1, 1, 1, 1]) == pytest.approx(1)
    mixed = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)
    # Two bins of half the rows each: |1/2 - 0.9| and |1/2 - 0.6|.
    assert expected_calibration_error(mixed, [0, 1, 0, 1]) == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    assert expected_calibration_error(mixed[:0], []) == 0


@given(st.lists(st.tuples(st.floats(0.5, 1), st.integers(0, 1)), min_size=1))
def test_calibration_error_stays_between_zero_and_one(rows: list[tuple[float, int]]) -> None:
    probabilities = np.array([[p, 1 - p] for p, _ in rows], np.float32)
    assert 0 <= expected_calibration_error(probabilities, [gold for _, gold in rows]) <= 1


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    FITTED.save(tmp_path / "fitted.json")
    assert Calibration.load(tmp_path / "fitted.json") == FITTED
    FITTED.save(str(tmp_path / "again.json"))
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "fitted.json").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "3",
        "{}",
        '{"objective": "nli", "fingerprints": ["a"]}',
        '{"objective": "nli", "temperature": 0, "fingerprints": ["a"]}',
        '{"objective": "nli", "temperature": "warm", "fingerprints": ["a"]}',
        '{"objective": "nli", "temperature": 1, "fingerprints": [1]}',
        '{"objective": null, "temperature": 1, "fingerprints": ["a"]}',
        '{"objective": "nli", "temperature": 1, "fingerprints": ["a"], "more": 1}',
    ],
)
def test_a_file_that_is_no_calibration_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fitted.json"
    path.write_text(content)
    with pytest.raises(CorruptFileError, match=r"Loading the calibration .*fitted\.json.*fit it again") as caught:
        Calibration.load(path)
    assert caught.value.path == path


def test_bytes_that_are_no_text_and_files_that_are_not_there_say_so(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptFileError):
        Calibration.load(tmp_path / "binary")
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            Calibration.load(path)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_a_number_above_zero(temperature: float) -> None:
    with pytest.raises(InputError, match="expected a number above zero"):
        Calibration(objective="nli", temperature=temperature, fingerprints=())


def test_another_model_or_objective_is_refused_and_every_covered_one_is_not() -> None:
    for fingerprint in FITTED.fingerprints:
        FITTED.check(objective="nli", fingerprint=fingerprint)
    with pytest.raises(
        FingerprintError, match=r"covers w:t:onnx:int8, w:t:torch:fp32 and the judge runs w:t:onnx:fp32"
    ):
        FITTED.check(objective="nli", fingerprint="w:t:onnx:fp32")
    with pytest.raises(FingerprintError, match="fitted for objective 'nli' and the judge's is 'duplicate'"):
        FITTED.check(objective="duplicate", fingerprint=FITTED.fingerprints[0])


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    FITTED.save(tmp_path / "fitted.json")
    assert json.loads((tmp_path / "fitted.json").read_text())["fingerprints"] == list(FITTED.fingerprints)
