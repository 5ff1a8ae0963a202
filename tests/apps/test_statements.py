"""Question and candidate as a statement: what is asked for takes the candidate's place, or the rules stand aside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.apps.statements import is_sentence, statement
from crossjudge.apps.verbs import past, third_person

SAID = [
    # who, what, which as the subject
    ("Who wrote the novel?", "Jane Austen", "Jane Austen wrote the novel."),
    ("Who can vote?", "adults", "Adults can vote."),
    ("Who swims for free?", "Children", "Children swim for free."),
    ("Who has a key?", "the teachers", "The teachers have a key."),
    ("Who was late?", "the boys", "The boys were late."),
    ("Who paints the doors?", "Ann and Tom", "Ann and Tom paint the doors."),
    ("Who feeds the ducks?", "James", "James feeds the ducks."),
    ("Who feeds the ducks?", "the head of the gardens", "The head of the gardens feeds the ducks."),
    ("Which shop sells bread?", "the corner shops", "The corner shops sell bread."),
    ("Who was elected mayor in 2010?", "Ada Park", "Ada Park was elected mayor in 2010."),
    ("What causes tides?", "the moon", "The moon causes tides."),
    ("Which team won the cup?", "the Lions", "The Lions won the cup."),
    ("Which city is the capital of Peru?", "Lima", "Lima is the capital of Peru."),
    ("Which of these animals can fly?", "the owl", "The owl can fly."),
    # ... as what is said of the subject
    ("What is the capital of Peru?", "Lima", "The capital of Peru is Lima."),
    ("What was the name of the ship?", "Aurora", "The name of the ship was Aurora."),
    ("Who was Marie Curie?", "a physicist", "Marie Curie was a physicist."),
    ("What is a group of lions called?", "a pride", "A group of lions is called a pride."),
    ("What does the queen do?", "lay eggs", "The queen lays eggs."),
    ("What did Tom do in the evening?", "nothing", "Tom did nothing in the evening."),
    ("What did Anna buy when the war began?", "a coat", "Anna bought a coat when the war began."),
    # ... denied
    ("What isn't allowed?", "smoking", "Smoking is not allowed."),
    ("Which room isn’t heated?", "the attic", "The attic is not heated."),
    ("What don't cats eat?", "fruit", "Cats do not eat fruit."),
    ("Who didn't Ann invite?", "Carl", "Ann did not invite Carl."),
    ("Who doesn't eat meat?", "Ann", "Ann does not eat meat."),
    ("Who can't vote?", "children", "Children can not vote."),
    ("When won't the shop open?", "Sunday", "The shop will not open on Sunday."),
    ("What color is the car?", "blue", "The color of the car is blue."),
    # ... as the object
    ("What did Anna buy in Paris?", "a red coat", "Anna bought a red coat in Paris."),
    ("Who did Maria visit?", "her aunt", "Maria visited her aunt."),
    ("What song did she sing?", "Yesterday", "She sang Yesterday."),
    ("What is the dog eating?", "a bone", "The dog is eating a bone."),
    ("What is the soup made of?", "carrots", "The soup is made of carrots."),
    ("What are you looking at?", "the stars", "You are looking at the stars."),
    ("What can the robot carry?", "ten kilos", "The robot can carry ten kilos."),
    ("To whom did he give the letter?", "Ruth", "He gave the letter to Ruth."),
    # when
    ("What time does the shop close?", "6:15 PM", "The shop closes at 6:15 PM."),
    ("When was the bridge first opened?", "1911", "The bridge was first opened in 1911."),
    ("When did the war end in Europe?", "8 May 1945", "The war ended in Europe on 8 May 1945."),
    ("When did they get married?", "last June", "They got married last June."),
    ("In which year was the bridge built?", "1932", "The bridge was built in 1932."),
    ("On what day is the market?", "Friday", "The market is on Friday."),
    ("When does the train to Oslo leave?", "9:15", "The train to Oslo leaves at 9:15."),
    # where
    ("Where does Tom work?", "the mill", "Tom works at the mill."),
    ("Where do they live?", "Lyon", "They live in Lyon."),
    ("Where did Tom go?", "Lyon", "Tom went to Lyon."),
    ("Where was Marie born?", "Geneva", "Marie was born in Geneva."),
    ("Where is the key?", "under the mat", "The key is under the mat."),
    ("Where was the meeting held?", "in the town hall", "The meeting was held in the town hall."),
    # why and how
    ("Why did the ferry stop?", "because of the storm", "The ferry stopped because of the storm."),
    ("Why was the match cancelled?", "it rained", "The match was cancelled because it rained."),
    ("How many people live in the village?", "312", "312 people live in the village."),
    ("How many dogs does Tom have?", "four", "Tom has four dogs."),
    ("How many dogs does Tom have?", "four dogs", "Tom has four dogs."),
    ("How many bridges are there in the town?", "six", "There are six bridges in the town."),
    ("How old is the tree?", "90 years", "The tree is 90 years old."),
    ("How much does a ticket cost?", "$45", "A ticket costs $45."),
    ("How often does the bus run?", "every ten minutes", "The bus runs every ten minutes."),
]


YES_OR_NO = [
    ("Is the sky blue?", "The sky is blue.", "The sky is not blue."),
    ("Does the museum open on Monday?", "The museum opens on Monday.", "The museum does not open on Monday."),
    ("Did Anna ever buy a coat?", "Anna bought a coat.", "Anna did not ever buy a coat."),
    ("Can dogs swim here?", "Dogs can swim here.", "Dogs cannot swim here."),
    ("Is Paris the capital of France?", "Paris is the capital of France.", "Paris is not the capital of France."),
    (
        "Is the wife of an earl a countess?",
        "The wife of an earl is a countess.",
        "The wife of an earl is not a countess.",
    ),
    ("Are there any rooms left?", "There are rooms left.", "There are no rooms left."),
    ("Is there a pool?", "There is a pool.", "There is no pool."),
    ("Has the train left?", "The train has left.", "The train has not left."),
    (
        "Was the bridge first built in 1911?",
        "The bridge was first built in 1911.",
        "The bridge was not first built in 1911.",
    ),
    ("Do all birds have wings?", "All birds have wings.", "Not all birds have wings."),
    ("May I bring my dog?", "I may bring my dog.", "I may not bring my dog."),
    ("Is parking free?", "Parking is free.", "Parking is not free."),
]

WORDS = (
    "who",
    "what",
    "is",
    "the",
    "did",
    "there",
    "how",
    "many",
    "was",
    "in",
    "work",
    "1991",
    "of",
    "does",
    "it",
    "any",
)


@pytest.mark.parametrize(("question", "candidate", "said"), SAID)
def test_what_is_asked_for_takes_its_place(question, candidate, said):
    assert statement(question, candidate) == said


@pytest.mark.parametrize(("question", "yes", "no"), YES_OR_NO)
def test_yes_and_no_say_what_was_asked_and_its_opposite(question, yes, no):
    assert (statement(question, "Yes."), statement(question, "no")) == (yes, no)


@pytest.mark.parametrize(
    "question",
    [
        "Is the man in the car happy?",
        "Is the film a quiet place based on a book?",
        "Is there going to be rain?",
        "Has any team won?",
        "Is it open, and is it free?",
        "Who is it?",
        "Red or blue?",
    ],
)
def test_where_it_is_not_sure_what_yes_says_there_is_no_statement(question):
    assert statement(question, "yes") is None


@pytest.mark.parametrize(
    ("question", "candidate"),
    [
        ("Is the sky blue?", "maybe"),
        ("What happened to the boat?", "it sank"),
        ("How does the pump work?", "by suction"),
        ("¿Dónde vive la abuela?", "Madrid"),
        ("Wo wohnt sie?", "Berlin"),
        ("Who?", "Bob"),
        ("What", "x"),
        ("", "x"),
        ("Name the capital of Peru.", "Lima"),
        ("Who did Ann not invite?", "Bob"),
        ("How old is Tom?", "12"),
        ("How far is it to Rome?", "12 km"),
        ("When is it?", "noon"),
        ("Where was Anna when the war began?", "in Rome"),
        ("What did he say?", "That he was tired."),
        ("Where does he live?", ""),
    ],
)
def test_where_no_rule_is_sure_there_is_no_statement(question, candidate):
    assert statement(question, candidate) is None


def test_a_candidate_that_is_a_sentence_stays_as_it_is():
    assert statement("Who was having a party?", "Lena was having a party.") == "Lena was having a party."
    assert statement("Who sang?", "the old man sang loudly") == "The old man sang loudly."
    assert statement("How old is Johnny?", "Johnny is nine.") == "Johnny is nine."


@pytest.mark.parametrize(
    "text",
    [
        "the stars",
        "Marie Curie",
        "in the town hall",
        "a red coat",
        "Is it you there?",
        "The can opener",
        "The man who was late",
        "The year when it began",
    ],
)
def test_a_phrase_is_no_sentence(text):
    assert not is_sentence(text)


@given(st.text(max_size=60), st.text(max_size=30))
def test_whatever_is_asked_gives_a_statement_or_none(question, candidate):
    said = statement(question, candidate)
    assert said is None or said.strip()


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_whatever_order_words_stand_in_there_is_no_fault(words):
    question = " ".join(words) + "?"
    said = statement(question, "the mill")
    assert said is None or "mill" in said
    for answer in ("yes", "no"):
        assert statement(question, answer) is None or statement(question, answer).endswith(".")


@pytest.mark.parametrize(
    ("base", "third", "was"),
    [("go", "goes", "went"), ("carry", "carries", "carried"), ("stop", "stops", "stopped"), ("have", "has", "had"),
     ("play", "plays", "played"), ("watch", "watches", "watched"), ("move", "moves", "moved")],
)  # fmt: skip
def test_verbs_have_their_forms(base, third, was):
    assert (third_person(base), past(base)) == (third, was)
