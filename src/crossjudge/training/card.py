"""The model card of a release, written from its record so that no figure in it was typed by hand.

`python -m crossjudge.training.card FOLDER FIGURES.json` puts the figures of `benchmarks/model_figures.py` on it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossjudge.datasets import dataset_cards
from crossjudge.models.boxed import EMBEDDED_NAME, JOINT_NAME, SMALL_NAME
from crossjudge.models.manifest import write_manifest
from crossjudge.training.augmentation import FAMILIES
from crossjudge.training.mixture import BY_HAND, OURS

_ONE_WAY = """\
---
license: apache-2.0
language: en
pipeline_tag: text-classification
---
# crossjudge embedded

The model that comes in the box: a one-way cross-encoder with 6 layers of 384, started from all-MiniLM-L6-v2. It reads
a premise once and judges any number of hypotheses against it. One forward pass answers in several heads:

* `nli`: contradiction, entailment, neutral (what `Judge()` and `CrossEncoder()` give);
* `similarity`: how much alike two texts mean, 0 to 1; `duplicate`: would one replace the other;
* `relevance`: does a passage answer a query; `certainty`: is the second text hedged, and less certain than the first;
* the premise's pooled states are a sentence embedding (`BiEncoder()`).

**Use it for** checking claims against a source, tagging by hypothesis, finding duplicates, re-ranking, a first
judgement on a laptop without download. **Do not use it for** decisions about people without review, or languages other
than English.

**Known failures**: see the figures below, above all the sets where it is near chance (adversarial NLI, time relations
in news text), the categories of the stress suites it misses, and evidence that is far from the claim's words in a long
source: sources are best judged in passages of a few sentences.
"""

_JOINT = """\
---
license: apache-2.0
language: en
pipeline_tag: text-classification
---
# crossjudge embedded-joint

The second model in the box: a joint cross-encoder with 6 layers of 384, started from all-MiniLM-L6-v2, that says
contradiction, entailment or neutral (`CrossEncoder("embedded-joint")`, `Judge("embedded-joint")`, and `model=` of every
use). It reads both texts together, which `embedded`, whose premise is read alone, does not.

**Use it for** single pairs where it matters which of several persons or things a text says what of: answers to a
question on a context, claims on a source, students' answers; and for messages held against policies, of which it blocks
far fewer that are harmless, and somewhat fewer that are not. **Do not use it for** many hypotheses of one long premise,
which `embedded` reads once and this model as often as it is asked; sentence vectors, similarity, duplicates, relevance
or hedging, for which it has no head; decisions about people without review, or languages other than English.

**Known failures**: numbers that have to be compared, and what is the most or the first of several, are near chance; see
the figures below.
"""

_SMALL = """\
---
license: apache-2.0
language: en
pipeline_tag: text-classification
---
# crossjudge embedded-xs

The smallest model in the box: three of the six layers of `embedded`, trained further with `embedded-joint` as the
teacher of its `nli` head (`crossjudge distill`). It has the heads of `embedded` (`nli`, `similarity`, `duplicate`,
`relevance`, `certainty`, and the premise's pooled states as a sentence embedding) and reads a premise once for many
hypotheses as that does: `CrossEncoder("embedded-xs")`, `Judge("embedded-xs")`, `BiEncoder("embedded-xs")`, and `model=`
of every use.

**Use it where** `embedded` is too slow or too large and a few points of accuracy matter less, such as a first look at
very many pairs. Nothing takes it unasked. **Do not use it for** what `embedded` is not for either: decisions about
people without review, or languages other than English.

**Known failures**: those of `embedded`, more often.
"""

INTRODUCTIONS = {EMBEDDED_NAME: _ONE_WAY, JOINT_NAME: _JOINT, SMALL_NAME: _SMALL}
"""Name of a model of the box -> what its card says first."""

SHOWN = ("attention", "epochs", "learning_rate", "batch_size", "max_length", "precision", "embedding_weight", "seed")
"""Settings that stand on the card."""
LEAK_NOTE = """\
64-bit hashes of every normalised training pair (`train_hashes.npy`) and every evaluation pair
(`evaluation_hashes.npy`) lie beside this card in the repository; a test intersects them. The starting weights were
themselves trained on SNLI, MultiNLI, Quora duplicates and other public sets, so no test of ours can prove that *they*
never saw an evaluation pair.
"""
OF_WORDS_ALONE = frozenset({"processes", "speech"})
"""Families whose rules edit no sentences of others."""


def main() -> None:
    """Put measured figures on the card of a released folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder that release wrote")
    parser.add_argument("figures", type=Path, help="JSON file that benchmarks/model_figures.py wrote")
    options = parser.parse_args()
    path = options.folder / "training_record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["all_figures"] = json.loads(options.figures.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_card(options.folder / "README.md", record)
    write_manifest(options.folder, without=("train_hashes.npy", "evaluation_hashes.npy"))


def write_card(path: Path, record: Mapping[str, Any]) -> None:
    """Write `README.md` from a release record (`rows`, `settings`, `figures`, `calibration`, `agreement`)."""
    introduction = INTRODUCTIONS[boxed_as(record)]
    parts = [introduction, _figures(record), _all_figures(record), _data(record), LEAK_NOTE, _settings(record)]
    path.write_text("\n".join(part for part in parts if part), encoding="utf-8")


def boxed_as(record: Mapping[str, Any]) -> str:
    """The name in the box of what a record's run made."""
    settings = record["settings"]
    if settings["attention"] == "joint":
        return JOINT_NAME
    return SMALL_NAME if settings.get("layers") else EMBEDDED_NAME


def _figures(record: Mapping[str, Any]) -> str:
    lines = [
        "## Held-out figures (shipped int8 graph)\n",
        "| set | pairs | accuracy | 95% interval | macro F1 | calibration error |",
        "|---|---:|---:|---|---:|---:|",
    ]
    for one in record["figures"]:
        low, high = one["interval"]
        name = f"{one['name']} (entailment or not)" if one["two_way"] else one["name"]
        lines.append(
            f"| {name} | {one['pairs']:,} | {one['accuracy']:.3f} | {low:.3f} to {high:.3f} | {one['macro_f1']:.3f} "
            f"| {one['calibration_error']:.3f} |"
        )
    lines += ["", *(_calibrated(head, fitted) for head, fitted in record["calibration"].items()), ""]
    lines += [
        f"Reproduce: `python benchmarks/accuracy.py --data FOLDER{_named(record)} "
        + " ".join(one["name"] for one in record["figures"])
        + "`\n",
    ]
    return "\n".join(lines)


def _named(record: Mapping[str, Any]) -> str:
    """What a command that reproduces a figure says of the model."""
    name = boxed_as(record)
    return "" if name == EMBEDDED_NAME else f" --model {name}"


def _calibrated(head: str, fitted: Mapping[str, Any]) -> str:
    agreement = ", ".join(f"{name} {share:.2%}" for name, share in fitted["agreement"].items())
    return (
        f"* `{head}`: temperature {fitted['temperature']:.3f}, fitted on half of a sample of {fitted['fitted_on']}, "
        f"which were never trained on; expected calibration error on the other half ({fitted['pairs']:,} pairs) "
        f"{fitted['error_before']:.3f} before, {fitted['error_after']:.3f} after. Decisions equal to the shipped "
        f"graph's: {agreement}."
    )


def _all_figures(record: Mapping[str, Any]) -> str:
    """The table of `benchmarks/model_figures.py`, where it was measured."""
    figures = record.get("all_figures", [])
    if not figures:
        return ""
    lines = [
        "## Every head (shipped int8 graph)\n",
        "| head | what | figure | 95% interval | n | aim |",
        "|---|---|---:|---|---:|---|",
    ]
    lines += [
        f"| {one['group']} | {one['what']} | {one['value']:.3f} | {one['low']:.3f} to {one['high']:.3f} "
        f"| {one['n']:,} | {one['aim']} |"
        for one in figures
    ]
    compared = any("all-MiniLM-L6-v2" in one["what"] for one in figures)
    beside = " --bi-encoder sentence-transformers/all-MiniLM-L6-v2" if compared else ""
    command = f"python benchmarks/model_figures.py --data FOLDER{_named(record)}{beside}"
    return "\n".join([*lines, "", f"Reproduce: `{command}`\n"])


def _data(record: Mapping[str, Any]) -> str:
    runs = list(_runs(record))
    counts = {
        name: [f"{run['rows'][name]:,}" if name in run["rows"] else "-" for run in runs]
        for name in dict.fromkeys(name for run in runs for name in run["rows"])
    }
    first, columns = ("pairs", "---:") if len(runs) == 1 else ("pairs of each run, the latest first", "---")
    lines = ["## Training data\n", f"| set | {first} | what it is | licence |", f"|---|{columns}|---|---|"]
    lines += [f"| {name} | {'; '.join(each)} | {' | '.join(_described(name))} |" for name, each in counts.items()]
    totals = "; ".join(f"{sum(run['rows'].values()):,}" for run in runs)
    return "\n".join([*lines, "", f"Distinct pairs: {totals}. Starting weights: all-MiniLM-L6-v2, Apache-2.0.\n"])


def _runs(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The run, and the one whose weights it went on from."""
    yield record
    if "earlier" in record:
        yield from _runs(record["earlier"])


def _described(name: str) -> tuple[str, str]:
    """What a set is, and its licence."""
    if name in FAMILIES:
        what = f"made by rule: `training/augmentation`, family {name}"
        if name in OF_WORDS_ALONE:
            return what, OURS
        return f"{what}, partly of Wikipedia sentences", f"{OURS}; sentences CC BY-SA 3.0"
    if name == BY_HAND:
        return "written by hand for what the uses ask: `training/by_hand`", OURS
    card = dataset_cards()[name]
    return card.original, card.licence


def _settings(record: Mapping[str, Any]) -> str:
    lines = [
        ", ".join(f"{key} {run['settings'][key]}" for key in SHOWN)
        + f"; {run['steps']:,} steps."
        + _taught(run)
        + _averaged(run)
        + _vectors(run)
        for run in reversed(list(_runs(record)))
    ]
    return "## Training\n\n" + "\n\n".join(lines) + "\n"


def _taught(run: Mapping[str, Any]) -> str:
    """What of the run before it is left or stayed as it was, and who taught it beside the gold, if any."""
    layers = run["settings"].get("layers")
    text = ""
    if layers and run.get("earlier", {}).get("settings", {}).get("layers") != layers:
        text = f" It kept the layers {', '.join(map(str, layers))} of the run before."
    if frozen := run["settings"].get("frozen_layers"):
        text += f" The first {frozen} layers, and all that stands on them alone, stayed as they were."
    if "distillation" in run:
        lesson = run["distillation"]
        text += (
            f" Its head `{lesson['head']}` was taught by {lesson['teacher']} too ({lesson['kind']}, temperature "
            f"{lesson['temperature']:g}, weight {lesson['weight']:g} beside the gold)."
        )
    return text


def _vectors(run: Mapping[str, Any]) -> str:
    """The layers that only sentence vectors have, if any, and what they were trained on."""
    if "sentence_vectors" not in run or "sentence_vectors" in run.get("earlier", {}):
        return ""
    own = run["sentence_vectors"]
    sets = ", ".join(f"{name} ({rows:,}; {_described(name)[1]})" for name, rows in own["rows"].items())
    return (
        f" Then {own['settings']['layers']} layers of their own for the sentence vectors, which learned the starting "
        f"encoder's vectors of {own['texts']:,} texts, of pairs of {sets}; no gold of these was used."
    )


def _averaged(run: Mapping[str, Any]) -> str:
    """What became of the weights of a run after it, if anything."""
    if "averaged_with" not in run:
        return ""
    others = [one["settings"] for one in run["averaged_with"]]
    of_these = 1 + others.count(run["settings"])
    if of_these == 1:
        return " Then the mean with the weights before it."
    earlier = 1 + len(others) - of_these
    return f" Then the mean of these weights, counted {of_these} times, and of {earlier} earlier ones."


if __name__ == "__main__":
    main()
