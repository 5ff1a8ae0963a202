"""Tagging: each label is a question, results stand in the order of texts and labels, thresholds are what they say."""

from __future__ import annotations

import json

import pytest

from crossjudge import BiEncoder, CrossEncoder, Judge, Tagger
from crossjudge.apps.thresholds import Thresholds
from crossjudge.errors import FingerprintError, InputError, ItemError

MODEL = CrossEncoder(backend="fake")
TEXT = "The ferry was late and the cabin was cold"
LABELS = ["ferry", "was late", "volcano"]


def tagger(labels=LABELS, **settings):
    return Tagger(labels, model=MODEL, **settings)


# --- what is asked ---


def test_a_label_is_put_into_the_template():
    assert tagger(["rain"], template="It is about {}!").hypotheses == {"rain": "It is about rain!"}


def test_a_mapping_states_whole_hypotheses():
    assert tagger({"late": "Something was late."}).hypotheses == {"late": "Something was late."}


def test_a_description_is_asked_instead_of_the_name():
    made = tagger(["churn", "praise"], descriptions={"churn": "a customer who wants to leave"})
    assert made.hypotheses == {
        "churn": "This text is about a customer who wants to leave.",
        "praise": "This text is about praise.",
    }


def test_the_probability_is_that_of_entailment():
    verdict = Judge(MODEL)(TEXT, "This text is about ferry.")
    tag = tagger()(TEXT).tags[0]
    assert (tag.name, tag.probability, tag.verdict) == ("ferry", verdict.probabilities["entailment"], verdict)


def test_tags_stand_in_the_order_of_the_labels_and_results_in_that_of_the_texts():
    texts = [f"{TEXT} {n}" for n in range(5)]
    results = tagger().batch(texts)
    assert [[tag.name for tag in result.tags] for result in results] == [LABELS] * 5
    assert results == [tagger()(text) for text in texts]


def test_a_label_set_for_each_text():
    own, changed = tagger().batch([TEXT, TEXT], [None, {"cold": "The cabin was cold"}])
    assert [tag.name for tag in own.tags] == LABELS
    assert [(tag.name, tag.hypothesis) for tag in changed.tags] == [("cold", "The cabin was cold")]
    assert tagger()(TEXT, ["snow"]).tags[0].hypothesis == "This text is about snow."


def test_a_label_has_the_same_probability_among_hundreds():
    many = tagger([f"thing {n}" for n in range(300)] + LABELS)(TEXT)
    assert {tag.name: tag.probability for tag in many.tags[300:]} == {
        tag.name: tag.probability for tag in tagger()(TEXT).tags
    }


def test_languages_may_be_mixed():
    results = tagger(["Wetter", "天気"]).batch(["Morgen regnet es.", "明日は雨です。", "🌧"])
    assert all(0 <= tag.probability <= 1 for result in results for tag in result.tags)


def test_a_long_text_is_read_to_its_end():
    (tag,) = tagger(["volcano"])("word " * 3000 + "volcano").tags
    assert tag.verdict.tokens_dropped == 0


def test_what_a_judge_cuts_is_counted():
    judge = Judge(MODEL, on_overflow="truncate")
    cut, whole = Tagger(["volcano", "a"], model=judge).batch(["word " * 3000, TEXT])
    assert cut.tokens_dropped == max(tag.verdict.tokens_dropped for tag in cut.tags) > 2000
    assert whole.tokens_dropped == 0


def test_progress_is_told():
    heard = []
    tagger().batch([TEXT, "other"], progress=lambda *told: heard.append(told))
    assert heard[-1] == (2, 2)


# --- what is chosen ---


def test_chosen_from_the_threshold_on_and_surest_first():
    result = tagger(threshold=0.0)(TEXT)
    assert sorted(result.chosen) == sorted(LABELS)
    probability = {tag.name: tag.probability for tag in result.tags}
    assert [probability[name] for name in result.chosen] == sorted(probability.values(), reverse=True)
    exactly = probability["ferry"]
    assert tagger(["ferry"], threshold=exactly)(TEXT).chosen == ["ferry"]
    assert tagger(["ferry"], threshold=min(1.0, exactly + 1e-6))(TEXT).chosen == []


def test_each_label_can_have_its_own_threshold():
    result = tagger(threshold={"volcano": 0.0, "ferry": 1.0})(TEXT)
    assert "volcano" in result.chosen
    assert "ferry" not in result.chosen
    assert tagger(threshold={"volcano": 0.0}).thresholds.at("ferry") == 0.5


def test_single_label_chooses_the_surest_or_none():
    every = tagger(threshold=0.0)(TEXT)
    assert tagger(threshold=0.0, multi_label=False)(TEXT).chosen == every.chosen[:1]
    assert tagger(threshold=1.0, multi_label=False)(TEXT).chosen == []


def test_equal_probabilities_keep_the_order_of_the_labels():
    labels = {"second": "The cabin was cold", "first": "The cabin was cold"}
    assert tagger(labels, threshold=0.0)(TEXT).chosen == ["second", "first"]


# --- thresholds from labelled texts ---


def test_fitted_thresholds_are_no_worse_than_those_before():
    texts = [
        f"{word} number {n}" for n, word in enumerate(["ferry", "train", "ferry boat", "snow", "late train", "rain"])
    ]
    gold = [["ferry"], ["train"], ["ferry"], [], ["train"], []]
    before = tagger(["ferry", "train", "volcano"], threshold=0.9)
    fitted = before.fit_thresholds(texts, gold)
    assert all(one.f1 >= one.f1_before for one in fitted.names.values())
    assert (fitted.names["ferry"].positives, fitted.names["ferry"].texts) == (2, 6)
    assert fitted.thresholds.at("volcano") == 0.9  # never applied: nothing to fit
    after = tagger(["ferry", "train", "volcano"], threshold=fitted.thresholds)
    assert after.thresholds == fitted.thresholds


def test_fitted_thresholds_separate_what_can_be_separated():
    fitted = tagger(["ferry"]).fit_thresholds(["This text is about ferry", "nothing alike here"], [["ferry"], []])
    again = tagger(["ferry"], threshold=fitted.thresholds)
    assert [one.chosen for one in again.batch(["This text is about ferry", "nothing alike here"])] == [["ferry"], []]


def test_thresholds_of_another_model_are_refused(tmp_path):
    Thresholds({"ferry": 0.4}, fingerprint="another").save(tmp_path / "thresholds.json")
    with pytest.raises(FingerprintError, match="fitted for the model another"):
        tagger(threshold=Thresholds.load(tmp_path / "thresholds.json"))


def test_thresholds_come_back_from_a_file(tmp_path):
    thresholds = Thresholds({"ferry": 0.4, "größer": 0.1}, 0.6, "abc")
    thresholds.save(tmp_path / "thresholds.json")
    assert Thresholds.load(tmp_path / "thresholds.json") == thresholds


@pytest.mark.parametrize("content", ["", "[]", '{"by_name": {}}'])
def test_a_file_that_is_no_thresholds_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=r"Thresholds\.save"):
        Thresholds.load(tmp_path / "x.json")


# --- many labels: the first stage ---


@pytest.fixture(scope="module")
def bi_encoder() -> BiEncoder:
    return BiEncoder(backend="fake")


def test_a_first_stage_asks_only_so_many_labels_in_their_order(bi_encoder):
    labels = [f"thing {n}" for n in range(50)]
    result = tagger(labels, first_stage=7, first_stage_model=bi_encoder)(TEXT)
    names = [tag.name for tag in result.tags]
    assert len(names) == 7
    assert names == sorted(names, key=labels.index)


def test_a_first_stage_that_leaves_all_changes_nothing_and_costs_nothing(bi_encoder):
    wide = tagger(first_stage=3, first_stage_model=bi_encoder, threshold=0.0)
    assert wide(TEXT) == tagger(threshold=0.0)(TEXT)
    cost = wide.recall_cost([TEXT, "rain"])
    assert (cost.texts, cost.chosen, cost.kept, cost.recall) == (2, 6, 6, 1.0)


def test_the_cost_of_a_first_stage_is_the_share_of_tags_it_loses(bi_encoder):
    narrow = tagger(first_stage=1, first_stage_model=bi_encoder, threshold=0.0)
    cost = narrow.recall_cost([TEXT, "rain"])
    assert (cost.chosen, cost.kept) == (6, 2)
    assert cost.recall == pytest.approx(1 / 3)
    assert cost.low < cost.recall < cost.high


def test_without_a_first_stage_there_is_no_cost_to_tell():
    with pytest.raises(InputError, match="no first stage"):
        tagger().recall_cost([TEXT])


# --- what is refused ---


@pytest.mark.parametrize(
    "settings",
    [
        {"labels": []},
        {"labels": {}},
        {"labels": "ferry"},
        {"labels": ["ferry", "Ferry"]},
        {"labels": ["ferry", " "]},
        {"labels": ["ferry", 3]},
        {"labels": {"ferry": ""}},
        {"template": "no place for a label"},
        {"threshold": 1.5},
        {"threshold": {"unknown": 0.5}},
        {"threshold": {"ferry": -1}},
        {"descriptions": {"unknown": "x"}},
        {"first_stage": 0},
        {"first_stage": 2.5},
    ],
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(InputError, match=r"^Tagging: "):
        tagger(**settings)


@pytest.mark.parametrize("text", ["", "  ", None, 3])
def test_a_blank_text_is_refused_by_its_index(text):
    with pytest.raises(ItemError, match="of input 1") as caught:
        tagger().batch([TEXT, text])
    assert caught.value.index == 1


@pytest.mark.parametrize("labels", [["a"], [["a"], ["b"], ["c"]], ["ferry", "late"], {"ferry": "x"}, [["a"], []]])
def test_label_sets_are_one_for_each_text(labels):
    with pytest.raises(InputError):
        tagger().batch([TEXT, TEXT], labels)


@pytest.mark.parametrize("gold", [[], [["ferry"]], ["ferry", "ferry"], [["ferry"], ["unknown"]]])
def test_gold_names_labels_for_each_text(gold):
    with pytest.raises(InputError):
        tagger().fit_thresholds([TEXT, TEXT], gold)


@pytest.mark.parametrize("labels", [5, iter([["a"], ["b"]])], ids=["number", "iterator"])
def test_label_sets_are_a_list(labels):
    with pytest.raises(InputError, match="expected one list or mapping of labels"):
        tagger().batch([TEXT, TEXT], labels)


@pytest.mark.parametrize(("texts", "gold"), [([], []), ([TEXT], [[5]]), ([TEXT], [5])])
def test_fitting_needs_texts_and_names(texts, gold):
    with pytest.raises(InputError):
        tagger().fit_thresholds(texts, gold)


@pytest.mark.parametrize(("text", "chosen"), [("😀😀", []), ("A ferry 😀", ["ferry"])])
def test_to_a_text_that_cannot_be_read_no_label_applies(text, chosen):
    always = Tagger(["ferry"], model=CrossEncoder(backend="fake"), threshold=0.0)
    result = always(text)
    assert result.chosen == chosen
    assert bool(result.tokens_dropped) == (chosen == [])


def test_one_text_is_not_taken_for_many():
    with pytest.raises(InputError, match="expected a list of texts"):
        tagger().batch(TEXT)


def test_a_result_can_be_written_as_json():
    result = tagger()(TEXT)
    written = json.loads(json.dumps(result.to_dict()))
    assert written.keys() == {"tags", "chosen"}
    assert written["tags"][0].keys() == {"name", "hypothesis", "probability", "verdict"}
