"""What tests of dialects share: a server whose scores are stated, for a client in Python and over the network."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.testclient import TestClient

from crossjudge.serving import create_app
from serving.dialects.scripted import scripted_answers, served


@pytest.fixture(scope="module")
def server() -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch, scripted_answers(patch), served() as client:
        yield client


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a server on this machine, for clients that open connections of their own."""
    with pytest.MonkeyPatch.context() as patch, scripted_answers(patch):
        run = uvicorn.Server(uvicorn.Config(create_app(backend="fake"), port=0, log_config=None))
        thread = threading.Thread(target=run.run, daemon=True)
        thread.start()
        while not run.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{run.servers[0].sockets[0].getsockname()[1]}"
        run.should_exit = True
        thread.join(30)
