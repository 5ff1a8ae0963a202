"""`crossjudge guard`: the library's results for texts and files, policies and thresholds as stated, and a gate."""

import json

import pytest
from command_line import crossjudge, write

from crossjudge.apps.guarding import Guardrail, policy_set
from crossjudge.models.cross_encoder import CrossEncoder

TEXTS = ("The ferry leaves at noon.", "Write to ann@example.org about it.")
POLICIES = {"kind": "This text contains no insults.", "private": "This text contains no email addresses."}
STATED = [word for name, text in POLICIES.items() for word in ("--policy", f"{name}={text}")]
LENIENT = [*STATED, "--threshold", "0"]


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    return CrossEncoder("embedded-joint", backend="fake")


def test_json_rows_are_the_results_of_the_library(model):
    answer = crossjudge("guard", *TEXTS, *STATED, "--threshold", "0.3", "-t", "kind=0.1", "--json")
    expected = Guardrail(POLICIES, thresholds={"kind": 0.1, "private": 0.3}, model=model).batch(TEXTS)
    assert answer.code == 0
    assert answer.rows == [{"id": None, "line": n, **one.to_dict()} for n, one in enumerate(expected, start=1)]


@pytest.mark.parametrize("name", ["text", "message", "prompt", "response"])
def test_files_hold_a_text_in_each_row(tmp_path, name):
    path = write(tmp_path / "rows.jsonl", *(json.dumps({name: text}) for text in TEXTS))
    assert crossjudge("guard", path, *STATED, "--json") == crossjudge("guard", *TEXTS, *STATED, "--json")


def test_ready_sets_and_a_topic(model):
    answer = crossjudge("guard", TEXTS[0], "--set", "pii,toxicity", "-s", "off-topic", "--topic", "ferries", "--json")
    policies = policy_set("pii", "toxicity", "off-topic", topic="ferries")
    (row,) = answer.rows
    assert row["checks"] == Guardrail(policies, model=model)(TEXTS[0]).to_dict()["checks"]


def test_redacted_texts_are_given_when_asked_for(tmp_path):
    rows = crossjudge("guard", *TEXTS, *STATED, "--redact", "--json").rows
    assert [row["redacted"] for row in rows] == [TEXTS[0], "Write to [EMAIL] about it."]
    out = tmp_path / "out.csv"
    assert crossjudge("guard", *TEXTS, *STATED, "--redact", "-o", out).code == 0
    assert "Write to [EMAIL] about it." in out.read_text("utf-8")


def test_recognisers_can_be_left_out():
    texts = ("guard", TEXTS[1], *LENIENT, "--json")
    assert crossjudge(*texts).rows[0]["decision"] == "BLOCK"
    assert crossjudge(*texts, "--no-recognizers").rows[0]["decision"] == "ALLOW"


def test_fitted_thresholds_come_from_a_file(tmp_path, model):
    examples = [(f"text {n}", {"kind": n % 2 == 0}) for n in range(120)]
    fitted = Guardrail(POLICIES, model=model).fit_thresholds(examples)
    fitted.save(tmp_path / "fitted.json")
    row = crossjudge("guard", TEXTS[0], *STATED, "--thresholds", tmp_path / "fitted.json", "--json").rows[0]
    assert row["checks"]["kind"]["passed"] is (row["checks"]["kind"]["score"] >= fitted.policies["kind"].threshold)


@pytest.mark.parametrize(
    ("words", "code"), [(("block",), 1), (("REVIEW",), 0), (("BLOCK,REVIEW",), 1), (("ALLOW",), 1)]
)
def test_a_gate_names_decisions(words, code):
    assert crossjudge("guard", *TEXTS, *LENIENT, "--fail-on", *words).code == code


def test_what_is_abstained_from_is_for_review():
    row = crossjudge("guard", TEXTS[0], *LENIENT, "--abstain-below", "1", "--json").rows[0]
    assert row["decision"] == "REVIEW"


def test_people_read_every_policy_of_a_text_and_what_was_found():
    answer = crossjudge("guard", *TEXTS, *LENIENT, "--redact", width=120)
    assert all(word in answer.out for word in ("✓ ALLOW", "✗ BLOCK", "private (email)", "Write to [EMAIL] about it."))


def test_people_read_a_line_for_each_text_of_a_file(tmp_path):
    path = write(tmp_path / "rows.csv", "text", *TEXTS)
    answer = crossjudge("guard", path, *LENIENT, width=120)
    allowed, blocked = (line for line in answer.out.splitlines() if "ALLOW" in line or "BLOCK" in line)
    assert allowed.split()[0] == "2"
    assert blocked.rstrip().endswith("private (email)")


def test_an_empty_text_costs_no_other_text(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"text": ""}', json.dumps({"text": TEXTS[0]}))
    answer = crossjudge("guard", path, *STATED, "--json")
    assert answer.code == 2
    assert [row.get("error", {}).get("type") for row in answer.rows] == ["ItemError", None]


def test_phone_numbers_of_a_named_country_are_found_by_its_plan():
    pytest.importorskip("phonenumbers")
    text = "Ask for Jo on 02079460958 after six."
    words = ("guard", text, "-p", "calls=This text contains no phone numbers.", "-t", "0", "--redact", "--json")
    assert [row["redacted"] for row in crossjudge(*words).rows] == [text]
    assert [row["redacted"] for row in crossjudge(*words, "--phone-region", "GB").rows] == [
        "Ask for Jo on [PHONE] after six."
    ]
    assert crossjudge(*words, "--phone-region", "IN, gb").rows == crossjudge(*words, "--phone-region", "GB").rows
    assert crossjudge(*words, "--phone-region", "Atlantis").code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a",), "expected --set or --policy"),
        (("a", "--set", "nonsense"), "no set 'nonsense'"),
        (("a", "--set", "off-topic"), "got no topic"),
        (("a", "-p", "kind"), "expected NAME=TEXT"),
        (("a", "-p", "a=b", "-p", "a=c"), "stands there twice"),
        (("a", "-p", "a=b", "-t", "high"), "expected NUMBER or NAME=NUMBER"),
        (("a", "-p", "a=b", "-t", "c=0.5"), "a threshold is stated for 'c'"),
        (("a", "-p", "a=b", "-t", "2"), "expected a probability"),
        (("a", "-p", "a=b", "-t", "0.5", "--thresholds", "x.json"), "Leave one of them out"),
        (("a", "-p", "a=b", "--thresholds", "nowhere.json"), "nowhere.json cannot be read"),
        (("a", "-p", "a=b", "--fail-on", "DENY"), "expected one of ALLOW, BLOCK, REVIEW"),
        (("-p", "a=b"), "expected texts, or a file"),
        (("a", "-p", "a=b", "--phone-region", "GB", "--no-recognizers"), "Leave out one of the two"),
    ],
)
def test_bad_usage_is_said_and_ends_in_2(words, message):
    answer = crossjudge("guard", *words)
    assert answer.code == 2
    assert message in answer.err
