"""What is shown is run: every file of examples/, as a reader would run it. tests/test_pages.py: the pages."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")

SHOWS = {
    "adapt_a_model.py": r"held out: accuracy 0\.\d\d, then [01]\.\d\d\nbetter: .*\nneutral, then contradiction\n",
    "answer_questions.py": r"0\.\d\d  ten +Members may borrow ten books\.",
    "calibrate_a_judge.py": r"answer from [01]\.\d+ on: \d+% answered, [\d.]+% wrong",
    "check_an_answer.py": r"(?s)\A\w+ +The Alma was built in 1974\..*The same while.*\w+ +Dogs pay half the fare",
    "compare_with_a_reference.py": r"was not moved\.\n +by the reference: contradiction",
    "demo.py": r"The bridge replaced a ferry\. +│ supported",
    "find_duplicates.py": r"(?s)drop  how do I  reset my password\?.*keep  Can I return shoes within 30 days\?",
    "grade_answers.py": r"INCORRECT +0\.00  \(blank\)",
    "guard_messages.py": r"\A(ALLOW|BLOCK|REVIEW) ",
    "judge_a_claim.py": r"entailment +[\d.]+ +Children can go in for free",
    "measure_in_dspy.py": r"(?s)\Agrounded 50\.0 \[1\.0, 0\.0\]\ncorrect .*\n[a-z ]+: The Alma carries 300 passengers",
    "rank_and_evaluate_in_haystack.py": r"(?s)\A +[\d.]+  The ferry Alma.*\n0\.5  The Alma .*\n1\.0  The Alma",
    "rank_and_evaluate_in_llamaindex.py": r"(?s)\A +[\d.]+  The ferry Alma.*\nscore 0\.5, passing: False\n",
    "rank_and_tag_in_langchain.py": r"(?s)\A +[\d.]+  bread\.md .*The program gets: \['a plumbing problem'\]",
    "rank_documents.py": r"\A *[\d.]+ +Bread stays fresh",
    "rerank_answers.py": r"\A *-?[\d.]+ +Bread stays fresh",
    "run_a_job.py": r"\Athe first run did 1 shard, the second, which found it done, 0\n",
    "score_responses.py": r"the best is number \d:\n  answers +[\d.]+  \w",
    "seal_a_model.py": r"\Aas sealed: True\n\w+\nweights\.bin: its sha256 is not",
    "search_documents.py": r"keep bread fresh\?\n +-?[\d.]+ +bread ",
    "tag_messages.py": r"leak.* +Water is leaking.*\n +0\.\d\d  leak",
    "verify_over_mcp.py": r"(?s)\w+ +She carries 300 passengers\..*a mistake: Calling check_answer",
}
"""Example -> what its output must show."""

NEEDS = {
    "measure_in_dspy.py": "dspy",
    "rank_and_evaluate_in_haystack.py": "haystack",
    "rank_and_evaluate_in_llamaindex.py": "llama_index",
    "rank_and_tag_in_langchain.py": "langchain_core",
    "verify_over_mcp.py": "mcp",
}
"""Example -> the framework without which it is not run."""

SLOW = {"rank_and_evaluate_in_haystack.py", "rank_and_evaluate_in_llamaindex.py"}
"""Examples whose framework takes seconds to import; tests/integrations has the same parts in the fast tier."""


def output_of(command: list[str], folder: Path) -> str:
    """Standard output, run in `folder` with no hub, a wide terminal and warnings as errors."""
    environment = os.environ | {"PYTHONWARNINGS": "error", "HF_HUB_OFFLINE": "1", "COLUMNS": "120", "TERM": "dumb"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_run() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == SHOWS.keys()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full) if name in SLOW else name for name in SHOWS]
)
def test_an_example_shows_what_it_should(name: str, tmp_path: Path) -> None:
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    assert re.search(SHOWS[name], output_of([sys.executable, str(ROOT / "examples" / name)], tmp_path))


def test_the_environment_is_activated_before_anything_needs_it() -> None:
    """It is the one that the Makefile makes."""
    (folder,) = re.findall(r"^VENV \?= (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    activated = README.index(f". {folder}/bin/activate")
    assert README.index("make demo") < activated < min(README.index("```python"), README.index("```console"))
