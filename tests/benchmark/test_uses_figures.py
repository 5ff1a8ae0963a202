"""The figures of the uses: pages show what was measured, and questions are made as their table says."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
MODULES = ("figures", "uses", "cases", "acceptance", "groundedness", "grading", "guarding", "answering", "tagging")
PAGE = """# A page

<!-- figures of benchmarks/uses.py: a.first -->
<!-- end of figures -->

Between.

<!-- figures of benchmarks/uses.py: a.second -->
old
<!-- end of figures -->
"""


@pytest.fixture(scope="module")
def uses():
    """The module, as `python benchmarks/uses.py` has it."""
    sys.path.insert(0, str(BENCHMARKS))
    import uses

    yield uses
    sys.path.remove(str(BENCHMARKS))
    for name in MODULES:
        sys.modules.pop(name, None)


# --- pages ---


def test_a_place_gets_its_table_and_the_rest_stays(uses):
    filled = uses.figures.filled(PAGE, {"a.first": "new", "a.third": "nowhere"})
    assert filled == PAGE.replace("a.first -->\n", "a.first -->\nnew\n")
    assert uses.figures.filled(filled, {"a.first": "new"}) == filled
    assert uses.figures.places(PAGE) == ["a.first", "a.second"]


def test_every_page_shows_the_numbers_as_they_are(uses):
    tables = uses.markdown(uses.read_numbers())
    for path in sorted(uses.PAGES.glob("*.md")):
        text = path.read_text("utf-8")
        assert uses.figures.filled(text, tables) == text, f"{path.name}: run python benchmarks/uses.py --pages"


def test_every_table_has_one_place_on_the_pages_and_every_place_a_part(uses):
    places = [place for path in uses.PAGES.glob("*.md") for place in uses.figures.places(path.read_text("utf-8"))]
    assert len(places) == len(set(places))
    assert uses.markdown(uses.read_numbers()).keys() <= set(places)
    kinds = {"cases", "misses", *uses.PARTS}
    assert {place.partition(".")[0] for place in places} <= kinds


def test_a_table_says_which_model_was_asked_and_how_much(uses):
    table = uses.figures.Table(("set", "n"), [["a | b <c>", "3"]], (1,))
    block = uses.figures.Block("x.sets", "Sets", table, [{"n": 3}], "A note.", "mine model, abc")
    part = {"limit": 5, "seconds": 1, "blocks": [block.to_dict()]}
    shown = uses.markdown({"x": part})["x.sets"]
    assert shown.splitlines()[:3] == ["| set | n |", "| --- | ---: |", r"| a \| b \<c\> | 3 |"]
    assert shown.endswith("A note.\n\n*mine model, abc; at most 5 rows of each set*")
    assert uses.Block.of(block.to_dict()) == block


# --- rows and questions ---


@pytest.mark.parametrize(("limit", "chosen"), [(None, 10), (3, 3), (10, 10), (99, 10)])
def test_fewer_rows_are_spread_over_all(uses, limit, chosen):
    rows = uses.figures.spread(range(10), limit)
    assert len(rows) == len(set(rows)) == chosen
    assert chosen == 10 or rows == [0, 3, 6]


def test_candidates_lose_what_all_begin_and_end_with(uses):
    from answering import Choice, in_phrases

    made = in_phrases(Choice("c", "q", ["He ate a red apple there.", "He ate two pears there."], frozenset({1})))
    assert made.candidates == ["a red apple", "two pears"]
    assert in_phrases(Choice("c", "q", ["He ate.", "He ate there."], frozenset({1}))) is None


def test_made_questions_hold_the_right_answer_once_and_on_another_text_none_is_right(uses):
    from answering import on_other_texts, with_wrong_answers
    from crossjudge.datasets import Question

    questions = [Question(f"text {n}", f"question {n}", (f"answer {n}",), frozenset({0}), "s") for n in range(40)]
    made = with_wrong_answers(questions)
    for n, one in enumerate(made):
        assert len(set(one.candidates)) == 4
        assert [one.candidates[place] for place in one.right] == [f"answer {n}"]
    for one, other in zip(made, on_other_texts(made), strict=True):
        assert (other.question, other.right) == (one.question, frozenset())
        assert other.context != one.context


def test_a_hidden_source_stands_whole_between_so_many_others(uses):
    from groundedness import _hidden

    rows = [{"source": f"The ferry {n} carries {n} cars.", "claim": f"Ferry {n} is large."} for n in range(30)]
    for row, text in zip(rows, _hidden(rows, rows, 6), strict=True):
        texts = text.split("\n\n")
        assert row["source"] in texts
        assert len(texts) == len(set(texts)) == 7


# --- cases ---


def test_flags_are_met_one_to_one_by_words_and_kind(uses):
    met = uses.cases.all_met
    assert met([("name", "Tomas Brandt"), ("number", "14")], [("number", "14"), ("name", "Brandt")])
    assert met([("overstated", "")], [("overstated", "")])
    assert met([], [])
    assert not met([("number", "3")], [("number", "35")])
    assert not met([("number", "14")], [("date", "14")])
    assert not met([("date", "14 May"), ("date", "14")], [("date", "14"), ("date", "June")])
    assert not met([], [("name", "Ana")])
