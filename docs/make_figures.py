"""Writes the embedded model's figures into pages, after a change of it: `python docs/make_figures.py [--measure]`.

`--measure` asks the model again (a minute or two): our own cases of every use, and the hand-written stress suite, for
its surest mistakes. That is kept in docs/model/measured.json, with the fingerprint of the model that said it. The other
figures are read from the model's card. From both this writes docs/known-failures.md (its words stand in
docs/known-failures.template.md) and the figure of our own cases on the uses' pages that state it in words. Where
benchmarks/uses.py has counted our own cases (docs/benchmarks/uses.json), its counts are taken.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from crossjudge.models.parity import wilson

DOCS = Path(__file__).parent
CARD = DOCS.parent / "src" / "crossjudge" / "models" / "embedded" / "README.md"
MEASURED, USES_MEASURED = DOCS / "model" / "measured.json", DOCS / "benchmarks" / "uses.json"
PAGE, TEMPLATE = DOCS / "known-failures.md", DOCS / "known-failures.template.md"

USES = {
    "tag": ("Tagging", "exactly the right labels", "tagging.md"),
    "check": ("Checking claims", "the right outcome, and the right flags", "checking.md"),
    "flags": ("Flags of claims", "what should be flagged, and nothing else", "checking.md"),
    "answer": ("Picking answers", "the right candidate, or abstained where there is none", "answering.md"),
    "grade": ("Grading", "the right grade, and the right points missing", "grading.md"),
    "guard": ("Guarding", "the policy passed or failed as it should", "guarding.md"),
    "rubric": ("Scoring by a rubric", "every criterion in its range", "scoring.md"),
    "dedupe": ("Duplicates", "the texts in exactly the right clusters", "duplicates.md"),
}
"""Set of our own cases -> what the use is called, what counts as right, its page."""

LOOK_ALIKES = {
    "entity_swap": "who did it and to whom change places",
    "temporal": "before and after, or the tense, change",
    "numerical": "an amount, date or unit differs",
    "negation": "one text denies what the other says",
    "hedging": "one text is certain, the other is not",
    "quantifier": "all, some, most, none",
    "near_miss": "one small detail differs",
}
"""Category of the stress suites -> what differs."""

PARAPHRASES = "positive_control"
SUITES = ("stress", "stress-long", "stress-generated")

HARD_SETS = {
    "anli.dev": ("pairs written to fool such models", "0.33"),
    "sick.test": ("sentences that differ in one construction", "0.33"),
    "med.test": ("what follows from more, fewer, all and some", "0.50"),
    "temporal_nli.test": ("times and durations in news text", "0.50"),
}
"""NLI set -> what it asks, and the accuracy of guessing."""

FAR_SETS = {
    "climate_fever.test": "claims on the climate, evidence of Wikipedia",
    "wice.dev": "long claims of Wikipedia on web pages",
    "scifact_claims.dev": "biomedical claims on sentences of abstracts",
    "scifact_abstract.dev": "biomedical claims on whole abstracts",
    "begin.dev": "what a chat partner says, on the text that it was given",
}
"""Groundedness set -> what it asks."""

_CASES = re.compile(r"\d+ of our own \d+ cases come out right, [\d.]+% \([\d.]+ to [\d.]+\)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the card as it stands there, in words."""

    value: str
    interval: str
    n: str = ""

    @property
    def percent(self) -> str:
        """A share with its interval, in whole per cent."""
        low, high = self.interval.split(" to ")
        return f"{100 * float(self.value):.0f}% ({100 * float(low):.0f} to {100 * float(high):.0f}%)"


def main() -> None:
    """Measure if asked to, then write every page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="ask the model again")
    if parser.parse_args().measure:
        MEASURED.write_text(json.dumps(measure(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path, text in pages().items():
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(DOCS.parent))


def pages() -> dict[Path, str]:
    """What each page with figures is to hold, by the card and by what was measured."""
    measured = json.loads(MEASURED.read_text("utf-8"))
    cases = own_cases(measured)
    found = {PAGE: known_failures(CARD.read_text("utf-8"), measured, cases)}
    for use, (_, _, name) in USES.items():
        path = DOCS / "uses" / name
        if path in found:  # its sentence is about the use's first cases
            continue
        found[path] = _CASES.sub(cases_in_words(cases[use]), path.read_text("utf-8"))
    return found


def own_cases(measured: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Use -> `n` cases, and how many of them are `right`: as benchmarks/uses.py counted them, where it did."""
    content = json.loads(USES_MEASURED.read_text("utf-8")) if USES_MEASURED.is_file() else {}
    blocks = {block["name"]: block["numbers"] for block in content.get("cases", {}).get("blocks", ())}
    return {use: blocks.get(f"cases.{use}", [measured["cases"][use]])[0] for use in USES}


# ---------------------------------------------------------------------------------------------------------- the figures


def card_figures(card: str) -> dict[str, Figure]:
    """Every figure of "Every head" by what it is; then accuracy and `NAME calibration error` of the held-out sets."""
    found = {}
    for cells in _rows(card, "## Every head"):
        _, what, value, interval, n, *_ = cells
        found[what] = Figure(value, interval, n)
    for cells in _rows(card, "## Held-out figures"):
        name, n, accuracy, interval, _, calibration = cells
        found.setdefault(f"{name.split()[0]} accuracy", Figure(accuracy, interval, n))
        found[f"{name.split()[0]} calibration error"] = Figure(calibration, "", n)
    return found


def _rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def cases_in_words(score: Mapping[str, Any]) -> str:
    """How many of our own cases are right, with the interval."""
    low, high = wilson(score["right"], score["n"])
    share = score["right"] / score["n"]
    right = f"{score['right']} of our own {score['n']} cases come out right"
    return f"{right}, {share:.1%} ({100 * low:.1f} to {100 * high:.1f})"


# ------------------------------------------------------------------------------------------------------------- the page


def known_failures(card: str, measured: Mapping[str, Any], cases: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, every slot filled."""
    figures = card_figures(card)
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        fingerprint=measured["fingerprint"],
        look_alikes=_table(
            ["what differs", *SUITES],
            [[words, *(_share(figures, suite, kind) for suite in SUITES)] for kind, words in LOOK_ALIKES.items()],
        ),
        paraphrases=_table(
            ["", *SUITES], [["true paraphrases kept", *(_share(figures, suite, PARAPHRASES) for suite in SUITES)]]
        ),
        order=_table(
            ["PAWS-X, English, test", "AUC (95% interval)"],
            [
                ["`duplicate` head", _value(figures["pawsx_en.test AUC"])],
                ["cosine of all-MiniLM-L6-v2", _value(figures["pawsx_en.test AUC, all-MiniLM-L6-v2"])],
                ["guessing", "0.500"],
            ],
        ),
        hard=_table(
            ["set", "what it asks", "pairs", "accuracy (95% interval)", "guessing", "calibration error"],
            [
                [name, words, one.n, _value(one), guess, figures[f"{name} calibration error"].value]
                for name, (words, guess) in HARD_SETS.items()
                for one in [figures[f"{name} accuracy"]]
            ],
        ),
        usual=_table(
            ["set", "pairs", "accuracy (95% interval)", "calibration error"],
            [
                [name, one.n, _value(one), figures[f"{name} calibration error"].value]
                for name in ("snli.test", "mnli_matched.dev", "fever.dev")
                for one in [figures[f"{name} accuracy"]]
            ],
        ),
        far=_table(
            ["set", "what it asks", "claims", "balanced accuracy (95% interval)"],
            [
                [name, words, one.n, _value(one)]
                for name, words in FAR_SETS.items()
                for one in [figures[f"{name} balanced accuracy"]]
            ],
        ),
        uses=_table(
            ["use", "right is", "cases", "right (95% interval)"],
            [
                [f"[{title}](uses/{page})", right, str(score["n"]), _of(score)]
                for use, (title, right, page) in USES.items()
                for score in [cases[use]]
            ],
        ),
        examples=_table(
            ["first text", "second text", "it is", "the model says"],
            [
                [one["text_a"], one["text_b"], one["gold"], f"{one['label']}, {one['probability']:.2f}"]
                for one in measured["failures"]
            ],
        ),
    )


def _share(figures: Mapping[str, Figure], suite: str, kind: str) -> str:
    """How many pairs of a category are taken for duplicates, or of the paraphrases are kept."""
    ending = "kept" if kind == PARAPHRASES else "taken for a duplicate"
    one = figures[f"{suite}, {kind}: {ending}"]
    return f"{one.percent}, n\u00a0=\u00a0{one.n}"


def _value(one: Figure) -> str:
    return f"{one.value} ({one.interval})"


def _of(score: Mapping[str, Any]) -> str:
    low, high = wilson(score["right"], score["n"])
    return f"{score['right']} ({100 * score['right'] / score['n']:.0f}%, {100 * low:.0f} to {100 * high:.0f}%)"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


# ------------------------------------------------------------------------------------------------------------ measuring


def measure() -> dict[str, Any]:
    """Each use on our own cases, by its own model; the embedded model's surest mistakes in the stress suite."""
    sys.path.insert(0, str(DOCS.parent / "benchmarks"))
    from cases import ANSWERERS, cases_of
    from cases import USES as CLASSES
    from crossjudge import Judge

    judge = Judge()
    scores = {}
    for use in USES:
        asked = cases_of(use)
        own = Judge(getattr(CLASSES[use], "unnamed_model", None))
        scores[use] = {"right": sum(one.right for one in ANSWERERS[use](own, asked)), "n": len(asked)}
    return {"fingerprint": judge.model.fingerprint, "cases": scores, "failures": surest_mistakes(judge)}


def surest_mistakes(judge: Any) -> list[dict[str, Any]]:
    """For each category of the stress suite, the pair whose wrong label is the most probable."""
    from crossjudge.evaluation.suite import load_suite

    pairs = [pair for pair in load_suite("stress").pairs if pair.nli_forward is not None]
    verdicts = judge.batch([(pair.text_a, pair.text_b) for pair in pairs])
    found = []
    for category in (*LOOK_ALIKES, PARAPHRASES):
        wrong = [
            {
                "category": category,
                "text_a": pair.text_a,
                "text_b": pair.text_b,
                "gold": pair.nli_forward,
                "label": verdict.label,
                "probability": round(verdict.probabilities[verdict.label], 2),
            }
            for pair, verdict in zip(pairs, verdicts, strict=True)
            if pair.category == category and verdict.label != pair.nli_forward
        ]
        found += sorted(wrong, key=lambda one: -one["probability"])[:1]
    return found


if __name__ == "__main__":
    main()
