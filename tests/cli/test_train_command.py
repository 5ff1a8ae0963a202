"""`crossjudge train` and `crossjudge distill`: from a settings file to a folder that judges, on tiny weights."""

import csv
import json
import sys

import pytest
from command_line import crossjudge, write

from crossjudge.errors import InputError
from crossjudge.evaluation.suite import load_suite
from tiny_sets import nli_rows, write_rows

NAMES = {0: "contradiction", 1: "entailment", 2: "neutral"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tiny_checkpoints import make_bi_encoder

    return make_bi_encoder(tmp_path_factory.mktemp("base") / "encoder", "bert", layout="hf")


@pytest.fixture
def settings(base, tmp_path):
    """Settings of a short run on 60 pairs, of which a suite of the package holds out one and a dev file ten."""
    held_out = load_suite("stress").pairs[0]
    leak = {"premise": held_out.text_b, "hypothesis": held_out.text_a, "label": "neutral"}
    write_rows(tmp_path / "sets" / "nli" / "lingnli.train.jsonl.gz", [*nli_rows(60), leak])
    write_rows(tmp_path / "sets" / "nli" / "lingnli.dev.jsonl.gz", nli_rows(90)[80:])
    write(tmp_path / "mixture.toml", "[[set]]", 'name = "lingnli"')
    return write(
        tmp_path / "settings.toml",
        f'base = "{base}"',
        'mixture = "mixture.toml"',
        'data = "sets"',
        'out = "run"',
        "batch_size = 8",
        "max_length = 64",
        'precision = "fp32"',
        "checkpoint_every = 3",
    )


def record_of(folder):
    return json.loads((folder / "training_record.json").read_text())


def test_a_run_leaves_weights_a_curve_and_held_out_figures_and_says_where(settings, tmp_path):
    answer = crossjudge("train", settings, "--epochs", "0.5")
    assert answer.code == 0, answer.err
    run = tmp_path / "run"
    for name in ("model.safetensors", "training_record.json", "training_curve.png"):
        assert (run / name).is_file()
    header, *points = csv.reader((run / "training_curve.csv").read_text().splitlines())
    assert (header[:2], len(points)) == (["step", "loss"], 1)
    (figures,) = json.loads((run / "held_out.json").read_text())
    assert (figures["name"], figures["pairs"]) == ("lingnli.dev", 10)
    assert str(run) in answer.out
    assert "lingnli.dev: accuracy" in answer.out
    assert f"crossjudge export {run}" in answer.out


def test_nothing_that_is_held_out_is_trained_on(settings, tmp_path):
    crossjudge("train", settings, "--epochs", "0.1", "--quiet")
    assert record_of(tmp_path / "run")["rows"] == {"lingnli": 60}


def test_options_win_over_the_file(settings, tmp_path):
    words = ("--epochs", "0.1", "--out", tmp_path / "other", "--seed", "3", "--attention", "joint", "--json", "--quiet")
    answer = crossjudge("train", settings, *words, "--held-out-limit", "4")
    said = record_of(tmp_path / "other")["settings"]
    assert (said["epochs"], said["seed"], said["attention"], said["batch_size"]) == (0.1, 3, "joint", 8)
    assert not (tmp_path / "run").exists()
    assert answer.rows[0]["folder"] == str(tmp_path / "other")
    assert [one["pairs"] for one in answer.rows[0]["held_out"]] == [4]


def test_a_stopped_run_says_that_it_goes_on(settings, monkeypatch):
    from crossjudge.training import trainer

    once = trainer.Run._checkpoint

    def killed(self, step):
        once(self, step)
        raise InputError("killed")

    monkeypatch.setattr(trainer.Run, "_checkpoint", killed)
    assert crossjudge("train", settings).code == 2
    monkeypatch.undo()
    answer = crossjudge("train", settings, "--held-out-limit", "0")
    assert (answer.code, "going on after step 3" in answer.err) == (0, True)


def test_without_matplotlib_the_curve_is_a_table_and_that_is_said(settings, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    answer = crossjudge("train", settings, "--epochs", "0.1", "--held-out-limit", "0")
    assert answer.code == 0
    assert "crossjudge[evaluate]" in answer.err
    assert (tmp_path / "run" / "training_curve.csv").is_file()
    assert not (tmp_path / "run" / "training_curve.png").exists()


def test_a_teacher_is_learned_from_and_named(settings, tmp_path):
    from tiny_checkpoints import make_checkpoint

    make_checkpoint(tmp_path / "teacher", "bert", id2label=NAMES)
    words = ("--kind", "margin_mse", "--weight", "0.5", "--epochs", "0.5", "--held-out-limit", "0")
    answer = crossjudge("distill", settings, "--teacher", tmp_path / "teacher", *words)
    assert answer.code == 0, answer.err
    said = json.loads((tmp_path / "run" / "distillation.json").read_text())
    assert (said["kind"], said["weight"], said["pairs"], said["scored"]) == ("margin_mse", 0.5, 60, 60)


def test_several_teachers_are_named_one_by_one(settings, tmp_path):
    from tiny_checkpoints import make_checkpoint

    folders = [make_checkpoint(tmp_path / name, name, id2label=NAMES) for name in ("bert", "roberta")]
    named = [word for folder in folders for word in ("--teacher", folder)]
    answer = crossjudge("distill", settings, *named, "--epochs", "0.5", "--held-out-limit", "0")
    assert answer.code == 0, answer.err
    assert json.loads((tmp_path / "run" / "distillation.json").read_text())["scored"] == 60


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "absent.toml"), "absent.toml cannot be read"),
        (("train", "SETTINGS", "--epochs", "0"), "epochs is 0.0"),
        (("train", "SETTINGS", "--held-out", "lingnli"), "expected SET.SPLIT of an NLI set"),
        (("train", "SETTINGS", "--held-out", "stsb.dev"), "expected SET.SPLIT of an NLI set"),
        (("distill", "SETTINGS", "--teacher", "embedded", "--temperature", "0"), "temperature is 0.0"),
        (("distill", "SETTINGS", "--teacher", "embedded", "--head", "certainty"), "the settings have nli"),
    ],
)
def test_what_cannot_be_trained_is_exit_code_2(settings, tmp_path, words, said):
    answer = crossjudge(*(settings if word == "SETTINGS" else word for word in words))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert not (tmp_path / "run").exists()


def test_a_teacher_must_be_named(settings):
    assert crossjudge("distill", settings).code == 2
