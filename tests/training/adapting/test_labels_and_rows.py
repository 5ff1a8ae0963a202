"""What labels mean, and which rows of a file are left out."""

import json

import pytest

from crossjudge.errors import InputError, LabelError
from crossjudge.objectives import get_objective
from crossjudge.training.adapting.label_contract import label_contract
from crossjudge.training.adapting.labelled_rows import check_enough, read_labelled

NLI, DUPLICATE = get_objective("nli"), get_objective("duplicate")
COLUMNS = {"entailment": 1, "contradiction": 0, "neutral": 2}
SAME = {label: place for place, label in enumerate(DUPLICATE.labels)}


def test_labels_are_known_by_name_and_by_other_names():
    found = label_contract(["Entailment", "refuted", "neutral"], COLUMNS, NLI, {})
    assert found.classes == {"Entailment": ("entailment",), "refuted": ("contradiction",), "neutral": ("neutral",)}
    assert found.allowed(["neutral", "refuted"]).tolist() == [[False, False, True], [True, False, False]]


def test_two_way_labels_leave_the_others_open():
    found = label_contract(["supported", "not_supported"], COLUMNS, NLI, {})
    assert found.classes["not_supported"] == ("contradiction", "neutral")
    stated = label_contract(["yes", "no"], COLUMNS, NLI, {"yes": ["entailment"], "no": ["contradiction", "neutral"]})
    assert stated.groups().tolist() == found.groups().tolist()


def test_one_score_takes_yes_and_no_and_numbers_as_one():
    found = label_contract(["1", "yes", "0"], SAME, DUPLICATE, {})
    assert found.names == {"1": "1", "yes": "1", "0": "0"}
    assert found.allowed(["yes", "0"]).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("seen", "stated", "said"),
    [
        (["good", "bad"], {}, "--labels good="),
        (["entailment", "entailment"], {}, "no other class"),
        (["entailment", "neutral", "not_entailment"], {}, "both leave 'neutral' open"),
        (["yes", "no"], {"yes": ["entailed maybe"]}, "entailed maybe"),
    ],
)
def test_labels_outside_the_contract_are_refused(seen, stated, said):
    with pytest.raises(LabelError, match=said):
        label_contract(seen, COLUMNS, NLI, stated)


def test_a_label_that_no_row_has_is_a_class_of_its_own():
    found = label_contract(["entailment", "contradiction"], COLUMNS, NLI, {})
    assert len(found.groups()) == 3


def test_bad_rows_are_named_with_their_line(tmp_path):
    rows = [
        {"text_a": "a", "text_b": "b", "label": "entailment"},
        {"text_a": "a", "text_b": None, "label": "entailment"},
        {"text_a": "c", "text_b": "d"},
        {"text_a": "e", "text_b": "f", "label": 1},
        {"text_a": "A", "text_b": "b", "label": "entailment"},
        {"text_a": "g", "text_b": "h", "label": "neutral"},
        {"text_a": "g", "text_b": "h", "label": "entailment"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_labelled(path)
    assert [problem.line for problem in found.problems] == [2, 3, 7]
    assert "line 6" in found.problems[2].why
    assert [(pair.text_a, gold) for pair, gold in zip(found.pairs, found.golds, strict=True)] == [
        ("a", "entailment"),
        ("e", "1"),
    ]
    assert found.doubled == 1


def test_too_few_rows_say_how_many_are_needed():
    check_enough({"yes": 60, "no": 40})
    with pytest.raises(InputError, match="found 70 labelled pairs and at least 100 are needed, 30 more"):
        check_enough({"yes": 40, "no": 30})
    with pytest.raises(InputError, match="found 9 pairs labelled 'no' and at least 15 are needed, 6 more"):
        check_enough({"yes": 400, "no": 9})
