"""Windows cover every token, and their sizes are what was asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crossjudge.errors import InputError
from crossjudge.text.windows import windows


@given(num_tokens=st.integers(0, 2_000), size=st.integers(1, 300), overlap=st.integers(0, 299))
def test_windows_cover_every_token_and_overlap_as_asked(num_tokens: int, size: int, overlap: int) -> None:
    assume(overlap < size)
    spans = windows(num_tokens, size=size, overlap=overlap)
    assert spans[0].start == 0
    assert spans[-1].end == num_tokens
    assert {span.end - span.start for span in spans} == {min(size, num_tokens)}
    shared = [left.end - right.start for left, right in pairwise(spans)]
    assert all(tokens == overlap for tokens in shared[:-1])
    assert all(overlap <= tokens < size for tokens in shared)


@given(num_tokens=st.integers(1, 2_000), size=st.integers(1, 300), overlap=st.integers(0, 299))
def test_there_is_no_window_more_than_needed(num_tokens: int, size: int, overlap: int) -> None:
    assume(overlap < size)
    beyond_the_first = max(0, num_tokens - size)
    assert len(windows(num_tokens, size=size, overlap=overlap)) == 1 + -(-beyond_the_first // (size - overlap))


def test_a_text_that_fits_is_one_window_however_short() -> None:
    for num_tokens in (0, 1, 8):
        (span,) = windows(num_tokens, size=8, overlap=2)
        assert (span.start, span.end) == (0, num_tokens)


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (-1, 0), (4, 4), (4, 5), (4, -1)])
def test_windows_that_would_not_move_on_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(InputError, match=rf"size {size} and overlap {overlap}.*expected"):
        windows(100, size=size, overlap=overlap)
