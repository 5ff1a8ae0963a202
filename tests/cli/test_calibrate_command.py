"""`crossjudge calibrate`: two thirds fitted on, a third measured, and a file that `judge` applies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import crossjudge, write

from crossjudge import CrossEncoder, Judge
from crossjudge.calibration import Calibration

PAIRS = [(f"The house has {n} doors.", f"There are {n % 7} doors.") for n in range(240)]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake model says, but for one row in twelve."""
    verdicts = Judge(CrossEncoder(backend="fake")).batch(PAIRS)
    rows = [
        f"{a},{b},{'neutral' if n % 12 == 0 else one.label}"
        for n, ((a, b), one) in enumerate(zip(PAIRS, verdicts, strict=True))
    ]
    return write(tmp_path_factory.mktemp("labelled") / "labelled.csv", "text_a,text_b,label", *rows)


def test_what_is_written_is_what_judge_applies(labelled: Path, tmp_path: Path) -> None:
    out = tmp_path / "calibration.json"
    answer = crossjudge("calibrate", labelled, "--target-error", "0.3", "--out", out, "--json")
    assert answer.code == 0, answer.err
    (row,) = answer.rows
    assert row["calibration"] == json.loads(out.read_text())
    assert (row["fitted_on"], row["measured_on"]) == (160, 80)
    fitted = Calibration.load(out)
    assert fitted.fitted_on == "labelled.csv"
    assert row["after"]["abstain_below"] == fitted.abstain_below
    judged = crossjudge("judge", *PAIRS[1], "--calibration", out, "--json").rows
    expected = Judge(CrossEncoder(backend="fake"), calibration=fitted)(*PAIRS[1])
    assert judged[0]["probabilities"] == expected.probabilities
    assert judged[0]["abstained"] == expected.abstained


def test_people_see_before_and_after_with_intervals(labelled: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    answer = crossjudge("calibrate", labelled, "--plot", tmp_path / "curves.png", width=120)
    assert answer.code == 0, answer.err
    for word in ("temperature", "measured on", "the 80 others", "calibration error", "coverage", "before", "after"):
        assert word in answer.out
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_too_few_rows_are_refused_with_what_is_missing(labelled: Path) -> None:
    answer = crossjudge("calibrate", labelled, "--target-error", "0.01")
    assert answer.code == 2
    assert "Label 438 more" in answer.err
    assert "for each two examples that are missing, add three rows" in answer.err


def test_a_wrong_label_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.csv", "text_a,text_b,label", "a,b,neutral", "a,c,maybe")
    answer = crossjudge("calibrate", path)
    assert answer.code == 2
    assert "bad.csv line 3" in answer.err
    assert "'maybe'" in answer.err
    assert "--label-column" in crossjudge("calibrate", path, "--label-column", "gold").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["One text.", "Another."], "expected a file of labelled pairs"),
        (["pairs.csv", "--plot", "curves.svg"], "ends in .png"),
        (["pairs.csv", "--out", "nowhere/calibration.json"], "in a folder that is there"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_model_is_asked(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "pairs.csv", "text_a,text_b,label", "a,b,neutral")
    answer = crossjudge("calibrate", *words)
    assert answer.code == 2
    assert said in answer.err
