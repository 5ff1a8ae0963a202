"""Tiny random checkpoints of every architecture, with real tokenizers, built on the spot; needs the `torch` extra.

A checkpoint here is small enough to build in a fraction of a second and otherwise like one from the hub: the right
config class, the right tokenizer family with its special tokens and post-processor, safetensors weights. Weights are
random but wide, so that the logits of two pairs differ clearly. The same arguments always give the same bytes.
"""

from __future__ import annotations

import functools
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModel, AutoModelForSequenceClassification, PreTrainedTokenizerBase

from crossjudge.types import Pair

TEXTS = (
    "A man is riding a horse along the beach while the sun goes down.",
    "Nobody was seen near the river that morning, and the boats were gone.",
    "The committee approved the budget of 4,200,000 euros on Tuesday.",
    "Two children are playing with a red ball in the garden behind the house.",
    "How many people live in Berlin? Berlin had a population of 3,520,031 in 2019.",
    "The medicine should be taken twice a day, before meals, with plenty of water.",
    "She did not say that the train was late; she said that it was never on time.",
    "Water boils at 100 degrees when the pressure is one atmosphere.",
    "The contract ends in March unless both parties agree to renew it.",
    "An old dog sleeps under the table, and a cat watches the window.",
    "Der Hund schläft unter dem Tisch, und die Katze schaut aus dem Fenster.",
    "Le café était fermé, mais le musée restait ouvert jusqu'à minuit.",
    "El tren llegó tarde porque había nieve en las vías.",
    "Which of these answers the question best? The second one, most likely.",
    "Press the green button twice, wait for the light, then close the lid.",
    "Prices rose by 3.5% last year, which is less than anyone had expected.",
)
"""What the tokenizers are built on, and what `random_pairs` is made of."""

STRANGE = (
    "日本語の文章です。",
    "مرحبا بالعالم",
    "שלום עולם",
    "👩‍👩‍👧‍👦 🎉",
    "naïve café",
    "ﬁ ﬂ ①",
    "a\tb\nc",
    "Ω≈ç√∫",
    "[SEP]",
)

ACTIVATIONS = {
    "identity": "torch.nn.modules.linear.Identity",
    "sigmoid": "torch.nn.modules.activation.Sigmoid",
    "softmax": "torch.nn.modules.activation.Softmax",
    "tanh": "torch.nn.modules.activation.Tanh",
}
"""An activation's short name -> the dotted path that sentence-transformers saves."""


_MODULES = {
    "identity": torch.nn.Identity(),
    "sigmoid": torch.nn.Sigmoid(),
    "softmax": torch.nn.Softmax(dim=-1),
    "tanh": torch.nn.Tanh(),
}


def random_pairs(n: int, seed: int) -> list[Pair]:
    """`n` pairs whose sides have from none to several hundred tokens; some are empty, some are not English."""
    rng = random.Random(seed)
    return [Pair(_random_text(rng), _random_text(rng)) for _ in range(n)]


def _random_text(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(("", " ", "\n\t "))
    if kind < 0.08:
        return rng.choice(STRANGE)
    words = [word for text in rng.sample(TEXTS, 4) for word in text.split()]
    longest = rng.choice((4, 12, 30, 60, 120, 300))
    chosen = [rng.choice(words) for _ in range(rng.randint(1, longest))]
    if kind < 0.2:
        chosen.insert(rng.randrange(len(chosen) + 1), rng.choice(STRANGE))
    return " ".join(chosen)


# Tokenizers: vocabularies are counted, not trained, wherever the family allows it, so that they never change.


def _words() -> Counter[str]:
    splitter = pre_tokenizers.BertPreTokenizer()
    return Counter(word for text in TEXTS for word, _ in splitter.pre_tokenize_str(text))


def _characters() -> list[str]:
    ascii_printable = {chr(code) for code in range(33, 127)}
    return sorted(ascii_printable.union(*(word for word in _words())))


def _wordpiece(tokenizer_class: str, max_length: int) -> PreTrainedTokenizerBase:
    characters = sorted({character for character in _characters() if character == character.lower()})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters)]
    # Every third word is left out, so that real words also fall apart into pieces.
    words = sorted({word.lower() for word in _words()} - set(pieces))
    pieces += [word for index, word in enumerate(words) if index % 3]
    vocab = {piece: index for index, piece in enumerate(pieces)}
    built: PreTrainedTokenizerBase = getattr(transformers, tokenizer_class)(vocab=vocab, model_max_length=max_length)
    return built


@functools.cache
def _byte_level_bpe(specials: tuple[str, ...]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=list(specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [(left, right) for left, right in model["merges"]]


def _roberta_tokenizer(max_length: int) -> PreTrainedTokenizerBase:
    vocab, merges = _byte_level_bpe(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    return transformers.RobertaTokenizer(vocab=dict(vocab), merges=list(merges), model_max_length=max_length)


def _modernbert_tokenizer(max_length: int) -> PreTrainedTokenizerBase:
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    vocab, merges = _byte_level_bpe((*names.values(), "[MASK]"))
    tokenizer = Tokenizer(models.BPE(vocab=dict(vocab), merges=list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([*names.values(), "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
        mask_token="[MASK]",
        **names,
    )


def _unigram_pieces(specials: tuple[str, ...]) -> list[tuple[str, float]]:
    counts = dict.fromkeys(_characters(), 1.0)
    counts |= {f"▁{word}": 8.0 + count for word, count in _words().items()}
    counts |= {"▁": 4.0, "ing": 5.0, "ed": 4.0, "er": 3.0, "th": 3.0, "en": 3.0}
    ranked = enumerate(sorted(counts.items()))
    kept = [(piece, count) for index, (piece, count) in ranked if index % 3 or len(piece) < 4]
    scores = [(piece, count / 4.0 - 6.0) for piece, count in kept]
    return [(special, 0.0) for special in specials] + scores


def _xlm_roberta_tokenizer(max_length: int) -> PreTrainedTokenizerBase:
    vocab = [*_unigram_pieces(("<s>", "<pad>", "</s>", "<unk>")), ("<mask>", 0.0)]
    return transformers.XLMRobertaTokenizer(vocab=vocab, model_max_length=max_length)


def _deberta_tokenizer(max_length: int) -> PreTrainedTokenizerBase:
    vocab = [*_unigram_pieces(("[PAD]", "[CLS]", "[SEP]", "[UNK]")), ("[MASK]", 0.0)]
    return transformers.DebertaV2Tokenizer(vocab=vocab, model_max_length=max_length)


# Architectures: what is special about each family's config; sizes common to all stand in `_config`.

_DEBERTA: dict[str, Any] = {
    "relative_attention": True,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "max_relative_positions": -1,
    "position_buckets": 16,
    "type_vocab_size": 0,
    "pooler_hidden_act": "gelu",
    "pooler_dropout": 0,
    "pooler_hidden_size": 32,
}

_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", {}),
    "minilm": ("BertConfig", {"hidden_size": 48, "num_attention_heads": 12, "intermediate_size": 192}),
    "roberta": ("RobertaConfig", {"type_vocab_size": 1}),
    "xlm-roberta": ("XLMRobertaConfig", {"type_vocab_size": 1}),
    "deberta-v2": ("DebertaV2Config", {**_DEBERTA, "conv_kernel_size": 3, "conv_act": "gelu"}),
    "deberta-v3": ("DebertaV2Config", _DEBERTA),
    "modernbert": (
        "ModernBertConfig",
        {
            "num_hidden_layers": 4,
            "global_attn_every_n_layers": 3,
            "local_attention": 16,
            "classifier_pooling": "mean",
            "embedding_dropout": 0.0,
            "mlp_dropout": 0.0,
            "tie_word_embeddings": False,
        },
    ),
    "electra": ("ElectraConfig", {"embedding_size": 16}),
    "distilbert": ("DistilBertConfig", {}),
}

ARCHITECTURES = tuple(_CONFIGS)

_TOKENIZERS: dict[str, Callable[[int], PreTrainedTokenizerBase]] = {
    "bert": functools.partial(_wordpiece, "BertTokenizer"),
    "minilm": functools.partial(_wordpiece, "BertTokenizer"),
    "electra": functools.partial(_wordpiece, "ElectraTokenizer"),
    "distilbert": functools.partial(_wordpiece, "DistilBertTokenizer"),
    "roberta": _roberta_tokenizer,
    "xlm-roberta": _xlm_roberta_tokenizer,
    "deberta-v2": _deberta_tokenizer,
    "deberta-v3": _deberta_tokenizer,
    "modernbert": _modernbert_tokenizer,
}


def make_checkpoint(
    folder: Path,
    architecture: str,
    *,
    num_labels: int = 3,
    seed: int = 0,
    max_length: int = 64,
    layout: str = "hf",
    activation: str | None = None,
    id2label: Mapping[int, str] | None = None,
) -> Path:
    """Write a random cross-encoder of `architecture` into `folder`, and return `folder`.

    `layout`: `"hf"` (transformers alone; no activation), `"sentence_transformers"` (what version 6 writes),
    `"sentence_transformers_4"` and `"sentence_transformers_2"` (activation in `config.json`, new and old key).
    `activation`: a name of `ACTIVATIONS`. Without `id2label` the labels are `LABEL_0`, `LABEL_1`, ...
    """
    tokenizer = _TOKENIZERS[architecture](max_length)
    labels = {"num_labels": num_labels}
    if id2label is not None:
        labels = {"id2label": dict(id2label), "label2id": {label: index for index, label in id2label.items()}}
    config = _config(architecture, tokenizer, max_length, **labels)
    _save(_randomise(AutoModelForSequenceClassification.from_config(config), seed), tokenizer, folder)
    _lay_out(folder, layout, activation)
    return folder


def make_bi_encoder(
    folder: Path,
    architecture: str = "minilm",
    *,
    seed: int = 0,
    max_length: int = 64,
    layout: str = "sentence_transformers",
    pooling: str = "mean",
    normalize: bool = True,
    dense: tuple[int, ...] = (),
) -> Path:
    """Write a random bi-encoder into `folder`, and return `folder`.

    `layout`: `"hf"` (an encoder alone, without `modules.json`), or `"sentence_transformers"` (what version 6 writes).
    `dense`: the output sizes of Dense modules after pooling.
    """
    tokenizer = _TOKENIZERS[architecture](max_length)
    model = _randomise(AutoModel.from_config(_config(architecture, tokenizer, max_length)), seed)
    _save(model, tokenizer, folder)
    if layout == "hf":
        return folder
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules as parts

    encoder = parts.Transformer(str(folder))
    modules: list[torch.nn.Module] = [encoder, parts.Pooling(model.config.hidden_size, pooling_mode=pooling)]
    size = model.config.hidden_size
    for out in dense:
        modules.append(_randomise(parts.Dense(size, out), seed + out))
        size = out
    if normalize:
        modules.append(parts.Normalize())
    _replace(folder, SentenceTransformer(modules=modules, device="cpu").save_pretrained)
    return folder


def _config(architecture: str, tokenizer: PreTrainedTokenizerBase, max_length: int, **more: Any) -> Any:
    name, special = _CONFIGS[architecture]
    # RoBERTa counts positions from the padding id upwards, so its table has two rows more than it can use.
    spare = 2 if "roberta" in architecture else 0
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": max_length + spare,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        **special,
        **more,
    }
    if architecture == "distilbert":
        names = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        names["intermediate_size"] = "hidden_dim"
        settings = {names.get(key, key): value for key, value in settings.items()}
    return getattr(transformers, name)(**settings)


def _randomise(model: Any, seed: int) -> Any:
    """Wide weights: matrices keep or double the size of what they multiply, biases and norms are not trivial."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim >= 2:
                parameter.copy_(noise * 1.6 / parameter.shape[-1] ** 0.5)
            else:
                parameter.copy_(parameter.round() + 0.1 * noise)
    return model.eval()


def _save(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _lay_out(folder: Path, layout: str, activation: str | None) -> None:
    if layout == "sentence_transformers":
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(str(folder), device="cpu")
        if activation is not None:
            model.activation_fn = _MODULES[activation]
        _replace(folder, model.save_pretrained)
    elif layout == "sentence_transformers_4":
        edit_json(
            folder / "config.json", sentence_transformers={"activation_fn": _path(activation), "version": "4.1.0"}
        )
    elif layout == "sentence_transformers_2":
        edit_json(folder / "config.json", sbert_ce_default_activation_function=_path(activation))
    elif layout != "hf" or activation is not None:
        raise ValueError(f"no layout {layout!r} with activation {activation!r}")


def _path(activation: str | None) -> str:
    return ACTIVATIONS[activation or "identity"]


def _replace(folder: Path, save: Callable[[str], object]) -> None:
    """Empty `folder` and let `save` fill it again."""
    shutil.rmtree(folder)
    save(str(folder))


def edit_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON object on disk; a value of None removes the key."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), encoding="utf-8")
