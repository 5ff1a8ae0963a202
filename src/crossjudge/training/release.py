"""A trained network becomes the embedded model: graphs, calibration, measured figures, card, hashes, manifest.

`python -m crossjudge.training.release TRAINED OUT --data FOLDER`, and once every figure of it was measured
(`benchmarks/model_figures.py`), `python -m crossjudge.training.card OUT FIGURES.json` puts them on its card.
"""

from __future__ import annotations

import argparse
import json
import shutil
from itertools import islice
from pathlib import Path

from crossjudge.calibration import calibration_file
from crossjudge.datasets import Example, read_examples
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.certificates import load_certificates, save_certificates
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.export import CERTIFICATES, export
from crossjudge.models.integrity import read_json
from crossjudge.models.layout import GRAPHS
from crossjudge.models.manifest import write_manifest
from crossjudge.models.one_way_export import TOKENIZER_FILES, export_one_way
from crossjudge.models.one_way_folder import is_trained
from crossjudge.training.card import write_card
from crossjudge.training.decontamination import leaked, load_hashes, save_hashes
from crossjudge.training.distillation import RECORD as TEACHING
from crossjudge.training.evaluation_pairs import held_out_hashes
from crossjudge.training.measure import measure
from crossjudge.training.temperatures import FITTED_ON, fit_head
from crossjudge.training.trainer import RECORD
from crossjudge.types import Pair

MEASURED = (
    "snli.test",
    "mnli_matched.dev",
    "anli.dev",
    "xnli_en.test",
    "fever.dev",
    "sick.test",
    "med.test",
    "temporal_nli.test",
)
OF_JOINT = ("config.json", *TOKENIZER_FILES, GRAPHS[0], CERTIFICATES)
"""What ships of a joint run's export."""
RANGED_ON = {"snli.dev": 150, "lingnli.dev": 150, "fever.dev": 100, "stsb.dev": 100, "scifact_documents.dev": 40}
"""Sets that int8 scales are measured on, and how many rows of each."""


def main() -> None:
    """Build the folder and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, help="folder that training wrote")
    parser.add_argument("out", type=Path, help="folder of the model to ship")
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    options = parser.parse_args()
    release(options.trained, options.out, data=options.data)


def release(trained: Path, out: Path, *, data: Path) -> Path:
    """Write everything that ships beside the weights, in place of what `out` held.

    Raises `InputError` if a training pair is an evaluation pair: such weights may not ship.
    """
    train_hashes, evaluation_hashes = load_hashes(trained / "train_hashes.npy"), held_out_hashes(data)
    if seen := len(leaked(train_hashes, evaluation_hashes)):
        raise InputError(
            f"Releasing {trained}: {seen} of its training pairs are evaluation pairs. Expected none; train again with "
            "`exclude` set to the hashes of the evaluation pairs."
        )
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    export_run(trained, fresh, [Pair(one.text_a, one.text_b) for one in _ranging(data)])
    _measure_and_describe(trained, fresh, data)
    write_manifest(fresh)
    # The hashes prove what the model was not trained on; nothing loads them, so they stay out of manifest and wheel.
    save_hashes(train_hashes, fresh / "train_hashes.npy")
    save_hashes(evaluation_hashes, fresh / "evaluation_hashes.npy")
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return out


def export_run(trained: Path, out: Path, ranging: list[Pair]) -> None:
    """The graphs that ship, in int8."""
    if is_trained(trained):
        # Exits are a third of the heads' size again, and pay where most pairs are easy; they stay with the trained
        # weights.
        export_one_way(trained, out, calibration=ranging, keep_exits=False)
        return
    export(load_checkpoint(trained), out, precision="int8", calibration=ranging)
    # The run's own files, and a graph as large again for an engine that an installation may not have.
    for path in sorted(out.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(out).as_posix() not in OF_JOINT:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    kept = [one for one in load_certificates(out / CERTIFICATES) if one.engine == "onnx"]
    config = read_json(out / "config.json")
    save_certificates(out / CERTIFICATES, kept, calibration=config["crossjudge"]["calibration"])
    (config["crossjudge"]["objective"],) = read_json(trained / RECORD)["settings"]["heads"]
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _measure_and_describe(trained: Path, out: Path, data: Path) -> None:
    """Calibration, held-out figures, record and card of the model in `out`."""
    record = read_json(trained / RECORD)
    if (trained / TEACHING).is_file():
        record["distillation"] = read_json(trained / TEACHING)
    fitted = {head: fit_head(out, head, data=data) for head in FITTED_ON if head in record["settings"]["heads"]}
    for head, (calibration, _) in fitted.items():
        calibration.save(out / calibration_file(head))
    record["calibration"] = {head: seen for head, (_, seen) in fitted.items()}
    # The manifest that the export wrote does not know the calibrations yet, and a judge reads only what it lists.
    write_manifest(out)
    judge = Judge(CrossEncoder(out))
    record["figures"] = [measure(judge, *name.split("."), folder=data).to_dict() for name in MEASURED]
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_card(out / "README.md", record)


def _ranging(data: Path) -> list[Example]:
    """Held-out pairs of the kinds that the heads read; their gold is not looked at."""
    return [
        example
        for name, rows in RANGED_ON.items()
        for example in islice(read_examples(*name.split("."), folder=data), rows)
    ]


if __name__ == "__main__":
    main()
