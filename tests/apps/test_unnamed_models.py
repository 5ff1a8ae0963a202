"""Where no model is named: guarding and uses that turn on who did what take `embedded-joint`, all others `embedded`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from crossjudge import AnswerPicker, ClaimChecker, Grader, Guardrail, Judge, RubricScorer, Tagger
from crossjudge.apps.checking.nearest import ALL_OF
from crossjudge.cli.options import Backend, ModelOptions, Precision
from crossjudge.integrations.uses import grader_maker
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.use_tasks import CheckTask
from crossjudge.mcp.makers import AtHand
from crossjudge.models.boxed import joint_runs
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving import create_app

TEXT = "Ben sold the car. Anna cut the grass."
STATED = {"a": "The text is short."}
TOGETHER: dict[str, Callable[..., Any]] = {
    "check": ClaimChecker,
    "answer": AnswerPicker,
    "score": lambda **model: RubricScorer(STATED, **model),
    "grade": lambda **model: Grader(TEXT, **model),
    "guard": lambda **model: Guardrail(STATED, **model),
}
ALONE: dict[str, Callable[..., Any]] = {
    "judge": Judge,
    "tag": lambda **model: Tagger(STATED, **model),
}


def asked(use: Any) -> str:
    judge = use if isinstance(use, Judge) else use.judge
    return str(judge.model.name)


@pytest.mark.parametrize("use", TOGETHER.values(), ids=TOGETHER)
def test_who_did_what_is_asked_of_the_model_that_reads_both_texts(use: Callable[..., Any]) -> None:
    assert asked(use()) == asked(use(model=None)) == "embedded-joint"
    assert asked(use(model="embedded")) == "embedded"


@pytest.mark.parametrize("use", ALONE.values(), ids=ALONE)
def test_all_else_is_asked_of_the_embedded_model(use: Callable[..., Any]) -> None:
    assert asked(use()) == "embedded"
    assert asked(use(model="embedded-joint")) == "embedded-joint"


def test_a_claim_about_another_person_is_told_from_a_true_one() -> None:
    found = ClaimChecker()(TEXT, ["Ben sold the car.", "Anna sold the car."])
    assert [claim.outcome for claim in found.claims] == ["supported", "contradicted"]
    assert AnswerPicker()(TEXT, "Who cut the grass?", ["Ben", "Anna"]).best == "Anna"


def test_what_is_claimed_more_surely_than_the_source_says_is_flagged_still() -> None:
    source = "The drug may reduce fever in some patients."
    flags = [claim.flags for claim in ClaimChecker()(source, ["The drug reduces fever."]).claims]
    assert [flag.kind for flag in flags[0]] == ["overstated"]
    assert ClaimChecker(model=CrossEncoder("embedded-joint", backend="fake"))._certainty is None


def test_an_agent_and_a_framework_get_the_same() -> None:
    hand = AtHand()
    together = (hand.claim_checker(), hand.grader([TEXT], question=None), hand.guardrail(STATED))
    assert {asked(use) for use in together} == {"embedded-joint"}
    assert asked(hand.judge()) == asked(hand.tagger(["a"], multi_label=True, threshold=0.5)) == "embedded"
    one = AtHand("embedded")
    assert asked(one.claim_checker()) == asked(one.judge()) == "embedded"
    assert asked(grader_maker(None)([TEXT], None)) == "embedded-joint"


@pytest.mark.parametrize(
    ("stated", "model"),
    [((), "embedded-joint"), (("--backend", "fake"), "embedded-joint"), (("--device", "cpu"), "embedded-joint"),
     (("--precision", "int8"), "embedded-joint"), (("--model", "embedded"), "embedded")],
)  # fmt: skip
def test_a_command_takes_the_same_where_it_runs(stated: tuple[str, ...], model: str) -> None:
    options = dict(zip(stated[::2], stated[1::2], strict=True))
    given = ModelOptions(
        model=options.get("--model"),
        backend=Backend(options.get("--backend", "auto")),
        precision=Precision(options["--precision"]) if "--precision" in options else None,
        device=options.get("--device"),
    )
    assert given.cross_encoder(unnamed="embedded-joint").name == model


@pytest.mark.parametrize(
    "engine", [{"backend": "torch"}, {"backend": "openvino"}, {"precision": "bf16"}, {"device": "cuda:0"}]
)
def test_an_engine_that_it_has_no_graph_for_is_not_asked_for_it(engine: dict[str, str]) -> None:
    assert not joint_runs(**engine)
    assert joint_runs()


def test_what_it_has_no_graph_for_is_answered_by_the_embedded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the fake backend, of which it is said here that the joint model does not run on it."""
    fake = ModelOptions(backend=Backend.FAKE)
    assert fake.cross_encoder(unnamed="embedded-joint").name == "embedded-joint"
    plan = Plan(input=("rows.jsonl",), output="out", task="check", model={"backend": "fake"})
    assert CheckTask(plan).encoder.name == "embedded-joint"
    for module in ("crossjudge.models.boxed", "crossjudge.jobs.task", "crossjudge.serving.app"):
        monkeypatch.setattr(f"{module}.joint_runs", lambda **_: False)
    assert fake.cross_encoder(unnamed="embedded-joint").name == "embedded"
    assert CheckTask(plan).encoder.name == "embedded"
    answer = TestClient(create_app(backend="fake")).post("/v1/check", json={"source": TEXT, "answer": TEXT})
    assert answer.json()["model"] == "embedded"


def test_a_job_that_names_a_head_asks_the_model_that_has_it() -> None:
    plan = Plan(input=("rows.jsonl",), output="out", task="check", model={"backend": "fake", "head": "nli"})
    assert CheckTask(plan).encoder.name == "embedded"


@pytest.mark.parametrize("models", [None, {"mine": "embedded-joint", "embedded": "embedded-joint"}])
def test_a_server_flags_what_is_overstated_by_a_model_that_tells_or_by_rule(models: dict[str, str] | None) -> None:
    asked = {"source": "The drug may reduce fever in some patients.", "answer": "The drug reduces fever."}
    with TestClient(create_app(models=models)) as client:
        answer = client.post("/v1/check", json=asked)
    assert answer.status_code == 200
    assert [flag["kind"] for flag in answer.json()["results"][0]["claims"][0]["flags"]] == ["overstated"]


@pytest.mark.parametrize("model", [None, "embedded"])
def test_a_server_opens_no_bi_encoder_for_a_request(model: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest of many sentences are found by the pool's, as they are here by one that is opened."""
    source = " ".join(f"Door number {n} was painted on a Monday." for n in range(ALL_OF))
    asked = {"source": f"{source} {TEXT}", "answer": "Anna cut the grass. Ben cut the grass."}
    expected = ClaimChecker(model=model)(asked["source"], asked["answer"]).to_dict()
    with TestClient(create_app()) as client:
        client.post("/v1/check", json=asked | {"model": model})
        monkeypatch.setattr("crossjudge.apps.checking.checker.nearest_encoder", None)
        answer = client.post("/v1/check", json=asked | {"model": model})
    assert answer.json()["results"] == [expected]
