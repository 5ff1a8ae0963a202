"""Runs the code of the pages as a reader would: `python docs/check_pages.py [PAGE ...]`, all pages if none is named.

A page is read from its top in a fresh folder that holds `examples/`. Its Python blocks are one session, a line
`print(...)  # text` must print exactly `text`, commands must end with 0 (or with 1 where `--fail-on` is a gate), no hub
is there, and a warning is an error. docs/blocks.py says how a page states what is not run.

    --count      run nothing; say what is run and what is not, and why
    --refresh    write what the lines print now into the pages, to be looked at before they are committed
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from blocks import Page, pages, read_page
from reader import BrokenPageError, Seen, read, why_not


def main() -> int:
    """Run or count; the exit code is 1 if a page says what is not so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--refresh", action="store_true")
    options = parser.parse_args()
    chosen = [read_page(path.resolve()) for path in options.pages] or pages()
    if options.count:
        print("\n".join(counted(chosen)))
        return 0
    if len(chosen) == 1:
        return check(chosen[0], refresh=options.refresh)
    # A process each: no page is helped or harmed by what another one imported.
    again = [sys.executable, __file__, *(["--refresh"] if options.refresh else [])]
    return max(subprocess.run([*again, str(page.path)]).returncode for page in chosen)


def counted(chosen: Sequence[Page]) -> list[str]:
    """A line a page, its blocks that are not run below it, and the sum."""
    lines, code, left = [], 0, 0
    for page in chosen:
        blocks = [block for block in page.blocks if block.is_code]
        reasons = [(block.line, reason) for block in blocks if (reason := why_not(block)) is not None]
        if blocks:
            lines.append(f"{page.name}: {len(blocks) - len(reasons)} of {len(blocks)} blocks of code are run")
        lines += [f"    line {line} is not: {reason}" for line, reason in reasons]
        code, left = code + len(blocks), left + len(reasons)
    return [*lines, f"{code} blocks of code, {code - left} run, {left} not run"]


def check(page: Page, *, refresh: bool) -> int:
    """Run one page and say what is wrong with it; `refresh` writes what it prints into it instead."""
    home = Path.cwd()
    try:
        with tempfile.TemporaryDirectory() as folder:
            seen = list(read(page, Path(folder)))
            os.chdir(home)
    except BrokenPageError as error:
        print(error)
        return 1
    if refresh:
        return refreshed(page, seen)
    wrong = [one for one in seen if one.block.language == "python" and one.printed != one.block.promised]
    for one in wrong:
        print(f"{page.name}, line {one.block.line}: it says {one.block.promised}, it prints {one.printed}")
    return 1 if wrong else 0


def refreshed(page: Page, seen: Sequence[Seen]) -> int:
    """Write what was printed into the page, last block first, so that places before it stay what they were."""
    text = page.text
    for one in reversed(seen):
        if one.block.language != "python" or one.printed == one.block.promised:
            continue
        if len(one.printed) != len(one.block.promised):
            print(f"{page.name}, line {one.block.line}: {len(one.printed)} lines printed, not one for each `print`")
            return 1
        text = one.block.promising(text, one.printed)
    page.path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
