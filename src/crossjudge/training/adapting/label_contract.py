"""The labels in a file of pairs -> which of a model's logits each of them allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import LabelError
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.objectives.base import Objective

Flags = NDArray[np.bool_]

_YES_AND_NO = {"1": 0, "true": 0, "yes": 0, "0": 1, "false": 1, "no": 1}
"""What files say of a pair that is, or is not, what an objective's one score is about -> the place of the label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelContract:
    """`classes`: name of a class -> the labels of ours that it leaves open. `columns`: our label -> its logit.

    `names`: label in the file -> its class; labels that mean the same are one class, called as the first of them. A
    model of one logit has a second column that is always 0: the other side of its sigmoid.
    """

    classes: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]
    columns: Mapping[str, int]

    def allowed(self, golds: Sequence[str]) -> Flags:
        """Which columns each gold label allows, bool `(n_pairs, n_columns)`."""
        rows = {name: self._row(labels) for name, labels in self.classes.items()}
        return np.array([rows[self.names[gold]] for gold in golds], dtype=bool)

    def groups(self) -> Flags:
        """The columns of each class, bool `(n_classes, n_columns)`; a label that no class names is one of its own."""
        named = {label for labels in self.classes.values() for label in labels}
        alone = [(label,) for label in self.columns if label not in named]
        return np.array([self._row(labels) for labels in (*self.classes.values(), *alone)])

    def _row(self, labels: Iterable[str]) -> Flags:
        row = np.zeros(len(self.columns), dtype=bool)
        row[[self.columns[label] for label in labels]] = True
        return row


def columns_of(model: CrossEncoder, objective: Objective) -> dict[str, int]:
    """Our label -> the logit that speaks for it; raises `LabelError` for a model that does not name its labels."""
    if model.num_labels > 1 and not model.checkpoint.labels_are_named:
        raise LabelError(
            f"Adapting '{model.name}': it calls its labels {', '.join(model.labels)}, which says nothing about their "
            "meaning. Write a bundle with the labels stated (crossjudge bundle MODEL OUT --labels A,B,C, in the order "
            "of the logits), and adapt that."
        )
    order = objective.order(model.labels) or range(2)
    return dict(zip(objective.labels, order, strict=True))


def label_contract(
    seen: Sequence[str], columns: Mapping[str, int], objective: Objective, stated: Mapping[str, Sequence[str]]
) -> LabelContract:
    """What each label that was `seen` means: as `stated` (label in the file -> ours), else by its own name.

    "not_X" leaves open every label but X. Raises `LabelError` for labels that mean nothing known, for one class only,
    and for two labels of which both leave the same one open.
    """
    meant = {name.strip(): _stated(labels, objective) for name, labels in stated.items()}
    counts = Counter(seen)
    found = {name: meant.get(name) or _meaning(name, objective) for name in counts}
    if unknown := [name for name, labels in found.items() if not labels]:
        shown = ", ".join(f"{name!r} ({counts[name]} rows)" for name in unknown[:6])
        raise LabelError(
            f"Reading the labels: {shown} {'means' if len(unknown) == 1 else 'mean'} nothing to the objective "
            f"{objective.name!r}; expected {', '.join(objective.labels)}, or not_ and one of these. Say what is meant "
            f"with --labels {unknown[0]}={objective.labels[0]}, or name another --objective."
        )
    _refuse_one_class(found, counts, objective)
    by_meaning: dict[tuple[str, ...], str] = {}
    for name, labels in found.items():
        by_meaning.setdefault(labels, name)
    classes = {name: labels for labels, name in by_meaning.items()}
    _refuse_shared(classes)
    names = {name: by_meaning[labels] for name, labels in found.items()}
    return LabelContract(classes=classes, names=names, columns=columns)


def _stated(labels: Sequence[str], objective: Objective) -> tuple[str, ...]:
    for ours in labels:
        if not _meaning(ours, objective):
            raise LabelError(
                f"Reading the labels: {ours!r} was stated, and the objective {objective.name!r} has "
                f"{', '.join(objective.labels)}, or not_ and one of these. Correct it."
            )
    found = {one for ours in labels for one in _meaning(ours, objective)}
    return tuple(label for label in objective.labels if label in found)


def _meaning(name: str, objective: Objective) -> tuple[str, ...]:
    """The labels of ours that a name leaves open; `()` where it means nothing known."""
    spelled = name.strip().lower().replace("-", "_").replace(" ", "_")
    spellings = {one: label for label in objective.labels for one in (label, *objective.aliases.get(label, ()))}
    if spelled in spellings:
        return (spellings[spelled],)
    if objective.single_logit and spelled in _YES_AND_NO:
        return (objective.labels[_YES_AND_NO[spelled]],)
    denied = spellings.get(spelled.removeprefix("not_")) if spelled.startswith("not_") else None
    return tuple(label for label in objective.labels if label != denied) if denied else ()


def _refuse_shared(classes: Mapping[str, tuple[str, ...]]) -> None:
    for label in sorted({label for labels in classes.values() for label in labels}):
        holders = [name for name, labels in classes.items() if label in labels]
        if len(holders) > 1:
            raise LabelError(
                f"Reading the labels: {' and '.join(map(repr, holders))} both leave {label!r} open, so that no answer "
                "could be told right from wrong. Give each label of the file labels of its own with --labels."
            )


def _refuse_one_class(classes: Mapping[str, tuple[str, ...]], counts: Mapping[str, int], objective: Objective) -> None:
    if len(set(classes.values())) < 2:
        seen = ", ".join(f"{name!r} ({counts[name]} rows)" for name in classes) or "no label"
        raise LabelError(
            f"Reading the labels: found {seen} and no other class; nothing can be learned from one alone. Add pairs of "
            f"another label ({', '.join(objective.labels)})."
        )
