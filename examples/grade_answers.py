"""Is a student's answer right, partly right or wrong, and what does it leave out?"""

from __future__ import annotations

from crossjudge import Grader

QUESTION = "Why do we see lightning before we hear thunder?"
REFERENCE = "Light travels much faster than sound. Both start at the same moment."

ANSWERS = [
    "Both begin at the same time, but light is a lot faster than sound.",
    "Sound travels much faster than light.",
    "Thunderstorms are frightening.",
    "",
]


def main() -> None:
    """Grade the whole class in one batch."""
    grader = Grader(REFERENCE, question=QUESTION)
    for answer, result in zip(ANSWERS, grader.batch(ANSWERS), strict=True):
        print(f"{result.grade:<10} {result.score:.2f}  {answer or '(blank)'}")
        for point in result.missing:
            print(f"{'':<17}missing: {point}")


if __name__ == "__main__":
    main()
