import subprocess
import sys

import pytest

from crossjudge.errors import InputError
from crossjudge.models.registry import (
    NLI_LABELS,
    OBJECTIVES,
    cards,
    filter_cards,
    find_card,
    near_names,
    parse_registry,
    recommend,
)

GOOD = """
[sources]
page = "A page"

[measures]
dev = { set = "Dev", metric = "accuracy", source = "page" }

[[families]]
family = "Tiny"
objective = "nli"
labels = ["entailment", "neutral", "contradiction"]
score_scale = "logits"
licence = "mit"
languages = ["en"]
use_for = ["tests"]
not_for = ["anything else: it is made up"]

[[families.models]]
name = "someone/tiny"
figures = { dev = 0.5 }
"""

EVERY_CARD = pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)


@EVERY_CARD
def test_a_card_says_what_its_score_is_and_what_it_must_not_be_used_for(card):
    assert card.objective in OBJECTIVES
    assert card.score_scale
    assert card.licence
    assert card.use_for
    assert all(": " in reason for reason in card.not_for), "a warning gives its reason after a colon"
    assert card.not_for


@EVERY_CARD
def test_every_published_figure_has_a_source(card):
    assert all(figure.source and figure.set and figure.metric for figure in card.figures)


@EVERY_CARD
def test_only_nli_cards_have_several_labels_and_they_are_the_three(card):
    assert set(card.labels) == (NLI_LABELS if card.objective == "nli" else set())


@EVERY_CARD
def test_every_name_of_a_card_finds_it_in_any_case(card):
    assert all(find_card(name.upper()) is card for name in card.names)


def test_label_order_is_that_of_the_family():
    assert find_card("cross-encoder/nli-deberta-v3-base").labels == ("contradiction", "entailment", "neutral")
    assert find_card("tasksource/ModernBERT-base-nli").labels == ("entailment", "neutral", "contradiction")
    assert find_card("embedded").labels == ("contradiction", "entailment", "neutral")


def test_qnli_models_are_relevance_models():
    found = [card for card in cards() if "qnli" in card.name]
    assert [card.objective for card in found] == ["relevance", "relevance"]


def test_a_score_that_is_already_in_0_to_1_is_never_divided():
    found = [card for card in cards() if "/stsb-" in card.name]
    assert len(found) == 4
    assert all("0 to 1" in card.score_scale and "divi" in card.not_for[0] for card in found)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("ms-marco-MiniLM-L-6-v2", "cross-encoder/ms-marco-MiniLM-L6-v2"),
        ("cross-encoder/ms-marco-MiniLM-L-6-v2", "cross-encoder/ms-marco-MiniLM-L6-v2"),
        ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        (" Embedded ", "embedded"),
    ],
)
def test_old_spellings_and_bare_names_find_the_card(spelling, name):
    assert find_card(spelling).name == name


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("cross-encoder/nli-debrta-v3-base", "cross-encoder/nli-deberta-v3-base"),
        ("ms-marco-MiniLM-L6", "cross-encoder/ms-marco-MiniLM-L6-v2"),
        ("bge-reranker-v2m3", "BAAI/bge-reranker-v2-m3"),
        ("embeded", "embedded"),
    ],
)
def test_a_wrong_name_is_unknown_and_its_right_one_is_near(wrong, right):
    assert find_card(wrong) is None
    assert right in near_names(wrong)
    assert len(near_names(wrong, n=1)) == 1


def test_nothing_is_near_a_name_like_no_other():
    assert near_names("zzzzzz") == ()


def test_filters_are_conditions_that_all_hold():
    small = filter_cards(objective="nli", licence="MIT", max_parameters=100_000_000)
    assert {card.name for card in small} == {f"dleemiller/EttinX-nli-{size}" for size in ("xxs", "xs", "s")}
    assert set(small) <= set(filter_cards(objective="nli"))
    assert {card.objective for card in filter_cards(text="re-ranking")} == {"relevance"}
    assert filter_cards() == cards()


def test_a_language_is_known_to_its_models_and_to_those_of_many():
    assert {card.languages for card in filter_cards(language="zh")} == {("zh", "en"), ("multilingual",)}
    assert {card.languages for card in filter_cards(objective="nli", language="DE")} == {("multilingual",)}
    assert filter_cards(language="en")[0].name == "embedded"
    with pytest.raises(InputError, match=r"'German' is no language\. Expected a code"):
        filter_cards(language="German")


def test_the_embedded_model_is_small():
    assert filter_cards(max_parameters=24_000_000)[0].name == "embedded"
    assert not filter_cards(max_parameters=1)


def test_an_unknown_objective_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"'entailment' is no objective.*nli, similarity, duplicate"):
        filter_cards(objective="entailment")


@pytest.mark.parametrize(
    ("task", "objective"),
    [
        ("find duplicate questions", "duplicate"),
        ("Has this been asked before?", "duplicate"),
        ("deduplicate support tickets", "duplicate"),
        ("catch hallucinations in RAG answers", "nli"),
        ("is the summary consistent with its source", "nli"),
        ("find contradictions between two reports", "nli"),
        ("tag text without training", "nli"),
        ("zero-shot classification of e-mails", "nli"),
        ("grade student answers against a reference answer", "nli"),
        ("guardrails for a chat", "nli"),
        ("re-rank search results", "relevance"),
        ("rerank documents for a query", "relevance"),
        ("does the passage answer the question", "relevance"),
        ("semantic similarity score", "similarity"),
        ("how similar are two sentences", "similarity"),
        ("compare two texts", "similarity"),
        ("semantic search over a million documents", "embedding"),
        ("cluster articles by their vectors", "embedding"),
        *((objective, objective) for objective in OBJECTIVES),
    ],
)
def test_a_task_in_free_words_is_recommended_models_of_its_objective(task, objective):
    found = recommend(task)
    assert {one.objective for one in found} == {objective}
    assert all(objective in one.card.objectives and objective in one.why for one in found)


def test_the_models_that_uses_take_unasked_lead_where_they_fit_then_small_to_large():
    found = [one.card for one in recommend("catch hallucinations in RAG answers")]
    assert [card.name for card in found[:2]] == ["embedded", "embedded-joint"]
    sizes = [card.parameters for card in found[2:]]
    assert sizes == sorted(sizes)
    assert all(one.card.name != "embedded" for one in recommend("find duplicate questions"))


def test_models_made_for_the_very_task_come_first():
    found = recommend("does the passage answer the question")
    assert [one.card.family == "QNLI" for one in found[:3]] == [True, True, False]


def test_superseded_models_are_listed_but_not_recommended():
    listed = filter_cards(objective="relevance")
    recommended = {one.card for one in recommend("re-rank search results")}
    left_out = [card for card in listed if card not in recommended]
    assert left_out == [card for card in listed if card.superseded_by]
    assert left_out


def test_why_quotes_the_size_and_the_published_figure():
    why = recommend("find duplicate questions")[0].why
    assert "82M parameters, 87.48 average precision x 100 on Quora duplicates dev" in why


@pytest.mark.parametrize("task", ["bake bread", "", "  ?!"])
def test_words_about_no_task_are_refused_with_every_task_and_an_example(task):
    with pytest.raises(InputError, match="no objective can be made out") as caught:
        recommend(task)
    assert "find duplicates, such as" in str(caught.value)
    assert "catch hallucinations in RAG answers" in str(caught.value)


def test_a_well_formed_registry_is_read():
    card = parse_registry(GOOD).cards[0]
    assert (card.name, card.labels[0]) == ("someone/tiny", "entailment")
    assert (card.figures[0].value, card.figures[0].source) == (0.5, "A page")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ('licence = "mit"', "", "'someone/tiny', 'licence' is 'nothing'"),
        ('licence = "mit"', "licence = 3", "'licence' is 3; expected a text"),
        ('licence = "mit"', 'license = "mit"', "'license'.*did you mean 'licence'"),
        ('objective = "nli"', 'objective = "entailment"', "'objective' is 'entailment'; expected one of nli"),
        ('"neutral", ', "", "'labels' is .*expected contradiction, entailment, neutral"),
        ("{ dev = 0.5 }", "{ test = 0.5 }", "'figures' is 'test'; expected one of dev"),
        ("{ dev = 0.5 }", '{ dev = "half" }', "'figures.dev' is 'half'; expected a number"),
        ('source = "page"', 'source = "hearsay"', "measure 'dev', 'source' is 'hearsay'"),
        ("figures =", 'unverified = ["licences"]\nfigures =', "'unverified' is 'licences'"),
        ("figures =", 'superseded_by = "someone/else"\nfigures =', "'superseded_by' is 'someone/else'"),
        ("figures =", "parameters = true\nfigures =", "'parameters' is True; expected a whole number"),
        ("{ dev = 0.5 }", '{ dev = 0.5 }\n[[families.models]]\nname = "other/tiny"', "'someone/tiny' does not use"),
    ],
)
def test_a_fault_in_a_card_names_the_card_the_field_and_what_was_expected(good, bad, complaint):
    with pytest.raises(InputError, match=complaint):
        parse_registry(GOOD.replace(good, bad))


def test_reading_the_cards_imports_no_framework():
    heavy = {"torch", "transformers", "onnx", "onnxruntime", "huggingface_hub", "pyarrow", "typer", "rich", "numpy"}
    code = f"import sys; from crossjudge.models import registry; registry.cards(); print({heavy!r} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
