"""Is this claim supported by that text, contradicted by it, or not mentioned in it?"""

from __future__ import annotations

from crossjudge import Judge

SOURCE = "The museum is open from Tuesday to Sunday. Entry is free for children, and adults pay eight euros."

CLAIMS = [
    "Children can go in for free.",
    "The museum is closed all week.",
    "The museum has a large garden.",
]


def main() -> None:
    """Ask every claim of one source; a shared source is read once."""
    judge = Judge()
    for claim, verdict in zip(CLAIMS, judge.batch([(SOURCE, claim) for claim in CLAIMS]), strict=True):
        print(f"{verdict.label:<14} {verdict.probabilities[verdict.label]:.2f}  {claim}")


if __name__ == "__main__":
    main()
