"""The page of checked answers: every text is there and harmless, and in a browser the evidence shows on hover."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from contrasts import faint_texts
from crossjudge.apps.checking import ClaimChecker
from crossjudge.apps.checking.rendering import Checked, flags_in_words, page
from crossjudge.apps.checking.results import Evidence, Flag
from crossjudge.errors import InputError
from crossjudge.models.cross_encoder import CrossEncoder
from headless_browser import browser, find_browser

CHROMIUM = find_browser()
SOURCE = 'The ferry was built in 1974 & <b>painted</b> red. It may sail in July. "Quoted" ends it.'
ANSWER = "The ferry was built in 1974 & <b>painted</b> red.\n\n- It sails in July.  It has 99 cabins in Oslo </mark>."


@pytest.fixture(scope="module")
def checked() -> list[Checked]:
    checker = ClaimChecker(model=CrossEncoder(backend="fake"))
    inputs: list[tuple[str | list[str], str | list[str]]] = [
        (SOURCE, ANSWER),
        ([SOURCE, "Other."], ["One <i>item</i>"]),
    ]
    return [Checked(*one, report=report) for one, report in zip(inputs, checker.batch(inputs), strict=True)]


def test_an_answer_stands_there_as_it_was_written(checked):
    (shown,) = re.findall(r'<div class="answer">(.*?)</div>', page(checked[:1]), re.DOTALL)
    bare = re.sub(r"<aside>.*?</aside>|</?(?:mark|u)\b[^>]*>", "", shown)
    assert unescape(bare) == ANSWER


def test_no_text_becomes_markup(checked):
    text = page(checked, title="<script>")
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text


def test_a_report_of_another_answer_and_what_is_no_report_are_refused(checked):
    text, listed = checked
    assert Checked(SOURCE, ["  One  item "], ClaimChecker(model=CrossEncoder(backend="fake"))(SOURCE, ["  One  item "]))
    for answer in (f"Today {ANSWER}", "", ["The ferry"] * len(text.report.claims)):
        with pytest.raises(InputError, match=r"claim 1 of its report does not stand in the answer"):
            Checked(SOURCE, answer, text.report)
    with pytest.raises(InputError, match="a list of 2 claims, and its report has 1"):
        Checked(SOURCE, [*listed.answer, "another"], listed.report)
    with pytest.raises(InputError, match="its report is a str; expected a CheckReport"):
        Checked(SOURCE, ANSWER, ANSWER)
    assert page(one for one in checked) == page(checked)
    for wrong in (text, [text.report], ["text"], None):
        with pytest.raises(InputError, match="expected a list of Checked"):
            page(wrong)


def test_a_flag_says_where_it_looked(checked):
    text, listed = checked
    for claim in text.report.claims:
        cited = claim.evidence is not None or claim.counter_evidence is not None
        assert all(("in no source" in words) != cited for words in flags_in_words(claim) if "99" in words)
    (claim,) = listed.report.claims
    bare = replace(claim, flags=[Flag("name", 0, 3, "One")], evidence=None, counter_evidence=None)
    assert flags_in_words(bare) == ["the name “One” is in no source"]
    found = Evidence(source_index=1, start=0, end=6, text="Other.")
    assert flags_in_words(replace(bare, evidence=found)) == ["the name “One” is not in the source of the evidence"]


def test_claims_carry_their_outcome_and_flags(checked):
    text = page(checked)
    outcomes = re.findall(r'<mark class="(\w+)', text)
    assert outcomes == [claim.outcome for one in checked for claim in one.report.claims]
    assert "<u>99</u>" in text
    assert "<u>Oslo</u>" in text


def test_a_claim_that_is_surer_than_its_source_shows_it_unasked(checked):
    flagged = [any(flag.kind == "overstated" for flag in claim.flags) for one in checked for claim in one.report.claims]
    marks = re.findall(r'<mark class="\w+( overstated)?"', page(checked))
    assert [bool(mark) for mark in marks] == flagged
    assert {True, False} <= set(flagged)


def test_the_numbers_are_those_of_the_report(checked):
    text = page(checked)
    for one in checked:
        supported = sum(claim.outcome == "supported" for claim in one.report.claims)
        assert f"{supported} of {len(one.report.claims)} claim" in text
        for claim in one.report.claims:
            shown = ", ".join(f"{label} {share:.2f}" for label, share in claim.probabilities.items())
            assert f"({shown})" in text


def test_nothing_checked_is_a_page_too():
    assert "</html>" in page([])


@pytest.mark.full
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH (apt-get install chromium)")
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_in_both_colour_schemes(checked, tmp_path: Path, dark):
    path = tmp_path / "page.html"
    path.write_text(page(checked), "utf-8")
    with browser(str(CHROMIUM), tmp_path / "profile") as chromium:
        chromium.open(path, dark=dark)
        chromium.run("document.querySelector('mark').focus()")
        assert chromium.run("getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)"
        )
        texts, faint = faint_texts(chromium, "h1, h2, p, mark, u, q, summary, .key span")
    assert texts > 12
    assert faint == []


@pytest.mark.full
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH (apt-get install chromium)")
def test_evidence_shows_on_hover_and_focus_and_nothing_is_fetched(checked, tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text(page(checked), "utf-8")
    visible = "[...document.querySelectorAll('aside')].map((one) => one.checkVisibility())"
    with browser(str(CHROMIUM), tmp_path / "profile") as chromium:
        chromium.open(path)
        assert not any(chromium.run(visible))
        chromium.run("document.querySelectorAll('mark')[1].focus()")
        assert chromium.run(visible) == [False, True, False, False]
        chromium.run("document.activeElement.blur()")
        spot = chromium.run(
            "(() => {const box = document.querySelector('mark').getClientRects()[0];"
            "return [box.x + box.width / 2, box.y + box.height / 2]})()"
        )
        chromium.call("Input.dispatchMouseEvent", type="mouseMoved", x=spot[0], y=spot[1])
        assert chromium.run(visible) == [True, False, False, False]
        assert "painted" in chromium.run("document.querySelector('aside').innerText")
        box = chromium.run(
            "(({top, bottom}) => [top, bottom])(document.querySelector('aside').getBoundingClientRect())"
        )
        assert 0 <= box[0] < box[1] <= 900
        chromium.screenshot(tmp_path / "page.png", whole_page=False)
        chromium.open(path, width=380)
        assert (
            chromium.run(
                "Math.max(...[...document.querySelectorAll('body *')].map((one) => one.getBoundingClientRect().right))"
            )
            <= 380
        )
        assert chromium.log == []
        assert chromium.requested == [path.resolve().as_uri()] * 2
