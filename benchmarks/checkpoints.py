"""The folders that all engines open: the embedded model's weights, one-way and joint, with three labels and one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from crossjudge.benchmark.joint_twin import write_joint_twin, write_one_label
from crossjudge.benchmark.texts import mixed_pairs
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.manifest import MANIFEST
from engines import Environment
from environments import python_of

CALIBRATION_PAIRS = 300
CALIBRATION_SEED = 77
STAMP = "made_of.json"
HEADS = ("nli", "relevance")
EXPORTS = {"onnx": "sentence-transformers-onnx", "openvino": "sentence-transformers-openvino"}
"""Kind of graph -> the environment whose exporter writes it."""


def make_checkpoints(
    folder: Path, venvs: Path, environments: dict[str, Environment], *, say: Callable[[str], None]
) -> None:
    """Write every folder that `peers.toml` names. What is there of these weights stays; graphs need their peers."""
    made_of = {"manifest": (EMBEDDED / MANIFEST).read_text(encoding="utf-8")}
    stamp = folder / STAMP
    if not stamp.is_file() or json.loads(stamp.read_text(encoding="utf-8")) != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say(f"writing the weights as ordinary checkpoints into {folder}")
        for head in HEADS:
            write_joint_twin(folder / f"joint-{head}", one_label=head == "relevance")
        write_one_label(folder / "one-way-relevance")
        stamp.write_text(json.dumps(made_of), encoding="utf-8")
    for kind, name in EXPORTS.items():
        if name in environments:
            for head in HEADS:
                _export(folder / f"joint-{head}", kind, python_of(venvs, environments[name]), say)


def folder_of(root: Path, name: str) -> str | None:
    """The path of a folder that an engine names; None is the embedded model."""
    if name == "embedded":
        return None
    return str(root / name / "int8" if name == "one-way-relevance" else root / name)


def _export(source: Path, kind: str, python: Path, say: Callable[[str], None]) -> None:
    out = source.with_name(f"{source.name}-{kind}")
    if (out / "done").is_file():
        return
    say(f"exporting {out.name} with {python}")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(source, out)
    (out / "calibration").mkdir()
    pairs = mixed_pairs(CALIBRATION_PAIRS, seed=CALIBRATION_SEED)
    lines = [json.dumps({"text": f"{first} {second}"}) + "\n" for first, second in pairs]
    (out / "calibration" / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    script = Path(__file__).with_name("peer_exports.py")
    done = subprocess.run(
        [str(python), str(script), kind, str(out)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode:
        raise RuntimeError(f"exporting {out.name} failed:\n{done.stderr.strip()[-2000:]}")
    (out / "done").touch()
