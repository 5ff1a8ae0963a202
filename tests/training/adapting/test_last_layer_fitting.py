"""Fitting: nothing moves without evidence, and what the labels ask for is found."""

import numpy as np
import pytest

from crossjudge.models.last_layer import LastLayer
from crossjudge.training.adapting.choosing import HEAD, SCALES, THRESHOLDS, UNCHANGED, Candidate, Read, choose, fit
from crossjudge.training.adapting.comparing import compare
from crossjudge.training.adapting.dealing import deal, groups_of
from crossjudge.training.adapting.fitting import fit_shift, gold_log_likelihood, moved_by
from crossjudge.types import Pair

RANDOM = np.random.default_rng(3)
FEATURES = RANDOM.normal(size=(300, 6))
LAYER = LastLayer(RANDOM.normal(size=(6, 3)).astype(np.float32), np.zeros(3, np.float32))
LOGITS = FEATURES @ LAYER.weight
CLASSES = np.eye(3, dtype=bool)
PARTS = np.arange(300) % 5


def read():
    return Read(FEATURES, LOGITS, LOGITS, moved=3)


def labels(logits):
    """Drawn as the logits say."""
    noisy = logits + RANDOM.gumbel(size=logits.shape)
    return CLASSES[noisy.argmax(axis=1)]


def test_without_evidence_nothing_moves():
    nobody_knows = np.ones((300, 3), dtype=bool)
    weights = fit_shift(FEATURES, LOGITS, nobody_knows, penalty=0.1, moved=3)
    np.testing.assert_allclose(weights, 0, atol=1e-12)


def test_the_fitted_weights_are_where_the_slope_is_zero():
    gold, penalty = labels(LOGITS + np.array([1, 0, -1])), 0.05
    weights = fit_shift(FEATURES, LOGITS, gold, penalty=penalty, moved=3)

    def loss(at):
        shifted = moved_by(LOGITS, FEATURES @ at[:-1] + at[-1])
        return -gold_log_likelihood(shifted, gold).mean() + penalty / 2 * (at[:-1] ** 2).sum()

    for _ in range(20):
        nudge = RANDOM.normal(size=weights.shape) * 0.01
        assert loss(weights + nudge) > loss(weights)


def test_a_right_model_is_left_as_it_is_or_nearly():
    chosen, _ = choose(read(), labels(LOGITS), PARTS)
    change = fit(read(), labels(LOGITS), chosen)
    assert chosen.kind == UNCHANGED or np.abs(change.weights).max() < 0.5


@pytest.mark.parametrize(
    ("kind", "truth"),
    [
        (THRESHOLDS, LOGITS + np.array([2, 0, -2])),
        (SCALES, LOGITS[:, [1, 2, 0]]),
        (HEAD, 3 * FEATURES[:, [0, 3, 5]] - LOGITS),
    ],
)
def test_what_is_wrong_decides_what_is_changed(kind, truth):
    gold = labels(2 * truth)
    chosen, candidates = choose(read(), gold, PARTS)
    assert chosen.loss == min(one.loss for one in candidates)
    best = {one.kind: one.loss for one in sorted(candidates, key=lambda one: -one.loss)}
    assert best[kind] < best[UNCHANGED]


@pytest.mark.parametrize("kind", [THRESHOLDS, SCALES, HEAD])
def test_a_change_worked_into_the_layer_gives_the_same_logits(kind):
    change = fit(read(), labels(LOGITS[:, ::-1]), Candidate(kind=kind, penalty=0.1, loss=0.0))
    layer = change.applied(LAYER)
    np.testing.assert_allclose(FEATURES @ layer.weight + layer.bias, change.logits(read()), atol=1e-4)


def test_rows_of_one_text_are_dealt_together_and_classes_evenly():
    pairs = [Pair(f"text {row // 4}", f"{row}") for row in range(240)]
    classes = ["yes" if row % 3 else "no" for row in range(240)]
    groups = groups_of(pairs)
    parts = deal(groups, classes, 3, seed=1)
    assert all(len(set(parts[groups == group])) == 1 for group in groups)
    counts = [sum(one == "no" for one, part in zip(classes, parts, strict=True) if part == which) for which in range(3)]
    assert max(counts) - min(counts) <= 4
    np.testing.assert_array_equal(parts, deal(groups, classes, 3, seed=1))


def test_few_texts_are_not_kept_together():
    assert len(set(groups_of([Pair("the same", str(row)) for row in range(50)]).tolist())) == 50


def test_better_needs_more_than_luck():
    gold, groups = labels(LOGITS), np.arange(300)
    same = compare(LOGITS, LOGITS, gold, CLASSES, groups)
    assert (same.better, same.accuracy_gain.value, same.gained, same.lost) == (False, 0, 0, 0)
    worse = LOGITS[:, ::-1].copy()
    assert not compare(LOGITS, worse, gold, CLASSES, groups).better
    gain = compare(worse, LOGITS, gold, CLASSES, groups)
    assert gain.decides_better
    assert gain.accuracy_gain.low <= gain.accuracy_gain.value <= gain.accuracy_gain.high
    assert gain.gained - gain.lost == round(gain.accuracy_gain.value * gain.n)


def test_wrong_temperature_alone_is_better_probabilities_and_no_better_decision():
    gold = labels(LOGITS)
    found = compare(8 * LOGITS, LOGITS, gold, CLASSES, np.arange(300))
    assert (found.better, found.decides_better, found.accuracy_gain.value) == (True, False, 0)


def test_a_class_of_two_labels_counts_them_together():
    classes = np.array([[True, False, False], [False, True, True]])
    logits = np.log(np.array([[0.4, 0.3, 0.3], [0.6, 0.2, 0.2]]))
    gold = classes[[1, 0]]
    assert compare(logits, logits, gold, classes, np.arange(2)).before.accuracy.value == 1
