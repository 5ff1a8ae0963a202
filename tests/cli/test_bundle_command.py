"""`crossjudge bundle` and `crossjudge verify`: a sealed folder, and what is wrong with one that was changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import crossjudge

from crossjudge import CrossEncoder
from crossjudge.models.manifest import write_manifest

ON_ONNX = ("--backend", "onnx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the command says of the embedded model that it sealed."""
    answer = crossjudge("bundle", "embedded", tmp_path_factory.mktemp("bundles") / "sealed", "--json")
    assert answer.code == 0, answer.err
    (row,) = answer.rows
    return row


@pytest.fixture
def copy(made: dict[str, object], tmp_path: Path) -> Path:
    return Path(shutil.copytree(str(made["folder"]), tmp_path / "copy"))


def test_a_bundle_says_what_it_holds(made: dict[str, object]) -> None:
    model = CrossEncoder()
    assert made["heads"] == {head: list(labels) for head, labels in model.checkpoint.heads.items()}
    assert str(made["fingerprint"]).split(":")[:2] == model.fingerprint.split(":")[:2]


def test_a_sealed_folder_is_proved_with_its_digest(made: dict[str, object]) -> None:
    answer = crossjudge("verify", str(made["folder"]), "--digest", str(made["digest"]), *ON_ONNX)
    assert answer.code == 0, answer.err
    assert "As sealed." in answer.out
    assert str(made["digest"]) in answer.out
    (row,) = crossjudge("verify", str(made["folder"]), "--json", *ON_ONNX).rows
    assert (row["passed"], row["problems"]) == (True, [])


def test_another_digest_is_another_bundle(made: dict[str, object]) -> None:
    answer = crossjudge("verify", str(made["folder"]), "--digest", "0" * 64, *ON_ONNX)
    assert answer.code == 1
    assert "this is another bundle" in answer.err


def test_what_was_changed_added_or_is_a_pickle_is_named(copy: Path) -> None:
    content = bytearray((copy / "weights.bin").read_bytes())
    content[1_000] ^= 1
    (copy / "weights.bin").write_bytes(content)
    (copy / "added.txt").touch()
    answer = crossjudge("verify", copy)
    assert answer.code == 1
    assert "weights.bin: its sha256 is not the one that was sealed" in answer.err
    assert "added.txt: it is not in the manifest" in answer.err
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    write_manifest(copy)
    assert "pytorch_model.bin: files of this kind have no place" in crossjudge("verify", copy).err


def test_quiet_says_only_what_is_wrong(made: dict[str, object], copy: Path) -> None:
    assert crossjudge("verify", str(made["folder"]), "--quiet", *ON_ONNX).out == ""
    (copy / "config.json").unlink()
    answer = crossjudge("verify", copy, "--quiet")
    assert (answer.code, answer.out) == (1, "")
    assert "config.json: it is missing" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "nowhere"], "no such folder"),
        (["bundle", "embedded", "used"], "not an empty folder"),
        (["bundle", "embedded", "out", "--labels", "a,b,c"], "Leave them out"),
        (["bundle", "embedded", "out", "--calibration", "nothing.json"], "nothing.json"),
        (["bundle", "nowhere/model", "out", "--local-files-only"], "nowhere/model"),
    ],
)
def test_bad_usage_is_exit_code_2_and_leaves_nothing(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    answer = crossjudge(*words)
    assert answer.code == 2
    assert said in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["used"]


def test_a_calibration_is_put_in_under_its_own_name(tmp_path: Path) -> None:
    from crossjudge.models.boxed import EMBEDDED

    given = Path(shutil.copy(EMBEDDED / "calibration.json", tmp_path / "mine.json"))
    content = {**json.loads(given.read_text()), "temperature": 3.0}
    given.write_text(json.dumps(content))
    assert crossjudge("bundle", "embedded", tmp_path / "out", "--calibration", given, "--quiet").out == ""
    assert json.loads((tmp_path / "out" / "calibration.json").read_text()) == content
