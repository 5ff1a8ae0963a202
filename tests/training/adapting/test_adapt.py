"""`adapt()` as a whole: a saved model that says what was measured, or nothing saved; "before" is what a judge says."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from crossjudge import CrossEncoder, Judge
from crossjudge.calibration import IsotonicCurve
from crossjudge.errors import InputError, LabelError
from crossjudge.models.bundle import write_bundle
from crossjudge.models.bundle_verification import verify_bundle
from crossjudge.training.adapting import adapt
from crossjudge.training.adapting.labelled_rows import LabelledRows
from crossjudge.types import Pair

SHOPS = ("bakery", "library", "museum", "pharmacy", "garage", "cinema", "market", "office", "pool", "school")
HOURS = ("six", "seven", "eight", "nine")
CLAIMS = ("The {shop} closes at {hour}.", "The {shop} never closes.", "The {shop} is owned by a doctor.")
PAIRS = [
    Pair(f"The {shop} closes at {hour} in the evening.", claim.format(shop=shop, hour=hour))
    for shop in SHOPS
    for hour in HOURS
    for claim in CLAIMS
]
OWN = {"entailment": "entailment", "neutral": "contradiction", "contradiction": "contradiction"}
"""Labels of somebody to whom what the text does not say is refuted."""


def rows(golds, pairs=PAIRS):
    return LabelledRows(pairs=list(pairs), golds=list(golds), problems=[], doubled=0)


def said_by(judge, pairs=PAIRS):
    return [verdict.label for verdict in judge.batch(pairs)]


def drawn_as_probable(judge):
    random = Random(1)
    return [random.choices([*one.probabilities], [*one.probabilities.values()])[0] for one in judge.batch(PAIRS)]


@pytest.fixture(scope="module")
def said():
    """What the embedded model says of `PAIRS`."""
    return said_by(Judge())


@pytest.fixture(scope="module")
def adapted(said, tmp_path_factory):
    return adapt(rows(OWN[label] for label in said), tmp_path_factory.mktemp("adapted") / "out")


def test_what_is_better_is_saved_and_answers_as_it_was_taught(adapted, said):
    assert adapted.better
    assert adapted.comparison.decides_better
    assert (adapted.trained + adapted.held_out, adapted.classes.keys()) == (len(PAIRS), set(OWN.values()))
    now = said_by(Judge(adapted.folder))
    right = np.mean([one == OWN[label] for one, label in zip(now, said, strict=True)])
    assert right >= adapted.comparison.after.accuracy.low


def test_the_saved_folder_is_a_bundle_of_another_model(adapted):
    found = verify_bundle(adapted.folder, backends=["onnx"])
    assert found.passed, found.problems
    assert adapted.fingerprint == CrossEncoder(adapted.folder, backend="onnx").fingerprint
    assert adapted.base == CrossEncoder(backend="onnx").fingerprint != adapted.fingerprint
    assert Judge(adapted.folder).calibration is None


def test_other_heads_and_their_calibrations_are_as_before(adapted):
    before, after = (Judge(folder, objective="duplicate") for folder in (None, adapted.folder))
    assert [one.probabilities for one in after.batch(PAIRS[:6])] == [
        one.probabilities for one in before.batch(PAIRS[:6])
    ]
    assert (after.calibration is None) == (before.calibration is None)


def test_the_record_holds_the_figures_and_no_text(adapted):
    text = (adapted.folder / "adaptation.json").read_text()
    record = json.loads(text)
    assert record["comparison"] == json.loads(json.dumps(adapted.comparison.to_dict()))
    assert len(record["pairs"]) == len(set(record["pairs"])) == len(PAIRS)
    assert "bakery" not in text + (adapted.folder / "README.md").read_text().partition("## Licence")[0]


def test_a_model_whose_probabilities_hold_is_left_alone(tmp_path):
    found = adapt(rows(drawn_as_probable(Judge())), tmp_path / "out")
    assert (found.better, found.folder, found.fingerprint) == (False, None, None)
    assert list(tmp_path.iterdir()) == []


def test_labels_by_chance_save_nothing(tmp_path):
    golds = np.random.default_rng(5).choice(["contradiction", "entailment", "neutral"], size=len(PAIRS))
    found = adapt(rows(golds.tolist()), tmp_path / "out")
    assert not found.comparison.decides_better
    if not found.better:
        assert list(tmp_path.iterdir()) == []


def test_a_symmetric_objective_is_read_in_both_orders_as_a_judge_reads_it(tmp_path):
    pairs = [pair for pair in PAIRS if "never" not in pair.text_b]
    pairs += [Pair(pair.text_a, pair.text_a.replace("closes", "shuts")) for pair in pairs[::2]]
    judge = Judge(objective="duplicate")
    scores = [verdict.probabilities["duplicate"] for verdict in judge.batch(pairs)]
    found = adapt(
        rows(["1" if score > 0.5 else "0" for score in scores], pairs), tmp_path / "out", objective="duplicate"
    )
    assert found.comparison.before.accuracy.value == 1


@pytest.fixture(scope="module")
def curved(tmp_path_factory):
    """The embedded model with curves that turn its decisions: what was nearly sure is next to impossible."""
    folder = tmp_path_factory.mktemp("curved")
    curves = tuple(IsotonicCurve((-1.0, 1.0), (low, high)) for low, high in ((0.1, 0.2), (0.4, 0.6), (0.4, 0.6)))
    shipped = Judge().calibration
    fitted = replace(shipped, temperature=1.0, curves=curves, abstention=None)
    fitted.save(folder / "calibration.json")
    write_bundle(None, folder / "model", calibrations={"calibration.json": folder / "calibration.json"})
    return folder / "model"


def test_before_is_what_a_judge_with_curves_says(curved, said, tmp_path):
    judge = Judge(curved)
    assert judge.calibration.method == "isotonic"
    before = np.mean([one == label for one, label in zip(said_by(judge), said, strict=True)])
    found = adapt(rows(said), tmp_path / "out", model=curved)
    assert found.comparison.before.accuracy.low <= before <= found.comparison.before.accuracy.high < 1
    assert found.better
    assert not (found.folder / "calibration.json").exists()
    assert Judge(found.folder).calibration is None


@pytest.mark.filterwarnings("ignore::crossjudge.models.truncation.TruncationWarning")
def test_a_foreign_checkpoint_is_adapted_in_its_weights_and_its_graph(tmp_path):
    pytest.importorskip("torch")
    from tiny_checkpoints import edit_json, make_checkpoint, random_pairs

    folder = make_checkpoint(tmp_path / "bert", "bert", num_labels=3)
    edit_json(folder / "config.json", id2label=dict(enumerate(("contradiction", "entailment", "neutral"))))
    pairs = random_pairs(240, seed=2)
    logits = CrossEncoder(folder).logits(pairs)
    second = logits.argsort(axis=1)[:, 1]
    golds = np.array(["contradiction", "entailment", "neutral"])[second]
    found = adapt(rows(golds.tolist(), pairs), tmp_path / "out", model=folder, objective="nli")
    assert found.better
    checked = verify_bundle(tmp_path / "out", backends=["onnx", "torch"])
    assert checked.passed, checked.problems
    assert CrossEncoder(tmp_path / "out").objective == "nli"


def test_what_cannot_be_learned_from_is_refused_before_a_folder_is_made(said, tmp_path):
    with pytest.raises(LabelError, match="no other class"):
        adapt(rows(["neutral"] * len(PAIRS)), tmp_path / "out")
    with pytest.raises(InputError, match="at least 100 are needed"):
        adapt(rows(said[:60], PAIRS[:60]), tmp_path / "out")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(InputError, match="not an empty folder"):
        adapt(rows(said), tmp_path / "used")
    assert not (tmp_path / "out").exists()
