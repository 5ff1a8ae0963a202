"""`crossjudge doctor`: what it finds is true of this machine, and a failed check is a finding, not a crash."""

import json
import os
from pathlib import Path

import numpy
import pytest
from command_line import crossjudge

from crossjudge.backends import processor
from crossjudge.cli import diagnosis, machine
from crossjudge.extras import is_installed
from crossjudge.models.choosing import Choice, Trial


@pytest.fixture
def _no_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded model's verdicts are its own tests' business, and measuring engines takes a while."""
    monkeypatch.setattr(diagnosis, "_self_test", lambda: "passed")
    monkeypatch.setattr(diagnosis, "_choice", lambda: "not measured")
    monkeypatch.setattr(diagnosis, "_torch", lambda: "not looked at")


@pytest.mark.usefixtures("_no_self_test")
def test_the_findings_are_plain_json(tmp_path, monkeypatch):
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    (graphs / "graph.bin").write_bytes(b"x" * 1234)
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(graphs))
    answer = crossjudge("doctor", "--json")
    (found,) = answer.rows
    assert answer.code == 0
    assert found["healthy"] is True
    assert found["packages"]["numpy"] == numpy.__version__
    assert found["offline"] is True
    assert {"holds": "exported graphs", "path": str(graphs), "size_bytes": 1234} in found["caches"]
    assert {check["name"] for check in found["checks"]} >= {
        "backend onnx", "backend openvino", "backend torch", "self-test", "precision auto",
    }  # fmt: skip


@pytest.mark.usefixtures("_no_self_test")
def test_the_table_says_the_same():
    answer = crossjudge("doctor")
    for title in ("Packages", "Extras", "Processor", "Where things are kept", "Checks"):
        assert title in answer.out
    assert "✓ passed" in answer.out


@pytest.mark.parametrize("check", ["_self_test", "_manifest"])
@pytest.mark.usefixtures("_no_self_test")
def test_a_required_check_that_fails_is_exit_code_1(monkeypatch, check):
    def fail() -> str:
        raise RuntimeError("the reason")

    monkeypatch.setattr(diagnosis, check, fail)
    answer = crossjudge("doctor")
    assert answer.code == 1
    assert "✗ the reason" in answer.out


@pytest.mark.parametrize("check", ["_torch", "_openvino", "_choice"])
@pytest.mark.usefixtures("_no_self_test")
def test_an_engine_that_is_missing_is_no_failure(monkeypatch, check):
    def fail() -> str:
        raise ModuleNotFoundError("not installed")

    monkeypatch.setattr(diagnosis, check, fail)
    answer = crossjudge("doctor")
    assert answer.code == 0
    assert "not installed" in answer.out


def test_an_engine_that_is_not_installed_is_not_imported(monkeypatch):
    monkeypatch.setattr(diagnosis, "is_installed", lambda package: False)
    by_name = {check.name: check for check in diagnosis._backends()}
    for name in ("openvino", "torch"):
        assert (by_name[f"backend {name}"].passed, by_name[f"backend {name}"].required) == (False, False)
        assert by_name[f"backend {name}"].detail.startswith("not installed; ")
    assert by_name["backend onnx"].passed


def test_the_engine_that_auto_takes_comes_with_its_reasons(monkeypatch):
    chosen = Trial(backend="openvino", precision="bf16", error="the only one that runs here")
    other = Trial(backend="onnx", precision="int8", error="no such operator")

    class Model:
        def __init__(self, *, precision: str) -> None:
            assert precision == "auto"
            self.choice = Choice(backend="openvino", precision="bf16", trials=(other, chosen))

    monkeypatch.setattr("crossjudge.CrossEncoder", Model)
    assert diagnosis._choice() == "onnx int8: no such operator; chosen: openvino bf16: the only one that runs here"


@pytest.mark.usefixtures("_no_self_test")
def test_the_hub_is_asked_only_on_request_and_never_offline(monkeypatch):
    assert "hub" not in {check["name"] for check in crossjudge("doctor", "--json").rows[0]["checks"]}
    (hub,) = [
        check for check in crossjudge("doctor", "--network", "--json").rows[0]["checks"] if check["name"] == "hub"
    ]
    assert not hub["passed"]
    assert "offline mode" in hub["detail"]


def test_the_self_test_notices_a_wrong_verdict(monkeypatch):
    monkeypatch.setattr(diagnosis, "OBVIOUS", (("a", "b", "no such label"),))
    with pytest.raises(ValueError, match="expected no such label"):
        diagnosis._self_test()


def test_every_extra_says_how_to_get_what_it_lacks(monkeypatch):
    monkeypatch.setattr(machine, "is_installed", lambda package: package != "pyarrow")
    by_name = {extra.name: extra for extra in machine.extras()}
    assert by_name["parquet"].missing == ("pyarrow",)
    assert by_name["parquet"].install == "pip install 'crossjudge[parquet]'"
    assert by_name["torch"].missing == by_name["openvino"].missing == ()
    assert by_name["jobs"].missing == by_name["ray"].missing == ("pyarrow",)


def test_every_package_that_is_installed_has_its_version():
    versions = machine.package_versions()
    there = [package for package in versions if is_installed(package)]
    assert len(there) > len(machine.CORE_PACKAGES)
    assert [package for package in there if versions[package] is None] == []


def test_processor_features_are_read_from_its_flags(tmp_path):
    x86 = tmp_path / "x86"
    x86.write_text("processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu avx2 avx512_vnni amx_int8\n")
    arm = tmp_path / "arm"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp bf16\n")
    assert processor._linux(x86) == ("Xeon", frozenset({"fpu", "avx2", "avx512_vnni", "amx_int8"}))
    assert processor._linux(arm) == ("", frozenset({"fp", "asimd", "asimddp", "bf16"}))
    assert processor._linux(tmp_path / "missing") == ("", None)
    here = processor.processor()
    assert 1 <= here.cores <= (os.cpu_count() or 1)
    assert processor.has_bf16() == bool((here.features or {}).get("bf16"))


def test_cache_sizes_count_each_file_once(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "one").write_bytes(b"x" * 10)
    (tmp_path / "link").symlink_to(tmp_path / "blobs" / "one")
    assert machine._size_bytes(tmp_path) == 10
    assert machine._size_bytes(Path(tmp_path / "missing")) == 0
    assert json.dumps([str(cache.path) for cache in machine.caches()])
