"""Claims against sources: the same alone, in a batch and streamed; evidence stands where it says; all is read."""

import random
from itertools import pairwise

import pytest
from tests.apps.scripted_judge import CONTRADICTED, ENTAILED, OPEN, ScriptedJudge

from crossjudge.apps.checking import CheckReport, ClaimChecker, Evidence
from crossjudge.apps.checking.about import About
from crossjudge.apps.checking.certainty import weakened
from crossjudge.apps.checking.claims import claims_of
from crossjudge.apps.checking.deciding import Judged, decide
from crossjudge.apps.checking.nearest import Nearest, nearest_by_words
from crossjudge.apps.checking.passages import covering, joins, read_sources
from crossjudge.apps.checking.results import OUTCOMES
from crossjudge.errors import InputError, ItemError, ObjectiveError
from crossjudge.judge import Judge
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Verdict

FERRY = (
    "The ferry Alma was built in Turku in 1974. It carries 240 passengers. Dr. Ruiz owns it.\n\n"
    "Tickets may cost more in July. The kitchen serves soup, bread and tea. Dogs travel free."
)
ANSWER = "The ferry Alma was built in Turku in 1974. Elephants sing! Is Dr. Ruiz the owner?\n- Dogs travel free."


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    return CrossEncoder(backend="fake")


@pytest.fixture(scope="module")
def checker(model: CrossEncoder) -> ClaimChecker:
    return ClaimChecker(model=model)


def verdict(entailment: float, contradiction: float, neutral: float = 0.0, *, dropped: int = 0) -> Verdict:
    logits = {"entailment": entailment, "contradiction": contradiction, "neutral": neutral}
    top = max(logits, key=lambda label: logits[label])
    probabilities = {label: 0.9 if label == top else 0.05 for label in logits}
    return Verdict(top, 0.0, probabilities, logits, False, 10, dropped, "made up")


def passage(text: str) -> Evidence:
    return Evidence(0, 0, len(text), text)


class CountingJudge(Judge):
    """Counts the pairs it judges."""

    pairs = 0

    def batch(self, pairs, *, progress=None):
        self.pairs += len(pairs)
        return super().batch(pairs, progress=progress)


class ScriptedChecks(ScriptedJudge):
    """A scripted judge with a tokenizer, which sources are cut by."""

    model = CrossEncoder(backend="fake")


def words(texts):
    return [len(text.split()) for text in texts]


# --- claims and evidence ---


def test_claims_are_the_sentences_of_the_answer_with_their_offsets(checker):
    claims = checker(FERRY, ANSWER).claims
    assert [claim.claim for claim in claims] == [ANSWER[claim.start : claim.end] for claim in claims]
    assert [claim.claim for claim in claims][-1] == "Dogs travel free."
    assert len(claims) == 4


def test_items_of_a_list_are_claims_as_they_are(checker):
    items = ["Dogs travel free. Cats do not.", "- ...", "Dogs travel free."]
    assert [claim.claim for claim in checker(FERRY, items).claims] == items


def test_an_answer_of_signs_alone_is_one_claim():
    assert [claim.text for claim in claims_of(" ... !?\n--- ")] == ["... !?\n---"]
    assert [claim.text for claim in claims_of("Yes. ---\n...")] == ["Yes."]


def test_evidence_stands_in_the_source_where_it_says(checker):
    sources = [FERRY, "Elephants sing! They do it daily."]
    report = checker(sources, ANSWER)
    found = [claim.evidence for claim in report.claims if claim.evidence]
    assert len(found) >= 2
    for one in found:
        assert sources[one.source_index][one.start : one.end] == one.text
    assert report.claims[1].evidence.source_index == 1


def test_the_least_that_supports_is_the_evidence(checker):
    assert checker(FERRY, ["Dogs travel free."]).claims[0].evidence.text == "Dogs travel free."


def test_a_claim_that_needs_two_distant_sentences_is_not_missed(model):
    filler = " ".join(f"Room {n} has a bed and a lamp." for n in range(40))
    source = f"The mill grinds rye. {filler} The baker fetches flour weekly."
    claim = "The mill grinds rye the baker fetches weekly"
    checker = ClaimChecker(model=model, window_tokens=12, threshold=0.7)
    (found,) = checker(source, [claim]).claims
    assert found.outcome == "supported"
    assert found.evidence.text == "The mill grinds rye."
    assert found.evidence.joined_with.text == "The baker fetches flour weekly."
    assert found.evidence.premise == "The mill grinds rye. The baker fetches flour weekly."


def test_probabilities_can_be_made_again_from_the_evidence(checker):
    for claim in checker(FERRY, ANSWER).claims:
        if claim.outcome == "supported":
            assert checker.judge(claim.evidence.premise, claim.claim).probabilities == claim.probabilities


def test_every_word_of_every_source_is_in_a_sentence_and_neighbours_in_a_window():
    texts = [FERRY, "One line", "a b c d e f. G h i j k l. M n."]
    read = read_sources(texts, window_tokens=8, count_tokens=words)
    for index, text in enumerate(texts):
        mine = [one for one in read.sentences if one.source_index == index]
        assert "".join("".join(one.text.split()) for one in mine) == "".join(text.split())
        windows = [(one.start, one.end) for one in read.windows if one.source_index == index]
        for one, following in pairwise(mine):
            assert any(start <= one.start and following.end <= end for start, end in windows)


def test_a_source_without_stops_is_cut_between_words():
    text = " ".join(f"item{n}" for n in range(100))
    read = read_sources([text], window_tokens=20, count_tokens=words)
    assert " ".join(one.text for one in read.sentences) == text
    assert all(len(one.text.split()) <= 20 and text[one.start : one.end] == one.text for one in read.sentences)
    long = " ".join(f"item{n}" for n in range(40))
    assert [one.text for one in read_sources([long], window_tokens=20, count_tokens=words).sentences] == [long]


def test_windows_keep_to_their_size_unless_two_sentences_do_not_fit():
    text = " ".join(f"Item {n} is here now." for n in range(30))
    read = read_sources([text], window_tokens=20, count_tokens=words)
    assert {len(one.text.split()) for one in read.windows} <= {20, 15, 10}
    assert len(read_sources([text], window_tokens=3, count_tokens=words).windows) == 29


def test_sentences_that_share_no_word_are_not_joined_for_their_words():
    read = read_sources(["Ants dig. Bees hum. Cats purr."], window_tokens=100, count_tokens=words)
    seals, both, cats = (About.of(claim, read.words) for claim in ("Seals bark.", "Cats and bees.", "Cats meow."))
    assert [covering(read, about) for about in (seals, both, cats)] == [[], [1, 2], [2]]
    assert [one.premise for one in joins(read, both, [2])] == ["Bees hum. Cats purr."]
    assert [one.premise for one in joins(read, cats, [0])] == ["Ants dig. Bees hum.", "Ants dig. Cats purr."]
    assert joins(read, seals, []) == []


# --- where evidence is looked for ---


def near(text, claim):
    read = read_sources([text], window_tokens=20, count_tokens=words)
    (places,) = Nearest(lambda: BiEncoder(backend="fake"))([(read, claim, About.of(claim, read.words))])
    return [read.sentences[place].text for place in places]


def test_the_rarest_shared_words_say_which_sentences_a_claim_is_about():
    text = "The tower has a lift. The tower has a bell of bronze. The tower has stairs. The tower has a clock."
    read = read_sources([text], window_tokens=9, count_tokens=words)
    assert nearest_by_words(read, About.of("The tower has a bell", read.words)) == [1, 0]
    assert "The tower has a bell of bronze." in near(text, "The tower owns a bell")


def test_of_short_sources_every_sentence_is_near_and_no_encoder_is_opened():
    def refuses():
        raise AssertionError

    read = read_sources(["One two. Three four. Five six."], window_tokens=9, count_tokens=words)
    asked = [(read, claim, About.of(claim, read.words)) for claim in ("seven", "six")]
    assert Nearest(refuses)(asked) == [[0, 1, 2], [0, 1, 2]]


def test_a_claim_that_shares_no_word_is_looked_for_by_meaning():
    text = " ".join(f"Item {n} is blue." for n in range(9))
    assert len(near(text, "Zebras sleep standing")) == 2


def test_however_long_the_sources_few_sentences_are_judged(model):
    judge = CountingJudge(model)
    checker = ClaimChecker(model=judge)
    source = " ".join(f"Room {n} holds {n} chairs and a lamp." for n in range(200))
    claims = ["Room 150 holds 150 chairs and a lamp.", "Elephants sing."]
    assert checker(source, claims).claims[0].evidence.text == claims[0]
    assert judge.pairs < 40
    assert ClaimChecker(model=judge, every_sentence=True)(source, claims).claims[0].evidence.text == claims[0]
    assert judge.pairs > 400


def test_a_window_that_looks_contradictory_does_not_outvote_the_sentence_that_supports():
    about_others = [f"The ferry Bella {n} carries {n} cars and sails from port {n}." for n in range(30)]
    source = " ".join([*about_others[:15], "The ferry Alma carries 90 cars.", *about_others[15:]])
    claim = "The Alma carries 90 cars."

    def says(premise, hypothesis):
        if premise == "The ferry Alma carries 90 cars.":
            return (0.70, 0.10, 0.20)
        return OPEN if "Alma" in premise else (0.01, 0.98, 0.01)  # sure of itself, and about other ferries

    judge = ScriptedChecks(says)
    (found,) = ClaimChecker(model=judge)(source, [claim]).claims
    assert (found.outcome, found.evidence.text) == ("supported", "The ferry Alma carries 90 cars.")
    assert ClaimChecker(model=judge, every_sentence=True)(source, [claim]).decision == "supported"


def test_what_is_about_the_same_contradicts_from_far_away():
    about_others = [f"The ferry Bella {n} carries {n} cars and sails from port {n}." for n in range(30)]
    against = "Since May the ferry Alma has carried 80 cars."

    def says(premise, hypothesis):
        return CONTRADICTED if against in premise else OPEN

    judge = ScriptedChecks(says)
    source = " ".join([*about_others[:15], against, *about_others[15:]])
    (found,) = ClaimChecker(model=judge)(source, ["The Alma carries 90 cars."]).claims
    assert (found.outcome, found.counter_evidence.text) == ("contradicted", against)


@pytest.mark.parametrize(
    ("sources", "flagged"),
    [
        (["The ferry Alma sails at dawn. She carries 90 cars."], []),
        (["The ferry Alma sails at dawn.", "She carries 90 cars."], ["Alma"]),
        (["Bella carries 90 cars.", "She carries 90 cars."], ["Alma"]),
        (["She carries 90 cars.", "The ferry Alma sails at dawn. She carries 90 cars."], []),
    ],
)
def test_a_name_must_be_known_to_the_source_that_supports_the_claim(sources, flagged):
    judge = ScriptedChecks(lambda premise, _: ENTAILED if premise == "She carries 90 cars." else OPEN)
    (found,) = ClaimChecker(model=judge)(sources, ["The Alma carries 90 cars."]).claims
    assert found.evidence.text == "She carries 90 cars."
    assert [flag.text for flag in found.flags if flag.kind == "name"] == flagged


def test_without_evidence_a_name_is_looked_for_in_all_sources():
    judge = ScriptedChecks(lambda *_: OPEN)
    claims = ClaimChecker(model=judge)(["Alma sails at dawn.", "Dogs pay."], ["Yes, Alma paid Bella."]).claims
    assert [flag.text for flag in claims[0].flags if flag.kind == "name"] == ["Bella"]


# --- outcomes ---


def test_the_stronger_side_decides_and_equals_are_contradicted():
    support, against = Judged(passage("for"), verdict(3, 0)), Judged(passage("against"), verdict(0, 3))
    assert decide([[support, against]], 0.5).outcome == "contradicted"
    stronger = Judged(passage("strong"), verdict(4, 0))
    found = decide([[against, stronger]], 0.5)
    assert found.outcome == "supported"
    assert (found.evidence.text, found.counter_evidence.text) == ("strong", "against")


def test_what_was_not_read_whole_decides_nothing():
    cut = Judged(passage("cut"), verdict(5, 0, dropped=3))
    assert decide([[cut]], 0.5).outcome == "unread"
    assert decide([[cut, Judged(passage("whole"), verdict(3, 0))]], 0.5).evidence.text == "whole"
    assert decide([[cut, Judged(passage("whole"), verdict(0, 3))]], 0.5).outcome == "contradicted"


def test_below_the_threshold_nothing_is_said():
    assert decide([[Judged(passage("a"), verdict(3, 0))]], 0.95).outcome == "not_mentioned"
    assert decide([[Judged(passage("a"), verdict(0, 0, 3))]], 0.5).evidence is None


def test_what_is_about_something_else_contradicts_nothing():
    other = Judged(passage("other"), verdict(0, 5), may_contradict=False)
    found = decide([[other]], 0.5)
    assert (found.outcome, found.counter_evidence) == ("not_mentioned", None)


def test_a_text_that_the_judge_cuts_is_unread(model):
    judge = Judge(CrossEncoder(backend="fake", max_length=16), on_overflow="truncate")
    long = "and ".join(f"word{n} " for n in range(60))
    claims = ClaimChecker(model=judge)(long, ["Elephants sing"]).claims
    assert [claim.outcome for claim in claims] == ["unread"]


def test_an_answer_is_as_good_as_its_worst_claim(checker):
    report = checker(FERRY, ANSWER)
    outcomes = [claim.outcome for claim in report.claims]
    assert report.supported == outcomes.count("supported") / len(outcomes)
    assert 0 < report.supported < 1
    assert report.decision == next(one for one in OUTCOMES if one in outcomes)
    assert checker(FERRY, "Dogs travel free.").decision == "supported"


# --- many at once, and one by one ---


def test_a_batch_gives_what_each_gives_alone(checker):
    inputs = [(FERRY, ANSWER), ([FERRY, "Dogs pay."], "Dogs pay."), ("Short", ["Short", "Long"]), (FERRY, "Tea.")]
    heard = []
    reports = checker.batch(inputs, progress=lambda done, total: heard.append((done, total)))
    assert reports == [checker(*one) for one in inputs]
    assert heard[-1] == (4, 4)
    assert checker.batch([]) == []


def test_groups_of_questions_change_nothing(checker, monkeypatch):
    inputs = [(FERRY, ANSWER), ("Short", ["Short", "Long"]), (FERRY, "Tea.")]
    whole, heard = checker.batch(inputs), []
    monkeypatch.setattr("crossjudge.apps.checking.checker._CHUNK_QUESTIONS", 10)
    assert checker.batch(inputs, progress=lambda *one: heard.append(one)) == whole
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert heard[-1] == (3, 3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("answer", [ANSWER, "...", "no end", "One. ... Two. ", "---\nOne."])
def test_a_streamed_answer_gets_the_verdicts_of_the_whole(checker, seed, answer):
    cuts = sorted(random.Random(seed).choices(range(len(answer) + 1), k=6))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert list(checker.stream(FERRY, pieces)) == checker(FERRY, answer).claims


def test_a_sentence_is_judged_as_soon_as_the_next_one_has_a_word(checker):
    given = []

    def pieces():
        for piece in ("Dogs travel", " free. It carries", " 240 passengers. The end"):
            given.append(piece)
            yield piece

    stream = checker.stream(FERRY, pieces())
    assert next(stream).claim == "Dogs travel free."
    assert len(given) == 2


def test_results_are_plain_values(checker):
    row = checker(FERRY, ANSWER).to_dict()
    assert row["claims"][0]["evidence"]["text"] == "The ferry Alma was built in Turku in 1974."
    assert row["claims"][1]["evidence"] is None
    assert row.keys() == {"claims", "supported", "decision"}


def test_many_sources_and_claims_are_one_question_each(checker):
    sources = [f"Box {n} holds {n} nails." for n in range(300)]
    report = checker(sources, [f"Box {n} holds {n} nails." for n in range(0, 300, 30)])
    assert [claim.evidence.source_index for claim in report.claims] == list(range(0, 300, 30))


# --- what cannot be checked ---


@pytest.mark.parametrize(
    ("source", "answer"),
    [("", "a"), ("a", " \n"), ([], "a"), ("a", []), (["a", ""], "a"), ("a", ["b", ""]), (None, "a"), ("a", 3)],
)
def test_what_is_empty_is_refused_by_the_input_it_belongs_to(checker, source, answer):
    with pytest.raises(ItemError) as caught:
        checker.batch([("a", "b"), (source, answer)])
    assert caught.value.index == 1


def test_a_lone_text_is_no_input(checker):
    with pytest.raises(ItemError, match="tuple of a source and an answer"):
        checker.batch(["source and answer"])


def test_a_stream_says_at_once_what_it_cannot_read(checker):
    with pytest.raises(ItemError, match="got no source"):
        checker.stream([], ["It rains."])
    with pytest.raises(ItemError, match="a piece of the answer is int 1"):
        list(checker.stream("It rains.", ["It ", 1]))


def test_an_empty_stream_is_refused(checker):
    with pytest.raises(ItemError, match="answer"):
        list(checker.stream(FERRY, [" ", "\n"]))


@pytest.mark.parametrize("settings", [{"threshold": 1.5}, {"window_tokens": 0}, {"window_tokens": True}])
def test_settings_check_themselves(model, settings):
    with pytest.raises(InputError):
        ClaimChecker(model=model, **settings)


def test_a_judge_of_something_else_is_refused():
    judge = Judge(CrossEncoder(backend="fake", num_labels=1), objective="duplicate", force=True)
    with pytest.raises(ObjectiveError):
        ClaimChecker(model=judge)


def test_mixed_languages_are_read(checker):
    report = checker(
        ["塔は1889年に完成した。高さは324メートルだ。", "Der Turm ist alt."], "高さは324メートルだ。Der Turm ist alt."
    )
    assert isinstance(report, CheckReport)
    assert [claim.evidence.source_index for claim in report.claims] == [0, 1]


@pytest.mark.parametrize(("source", "claim"), [("ខ្ញុំស្រលាញ់អ្នក", "It rains."), ("It rains.", "😡 😡"), ("😀", "😡")])
def test_what_the_model_cannot_spell_is_unread(checker, source, claim):
    assert [one.outcome for one in checker(source, claim).claims] == ["unread"]


def test_of_a_pair_beyond_the_heads_room_nothing_is_said():
    head = CrossEncoder(head="certainty")
    hedged = ("The bridge is safe.", "The bridge may perhaps be safe.")
    assert weakened(head, [hedged, (hedged[0], hedged[1] * 200), hedged]) == [True, False, True]
    assert weakened(head, [(hedged[0] * 300, hedged[1])]) == [False]
    assert head.truncated_pairs == 0
