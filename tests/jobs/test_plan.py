"""Plans: what is not understood is refused by name, and only what changes rows changes a plan's hash."""

from __future__ import annotations

import pytest

from crossjudge.errors import InputError
from crossjudge.jobs.plan import Plan, read_plan

PLAN = {"task": "judge", "input": {"path": "pairs.jsonl"}, "output": {"path": "out"}}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"task": "juge"}, "task is 'juge'; expected one of judge"),
        ({"engine": "spark"}, "engine is 'spark'; expected one of local, ray"),
        ({"inptu": {}}, "'inptu'. Did you mean 'input'?"),
        ({"input": {}}, r"\[input\] has no path"),
        ({"input": "pairs.jsonl"}, "expected a table"),
        ({"input": {"path": 3}}, "input.path is 3"),
        ({"input": {"path": "a", "format": "xml"}}, "input.format is 'xml'"),
        ({"output": {"path": "out", "format": "csv"}}, "expected one of parquet, jsonl"),
        ({"model": {"pth": "x"}}, "Did you mean 'path'?"),
        ({"model": {"token": "secret"}}, "no setting 'token'"),
        ({"columns": {"text": "a"}}, r"\[columns\] of 'judge' has no setting 'text'"),
        ({"columns": {"premise": 3}}, "columns.text_a is 3"),
        ({"task_options": {"labels2": 1}}, "Did you mean 'labels'?"),
        ({"work": {"workers": 0}}, "work.workers is 0; expected a whole number, at least 1"),
        ({"work": {"max_errors": True}}, "work.max_errors is True"),
        ({"work": {"num_gpus": -1}}, "work.num_gpus is -1"),
        ({"task": "tag"}, "'tag' needs 'labels'"),
        ({"task": "guard"}, "'guard' needs 'policies'"),
        ({"work": {"repeats": "all"}}, "work.repeats is 'all'; expected one of job, shard"),
    ],
)
def test_a_mistake_is_named(changed, says):
    with pytest.raises(InputError, match=says):
        read_plan(PLAN | changed)


@pytest.mark.parametrize("name", ["task", "input", "output"])
def test_what_must_be_stated_is_asked_for(name):
    with pytest.raises(InputError, match=f"'{name}' must be stated"):
        read_plan({key: value for key, value in PLAN.items() if key != name})


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "plan.toml")
    (tmp_path / "plan.toml").write_text("task = ")
    with pytest.raises(InputError, match="not valid toml"):
        read_plan(tmp_path / "plan.toml")


def test_paths_in_a_file_are_relative_to_the_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('task = "judge"\n[input]\npath = ["a.jsonl", "s3://bucket/b"]\n[output]\npath = "out"\n')
    plan = read_plan(path)
    assert plan.input.path == (str(tmp_path / "a.jsonl"), "s3://bucket/b")
    assert plan.output.path == str(tmp_path / "out")


def test_a_file_url_is_a_path_of_this_machine():
    """Behind other URLs nothing can be renamed, so that files would not be whole at any moment."""
    plan = read_plan(PLAN | {"input": {"path": "file:///in/pairs.jsonl"}, "output": {"path": "file:///out"}})
    assert (plan.input.path, plan.output.path) == (("/in/pairs.jsonl",), "/out")


def test_a_pair_may_be_called_by_any_of_its_names():
    named = read_plan(PLAN | {"columns": {"query": "q", "document": "d"}})
    assert named.columns == {"text_a": "q", "text_b": "d"}


def plan_hash(**changed) -> str:
    return read_plan(PLAN | changed).hash()


def test_only_what_decides_the_rows_changes_the_hash():
    for same in ({"engine": "ray"}, {"work": {"workers": 3}}, {"work": {"max_errors": 3}}, {"output": {"path": "x"}}):
        assert plan_hash(**same) == plan_hash()
    for other in ({"task": "predict"}, {"model": {"backend": "fake"}}, {"work": {"shard_rows": 3}}):
        assert plan_hash(**other) != plan_hash()


def test_overrides_take_the_place_of_the_plans_settings():
    plan = read_plan(PLAN, {"engine": "ray", "workers": 3, "max_errors": None})
    assert isinstance(plan, Plan)
    assert (plan.engine, plan.work.workers, plan.work.max_errors) == ("ray", 3, None)
    with pytest.raises(InputError, match="no setting 'tasks'"):
        read_plan(PLAN, {"tasks": "tag"})
