"""Standard streams as a shell hands them over: slow, closed, full, or a terminal for some and a file for others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from command_line import write

from crossjudge.cli.arriving import chunks_as_they_come
from crossjudge.cli.options import ModelOptions

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells differ there")

PAIR = json.dumps({"premise": "a", "hypothesis": "b"})
FAKE = f'"{sys.executable}" -m crossjudge judge --backend fake'
PATIENCE_S = 60


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, encoding="utf-8", check=False)


# --- rows that come one by one ---


def test_a_row_is_answered_before_the_next_is_sent():
    command = [sys.executable, "-m", "crossjudge", "judge", "-", "--backend", "fake", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        for n in range(3):
            process.stdin.write(json.dumps({"id": n, "text_a": "a", "text_b": "b"}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == n
        process.stdin.close()
    assert process.returncode == 0


def test_what_is_there_is_handed_over_while_the_rest_is_awaited():
    taken = Event()

    def values():
        yield from (1, 2, 3)
        assert taken.wait(PATIENCE_S), "the first three were kept until the fourth came"
        yield 4

    chunks = chunks_as_they_come(values(), 100)
    found = next(chunks)
    while len(found) < 3:
        found += next(chunks)
    taken.set()
    assert [found, *chunks] == [[1, 2, 3], [4]]


@pytest.mark.parametrize("most", [1, 3, 10, 100])
def test_every_value_comes_once_in_order_and_chunks_are_full_where_values_are_there(most):
    chunks = list(chunks_as_they_come(range(10), most, wait_s=PATIENCE_S))
    assert [value for chunk in chunks for value in chunk] == list(range(10))
    assert all(len(chunk) == most for chunk in chunks[:-1])


def test_no_values_give_no_chunks():
    assert list(chunks_as_they_come([], 5)) == []


def test_an_error_comes_after_the_values_before_it():
    def values():
        yield 1
        raise ValueError("broken off")

    chunks = chunks_as_they_come(values(), 5, wait_s=PATIENCE_S)
    assert next(chunks) == [1]
    with pytest.raises(ValueError, match="broken off"):
        next(chunks)


def test_reading_stays_near_what_is_taken():
    read: list[int] = []
    values = (read.append(n) or n for n in count())
    chunks = chunks_as_they_come(values, 5, wait_s=PATIENCE_S)
    assert next(chunks) == [0, 1, 2, 3, 4]
    assert len(read) <= 11  # taken, waiting, and one in hand
    chunks.close()


def test_a_pipe_of_any_name_is_answered_as_its_rows_come(tmp_path):
    os.mkfifo(tmp_path / "rows.jsonl")
    command = [sys.executable, "-m", "crossjudge", "judge", "rows.jsonl", "--backend", "fake", "--json"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, encoding="utf-8")
    with process, (tmp_path / "rows.jsonl").open("w") as pipe:
        pipe.write(PAIR + "\n")
        pipe.flush()
        assert json.loads(process.stdout.readline())["line"] == 1
    assert process.returncode == 0


def test_ctrl_c_ends_a_command_that_waits_for_rows():
    command = [sys.executable, "-m", "crossjudge", "judge", "-", "--backend", "fake", "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A shell starts what it runs in the background deaf to Ctrl-C, and so its children.
    hearing = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, **pipes, encoding="utf-8", preexec_fn=hearing) as process:
        process.stdin.write(PAIR + "\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
        assert process.stderr.read() == "crossjudge: stopped.\n"


# --- a terminal for messages, a file for results ---


def with_messages_on_a_terminal(script: str, folder: Path) -> int:
    """Exit code of a script whose standard error is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(["bash", "-c", script], cwd=folder, stderr=theirs, stdin=subprocess.DEVNULL, check=False)
    finally:
        os.close(theirs)
        os.close(ours)
    return done.returncode


@pytest.mark.parametrize("source", ["pairs.jsonl", "--format jsonl --file <(cat pairs.jsonl)", "- < pairs.jsonl"])
@pytest.mark.parametrize("output", ["--json > out.jsonl", "--output out.jsonl"])
def test_a_progress_bar_costs_no_row(tmp_path, source, output):
    write(tmp_path / "pairs.jsonl", *[PAIR] * 3)
    assert with_messages_on_a_terminal(f"{FAKE} {output} {source}", tmp_path) == 0
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 3


def test_a_progress_bar_leaves_a_damaged_file_to_its_reader(tmp_path):
    pytest.importorskip("pyarrow")
    write(tmp_path / "pairs.parquet", "damaged")
    assert with_messages_on_a_terminal(f"{FAKE} --json pairs.parquet > out.jsonl", tmp_path) == 2


# --- streams that are closed or full ---


@pytest.mark.parametrize("result", ["judge a b --backend fake", "judge a b --backend fake --json", "--version"])
@pytest.mark.parametrize("where", [">&-", "> /dev/full"])
def test_results_that_cannot_be_printed_are_exit_code_2(tmp_path, result, where):
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to offer")
    done = shell(f'"{sys.executable}" -m crossjudge {result} {where}', tmp_path)
    assert done.returncode == 2
    (message,) = done.stderr.splitlines()
    assert message.startswith("crossjudge: the system refused to read or write standard output: ")


def test_results_in_a_file_need_no_standard_output(tmp_path):
    assert shell(f"{FAKE} a b --output out.jsonl >&-", tmp_path).returncode == 0
    assert (tmp_path / "out.jsonl").read_text("utf-8").count("\n") == 1


def test_messages_that_nobody_hears_are_not_printed_among_results(tmp_path):
    write(tmp_path / "pairs.jsonl", PAIR, "oops")
    done = shell(f"{FAKE} pairs.jsonl --json 2>&-", tmp_path)
    assert done.returncode == 2
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 2


def test_closed_standard_input_is_bad_input(tmp_path):
    done = shell(f"{FAKE} - --json <&-", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard input: it is closed" in done.stderr


def test_a_command_that_fails_does_not_wait_for_standard_input(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full disk to offer")
    command = f"{FAKE} - --json > /dev/full"
    with subprocess.Popen(
        ["bash", "-c", command], stdin=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        process.stdin.write(PAIR + "\n")
        process.stdin.flush()  # and it stays open
        assert process.wait(PATIENCE_S) == 2
        assert len(process.stderr.read().splitlines()) == 1


# --- secrets ---


def test_a_token_is_not_shown():
    assert "secret" not in repr(ModelOptions(token="secret"))
