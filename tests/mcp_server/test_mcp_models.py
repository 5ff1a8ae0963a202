"""Which model re-ranks for an agent: the one that was named for it, or one that can."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from crossjudge.cli.mcp import AgentOptions, _relevance
from crossjudge.cli.options import ModelOptions

HEADS = {None: ("nli", "relevance"), "with-heads": ("nli", "relevance"), "nli-alone": (), "ranker": ()}
"""Name -> heads; None is the embedded model."""
TRAINED_FOR = {"nli-alone": "nli", "ranker": "relevance"}


def opened(options, *, head=None):
    """What is known of a model once it is open."""
    name = options.model
    objective = TRAINED_FOR.get(name, head or "nli")
    return SimpleNamespace(name=name, objective=objective, checkpoint=SimpleNamespace(heads=HEADS[name]))


@pytest.mark.parametrize(
    ("model", "named", "reranks"),
    [
        (None, None, None),
        ("with-heads", None, "with-heads"),
        ("nli-alone", None, None),
        ("nli-alone", "ranker", "ranker"),
        (None, "ranker", "ranker"),
    ],
)
def test_what_reranks_is_named_or_has_a_head_for_it_or_is_the_embedded_model(model, named, reranks, monkeypatch):
    monkeypatch.setattr(ModelOptions, "cross_encoder", opened)
    found = _relevance(AgentOptions(rerank_model=named), ModelOptions(model=model))
    assert (found.name, found.objective) == (reranks, "relevance")
