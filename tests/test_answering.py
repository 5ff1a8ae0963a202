"""A judge on a cascade: each verdict is the cheap model's or the strong one's, read in that model's own windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from crossjudge import CrossEncoder, Judge
from crossjudge.errors import LabelError, TooLongError
from crossjudge.models.cascade import Cascade
from tiny_checkpoints import make_checkpoint, random_pairs

PAIRS = [(pair.text_a, pair.text_b) for pair in random_pairs(60, seed=6)]
"""Some longer than either model's window."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[CrossEncoder, CrossEncoder]:
    """Other tokenizers, orders of labels and lengths."""
    folder: Path = tmp_path_factory.mktemp("models")
    cheap = {0: "entailment", 1: "neutral", 2: "contradiction"}
    strong = {0: "contradiction", 1: "entailment", 2: "neutral"}
    return (
        CrossEncoder(make_checkpoint(folder / "a", "bert", id2label=cheap, max_length=32), backend="torch"),
        CrossEncoder(make_checkpoint(folder / "b", "roberta", id2label=strong, seed=1), backend="torch"),
    )


def test_each_verdict_is_one_models_own(models: tuple[CrossEncoder, CrossEncoder]) -> None:
    cheap, strong = (Judge(model).batch(PAIRS) for model in models)
    threshold = float(np.median([max(verdict.probabilities.values()) for verdict in cheap]))
    cascade = Cascade(*models, escalate_below=threshold)
    verdicts = Judge(cascade).batch(PAIRS)
    escalated = 0
    for verdict, first, second in zip(verdicts, cheap, strong, strict=True):
        goes_on = max(first.probabilities.values()) < threshold
        own = second if goes_on else first
        assert verdict.logits == pytest.approx(own.logits, abs=1e-4)
        assert (verdict.label, verdict.tokens_read) == (own.label, own.tokens_read)
        assert verdict.fingerprint == cascade.fingerprint
        escalated += goes_on
    assert 20 < escalated < 40
    assert cascade.statistics.escalated == pytest.approx(escalated, abs=1)
    assert cascade.statistics.pairs == len(PAIRS)


def test_a_pair_that_the_strong_model_refuses_is_named(models: tuple[CrossEncoder, CrossEncoder]) -> None:
    long = ("word " * 50, "word")
    judge = Judge(Cascade(models[1], models[0], escalate_below=2), on_overflow="error")
    with pytest.raises(TooLongError, match="pair 2") as error:
        judge.batch([("a", "b"), ("c", "d"), long])
    assert error.value.index == 2


def test_labels_are_the_cascades_to_state(models: tuple[CrossEncoder, CrossEncoder]) -> None:
    with pytest.raises(LabelError, match="cheap_labels"):
        Judge(Cascade(*models), labels=("entailment", "neutral", "contradiction"))
