"""The page in a real browser: nothing complains, nothing is fetched, and what can be moved moves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_report import made_up_pairs, made_up_report
from test_rendering import nasty_pairs, without_gold

from contrasts import faint_texts
from crossjudge.evaluation.rendering import html
from headless_browser import Browser, browser, find_browser

CHROMIUM = find_browser()
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH (apt-get install chromium)"),
]

TAB, SPACE, RIGHT = 9, 32, 39
"""Windows virtual key codes, as the DevTools protocol wants them."""

TEXTS = ".heat, small, p, td, th, dd, li, summary, nav a"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(made_up_report()), "utf-8")
    return path


@pytest.fixture
def page(chromium: Browser, report_page: Path) -> Iterator[Browser]:
    """The report, freshly loaded; afterwards the page has complained of nothing and asked for nothing."""
    load(chromium, report_page)
    yield chromium
    assert chromium.log == []
    assert chromium.requested == [report_page.resolve().as_uri()]


def load(chromium: Browser, path: Path, **how: object) -> None:
    chromium.log.clear()
    chromium.requested.clear()
    chromium.open(path, **how)
    assert chromium.run("document.documentElement.classList.contains('drawn')")


def text_of(page: Browser, selector: str) -> str:
    return page.run(f"document.querySelector({selector!r}).innerText")


def test_the_page_opens_with_the_answer_in_words(page: Browser) -> None:
    evaluation = made_up_report().evaluation
    assert text_of(page, "h1") in page.run("document.title")
    assert "Which model for which job" in text_of(page, "#answer")
    assert all(model.name in text_of(page, "#models") for model in evaluation.models)
    drawn = page.run("[...document.querySelectorAll('.figure .main-svg:first-child')].length")
    assert drawn == page.run("document.querySelectorAll('.figure').length") == 4


def test_the_threshold_switch_changes_tables_and_marks(page: Browser) -> None:
    shown = "[...document.querySelectorAll('#failures .by-cut')].filter((one) => one.checkVisibility())[0].innerText"
    wrong = "document.getElementById('scores-figure').data.flatMap((one) => one.marker?.symbol ?? []).join()"
    before, marks = page.run(shown), page.run(wrong)
    assert "at 0.5" in before
    page.run("document.querySelector('#failures input[value=\"0.8\"]').click()")
    assert "at 0.8" in page.run(shown)
    assert page.run(wrong) != marks
    assert page.run("document.querySelector('#scores input[value=\"0.8\"]').checked")


def test_the_slider_moves_line_and_table(page: Browser) -> None:
    page.run("document.getElementById('threshold').focus()")
    before = text_of(page, "#thresholds-table")
    for _ in range(30):
        page.press("ArrowRight", RIGHT)
    assert text_of(page, "#threshold-value") == "0.80"
    after = text_of(page, "#thresholds-table")
    assert "at 0.80" in after
    assert after != before
    assert page.run("document.getElementById('thresholds-figure').layout.shapes[0].x0") == pytest.approx(0.8)
    twins = made_up_report().evaluation.model("twins").main.category("hedging").failure["0.8"]
    row = next(line for line in after.splitlines() if line.startswith("twins"))
    assert f"{round(twins.value * 100)}%" in row.split()


def test_every_pair_can_be_read_on_hover_and_kept(page: Browser) -> None:
    page.run("document.getElementById('scores-category').value = 0")
    page.run("document.getElementById('scores-category').dispatchEvent(new Event('change'))")
    hovered = page.run("document.getElementById('scores-figure').data.flatMap((one) => one.text ?? []).join()")
    report = made_up_report()
    negated = [pair.id for pair in report.pairs() if pair.category == "negation"]
    assert all(hovered.count(f"  {identity}<br>") == len(report.evaluation.models) for identity in negated)
    page.run("document.getElementById('scores-figure').emit('plotly_click', {points: [{customdata: 0}]})")
    assert "negation-0" in text_of(page, "#scores-pair")


def test_one_model_can_be_seen_in_every_category(page: Browser) -> None:
    page.run("document.querySelector('input[name=view][value=model]').click()")
    rows = page.run("document.getElementById('scores-figure').layout.annotations.map((one) => one.text)")
    assert len(rows) == len(made_up_report().evaluation.suite.categories)
    assert not page.run("document.getElementById('scores-category').checkVisibility()")
    assert page.run("document.getElementById('scores-model').checkVisibility()")


def test_the_worst_pairs_follow_model_and_category(page: Browser) -> None:
    page.run("document.getElementById('worst-model').value = 1")
    for place in (0, 1):
        page.run(f"document.getElementById('worst-category').value = {place}")
        page.run("document.getElementById('worst-category').dispatchEvent(new Event('change'))")
        category = ("negation", "entity_swap")[place]
        assert len(re.findall(rf"· {category}-\d+", text_of(page, "#worst-pairs"))) == 5
    assert page.run("document.querySelectorAll('#worst-pairs mark').length") > 0


def test_both_effect_sizes_can_be_drawn(page: Browser) -> None:
    first = page.run("document.getElementById('effects-figure').layout.xaxis.title.text")
    page.run("document.querySelector('input[name=effect][value=delta]').click()")
    assert (first, page.run("document.getElementById('effects-figure').layout.xaxis.title.text")) == (
        "Cohen's d",
        "Cliff's delta",
    )


def test_everything_is_reached_by_keyboard(page: Browser) -> None:
    """Tab goes through links, switches, selects, the slider, tables that scroll, and what unfolds."""
    wanted = {"A", "INPUT", "SELECT", "BUTTON", "SUMMARY", "DIV"}
    seen = set()
    for _ in range(80):
        page.press("Tab", TAB)
        seen.add(page.run("document.activeElement.tagName"))
    assert wanted <= seen
    page.run("document.querySelector('#failures input').focus()")
    page.press("ArrowRight", RIGHT)
    assert page.run("document.activeElement.value") == "0.8"
    page.run("document.querySelector('summary').focus()")
    page.press(" ", SPACE, " ")
    assert page.run("document.querySelector('details').open")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen_never_scrolls_sideways(page: Browser, report_page: Path, width: int) -> None:
    load(page, report_page, width=width, height=844)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.run("document.documentElement.scrollWidth") <= width
    figures = page.run("[...document.querySelectorAll('.figure')].map((one) => one.getBoundingClientRect().right)")
    assert max(figures) <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Browser, report_page: Path, dark: bool) -> None:
    """WCAG AA: a contrast of 4.5 or more, cells of the heat map included."""
    load(page, report_page, dark=dark)
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    seen, faint = faint_texts(page, TEXTS)
    assert seen > 200
    assert faint == []


def test_the_colours_can_be_chosen(page: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.run(paper)
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) == light
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) != light
    assert "dark" in text_of(page, "#theme")


def test_the_page_prints_with_everything_unfolded(page: Browser) -> None:
    assert page.print_pdf().startswith(b"%PDF")
    assert page.run("[...document.querySelectorAll('details')].every((one) => one.open)")


@pytest.mark.parametrize(
    "report",
    [
        made_up_report(nasty_pairs()),
        made_up_report(without_gold(), ("reader", "bi:small")),
        made_up_report([replace(pair, text_a="x " * 3_000) for pair in made_up_pairs(2)], ("twins",)),
    ],
    ids=["markup in texts", "no gold", "long texts"],
)
def test_odd_suites_draw_too(chromium: Browser, tmp_path: Path, report) -> None:
    path = tmp_path / "odd.html"
    path.write_text(html.render(report), "utf-8")
    load(chromium, path, width=390)
    for index in range(len(report.evaluation.suite.categories)):
        chromium.run(f"document.getElementById('scores-category').value = {index}")
        chromium.run("document.getElementById('scores-category').dispatchEvent(new Event('change'))")
    assert chromium.run("document.querySelectorAll('b, img, script[src]').length") == 0
    assert chromium.run("document.documentElement.scrollWidth") <= 390
    assert chromium.log == []
    assert chromium.requested == [path.resolve().as_uri()]
