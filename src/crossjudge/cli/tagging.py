"""Tags on the command line: how labels are written, what a row holds, and its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from crossjudge.apps.base import checked_probability
from crossjudge.apps.tagging import RecallCost, Tagger, TagResult
from crossjudge.apps.thresholds import USUAL, Thresholds
from crossjudge.cli.failures import say
from crossjudge.cli.gates import read_gate
from crossjudge.cli.inputs import Source
from crossjudge.cli.results import Show, Task
from crossjudge.cli.tables import Column, OutcomeBlocks, OutcomeTable
from crossjudge.cli.terminal import bar, shortened, sign
from crossjudge.cli.use_inputs import Field, Form
from crossjudge.cli.uses import AnyTagger
from crossjudge.cli.work import Progress
from crossjudge.errors import InputError

Asked = tuple[str, list[str] | None]
"""A text, and labels of its own."""

NONE = "none"
"""What --fail-on calls a text to which no label applies."""

_TAGS_WIDTH = 40
_TAGS_SHOWN = 20


def _of_words(words: tuple[str, ...]) -> Sequence[Asked]:
    if not words:
        raise InputError(
            "Reading the arguments: found no text; expected texts, or files (.jsonl, .csv, .tsv, .parquet), or - for "
            "standard input. Name some."
        )
    return [(word, None) for word in words]


def _of_fields(text: str, labels: list[str] | None = None) -> Asked:
    return text, labels


FORM: Form[Asked] = Form(
    fields=(Field(name="text", also=("sentence", "message")), Field(name="labels", many=True, optional=True)),
    of_fields=_of_fields,
    of_words=_of_words,
    noun="text",
)


def read_labels(entries: Iterable[str], listed: str | None) -> tuple[list[str], dict[str, str] | None]:
    """The names of --label and --labels; and name -> hypothesis where every --label states one.

    Raises `InputError` where some do and others do not.
    """
    given = list(entries)
    names = [*given, *(listed.split(",") if listed is not None else ())]
    if not any("=" in name for name in names):
        return [name.strip() for name in names], None
    plain = [name for name in names if "=" not in name]
    if plain:
        raise InputError(
            f"Reading --label: {plain[0]!r} is a name and others are NAME=HYPOTHESIS; expected all alike. Write its "
            "hypothesis too."
        )
    pairs = [name.split("=", 1) for name in names]
    described = {name.strip(): hypothesis.strip() for name, hypothesis in pairs}
    if len(described) < len(pairs):
        raise InputError("Reading --label: a name stands there twice; expected different ones. Rename one.")
    return list(described), described


def read_descriptions(entries: Iterable[str]) -> dict[str, str] | None:
    """The entries of --describe, name -> what it means; None where there are none. Raises `InputError`."""
    described: dict[str, str] = {}
    for entry in entries:
        name, sign_between, text = (part.strip() for part in entry.partition("="))
        if not (sign_between and name and text):
            raise InputError(f"Reading --describe: {entry[:60]!r}; expected NAME=TEXT. Correct it.")
        if name in described:
            raise InputError(f"Reading --describe: {name!r} stands there twice; expected it once. Drop one.")
        described[name] = text
    return described or None


def read_thresholds(entries: Iterable[str], path: str | None) -> Thresholds:
    """One number for all labels, numbers by name, or fitted ones from a file; raises `InputError`."""
    stated = list(entries)
    if path is not None:
        if stated:
            raise InputError("Reading --threshold: --thresholds names fitted ones beside it. Leave one of them out.")
        return Thresholds.load(path)
    otherwise, by_name = USUAL, {}
    for entry in stated:
        name, sign_between, number = (part.strip() for part in entry.rpartition("="))
        value = checked_probability(_number(number, entry), doing="Reading --threshold", what=entry)
        if sign_between:
            by_name[name] = value
        else:
            otherwise = value
    return Thresholds(by_name, otherwise)


def _number(text: str, entry: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"Reading --threshold: {entry[:60]!r}; expected NUMBER or NAME=NUMBER. Correct it.") from None


class FirstStageCost:
    """Counts what a tagger's first stage loses, chunk by chunk: `recall_cost` on all texts with the tagger's labels."""

    def __init__(self, tagger: AnyTagger) -> None:
        assert isinstance(tagger, Tagger)  # options that ask for it are refused beside --server
        self._tagger = tagger
        self._texts = self._chosen = self._kept = 0

    def count(self, asked: Sequence[Asked], progress: Progress) -> None:
        """Take note of texts that have been tagged."""
        texts = [text for text, labels in asked if labels is None]
        if texts:
            cost = self._tagger.recall_cost(texts, progress=progress)
            self._texts, self._chosen, self._kept = (
                self._texts + cost.texts,
                self._chosen + cost.chosen,
                self._kept + cost.kept,
            )

    def tell(self) -> None:
        """Say it."""
        cost = RecallCost.of(self._texts, chosen=self._chosen, kept=self._kept)
        if not cost.chosen:
            say(f"the first stage: no label applies to any of {cost.texts} texts, so there was nothing to lose.")
            return
        say(
            f"the first stage: of {cost.chosen} tags that asking every label finds in {cost.texts} texts, {cost.kept} "
            f"are still found: {cost.recall:.1%} (95% interval {cost.low:.1%} to {cost.high:.1%})."
        )


def tag_task(
    tagger: AnyTagger, *, fail_on: Iterable[str], cost: FirstStageCost | None = None
) -> Task[Asked, TagResult]:
    """What `crossjudge tag` does. `cost` hears of the texts. Raises `LabelError` if `fail_on` names no label asked."""
    gate = read_gate(fail_on, (*tagger.labels, NONE))

    def work(asked: list[Asked], progress: Progress) -> list[TagResult]:
        texts, sets = [text for text, _ in asked], [labels for _, labels in asked]
        if cost is None:
            return tagger.batch(texts, sets, progress=progress)
        # Two rounds, the second over those texts alone that have no labels of their own.
        count = len(asked)
        results = tagger.batch(texts, sets, progress=lambda done, _: progress(done // 2, count))
        cost.count(asked, lambda done, some: progress((count + done * count // max(some, 1)) // 2, count))
        return results

    return Task(
        work=work,
        fields=TagResult.to_dict,
        columns={"tags": dict, "chosen": dict},
        table=_table,
        fails=lambda result: bool(gate & set(result.chosen)) or (NONE in gate and not result.chosen),
    )


def _text_of(asked: Asked) -> str:
    return asked[0]


def _table(source: Source[Asked]) -> Show[Asked, TagResult]:
    if not source.files:
        return OutcomeBlocks(_text_of, _block).show
    columns = [Column("tags", _TAGS_WIDTH, _tags_cell)]
    return OutcomeTable(source, columns, texts=[("text", _text_of)]).show


def _tags_cell(result: TagResult) -> Text:
    probability = {tag.name: tag.probability for tag in result.tags}
    return shortened(", ".join(f"{name} {probability[name]:.2f}" for name in result.chosen) or "–", most=10_000)


def _block(result: TagResult) -> Table:
    """The labels of one text, those that apply first, then the likeliest of the others."""
    chosen = set(result.chosen)
    ordered = sorted(result.tags, key=lambda tag: (tag.name not in chosen, -tag.probability))
    table = Table(box=None, show_header=False, pad_edge=False)
    for tag in ordered[: max(_TAGS_SHOWN, len(chosen))]:
        symbol, colour = sign("entailment" if tag.name in chosen else "neutral")
        name = Text(f"  {symbol} ", style=colour).append_text(shortened(tag.name, most=60))
        unread = f"  {tag.verdict.tokens_dropped:,} tokens unread" if tag.verdict.tokens_dropped else ""
        table.add_row(name, Text(f"{bar(tag.probability)} {tag.probability:.2f}"), Text(unread, style="bold red"))
    more = len(ordered) - max(_TAGS_SHOWN, len(chosen))
    if more > 0:
        table.add_row(Text(f"    and {more} more labels that do not apply", style="dim"))
    return table
