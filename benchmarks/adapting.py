"""What adapting gains: `python benchmarks/adapting.py --data FOLDER scientsbank fnc1 --pairs 200`.

Takes `--pairs` random labelled pairs of a set's train part, adapts the model to them, and measures model and result
on `--test` pairs of its test or dev part, which adapting never saw. Prints the time, what was chosen, the
figures that adapting itself reported on its held-out third, and those on the other part, with 95% intervals.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

import numpy as np

from crossjudge import CrossEncoder
from crossjudge.datasets.rows import read_jsonl
from crossjudge.objectives import get_objective
from crossjudge.training.adapting import Adaptation, adapt
from crossjudge.training.adapting.comparing import Comparison, compare
from crossjudge.training.adapting.dealing import groups_of
from crossjudge.training.adapting.label_contract import columns_of, label_contract
from crossjudge.training.adapting.labelled_rows import LabelledRows
from crossjudge.types import Pair

SETS = {
    "scientsbank": ("grading/scientsbank", "test", "nli"),
    "fnc1": ("relevance/fnc1", "dev", "relevance"),
    "scifact": ("groundedness/scifact", "dev", "nli"),
    "mrpc": ("duplicate/mrpc", "test", "duplicate"),
}
"""Name -> files, the part that is measured on, and the objective."""

MEANINGS = {
    "correct": ("entailment",),
    "contradictory": ("contradiction",),
    "incorrect": ("neutral",),
    "supported": ("entailment",),
    "contradicted": ("contradiction",),
    "not_enough_info": ("neutral",),
}


def main() -> None:
    """Adapt to each set and print a line, or with --json an object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", choices=sorted(SETS))
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--model", default=None, help="folder or hub name (default: the embedded model)")
    parser.add_argument("--pairs", type=int, default=200, help="labelled pairs to adapt to")
    parser.add_argument("--test", type=int, default=1000, help="pairs to measure on")
    parser.add_argument("--seed", type=int, default=0, help="which pairs")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    for name in options.sets:
        stem, part, objective = SETS[name]
        labelled = sample(options.data / f"{stem}.train.jsonl.gz", options.pairs, options.seed)
        unseen = sample(options.data / f"{stem}.{part}.jsonl.gz", options.test, options.seed)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            found = adapt(
                labelled, Path(folder) / "out", model=options.model, objective=objective, labels=meant(labelled)
            )
            seconds = time.perf_counter() - started
            measured = measure(found, unseen, options.model) if found.folder else None
        print(
            json.dumps(record(name, seconds, found, measured)) if options.json else line(name, seconds, found, measured)
        )


def sample(path: Path, count: int, seed: int) -> LabelledRows:
    """`count` random labelled pairs of a file."""
    rows = [fields for _, fields in read_jsonl(path)]
    chosen = random.Random(seed).sample(rows, min(count, len(rows)))
    return LabelledRows(
        pairs=[pair_of(one) for one in chosen], golds=[str(one["label"]) for one in chosen], problems=[], doubled=0
    )


def pair_of(row: dict[str, object]) -> Pair:
    """A row of any of the sets as a pair; a grading row's reference is the first text."""
    for first, second in (("sentence1", "sentence2"), ("query", "document"), ("source", "claim")):
        if first in row:
            return Pair(str(row[first]), str(row[second]))
    reference = row["reference"]
    assert isinstance(reference, list)
    return Pair(str(reference[0]), str(row["answer"]))


def meant(rows: LabelledRows) -> dict[str, tuple[str, ...]]:
    """What the labels mean, where their names do not say it."""
    return {name: MEANINGS[name] for name in dict.fromkeys(rows.golds) if name in MEANINGS}


def measure(found: Adaptation, rows: LabelledRows, model: str | None) -> Comparison:
    """The model and what was made of it, on pairs that adapting never saw; before: as shipped, uncalibrated."""
    head = found.objective
    before = CrossEncoder(model, head=head) if found.folder and has_heads(found.folder) else CrossEncoder(model)
    after = CrossEncoder(found.folder, head=before.head)
    objective = get_objective(found.objective)
    contract = label_contract(rows.golds, columns_of(before, objective), objective, meant(rows))
    logits = [padded(one.logits(rows.pairs)) for one in (before, after)]
    return compare(*logits, contract.allowed(rows.golds), contract.groups(), groups_of(rows.pairs))


def has_heads(folder: Path) -> bool:
    """Whether it is a model of several heads."""
    return len(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("heads", {})) > 1


def padded(logits: np.ndarray) -> np.ndarray:
    """With the second column that a single logit is compared with."""
    wide = logits.astype(np.float64)
    return np.concatenate([wide, np.zeros_like(wide)], axis=1) if wide.shape[1] == 1 else wide


def record(name: str, seconds: float, found: Adaptation, measured: Comparison | None) -> dict[str, object]:
    """One set as plain JSON values."""
    unseen = None if measured is None else measured.to_dict()
    return {"set": name, "seconds": round(seconds, 1), "adaptation": found.to_dict(), "unseen": unseen}


def line(name: str, seconds: float, found: Adaptation, measured: Comparison | None) -> str:
    """One set for people."""
    lines = [f"{name}: {found.trained} + {found.held_out} pairs, {seconds:.0f} s, chose {found.chosen.kind}"]
    for what, one in (("held-out third", found.comparison), ("unseen part", measured)):
        if one is not None:
            lines.append(
                f"  {what} (n={one.n}): accuracy {one.before.accuracy} -> {one.after.accuracy}, gain "
                f"{one.accuracy_gain}; log loss {one.before.log_loss:.3f} -> {one.after.log_loss:.3f}, "
                f"gain {one.loss_gain}"
            )
    return "\n".join([*lines, f"  {found.comparison.verdict()}"])


if __name__ == "__main__":
    main()
