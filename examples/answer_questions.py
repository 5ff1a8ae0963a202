"""Which of these candidates answers the question, as the text has it, and does the text answer it at all?"""

from __future__ import annotations

from crossjudge import AnswerPicker

CONTEXT = "The library opens at nine on weekdays and at eleven on Saturdays. Members may borrow ten books."

QUESTIONS = [
    ("When does the library open on Saturdays?", ["at eleven", "at nine", "at noon"]),
    ("How many books may members borrow?", ["five", "ten", "twenty"]),
    ("Who founded the library?", ["the city", "a monk", "two sisters"]),
]


def main() -> None:
    """Ask all questions in one batch."""
    picker = AnswerPicker()
    results = picker.batch([(CONTEXT, question, candidates) for question, candidates in QUESTIONS])
    for (question, _), result in zip(QUESTIONS, results, strict=True):
        print(question)
        for (candidate, probability), hypothesis in zip(result.ranking, result.hypotheses, strict=True):
            print(f"    {probability:.2f}  {candidate:<14} {hypothesis}")
        if result.abstained:
            print("    abstained: the text entails none of these")


if __name__ == "__main__":
    main()
