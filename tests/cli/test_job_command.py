"""`crossjudge job`: a plan in, a folder out, the exit code of what came of it."""

from __future__ import annotations

import json

import pytest
from command_line import crossjudge, write

pytest.importorskip("pyarrow")

ROWS = [
    json.dumps({"premise": f"The ferry was {n} hours late.", "hypothesis": "The ferry was late."}) for n in range(20)
]


@pytest.fixture
def plan(tmp_path):
    write(tmp_path / "pairs.jsonl", *ROWS, '{"premise": 3}')
    return write(
        tmp_path / "plan.toml",
        'task = "judge"',
        "[input]",
        'path = "pairs.jsonl"',
        "[output]",
        'path = "out"',
        "[model]",
        'backend = "fake"',
    )


def test_a_plan_is_run_and_bad_rows_alone_leave_exit_code_0(plan, tmp_path):
    answer = crossjudge("job", "run", plan, "--workers", "1")
    assert answer.code == 0, answer.err
    assert "…: field … is int …; expected text" in answer.out
    assert (tmp_path / "out" / "_report.html").is_file()
    again = crossjudge("job", "run", plan, "--json")
    assert (again.code, again.rows[0]["shards_done"], again.rows[0]["errors"]) == (0, 0, 1)
    few = crossjudge("job", "run", plan, "--max-errors", "0")
    assert (few.code, "1 rows have no result, and at most 0 may" in few.err) == (2, True)


def test_a_plan_is_estimated_and_nothing_is_written(plan, tmp_path):
    answer = crossjudge("job", "plan", plan, "--json", "--tokens-per-s", "1000", "--machines", "2", "--cores", "5",
                        "--price", "3")  # fmt: skip
    assert answer.code == 0, answer.err
    (found,) = answer.rows
    assert (found["rows"], found["bad_rows"], found["distinct_share"]) == (21, 1, 1.0)
    assert found["core_hours"] == pytest.approx(21 * found["tokens_per_row"] / 1000 / 3600)
    assert found["cost"] == pytest.approx(found["core_hours"] / 10 * 2 * 3)
    assert not (tmp_path / "out").exists()
    assert "95%" in crossjudge("job", "plan", plan).out


def test_a_wrong_plan_is_exit_code_2(tmp_path):
    answer = crossjudge("job", "run", write(tmp_path / "plan.toml", 'task = "juge"'))
    assert (answer.code, "Reading the plan" in answer.err) == (2, True)
