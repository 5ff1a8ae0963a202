"""A one-way model's very weights as an ordinary Hugging Face checkpoint, so that peers multiply the same matrices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from crossjudge.errors import UnsupportedModelError
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.one_way import OneWayConfig
from crossjudge.models.one_way_export import export_one_way, read_config, read_weights

Weights = dict[str, NDArray[np.float32]]

RELEVANCE = "relevance"

_PARTS = {
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "output_norm": "output.LayerNorm",
}
_TOKENIZER = {
    "tokenizer_class": "BertTokenizer",
    "model_max_length": 512,
    "do_lower_case": True,
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
}


def write_joint_twin(out: Path, source: Path = EMBEDDED, *, one_label: bool = False) -> Path:
    """Write `source` (a one-way folder with an `nli` head) as a `BertForSequenceClassification` folder.

    Its scores are not the one-way model's, since attention is joint: only the work is the same. `one_label`: one score
    in place of three, the logit of entailment minus that of contradiction, for peers that know no labels.
    """
    config, weights = _read(source, one_label=one_label)
    if not config.pooled:
        raise UnsupportedModelError(
            f"Writing {source} as BERT: its heads read [CLS] as it is, and BERT's through a pooler. Choose a model "
            "trained with pooled_heads = true."
        )
    out.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(value) for name, value in _joint(config, weights).items()}
    save_file(arrays, out / "model.safetensors", metadata={"format": "pt"})
    _write_json(out / "config.json", _joint_config(config))
    # Lengths that were saved with the tokenizer would be obeyed by some peers and not by others.
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    _write_json(out / "tokenizer.json", {**tokenizer, "truncation": None, "padding": None})
    _write_json(out / "tokenizer_config.json", _TOKENIZER)
    _write_json(out / "special_tokens_map.json", {k: v for k, v in _TOKENIZER.items() if k.endswith("_token")})
    return out


def write_one_label(out: Path, source: Path = EMBEDDED, *, precision: str = "int8") -> Path:
    """Write `source` as a one-way folder whose only head, `relevance`, is entailment minus contradiction."""
    config, weights = _read(source, one_label=True)
    trained = out / "trained"
    trained.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, trained / "model.safetensors")
    _write_json(trained / "config.json", {"model_type": "one_way", **config.to_dict()})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (trained / name).write_bytes((source / name).read_bytes())
    return export_one_way(trained, out / precision, precision=precision)


def _read(source: Path, *, one_label: bool) -> tuple[OneWayConfig, Weights]:
    """Shapes and weights with one head left: `nli`, or its difference of two labels."""
    config, weights = read_config(source / "config.json"), read_weights(source)
    head = "nli" if "nli" in config.heads else next(iter(config.heads))
    labels = config.heads[head]
    kept = {name: value for name, value in weights.items() if name.startswith(("embeddings.", "layers."))}
    found = {name.removeprefix(f"heads.{head}."): value for name, value in weights.items() if f"heads.{head}." in name}
    if one_label:
        for_it, against = labels.index("entailment"), labels.index("contradiction")
        found |= {f"out.{kind}": _difference(found[f"out.{kind}"], for_it, against) for kind in ("weight", "bias")}
        head, labels = RELEVANCE, (RELEVANCE,)
    kept |= {f"heads.{head}.{name}": value for name, value in found.items()}
    return replace(config, heads={head: labels}, exits=(), embedding_layers=0, embedding_max_length=None), kept


def _difference(rows: NDArray[np.float32], for_it: int, against: int) -> NDArray[np.float32]:
    return rows[for_it : for_it + 1] - rows[against : against + 1]


def _joint(config: OneWayConfig, weights: Weights) -> Weights:
    """Our names -> Hugging Face's, queries, keys and values apart."""
    renamed = {
        f"bert.embeddings.{part}.weight": weights[f"embeddings.{part}.weight"]
        for part in ("word_embeddings", "position_embeddings", "token_type_embeddings")
    }
    renamed |= _module(weights, "embeddings.norm", "bert.embeddings.LayerNorm")
    for depth in range(config.num_layers):
        ours, theirs = f"layers.{depth}", f"bert.encoder.layer.{depth}"
        for kind in ("weight", "bias"):
            parts = np.split(weights[f"{ours}.qkv.{kind}"], 3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                renamed[f"{theirs}.attention.self.{name}.{kind}"] = part
        for our_part, their_part in _PARTS.items():
            renamed |= _module(weights, f"{ours}.{our_part}", f"{theirs}.{their_part}")
    head = next(iter(config.heads))
    renamed |= _module(weights, f"heads.{head}.dense", "bert.pooler.dense")
    renamed |= _module(weights, f"heads.{head}.out", "classifier")
    return renamed


def _module(weights: Weights, ours: str, theirs: str) -> Weights:
    return {f"{theirs}.{kind}": weights[f"{ours}.{kind}"] for kind in ("weight", "bias")}


def _joint_config(config: OneWayConfig) -> dict[str, Any]:
    labels = dict(enumerate(next(iter(config.heads.values()))))
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_positions,
        "type_vocab_size": config.type_vocab_size,
        "layer_norm_eps": config.layer_norm_eps,
        "pad_token_id": config.pad_token_id,
        "id2label": labels,
        "label2id": {label: index for index, label in labels.items()},
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
