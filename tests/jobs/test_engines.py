"""Engines: processes here and actors of Ray give the same rows for every task, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from importlib import resources
from pathlib import Path

import pytest
from job_runs import pair, plan_of, read_output, run_here, write_jsonl

from crossjudge.errors import JobError
from crossjudge.jobs import run_job
from crossjudge.jobs.plan import WorkPlan
from crossjudge.jobs.ray_engine import pool_size

TEXTS = [f"{row['premise']}" for row in map(pair, range(60))] + ["late  FERRY", "Late ferry", "late ferry", ""]
KINDS = {
    "judge": ([pair(number % 40) for number in range(60)], {}),
    "predict": ([pair(number % 40) for number in range(60)], {"apply_softmax": True}),
    "tag": ([{"text": text} for text in TEXTS], {"labels": ["ferry", "rain"]}),
    "check": ([{"source": text, "answer": f"{text[:20]}. It rained."} for text in TEXTS], {}),
    "guard": ([{"text": text} for text in TEXTS], {"policies": {"calm": "This text is calm."}}),
    "grade": ([{"answer": text} for text in TEXTS], {"reference": "The ferry was late."}),
    "rerank": ([{"query": text[:12], "documents": TEXTS[place : place + 3]} for place, text in enumerate(TEXTS)], {}),
    "dedupe": ([{"text": text} for text in TEXTS], {"least_cosine": 0.3}),
}
"""Task -> rows, with some that repeat and some that cannot be used, and its options."""


def kind_plan(kind, tmp_path, name, **more):
    rows, options = KINDS[kind]
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    return plan_of(source, tmp_path / name, task=kind, task_options=options, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_gives_the_rows_of_this_one(tmp_path, kind):
    work = {"shard_rows": 25, "workers": 1}
    run_job(kind_plan(kind, tmp_path, "out", work=work))
    run_here(kind_plan(kind, tmp_path, "here", work=work))
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "pairs.jsonl", [pair(number) for number in range(2_000)])


def test_two_processes_give_the_rows_of_one_and_tell_how_far_they_are(source, tmp_path):
    told = []
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 500, "workers": 2})
    result = run_job(plan, progress=told.append)
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 500}))
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))
    assert (result.shards_done, sum(result.workers.values()), len(result.workers)) == (4, 2_000, 2)
    assert (told[-1].rows, told[-1].seconds_left, told[-1].stage) == (2_000, 0, told[-1].stages)
    assert list(dict.fromkeys(now.doing for now in told)) == [
        "looking for repeats", "matching repeats", "answering what repeats", "answering"
    ]  # fmt: skip


def test_what_is_wrong_with_the_model_is_said_once_and_in_its_own_words(source, tmp_path):
    plan = plan_of(source, tmp_path / "out", model={"backend": "fake", "head": "nothing"})
    with pytest.raises(Exception, match="it has no head 'nothing'"):
        run_job(plan, workers=1)


def test_a_unit_that_kills_its_workers_ends_the_job_after_so_many(source, tmp_path, monkeypatch):
    """Every worker process ends before it says a word."""
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 2_000, "workers": 1, "attempts": 1})
    monkeypatch.setattr("crossjudge.jobs.local_engine._serve", os.abort)
    with pytest.raises(JobError, match=r"unit 0 of the stage 'part', the 2000 rows .* ended its worker 1 times"):
        run_job(plan)


@pytest.mark.parametrize(
    ("work", "units", "expected"),
    [
        ({}, 100, (1, 16)),  # as many as the cluster has cores for
        ({"num_threads": 4}, 100, (1, 4)),
        ({"num_gpus": 0.5}, 100, (1, 4)),
        ({"workers": 6}, 100, (6, 6)),
        ({"workers": 6, "min_workers": 2}, 100, (2, 6)),
        ({"workers": 6}, 3, (3, 3)),
    ],
)
def test_ray_scales_between_what_the_plan_says_and_what_the_cluster_has(work, units, expected):
    assert pool_size(WorkPlan(**work), units, {"CPU": 16, "GPU": 2}) == expected


# --- one run at a time -----------------------------------------------------------------------------------------------


def start(plan, folder, **more) -> subprocess.Popen:
    """`run_job` in a process of its own, and of its own group."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    code = f"import json; from crossjudge.jobs import run_job; run_job(json.load(open({str(path)!r})))"
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stderr=subprocess.DEVNULL, **more)


def test_a_second_run_on_a_folder_is_refused_and_a_killed_one_lets_go(source, tmp_path):
    plan = plan_of(source, tmp_path / "out", work={"shard_rows": 50, "workers": 1})
    driver = start(plan, tmp_path)
    wait_for_files(tmp_path / "out", 3, driver)
    os.kill(driver.pid, signal.SIGSTOP)
    with pytest.raises(JobError, match=rf"process {driver.pid} on .* is at work on that folder"):
        run_job(plan)
    driver.kill()
    driver.wait()
    assert run_job(plan, workers=1).summary.rows == 2_000
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 50}))
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))


# --- killed at random moments ----------------------------------------------------------------------------------------


def files_in(folder: Path) -> int:
    """How many files there are, work files too."""
    return sum(1 for path in folder.rglob("*") if path.is_file())


def wait_for_files(folder, count: int, driver: subprocess.Popen) -> None:
    """Until there are so many files, or the driver has ended: starting takes a while, and nothing is lost in it."""
    while files_in(folder) < count and driver.poll() is None:
        time.sleep(0.005)


def real_rows():
    """Hand-written pairs of the stress suite, each in a few wordings, some of them twice."""
    lines = resources.files("crossjudge.evaluation").joinpath("suites/stress.jsonl").read_text("utf-8").splitlines()
    pairs = [(row["text_a"], row["text_b"]) for row in map(json.loads, lines)]
    longer = [(f"{one} {other}", other) for one, other in pairs]
    return [{"premise": one, "hypothesis": other} for one, other in (*pairs, *longer, *pairs[::3])]


def real_plan(task, tmp_path, name, **more):
    """The embedded model on real text."""
    rows = real_rows()
    if task == "dedupe":
        rows = [{"text": row["hypothesis"]} for row in rows[:500]]
    source = write_jsonl(tmp_path / "real.jsonl", rows)
    plan = {"task": task, "input": {"path": str(source)}, "output": {"path": str(tmp_path / name)}}
    return plan | {"work": {"shard_rows": 20, "workers": 2, "attempts": 100}} | more


@pytest.mark.full
@pytest.mark.parametrize("engine", ["local", "ray"])
@pytest.mark.parametrize("task", ["judge", "dedupe"])
def test_driver_and_workers_killed_at_random_moments_lose_no_row_and_repeat_none(tmp_path, task, engine):
    pytest.importorskip("ray" if engine == "ray" else "psutil")
    draw, out, disturbed = random.Random(f"{task} {engine}"), tmp_path / "out", 0
    plan = real_plan(task, tmp_path, "out", engine=engine)
    for _ in range(6):
        driver = start(plan, tmp_path)
        wait_for_files(out, files_in(out) + draw.randint(1, 20), driver)
        time.sleep(draw.random() / 20)
        if driver.poll() is None:
            disturbed += 1
            if draw.random() < 0.6 or disturbed == 1:  # after the first one there is something to go on with
                os.killpg(driver.pid, signal.SIGKILL)
            else:
                kill_a_worker(driver.pid, draw)
        assert driver.wait() in (0, -signal.SIGKILL)
        if list(out.glob("*.parquet")):
            assert read_output(out).num_rows  # every file is whole
    assert disturbed >= 2
    run_job(plan | {"engine": "local"})
    run_here(real_plan(task, tmp_path, "here"))
    assert read_output(out).equals(read_output(tmp_path / "here"))
    assert run_job(plan | {"engine": "local"}).shards_done == 0


def kill_a_worker(pid: int, draw: random.Random) -> None:
    """Kill one of the processes that do a job's work, where it has any."""
    psutil = pytest.importorskip("psutil")
    try:
        workers = [one for one in psutil.Process(pid).children(recursive=True) if is_worker(one)]
        if workers:
            draw.choice(workers).kill()
    except psutil.NoSuchProcess:
        pass


def is_worker(process) -> bool:
    """Whether it is a process that the local engine spawned, or one in which Ray runs our actor (its title says so)."""
    command = " ".join(process.cmdline())
    return "spawn_main" in command or "UnitActor" in command or "MapWorker" in command


# --- a real Ray ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ray():
    """Two cores, and a GPU that is none: Ray hands it out all the same."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_ray_gives_the_rows_of_this_process(ray, tmp_path, kind):
    work = {"shard_rows": 25, "workers": 2}
    run_job(kind_plan(kind, tmp_path, "out", engine="ray", work=work))
    run_here(kind_plan(kind, tmp_path, "here", work=work))
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_two_workers_of_ray_share_a_gpu_and_it_scales_to_them(ray, source, tmp_path):
    work = {"shard_rows": 50, "workers": 2, "min_workers": 1, "num_gpus": 0.5, "repeats": "shard"}
    result = run_job(plan_of(source, tmp_path / "out", engine="ray", work=work))
    assert len(result.workers) == 2
    assert result.summary.rows == 2_000


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_ray_starts_again_what_is_killed(ray, source, tmp_path):
    psutil = pytest.importorskip("psutil")
    killed = []

    def kill_one(now) -> None:
        actors = [one for one in psutil.process_iter(["cmdline"]) if is_worker(one)]
        if actors and len(killed) < 2 and now.rows and now.doing == "answering":
            actors[0].kill()
            killed.append(actors[0].pid)

    plan = plan_of(source, tmp_path / "out", engine="ray", work={"shard_rows": 100, "workers": 2})
    result = run_job(plan, progress=kill_one)
    run_here(plan_of(source, tmp_path / "here", work={"shard_rows": 100}))
    assert killed
    assert result.summary.rows == 2_000
    assert read_output(tmp_path / "out").equals(read_output(tmp_path / "here"))
    assert run_job(plan).shards_done == 0


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_a_unit_that_kills_its_actors_ends_the_job(ray, tmp_path):
    """Whoever is at it is killed."""
    psutil, over = pytest.importorskip("psutil"), threading.Event()
    rows = write_jsonl(tmp_path / "many.jsonl", [pair(number) for number in range(30_000)])
    work = {"shard_rows": 30_000, "workers": 1, "attempts": 2}
    plan = plan_of(rows, tmp_path / "out", engine="ray", work=work)

    def kill_all() -> None:
        while not over.wait(0.05):
            for one in psutil.process_iter(["cmdline"]):
                if "UnitActor)).submit" in " ".join(one.info["cmdline"] or ()):
                    one.kill()

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        with pytest.raises(JobError, match=r"unit 0 of the stage 'part', .* ended its worker 2 times"):
            run_job(plan)
    finally:
        over.set()
        killer.join()
