"""Every figure that the pages of the uses quote: `python benchmarks/uses.py --data FOLDER [PART ...]`.

Measures the uses on their own cases, on the sets in FOLDER and, where FOLDER has them, on the worked cases of an
introduction, writes all numbers to docs/benchmarks/uses.json, and puts the tables into docs/uses/*.md, where a page has

    <!-- figures of benchmarks/uses.py: NAME -->
    <!-- end of figures -->

Without PARTs everything is measured anew; parts are cases, worked, checking, answering, tagging, grading, guarding.
A part is written as soon as it is measured. `--limit N` takes at most N rows of each set: for trying it out.
`--pages` measures nothing and writes the pages from uses.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
import tagging
from crossjudge import AnswerPicker, ClaimChecker, Grader, Guardrail, Tagger
from figures import Block, Judges

DOCS = Path(__file__).parents[1] / "docs"
NUMBERS, PAGES = DOCS / "benchmarks" / "uses.json", DOCS / "uses"

Part = Callable[[Judges, argparse.Namespace, Progress], Iterator[Block]]


def main() -> None:
    """Measure the parts asked for, and write the numbers and the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--pages", action="store_true", help="measure nothing, write the pages from the numbers")
    figures.add_options(parser, limit=None, data=False)
    parser.add_argument("--data", type=Path, help="folder of local sets (docs/training.md)")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown or (options.data is None and not options.pages):
        parser.error(f"no part is called {unknown[0]!r}" if unknown else "--data FOLDER is needed to measure")
    if not options.pages:
        measure(options, Console(width=150))
    for page in write_pages(read_numbers()):
        print(page)


def measure(options: argparse.Namespace, console: Console) -> None:
    """Each part in turn; what it found is written at once."""
    judges = Judges(options)
    for part in options.parts or PARTS:
        started, found = time.perf_counter(), []
        with Progress(console=Console(stderr=True), transient=True) as bar:
            for block in PARTS[part](judges, options, bar):
                found.append(block)
                if not block.name.startswith("misses."):
                    console.print(block.table.shown(block.title))
        seconds = time.perf_counter() - started
        console.print(f"{part}: {seconds:.0f} s")
        keep(part, found, seconds=seconds, limit=options.limit)


def keep(part: str, blocks: list[Block], *, seconds: float, limit: int | None) -> None:
    """Put one part into the file of numbers, beside the others."""
    content = read_numbers()
    content[part] = {
        "limit": limit,
        "seconds": round(seconds),
        "blocks": [block.to_dict() for block in blocks],
    }
    ordered = {name: content[name] for name in PARTS if name in content}
    NUMBERS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_numbers() -> dict[str, Any]:
    """Part -> what was measured, with the model and its blocks."""
    content: dict[str, Any] = json.loads(NUMBERS.read_text("utf-8")) if NUMBERS.is_file() else {}
    return content


def write_pages(content: Mapping[str, Any]) -> list[Path]:
    """Put the tables into every page that has a place for one; the pages that changed."""
    tables = markdown(content)
    changed = []
    for path in sorted(PAGES.glob("*.md")):
        before = path.read_text("utf-8")
        after = figures.filled(before, tables)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def markdown(content: Mapping[str, Any]) -> dict[str, str]:
    """Name of a table -> what stands on the page: the table, its note, and which model was asked."""
    tables = {}
    for part in content.values():
        limited = "" if part["limit"] is None else f"; at most {part['limit']} rows of each set"
        for plain in part["blocks"]:
            block = Block.of(plain)
            which = f"{block.asked}{limited}"
            empty = "None." if not block.table.rows else block.markdown()
            tables[block.name] = empty if block.name in UNSIGNED else f"{empty}\n\n*{which}*"
    return tables


def own_cases(judges: Judges, options: argparse.Namespace, _: Progress) -> Iterator[Block]:
    """Our own cases of every use."""
    for use in cases.ANSWERERS:
        yield from cases.measure(judges.of(cases.USES[use]), use, limit=options.limit)


def worked(judges: Judges, options: argparse.Namespace, _: Progress) -> Iterator[Block]:
    """The worked cases of an introduction, where the folder has them."""
    path = options.data / acceptance.WORKED
    if path.is_file():
        yield from acceptance.measure(lambda app: judges.of(cases.USES[app]), path)


def on_sets(module: Any, use: type) -> Part:
    """What a script measures of a use on the sets in the folder."""

    def part(judges: Judges, options: argparse.Namespace, bar: Progress) -> Iterator[Block]:
        judge = judges.of(use)
        for block in module.measure(judge, options.data, limit=options.limit, bar=bar):
            yield replace(block, asked=figures.which(judge))

    return part


PARTS: Mapping[str, Part] = {
    "cases": own_cases,
    "worked": worked,
    "checking": on_sets(groundedness, ClaimChecker),
    "answering": on_sets(answering, AnswerPicker),
    "tagging": on_sets(tagging, Tagger),
    "grading": on_sets(grading, Grader),
    "guarding": on_sets(guarding, Guardrail),
}
UNSIGNED = frozenset({"checking.published", "guarding.patterns"})
"""Tables that no model of ours had a part in."""


if __name__ == "__main__":
    main()
