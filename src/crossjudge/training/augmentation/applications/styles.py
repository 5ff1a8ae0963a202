"""How people type: greetings and closings, small letters, missing stops, a typing error now and then."""

from __future__ import annotations

import random

from crossjudge.training.augmentation.clauses import pick

_BEFORE = (
    "Hi,",
    "Hello,",
    "Hey,",
    "Hi there,",
    "Good morning,",
    "Dear team,",
    "Hello all,",
    "So,",
    "Quick note:",
    "FYI:",
    "Just saying:",
    "Hi everyone,",
    "To whom it may concern,",
    "Hey folks,",
    "Well,",
    "OK,",
    "Update:",
    "Evening all,",
)
_AFTER = (
    "Thanks!",
    "Cheers",
    "Best regards",
    "Kind regards",
    "Have a nice day.",
    "See you.",
    "Bye",
    "Many thanks in advance.",
    "Talk soon.",
    "That is all for now.",
    "Just so you know.",
    "More on this later.",
    "Thoughts?",
    "All the best",
)


def typed(rng: random.Random, text: str) -> str:
    """The text as somebody types it; most often it stays as it is."""
    luck = rng.random()
    if luck < 0.6:
        return text
    if luck < 0.72:
        return text.lower()
    if luck < 0.8 and text.endswith("."):
        return text[:-1] + pick(rng, ("", "!", "...", "!!"))
    if luck < 0.86:
        return f"{text} {pick(rng, _AFTER)}"
    if luck < 0.94:
        return f"{pick(rng, _BEFORE)} {text}"
    return _with_typo(rng, text)


def _with_typo(rng: random.Random, text: str) -> str:
    """Two letters inside a long word change places, or one is left out."""
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if len(word) > 5 and word.isalpha() and word.islower()]
    if not places:
        return text.lower()
    place = pick(rng, places)
    word = words[place]
    cut = rng.randint(2, len(word) - 3)
    words[place] = word[:cut] + (word[cut + 1] + word[cut] + word[cut + 2 :] if rng.random() < 0.5 else word[cut + 1 :])
    return " ".join(words)
