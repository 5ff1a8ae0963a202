"""Layers of the sentence vectors' own: stand-ins for a one-way model's last layers, trained when all else is.

`python -m crossjudge.training.sentence_vectors RUN OUT --base ENCODER --data FOLDER`. A premise's states after the last
layer are read by nobody but the sentence vectors, so layers that make nothing else change no judgement (in int8 scales
are measured anew, and a logit may move a little). They learn the vectors of the encoder that training began from, on
layers that stay as they are.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from crossjudge.errors import InputError
from crossjudge.models.checkpoint import Checkpoint
from crossjudge.models.one_way import OneWayConfig, OneWayEncoder, mean_pool
from crossjudge.models.one_way_export import read_config
from crossjudge.text.tokenizer_files import read_tokenizer
from crossjudge.training.decontamination import hash_pairs, load_hashes, save_hashes
from crossjudge.training.evaluation_pairs import held_out_hashes
from crossjudge.training.losses import embedding_distance
from crossjudge.training.mixture import Mixture
from crossjudge.training.students import WEIGHTS, load_base, require_run
from crossjudge.training.trainer import CHECKPOINT, HASHES, NOTE_EVERY, RECORD, described, rate_share

logger = logging.getLogger(__name__)

MIXTURE = Path(__file__).parent / "mixtures" / "sentence-vectors.toml"
WINDOW_TEXTS = 6_000
"""Texts sorted by length together."""
_DOING = "Training sentence vectors"

Progress = Callable[[int, int], None]
Ids = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorSettings:
    """How such layers are trained.

    `layers`: how many of the last ones get a stand-in. `epochs`: passes over the texts. `warmup`: the share of steps in
    which the rate rises, before it falls. `token_budget`: of a step, padding included. `max_length`: tokens of a text.
    `likeness_weight`: of how near two texts are to each other, beside how near each is to its vector.
    """

    layers: int = 2
    epochs: int = 1
    learning_rate: float = 4e-4
    warmup: float = 0.05
    token_budget: int = 8192
    max_length: int = 256
    likeness_weight: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("layers", "epochs", "learning_rate", "token_budget", "max_length"):
            if not getattr(self, name) > 0:
                raise InputError(f"{_DOING}: {name} is {getattr(self, name)!r}; expected more than zero.")


def main() -> None:
    """Write the run with such layers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished one-way run")
    parser.add_argument("out", type=Path, help="new folder, of the run with such layers")
    parser.add_argument("--base", required=True, help="the encoder whose vectors are learned")
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--mixture", type=Path, default=MIXTURE, help="what the texts are taken from")
    parser.add_argument("--layers", type=int, default=VectorSettings().layers, help="how many (default: %(default)s)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    give_vector_layers(
        options.run,
        options.out,
        base=options.base,
        mixture=options.mixture,
        data=options.data,
        exclude=held_out_hashes(options.data).tolist(),
        settings=VectorSettings(layers=options.layers),
    )


def give_vector_layers(
    run: Path,
    out: Path,
    *,
    base: str | Path,
    mixture: Path,
    data: Path | None = None,
    exclude: Collection[int] = (),
    settings: VectorSettings | None = None,
    progress: Progress | None = None,
) -> Path:
    """Copy `run` to `out` with layers of its own for sentence vectors, trained on the texts of a mixture's pairs.

    `base`: the encoder, a folder or hub name, whose vectors of these texts are learned. `data`, `exclude`: as in
    `train`. The layers begin as those they stand in for. `progress` is called with (steps done, steps in all).

    Raises `MissingFileError` for a folder that is no finished run and a base without weights, and `InputError` for an
    `out` that is there, a base of another shape, more layers than there are, and a mixture without texts.
    """
    settings = settings or VectorSettings()
    require_run(run)
    if out.exists():
        raise InputError(f"{_DOING}: {out} is there already. Name a new folder.")
    torch.manual_seed(settings.seed)
    student, checkpoint = _student(run, settings), load_base(base)
    teacher = _teacher(checkpoint, student.config)
    read = Mixture.from_toml(mixture)
    rows = read.rows(folder=data, exclude=frozenset(exclude))
    texts = list(dict.fromkeys(text for row in rows for text in (row.text_a, row.text_b) if text.strip()))
    if not texts:
        raise InputError(f"{_DOING}: the mixture {mixture} gave no text. Name sets that have some, or another folder.")
    last_loss = _trained(student, teacher, _encoded(run, texts, settings), settings, progress)
    shutil.copytree(run, out, ignore=shutil.ignore_patterns(f"{CHECKPOINT}*", WEIGHTS))
    student.save(out / WEIGHTS)
    content = {"model_type": "one_way", **student.config.to_dict()}
    (out / "config.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    record = json.loads((run / RECORD).read_text(encoding="utf-8"))
    record["sentence_vectors"] = {
        "settings": asdict(settings),
        "base_sha256": checkpoint.weights_hash(),
        "sets": described(read),
        "rows": dict(Counter(row.source for row in rows)),
        "texts": len(texts),
        "last_loss": round(last_loss, 4),
    }
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    hashes = hash_pairs((row.text_a, row.text_b) for row in rows)
    save_hashes(np.union1d(load_hashes(run / HASHES), hashes), out / HASHES)
    return out


def _student(run: Path, settings: VectorSettings) -> OneWayEncoder:
    """The run's network with such layers, of which alone anything is learned."""
    config = replace(
        read_config(run / "config.json"),
        embedding_layers=settings.layers,
        embedding_max_length=settings.max_length,
    )
    weights = {name: one for name, one in load_file(run / WEIGHTS).items() if not name.startswith("embedding_layers.")}
    for place in range(settings.layers):
        theirs, ours = f"layers.{config.num_layers - settings.layers + place}.", f"embedding_layers.{place}."
        weights |= {ours + name.removeprefix(theirs): one for name, one in weights.items() if name.startswith(theirs)}
    network = OneWayEncoder(config)
    network.load_state_dict(weights)
    network.requires_grad_(False)
    network.embedding_layers.requires_grad_(True)
    return network.eval()


def _teacher(base: Checkpoint, student: OneWayConfig) -> OneWayEncoder:
    teacher = OneWayEncoder.from_encoder(base.raw, base.weights, {})
    for name in ("hidden_size", "vocab_size"):
        theirs, ours = getattr(teacher.config, name), getattr(student, name)
        if theirs != ours:
            raise InputError(
                f"{_DOING} of '{base.name}': its {name} is {theirs}, and the run's is {ours}. Choose the encoder that "
                "training began from."
            )
    return teacher.requires_grad_(False).eval()


def _encoded(run: Path, texts: Sequence[str], settings: VectorSettings) -> list[Ids]:
    """Ids of each text, special tokens included; in blocks, since a tokenizer says much more of a text than its ids."""
    tokenizer = read_tokenizer(run)
    tokenizer.no_padding()
    tokenizer.enable_truncation(settings.max_length)
    blocks = (texts[start : start + WINDOW_TEXTS] for start in range(0, len(texts), WINDOW_TEXTS))
    return [np.array(one.ids, dtype=np.int32) for block in blocks for one in tokenizer.encode_batch(block)]


def _trained(
    student: OneWayEncoder,
    teacher: OneWayEncoder,
    encoded: Sequence[Ids],
    settings: VectorSettings,
    progress: Progress | None,
) -> float:
    """Every pass; the mean loss of the last steps."""
    steps = [step for epoch in range(settings.epochs) for step in _steps(encoded, settings, epoch)]
    learned = list(student.embedding_layers.parameters())
    optimizer = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=0.01)
    losses: list[float] = []
    for number, step in enumerate(steps):
        share = rate_share(number, len(steps), warmup=settings.warmup)
        optimizer.param_groups[0]["lr"] = settings.learning_rate * share
        ids, mask = _padded([encoded[place] for place in step], student.config.pad_token_id)
        own, given = _vectors(student, ids, mask), _vectors(teacher, ids, mask)
        loss = vector_loss(own, given, settings.likeness_weight)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (number + 1) % NOTE_EVERY == 0:
            logger.info("step %d of %d, loss %.4f", number + 1, len(steps), sum(losses[-NOTE_EVERY:]) / NOTE_EVERY)
        if progress is not None:
            progress(number + 1, len(steps))
    last = losses[-NOTE_EVERY:]
    return sum(last) / len(last)


def vector_loss(own: Tensor, given: Tensor, likeness_weight: float) -> Tensor:
    """How far unit vectors `(n_texts, hidden_size)` are from those given, and their likenesses from theirs.

    1 - cosine of each text, and the squared difference of each two texts' cosine: a search compares, so two vectors
    that are off in the same way harm it less than two that are off in different ways.
    """
    return embedding_distance(own, given) + likeness_weight * ((own @ own.T - given @ given.T) ** 2).mean()


def _vectors(network: OneWayEncoder, ids: Tensor, mask: Tensor) -> Tensor:
    learns = any(parameter.requires_grad for parameter in network.parameters())
    with nullcontext() if learns else torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        states = network.premise_states(ids, mask)
    return mean_pool(states.float(), mask)


def _steps(encoded: Sequence[Ids], settings: VectorSettings, epoch: int) -> Iterator[list[int]]:
    """Numbers of texts of like length, in an order that the seed alone decides."""
    rng = random.Random(settings.seed + epoch)
    order = list(range(len(encoded)))
    rng.shuffle(order)
    for start in range(0, len(order), WINDOW_TEXTS):
        window = sorted(order[start : start + WINDOW_TEXTS], key=lambda place: len(encoded[place]))
        steps: list[list[int]] = [[]]
        for place in window:
            if steps[-1] and (len(steps[-1]) + 1) * len(encoded[place]) > settings.token_budget:
                steps.append([])
            steps[-1].append(place)
        rng.shuffle(steps)
        yield from steps


def _padded(encoded: Sequence[Ids], pad_token_id: int) -> tuple[Tensor, Tensor]:
    """Ids and what of them stands, int64 `(n_texts, seq_len)` each."""
    lengths = torch.tensor([len(one) for one in encoded])
    ids = torch.full((len(encoded), int(lengths.max())), pad_token_id)
    for row, one in enumerate(encoded):
        ids[row, : len(one)] = torch.from_numpy(one)
    return ids, (torch.arange(ids.shape[1])[None] < lengths[:, None]).long()


if __name__ == "__main__":
    main()
