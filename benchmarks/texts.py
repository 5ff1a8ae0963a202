"""Seeded texts for measuring: plain English words in sentences, since speed depends on lengths and not on meaning."""

from __future__ import annotations

import random

WORDS = tuple(
    """
    the a of to and in for with on at from by after before under over report city river engine student market garden
    bridge doctor letter window policy method result teacher harbour mountain signal record house paper system winter
    company village history question answer number person country morning measure open close carry build write read
    find keep move turn show hold bring follow quick slow bright quiet early late common rare large small old new
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of words
)


def sentence(rng: random.Random, num_words: int) -> str:
    """A capitalised run of `num_words` words with a full stop."""
    return " ".join(rng.choices(WORDS, k=num_words)).capitalize() + "."


def mixed_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of very different lengths: premises of 4 to 220 words, mostly short; hypotheses of 3 to 40."""
    rng = random.Random(seed)
    return [
        (
            sentence(rng, min(220, 4 + int(rng.lognormvariate(2.8, 0.9)))),
            sentence(rng, min(40, 3 + int(rng.lognormvariate(1.9, 0.6)))),
        )
        for _ in range(count)
    ]


def shared_premise(num_hypotheses: int = 50, seed: int = 0) -> list[tuple[str, str]]:
    """One premise of about 250 tokens with hypotheses of about 12: 247 and 9 words, each word one token."""
    rng = random.Random(seed)
    premise = sentence(rng, 247)
    return [(premise, sentence(rng, 9)) for _ in range(num_hypotheses)]
