"""From which probability on may a judge answer if at most 15% of its answers are to be wrong? Labelled pairs say."""

from __future__ import annotations

from crossjudge import Judge
from crossjudge.calibration import fit_calibration

SHOPS = ("bakery", "library", "museum", "pharmacy", "garage", "cinema", "market", "office", "pool", "school")
HOURS = ("six", "seven", "eight", "nine")


def labelled_pairs() -> tuple[list[tuple[str, str]], list[str]]:
    """Pairs whose right label is known; yours come from people who labelled what you will ask."""
    pairs, gold = [], []
    for shop in SHOPS:
        for place, hour in enumerate(HOURS):
            text = f"The {shop} on the corner closes at {hour} in the evening."
            other = HOURS[place - 1]
            pairs += [
                (text, f"The {shop} is open until {hour}."),
                (text, f"Nobody can enter the {shop} after {other}."),
            ]
            pairs.append((text, f"The {shop} is owned by a doctor."))
            gold += ["entailment", "contradiction", "neutral"]
    return pairs, gold


def main() -> None:
    """Fit on labelled pairs, and let a judge abstain where it is not sure enough."""
    calibration = fit_calibration(None, *labelled_pairs(), target_error=0.15)
    fitted = calibration.abstention
    assert fitted is not None
    print(f"answer from {fitted.abstain_below:.3f} on: {fitted.coverage:.0%} answered, {fitted.error:.1%} wrong")
    verdict = Judge(calibration=calibration)("The kiosk closes at six.", "The kiosk is open at midnight.")
    print(f"{'abstained' if verdict.abstained else verdict.label} {max(verdict.probabilities.values()):.2f}")


if __name__ == "__main__":
    main()
