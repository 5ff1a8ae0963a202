"""`crossjudge models`: cards listed, filtered, shown in full, and recommended with a reason."""

from dataclasses import replace

import pytest
from command_line import crossjudge

from crossjudge.cli.models import parse_count
from crossjudge.errors import InputError
from crossjudge.models.registry import cards, filter_cards, recommend


def names(*words: str) -> list[str]:
    return [row["name"] for row in crossjudge("models", *words, "--json").rows]


def test_every_card_is_listed():
    assert names() == [card.name for card in cards()]
    assert all(card.name in crossjudge("models").out for card in cards())


@pytest.mark.parametrize("width", [80, 200])
def test_names_stay_whole_in_the_table(width):
    assert max((card.name for card in cards()), key=len) in crossjudge("models", width=width).out


def test_filters_are_those_of_the_registry():
    found = names("--objective", "nli", "--licence", "apache-2.0", "--max-parameters", "100M")
    expected = filter_cards(objective="nli", licence="apache-2.0", max_parameters=100_000_000)
    assert found == [card.name for card in expected]
    assert found
    assert names("--language", "de") == [card.name for card in filter_cards(language="de")]
    assert names("--search", "quora") == [card.name for card in filter_cards(text="quora")]


@pytest.mark.parametrize("parameters", [22_714_371, None])
def test_a_size_is_shown_only_where_it_is_known(parameters, capsys):
    from crossjudge.cli.cards import print_card

    print_card(replace(cards()[0], parameters=parameters))
    shown = capsys.readouterr().out
    assert "not known parameters" not in shown
    assert ("23M parameters" in shown) == (parameters is not None)


def test_a_recommendation_says_why_and_can_be_filtered():
    answer = crossjudge("models", "--for", "find duplicate questions")
    best = recommend("find duplicate questions")[0]
    assert answer.code == 0
    assert answer.out.index(best.card.name) >= 0
    assert " ".join(best.why.split()) in " ".join(answer.out.split())
    rows = crossjudge("models", "--for", "find duplicate questions", "--max-parameters", "100M", "--json").rows
    assert rows
    assert all(row["objective"] == "duplicate" and row["why"] for row in rows)
    assert all(row["card"]["parameters"] is None or row["card"]["parameters"] <= 100_000_000 for row in rows)


def test_a_card_in_full_says_what_the_model_is_not_for():
    answer = crossjudge("models", "ms-marco-MiniLM-L6-v2", width=200)
    (card,) = crossjudge("models", "ms-marco-MiniLM-L6-v2", "--json").rows
    assert answer.code == 0
    for fact in (card["name"], card["licence"], *card["not_for"], card["figures"][0]["source"]):
        assert fact in answer.out


def test_a_wrong_name_gets_near_ones():
    answer = crossjudge("models", "cross-encoder/ms-marco-MiniLM-L6-v3")
    assert answer.code == 2
    assert "Did you mean" in answer.err
    assert "cross-encoder/ms-marco-MiniLM-L6-v2" in answer.err
    assert crossjudge("models", "zzzzzz").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--objective", "nonsense"),
        ("--for", "zzz"),
        ("--max-parameters", "many"),
        ("--language", "klingon"),
        ("--max-parameters", "-1"),
    ],
)
def test_bad_filters_are_exit_code_2(words):
    answer = crossjudge("models", *words)
    assert (answer.code, answer.out) == (2, "")


@pytest.mark.parametrize(
    ("text", "number"), [("50M", 50_000_000), ("1.5b", 1_500_000_000), ("22k", 22_000), ("1,000", 1000), ("7", 7)]
)
def test_counts_may_have_units(text, number):
    assert parse_count(text) == number


@pytest.mark.parametrize("text", ["", "M", "1.2.3", "-5", "5MM"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InputError, match="expected a number such as 50M"):
        parse_count(text)
