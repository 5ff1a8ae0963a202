"""Proof that a bundle is what was sealed: every file's hash, nothing missing or extra, and the probe's numbers."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossjudge.errors import CheckpointError, CrossjudgeError, InputError
from crossjudge.models.bundle import BUNDLE, Bundle, digest_of, fitted_for, may_hold, read_bundle
from crossjudge.models.bundle_probe import PROBE, Engine, engines_here, open_head, quiet_logits, read_probe
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.integrity import corrupt, fresh_hash
from crossjudge.models.manifest import MANIFEST, read_manifest
from crossjudge.models.parity import Parity, compare_logits


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one file, or with one engine's numbers."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """How near one engine's logits are to the stored ones; `tolerance`: how far a logit may be off."""

    engine: str
    head: str
    fingerprint: str
    tolerance: float
    parity: Parity

    @property
    def passed(self) -> bool:
        """Whether no logit is further off than stated."""
        return self.parity.max_drift <= self.tolerance


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What was found. `digest`: sha256 hex of the manifest, None where there is none. `files`: how many were hashed."""

    folder: Path
    digest: str | None
    files: int
    size_bytes: int
    bundle: Bundle | None
    probed: tuple[Probed, ...]
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether the folder is what was sealed, as far as it can be seen from here."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "folder": str(self.folder),
            "passed": self.passed,
            "digest": self.digest,
            "files": self.files,
            "bytes": self.size_bytes,
            "bundle": None if self.bundle is None else asdict(self.bundle),
            "probed": [{**asdict(one), "passed": one.passed} for one in self.probed],
            "problems": [asdict(one) for one in self.problems],
        }


def verify_bundle(
    folder: str | Path, *, digest: str | None = None, backends: Collection[str] | None = None
) -> Verification:
    """Hash every file of the bundle in `folder`, and, if all are as sealed, ask its probe on each engine that is here.

    `digest`: what `crossjudge bundle` printed; without it, a folder whose manifest was rewritten with its files
    passes. `backends`: only these of "onnx", "openvino" and "torch". A model whose files are not as sealed is never
    loaded. Raises `InputError` where `folder` is no folder or no engine is left to ask.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        raise InputError(f"Verifying {folder}: there is no such folder. Name one that `crossjudge bundle` wrote.")
    listed, problems = _listed(path)
    problems += _seal_problems(path, digest)
    problems += _file_problems(path, listed)
    bundle: Bundle | None = None
    probed: tuple[Probed, ...] = ()
    if not problems:
        try:
            bundle = read_bundle(path)
            problems += _identity_problems(path, bundle)
            probed = tuple(_probed(path, backends))
        except CrossjudgeError as error:
            if isinstance(error, InputError):
                raise
            problems.append(Problem("model", str(error)))
    problems += [_off(one) for one in probed if not one.passed]
    return Verification(
        folder=path,
        digest=digest_of(path) if (path / MANIFEST).is_file() else None,
        files=len(listed),
        size_bytes=sum(size for size, _ in listed.values()),
        bundle=bundle,
        probed=probed,
        problems=tuple(problems),
    )


def _listed(folder: Path) -> tuple[dict[str, tuple[int, str]], list[Problem]]:
    try:
        return read_manifest(folder), []
    except CheckpointError as error:
        return {}, [Problem(MANIFEST, str(error))]


def _seal_problems(folder: Path, digest: str | None) -> list[Problem]:
    if digest is None or not (folder / MANIFEST).is_file():
        return []
    seen = digest_of(folder)
    if seen == digest.strip().lower():
        return []
    return [Problem(MANIFEST, f"the bundle's digest is {seen}, and {digest} was expected: this is another bundle")]


def _file_problems(folder: Path, listed: dict[str, tuple[int, str]]) -> Iterator[Problem]:
    """Of files that are missing, extra, links, of a kind that has no place here, or not as the manifest says."""
    if not listed:
        return
    found = dict(_walk(folder))
    for name in sorted({BUNDLE, PROBE, *listed} - found.keys()):
        yield Problem(name, "it is missing")
    for name, entry in sorted(found.items()):
        if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
            yield Problem(name, "it is a link or no plain file; a bundle holds plain files alone")
        elif name == MANIFEST:
            continue
        elif name not in listed:
            yield Problem(name, "it is not in the manifest: it was added after sealing")
        elif not may_hold(Path(name).name):
            yield Problem(name, "files of this kind have no place in a bundle: it holds safetensors, ONNX and text")
        elif entry.stat().st_size != listed[name][0]:
            yield Problem(name, f"it has {entry.stat().st_size} bytes, and {listed[name][0]} were sealed")
        elif fresh_hash(folder / name) != listed[name][1]:
            yield Problem(name, "its sha256 is not the one that was sealed: it was changed")


def _walk(folder: Path, before: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but true folders, by its name inside the bundle; links are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder / entry.name, f"{before}{entry.name}/")
            else:
                yield f"{before}{entry.name}", entry


def _identity_problems(folder: Path, bundle: Bundle) -> Iterator[Problem]:
    checkpoint = load_checkpoint(folder, local_files_only=True)
    if (checkpoint.weights_hash(), checkpoint.tokenizer_hash()) != (bundle.weights, bundle.tokenizer):
        yield Problem(BUNDLE, "its fingerprint is not that of the weights and tokenizer beside it")
    identity = f"{bundle.weights[:16]}:{bundle.tokenizer[:16]}:"
    for name, fingerprints in fitted_for(folder).items():
        if not any(one.startswith(identity) for one in fingerprints):
            yield Problem(name, "it was fitted for another model")


def _probed(folder: Path, backends: Collection[str] | None) -> Iterator[Probed]:
    """The model's own engine is asked with every head, the others with the first."""
    probe = read_probe(folder)
    checkpoint = load_checkpoint(folder, local_files_only=True)
    engines = [one for one in engines_here(checkpoint) if backends is None or one.backend in backends]
    if not engines:
        raise InputError(
            f"Verifying {folder}: none of {', '.join(backends or ())} can run it here; there are "
            f"{', '.join(map(str, engines_here(checkpoint)))}. Name one of these, or none for all."
        )
    for engine in engines:
        tolerance = probe.tolerances.get(str(engine))
        if tolerance is None:
            raise corrupt(folder / PROBE, f"it states no tolerance for {engine}")
        heads = list(probe.logits) if str(engine) == probe.engine else [_first_head(folder, list(probe.logits))]
        for head in heads:
            yield _asked(folder, engine, head, tolerance)


def _first_head(folder: Path, heads: list[str]) -> str:
    default = load_checkpoint(folder, local_files_only=True)
    return next((name for name in heads if default.heads.get(name) == default.labels), heads[0])


def _asked(folder: Path, engine: Engine, head: str, tolerance: float) -> Probed:
    probe = read_probe(folder)
    model = open_head(folder, head, engine)
    parity = compare_logits(probe.logits[head], quiet_logits(model, probe.pairs))
    return Probed(engine=str(engine), head=head, fingerprint=model.fingerprint, tolerance=tolerance, parity=parity)


def _off(one: Probed) -> Problem:
    of_head = f" of the head {one.head}" if one.head else ""
    return Problem(
        one.engine,
        f"logits{of_head} are off by up to {one.parity.max_drift:.4g} from the stored ones, and {one.tolerance:.4g} is "
        "allowed: this engine does not compute the model that was sealed",
    )
