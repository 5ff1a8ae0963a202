"""Errors and warnings as people see them: one message on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer

from crossjudge.errors import CrossjudgeError

GATE_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def say(message: str) -> None:
    """One message for people, on standard error."""
    print(f"crossjudge: {message}", file=sys.stderr)


@contextmanager
def reported(*, debug: bool = False, quiet: bool = False) -> Iterator[None]:
    """Every command runs in here: our errors end it with one message and exit code 2, with a traceback if `debug`.

    So does what the system refuses: a full disk, a closed standard output. Warnings are one line each, or none if
    `quiet`. A reader that hangs up (`| head`) and Ctrl-C end it without noise.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _ignore if quiet else _show
        try:
            yield
            sys.stdout.flush()
        except CrossjudgeError as error:
            if debug:
                traceback.print_exc()
            say(str(error))
            raise typer.Exit(BAD_INPUT) from None
        except BrokenPipeError:
            _forget_standard_output()
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            if debug:
                traceback.print_exc()
            say(refused(error))
            _forget_standard_output()
            raise typer.Exit(BAD_INPUT) from None
        except KeyboardInterrupt:
            say("stopped.")
            raise typer.Exit(INTERRUPTED) from None


@contextmanager
def output_flushed() -> Iterator[None]:
    """What help and version print outside of `reported` also arrives, or the exit code says that it did not."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_standard_output()
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        say(refused(error))
        _forget_standard_output()
        sys.exit(BAD_INPUT)


def refused(error: OSError) -> str:
    """What the system refused, in words; an error without a file is most often about standard output."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "standard output"
    problem = error.strerror or str(error) or type(error).__name__
    return f"the system refused to read or write {place}: {problem}. Check that it can be used, and run again."


def _show(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}")


def _ignore(*_: Any, **__: Any) -> None:
    """Say nothing."""


def _forget_standard_output() -> None:
    """Let the interpreter's last flush go nowhere: it would complain of the broken pipe once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
