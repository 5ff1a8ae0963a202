"""The tools as an agent calls them, through the official client, in this process."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager, nullcontext

import pytest

pytest.importorskip("mcp")

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError

import crossjudge
from crossjudge import ClaimChecker, CrossEncoder, Grader, Guardrail, Judge, Reranker, Tagger
from crossjudge.apps.guarding.policies import policy_set, policy_set_names
from crossjudge.mcp.makers import AtHand
from crossjudge.mcp.server import make_server, serve
from crossjudge.mcp.tools import TOOLS
from crossjudge.mcp.tools.base import MOST_CHARACTERS
from crossjudge.mcp.tools.judge import JUDGE

NLI = Judge(CrossEncoder(backend="fake"))
RELEVANCE = CrossEncoder(backend="fake", head="relevance")
SERVER = make_server(AtHand(NLI, relevance=lambda: RELEVANCE), version="1.2.3")

SOURCES = ["The ferry Alma was built in 1974.", "Dogs travel free on the ferry."]
ANSWER = "The ferry Alma was built in 1974. Zebras juggle purple violins."
PII = "Write to ann@example.org about the ferry."

CALLS = {
    "check_answer": {"sources": SOURCES, "answer": ANSWER},
    "judge_pair": {"premise": SOURCES[0], "hypothesis": ANSWER},
    "tag_text": {"text": SOURCES[1], "labels": ["dogs", "ferry"]},
    "guard_text": {"text": PII, "sets": ["pii"], "policies": {"short": "This text is short."}},
    "grade_answer": {"answer": ANSWER, "references": SOURCES, "question": "When was it built?"},
    "rerank_documents": {"query": "Do dogs pay on the ferry?", "documents": SOURCES},
}


def asked(name, arguments, *, server=SERVER, mode="auto"):
    """The result of one call."""

    async def ask():
        async with Client(server, mode=mode) as client:
            return await client.call_tool(name, arguments)

    return anyio.run(ask)


def told(name, **changes):
    """The structured result of one of `CALLS`, with some arguments changed."""
    result = asked(name, CALLS[name] | changes)
    assert not result.is_error, result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


def words(name, arguments):
    """What an agent reads of a call that went wrong."""
    result = asked(name, arguments)
    assert result.is_error
    assert result.structured_content is None
    return result.content[0].text


def near(probabilities):
    return {name: pytest.approx(one, abs=1e-4) for name, one in probabilities.items()}


def listed():
    async def ask():
        async with Client(SERVER) as client:
            return client.server_info, client.instructions, (await client.list_tools()).tools

    return anyio.run(ask)


def test_an_agent_learns_what_there_is_and_when_to_use_it():
    info, instructions, tools = listed()
    assert (info.name, info.version) == ("crossjudge", "1.2.3")
    assert [one.name for one in tools] == list(CALLS)
    for tool in tools:
        assert tool.name in instructions
        assert "Use it" in tool.description
        assert tool.annotations.read_only_hint
        assert not tool.annotations.open_world_hint
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
        assert all(one["description"] for one in tool.input_schema["properties"].values())


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_answers_are_what_their_schema_says_to_clients_of_any_age(name, mode):
    """The client itself holds structured content against the schema of the tool."""
    assert not asked(name, CALLS[name], mode=mode).is_error


def test_a_check_is_the_checkers_report():
    report = ClaimChecker(model=NLI)(SOURCES, ANSWER)
    found = told("check_answer")
    assert (found["decision"], found["supported"]) == (report.decision, report.supported)
    for claim, expected in zip(found["claims"], report.claims, strict=True):
        assert (claim["claim"], claim["outcome"]) == (expected.claim, expected.outcome)
        assert claim["probabilities"] == near(expected.probabilities)
    assert found["claims"][0]["evidence"] == [{"source": 0, "text": SOURCES[0]}]
    assert found["claims"][1]["evidence"] == []


def test_evidence_of_two_places_names_both():
    [claim] = told("check_answer", answer="The ferry Alma was built in 1974, dogs travel free on the ferry.")["claims"]
    assert {one["source"] for one in claim["evidence"]} <= {0, 1}
    assert all(one["text"] in SOURCES[one["source"]] for one in claim["evidence"])


def test_a_verdict_is_the_judges():
    verdict = NLI(SOURCES[0], ANSWER)
    found = told("judge_pair")
    assert (found["label"], found["abstained"]) == (verdict.label, verdict.abstained)
    assert found["probabilities"] == near(verdict.probabilities)


def test_tags_are_the_taggers():
    expected = Tagger(["dogs", "ferry"], model=NLI)(SOURCES[1])
    assert told("tag_text") == {
        "chosen": expected.chosen,
        "probabilities": near({one.name: one.probability for one in expected.tags}),
    }
    assert told("tag_text", threshold=1.0)["chosen"] == []
    assert len(told("tag_text", threshold=0.0, multi_label=False)["chosen"]) == 1


def test_a_guarded_text_is_the_guardrails():
    expected = Guardrail({**policy_set("pii"), "short": "This text is short."}, model=NLI)(PII)
    found = told("guard_text")
    assert (found["decision"], found["policies"].keys()) == (expected.decision, expected.checks.keys())
    assert found["policies"]["contact_details"]["found"] == ["email"]
    assert found["redacted"] == "Write to [EMAIL] about the ferry."
    assert told("guard_text", text=SOURCES[0])["redacted"] is None


def test_every_ready_set_that_needs_no_topic_can_be_named():
    _, _, tools = listed()
    schema = next(one for one in tools if one.name == "guard_text").input_schema
    assert set(schema["properties"]["sets"]["items"]["enum"]) == set(policy_set_names()) - {"off-topic"}


def test_a_grade_is_the_graders():
    expected = Grader(SOURCES, question="When was it built?", model=NLI)(ANSWER)
    found = told("grade_answer")
    assert found["score"] == pytest.approx(expected.score, abs=1e-4)
    assert (found["grade"], found["missing"], found["reference"]) == (
        expected.grade,
        expected.missing,
        expected.reference,
    )
    assert told("grade_answer", answer="")["grade"] == "INCORRECT"


def test_a_ranking_is_the_rerankers():
    expected = Reranker(RELEVANCE)(CALLS["rerank_documents"]["query"], SOURCES)
    found = told("rerank_documents")["ranking"]
    assert [one["index"] for one in found] == [one.index for one in expected]
    assert [one["score"] for one in found] == [pytest.approx(one.score, abs=1e-4) for one in expected]
    assert all(SOURCES[one["index"]].startswith(one["begins"]) for one in found)
    assert told("rerank_documents", top_k=1)["ranking"] == found[:1]


def test_a_text_where_a_list_belongs_is_a_list_of_one():
    assert told("check_answer", sources=SOURCES[0]) == told("check_answer", sources=[SOURCES[0]])


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("check_answer", {"answer": ANSWER}, "sources: Field required"),
        ("check_answer", {"sources": [SOURCES[0], " "], "answer": ANSWER}, "sources.1: it is blank"),
        ("check_answer", {"sources": [], "answer": ANSWER}, "sources: List should have at least 1"),
        ("judge_pair", {"premise": 3, "hypothesis": ANSWER}, "premise: Input should be a valid string"),
        ("judge_pair", {"premise": "a", "hypothesis": "b", "hypotheses": []}, "hypotheses: Extra inputs"),
        ("judge_pair", {}, "premise: Field required. hypothesis: Field required."),
        ("guard_text", {"text": PII}, "there is no policy"),
        ("guard_text", {"text": PII, "sets": ["off-topic"]}, "sets.0: Input should be 'pii', 'toxicity'"),
        ("tag_text", {"text": PII, "labels": ["a", "A"]}, "the label 'A' stands there twice"),
        ("tag_text", {"text": PII, "labels": ["a"], "threshold": 2}, "threshold: Input should be less"),
        ("tag_text", {"text": PII, "labels": "a, b"}, "labels: Input should be a valid list"),
        ("rerank_documents", {"query": "a", "documents": ["b"], "top_k": 0}, "top_k: Input should be greater"),
        ("judge_pair", {"premise": "a " * MOST_CHARACTERS, "hypothesis": "b"}, "expected at most 400,000"),
    ],
)
def test_a_call_that_goes_wrong_is_answered_with_what_to_correct(name, arguments, said):
    assert said in words(name, arguments)


def test_an_unknown_tool_is_an_error_of_the_protocol_that_names_the_others():
    async def ask():
        async with Client(SERVER) as client:
            with pytest.raises(MCPError, match="There is no tool 'verify'; expected one of check_answer, judge_pair"):
                await client.call_tool("verify", {})

    anyio.run(ask)


def test_a_fault_of_ours_is_told_without_what_it_says_and_other_calls_still_work(caplog, monkeypatch):
    def broken(self, text_a, text_b):
        raise RuntimeError(f"while reading {text_a}")

    monkeypatch.setattr(Judge, "__call__", broken)
    with caplog.at_level(logging.INFO):
        said = words("judge_pair", CALLS["judge_pair"])
        assert told("tag_text")["probabilities"]
    assert "RuntimeError" in said
    assert SOURCES[0] not in said
    fault, call = [record for record in caplog.records if record.name == "crossjudge.mcp.server"]
    assert (fault.levelname, fault.tool, fault.error) == ("ERROR", "judge_pair", "RuntimeError")
    assert (call.levelname, call.tool, call.error) == ("INFO", "tag_text", None)
    assert SOURCES[0] not in caplog.text


def test_calls_at_once_have_the_answers_of_calls_one_by_one():
    async def at_once():
        found = {}

        async def one(client, name):
            found[name] = (await client.call_tool(name, CALLS[name])).structured_content

        async with Client(SERVER) as client, anyio.create_task_group() as group:
            for name in CALLS:
                group.start_soon(one, client, name)
        return found

    assert anyio.run(at_once) == {name: told(name) for name in CALLS}


@pytest.mark.parametrize("fault", [None, ValueError("a fault")])
def test_a_client_that_hangs_up_ends_the_server_quietly_and_a_fault_does_not(fault, monkeypatch):
    @asynccontextmanager
    async def hung_up():
        raise ExceptionGroup("while writing", [fault or BrokenPipeError()])
        yield

    monkeypatch.setattr("crossjudge.mcp.server.stdio_server", hung_up)
    with pytest.raises(ExceptionGroup) if fault else nullcontext():
        serve(SERVER)


def test_every_tool_is_called_here():
    assert [tool.name for tool in TOOLS] == list(CALLS)
    assert JUDGE in TOOLS


def test_with_a_servers_model_every_answer_is_the_same():
    for package in ("fastapi", "uvicorn", "h11"):
        pytest.importorskip(package)
    from client.standing_in import running

    with running() as url, crossjudge.Client(url) as maker:
        server = make_server(maker, version="1.2.3", where=f"of the server {url}")
        assert url in server.instructions
        assert url in server.description
        for name, arguments in CALLS.items():
            assert asked(name, arguments, server=server).structured_content == told(name), name
