"""The generated suite: the same bytes everywhere, no text twice, and labels that an independent reading confirms."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import islice

import pytest

from crossjudge.errors import InputError
from crossjudge.evaluation import generator
from crossjudge.evaluation.generator import Change, Frame, Grammar, generate, grammar
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, POSITIVE_CONTROL, SuitePair, sha256_of

FAMILIES = ("negation", "numerical", "entity_swap", "temporal", "quantifier", "hedging")
SEED = 20
PAIRS = list(generate(SEED, 5_000))
TEXTS = [text for pair in PAIRS for text in (pair.text_a, pair.text_b)]
SHA256_OF_FIRST_THOUSAND = "e72b504d110e71fde7277c4722c5edc0e0cb728b155cdf7a11484d5317cbdaca"
"""Changes with the words and frames, and with nothing else: neither Python nor the platform may change it."""


def in_category(category: str) -> list[SuitePair]:
    return [pair for pair in PAIRS if pair.category == category]


def labels(pair: SuitePair) -> tuple[str | None, str | None]:
    return pair.nli_forward, pair.nli_backward


# The same bytes everywhere


def test_the_same_seed_gives_the_same_bytes_on_every_python() -> None:
    assert sha256_of(PAIRS[:1_000]) == SHA256_OF_FIRST_THOUSAND


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_order_of_hashes_changes_nothing(hash_seed: str) -> None:
    program = (
        "from crossjudge.evaluation.generator import generate\n"
        "from crossjudge.evaluation.suite import sha256_of\n"
        f"print(sha256_of(generate({SEED}, 1_000)))"
    )
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(path for path in sys.path if path)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == SHA256_OF_FIRST_THOUSAND


def test_fewer_pairs_are_the_beginning_of_more() -> None:
    assert list(generate(SEED, 300)) == PAIRS[:300]
    assert list(generate(SEED, 0)) == []


def test_another_seed_gives_other_texts() -> None:
    other = {text for pair in generate(SEED + 1, 1_000) for text in (pair.text_a, pair.text_b)}
    assert len(other & set(TEXTS)) < 10


# No text twice, and little remembered


@pytest.mark.parametrize("n_pairs", [10_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_no_category_holds_a_text_twice(n_pairs: int) -> None:
    seen, ids = set(), set()
    for pair in generate(1, n_pairs):
        seen.update((hash((pair.category, pair.text_a)), hash((pair.category, pair.text_b))))
        ids.add(pair.id)
    assert len(seen) == 2 * n_pairs
    assert len(ids) == n_pairs


def test_memory_grows_by_hashes_only() -> None:
    """Two hashes a pair: less than a third of what the pairs themselves would take."""

    def peak_bytes(pairs: int) -> int:
        tracemalloc.start()
        for _ in generate(2, pairs):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = peak_bytes(1_000), peak_bytes(6_000)
    assert (many - few) / 5_000 < 250


@pytest.mark.parametrize(("seed", "n_pairs", "named"), [(-1, 5, "seed is -1"), (1, -5, "n_pairs is -5")])
def test_negative_numbers_are_refused_at_once(seed: int, n_pairs: int, named: str) -> None:
    with pytest.raises(InputError, match=named):
        generate(seed, n_pairs)


def test_asking_for_more_than_there_is_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    change = Change(
        "another colour", "the {colour} door is shut.", "the {colour_2} door is shut.", "neutral", "neutral"
    )
    frame = Frame("near_miss", "everyday", change.first, (change,), {"colour": ["red", "blue", "green", "grey"]}, ())
    small = Grammar(shares={"near_miss": 1}, words={}, compounds={}, frames=(frame,))
    monkeypatch.setattr(generator, "grammar", lambda: small)
    pairs = generate(0, 100)
    assert len(list(islice(pairs, 2))) == 2  # four doors, each in one pair
    with pytest.raises(InputError, match=r"Generating 100 pairs: .* no new pair of 'near_miss' after 2 pairs"):
        next(pairs)


# Proportions and variety


def test_categories_keep_their_shares_all_along() -> None:
    shares, counts = grammar().shares, Counter[str]()
    assert sum(shares.values()) == 100
    assert set(shares) == {*FAMILIES, POSITIVE_CONTROL, NEGATIVE_CONTROL, "near_miss"}
    for number, pair in enumerate(PAIRS, start=1):
        counts[pair.category] += 1
        assert all(abs(counts[name] - share * number / 100) < 2 for name, share in shares.items())
    assert counts == {name: share * 50 for name, share in shares.items()}


@pytest.mark.parametrize("category", grammar().shares)
def test_a_category_has_many_frames_kinds_of_change_and_domains(category: str) -> None:
    frames = grammar().frames_of(category)
    assert len(frames) >= 12
    assert len({frame.text for frame in frames}) == len(frames)
    assert len({frame.domain for frame in frames}) >= 10
    if category != NEGATIVE_CONTROL:
        assert len({change.mechanism for frame in frames for change in frame.changes}) >= 12


def test_no_frame_belongs_to_two_categories() -> None:
    texts = [frame.text for frame in grammar().frames]
    assert len(set(texts)) == len(texts)


def test_lengths_run_from_short_to_long() -> None:
    lengths = [len(text.split()) for text in TEXTS]
    assert min(lengths) >= 6
    assert max(lengths) <= 35
    assert min(lengths) <= 8
    assert max(lengths) >= 30


def pattern(template: str) -> re.Pattern[str]:
    """Matches what the template can become: a slot is any text, the first letter is a capital."""
    literal = generator._SLOT.split(template)[::2]
    expression = ".+".join(map(re.escape, literal))
    return re.compile(f"(?i:{expression[:1]}){expression[1:]}" if literal[0] else expression)


def ways(pair: SuitePair, change: Change) -> set[tuple[str, str]]:
    """The labels that the pair must have if this change made it, in either order; empty if it cannot have."""
    first, second = cached_pattern(change.first), cached_pattern(change.second)
    found = set()
    if first.fullmatch(pair.text_a) and second.fullmatch(pair.text_b):
        found.add((change.forward, change.backward))
    if first.fullmatch(pair.text_b) and second.fullmatch(pair.text_a):
        found.add((change.backward, change.forward))
    return found


cached_pattern = cache(pattern)


@pytest.mark.parametrize("category", [name for name in grammar().shares if name != NEGATIVE_CONTROL])
def test_every_change_of_every_frame_is_used_and_turning_a_pair_turns_its_labels(category: str) -> None:
    frames, used = grammar().frames_of(category), set()
    for pair in in_category(category):
        mechanism = pair.note.partition(":")[0]
        expected = set()
        for frame in frames:
            for change in frame.changes:
                if frame.domain == pair.domain and change.mechanism.partition(":")[0] == mechanism:
                    way = ways(pair, change)
                    expected |= way
                    used |= {(frame.text, change)} if way else set()
        assert labels(pair) in expected, pair
    assert used == {(frame.text, change) for frame in frames for change in frame.changes}


def test_every_unrelated_frame_is_used_and_meets_other_domains_only() -> None:
    used = set()
    for pair in in_category(NEGATIVE_CONTROL):
        makers = [
            [frame for frame in grammar().frames_of(NEGATIVE_CONTROL) if cached_pattern(frame.text).fullmatch(text)]
            for text in (pair.text_a, pair.text_b)
        ]
        assert [len(frames) for frames in makers] == [1, 1]
        assert makers[0][0].domain == pair.domain != makers[1][0].domain
        used |= {frames[0].text for frames in makers}
    assert used == {frame.text for frame in grammar().frames_of(NEGATIVE_CONTROL)}


@pytest.mark.parametrize("category", [*FAMILIES, "near_miss"])
def test_both_orders_of_a_pair_occur(category: str) -> None:
    found = Counter(labels(pair) for pair in in_category(category))
    one_way = found["entailment", "neutral"], found["neutral", "entailment"]
    if category != "entity_swap":  # its changes are the same in both orders
        assert min(one_way) > 0.25 * sum(one_way) > 0


# Labels


def test_labels_fit_together() -> None:
    for pair in PAIRS:
        assert (pair.nli_forward == "contradiction") == (pair.nli_backward == "contradiction")
        assert pair.duplicate is (pair.category == POSITIVE_CONTROL)
        assert pair.duplicate is (labels(pair) == ("entailment", "entailment"))
        if pair.category == NEGATIVE_CONTROL:
            assert labels(pair) == ("neutral", "neutral")
        if pair.category == "near_miss":
            assert "contradiction" not in labels(pair)


def relation(one: frozenset[object], other: frozenset[object]) -> str:
    """What holds between two statements, each given as the cases in which it is true."""
    return "entailment" if one <= other else "neutral" if one & other else "contradiction"


def parts(pair: SuitePair) -> tuple[str, ...]:
    """What the note says the two texts differ in, in the order of the texts."""
    return tuple(pair.note.rpartition(": ")[2].split(" / "))


COUNTS = range(1_101)


def counts_that(phrase: str) -> frozenset[int] | None:
    """The whole numbers of which a phrase such as "more than 40" or "by 12" is true; None for other phrases."""
    tests = {
        r"(?:at least) (\d+)": lambda n, low: n >= low,
        r"(?:more than|over|longer than|only after) (\d+)": lambda n, low: n > low,
        r"(?:at most|by) (\d+)": lambda n, high: n <= high,
        r"(?:less than|fewer than|before|before turning) (\d+)": lambda n, high: n < high,
        r"(?:exactly |on |at the age of )?(\d+)": lambda n, value: n == value,
    }
    core = re.sub(r" (hours|days|weeks|months|years)$", "", phrase)
    within = re.fullmatch(r"between (\d+) and (\d+)", core)
    if within:
        return frozenset(n for n in COUNTS if int(within[1]) <= n <= int(within[2]))
    for expression, test in tests.items():
        found = re.fullmatch(expression, core)
        if found:
            return frozenset(n for n in COUNTS if test(n, int(found[1])))
    return None


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = tuple(date(1980, 1, 1) + timedelta(days) for days in range(47 * 365))


def days_that(phrase: str) -> frozenset[date] | None:
    """The days of which a phrase such as "in May 1990" is true; None for other phrases."""
    found = re.fullmatch(r"(?:on (\d+) |in )(?:([A-Z][a-z]+) )?(\d{4})", phrase)
    if found:
        return frozenset(
            day
            for day in DAYS
            if day.year == int(found[3])
            and found[2] in (None, MONTHS[day.month - 1])
            and found[1] in (None, str(day.day))
        )
    found = re.fullmatch(r"before (\d{4})", phrase)
    return frozenset(day for day in DAYS if day.year < int(found[1])) if found else None


TWENTY = frozenset(range(21))
QUANTIFIED = {
    "all of the": {20},
    "every one of the": {20},
    "none of the": {0},
    "not one of the": {0},
    "most of the": TWENTY - set(range(11)),
    "more than half of the": TWENTY - set(range(11)),
    "a majority of the": TWENTY - set(range(11)),
    "only a minority of the": set(range(1, 10)),
    "some of the": TWENTY - {0},
    "at least one of the": TWENTY - {0},
    "few of the": set(range(6)),
    "hardly any of the": {0, 1, 2},
    "nearly all of the": {18, 19, 20},
    "not all of the": TWENTY - {20},
    "all but one of the": {19},
    "exactly half of the": {10},
    "exactly fifty per cent of the": {10},
    "three quarters of the": {15},
    "one quarter of the": {5},
    "every": {20},
    "not every": TWENTY - {20},
    "no": {0},
    "hardly any": {0, 1, 2},
    "everyone": {20},
    "someone": TWENTY - {0},
    "nobody": {0},
    "not everyone": TWENTY - {20},
    "nearly everyone": {18, 19, 20},
    "almost nobody": {0, 1, 2},
    "at least two people": TWENTY - {0, 1},
    "everywhere": {20},
    "nowhere": {0},
    "in at least one place": TWENTY - {0},
    "in many places": TWENTY - set(range(6)),
    "in only one place": {1},
    "always": {20},
    "never": {0},
    "usually": TWENTY - set(range(11)),
    "rarely": {1, 2, 3, 4},
    "often": TWENTY - set(range(6)),
    "sometimes": TWENTY - {0},
}
"""In how many of twenty cases each phrase lets something hold."""
OF_TWO = {"both": {2}, "neither of the": {0}, "only one of the": {1}, "at least one of the": {1, 2}}


def cases_that(phrase: str) -> frozenset[int] | None:
    return frozenset(QUANTIFIED[phrase]) if phrase in QUANTIFIED else None


def of_two_that(phrase: str) -> frozenset[int] | None:
    return frozenset(OF_TWO[phrase]) if phrase in OF_TWO else None


@pytest.mark.parametrize(
    ("reading", "category", "at_least"),
    [
        (counts_that, "numerical", 250),
        (counts_that, "temporal", 80),
        (days_that, "temporal", 25),
        (cases_that, "quantifier", 350),
        (of_two_that, "quantifier", 25),
        (cases_that, "negation", 15),
        (cases_that, POSITIVE_CONTROL, 20),
    ],
)
def test_labels_are_those_of_the_cases_in_which_each_text_is_true(reading, category: str, at_least: int) -> None:
    """The label is worked out anew, without the data file: inclusion of the true cases is entailment, no common case
    is contradiction."""
    read = 0
    for pair in in_category(category):
        cases = [reading(phrase) for phrase in parts(pair)]
        if len(cases) == 2 and None not in cases and len({unit_of(phrase) for phrase in parts(pair)}) == 1:
            one, other = cases
            assert labels(pair) == (relation(one, other), relation(other, one)), pair
            read += 1
    assert read >= at_least


def unit_of(phrase: str) -> str:
    found = re.search(r" (hours|days|weeks|months|years)$", phrase)
    return found[1] if found else ""


def test_what_is_hedged_never_entails_the_plain_statement() -> None:
    hedges = re.compile(
        r"\b(may|might|possibly|probably|perhaps|reportedly|allegedly|likely|about|possible|likelihood"
        r"|(expected|hopes|seems|appears|thought|believed|said|tends) to"
        r"|advertised as|impression|guess|legend|believe|signs)\b",
        re.IGNORECASE,
    )
    checked = 0
    for pair in in_category("hedging"):
        hedged = [hedges.search(part) is not None for part in parts(pair)]
        if hedged == [True, False]:
            assert pair.nli_forward != "entailment", pair
            checked += 1
        elif hedged == [False, True]:
            assert pair.nli_backward != "entailment", pair
            checked += 1
    assert checked > 450


def test_exchanged_slots_give_texts_of_the_same_words() -> None:
    """What an exchange makes differs in order alone, so that a bag of words cannot tell."""
    exchanged = [pair for pair in in_category("entity_swap") if "exchanged" in pair.note or "reversed" in pair.note]
    assert len(exchanged) > 300
    for pair in exchanged:
        one, other = (set(re.findall(r"\w+", text.lower())) for text in (pair.text_a, pair.text_b))
        assert one == other, pair


# Language


@pytest.mark.parametrize(
    ("fault", "expression"),
    [
        ("two blanks", r"  "),
        ("an unfilled slot", r"[{}]"),
        ("a blank before a mark", r" [.,;:?!]"),
        ("two marks", r"[.,;:]{2}"),
        ("a word twice", r"\b(\w+) \1\b"),
        ("a before a vowel", r"\b[Aa] (?!one\b|uni|use|euro)[aeiou]"),
        ("an before a consonant", r"\b[Aa]n (?!hour|honest|heir)[bcdfghjklmnpqrstvwxyz]"),
        ("no capital letter at the start", r"^[^A-Z]"),
        ("no full stop at the end", r"[^.]$"),
        ("two articles", r"\b(a|an|the) (a|an|the)\b"),
    ],
)
def test_no_text_has(fault: str, expression: str) -> None:
    found = re.compile(expression)
    assert not [text for text in TEXTS if found.search(text)], fault


def test_no_two_people_of_a_pair_share_a_name() -> None:
    words = grammar().words
    given, surnames = set(words["given"]), set(words["surname"])
    for text in TEXTS:
        people = {
            (one, other) for one, other in re.findall(r"(\w+) (?=(\w+))", text) if one in given and other in surnames
        }
        for side in zip(*people, strict=True):
            assert len(set(side)) == len(people), text


def test_notes_name_the_change_and_domains_are_those_of_the_frames() -> None:
    domains = defaultdict(set)
    for frame in grammar().frames:
        domains[frame.category].add(frame.domain)
    for pair in PAIRS:
        assert pair.note
        assert pair.domain in domains[pair.category]
        assert pair.id.startswith(f"generated-{SEED}-{pair.category.replace('_', '-')}-")
