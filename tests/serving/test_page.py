"""The playground's page: whole in itself, harmless by its policy, and closed like every route once there are keys."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources

import pytest

from crossjudge.serving.page import documents as documents_module
from crossjudge.serving.page.documents import DOOR, PAGE, documents
from serving.served import KEY, SECRET, served

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FILES = sorted({*PAGE, *DOOR})
OPEN, CLOSED = served(), served(api_keys=[SECRET])


def source(name: str) -> str:
    return resources.files(documents_module.__package__).joinpath(name).read_text(encoding="utf-8")


def inline(document: str, element: str) -> list[str]:
    """What stands in the elements that a policy looks at: all of them but data."""
    return re.findall(rf"<{element}>(.*?)</{element}>", document, re.DOTALL)


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


def test_the_page_is_at_the_root():
    answer = OPEN.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text == documents().page
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_lets_our_own_scripts_and_styles_run_and_nothing_else():
    policy = directives(OPEN.get("/").headers["Content-Security-Policy"])
    page, door = documents().page, documents().door
    assert policy["default-src"] == ["'none'"]
    assert set(policy["script-src"]) == {hashed(script) for one in (page, door) for script in inline(one, "script")}
    assert set(policy["style-src"]) == {hashed(style) for one in (page, door) for style in inline(one, "style")}
    assert policy["connect-src"] == ["'self'"]
    assert policy["form-action"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]


@pytest.mark.parametrize("name", ["page", "door"])
def test_a_document_asks_nothing_of_anybody_else(name):
    document = getattr(documents(), name)
    assert not re.findall(r"<(?:script|img|iframe|link)[^>]* (?:src|href)=(?!\"data:)", document)
    assert set(re.findall(r"https?://[^\s\"'`<]+", document)) <= {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"@import|url\(", document)
    assert not re.findall(r"<[a-z][^>]* (?:on[a-z]+|style)=", document)


@pytest.mark.parametrize("name", FILES)
def test_no_script_makes_markup_or_code_of_a_text(name):
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", source(name))


def test_every_script_is_in_a_document_and_every_use_has_an_example():
    folder = resources.files(documents_module.__package__)
    assert {one.name for one in folder.iterdir() if one.name.endswith(".js")} == set(FILES)
    uses = re.findall(r'^    id: "(\w+)"', source("uses.js"), re.MULTILINE)
    assert uses == list(json.loads(source("examples.json")))


def test_every_route_that_the_page_asks_is_there():
    asked = re.findall(r'"(v1/[\w-]+)"', source("uses.js") + source("page.js"))
    assert len(asked) == 10
    assert {f"/{path}" for path in asked} <= {route.path for route in OPEN.app.routes}


def test_an_example_ends_no_script(monkeypatch):
    monkeypatch.setattr(documents_module, "_asset", lambda _: '{"check": "</script><b>"}')
    assert json.loads(documents_module._examples()) == {"check": "</script><b>"}
    assert "<" not in documents_module._examples()


def test_with_keys_a_browser_is_refused_by_a_form_that_asks_for_one():
    answer = CLOSED.get("/", headers=BROWSER)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.text == documents().door
    assert "playground" not in answer.text
    assert answer.headers["Content-Security-Policy"] == documents().policy
    assert CLOSED.get("/", headers=BROWSER | {"Authorization": "Bearer wrong"}).status_code == 401


def test_with_a_key_the_page_is_there():
    assert CLOSED.get("/", headers=BROWSER | KEY).text == documents().page


@pytest.mark.parametrize(
    ("method", "path", "accepts"),
    [
        ("GET", "/", "application/json"),
        ("GET", "/", "*/*"),
        ("POST", "/", "text/html"),
        ("GET", "/v1/models", "text/html"),
        ("GET", "/index.html", "text/html"),
    ],
)
def test_whoever_does_not_ask_for_the_page_is_refused_in_json(method, path, accepts):
    answer = CLOSED.request(method, path, headers={"Accept": accepts})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "missing_key"


def test_a_server_may_have_no_page():
    assert served(page=False).get("/", headers=BROWSER).status_code == 404
    assert served(page=False, api_keys=[SECRET]).get("/", headers=BROWSER).json()["error"]["type"] == "missing_key"
