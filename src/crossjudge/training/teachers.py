"""Several cross-encoders heard as one teacher: the mean of what they say, which is right more often than each alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from crossjudge.errors import InputError, LabelError
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.training.heads import exclusive
from crossjudge.types import FloatArray


class LogitTeacher(Protocol):
    """What distillation asks of a teacher: `CrossEncoder` is one, and `TeacherEnsemble` several."""

    @property
    def labels(self) -> Sequence[str]:
        """What each logit says."""
        ...

    @property
    def fingerprint(self) -> str:
        """Which weights, and how they are run."""
        ...

    def logits(self, pairs: Sequence[tuple[str, str]], /) -> FloatArray:
        """Float32 `(n_pairs, num_labels)`."""
        ...


class TeacherEnsemble:
    """Several teachers, the means of whose logarithms of probabilities are its logits.

    Such a mean is the geometric one of their probabilities. Outputs that do not exclude each other are means of logits.
    Raises `InputError` for no teacher and `LabelError` for teachers whose labels are not the same names.
    """

    def __init__(self, teachers: Sequence[CrossEncoder], head: str) -> None:
        if not teachers:
            raise InputError("Distilling: no teacher was named. Name one cross-encoder, or several.")
        self.labels: tuple[str, ...] = tuple(teachers[0].labels)
        self._orders = [label_order(teacher, self.labels) for teacher in teachers]
        self._teachers = tuple(teachers)
        self._normalised = exclusive(head, self.labels)

    @property
    def fingerprint(self) -> str:
        """Those of all of them, in alphabetical order."""
        return " + ".join(sorted(teacher.fingerprint for teacher in self._teachers))

    def logits(self, pairs: Sequence[tuple[str, str]], /) -> FloatArray:
        """Float32 `(n_pairs, num_labels)`, the columns in the order of the first one's labels."""
        said = [teacher.logits(pairs)[:, order] for teacher, order in zip(self._teachers, self._orders, strict=True)]
        if self._normalised:
            said = [logits - np.logaddexp.reduce(logits, axis=1, keepdims=True) for logits in said]
        mean: FloatArray = np.mean(said, axis=0, dtype=np.float32)
        return mean


def label_order(teacher: LogitTeacher, labels: Sequence[str]) -> list[int]:
    """The teacher's column for each of `labels`, by name; a single output fits a single label whatever its name."""
    if len(teacher.labels) == len(labels) == 1:
        return [0]
    known = {label.lower(): column for column, label in enumerate(teacher.labels)}
    if set(known) != {label.lower() for label in labels}:
        raise LabelError(
            f"Distilling from a teacher with the labels {', '.join(teacher.labels)}: the head has {', '.join(labels)}. "
            "Expected the same names. Choose another teacher, its head=, or give the head these labels."
        )
    return [known[label.lower()] for label in labels]
