"""A model under examination: the raw outputs, the score and the decision that it gives each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crossjudge.errors import LabelError
from crossjudge.evaluation.entrants import Model
from crossjudge.models.activation_functions import resolve_activation, softmax
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.parity import decisions
from crossjudge.models.registry import find_card
from crossjudge.objectives import OBJECTIVES
from crossjudge.objectives.base import Objective
from crossjudge.objectives.nli import NLI
from crossjudge.types import FloatArray, IntArray, Pair

LOGIT_CUT = 0.0
"""Above this logit a model of one output says yes: its probability is then above one half."""
COSINE_CUT = 0.8
"""Above this cosine a bi-encoder is taken to say "the same"."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of some pairs.

    `outputs`: raw, float32 `(n_pairs, num_outputs)`; a bi-encoder's one output is the cosine. `scores`: the same shape,
    as `Subject.scale` says. `decided`: int64 `(n_pairs,)`, places in `Subject.decisions`.
    """

    outputs: FloatArray
    scores: FloatArray
    decided: IntArray


class Subject:
    """A cross-encoder or a bi-encoder, and how its outputs are read.

    `objective`: what a cross-encoder was trained to say, over what is known of it. `cut`: the raw output above which a
    model of one output says yes; None for `LOGIT_CUT` or `COSINE_CUT`.
    """

    def __init__(self, model: Model, *, objective: str | None = None, cut: float | None = None) -> None:
        self.model = model
        self._objective = objective
        usual = COSINE_CUT if isinstance(model, BiEncoder) else LOGIT_CUT
        self.cut = usual if cut is None else cut

    @property
    def kind(self) -> str:
        """`"bi_encoder"` or `"cross_encoder"`."""
        return "bi_encoder" if isinstance(self.model, BiEncoder) else "cross_encoder"

    @property
    def objective(self) -> Objective | None:
        """What a cross-encoder was trained to say; None for a bi-encoder, and where it is not known."""
        if isinstance(self.model, BiEncoder):
            return None
        return OBJECTIVES.get(self._objective or self.model.objective or "")

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The names of the raw outputs; its card's, where the checkpoint calls them LABEL_0 and so on."""
        if isinstance(self.model, BiEncoder):
            return ("cosine",)
        card = find_card(self.model.name)
        unnamed = self.model.num_labels > 1 and not self.model.checkpoint.labels_are_named
        if unnamed and card is not None and len(card.labels) == self.model.num_labels:
            return card.labels
        return self.model.labels

    @cached_property
    def nli_order(self) -> tuple[int, ...] | None:
        """The outputs that mean entailment, contradiction and neutral; None for a model that does not say these."""
        if self.objective is not NLI:
            return None
        try:
            return NLI.order(self.outputs)
        except LabelError:
            return None

    @property
    def decisions(self) -> tuple[str, ...]:
        """What can be decided: the labels, or no and yes as the objective calls them."""
        if len(self.outputs) > 1:
            return self.outputs
        if self.objective is not None and len(self.objective.labels) == 2:
            return (self.objective.labels[1], self.objective.labels[0])
        return ("below", "above")

    @property
    def scale(self) -> str:
        """What a score is: `"probability"`, `"cosine"` or `"output"` (unbounded, as the model gives it)."""
        if isinstance(self.model, BiEncoder):
            return "cosine"
        if len(self.outputs) > 1 or self._maps_to_shares():
            return "probability"
        return "output"

    @property
    def decided_by(self) -> str:
        """What a decision is, in words."""
        if len(self.outputs) > 1:
            return "the label of the highest logit"
        output = "cosine" if self.kind == "bi_encoder" else "logit"
        return f"{output} above {self.cut:g}"

    def ask(self, pairs: Sequence[Pair], *, batch_size: int | None = None) -> Answers:
        """The answers in input order. `batch_size`: most pairs at once (cross-encoders)."""
        if isinstance(self.model, BiEncoder):
            outputs = self.model.similarity(pairs)[:, None]
        else:
            outputs = self.model.logits(pairs, batch_size=batch_size)
        return Answers(outputs, self._scores(outputs), decisions(outputs, self.cut))

    def _scores(self, outputs: FloatArray) -> FloatArray:
        if isinstance(self.model, BiEncoder):
            return outputs
        if outputs.shape[1] > 1:
            return softmax(outputs)
        # A copy, since a caller's function may work in place.
        activated: FloatArray = np.asarray(resolve_activation(self.model.activation_fn)(outputs.copy()))
        return activated

    def _maps_to_shares(self) -> bool:
        """Whether scores of a model of one output lie between 0 and 1, whatever the logit."""
        ends = self._scores(np.array([[-1e3], [1e3]], dtype=np.float32))
        return bool(ends.min() >= 0 and ends.max() <= 1)
