"""What `crossjudge doctor` looks into, each finding as data; a check that fails is a finding, not an error."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import crossjudge
from crossjudge.cli import machine
from crossjudge.extras import is_installed

OBVIOUS = (
    ("Two dogs are running on the beach.", "Animals are outside.", "entailment"),
    ("A woman is sleeping in her bed.", "The woman is wide awake and running.", "contradiction"),
)
"""Premise, hypothesis, and the verdict that any working model gives."""

NETWORK_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Something that works here or does not. `required`: whether crossjudge is of use without it."""

    name: str
    passed: bool
    detail: str
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Everything found. Sizes are in bytes."""

    version: str
    python: str
    system: str
    packages: dict[str, str | None]
    extras: tuple[machine.Extra, ...]
    processor: machine.Processor
    caches: tuple[machine.Cache, ...]
    offline: bool
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether every required check passed."""
        return all(check.passed for check in self.checks if check.required)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        extras = [{"name": one.name, "missing": list(one.missing), "install": one.install} for one in self.extras]
        caches = [{**asdict(one), "path": str(one.path)} for one in self.caches]
        return {**asdict(self), "extras": extras, "caches": caches, "healthy": self.healthy}


def diagnose(*, network: bool) -> Diagnosis:
    """Look into everything; the hub is asked only if `network`."""
    from crossjudge.models import hub

    checks = [*_backends(), _check("files of the models in the box", _manifest, required=True)]
    checks.append(_check("self-test", _self_test, required=True))
    checks.append(_check("precision auto", _choice))
    if network:
        checks.append(_check("hub", _reach_hub))
    return Diagnosis(
        version=crossjudge.__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=machine.package_versions(),
        extras=machine.extras(),
        processor=machine.processor(),
        caches=machine.caches(),
        offline=hub.is_offline(),
        checks=tuple(checks),
    )


def _check(name: str, look: Callable[[], str], *, required: bool = False) -> Check:
    """`look` says what it found, or raises."""
    try:
        return Check(name=name, passed=True, detail=look(), required=required)
    except Exception as error:  # a broken installation breaks in any way it likes, and must still be reported
        return Check(name=name, passed=False, detail=str(error) or type(error).__name__, required=required)


def _backends() -> list[Check]:
    looks = {"onnx": _onnx, "openvino": _openvino, "torch": _torch, "fake": _fake}
    return [_check(f"backend {name}", look) for name, look in looks.items()]


def _onnx() -> str:
    import onnxruntime

    return f"ONNX Runtime {onnxruntime.__version__}: {', '.join(onnxruntime.get_available_providers())}"


def _openvino() -> str:
    if not is_installed("openvino"):
        raise ModuleNotFoundError("not installed; the fastest on x86 processors, above all those with bf16")
    import openvino

    from crossjudge.backends.openvino import capabilities

    return f"OpenVINO {openvino.__version__}: {', '.join(capabilities())}"


def _choice() -> str:
    """How `precision="auto"` is decided for the embedded model here; measured the first time, then kept."""
    from crossjudge import CrossEncoder

    choice = CrossEncoder(precision="auto").choice
    assert choice is not None
    return "; ".join(choice.sentences())


def _fake() -> str:
    return "no weights, made-up numbers; for tests"


def _torch() -> str:
    if not is_installed("torch"):
        raise ModuleNotFoundError("not installed; needed for GPUs, half precision and export")
    import torch

    found = [torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count())]
    return f"PyTorch {torch.__version__}: cpu{''.join(f', {name}' for name in found)}"


def _manifest() -> str:
    from crossjudge.models.boxed import BOXED
    from crossjudge.models.checkpoint import verify_manifest

    for folder in BOXED.values():
        verify_manifest(folder)
    return "every file is as it was published"


def _self_test() -> str:
    from crossjudge import Judge

    judge = Judge()
    for premise, hypothesis, expected in OBVIOUS:
        verdict = judge(premise, hypothesis)
        if verdict.label != expected:
            raise ValueError(f"judged {premise!r} and {hypothesis!r} as {verdict.label}, expected {expected}")
    return f"{len(OBVIOUS)} obvious pairs judged as expected, on {judge.model.backend} in {judge.model.precision}"


def _reach_hub() -> str:
    import huggingface_hub

    from crossjudge.models import hub

    if hub.is_offline():
        raise ConnectionError("offline mode is on (HF_HUB_OFFLINE)")
    client = huggingface_hub.HfApi()
    client.model_info("cross-encoder/ms-marco-MiniLM-L6-v2", timeout=NETWORK_TIMEOUT_S)
    return f"{client.endpoint} answers"
