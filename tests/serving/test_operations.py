"""What those who run the server see: life, readiness, metrics, and logs without a word of anybody's text."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest

from crossjudge.errors import InputError, MissingFileError
from crossjudge.serving import Limits
from crossjudge.serving.addresses import is_loopback, listening_socket
from crossjudge.serving.healthcheck import first_key
from crossjudge.serving.logs import JsonLines
from crossjudge.serving.middleware.tracing import Tracing
from serving.served import KEY, REQUESTS, SECRET, served


def samples(client):
    """Metric with labels -> value."""
    lines = client.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_metrics_count_requests_batches_tokens_and_errors():
    client = served()
    before = samples(client)
    client.post("/v1/judge", json=REQUESTS["/v1/judge"])
    client.post("/v1/judge", json={"text_a": 1})
    after = samples(client)
    grown = {name for name, value in after.items() if value > before.get(name, 0)}
    assert {
        'crossjudge_requests_total{method="POST",route="/v1/judge",status="200"}',
        'crossjudge_requests_total{method="POST",route="/v1/judge",status="422"}',
        'crossjudge_errors_total{type="invalid_request"}',
        'crossjudge_request_seconds_bucket{le="+Inf",route="/v1/judge"}',
        "crossjudge_batch_pairs_count",
        "crossjudge_batch_seconds_count",
        "crossjudge_queue_wait_seconds_count",
        "crossjudge_tokens_total",
    } <= grown
    assert not [name for name in after if "_created" in name]
    assert after["crossjudge_queue_tokens"] == after["crossjudge_requests_in_flight"] == 0
    assert {"crossjudge_premise_cache_hits_total", "crossjudge_premise_cache_misses_total"} <= after.keys()


def test_a_client_makes_up_no_labels():
    client = served()
    for path in ("/a", "/b"):
        client.request("BREW", path)
    routes = [name for name in samples(client) if "/a" in name or "BREW" in name]
    assert not routes


def test_readiness_runs_a_forward_pass(monkeypatch):
    client = served()
    monkeypatch.setattr("crossjudge.serving.loading.PROBED_S", 0.0)
    client.post("/v1/judge", json=REQUESTS["/v1/judge"])
    assert client.get("/readyz").json() == {"status": "ready"}
    monkeypatch.setattr(client.app.state.server.pool, "probe", lambda: False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "not_ready")
    assert client.get("/livez").status_code == 200


def test_while_the_model_is_being_loaded_requests_wait_and_are_then_sent_away(monkeypatch):
    client = served(limits=Limits(loading_wait_s=0.05))
    free = threading.Event()
    monkeypatch.setattr(client.app.state.server.pool, "probe", lambda: free.wait(20))
    for answer in (client.get("/readyz"), client.post("/v1/judge", json=REQUESTS["/v1/judge"])):
        assert (answer.status_code, answer.json()["error"]["type"]) == (503, "loading")
        assert int(answer.headers["Retry-After"]) >= 1
    free.set()


def test_a_model_that_cannot_be_loaded_is_not_ready_and_says_no_path(monkeypatch):
    client = served()

    def broken():
        raise MissingFileError("/srv/secret/model.onnx is missing")

    monkeypatch.setattr(client.app.state.server.pool, "probe", broken)
    answer = client.post("/v1/judge", json=REQUESTS["/v1/judge"])
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "model_unavailable")
    assert "/srv" not in answer.text
    assert client.get("/readyz").status_code == 503


def test_a_stopping_server_takes_nothing_new_and_ends_connections():
    client = served()
    client.app.state.server.draining = True
    answers = [client.post("/v1/judge", json=REQUESTS["/v1/judge"]), client.get("/readyz")]
    assert [answer.json()["error"]["type"] for answer in answers] == ["draining", "draining"]
    assert all(answer.headers["Connection"] == "close" and answer.headers["Retry-After"] for answer in answers)
    assert client.get("/livez").status_code == 200


def test_starting_and_stopping_as_an_asgi_server_does():
    with served() as client:
        assert client.post("/v1/judge", json=REQUESTS["/v1/judge"]).status_code == 200
    assert client.app.state.server.draining


def test_logs_say_what_happened_and_hold_no_text(poison, monkeypatch):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("crossjudge")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    client = served(api_keys=[SECRET])
    word = "xylophone"
    bodies = [
        {"text_a": word, "text_b": word}, {"text_a": word}, {"text_a": word, "text_b": poison}, {word: word},
        {"text_a": "a", "text_b": "b", "model": word},
    ]  # fmt: skip
    try:
        for body in bodies:
            client.post(f"/v1/judge?q={word}", json=body, headers=KEY | {"X-Request-ID": "call-7"})
        client.post(f"/{word}", content=word, headers=KEY)
        monkeypatch.setattr(client.app.state.server, "run", lambda *_: 1 / len(word[:0]))
        client.post("/v1/judge", json=bodies[0], headers=KEY)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert [line["status"] for line in requests] == [200, 422, 422, 422, 404, 404, 500]
    assert {line["request_id"] for line in requests[:5]} == {"call-7"}
    assert requests[0]["tokens"] > 0
    assert [line["error"] for line in lines if line["message"] == "fault"] == ["ZeroDivisionError"]
    assert word not in written.getvalue()
    assert poison not in written.getvalue()
    assert SECRET not in written.getvalue()


def test_a_logged_exception_is_only_named():
    try:
        raise ValueError("somebody's text")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": __import__("sys").exc_info()})
    line = json.loads(JsonLines().format(record))
    assert line["error"] == "ValueError"
    assert "somebody" not in str(line)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_an_address_that_others_reach_needs_a_key(host):
    assert not is_loopback(host)
    with pytest.raises(InputError, match="no key is set"):
        listening_socket(host, 0, has_keys=False)


def test_this_machine_alone_needs_none():
    assert is_loopback("localhost")
    with listening_socket("127.0.0.1", 0, has_keys=False) as listening:
        port = listening.getsockname()[1]
        assert port
        with pytest.raises(InputError, match=f"port {port}"):
            listening_socket("127.0.0.1", port, has_keys=False)
    listening_socket("0.0.0.0", 0, has_keys=True).close()


def test_the_health_check_finds_a_key(tmp_path):
    file = tmp_path / "keys"
    file.write_text("# ours\nfirst-key # a\nsecond-key\n")
    assert first_key({"CROSSJUDGE_API_KEYS": "a,b", "CROSSJUDGE_API_KEY_FILE": str(file)}) == "a"
    assert first_key({"CROSSJUDGE_API_KEY_FILE": str(file)}) == "first-key"
    assert first_key({}) is None


def test_a_traced_request_names_its_route_and_no_text():
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    client, exporter, provider = served(), memory.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    client.app.add_middleware(Tracing, provider=provider)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    client.post("/v1/judge", json=REQUESTS["/v1/judge"], headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /v1/judge"
    assert f"{span.context.trace_id:032x}" == trace
    assert dict(span.attributes) == {"http.response.status_code": 200, "http.route": "/v1/judge"}
