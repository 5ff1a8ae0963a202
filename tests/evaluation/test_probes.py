"""Consistency probes: each finds the fault that it is there for, and finds none in a model that has none."""

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.errors import InputError
from crossjudge.evaluation.probes import PROBES, ProbeSettings, run_probes, wordings
from crossjudge.evaluation.subject import Subject
from crossjudge.types import Pair

PAIRS = [
    Pair(f"The {thing} number {number} does not arrive at noon.", f"The {thing} arrives at {number} o'clock.")
    for number, thing in enumerate(["train", "letter", "doctor", "parcel", "report", "witness"] * 3)
]
COMPANY = ("label_order", "alone_or_among", "shuffled")
LABELS = ("contradiction", "entailment", "neutral")


class Stub(CrossEncoder):
    """A made-up model: `answer` gives the logits of a list of pairs; the embedded model's labels, or one output."""

    def __init__(self, answer, *, objective="nli"):
        super().__init__(backend="fake", num_labels=3 if objective == "nli" else 1)
        self._answer, self._stated = answer, objective

    objective = property(lambda self: self._stated)

    def logits(self, pairs, *, batch_size=None, progress=None):
        return np.asarray(self._answer(list(pairs)), dtype=np.float32)


def each(answer):
    """A model that judges every pair by itself."""
    return lambda pairs: [answer(pair.text_a, pair.text_b) for pair in pairs]


def probe(model, name, pairs=PAIRS):
    (found,) = [result for result in run_probes(model, pairs) if result.probe == name]
    return found


def one_hot(label, height=4.0):
    return [height * (label == one) for one in LABELS]


def test_every_probe_answers_once_and_says_what_it_compared():
    heard = []
    results = run_probes(CrossEncoder(backend="fake"), PAIRS, name="mine", progress=lambda *at: heard.append(at))
    assert len({result.probe for result in results}) == len(results) == len(PROBES)
    assert heard == [(done, len(PROBES)) for done in range(1, len(PROBES) + 1)]
    for result in results:
        assert result.model == "mine"
        if result.changed is None:
            assert result.not_run_because
        else:
            assert result.compared
            assert result.decided_by
            assert 0 <= result.changed.low <= result.changed.value <= result.changed.high <= 1
            assert 0 <= result.mean_change <= result.max_change <= 1
            assert len(result.examples) == min(result.changed.count, 3)


def test_the_same_seed_gives_the_same_results():
    settings = ProbeSettings(most_pairs=5, seed=3)
    first, second = (run_probes(CrossEncoder(backend="fake"), iter(PAIRS), settings=settings) for _ in range(2))
    assert first == second
    assert {result.changed.n for result in first if result.probe == "shuffled"} == {5}


def test_the_fake_backend_is_invariant_to_company():
    for name in COMPANY:
        result = probe(CrossEncoder(backend="fake"), name)
        assert (result.changed.count, result.max_change) == (0, 0.0)


@pytest.mark.parametrize("name", COMPANY)
def test_a_model_whose_answers_depend_on_company_is_found_out(name):
    def by_place(pairs):
        return [one_hot(LABELS[place % 2]) for place in range(len(pairs))]

    def by_number(pairs):
        return [one_hot(LABELS[len(pairs) > 1])] * len(pairs)

    result = probe(Stub(by_number if name == "alone_or_among" else by_place), name)
    assert result.changed.value > 0.3
    assert result.max_change > 0.9
    assert result.examples[0].first == result.examples[0].second
    assert result.examples[0].first_answer != result.examples[0].second_answer


def test_swap_symmetry():
    same = Stub(each(lambda a, b: [len(a + b) - 60.0]), objective="duplicate")
    assert (probe(same, "swap").changed.count, probe(same, "swap").max_change) == (0, 0.0)
    lopsided = Stub(each(lambda a, b: [1.0 if len(a) > len(b) else -1.0]), objective="similarity")
    result = probe(lopsided, "swap")
    assert (result.changed.value, result.scale) == (1.0, "probability")
    assert {result.examples[0].first_answer, result.examples[0].second_answer} == {"similar", "not_similar"}
    assert result.examples[0].first == result.examples[0].second[::-1]


@pytest.mark.parametrize("objective", ["nli", "relevance"])
def test_what_is_not_symmetric_is_not_asked_to_be(objective):
    model = Stub(each(lambda a, b: one_hot("neutral") if objective == "nli" else [1.0]), objective=objective)
    assert probe(model, "swap").changed is None
    assert objective in probe(model, "swap").not_run_because


def test_contradiction_must_hold_both_ways():
    lopsided = Stub(each(lambda a, b: one_hot("contradiction" if len(a) > len(b) else "neutral")))
    assert probe(lopsided, "swap_contradiction").changed.value == 1.0
    assert probe(lopsided, "swap_mutual").changed.value == 0.0
    sound = Stub(each(lambda a, b: one_hot("contradiction")))
    assert probe(sound, "swap_contradiction").changed.value == 0.0


def test_entailment_one_way_beside_contradiction_the_other_is_impossible():
    impossible = Stub(each(lambda a, b: one_hot("contradiction" if len(a) > len(b) else "entailment")))
    result = probe(impossible, "swap_mutual")
    assert result.changed.value == 1.0
    assert result.max_change > 0.9


def test_a_topic_must_not_depend_on_the_wording():
    _, topics = wordings()
    by_topic = Stub(each(lambda a, b: one_hot("entailment", sum(topic in b for topic in topics[:1]))))
    assert (probe(by_topic, "template").changed.count, probe(by_topic, "template").max_change) == (0, 0.0)
    by_wording = Stub(each(lambda a, b: one_hot("entailment", float(len(b) * (-1 if "subject" in b else 1)) / 20)))
    result = probe(by_wording, "template")
    assert result.changed.count > 0
    assert {result.examples[0].first_answer, result.examples[0].second_answer} <= set(topics)


def test_the_surface_must_not_matter():
    by_meaning = Stub(each(lambda a, b: one_hot("entailment", len(a.split()) / 9)))
    assert probe(by_meaning, "surface_white_space").changed.value == 0.0
    strict = Stub(each(lambda a, b: one_hot("entailment" if b.endswith(".") else "contradiction")))
    result = probe(strict, "surface_last_stop")
    assert (result.changed.value, result.changed.n) == (1.0, len(PAIRS))
    assert result.examples[0].second[1] == result.examples[0].first[1].removesuffix(".")


def test_only_texts_that_a_rule_changes_are_counted():
    pairs = [Pair("It does not rain", "it is dry"), Pair("It rains", "it is wet"), Pair("It snows", "it is cold")]
    assert probe(CrossEncoder(backend="fake"), "surface_contractions", pairs).changed.n == 1
    result = probe(CrossEncoder(backend="fake"), "surface_contractions", pairs[1:])
    assert result.changed is None
    assert "nothing" in result.not_run_because or "no text" in result.not_run_because


def test_a_bi_encoder_is_probed_where_that_makes_sense():
    ran = {one.probe: one for one in run_probes(BiEncoder(backend="fake"), PAIRS) if one.changed is not None}
    assert "swap" not in ran
    assert {"alone_or_among", "shuffled", "surface_case"} <= set(ran)
    assert {one.scale for one in ran.values()} == {"cosine"}
    assert ran["shuffled"].decided_by == "cosine above 0.8"


def test_the_model_may_be_told_what_it_was_trained_for():
    model = Stub(each(lambda a, b: [1.0]), objective=None)
    (swap,) = [one for one in run_probes(Subject(model, objective="duplicate"), PAIRS) if one.probe == "swap"]
    assert swap.changed.value == 0.0
    assert probe(model, "swap").changed is None


def test_one_pair_is_enough_and_none_is_too_few():
    assert len(run_probes(CrossEncoder(backend="fake"), PAIRS[:1] * 5)) == len(PROBES)
    with pytest.raises(InputError, match="no pairs"):
        run_probes(CrossEncoder(backend="fake"), [])


def test_settings_check_themselves():
    with pytest.raises(InputError, match="most_alone=1"):
        ProbeSettings(most_alone=1)


def test_the_embedded_model_gives_a_pair_one_answer_in_any_company():
    settings = ProbeSettings(most_pairs=12, most_texts=3, most_alone=8)
    results = {one.probe: one for one in run_probes(CrossEncoder(), PAIRS, settings=settings)}
    for name in COMPANY:
        assert results[name].changed.count == 0
        assert results[name].max_change < 1e-5
