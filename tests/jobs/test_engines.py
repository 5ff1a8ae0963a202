"""Engines: processes here and actors of Ray give the same rows, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from job_runs import pair, plan_of, read_output, run_here, write_jsonl

from crossjudge.errors import JobError
from crossjudge.jobs import run_job


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "pairs.jsonl", [pair(number) for number in range(2_000)])


def start(plan, folder) -> subprocess.Popen:
    """`run_job` in a process of its own, and of its own group."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    code = f"import json; from crossjudge.jobs import run_job; run_job(json.load(open({str(path)!r})))"
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stderr=subprocess.DEVNULL)


def test_two_processes_give_the_rows_of_one(source, tmp_path):
    told = []
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 500, "workers": 2})
    result = run_job(plan, progress=told.append)
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 500}))
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))
    assert (result.shards_done, sum(result.workers.values())) == (4, 2_000)
    assert (told[-1].rows, told[-1].seconds_left) == (2_000, 0)


def test_what_is_wrong_with_the_model_is_said_once_and_in_its_own_words(source, tmp_path):
    plan = plan_of(source, tmp_path / "out", model={"backend": "fake", "head": "nothing"})
    with pytest.raises(Exception, match="it has no head 'nothing'"):
        run_job(plan, workers=1)


def test_a_shard_that_kills_its_workers_ends_the_job_after_so_many(source, tmp_path, monkeypatch):
    """Every worker process ends before it says a word."""
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 2_000, "workers": 1, "attempts": 1})
    monkeypatch.setattr("crossjudge.jobs.local_engine._serve", os.abort)
    with pytest.raises(JobError, match=r"unit 0 of the stage 'part', the 2000 rows .* ended its worker 1 times"):
        run_job(plan)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4))
def test_driver_and_workers_killed_at_random_moments_lose_no_row_and_repeat_none(source, tmp_path, seed):
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 100, "workers": 2, "attempts": 100})
    draw = random.Random(seed)
    out, disturbed = tmp_path / "out", 0
    for _ in range(4):
        driver = start(plan, tmp_path)
        wait_for_files(out, files_in(out) + draw.randint(1, 6), driver)
        alive = driver.poll() is None
        disturbed += alive
        if alive and draw.random() < 0.5:
            os.killpg(driver.pid, signal.SIGKILL)
            driver.wait()
        else:
            kill_a_child(driver.pid, draw)
            assert driver.wait() == 0
        if list(out.glob("*.parquet")):
            assert read_output(out).num_rows  # every file is whole
    assert disturbed >= 2
    run_job(plan)
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 100}))
    assert read_output(out).equals(read_output(tmp_path / "here"))


def files_in(folder) -> int:
    """How many files there are, work files too."""
    return len(os.listdir(folder)) if folder.is_dir() else 0


def wait_for_files(folder, count: int, driver: subprocess.Popen) -> None:
    """Until there are so many files, or the driver has ended: starting takes a while, and nothing is lost in it."""
    while files_in(folder) < count and driver.poll() is None:
        time.sleep(0.005)


def kill_a_child(pid: int, draw: random.Random) -> None:
    """Kill one of a process's children, where it has any."""
    psutil = pytest.importorskip("psutil")
    try:
        children = [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]
        if children:
            draw.choice(children).kill()
    except psutil.NoSuchProcess:
        pass


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_ray_gives_the_rows_of_one_process_though_its_actors_are_killed(ray, source, tmp_path):
    """An actor's process dies in the middle; Ray starts another, and the shard is done again."""
    psutil = pytest.importorskip("psutil")
    killed = []

    def kill_one(now) -> None:
        actors = [one for one in psutil.process_iter(["cmdline"]) if _is_busy(one)]
        if actors and len(killed) < 2 and now.rows:
            actors[0].kill()
            killed.append(actors[0].pid)

    plan = plan_of(source, tmp_path / "out", engine="ray", work={"shard_rows": 100, "workers": 2})
    result = run_job(plan, progress=kill_one)
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 100}))
    assert killed
    assert result.summary.rows == 2_000
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))
    assert run_job(plan).shards_done == 0


def _is_busy(process) -> bool:
    """Whether it is one of Ray's processes that run our actors; Ray writes their class in the title."""
    return "UnitActor" in " ".join(process.info["cmdline"] or ()) or "MapWorker" in " ".join(
        process.info["cmdline"] or ()
    )
