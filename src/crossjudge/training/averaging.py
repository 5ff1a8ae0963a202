"""The mean of the weights of several runs of one network: what one gained and another kept, at no cost when it is used.

`python -m crossjudge.training.averaging RUN [RUN ...] --out OUT`. Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models" (arXiv 2109.01903): between the weights before and after further training lie some that keep more of
both.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from crossjudge.errors import InputError
from crossjudge.training.decontamination import load_hashes, save_hashes
from crossjudge.training.students import WEIGHTS
from crossjudge.training.trainer import CHECKPOINT, HASHES, RECORD

_DOING = "Averaging weights"
_LONG = ("earlier", "averaged_with", "sets")
"""What stands in the first one's record too, where one run goes on from another."""


def main() -> None:
    """Write the mean of some runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders that training wrote, the latest first")
    parser.add_argument("--out", type=Path, required=True, help="folder of the mean")
    options = parser.parse_args()
    average(options.runs, options.out)


def average(runs: Sequence[Path], out: Path) -> Path:
    """Write a folder like those of `runs`, with the mean of their weights, and return it.

    The first one's record is kept, with what the others saw in it as `averaged_with`; the hashes are of every pair that
    any of them was trained on. Raises `InputError` for fewer than two runs, or networks that are not alike.
    """
    if len(runs) < 2:
        raise InputError(f"{_DOING}: got {len(runs)} run; expected two or more. Name the others.")
    absent = [run / name for run in runs for name in (WEIGHTS, RECORD, HASHES) if not (run / name).is_file()]
    if absent:
        raise InputError(f"{_DOING}: there is no {absent[0]}. Expected folders that training wrote. Correct the path.")
    weights = [load_file(run / WEIGHTS) for run in runs]
    for run, other in zip(runs[1:], weights[1:], strict=True):
        _check_alike(runs[0], weights[0], run, other)
    shutil.copytree(runs[0], out, dirs_exist_ok=True, ignore=lambda folder, names: [n for n in names if _is_of_one(n)])
    mean = {name: torch.stack([one[name].float() for one in weights]).mean(0) for name in weights[0]}
    save_file({name: tensor.to(weights[0][name].dtype) for name, tensor in mean.items()}, out / WEIGHTS)
    record, *others = (json.loads((run / RECORD).read_text(encoding="utf-8")) for run in runs)
    own = [{key: value for key, value in other.items() if key not in _LONG} for other in others]
    content = json.dumps(record | {"averaged_with": own}, indent=1)
    (out / RECORD).write_text(content + "\n", encoding="utf-8")
    save_hashes(reduce(np.union1d, (load_hashes(run / HASHES) for run in runs)), out / HASHES)
    return out


def _is_of_one(name: str) -> bool:
    """Whether a file of a run says what no other run has: its curve, its figures, its checkpoint."""
    return name in (WEIGHTS, RECORD, HASHES, CHECKPOINT) or name.startswith(("training_", "held_out", "teacher_"))


def _check_alike(first: Path, tensors: dict[str, Tensor], run: Path, other: dict[str, Tensor]) -> None:
    strange = sorted(
        name
        for name in tensors.keys() | other.keys()
        if name not in tensors or name not in other or tensors[name].shape != other[name].shape
    )
    if strange:
        raise InputError(
            f"{_DOING}: {first} and {run} differ in {strange[0]!r} and {len(strange) - 1} more. Expected one network "
            "with the same heads and exits. Average runs of which one goes on from the other."
        )


if __name__ == "__main__":
    main()
