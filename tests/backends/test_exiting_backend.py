"""A one-way backend with early exits: an answer depends on its pair and the thresholds, and on nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("openvino")

import torch

from crossjudge.backends.base import wishes_of
from crossjudge.backends.exits import Exits, confidence, first_sure
from crossjudge.backends.one_way import OneWayBackend
from crossjudge.errors import BackendError
from crossjudge.models.one_way import OneWayEncoder
from crossjudge.text.batching import plan
from crossjudge.types import Encoding, FloatArray
from tiny_one_way import ENGINES, PAD, one_way_backend, one_way_encoder, one_way_encoding, words

DEPTHS = (1, 2)
NEVER, AT_ONCE = (float("inf"),) * 2, (0.0,) * 2
TOLERANCE = {"onnx": 1e-5, "openvino": 1e-4}
HEADS = {"nli": ("contradiction", "entailment", "neutral"), "relevance": ("score",)}

RANDOM = np.random.default_rng(5)
PREMISE = words(RANDOM, 30)
ALONE = [one_way_encoding(words(RANDOM, 3 + row % 19), words(RANDOM, 1 + row % 7)) for row in range(24)]
SHARED = [one_way_encoding(PREMISE, words(RANDOM, 1 + row % 9)) for row in range(16)]
PAIRS = [*ALONE, *SHARED]


@pytest.fixture(scope="module")
def encoder() -> OneWayEncoder:
    return one_way_encoder(heads=HEADS, exits=DEPTHS)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(
    engine: str, encoder: OneWayEncoder, folder: Path, thresholds: Sequence[float] | None, head: str = "nli"
) -> OneWayBackend:
    exits = None if thresholds is None else Exits(depths=DEPTHS, thresholds=tuple(thresholds))
    return one_way_backend(engine, encoder, folder, exits=exits, output=head)


def ask(backend: OneWayBackend, encodings: Sequence[Encoding]) -> FloatArray:
    """As `CrossEncoder` does: planned as the backend wishes, with an eye on what is at hand."""
    wishes = wishes_of(backend)
    batches = plan(
        encodings,
        token_budget=400,
        attention="one_way",
        pad_token_id=PAD,
        length_step=wishes.length_step,
        side_by_side=wishes.side_by_side,
        at_hand=backend.at_hand,
    )
    logits = np.full((len(encodings), backend.answer_size or 0), np.nan, dtype=np.float32)
    for batch in batches:
        logits[batch.rows] = backend.forward(batch)
    return logits


def by_depth(encoder: OneWayEncoder, head: str = "nli") -> list[FloatArray]:
    """The network's own logits of `PAIRS` at each exit and at the end, each pair alone and without padding."""
    alone = []
    for one in PAIRS:
        premise, hypothesis = (torch.from_numpy(ids) for ids in np.split(one.input_ids, [one.premise_len]))
        arrays = premise[None], torch.ones(1, len(premise)), hypothesis[None, None], torch.ones(1, 1, len(hypothesis))
        with torch.inference_mode():
            answers = encoder.forward_exits(*arrays)
        alone.append([answers[depth][head][0, 0].numpy() for depth in (*DEPTHS, encoder.config.num_layers)])
    return [np.stack(depth) for depth in zip(*alone, strict=True)]


def in_the_middle(depths: Sequence[FloatArray]) -> list[float]:
    """Thresholds at which about a third stop at each exit, none of them near a pair's own confidence."""
    thresholds = []
    for logits in depths[:-1]:
        sure = np.sort(confidence(logits))
        place = len(sure) * 3 // 5 + int(np.argmax(np.diff(sure)[len(sure) * 3 // 5 : len(sure) * 3 // 5 + 8]))
        thresholds.append(float(sure[place : place + 2].mean()))
    return thresholds


@pytest.mark.parametrize("head", HEADS)
def test_each_pair_answers_from_the_first_exit_that_is_sure_of_it(
    engine: str, head: str, encoder: OneWayEncoder, tmp_path: Path
) -> None:
    depths = by_depth(encoder, head)
    thresholds = in_the_middle(depths)
    expected = first_sure(depths, thresholds)
    for logits in depths:
        assert 4 <= (expected == logits).all(axis=1).sum() <= 32, "every depth must answer some"
    backend = opened(engine, encoder, tmp_path, thresholds, head)
    for _ in range(3):  # the premise that they share is read, kept, and at hand
        np.testing.assert_allclose(ask(backend, PAIRS), expected, rtol=0, atol=1e-4)
    assert backend.cache.statistics().hits > 0


def test_thresholds_that_nobody_reaches_are_the_model_without_exits(
    engine: str, encoder: OneWayEncoder, tmp_path: Path
) -> None:
    whole = opened(engine, encoder, tmp_path, None)
    expected = ask(whole, PAIRS)
    np.testing.assert_allclose(expected, by_depth(encoder)[-1], rtol=0, atol=1e-4)
    never = opened(engine, encoder, tmp_path, NEVER)
    np.testing.assert_allclose(ask(never, PAIRS), expected, rtol=0, atol=TOLERANCE[engine])
    assert (whole.precision, never.precision) == ("fp32", "fp32+exits(inf,inf)")


def test_a_head_with_exits_shares_with_no_other(engine: str, encoder: OneWayEncoder, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="stop at an exit of that head"):
        opened(engine, encoder, tmp_path, AT_ONCE).reading("relevance")


def test_thresholds_of_nothing_are_the_first_exit(engine: str, encoder: OneWayEncoder, tmp_path: Path) -> None:
    backend = opened(engine, encoder, tmp_path, AT_ONCE)
    np.testing.assert_allclose(ask(backend, PAIRS), by_depth(encoder)[0], rtol=0, atol=1e-4)


def test_a_pair_answers_alike_alone_together_and_with_a_shared_premise(
    engine: str, encoder: OneWayEncoder, tmp_path: Path
) -> None:
    backend = opened(engine, encoder, tmp_path, in_the_middle(by_depth(encoder)))
    together = ask(backend, PAIRS)
    order = np.random.default_rng(3).permutation(len(PAIRS)).tolist()
    alone = np.concatenate([ask(backend, [one]) for one in PAIRS])
    others = {"alone": alone[order], "in another order": ask(backend, [PAIRS[row] for row in order])}
    for how, answers in others.items():
        np.testing.assert_allclose(answers, together[order], rtol=0, atol=TOLERANCE[engine], err_msg=how)


def test_what_is_not_finite_at_an_exit_goes_on(engine: str, tmp_path: Path) -> None:
    """An exit that is broken is sure of nothing."""
    broken = one_way_encoder(heads=HEADS, exits=DEPTHS)
    with torch.no_grad():
        broken.exits["1"]["nli"].out.bias[0] = torch.nan
    backend = opened(engine, broken, tmp_path, AT_ONCE)
    np.testing.assert_allclose(ask(backend, PAIRS), by_depth(broken)[1], rtol=0, atol=1e-4)
