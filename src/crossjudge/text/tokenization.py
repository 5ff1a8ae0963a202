"""`Pair` -> `Encoding`: the template around two texts, which side is cut, and how much was cut.

The tokenizer library's own truncation is mutable state shared by every thread (two threads with different settings
silently get each other's lengths), so it is never switched on: texts are tokenized whole and ids are cut here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from crossjudge.errors import UnsupportedModelError
from crossjudge.text.tokenizer_files import (
    gives_token_types,
    lowercase_first,
    read_tokenizer,
    read_tokenizer_config,
)
from crossjudge.types import Attention, Encoding, IntArray, Pair

_PROBE_TEXTS = ("the", "a", "1", ".", "x")
_UNKNOWN_TOKENS = ("[UNK]", "<unk>")


@dataclass(frozen=True, slots=True)
class Template:
    """The special tokens a model expects around one or two texts: ids, and the type id of every part.

    `special_ids[i]` (int64) stand before text `i`, the last entry after the last text.
    """

    special_ids: tuple[IntArray, ...]
    special_types: tuple[IntArray, ...]
    text_types: tuple[int, ...]

    @property
    def num_special(self) -> int:
        """How many tokens the template adds."""
        return sum(len(ids) for ids in self.special_ids)

    def fill(self, texts: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
        """`texts`, one id array each -> (`input_ids`, `type_ids`), int64 `(seq_len,)`."""
        ids: list[IntArray] = [self.special_ids[0]]
        types: list[IntArray] = [self.special_types[0]]
        for place, text in enumerate(texts):
            ids += [text, self.special_ids[place + 1]]
            types += [np.full(len(text), self.text_types[place], dtype=np.int64), self.special_types[place + 1]]
        return np.concatenate(ids), np.concatenate(types)


class PairTokenizer:
    """Texts to token ids for one model; holds no state that a call changes, so threads may share it.

    `max_length` counts every token of a pair, special tokens included. `unknown_id`: of the token that stands for words
    the vocabulary cannot spell, None where there is none.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        max_length: int,
        attention: Attention = "joint",
        pad_token_id: int = 0,
        truncation_side: str = "right",
        gives_token_types: bool = True,
    ) -> None:
        self._tokenizer = tokenizer
        self.max_length = max_length
        self.attention = attention
        self.pad_token_id = pad_token_id
        self.truncation_side = truncation_side
        known = (tokenizer.token_to_id(token) for token in _UNKNOWN_TOKENS)
        self.unknown_id = next((one for one in known if one is not None), None)
        self._single = learn_template(tokenizer, num_texts=1, gives_token_types=gives_token_types)
        if attention == "one_way":
            self._pair = _two_segments(self._single)
        else:
            self._pair = learn_template(tokenizer, num_texts=2, gives_token_types=gives_token_types)
        for num_texts, template in ((1, self._single), (2, self._pair)):
            if max_length < template.num_special + num_texts:
                raise UnsupportedModelError(
                    f"Preparing the tokenizer: max_length={max_length} leaves no room for {num_texts} text(s) beside "
                    f"{template.num_special} special tokens. Use a max_length of at least "
                    f"{template.num_special + num_texts}."
                )

    @classmethod
    def from_folder(
        cls,
        folder: Path,
        *,
        max_length: int,
        attention: Attention = "joint",
        pad_token_id: int = 0,
        lowercase: bool = False,
    ) -> PairTokenizer:
        """The tokenizer saved in `folder`, with the cutting side and inputs its config states.

        `lowercase`: lower-case texts first, as sentence-transformers' `do_lower_case` does.
        """
        tokenizer = read_tokenizer(folder)
        if lowercase:
            lowercase_first(tokenizer)
        return cls(
            tokenizer,
            max_length=max_length,
            attention=attention,
            pad_token_id=pad_token_id,
            truncation_side=str(read_tokenizer_config(folder).get("truncation_side", "right")),
            gives_token_types=gives_token_types(folder),
        )

    def token_ids(self, texts: Iterable[str]) -> dict[str, IntArray]:
        """Each distinct text -> its ids, int64 `(n_tokens,)`, uncut and without special tokens."""
        distinct = list(dict.fromkeys(texts))
        encoded = self._tokenizer.encode_batch_fast([readable(text) for text in distinct], add_special_tokens=False)
        return {text: np.array(one.ids, dtype=np.int64) for text, one in zip(distinct, encoded, strict=True)}

    def count(self, text: str) -> int:
        """How many tokens a text has, uncut and without special tokens."""
        return len(self.token_ids([text])[text])

    def encode(self, pairs: Sequence[Pair]) -> list[Encoding]:
        """Pairs in order, over-long ones cut longest text first exactly as the reference tokenizer cuts them."""
        ids = self.token_ids(text for pair in pairs for text in (pair.text_a, pair.text_b))
        return [self.assemble(ids[pair.text_a], ids[pair.text_b]) for pair in pairs]

    def encode_single(self, texts: Sequence[str]) -> list[Encoding]:
        """Single texts in order (for bi-encoders and premises), each cut to `max_length`."""
        ids = self.token_ids(texts)
        room = self.max_length - self._single.num_special
        return [self._encode_one(ids[text], room) for text in texts]

    def assemble(self, ids_a: IntArray, ids_b: IntArray) -> Encoding:
        """Two texts' ids -> one encoding; `ids_*` as `token_ids` gives them."""
        keep_a, keep_b = longest_first(len(ids_a), len(ids_b), self.pair_room)
        input_ids, type_ids = self._pair.fill((self._cut(ids_a, keep_a), self._cut(ids_b, keep_b)))
        return Encoding(
            input_ids=input_ids,
            type_ids=type_ids,
            premise_len=keep_a + self._single.num_special if self.attention == "one_way" else 0,
            kept_a=keep_a,
            dropped_a=len(ids_a) - keep_a,
            kept_b=keep_b,
            dropped_b=len(ids_b) - keep_b,
        )

    @property
    def pair_room(self) -> int:
        """Tokens of text that fit in one pair, both sides together."""
        return self.max_length - self._pair.num_special

    def _encode_one(self, ids: IntArray, room: int) -> Encoding:
        keep = min(len(ids), room)
        input_ids, type_ids = self._single.fill((self._cut(ids, keep),))
        return Encoding(input_ids, type_ids, premise_len=0, kept_a=keep, dropped_a=len(ids) - keep)

    def _cut(self, ids: IntArray, keep: int) -> IntArray:
        return ids[len(ids) - keep :] if self.truncation_side == "left" else ids[:keep]


def longest_first(len_a: int, len_b: int, room: int) -> tuple[int, int]:
    """How many tokens of each text stay when both must fit in `room`.

    This is the closed form that the tokenizers library uses for `truncation="longest_first"`: the longer text gives
    way until both are equal, then the first gives half (rounded down) and the second takes the rest.
    """
    if len_a + len_b <= room:
        return len_a, len_b
    shorter = min(len_a, len_b)
    longer = shorter if shorter > room else max(shorter, room - shorter)
    if shorter + longer > room:
        shorter = room // 2
        longer = shorter + room % 2
    return (shorter, longer) if len_a <= len_b else (longer, shorter)


def readable(text: str) -> str:
    """`text` with lone surrogates, which no tokenizer can read, replaced by U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def learn_template(tokenizer: Tokenizer, *, num_texts: int, gives_token_types: bool = True) -> Template:
    """Read off what the tokenizer's own post-processor puts around `num_texts` texts."""
    probe = next((text for text in _PROBE_TEXTS if tokenizer.encode(text, add_special_tokens=False).ids), None)
    if probe is None:
        raise UnsupportedModelError("Reading the tokenizer: it gives no token for any simple word; it cannot be used.")
    filled = tokenizer.encode(probe, probe if num_texts == 2 else None)
    parts: list[tuple[list[int], list[int]]] = [([], [])]
    text_types: list[int] = []
    previous: int | None = None
    for token_id, type_id, sequence in zip(filled.ids, filled.type_ids, filled.sequence_ids, strict=True):
        if sequence is None:
            parts[-1][0].append(token_id)
            parts[-1][1].append(type_id)
        elif sequence != previous:
            text_types.append(type_id)
            parts.append(([], []))
        previous = sequence if sequence is not None else previous
    keep = 1 if gives_token_types else 0
    return Template(
        special_ids=tuple(np.array(ids, dtype=np.int64) for ids, _ in parts),
        special_types=tuple(np.array(types, dtype=np.int64) * keep for _, types in parts),
        text_types=tuple(kind * keep for kind in text_types),
    )


def _two_segments(single: Template) -> Template:
    """One-way attention: the hypothesis brings its own start token, and is type 1 throughout."""
    before, after = single.special_ids
    return Template(
        special_ids=(before, np.concatenate([after, before]), after),
        special_types=(
            np.zeros(len(before), dtype=np.int64),
            np.concatenate([np.zeros(len(after), dtype=np.int64), np.ones(len(before), dtype=np.int64)]),
            np.ones(len(after), dtype=np.int64),
        ),
        text_types=(0, 1),
    )
