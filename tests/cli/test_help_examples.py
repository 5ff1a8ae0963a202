"""What help shows is run: every example line of every command, as a reader would type it."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import write

from crossjudge.cli.main import app

HUB_EXAMPLE = "cross-encoder/ms-marco-MiniLM-L6-v2"
SETTINGS = "settings.toml"
BUNDLE = "./sealed --backend"
SERVERS = ("crossjudge serve", "crossjudge mcp")
APART = (HUB_EXAMPLE, SETTINGS, BUNDLE, *SERVERS)
"""What an example names that needs more than the files of `folder`; servers are started in tests of their own."""
EXAMPLES = [
    line.strip()
    for command in app.registered_commands
    for line in inspect.getdoc(command.callback).splitlines()
    if line.startswith("crossjudge ")
]


def cached(hub: Path, name: str) -> Path:
    """Where a model lies that was downloaded before."""
    folder = hub / "hub" / f"models--{name.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    return folder / "snapshots" / ("0" * 40)


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    name, *words = shlex.split(line)
    assert name == "crossjudge"
    command = [sys.executable, "-m", "crossjudge", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, env=os.environ)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds the files that examples name."""
    write(tmp_path / "pairs.jsonl", '{"premise": "The shop closes at six.", "hypothesis": "It is open at midnight."}')
    write(tmp_path / "pairs.csv", "question,answer", "How long is it?,It is 84 metres long.")
    write(tmp_path / "answers.csv", "request,response", "How do I reset it?,Hold the button.")
    write(tmp_path / "rubric.toml", "[criteria]", 'helps = "The answer says what to do."', "[weights]", "helps = 2")
    write(tmp_path / "class.csv", "reference,answer", "Ice is frozen water.,Ice is water that froze.")
    write(tmp_path / "answers.jsonl", '{"source": "The bridge opened in 1932.", "answer": "It opened in 1932."}')
    write(tmp_path / "texts.jsonl", '{"text": "I have waited an hour, this is outrageous."}')
    write(
        tmp_path / "questions.jsonl",
        '{"context": "It opens at nine.", "question": "When does it open?", "candidates": ["nine", "ten"]}',
    )
    said = (("It closes at {hour}.", "entailment"), ("It never closes.", "contradiction"), ("It is red.", "neutral"))
    rows = [
        f"The {shop} closes at {hour}.,{hypothesis.format(hour=hour)},{label}"
        for shop in ("bakery", "library", "museum", "pharmacy", "garage", "cinema", "market", "office", "pool", "bank")
        for hour in ("five", "six", "seven", "eight", "nine")
        for hypothesis, label in said
    ]
    write(tmp_path / "labelled.csv", "premise,hypothesis,label", *rows)
    # Somebody's own idea of the labels, to which a model can be adapted.
    own = {"entailment": "neutral", "neutral": "contradiction", "contradiction": "entailment"}
    told = [row.rsplit(",", 1) for row in rows]
    write(tmp_path / "own.csv", "premise,hypothesis,label", *(f"{pair},{own[label]}" for pair, label in told))
    return tmp_path


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("line", [line for line in EXAMPLES if not any(one in line for one in APART)])
def test_an_example_of_the_help_runs(line, folder):
    done = run(line, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_an_example_that_needs_a_bundle_runs(folder):
    assert run("crossjudge bundle embedded ./sealed", folder).returncode == 0
    [line] = [line for line in EXAMPLES if BUNDLE in line]
    done = run(line, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.full
@pytest.mark.parametrize("line", [line for line in EXAMPLES if HUB_EXAMPLE in line])
def test_an_example_with_a_hub_name_runs(line, folder):
    """On a tiny model of that name, as if it had been downloaded."""
    pytest.importorskip("torch")
    from tiny_checkpoints import make_checkpoint, random_pairs

    make_checkpoint(cached(Path(os.environ["HF_HOME"]), HUB_EXAMPLE), "bert", num_labels=1)
    # What int8 is calibrated on must be more than a pair or two.
    rows = [json.dumps({"text_a": pair.text_a, "text_b": pair.text_b}) for pair in random_pairs(80, 1)]
    write(folder / "pairs.jsonl", *rows)
    done = run(line, folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
@pytest.mark.parametrize("line", [line for line in EXAMPLES if SETTINGS in line])
def test_an_example_of_training_runs(line, folder):
    """From tiny weights, on a tiny set."""
    pytest.importorskip("torch")
    from tiny_checkpoints import make_bi_encoder, make_checkpoint
    from tiny_sets import nli_rows, write_rows

    make_bi_encoder(folder / "encoder", "bert", layout="hf")
    make_checkpoint(folder / "joint-run", "bert", id2label={0: "contradiction", 1: "entailment", 2: "neutral"})
    write_rows(folder / "sets" / "nli" / "snli.train.jsonl.gz", nli_rows(30))
    write(folder / "mixture.toml", "[[set]]", 'name = "snli"')
    write(folder / SETTINGS, 'base = "encoder"', 'mixture = "mixture.toml"', 'out = "run"', "max_length = 64")
    done = run(line, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout
