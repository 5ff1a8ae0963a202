"""Distillation: a teacher's scores are kept, gone on with and told apart, and a student comes to agree with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from crossjudge import CrossEncoder
from crossjudge.errors import InputError, LabelError
from crossjudge.models.one_way_export import export_one_way
from crossjudge.training import TrainConfig, distill, train
from crossjudge.training.distillation import Lesson, TeacherScores, group_ids, teacher_scores
from crossjudge.training.distillation_losses import kl_divergence, margin_mse
from crossjudge.training.teachers import TeacherEnsemble, label_order
from tiny_checkpoints import make_bi_encoder, make_checkpoint
from tiny_sets import nli_rows

PAIRS = [(row["premise"], row["hypothesis"]) for row in nli_rows(60)]
LABELS = ("contradiction", "entailment", "neutral")
OTHERS = ("neutral", "contradiction", "entailment")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bi_encoder(tmp_path_factory.mktemp("base") / "encoder", "bert", layout="hf")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    """Its labels stand in another order than the student's."""
    folder = tmp_path_factory.mktemp("teacher") / "model"
    make_checkpoint(folder, "bert", id2label=dict(enumerate(OTHERS)))
    return CrossEncoder(folder, backend="torch", device="cpu")


@pytest.fixture
def settings(base: Path, data: Path, mixture: Path, tmp_path: Path) -> Callable[..., TrainConfig]:
    def made(**changes: Any) -> TrainConfig:
        given: dict[str, Any] = {
            "base": base,
            "mixture": mixture,
            "out": tmp_path / "run",
            "data": data,
            "epochs": 2,
            "learning_rate": 3e-3,
            "batch_size": 8,
            "max_length": 64,
            "precision": "fp32",
            "freeze_word_embeddings": False,
        }
        return TrainConfig(**{**given, **changes})

    return made


Settings = Callable[..., TrainConfig]


def scores(lesson: Lesson, *, head: str = "nli", labels: tuple[str, ...] = LABELS) -> TeacherScores:
    """Of rows 0 to 5, row 1 unscored; the first three have one first text, and so have the last three."""
    logits = np.random.default_rng(0).normal(size=(5, len(labels))).astype(np.float16)
    places, groups = np.array([0, -1, 1, 2, 3, 4]), np.array([0, 0, 0, 1, 1, 1])
    return TeacherScores(logits=logits, places=places, groups=groups, head=head, labels=labels, lesson=lesson)


# Scores on disk


def test_scores_are_the_teachers_logits_in_half_precision_and_in_the_students_order(
    teacher: CrossEncoder, tmp_path: Path
) -> None:
    logits = teacher_scores(teacher, PAIRS, folder=tmp_path, labels=LABELS)
    assert (logits.dtype, logits.shape) == (np.float16, (60, 3))
    columns = [OTHERS.index(label) for label in LABELS]
    np.testing.assert_array_equal(logits, teacher.logits(PAIRS)[:, columns].astype(np.float16))
    np.testing.assert_array_equal(logits, np.load(tmp_path / "teacher_logits.npy"))
    state = json.loads((tmp_path / "teacher_logits.json").read_text())
    assert (state["teacher"], state["pairs"], state["scored"]) == (teacher.fingerprint, 60, 60)
    assert state["labels"] == list(LABELS)


def test_scoring_that_was_stopped_goes_on_and_gives_the_same(
    teacher: CrossEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossjudge.training.distillation.BLOCK_PAIRS", 16)

    def stop(done: int, total: int) -> None:
        if done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teacher_scores(teacher, PAIRS, folder=tmp_path / "stopped", progress=stop)
    seen: list[tuple[int, int]] = []
    resumed = teacher_scores(
        teacher, PAIRS, folder=tmp_path / "stopped", progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(48, 60), (60, 60)]
    np.testing.assert_array_equal(resumed, teacher_scores(teacher, PAIRS, folder=tmp_path / "whole"))
    seen.clear()
    teacher_scores(teacher, PAIRS, folder=tmp_path / "stopped", progress=lambda *said: seen.append(said))
    assert not seen, "scores that are whole are not made again"


def test_scores_of_another_teacher_or_other_pairs_are_not_gone_on_with(
    teacher: CrossEncoder, base: Path, tmp_path: Path
) -> None:
    teacher_scores(teacher, PAIRS, folder=tmp_path)
    with pytest.raises(InputError, match=r"made with another pairs_sha256.*delete"):
        teacher_scores(teacher, [*PAIRS[1:], PAIRS[0]], folder=tmp_path)
    other = make_checkpoint(tmp_path / "other", "roberta", num_labels=3)
    with pytest.raises(InputError, match="made with another teacher"):
        teacher_scores(CrossEncoder(other, backend="torch", device="cpu"), PAIRS, folder=tmp_path)


def test_labels_are_matched_by_name_and_a_single_output_needs_none(teacher: CrossEncoder, tmp_path: Path) -> None:
    assert label_order(teacher, ["NEUTRAL", "Entailment", "contradiction"]) == [0, 2, 1]
    with pytest.raises(LabelError, match="the head has duplicate"):
        label_order(teacher, ["duplicate"])
    single = CrossEncoder(make_checkpoint(tmp_path / "single", "bert", num_labels=1), backend="torch", device="cpu")
    assert label_order(single, ["duplicate"]) == [0]


def test_groups_are_equal_where_texts_are() -> None:
    assert group_ids(["a", "b", "a", "c", "b"]).tolist() == [0, 1, 0, 2, 1]


# Several teachers


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    """Another teacher, its labels in the student's order."""
    folder = make_checkpoint(tmp_path_factory.mktemp("second") / "model", "roberta", id2label=dict(enumerate(LABELS)))
    return CrossEncoder(folder, backend="torch", device="cpu")


def test_several_teachers_are_heard_as_the_mean_of_their_logarithms_of_probabilities(
    teacher: CrossEncoder, second: CrossEncoder
) -> None:
    ensemble = TeacherEnsemble([second, teacher], "nli")
    own, others = (torch.from_numpy(one.logits(PAIRS)).log_softmax(-1) for one in (second, teacher))
    columns = [OTHERS.index(label) for label in LABELS]
    assert ensemble.labels == LABELS
    torch.testing.assert_close(torch.from_numpy(ensemble.logits(PAIRS)), (own + others[:, columns]) / 2)
    assert ensemble.fingerprint == TeacherEnsemble([teacher, second], "nli").fingerprint
    assert set(ensemble.fingerprint.split(" + ")) == {teacher.fingerprint, second.fingerprint}


def test_outputs_that_do_not_exclude_each_other_are_means_of_logits(tmp_path: Path) -> None:
    folders = [make_checkpoint(tmp_path / name, name, num_labels=1) for name in ("bert", "roberta")]
    models = [CrossEncoder(folder, backend="torch", device="cpu") for folder in folders]
    expected = (models[0].logits(PAIRS) + models[1].logits(PAIRS)) / 2
    np.testing.assert_allclose(TeacherEnsemble(models, "duplicate").logits(PAIRS), expected, rtol=1e-5, atol=1e-6)


def test_a_student_learns_from_several_teachers_at_once(
    settings: Settings, teacher: CrossEncoder, second: CrossEncoder
) -> None:
    out = distill(settings(epochs=0.5), [teacher, second])
    ensemble = TeacherEnsemble([teacher, second], "nli")
    columns = [ensemble.labels.index(label) for label in LABELS]
    scored = np.load(out / "teacher_logits.npy")
    np.testing.assert_allclose(scored, ensemble.logits(PAIRS)[:, columns].astype(np.float16), atol=2e-3)
    assert json.loads((out / "distillation.json").read_text())["teacher"] == ensemble.fingerprint


def test_no_teacher_and_teachers_that_say_different_things_are_refused(
    settings: Settings, teacher: CrossEncoder, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no teacher was named"):
        distill(settings(), [])
    single = CrossEncoder(make_checkpoint(tmp_path / "single", "bert", num_labels=1), backend="torch", device="cpu")
    with pytest.raises(LabelError, match="Expected the same names"):
        TeacherEnsemble([teacher, single], "nli")


def test_what_nobody_labelled_is_learned_from_the_teacher_alone(
    settings: Settings, teacher: CrossEncoder, data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "unlabelled.toml"
    path.write_text('[[set]]\nname = "snli"\nrecipe = "unlabelled"\n')
    with pytest.raises(InputError, match=r"no gold for nli .* only a teacher can answer"):
        train(settings(mixture=path))
    before = train(settings(out=tmp_path / "before", epochs=0.01))
    out = distill(settings(mixture=path, epochs=4), teacher)
    assert agreement(out, teacher, tmp_path / "b") < agreement(before, teacher, tmp_path / "a") / 2


# The lesson


def test_a_batch_is_compared_with_the_teachers_logits_of_its_own_rows() -> None:
    taught = scores(Lesson(temperature=3.0, weight=0.5))
    rows = np.array([5, 0, 2])
    np.testing.assert_array_equal(taught.rows(rows), taught.logits[[4, 0, 1]].astype(np.float32))
    student = torch.randn(3, 3)
    expected = 0.5 * kl_divergence(student, torch.from_numpy(taught.rows(rows)), 3.0)
    assert torch.equal(taught.loss(student, rows), expected)


def test_margins_are_compared_among_rows_of_one_first_text() -> None:
    taught = scores(Lesson(kind="margin_mse"), head="relevance", labels=("relevance",))
    rows = np.array([3, 0, 4, 2])
    student = torch.randn(4, 1)
    expected = margin_mse(student, torch.from_numpy(taught.rows(rows)), torch.tensor([1, 0, 1, 0]))
    assert torch.equal(taught.loss(student, rows), expected)


def test_outputs_that_do_not_exclude_each_other_are_compared_one_by_one() -> None:
    taught = scores(Lesson(), head="certainty", labels=("hedged", "weakened"))
    student, rows = torch.randn(2, 2), np.array([0, 3])
    teacher = torch.from_numpy(taught.rows(rows))
    each = [kl_divergence(student[:, [column]], teacher[:, [column]], 2.0) for column in (0, 1)]
    assert float(taught.loss(student, rows)) == pytest.approx(float(sum(each)) / 2, rel=1e-6)


@pytest.mark.parametrize("wrong", [{"kind": "mse"}, {"temperature": 0.0}, {"weight": float("inf")}])
def test_a_lesson_that_cannot_be_says_what_is_expected(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"Distilling: {next(iter(wrong))} is .*; expected"):
        Lesson(**wrong)


# The whole


def agreement(folder: Path, teacher: CrossEncoder, exported: Path) -> float:
    """Mean KL of the trained student from the teacher over the training pairs."""
    student = CrossEncoder(export_one_way(folder, exported, precision="fp32"), backend="torch", device="cpu")
    columns = [OTHERS.index(label) for label in LABELS]
    taught = torch.from_numpy(teacher.logits(PAIRS)[:, columns])
    return float(kl_divergence(torch.from_numpy(student.logits(PAIRS)), taught, 1.0))


def test_a_distilled_student_is_nearer_to_its_teacher_than_one_that_saw_gold_alone(
    settings: Settings, teacher: CrossEncoder, tmp_path: Path
) -> None:
    alone = agreement(train(settings(out=tmp_path / "alone", epochs=4)), teacher, tmp_path / "a")
    out = distill(settings(epochs=4), teacher, weight=20.0)
    assert agreement(out, teacher, tmp_path / "b") < alone / 2
    record = json.loads((out / "distillation.json").read_text())
    assert record["teacher"] == teacher.fingerprint
    assert (record["kind"], record["temperature"], record["weight"], record["head"]) == ("kl", 2.0, 20.0, "nli")


@pytest.mark.parametrize("attention", ["one_way", "joint"])
@pytest.mark.parametrize("kind", ["kl", "margin_mse"])
def test_each_kind_runs_in_each_attention_and_tells_both_stages(
    settings: Settings, teacher: CrossEncoder, attention: str, kind: str
) -> None:
    scored: list[tuple[int, int]] = []
    steps: list[tuple[int, int]] = []
    distill(
        settings(attention=attention, epochs=0.5),
        teacher,
        kind=kind,
        progress=lambda *said: steps.append(said),
        scoring_progress=lambda *said: scored.append(said),
    )
    assert scored == [(60, 60)]
    assert steps[-1][0] == steps[-1][1]


def test_a_joint_run_teaches_a_one_way_student(settings: Settings, tmp_path: Path) -> None:
    joint = train(settings(attention="joint", out=tmp_path / "joint", epochs=0.5))
    out = distill(settings(epochs=0.5), joint)
    assert (out / "model.safetensors").is_file()


def test_a_head_that_is_not_there_is_refused_before_anything_is_scored(
    settings: Settings, teacher: CrossEncoder
) -> None:
    config = settings()
    with pytest.raises(InputError, match="'duplicate': the settings have nli"):
        distill(config, teacher, head="duplicate")
    assert not config.out.exists()
