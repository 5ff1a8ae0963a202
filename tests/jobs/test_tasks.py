"""Every task gives, row by row, what its use gives when it is called."""

from __future__ import annotations

import pytest
from job_runs import plan_of, read_output, run_here, write_jsonl

from crossjudge import ClaimChecker, CrossEncoder, Grader, Guardrail, Tagger

MODEL = CrossEncoder(backend="fake")
TEXTS = ["The ferry was late again.", "Rain came in at the window. Call 555-0100.", "The museum opens at nine."]


def rows_of(tmp_path, task, rows, options, **more):
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    run_here(plan_of(source, tmp_path / "out", task=task, task_options=options, **more))
    return read_output(tmp_path / "out").to_pylist()


def test_tag(tmp_path):
    options = {"labels": ["ferry", "rain"], "threshold": 0.4}
    rows = rows_of(tmp_path, "tag", [{"text": text} for text in (*TEXTS, " ")], options)
    expected = Tagger(**options, model=MODEL).batch(TEXTS)
    assert [row["chosen"] for row in rows[:3]] == [one.chosen for one in expected]
    assert [tag["probability"] for tag in rows[0]["tags"]] == [tag.probability for tag in expected[0].tags]
    assert "blank" in rows[3]["error"]


def test_check(tmp_path):
    rows = [
        {"source": TEXTS[0], "answer": "The ferry was late. It rained."},
        {"source": TEXTS, "answer": "The museum opens."},
    ]
    found = rows_of(tmp_path, "check", rows, {}, columns={"source": "source"})
    expected = ClaimChecker(model=MODEL).batch([(row["source"], row["answer"]) for row in rows])
    assert [row["decision"] for row in found] == [one.decision for one in expected]
    assert [row["supported"] for row in found] == [one.supported for one in expected]
    assert [claim["claim"] for claim in found[0]["claims"]] == [claim.claim for claim in expected[0].claims]


def test_guard(tmp_path):
    policies = {"no numbers": "This text contains no phone numbers.", "calm": "This text is calm."}
    found = rows_of(tmp_path, "guard", [{"text": text} for text in TEXTS], {"policies": policies})
    expected = Guardrail(policies, model=CrossEncoder("embedded-joint", backend="fake")).batch(TEXTS)
    assert [(row["decision"], row["overall"]) for row in found] == [(one.decision, one.overall) for one in expected]
    assert found[0]["checks"] == {name: check.to_dict() | {"spans": []} for name, check in expected[0].checks.items()}


def test_grade_by_the_plans_reference_or_the_rows_own(tmp_path):
    answers = ["The ferry was late.", "The bus was early."]
    one = rows_of(tmp_path, "grade", [{"answer": text} for text in answers], {"reference": TEXTS[0]})
    expected = Grader(TEXTS[0], model=MODEL).batch(answers)
    assert [(row["grade"], row["score"]) for row in one] == [(each.grade, each.score) for each in expected]
    other = tmp_path / "own"
    other.mkdir()
    rows = [{"answer": text, "reference": TEXTS[0]} for text in answers]
    own = rows_of(other, "grade", rows, {})
    assert [row["grade"] for row in own] == [row["grade"] for row in one]
    assert [row["input_reference"] for row in own] == [TEXTS[0]] * 2


def test_predict(tmp_path):
    rows = [{"text_a": text, "text_b": "The ferry was late."} for text in TEXTS]
    found = rows_of(tmp_path, "predict", rows, {"apply_softmax": True})
    scores = MODEL.predict([tuple(row.values()) for row in rows], apply_softmax=True)
    assert [list(row["scores"].values()) for row in found] == [pytest.approx(one) for one in scores.tolist()]
    assert [row["label"] for row in found] == [MODEL.labels[place] for place in scores.argmax(axis=1)]


def test_rerank(tmp_path):
    pytest.importorskip("crossjudge.apps.reranking")
    from crossjudge.apps.reranking import Reranker

    found = rows_of(tmp_path, "rerank", [{"query": "late ferry", "documents": TEXTS}], {"top_k": 2})
    expected = Reranker(CrossEncoder(backend="fake", head="relevance"))("late ferry", TEXTS, 2)
    assert [one["index"] for one in found[0]["ranking"]] == [one.index for one in expected]
