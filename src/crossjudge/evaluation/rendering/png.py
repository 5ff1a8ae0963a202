"""The figures of a report as PNG, for documents that cannot move. The same report gives the same bytes."""

from __future__ import annotations

from crossjudge.evaluation.rendering.measured import measured
from crossjudge.evaluation.report import Report
from crossjudge.extras import require


def render(report: Report) -> dict[str, bytes]:
    """File name -> picture, those that this evaluation has something for."""
    require("matplotlib", to="draw the figures of a report")
    from crossjudge.evaluation.rendering.pictures import pictures

    return pictures(measured(report))
