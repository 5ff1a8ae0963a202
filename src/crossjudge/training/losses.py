"""One loss per idea, each a function of tensors alone."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def marginal_cross_entropy(logits: Tensor, allowed: Tensor) -> Tensor:
    """-log P(any allowed label) of each pair, `(n_pairs,)`; plain cross-entropy where one label is allowed.

    `logits` float `(n_pairs, num_labels)`, `allowed` bool of the same shape.
    """
    logits = logits.float()
    inside = logits.masked_fill(~allowed, float("-inf")).logsumexp(-1)
    return logits.logsumexp(-1) - inside


def graded_cross_entropy(logits: Tensor, degrees: Tensor) -> Tensor:
    """Binary cross-entropy of each pair against degrees from 0 to 1, the mean over its known outputs, `(n_pairs,)`.

    `logits` and `degrees` float `(n_pairs, num_labels)`; NaN where a degree is not known.
    """
    known = ~degrees.isnan()
    losses = functional.binary_cross_entropy_with_logits(logits.float(), degrees.nan_to_num(0.0), reduction="none")
    return torch.where(known, losses, 0.0).sum(-1) / known.sum(-1).clamp(min=1)


def embedding_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean of 1 - cosine between unit vectors `(n, hidden_size)`."""
    return (1 - functional.cosine_similarity(student.float(), teacher.float(), dim=-1)).mean()
