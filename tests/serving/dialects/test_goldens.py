"""Each dialect's golden requests get their golden answers, to the last field."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.dialects.scripted import REQUEST_ID, goldens, read, rounded


@pytest.mark.parametrize("path", goldens())
def test_a_golden_request_gets_its_golden_answer(server: TestClient, path: Path) -> None:
    golden = read(path)
    asked, expected = golden["request"], golden["answer"]
    answer = server.request(asked["method"], asked["path"], json=asked.get("body"), headers=REQUEST_ID)
    seen = rounded(answer.json()) if answer.content else None
    if isinstance(seen, dict) and "created" in seen:
        assert isinstance(seen["created"], int)
        seen["created"] = "int"
    assert (answer.status_code, seen) == (golden["status"], expected)
