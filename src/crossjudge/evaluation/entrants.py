"""The models of an evaluation: what a user may write for one, what kind it is, and how it is opened and named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from crossjudge.calibration import Calibration
from crossjudge.errors import CheckpointError, InputError, LabelError, UnknownModelError, UnsupportedModelError
from crossjudge.evaluation import normalise
from crossjudge.evaluation.normalise import ScoreRule
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.boxed import EMBEDDED_NAME
from crossjudge.models.checkpoint import Kind, load_checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.models.registry import find_card
from crossjudge.objectives import OBJECTIVES, get_objective
from crossjudge.objectives.nli import NLI
from crossjudge.types import FloatArray, Pair

Model: TypeAlias = CrossEncoder | BiEncoder
Progress: TypeAlias = Callable[[int], None]
"""Called with the number of pairs just finished in one direction."""

_KIND_OF: dict[str, Kind] = {
    "bi": "bi_encoder",
    "cross": "cross_encoder",
    **dict.fromkeys(OBJECTIVES, "cross_encoder"),
}
"""What may stand before a name, as in "bi:embedded" and "duplicate:my/folder" -> the kind of model it states."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """A model to be measured, checked to be there and not opened yet.

    `name`: unique in an evaluation. `path`: folder or hub name, where the model is not at hand yet. `objective`: what
    the user says it was trained for, over what is known of it. `passes`: how often each pair will be asked.
    """

    name: str
    kind: Kind
    passes: int
    path: str | Path | None = None
    head: str | None = None
    objective: str | None = None
    model: Model | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """How models are found and opened: arguments of `CrossEncoder` and `BiEncoder`."""

    backend: str = "auto"
    device: str | None = None
    precision: str | None = None
    num_threads: int | None = None
    local_files_only: bool = False
    trust_remote_code: bool = False
    token: str | bool | None = None
    cache_folder: str | Path | None = None

    @property
    def of_files(self) -> dict[str, Any]:
        """Those that say where files come from."""
        names = ("local_files_only", "trust_remote_code", "token", "cache_folder")
        return {name: getattr(self, name) for name in names}

    @property
    def of_models(self) -> dict[str, Any]:
        """All of them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def find_entrants(models: Any, opening: Opening | None = None) -> list[Entrant]:
    """What a user wrote, one model or several, in the order written.

    A model is a `CrossEncoder`, a `BiEncoder`, a folder or a hub name; `KIND:NAME` states what it is ("bi", "cross" or
    an objective), `NAME#HEAD` which head of it answers, `LABEL=NAME` how the report calls it. Raises `InputError` for
    what is none of these, a `CheckpointError` for a model that is not there, `LabelError` for a head that it has not.
    """
    wanted = [models] if isinstance(models, str | Path | CrossEncoder | BiEncoder) else list(models)
    if not wanted:
        raise InputError("Evaluating: no model was named. Name one or more, such as 'embedded'.")
    return _unique([_entrant(one, opening or Opening()) for one in wanted])


def _entrant(wanted: Any, opening: Opening) -> Entrant:
    if isinstance(wanted, CrossEncoder | BiEncoder):
        kind: Kind = "bi_encoder" if isinstance(wanted, BiEncoder) else "cross_encoder"
        head = wanted.head if isinstance(wanted, CrossEncoder) else None
        passes = _passes(wanted.num_labels) if isinstance(wanted, CrossEncoder) else 1
        return Entrant(name=_given_name(wanted, kind, head), kind=kind, passes=passes, head=head, model=wanted)
    if not isinstance(wanted, str | Path):
        raise InputError(
            f"Evaluating: {wanted!r} is no model. Expected a folder or hub name, a CrossEncoder or a BiEncoder."
        )
    return _checked(_parsed(str(wanted)), opening.of_files)


def _given_name(model: Model, kind: Kind, head: str | None) -> str:
    name = _short(model.name)
    if name == EMBEDDED_NAME:
        return f"bi:{name}" if kind == "bi_encoder" else name if head in (None, "nli") else f"{name}#{head}"
    return f"{name}#{head}" if head else name


@dataclass(frozen=True, slots=True)
class _Written:
    """A model as the user wrote it, taken apart."""

    label: str
    prefix: str
    path: str
    head: str | None


def _parsed(text: str) -> _Written:
    """`LABEL=KIND:NAME#HEAD`, of which only NAME has to be there; a folder of that very name is that folder."""
    if Path(text).is_dir():
        return _Written("", "", text, None)
    label, equals, rest = text.partition("=")
    if not equals:
        label, rest = "", text
    prefix, colon, path = rest.partition(":")
    # `C:\models` and `hf.co:8080/x` are paths: only known words are prefixes.
    if not colon or prefix not in _KIND_OF:
        prefix, path = "", rest
    name, _, head = path.partition("#") if not Path(path).is_dir() else (path, "", "")
    if not name:
        raise InputError(f"Evaluating: {text!r} names no model. Expected [LABEL=][KIND:]NAME[#HEAD].")
    return _Written(label, prefix, name, head or None)


def _checked(written: _Written, where: dict[str, Any]) -> Entrant:
    stated = written.prefix if written.prefix in OBJECTIVES else None
    kind = _KIND_OF.get(written.prefix) or _kind_of(written.path, where)
    checkpoint = load_checkpoint(written.path, kind=kind, **where)
    head = written.head or (stated if stated in checkpoint.heads else None)
    if head is not None and head not in checkpoint.heads:
        heads = ", ".join(checkpoint.heads) or "none: it is a model of a single head"
        raise LabelError(f"Evaluating {written.path}: it has no head {head!r}. Its heads: {heads}.")
    labels = checkpoint.heads[head] if head is not None else checkpoint.labels
    return Entrant(
        name=written.label or _written_name(written),
        kind=kind,
        passes=_passes(len(labels)),
        path=written.path,
        head=head,
        objective=stated,
    )


def _passes(num_labels: int) -> int:
    """A model of three labels says entailment, contradiction and neutral, or cannot be measured."""
    return 2 if num_labels == len(NLI.labels) else 1


def _written_name(written: _Written) -> str:
    prefix = f"{written.prefix}:" if written.prefix not in ("", "cross") else ""
    return f"{prefix}{_short(written.path)}" + (f"#{written.head}" if written.head else "")


def _short(path: str) -> str:
    """A folder by its own name; a hub name whole."""
    return Path(path).resolve().name if Path(path).is_dir() else path


def _kind_of(path: str, where: dict[str, Any]) -> Kind:
    """From its card, else from what is in the checkpoint: an encoder alone, without a head, is a bi-encoder."""
    card = find_card(path)
    if card is not None and not Path(path).is_dir():
        return "bi_encoder" if card.objective == "embedding" else "cross_encoder"
    try:
        load_checkpoint(path, kind="cross_encoder", **where)
    except (UnsupportedModelError, UnknownModelError) as not_crossing:
        try:
            load_checkpoint(path, kind="bi_encoder", **where)
        except CheckpointError:
            raise not_crossing from None
        return "bi_encoder"
    return "cross_encoder"


def _unique(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Names made different: the second "x" is "x (2)"."""
    taken: dict[str, int] = {}
    named = []
    for entrant in entrants:
        taken[entrant.name] = count = taken.get(entrant.name, 0) + 1
        named.append(entrant if count == 1 else replace(entrant, name=f"{entrant.name} ({count})"))
    return named


# ------------------------------------------------------------------------------------------------------------- opened


@dataclass(frozen=True, kw_only=True, slots=True)
class Contestant:
    """A model open and ready: what it is asked, what its raw outputs are called and how they become scores.

    `order`: for an NLI model, where its outputs have the labels of `NLI.labels`; else `()`. `temperature`: of the
    calibration that was shipped with it, else 1. `group`: the aggregate it is part of, None where it is in none, and
    then `not_pooled_because` says why.
    """

    name: str
    model: Model
    kind: Kind
    objective: str | None
    order: tuple[int, ...]
    temperature: float
    raw_columns: tuple[str, ...]
    rules: tuple[ScoreRule, ...]
    group: str | None
    not_pooled_because: str

    @property
    def is_nli(self) -> bool:
        """Whether it is asked in both directions and read by label."""
        return self.objective == "nli"

    @property
    def passes(self) -> int:
        """How often a pair is asked."""
        return 2 if self.is_nli else 1

    @property
    def truncated(self) -> int:
        """How many pairs (texts, for a bi-encoder) the model has cut so far."""
        model = self.model
        return model.truncated_texts if isinstance(model, BiEncoder) else model.truncated_pairs

    def ask(self, pairs: Sequence[Pair], done: Progress) -> FloatArray:
        """Raw outputs, float32 `(n_pairs, len(raw_columns))`."""
        if isinstance(self.model, BiEncoder):
            cosines = self.model.similarity(list(pairs))[:, None]
            done(len(pairs))
            return cosines
        forward = self.model.logits(list(pairs), progress=_steps(done))
        if not self.is_nli:
            return forward
        backward = self.model.logits([Pair(pair.text_b, pair.text_a) for pair in pairs], progress=_steps(done))
        return np.concatenate([forward[:, self.order], backward[:, self.order]], axis=1)


def _steps(done: Progress) -> Callable[[int, int], None]:
    """What is done in all -> what was done since the last call."""
    before = 0

    def report(so_far: int, _of: int) -> None:
        nonlocal before
        done(so_far - before)
        before = so_far

    return report


BI_ENCODERS = "bi-encoders"
GROUP_OF = {
    "nli": "NLI cross-encoders",
    "similarity": "similarity cross-encoders",
    "duplicate": "duplicate cross-encoders",
}
"""Objective -> the aggregate that cross-encoders trained for it are part of."""
_APART = {
    "relevance": "relevance orders answers to a query and is no likeness, so it is not pooled with models of likeness",
    None: "what it was trained for is not known; state it, as in 'duplicate:NAME'",
}


def open_entrant(entrant: Entrant, opening: Opening | None = None) -> Contestant:
    """The model of an entrant, opened, with its rules. Raises `LabelError` where nobody knows what its labels mean."""
    model = entrant.model or _opened(entrant, (opening or Opening()).of_models)
    if isinstance(model, BiEncoder):
        return Contestant(
            name=entrant.name,
            model=model,
            kind="bi_encoder",
            objective="embedding",
            order=(),
            temperature=1.0,
            raw_columns=("cosine",),
            rules=normalise.cosine_rules(),
            group=BI_ENCODERS,
            not_pooled_because="",
        )
    return _cross(entrant, model)


def _opened(entrant: Entrant, how: dict[str, Any]) -> Model:
    if entrant.kind == "bi_encoder":
        return BiEncoder(entrant.path, **how)
    return CrossEncoder(entrant.path, head=entrant.head, **how)


def _cross(entrant: Entrant, model: CrossEncoder) -> Contestant:
    objective = entrant.objective or model.objective or _by_labels(model)
    names = _label_names(model)
    order: tuple[int, ...] = ()
    temperature = _shipped_temperature(model, objective)
    columns: tuple[str, ...]
    if objective == "nli":
        order = _order(model, objective, names)
        rules = normalise.nli_rules(temperature=temperature)
        columns = normalise.NLI_COLUMNS
    elif model.num_labels == 1:
        rules = normalise.single_logit_rules(
            objective=objective, activation=model.checkpoint.activation, temperature=temperature
        )
        columns = ("logit",)
    else:
        positive, negative = _order(model, objective, names)
        rules = normalise.two_logit_rules(positive, negative, labels=(names[positive], names[negative]))
        columns = tuple(names)
    return Contestant(
        name=entrant.name,
        model=model,
        kind="cross_encoder",
        objective=objective,
        order=order,
        temperature=temperature,
        raw_columns=columns,
        rules=rules,
        group=GROUP_OF.get(objective or ""),
        not_pooled_because=_APART.get(objective, ""),
    )


def _by_labels(model: CrossEncoder) -> str | None:
    """The objective whose labels the model names, where exactly one does; a single score says nothing."""
    if model.num_labels == 1:
        return None
    fitting = [name for name, objective in OBJECTIVES.items() if _fits(objective.order, model.labels)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(order: Callable[[Sequence[str]], tuple[int, ...]], labels: Sequence[str]) -> bool:
    try:
        order(labels)
    except LabelError:
        return False
    return True


def _label_names(model: CrossEncoder) -> Sequence[str]:
    """As the checkpoint names them, or as its card does."""
    card = find_card(model.name)
    if model.checkpoint.labels_are_named or card is None or len(card.labels) != model.num_labels:
        return model.labels
    return card.labels


def _order(model: CrossEncoder, objective: str | None, names: Sequence[str]) -> tuple[int, ...]:
    if objective is None:
        raise LabelError(
            f"Evaluating {model.name!r}: it gives {len(names)} numbers a pair ({', '.join(names)}), and what they mean "
            "is not known. Say what it was trained for: 'nli:NAME', 'similarity:NAME', 'duplicate:NAME' or "
            "'relevance:NAME'."
        )
    return get_objective(objective).order(names)


def _shipped_temperature(model: CrossEncoder, objective: str | None) -> float:
    """Of the calibration beside the model, where it covers this very model; else 1."""
    shipped = model.checkpoint.folder / "calibration.json"
    if not shipped.is_file():
        return 1.0
    calibration = Calibration.load(shipped)
    covers = calibration.objective == objective and model.fingerprint in calibration.fingerprints
    return calibration.temperature if covers else 1.0
