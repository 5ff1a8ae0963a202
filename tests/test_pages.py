"""What the pages show is run: README.md, CONTRIBUTING.md and every page of docs/, as a reader would try them.

docs/check_pages.py does it, for a writer too; docs/blocks.py says how a page states what is not run, and why.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def from_docs(name: str) -> ModuleType:
    """A module of docs/, which is on nobody's path."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


blocks = from_docs("blocks")
PAGES = blocks.pages()


def marked(page: blocks.Page) -> object:
    marks = [pytest.mark.full] if page.full_tier else []
    return pytest.param(page, id=page.name, marks=marks)


def checked(path: Path) -> str:
    """What docs/check_pages.py says of a page; empty if all is as the page says."""
    command = [sys.executable, str(ROOT / "docs" / "check_pages.py"), str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", cwd=ROOT)
    assert (done.returncode == 0) == (done.stdout == ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [marked(page) for page in PAGES if any(block.is_code for block in page.blocks)])
def test_a_page_does_what_it_says(page: blocks.Page) -> None:
    assert checked(page.path) == ""


def test_every_reason_for_not_running_a_block_says_something() -> None:
    reasons = {block.not_run for page in PAGES for block in page.blocks if block.not_run is not None}
    assert reasons
    assert not [reason for reason in reasons if len(reason.split()) < 3]


def test_most_of_what_is_shown_is_run() -> None:
    """A mark is for what cannot be run, not for what is tedious to make run."""
    code = [block for page in PAGES for block in page.blocks if block.is_code]
    assert sum(block.not_run is None for block in code) / len(code) > 0.7


def test_a_use_has_a_page_that_runs_python_and_commands_and_shows_a_picture() -> None:
    named = set(re.findall(r"\]\((docs/uses/\w+\.md)\)", (ROOT / "README.md").read_text("utf-8")))
    uses = [page for page in PAGES if page.name in named]
    assert len(uses) == len(named) >= 9
    for page in uses:
        run = {block.language for block in page.blocks if block.is_code and block.not_run is None}
        assert run >= {"python", "console"}, page.name
        assert "](../images/uses/" in page.text, page.name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\nprint(1 + 1)  # 3\n```\n", "it says ['3'], it prints ['2']"),
        ("```python\nprint(1)  # 1\nprint(2)\n```\n", "it says ['1'], it prints ['1', '2']"),
        ("text\n\n```python\nx = 1\ny = x / 0\n```\n", 'page.md", line 5, in <module>'),
        ("```console\n$ crossjudge models --nothing-of-the-kind\n```\n", "exit code 2"),
        ("```console\n$ crossjudge judge examples/pairs.jsonl --backend fake --fail-on neutral\n```\n", ""),
        ("```console\n$ crossjudge models --json | grep 'no such model'\n```\n", "exit code 1"),
        ("```sh\nfalse\ntrue\n```\n", "exit code 1"),
        ("```\nwhat is this?\n```\n", "line 2:\na block in no language; expected console, csv,"),
        ("```toml\na = \n```\n", "this is not toml"),
        ("<!-- not run: it is wrong on purpose -->\n```python\n1 / 0\n```\n", ""),
        ("<!-- needs: no_such_package -->\n```python\nimport no_such_package\n```\n", ""),
        ("1. a list\n\n    ```python\n    x = 2\n    ```\n\n```python\nprint(x)  # 2\n```\n", ""),
        ('```text title="names.txt"\nada\n```\n\n```console\n$ grep ada names.txt\n```\n', ""),
    ],
)
def test_what_is_not_so_is_said(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    said = checked(tmp_path / "page.md")
    assert complaint in said
    assert bool(said) == bool(complaint)


def test_refreshing_writes_what_is_printed_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Sums\n\n```python\nprint(1 + 1)  # 3\nprint(5)  # 5\n```\n\nEnd.\n", encoding="utf-8")
    command = [sys.executable, str(ROOT / "docs" / "check_pages.py"), "--refresh", str(page)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert page.read_text("utf-8") == "# Sums\n\n```python\nprint(1 + 1)  # 2\nprint(5)  # 5\n```\n\nEnd.\n"


def test_what_is_not_run_is_counted_with_its_reason(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: it needs the hub -->\n```python\nx\n```\n\n```python\nx = 1\n```\n", "utf-8")
    command = [sys.executable, str(ROOT / "docs" / "check_pages.py"), "--count", str(page)]
    counted = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT).stdout
    assert "line 3 is not: it needs the hub" in counted
    assert counted.endswith("2 blocks of code, 1 run, 1 not run\n")
