"""`crossjudge judge`: verdicts in the order of the pairs, whatever they come from, and exit codes to build on."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from command_line import crossjudge, in_new_process, write

from crossjudge import CrossEncoder, Judge
from crossjudge.objectives import get_objective
from crossjudge.types import Verdict

PREMISE = "The shop closes at six."
HYPOTHESES = ("It is open at five.", "It is open at midnight.", "It sells bread.")
PLACE = {"id", "line"}
VERDICT = {field.name for field in fields(Verdict)}


def pair(premise: object, hypothesis: object, **more: object) -> str:
    return json.dumps({**more, "premise": premise, "hypothesis": hypothesis})


@pytest.fixture(scope="module")
def fake_judge() -> Judge:
    return Judge(CrossEncoder(backend="fake"))


# --- what is judged ---


def test_json_rows_are_the_verdicts_of_the_library(fake_judge):
    answer = crossjudge("judge", PREMISE, *HYPOTHESES, "--json")
    expected = fake_judge.batch([(PREMISE, hypothesis) for hypothesis in HYPOTHESES])
    assert answer.code == 0
    assert answer.rows == [{"id": None, "line": n, **verdict.to_dict()} for n, verdict in enumerate(expected, start=1)]


def test_a_file_gives_what_the_same_texts_give(tmp_path):
    path = write(tmp_path / "pairs.jsonl", *(pair(PREMISE, hypothesis) for hypothesis in HYPOTHESES))
    assert crossjudge("judge", path, "--json") == crossjudge("judge", PREMISE, *HYPOTHESES, "--json")


@pytest.mark.parametrize("option", [(), ("--file",)])
def test_standard_input_is_jsonl(option):
    stdin = pair(PREMISE, HYPOTHESES[0], id="first") + "\n"
    (row,) = crossjudge("judge", *option, "-", "--json", stdin=stdin).rows
    assert row["id"] == "first"
    assert row.keys() == PLACE | VERDICT


def test_standard_input_can_be_of_another_format():
    stdin = f"id\tquestion\tanswer\n7\t{PREMISE}\t{HYPOTHESES[0]}\n"
    (row,) = crossjudge("judge", "-", "--format", "tsv", "--columns", "question,answer", "--json", stdin=stdin).rows
    assert row["id"] == "7"


def test_csv_tsv_and_parquet_agree_with_jsonl(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"premise": PREMISE, "hypothesis": hypothesis} for hypothesis in HYPOTHESES]
    files = [
        write(tmp_path / "pairs.jsonl", *map(json.dumps, rows)),
        write(tmp_path / "pairs.csv", "premise,hypothesis", *(f'"{PREMISE}",{one}' for one in HYPOTHESES)),
        write(tmp_path / "pairs.tsv", "premise\thypothesis", *(f"{PREMISE}\t{one}" for one in HYPOTHESES)),
        tmp_path / "pairs.parquet",
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), files[-1])
    answers = [crossjudge("judge", path, "--json").rows for path in files]
    verdicts = [[{name: row[name] for name in VERDICT} for row in answer] for answer in answers]
    assert len(verdicts[0]) == 3
    assert verdicts == [verdicts[0]] * 4


def test_several_files_are_read_one_after_the_other_and_named(tmp_path):
    one = write(tmp_path / "one.jsonl", pair("a", "b"))
    two = write(tmp_path / "two.csv", "query,document", "c,d", "e,f")
    rows = crossjudge("judge", one, two, "--json").rows
    assert [(row["file"], row["line"]) for row in rows] == [(str(one), 1), (str(two), 2), (str(two), 3)]


def test_more_rows_than_one_chunk_keep_their_order(tmp_path):
    path = write(tmp_path / "many.jsonl", *(pair("x", f"claim {n % 7}", id=n) for n in range(2500)))
    rows = crossjudge("judge", path, "--json").rows
    assert [row["id"] for row in rows] == list(range(2500))
    by_claim = {row["id"] % 7: row["logits"] for row in rows[:7]}
    assert all(row["logits"] == by_claim[row["id"] % 7] for row in rows)


def test_a_file_without_rows_gives_no_verdicts_and_says_so(tmp_path):
    answer = crossjudge("judge", write(tmp_path / "none.jsonl"), "--json")
    assert (answer.code, answer.out) == (0, "")
    assert "no rows" in answer.err


# --- texts or files? never a guess ---


@pytest.mark.parametrize("words", [(), ("one text",), ("--text", "one text"), ("--text",)])
def test_too_few_texts_are_bad_usage(words):
    answer = crossjudge("judge", *words)
    assert answer.code == 2
    assert "expected a first text and at least one second text, or files" in answer.err


def test_files_and_texts_are_not_mixed(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b"))
    for words in ((path, "a text"), ("a text", path), ("-", "a text"), ("--file", path, "a text")):
        answer = crossjudge("judge", *words)
        assert answer.code == 2, words
        assert not answer.out


def test_a_file_that_is_not_there_is_not_taken_for_a_text():
    for words in (("missing.jsonl",), ("missing.jsonl", "also.csv")):
        answer = crossjudge("judge", *words)
        assert answer.code == 2
        assert "no such file" in answer.err


def test_a_file_of_an_unknown_kind_is_not_taken_for_a_text(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("It rains.", encoding="utf-8")
    for words in ([path, "It is wet."], [tmp_path, "It is wet."]):
        answer = crossjudge("judge", *words)
        assert answer.code == 2
        assert "its name does not say what is in it" in answer.err
    assert crossjudge("judge", "--text", path, "It is wet.").code == 0


def test_text_says_that_even_file_names_are_texts():
    assert len(crossjudge("judge", "--text", "pairs.jsonl", "pairs.csv", "-", "--json").rows) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("a", "b", "--columns", "x,y"),
        ("--text", "a", "b", "--format", "csv"),
        ("-", "-"),
        ("-", "--columns", "x"),
        ("-", "--format", "parquet"),
    ],
)
def test_options_that_contradict_the_arguments_are_bad_usage(words):
    answer = crossjudge("judge", *words)
    assert answer.code == 2
    assert answer.err.startswith("crossjudge: Reading ")


# --- bad rows ---


def test_a_bad_row_is_an_error_in_its_place_and_the_others_are_judged(tmp_path):
    path = write(
        tmp_path / "pairs.jsonl", pair("a", "b", id="x"), '{"id": "y", "premise": "a"}', "oops", pair("a", "b")
    )
    answer = crossjudge("judge", path, "--json")
    good, lacking, broken, last = answer.rows
    assert answer.code == 2
    assert (good["line"], lacking["line"], broken["line"], last["line"]) == (1, 2, 3, 4)
    assert lacking.keys() == PLACE | {"error"}
    assert lacking["id"] == "y"
    assert lacking["error"]["type"] == "FileRowError"
    assert lacking["error"]["column"] == "hypothesis"
    assert f"{path} line 2: no field 'hypothesis'; found 'id', 'premise'" in lacking["error"]["message"]
    assert good.keys() == last.keys() == PLACE | VERDICT
    assert "2 of 4 rows have no result" in answer.err


def test_only_the_first_problems_are_repeated_at_the_end(tmp_path):
    answer = crossjudge("judge", write(tmp_path / "pairs.jsonl", *["oops"] * 50), "--json", "--quiet")
    assert len(answer.rows) == 50
    assert "50 of 50 rows have no result" in answer.err
    assert len(answer.err.splitlines()) < 10


def test_a_pair_too_long_to_judge_costs_no_other_pair(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b"), pair("word " * 3000, "b"), pair("a", "c"))
    answer = crossjudge("judge", path, "--on-overflow", "error", "--json")
    assert answer.code == 2
    assert [row.get("error", {}).get("type") for row in answer.rows] == [None, "TooLongError", None]
    assert f"{path} line 2: " in answer.rows[1]["error"]["message"]


def test_a_missing_header_column_is_one_error(tmp_path):
    answer = crossjudge("judge", write(tmp_path / "pairs.csv", "premise,label", "a,b"), "--json")
    assert (answer.code, answer.out) == (2, "")
    assert "line 1: no field 'hypothesis'" in answer.err


# --- gates ---


def verdict_of(*words: str) -> str:
    return crossjudge("judge", *words, "--json").rows[0]["label"]


def test_fail_on_a_label_that_occurs_is_exit_code_1():
    label = verdict_of("a", "b")
    others = ",".join({"entailment", "contradiction", "neutral"} - {label})
    assert crossjudge("judge", "a", "b", "--fail-on", label).code == 1
    assert crossjudge("judge", "a", "b", "--fail-on", others).code == 0
    assert crossjudge("judge", "a", "b", "--fail-on", others, "--fail-on", label).code == 1


def test_fail_on_abstained(tmp_path):
    sure = ("judge", "a", "b", "--fail-on", "abstained", "--abstain-below")
    assert crossjudge(*sure, "0.0").code == 0
    assert crossjudge(*sure, "1.0").code == 1


def test_bad_rows_outrank_a_failed_gate(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b"), "oops")
    assert crossjudge("judge", path, "--fail-on", "entailment,contradiction,neutral").code == 2


def test_fail_on_a_label_that_no_verdict_has_is_bad_usage():
    answer = crossjudge("judge", "a", "b", "--fail-on", "entails")
    assert answer.code == 2
    assert "entailment, contradiction, neutral, abstained" in answer.err


# --- judging ---


def test_abstain_below_marks_the_verdict_and_keeps_its_label():
    (plain,) = crossjudge("judge", "a", "b", "--json").rows
    (doubted,) = crossjudge("judge", "a", "b", "--abstain-below", "1.0", "--json").rows
    assert (plain["abstained"], doubted["abstained"]) == (False, True)
    assert doubted == {**plain, "abstained": True}


def test_labels_state_the_order_of_the_outputs():
    (plain,) = crossjudge("judge", "a", "b", "--json").rows
    (turned,) = crossjudge("judge", "a", "b", "--labels", "neutral, entailment,contradiction", "--json").rows
    first, second, third = (plain["logits"][name] for name in ("contradiction", "entailment", "neutral"))
    assert turned["logits"] == {"neutral": first, "entailment": second, "contradiction": third}


@pytest.mark.parametrize("objective", ["similarity", "duplicate", "relevance"])
def test_an_objective_is_answered_by_the_head_that_was_trained_for_it(objective):
    answer = crossjudge("judge", "a", "b", "--objective", objective, "--json")
    assert answer.code == 0
    assert answer.rows[0]["label"] in get_objective(objective).labels
    assert answer.rows[0]["fingerprint"].endswith(f":{objective}")


@pytest.mark.parametrize(
    "words",
    [
        ("--objective", "nonsense"),
        ("--labels", "entailment,neutral"),
        ("--calibration", "missing.json"),
        ("--backend", "nonsense"),
        ("--abstain-below", "2"),
        ("--max-length", "0"),
        ("--on-overflow", "ignore"),
        ("--model", "./no-such-folder"),
        ("--nonsense",),
    ],
)
def test_bad_settings_are_exit_code_2_without_a_traceback(words):
    answer = crossjudge("judge", "a", "b", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err
    assert "Traceback" not in answer.err


def test_debug_shows_where_an_error_came_from():
    answer = crossjudge("judge", "a", "b", "--model", "./no-such-folder", "--debug")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert answer.err.rstrip().splitlines()[-1].startswith("crossjudge: Loading the model")


# --- for people ---


def test_the_table_says_the_verdict_in_words_and_signs():
    answer = crossjudge("judge", PREMISE, *HYPOTHESES)
    signs = {"entailment": "✓", "contradiction": "✗", "neutral": "○"}
    for row, hypothesis in zip(crossjudge("judge", PREMISE, *HYPOTHESES, "--json").rows, HYPOTHESES, strict=True):
        (line,) = [line for line in answer.out.splitlines() if line.startswith(hypothesis)]
        assert f"{signs[row['label']]} {row['label']}" in line
        assert f"{row['probabilities'][row['label']]:.2f}" in line
    assert answer.out.count(PREMISE) == 1


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_keeps_to_the_terminal_and_shortens_texts(tmp_path, width):
    path = write(tmp_path / "pairs.jsonl", pair("word " * 100, "line\nline " * 50), pair("日本語" * 80, "日本" * 80))
    answer = crossjudge("judge", path, width=max(width, 80))
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 3
    assert "…" in answer.out


def test_a_text_cannot_steer_the_terminal(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("\x1b[31mred\x07 \ud800 [bold]", "b\r\x1b]0;title\x07"))
    answer = crossjudge("judge", path, width=200)
    assert answer.code == 0
    assert not {"\x1b", "\x07", "\r"} & set(answer.out)
    assert "[bold]" in answer.out


def test_a_terminal_without_unicode_gets_other_signs():
    answer = in_new_process("judge", "--backend", "fake", "café", "b", PYTHONIOENCODING="ascii")
    assert answer.code == 0
    assert answer.out.isascii()


# --- output files ---


def test_output_holds_what_json_prints(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b", id=1), "oops", pair("c", "d"))
    answer = crossjudge("judge", path, "--output", tmp_path / "out.jsonl")
    assert (answer.code, answer.out) == (2, "")
    assert "3 rows written" in answer.err
    assert (tmp_path / "out.jsonl").read_text("utf-8") == crossjudge("judge", path, "--json").out


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_output_tables_have_every_row(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    from crossjudge.files import read_records

    path = write(tmp_path / "pairs.jsonl", pair("a", "b", id="x"), "oops", pair("c", "d"))
    out = tmp_path / f"out.{ending}"
    crossjudge("judge", path, "-o", out)
    good, bad, _ = (record.fields for record in read_records(out))
    assert good.keys() == PLACE | VERDICT | {"error"}
    assert set(json.loads(good["probabilities"])) == {"entailment", "contradiction", "neutral"}
    assert json.loads(bad["error"])["type"] == "FileRowError"


def test_output_never_replaces_the_input_or_an_unknown_kind_of_file(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b"))
    before = path.read_bytes()
    assert crossjudge("judge", path, "--output", path).code == 2
    assert crossjudge("judge", path, "--output", tmp_path / "out.txt").code == 2
    assert path.read_bytes() == before


def test_output_never_replaces_what_standard_input_reads(tmp_path):
    path = write(tmp_path / "io.jsonl", pair("a", "b"))
    before = path.read_bytes()
    with path.open("rb") as stdin:
        command = [sys.executable, "-m", "crossjudge", "judge", "-", "--backend", "fake", "--output", str(path)]
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=False)
    assert done.returncode == 2
    assert path.read_bytes() == before


def test_an_output_that_cannot_be_written_is_exit_code_2(tmp_path):
    (tmp_path / "folder.jsonl").mkdir()
    answer = crossjudge("judge", "a", "b", "--output", tmp_path / "folder.jsonl")
    assert (answer.code, answer.out) == (2, "")
    assert "folder.jsonl: Is a directory" in answer.err


def test_quiet_leaves_results_alone(tmp_path):
    path = write(tmp_path / "pairs.jsonl", pair("a", "b"))
    answer = crossjudge("judge", path, "-o", tmp_path / "out.jsonl", "--quiet", "--fail-on", verdict_of("a", "b"))
    assert (answer.code, answer.out, answer.err) == (1, "", "")
