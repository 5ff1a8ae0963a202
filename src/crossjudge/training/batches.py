"""Training pairs -> steps of similar length, premises shared, in an order that the seed alone decides."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.rows_of_texts import row_lengths
from crossjudge.types import Attention, Encoding

WINDOW_PAIRS = 12_000
"""Pairs sorted by length together: enough for little padding, few enough that every stretch of training is mixed."""
MOST_SHARED = 6
"""Hypotheses of one premise that stay together, so that few steps are about a single text: the others of that premise
meet them in a step only where the shuffle puts both in one window."""

Group = list[int]
"""Numbers of pairs that go into one row of tokens: they share a premise, or there is one of them."""


def epoch_steps(
    encodings: Sequence[Encoding], *, token_budget: int, batch_size: int, attention: Attention, seed: int
) -> Iterator[list[Group]]:
    """One pass over all pairs. A step holds at most `batch_size` pairs and `token_budget` tokens, padding included."""
    rng = random.Random(seed)
    for window in _windows(_groups(encodings, attention, rng)):
        steps = list(_filled(encodings, window, token_budget, batch_size))
        rng.shuffle(steps)
        yield from steps


def _groups(encodings: Sequence[Encoding], attention: Attention, rng: random.Random) -> list[Group]:
    """Pairs in random order; in one-way attention pairs of one premise stay together, a few at a time."""
    rows = list(range(len(encodings)))
    rng.shuffle(rows)
    if attention == "joint":
        return [[row] for row in rows]
    sharing: dict[bytes, Group] = {}
    for row in rows:
        sharing.setdefault(encodings[row].input_ids[: encodings[row].premise_len].tobytes(), []).append(row)
    groups = [all_[at : at + MOST_SHARED] for all_ in sharing.values() for at in range(0, len(all_), MOST_SHARED)]
    rng.shuffle(groups)
    return groups


def _windows(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Stretches of about `WINDOW_PAIRS` pairs."""
    window: list[Group] = []
    pairs = 0
    for group in groups:
        window.append(group)
        pairs += len(group)
        if pairs >= WINDOW_PAIRS:
            yield window
            window, pairs = [], 0
    if window:
        yield window


def _filled(
    encodings: Sequence[Encoding], window: Sequence[Group], token_budget: int, batch_size: int
) -> Iterator[list[Group]]:
    """Rows of tokens, shortest first, into steps until one is full; a row beyond the budget is split or goes alone."""
    fitting = [part for group in window for part in _within(encodings, group, token_budget, batch_size)]
    lengths = row_lengths(encodings, fitting)
    step: list[Group] = []
    pairs = 0
    for number in sorted(range(len(fitting)), key=lambda number: lengths[number]):
        group = fitting[number]
        if step and (pairs + len(group) > batch_size or (len(step) + 1) * lengths[number] > token_budget):
            yield step
            step, pairs = [], 0
        step.append(group)
        pairs += len(group)
    if step:
        yield step


def _within(encodings: Sequence[Encoding], group: Group, token_budget: int, batch_size: int) -> list[Group]:
    """The group, or its halves where a row of all of it would be too long."""
    if len(group) == 1 or (len(group) <= batch_size and row_lengths(encodings, [group])[0] <= token_budget):
        return [group]
    middle = len(group) // 2
    halves = (group[:middle], group[middle:])
    return [part for half in halves for part in _within(encodings, half, token_budget, batch_size)]
