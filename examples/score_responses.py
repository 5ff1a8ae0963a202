"""Which of these responses is best, and why? Scored by a rubric of one's own."""

from __future__ import annotations

from crossjudge import RubricScorer

RUBRIC = {
    "answers": "The response tells the reader what to do.",
    "reason": "The response gives a reason.",
    "civil": "The response is free of insults.",
}

REQUEST = "My sunflowers lean over. What should I do?"

RESPONSES = [
    "Flowers are a wonderful hobby with a long history.",
    "Tie each stem loosely to a stick, because the heads get too heavy for the stems.",
    "Only a fool plants sunflowers.",
]


def main() -> None:
    """Score all responses in one batch, and explain the best."""
    scorer = RubricScorer(RUBRIC, weights={"answers": 2})
    best, results = scorer.best_of(REQUEST, RESPONSES)
    for response, result in zip(RESPONSES, results, strict=True):
        print(f"{result.overall:.2f}  {response}")
    print(f"\nthe best is number {best + 1}:")
    for one in results[best].criteria:
        print(f"  {one.name:<8} {one.score:.2f}  {one.explanation}")


if __name__ == "__main__":
    main()
