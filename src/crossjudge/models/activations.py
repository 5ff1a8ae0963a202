"""The names that checkpoints save activations under, and the one short name that each has here."""

from __future__ import annotations

import re

_SHORT = {"ReLU": "relu", "GELU": "gelu", "SiLU": "silu", "ELU": "elu", "LeakyReLU": "leaky_relu"}


def canonical_activation(saved: object) -> str | None:
    """`"torch.nn.modules.activation.Sigmoid"` -> `"sigmoid"`; None for what is not one of torch's own classes.

    CamelCase becomes snake_case (`LogSoftmax`, `log_softmax`), whatever the class, so that an activation that nobody
    here knows is named in the error of whoever should apply it. As in sentence-transformers, a path outside torch is
    somebody's code and is never imported.
    """
    if not isinstance(saved, str) or not saved.startswith("torch."):
        return None
    name = saved.rpartition(".")[2]
    return _SHORT.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
