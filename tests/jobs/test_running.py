"""Running a job: the same rows however it is cut, stopped and gone on with; no row lost, none twice."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from job_runs import pair, plan_of, read_output, run_here, write_jsonl

from crossjudge import CrossEncoder, Judge
from crossjudge.errors import FingerprintError, InputError, JobError, ObjectiveError
from crossjudge.jobs.folder import Folder

ROWS = [pair(number) for number in range(45)]


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "pairs.jsonl", ROWS)


class Killed(BaseException):
    """Stands for the end of the process."""


def test_rows_are_those_of_a_judge_in_input_order(source, tmp_path):
    result = run_here(plan_of(source, tmp_path / "out"))
    rows = read_output(tmp_path / "out").to_pylist()
    verdicts = Judge(CrossEncoder(backend="fake")).batch([(row["premise"], row["hypothesis"]) for row in ROWS])
    assert [row["id"] for row in rows] == list(range(45))
    for row, verdict in zip(rows, verdicts, strict=True):
        assert (row["label"], row["score"], row["abstained"]) == (verdict.label, verdict.score, verdict.abstained)
        assert row["probabilities"] == verdict.probabilities
        assert (row["fingerprint"], row["error"]) == (verdict.fingerprint, None)
    assert list(rows[0]) == [*ROWS[0], "label", "score", "probabilities", "abstained", "fingerprint", "error"]
    assert (result.shards, result.shards_done, result.summary.rows, result.summary.errors) == (5, 5, 45, 0)


def test_sharded_equals_whole(source, tmp_path):
    whole = plan_of(source, tmp_path / "whole", work={})
    assert run_here(whole).shards == 1
    for shard_rows in (1, 7):
        out = tmp_path / f"by-{shard_rows}"
        run_here(plan_of(source, out, work={"shard_rows": shard_rows}))
        assert read_output(out).equals(read_output(tmp_path / "whole"))


def test_a_finished_job_run_again_does_nothing(source, tmp_path):
    plan = plan_of(source, tmp_path / "out")
    run_here(plan)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert run_here(plan).shards_done == 0
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_write_and_run_again_the_rows_are_those_of_an_undisturbed_run(
    source, tmp_path, monkeypatch, after
):
    """Killed before or after each file that a job writes, again and again until it ends."""
    few = {"shard_rows": 20}
    run_here(plan_of(source, tmp_path / "undisturbed", work=few))
    plan, out = plan_of(source, tmp_path / "out", work=few), tmp_path / "out"
    write, draw, kills = Folder.write, random.Random(0), 0

    def deadly(self, name, content):
        lives = draw.random() < 0.6
        if lives or after:
            write(self, name, content)
        else:
            Path(self.path, f".{name}.half.tmp").write_bytes(content[: len(content) // 2])
        if not lives:
            raise Killed
        assert not list(out.glob("*.parquet")) or read_output(out).num_rows  # whole at any moment

    monkeypatch.setattr(Folder, "write", deadly)
    while True:
        out.mkdir(exist_ok=True)
        try:
            run_here(plan)
        except Killed:
            kills += 1
        else:
            break
    assert kills > 3
    assert read_output(out).equals(read_output(tmp_path / "undisturbed"))
    assert not list(out.rglob(".*"))


def test_a_changed_plan_or_input_is_refused(source, tmp_path):
    plan = plan_of(source, tmp_path / "out")
    run_here(plan)
    with pytest.raises(InputError, match=r"plan has changed: task_options was \{\} and is"):
        run_here(plan | {"task_options": {"abstain_below": 0.9}})
    write_jsonl(source, ROWS)  # written anew, but the same
    assert run_here(plan).shards_done == 0
    write_jsonl(source, [*ROWS[:44], ROWS[0]])
    with pytest.raises(InputError, match=r"the input has changed: .*pairs\.jsonl"):
        run_here(plan)


def test_another_model_may_not_go_on_with_a_job(source, tmp_path, monkeypatch):
    plan = plan_of(source, tmp_path / "out")
    run_here(plan)
    (tmp_path / "out" / "part-00001.parquet").unlink()
    monkeypatch.setattr(CrossEncoder, "fingerprint", "another")
    with pytest.raises(FingerprintError, match="finished rows are by the model"):
        run_here(plan)


def test_a_folder_with_other_results_is_refused(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"results of something else \(mine\.parquet\)"):
        run_here(plan_of(source, tmp_path / "out"))


def test_the_output_may_not_lie_in_the_input_nor_the_input_in_the_output(source, tmp_path):
    with pytest.raises(InputError, match="lies in the input folder"):
        run_here(plan_of(tmp_path, tmp_path / "out"))
    with pytest.raises(InputError, match="lies in the output folder"):
        run_here(plan_of(source, tmp_path))


def test_of_a_pair_one_column_may_be_stated_and_the_other_goes_by_its_name(tmp_path):
    rows = [{"article": row["premise"], "hypothesis": row["hypothesis"]} for row in ROWS]
    source = write_jsonl(tmp_path / "claims.jsonl", rows)
    run_here(plan_of(source, tmp_path / "out", columns={"text_a": "article"}))
    run_here(plan_of(write_jsonl(tmp_path / "pairs.jsonl", ROWS), tmp_path / "pairs"))
    assert read_output(tmp_path / "out")["score"].equals(read_output(tmp_path / "pairs")["score"])


def test_where_nothing_was_finished_a_corrected_plan_is_begun_anew(source, tmp_path):
    plan = plan_of(source, tmp_path / "out")
    with pytest.raises(ObjectiveError, match="'nil' is not known"):
        run_here(plan | {"task_options": {"objective": "nil"}})
    assert run_here(plan).shards_done == 5


# --- bad rows ---


def test_a_bad_row_has_its_reason_and_the_job_goes_on(tmp_path):
    source = write_jsonl(tmp_path / "pairs.jsonl", [ROWS[0], ROWS[1] | {"hypothesis": None}, "{", ROWS[2]])
    result = run_here(plan_of(source, tmp_path / "out"))
    rows = read_output(tmp_path / "out").to_pylist()
    assert [row["label"] is None for row in rows] == [False, True, True, False]
    assert rows[1]["error"].startswith("column 'hypothesis' is empty; expected text")
    assert rows[1]["premise"] == ROWS[1]["premise"]
    assert "line 3: not valid JSON" in rows[2]["error"]
    assert (rows[1]["score"], rows[1]["probabilities"], rows[1]["fingerprint"]) == (None, None, None)
    assert result.summary.errors == 2


def test_a_row_that_the_model_cannot_answer_costs_no_other_row_its_answer(source, tmp_path):
    long = write_jsonl(tmp_path / "long.jsonl", [*ROWS[:20], ROWS[20] | {"premise": "long " * 9_000}, *ROWS[21:]])
    options = {"on_overflow": "error"}
    run_here(plan_of(source, tmp_path / "good", task_options=options))
    run_here(plan_of(long, tmp_path / "out", task_options=options))
    good, rows = (read_output(tmp_path / name).to_pylist() for name in ("good", "out"))
    assert "tokens" in rows[20]["error"]
    assert rows[:20] + rows[21:] == good[:20] + good[21:]


def test_more_errors_than_allowed_stop_the_job_and_allowing_more_goes_on(tmp_path):
    source = write_jsonl(tmp_path / "pairs.jsonl", [row | {"hypothesis": None} for row in ROWS])
    plan = plan_of(source, tmp_path / "out")
    with pytest.raises(JobError, match="20 rows have no result, and at most 12 may"):
        run_here(plan | {"work": {"shard_rows": 10, "max_errors": 12}})
    assert read_output(tmp_path / "out").num_rows == 20
    assert run_here(plan).shards_done == 3


def test_a_column_that_is_not_there_is_refused_before_anything_is_written(source, tmp_path):
    with pytest.raises(InputError, match=r"'text_a' \(or 'premise', .*\) is 'claim', and there is no such"):
        run_here(plan_of(source, tmp_path / "out", columns={"text_a": "claim", "text_b": "id"}))
    with pytest.raises(InputError, match="no column 'text' for the task 'tag'"):
        run_here(plan_of(source, tmp_path / "out", task="tag", task_options={"labels": ["rain"]}))
    assert not (tmp_path / "out").exists()


def test_a_column_with_the_name_of_a_result_is_kept_under_another(tmp_path):
    source = write_jsonl(tmp_path / "pairs.jsonl", [row | {"label": "gold"} for row in ROWS[:3]])
    run_here(plan_of(source, tmp_path / "out"))
    assert set(read_output(tmp_path / "out")["input_label"].to_pylist()) == {"gold"}


# --- saved work ---


def test_what_several_shards_ask_is_asked_once_in_the_whole_job(tmp_path):
    source = write_jsonl(tmp_path / "pairs.jsonl", [*ROWS[:5], *ROWS[:5], *ROWS[:10], ROWS[3]])
    saved = run_here(plan_of(source, tmp_path / "out")).summary.saved
    assert (saved.asked, saved.distinct, saved.scored) == (21, 16, 10)
    shards = plan_of(source, tmp_path / "shards", work={"shard_rows": 10, "repeats": "shard"})
    assert run_here(shards).summary.saved.scored == 16
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "shards"))


def test_a_repeated_row_that_cannot_be_answered_has_its_reason_wherever_it_stands(tmp_path):
    long = ROWS[0] | {"premise": "long " * 9_000}
    source = write_jsonl(tmp_path / "pairs.jsonl", [long, *ROWS[:10], long, ROWS[5]])
    result = run_here(plan_of(source, tmp_path / "out", task_options={"on_overflow": "error"}))
    errors = read_output(tmp_path / "out")["error"].to_pylist()
    assert [row for row, error in enumerate(errors) if error] == [0, 11]
    assert errors[0] == errors[11]
    assert result.summary.errors == 2


@pytest.mark.parametrize("ranges", [1, 3])
def test_repeats_are_found_whatever_the_number_of_ranges(tmp_path, monkeypatch, ranges):
    monkeypatch.setattr("crossjudge.jobs.looking.KEYS_OF_A_RANGE", 90 // ranges)
    draw = random.Random(ranges)
    source = write_jsonl(tmp_path / "pairs.jsonl", [draw.choice(ROWS) for _ in range(90)])
    result = run_here(plan_of(source, tmp_path / "out", work={"shard_rows": 7}))
    pairs = {(row["premise"], row["hypothesis"]) for row in read_output(tmp_path / "out").to_pylist()}
    assert result.summary.saved.scored == len(pairs)


# --- what is left ---


def test_json_lines_can_be_written_too(source, tmp_path):
    run_here(plan_of(source, tmp_path) | {"output": {"path": str(tmp_path / "out"), "format": "jsonl"}})
    lines = [line for path in sorted((tmp_path / "out").glob("part-*.jsonl")) for line in path.read_text().splitlines()]
    run_here(plan_of(source, tmp_path / "parquet"))
    assert [json.loads(line) for line in lines] == read_output(tmp_path / "parquet").to_pylist()


def test_every_file_has_the_same_columns(tmp_path):
    """Also where a shard has no answer at all."""
    rows = [row | {"hypothesis": None} for row in ROWS[:10]] + ROWS[10:]
    run_here(plan_of(write_jsonl(tmp_path / "pairs.jsonl", rows), tmp_path / "out"))
    schemas = {str(pq.read_schema(path)) for path in (tmp_path / "out").glob("*.parquet")}
    assert len(schemas) == 1


def test_readers_of_parquet_folders_see_the_rows_and_nothing_else(source, tmp_path):
    run_here(plan_of(source, tmp_path / "out"))
    assert pq.read_table(tmp_path / "out").sort_by("id").equals(read_output(tmp_path / "out"))


def test_an_empty_input_is_a_finished_job_without_rows(tmp_path):
    result = run_here(plan_of(write_jsonl(tmp_path / "pairs.csv", ["premise,hypothesis"]), tmp_path / "out"))
    assert (result.shards, result.summary.rows) == (0, 0)


@pytest.mark.parametrize("task", ["judge", "dedupe"])
def test_a_job_can_be_done_behind_urls_and_gone_on_with(source, tmp_path, task):
    """Input and output in an object store; one shard is lost, and done again."""
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open(f"memory://in/{task}/pairs.jsonl", "wb") as stream:
        stream.write(source.read_bytes())
    columns = {"columns": {"text": "premise"}} if task == "dedupe" else {}
    plan = plan_of(source, tmp_path / "out", task=task, **columns)
    remote = plan | {"input": {"path": f"memory://in/{task}"}, "output": {"path": f"memory://results/{task}"}}
    assert (run_here(plan).shards_done, run_here(remote).shards_done) == (5, 5)
    folder = Folder(f"memory://results/{task}")
    folder.remove(["part-00003.parquet"])
    assert (run_here(remote).shards_done, run_here(remote).shards_done) == (1, 0)
    for name in sorted(name for name in folder.names() if name.startswith("part-")):
        assert pq.read_table(folder.open(name)).equals(pq.read_table(tmp_path / "out" / name))


def test_files_that_workers_wrote_elsewhere_are_missed(source, tmp_path):
    """As on two machines that each have a folder of that name."""

    def elsewhere(worker):
        def work(unit):
            note = worker(unit)
            (tmp_path / "out" / "part-00002.parquet").unlink(missing_ok=True)
            return note

        return work

    with pytest.raises(JobError, match="worker here finished unit 2 of the stage 'part', and its file is not in"):
        run_here(plan_of(source, tmp_path / "out"), work=elsewhere)


def test_the_report_says_what_was_answered_and_escapes_what_rows_say(tmp_path):
    script = "<script>alert(1)</script>"
    rows = [*ROWS[:8], ROWS[8] | {"premise": script}, ROWS[9] | {"hypothesis": 7}]
    options = {"abstain_below": 0.9}
    run_here(plan_of(write_jsonl(tmp_path / "pairs.jsonl", rows), tmp_path / "out", task_options=options))
    report = json.loads((tmp_path / "out" / "_report.json").read_text())
    labels = [row["label"] for row in read_output(tmp_path / "out").to_pylist()]
    assert report["outcomes"] == {label: labels.count(label) for label in sorted(set(labels) - {None})}
    assert sum(report["scores"].values()) == 9
    assert (report["rows"], report["errors"], sum(report["error_kinds"].values())) == (10, 1, 1)
    abstained = [row["hypothesis"] for row in read_output(tmp_path / "out").to_pylist() if row["abstained"]]
    assert [sample["hypothesis"] for sample in report["samples"]["(abstained)"]] == abstained[:5]
    assert report["abstained"] == len(abstained) > 0
    page = (tmp_path / "out" / "_report.html").read_text()
    assert script not in page
    for outside in ("src=", "href=", "@import", "url("):
        assert outside not in page
