"""`precision="auto"`: the fastest engine that decides as fp32 does, and a reason for each that was not taken."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crossjudge.backends.base import Backend, BatchWishes, finished
from crossjudge.errors import BackendError, CrossjudgeError, MissingExtraError, MissingFileError
from crossjudge.models import choosing
from crossjudge.models.checkpoint import Checkpoint, load_checkpoint
from crossjudge.models.choosing import Candidate, Choice, candidates, choose
from crossjudge.models.graph_cache import cache_folder
from crossjudge.models.parity import EXACT_ENOUGH
from crossjudge.text.tokenization import PairTokenizer
from crossjudge.types import Batch, Encoding, FloatArray, JointBatch, Pair
from tiny_checkpoints import make_checkpoint

FP32, BF16, INT8 = (Candidate(backend="onnx", precision=one) for one in ("fp32", "bf16", "int8"))
OTHER = Candidate(backend="openvino", precision="bf16")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(make_checkpoint(tmp_path_factory.mktemp("choosing") / "bert", "bert"))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path / "cache"))


@dataclass
class Machine:
    """Made-up engines on a made-up clock.

    `seconds`: of one batch, by engine and precision. `flips`: every how manieth pair is decided otherwise. `broken`:
    what opening raises.
    """

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    flips: dict[tuple[str, str], int] = field(default_factory=dict)
    broken: dict[tuple[str, str], CrossjudgeError] = field(default_factory=dict)
    now: float = 0.0
    opened: list[tuple[str, str]] = field(default_factory=list)
    closed: int = 0

    def perf_counter(self) -> float:
        return self.now

    def open(self, backend: str, precision: str) -> Backend:
        if (backend, precision) in self.broken:
            raise self.broken[backend, precision]
        self.opened.append((backend, precision))
        return Engine(backend, precision, self)


@dataclass
class Engine:
    """Decides by the ids' sum; every `flips`-th input row the other way."""

    name: str
    precision: str
    machine: Machine
    wishes: BatchWishes = field(default_factory=lambda: BatchWishes(length_step=8))

    def forward(self, batch: Batch) -> FloatArray:
        assert isinstance(batch, JointBatch)
        assert batch.input_ids.shape[1] % self.wishes.length_step == 0
        this = self.name, self.precision
        self.machine.now += self.machine.seconds.get(this, 1.0)
        best = (batch.input_ids * batch.attention_mask).sum(axis=1) % 3
        if this in self.machine.flips:
            best = (best + (batch.rows % self.machine.flips[this] == 0)) % 3
        logits = np.eye(3, dtype=np.float32)[best]
        return finished(np.where(np.isnan(self.machine.seconds.get(this, 1.0)), np.nan, logits), batch)

    def close(self) -> None:
        self.machine.closed += 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(choosing, "time", SimpleNamespace(perf_counter=made.perf_counter))
    return made


def chosen(checkpoint: Checkpoint, machine: Machine, *offered: Candidate) -> Choice:
    tokenizer = PairTokenizer.from_folder(checkpoint.tokenizer_folder, max_length=checkpoint.max_length)

    def encode(pairs: Sequence[Pair]) -> list[Encoding]:
        return tokenizer.encode(pairs)

    return choose(checkpoint, offered, encode=encode, open_engine=machine.open)


def test_the_fastest_that_decides_alike_is_taken(checkpoint: Checkpoint, machine: Machine) -> None:
    machine.seconds = {("onnx", "fp32"): 1.0, ("onnx", "bf16"): 0.5, ("openvino", "bf16"): 0.25}
    choice = chosen(checkpoint, machine, FP32, BF16, OTHER)
    assert (choice.backend, choice.precision) == ("openvino", "bf16")
    assert [one.seconds / choice.trials[0].seconds for one in choice.trials] == [1.0, 0.5, 0.25]
    assert choice.sentences()[0].startswith("onnx fp32: decides as fp32 in 100.00% of ")
    assert choice.sentences()[2].startswith("chosen: openvino bf16: ")
    assert choice.sentences()[2].endswith("4.0 times as fast as unasked")
    assert machine.closed == len(machine.opened), "no engine that was tried stays open"


@pytest.mark.parametrize(("flips", "taken"), [(100, "fp32"), (400, "bf16")])
def test_one_that_decides_otherwise_is_not_taken_however_fast(
    checkpoint: Checkpoint, machine: Machine, flips: int, taken: str
) -> None:
    machine.seconds, machine.flips = {("onnx", "bf16"): 0.01}, {("onnx", "bf16"): flips}
    choice = chosen(checkpoint, machine, FP32, BF16)
    assert choice.precision == taken
    parity = choice.trials[1].parity
    assert parity is not None
    assert parity.agreement == pytest.approx(1 - 1 / flips, abs=1e-3)
    assert choice.trials[1].eligible == (parity.agreement >= EXACT_ENOUGH) == (taken == "bf16")
    assert f"{parity.agreement:.2%}" in choice.sentences()[1]


@pytest.mark.parametrize(
    "why",
    [
        BackendError("no such operator"),
        MissingExtraError("not installed: pip install 'crossjudge[torch]'", extra="torch"),
        MissingFileError("the folder holds a graph and no weights"),
    ],
    ids=lambda why: type(why).__name__,
)
def test_one_that_does_not_open_is_explained(checkpoint: Checkpoint, machine: Machine, why: CrossjudgeError) -> None:
    machine.broken = {("openvino", "bf16"): why}
    choice = chosen(checkpoint, machine, FP32, OTHER)
    assert choice.precision == "fp32"
    assert choice.trials[1].parity is None
    assert choice.sentences()[1] == f"openvino bf16: {why}"


def test_one_that_overflows_is_explained(checkpoint: Checkpoint, machine: Machine) -> None:
    machine.seconds = {("onnx", "bf16"): float("nan")}
    choice = chosen(checkpoint, machine, FP32, BF16)
    assert choice.precision == "fp32"
    assert "gave NaN or infinity" in choice.sentences()[1]


def test_one_that_cannot_run_here_is_explained_and_not_tried(checkpoint: Checkpoint, machine: Machine) -> None:
    cannot = Candidate(backend="openvino", precision="bf16", why_not="this processor has no bf16 instructions")
    choice = chosen(checkpoint, machine, FP32, BF16, cannot)
    assert choice.sentences()[2] == "openvino bf16: this processor has no bf16 instructions"
    assert ("openvino", "bf16") not in machine.opened


def test_where_only_one_runs_nothing_is_measured(checkpoint: Checkpoint, machine: Machine) -> None:
    cannot = Candidate(backend="openvino", precision="bf16", why_not="pip install 'crossjudge[openvino]'")
    choice = chosen(checkpoint, machine, FP32, cannot)
    assert machine.opened == []
    assert choice.sentences() == [
        "chosen: onnx fp32: the only one that runs here",
        "openvino bf16: pip install 'crossjudge[openvino]'",
    ]


def test_where_none_runs_nothing_is_measured_and_opening_says_why(checkpoint: Checkpoint, machine: Machine) -> None:
    cannot = Candidate(backend="openvino", precision="fp32", why_not="pip install 'crossjudge[openvino]'")
    choice = chosen(checkpoint, machine, cannot)
    assert machine.opened == []
    assert (choice.backend, choice.precision) == ("openvino", "fp32")


def test_where_none_decides_alike_the_checkpoint_runs_as_unasked(checkpoint: Checkpoint, machine: Machine) -> None:
    machine.flips = {("onnx", "int8"): 5, ("openvino", "bf16"): 7}
    machine.seconds = {("openvino", "bf16"): 0.1}
    choice = chosen(checkpoint, machine, INT8, OTHER)
    assert (choice.backend, choice.precision) == ("onnx", "int8")


def test_fp32_is_measured_against_on_the_first_engine_that_has_it(checkpoint: Checkpoint, machine: Machine) -> None:
    """An int8 model's graphs run in int8 alone on ONNX Runtime; OpenVINO computes with its weights in fp32."""
    machine.broken = {("onnx", "fp32"): BackendError("its graph is int8")}
    choice = chosen(checkpoint, machine, INT8, OTHER)
    assert machine.opened[0] == ("openvino", "fp32")
    assert [one.eligible for one in choice.trials] == [True, True]
    machine.broken |= {(one, "fp32"): BackendError(f"no {one}") for one in ("openvino", "torch")}
    with pytest.raises(BackendError, match=r"nothing here runs it in fp32.*its graph is int8 no openvino no torch"):
        chosen(checkpoint, machine, INT8, BF16)


def test_no_speed_is_made_up_where_the_unasked_engine_does_not_run(checkpoint: Checkpoint, machine: Machine) -> None:
    machine.broken = {("onnx", "int8"): BackendError("no such operator")}
    choice = chosen(checkpoint, machine, INT8, OTHER)
    assert choice.sentences()[0] == "onnx int8: no such operator"
    assert "times as fast" not in choice.sentences()[1]


# Kept on disk


def kept_files() -> list[Path]:
    return sorted((cache_folder() / "choices").iterdir())


def test_a_choice_is_kept_and_read_again(checkpoint: Checkpoint, machine: Machine) -> None:
    machine.seconds = {("onnx", "bf16"): 0.5}
    machine.broken = {("openvino", "bf16"): BackendError("no such operator")}
    first = chosen(checkpoint, machine, FP32, BF16, OTHER)
    measured = list(machine.opened)
    assert chosen(checkpoint, machine, FP32, BF16, OTHER) == first
    assert machine.opened == measured, "nothing was opened again"
    (path,) = kept_files()
    assert json.loads(path.read_text(encoding="utf-8"))["precision"] == "bf16"


def test_other_candidates_are_another_choice(checkpoint: Checkpoint, machine: Machine) -> None:
    chosen(checkpoint, machine, FP32, BF16)
    chosen(checkpoint, machine, FP32, OTHER)
    assert len(kept_files()) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"backend": "onnx"}', '{"trials": [{"parity": {"n": 1}}]}'])
def test_a_kept_file_that_cannot_be_read_is_measured_again(
    checkpoint: Checkpoint, machine: Machine, content: str
) -> None:
    first = chosen(checkpoint, machine, FP32, BF16)
    (path,) = kept_files()
    path.write_text(content, encoding="utf-8")
    assert chosen(checkpoint, machine, FP32, BF16) == first
    assert kept_files() == [path]
    assert json.loads(path.read_text(encoding="utf-8"))["backend"] == "onnx"


def test_a_folder_that_cannot_be_written_costs_a_warning_and_not_the_choice(
    checkpoint: Checkpoint,
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, logger="crossjudge"):
        assert chosen(checkpoint, machine, FP32, BF16).backend == "onnx"
    assert "cannot be kept" in caplog.text


# What is offered


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of packages that are there; a bf16 processor."""
    there = {"openvino", "torch"}
    monkeypatch.setattr(choosing, "is_installed", there.__contains__)
    monkeypatch.setattr(choosing, "has_bf16", lambda: True)
    return there


def test_every_engine_that_runs_is_offered_and_the_shipped_graph_first(
    checkpoint: Checkpoint, installed: set[str]
) -> None:
    others = {("openvino", "fp32"), ("openvino", "bf16"), ("torch", "bf16")}
    for shipped, attention in (("fp32", "joint"), ("int8", "one_way")):
        offered = candidates(replace(checkpoint, attention=attention), shipped)
        assert (offered[0].backend, offered[0].precision) == ("onnx", shipped)
        assert {(one.backend, one.precision) for one in offered[1:]} == others
        assert not any(one.why_not for one in offered)


def test_a_joint_int8_folder_has_its_own_graphs_and_nothing_else(checkpoint: Checkpoint, installed: set[str]) -> None:
    offered = candidates(checkpoint, "int8")
    assert [(one.backend, one.precision) for one in offered] == [("onnx", "int8"), ("openvino", "int8")]
    assert offered[1].why_not == "the folder has no graph for OpenVINO"


@pytest.mark.parametrize("missing", ["openvino", "torch"])
def test_a_missing_package_is_named_with_its_install_command(
    checkpoint: Checkpoint, installed: set[str], missing: str
) -> None:
    installed.remove(missing)
    for one in candidates(checkpoint, "fp32"):
        assert one.why_not == (f"pip install 'crossjudge[{missing}]'" if one.backend == missing else "")


def test_bf16_is_for_processors_that_have_it(
    checkpoint: Checkpoint, installed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "has_bf16", lambda: False)
    for one in candidates(checkpoint, "fp32"):
        assert one.why_not == ("this processor has no bf16 instructions" if one.precision == "bf16" else "")


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_a_wanted_engine_is_offered_in_fp32_too(checkpoint: Checkpoint, installed: set[str], backend: str) -> None:
    """Else its bf16 would be the only one, and taken without being measured."""
    offered = candidates(checkpoint, "fp32", backend=backend)
    assert [(one.backend, one.precision) for one in offered] == [(backend, "fp32"), (backend, "bf16")]
