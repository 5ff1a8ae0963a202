"""Transformers encoders over packed tokens, by the library's own hooks: a registered attention, positions that restart.

A model that asks `AttentionInterface` for its attention gets ours, with the arguments that its forward was called
with; and it takes `position_ids`. So pairs lie end to end in one row, and nothing of the library is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from crossjudge.backends.torch_attention import Kernel, Spans
from crossjudge.backends.torch_packed import Packed, PackedJoint, RunPacked

ATTENTION = "crossjudge_packed"
"""What our attention is called among the library's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """How the models of one architecture are read.

    `logits`: model, token states `(total_tokens, hidden_size)` and tokens -> `(n_pairs, num_labels)`.
    `segments`: whether it takes `token_type_ids`. `after_padding`: whether positions count from the row after the
    padding token's. `windows`: whether some layers see a window of tokens alone.
    """

    logits: Callable[[Any, Tensor, PackedJoint], Tensor]
    segments: bool = True
    after_padding: bool = False
    windows: bool = False


def packed_joint(model: Any, kernel: Kernel) -> RunPacked | None:
    """What runs a transformers classification model on packed tokens; None for an architecture that pads."""
    family = _family_of(model)
    if family is None or not _register():
        return None
    # Ours is the library's usual attention unless it is called with spans, so padded batches answer as before.
    model.set_attn_implementation(ATTENTION)
    return partial(_logits, model, family, kernel)


def _family_of(model: Any) -> Family | None:
    config = model.config
    usual = (
        getattr(config, "position_embedding_type", None) in (None, "absolute")
        and not getattr(config, "is_decoder", False)
        and config._attn_implementation in ("sdpa", ATTENTION)
    )
    hooked = getattr(model, "_supports_attention_backend", False) and hasattr(model, "set_attn_implementation")
    return FAMILIES.get(config.model_type) if usual and hooked else None


def _register() -> bool:
    """Make our attention known to the library; False where it is too old to have hooks for that."""
    try:
        from transformers import AttentionInterface, AttentionMaskInterface
        from transformers.masking_utils import sdpa_mask
    except ImportError:
        return False
    AttentionInterface.register(ATTENTION, _attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    return True


def _logits(model: Any, family: Family, kernel: Kernel, tokens: Packed) -> Tensor:
    assert isinstance(tokens, PackedJoint)
    encoder = model.base_model
    offset = model.config.pad_token_id + 1 if family.after_padding else 0
    more: dict[str, Any] = {}
    if family.segments:
        more["token_type_ids"] = tokens.token_type_ids[None]
    if family.windows:
        # Else the library would build a mask over all pairs of tokens for the layers that see a window.
        more["attention_mask"] = {"full_attention": None, "sliding_attention": None}
    states = encoder(
        input_ids=tokens.input_ids[None],
        position_ids=(tokens.position_ids + offset)[None],
        spans=tokens.pairs,
        kernel=kernel,
        **more,
    ).last_hidden_state[0]
    return family.logits(model, states, tokens)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    spans: Spans | None = None,
    kernel: Kernel | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """As the library calls it; `query`, `key`, `value`: `(n_rows, num_heads, seq_len, head_size)`."""
    if spans is None or kernel is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        usual: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, sliding_window=sliding_window, **options
        )
        return usual
    query, key, value = (one[0].transpose(0, 1) for one in (query, key, value))
    # The library counts a token itself as part of its window.
    window = None if sliding_window is None else sliding_window - 1
    attended, _ = kernel(query, key, value, spans, scale=scaling, window=window)
    return attended[None], None


def _of_pooler(model: Any, states: Tensor, tokens: PackedJoint) -> Tensor:
    """A pooler that takes the first token of each row, and a linear layer."""
    logits: Tensor = model.classifier(model.base_model.pooler(_rows(states, tokens)))
    return logits


def _of_head(model: Any, states: Tensor, tokens: PackedJoint) -> Tensor:
    """A head that takes the first token of each row itself."""
    logits: Tensor = model.classifier(_rows(states, tokens))
    return logits


def _of_distilbert(model: Any, states: Tensor, tokens: PackedJoint) -> Tensor:
    logits: Tensor = model.classifier(model.pre_classifier(states[tokens.starts]).relu())
    return logits


def _of_modernbert(model: Any, states: Tensor, tokens: PackedJoint) -> Tensor:
    pooled = _mean(states, tokens) if model.config.classifier_pooling == "mean" else states[tokens.starts]
    logits: Tensor = model.classifier(model.head(pooled))
    return logits


def _rows(states: Tensor, tokens: PackedJoint) -> Tensor:
    """Each pair's first token as a row of its own, `(n_pairs, 1, hidden_size)`."""
    return states[tokens.starts][:, None]


def _mean(states: Tensor, tokens: PackedJoint) -> Tensor:
    """Each pair's mean token state, float32 `(n_pairs, hidden_size)`."""
    lengths = tokens.pairs.keys.diff()
    pair_of = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths, output_size=len(states))
    sums = torch.zeros(len(lengths), states.shape[1], device=states.device)
    means = sums.index_add(0, pair_of, states.float()) / lengths[:, None]
    return means[: len(tokens.starts)]  # what fills the batch up is no pair


FAMILIES: Mapping[str, Family] = {
    "bert": Family(logits=_of_pooler),
    "electra": Family(logits=_of_head),
    "roberta": Family(logits=_of_head, after_padding=True),
    "xlm-roberta": Family(logits=_of_head, after_padding=True),
    "camembert": Family(logits=_of_head, after_padding=True),
    "distilbert": Family(logits=_of_distilbert, segments=False),
    "modernbert": Family(logits=_of_modernbert, segments=False, windows=True),
}
"""By transformers' `model_type`. DeBERTa is not among them: its attention adds a term for each distance."""
