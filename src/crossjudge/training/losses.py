"""One loss per idea, each a function of tensors alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from crossjudge.errors import LabelError

UNIONS = {"not_entailment": ("contradiction", "neutral")}
"""Two-way gold labels -> the three-way labels they leave open."""


def allowed_labels(gold: Sequence[str], labels: Sequence[str]) -> Tensor:
    """Bool `(n_pairs, num_labels)`: which labels each gold label allows (one, or several for a two-way set)."""
    rows = []
    for name in gold:
        allowed = UNIONS.get(name, (name,))
        if not set(allowed) <= set(labels):
            raise LabelError(
                f"Preparing gold labels: {name!r} is not among {', '.join(labels)} (nor a union of them). "
                'Map it in the mixture: labels = { THEIRS = "OURS" }.'
            )
        rows.append([label in allowed for label in labels])
    return torch.tensor(rows)


def marginal_cross_entropy(logits: Tensor, allowed: Tensor) -> Tensor:
    """Mean of -log P(any allowed label); plain cross-entropy where one label is allowed.

    `logits` float `(n_pairs, num_labels)`, `allowed` bool of the same shape.
    """
    logits = logits.float()
    inside = logits.masked_fill(~allowed, float("-inf")).logsumexp(-1)
    return (logits.logsumexp(-1) - inside).mean()


def embedding_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean of 1 - cosine between unit vectors `(n, hidden_size)`."""
    return (1 - functional.cosine_similarity(student.float(), teacher.float(), dim=-1)).mean()
