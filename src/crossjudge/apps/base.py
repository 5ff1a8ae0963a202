"""What every use shares: its judge, many questions asked as one batch, results as JSON, and checks of what is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from crossjudge.errors import InputError, ItemError, NonFiniteLogitsError, ObjectiveError, TooLongError
from crossjudge.judge import Judge
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.plain_values import to_plain
from crossjudge.types import Verdict

Model: TypeAlias = Judge | CrossEncoder | str | Path | None
"""None is the model in the box that the use takes, its `unnamed_model`.

A `Judge` keeps its calibration, and what it does with long texts.
"""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (done, total)."""

Question: TypeAlias = tuple[str, str]
"""A premise, and a hypothesis about it."""


class Result:
    """A frozen dataclass that can be written as JSON."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain: dict[str, Any] = to_plain(self)
        return plain


def as_judge(model: Model, *, objective: str = "nli", unnamed: str | None = None) -> Judge:
    """`model` as a judge, of `unnamed` where it is None; raises `ObjectiveError` for one that judges something else.

    Raises `InputError` for what is no model.
    """
    if not (model is None or isinstance(model, (Judge, CrossEncoder, str, Path))):
        raise InputError(
            f"Taking a model: got {seen(model)}; expected the name or folder of one, a CrossEncoder or a Judge. Pass "
            "one of these."
        )
    if not isinstance(model, Judge):
        return Judge(unnamed if model is None else model, objective=objective)
    if model.objective.name != objective:
        raise ObjectiveError(
            f"Taking a judge for {objective!r}: the one given judges {model.objective.name!r}. Pass "
            f"Judge(model, objective={objective!r}), or the model itself."
        )
    return model


def ask(judge: Judge, asked: Sequence[Sequence[Question]], *, progress: Progress | None = None) -> list[list[Verdict]]:
    """The verdicts on each input's questions, all inputs in one batch, so that equal premises are read once.

    Each different question is asked once. `progress` hears of inputs. An error about a question names its input.
    """
    places: dict[Question, int] = {}
    owners: list[int] = []
    for index, questions in enumerate(asked):
        for question in questions:
            if places.setdefault(question, len(owners)) == len(owners):
                owners.append(index)
    try:
        verdicts = judge.batch(list(places), progress=_of_inputs(progress, len(asked)))
    except (TooLongError, NonFiniteLogitsError) as error:
        raise _naming_input(error, owners) from error
    return [[verdicts[places[question]] for question in questions] for questions in asked]


def _of_inputs(progress: Progress | None, inputs: int) -> Progress | None:
    """Progress in questions -> progress in inputs, about."""
    if progress is None:
        return None
    return lambda done, total: progress(done * inputs // max(total, 1), inputs)


def _naming_input(
    error: TooLongError | NonFiniteLogitsError, owners: Sequence[int]
) -> TooLongError | NonFiniteLogitsError:
    if error.index is None:
        return error
    index = owners[error.index]
    return type(error)(f"Input {index}: {error}", index=index)


def checked_text(value: Any, *, doing: str, what: str, index: int | None = None) -> str:
    """`value` if it is a text that says something; else `ItemError`. `index`: of the input that it belongs to."""
    if isinstance(value, str) and value.strip():
        return value
    place = "" if index is None else f" of input {index}"
    correct = "Pass one text; `.batch` takes many." if isinstance(value, list) else "Leave it out, or fill it in."
    raise ItemError(
        f"{doing}: {what}{place} is {seen(value)}; expected a text that says something. {correct}", index=index
    )


def checked_texts(values: Any, *, doing: str, what: str, index: int | None = None) -> list[str]:
    """A list of at least one text, each as `checked_text` wants it; `what` is their name in the singular."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise ItemError(f"{doing}: got {seen(values)}; expected a list, each item a {what}. Make it one.", index=index)
    texts = [checked_text(value, doing=doing, what=f"{what} {n}", index=index) for n, value in enumerate(values)]
    if not texts:
        place = "" if index is None else f" for input {index}"
        raise ItemError(f"{doing}: got no {what}{place}; expected at least one. Add one.", index=index)
    return texts


def refuse_one_text(values: Any, *, doing: str, what: str, itself: str) -> None:
    """Raise `InputError` for one text where many are expected, whose characters would be taken for them."""
    if isinstance(values, str):
        raise InputError(f"{doing}: got the text {seen(values)}; expected a list of {what}. Call the {itself} itself.")


def checked_names(values: Any, *, doing: str, what: str, index: int | None = None) -> list[str]:
    """As `checked_texts`, and no two alike (upper and lower case and outer spaces aside)."""
    names = checked_texts(values, doing=doing, what=what, index=index)
    known: dict[str, str] = {}
    for name in names:
        key = name.strip().casefold()
        if key in known:
            raise ItemError(
                f"{doing}: the {what} {name!r} stands there twice ({known[key]!r}); expected different ones. Drop or "
                "rename one.",
                index=index,
            )
        known[key] = name
    return names


def checked_mapping(values: Any, *, doing: str, what: str, meaning: str) -> dict[str, str]:
    """Name -> text: names as `checked_names` wants them, texts as `checked_text`. `meaning`: what a text is called."""
    if not isinstance(values, Mapping):
        raise InputError(f"{doing}: got {seen(values)}; expected a mapping from {what} to {meaning}. Make it one.")
    names = checked_names(list(values), doing=doing, what=what)
    return {name: checked_text(values[name], doing=doing, what=f"the {meaning} of {name!r}") for name in names}


def checked_probability(value: Any, *, doing: str, what: str) -> float:
    """A number from 0 to 1."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise InputError(f"{doing}: {what} is {seen(value)}; expected a probability from 0 to 1. State one.")


def checked_template(template: Any, *, doing: str) -> str:
    """A text with exactly one `{}`."""
    if isinstance(template, str) and template.count("{}") == 1:
        return template
    raise InputError(f"{doing}: the template is {seen(template)}; expected a text with one {{}} in it. Add it.")


def seen(value: Any) -> str:
    """What was found, short enough for a message."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return "blank" if not value.strip() else repr(value[:60])
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"


def by_entailment(verdicts: Sequence[Verdict]) -> list[int]:
    """Their places, the most entailed first.

    Probabilities that are equal, as saturated ones are, are told apart by logits; what is still equal keeps its order.
    """

    def key(place: int) -> tuple[float, float]:
        verdict = verdicts[place]
        against = max(logit for label, logit in verdict.logits.items() if label != "entailment")
        return -verdict.probabilities["entailment"], against - verdict.logits["entailment"]

    return sorted(range(len(verdicts)), key=key)
