"""How far a student's logits are from a teacher's; each loss a function of tensors alone."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def kl_divergence(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """Mean over pairs of KL(teacher || student), both divided by `temperature`, times its square.

    Logits float `(n_pairs, num_labels)`. A single label is a yes or no: its logit stands against zero. The square keeps
    gradients of one size whatever the temperature (Hinton et al. 2015).
    """
    student, teacher = (_against_zero(logits.float()) / temperature for logits in (student_logits, teacher_logits))
    divergence = functional.kl_div(
        student.log_softmax(-1), teacher.log_softmax(-1), reduction="batchmean", log_target=True
    )
    return divergence * temperature**2


def margin_mse(student: Tensor, teacher: Tensor, groups: Tensor) -> Tensor:
    """Mean squared difference of margins: how far one pair of a group scores above another, student against teacher.

    `student`, `teacher`: float `(n_pairs, num_labels)`, each column with margins of its own. `groups`: int64
    `(n_pairs,)`, equal for pairs that are compared, such as those of one query. Zero where every group has one pair.
    """
    gap = student.float() - teacher.float()
    group: Tensor = groups.unique(return_inverse=True)[1]  # type: ignore[no-untyped-call]
    sizes = torch.bincount(group)
    means = torch.zeros(len(sizes), gap.shape[1], device=gap.device).index_add(0, group, gap) / sizes[:, None]
    # Over all i < j of a group, the squares of (gap_i - gap_j) sum to its size times the squares around its mean.
    squares = ((gap - means[group]) ** 2 * sizes[group][:, None]).sum()
    return squares / max(int((sizes * (sizes - 1)).sum()) // 2 * gap.shape[1], 1)


def _against_zero(logits: Tensor) -> Tensor:
    return torch.cat([logits, torch.zeros_like(logits)], -1) if logits.shape[-1] == 1 else logits
