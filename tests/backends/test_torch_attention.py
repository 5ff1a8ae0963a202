"""Attention over packed tokens: every kernel reads what its spans allow and nothing else."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator

import pytest

pytest.importorskip("torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.backends.torch_attention import KERNELS, Spans, block_mask, choose_kernel, flash_runs, merged
from crossjudge.errors import BackendError

HERE = ("plain", "grouped", "flex")
"""Kernels that run on a CPU."""
NUM_HEADS, HEAD_SIZE = 3, 16
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def _dense_flex() -> Iterator[None]:
    """Flex attention says that it is slow without compilation, which is what a CPU is for here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="flex_attention called without torch.compile")
        yield


def spans_of(queries: list[int], keys: list[int]) -> Spans:
    """From the lengths of each span."""
    bounds = [torch.tensor([0, *lengths]).cumsum(0).int() for lengths in (queries, keys)]
    return Spans(*bounds, longest_query=max(queries), longest_key=max(keys))


def tokens(n_queries: int, n_keys: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(n, NUM_HEADS, HEAD_SIZE, generator=generator) for n in (n_queries, n_keys, n_keys))
    return query * 3, key, value


def dense(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax in float64 over a whole mask `(n_queries, n_keys)`."""
    scores = torch.einsum("qhd,khd->hqk", query.double(), key.double()) * HEAD_SIZE**-0.5
    scores = scores.masked_fill(~seen, -torch.inf)
    attended = torch.einsum("hqk,khd->qhd", scores.softmax(-1), value.double())
    return attended.float(), scores.logsumexp(-1).T.float()


def numbers(lengths: list[int]) -> torch.Tensor:
    return torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))


def mask_of(queries: list[int], keys: list[int]) -> torch.Tensor:
    return numbers(queries)[:, None] == numbers(keys)


lengths = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=7).filter(
    lambda pairs: any(n_queries for n_queries, _ in pairs)
)


@pytest.mark.parametrize("name", HERE)
@given(pairs=lengths, seed=st.integers(0, 99))
def test_a_span_reads_its_own_keys_as_if_it_were_alone(name: str, pairs: list[tuple[int, int]], seed: int) -> None:
    queries, keys = [one for one, _ in pairs], [one for _, one in pairs]
    arrays = tokens(sum(queries), sum(keys), seed)
    expected, expected_sums = dense(*arrays, mask_of(queries, keys))
    attended, sums = KERNELS[name](*arrays, spans_of(queries, keys))
    assert (attended - expected).abs().max() < TOLERANCE
    assert (sums - expected_sums).abs().max() < TOLERANCE


@pytest.mark.parametrize("name", HERE)
def test_a_window_and_a_scale_are_kept(name: str) -> None:
    sizes = [20, 3, 20, 20, 41]
    arrays = tokens(sum(sizes), sum(sizes))
    places = torch.arange(sum(sizes))
    near = (places[:, None] - places).abs() <= 4
    query, key, value = arrays
    expected, _ = dense(query * 2, key, value, mask_of(sizes, sizes) & near)
    spans = spans_of(sizes, sizes)
    attended, _ = KERNELS[name](*arrays, spans, window=4, scale=2 * HEAD_SIZE**-0.5)
    assert (attended - expected).abs().max() < TOLERANCE
    # The same spans serve a layer without a window.
    assert (KERNELS[name](*arrays, spans)[0] - dense(*arrays, mask_of(sizes, sizes))[0]).abs().max() < TOLERANCE


@pytest.mark.parametrize("name", HERE)
def test_half_precision_stays_half_and_its_sums_are_float32(name: str) -> None:
    sizes = [5, 12, 5]
    arrays = tuple(one.bfloat16() for one in tokens(22, 22))
    expected, _ = dense(*arrays, mask_of(sizes, sizes))
    attended, sums = KERNELS[name](*arrays, spans_of(sizes, sizes))
    assert (attended.dtype, sums.dtype) == (torch.bfloat16, torch.float32)
    assert (attended - expected).abs().max() < 0.02


@pytest.mark.parametrize("name", ["plain", "grouped"])
def test_a_neighbour_of_nothing_but_nan_changes_no_bit(name: str) -> None:
    sizes = [4, 7, 4]
    arrays = tokens(15, 15)
    clean = KERNELS[name](*arrays, spans_of(sizes, sizes))[0]
    for one in arrays:
        one[4:11] = torch.nan
    broken = KERNELS[name](*arrays, spans_of(sizes, sizes))[0]
    assert broken[4:11].isnan().all()
    assert torch.equal(broken[:4], clean[:4])
    assert torch.equal(broken[11:], clean[11:])


def test_two_readings_merge_to_what_one_of_both_places_gives() -> None:
    query, key, value = tokens(6, 30)
    first, second = (
        KERNELS["plain"](query, key[part], value[part], spans_of([6], [n]))
        for part, n in ((slice(0, 11), 11), (slice(11, 30), 19))
    )
    whole, _ = KERNELS["plain"](query, key, value, spans_of([6], [30]))
    assert (merged(first, second) - whole).abs().max() < TOLERANCE


@settings(max_examples=30)
@given(pairs=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=9))
def test_a_block_mask_leaves_out_no_tile_that_a_span_touches(pairs: list[tuple[int, int]]) -> None:
    from torch.nn.attention.flex_attention import create_block_mask

    queries, keys = [one for one, _ in pairs], [one for _, one in pairs]
    query_number, key_number = numbers(queries), numbers(keys)
    expected = create_block_mask(
        lambda batch, head, query, key: query_number[query] == key_number[key],
        *(None, None, len(query_number), len(key_number)),
        device="cpu",
    )
    assert torch.equal(block_mask(spans_of(queries, keys)).to_dense(), expected.to_dense())


# The kernel for CUDA, as far as it can be seen without


def test_flash_asks_pytorch_for_what_it_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    varlen = pytest.importorskip("torch.nn.attention.varlen")

    def stand_in(  # type: ignore[no-untyped-def]
        query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, *, return_aux, scale=None, window_size=(-1, -1)
    ):
        assert return_aux.lse
        spans = Spans(cu_seq_q, cu_seq_k, max_q, max_k)
        window = None if window_size == (-1, -1) else window_size[0]
        attended, sums = KERNELS["plain"](query, key, value, spans, scale=scale, window=window)
        return attended, sums.T  # by head, as its kernel does

    monkeypatch.setattr(varlen, "varlen_attn", stand_in)
    sizes = [8, 3, 8]
    arrays, spans = tokens(19, 19), spans_of(sizes, sizes)
    for options in ({}, {"window": 2}, {"scale": 0.1}, {"scale": HEAD_SIZE**-0.5}):
        for ours, theirs in zip(
            KERNELS["flash"](*arrays, spans, **options), KERNELS["plain"](*arrays, spans, **options), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_flash_fits_the_signature_and_the_shapes_that_pytorch_declares() -> None:
    pytest.importorskip("torch.nn.attention.varlen")
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        arrays = (torch.randn(22, NUM_HEADS, HEAD_SIZE, dtype=torch.bfloat16) for _ in range(3))
        bounds = torch.zeros(4, dtype=torch.int32)
        attended, sums = KERNELS["flash"](*arrays, Spans(bounds, bounds, 12, 12), window=3)
    assert (attended.shape, sums.shape) == ((22, NUM_HEADS, HEAD_SIZE), (22, NUM_HEADS))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", ["flash", "flex"])
def test_kernels_for_cuda_give_what_the_plain_one_does(name: str) -> None:
    device, sizes = torch.device("cuda"), [200, 3, 64, 64, 17]
    dtype = torch.bfloat16 if name == "flash" else torch.float32
    if name == "flash" and not flash_runs(device, dtype):
        pytest.skip("no flash attention for sequences of differing lengths here")
    arrays = [one.to(device, dtype) for one in tokens(sum(sizes), sum(sizes))]
    here = spans_of(sizes, sizes)
    spans = Spans(here.queries.to(device), here.keys.to(device), here.longest_query, here.longest_key)
    attended, sums = KERNELS[name](*arrays, spans)
    expected, expected_sums = KERNELS["plain"](*arrays, spans)
    assert (attended - expected).abs().max() < 0.05
    assert (sums - expected_sums).abs().max() < 0.05


# Which one


def test_the_kernel_is_chosen_by_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, cuda, other = torch.device("cpu"), torch.device("cuda"), torch.device("mps")
    half, full = torch.bfloat16, torch.float32
    assert [choose_kernel(one, cpu, full) for one in ("padded", "auto", "packed", "plain", "flex")] == [
        *(None, "grouped", "grouped", "plain", "flex")
    ]
    assert choose_kernel("auto", cpu, full, compiled=True) is None
    assert (choose_kernel("auto", other, half), choose_kernel("packed", other, half)) == (None, "plain")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: types.ModuleType(name))
    assert (choose_kernel("auto", cuda, half), choose_kernel("auto", cuda, full)) == ("flash", None)
    assert choose_kernel("packed", cuda, full) == "flex"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert (choose_kernel("auto", cuda, half), choose_kernel("packed", cuda, half)) == (None, "flex")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert choose_kernel("auto", cuda, half) is None
    with pytest.raises(BackendError, match=r"no attention 'dense'; there are auto, padded, packed, plain, grouped"):
        choose_kernel("dense", cpu, full)
