"""Early exits of the one-way network: a pair stops where it is decided, and the rest of the network is what it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file

from crossjudge.backends.torch import TorchBackend
from crossjudge.errors import InputError
from crossjudge.models.networks import ONE_WAY_INPUTS, HeadNetwork
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder
from crossjudge.models.one_way_exits import ExitingNetwork, confidence_of
from crossjudge.types import OneWayBatch

HEADS = {"nli": ("contradiction", "entailment", "neutral"), "similarity": ("score",)}
SHAPES = {"vocab_size": 90, "hidden_size": 32, "num_layers": 4, "num_heads": 4, "intermediate_size": 64}
TOLERANCE = 1e-5


def encoder(exits: tuple[int, ...] = (1, 3)) -> OneWayEncoder:
    """Random, with weights wide enough that pairs and depths are told apart."""
    torch.manual_seed(0)
    model = OneWayEncoder(OneWayConfig(**SHAPES, max_positions=40, heads=HEADS, exits=exits)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
        for name, weight in model.named_parameters():
            if name.endswith("out.weight"):
                weight.sub_(weight.mean(1, keepdim=True)).mul_(2)  # so that some pairs are sure and some are not
    return model


def batch(n_premises: int = 5, n_hypotheses: int = 6) -> OneWayBatch:
    random = np.random.default_rng(0)
    shape = (n_premises, n_hypotheses, 9)
    premise_mask = (np.arange(14) < random.integers(3, 15, (n_premises, 1))).astype(np.int64)
    hypothesis_mask = (np.arange(9) < random.integers(2, 10, (n_premises, n_hypotheses, 1))).astype(np.int64)
    return OneWayBatch(
        random.integers(5, 90, premise_mask.shape) * premise_mask,
        premise_mask,
        random.integers(5, 90, shape) * hypothesis_mask,
        hypothesis_mask,
        np.arange(n_premises * n_hypotheses).reshape(n_premises, n_hypotheses),
    )


def arrays(asked: OneWayBatch) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(getattr(asked, name)) for name in ONE_WAY_INPUTS}


# Weights and config


def test_without_exits_nothing_of_a_model_or_its_folder_is_new() -> None:
    plain, exiting = encoder(()), encoder((2,))
    names = set(plain.state_dict())
    assert not [name for name in names if name.startswith("exits")]
    assert set(exiting.state_dict()) - names == {
        f"exits.2.{head}.{part}.{kind}" for head in HEADS for part in ("dense", "out") for kind in ("weight", "bias")
    }
    assert "exits" not in plain.config.to_dict()
    assert OneWayConfig(**plain.config.to_dict()) == plain.config


def test_exits_come_back_from_json_and_safetensors(tmp_path: Path) -> None:
    model = encoder((1, 3))
    content = json.loads(json.dumps(model.config.to_dict()))
    assert content["exits"] == [1, 3]
    content["heads"] = {name: tuple(labels) for name, labels in content["heads"].items()}
    model.save(tmp_path / "model.safetensors")
    again = OneWayEncoder(OneWayConfig(**content))
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert again.config == model.config


@pytest.mark.parametrize("exits", [(0,), (4,), (3, 1), (2, 2)])
def test_exits_are_rising_depths_before_the_end(exits: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"exits=.*from 1 to 3"):
        OneWayConfig(**SHAPES, max_positions=40, heads=HEADS, exits=exits)


# Answers on the way


def test_a_network_that_stops_on_its_way_ends_where_it_does_in_one_go() -> None:
    model, inputs = encoder(), arrays(batch())
    with torch.no_grad():
        answers = model.forward_exits(**inputs)
        whole = model(**inputs)
        _, premise = model.hypothesis_states(**inputs, with_premise=True)
        steps = model.begin(**inputs)
        for depth in (1, 2, 3, 4):
            steps = model.forward_until(steps, depth, with_premise=True)
    assert list(answers) == [1, 3, 4]
    for head, logits in whole.items():
        assert torch.equal(answers[4][head], logits)
        assert (answers[1][head] - logits).abs().max() > 0.1
    assert premise is not None
    assert torch.equal(steps.premise, premise)


def test_an_exit_reads_what_a_network_of_so_many_layers_would_end_with() -> None:
    model, inputs = encoder((3,)), arrays(batch())
    short = OneWayEncoder(OneWayConfig(**{**SHAPES, "num_layers": 3}, max_positions=40, heads=HEADS)).eval()
    weights = model.state_dict()
    short.load_state_dict({name: weights[name.replace("heads.", "exits.3.")] for name in short.state_dict()})
    with torch.no_grad():
        expected, seen = short(**inputs), model.forward_exits(**inputs)[3]
    for head in HEADS:
        assert (expected[head] - seen[head]).abs().max() < TOLERANCE


def test_gradients_reach_every_exit() -> None:
    model, inputs = encoder().train(), arrays(batch(2, 2))
    sum(logits.sum() for heads in model.forward_exits(**inputs).values() for logits in heads.values()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name


def test_those_that_are_kept_go_on_as_in_company() -> None:
    model, inputs = encoder(), arrays(batch())
    pairs = torch.tensor([1, 4, 20, 29])
    with torch.no_grad():
        half = model.forward_until(model.begin(**inputs), 2)
        whole = model.forward_until(half, 4)
        kept = half.kept(pairs)
        rest = model.forward_until(kept, 4)
    assert len(kept.premise) == 3, "only premises that somebody still asks"
    assert (rest.cls - whole.cls[pairs]).abs().max() < TOLERANCE


# Stopping


@pytest.mark.parametrize("head", HEADS)
def test_a_pair_stops_at_the_first_exit_that_is_sure_with_that_exits_logits(head: str) -> None:
    model, inputs = encoder(), arrays(batch(20, 8))
    with torch.no_grad():
        answers = {depth: heads[head] for depth, heads in model.forward_exits(**inputs).items()}
    first, second = (confidence_of(answers[depth].flatten(0, 1)) for depth in (1, 3))

    def stops(confidence: float) -> torch.Tensor:
        return torch.where(first >= confidence, 1, torch.where(second >= confidence, 3, 4))

    between = second.sort().values.unfold(0, 2, 1).mean(1).tolist()
    confidence = next(one for one in between if len(stops(one).unique()) == 3)
    with torch.no_grad():
        logits, layers = ExitingNetwork(model, head, [confidence] * 2).decided(**inputs)
    assert torch.equal(layers.flatten(), stops(confidence))
    for depth, theirs in answers.items():
        stopped = layers == depth
        assert (logits[stopped] - theirs[stopped]).abs().max() < TOLERANCE


def test_nobody_stops_without_certainty_and_everybody_with_any() -> None:
    model, inputs = encoder(), arrays(batch())
    with torch.no_grad():
        logits, layers = ExitingNetwork(model, "nli", [1.1, 1.1]).decided(**inputs)
        assert (logits - model(**inputs)["nli"]).abs().max() < TOLERANCE
        assert (layers == 4).all()
        logits, layers = ExitingNetwork(model, "nli", [0, 0]).decided(**inputs)
        assert (logits - model.forward_exits(**inputs)[1]["nli"]).abs().max() < TOLERANCE
        assert (layers == 1).all()


def test_a_pair_stops_where_it_would_alone() -> None:
    network, asked = ExitingNetwork(encoder(), "nli", [0.95, 0.97]), batch()
    with torch.no_grad():
        logits, layers = network.decided(**arrays(asked))
        for place, slot in ((0, 0), (2, 5), (4, 3)):
            alone = OneWayBatch(
                asked.premise_ids[[place]],
                asked.premise_mask[[place]],
                asked.hypothesis_ids[[place]][:, [slot]],
                asked.hypothesis_mask[[place]][:, [slot]],
                np.zeros((1, 1), dtype=np.int64),
            )
            one, depth = network.decided(**arrays(alone))
            assert depth.item() == layers[place, slot]
            assert (one[0, 0] - logits[place, slot]).abs().max() < TOLERANCE


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_torch_backend_runs_it(precision: str) -> None:
    model, asked = encoder(), batch()
    with torch.no_grad():
        expected = ExitingNetwork(model, "nli", [0.99, 0.97])(**arrays(asked)).flatten(0, 1).numpy()
    backend = TorchBackend(
        ExitingNetwork(encoder(), "nli", [0.99, 0.97]), inputs=ONE_WAY_INPUTS, device="cpu", precision=precision
    )
    assert backend.attention == "padded"
    logits = backend.forward(asked)
    assert logits.dtype == np.float32
    if precision == "fp32":
        np.testing.assert_allclose(logits, expected, atol=TOLERANCE, rtol=0)


def test_a_network_with_exits_still_answers_at_its_end() -> None:
    model, asked = encoder(), batch()
    with torch.no_grad():
        expected = model(**arrays(asked))["nli"].flatten(0, 1).numpy()
    for attention in ("padded", "grouped"):
        backend = TorchBackend(HeadNetwork(model, "nli"), inputs=ONE_WAY_INPUTS, device="cpu", attention=attention)
        np.testing.assert_allclose(backend.forward(asked), expected, atol=TOLERANCE, rtol=0)


def test_every_exit_has_its_threshold() -> None:
    model, inputs = encoder(), arrays(batch())
    with torch.no_grad():
        layers = ExitingNetwork(model, "nli", [1.1, 0]).decided(**inputs)[1]
    assert (layers == 3).all()
    with pytest.raises(InputError, match=r"1 thresholds for exits after the layers \[1, 3\]; expected one for each"):
        ExitingNetwork(model, "nli", [0.9])


def test_confidence_is_the_best_labels_probability() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [3.0, -1.0, 0.0]])
    assert confidence_of(logits).tolist() == pytest.approx([1 / 3, float(logits[1].softmax(0)[0])])
    assert confidence_of(torch.tensor([[0.0], [-2.0], [2.0]])).tolist() == pytest.approx(
        [0.5, 0.8808, 0.8808], abs=1e-4
    )
