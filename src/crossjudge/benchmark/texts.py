"""Seeded texts for measuring: plain English words in sentences, since speed depends on lengths and not on meaning."""

from __future__ import annotations

import random

TextPair = tuple[str, str]

WORDS = tuple(
    """
    the a of to and in for with on at from by after before under over report city river engine student market garden
    bridge doctor letter window policy method result teacher harbour mountain signal record house paper system winter
    company village history question answer number person country morning measure open close carry build write read
    find keep move turn show hold bring follow quick slow bright quiet early late common rare large small old new
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of words
)
"""Each is one token in the vocabularies of BERT's family."""


def sentence(rng: random.Random, num_words: int) -> str:
    """A capitalised run of `num_words` words with a full stop."""
    return " ".join(rng.choices(WORDS, k=num_words)).capitalize() + "."


def mixed_pairs(count: int, *, seed: int = 0) -> list[TextPair]:
    """Pairs of very different lengths: premises of 4 to 220 words, mostly short; hypotheses of 3 to 40."""
    rng = random.Random(seed)
    return [
        (
            sentence(rng, min(220, 4 + int(rng.lognormvariate(2.8, 0.9)))),
            sentence(rng, min(40, 3 + int(rng.lognormvariate(1.9, 0.6)))),
        )
        for _ in range(count)
    ]


def shared_premise(num_hypotheses: int = 50, *, seed: int = 0) -> list[TextPair]:
    """One premise of about 250 tokens with hypotheses of about 12: 247 and 9 words, each word one token."""
    rng = random.Random(seed)
    premise = sentence(rng, 247)
    return [(premise, sentence(rng, 9)) for _ in range(num_hypotheses)]


def passages_of_a_query(num_passages: int = 100, *, seed: int = 0) -> list[TextPair]:
    """One query of 4 to 12 words with passages of 40 to 180 words, as a first stage brings them."""
    rng = random.Random(seed)
    query = sentence(rng, rng.randint(4, 12))
    return [(query, sentence(rng, rng.randint(40, 180))) for _ in range(num_passages)]


def claims_on_a_source(num_claims: int = 10, *, num_words: int = 2_000, seed: int = 0) -> list[TextPair]:
    """One source of `num_words` words, whole, with claims of 8 to 20 words."""
    rng = random.Random(seed)
    source = sentence(rng, num_words)
    return [(source, sentence(rng, rng.randint(8, 20))) for _ in range(num_claims)]


def in_windows(pairs: list[TextPair], *, num_words: int, overlap: int) -> list[TextPair]:
    """Each pair once for each window of `num_words` words of its first text; neighbours share `overlap` words."""
    found = []
    for first, second in pairs:
        words = first.split()
        last = max(1, len(words) - overlap)
        found += [(" ".join(words[at : at + num_words]), second) for at in range(0, last, num_words - overlap)]
    return found
