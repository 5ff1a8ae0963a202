"""The options of commands that open several models: how all of them are found and run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from crossjudge.cli.options import option

if TYPE_CHECKING:
    from crossjudge.evaluation.entrants import Opening

_MODELS = "Models"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadingOptions:
    """What holds for every model of a command."""

    device: Annotated[str | None, option("--device", _MODELS, "cpu, cuda, cuda:1 and so on.", metavar="NAME")] = None
    local_files_only: Annotated[
        bool, option("--local-files-only", _MODELS, "Never ask the hub; use what is cached.")
    ] = False
    trust_remote_code: Annotated[
        bool, option("--trust-remote-code", _MODELS, "Let models run Python code of their own.")
    ] = False
    # Left out of the repr: what is shown in logs and tracebacks must not hold it.
    token: Annotated[
        str | None, option("--token", _MODELS, "For private hub models.", metavar="TEXT", envvar="HF_TOKEN")
    ] = field(default=None, repr=False)

    def opening(self, *, backend: str, precision: str | None) -> Opening:
        """How a model is opened, on this backend and in this precision."""
        from crossjudge.evaluation.entrants import Opening

        return Opening(
            backend=backend,
            precision=precision,
            device=self.device,
            local_files_only=self.local_files_only,
            trust_remote_code=self.trust_remote_code,
            token=self.token,
        )
