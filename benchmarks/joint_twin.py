"""The embedded model's very weights as an ordinary Hugging Face checkpoint, so that peers run the same matrices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from crossjudge.models.loaded import EMBEDDED
from crossjudge.models.one_way_export import read_config, read_weights

PARTS = {
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "output_norm": "output.LayerNorm",
}


def write_joint_twin(out: Path, source: Path = EMBEDDED) -> Path:
    """Write `source` (a one-way folder) as a `BertForSequenceClassification` folder.

    Its scores are not the one-way model's, since attention is joint: only the work is the same.
    """
    config, weights = read_config(source / "config.json"), read_weights(source)
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
        for our_part, their_part in PARTS.items():
            renamed |= _module(weights, f"{ours}.{our_part}", f"{theirs}.{their_part}")
    head = next(iter(config.heads))
    renamed |= _module(weights, f"heads.{head}.dense", "bert.pooler.dense")
    renamed |= _module(weights, f"heads.{head}.out", "classifier")
    labels = dict(enumerate(config.heads[head]))
    content = {
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
    out.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(value) for name, value in renamed.items()},
        out / "model.safetensors",
        metadata={"format": "pt"},
    )
    (out / "config.json").write_text(json.dumps(content), encoding="utf-8")
    (out / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    tokenizer = {"tokenizer_class": "BertTokenizer", "model_max_length": 512, "do_lower_case": True}
    tokens = {
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
    }
    (out / "tokenizer_config.json").write_text(json.dumps(tokenizer | tokens), encoding="utf-8")
    return out


def _module(weights: dict[str, np.ndarray], ours: str, theirs: str) -> dict[str, np.ndarray]:
    return {f"{theirs}.{kind}": weights[f"{ours}.{kind}"] for kind in ("weight", "bias")}
