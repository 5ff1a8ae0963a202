"""The lock of a folder: one holder at a time, gone with its process, and named where it is in the way."""

from __future__ import annotations

import json
import os
import socket
import time

import pytest

pytest.importorskip("fsspec")

from crossjudge.errors import JobError
from crossjudge.jobs import lock
from crossjudge.jobs.folder import Folder
from crossjudge.jobs.lock import LOCK_FILE, locked

GONE = 2**22 + 1
"""A number that no process has: Linux counts to 2**22."""


@pytest.fixture(params=["here", "behind a URL", "without locks"])
def folder(request, tmp_path, monkeypatch):
    """A folder with locks of the operating system, and two in which a lease must do."""
    found = Folder(f"memory://lock/{tmp_path.name}" if request.param == "behind a URL" else str(tmp_path))
    if request.param == "without locks":
        monkeypatch.setattr(lock, "_file_lock", lambda folder, output: None)
    found.make()
    return found


def claim(folder, *, host=None, pid=GONE, renewed=None):
    """What another holder would have left there."""
    content = {"host": host or socket.gethostname(), "pid": pid, "renewed": renewed or time.time()}
    folder.write(LOCK_FILE, json.dumps(content).encode())


def test_a_second_holder_is_refused_and_told_who_is_at_work(folder):
    with (
        locked(folder, output="out"),
        pytest.raises(JobError, match=rf"job in out: process {os.getpid()} on .* one run at a time"),
        locked(folder, output="out"),
    ):
        pass
    with locked(folder, output="out"):
        pass


def test_it_is_let_go_whatever_happens(folder):
    with pytest.raises(ZeroDivisionError), locked(folder, output="out"):
        raise ZeroDivisionError
    with locked(folder, output="out"):
        pass


def test_a_holder_that_has_ended_holds_nobody_up(folder):
    claim(folder)
    with locked(folder, output="out"):
        pass


def test_a_lease_of_another_machine_holds_until_it_has_run_out():
    folder = Folder("memory://lock/lease")
    folder.make()
    claim(folder, host="another", renewed=time.time() - lock.LEASE_S + 30)
    with pytest.raises(JobError, match=r"on another .* its claim is over 120 s after"), locked(folder, output="out"):
        pass
    claim(folder, host="another", renewed=time.time() - lock.LEASE_S - 1)
    with locked(folder, output="out"):
        assert json.loads(folder.read(LOCK_FILE))["pid"] == os.getpid()
    assert LOCK_FILE not in folder.names()


def test_a_lease_is_renewed_and_one_that_somebody_took_over_is_left_to_them(monkeypatch):
    folder = Folder("memory://lock/renewed")
    folder.make()
    monkeypatch.setattr(lock, "RENEWED_EVERY_S", 0.01)
    with locked(folder, output="out"):
        first = json.loads(folder.read(LOCK_FILE))["renewed"]
        while json.loads(folder.read(LOCK_FILE))["renewed"] == first:
            time.sleep(0.01)
        claim(folder, host="another")
        time.sleep(0.05)
        assert json.loads(folder.read(LOCK_FILE))["host"] == "another"
    assert json.loads(folder.read(LOCK_FILE))["host"] == "another"
