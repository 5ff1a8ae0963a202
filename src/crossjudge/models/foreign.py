"""What others' config files mean: labels, lengths, activations and prompts, as sentence-transformers 6.2 reads them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

from crossjudge.errors import CorruptFileError, InputError, UnsupportedModelError
from crossjudge.models.activations import canonical_activation
from crossjudge.models.integrity import TensorShapes

logger = logging.getLogger(__name__)

Config = Mapping[str, Any]
"""The content of one JSON file."""

HEADS = (
    *("classifier.weight", "classifier.out_proj.weight", "score.weight"),
    *("classification_head.out_proj.weight", "logits_proj.weight"),
)
"""Names of the last layer of a classification head, float `(num_labels, hidden_size)`."""

_POSITION_TABLES = frozenset({"bert", "electra", "distilbert", "albert", "mobilebert"})
"""Model types with one learned vector per position, counted from zero."""

_OFFSET_POSITION_TABLES = frozenset(
    {
        *("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "ibert", "xmod"),
        *("roberta-prelayernorm", "data2vec-text"),
    }
)
"""The same, counted from the padding id plus one, so that the table's first rows are never used."""

_NUMBERED_LABEL = re.compile(r"(LABEL_)?\d+")


def is_known(config: Config) -> bool:
    """Whether this model type names its head in one of the ways known here."""
    known = _POSITION_TABLES | _OFFSET_POSITION_TABLES | {"deberta", "deberta-v2", "modernbert"}
    return config.get("model_type") in known


def head_size(shapes: TensorShapes) -> int | None:
    """How many labels the weights' classification head gives; None where no head is recognised."""
    return next((shapes[name][0] for name in HEADS if shapes.get(name)), None)


def is_causal(config: Config) -> bool:
    """Whether the checkpoint is a language model that scores by its next token."""
    names = config.get("architectures") or [""]
    return str(names[0]).endswith("ForCausalLM")


def is_classifier(config: Config) -> bool:
    """Whether the config claims a sequence-classification head."""
    return any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ())


def resolve_labels(config: Config, *, head: int | None, asked: int | None) -> tuple[tuple[str, ...], bool]:
    """(labels by id, whether somebody named them).

    `head`: the label count of the weights where known; `asked`: the caller's `num_labels`. Labels are unnamed when the
    config has none, when they are of the form `LABEL_0`, when the count was overridden, and when their ids or names do
    not tell them apart. Raises `UnsupportedModelError` when the count is not that of the weights.
    """
    saved = _saved_labels(config)
    stated = config.get("num_labels")
    # transformers saves neither key for a head of two labels; without a classifier architecture it assumes one.
    count = asked or len(saved) or (int(stated) if stated else None) or (2 if is_classifier(config) else head or 1)
    if head is not None and head != count:
        source = "was passed" if asked else "is what config.json says"
        raise UnsupportedModelError(
            f"Loading the classification head: num_labels={count} {source}, and the weights' head gives {head}. "
            f"Pass num_labels={head}, or leave it out if the config is right."
        )
    if len(saved) != count:
        return tuple(f"LABEL_{index}" for index in range(count)), False
    named = not any(_NUMBERED_LABEL.fullmatch(label) for label in saved) and len(set(saved)) == count
    return saved, named


def _saved_labels(config: Config) -> tuple[str, ...]:
    """The config's labels by id, or `()` where ids are missing or not counted from zero."""
    id2label = config.get("id2label") or {}
    try:
        by_id = {int(key): str(label) for key, label in id2label.items()}
    except (AttributeError, ValueError, TypeError) as error:
        raise CorruptFileError(
            f"Reading config.json: id2label is {id2label!r}; expected label ids as keys and names as values. "
            "Correct or download this file again."
        ) from error
    if sorted(by_id) != list(range(len(by_id))):
        return tuple(f"LABEL_{index}" for index in range(len(by_id)))
    return tuple(by_id[index] for index in range(len(by_id)))


def resolve_max_length(config: Config, tokenizer: Config, transformer: Config, *, asked: int | None) -> int:
    """How many tokens a pair may have, special tokens included.

    `config`, `tokenizer`, `transformer`: `config.json`, `tokenizer_config.json`, `sentence_bert_config.json` (or
    empty). The caller's word comes first, then sentence-transformers', then the tokenizer's capped by the model's
    positions. Whatever is said, a model with a table of positions never reads past its end.
    """
    if asked is not None and asked < 1:
        raise InputError(f"Loading a checkpoint: max_length={asked}; expected a positive number of tokens.")
    positions = _positive(config.get("max_position_embeddings"))
    wanted = asked or _saved_max_length(transformer)
    if wanted is None:
        wanted = _positive(tokenizer.get("model_max_length", tokenizer.get("max_len"))) or sys.maxsize
        wanted = min(wanted, positions or sys.maxsize, sys.maxsize)
    capacity = position_capacity(config)
    if capacity is None or wanted <= capacity:
        return wanted
    if asked is not None:
        logger.warning(
            "max_length=%d is more than the %d positions of this model; using %d.", asked, capacity, capacity
        )
    return capacity


def _saved_max_length(transformer: Config) -> int | None:
    for key in ("processor_kwargs", "tokenizer_args"):
        nested = transformer.get(key)
        if isinstance(nested, Mapping) and _positive(nested.get("model_max_length")):
            return _positive(nested["model_max_length"])
    return _positive(transformer.get("max_seq_length"))


def _positive(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def position_capacity(config: Config) -> int | None:
    """The longest sequence that the model's position table allows; None where positions are relative or rotary."""
    model_type, rows = config.get("model_type"), _positive(config.get("max_position_embeddings"))
    if rows is None:
        return None
    if model_type in _OFFSET_POSITION_TABLES:
        pad = config.get("pad_token_id")
        return rows - 1 - (pad if isinstance(pad, int) else 1)
    absolute = model_type in ("deberta", "deberta-v2") and config.get("position_biased_input", True)
    return rows if absolute or model_type in _POSITION_TABLES else None


def saved_activation(config: Config, model: Config) -> str | None:
    """The canonical name of the activation a cross-encoder was saved with, or None.

    `model`: `config_sentence_transformers.json` where it describes a cross-encoder, else empty. Version 6 keeps the
    activation there; versions 4 and 5 in `config.json`, and earlier ones under another key of it.
    """
    nested = config.get("sentence_transformers")
    for saved in (
        model.get("activation_fn"),
        nested.get("activation_fn") if isinstance(nested, Mapping) else None,
        config.get("sbert_ce_default_activation_function"),
    ):
        if saved is None:
            continue
        name = canonical_activation(saved)
        if name is None:
            logger.warning("The saved activation %r is not one of torch's own; the default is used instead.", saved)
        return name
    return None


def default_prompt(model: Config) -> str:
    """The text that sentence-transformers puts before every (first) text unless told otherwise; usually empty."""
    prompts, name = model.get("prompts"), model.get("default_prompt_name")
    return str(prompts.get(name) or "") if isinstance(prompts, Mapping) and name is not None else ""


def pad_token_id(config: Config, tokenizer: Config) -> int | None:
    """The padding id that `config.json`, else `tokenizer_config.json`, states."""
    stated = config.get("pad_token_id")
    if isinstance(stated, int) and stated >= 0:
        return stated
    token = tokenizer.get("pad_token")
    text = token.get("content") if isinstance(token, Mapping) else token
    decoder = tokenizer.get("added_tokens_decoder")
    entries = decoder.items() if isinstance(decoder, Mapping) else ()
    return next(
        (int(key) for key, entry in entries if isinstance(entry, Mapping) and entry.get("content") == text), None
    )
