"""Reports that people read: the same bytes for the same figures, nothing from outside, every text as it was written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_up_report import ALL_MODELS, made_up_pairs, made_up_report

from crossjudge.evaluation.gold import read_gold
from crossjudge.evaluation.known_sets import GradedPair
from crossjudge.evaluation.rendering import html, markdown, png
from crossjudge.evaluation.rendering.markdown import escaped
from crossjudge.evaluation.rendering.markup import joined, prose, script_json, tag
from crossjudge.evaluation.rendering.measured import measured
from crossjudge.evaluation.rendering.notation import estimate, number, percent, plural
from crossjudge.evaluation.rendering.page_data import page_data
from crossjudge.evaluation.rendering.shown_pairs import FEWEST_OF_A_CATEGORY, drawn_rows
from crossjudge.evaluation.rendering.trade_off import trade_off
from crossjudge.evaluation.results import ModelResult
from crossjudge.evaluation.suite import SuitePair

NASTY = "</script><script>alert(1)</script> \"quoted\" & <b>bold</b> '`tick`' | $x$ <!-- <img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """What a page consists of: its elements, its visible text, and the content of each script by its id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.scripts, self._script = "", {}, None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._script = dict(attrs).get("id", "") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[self._script] = data
        else:
            self.text += data

    @property
    def data(self) -> dict:
        return json.loads(self.scripts["report-data"])


def nasty_pairs() -> list[SuitePair]:
    """Markup in every field that users write."""
    pairs = made_up_pairs()
    odd = [replace(pair, id=pair.id + NASTY, text_a=NASTY, text_b=pair.text_b + NASTY, note=NASTY) for pair in pairs]
    return [replace(pair, category=NASTY) if place % 7 == 0 else pair for place, pair in enumerate(odd)]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(html.render(made_up_report()))


# ------------------------------------------------------------------------------------------------------ the same bytes


@pytest.mark.parametrize("form", [html, markdown, png])
def test_the_same_figures_give_the_same_bytes(form) -> None:
    """Clocks differ between two runs; nothing of them is in a report."""
    first, second = made_up_report(), made_up_report()
    assert first.timings != second.timings
    assert form.render(first) == form.render(second)


def test_a_picture_names_no_program() -> None:
    for content in png.render(made_up_report(models=("all-MiniLM-L6-v2", "twins"))).values():
        assert content.startswith(b"\x89PNG")
        assert b"tEXt" not in content


# ------------------------------------------------------------------------------------------------------ self-contained


def test_a_page_asks_for_nothing(page: Page) -> None:
    fetching = {"src", "href", "srcset", "action", "data"}
    asked = [value for _, attrs in page.elements for key, value in attrs.items() if key in fetching]
    assert asked
    assert not [address for address in asked if not str(address).startswith("#")]
    assert not [tag for tag, _ in page.elements if tag in {"link", "iframe", "img", "object"}]


def test_only_the_scripts_of_a_page_may_run(page: Page) -> None:
    policy = next(
        attrs["content"] for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == sum(tag == "script" and "type" not in attrs for tag, attrs in page.elements)
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)]


def test_every_link_of_the_contents_leads_to_a_section(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {str(attrs["href"])[1:] for tag, attrs in page.elements if tag == "a"}
    assert links <= set(ids)
    assert {attrs["id"] for tag, attrs in page.elements if tag == "section"} <= links


def test_every_control_has_a_name(page: Page) -> None:
    """A `select` or `input` stands inside its label; a table is a region that can be scrolled by keyboard."""
    text = html.render(made_up_report(models=("twins",)))
    assert len(re.findall(r"<label[^>]*><span>[^<]+</span><select", text)) == text.count("<select")
    assert all("aria-label" in attrs for _, attrs in page.elements if attrs.get("class") == "scroll")


# ----------------------------------------------------------------------------------------------------- texts of users


def test_texts_of_users_stay_texts() -> None:
    report = made_up_report(nasty_pairs())
    found = Page(html.render(report))
    assert found.data["pairs"][1]["a"] == NASTY
    assert sum(tag == "script" for tag, _ in found.elements) == 3
    assert "b" not in {tag for tag, _ in found.elements}
    assert NASTY.split("|")[0].replace("`", "") in found.text.replace("`", "")


def test_texts_of_users_stay_in_their_cell_of_markdown() -> None:
    text = markdown.render(made_up_report(nasty_pairs()))
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert tables
    for table in tables:
        columns = [len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()]
        assert len(set(columns)) == 1
    assert "<script>" not in text.replace("\\<script\\>", "")


def test_markup_is_escaped_unless_it_is_markup() -> None:
    assert tag("p", "a < b", title='"') == '<p title="&quot;">a &lt; b</p>'
    assert joined([tag("b", "x"), "<i>"]) == "<b>x</b>&lt;i&gt;"
    assert prose("use `a<b` here") == "use <code>a&lt;b</code> here"
    assert escaped("a|b_c\n<d>") == "a\\|b\\_c \\<d\\>"
    assert "<" not in script_json({"text": "</script>\u2028"})
    assert json.loads(script_json({"text": "</script>\u2028&"})) == {"text": "</script>\u2028&"}


# --------------------------------------------------------------------------------------------- figures are the figures


def test_the_threshold_explorer_counts_what_the_tables_say() -> None:
    report = made_up_report()
    found = measured(report)
    for model in report.evaluation.models:
        counted = found.trade_offs[model.name]
        for figures in model.main.categories:
            for name, step in (("0.5", 50), ("0.8", 80)):
                assert counted.wrong[figures.category][step] == figures.failure[name].count
        assert counted.kept[50] == model.main.decisions["0.5"].recall.count


def test_keeping_more_never_costs_less() -> None:
    report = made_up_report(models=("twins",))
    counted = trade_off(report.scores("twins"), read_gold(report.pairs()))
    costs = [counted.cost_of_keeping(aim / 10).value for aim in range(1, 11)]
    assert costs == sorted(costs)
    assert counted.kept[0] == counted.n_duplicates


def test_a_page_holds_every_pair_and_score(page: Page) -> None:
    report, data = made_up_report(), page.data
    assert [pair["id"] for pair in data["pairs"]] == [pair.id for pair in report.pairs()]
    for model in data["models"]:
        assert np.allclose(model["scores"], report.scores(model["name"]), atol=1e-4)


def test_the_worst_pairs_are_wrong_and_worst_first() -> None:
    report = made_up_report()
    found = measured(report)
    for model, by_category in found.shown.worst.items():
        for rows in by_category.values():
            far = [found.scores[model][row] * (-1 if found.shown.pairs[row].duplicate else 1) for row in rows]
            assert far == sorted(far, reverse=True)
    hedged = found.shown.worst["all-MiniLM-L6-v2"]["hedging"]
    assert len(hedged) == 5


def test_a_sample_is_seeded_and_holds_every_category() -> None:
    gold = read_gold([*made_up_pairs(400), *made_up_pairs(20, ("near_miss",))])
    rows = drawn_rows(gold, most=500, seed=3)
    assert np.array_equal(rows, drawn_rows(gold, most=500, seed=3))
    assert not np.array_equal(rows, drawn_rows(gold, most=500, seed=4))
    for name in gold.categories:
        of_category = gold.is_in(name)
        assert of_category[rows].sum() >= min(FEWEST_OF_A_CATEGORY, of_category.sum())
    assert len(rows) < 700


def test_a_sampled_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossjudge.evaluation.rendering.measured.MOST_SHOWN", 100)
    text = Page(html.render(made_up_report(made_up_pairs(100), ("twins",)))).text
    assert "of the 500 pairs is drawn" in text
    assert "with seed 0" in text


def test_every_figure_of_the_evaluation_is_on_the_page(page: Page) -> None:
    evaluation = made_up_report().evaluation
    for model in evaluation.models:
        for figures in model.main.categories:
            for rate in figures.failure.values():
                assert f"{percent(rate.value)}{round(rate.low * 100)} to {round(rate.high * 100)}%" in page.text
            assert number(figures.mean.value) in page.text
    assert evaluation.suite.sha256 in page.text
    assert all(model.fingerprint in page.text for model in evaluation.models)


# -------------------------------------------------------------------------------------------------- what may be missing


def without_gold() -> list[SuitePair]:
    return [replace(pair, duplicate=None, nli_forward=None, nli_backward=None) for pair in made_up_pairs()]


def without_controls() -> list[SuitePair]:
    return [pair for pair in made_up_pairs() if "control" not in pair.category]


@pytest.mark.parametrize("pairs", [without_gold(), without_controls(), made_up_pairs(1)], ids=["gold", "controls", "n"])
@pytest.mark.parametrize("models", [ALL_MODELS, ("reader",), ("bi:small",), ("ranker",)], ids=str)
def test_what_is_not_there_is_left_out(pairs: list[SuitePair], models: tuple[str, ...]) -> None:
    report = made_up_report(pairs, models, probes=False)
    text = html.render(report)
    assert Page(text).data == page_data(measured(report))
    assert "None" not in Page(text).text
    assert "nan" not in markdown.render(report).split()


def test_graded_similarity_is_shown_by_rank_correlation() -> None:
    pairs = [
        GradedPair(**pair.to_dict(), score=1.0 if pair.duplicate else number / 100)
        for number, pair in enumerate(made_up_pairs())
    ]
    report = made_up_report(pairs, ("all-MiniLM-L6-v2", "likeness"))
    told = [estimate(model.main.rank_correlation) for model in report.evaluation.models]
    for text in (Page(html.render(report)).text, markdown.render(report)):
        assert "Spearman's correlation" in text
        assert "Grading how alike two texts are" in text
    assert all(one.partition(" ")[0] in markdown.render(report) for one in told)


def test_gates_are_shown_with_their_outcome() -> None:
    report = made_up_report(models=("all-MiniLM-L6-v2",))
    gates = report.check(["hedging.failure_rate>0.05", "negative_control.failure_rate>0.5"])
    report.evaluation = replace(report.evaluation, gates=gates)
    text = Page(html.render(report)).text
    assert "hedging.failure_rate>0.05all-MiniLM-L6-v21.000failed" in text
    assert "negative_control.failure_rate>0.5all-MiniLM-L6-v20.000passed" in text
    assert "| failed |" in markdown.render(report)


def test_pictures_are_drawn_of_what_there_is() -> None:
    everything = set(png.render(made_up_report()))
    assert everything == {
        "failures-0.5.png", "failures-0.8.png", "failures-best.png",
        "scores.png", "thresholds.png", "effects.png", "study.png",
    }  # fmt: skip
    assert set(png.render(made_up_report(without_gold(), ("ranker",)))) == {"scores.png"}


def test_a_report_saves_each_form(tmp_path: Path) -> None:
    made_up_report(models=("all-MiniLM-L6-v2", "twins")).save(tmp_path)
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "report.md").read_text("utf-8").startswith("# ")
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".png"}


def test_shares_never_look_surer_than_they_are() -> None:
    assert [percent(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0%", "<1%", "50%", ">99%", "100%"]
    assert [number(value) for value in (-0.001, -0.5)] == ["0.00", "\u22120.50"]
    assert [plural(1, "category"), plural(2, "category")] == ["1 category", "2 categories"]


def test_every_model_of_a_page_can_be_chosen(page: Page) -> None:
    names = [model.name for model in made_up_report().evaluation.models if isinstance(model, ModelResult)]
    assert [model["name"] for model in page.data["models"]] == names == list(ALL_MODELS)
