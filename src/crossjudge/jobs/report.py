"""The report of a job: what was answered, what was not and why, and what it took; as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from importlib import resources
from string import Template
from typing import Any

from crossjudge.jobs.ledger import Ledger
from crossjudge.jobs.notes import BIN, Note, Summary
from crossjudge.jobs.stage import Stage

REPORT_JSON, REPORT_HTML = "_report.json", "_report.html"

_BARS = 20


def written_report(ledger: Ledger, summary: Summary, stages: Sequence[Stage], *, anew: bool) -> dict[str, Any]:
    """Write both reports; those that are there stay, unless `anew`. What the one in JSON says."""
    if not anew and {REPORT_JSON, REPORT_HTML} <= ledger.folder.names():
        return dict(json.loads(ledger.folder.read(REPORT_JSON)))
    content = report(ledger, summary, stages)
    ledger.folder.write(REPORT_JSON, json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8"))
    ledger.folder.write(REPORT_HTML, page(content).encode("utf-8"))
    return content


def report(ledger: Ledger, summary: Summary, stages: Sequence[Stage]) -> dict[str, Any]:
    """Everything that is known of a job, as plain JSON values. `summary`: of the whole job."""
    plan = ledger.plan
    fingerprints = [note.fingerprint for stage in stages for note in ledger.noted(stage.name) if note.fingerprint]
    return {
        "plan": plan.identity() | {"output": plan.output.path, "input": list(plan.input.path), "engine": plan.engine},
        "plan_hash": plan.hash(),
        "fingerprint": next(iter(fingerprints), None),
        "shards": len(ledger.shards),
        **asdict(summary),
        "rows_per_worker_s": summary.rows / summary.seconds if summary.seconds else None,
        "tokens_per_worker_s": summary.tokens / summary.seconds if summary.seconds else None,
        "stages": {stage.name: _spent(ledger.noted(stage.name)) | {"doing": stage.doing} for stage in stages},
        "workers": _workers(ledger, stages),
        "details": {name: value for stage in stages for name, value in stage.account(ledger).items()},
    }


def _workers(ledger: Ledger, stages: Sequence[Stage]) -> dict[str, dict[str, float]]:
    """What each worker did: rows of the last stage, tokens and seconds of all."""
    notes = [note for stage in stages for note in ledger.noted(stage.name)]
    return {
        name: _spent(note for note in notes if note.worker == name)
        | {"rows": sum(note.summary.rows for note in ledger.noted(stages[-1].name) if note.worker == name)}
        for name in sorted({note.worker for note in notes})
    }


def _spent(notes: Iterable[Note]) -> dict[str, Any]:
    units = seconds = tokens = 0.0
    for note in notes:
        units, seconds, tokens = units + 1, seconds + note.summary.seconds, tokens + note.summary.tokens
    return {"units": int(units), "tokens": int(tokens), "seconds": seconds}


# --- the page --------------------------------------------------------------------------------------------------------


def page(content: Mapping[str, Any]) -> str:
    """The report as one HTML file that asks for nothing outside itself."""
    template = resources.files(__package__).joinpath("report_page.html").read_text(encoding="utf-8")
    plan = content["plan"]
    return Template(template).substitute(
        title=escape(f"{plan['task']}: {content['rows']:,} rows"),
        standfirst=escape(_standfirst(content)),
        facts=_facts(content),
        sections="".join(
            (
                _section("Outcomes", _bars(content["outcomes"])),
                _section("Scores", _bars(_binned(content["scores"]))),
                _section("Errors", _bars(content["error_kinds"]) + _error_samples(content["error_samples"])),
                _section("Samples", _samples(content["samples"])),
                _section("Workers", _workers_table(content["workers"])),
                _section("Stages", _stages_table(content["stages"])),
                _section("Beside the rows", _table(("what", "value"), _plain_rows(content["details"]))),
                _section("Plan", f"<pre>{escape(json.dumps(plan, ensure_ascii=False, indent=2))}</pre>"),
            )
        ),
    )


def _standfirst(content: Mapping[str, Any]) -> str:
    bad = content["errors"]
    return f"{content['rows'] - bad:,} rows have a result, {bad:,} have none{_share(bad, content['rows'])}."


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.2%})" if part else ""


def _facts(content: Mapping[str, Any]) -> str:
    saved = content["saved"]
    scored = "pairs given to the model" if content["details"] else "given to the model: what repeats, once"
    rows = [
        ("model", str(content["fingerprint"])),
        ("tokens read by the model", f"{content['tokens']:,}"),
        ("seconds of work, all workers together", f"{content['seconds']:,.1f}"),
        ("tokens a second and worker", _number(content["tokens_per_worker_s"])),
        ("abstained", f"{content['abstained']:,}{_share(content['abstained'], content['rows'])}"),
        ("rows asked about", f"{saved['asked']:,}"),
        ("of those, different within their shard", f"{saved['distinct']:,}"),
        (scored, f"{saved['scored']:,}"),
        ("premises that were at hand", f"{content['premise_hits']:,} of {content['premises']:,}"),
    ]
    return _table(("", ""), rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _section(name: str, body: str) -> str:
    return f"<section><h2>{escape(name)}</h2>{body}</section>" if body else ""


def _bars(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    most, every = max(counts.values()), sum(counts.values())
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td class=n>{count:,}</td><td class=n>{count / every:.1%}</td>"
        f'<td class=bar><i style="width:{count / most:.1%}"></i></td></tr>'
        for name, count in counts.items()
    )
    return f"<table class=bars>{rows}</table>"


def _binned(scores: Mapping[int, int]) -> dict[str, int]:
    """Bins from the lowest score to the highest, those without rows too; wider ones where there are many."""
    if not scores:
        return {}
    places = [int(place) for place in scores]
    low, high = min(places), max(places)
    width = -(-(high - low + 1) // _BARS)
    bins = dict.fromkeys(range(low // width, high // width + 1), 0)
    for place, count in scores.items():
        bins[int(place) // width] += count
    return {f"{n * width * BIN:.2f} to {(n + 1) * width * BIN:.2f}": count for n, count in bins.items()}


def _error_samples(samples: Mapping[str, Sequence[str]]) -> str:
    return "".join(
        f"<details><summary>{escape(kind)}</summary>{_table(('',), [(one,) for one in rows])}</details>"
        for kind, rows in samples.items()
    )


def _samples(samples: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    return "".join(
        f"<h3>{escape(name)}</h3>{_table(tuple(rows[0]), [tuple(row.values()) for row in rows])}"
        for name, rows in samples.items()
        if rows
    )


def _workers_table(workers: Mapping[str, Mapping[str, float]]) -> str:
    rows = [(name, f"{one['rows']:,}", f"{one['tokens']:,}", f"{one['seconds']:,.1f}") for name, one in workers.items()]
    return _table(("worker", "rows", "tokens", "seconds"), rows)


def _stages_table(stages: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (one["doing"], f"{one['units']:,}", f"{one['tokens']:,}", f"{one['seconds']:,.1f}") for one in stages.values()
    ]
    return _table(("stage", "units", "tokens", "seconds"), rows)


def _plain_rows(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, json.dumps(value, ensure_ascii=False)) for name, value in details.items()]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if any(names) else ''}<tbody>{body}</tbody></table>"


def _cell(content: str) -> str:
    """A cell; a number stays on one line."""
    is_number = content.replace(",", "").replace(".", "", 1).isdigit()
    return f"<td{' class=n' if is_number else ''}>{escape(content)}</td>"
