"""docs/evaluation.md is what its generator writes, its code runs, and the gate of the CI example can be read."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from made_up_report import made_up_report
from typer.testing import CliRunner

from crossjudge.cli.main import app
from crossjudge.evaluation.gates import read_gate
from crossjudge.evaluation.rendering.notation import percent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "evaluation.md"
WORKFLOW = ROOT / "examples" / "github-actions-evaluation.yml"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/make_evaluation.py, which is a script and on nobody's path."""
    spec = importlib.util.spec_from_file_location("make_evaluation", ROOT / "docs" / "make_evaluation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_number_of_the_page_comes_from_the_report(generator: ModuleType) -> None:
    report = made_up_report()
    text = generator.page(report, [report])
    assert not re.search(r"\$\w", text)
    for model in report.evaluation.models:
        for figures in model.main.categories:
            assert all(f"{percent(rate.value)} (" in text for rate in figures.failure.values())
    assert report.evaluation.suite.sha256 in text


def test_the_template_holds_no_result(generator: ModuleType) -> None:
    """Only the example threshold 0.8, the gate's limit and the kind of interval may stand there."""
    may_stand = r"\$\w+|0\.8|95% interval|hedging\.failure_rate>0\.05"
    written = re.sub(may_stand, "", generator.TEMPLATE.read_text("utf-8"))
    assert not re.findall(r"\d+(?:\.\d+)?%|\b0\.\d+", written)


def test_every_picture_of_the_page_is_there(generator: ModuleType) -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE.read_text("utf-8"))
    assert len(shown) >= 4
    assert not [path for path in shown if not (PAGE.parent / path).is_file()]


def test_the_page_names_no_folder_of_the_machine_it_was_made_on() -> None:
    assert "site-packages" not in PAGE.read_text("utf-8")


def test_the_code_of_the_page_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["same"]("The shop opens at nine.", "The shop opens at nine.")
    assert not names["same"]("The shop opens at nine.", "Glaciers move slowly downhill.")


def test_the_ci_example_asks_for_what_there_is() -> None:
    (command,) = re.findall(r"crossjudge evaluate\n((?: +--.*\n)+)", WORKFLOW.read_text("utf-8"))
    words = shlex.split(command)
    gates = [words[place + 1] for place, word in enumerate(words) if word == "--fail-on"]
    assert "hedging.failure_rate>0.05" in gates
    assert all(map(read_gate, gates))
    told = CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert all(word in told for word in words if word.startswith("--"))
