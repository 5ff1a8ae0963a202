"""Parts whose model is a server's have the numbers of those whose model is at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faked import CHECKER, JUDGE, QUERY, RERANKER, SOURCES, TEXTS, TRUE, UNHEARD_OF

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("h11")

from client.standing_in import running
from crossjudge import Client, Grader, Tagger
from crossjudge.integrations.grounding import groundings
from crossjudge.integrations.ranking import ranked
from crossjudge.integrations.uses import checks, grader_maker, ranks, tags


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running() as url, Client(url) as client:
        yield client


def test_documents_are_ranked_as_at_hand(client):
    assert ranked(ranks(client), QUERY, TEXTS) == ranked(RERANKER, QUERY, TEXTS)
    assert ranked(ranks(client.reranker()), QUERY, TEXTS) == ranked(RERANKER, QUERY, TEXTS)


def test_answers_are_checked_as_at_hand(client):
    inputs = [(SOURCES, f"{TRUE} {UNHEARD_OF}"), (SOURCES, ""), ([], TRUE)]
    assert groundings(checks(client, threshold=0.5), inputs) == groundings(CHECKER, inputs)


def test_texts_are_tagged_as_at_hand(client):
    tagger = tags(client, ["dogs", "ferry"], threshold=None, multi_label=None)
    assert tagger.batch(SOURCES) == Tagger(["dogs", "ferry"], model=JUDGE).batch(SOURCES)


def test_answers_are_graded_as_at_hand(client):
    assert grader_maker(client)(SOURCES, "When?")(TRUE) == Grader(SOURCES, question="When?", model=JUDGE)(TRUE)
