"""Flags: figures, dates and names from nowhere are caught however they are written, and no others."""

import numpy as np
import pytest

from crossjudge.apps.checking import ClaimChecker
from crossjudge.apps.checking.flags import missing, overstated
from crossjudge.models.cross_encoder import CrossEncoder

SAME = [
    ("It cost $1,250.", "The price was 1250 dollars."),
    ("Three boats sank.", "3 boats were lost."),
    ("It has 2.5 million users.", "2,500,000 people use it."),
    ("It seats two hundred and five.", "There are 205 seats."),
    ("Twenty-three stayed.", "23 stayed."),
    ("It opened on 5 March 2021.", "Opening: 2021-03-05."),
    ("It opened on Mar 5, 2021.", "It opened on the 5th of March 2021."),
    ("She came third.", "She was 3rd."),
    ("It rose by 40%.", "An increase of 40 percent."),
    ("It was built in 1889.[2]", "Built 1889."),
    ("One of them left.", "Somebody left."),
    ("They met on Tues in town.", "They met on Tuesday."),
    ("It cost $5.5m.", "It cost 5.5 million dollars."),
    ("It is 5.5m long.", "It is 5.5 metres long."),
    ("It has 12k readers and £3bn.", "12,000 readers, 3 billion pounds"),
    ("It opened on 2021-05-03.", "It opened on 3 May 2021."),
    ("It opened on 03/05/2021.", "It opened on 3 May 2021."),
    ("It opened on 05/03/21.", "It opened on May 3, 2021."),
    ("It opened in the 1990s.", "It opened in 1994."),
    ("Born in '94.", "Born in 1994."),
    ("The 21st century", "the twenty-first century"),
    ("On the 2nd of May", "on the second of May"),
    ("It won 3–1.", "It won three to one."),
    ("It lasts 12 days, half of them wet.", "It lasts a dozen days, half of them wet."),
    ("It costs 100.", "It costs a hundred."),
    ("There are one hundred and one.", "There are 101."),
    ("Two thirds stayed.", "2/3 stayed."),
    ("One third stayed, one half left.", "1/3 stayed, 1/2 left."),
    ("It is open 24 hours a day.", "It is open 24/7."),
    ("It opens at 5pm.", "It opens at 5 pm."),
    ("It opens at 7 p.m.", "It opens at 19:00."),
    ("It opens at 19:30.", "It opens at 7:30 PM."),
    ("It closes on the tenth of May.", "It closes on 10 May."),
    ("It closes on the first of May.", "It closes on 1 May."),
    ("高さは324メートルだ。", "高さ324メートル"),
]

FROM_NOWHERE = [
    ("It is 300 metres high.", "It is 324 metres high.", [("number", "300")]),
    ("It opened in 1987.", "It opened in 1978.", [("date", "1987")]),
    ("It opened on 12 May.", "It opened on 14 May.", [("date", "12")]),
    ("It opened in June.", "It opened in July.", [("date", "June")]),
    ("Forty people came.", "Fourteen people came.", [("number", "Forty")]),
    ("It has 3 million users.", "It has 3 billion users.", [("number", "3 million")]),
    ("It runs from 9 to 17.", "It runs from 9 to 18.", [("number", "17")]),
    ("It cost $5.5m.", "It cost 5.5 billion.", [("number", "5.5")]),
    ("It opened in 1994.", "It opened in the 1990s.", [("date", "1994")]),
    ("It opened on 2021-06-03.", "It opened on 3 May 2021.", [("date", "06")]),
    ("It opened on 4/5/2021.", "It opened on 3 May 2021.", [("date", "4")]),
    ("Two thirds stayed.", "Two stayed.", [("number", "Two thirds")]),
    ("In the third quarter it rose.", "It rose in the second quarter.", [("number", "third")]),
    ("It opens at 6pm.", "It opens at 5 pm.", [("number", "6")]),
    ("It opens at 7 a.m.", "It opens at 19:00.", [("number", "7")]),
    ("Twelve were aboard.", "It left at 7:00 p.m.", [("number", "Twelve")]),
    ("It left at 7:05 pm.", "It left at 7:17 pm.", [("number", "05")]),
    ("Only 3 of thousand came.", "Only 4 came, of 3000.", [("number", "3")]),
    ("It closes on the first of May.", "It closes on the second of May.", [("date", "first")]),
    ("It closes on the tenth of May.", "It closes on 9 May.", [("date", "tenth")]),
    ("On 16 May, 53 ran.", "On 15 May, 35 ran.", [("date", "16"), ("number", "53")]),
    ("On May 16, 1953, he ran.", "On May 15, 1935, he ran.", [("date", "16"), ("date", "1953")]),
    ("The twenty-first of them.", "The twentieth of them.", [("number", "twenty-first")]),
    ("高さは324メートルだ。", "高さは333メートルだ。", [("number", "324")]),
]


@pytest.mark.parametrize(("claim", "evidence"), SAME)
def test_a_value_is_the_same_however_it_is_written(claim, evidence):
    assert missing(claim, evidence=evidence, sources=evidence + " " + claim) == []


@pytest.mark.parametrize(("claim", "evidence", "expected"), FROM_NOWHERE)
def test_values_from_nowhere_are_flagged_where_they_stand(claim, evidence, expected):
    flags = missing(claim, evidence=evidence, sources=claim)
    assert [(flag.kind, flag.text) for flag in flags] == expected
    assert all(claim[flag.start : flag.end] == flag.text for flag in flags)


@pytest.mark.parametrize(
    ("claim", "sources", "names"),
    [
        ("The bridge was designed by Ana Petrova.", "The bridge was designed by a woman.", ["Ana Petrova"]),
        ("The bridge was designed by Ana Petrova.", "Petrova designed it.", ["Ana"]),
        ("Visitors love Lisbon's trams.", "Lisbon has trams.", []),
        ("It is by Willem van der Berg.", "It is by a friend.", ["Willem van der Berg"]),
        ("It is by Willem and Berg.", "It is by two friends.", ["Willem", "Berg"]),
        ("Willem van der Berg wrote it.", "A friend wrote it.", ["Willem van der Berg"]),
        ("They sold Marsden ten Teslas.", "They sold ten cars.", ["Marsden", "Teslas"]),
        ("The UN agreed.", "The United Nations agreed.", []),
        ("The NASA probe landed.", "The probe landed.", ["NASA"]),
        ("It opens on Monday in May with Dr. Chen.", "Chen opens it.", []),
        ("Children can go in. They pay nothing.", "Admission is free.", []),
        ("Jean-Luc said I was right.", "jean-luc agreed", []),
        ("Sales of the iPhone rose.", "The phone sells well.", []),
        ("Today Ana Petrova works on it. Did Petrova begin it?", "Ana Petrova works on it.", []),
        ("Originally Bella drew it.", "Ana drew it.", ["Bella"]),
        ("They like Chinese tea.", "They like tea from China.", []),
        ("They like Chinese tea.", "They like tea from India.", ["Chinese"]),
    ],
)
def test_names_that_no_source_has(claim, sources, names):
    flags = missing(claim, evidence=claim, sources=sources)
    assert [flag.text for flag in flags if flag.kind == "name"] == names


@pytest.mark.parametrize(
    ("claim", "evidence", "doubt"),
    [
        ("The drug lowers blood pressure.", "The drug may lower blood pressure.", "may"),
        ("The drug lowers blood pressure.", "Early results suggest that the drug lowers blood pressure.", "suggest"),
        ("The drug might lower it.", "The drug may lower it.", None),
        ("The fair is in spring.", "The fair is in May.", None),
        ("The drug lowers it.", "The drug lowers it.", None),
        ("The wreck is the Alma.", "Possibly the wreck is the Alma.", "Possibly"),
        ("The wreck is the Alma.", "The wreck is said to be the Alma.", "said to be"),
        ("The wreck is the Alma.", "The wreck is without doubt the Alma.", None),
        ("She lost.", "She could not win.", None),
        ("She lost.", "It is possible to see that she lost.", None),
        ("She lost.", "There is no doubt, possibly none at all.", "possibly"),
    ],
)
def test_a_claim_without_its_sources_doubt_is_overstated(claim, evidence, doubt):
    flag = overstated(claim, evidence)
    assert (flag and flag.text) == doubt
    assert flag is None or (flag.start, flag.end) == (0, len(claim))


def test_flags_are_of_the_claim_and_change_no_outcome():
    checker = ClaimChecker(model=CrossEncoder(backend="fake"))
    (sure,) = checker("The canal may be closed in winter.", ["The canal may be closed in winter."]).claims
    (bold,) = checker("The canal may be closed in winter.", ["The canal be closed in winter."]).claims
    assert sure.flags == []
    assert [flag.kind for flag in bold.flags] == ["overstated"]
    assert bold.outcome == "supported"


def test_doubt_about_something_else_is_not_held_against_a_claim():
    checker = ClaimChecker(model=CrossEncoder(backend="fake"))
    source = "The canal may be closed in winter. Boats are painted red."
    assert checker(source, ["Boats are painted red."]).claims[0].flags == []


class Certainty:
    """Stands for a model's head for certainty: it doubts what ends with a question mark."""

    labels = ("hedged", "weakened")
    tokenizer = CrossEncoder(backend="fake").tokenizer

    def predict(self, pairs, activation_fn):
        assert activation_fn == "sigmoid"
        return np.array([[0.5, 0.9 if evidence.endswith("?") else 0.1] for _, evidence in pairs])


def test_a_models_own_head_for_certainty_takes_the_place_of_words():
    checker = ClaimChecker(model=CrossEncoder(backend="fake"))
    checker._certainty = Certainty()
    source = "The canal may be closed in winter. Are boats painted red? Dogs travel free."
    canal, boats, _ = checker(source, ["The canal be closed in winter.", "Boats are painted red.", "Zzz"]).claims
    assert canal.flags == []
    assert [(flag.kind, flag.text) for flag in boats.flags] == [("overstated", "Are boats painted red?")]
