"""`crossjudge mcp` in a process of its own, spoken with by the official client and by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("mcp")

import anyio
from mcp import Client, StdioServerParameters
from typer.testing import CliRunner

import crossjudge
from crossjudge.cli.main import app

COMMAND = [sys.executable, "-m", "crossjudge", "mcp", "--log-level", "info"]
FAKE = [*COMMAND, "--backend", "fake"]
SECRET = "xylophone"
PATIENCE_S = 600


def spoken(command, *messages):
    """What a server in a new process says to these lines, and what it logs; it ends when they do."""
    lines = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in messages)
    done = subprocess.run(
        command, input=lines, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False, env=os.environ
    )
    return done.returncode, done.stdout, done.stderr


def test_an_agent_checks_an_answer_with_the_embedded_model():
    async def talk():
        server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env={"HF_HUB_OFFLINE": "1"})
        async with Client(server, read_timeout_seconds=PATIENCE_S) as client:
            assert client.server_info.version == crossjudge.__version__
            sources = ["The ferry Alma was built in 1974. She carries 240 passengers."]
            answer = "The Alma was built in 1974. She carries 300 passengers."
            checked = await client.call_tool("check_answer", {"sources": sources, "answer": answer})
            return checked.structured_content, await client.call_tool("judge_pair", {"premise": "a"})

    found, wrong = anyio.run(talk)
    assert [one["outcome"] for one in found["claims"]] == ["supported", "contradicted"]
    assert found["claims"][1]["counter_evidence"] == [{"source": 0, "text": "She carries 240 passengers."}]
    assert wrong.is_error


def request(number, method, params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def test_nothing_but_the_protocol_is_on_standard_output_and_no_text_in_the_log():
    """Not even where a message is broken, a call goes wrong, or a method is unknown."""
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    calls = [
        {"name": "judge_pair", "arguments": {"premise": SECRET, "hypothesis": SECRET}},
        {"name": "judge_pair", "arguments": {"premise": SECRET, "hypothesis": " "}},
        {"name": "tag_text", "arguments": {"text": SECRET, "labels": [SECRET, SECRET.upper()]}},
        {"name": "guard_text", "arguments": {"text": SECRET, "policies": {SECRET: 3}}},
        {"name": "judge_pair", "arguments": SECRET},
    ]
    code, out, err = spoken(
        FAKE,
        request(1, "initialize", client),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        f"{SECRET} is no JSON",
        *(request(number, "tools/call", call) for number, call in enumerate(calls, start=2)),
        request(9, SECRET, {}),
        request(10, "tools/list", {}),
    )
    assert code == 0
    answers = [json.loads(line) for line in out.splitlines()]
    assert {one["jsonrpc"] for one in answers} == {"2.0"}
    logged = [json.loads(line) for line in err.splitlines()]
    assert [one["tool"] for one in logged if one["logger"].startswith("crossjudge")]
    assert SECRET not in err.casefold()


def test_a_wrong_model_is_said_before_anything_is_served():
    code, out, err = spoken([*COMMAND, "--model", "./nowhere"], request(1, "tools/list", {}))
    assert (code, out) == (2, "")
    assert "./nowhere" in err


@pytest.mark.parametrize("words", [("--rerank-model", "a/model"), ("--backend", "fake")])
def test_a_server_and_settings_of_a_model_here_exclude_each_other(words):
    done = CliRunner().invoke(app, ["mcp", "--server", "http://127.0.0.1:9", *words])
    assert done.exit_code == 2
    assert f"{words[0]} is for a model on this machine" in done.stderr
