"""The mean of two runs' weights: every number between theirs, and what either saw is remembered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from crossjudge.errors import InputError  # noqa: E402
from crossjudge.training.averaging import average  # noqa: E402
from crossjudge.training.decontamination import hash_pairs, load_hashes, save_hashes  # noqa: E402


def a_run(folder: Path, value: float, pairs: list[tuple[str, str]], *, heads: tuple[str, ...] = ("nli",)) -> Path:
    """As training leaves one, as far as averaging looks."""
    folder.mkdir()
    save_file({name: torch.full((2, 3), value) for name in ("layer", *heads)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "training_record.json").write_text(
        json.dumps({"steps": int(value), "earlier": {"steps": 0}}), encoding="utf-8"
    )
    (folder / "held_out.json").write_text("{}", encoding="utf-8")
    save_hashes(hash_pairs(pairs), folder / "train_hashes.npy")
    return folder


def test_weights_are_halfway_and_both_runs_are_remembered(tmp_path: Path) -> None:
    first = a_run(tmp_path / "first", 1.0, [("a", "b")])
    second = a_run(tmp_path / "second", 3.0, [("c", "d"), ("a", "b")])
    out = average([second, first], tmp_path / "mean")
    assert {float(one.mean()) for one in load_file(out / "model.safetensors").values()} == {2.0}
    record = json.loads((out / "training_record.json").read_text(encoding="utf-8"))
    assert record == {"steps": 3, "earlier": {"steps": 0}, "averaged_with": [{"steps": 1}]}
    both = hash_pairs([("a", "b"), ("c", "d")])
    assert np.array_equal(load_hashes(out / "train_hashes.npy"), both)
    assert not (out / "held_out.json").exists()  # figures of one run are not the mean's


def test_networks_that_differ_are_refused(tmp_path: Path) -> None:
    first = a_run(tmp_path / "first", 1.0, [("a", "b")])
    second = a_run(tmp_path / "second", 3.0, [("a", "b")], heads=("nli", "relevance"))
    with pytest.raises(InputError, match="differ in 'relevance'"):
        average([second, first], tmp_path / "mean")


def test_one_run_has_no_mean(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 1 run"):
        average([tmp_path], tmp_path / "mean")


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    first = a_run(tmp_path / "first", 1.0, [("a", "b")])
    with pytest.raises(InputError, match=r"no .*elsewhere.model\.safetensors"):
        average([first, tmp_path / "elsewhere"], tmp_path / "mean")
