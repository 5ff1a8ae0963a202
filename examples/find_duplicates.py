"""Which of these questions ask the same? Similar is not the same: one number apart is another question."""

from __future__ import annotations

from crossjudge import Deduplicator

QUESTIONS = [
    "How do I reset my password?",
    "What is the way to reset my password?",
    "how do I  reset my password?",
    "How do I reset my user name?",
    "Can I return shoes within 14 days?",
    "Can I return shoes within 30 days?",
]


def main() -> None:
    """Print each cluster, the text to keep first, and what similarity alone would have done."""
    report = Deduplicator().report(QUESTIONS)
    for cluster in report.clusters:
        others = [index for index in cluster.indices if index != cluster.representative]
        print(f"keep  {QUESTIONS[cluster.representative]}")
        for index in others:
            print(f"  drop  {QUESTIONS[index]}")
    tally = report.tally
    told_apart = tally.similar_refused + tally.similar_ruled_apart
    print(f"{report.pairs_possible} pairs possible, {tally.compared} compared by the cross-encoder, both ways round.")
    print(f"Similarity of {tally.similarity_threshold} alone would have merged pairs that were refused: {told_apart}.")


if __name__ == "__main__":
    main()
