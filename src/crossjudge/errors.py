"""Every error crossjudge raises.

    CrossjudgeError
    ├── InputError (ValueError)             something in the user's data
    │   ├── PairError                       one pair is not two texts; carries its index
    │   ├── ItemError                       one input of a use cannot be judged; carries its index
    │   ├── FileRowError                    one row of a file; carries file, line and column
    │   └── TooLongError                    a text that may not be cut does not fit
    ├── NonFiniteLogitsError                a model answered NaN or infinity; carries the pair's index
    ├── MissingExtraError (ImportError)     an optional package is needed; carries the install command
    ├── BackendError                        a backend cannot do what was asked here
    ├── CheckpointError                     a model cannot be loaded
    │   ├── UnknownModelError               no such folder, hub name or card; carries near names
    │   ├── HubUnreachableError             the hub did not answer, or offline mode forbids asking it
    │   ├── MissingFileError                the checkpoint lacks a file that is needed
    │   ├── PickleOnlyError                 weights exist only as pickles, which crossjudge never opens
    │   ├── RemoteCodeError                 the checkpoint wants to run its own Python code
    │   ├── CorruptFileError                a file is there and cannot be read
    │   └── UnsupportedModelError           the files are fine, but this kind of model cannot judge pairs
    ├── LabelError                          a label contract is missing, unknown or contradicted
    ├── ObjectiveError                      a model asked to do what it was not trained for
    ├── FingerprintError                    a calibration that belongs to another model
    ├── JobError                            a job could not go on; what is finished stays
    └── ServerError                         a server gave no answer; carries its address, status and request id
        ├── UnreachableError (ConnectionError)  nobody answers at the address, or the connection broke
        ├── ServerTimeoutError (TimeoutError)   no answer came in time
        ├── BusyError                       it is full, loading or stopping, and stayed so
        ├── KeyRefusedError                 it wants a key, or another one
        ├── LimitError                      one input alone is over a limit of the server; carries which
        └── ForeignServerError              what answers is no crossjudge server, or one of another version

Each message says what was being done, what was seen, what was expected and what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class CrossjudgeError(Exception):
    """The root of the tree: catch this to catch everything crossjudge raises on purpose."""


class InputError(CrossjudgeError, ValueError):
    """The data handed in is not what the call takes."""


class PairError(InputError):
    """One pair is not two texts."""

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class ItemError(InputError):
    """One of the inputs of a use (a text to tag, an answer to check) is not what it takes."""

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class FileRowError(InputError):
    """One row of a file cannot be read as a pair."""

    def __init__(self, message: str, *, path: str, line: int | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.path, self.line, self.column = path, line, column


class TooLongError(InputError):
    """A text that may not be cut does not fit the model's window."""

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class NonFiniteLogitsError(CrossjudgeError):
    """A model answered NaN or infinity."""

    def __init__(self, message: str, *, index: int) -> None:
        super().__init__(message)
        self.index = index


class MissingExtraError(CrossjudgeError, ImportError):
    """An optional package is needed; `extra` names what to install."""

    def __init__(self, message: str, *, extra: str) -> None:
        super().__init__(message)
        self.extra = extra


class BackendError(CrossjudgeError):
    """A backend cannot do what was asked on this machine."""


class CheckpointError(CrossjudgeError):
    """A model cannot be loaded."""

    def __init__(self, message: str, *, path: str | Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class UnknownModelError(CheckpointError):
    """No folder, hub model or card has this name."""

    def __init__(self, message: str, *, path: str | Path | None = None, near: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)
        self.near = near


class HubUnreachableError(CheckpointError):
    """The hub did not answer, or offline mode forbids asking it."""


class MissingFileError(CheckpointError):
    """The checkpoint lacks a file that is needed."""


class PickleOnlyError(CheckpointError):
    """Weights exist only as pickles, which crossjudge never opens."""


class RemoteCodeError(CheckpointError):
    """The checkpoint wants to run its own Python code."""


class CorruptFileError(CheckpointError):
    """A file is there and cannot be read."""


class UnsupportedModelError(CheckpointError):
    """The files are fine, but this kind of model cannot do what was asked."""


class LabelError(CrossjudgeError):
    """A label contract is missing, unknown or contradicted by the model."""


class ObjectiveError(CrossjudgeError):
    """A model was asked to do what it was not trained for."""


class FingerprintError(CrossjudgeError):
    """A calibration belongs to another model, tokenizer, backend or precision."""


class JobError(CrossjudgeError):
    """A job could not go on: its workers failed, or too many of its rows did. What is finished stays."""


class ServerError(CrossjudgeError):
    """A server gave no answer. `status`, `request_id`: of what it said instead, if it said anything."""

    def __init__(
        self, message: str, *, address: str = "", status: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.address, self.status, self.request_id = address, status, request_id


class UnreachableError(ServerError, ConnectionError):
    """Nobody answers at the address, or the connection broke before there was an answer."""


class ServerTimeoutError(ServerError, TimeoutError):
    """No answer came in time."""


class BusyError(ServerError):
    """The server is full, loading or stopping, and stayed so however long it was waited for."""


class KeyRefusedError(ServerError):
    """The server wants a key, or another one."""


class LimitError(ServerError):
    """One input alone is over a limit of the server.

    `limit`: its name; `seen` is what the input has of it, `allowed` what it may have; `index`: of the input.
    """

    def __init__(
        self,
        message: str,
        *,
        limit: str | None = None,
        allowed: int | None = None,
        seen: int | None = None,
        index: int | None = None,
        **told: Any,
    ) -> None:
        super().__init__(message, **told)
        self.limit, self.allowed, self.seen, self.index = limit, allowed, seen, index


class ForeignServerError(ServerError):
    """What answers at the address is no crossjudge server, or one of another version."""
