"""For every use: what a client gives is what the library gives, field for field, one input or many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from client.standing_in import CLIENTS, running
from crossjudge import (
    AnswerPicker,
    BiEncoder,
    ClaimChecker,
    CrossEncoder,
    Deduplicator,
    Grader,
    Guardrail,
    Judge,
    Reranker,
    RubricScorer,
    Tagger,
)
from crossjudge.apps.guarding import FittedThresholds, PolicyThreshold
from crossjudge.apps.thresholds import Thresholds
from crossjudge.errors import CrossjudgeError, FingerprintError, LimitError
from crossjudge.serving import Limits

MODEL = CrossEncoder(backend="fake")
JOINT = CrossEncoder("embedded-joint", backend="fake")
RELEVANCE = CrossEncoder(head="relevance", backend="fake")
DUPLICATES = Deduplicator(
    model=Judge(CrossEncoder(head="duplicate", backend="fake"), objective="duplicate"),
    first_stage_model=BiEncoder(backend="fake"),
)

TEXT = "The ferry was late and the cabin was cold. Write to ann@example.com."
LONG = " ".join(f"Cabin {n} was cold." for n in range(150))
HALF = "The ferry \ud83d was late."
"""With half a character, which no JSON may hold."""

LABELS = ["ferry", "rain"]
HYPOTHESES = {"calm": "The writer is calm.", "angry": "The writer is angry."}
POLICIES = {"pii": "The text holds no personal data.", "kind": "This text contains no insults."}
RUBRIC = {"short": "The answer is short.", "reason": "The answer gives a reason."}
PAIRS = [(TEXT, "The ferry was late."), (TEXT, "It sank."), ("a", "b"), (LONG, "Cabin 7 was cold."), (HALF, "Late.")]
CHECKED = [
    (TEXT, "The ferry was late. It sank."),
    ([TEXT, "It sank. Cabin 7 was warm."], ["It sank.", "One. Two."]),
    (TEXT, "Late."),
]
QUESTIONS = [(TEXT, "What was late?", ["The ferry", "The cabin"]), (LONG, "What was cold?", ["Cabin 7"])]
EXCHANGES = [("Why?", TEXT), ("Why?", ""), ("How?", LONG)]
ANSWERS = ["The ferry was late.", "", "The cabin was warm."]
QUERIES = [("late?", [TEXT, "Sunny.", LONG]), ("cold?", []), ("warm?", ["Sunny.", "Sunny."])]
TEXTS = [TEXT, TEXT.upper(), "Sunny.", "sunny", LONG]
REPEATED = [TEXT, TEXT.upper(), "Sunny.", "sunny", "It sank."]
BY_NAME = {"ferry": 0.2, "rain": 0.9}
FITTED = Thresholds({"ferry": 0.1}, 0.4, MODEL.fingerprint)
FITTED_POLICIES = FittedThresholds(
    policies={
        name: PolicyThreshold(policy=text, threshold=0.3, violating=1, accepted=0, compliant=1, blocked=0)
        for name, text in POLICIES.items()
    },
    false_accept_rate=0.05,
    confidence=0.95,
    fingerprint=JOINT.fingerprint,
    temperature=1.0,
)

CASES = {
    "judge one": (lambda c: c.judge()(*PAIRS[0]), lambda: Judge(MODEL)(*PAIRS[0])),
    "judge many": (lambda c: c.judge().batch(PAIRS), lambda: Judge(MODEL).batch(PAIRS)),
    "judge unsure": (
        lambda c: c.judge(abstain_below=0.9).batch(PAIRS),
        lambda: Judge(MODEL, abstain_below=0.9).batch(PAIRS),
    ),
    "judge relevance": (
        lambda c: c.judge(objective="relevance").batch(PAIRS),
        lambda: Judge(RELEVANCE, objective="relevance").batch(PAIRS),
    ),
    "tag one": (lambda c: c.tagger(LABELS)(TEXT), lambda: Tagger(LABELS, model=MODEL)(TEXT)),
    "tag many": (
        lambda c: c.tagger(HYPOTHESES, threshold=0.3).batch(TEXTS),
        lambda: Tagger(HYPOTHESES, threshold=0.3, model=MODEL).batch(TEXTS),
    ),
    "tag with all settings": (
        lambda c: c.tagger(
            LABELS, template="It is {}.", multi_label=False, threshold=BY_NAME, descriptions={"rain": "wet weather"}
        ).batch(TEXTS),
        lambda: Tagger(
            LABELS,
            template="It is {}.",
            multi_label=False,
            threshold=BY_NAME,
            descriptions={"rain": "wet weather"},
            model=MODEL,
        ).batch(TEXTS),
    ),
    "tag by fitted thresholds": (
        lambda c: c.tagger(LABELS, threshold=FITTED).batch(TEXTS),
        lambda: Tagger(LABELS, threshold=FITTED, model=MODEL).batch(TEXTS),
    ),
    "tag by labels of its own": (
        lambda c: c.tagger(LABELS, threshold=BY_NAME)(TEXT, ["cabin", "ferry"]),
        lambda: Tagger(LABELS, threshold=BY_NAME, model=MODEL)(TEXT, ["cabin", "ferry"]),
    ),
    "tag each by labels of its own": (
        lambda c: c.tagger(LABELS).batch(TEXTS, [None, ["sun"], HYPOTHESES, ["sun"], None]),
        lambda: Tagger(LABELS, model=MODEL).batch(TEXTS, [None, ["sun"], HYPOTHESES, ["sun"], None]),
    ),
    "check one": (lambda c: c.claim_checker()(*CHECKED[0]), lambda: ClaimChecker(model=JOINT)(*CHECKED[0])),
    "check many": (
        lambda c: c.claim_checker(threshold=0.4, window_tokens=20).batch(CHECKED),
        lambda: ClaimChecker(model=JOINT, threshold=0.4, window_tokens=20).batch(CHECKED),
    ),
    "answer one": (lambda c: c.answer_picker()(*QUESTIONS[0]), lambda: AnswerPicker(model=JOINT)(*QUESTIONS[0])),
    "answer many": (
        lambda c: c.answer_picker(template="It was {}.").batch(QUESTIONS),
        lambda: AnswerPicker(template="It was {}.", model=JOINT).batch(QUESTIONS),
    ),
    "score one": (
        lambda c: c.rubric_scorer(RUBRIC)(*EXCHANGES[0]),
        lambda: RubricScorer(RUBRIC, model=JOINT)(*EXCHANGES[0]),
    ),
    "score many": (
        lambda c: c.rubric_scorer(RUBRIC, weights={"short": 3}).batch(EXCHANGES),
        lambda: RubricScorer(RUBRIC, weights={"short": 3}, model=JOINT).batch(EXCHANGES),
    ),
    "the best of several": (
        lambda c: c.rubric_scorer(RUBRIC).best_of("Why?", ["", TEXT, LONG]),
        lambda: RubricScorer(RUBRIC, model=JOINT).best_of("Why?", ["", TEXT, LONG]),
    ),
    "guard one": (lambda c: c.guardrail(POLICIES)(TEXT), lambda: Guardrail(POLICIES, model=JOINT)(TEXT)),
    "guard many": (
        lambda c: c.guardrail(POLICIES, thresholds={"kind": 0.2}).batch(TEXTS),
        lambda: Guardrail(POLICIES, thresholds={"kind": 0.2}, model=JOINT).batch(TEXTS),
    ),
    "guard by the model alone": (
        lambda c: c.guardrail(POLICIES, recognizers=None, thresholds=0.1).batch(TEXTS),
        lambda: Guardrail(POLICIES, recognizers=None, thresholds=0.1, model=JOINT).batch(TEXTS),
    ),
    "guard by fitted thresholds": (
        lambda c: c.guardrail(POLICIES, thresholds=FITTED_POLICIES).batch(TEXTS),
        lambda: Guardrail(POLICIES, thresholds=FITTED_POLICIES, model=JOINT).batch(TEXTS),
    ),
    "grade one": (lambda c: c.grader(TEXT)(ANSWERS[0]), lambda: Grader(TEXT, model=JOINT)(ANSWERS[0])),
    "grade many": (
        lambda c: c.grader([TEXT, "It was cold."], question="How was it?").batch(ANSWERS),
        lambda: Grader([TEXT, "It was cold."], question="How was it?", model=JOINT).batch(ANSWERS),
    ),
    "rank one": (lambda c: c.reranker()(*QUERIES[0], top_k=2), lambda: Reranker(RELEVANCE)(*QUERIES[0], top_k=2)),
    "rank many": (lambda c: c.reranker().batch(QUERIES), lambda: Reranker(RELEVANCE).batch(QUERIES)),
    "find duplicates": (lambda c: c.deduplicator()(REPEATED), lambda: DUPLICATES(REPEATED)),
    "find duplicates of many": (
        lambda c: c.deduplicator().batch([REPEATED, [TEXT], []]),
        lambda: [*DUPLICATES.batch([REPEATED, [TEXT]]), []],
    ),
    "an account of duplicates": (lambda c: c.deduplicator().report(REPEATED), lambda: DUPLICATES.report(REPEATED)),
    "an account of one text": (lambda c: c.deduplicator().report([TEXT]), lambda: DUPLICATES.report([TEXT])),
    "compare": (lambda c: c.deduplicator().compare(TEXT, "Late."), lambda: DUPLICATES.compare(TEXT, "Late.")),
    "compare copies": (
        lambda c: c.deduplicator().compare("Late.", "late."),
        lambda: DUPLICATES.compare("Late.", "late."),
    ),
}
"""What is asked of a client, and of the library."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize("case", CASES)
def test_a_client_gives_what_the_library_gives(url, case, ask):
    remote, here = CASES[case]
    found, expected = ask(url, remote), here()
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("ask", CLIENTS)
@pytest.mark.parametrize(
    "do",
    [
        lambda c: c.judge().batch([]),
        lambda c: c.tagger(LABELS).batch([]),
        lambda c: c.claim_checker().batch([]),
        lambda c: c.answer_picker().batch([]),
        lambda c: c.rubric_scorer(RUBRIC).batch([]),
        lambda c: c.guardrail(POLICIES).batch([]),
        lambda c: c.grader(TEXT).batch([]),
        lambda c: c.reranker().batch([]),
        lambda c: c.deduplicator().batch([]),
    ],
)
def test_nothing_asked_is_nothing_sent(do, ask):
    """No server is there, and none is missed."""
    assert ask("http://127.0.0.1:9", do) == []


def test_a_scorer_is_a_reward_and_a_metric(url):
    def reward(client):
        scorer = client.rubric_scorer(RUBRIC)
        metric = scorer.metric()({"question": "Why?"}, {"answer": TEXT})
        return scorer.reward(["Why?"], [[{"role": "assistant", "content": TEXT}]]), metric

    expected = RubricScorer(RUBRIC, model=JOINT)("Why?", TEXT).overall
    assert CLIENTS[0](url, reward) == ([expected], expected)


def test_texts_that_cannot_be_divided_are_over_the_limit_together():
    with running(limits=Limits(items=3, linger_s=0.01)) as url:
        with pytest.raises(LimitError, match=r"413 items.*cannot be divided") as caught:
            CLIENTS[0](url, lambda c: c.deduplicator()(REPEATED))
        assert (caught.value.allowed, caught.value.seen) == (3, 5)


def test_thresholds_of_another_model_are_refused(url):
    other = Thresholds({"ferry": 0.1}, 0.4, "another:model")
    with pytest.raises(FingerprintError, match="fitted for the model another:model, and the server's is none:"):
        CLIENTS[0](url, lambda c: c.tagger(LABELS, threshold=other)(TEXT))
    with pytest.raises(FingerprintError, match="fitted for the model another:model"):
        CLIENTS[0](
            url, lambda c: c.guardrail(POLICIES, thresholds=replace(FITTED_POLICIES, fingerprint="another:model"))(TEXT)
        )


@pytest.mark.parametrize(
    ("remote", "here"),
    [
        (lambda c: c.judge().batch([("a", "b"), ("a", None)]), lambda: Judge(MODEL).batch([("a", "b"), ("a", None)])),
        (lambda c: c.judge(objective="nothing"), lambda: Judge(MODEL, objective="nothing")),
        (lambda c: c.tagger(["a", "A"]), lambda: Tagger(["a", "A"], model=MODEL)),
        (lambda c: c.tagger(["a"], threshold={"b": 0.1}), lambda: Tagger(["a"], threshold={"b": 0.1}, model=MODEL)),
        (lambda c: c.tagger(["a"], descriptions={"b": ""}), lambda: Tagger(["a"], descriptions={"b": ""}, model=MODEL)),
        (lambda c: c.tagger(["a"], template="a"), lambda: Tagger(["a"], template="a", model=MODEL)),
        (lambda c: c.tagger(["a"]).batch(["b", " "]), lambda: Tagger(["a"], model=MODEL).batch(["b", " "])),
        (lambda c: c.tagger(["a"]).batch(["b"], ["c"]), lambda: Tagger(["a"], model=MODEL).batch(["b"], ["c"])),
        (lambda c: c.claim_checker(threshold=2), lambda: ClaimChecker(threshold=2, model=JOINT)),
        (lambda c: c.claim_checker().batch([("a", "b"), ("", "b")]),
         lambda: ClaimChecker(model=JOINT).batch([("a", "b"), ("", "b")])),
        (lambda c: c.answer_picker()("a", "b", []), lambda: AnswerPicker(model=JOINT)("a", "b", [])),
        (lambda c: c.rubric_scorer({}, weights={"a": 1}), lambda: RubricScorer({}, weights={"a": 1}, model=JOINT)),
        (lambda c: c.rubric_scorer(RUBRIC).batch([("a",)]), lambda: RubricScorer(RUBRIC, model=JOINT).batch([("a",)])),
        (lambda c: c.guardrail({}), lambda: Guardrail({}, model=JOINT)),
        (lambda c: c.guardrail(POLICIES, thresholds=2), lambda: Guardrail(POLICIES, thresholds=2, model=JOINT)),
        (lambda c: c.guardrail(POLICIES)(""), lambda: Guardrail(POLICIES, model=JOINT)("")),
        (lambda c: c.grader([]), lambda: Grader([], model=JOINT)),
        (lambda c: c.grader("a").batch(["b", None]), lambda: Grader("a", model=JOINT).batch(["b", None])),
        (lambda c: c.reranker()("", ["a"]), lambda: Reranker(RELEVANCE)("", ["a"])),
        (lambda c: c.reranker()("a", ["b"], top_k=0), lambda: Reranker(RELEVANCE)("a", ["b"], top_k=0)),
        (lambda c: c.deduplicator()(["a", ""]), lambda: DUPLICATES(["a", ""])),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_same_words_before_anything_is_sent(remote, here):
    """No server is there."""
    with pytest.raises(CrossjudgeError) as expected:
        here()
    with pytest.raises(type(expected.value)) as found:
        CLIENTS[0]("http://127.0.0.1:9", remote)
    assert str(found.value) == str(expected.value)
    assert getattr(found.value, "index", None) == getattr(expected.value, "index", None)


def test_a_result_of_a_guardrail_can_be_redacted(url):
    result = CLIENTS[0](url, lambda c: c.guardrail(POLICIES)(TEXT))
    assert result.redacted(TEXT).endswith("Write to [EMAIL].")


@pytest.mark.parametrize("ask", CLIENTS)
def test_models_are_listed_and_asked_by_name(ask):
    with running(models={"house": "embedded"}) as url:
        listed = ask(url, lambda c: c.models())
        assert [(one.name, one.is_default) for one in listed] == [
            ("house", True),
            ("embedded", False),
            ("embedded-joint", False),
            ("embedded-xs", False),
        ]
        assert {one.state for one in listed} <= {"loaded", "loading", "cold"}
        expected = Judge(MODEL)("a", "b")
        assert ask(url, lambda c: c.judge(model="embedded")("a", "b")) == expected
        assert ask(url, lambda c: c.judge()("a", "b"), model="house") == expected
