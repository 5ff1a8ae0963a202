"""`crossjudge evaluate`: the answer in words, a table that fits, a report, and a gate. Models are fake here."""

import json

import pytest
from command_line import Answer, write
from command_line import crossjudge as run_command

from crossjudge.evaluation.suite import iter_suite

FAKE = ("--backend", "fake", "--limit", "40")


def evaluate(*words) -> Answer:
    return run_command("evaluate", "--backend", "fake", *words)


@pytest.fixture
def suite(tmp_path):
    """Ten pairs with gold and controls."""
    rows = [
        *(("negation", f"Shop {n} is open.", f"Shop {n} is not open.", False, "contradiction") for n in range(4)),
        *(("positive_control", f"Shop {n} is big.", f"Shop {n} is large.", True, "entailment") for n in range(3)),
        *(("negative_control", f"Shop {n} is open.", f"Cats like tin number {n}.", False, "neutral") for n in range(3)),
    ]
    lines = [
        json.dumps(
            {
                "category": category,
                "text_a": text_a,
                "text_b": text_b,
                "duplicate": duplicate,
                "nli_forward": label,
                "nli_backward": label,
            }
        )
        for category, text_a, text_b, duplicate, label in rows
    ]
    return write(tmp_path / "mine.jsonl", *lines)


def test_it_answers_in_words_and_shows_a_table(suite):
    answer = evaluate("--suite", suite)
    assert answer.code == 0
    assert "Measured: 2 models on 10 pairs in 3 categories" in answer.out
    assert "Deciding whether two texts say the same" in answer.out
    for row in ("Negation (4)", "all pairs right", "at threshold", "pairs a second"):
        assert row in answer.out
    assert "`" not in answer.out
    assert "--out FOLDER" in answer.err


def test_the_models_in_the_box_and_the_stress_suite_are_what_is_measured_unasked():
    answer = evaluate("--json")
    (row,) = answer.rows
    assert [model["name"] for model in row["models"]] == ["embedded", "bi:embedded"]
    assert row["suite"]["n_pairs"] == sum(1 for _ in iter_suite("stress"))
    assert answer.err == ""


def test_the_first_pairs_are_enough_for_a_look(suite):
    assert evaluate("--suite", suite, "--limit", "5", "--json").rows[0]["suite"]["n_pairs"] == 5


def test_several_suites_are_measured_in_turn(suite):
    rows = evaluate("--suite", suite, "--suite", "stress", "--limit", "4", "--model", "embedded", "--json").rows
    assert [row["suite"]["name"] for row in rows] == ["mine", "stress"]


@pytest.mark.parametrize(("limit", "code"), [("2", 0), ("-1", 1)])
def test_a_gate_decides_the_exit_code(suite, limit, code):
    gate = f"negation.failure_rate>{limit}"
    answer = evaluate("--suite", suite, "--model", "embedded", "--fail-on", gate)
    assert answer.code == code
    assert (f"--fail-on '{gate}'" in answer.err) == (code == 1)
    assert (evaluate("--suite", suite, "--model", "embedded", "--fail-on", gate, "--quiet").err == "") is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fail-on", "nonsense"), "nonsense"),
        (("--fail-on", "negation.nothing>1"), "nothing"),
        (("--suite", "stres"), "stress"),
        (("--suite", "stress", "--suite", "stres"), "'stres'"),
        (("--suite", "no-such.jsonl"), "no-such.jsonl"),
        (("--suite", "snli.test", "--data", "./no-such"), "no-such"),
        (("--model", "./no-such"), "no-such"),
        (("--limit", "0"), "limit"),
        (("--suite", "stress", "--suite", "stress", "--out", "report"), "two suites"),
    ],
)
def test_bad_input_is_exit_code_2_and_measures_nothing(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = evaluate(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder_for_a_report(suite, tmp_path):
    before = suite.read_text()
    answer = evaluate("--suite", suite, "--out", suite)
    assert (answer.code, answer.out) == (2, "")
    assert suite.read_text() == before


def test_probes_are_part_of_the_answer_where_they_are_asked_for(suite):
    assert evaluate("--suite", suite, "--json").rows[0]["probes"] == []
    (row,) = evaluate("--suite", suite, "--probes", "--json").rows
    assert {probe["model"] for probe in row["probes"]} == {"embedded", "bi:embedded"}
    shown = evaluate("--suite", suite, "--probes")
    assert "Decisions changed by what must not matter" in shown.out


@pytest.mark.full
def test_the_report_is_written_where_it_is_wanted(suite, tmp_path):
    for module in ("matplotlib", "plotly"):
        pytest.importorskip(module)
    out = tmp_path / "report"
    answer = evaluate("--suite", suite, "--out", out, "--fail-on", "negation.failure_rate>2")
    assert answer.code == 0
    assert str(out / "report.html") in answer.err
    for name in ("report.html", "report.md", "results.json", "pairs.csv", "timing.json", "junit.xml", "figures"):
        assert (out / name).exists()


@pytest.mark.full
def test_each_of_several_suites_gets_a_folder(suite, tmp_path):
    for module in ("matplotlib", "plotly"):
        pytest.importorskip(module)
    out = tmp_path / "report"
    assert evaluate("--suite", suite, "--suite", "stress", "--limit", "60", "--out", out, "--quiet").err == ""
    assert (out / "mine" / "results.json").exists()
    assert (out / "stress" / "results.json").exists()


@pytest.mark.parametrize("models", [1, 3, 7])
def test_everything_fits_80_columns(suite, models):
    named = [word for number in range(models) for word in ("--model", f"a-rather-long-name-{number}=embedded")]
    answer = run_command("evaluate", "--backend", "fake", "--suite", suite, *named, "--probes", width=80)
    assert answer.code == 0
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    for number in range(models):
        # The heading may be folded, but no model is left out.
        assert f"-{number}" in answer.out


def test_pairs_without_gold_still_show_their_scores(tmp_path):
    suite = write(
        tmp_path / "bare.jsonl",
        '{"category": "c", "text_a": "The meeting is on Monday.", "text_b": "The meeting is on Tuesday."}',
        '{"category": "c", "text_a": "The meeting is at noon.", "text_b": "There is a meeting."}',
    )
    answer = evaluate("--suite", suite)
    assert answer.code == 0
    assert "Mean score" in answer.out
    assert "Wrong" not in answer.out
