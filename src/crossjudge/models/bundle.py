"""A sealed bundle: one folder with all that a model needs, a hash of every file, and a probe of what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from crossjudge.errors import BackendError, FingerprintError, LabelError, UnsupportedModelError
from crossjudge.models.bundle_probe import quiet_logits, read_probe, write_probe
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.export import OPENVINO_INT8, copy_file, copy_graph, exported_graph, files_to_keep
from crossjudge.models.integrity import read_json
from crossjudge.models.layout import INDEX
from crossjudge.models.manifest import MANIFEST, read_manifest, write_manifest
from crossjudge.models.new_folder import put_in_place, require_new
from crossjudge.models.registry import Card, find_card

BUNDLE = "bundle.json"
CARD = "README.md"
FORMAT = 1

SUFFIXES = (".json", ".txt", ".md", ".model", ".onnx", ".data", ".onnx_data", ".safetensors")
NAMES = ("weights.bin", "LICENSE", "NOTICE")
"""Endings and names of the files that a bundle may hold: configs, tokenizers, cards, safetensors and ONNX."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What a sealed folder says of itself, in `bundle.json`.

    `model`: what it was called. `heads`: name -> labels by id, "" where there is a single head without a name.
    `labels_are_named`: false for `LABEL_0` and such. `weights`, `tokenizer`: sha256 hex, the fingerprint's first parts.
    `fingerprint`: that of the engine it was probed on.
    """

    format: int
    crossjudge: str
    model: str
    licence: str | None
    objective: str | None
    heads: dict[str, tuple[str, ...]]
    labels_are_named: bool
    max_length: int
    weights: str
    tokenizer: str
    fingerprint: str
    calibrations: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What is stated of a checkpoint that does not say it itself: label names by id, and the objective."""

    labels: tuple[str, ...] | None = None
    objective: str | None = None


def write_bundle(
    model: str | Path | None,
    out: str | Path,
    *,
    calibrations: Mapping[str, Path] | None = None,
    contract: Contract | None = None,
    **where: Any,
) -> Bundle:
    """Seal the cross-encoder `model` (None: the embedded one) in the new folder `out`.

    `calibrations`: name in the folder -> file; each must be of this model. `where`: how to reach the hub, as for
    `CrossEncoder`. The folder's logits and fingerprint are those of `model`. Raises `InputError` for a folder in use,
    `FingerprintError` for a calibration of another model, `LabelError` for labels that do not fit, and what loading
    and exporting raise.
    """
    folder = require_new(Path(out), doing="Writing a bundle")
    original = CrossEncoder(model, **where)

    def write(fresh: Path) -> None:
        copy_model(original.checkpoint, fresh)
        state_contract(fresh, original, contract or Contract())
        for name, path in (calibrations or {}).items():
            copy_file(path, fresh / name)
        seal(fresh, name=name_of(original))
        _require_equal(original, fresh)

    put_in_place(folder, write)
    return read_bundle(folder)


def copy_model(checkpoint: Checkpoint, folder: Path) -> None:
    """Copy all that `checkpoint` needs into `folder`; its inference graph is made first where it has none."""
    if checkpoint.attention == "one_way":
        for name in {*read_manifest(checkpoint.folder), MANIFEST, CARD}:
            if (checkpoint.folder / name).is_file():
                copy_file(checkpoint.folder / name, folder / name)
        return
    inner = folder / checkpoint.tokenizer_folder.relative_to(checkpoint.folder)
    for source in files_to_keep(checkpoint):
        copy_file(source, folder / source.relative_to(checkpoint.folder))
    copy_graph(exported_graph(checkpoint), inner)
    beside = (*checkpoint.weights, *(checkpoint.tokenizer_folder / name for name in (INDEX, OPENVINO_INT8)))
    for source in beside:
        if source.is_file():
            copy_file(source, inner / source.relative_to(checkpoint.tokenizer_folder))


def state_contract(folder: Path, original: CrossEncoder, contract: Contract) -> None:
    """Write labels and objective into the config of a joint model, so that they no longer depend on its name.

    A card of our list is believed where neither the caller nor the checkpoint says them.
    """
    if original.attention == "one_way":
        _refuse_statement(original, contract)
        return
    card = find_card(original.name) or find_card(original.checkpoint.folder.name)
    labels = contract.labels or _labels_of_card(original, card)
    path = folder / original.checkpoint.tokenizer_folder.relative_to(original.checkpoint.folder) / "config.json"
    config = read_json(path)
    if labels is not None:
        _require_count(original, labels)
        config["id2label"] = {str(place): label for place, label in enumerate(labels)}
        config["label2id"] = {label: place for place, label in enumerate(labels)}
    objective = contract.objective or original.objective
    if objective is not None:
        config["crossjudge"] = {**config.get("crossjudge", {}), "objective": objective}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _refuse_statement(original: CrossEncoder, contract: Contract) -> None:
    if contract != Contract():
        raise LabelError(
            f"Writing a bundle of '{original.name}': labels or an objective were stated, and its config names those of "
            f"every head ({', '.join(original.checkpoint.heads)}). Leave them out."
        )


def _labels_of_card(original: CrossEncoder, card: Card | None) -> tuple[str, ...] | None:
    unnamed = not original.checkpoint.labels_are_named and original.num_labels > 1
    return card.labels if unnamed and card is not None and len(card.labels) == original.num_labels else None


def _require_count(original: CrossEncoder, labels: Sequence[str]) -> None:
    if len(labels) != original.num_labels or len(set(labels)) != len(labels):
        raise LabelError(
            f"Writing a bundle of '{original.name}': the labels {', '.join(labels)} were stated, and it gives "
            f"{original.num_labels} logits. State one name of its own for each, in the order of the logits."
        )


def seal(folder: Path, *, name: str) -> Bundle:
    """Probe the model in `folder`, write what it says of itself, and the hash of every file in it.

    Raises `UnsupportedModelError` for a file that a bundle may not hold, and `FingerprintError` for a calibration of
    another model.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not may_hold(path.name):
            raise UnsupportedModelError(
                f"Writing a bundle: the model holds {path.name}; a bundle holds {', '.join((*SUFFIXES, *NAMES))} and "
                "nothing that can run code. Remove the file, or export the model first.",
                path=path,
            )
    if (folder / MANIFEST).is_file():
        write_manifest(folder)  # a one-way model loads only what its manifest lists
    model = write_probe(folder)
    calibrations = fitted_for(folder)
    for file, fingerprints in calibrations.items():
        if not any(one.startswith(_identity(model)) for one in fingerprints):
            raise FingerprintError(
                f"Writing a bundle: {file} was fitted for {', '.join(fingerprints) or 'no model'}, and this model is "
                f"{model.fingerprint}. Fit one on this model, or leave it out."
            )
    checkpoint = model.checkpoint
    content = Bundle(
        format=FORMAT,
        crossjudge=str(import_module("crossjudge").__version__),
        model=name,
        licence=_licence(folder, name),
        objective=model.objective,
        heads=dict(checkpoint.heads) or {"": checkpoint.labels},
        labels_are_named=checkpoint.labels_are_named or model.num_labels == 1,
        max_length=model.max_length,
        weights=checkpoint.weights_hash(),
        tokenizer=checkpoint.tokenizer_hash(),
        fingerprint=model.fingerprint,
        calibrations=calibrations,
    )
    (folder / BUNDLE).write_text(json.dumps(asdict(content), indent=1) + "\n", encoding="utf-8")
    write_manifest(folder)
    return content


def name_of(model: CrossEncoder) -> str:
    """What a model may be called elsewhere: of a folder on this disk, the last part of its path."""
    return model.checkpoint.folder.name if Path(model.name).expanduser().is_dir() else model.name


def may_hold(name: str) -> bool:
    """Whether a bundle may hold a file of this name."""
    return name in NAMES or name.endswith(SUFFIXES)


def fitted_for(folder: Path) -> dict[str, tuple[str, ...]]:
    """Name of each calibration in `folder` -> the fingerprints it holds for."""
    found = {path.name: read_json(path).get("fingerprints", ()) for path in sorted(folder.glob("calibration*.json"))}
    return {name: tuple(map(str, fingerprints)) for name, fingerprints in found.items()}


def _identity(model: CrossEncoder) -> str:
    """The fingerprint's parts that do not depend on the engine."""
    return ":".join([*model.fingerprint.split(":")[:2], ""])


def _licence(folder: Path, name: str) -> str | None:
    """As the checkpoint's own card states it, else as ours does."""
    lines = (folder / CARD).read_text(encoding="utf-8", errors="replace") if (folder / CARD).is_file() else ""
    for line in lines.splitlines()[:40]:
        if line.startswith("license:"):
            return line.partition(":")[2].strip() or None
    card = find_card(name)
    return card.licence if card else None


def read_bundle(folder: Path) -> Bundle:
    """What `seal` wrote."""
    content = read_json(folder / BUNDLE)
    tables = {name: {key: tuple(value) for key, value in content[name].items()} for name in ("heads", "calibrations")}
    return Bundle(**{**content, **tables})


def digest_of(folder: Path) -> str:
    """sha256 hex of the manifest: it names the whole bundle, since the manifest holds every other file's hash."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _require_equal(original: CrossEncoder, folder: Path) -> None:
    probe = read_probe(folder)
    head = original.head or ""
    if (quiet_logits(original, probe.pairs) != probe.logits[head]).any():
        raise BackendError(
            f"Writing a bundle of '{original.name}': the copy's logits are not the original's. Files may have changed "
            "meanwhile; run it again."
        )
