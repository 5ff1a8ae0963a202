"""What `crossjudge bundle` and `crossjudge verify` do and show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossjudge.calibration import Calibration, calibration_file
from crossjudge.cli.failures import say
from crossjudge.errors import InputError
from crossjudge.models.boxed import EMBEDDED_NAME
from crossjudge.models.bundle import Contract, digest_of, write_bundle
from crossjudge.models.bundle_verification import Probed, Verification
from crossjudge.objectives import get_objective


@dataclass(frozen=True, kw_only=True, slots=True)
class BundleRequest:
    """What is sealed where; `where`: how to reach the hub."""

    model: str
    out: Path
    calibrations: tuple[Path, ...]
    labels: str | None
    objective: str | None
    where: Mapping[str, Any]

    def named_calibrations(self) -> dict[str, Path]:
        """Name in the bundle -> file; raises `InputError` for two of one objective."""
        found: dict[str, Path] = {}
        for path in self.calibrations:
            name = calibration_file(Calibration.load(path).objective)
            if name in found:
                raise InputError(f"Reading the arguments: {path} and {found[name]} are for one objective. Name one.")
            found[name] = path
        return found

    def contract(self) -> Contract:
        """What was stated of the model."""
        labels = None if self.labels is None else tuple(name.strip() for name in self.labels.split(","))
        return Contract(labels=labels, objective=None if self.objective is None else get_objective(self.objective).name)


def write(request: BundleRequest, *, as_json: bool, quiet: bool) -> None:
    """Write the bundle and say how to prove it."""
    model = None if request.model == EMBEDDED_NAME else request.model
    made = write_bundle(
        model, request.out, calibrations=request.named_calibrations(), contract=request.contract(), **request.where
    )
    digest = digest_of(request.out)
    if as_json:
        print(json.dumps({"folder": str(request.out), "digest": digest, **asdict(made)}))
        return
    if quiet:
        return
    if not made.labels_are_named:
        say("the model does not name its labels: Judge will refuse it. State them with --labels.")
    print(f"{request.out}: {made.model}, fingerprint {made.fingerprint}")
    print(f"digest {digest}")
    print(f"Prove it with: crossjudge verify {request.out} --digest {digest}")


def show_verification(found: Verification, *, as_json: bool, quiet: bool) -> None:
    """What was found: problems always, the rest unless `quiet`."""
    if as_json:
        print(json.dumps(found.to_dict()))
        return
    if not quiet:
        print(f"{found.folder}: {found.files} files, {found.size_bytes / 1e6:,.1f} MB, digest {found.digest}")
        for one in found.probed:
            print(_line(one))
    for problem in found.problems:
        say(f"{problem.what}: {problem.why}")
    if not quiet and found.passed:
        print("As sealed." if found.probed else "As sealed; no engine was asked.")


def _line(one: Probed) -> str:
    head = f" {one.head}" if one.head else ""
    return (
        f"  {one.engine}{head}: logits of {one.parity.n_pairs} stored pairs are off by {one.parity.max_drift:.3g} at "
        f"most ({one.tolerance:.3g} allowed), {one.parity.flips} decisions differ"
    )
