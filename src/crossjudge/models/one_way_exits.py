"""The one-way network with early exits: layers stop for a pair that is decided, and go on for the others."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crossjudge.errors import InputError
from crossjudge.models.one_way import OneWayEncoder, Progress


class ExitingNetwork(nn.Module):
    """A one-way model that stops reading a pair at the first exit where its best label is probable enough.

    `thresholds`: how probable, for each of the config's exits, by that exit's softmax (with one label, its sigmoid
    either way); above 1, no pair stops there.
    """

    def __init__(self, model: OneWayEncoder, head: str, thresholds: Sequence[float]) -> None:
        super().__init__()
        exits = model.config.exits
        if len(thresholds) != len(exits):
            raise InputError(
                f"Opening a one-way model with early exits: {len(thresholds)} thresholds for exits after the layers "
                f"{list(exits)}; expected one for each. Fit them with fit_exits."
            )
        self.model, self.head, self.thresholds = model, head, tuple(thresholds)

    def forward(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> Tensor:
        """As `HeadNetwork.forward`, each pair's logits from the exit where it stopped."""
        return self.decided(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)[0]

    def decided(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The same, and after how many layers each pair stopped, int64 `(n_premises, n_hypotheses)`."""
        config = self.model.config
        progress = self.model.begin(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)
        n_premises, n_hypotheses = hypothesis_ids.shape[:2]
        n_pairs = n_premises * n_hypotheses
        logits = torch.empty(n_pairs, len(config.heads[self.head]), device=hypothesis_ids.device)
        layers = torch.full((n_pairs,), config.num_layers, device=hypothesis_ids.device)
        pairs = torch.arange(n_pairs, device=hypothesis_ids.device)
        for depth, threshold in zip(config.exits, self.thresholds, strict=True):
            progress = self.model.forward_until(progress, depth)
            logits[pairs] = answers = self._answers(progress)
            layers[pairs] = depth
            unsure = (confidence_of(answers) < threshold).nonzero()[:, 0]
            progress, pairs = progress.kept(unsure), pairs[unsure]
            if len(pairs) == 0:
                break
        else:
            logits[pairs] = self._answers(self.model.forward_until(progress, config.num_layers))
            layers[pairs] = config.num_layers
        return logits.view(n_premises, n_hypotheses, -1), layers.view(n_premises, n_hypotheses)

    def head_modules(self) -> Sequence[nn.Module]:
        """See `HeadedNetwork`."""
        return [self.model.heads, self.model.exits]

    def _answers(self, progress: Progress) -> Tensor:
        """Float32 `(n_pairs, num_labels)`."""
        logits: Tensor = self.model.heads_at(progress.depth)[self.head](progress.cls)
        return logits.float()


def confidence_of(logits: Tensor) -> Tensor:
    """How probable the best label is: logits `(n_pairs, num_labels)` -> `(n_pairs,)`."""
    if logits.shape[1] == 1:
        return logits[:, 0].abs().sigmoid()
    return logits.softmax(-1).amax(-1)
