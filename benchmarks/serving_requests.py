"""What clients of a server ask in a measurement: rankings of any size, and the mixed requests of an office."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from crossjudge.benchmark.texts import claims_on_a_source, mixed_pairs, passages_of_a_query, sentence
from load import Request, request

REPEATED_EVERY = 5
"""Every so many mixed requests one comes again, as in life: premises are then at hand, and those caches fill."""
REPEATED_AFTER = 7


def rerankings(number: int, *, pairs: int, port: int, path: str, seed: int, **more: Any) -> list[Request]:
    """Requests with a query and `pairs` passages each, no text in two of them."""
    asked = []
    for place in range(number):
        found = passages_of_a_query(pairs, seed=seed + place)
        body = {"query": found[0][0], "documents": [text for _, text in found], "return_documents": False, **more}
        asked.append(request(path, body, pairs=pairs, mark='"relevance_score"', marks=pairs, port=port))
    return asked


class MixedRequests(Sequence[Request]):
    """What an office of different clients asks: rankings of 4 to 64 passages, pairs, tags and claims.

    Made when they are asked for, so that a run of any length need not be held in memory; no text comes twice but in
    the requests that are repeated. `timeout_s`: what each tells the server of its client's patience.
    """

    def __init__(self, *, port: int, seed: int, timeout_s: float | None = None) -> None:
        self.port, self.seed, self.timeout_s = port, seed, timeout_s

    def __len__(self) -> int:
        """More than any run asks."""
        return 2**31

    def __getitem__(self, place: Any) -> Any:
        """The request of that number, the same each time."""
        if place % REPEATED_EVERY == 0 and place >= REPEATED_AFTER:
            place -= REPEATED_AFTER
        own = self.seed * 1_000_003 + place
        rng = random.Random(own)
        path, body, pairs, mark, marks = KINDS[rng.choice(sorted(KINDS))](rng, own)
        return request(path, body, pairs=pairs, mark=mark, marks=marks, port=self.port, timeout_s=self.timeout_s)


Asked = tuple[str, dict[str, Any], int, str, int]
"""Path, body, pairs, and a mark that stands so often in a whole answer."""


def _rank(rng: random.Random, seed: int) -> Asked:
    pairs = rng.choice((4, 16, 64))
    found = passages_of_a_query(pairs, seed=seed)
    return "/rerank", {"query": found[0][0], "texts": [t for _, t in found], "truncate": True}, pairs, '"index"', pairs


def _pair(rng: random.Random, seed: int) -> Asked:
    return "/predict", {"inputs": mixed_pairs(1, seed=seed)[0]}, 1, '"label"', 3


def _judge(rng: random.Random, seed: int) -> Asked:
    return "/v1/judge", {"pairs": mixed_pairs(8, seed=seed)}, 8, '"probabilities"', 8


def _tag(rng: random.Random, seed: int) -> Asked:
    labels: dict[str, None] = {}
    while len(labels) < 10:  # a label that comes twice is refused, as it should be
        labels[sentence(rng, 3)] = None
    return "/v1/tag", {"text": sentence(rng, 60), "labels": list(labels)}, 10, '"hypothesis"', 10


def _check(rng: random.Random, seed: int) -> Asked:
    claims = claims_on_a_source(5, num_words=200, seed=seed)
    return "/v1/check", {"source": claims[0][0], "answer": [claim for _, claim in claims]}, 5, '"outcome"', 5


KINDS = {"rank": _rank, "pair": _pair, "judge": _judge, "tag": _tag, "check": _check}
