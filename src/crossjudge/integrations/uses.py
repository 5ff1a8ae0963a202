"""What a part is given as its `model`, as the use that it needs: a model, or an object that already does its work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeGuard, TypeVar

from crossjudge.apps.base import Model, seen
from crossjudge.apps.checking.checker import Answer, ClaimChecker, Source
from crossjudge.apps.checking.results import CheckReport
from crossjudge.apps.reranking import Ranked, Reranker
from crossjudge.apps.tagging import Tagger, TagResult
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


Use = TypeVar("Use")

Given: TypeAlias = Model | Use
"""A model, from which the part makes its use, or the use itself: ours, a client's of a server, or one of your own."""


def ranks(given: Given[Ranks]) -> Ranks:
    """`given` as what ranks documents."""
    return Reranker(given) if is_model(given) else _doing(given, "Reranker")


def checks(given: Given[Checks], *, threshold: float) -> Checks:
    """`given` as what checks answers. `threshold`: of a model's; a checker has its own."""
    if is_model(given):
        return ClaimChecker(model=given, threshold=threshold)
    checker: Checks = _doing(given, "ClaimChecker")
    return checker


def tags(given: Given[Tags], **options: Any) -> Tags:
    """`given` as what tags texts. `options`: of `Tagger`, for a model; a tagger has its own."""
    stated = {name: value for name, value in options.items() if value is not None}
    if not is_model(given):
        if stated:
            raise InputError(
                f"Making a tagger: got {', '.join(stated)} beside {seen(given)}; expected them of a model only. Leave "
                "them out, or make the tagger with them."
            )
        tagger: Tags = _doing(given, "Tagger")
        return tagger
    if "labels" not in stated:
        raise InputError("Making a tagger: got no labels; expected a list of names. State labels=[...].")
    return Tagger(stated.pop("labels"), model=given, **stated)


def is_model(given: Any) -> TypeGuard[Model]:
    """Whether it is a model, or names one, and not a use."""
    return given is None or isinstance(given, (Judge, CrossEncoder, str, Path))


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
        "with the model's folder or hub name, or with None for the embedded model."
    )


def _doing(given: Any, what: str) -> Any:
    if callable(getattr(given, "batch", None)):
        return given
    raise InputError(
        f"Taking a model: got {seen(given)}; expected None, a folder or hub name, a Judge, or an object with the "
        f"`batch` of {what}. Pass one of these."
    )
