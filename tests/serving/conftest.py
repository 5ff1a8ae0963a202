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

    def poisoned(self, pairs):
        logits = honest(self, pairs)
        logits[[bool(np.isin(ids, hypothesis).all()) for _, hypothesis in pairs]] = np.nan
        return logits

    monkeypatch.setattr(FakeBackend, "_logits", poisoned)
    return word
