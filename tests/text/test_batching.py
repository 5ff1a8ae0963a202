"""A plan puts every encoding in exactly one place, keeps to its budget, and loses nothing of what it packs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.backends.fake import FakeBackend
from crossjudge.errors import InputError
from crossjudge.text.batching import SHARING_PAYS, WASTE_LIMIT, plan
from crossjudge.types import Batch, Encoding, IntArray, JointBatch, OneWayBatch, PairBatch

PAD = 7

ids = st.lists(st.integers(0, 30), min_size=2, max_size=40)
short = st.lists(st.integers(0, 30), min_size=2, max_size=6)
premises = st.sampled_from([[10, 11], [10, 12], [10] * 5, [11] * 12])
budgets = st.integers(1, 400)
batch_sizes = st.one_of(st.none(), st.integers(1, 9))
steps = st.integers(1, 24)


def joint(tokens: Sequence[int]) -> Encoding:
    array = np.array(tokens, dtype=np.int64)
    types = (np.arange(len(array)) >= len(array) // 2).astype(np.int64)
    return Encoding(array, types, premise_len=0, kept_a=len(array) // 2, dropped_a=0, kept_b=0)


def one_way(premise: Sequence[int], hypothesis: Sequence[int]) -> Encoding:
    array = np.array([*premise, *hypothesis], dtype=np.int64)
    return Encoding(array, np.zeros_like(array), premise_len=len(premise), kept_a=len(premise), dropped_a=0)


joint_encodings = st.lists(ids.map(joint), max_size=60)
one_way_encodings = st.lists(st.builds(one_way, premises, st.one_of(short, ids)), max_size=60)


def assert_every_row_once(batches: Sequence[Batch], n: int) -> None:
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(n))


def assert_within_limits(batches: Sequence[Batch], token_budget: int, batch_size: int | None) -> None:
    """A batch of one row may be over the budget, since there is no smaller one."""
    for batch in batches:
        assert batch.total_tokens <= token_budget or len(batch.rows) == 1
        assert 1 <= len(batch.rows) <= (batch_size or len(batch.rows))


def up_to(step: int, length: int) -> int:
    """`length` tokens, padded to a multiple of `step`."""
    return -(-length // step) * step


@given(joint_encodings, budgets, batch_sizes, steps)
def test_joint_batches_hold_every_encoding_whole_and_keep_to_their_limits(
    encodings: list[Encoding], token_budget: int, batch_size: int | None, step: int
) -> None:
    batches = plan(encodings, token_budget=token_budget, batch_size=batch_size, pad_token_id=PAD, length_step=step)
    assert_every_row_once(batches, len(encodings))
    assert_within_limits(batches, token_budget, batch_size)
    for batch in batches:
        assert isinstance(batch, JointBatch)
        lengths = [len(encodings[row]) for row in batch.rows]
        width = up_to(step, max(lengths))
        assert batch.input_ids.shape == (len(batch.rows), width)
        assert batch.total_tokens <= WASTE_LIMIT * sum(up_to(step, length) for length in lengths)
        for place, row in enumerate(batch.rows):
            encoding, length = encodings[row], lengths[place]
            assert batch.input_ids[place, :length].tolist() == encoding.input_ids.tolist()
            assert batch.token_type_ids[place, :length].tolist() == encoding.type_ids.tolist()
            assert batch.attention_mask[place].tolist() == [1] * length + [0] * (width - length)
            assert set(batch.input_ids[place, length:].tolist()) <= {PAD}
            assert set(batch.token_type_ids[place, length:].tolist()) <= {0}


@given(one_way_encodings, budgets, batch_sizes, steps, st.booleans())
def test_one_way_batches_hold_every_encoding_whole_and_keep_to_their_limits(
    encodings: list[Encoding], token_budget: int, batch_size: int | None, step: int, side_by_side: bool
) -> None:
    batches = plan(
        encodings,
        token_budget=token_budget,
        batch_size=batch_size,
        attention="one_way",
        pad_token_id=PAD,
        length_step=step,
        side_by_side=side_by_side,
    )
    assert_every_row_once(batches, len(encodings))
    assert_within_limits(batches, token_budget, batch_size)
    for batch in batches:
        if isinstance(batch, PairBatch):
            assert side_by_side
            assert_pairs_are_whole(batch, encodings, step)
            continue
        assert isinstance(batch, OneWayBatch)
        assert batch.premise_ids.shape[1] == up_to(step, int(batch.premise_mask.sum(axis=1).max()))
        assert batch.rows.tolist() == [row for row in batch.slots.ravel().tolist() if row >= 0]
        for place, slot in np.ndindex(batch.slots.shape):
            assert_slot_holds_its_row(batch, place, slot, encodings)


def assert_pairs_are_whole(batch: PairBatch, encodings: Sequence[Encoding], step: int) -> None:
    lengths = [len(encodings[row]) for row in batch.rows]
    assert batch.lengths.tolist() == lengths
    assert batch.premise_lens.tolist() == [encodings[row].premise_len for row in batch.rows]
    assert batch.input_ids.shape == (len(lengths), up_to(step, max(lengths)))
    assert batch.total_tokens <= WASTE_LIMIT * sum(up_to(step, length) for length in lengths)
    for ids, row, length in zip(batch.input_ids, batch.rows, lengths, strict=True):
        assert ids[:length].tolist() == encodings[row].input_ids.tolist()
        assert set(ids[length:].tolist()) <= {PAD}


def one_way_kinds(
    encodings: Sequence[Encoding], at_hand: Callable[[IntArray], bool] | None = None
) -> tuple[set[int], set[int]]:
    """Rows that were planned side by side, and rows that were planned against their premise."""
    batches = plan(
        encodings, token_budget=10_000, attention="one_way", pad_token_id=PAD, side_by_side=True, at_hand=at_hand
    )
    assert_every_row_once(batches, len(encodings))
    pairs = {int(row) for batch in batches if isinstance(batch, PairBatch) for row in batch.rows}
    return pairs, set(range(len(encodings))) - pairs


def test_pairs_that_share_a_premise_are_asked_of_it_and_the_others_stand_side_by_side() -> None:
    shared, own, short_one = [10] * 20, [11] * 20, [12] * 3
    premises = [shared, own, shared, short_one, short_one, shared]
    pairs, asked = one_way_kinds([one_way(premise, [1, row]) for row, premise in enumerate(premises)])
    assert asked == {0, 2, 5}
    assert pairs == {1, 3, 4}, "sparing three tokens once is not worth a batch of another kind"


@given(one_way_encodings)
def test_a_premise_is_asked_of_where_that_spares_tokens_enough(encodings: list[Encoding]) -> None:
    counts = Counter(tuple(one.input_ids[: one.premise_len].tolist()) for one in encodings)
    pairs, _ = one_way_kinds(encodings)
    for row, one in enumerate(encodings):
        spared = (counts[tuple(one.input_ids[: one.premise_len].tolist())] - 1) * one.premise_len
        assert (row in pairs) == (spared < SHARING_PAYS)


def test_a_premise_at_hand_is_asked_of_even_by_a_lone_pair() -> None:
    known, other, known_but_short = [10] * 20, [11] * 20, [12] * (SHARING_PAYS - 1)
    met: list[list[int]] = []

    def at_hand(premise_ids: IntArray) -> bool:
        met.append(premise_ids.tolist())
        return premise_ids.tolist() in (known, known_but_short)

    encodings = [one_way(premise, [1, 2, 3]) for premise in (known, other, known_but_short)]
    pairs, asked = one_way_kinds(encodings, at_hand)
    assert (pairs, asked) == ({1, 2}, {0})
    assert met == [known, other], "each premise is asked about once, as it stands, and short ones not at all"


def test_nothing_stands_side_by_side_unless_the_engine_wishes_it() -> None:
    encodings = [one_way([10 + row] * 20, [1, 2]) for row in range(4)]
    batches = plan(encodings, token_budget=400, attention="one_way", at_hand=lambda _: False)
    assert all(isinstance(batch, OneWayBatch) for batch in batches)
    joint_batches = plan([joint([1, 2, 3])], token_budget=400, side_by_side=True)
    assert all(isinstance(batch, JointBatch) for batch in joint_batches)


def assert_slot_holds_its_row(batch: OneWayBatch, place: int, slot: int, encodings: Sequence[Encoding]) -> None:
    mask, tokens = batch.hypothesis_mask[place, slot], batch.hypothesis_ids[place, slot]
    row = int(batch.slots[place, slot])
    if row < 0:
        # An empty slot sees one padding token, so that its softmax has something to weigh.
        assert (mask.sum(), mask[0], set(tokens.tolist())) == (1, 1, {PAD})
        return
    encoding = encodings[row]
    premise, hypothesis = np.split(encoding.input_ids, [encoding.premise_len])
    assert tokens[mask == 1].tolist() == hypothesis.tolist()
    assert batch.premise_ids[place][batch.premise_mask[place] == 1].tolist() == premise.tolist()
    assert mask.tolist() == sorted(mask.tolist(), reverse=True)
    assert set(tokens[mask == 0].tolist()) <= {PAD}


@given(st.sampled_from(["joint", "one_way"]), st.data())
def test_answers_come_back_to_their_input_rows_in_any_order(attention: str, data: st.DataObject) -> None:
    encodings = data.draw(joint_encodings if attention == "joint" else one_way_encodings)
    backend = FakeBackend(num_labels=2)

    def answers(given_encodings: Sequence[Encoding], token_budget: int, batch_size: int | None) -> list[list[float]]:
        logits = np.zeros((len(given_encodings), 2), dtype=np.float32)
        for batch in plan(
            given_encodings, token_budget=token_budget, batch_size=batch_size, attention=attention, pad_token_id=PAD
        ):
            logits[batch.rows] = backend.forward(batch)
        return logits.tolist()

    alone = [answers([one], 10, None)[0] for one in encodings]
    order = data.draw(st.permutations(range(len(encodings))))
    shuffled = answers([encodings[row] for row in order], data.draw(budgets), data.draw(batch_sizes))
    assert shuffled == [alone[row] for row in order]


@given(premises, st.integers(1, 60), st.integers(2, 20))
def test_a_premise_asked_many_things_of_one_length_is_read_once(premise: list[int], n: int, length: int) -> None:
    encodings = [one_way(premise, [1, *([row] * (length - 1))]) for row in range(n)]
    (batch,) = plan(encodings, token_budget=10_000, attention="one_way", pad_token_id=PAD)
    assert isinstance(batch, OneWayBatch)
    assert batch.premise_ids.tolist() == [premise]
    assert batch.slots.shape == (1, n)
    assert batch.total_tokens == len(premise) + n * length


@given(one_way_encodings)
def test_a_premise_is_read_again_only_where_padding_would_cost_more(encodings: list[Encoding]) -> None:
    batches = plan(encodings, token_budget=10_000, attention="one_way", pad_token_id=PAD)
    chunks: Counter[tuple[int, ...]] = Counter()
    for batch in batches:
        assert isinstance(batch, OneWayBatch)
        for premise, mask, slots in zip(batch.premise_ids, batch.premise_mask, batch.slots, strict=True):
            own = tuple(premise[mask == 1].tolist())
            chunks[own] += 1
            lengths = [len(encodings[row]) - len(own) for row in slots if row >= 0]
            assert max(lengths) * len(lengths) - sum(lengths) <= len(own)
    distinct = {tuple(one.input_ids[: one.premise_len].tolist()) for one in encodings}
    assert set(chunks) == distinct


@pytest.mark.parametrize("attention", ["joint", "one_way"])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_duplicates_keep_a_place_each(attention: str, n: int) -> None:
    one = joint([3, 4, 5]) if attention == "joint" else one_way([3, 4], [5])
    assert_every_row_once(plan([one] * n, token_budget=12, attention=attention), n)


@pytest.mark.parametrize("attention", ["joint", "one_way"])
def test_an_encoding_over_the_budget_travels_alone(attention: str) -> None:
    def make(length: int) -> Encoding:
        return joint([1] * length) if attention == "joint" else one_way([1, 2], [1] * (length - 2))

    batches = plan([make(length) for length in (5, 90, 5, 70)], token_budget=30, attention=attention)
    assert [batch.rows.tolist() for batch in batches if batch.total_tokens > 30] == [[1], [3]]
    assert_every_row_once(batches, 4)


def test_the_longest_come_first_so_that_memory_runs_out_at_once_or_never() -> None:
    sizes = [batch.input_ids.shape[1] for batch in plan([joint([1] * n) for n in range(2, 90)], token_budget=200)]
    assert sizes == sorted(sizes, reverse=True)


def test_the_same_encodings_make_the_same_plan() -> None:
    rng = random.Random(0)
    encodings = [one_way([rng.randint(0, 2)] * 5, [1] * rng.randint(1, 30)) for _ in range(200)]
    first, second = (plan(encodings, token_budget=300, attention="one_way") for _ in range(2))
    assert [batch.slots.tolist() for batch in first] == [batch.slots.tolist() for batch in second]


@pytest.mark.parametrize(("token_budget", "batch_size"), [(0, None), (-1, None), (10, 0), (10, -3)])
def test_limits_that_allow_nothing_are_refused(token_budget: int, batch_size: int | None) -> None:
    with pytest.raises(InputError, match=rf"batch_size is {batch_size}.*token_budget {token_budget}.*positive"):
        plan([joint([1, 2])], token_budget=token_budget, batch_size=batch_size)


class Counted(Encoding):
    """An encoding that counts how often its length is asked for, as a measure of the planner's work."""

    asked = 0

    def __len__(self) -> int:
        Counted.asked += 1
        return super().__len__()


@pytest.mark.parametrize("attention", ["joint", "one_way"])
@pytest.mark.parametrize("shared", [True, False])
def test_the_work_of_planning_grows_with_the_encodings_and_not_with_their_square(attention: str, shared: bool) -> None:
    def work(n: int) -> int:
        rng = random.Random(1)
        encodings = []
        for row in range(n):
            premise = [9] * 6 if shared else [9, row % 1_000, row // 1_000]
            made = one_way(premise, [1] * rng.randint(1, 60))
            length = made.premise_len if attention == "one_way" else 0
            encodings.append(Counted(made.input_ids, made.type_ids, length, 1, 0))
        Counted.asked = 0
        batches = plan(encodings, token_budget=2_048, attention=attention)
        assert_every_row_once(batches, n)
        return Counted.asked + sum(batch.total_tokens for batch in batches)

    assert work(20_000) <= 11 * work(2_000)
