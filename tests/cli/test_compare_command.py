"""`crossjudge compare`: two models on the same texts, a certificate for people and programs, and a gate."""

import json

import pytest
from command_line import crossjudge, write

from crossjudge.cli.comparing import Limit, Side, read_limit, read_side
from crossjudge.errors import InputError
from crossjudge.evaluation.gates import Bound
from crossjudge.evaluation.suite import iter_suite

SAME = ("embedded@fake", "embedded@fake")
APART = ("embedded", "embedded@fake")
TEXTS = ("The train is late.", "It is on time.", "It came early.", "The train is late.")


@pytest.fixture
def pairs(tmp_path):
    return write(
        tmp_path / "pairs.jsonl",
        '{"premise": "The shop closes at six.", "hypothesis": "The shop never closes.", "id": "shop"}',
        '{"premise": "Nobody came.", "hypothesis": "Many people came."}',
    )


def test_a_model_is_certified_identical_to_itself():
    answer = crossjudge("compare", *SAME, *TEXTS)
    assert (answer.code, answer.err) == (0, "")
    assert "decide alike on 3 (100%" in answer.out
    assert "the same to the last bit" in answer.out
    assert "Flips" not in answer.out


def test_what_flips_is_shown_with_its_texts_and_where_it_stands(pairs):
    answer = crossjudge("compare", *APART, pairs)
    assert answer.code == 0
    for seen in ("became", "shop", "line 2", "Nobody came.", "Many people came."):
        assert seen in answer.out


def test_without_texts_the_stress_suite_is_compared():
    answer = crossjudge("compare", *SAME, "--json")
    assert answer.rows[0]["parity"]["n_pairs"] == sum(1 for _ in iter_suite("stress"))


def test_json_is_the_whole_certificate_on_one_line(pairs, tmp_path):
    answer = crossjudge("compare", *APART, pairs, "--json", "--output", tmp_path / "certificate.json")
    (row,) = answer.rows
    assert row == json.loads((tmp_path / "certificate.json").read_text("utf-8"))
    assert row["reference"]["fingerprint"] != row["other"]["fingerprint"]
    assert {flip["id"] for flip in row["flips"]} <= {"shop", "line 2"}
    assert "certificate.json" in answer.err


def test_a_gate_decides_the_exit_code(pairs):
    held = crossjudge("compare", *SAME, pairs, "--fail-on", "flips>0", "--fail-on", "agreement < 0.5")
    assert (held.code, held.err) == (0, "")
    failed = crossjudge("compare", *APART, pairs, "--fail-on", "flips>0")
    assert failed.code == 1
    assert "--fail-on 'flips>0'" in failed.err
    assert crossjudge("compare", *SAME, pairs, "--fail-on", "flips_high>=0.5", "--quiet").err == ""


@pytest.mark.parametrize("expression", ["flip>0", "flips", "flips>", "flips=0", "flips>x", "> 3", "n_pairs<5"])
def test_a_gate_that_is_none_is_refused_before_any_model_is_opened(expression):
    answer = crossjudge("compare", "./no-such", "./no-such", "--fail-on", expression)
    assert (answer.code, answer.out) == (2, "")
    assert "--fail-on" in answer.err
    assert "flips>0.005" in answer.err


def test_expressions_are_read_with_any_spacing():
    assert read_limit("flips>0.005") == Limit("flips>0.005", "flips", Bound(">", 0.005))
    assert read_limit(" max_drift >= 1e-3 ") == Limit(" max_drift >= 1e-3 ", "max_drift", Bound(">=", 0.001))
    assert read_limit("rank_correlation<-.5").bound.limit == -0.5


def test_a_model_names_its_backend_and_precision(tmp_path, monkeypatch):
    assert read_side("embedded") == Side("embedded")
    assert read_side("embedded@torch") == Side("embedded", "torch")
    assert read_side("bi:./model@onnx/int8") == Side("bi:./model", "onnx", "int8")
    (tmp_path / "me@onnx").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_side("me@onnx") == Side("me@onnx")
    assert read_side("me@onnx@torch/fp32") == Side("me@onnx", "torch", "fp32")


@pytest.mark.parametrize(
    ("model", "wrong"), [("a@tensorrt", "backend"), ("a@onnx/int3", "precision"), ("a@", "backend")]
)
def test_an_engine_that_is_none_is_refused(model, wrong):
    with pytest.raises(InputError, match=wrong):
        read_side(model)
    assert crossjudge("compare", model, "embedded").code == 2


def test_rows_that_cannot_be_read_are_told_and_outrank_the_gate(tmp_path):
    file = write(tmp_path / "pairs.jsonl", '{"text_a": "a", "text_b": "b"}', '{"text_a": "a"}')
    answer = crossjudge("compare", *APART, file, "--fail-on", "flips>=0", "--json")
    assert answer.code == 2
    assert answer.rows[0]["parity"]["n_pairs"] == 1
    assert "1 row could not be compared" in answer.err
    assert "line 2" in answer.err


def test_where_no_row_can_be_read_the_rows_are_the_reason(tmp_path):
    answer = crossjudge("compare", *SAME, write(tmp_path / "pairs.jsonl", '{"text_a": "a"}'))
    assert (answer.code, answer.out) == (2, "")
    assert "pairs.jsonl line 1" in answer.err
    assert "there are no pairs" in answer.err


def test_several_files_and_standard_input(pairs):
    line = '{"text_a": "a dog", "text_b": "a cat"}\n'
    answer = crossjudge("compare", *APART, pairs, "-", "--json", stdin=line)
    assert answer.rows[0]["parity"]["n_pairs"] == 3
    assert {flip["id"] for flip in answer.rows[0]["flips"]} <= {"shop", f"{pairs} line 2", "- line 1"}


def test_the_certificate_never_overwrites_what_is_read(pairs):
    before = pairs.read_text()
    answer = crossjudge("compare", *SAME, pairs, "--output", pairs)
    assert (answer.code, pairs.read_text()) == (2, before)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("embedded", "bi:embedded"), "expected outputs that mean the same"),
        (("embedded", "./no-such-folder"), "no-such-folder"),
        (("embedded@fake", "embedded@fake", "--columns", "a,b"), "--columns"),
        (("embedded@fake", "embedded@fake", "one text"), "second text"),
        (("embedded#nothing@fake", "embedded@fake"), "nothing"),
    ],
)
def test_what_cannot_be_compared_is_exit_code_2(words, said):
    answer = crossjudge("compare", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_cut_is_for_models_of_one_output():
    answer = crossjudge("compare", "bi:embedded@fake", "bi:embedded@fake", *TEXTS, "--cut", "0.9", "--json")
    assert answer.rows[0]["decided_by"] == "cosine above 0.9"


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_table_fits_the_terminal(width, pairs):
    answer = crossjudge("compare", *APART, pairs, width=width)
    # Fingerprints stay whole: they are there to be copied.
    assert all(len(line) <= max(width, 70) for line in answer.out.splitlines())


def test_a_text_cannot_steer_the_terminal():
    answer = crossjudge("compare", *APART, "one \x1b[2J text", "another \x07 text", "a third \x1b]0; text")
    assert "became" in answer.out
    assert "\x1b" not in answer.out
    assert "\x07" not in answer.out
