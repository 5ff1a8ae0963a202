"""Texts -> sentences: nothing lost, nasty stops survived, and what was said once stays said as the text grows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.text.sentences import complete_sentences, sentences

WHOLE = [
    "Mr. Okoro met Dr. Lindqvist at 3.15 p.m. on Tuesday.",
    "The prize of $4.50 went to J. R. Almeida, i.e. to the youngest.",
    "Read more at https://example.org/a.b?c=d. or write to me@example.org today.",
    "It was found by Ruiz et al. in 2011 (see Fig. 3, p. 12).",
    "The U.S. Navy and Acme Inc. Holdings signed in St. Louis on Jan. 5.",
    "Version 2.0.1 runs on Node.js and .NET, e.g. on ARM.",
    '"Why now?" she asked.',
    "Wait... what did the clerk say?",
    "Yahoo! is a company.",
    "The tower has a very long description that was wrapped\nby an editor and goes on here.",
    "No. 7 is the house, no. 9 the shop.",
    "1. A numbered line is one sentence",
    "Table 4. shows it",
]

SPLIT = [
    ["It opened in 1989.", "It closed in 2003."],
    ["She said no.", "Then she left!", "Why?"],
    ["He moved to the U.S.", "The family stayed."],
    ["Bring cups, plates, etc.", "They are in the van."],
    ["(It rained.)", "The match went on."],
    ["“We won.”", "Nobody believed it."],
    ["It grew by 3.5%.", "2019 was worse."],
    ["The dome is older.[1]", "The nave is not.[2][3]"],
    ["**It is closed.**", "Come back later."],
    ["it was fine. ".strip(), "we liked it.", "would go again"],
    ["I bought one.", "iPads are cheaper."],
    ["塔は1889年に完成した。", "高さは324メートルだ。"],
    ["यह पुराना है।", "वह नया है।"],
    ["Plan B failed.", "We took plan C.", "It worked."],
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_stop_that_ends_no_sentence(text):
    assert [text[one.start : one.end] for one in sentences(text)] == [text]


@pytest.mark.parametrize("parts", SPLIT)
def test_a_stop_that_ends_one(parts):
    text = " ".join(parts)
    assert [text[one.start : one.end] for one in sentences(text)] == parts


def test_lines_that_stand_alone_are_sentences():
    text = "Opening hours\n\nThe shop opens:\n- on Monday at nine\n- on Sunday never\n1) with a key\nNotes\nNone"
    found = [text[one.start : one.end] for one in sentences(text)]
    assert found == text.replace("\n\n", "\n").split("\n")


@given(st.text(alphabet="aB. \n!?\"')(1-。é…\t", max_size=60))
def test_nothing_is_lost_and_order_is_kept(text):
    found = sentences(text)
    edges = [edge for one in found for edge in (one.start, one.end)]
    assert edges == sorted(edges)
    kept = "".join(text[one.start : one.end] for one in found)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(text[one.start : one.end].strip() == text[one.start : one.end] != "" for one in found)


@given(st.text(alphabet="aB. \n!?\"')(1-。é…\t", max_size=40), st.text(alphabet='aB. \n!"1-。', max_size=10))
def test_a_complete_sentence_stays_as_it_is_however_the_text_goes_on(text, more):
    complete = complete_sentences(text)
    assert sentences(text + more)[: len(complete)] == complete


@given(st.lists(st.sampled_from([part for parts in SPLIT for part in parts] + WHOLE), max_size=6))
def test_sentences_found_from_the_end_of_one_are_the_rest(parts):
    text = " ".join(parts)
    found = sentences(text)
    for place, one in enumerate(found):
        assert sentences(text, start=one.end) == found[place + 1 :]


@pytest.mark.parametrize("text", ["", " \n\t ", "\n" * 10])
def test_nothing_has_no_sentences(text):
    assert sentences(text) == []


@pytest.mark.parametrize("unit", [".", '."', " .", "a. ", "\n ", "-", "A.", "1. ", "[1]", "(((", "。", "word "])
def test_crafted_texts_end(unit):
    text = unit * 50_000
    kept = "".join(text[one.start : one.end] for one in sentences(text))
    assert len("".join(kept.split())) == len("".join(text.split()))
