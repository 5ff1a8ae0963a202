"""What a claim is about, and how much of that a text has: the rarer a word in the sources, the more it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossjudge.apps.topics import telling_words

Words = frozenset[str]
"""The telling words of a text."""

_SAME_FROM = 0.3


@dataclass(frozen=True, slots=True)
class About:
    """The telling words of a claim. `weights`: 1 / sentences with it, for each word that the sources have."""

    wanted: Words
    weights: Mapping[str, float]

    @staticmethod
    def of(claim: str, sentences: Sequence[Words]) -> About:
        """`sentences`: the words of each sentence of the sources."""
        wanted = telling_words(claim)
        spread = Counter(word for words in sentences for word in words & wanted)
        return About(wanted, {word: 1 / spread[word] for word in sorted(spread)})

    def weight(self, words: Words) -> float:
        """How much a text has of what the claim and the sources share."""
        return sum(weight for word, weight in self.weights.items() if word in words)

    def without(self, words: Words) -> About:
        """What is left of it beside a text with these words."""
        return About(self.wanted - words, {word: one for word, one in self.weights.items() if word not in words})

    def share(self, words: Words) -> float:
        """The share of the claim's words that a text has, 0 to 1."""
        return len(self.wanted & words) / len(self.wanted) if self.wanted else 0.0

    def is_same(self, words: Words) -> bool:
        """Whether a text is about the same: it has enough of the claim's words, and of the rare ones among them.

        What is said of the ferry Bella is not about the ferry Alma where the sources know both.
        """
        return self.share(words) >= _SAME_FROM and self.weight(words) >= _SAME_FROM * self.weight(self.wanted)
