"""The OpenAPI document against the server: whatever fits or breaks it is answered as described, and never by a 5xx.

As described: with a status, a content type and a body that the document names for the route.
"""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi import checks as openapi

from serving.served import KEY, REQUESTS, SECRET, every_route, served

CLIENT = served(api_keys=[SECRET])
SCHEMA = schemathesis.openapi.from_dict(CLIENT.get("/openapi.json", headers=KEY).json())


async def never_ended(scope, receive, send):
    """The server without its beginning and end: schemathesis ends it after each test, and then it answers 503."""
    if scope["type"] == "http":
        await CLIENT.app(scope, receive, send)


SCHEMA.app = never_ended
CHECKS = [
    schemathesis.checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
]
NOT_JSON = r"^/v1/check/stream$"


def test_every_route_of_the_application_is_described():
    described = {(method.upper(), path) for path, ways in SCHEMA.raw_schema["paths"].items() for method in ways}
    routes = {(method, path) for method, path in every_route(CLIENT.app) if method != "HEAD"}
    assert routes - described == {("GET", "/openapi.json")}
    assert described <= routes


def test_native_routes_describe_their_answers():
    for path in REQUESTS:
        answer = SCHEMA.raw_schema["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert "Answers" in answer["$ref"]


def asked(case):
    answer = case.call(headers=KEY)
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400:
        assert answer.headers["content-type"][0].startswith("application/json")


@SCHEMA.exclude(path_regex=NOT_JSON).parametrize()
@settings(
    max_examples=3, phases=[Phase.generate], deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_a_few_requests_of_every_route(case):
    asked(case)


@pytest.mark.full
@SCHEMA.exclude(path_regex=NOT_JSON).parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_requests_of_every_route(case):
    asked(case)
