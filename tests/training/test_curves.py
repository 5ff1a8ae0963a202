"""The curves of a run: every point in the table, every loss in the picture."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from crossjudge.errors import InputError, MissingExtraError
from crossjudge.training.curves import draw, losses_of, read_curve, write_table

POINTS = [
    {"step": 50, "loss": 1.25, "pairs_per_s": 90.0},
    {"step": 100, "loss": 0.75, "loss_nli": 0.5, "pairs_per_s": 91.0},
]


def test_a_runs_log_comes_back_as_its_points_and_a_folder_without_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "training_log.json").write_text(json.dumps(POINTS))
    assert read_curve(tmp_path) == POINTS
    with pytest.raises(InputError, match=r"there is no training_log\.json"):
        read_curve(tmp_path / "absent")


def test_the_table_has_every_point_and_every_loss_that_any_of_them_has(tmp_path: Path) -> None:
    assert losses_of(POINTS) == ["loss", "loss_nli"]
    with write_table(POINTS, tmp_path / "curve.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == ["50", "100"]
    assert [row["loss_nli"] for row in rows] == ["", "0.5"]


@pytest.mark.parametrize("points", [POINTS, POINTS[:1]], ids=["two points", "one"])
def test_the_picture_is_a_png(tmp_path: Path, points: list[dict[str, float]]) -> None:
    pytest.importorskip("matplotlib")
    assert draw(points, tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_drawing_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"crossjudge\[evaluate\]"):
        draw(POINTS, tmp_path / "curve.png")
