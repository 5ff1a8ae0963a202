"""What a model has learnt of each rule that training pairs are made by: `python benchmarks/made_pairs.py [FAMILY ...]`.

Makes pairs anew, with a seed that no mixture has, judges them, and shows the share that is right for each rule, the
worst first, with its 95% interval (Wilson). A rule near chance after training is one that the network cannot learn so,
or not yet: more of the same pairs will not help the uses that need it. `--limit`: pairs of each family. These are texts
as training saw them: a high share says nothing of other texts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.progress import Progress

import figures
from crossjudge import Judge, Verdict
from crossjudge.models.parity import wilson
from crossjudge.training.augmentation import MadePair, made_pairs
from figures import Block, Table

FAMILIES = ("negation", "numbers", "roles", "time", "quantifiers", "hedging", "paraphrase", "applications")
"""Those that need no sentences of others and teach `nli`."""

SEED = 987_654_321
LEAST = 20
"""A rule of fewer pairs than that is not shown by itself."""


def main() -> None:
    """Measure the families that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of {', '.join(FAMILIES)} (default: all)")
    figures.add_options(parser, limit=2_000, data=False)
    options = parser.parse_args()
    unknown = sorted(set(options.families) - set(FAMILIES))
    if unknown:
        parser.error(f"no family is called {unknown[0]!r}")
    figures.run(options, lambda judge, bar: measure(judge, options.families or FAMILIES, limit=options.limit, bar=bar))


def measure(judge: Judge, families: Sequence[str], *, limit: int, bar: Progress) -> Iterator[Block]:
    """A table for each family."""
    for family in families:
        pairs = [pair for pair in made_pairs(family, limit, seed=SEED) if pair.nli is not None]
        verdicts = judge.batch([(pair.text_a, pair.text_b) for pair in pairs], progress=figures.follow(bar, family))
        yield _block(family, pairs, verdicts)


def _block(family: str, pairs: Sequence[MadePair], verdicts: Sequence[Verdict]) -> Block:
    asked = Counter(pair.kind for pair in pairs)
    right = Counter(pair.kind for pair, verdict in zip(pairs, verdicts, strict=True) if is_right(pair, verdict))
    shown = sorted((kind for kind in asked if asked[kind] >= LEAST), key=lambda kind: right[kind] / asked[kind])
    numbers = [{"rule": kind, "n": asked[kind], "right": right[kind]} for kind in asked]
    rows = [[kind, str(asked[kind]), _share(right[kind], asked[kind])] for kind in shown]
    rows.append(["all", str(len(pairs)), _share(right.total(), len(pairs))])
    return Block(f"made.{family}", f"Made pairs of {family}", Table(("rule", "n", "right (95%)"), rows, (1,)), numbers)


def is_right(pair: MadePair, verdict: Verdict) -> bool:
    """Whether the verdict is what the rule says; some rules only say that nothing follows."""
    return (verdict.label != "entailment") if pair.nli == "not_entailment" else verdict.label == pair.nli


def _share(right: int, asked: int) -> str:
    return figures.share(right / asked, *wilson(right, asked))


if __name__ == "__main__":
    main()
