"""The playground in a real browser, asking a real server: what is pressed, read, tapped and linked works."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from contrasts import faint_texts
from headless_browser import Browser, browser, find_browser
from serving.live import Live, live
from serving.served import SECRET

CHROMIUM = find_browser()
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH (apt-get install chromium)"),
]

TAB, ENTER, ESCAPE, END, HOME, LEFT, RIGHT = 9, 13, 27, 35, 36, 37, 39
"""Windows virtual key codes, as the DevTools protocol wants them."""

PATIENCE_S = 300
USES = ("check", "judge", "tag", "guard", "grade", "answer", "rubric", "rerank", "dedupe")

PANEL = "document.querySelector('.panel:not([hidden])')"
OUTCOME = f"{PANEL}.querySelector('.outcome')"
SOURCE = "🎻 The ferry <b>Ann</b> was built in 1974. It is red. The crew is 👩‍👧 small."
ANSWER = "🎻🎻 The ferry was built in 1974.  <script>alert(1)</script> It is blue. 👩‍👧 The crew is small."


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(str(CHROMIUM), tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    """With the embedded model; its log would fill a pipe that nobody reads."""
    with live("--log-level", "error") as started:
        yield started


@pytest.fixture(scope="module")
def closed() -> Iterator[Live]:
    """That answers with a key only."""
    keys = {"CROSSJUDGE_API_KEYS": SECRET}
    with live("--backend", "fake", "--log-level", "error", environment=keys, key=SECRET) as started:
        yield started


@pytest.fixture
def page(chromium: Browser, server: Live) -> Iterator[Browser]:
    """The playground, freshly loaded; afterwards nobody but its server has been asked, and the policy was kept."""
    chromium.log.clear()
    chromium.requested.clear()
    visit(chromium, server)
    yield chromium
    assert [one for one in chromium.log if "Failed to load resource" not in one] == []
    assert {one.partition("/v1/")[0].partition("#")[0].rstrip("/") for one in asked(chromium)} <= {server.url}


def asked(page: Browser) -> list[str]:
    """Addresses over the network."""
    return [one for one in page.requested if one.startswith("http")]


def visit(page: Browser, server: Live, fragment: str = "", **how: Any) -> None:
    page.open("about:blank")
    page.open(f"{server.url}/{fragment and f'#{fragment}'}", **how)
    until(page, "document.getElementById('model').options.length > 0")


def until(page: Browser, condition: str) -> None:
    given_up = time.monotonic() + PATIENCE_S
    while not page.run(condition):
        assert time.monotonic() < given_up, f"never came true: {condition}"
        time.sleep(0.05)


def fill(page: Browser, use: str, **values: str) -> None:
    for name, value in values.items():
        page.run(f"document.getElementById('{use}-{name}').value = {json.dumps(value)}")


def press_run(page: Browser) -> str:
    """What the answer says, once it is whole."""
    page.run(f"{PANEL}.querySelector('.primary').click()")
    return answered(page)


def answered(page: Browser) -> str:
    until(page, f"{OUTCOME}.getAttribute('aria-busy') === 'false'")
    return page.run(f"{OUTCOME}.innerText")


def texts(page: Browser, selector: str) -> list[str]:
    """Of the elements in the panel that is shown."""
    return page.run(f"[...{PANEL}.querySelectorAll({selector!r})].map((one) => one.innerText)")


def claims(page: Browser) -> list[str]:
    """The sentences of a checked answer, without their signs."""
    bare = "[...one.childNodes].filter((part) => !part.ariaHidden).map((part) => part.textContent).join('')"
    return page.run(f"[...{PANEL}.querySelectorAll('.claim')].map((one) => {bare})")


def outcomes(page: Browser) -> list[str]:
    return page.run(f"[...{PANEL}.querySelectorAll('.claim')].map((one) => one.getAttribute('aria-description'))")


def lit(page: Browser) -> str:
    """What stands out in the sources."""
    return "".join(texts(page, ".source .decides"))


def centre(page: Browser, selector: str, place: int = 0) -> dict[str, float]:
    box = f"{PANEL}.querySelectorAll({selector!r})[{place}]"
    page.run(f"{box}.scrollIntoView({{block: 'center'}})")
    x, y = page.run(f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({box}.getClientRects()[0])")
    return {"x": x, "y": y}


# ------------------------------------------------------------------------------------------------- every example


def test_the_example_of_checking_is_judged_rightly(page: Browser) -> None:
    assert "Something is contradicted" in press_run(page)
    assert outcomes(page) == [
        "supported", "contradicted", "contradicted", "supported", "not mentioned", "not mentioned",
    ]  # fmt: skip
    assert texts(page, ".claim u") == ["54"]
    assert lit(page) == "It stands 34 metres high and is open to visitors from May to September."


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("judge", ["It is contradicted"]),
        ("tag", ["3 of 4 labels"]),
        ("guard", ["Block", "1 of 3 policies failed", "found email and phone"]),
        ("grade", ["Correct", "The reference also says", "Both start at the same moment."]),
        ("answer", ["a red coat"]),
        ("rerank", ["1", "Rinse the coffee stain"]),
        ("dedupe", ["2 texts repeated", "4 of 6 texts would be kept"]),
    ],
)
def test_every_example_is_judged_rightly(page: Browser, server: Live, use: str, expected: list[str]) -> None:
    visit(page, server, f"use={use}")
    found = press_run(page)
    assert all(one in found for one in expected)
    assert re.search(r"\d (ms|s) · \d+ tokens .*· embedded", found)


def test_the_example_of_a_rubric_is_judged_rightly(page: Browser, server: Live) -> None:
    visit(page, server, "use=rubric")
    press_run(page)
    scores = [float(one) for one in texts(page, ".measure .number")]
    assert [score > 0.5 for score in scores] == [True, True, True, False]


# ------------------------------------------------------------------------------------------------------ checking


def test_evidence_shows_where_the_reader_points_and_stays_where_one_chose(page: Browser) -> None:
    press_run(page)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", pointerType="mouse", **centre(page, ".claim", 0))
    assert lit(page).startswith("The lighthouse at Cape Orrin was built in 1871")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", pointerType="mouse", x=5, y=5)
    assert lit(page).startswith("It stands 34 metres")
    at = centre(page, ".claim", 2)
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", pointerType="mouse", x=5, y=5)
    assert lit(page).startswith("Since 1989 it has run without a keeper.")
    assert "contradicted" in page.run(f"{PANEL}.querySelector('.detail').innerText")


def test_arrow_keys_go_from_sentence_to_sentence(page: Browser) -> None:
    press_run(page)
    page.run(f"{PANEL}.querySelectorAll('.claim')[0].focus()")
    page.press("ArrowRight", RIGHT)
    page.press("ArrowRight", RIGHT)
    assert lit(page).startswith("Since 1989 it has run without a keeper.")
    page.press("End", END)
    assert "Nothing in the source decides it" in page.run(f"{PANEL}.querySelector('.detail').innerText")
    page.press("Home", HOME)
    assert lit(page).startswith("The lighthouse at Cape Orrin")
    assert page.run(f"{PANEL}.querySelectorAll('.claim[tabindex=\"0\"]').length") == 1


def test_a_finger_taps_a_sentence(page: Browser, server: Live) -> None:
    visit(page, server, width=390, height=844)
    page.call("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        press_run(page)
        at = centre(page, ".claim", 2)
        page.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
        page.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        until(page, f"{PANEL}.querySelector('.source .decides')?.innerText.startsWith('Since 1989')")
    finally:
        page.call("Emulation.setTouchEmulationEnabled", enabled=False)


PLACES = """(selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility()).map((one) => {
    const {x, y, width, height} = one.getBoundingClientRect();
    return [x + scrollX, y + scrollY, width, height];
})"""


def test_what_is_shown_moves_nothing(page: Browser) -> None:
    fields = f"({PLACES})('.field, .actions, [role=tab], h2')"
    before = page.run(fields)
    press_run(page)
    assert page.run(fields) == before
    shown = f"({PLACES})('.outcome, .claim, .detail, .source, .outcome > p, summary')"
    first = page.run(shown)
    for place in range(6):
        page.run(f"{PANEL}.querySelectorAll('.claim')[{place}].focus()")
        assert page.run(shown) == first


def test_sentences_are_coloured_while_the_others_are_still_checked_and_a_check_can_be_stopped(page: Browser) -> None:
    many = " ".join(f"Ship number {place} is red." for place in range(400))
    fill(page, "check", answer=many)
    page.run(f"{PANEL}.querySelector('.primary').click()")
    until(page, f"{PANEL}.querySelectorAll('.claim').length > 1")
    assert page.run(f"{OUTCOME}.getAttribute('aria-busy')") == "true"
    assert page.run(f"{PANEL}.querySelector('.primary').innerText") == "Stop"
    page.press("Escape", ESCAPE)
    assert "Stopped" in answered(page)
    checked = page.run(f"{PANEL}.querySelectorAll('.claim').length")
    assert 1 < checked < 400
    assert page.run(f"{PANEL}.querySelector('.primary').innerText") == "Check"


def test_every_text_stays_a_text_and_every_place_is_where_the_server_meant(page: Browser) -> None:
    """Markup is shown as it is; characters that JavaScript counts twice move no offset."""
    fill(page, "check", source=f"{SOURCE}\n---\nA second <i>source</i> says that nobody sang.", answer=ANSWER)
    assert "<script>alert(1)</script>" in press_run(page)
    shown = claims(page)
    assert [one for one in shown if one not in ANSWER] == []
    assert shown[0] == "🎻🎻 The ferry was built in 1974."
    assert len(texts(page, ".source")) == 2
    page.run(f"{PANEL}.querySelectorAll('.claim')[{len(shown) - 1}].focus()")
    assert lit(page) == "The crew is 👩‍👧 small."
    assert page.run(f"{OUTCOME}.querySelectorAll('script, b b, i, .source b').length") == 0


@pytest.mark.parametrize("use", USES)
def test_markup_is_never_obeyed(page: Browser, server: Live, use: str) -> None:
    visit(page, server, f"use={use}")
    nasty = "<img src=x onerror=alert(1)><script>alert(2)</script> is late."
    for control in page.run(f"[...{PANEL}.querySelectorAll('textarea')].map((one) => one.id)"):
        lines = f"{nasty}\n{nasty} Twice." if control.split("-")[1] in ("candidates", "documents", "texts") else nasty
        page.run(f"document.getElementById({control!r}).value = {json.dumps(lines)}")
    found = press_run(page)
    page.run(f"{OUTCOME}.querySelectorAll('details').forEach((one) => {{ one.open = true; }})")
    assert "No answer" not in found
    assert "onerror" in page.run(f"{OUTCOME}.innerText")
    assert page.run(f"{OUTCOME}.querySelectorAll('img, script').length") == 0


# -------------------------------------------------------------------------------------------------------- errors


def test_an_error_is_told_in_the_server_s_words(page: Browser) -> None:
    fill(page, "check", answer=" ")
    found = press_run(page)
    assert "the answer is blank" in found
    assert re.search(r"status 422 · invalid_input · request \w+", found)
    page.run(f"{PANEL}.querySelectorAll('.others button')[0].click()")
    assert "Something is contradicted" in press_run(page)


def test_the_words_of_a_dialect_s_error_are_found_too(page: Browser, server: Live) -> None:
    visit(page, server, "use=rerank&query=ferries&documents=")
    assert "documents: List should have at least 1 item" in press_run(page)


def test_a_slip_in_a_field_is_told_before_anything_is_asked(page: Browser, server: Live) -> None:
    visit(page, server, "use=guard")
    fill(page, "guard", policies="civil: No insults.\ncivil: No insults at all.")
    before = len(asked(page))
    assert "Two lines are named “civil”" in press_run(page)
    assert len(asked(page)) == before


def test_a_server_that_does_not_answer_is_said(page: Browser) -> None:
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    try:
        assert "The server did not answer" in press_run(page)
    finally:
        page.call(
            "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )


def test_a_check_that_breaks_off_says_so_and_keeps_what_had_come(page: Browser) -> None:
    claim = {
        "claim": "It is late.", "start": 0, "end": 11, "outcome": "supported", "flags": [],
        "probabilities": {"entailment": 0.9, "contradiction": 0.05, "neutral": 0.05},
        "evidence": {"source_index": 0, "start": 0, "end": 11, "text": "It is late.", "joined_with": None},
        "counter_evidence": None,
    }  # fmt: skip
    events = f"event: claim\ndata: {json.dumps(claim)}\n\nevent: rep"
    page.run(f"window.fetch = async () => new Response({json.dumps(events)})")
    fill(page, "check", source="It is late.", answer="It is late. It is red.")
    found = press_run(page)
    assert "Stopped" in found
    assert "The connection broke off" in found
    assert claims(page) == ["It is late."]
    assert "It is red." in found


# ------------------------------------------------------------------------------------------------------ keyboard


def test_tabs_are_gone_through_by_arrow_keys(page: Browser) -> None:
    chosen = "document.querySelector('[role=tab][aria-selected=true]').dataset.use"
    page.run("document.querySelector('[role=tab]').focus()")
    seen = []
    for _ in range(len(USES) + 1):
        seen.append(page.run(chosen))
        assert page.run(f"{PANEL}.id") == f"panel-{seen[-1]}"
        assert page.run("document.activeElement.dataset.use") == seen[-1]
        page.press("ArrowRight", RIGHT)
    assert tuple(seen) == (*USES, "check")
    page.press("ArrowLeft", LEFT)
    page.press("ArrowLeft", LEFT)
    assert page.run(chosen) == "dedupe"
    page.press("Home", HOME)
    assert page.run(chosen) == "check"
    page.press("End", END)
    assert page.run(chosen) == "dedupe"


def test_ctrl_and_enter_run_from_any_field(page: Browser, server: Live) -> None:
    visit(page, server, "use=judge")
    page.run("document.getElementById('judge-text_b').focus()")
    page.press("Enter", ENTER, ctrl=True)
    assert "It is contradicted" in answered(page)


def test_everything_is_reached_by_the_tab_key_and_the_focus_is_seen(page: Browser) -> None:
    press_run(page)
    page.run("document.activeElement.blur(); scrollTo(0, 0)")
    seen = set()
    for _ in range(16):
        page.press("Tab", TAB)
        kind, ring = page.run(
            "(() => { const one = document.activeElement; const {outlineStyle, boxShadow} = getComputedStyle(one);"
            " return [one.id || one.className || one.tagName, outlineStyle !== 'none' || boxShadow !== 'none']; })()"
        )
        seen.add(kind.split()[0])
        assert ring or kind == "BODY", f"{kind} has the focus and does not show it"
    assert {"model", "theme", "tab-check", "check-source", "check-answer", "primary", "claim", "SUMMARY"} <= seen


# -------------------------------------------------------------------------------------------- screens and colours


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen_never_scrolls_sideways(page: Browser, server: Live, width: int) -> None:
    for use in USES:
        visit(page, server, f"use={use}", width=width, height=844)
        press_run(page)
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.run("document.documentElement.scrollWidth") <= width, use
        selected = page.run(
            "(({left, right}) => [left, right])(document.querySelector('[aria-selected=true]').getBoundingClientRect())"
        )
        assert 0 <= selected[0] < selected[1] <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Browser, server: Live, dark: bool) -> None:
    """WCAG AA."""
    for use in USES:
        visit(page, server, f"use={use}", dark=dark)
        press_run(page)
        page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        seen, faint = faint_texts(
            page, "h1, h1 span, h2, h3, label, button, select, textarea, p, p span, li, small, mark, strong, span, pre"
        )
        assert seen > 30
        assert faint == []


def test_the_colours_can_be_chosen_and_are_kept(page: Browser, server: Live) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.run(paper)
    for _ in range(2):
        page.run("document.getElementById('theme').click()")
    dark = page.run(paper)
    assert dark != light
    visit(page, server)
    assert page.run(paper) == dark
    assert page.run("document.getElementById('theme').innerText") == "Colours: dark"
    page.run("document.getElementById('theme').click()")
    assert page.run(paper) == light


# --------------------------------------------------------------------------------------------------------- links


def test_a_link_holds_the_tab_its_texts_and_the_model_and_the_server_sees_none_of_it(
    page: Browser, server: Live
) -> None:
    page.run("Object.defineProperty(navigator, 'clipboard', {value: {writeText: (text) => { window.copied = text; }}})")
    page.run("document.getElementById('tab-judge').click()")
    page.run("document.getElementById('model').value = 'embedded'")
    fill(page, "judge", text_a='A & B = C? #1\n"quoted" 🎻', text_b="<b>100%</b> + more", objective="duplicate")
    page.run(f"{PANEL}.querySelectorAll('.others button')[2].click()")
    until(page, "document.getElementById('note').innerText === 'The link is copied.'")
    address = page.run("window.copied")
    page.requested.clear()
    page.open("about:blank")
    page.open(address)
    until(page, "document.getElementById('model').options.length > 0")
    held = page.run(f"[...{PANEL}.querySelectorAll('textarea, select')].map((one) => one.value)")
    assert held == ['A & B = C? #1\n"quoted" 🎻', "<b>100%</b> + more", "duplicate"]
    assert address.endswith("model=embedded")
    assert page.run("document.getElementById('model').value") == "embedded"
    sent = [one.partition("#")[0] for one in asked(page)]
    assert sent == [f"{server.url}/", f"{server.url}/v1/models"]


def test_where_no_model_is_chosen_the_server_takes_the_one_for_the_use(page: Browser) -> None:
    assert page.run("document.getElementById('model').selectedOptions[0].text") == "the one for each use"
    page.run("document.getElementById('tab-check').click()")
    assert "embedded-joint" in press_run(page)
    page.run("document.getElementById('tab-judge').click()")
    assert "embedded-joint" not in press_run(page)


def test_where_nothing_can_be_copied_the_link_is_in_the_address_bar(page: Browser) -> None:
    page.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.run(f"{PANEL}.querySelectorAll('.others button')[2].click()")
    until(page, "document.getElementById('note').innerText === 'The link is in the address bar.'")
    assert "use=check&source=The+lighthouse" in page.run("location.hash")


@pytest.mark.parametrize("fragment", ["use=nothing", "x", "use=constructor&source=a", "%"])
def test_a_link_to_nothing_shows_the_first_tab(page: Browser, server: Live, fragment: str) -> None:
    visit(page, server, fragment)
    assert page.run(f"{PANEL}.id") == "panel-check"
    assert page.run("document.getElementById('check-source').value").startswith("The lighthouse")


def test_a_link_followed_on_the_page_fills_it_and_an_unknown_model_is_said(page: Browser) -> None:
    link = urlencode({"use": "tag", "text": "It rains.", "labels": "rain", "model": "elsewhere"})
    page.run(f"location.hash = {link!r}")
    until(page, "document.getElementById('note').innerText.includes('no model called elsewhere')")
    assert page.run("document.getElementById('tag-text').value") == "It rains."
    assert "rain" in press_run(page)


def test_the_command_shown_gives_the_same_answer(page: Browser, server: Live) -> None:
    import subprocess

    visit(page, server, "use=judge&text_a=It's+late.&text_b=It+isn't+early.&objective=nli")
    press_run(page)
    page.run(f"{OUTCOME}.querySelector('details').open = true")
    command, shown = texts(page, "pre")
    printed = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    assert json.loads(printed)["results"] == json.loads(shown)["results"]


# ----------------------------------------------------------------------------------------------------------- keys


def test_a_closed_server_asks_for_its_key_and_the_tab_alone_keeps_it(chromium: Browser, closed: Live) -> None:
    at_the_door = "document.querySelector('main')?.hidden === false && !!document.querySelector('.door')"
    chromium.log.clear()
    chromium.open("about:blank")
    chromium.open(f"{closed.url}/#use=tag")
    until(chromium, at_the_door)
    knock(chromium, "nonsense")
    until(chromium, "document.querySelector('.trouble').innerText.startsWith(\"The request's key is none\")")
    knock(chromium, "schlüssel")
    until(chromium, "document.querySelector('.trouble').innerText.startsWith('A key is printable ASCII')")
    knock(chromium, f" {SECRET} ")
    until(chromium, "document.getElementById('model')?.options.length > 0")
    assert chromium.run(f"{PANEL}.id") == "panel-tag"
    assert "No answer" not in press_run(chromium)
    assert "$CROSSJUDGE_KEY" in chromium.run(f"{OUTCOME}.querySelector('pre').textContent")
    kept = chromium.run("[Object.values(sessionStorage), Object.values(localStorage), document.cookie, location.href]")
    assert kept[0] == [SECRET]
    assert SECRET not in str(kept[1:])
    chromium.open("about:blank")
    chromium.open(f"{closed.url}/")
    until(chromium, "document.getElementById('model')?.options.length > 0")
    assert not chromium.run("document.getElementById('key-button').hidden")
    chromium.leave("document.getElementById('key-button').click(); document.getElementById('forget').click()")
    until(chromium, at_the_door)
    assert chromium.run("sessionStorage.length") == 0
    assert [one for one in chromium.log if "401" not in one] == []


def test_a_key_that_no_longer_opens_is_asked_for_again_and_no_text_is_lost(chromium: Browser, closed: Live) -> None:
    chromium.open("about:blank")
    chromium.open(f"{closed.url}/")
    until(chromium, "document.querySelector('main')?.hidden === false")
    knock(chromium, SECRET)
    until(chromium, "document.getElementById('model')?.options.length > 0")
    fill(chromium, "check", answer="It is 54 metres high.")
    chromium.run("sessionStorage.setItem('crossjudge-key', 'an-old-key')")
    assert "status 401" in press_run(chromium)
    assert chromium.run("document.getElementById('keys').open")
    chromium.run(f"document.getElementById('key').value = '{SECRET}'")
    chromium.run("document.querySelector('#keys form').requestSubmit()")
    assert not chromium.run("document.getElementById('keys').open")
    assert "No answer" not in press_run(chromium)
    assert chromium.run("document.getElementById('check-answer').value") == "It is 54 metres high."
    chromium.run("sessionStorage.clear(); localStorage.clear()")


def knock(page: Browser, key: str) -> None:
    page.run(f"document.querySelector('input').value = {key!r}; document.querySelector('form').requestSubmit()")


def test_the_door_is_usable_on_a_phone_at_night(chromium: Browser, closed: Live, tmp_path: Path) -> None:
    chromium.open("about:blank")
    chromium.open(f"{closed.url}/", width=320, height=640, dark=True)
    until(chromium, "document.querySelector('main')?.hidden === false")
    assert chromium.run("document.documentElement.scrollWidth") <= 320
    assert chromium.run("document.activeElement.id") == "key"
    seen, faint = faint_texts(chromium, "h1, p, label, button")
    assert seen >= 5
    assert faint == []
