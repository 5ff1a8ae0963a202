"""Early exits on an engine of graphs: a pair stops where it is decided, and nobody else's answer changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnxruntime
import torch

from crossjudge.backends.exits import ExitingPairs, Feeds, confidence, first_sure
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.models.one_way_fused import fused_graphs
from crossjudge.models.one_way_parts import pieces
from crossjudge.types import FloatArray

EXITS = (1, 3)
N_PAIRS, PREMISE_LEN, HYPOTHESIS_LEN, POSITIONS = 40, 14, 9, 40
SHAPES = {"vocab_size": 90, "hidden_size": 32, "num_layers": 4, "num_heads": 4, "intermediate_size": 64}
NEVER = 1.1
TOLERANCE = 1e-5


class Opened:
    """A piece on ONNX Runtime, which counts the pairs and the longest sequences that it was given."""

    def __init__(self, graph: bytes) -> None:
        self._session: Any = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        self.inputs = [one.name for one in self._session.get_inputs()]
        self.seen: list[tuple[int, int]] = []

    def run_for(self, feeds: Feeds, outputs: Sequence[str]) -> Sequence[FloatArray]:
        self.seen.append(feeds["states" if "states" in self.inputs else "input_ids"].shape[:2])
        answers: Sequence[FloatArray] = self._session.run(list(outputs), {name: feeds[name] for name in self.inputs})
        return answers


def encoder(heads: dict[str, tuple[str, ...]], exits: tuple[int, ...]) -> OneWayEncoder:
    """Random, with weights wide enough that pairs and depths are told apart."""
    torch.manual_seed(0)
    model = OneWayEncoder(OneWayConfig(**SHAPES, max_positions=POSITIONS, heads=heads, exits=exits)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
            if name.endswith("out.weight"):
                weight.sub_(weight.mean(1, keepdim=True)).mul_(2)
    return model


def opened(model: OneWayEncoder) -> list[Opened]:
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    graphs = fused_graphs(model.config, weights)
    names = [f"pairs_{first}" for first, _ in pieces(model.config)] or ["pairs"]
    return [Opened(graphs[name].SerializeToString()) for name in names]


class Asked:
    """Pairs of random ids, as the graphs take them and as the network does."""

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.premise_lens = random.integers(3, PREMISE_LEN + 1, N_PAIRS)
        self.own_lens = random.integers(2, HYPOTHESIS_LEN + 1, N_PAIRS)
        self.premises = [random.integers(5, 90, length) for length in self.premise_lens]
        self.hypotheses = [random.integers(5, 90, length) for length in self.own_lens]

    def feeds(self, rows: Sequence[int] = range(N_PAIRS)) -> Feeds:
        lengths = (self.premise_lens + self.own_lens)[list(rows)]
        ids = padded([np.concatenate([self.premises[row], self.hypotheses[row]]) for row in rows], lengths.max())
        premise_lens = self.premise_lens[list(rows)]
        columns = np.arange(ids.shape[1])
        own = columns - premise_lens[:, None]
        places = np.where(own < 0, columns, POSITIONS + np.maximum(own, 0))
        return {"input_ids": ids, "place_ids": places, "premise_lens": premise_lens, "lengths": lengths}

    def tensors(self) -> tuple[torch.Tensor, ...]:
        premises, hypotheses = padded(self.premises, PREMISE_LEN), padded(self.hypotheses, HYPOTHESIS_LEN)
        masks = [
            np.arange(one.shape[1]) < lens[:, None]
            for one, lens in ((premises, self.premise_lens), (hypotheses, self.own_lens))
        ]
        arrays = premises, masks[0].astype(np.int64), hypotheses[:, None], masks[1].astype(np.int64)[:, None]
        return tuple(torch.from_numpy(one) for one in arrays)


def padded(rows: Sequence[np.ndarray], length: int) -> np.ndarray:
    return np.stack([np.pad(row, (0, length - len(row))) for row in rows]).astype(np.int64)


ASKED = Asked()
NLI = {"nli": ("contradiction", "entailment", "neutral")}


def by_depth(model: OneWayEncoder, head: str = "nli") -> list[FloatArray]:
    """What each exit's head and the full depth say in torch, first to last."""
    with torch.inference_mode():
        answers = model.forward_exits(*ASKED.tensors())
    return [answers[depth][head][:, 0].numpy() for depth in sorted(answers)]


@pytest.fixture(scope="module")
def model() -> OneWayEncoder:
    return encoder(NLI, EXITS)


@pytest.fixture(scope="module")
def graphs(model: OneWayEncoder) -> list[Opened]:
    return opened(model)


def thresholds_in_the_middle(depths: Sequence[FloatArray]) -> list[float]:
    """At each exit about a third of the pairs stop."""
    return [float(np.quantile(confidence(logits), 0.66)) for logits in depths[:-1]]


def test_thresholds_above_one_are_the_full_depth(model: OneWayEncoder, graphs: list[Opened]) -> None:
    whole = opened(encoder(NLI, ()))[0].run_for(ASKED.feeds(), ["logits"])[0]
    answers = ExitingPairs(graphs, [NEVER] * 2).run(ASKED.feeds())
    np.testing.assert_allclose(answers, by_depth(model)[-1], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(answers, whole, rtol=0, atol=1e-6)
    assert answers.std(axis=0).min() > 0.1, "the network tells no pair from another; the comparison is empty"


def test_thresholds_of_nothing_stop_everybody_at_the_first_exit(model: OneWayEncoder, graphs: list[Opened]) -> None:
    for graph in graphs:
        graph.seen.clear()
    answers = ExitingPairs(graphs, [0.0, 0.0]).run(ASKED.feeds())
    np.testing.assert_allclose(answers, by_depth(model)[0], rtol=0, atol=TOLERANCE)
    assert [len(graph.seen) for graph in graphs] == [1, 0, 0]


def test_each_pair_stops_at_the_first_exit_that_is_sure_of_it_and_keeps_its_place(
    model: OneWayEncoder, graphs: list[Opened]
) -> None:
    depths = by_depth(model)
    thresholds = thresholds_in_the_middle(depths)
    expected = first_sure(depths, thresholds)
    stopped = [int((expected == one).all(axis=1).sum()) for one in depths]
    assert min(stopped) >= 5, f"{stopped} pairs stop at each depth; every depth must answer some"
    for graph in graphs:
        graph.seen.clear()
    answers = ExitingPairs(graphs, thresholds).run(ASKED.feeds())
    np.testing.assert_allclose(answers, expected, rtol=0, atol=TOLERANCE)
    given = [graph.seen[0][0] for graph in graphs]
    assert given == [N_PAIRS, N_PAIRS - stopped[0], stopped[2]]


def test_a_pair_answers_the_same_alone_as_in_any_company(model: OneWayEncoder, graphs: list[Opened]) -> None:
    exiting = ExitingPairs(graphs, thresholds_in_the_middle(by_depth(model)))
    together = exiting.run(ASKED.feeds())
    order = np.random.default_rng(3).permutation(N_PAIRS).tolist()
    np.testing.assert_allclose(exiting.run(ASKED.feeds(order)), together[order], rtol=0, atol=TOLERANCE)
    for row in range(0, N_PAIRS, 5):
        np.testing.assert_allclose(exiting.run(ASKED.feeds([row])), together[[row]], rtol=0, atol=TOLERANCE)


def test_padding_that_nobody_needs_any_more_is_dropped(model: OneWayEncoder, graphs: list[Opened]) -> None:
    longest = int(np.argmax(ASKED.premise_lens + ASKED.own_lens))
    depths = by_depth(model)
    thresholds = [float(confidence(depths[0])[longest]), NEVER]  # the longest pair stops at the first exit
    for step in (1, 4):
        graphs[1].seen.clear()
        ExitingPairs(graphs, thresholds, length_step=step).run(ASKED.feeds())
        going = confidence(depths[0]) < thresholds[0]
        needed = int((ASKED.premise_lens + ASKED.own_lens)[going].max())
        assert graphs[1].seen == [(int(going.sum()), min(-(-needed // step) * step, PREMISE_LEN + HYPOTHESIS_LEN))]


def test_each_head_has_exits_of_its_own() -> None:
    model = encoder({**NLI, "similarity": ("score",)}, (2,))
    graphs = opened(model)
    for head in ("nli", "similarity"):
        depths = by_depth(model, head)
        threshold = float(np.median(confidence(depths[0])))
        answers = ExitingPairs(graphs, [threshold], answer=head).run(ASKED.feeds())
        np.testing.assert_allclose(answers, first_sure(depths, [threshold]), rtol=0, atol=TOLERANCE)


def test_a_model_without_exits_is_one_piece() -> None:
    model = encoder(NLI, ())
    answers = ExitingPairs(opened(model), []).run(ASKED.feeds())
    np.testing.assert_allclose(answers, by_depth(model)[-1], rtol=0, atol=TOLERANCE)
