"""To a checklist, what the text does not say counts as refuted. Can a model learn that from labelled pairs?"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from crossjudge import Judge
from crossjudge.training.adapting import adapt
from crossjudge.training.adapting.labelled_rows import read_labelled

SHOPS = ("bakery", "library", "museum", "pharmacy", "garage", "cinema", "market", "office", "pool", "school")
HOURS = ("six", "seven", "eight", "nine")


def write_labelled(path: Path) -> None:
    """Pairs with labels as this checklist means them; yours come from people who use it."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        write = csv.writer(stream).writerow
        write(["text_a", "text_b", "label"])
        for shop in SHOPS:
            for hour in HOURS:
                text = f"The {shop} on the corner closes at {hour} in the evening."
                write([text, f"The {shop} closes at {hour}.", "entailment"])
                write([text, f"The {shop} is open at midnight.", "contradiction"])
                write([text, f"The {shop} is owned by a doctor.", "contradiction"])


def main() -> None:
    """Adapt the embedded model, and use the folder that comes of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_labelled(folder / "labelled.csv")
        found = adapt(read_labelled(folder / "labelled.csv"), folder / "adapted")
        seen = found.comparison
        print(
            f"{seen.n} pairs held out: accuracy {seen.before.accuracy.value:.2f}, then {seen.after.accuracy.value:.2f}"
        )
        print(seen.verdict())
        if found.folder is not None:
            pair = ("The kiosk at the station closes at six.", "The kiosk is owned by two sisters.")
            print(f"{Judge()(*pair).label}, then {Judge(found.folder)(*pair).label}")


if __name__ == "__main__":
    main()
