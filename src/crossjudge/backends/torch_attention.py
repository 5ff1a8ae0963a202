"""Attention without padding: texts lie end to end, and the tokens of one span attend to the tokens of another.

Four kernels, one signature. `grouped` is for CPUs, `flash` and `flex` are for CUDA; `plain` runs anywhere and says what
the others must give.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from crossjudge.errors import BackendError

Attended: TypeAlias = tuple[Tensor, Tensor]
"""What tokens read, `(n_queries, num_heads, head_size)`, and the log of the sum of what they weighed it with, float32
`(n_queries, num_heads)`, by which `merged` puts two readings together."""

FLASH_CAPABILITY = (8, 0)
"""The oldest CUDA compute capability that PyTorch's flash attention runs on."""

BLOCK = 128
"""Tokens of one tile of a flex attention's mask."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Which tokens see which: the queries of span `i` see the keys of span `i`, all of them and no others.

    `queries`, `keys`: int32 `(n_spans + 1,)`, where each span begins and the last one ends; spans cover all tokens.
    `longest_query`, `longest_key`: tokens of the longest span. `kept`: what a kernel worked out, for the next layer.
    """

    queries: Tensor
    keys: Tensor
    longest_query: int
    longest_key: int
    kept: dict[int | None, Any] = field(default_factory=dict, init=False, repr=False)


class Kernel(Protocol):
    """`query` `(n_queries, num_heads, head_size)`, `key` and `value` `(n_keys, num_heads, head_size)`.

    `scale`: what products are multiplied by, None for one over the root of the head size. `window`: how many tokens
    to either side are seen, where query and key spans are the same; None is all of them.
    """

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        spans: Spans,
        *,
        scale: float | None = None,
        window: int | None = None,
    ) -> Attended:
        """See the class."""
        ...


def plain(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    spans: Spans,
    *,
    scale: float | None = None,
    window: int | None = None,
) -> Attended:
    """On any device, in float32, with spans padded while they attend. A span reads nothing of its neighbours."""
    query_places, is_query = _places(spans.queries, spans.longest_query)
    key_places, is_key = _places(spans.keys, spans.longest_key)
    # (n_spans, num_heads, longest, head_size)
    queries, keys, values = (
        tokens.float()[places].transpose(1, 2)
        for tokens, places in ((query, query_places), (key, key_places), (value, key_places))
    )
    scores = queries @ keys.transpose(2, 3) * _scale(query, scale)
    seen = is_key[:, None, None, :]
    if window is not None:
        seen = seen & ((query_places[:, None, :, None] - key_places[:, None, None, :]).abs() <= window)
    scores = scores.masked_fill(~seen, -torch.inf)
    weighed = scores.logsumexp(-1, keepdim=True)
    attended = (scores - weighed).exp() @ values
    return attended.transpose(1, 2)[is_query].to(query.dtype), weighed.squeeze(-1).transpose(1, 2)[is_query]


def grouped(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    spans: Spans,
    *,
    scale: float | None = None,
    window: int | None = None,
) -> Attended:
    """On CPUs: neighbouring spans of equal lengths attend in one call, as rows of one batch, where they lie."""
    if None not in spans.kept:
        spans.kept[None] = list(_runs(spans.queries.tolist(), spans.keys.tolist()))
    read = [
        torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            *(_rows(query, n_spans, places), _rows(key, n_spans, seen), _rows(value, n_spans, seen)),
            attn_mask=None if window is None else _band(places, n_spans, window, query.dtype),
            scale=_scale(query, scale),
        )
        for n_spans, places, seen in spans.kept[None]
    ]
    attended, weighed = ([one.transpose(1, 2).flatten(0, 1) for one in part] for part in zip(*read, strict=True))
    return _joined(attended), _joined(weighed)


def flash(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    spans: Spans,
    *,
    scale: float | None = None,
    window: int | None = None,
) -> Attended:
    """PyTorch's flash attention for sequences of differing lengths: CUDA, half precision, PyTorch 2.10 or newer."""
    from torch.nn.attention.varlen import AuxRequest, varlen_attn

    options: dict[str, Any] = {} if window is None else {"window_size": (window, window)}
    if _scale(query, scale) != _scale(query, None):
        options["scale"] = scale
    attended, weighed = varlen_attn(
        query,
        key,
        value,
        spans.queries,
        spans.keys,
        spans.longest_query,
        spans.longest_key,
        return_aux=AuxRequest(lse=True),
        **options,
    )
    # PyTorch's page says (n_queries, num_heads), and what its kernel is declared to give is the other way round.
    by_head = weighed.shape[0] == query.shape[1]
    return attended, weighed.transpose(0, 1) if by_head else weighed


def flex(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    spans: Spans,
    *,
    scale: float | None = None,
    window: int | None = None,
) -> Attended:
    """PyTorch's flex attention over a block mask: any precision; compiled on CUDA, slow and dense elsewhere."""
    from torch.nn.attention.flex_attention import AuxRequest

    if window not in spans.kept:
        spans.kept[window] = block_mask(spans, window)
    attended, aux = _flex_attention(compiled=query.is_cuda)(
        *(tokens.transpose(0, 1)[None] for tokens in (query, key, value)),
        block_mask=spans.kept[window],
        scale=_scale(query, scale),
        return_aux=AuxRequest(lse=True),
    )
    return attended[0].transpose(0, 1), aux.lse[0].transpose(0, 1)


KERNELS: Mapping[str, Kernel] = {"plain": plain, "grouped": grouped, "flash": flash, "flex": flex}


def merged(first: Attended, second: Attended) -> Tensor:
    """What the same queries read in two places, as if they had read both at once."""
    (attended, weighed), (attended_too, weighed_too) = first, second
    share = torch.sigmoid(weighed.float() - weighed_too.float())[..., None]
    return torch.lerp(attended_too.float(), attended.float(), share).to(attended.dtype)


def choose_kernel(asked: str, device: torch.device, dtype: torch.dtype, *, compiled: bool = False) -> str | None:
    """The name in `KERNELS` that `asked` means here, None for attention over padded batches.

    `asked`: a name in `KERNELS`, "padded", "packed" (the best kernel that runs here) or "auto" (`grouped` on a CPU,
    `flash` where it runs, else padded). `compiled`: whether the network will be.
    """
    if asked == "padded" or asked in KERNELS:
        return None if asked == "padded" else asked
    if asked not in ("auto", "packed"):
        raise BackendError(
            f"Opening the torch backend: no attention {asked!r}; there are auto, padded, packed, {', '.join(KERNELS)}."
        )
    if device.type == "cpu" and hasattr(torch.ops.aten, "_scaled_dot_product_flash_attention_for_cpu"):
        # Compiled code stops at each of its loops: 39,000 tokens a second instead of 52,000 (MiniLM-L6, bf16, 64 x 32).
        return None if compiled and asked == "auto" else "grouped"
    if flash_runs(device, dtype):
        return "flash"
    return None if asked == "auto" else "flex" if device.type == "cuda" else "plain"


def flash_runs(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether this device, precision and PyTorch have the `flash` kernel."""
    if device.type != "cuda" or dtype not in (torch.float16, torch.bfloat16) or torch.version.hip is not None:
        return False
    if importlib.util.find_spec("torch.nn.attention.varlen") is None:
        return False
    return torch.cuda.get_device_capability(device) >= FLASH_CAPABILITY


def block_mask(spans: Spans, window: int | None = None) -> Any:
    """The spans as a flex attention mask; tiles that no span touches are never computed, nor is the whole mask."""
    from torch.nn.attention.flex_attention import BlockMask

    n_queries, n_keys = int(spans.queries[-1]), int(spans.keys[-1])
    query_span, key_span = _span_of(spans.queries, n_queries), _span_of(spans.keys, n_keys)

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        same = query_span[query] == key_span[key]
        return same if window is None else same & ((query - key).abs() <= window)

    # The spans of a tile's first and last query bound the keys that any of its queries sees.
    first = query_span[::BLOCK]
    last = query_span[torch.arange(BLOCK - 1, len(first) * BLOCK, BLOCK, device=first.device).clamp(max=n_queries - 1)]
    begin, end = spans.keys[first.long()] // BLOCK, -(-spans.keys[last.long() + 1] // BLOCK)
    n_tiles = -(-n_keys // BLOCK)
    tiles = (begin[:, None] + torch.arange(n_tiles, device=first.device)) % n_tiles
    return BlockMask.from_kv_blocks(
        (end - begin)[None, None].int(),
        tiles[None, None].int(),
        BLOCK_SIZE=BLOCK,
        mask_mod=sees,
        seq_lengths=(n_queries, n_keys),
    )


@functools.cache
def _flex_attention(*, compiled: bool) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=True) if compiled else flex_attention


def _runs(queries: list[int], keys: list[int]) -> Iterator[tuple[int, slice, slice]]:
    """Neighbouring spans of equal lengths: how many they are, and where their queries and keys lie."""
    sizes = [
        (end - start, key_end - key_start)
        for start, end, key_start, key_end in zip(queries, queries[1:], keys, keys[1:], strict=False)
    ]
    first = 0
    for (n_queries, _), run in itertools.groupby(sizes):
        last = first + len(list(run))
        if n_queries:
            yield last - first, slice(queries[first], queries[last]), slice(keys[first], keys[last])
        first = last


def _rows(tokens: Tensor, n_spans: int, places: slice) -> Tensor:
    """Neighbouring spans of one length as rows of a batch, `(n_spans, num_heads, length, head_size)`, not copied."""
    return tokens[places].view(n_spans, -1, *tokens.shape[1:]).transpose(1, 2)


def _band(places: slice, n_spans: int, window: int, dtype: torch.dtype) -> Tensor:
    """0 where a token of a span sees another and minus infinity where it does not, `(length, length)`."""
    numbers = torch.arange((places.stop - places.start) // n_spans)
    far = (numbers[:, None] - numbers).abs() > window
    return torch.zeros(far.shape, dtype=dtype).masked_fill(far, -torch.inf)


def _joined(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def _span_of(bounds: Tensor, n_tokens: int) -> Tensor:
    """The number of the span that each token is in, int32 `(n_tokens,)`."""
    places = torch.arange(n_tokens, device=bounds.device, dtype=torch.int32)
    return torch.searchsorted(bounds, places, right=True, out_int32=True) - 1


def _places(bounds: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Tokens of each span, padded with its own last one, `(n_spans, longest)`, and which of them are not padding."""
    starts, ends = bounds[:-1, None].long(), bounds[1:, None].long()
    places = starts + torch.arange(longest, device=bounds.device)
    return torch.minimum(places, (ends - 1).clamp(min=0)), places < ends


def _scale(query: Tensor, scale: float | None) -> float:
    return float(query.shape[-1] ** -0.5) if scale is None else scale
