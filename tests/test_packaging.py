"""What a user installs: wheel and sdist hold the code, its data and the embedded model, and the wheel stays small."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import crossjudge

ROOT = Path(__file__).parent.parent
BOXED = tuple(f"crossjudge/models/{name}" for name in ("embedded", "embedded_joint", "embedded_xs"))
EMBEDDED_MAX_BYTES = 32_000_000


def build(project: Path, out: Path, *targets: str) -> None:
    """Build from a source folder into `out`, with the build backend that is installed here (no network)."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out)]
    for target in targets:
        command += ["--target", target]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


def wheel_files(folder: Path) -> dict[str, bytes]:
    """Name in the wheel -> content."""
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree."""
    out = tmp_path_factory.mktemp("dist")
    build(ROOT, out, "sdist", "wheel")
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, bytes]:
    return wheel_files(built)


def test_the_wheel_holds_every_source_file(wheel: dict[str, bytes]) -> None:
    """Python, and the data next to it: toml, json, graphs, the marker for type checkers; not the hashes of pairs."""
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_file()}
    expected = {name for name in files if "__pycache__" not in name and not name.endswith(".npy")}
    assert expected <= wheel.keys()
    assert "crossjudge/py.typed" in expected
    assert not [name for name in wheel if name.endswith(".npy")]
    assert all(wheel[name] == files[name].read_bytes() for name in expected)


@pytest.mark.parametrize("folder", BOXED)
def test_the_wheel_holds_a_model_of_the_box_unharmed(wheel: dict[str, bytes], folder: str) -> None:
    manifest = json.loads(wheel[f"{folder}/manifest.json"])["files"]
    assert {"config.json", "tokenizer.json"} <= manifest.keys()
    for name, stated in manifest.items():
        content = wheel[f"{folder}/{name}"]
        assert hashlib.sha256(content).hexdigest() == stated["sha256"], name


@pytest.mark.parametrize("folder", BOXED)
def test_a_model_of_the_box_stays_small(wheel: dict[str, bytes], folder: str) -> None:
    sizes = {name: len(content) for name, content in wheel.items() if name.startswith(f"{folder}/")}
    assert sizes
    assert sum(sizes.values()) <= EMBEDDED_MAX_BYTES, sizes


def test_a_wheel_from_the_sdist_equals_a_wheel_from_the_tree(
    built: Path, wheel: dict[str, bytes], tmp_path: Path
) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (project,) = tmp_path.iterdir()
    build(project, tmp_path / "dist", "wheel")
    assert wheel_files(tmp_path / "dist") == wheel


def test_the_metadata_states_version_licence_and_a_core_without_frameworks(wheel: dict[str, bytes]) -> None:
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(wheel[name])
    core = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert metadata["Version"] == crossjudge.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert core
    assert not [line for line in core if line.startswith(("torch", "transformers", "onnx>", "datasets", "pyarrow"))]
