"""A report as one self-contained HTML page: it opens from disk, asks for nothing outside itself, and prints."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from string import Template
from typing import Any

from crossjudge.evaluation.rendering.markup import Markup, escaped, joined, prose, script_json, tag
from crossjudge.evaluation.rendering.measured import measured
from crossjudge.evaluation.rendering.page_data import page_data
from crossjudge.evaluation.rendering.sections import Section, sections
from crossjudge.evaluation.rendering.words import answer
from crossjudge.evaluation.report import Report
from crossjudge.extras import require


def render(report: Report) -> str:
    """The whole page. The same report gives the same bytes."""
    found = measured(report)
    opening = answer(found.evaluation)
    parts = sections(found, opening)
    plotly: Any = require("plotly.offline", to="draw the figures of an HTML report")
    scripts = (plotly.get_plotlyjs(), _asset("page.js"))
    return Template(_asset("page.html")).substitute(
        title=escaped(f"{opening.headline.replace('`', '')} – crossjudge evaluation"),
        policy=escaped(_policy(scripts)),
        styles=_asset("page.css"),
        contents=_contents(parts),
        headline=prose(opening.headline),
        kicker=escaped(f"crossjudge evaluation · {found.evaluation.suite.name}"),
        standfirst=prose(opening.standfirst),
        sections=joined(_section(part) for part in parts),
        data=script_json(page_data(found)),
        plotly=scripts[0],
        script=scripts[1],
    )


def _policy(scripts: tuple[str, ...]) -> str:
    """A content security policy under which only our own scripts run and nothing is fetched."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _contents(parts: list[Section]) -> Markup:
    return joined(tag("li", tag("a", part.name, href=f"#{part.id}")) for part in parts)


def _section(part: Section) -> Markup:
    head = joined((tag("p", part.name, class_="kicker"), tag("h2", prose(part.heading), id=f"{part.id}-heading")))
    return tag("section", head, part.body, id=part.id, aria_labelledby=f"{part.id}-heading")
