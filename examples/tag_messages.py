"""Which labels apply to these messages? A label is a statement that a message supports or not; nothing is trained."""

from __future__ import annotations

from crossjudge import Tagger

LABELS = {
    "leak": "Water is leaking somewhere.",
    "heating": "The heating does not work.",
    "urgent": "Help is needed today.",
}

MESSAGES = [
    "Water is leaking from the kitchen ceiling and the floor is wet. Please come right away.",
    "The radiators have been cold for two days.",
    "Thank you, the new tap looks lovely.",
]


def main() -> None:
    """Ask every label of every message in one batch; each message is read once."""
    tagger = Tagger(LABELS)
    for message, result in zip(MESSAGES, tagger.batch(MESSAGES), strict=True):
        print(f"{', '.join(result.chosen) or 'no label':<16} {message}")
        for tag in result.tags:
            print(f"    {tag.probability:.2f}  {tag.name}")


if __name__ == "__main__":
    main()
