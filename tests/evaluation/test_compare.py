"""Parity certificates: what agrees is certified, what differs is shown, and too few texts prove nothing."""

import json

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder
from crossjudge.errors import InputError, ObjectiveError
from crossjudge.evaluation.compare import MOST_FLIPS, certify, pairs_needed
from crossjudge.evaluation.subject import Subject
from crossjudge.models.parity import EXACT_ENOUGH, wilson
from crossjudge.types import Pair

PAIRS = [Pair(f"The {number} trains are late.", f"{number} trains came.", f"row-{number}") for number in range(60)]


class Drifting(CrossEncoder):
    """The fake model, with its outputs changed by `change(logits, pairs)`."""

    def __init__(self, change, *, num_labels=3, labels=None, objective="nli"):
        super().__init__(backend="fake", num_labels=num_labels)
        self._change, self._named, self._stated = change, labels, objective

    labels = property(lambda self: self._named or super().labels)
    objective = property(lambda self: self._stated)

    def logits(self, pairs, *, batch_size=None, progress=None):
        return self._change(super().logits(pairs), pairs).astype(np.float32)


def by(amount):
    return Drifting(lambda logits, _: logits + np.float32(amount))


@pytest.fixture(scope="module")
def fake():
    return CrossEncoder(backend="fake")


def test_a_model_is_identical_to_itself(fake):
    certificate = certify(fake, fake, PAIRS)
    assert certificate.outcome == "identical"
    assert certificate.flips == ()
    assert certificate.figures["flips"] == 0.0
    assert certificate.figures["max_drift"] == 0.0
    assert certificate.figures["rank_correlation"] == pytest.approx(1.0)
    assert certificate.reference.fingerprint == certificate.other.fingerprint == fake.fingerprint


def test_few_texts_prove_no_parity_and_enough_do(fake):
    few = certify(fake, by(0.25), PAIRS)
    assert (few.outcome, few.parity.flips) == ("undecided", 0)
    assert few.parity.max_drift == pytest.approx(0.25, abs=1e-6)
    needed = pairs_needed(0)
    assert f"{needed:,} pairs without a further flip" in few.sentence
    many = [Pair(f"Number {number} is here.", "It is.") for number in range(needed)]
    assert certify(fake, by(0.25), many).outcome == "interchangeable"
    assert certify(fake, by(0.25), many[1:]).outcome == "undecided"


@pytest.mark.parametrize("flips", [0, 1, 7])
def test_the_number_of_pairs_needed_is_the_least_that_is_enough(flips):
    needed = pairs_needed(flips)
    assert wilson(needed - flips, needed)[0] >= EXACT_ENOUGH
    assert wilson(needed - 1 - flips, needed - 1)[0] < EXACT_ENOUGH


def test_flips_are_counted_and_the_surest_are_shown_with_their_texts(fake):
    turned = certify(fake, Drifting(lambda logits, _: -logits), iter(PAIRS))
    assert turned.outcome == "different"
    assert turned.parity.flips == 60
    assert len(turned.flips) == MOST_FLIPS
    margins = [flip.margin for flip in turned.flips]
    assert margins == sorted(margins, reverse=True)
    flip = turned.flips[0]
    assert (flip.text_a, flip.text_b) == (PAIRS[flip.place].text_a, PAIRS[flip.place].text_b)
    assert flip.id == f"row-{flip.place}"
    assert flip.reference != flip.other
    assert {flip.reference, flip.other} <= set(turned.outputs)
    assert f"{margins[0]:.2g} in logit" in turned.sentence


def test_chunks_make_no_difference(fake, monkeypatch):
    other = Drifting(lambda logits, pairs: logits * [[-1 if "7" in pair.text_a else 1] for pair in pairs])
    whole = certify(fake, other, PAIRS)
    monkeypatch.setattr("crossjudge.evaluation.compare._CHUNK_PAIRS", 7)
    heard = []
    assert certify(fake, other, PAIRS, progress=heard.append) == whole
    assert whole.parity.flips == 6
    assert heard == [*range(7, 60, 7), 60]


def test_labels_in_another_order_are_matched_by_name(fake):
    reordered = Drifting(lambda logits, _: logits[:, [2, 0, 1]], labels=("neutral", "contradiction", "entailment"))
    assert certify(fake, reordered, PAIRS).outcome == "identical"
    assert certify(reordered, fake, PAIRS).outcome == "identical"


def test_one_output_is_decided_at_the_cut():
    low, high = (
        Drifting(lambda logits, _, to=to: logits * 0 + to, num_labels=1, objective="duplicate") for to in (1, 3)
    )
    assert certify(low, high, PAIRS).parity.flips == 0
    certificate = certify(Subject(low, cut=2.0), high, PAIRS)
    assert certificate.parity.flips == 60
    assert (certificate.flips[0].reference, certificate.flips[0].other) == ("not_duplicate", "duplicate")
    assert certificate.decided_by == "logit above 2"
    assert certificate.flips[0].margin == 1.0


def test_bi_encoders_are_compared_by_cosine():
    certificate = certify(BiEncoder(backend="fake"), BiEncoder(backend="fake"), PAIRS)
    assert (certificate.outcome, certificate.outputs) == ("identical", ("cosine",))
    assert certificate.reference.kind == "bi_encoder"


def test_models_that_say_different_things_are_refused(fake):
    scores = CrossEncoder(backend="fake", num_labels=1)
    duplicate, relevance = (
        Drifting(lambda logits, _: logits, num_labels=1, objective=name) for name in ("duplicate", "relevance")
    )
    for one, other in [(fake, BiEncoder(backend="fake")), (fake, scores), (duplicate, relevance)]:
        with pytest.raises(ObjectiveError, match="expected outputs that mean the same"):
            certify(one, other, PAIRS)


def test_no_pairs_are_refused(fake):
    with pytest.raises(InputError, match="no pairs"):
        certify(fake, fake, [])


def test_a_saved_certificate_holds_both_fingerprints_and_what_it_means(fake, tmp_path):
    certificate = certify(fake, by(0.25), PAIRS)
    certificate.save(tmp_path / "certificate.json")
    saved = json.loads((tmp_path / "certificate.json").read_text("utf-8"))
    assert saved == json.loads(json.dumps(certificate.to_dict()))
    assert saved["reference"]["fingerprint"] == fake.fingerprint
    assert saved["other"]["fingerprint"] == certificate.other.fingerprint
    assert saved["sentence"] == certificate.sentence
    assert saved["parity"]["n_pairs"] == 60


@pytest.mark.parametrize(("agreeing", "shown"), [(59_999, "99.998%"), (60_000, "100%"), (59_000, "98.3%")])
def test_less_than_all_is_never_called_all(agreeing, shown):
    from crossjudge.evaluation.compare import _percent

    assert _percent(agreeing / 60_000) == shown
