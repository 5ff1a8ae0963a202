"""`adapt`: labelled pairs in, a better model in a folder out, or the figures that show that it would not be better."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.calibration import Calibration, calibration_file
from crossjudge.errors import BackendError
from crossjudge.judge import Judge
from crossjudge.models.bundle import CARD, Contract, copy_model, name_of, seal, state_contract
from crossjudge.models.bundle_probe import quiet_logits
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.integrity import read_json
from crossjudge.models.last_layer import LastLayer, pair_features, read_last_layer, write_last_layer
from crossjudge.models.manifest import MANIFEST, write_manifest
from crossjudge.models.new_folder import put_in_place, require_new
from crossjudge.objectives import get_objective
from crossjudge.objectives.base import Objective
from crossjudge.training.adapting.adapted_card import write_card
from crossjudge.training.adapting.choosing import FOLDS, SEED, UNCHANGED, Read, choose, fit
from crossjudge.training.adapting.comparing import compare
from crossjudge.training.adapting.dealing import deal, groups_of
from crossjudge.training.adapting.fitting import Numbers
from crossjudge.training.adapting.label_contract import columns_of, label_contract
from crossjudge.training.adapting.labelled_rows import LabelledRows, check_enough
from crossjudge.training.adapting.outcome import Adaptation
from crossjudge.training.decontamination import pair_hash
from crossjudge.types import Pair

RECORD = "adaptation.json"
HELD_OUT_OF = 3
"""One part in so many is held out."""
SAME = 1e-3
"""How far a logit of the saved folder may be from the one that was measured, in units of the largest."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the measured pairs, and the logits `(n_pairs, num_labels)` that were measured."""

    pairs: list[Pair]
    objective: Objective
    expected: Numbers

    def require_same(self, saved: CrossEncoder) -> None:
        """Raise `BackendError` unless the folder that was saved gives these logits."""
        seen: Numbers = quiet_logits(saved, self.pairs).astype(np.float64)
        if self.objective.symmetric:
            seen = (seen + quiet_logits(saved, _swapped(self.pairs))) / 2
        if np.abs(seen - self.expected).max() > SAME * max(1.0, float(np.abs(self.expected).max())):
            raise BackendError(
                "Saving an adapted model: the folder's logits are not those that were measured, so its figures would "
                "not hold. Its weights may be in half precision: save the checkpoint in float32 first."
            )


def adapt(
    rows: LabelledRows,
    out: str | Path,
    *,
    model: str | Path | None = None,
    objective: str | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
    **where: Any,
) -> Adaptation:
    """Adapt `model` (None: the embedded one) to labelled `rows`, and save it in the new folder `out` if it is better.

    A third of the pairs is held out: nothing is fitted to it nor chosen by it. On the others, cross-validation chooses
    between thresholds, scales and a new last layer. `objective`: which head of a model with several, and what labels
    mean; the model's own if left out. `labels`: label in the file -> those of the objective that it leaves open.

    Raises `InputError` for too few pairs and `LabelError` for labels that mean nothing known or are of one class only.
    """
    folder = require_new(Path(out), doing="Adapting")
    opened = _opened(model, objective, where)
    known = get_objective(objective or opened.objective or "nli")
    columns = columns_of(opened, known)
    contract = label_contract(rows.golds, columns, known, labels or {})
    classes = [contract.names[gold] for gold in rows.golds]
    check_enough(Counter(classes))

    calibration = Judge(opened, objective=known.name).calibration
    layer = _calibrated(read_last_layer(opened), calibration)
    features = _features(opened, rows.pairs, known, progress)
    logits = _with_other_side(features @ layer.weight.astype(np.float64) + layer.bias)
    read = Read(features, logits, _judged(logits, calibration, list(columns.values())), moved=opened.num_labels)
    allowed, groups = contract.allowed(rows.golds), groups_of(rows.pairs)
    out_of_it = deal(groups, classes, HELD_OUT_OF, seed=SEED) == 0
    training = ~out_of_it
    parts = deal(
        groups[training], [name for name, used in zip(classes, training, strict=True) if used], FOLDS, seed=SEED
    )
    chosen, candidates = choose(read.of(training), allowed[training], parts)
    change = fit(read.of(training), allowed[training], chosen)
    held = read.of(out_of_it)
    comparison = compare(held.judged, change.logits(held), allowed[out_of_it], contract.groups(), groups[out_of_it])
    found = Adaptation(
        folder=folder if comparison.better and chosen.kind != UNCHANGED else None,
        objective=known.name,
        trained=int(training.sum()),
        held_out=int(out_of_it.sum()),
        classes=dict(Counter(classes)),
        meanings=dict(contract.classes),
        chosen=chosen,
        candidates=tuple(candidates),
        comparison=comparison,
        base=opened.fingerprint,
        fingerprint=None,
    )
    if found.folder is None:
        return found
    sample = np.flatnonzero(out_of_it)[:16]
    expected = change.logits(read.of(sample))[:, : opened.num_labels]
    changed = change.applied(layer)
    return _save(found, opened, changed, rows, Sample([rows.pairs[row] for row in sample], known, expected))


def _opened(model: str | Path | None, objective: str | None, where: Mapping[str, Any]) -> CrossEncoder:
    opened = CrossEncoder(model, backend="onnx", **where)
    if objective in opened.checkpoint.heads and opened.head != objective:
        return CrossEncoder(model, backend="onnx", head=objective, **where)
    return opened


def _calibrated(layer: LastLayer, calibration: Calibration | None) -> LastLayer:
    """The layer with the temperature worked in; curves cannot be, and their temperature is 1."""
    if calibration is None:
        return layer
    factor = np.float32(1 / calibration.temperature)
    return LastLayer(layer.weight * factor, layer.bias * factor)


def _features(
    model: CrossEncoder, pairs: Sequence[Pair], objective: Objective, progress: Progress | None = None
) -> Numbers:
    """What the last layer reads, `(n_pairs, hidden_size)`: of symmetric objectives the mean of both orders.

    A judge takes the mean of both orders' logits, and those are a linear function of this.
    """
    asked = [*pairs, *_swapped(pairs)] if objective.symmetric else pairs
    found = pair_features(model, asked, progress=progress).astype(np.float64)
    both: Numbers = found.reshape(-1, len(pairs), found.shape[1]).mean(axis=0)
    return both


def _swapped(pairs: Sequence[Pair]) -> list[Pair]:
    return [Pair(pair.text_b, pair.text_a) for pair in pairs]


def _with_other_side(logits: Numbers) -> Numbers:
    """A single logit gets a second column that is always 0, the other side of its sigmoid."""
    return np.concatenate([logits, np.zeros_like(logits)], axis=1) if logits.shape[1] == 1 else logits


def _judged(logits: Numbers, calibration: Calibration | None, order: Sequence[int]) -> Numbers:
    """Logits of the probabilities that a judge gives; `order`: the column of each label of the objective."""
    if calibration is None or calibration.curves is None:
        return logits
    judged = np.empty_like(logits)
    judged[:, order] = np.log(calibration.probabilities(logits[:, order].astype(np.float32)))
    return judged


def _save(
    found: Adaptation,
    opened: CrossEncoder,
    layer: LastLayer,
    rows: LabelledRows,
    sample: Sample,
) -> Adaptation:
    assert found.folder is not None
    fingerprints: list[str] = []

    def write(fresh: Path) -> None:
        copy_model(opened.checkpoint, fresh)
        stated = Contract() if opened.attention == "one_way" else Contract(objective=found.objective)
        state_contract(fresh, opened, stated)
        write_last_layer(fresh, opened.head, layer)
        if (fresh / MANIFEST).is_file():
            write_manifest(fresh)
        saved = CrossEncoder(fresh, backend="onnx", head=opened.head, local_files_only=True)
        sample.require_same(saved)
        _renew_calibrations(fresh, opened, saved, found.objective)
        record = {**found.to_dict(), "folder": None, "fingerprint": saved.fingerprint, "pairs": _hashes(rows.pairs)}
        (fresh / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        write_card(fresh / CARD, opened, found)
        seal(fresh, name=f"{name_of(opened)}, adapted")
        fingerprints.append(saved.fingerprint)

    put_in_place(found.folder, write)
    return replace(found, fingerprint=fingerprints[0])


def _renew_calibrations(folder: Path, before: CrossEncoder, after: CrossEncoder, objective: str) -> None:
    """The adapted head's calibration is worked into its weights; those of other heads hold for the new weights too."""
    (folder / calibration_file(objective)).unlink(missing_ok=True)
    old, new = (one.fingerprint.split(":")[0] for one in (before, after))
    for path in folder.glob("calibration*.json"):
        content = read_json(path)
        content["fingerprints"] = [one.replace(f"{old}:", f"{new}:", 1) for one in content["fingerprints"]]
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _hashes(pairs: Sequence[Pair]) -> list[str]:
    """64-bit hashes of the normalised pairs, in order of size: what was seen can be told, and not what it said."""
    return [f"{one:016x}" for one in sorted(pair_hash(pair.text_a, pair.text_b) for pair in pairs)]
