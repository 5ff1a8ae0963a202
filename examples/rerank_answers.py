"""A search brought these documents: which of them answer the question?"""

from __future__ import annotations

from crossjudge import Reranker

QUERY = "How do I keep bread fresh?"

FOUND = [
    "A sourdough starter is fed with flour and water once a day.",
    "Bread stays fresh longest in a cloth bag at room temperature, or sliced in the freezer.",
    "The bakery on the corner opens at seven.",
    "Wheat is grown on every continent except Antarctica.",
]


def main() -> None:
    """Print the best two; the score is a logit, and only the order means anything."""
    for one in Reranker()(QUERY, FOUND, top_k=2):
        print(f"{one.score:6.2f}  {one.text}")


if __name__ == "__main__":
    main()
