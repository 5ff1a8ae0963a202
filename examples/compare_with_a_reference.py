"""Does this answer say what the reference says, and does it leave anything out?"""

from __future__ import annotations

from crossjudge import BiEncoder, Judge

REFERENCE = "The meeting was moved to Thursday because the director is travelling."

ANSWERS = [
    "Because the director is travelling, the meeting was moved to Thursday.",
    "The meeting was moved.",
    "The meeting was not moved.",
    "The office has a new coffee machine.",
]


def main() -> None:
    """Judge both ways: reference to answer finds what is wrong, answer to reference finds what is missing."""
    judge, encoder = Judge(), BiEncoder()
    right = judge.batch([(REFERENCE, answer) for answer in ANSWERS])
    complete = judge.batch([(answer, REFERENCE) for answer in ANSWERS])
    similar = encoder.similarity([(REFERENCE, answer) for answer in ANSWERS])
    for answer, verdict, backwards, cosine in zip(ANSWERS, right, complete, similar, strict=True):
        print(answer)
        print(f"    by the reference: {verdict.label}; says all of it: {backwards.label == 'entailment'}")
        print(f"    same topic: {cosine:.2f} (cosine; close to 1 even where one text contradicts the other)")


if __name__ == "__main__":
    main()
