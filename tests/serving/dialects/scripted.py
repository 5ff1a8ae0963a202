"""A server whose scores a test can work out by hand, and the golden requests and answers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from crossjudge import CrossEncoder
from crossjudge.backends.fake import FakeBackend
from crossjudge.serving import create_app

GOLDEN = Path(__file__).parent.parent / "golden"
REQUEST_ID = {"X-Request-ID": "golden"}


@contextmanager
def scripted_answers(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each "yes" in a pair adds log 3 for it, each "no" log 3 against it.

    So one label's score is 1/4 for one "no", 1/2 for neither, 3/4 for one "yes" and 9/10 for two.
    """
    ids = CrossEncoder(backend="fake").tokenizer.token_ids(["yes", "no"])
    yes, no = int(ids["yes"][0]), int(ids["no"][0])

    def row(said: Any, num_labels: int) -> list[float]:
        good, bad = (math.log(3) * float((said == word).sum()) for word in (yes, no))
        return [good - bad] if num_labels == 1 else [bad, good, 0.0]

    def logits(self: FakeBackend, pairs: Any) -> Any:
        return np.array([row(np.concatenate(pair), self.num_labels) for pair in pairs], dtype=np.float32)

    with patch.context() as patched:
        patched.setattr(FakeBackend, "_logits", logits)
        yield


def served(**settings: Any) -> TestClient:
    return TestClient(create_app(backend="fake", **settings))


def goldens() -> list[Any]:
    """Every golden file, named after its dialect."""
    return [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in sorted(GOLDEN.glob("*/*.json"))]


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def rounded(value: Any) -> Any:
    """JSON with numbers to five places, so that a golden file can say 0.75."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value
