"""What tests of serving share: a word that the fake backend cannot read."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge import CrossEncoder
from crossjudge.backends.fake import FakeBackend


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> str:
    """A word with which a pair's logits are NaN."""
    word = "volcano"
    ids = CrossEncoder(backend="fake").tokenizer.token_ids([word])[word]
    honest = FakeBackend._logits

    def poisoned(self, premise, hypothesis):
        logits = honest(self, premise, hypothesis)
        return np.full_like(logits, np.nan) if np.isin(ids, hypothesis).all() else logits

    monkeypatch.setattr(FakeBackend, "_logits", poisoned)
    return word
