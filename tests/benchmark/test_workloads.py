"""What is measured is what it says it is: lengths, counts, windows, and texts that no cache has seen."""

from crossjudge import CrossEncoder
from crossjudge.benchmark.texts import claims_on_a_source, in_windows, mixed_pairs, shared_premise
from crossjudge.benchmark.tokens import useful_tokens
from crossjudge.benchmark.workloads import mixed, single, tags


def test_the_same_seed_gives_the_same_texts():
    assert mixed_pairs(20, seed=3) == mixed_pairs(20, seed=3) != mixed_pairs(20, seed=4)


def test_a_shared_premise_has_the_tokens_that_its_title_states():
    pairs = shared_premise(50)
    assert len({premise for premise, _ in pairs}) == 1
    tokenizer = CrossEncoder(backend="fake").tokenizer
    ids = tokenizer.token_ids(text for pair in pairs for text in pair)
    assert abs(len(ids[pairs[0][0]]) - 250) <= 5
    assert all(abs(len(ids[hypothesis]) - 12) <= 3 for _, hypothesis in pairs)


def test_warming_up_never_shows_a_text_that_is_measured():
    for workload in (mixed(200), tags(5), single(50)):
        measured = {text for pair in workload.pairs for text in pair}
        assert not measured & {text for call in workload.warm_up for pair in call for text in pair}


def test_a_variation_shares_no_text_and_every_length():
    workload = mixed(50)
    first, second = workload.varied(0).pairs, workload.varied(1).pairs
    assert not {text for pair in first for text in pair} & {text for pair in second for text in pair}
    tokenizer = CrossEncoder(backend="fake").tokenizer
    assert (
        useful_tokens(tokenizer, first) == useful_tokens(tokenizer, second) == useful_tokens(tokenizer, workload.pairs)
    )


def test_calls_hold_every_pair_once_in_order():
    assert mixed(10, pairs_a_call=4).pairs == mixed(10).pairs
    assert [len(call) for call in mixed(10, pairs_a_call=4).calls] == [4, 4, 2]
    assert len(tags(5).first(2).calls) == 2
    assert len(tags(5).first(0).calls) == 1


def test_windows_hold_every_word_of_the_source():
    pairs = claims_on_a_source(2, num_words=2_000)
    windows = in_windows(pairs[:1], num_words=400, overlap=50)
    texts = [first.split() for first, _ in windows]
    assert [len(words) for words in texts[:-1]] == [400] * (len(texts) - 1)
    joined = texts[0] + [word for words in texts[1:] for word in words[50:]]
    assert joined == pairs[0][0].split()


def test_useful_tokens_are_those_of_an_ordinary_pair():
    tokenizer = CrossEncoder(backend="fake").tokenizer
    assert useful_tokens(tokenizer, [("a cat", "a dog runs")]) == 3 + 2 + 3
    assert useful_tokens(tokenizer, [("word " * 900, "a dog")], max_length=512) == 512
