"""What a part is given as its `model`, as the use that it needs: a model, a client, or what already does the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeGuard, TypeVar

from crossjudge.apps.base import Model, as_judge, seen
from crossjudge.apps.checking.checker import Answer, ClaimChecker, Source
from crossjudge.apps.checking.results import CheckReport
from crossjudge.apps.grading import Grader, GradeResult
from crossjudge.apps.reranking import Ranked, Reranker
from crossjudge.apps.tagging import Labels, Tagger, TagResult
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.cross_encoder import CrossEncoder


class Ranks(Protocol):
    """What `Reranker` does."""

    def batch(
        self, inputs: Sequence[tuple[str, Sequence[str]]], top_k: int | None = None, /
    ) -> Sequence[Sequence[Ranked]]:
        """A ranking for each query and its documents."""
        ...


class Checks(Protocol):
    """What `ClaimChecker` does."""

    def batch(self, inputs: Sequence[tuple[Source, Answer]], /) -> Sequence[CheckReport]:
        """A report for each source, or list of sources, and answer."""
        ...


class Tags(Protocol):
    """What `Tagger` does."""

    def batch(self, texts: Sequence[str], /) -> Sequence[TagResult]:
        """The tags of each text."""
        ...


class Grades(Protocol):
    """What `Grader` does."""

    def __call__(self, answer: str, /) -> GradeResult:
        """The grade of one answer."""
        ...


class Client(Protocol):
    """What makes all of these with a model that is elsewhere, as a client of a crossjudge server does."""

    def reranker(self) -> Ranks:
        """See `Reranker`."""
        ...

    def claim_checker(self, *, threshold: float) -> Checks:
        """See `ClaimChecker`."""
        ...

    def tagger(self, labels: Labels, /, **options: Any) -> Tags:
        """See `Tagger`."""
        ...

    def grader(self, reference: Sequence[str], /, *, question: str | None) -> Grades:
        """See `Grader`."""
        ...


Use = TypeVar("Use")

Given: TypeAlias = Model | Client | Use
"""A model or a client, of which the part makes its use, or the use itself: ours, a client's, or one of your own."""

_MODELS = "None, a folder or hub name, a CrossEncoder, a Judge"


def ranks(given: Given[Ranks]) -> Ranks:
    """`given` as what ranks documents."""
    if is_model(given):
        return Reranker(given)
    ranker: Ranks = given.reranker() if is_client(given) else _doing(given, "Reranker")
    return ranker


def checks(given: Given[Checks], *, threshold: float) -> Checks:
    """`given` as what checks answers. `threshold`: of a model's; a checker has its own."""
    if is_model(given):
        return ClaimChecker(model=given, threshold=threshold)
    checker: Checks = given.claim_checker(threshold=threshold) if is_client(given) else _doing(given, "ClaimChecker")
    return checker


def tags(given: Given[Tags], labels: Labels | None, **options: Any) -> Tags:
    """`given` as what tags texts. `labels`, `options`: of `Tagger`, for a model or a client; a tagger has its own."""
    stated = {name: value for name, value in options.items() if value is not None}
    if is_model(given):
        return Tagger(_stated(labels), model=given, **stated)
    if is_client(given):
        return given.tagger(_stated(labels), **stated)
    if labels is not None or stated:
        raise InputError(
            f"Making a tagger: got {', '.join(['labels', *stated])} beside a {type(given).__name__}; expected them of "
            "a model only. Leave them out, or make the tagger with them."
        )
    tagger: Tags = _doing(given, "Tagger")
    return tagger


def grader_maker(given: Model | Client) -> Callable[[Sequence[str], str | None], Grades]:
    """`given` as what makes a grader of references and a question."""
    if is_client(given):
        return lambda references, question: given.grader(references, question=question)
    if not is_model(given):
        raise InputError(f"Taking a model: got {seen(given)}; expected {_MODELS} or a client. Pass one of these.")
    judge = as_judge(given, unnamed=Grader.unnamed_model)
    return lambda references, question: Grader(references, question=question, model=judge)


def is_model(given: Any) -> TypeGuard[Model]:
    """Whether it is a model, or names one; raises `InputError` for the address of a server, which names none."""
    if isinstance(given, str) and given.startswith(("http://", "https://")):
        raise InputError(
            "Taking a model: got the address of a server; expected a model's folder or hub name, or a client. Pass "
            "crossjudge.Client(address)."
        )
    return given is None or isinstance(given, (Judge, CrossEncoder, str, Path))


def is_client(given: Any) -> TypeGuard[Client]:
    """Whether it makes uses, and is none."""
    return callable(getattr(given, "claim_checker", None)) and callable(getattr(given, "grader", None))


def name_of(given: Any) -> str:
    """What logs and traces call it."""
    if given is None:
        return "embedded"
    return str(given) if isinstance(given, (str, Path)) else type(given).__name__


def saved_name(given: Any, *, of: str) -> str | None:
    """What a saved part names its model by; raises `InputError` for an object, which no file can hold."""
    if given is None or isinstance(given, (str, Path)):
        return None if given is None else str(given)
    raise InputError(
        f"Saving a {of}: its model is a {type(given).__name__}; expected a name, which can be written down. Make it "
        "with the model's folder or hub name, or with None for the one in the box."
    )


def _stated(labels: Labels | None) -> Labels:
    if labels is None:
        raise InputError("Making a tagger: got no labels; expected a list of names. State labels=[...].")
    return labels


def _doing(given: Any, what: str) -> Any:
    if callable(getattr(given, "batch", None)):
        return given
    raise InputError(
        f"Taking a model: got {seen(given)}; expected {_MODELS}, a client, or an object with the `batch` of {what}. "
        "Pass one of these."
    )
