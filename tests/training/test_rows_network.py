"""The network of training computes what the network of inference computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crossjudge.training.rows_network import forward_depths
from crossjudge.training.rows_of_texts import lay_out
from tiny_one_way import one_way_encoder, one_way_encoding, words

GROUPS = [[0, 1, 2], [3], [4, 5]]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.15)])
def test_a_row_of_several_hypotheses_gives_each_its_states_alone(dtype: torch.dtype, tolerance: float) -> None:
    random = np.random.default_rng(3)
    premises = [words(random, length) for length in (9, 9, 9, 4, 17, 17)]
    premises = [premises[group[0]] for group in GROUPS for _ in group]
    encodings = [one_way_encoding(premise, words(random, 2 + number)) for number, premise in enumerate(premises)]
    model = one_way_encoder(exits=(1,))
    last = model.config.num_layers
    batch = lay_out(encodings, GROUPS, attention="one_way", pad_token_id=0)
    with torch.no_grad():
        depths = list(forward_depths(model, batch, depths=(1, last), dtype=dtype, with_states=True))
        for place, row in enumerate(batch.rows):
            ids, length = torch.from_numpy(encodings[row].input_ids), encodings[row].premise_len
            premise, hypothesis = ids[None, :length], ids[None, None, length:]
            progress = model.begin(premise, torch.ones_like(premise), hypothesis, torch.ones_like(hypothesis))
            for depth in depths:
                progress = model.forward_until(progress, depth.number)
                assert torch.allclose(depth.cls[place].float(), progress.cls[0], atol=tolerance)


def test_the_texts_of_a_pair_are_found_in_its_row() -> None:
    random = np.random.default_rng(4)
    encodings = [one_way_encoding(words(random, 5), words(random, 3 + number)) for number in range(3)]
    batch = lay_out(encodings, [[0], [1], [2]], attention="one_way", pad_token_id=0)
    (premises, premise_mask), (hypotheses, mask) = batch.pair_texts(np.array([2, 0]))
    for line, row in enumerate((2, 0)):
        length = encodings[row].premise_len
        assert premises[line][premise_mask[line] == 1].tolist() == encodings[row].input_ids[:length].tolist()
        assert hypotheses[line][mask[line] == 1].tolist() == encodings[row].input_ids[length:].tolist()
