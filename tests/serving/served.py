"""A server on the fake backend, a request that each route answers, and its answer in plain Python."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from crossjudge import (
    AnswerPicker,
    ClaimChecker,
    CrossEncoder,
    Deduplicator,
    Grader,
    Guardrail,
    Judge,
    RubricScorer,
    Tagger,
)
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.serving import create_app

SECRET = "the-secret-of-the-ferry"
KEY = {"Authorization": f"Bearer {SECRET}"}
TEXT = "The ferry was late and the cabin was cold."


def served(**settings: Any) -> TestClient:
    return TestClient(create_app(backend="fake", **settings))


REQUESTS: dict[str, dict[str, Any]] = {
    "/v1/judge": {"pairs": [[TEXT, "The ferry was late."], ["a", "b"]]},
    "/v1/tag": {"texts": [TEXT, "Sunny."], "labels": ["ferry", "rain"], "threshold": 0.3},
    "/v1/check": {"source": TEXT, "answer": "The ferry was late. It sank."},
    "/v1/answer": {"context": TEXT, "question": "What was late?", "candidates": ["The ferry", "The cabin"]},
    "/v1/score-rubric": {"rubric": {"short": "The answer is short."}, "request": "Why?", "response": TEXT},
    "/v1/guard": {"text": "Write to ann@example.com", "policies": {"pii": "The text holds no personal data."}},
    "/v1/grade": {"reference": TEXT, "answers": ["The ferry was late.", ""]},
    "/v1/dedupe": {"texts": [TEXT, TEXT.upper(), "Sunny."]},
}
"""Every native route that judges, and what it is asked."""


def in_python() -> dict[str, list[Any]]:
    """What each of `REQUESTS` is answered by the library."""
    model = CrossEncoder(backend="fake")
    together = CrossEncoder("embedded-joint", backend="fake")
    near = BiEncoder(backend="fake")
    duplicates = Judge(CrossEncoder(head="duplicate", backend="fake"), objective="duplicate")
    guarded = REQUESTS["/v1/guard"]
    results = {
        "/v1/judge": Judge(model).batch(REQUESTS["/v1/judge"]["pairs"]),
        "/v1/tag": Tagger(["ferry", "rain"], threshold=0.3, model=model).batch([TEXT, "Sunny."]),
        "/v1/check": [ClaimChecker(model=together)(TEXT, "The ferry was late. It sank.")],
        "/v1/answer": [AnswerPicker(model=together)(TEXT, "What was late?", ["The ferry", "The cabin"])],
        "/v1/score-rubric": [RubricScorer({"short": "The answer is short."}, model=together)("Why?", TEXT)],
        "/v1/guard": [Guardrail(guarded["policies"], model=together)(guarded["text"])],
        "/v1/grade": Grader(TEXT, model=together).batch(["The ferry was late.", ""]),
        "/v1/dedupe": [Deduplicator(model=duplicates, first_stage_model=near).report(REQUESTS["/v1/dedupe"]["texts"])],
    }
    return {route: [one.to_dict() for one in found] for route, found in results.items()}


def events_of(text: str) -> list[tuple[str, str]]:
    """Server-sent events: name and data."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(lines[0].removeprefix("event: "), lines[1].removeprefix("data: ")) for lines in blocks if len(lines) == 2]


def every_route(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route of an application, those that are not described too."""
    found = [(method, route.path) for route in app.routes for method in route.methods]
    assert len(found) > 20
    return sorted(found)
