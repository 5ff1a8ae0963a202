"""Token ids are the reference tokenizer's, cut as it cuts, with every token of both texts accounted for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer

from crossjudge.errors import UnsupportedModelError
from crossjudge.text.tokenization import PairTokenizer, longest_first
from crossjudge.types import Encoding, Pair
from tiny_checkpoints import ARCHITECTURES, STRANGE, edit_json, make_checkpoint, random_pairs

SPECIAL = ("[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "<s>", "</s>", "<mask>", "<pad>", "<unk>")
WORDS = ("a", "horse", "Budget", "3,520,031", "café", "CAFÉ", "it's", ".", "  ", "\n", "\0", "\ufeff", "\u00ad")
ODD = (Pair("", ""), Pair("", "x"), Pair("x", ""), Pair(" ", "\t\n"), Pair("a\0b", "\0"), Pair("ΟΔΟΣ", "İstanbul"))

texts = st.lists(st.one_of(st.sampled_from((*WORDS, *STRANGE, *SPECIAL)), st.text(max_size=6)), max_size=14).map(
    " ".join
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tokenizers")
    return {name: make_checkpoint(root / name, name) for name in ARCHITECTURES}


def reference(folder: Path, pairs: Sequence[Pair], max_length: int) -> list[tuple[list[int], list[int]]]:
    """(ids, token types) of each pair as transformers gives them; zeros where it gives no types."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    batch = tokenizer([[p.text_a, p.text_b] for p in pairs], truncation="longest_first", max_length=max_length)
    zeros = [[0] * len(ids) for ids in batch["input_ids"]]
    return list(zip(batch["input_ids"], batch.get("token_type_ids", zeros), strict=True))


def ours(encodings: Sequence[Encoding]) -> list[tuple[list[int], list[int]]]:
    return [(one.input_ids.tolist(), one.type_ids.tolist()) for one in encodings]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("max_length", "n_pairs"), [(7, 8), (32, 40), (63, 80)])
def test_ids_and_types_are_the_reference_tokenizers(
    folders: dict[str, Path], architecture: str, max_length: int, n_pairs: int
) -> None:
    pairs = [*random_pairs(n_pairs, seed=n_pairs), *ODD, *(Pair(f"x {special} y", special) for special in SPECIAL)]
    tokenizer = PairTokenizer.from_folder(folders[architecture], max_length=max_length)
    assert ours(tokenizer.encode(pairs)) == reference(folders[architecture], pairs, max_length)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "deberta-v3"])
def test_text_is_cut_on_the_left_where_the_checkpoint_says_so(tmp_path: Path, architecture: str) -> None:
    folder = make_checkpoint(tmp_path / "left", architecture)
    edit_json(folder / "tokenizer_config.json", truncation_side="left")
    pairs = [*random_pairs(40, seed=5), *ODD]
    tokenizer = PairTokenizer.from_folder(folder, max_length=16)
    assert ours(tokenizer.encode(pairs)) == reference(folder, pairs, 16)
    whole = PairTokenizer.from_folder(folder, max_length=10_000)
    assert ours(tokenizer.encode(pairs)) != ours(whole.encode(pairs))


@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta", "modernbert"])
def test_any_text_at_all_gives_the_reference_tokenizers_ids(folders: dict[str, Path], architecture: str) -> None:
    tokenizer = PairTokenizer.from_folder(folders[architecture], max_length=24)

    @settings(max_examples=60)
    @given(st.lists(st.builds(Pair, texts, texts), min_size=1, max_size=4))
    def check(pairs: list[Pair]) -> None:
        assert ours(tokenizer.encode(pairs)) == reference(folders[architecture], pairs, 24)

    check()


def library_cut(len_a: int, len_b: int, room: int) -> tuple[int, int]:
    """What the tokenizers library itself keeps of two texts of this many tokens."""
    tokenizer = Tokenizer(models.WordLevel({"x": 0, "[UNK]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(room, strategy="longest_first")
    kept = tokenizer.encode("x " * len_a, "x " * len_b).sequence_ids
    return kept.count(0), kept.count(1)


def test_longest_first_is_the_librarys_for_every_small_length() -> None:
    for len_a in range(10):
        for len_b in range(10):
            for room in range(1, 13):
                assert longest_first(len_a, len_b, room) == library_cut(len_a, len_b, room), (len_a, len_b, room)


@settings(max_examples=150)
@given(st.integers(0, 700), st.integers(0, 700), st.integers(1, 600))
def test_longest_first_is_the_librarys_for_any_length(len_a: int, len_b: int, room: int) -> None:
    assert longest_first(len_a, len_b, room) == library_cut(len_a, len_b, room)


@settings(max_examples=300)
@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 10**5))
def test_longest_first_fills_the_room_and_never_more(len_a: int, len_b: int, room: int) -> None:
    keep_a, keep_b = longest_first(len_a, len_b, room)
    assert 0 <= keep_a <= len_a
    assert 0 <= keep_b <= len_b
    assert keep_a + keep_b == min(len_a + len_b, room)
    if keep_a < len_a and keep_b < len_b:
        assert abs(keep_a - keep_b) <= 1


@pytest.mark.parametrize("attention", ["joint", "one_way"])
def test_every_token_of_both_texts_is_kept_or_counted_as_dropped(folders: dict[str, Path], attention: str) -> None:
    whole = PairTokenizer.from_folder(folders["bert"], max_length=10**6, attention=attention)

    @settings(max_examples=80)
    @given(st.builds(Pair, texts, texts), st.integers(6, 40))
    def check(pair: Pair, max_length: int) -> None:
        tokenizer = PairTokenizer.from_folder(folders["bert"], max_length=max_length, attention=attention)
        (cut,), (uncut,) = tokenizer.encode([pair]), whole.encode([pair])
        assert len(cut) <= max_length
        assert len(cut) == min(len(uncut), max_length)
        assert (cut.kept_a + cut.dropped_a, cut.kept_b + cut.dropped_b) == (uncut.kept_a, uncut.kept_b)
        assert len(cut.type_ids) == len(cut)
        assert uncut.tokens_dropped == 0
        assert (cut.tokens_dropped > 0) == (len(uncut) > max_length)

    check()


def test_a_single_text_is_cut_at_its_end_and_counted(folders: dict[str, Path]) -> None:
    tokenizer = PairTokenizer.from_folder(folders["bert"], max_length=8)
    reference_tokenizer: Any = AutoTokenizer.from_pretrained(folders["bert"])
    for text in ("", "a horse", "a man is riding a horse along the beach while the sun goes down"):
        (one,) = tokenizer.encode_single([text])
        assert one.input_ids.tolist() == reference_tokenizer(text, truncation=True, max_length=8)["input_ids"]
        assert one.kept_a + one.dropped_a == len(tokenizer.token_ids([text])[text])
        assert (one.kept_b, one.dropped_b, one.premise_len) == (0, 0, 0)


def test_one_way_attention_gives_the_hypothesis_its_own_start(folders: dict[str, Path]) -> None:
    tokenizer = PairTokenizer.from_folder(folders["bert"], max_length=64, attention="one_way")
    pair = Pair("a man is riding a horse", "somebody rides")
    (joined,) = tokenizer.encode([pair])
    premise, hypothesis = tokenizer.encode_single([pair.text_a, pair.text_b])
    assert joined.premise_len == len(premise)
    assert joined.input_ids.tolist() == [*premise.input_ids, *hypothesis.input_ids]
    assert joined.type_ids.tolist() == [0] * len(premise) + [1] * len(hypothesis)


@pytest.mark.parametrize(
    ("given_text", "read_as"),
    [
        ("a horse \ud800 b", "a horse \ufffd b"),
        ("\udfff", "\ufffd"),
        ("ok \ud83d\ude00 ok", "ok 😀 ok"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_lone_surrogates_are_read_as_the_replacement_character(
    folders: dict[str, Path], given_text: str, read_as: str
) -> None:
    tokenizer = PairTokenizer.from_folder(folders["roberta"], max_length=64)
    assert ours(tokenizer.encode([Pair(given_text, given_text)])) == ours(tokenizer.encode([Pair(read_as, read_as)]))


def test_two_megabytes_of_text_are_read_and_accounted_for(folders: dict[str, Path]) -> None:
    tokenizer = PairTokenizer.from_folder(folders["bert"], max_length=64)
    (one,) = tokenizer.encode([Pair("a horse " * 250_000, "x")])
    assert (one.kept_a + one.dropped_a, len(one)) == (500_000, 64)


def test_threads_with_different_lengths_do_not_disturb_each_other(folders: dict[str, Path]) -> None:
    pairs = random_pairs(120, seed=3)
    lengths = (8, 16, 24, 32, 40, 48, 56, 64)
    shared = PairTokenizer.from_folder(folders["bert"], max_length=32)
    alone = {length: PairTokenizer.from_folder(folders["bert"], max_length=length) for length in lengths}
    expected = {length: ours(tokenizer.encode(pairs)) for length, tokenizer in alone.items()}

    def work(length: int) -> tuple[Any, Any]:
        return ours(alone[length].encode(pairs)), ours(shared.encode(pairs))

    with ThreadPoolExecutor(8) as pool:
        for length, (own, common) in zip(lengths, pool.map(work, lengths), strict=True):
            assert own == expected[length]
            assert common == expected[32]


def test_truncation_and_padding_saved_in_the_file_are_ignored(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert")
    expected = ours(PairTokenizer.from_folder(folder, max_length=64).encode(random_pairs(20, seed=1)))
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["truncation"] = {"direction": "Left", "max_length": 5, "strategy": "OnlyFirst", "stride": 0}
    content["padding"] = {
        "strategy": {"Fixed": 99},
        "direction": "Left",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    assert ours(PairTokenizer.from_folder(folder, max_length=64).encode(random_pairs(20, seed=1))) == expected


@pytest.mark.parametrize(("attention", "least"), [("joint", 5), ("one_way", 6)])
def test_a_length_without_room_for_text_is_refused(folders: dict[str, Path], attention: str, least: int) -> None:
    PairTokenizer.from_folder(folders["bert"], max_length=least, attention=attention)
    with pytest.raises(UnsupportedModelError, match=rf"max_length={least - 1}.*at least {least}"):
        PairTokenizer.from_folder(folders["bert"], max_length=least - 1, attention=attention)


def test_no_texts_give_no_encodings(folders: dict[str, Path]) -> None:
    tokenizer = PairTokenizer.from_folder(folders["bert"], max_length=8)
    assert tokenizer.encode([]) == []
    assert tokenizer.encode_single([]) == []
    assert tokenizer.token_ids([]) == {}


def test_pieces_put_together_by_hand_are_what_encode_gives(folders: dict[str, Path]) -> None:
    tokenizer = PairTokenizer.from_folder(folders["deberta-v3"], max_length=20)
    for pair in random_pairs(20, seed=9):
        ids = tokenizer.token_ids([pair.text_a, pair.text_b])
        by_hand, (encoded,) = tokenizer.assemble(ids[pair.text_a], ids[pair.text_b]), tokenizer.encode([pair])
        assert ours([by_hand]) == ours([encoded])
        assert by_hand.kept_a + by_hand.kept_b <= tokenizer.pair_room
        assert by_hand.input_ids.dtype == np.int64
