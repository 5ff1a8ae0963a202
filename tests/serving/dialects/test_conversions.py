"""What the dialects' requests mean: which pairs are asked, what may be cut, and whose model answers."""

from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

from crossjudge import CrossEncoder, Reranker
from crossjudge.apps.guarding import PolicyCheck
from crossjudge.errors import InputError
from crossjudge.models.activation_functions import sigmoid
from crossjudge.serving.dialects import tei, vllm
from crossjudge.serving.dialects.model_names import served_name
from crossjudge.serving.dialects.moderation import categories, moderated, policies
from crossjudge.serving.dialects.scoring import Cutting, encode
from crossjudge.serving.faults import Refused
from crossjudge.types import Pair
from serving.dialects.scripted import served

MODEL = CrossEncoder(backend="fake", head="relevance", max_length=16)
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


@pytest.mark.parametrize(
    ("inputs", "pairs", "single"),
    [
        (["a", "b"], [("a", "b")], True),
        ([["a", "b"]], [("a", "b")], False),
        ([["a", "b"], ["c", "d"]], [("a", "b"), ("c", "d")], False),
    ],
)
def test_two_texts_are_one_pair_and_lists_of_lists_are_many(inputs, pairs, single) -> None:
    asked = tei.asked_pairs(tei.PredictRequest(inputs=inputs).inputs)
    assert (asked.pairs, asked.single) == (pairs, single)


@pytest.mark.parametrize("inputs", [[], ["a", "b", "c"], [[]], [["a", "b", "c"]], ["a", ["b"]], [["a"], "b"], 3])
def test_what_tei_does_not_take_is_refused(inputs) -> None:
    with pytest.raises(ValueError, match="inputs"):
        tei.PredictRequest(inputs=inputs)


@pytest.mark.parametrize("inputs", ["a", ["a"], [["a", "b"], ["c"]]])
def test_a_text_alone_is_refused_since_we_judge_pairs(inputs) -> None:
    with pytest.raises(InputError, match="one text"):
        tei.asked_pairs(tei.PredictRequest(inputs=inputs).inputs)


def test_scores_are_asked_one_to_one_one_to_many_or_many_to_as_many() -> None:
    assert vllm.scored_pairs("a", "b") == [("a", "b")]
    assert vllm.scored_pairs("a", ["b", "c"]) == [("a", "b"), ("a", "c")]
    assert vllm.scored_pairs(["a", "b"], ["c", "d"]) == [("a", "c"), ("b", "d")]
    with pytest.raises(InputError, match="2 first and 1 second"):
        vllm.scored_pairs(["a", "b"], "c")


def test_what_nobody_limits_is_encoded_as_the_model_encodes_it() -> None:
    pairs = [("a b", "c"), (LONG, "short"), ("short", LONG), (LONG, LONG)]
    plain = MODEL.tokenizer.encode([MODEL.prepared(Pair(*pair)) for pair in pairs])
    for ours, models in zip(encode(MODEL, pairs, Cutting()), plain, strict=True):
        assert ours.input_ids.tolist() == models.input_ids.tolist()


def test_a_pair_that_may_not_be_cut_is_refused_with_what_it_has_and_what_fits() -> None:
    with pytest.raises(Refused) as refused:
        encode(MODEL, [("a", "b"), (LONG, LONG)], Cutting(allowed=False))
    fault = refused.value.fault
    assert (fault.status, fault.details["index"], fault.details["allowed"]) == (413, 1, MODEL.max_length)
    assert fault.details["over_by"] == fault.details["seen"] - MODEL.max_length > 0


def test_the_end_that_is_named_is_cut_off() -> None:
    right, left = (encode(MODEL, [("q", LONG)], Cutting(side=side))[0] for side in ("right", "left"))
    ids = MODEL.tokenizer.token_ids([LONG])[LONG]
    assert int(ids[0]) in right.input_ids
    assert int(ids[-1]) not in right.input_ids
    assert int(ids[-1]) in left.input_ids
    assert int(ids[0]) not in left.input_ids


def test_no_more_is_read_of_a_text_and_of_a_pair_than_was_allowed() -> None:
    [one] = encode(MODEL, [(LONG, LONG)], Cutting(first=2, second=3))
    assert (one.kept_a, one.kept_b) == (2, 3)
    assert len(encode(MODEL, [(LONG, LONG)], Cutting(whole=9))[0]) == 9


def test_a_served_name_is_itself_and_a_hosted_services_name_the_first_model() -> None:
    assert served_name(None, ["mine"]) is None
    assert served_name("mine", ["mine"]) == "mine"
    assert served_name("rerank-v3.5", ["mine"]) is None
    assert served_name("jina-reranker-v2-base-multilingual", ["mine"]) is None
    assert served_name("omni-moderation-latest", ["mine"]) is None
    assert served_name("rerank-of-ours", ["rerank-of-ours"]) == "rerank-of-ours"
    assert served_name("yours", ["mine"]) == "yours"


def test_categories_are_openais_and_each_policy_asked_is_needed() -> None:
    their_model = pytest.importorskip("openai.types.moderation").Categories
    theirs = {field.alias or name for name, field in their_model.model_fields.items()}
    assert set(categories()) == theirs
    assert {policy for category in categories().values() for policy in category.policies} == set(policies())


def test_any_broken_policy_makes_a_category_apply_unless_it_needs_all() -> None:
    kept = {name: PolicyCheck(score=0.9, passed=True) for name in policies()}
    assert not moderated(kept).flagged
    threat = moderated(kept | {"threats": PolicyCheck(score=0.2, passed=False)})
    assert threat.applies["harassment"]
    assert threat.applies["harassment/threatening"]
    assert threat.scores["harassment"] == pytest.approx(0.8)
    assert not threat.applies["hate/threatening"]
    assert threat.scores["hate/threatening"] == pytest.approx(0.1)
    assert threat.scores["sexual"] == 0
    assert not threat.applies["sexual"]


def test_v1_rerank_has_the_numbers_of_the_reranker(server: TestClient) -> None:
    documents = ["yes and no", "yes yes", "no", "nothing", LONG * 60]
    ranked = Reranker(CrossEncoder(backend="fake", head="relevance"))("which?", documents)
    answer = server.post("/v1/rerank", json={"query": "which?", "documents": documents}).json()
    assert [one["index"] for one in answer["results"]] == [one.index for one in ranked]
    scores = sigmoid(np.array([one.score for one in ranked], dtype=np.float32))
    assert [one["relevance_score"] for one in answer["results"]] == pytest.approx(scores.tolist())


def test_all_rerank_dialects_give_the_same_order_and_scores(server: TestClient) -> None:
    texts = ["no", "maybe", "yes", "yes yes"]
    tei_answer = server.post("/rerank", json={"query": "q", "texts": texts}).json()
    scores = [(one["index"], one["score"]) for one in tei_answer]
    for path, body in [
        ("/rerank", {"documents": texts}),
        ("/v1/rerank", {"documents": texts}),
        ("/v2/rerank", {"documents": texts}),
    ]:
        results = server.post(path, json={"query": "q", **body}).json()["results"]
        assert [(one["index"], one["relevance_score"]) for one in results] == scores, path


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/rerank", {"query": "q", "texts": ["word " * 600]}, 413),
        ("/rerank", {"query": "q", "texts": ["word " * 600], "truncate": True}, 200),
        ("/predict", {"inputs": ["a", "word " * 600], "truncate": False}, 413),
        ("/predict", {"inputs": ["a", "word " * 600], "truncate": True, "truncation_direction": "Left"}, 200),
        ("/score", {"text_1": "q", "text_2": "word " * 600}, 413),
        ("/score", {"text_1": "q", "text_2": "word " * 600, "truncate_prompt_tokens": -1}, 200),
        ("/v1/rerank", {"query": "q", "documents": ["word " * 600]}, 200),
    ],
)
def test_too_long_is_refused_where_the_dialect_refuses_it(server: TestClient, path, body, status) -> None:
    assert server.post(path, json=body).status_code == status


def test_info_tells_labels_and_limits(server: TestClient) -> None:
    told = server.get("/info").json()
    labels = CrossEncoder(backend="fake").labels
    assert told["model_id"] == "embedded"
    assert told["model_type"]["classifier"]["label2id"] == {label: number for number, label in enumerate(labels)}
    assert (told["max_input_length"], told["auto_truncate"]) == (512, False)


def test_health_follows_readiness() -> None:
    with served() as client:
        _until_ready(client)
        assert (client.get("/health").status_code, client.get("/health").content) == (200, b"")
        client.app.state.server.draining = True
        stopping = client.get("/health")
    assert (stopping.status_code, stopping.json()["error_type"]) == (503, "Unhealthy")


@pytest.mark.parametrize(
    ("path", "message"),
    [("/predict", "error"), ("/v2/rerank", "message"), ("/v1/rerank", "detail"), ("/score", "error.message")],
)
def test_refusals_come_in_the_shape_that_the_dialects_clients_read(server: TestClient, path, message) -> None:
    told = server.post(path, json={}).json()
    for key in message.split("."):
        told = told[key]
    assert isinstance(told, str)
    assert told


def _until_ready(client: TestClient) -> None:
    for _ in range(2_000):
        if client.get("/readyz").status_code == 200:
            return
    raise AssertionError("never ready")
