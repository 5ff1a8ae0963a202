"""The models in the box side by side, on the same rows: `python benchmarks/boxed_models.py --data FOLDER`.

`embedded` reads a premise alone, `embedded-joint` both texts together, `embedded-xs` has half of the layers. Takes
accuracies from their releases, and measures pairs made anew about which of several persons or things a text says what
of, the uses on the sets in FOLDER (at most 500 rows of each, evenly spread) and on our own cases, and pairs a second;
writes the numbers to docs/benchmarks/boxed_models.json, the table into docs/choosing.md. Intervals are 95% (Wilson;
balanced accuracy: both recalls'; kappa: bootstrap). `--limit N`: at most N rows of every set, for trying it out.
`--model NAME` measures that one anew and keeps the others' numbers, but for speed, which is taken of all in one run;
`--pages` measures nothing and writes the page from the numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

import acceptance
import answering
import cases
import figures
import grading
import groundedness
import guarding
import made_pairs
from crossjudge import CrossEncoder, Judge
from crossjudge.datasets import read_examples
from crossjudge.models.boxed import BOXED
from crossjudge.models.parity import wilson
from figures import Table

DOCS = Path(__file__).parents[1] / "docs"
NUMBERS, PAGE = DOCS / "benchmarks" / "boxed_models.json", DOCS / "choosing.md"
MODELS = tuple(BOXED)
RULES = {
    "answers: who": ("answers: who", "answers: statement, who"),
    "answers: whose": ("answers: whose", "answers: statement, whose"),
    "answers: yes or no": ("answers: yes or no",),
    "answers: compared, ordered": ("answers: compared", "answers: ordered", "answers: statement, ordered"),
    "claims: what another did": ("claims: another agent",),
}
"""Rules of made pairs about which of several, by what they ask."""
HARMLESS = ("agnews.test", "clinc150.test", "dbpedia.test")
MADE = 30_000
ROWS = 500
"""Of each set that a use is asked about."""
TIMED_PAIRS, TIMED_PREMISES, ASKED_OF_EACH = 1_500, 30, 50
ROUNDS = 3

Figure = dict[str, Any]


def main() -> None:
    """Measure them, and write the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of local sets (docs/training.md)")
    parser.add_argument("--limit", type=int, default=None, help="at most so many rows of each set")
    parser.add_argument("--model", action="append", choices=MODELS, help="only this one; may be repeated")
    parser.add_argument("--speed", action="store_true", help="only pairs a second, of all of them")
    parser.add_argument("--pages", action="store_true", help="measure nothing, write the page from the numbers")
    options = parser.parse_args()
    if not options.pages:
        if options.data is None:
            parser.error("--data FOLDER is needed to measure")
        for name in () if options.speed else options.model or MODELS:
            NUMBERS.write_text(with_figures_of(name, options.data, options.limit), encoding="utf-8")
        NUMBERS.write_text(with_speeds(options.data), encoding="utf-8")
    content = json.loads(NUMBERS.read_text("utf-8"))
    page = PAGE.read_text("utf-8")
    PAGE.write_text(figures.filled(page, {"boxed": markdown(content)}), encoding="utf-8")


def with_figures_of(name: str, data: Path, limit: int | None) -> str:
    """The file of numbers with this model's in it; those of other models in the box stay."""
    judge, console, found = Judge(name), Console(width=150), list[Figure]()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for part in PARTS:
            for one in part(judge, data, limit, bar):
                found.append(one)
                console.print(f"{name:16} {one['what']:72} {shown(one)}")
    kept = json.loads(NUMBERS.read_text("utf-8")) if NUMBERS.is_file() else {}
    numbers = {**kept, name: {"fingerprint": judge.model.fingerprint, "limit": limit, "figures": found}}
    return json.dumps({one: numbers[one] for one in MODELS if one in numbers}, indent=1) + "\n"


def with_speeds(data: Path) -> str:
    """The file of numbers with every model's pairs a second, taken in turn in one run: the best of some rounds."""
    content = json.loads(NUMBERS.read_text("utf-8"))
    # Without what one-way models keep of premises, which later rounds would find read already.
    models = {name: CrossEncoder(name, premise_cache_bytes=0) for name in content}
    asked = timed_pairs(data)
    best: dict[tuple[str, str], float] = {}
    for model in models.values():
        model.logits(asked["single pairs"][:100])
    for _ in range(ROUNDS):
        for name, model in models.items():
            for what, pairs in asked.items():
                best[name, what] = max(best.get((name, what), 0.0), _rate(model, pairs))
    for name, numbers in content.items():
        kept = [one for one in numbers["figures"] if "pairs/s" not in one["what"]]
        speeds = [
            {"what": f"{what}: pairs/s, in one run", "value": best[name, what], "n": len(pairs)}
            for what, pairs in asked.items()
        ]
        numbers["figures"] = kept + speeds
    return json.dumps(content, indent=1) + "\n"


def inference(judge: Judge, data: Path, limit: int | None, bar: Progress) -> Iterator[Figure]:
    """Accuracy on held-out sets, all rows, as the release measured it."""
    record = json.loads((BOXED[judge.model.name] / "training_record.json").read_text("utf-8"))
    for one in record["figures"]:
        yield _figure(f"{one['name']}: accuracy", one["accuracy"], *one["interval"], one["pairs"])


def which_of_several(judge: Judge, data: Path, limit: int | None, bar: Progress) -> Iterator[Figure]:
    """Shares right of made pairs, by what they ask."""
    (block,) = made_pairs.measure(judge, ["applications"], limit=limit or MADE, bar=bar)
    for what, rules in RULES.items():
        some = [one for one in block.numbers if one["rule"] in rules]
        yield _share(f"made pairs, {what}", sum(one["right"] for one in some), sum(one["n"] for one in some))


def on_sets(judge: Judge, data: Path, limit: int | None, bar: Progress) -> Iterator[Figure]:
    """The uses on other people's sets."""
    limit = min(limit or ROWS, ROWS)
    checked = next(block for block in groundedness.measure(judge, data, limit=limit, bar=bar) if "sets" in block.name)
    for one in checked.numbers:
        yield _figure(f"ClaimChecker, {one['name']}: balanced accuracy", one["balanced_accuracy"], *one["interval"],
                      one["rows"])  # fmt: skip
    (block,) = answering.measure(judge, data, limit=limit, bar=bar)
    for one in block.numbers:
        if one["way"] == "statements":
            yield _figure(f"AnswerPicker, {one['set']}: right", one["value"], one["low"], one["high"], one["n"])
    (block,) = grading.measure(judge, data, limit=limit, bar=bar)
    for one in block.numbers:
        if one["part"] == "all":
            kappa = one["kappa"]
            yield _figure(
                f"Grader, {one['set']}: quadratic kappa", kappa["value"], kappa["low"], kappa["high"], one["n"]
            )


def harmless(judge: Judge, data: Path, limit: int | None, bar: Progress) -> Iterator[Figure]:
    """How often harmless texts are blocked."""
    for one in next(iter(guarding.measure(judge, data, limit=limit, bar=bar))).numbers:
        if one["texts"] in HARMLESS and one["detected"] is None:
            seen = one["blocked"]
            what = f"Guardrail, {one['policies']}: of {one['texts']} blocked, all harmless"
            yield _figure(what, seen["value"], seen["low"], seen["high"], seen["n"])


def own_cases(judge: Judge, data: Path, limit: int | None, bar: Progress) -> Iterator[Figure]:
    """Our own cases, and the worked ones of an introduction where the folder has them."""
    for use in ("tag", "check", "answer", "grade", "guard", "rubric"):
        counted, _ = cases.measure(judge, use)
        yield _share(f"our own cases, {use}", counted.numbers[0]["right"], counted.numbers[0]["n"])
    if (data / acceptance.WORKED).is_file():
        (block,) = acceptance.measure(lambda _: judge, data / acceptance.WORKED)
        whole = block.numbers[-1]
        yield _share("worked cases of an introduction", whole["right"], whole["n"])


def timed_pairs(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Single pairs, and many hypotheses of one premise."""
    rows = list(islice(read_examples("mnli_matched", "dev", folder=data), TIMED_PAIRS))
    asked = [one.text_b for one in rows[:ASKED_OF_EACH]]
    long = [" ".join(one.text_a for one in rows[at * 5 : at * 5 + 5]) for at in range(TIMED_PREMISES)]
    return {
        "single pairs": [(one.text_a, one.text_b) for one in rows],
        f"{ASKED_OF_EACH} hypotheses a premise of five sentences": [(a, b) for a in long for b in asked],
    }


def _rate(model: CrossEncoder, pairs: Sequence[tuple[str, str]]) -> float:
    started = time.perf_counter()
    model.logits(pairs)
    return len(pairs) / (time.perf_counter() - started)


Part = Callable[[Judge, Path, int | None, Progress], Iterator[Figure]]
PARTS: tuple[Part, ...] = (inference, which_of_several, on_sets, harmless, own_cases)


def _share(what: str, right: int, asked: int) -> Figure:
    return _figure(what, right / asked, *wilson(right, asked), asked)


def _figure(what: str, value: float, low: float, high: float, n: int) -> Figure:
    return {"what": what, "value": value, "low": low, "high": high, "n": n}


def shown(one: Figure) -> str:
    """A figure as people read it."""
    return figures.share(one["value"], one["low"], one["high"]) if "low" in one else f"{one['value']:,.0f}"


def markdown(content: dict[str, Any]) -> str:
    """The table, and which models were asked."""
    found = {name: {one["what"]: one for one in numbers["figures"]} for name, numbers in content.items()}
    whats = {what: one["n"] for figures_of in found.values() for what, one in figures_of.items()}
    rows = [
        [what, f"{n:,}", *(shown(one[what]) if what in one else "" for one in found.values())]
        for what, n in whats.items()
    ]
    asked = "; ".join(f"{name} {numbers['fingerprint']}" for name, numbers in content.items())
    limits = {numbers["limit"] for numbers in content.values()} - {None}
    limited = "".join(f"; at most {limit} rows of each set" for limit in sorted(limits))
    return f"{Table(('', 'n', *content), rows, (1,)).markdown()}\n\n*{asked}{limited}*"


if __name__ == "__main__":
    main()
