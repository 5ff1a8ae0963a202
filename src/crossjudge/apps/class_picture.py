"""A class's grades as a picture: shares of grades by question, the hardest first, and what was missing most often."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from crossjudge.apps.class_summary import QuestionSummary
from crossjudge.apps.grading import GRADES

MOST_QUESTIONS = 20
MOST_POINTS = 10

_COLOURS = dict(zip(GRADES, ("#b3261e", "#d9a400", "#00795b"), strict=True))
_INK_ON = dict(zip(GRADES, ("#ffffff", "#1c2126", "#ffffff"), strict=True))
_MISSED = "#0b5c97"
_LONGEST_TITLE = 48
_DOTS_PER_INCH = 150


def draw_class(summaries: Sequence[QuestionSummary]) -> bytes:
    """PNG of at least one question; the same summaries give the same bytes."""
    hardest = sorted(summaries, key=lambda one: one.mean_score)[:MOST_QUESTIONS]
    missed = sorted(((n, point) for one in summaries for point, n in one.missing.items()), key=lambda one: -one[0])
    missed = missed[:MOST_POINTS]
    # The defaults, so that nobody's own settings show; a script that the font lacks is drawn as boxes.
    with matplotlib.rc_context({**matplotlib.rcParamsDefault, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure = Figure(figsize=(9, 1.8 + 0.34 * (len(hardest) + len(missed))), layout="constrained")
        heights = [len(hardest) + 1.5, *([len(missed) + 1.5] if missed else [])]
        panels = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        figure.suptitle(_title(summaries, shown=len(hardest)), x=0.01, ha="left", fontsize=11)
        _grades(panels[0], hardest)
        if missed:
            _missing(panels[1], missed)
        return _png(figure)


def _title(summaries: Sequence[QuestionSummary], *, shown: int) -> str:
    answers, questions = sum(one.answers for one in summaries), len(summaries)
    ending = "" if shown == questions else f"; the {shown} hardest are shown"
    return f"{_counted(answers, 'answer')} to {_counted(questions, 'question')}{ending}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _grades(axes: Axes, hardest: Sequence[QuestionSummary]) -> None:
    """Stacked bars of shares, with the number of answers in each."""
    for row, one in enumerate(hardest):
        left = 0.0
        for grade in reversed(GRADES):
            share = one.grades[grade] / one.answers
            axes.barh(row, share, left=left, color=_COLOURS[grade], label=grade if row == 0 else None)
            if one.grades[grade]:
                axes.text(left + share / 2, row, str(one.grades[grade]), ha="center", va="center", color=_INK_ON[grade])
            left += share
    axes.set_title("Grades", loc="left", fontsize=10)
    axes.set_yticks(range(len(hardest)), [_short(one.title) for one in hardest], fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of answers", fontsize=8)
    axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
    _tidy(axes)


def _missing(axes: Axes, missed: Sequence[tuple[int, str]]) -> None:
    axes.barh(range(len(missed)), [count for count, _ in missed], color=_MISSED)
    axes.set_title("Key points missing most often", loc="left", fontsize=10)
    axes.set_yticks(range(len(missed)), [_short(point) for _, point in missed], fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("answers without it", fontsize=8)
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"


def _png(figure: Figure) -> bytes:
    into = io.BytesIO()
    FigureCanvasAgg(figure)
    # Without metadata: it would name matplotlib's version.
    figure.savefig(into, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return into.getvalue()
