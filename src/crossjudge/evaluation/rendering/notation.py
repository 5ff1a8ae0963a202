"""Numbers as the report writes them: the same digits, intervals and signs on the page, in Markdown and in figures."""

from __future__ import annotations

from crossjudge.evaluation.results import Estimate, Rate

MINUS = "\u2212"
NOTHING = "–"
"""What a table shows where there is no figure."""


def percent(share: float) -> str:
    """`"12%"`; a share that is not quite 0 or 1 never looks as if it were."""
    whole = round(share * 100)
    if share > 0 and whole == 0:
        return "<1%"
    if share < 1 and whole == 100:
        return ">99%"
    return f"{whole}%"


def percent_range(low: float, high: float) -> str:
    """`"8 to 17%"`."""
    return f"{round(low * 100)} to {round(high * 100)}%"


def rate(found: Rate | None) -> str:
    """`"12% (8 to 17%)"`, a share with its interval."""
    return NOTHING if found is None else f"{percent(found.value)} ({percent_range(found.low, found.high)})"


def counted(found: Rate) -> str:
    """`"31 of 35 (89%, 74 to 95%)"`."""
    return f"{found.count:,} of {found.n:,} ({percent(found.value)}, {percent_range(found.low, found.high)})"


def number(value: float | None, decimals: int = 2) -> str:
    """`"0.83"`, with a true minus sign; zero has none."""
    if value is None:
        return NOTHING
    shown = f"{value:.{decimals}f}"
    if float(shown) == 0:
        shown = shown.lstrip("-")
    return shown.replace("-", MINUS)


def estimate(found: Estimate | None, decimals: int = 2) -> str:
    """`"0.83 (0.80 to 0.86)"`."""
    if found is None:
        return NOTHING
    shown = number(found.value, decimals)
    if found.low is None or found.high is None:
        return shown
    return f"{shown} ({number(found.low, decimals)} to {number(found.high, decimals)})"


def p_value(value: float) -> str:
    """`"0.012"`, or `"<0.001"`."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def whole(count: int) -> str:
    """`"12,345"`."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """`"1 pair"`, `"2 pairs"`, `"9 categories"`."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


def listed(parts: list[str], last: str = "and") -> str:
    """`"a"`, `"a and b"`, `"a, b and c"`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
