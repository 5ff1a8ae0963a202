"""Which of my notes concern a question? Found by words and by meaning, then ranked by reading both texts together."""

from __future__ import annotations

from tempfile import TemporaryDirectory

from crossjudge import SearchIndex

NOTES = [
    {"id": "bread", "text": "Bread stays fresh longest in a cloth bag at room temperature, or sliced in the freezer."},
    {"id": "sourdough", "text": "A sourdough starter is fed with flour and water once a day."},
    {"id": "bakery", "text": "The bakery on the corner opens at seven and closes at noon on Sundays."},
    {"id": "wheat", "text": "Wheat is grown on every continent except Antarctica."},
]

QUESTIONS = ["How do I keep bread fresh?", "When does the bakery open?"]


def main() -> None:
    """Fill an index, open it again as a later run would, and ask."""
    with TemporaryDirectory() as folder:
        SearchIndex(folder).add(NOTES)
        index = SearchIndex(folder)
        for question, found in zip(QUESTIONS, index.batch(QUESTIONS, k=2), strict=True):
            print(question)
            for one in found:
                print(f"{one.score:8.4f}  {one.id:<10} {one.text}")


if __name__ == "__main__":
    main()
