"""Answers belong to the texts: not to the order of a batch, the number of threads, or the backend beyond its drift.

With the embedded model, whose card states how often each backend decides as the shipped graph does (99.5% and more).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from crossjudge import BiEncoder, CrossEncoder, Deduplicator, Judge
from crossjudge.label_probe import OBVIOUS
from crossjudge.models.parity import compare_logits

SAME_BITS = 1e-3
"""Logits of one backend: what is left of padding and threads was 2.4e-7; a rounding step of int8 would be 0.02."""

MOST_DRIFT = 0.6
"""Logits of another backend, which computes in other numbers: the most that any pair may move."""

PAIRS = [(premise, hypothesis) for premise, hypothesis, _ in OBVIOUS] + [
    ("The ferry leaves at seven.", "At seven the ferry departs."),
    ("The ferry leaves at seven.", "The ferry never leaves."),
    ("All rooms are taken. " * 40, "No room is free."),
]

TEXTS = [
    "How do I reset my password?",
    "How can I reset my password?",
    "The recipe needs two eggs.",
    "The recipe needs three eggs.",
    "Penguins cannot fly.",
    "how do I  reset my password?",
    "Where is the nearest bakery?",
]

OTHER_BACKENDS = [("torch", ("torch", "onnx")), ("openvino", ("openvino", "onnx"))]
"""A backend, and what it needs."""


@cache
def judge(backend: str = "auto", num_threads: int | None = None) -> Judge:
    return Judge(CrossEncoder(backend=backend, num_threads=num_threads))


@cache
def deduplicator(backend: str = "auto", num_threads: int | None = None) -> Deduplicator:
    return Deduplicator(
        model=CrossEncoder(backend=backend, head="duplicate", num_threads=num_threads),
        first_stage_model=BiEncoder(backend=backend, num_threads=num_threads),
    )


def logits(some: Judge, pairs: list[tuple[str, str]]) -> np.ndarray:
    return np.array([list(verdict.logits.values()) for verdict in some.batch(pairs)], dtype=np.float32)


def together(some: Deduplicator, texts: list[str]) -> set[frozenset[str]]:
    return {frozenset(texts[index] for index in cluster.indices) for cluster in some(texts)}


@pytest.mark.parametrize("seed", [0, 1])
def test_verdicts_do_not_depend_on_the_order_of_the_batch(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(PAIRS))
    mixed = [PAIRS[place] for place in order]
    assert logits(judge(), mixed) == pytest.approx(logits(judge(), PAIRS)[order], abs=SAME_BITS)


@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_do_not_depend_on_the_order_of_the_texts(seed: int) -> None:
    mixed = [TEXTS[place] for place in np.random.default_rng(seed).permutation(len(TEXTS))]
    assert together(deduplicator(), mixed) == together(deduplicator(), TEXTS)
    kept = [{texts[cluster.representative].casefold() for cluster in deduplicator()(texts)} for texts in (mixed, TEXTS)]
    assert [{" ".join(text.split()) for text in some} for some in kept] == [
        {" ".join(text.split()) for text in kept[0]}
    ] * 2


def test_answers_do_not_depend_on_the_number_of_threads() -> None:
    one, two = (logits(judge("onnx", threads), PAIRS) for threads in (1, 2))
    assert two == pytest.approx(one, abs=SAME_BITS)
    assert deduplicator("onnx", 1)(TEXTS) == deduplicator("onnx", 2)(TEXTS)


def test_answers_do_not_depend_on_who_else_is_asking() -> None:
    alone = deduplicator()(TEXTS)
    verdicts = judge().batch(PAIRS)
    with ThreadPoolExecutor(3) as pool:
        clusters = [pool.submit(deduplicator(), TEXTS) for _ in range(3)]
        judged = [pool.submit(judge().batch, PAIRS) for _ in range(3)]
    assert all(one.result() == alone for one in clusters)
    assert all([v.label for v in one.result()] == [v.label for v in verdicts] for one in judged)


@pytest.mark.parametrize(("backend", "packages"), OTHER_BACKENDS)
def test_another_backend_decides_alike_and_drifts_little(backend: str, packages: tuple[str, ...]) -> None:
    for package in packages:
        pytest.importorskip(package)
    parity = compare_logits(logits(judge("onnx"), PAIRS), logits(judge(backend), PAIRS))
    assert parity.max_drift <= MOST_DRIFT
    assert parity.flips <= 1
    assert together(deduplicator(backend), TEXTS) == together(deduplicator("onnx"), TEXTS)
