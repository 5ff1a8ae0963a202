"""Guarding: what a policy's check says, when a text is allowed, and thresholds with a stated rate of false accepts."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge import CrossEncoder, Judge
from crossjudge.apps.guarding import (
    FittedThresholds,
    Guardrail,
    Recognizer,
    default_recognizers,
    policy_set,
    policy_set_names,
)
from crossjudge.apps.guarding.fitting import accepted_allowed, least_threshold
from crossjudge.apps.guarding.ties import tied_kinds
from crossjudge.apps.pieces import pieces
from crossjudge.errors import CorruptFileError, FingerprintError, InputError, ItemError, ObjectiveError
from crossjudge.types import Span

POLICIES = {
    "kind": "This text contains no insults.",
    "private": "This text contains no email addresses and no phone numbers.",
}
TEXTS = [
    "The parcel came on Monday.",
    "Write to ann@example.org, please.",
    "This text contains no insults at all.",
    "Ring (415) 555-0132 or write to bob@example.org.",
]


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    return CrossEncoder(backend="fake")


@pytest.fixture(scope="module")
def guardrail(model: CrossEncoder) -> Guardrail:
    return Guardrail(POLICIES, thresholds=0.0, model=model)


def entailment(model: CrossEncoder, text: str, policy: str) -> float:
    return Judge(model)(text, policy).probabilities["entailment"]


# --- scores and decisions ---


def test_the_name_of_a_ready_set_is_told_how_it_is_passed():
    with pytest.raises(InputError, match=r"'pii', the name of a ready set.*Pass policy_set\('pii'\)"):
        Guardrail("pii")


def test_a_score_is_the_probability_that_the_text_entails_the_policy(guardrail, model):
    for text, result in zip(TEXTS, guardrail.batch(TEXTS), strict=True):
        assert list(result.checks) == list(POLICIES)
        for name, policy in POLICIES.items():
            assert result.checks[name].score == pytest.approx(entailment(model, text, policy), abs=1e-6)
        assert result.overall == pytest.approx(sum(check.score for check in result.checks.values()) / 2)


def test_a_policy_is_passed_from_its_threshold_on(model):
    score = entailment(model, TEXTS[0], POLICIES["kind"])
    for threshold, passed in ((score, True), (math.nextafter(score, 2), False), (0.0, True)):
        result = Guardrail({"kind": POLICIES["kind"]}, thresholds={"kind": threshold}, model=model)(TEXTS[0])
        assert result.checks["kind"].passed is passed
        assert result.decision == ("ALLOW" if passed else "BLOCK")


def test_a_batch_is_what_single_calls_give(guardrail):
    assert guardrail.batch(TEXTS) == [guardrail(text) for text in TEXTS]
    assert guardrail.batch([]) == []


def test_what_is_abstained_from_is_for_review_unless_something_fails(model):
    unsure = Judge(model, abstain_below=1.0)
    assert Guardrail(POLICIES, thresholds=0.0, model=unsure)(TEXTS[0]).decision == "REVIEW"
    assert Guardrail(POLICIES, thresholds=1.0, model=unsure)(TEXTS[0]).decision == "BLOCK"
    assert Guardrail(POLICIES, thresholds=0.0, model=unsure)(TEXTS[1]).decision == "BLOCK"


def test_progress_hears_of_texts(guardrail):
    heard = []
    guardrail.batch(TEXTS, progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (4, 4)


# --- recognisers ---


def test_a_hit_fails_the_policy_that_forbids_it_and_no_other(guardrail):
    result = guardrail(TEXTS[3])
    assert result.decision == "BLOCK"
    assert result.checks["kind"].passed
    assert not result.checks["private"].passed
    assert [TEXTS[3][span.start : span.end] for span in result.checks["private"].spans] == [
        "(415) 555-0132",
        "bob@example.org",
    ]


def test_a_result_redacts_its_text(guardrail):
    assert guardrail(TEXTS[3]).redacted(TEXTS[3]) == "Ring [PHONE] or write to [EMAIL]."
    assert guardrail(TEXTS[0]).redacted(TEXTS[0]) == TEXTS[0]


def test_recognisers_can_be_left_out_or_be_ones_own(model):
    assert Guardrail(POLICIES, thresholds=0.0, model=model, recognizers=None)(TEXTS[1]).decision == "ALLOW"
    parcel = Recognizer("parcel", lambda text: [Span(4, 10)] if "parcel" in text else [])
    own = Guardrail({"p": "This text mentions no parcels."}, thresholds=0.0, model=model, recognizers=[parcel])
    assert own(TEXTS[0]).redacted(TEXTS[0]) == "The [PARCEL] came on Monday."
    assert own(TEXTS[1]).decision == "ALLOW"


@pytest.mark.parametrize(
    ("name", "policy", "kinds"),
    [
        ("x", "This text does not contain names, emails or phone numbers.", {"email", "phone"}),
        ("x", "There is no personally identifiable information.", {"email", "phone", "card", "iban", "ip", "ssn"}),
        ("x", "The reply is free of IP addresses.", {"ip"}),
        ("x", "This must not include any contact info.", {"email", "phone"}),
        ("x", "The reply doesn't reveal passwords or API keys.", {"key", "secret"}),
        ("x", "Credit card numbers are not shown.", {"card"}),
        ("x", "Social Security numbers have been redacted.", {"ssn"}),
        ("No-PII", "Fine.", {"email", "phone", "card", "iban", "ip", "ssn"}),
        ("secrets", "Fine.", {"key", "secret"}),
        ("x", "This text gives an email address to write to.", set()),
        ("x", "The writer does not ask for a password.", set()),
        ("x", "This text is polite.", set()),
        ("x", "It contains no insults. An email address is welcome.", set()),
    ],
)
def test_recognisers_are_tied_by_name_or_by_what_a_policy_denies(name, policy, kinds):
    assert tied_kinds(name, policy, default_recognizers()) == kinds


# --- long texts ---


def test_of_a_long_text_the_piece_that_keeps_a_policy_least_decides(model):
    policy = POLICIES["kind"]
    short = CrossEncoder(backend="fake", max_length=64)
    text = f"{policy} " * 20 + "zebra quartz " * 40 + f"{policy} " * 20
    check = Guardrail({"kind": policy}, thresholds=0.5, model=short)(text).checks["kind"]
    assert Judge(short)(text, policy).probabilities["entailment"] > 0.5
    assert check.score < 0.5
    assert not check.passed
    assert check.tokens_dropped == 0


def test_a_policy_that_cannot_be_read_whole_is_for_review():
    cutting = Judge(CrossEncoder(backend="fake", max_length=16), on_overflow="truncate")
    result = Guardrail({"long": "no insults " * 40}, thresholds=0.0, model=cutting)("Good day.")
    assert result.decision == "REVIEW"
    assert result.checks["long"].tokens_dropped > 0


@example("00000", 4)
@given(st.text(min_size=1, max_size=300), st.integers(4, 50))
def test_pieces_fit_and_cover_the_text(text, room):
    found = pieces(text, room=room, count=len)
    assert all(len(piece) <= room for piece in found)
    place = 0
    for piece in found:
        # As far on as leaves no gap: in "00000" a piece stands in several places.
        start = text.rfind(piece, 0, place + len(piece))
        assert start >= 0
        place = max(place, start + len(piece))
    assert place == len(text)


# --- fitted thresholds ---


def examples(count: int) -> list[tuple[str, dict[str, bool]]]:
    rng = random.Random(7)
    words = ["this", "text", "contains", "no", "insults", "parcel", "monday", "ships", "dusk", "harbour"]
    return [(" ".join(rng.sample(words, 6)) + f" {n}", {"kind": n % 2 == 0}) for n in range(count)]


def test_fitted_thresholds_bar_the_violating_texts_they_were_fitted_on(guardrail, model, tmp_path):
    fitted = guardrail.fit_thresholds(examples(240), false_accept_rate=0.1)
    one = fitted.policies["kind"]
    assert (one.violating, one.compliant) == (120, 120)
    assert one.accepted == accepted_allowed(120, false_accept_rate=0.1, confidence=0.95) < 12
    fitted.save(tmp_path / "thresholds.json")
    again = FittedThresholds.load(tmp_path / "thresholds.json")
    assert again == fitted
    guarded = Guardrail(POLICIES, thresholds=again, model=model)
    assert guarded.thresholds == {"kind": one.threshold, "private": 0.5}
    results = guarded.batch([text for text, _ in examples(240)])
    passed = [result.checks["kind"].passed for result in results]
    assert sum(passed[1::2]) == one.accepted
    assert 120 - sum(passed[::2]) == one.blocked


def test_what_a_recogniser_catches_needs_no_threshold(guardrail):
    labelled = [(f"write to a{n}@example.org", {"private": False}) for n in range(60)]
    fitted = guardrail.fit_thresholds(labelled).policies["private"]
    assert (fitted.threshold, fitted.accepted) == (0.0, 0)


def test_the_rate_holds_as_often_as_was_promised():
    """400 samples of 100 scores each, of which the true false-accept rate is known."""
    rng = random.Random(3)
    held = sum(
        1 - least_threshold([rng.random() for _ in range(100)], false_accept_rate=0.1, confidence=0.9, policy="x")
        <= 0.1
        for _ in range(400)
    )
    assert 0.87 <= held / 400 <= 0.97


@given(st.lists(st.floats(0, 0.99), min_size=60, max_size=90))
def test_ties_never_let_more_pass_than_allowed(scores):
    threshold = least_threshold(scores, false_accept_rate=0.05, confidence=0.95, policy="x")
    allowed = accepted_allowed(len(scores), false_accept_rate=0.05, confidence=0.95)
    assert sum(score >= threshold for score in scores) <= allowed


@pytest.mark.parametrize(("texts", "allowed"), [(58, None), (59, 0), (92, 0), (93, 1)])
def test_how_many_texts_it_takes(texts, allowed):
    """59 for none and 93 for one, as in the tables of Wilks' tolerance limits."""
    assert accepted_allowed(texts, false_accept_rate=0.05, confidence=0.95) == allowed


@pytest.mark.parametrize("example", ["abc", ("a text",), ("a text", {"private": "false"}), ("a text", {"private": 1})])
def test_examples_are_a_text_and_what_it_keeps(guardrail, example):
    with pytest.raises(InputError, match="Fitting thresholds: example 0 is"):
        guardrail.fit_thresholds([example])


def test_fitting_says_what_it_lacks(guardrail):
    with pytest.raises(InputError, match="10 texts break it; at least 59 are needed"):
        guardrail.fit_thresholds(examples(20))
    with pytest.raises(InputError, match="example 0 is labelled"):
        guardrail.fit_thresholds([("a text", {"unknown": True})])
    with pytest.raises(InputError, match="the confidence is 1"):
        guardrail.fit_thresholds(examples(20), confidence=1)
    with pytest.raises(InputError, match="no threshold bars them"):
        least_threshold([1.0] * 60, false_accept_rate=0.05, confidence=0.95, policy="x")


def test_thresholds_of_another_model_or_other_words_are_refused(guardrail, model, tmp_path):
    fitted = guardrail.fit_thresholds(examples(240), false_accept_rate=0.1)
    with pytest.raises(FingerprintError, match="Fit them on this model"):
        Guardrail(POLICIES, thresholds=replace(fitted, fingerprint="another"), model=model)
    with pytest.raises(FingerprintError, match="temperature 2"):
        Guardrail(POLICIES, thresholds=replace(fitted, temperature=2.0), model=model)
    with pytest.raises(InputError, match="Fit it again for these words"):
        Guardrail({"kind": "No insults."}, thresholds=fitted, model=model)
    (tmp_path / "broken.json").write_text(json.dumps({"policies": {}}))
    with pytest.raises(CorruptFileError):
        FittedThresholds.load(tmp_path / "broken.json")
    with pytest.raises(InputError, match="cannot be read"):
        FittedThresholds.load(tmp_path / "missing.json")


# --- bad input ---


@pytest.mark.parametrize("policies", [{}, {"a": ""}, {"": "x"}, {"a": "x", "A ": "y"}, ["a"], {"a": 1}])
def test_policies_that_say_nothing_are_refused(policies, model):
    with pytest.raises(InputError):
        Guardrail(policies, model=model)


@pytest.mark.parametrize("thresholds", [1.5, -0.1, "high", {"kind": 2}, {"unknown": 0.5}, True])
def test_thresholds_out_of_place_are_refused(thresholds, model):
    with pytest.raises(InputError):
        Guardrail(POLICIES, thresholds=thresholds, model=model)


@pytest.mark.parametrize("recognizers", ["none", [len], ["email"]])
def test_recognisers_that_are_none_are_refused(recognizers, model):
    with pytest.raises(InputError, match="expected 'default', None or a list"):
        Guardrail(POLICIES, model=model, recognizers=recognizers)


@pytest.mark.parametrize("text", ["", " \n", None, 7])
def test_an_empty_text_names_its_place(guardrail, text):
    with pytest.raises(ItemError) as raised:
        guardrail.batch(["fine", text])
    assert raised.value.index == 1


def test_a_text_is_not_taken_for_a_list_of_letters(guardrail):
    with pytest.raises(InputError, match="Call the guardrail itself"):
        guardrail.batch("a text")


def test_a_model_for_something_else_is_refused():
    similar = Judge(CrossEncoder(backend="fake", num_labels=1), objective="similarity", force=True)
    with pytest.raises(ObjectiveError, match="judges 'similarity'"):
        Guardrail(POLICIES, model=similar)


def test_ten_thousand_texts_and_mixed_languages(guardrail):
    texts = ["Guten Tag, здравствуйте, 你好!", "مرحبا"] * 5_000
    results = guardrail.batch(texts)
    assert len(results) == 10_000
    assert results[0::2] == [results[0]] * 5_000


def test_a_result_is_plain_json(guardrail):
    plain = guardrail(TEXTS[1]).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["checks"]["private"]["spans"] == [{"start": 9, "end": 24, "kind": "email"}]
    assert plain["decision"] == "BLOCK"


# --- ready sets ---


def test_every_ready_set_can_be_guarded_with(model):
    assert set(policy_set_names()) == {"pii", "toxicity", "illegal", "injection", "off-topic"}
    policies = policy_set(*policy_set_names(), topic="cooking")
    assert Guardrail(policies, model=model)("Stir it well.").checks.keys() == policies.keys()
    assert policies["on_topic"].endswith("cooking.")


def test_no_two_sets_share_a_name_or_words():
    policies = [item for name in policy_set_names() for item in policy_set(name, topic="x").items()]
    assert len({name for name, _ in policies}) == len({text for _, text in policies}) == len(policies)


def test_the_private_set_uses_every_recogniser():
    tied = [tied_kinds(name, policy, default_recognizers()) for name, policy in policy_set("pii").items()]
    assert frozenset().union(*tied) == {one.kind for one in default_recognizers()}


@pytest.mark.parametrize(
    ("names", "topic"), [(("nonsense",), None), ((), None), (("off-topic",), None), (("off-topic",), " ")]
)
def test_a_set_that_is_not_there_or_lacks_its_topic_is_refused(names, topic):
    with pytest.raises(InputError):
        policy_set(*names, topic=topic)
