"""The one-way cross-encoder network: a premise that never sees the hypotheses asked of it.

`[CLS] premise [SEP]` attends to itself alone. Each `[CLS] hypothesis [SEP]` attends, in every layer, to all of the
premise and to itself, positions restarting at zero, and its own `[CLS]` is classified. So the premise's keys and
values do not depend on what is asked of it, and N hypotheses cost one premise and N short texts. Relatives: PreTTR
(arXiv 2004.14255), DeFormer (2005.00697), MORES (2010.10469).

This file is PyTorch: what training, export and the torch backend need. Inference in the box runs the exported graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from crossjudge.errors import InputError, UnsupportedModelError


@dataclass(frozen=True, kw_only=True, slots=True)
class OneWayConfig:
    """Shapes of the network. `heads`: head name -> its labels by id; `position_offset`: the first position's row.

    `exits`: after how many layers every head has an early copy that answers too, such as `(2, 4)`; mostly none.
    `pooled`: whether heads read `[CLS]` through a tanh layer, as BERT's pooler, or as it is. `embedding_layers`: how
    many of the last layers sentence vectors have a stand-in for, trained for them alone, and `embedding_max_length`
    the tokens of the longest text that these learned from (None: no such limit).
    """

    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int
    max_positions: int
    heads: Mapping[str, tuple[str, ...]]
    position_offset: int = 0
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    exits: tuple[int, ...] = ()
    pooled: bool = True
    embedding_layers: int = 0
    embedding_max_length: int | None = None

    def __post_init__(self) -> None:
        # What JSON brings is a list.
        object.__setattr__(self, "exits", tuple(self.exits))
        rising = list(self.exits) == sorted(set(self.exits))
        if not rising or not all(0 < depth < self.num_layers for depth in self.exits):
            raise InputError(
                f"Building a one-way model: exits={self.exits}; expected rising numbers of layers from 1 to "
                f"{self.num_layers - 1}, since the last of the {self.num_layers} layers has the heads themselves."
            )
        if not 0 <= self.embedding_layers <= self.num_layers:
            raise InputError(
                f"Building a one-way model: embedding_layers={self.embedding_layers}; expected 0 to {self.num_layers}, "
                "its layers."
            )

    @classmethod
    def from_bert(cls, config: Mapping[str, Any], heads: Mapping[str, tuple[str, ...]]) -> OneWayConfig:
        """Shapes of a BERT-like Hugging Face `config.json` (BERT, MiniLM, ELECTRA, RoBERTa, XLM-RoBERTa).

        Raises `UnsupportedModelError` for any other architecture.
        """
        kind = str(config.get("model_type"))
        positions, activation = config.get("position_embedding_type", "absolute"), config.get("hidden_act", "gelu")
        if kind not in BERT_LIKE or positions != "absolute" or activation != "gelu":
            raise UnsupportedModelError(
                f"Building a one-way model from a {kind!r} checkpoint with {positions} positions and {activation}: "
                f"expected one of {', '.join(BERT_LIKE)}, absolute positions and gelu. Choose such an encoder."
            )
        if config.get("embedding_size", config["hidden_size"]) != config["hidden_size"]:
            raise UnsupportedModelError(
                f"Building a one-way model: embedding_size {config['embedding_size']} differs from hidden_size "
                f"{config['hidden_size']}, and the one-way network has no projection between them. Choose another "
                "encoder."
            )
        # RoBERTa counts positions from the row after the padding token's.
        padding = config.get("pad_token_id")
        padding = int(padding) if padding is not None else int("roberta" in kind)
        offset = padding + 1 if "roberta" in kind else 0
        return cls(
            vocab_size=config["vocab_size"],
            hidden_size=config["hidden_size"],
            num_layers=config["num_hidden_layers"],
            num_heads=config["num_attention_heads"],
            intermediate_size=config["intermediate_size"],
            max_positions=config["max_position_embeddings"] - offset,
            position_offset=offset,
            type_vocab_size=config.get("type_vocab_size", 2),
            layer_norm_eps=config.get("layer_norm_eps", 1e-12),
            pad_token_id=padding,
            heads=dict(heads),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what came later only where it differs from what folders before it had."""
        usual = {"exits": (), "pooled": True, "embedding_layers": 0, "embedding_max_length": None}
        return {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}


BERT_LIKE = ("bert", "electra", "roberta", "xlm-roberta")


class Embeddings(nn.Module):
    """Word + position + segment embeddings, normalised."""

    def __init__(self, config: OneWayConfig) -> None:
        super().__init__()
        self.offset = config.position_offset
        self.segments = config.type_vocab_size
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_positions + config.position_offset, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, input_ids: Tensor, segment: int) -> Tensor:
        """`input_ids` `(..., seq_len)` of one segment (0 premise, 1 hypothesis) -> `(..., seq_len, hidden_size)`."""
        positions = torch.arange(input_ids.shape[-1], device=input_ids.device) + self.offset
        segment_row = self.token_type_embeddings.weight[min(segment, self.segments - 1)]
        embedded: Tensor = self.norm(
            self.word_embeddings(input_ids) + self.position_embeddings(positions) + segment_row
        )
        return embedded

    def at(self, input_ids: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """The same for tokens that lie end to end, `(total_tokens,)` each -> `(total_tokens, hidden_size)`."""
        segment_rows = self.token_type_embeddings(segments.clamp(max=self.segments - 1))
        embedded: Tensor = self.norm(
            self.word_embeddings(input_ids) + self.position_embeddings(positions + self.offset) + segment_rows
        )
        return embedded


class Layer(nn.Module):
    """One transformer layer (post-norm, as BERT), split so that keys and values of a premise can be reused."""

    def __init__(self, config: OneWayConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(size, 3 * size)
        self.attention_out = nn.Linear(size, size)
        self.attention_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.up = nn.Linear(size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, size)
        self.output_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def heads_of(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`(n, seq_len, hidden_size)` -> query, key, value, each `(n, num_heads, seq_len, head_size)`."""
        split = self.qkv(states).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        return query, key, value

    def finish(self, states: Tensor, attended: Tensor) -> Tensor:
        """Residual, norm and feed-forward: `states` and `attended` `(n, seq_len, hidden_size)`."""
        states = self.attention_norm(states + self.attention_out(attended))
        finished: Tensor = self.output_norm(states + self.down(functional.gelu(self.up(states))))
        return finished


class Head(nn.Module):
    """`[CLS]` of a hypothesis -> logits; `pooled`: through one tanh layer, as in BERT's pooler."""

    def __init__(self, hidden_size: int, num_labels: int, *, pooled: bool) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size) if pooled else None
        self.out = nn.Linear(hidden_size, num_labels)

    def forward(self, states: Tensor) -> Tensor:
        """`(..., hidden_size)` -> logits `(..., num_labels)`."""
        read = states if self.dense is None else torch.tanh(self.dense(states))
        logits: Tensor = self.out(read)
        return logits


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A forward pass after `depth` layers, to be read by the heads there or taken further.

    `premise` `(n_premises, premise_len, hidden_size)` and `hypothesis` `(n_pairs, hypothesis_len, hidden_size)`: token
    states, the latter of `[CLS]` alone after the last layer. `premise_mask`, `hypothesis_mask`: 1 where a token stands.
    `premise_of`: int64 `(n_pairs,)`, the premise that each hypothesis is asked of.
    """

    depth: int
    premise: Tensor
    premise_mask: Tensor
    hypothesis: Tensor
    hypothesis_mask: Tensor
    premise_of: Tensor

    @property
    def cls(self) -> Tensor:
        """`[CLS]` states of the hypotheses, `(n_pairs, hidden_size)`."""
        return self.hypothesis[:, 0]

    def kept(self, pairs: Tensor) -> Progress:
        """Only the hypotheses numbered in `pairs`, int64 `(n_kept,)`, and the premises that they are asked of."""
        asked, premise_of = torch.unique(self.premise_of[pairs], return_inverse=True)
        return replace(
            self,
            premise=self.premise[asked],
            premise_mask=self.premise_mask[asked],
            hypothesis=self.hypothesis[pairs],
            hypothesis_mask=self.hypothesis_mask[pairs],
            premise_of=premise_of,
        )


class OneWayEncoder(nn.Module):
    """Backbone and heads. Masks are 1 where a token stands, 0 where padding does, as everywhere on the corridor."""

    def __init__(self, config: OneWayConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.embedding_layers = nn.ModuleList(Layer(config) for _ in range(config.embedding_layers))
        self.heads = _heads(config)
        self.exits = nn.ModuleDict({str(depth): _heads(config) for depth in config.exits})

    def forward(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> dict[str, Tensor]:
        """Judge every hypothesis against its premise, in every head.

        `premise_*`: int64 `(n_premises, premise_len)`; `hypothesis_*`: int64 `(n_premises, n_hypotheses,
        hypothesis_len)`. Returns head name -> logits `(n_premises, n_hypotheses, num_labels)`.
        """
        cls = self.hypothesis_states(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)[0]
        return {name: head(cls) for name, head in self.heads.items()}

    def forward_exits(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> dict[int, dict[str, Tensor]]:
        """As `forward`, at every exit and at the end: number of layers -> head name -> logits."""
        shape = tuple(hypothesis_ids.shape[:2])
        progress = self.begin(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)
        answers = {}
        for depth in (*self.config.exits, self.config.num_layers):
            progress = self.forward_until(progress, depth)
            heads = self.heads_at(depth).items()
            answers[depth] = {name: head(progress.cls).unflatten(0, shape) for name, head in heads}
        return answers

    def hypothesis_states(
        self,
        premise_ids: Tensor,
        premise_mask: Tensor,
        hypothesis_ids: Tensor,
        hypothesis_mask: Tensor,
        *,
        with_premise: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """`[CLS]` states `(n_premises, n_hypotheses, hidden_size)`, and on request the premises' token states."""
        progress = self.begin(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)
        progress = self.forward_until(progress, self.config.num_layers, with_premise=with_premise)
        n_premises, n_hypotheses = hypothesis_ids.shape[:2]
        return progress.cls.reshape(n_premises, n_hypotheses, -1), progress.premise if with_premise else None

    def begin(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> Progress:
        """Embeddings of what `forward` takes, before the first layer; hypotheses are numbered premise by premise."""
        n_premises, n_hypotheses = hypothesis_ids.shape[:2]
        places = torch.arange(n_premises, device=hypothesis_ids.device)
        return Progress(
            depth=0,
            premise=self.embeddings(premise_ids, 0),
            premise_mask=premise_mask,
            hypothesis=self.embeddings(hypothesis_ids.flatten(0, 1), 1),
            hypothesis_mask=hypothesis_mask.flatten(0, 1),
            premise_of=places.repeat_interleave(n_hypotheses),
        )

    def forward_until(self, progress: Progress, depth: int, *, with_premise: bool = False) -> Progress:
        """Compute on to `depth` layers. After the last, premises have their states only if `with_premise`."""
        premise, hypothesis, premise_of = progress.premise, progress.hypothesis, progress.premise_of
        own = additive(progress.premise_mask, premise.dtype)
        masks = progress.premise_mask.index_select(0, premise_of), progress.hypothesis_mask
        both = additive(torch.cat(masks, dim=1), premise.dtype)
        for number, layer in enumerate(self.stack()):
            if not progress.depth <= number < depth:
                continue
            last = number == self.config.num_layers - 1
            query, key, value = layer.heads_of(premise)
            seen_premise = key.index_select(0, premise_of), value.index_select(0, premise_of)
            hypothesis = _ask(layer, hypothesis, seen_premise, both, only_cls=last)
            # The last layer's premise states are read by nobody but an embedding without layers of its own.
            if not last or with_premise:
                premise = layer.finish(premise, _attend(query, key, value, own))
        return replace(progress, depth=depth, premise=premise, hypothesis=hypothesis)

    def heads_at(self, depth: int) -> nn.ModuleDict:
        """The heads that read `[CLS]` after `depth` layers: one of the config's `exits`, or `num_layers`."""
        chosen = self.heads if depth == self.config.num_layers else self.exits[str(depth)]
        assert isinstance(chosen, nn.ModuleDict)
        return chosen

    def premise_states(self, premise_ids: Tensor, premise_mask: Tensor) -> Tensor:
        """Token states of premises alone, for sentence vectors, `(n_premises, premise_len, hidden_size)`."""
        states: Tensor = self.embeddings(premise_ids, 0)
        own = additive(premise_mask, states.dtype)
        for layer in self.embedding_path():
            query, key, value = layer.heads_of(states)
            states = layer.finish(states, _attend(query, key, value, own))
        return states

    def stack(self) -> Iterator[Layer]:
        """The layers, first to last."""
        for layer in self.layers:
            assert isinstance(layer, Layer)
            yield layer

    def embedding_path(self) -> Iterator[Layer]:
        """The layers that make sentence vectors: those that judge, but for the last that have a stand-in."""
        yield from islice(self.stack(), self.config.num_layers - self.config.embedding_layers)
        for layer in self.embedding_layers:
            assert isinstance(layer, Layer)
            yield layer

    def load_backbone(self, taken: dict[str, Tensor]) -> None:
        """Take an encoder's weights, under this network's names; heads keep their random start.

        Raises `UnsupportedModelError` where the weights are not those of the config.
        """
        own = self.state_dict()
        for name, tensor in taken.items():
            if tensor.shape != own[name].shape:
                raise UnsupportedModelError(
                    f"Reading a BERT-like encoder: {name} is {tuple(tensor.shape)}, and config.json makes it "
                    f"{tuple(own[name].shape)}. Fetch both files of the same model again."
                )
        self.load_state_dict(own | taken)

    @classmethod
    def from_encoder(
        cls,
        config: Mapping[str, Any],
        weights: Iterable[Path],
        heads: Mapping[str, tuple[str, ...]],
        *,
        exits: tuple[int, ...] = (),
        layers: Sequence[int] = (),
        pooled: bool = True,
    ) -> OneWayEncoder:
        """A one-way model on a BERT-like encoder's `config.json` content and its safetensors files.

        `layers`: which of the encoder's layers it is made of, in order and counted from 1; all of them if empty. Raises
        `InputError` for one that it does not have.
        """
        shapes = OneWayConfig.from_bert(config, heads)
        taken = from_bert_names(
            {name: tensor for path in weights for name, tensor in load_file(path).items()}, shapes.num_layers
        )
        if layers:
            taken, shapes = of_layers(taken, layers), replace(shapes, num_layers=len(layers))
        model = cls(replace(shapes, exits=exits, pooled=pooled))
        model.load_backbone(taken)
        return model

    def save(self, path: Path) -> None:
        """Write the weights as safetensors."""
        save_file({name: tensor.detach().contiguous() for name, tensor in self.state_dict().items()}, path)


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Token states `(n, seq_len, hidden_size)` -> unit vectors `(n, hidden_size)`, padding left out."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return functional.normalize((states * weights).sum(1) / weights.sum(1).clamp(min=1e-9), dim=-1)


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """`(n, seq_len)` of 1 and 0 -> `(n, 1, 1, seq_len)` of 0 and a very negative number."""
    return ((1 - mask[:, None, None, :].to(dtype)) * torch.finfo(dtype).min).to(dtype)


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Scaled dot-product attention; `(n, num_heads, seq_len, head_size)` -> `(n, seq_len, hidden_size)`."""
    if torch.is_grad_enabled() and query.device.type == "cpu":
        # On a CPU, PyTorch's fused attention takes four times as long backward as its parts do (2.13).
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2) + mask.to(query.dtype)
        attended: Tensor = scores.softmax(-1).to(value.dtype) @ value
    else:
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
    return attended.transpose(1, 2).flatten(2)


def _ask(layer: Layer, hypothesis: Tensor, premise: tuple[Tensor, Tensor], mask: Tensor, *, only_cls: bool) -> Tensor:
    """One layer of the hypotheses: they see the keys and values in `premise`, a row for each, then their own."""
    query, own_key, own_value = layer.heads_of(hypothesis)
    if only_cls:
        query, hypothesis = query[:, :, :1], hypothesis[:, :1]
    keys = torch.cat([premise[0], own_key], dim=2)
    values = torch.cat([premise[1], own_value], dim=2)
    return layer.finish(hypothesis, _attend(query, keys, values, mask))


def _heads(config: OneWayConfig) -> nn.ModuleDict:
    return nn.ModuleDict(
        {name: Head(config.hidden_size, len(labels), pooled=config.pooled) for name, labels in config.heads.items()}
    )


def of_layers(weights: Mapping[str, Tensor], layers: Sequence[int]) -> dict[str, Tensor]:
    """Those layers of a state dict one after the other, counted from 1, and all else but what stands on other layers.

    Raises `InputError` for a layer that it does not have.
    """
    kept = {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith(("layers.", "exits.", "embedding_layers."))
    }
    for depth, layer in enumerate(layers):
        theirs = f"layers.{layer - 1}."
        parts = {name.removeprefix(theirs): tensor for name, tensor in weights.items() if name.startswith(theirs)}
        if not parts:
            found = len({name.split(".")[1] for name in weights if name.startswith("layers.")})
            raise InputError(
                f"Building a one-way model of some layers: the network has {found}, and there is no layer {layer} "
                "(they count from 1). Choose others."
            )
        kept |= {f"layers.{depth}.{part}": tensor for part, tensor in parts.items()}
    return kept


def from_bert_names(weights: Mapping[str, Tensor], num_layers: int) -> dict[str, Tensor]:
    """A BERT-like state dict under this network's names, query, key and value stacked."""
    words = next((name for name in weights if name.endswith(_WORDS)), None)
    if words is None:
        raise UnsupportedModelError(f"Reading a BERT-like encoder: the weights hold no {_WORDS!r}. Choose an encoder.")
    prefix = words.removesuffix(_WORDS)
    renamed = {
        f"embeddings.{part}.weight": _tensor(weights, f"{prefix}embeddings.{part}.weight")
        for part in ("word_embeddings", "position_embeddings", "token_type_embeddings")
    }
    renamed |= _module(weights, f"{prefix}embeddings.LayerNorm", "embeddings.norm")
    for depth in range(num_layers):
        theirs, ours = f"{prefix}encoder.layer.{depth}", f"layers.{depth}"
        for kind in ("weight", "bias"):
            renamed[f"{ours}.qkv.{kind}"] = torch.cat(
                [_tensor(weights, f"{theirs}.attention.self.{part}.{kind}") for part in ("query", "key", "value")]
            )
        for their_part, our_part in _LAYER_PARTS.items():
            renamed |= _module(weights, f"{theirs}.{their_part}", f"{ours}.{our_part}")
    return renamed


NARROWED = 1e-3
"""A head that reads `[CLS]` as it is, is narrowed by this in BERT's form: tanh(x) is then x to one part in 100,000."""


def to_bert_names(weights: Mapping[str, Tensor], num_layers: int, head: str) -> dict[str, Tensor]:
    """This network's state dict under the names of a BERT classifier, the one of `head`.

    BERT has a pooler: a head without one gets a much narrowed identity, which its classifier widens again.
    """
    weights = _with_pooler(weights, head)
    renamed = {
        f"bert.embeddings.{part}.weight": weights[f"embeddings.{part}.weight"]
        for part in ("word_embeddings", "position_embeddings", "token_type_embeddings")
    }
    modules = {"embeddings.norm": "bert.embeddings.LayerNorm"}
    modules |= {f"heads.{head}.dense": "bert.pooler.dense", f"heads.{head}.out": "classifier"}
    for depth in range(num_layers):
        theirs, ours = f"bert.encoder.layer.{depth}", f"layers.{depth}"
        modules |= {f"{ours}.{our_part}": f"{theirs}.{their_part}" for their_part, our_part in _LAYER_PARTS.items()}
        for kind in ("weight", "bias"):
            stacked = weights[f"{ours}.qkv.{kind}"].chunk(3)
            for part, tensor in zip(("query", "key", "value"), stacked, strict=True):
                renamed[f"{theirs}.attention.self.{part}.{kind}"] = tensor.contiguous()
    for ours, theirs in modules.items():
        renamed |= {f"{theirs}.{kind}": weights[f"{ours}.{kind}"] for kind in ("weight", "bias")}
    return renamed


def head_from_bert(weights: Mapping[str, Tensor], head: str, *, pooled: bool) -> dict[str, Tensor]:
    """The classifier of a BERT state dict as the head of that name: what `to_bert_names` made of it, taken back."""
    out = _module(weights, "classifier", f"heads.{head}.out")
    if pooled:
        return _module(weights, "bert.pooler.dense", f"heads.{head}.dense") | out
    return out | {f"heads.{head}.out.weight": out[f"heads.{head}.out.weight"] * NARROWED}


def _with_pooler(weights: Mapping[str, Tensor], head: str) -> Mapping[str, Tensor]:
    dense, out = f"heads.{head}.dense", f"heads.{head}.out.weight"
    if f"{dense}.weight" in weights:
        return weights
    size = weights[out].shape[1]
    pooler = {f"{dense}.weight": torch.eye(size) * NARROWED, f"{dense}.bias": torch.zeros(size)}
    return {**weights, **pooler, out: weights[out] / NARROWED}


_WORDS = "embeddings.word_embeddings.weight"
_LAYER_PARTS = {
    "attention.output.dense": "attention_out",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "output_norm",
}
_OLD_NAMES = {"weight": "gamma", "bias": "beta"}
"""What the oldest BERT checkpoints, bert-base-uncased among them, call the parts of a norm."""


def _module(weights: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    old = f"{theirs}.gamma" in weights
    return {
        f"{ours}.{kind}": _tensor(weights, f"{theirs}.{_OLD_NAMES[kind] if old else kind}")
        for kind in ("weight", "bias")
    }


def _tensor(weights: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in weights:
        raise UnsupportedModelError(
            f"Reading a BERT-like encoder: its weights lack {name!r}, which config.json implies. Fetch the model "
            "again, or choose another encoder."
        )
    return weights[name]
