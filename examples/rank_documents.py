"""Which of these documents is about my question? Give a re-ranker's name as an argument for the better answer.

python examples/rank_documents.py                                        the embedded encoder, nothing to download
python examples/rank_documents.py cross-encoder/ms-marco-MiniLM-L6-v2    a cross-encoder that reads both texts together
"""

from __future__ import annotations

import sys

from crossjudge import BiEncoder, CrossEncoder

QUERY = "How do I keep bread fresh?"

DOCUMENTS = [
    "A sourdough starter is fed with flour and water once a day.",
    "Bread stays fresh longest in a cloth bag at room temperature, or sliced in the freezer.",
    "The bakery on the corner opens at seven.",
    "Wheat is grown on every continent except Antarctica.",
]


def scores_of(model: str | None) -> list[float]:
    """One score for each document, on the model's own scale: higher is better, and only the order means anything."""
    pairs = [(QUERY, document) for document in DOCUMENTS]
    if model is None:
        return [float(cosine) for cosine in BiEncoder().similarity(pairs)]
    return [float(score) for score in CrossEncoder(model).predict(pairs)]


def main(model: str | None = None) -> None:
    """Print the documents, best first."""
    for score, document in sorted(zip(scores_of(model), DOCUMENTS, strict=True), reverse=True):
        print(f"{score:6.2f}  {document}")


if __name__ == "__main__":
    main(*sys.argv[1:])
