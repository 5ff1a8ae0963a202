"""`crossjudge mcp`: the tools by which an agent verifies claims."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from crossjudge.cli.failures import reported, say
from crossjudge.cli.options import ONLY_HERE, ModelOptions, option, with_options
from crossjudge.cli.servers import AskedModelOptions, UseOptions

if TYPE_CHECKING:
    from crossjudge import CrossEncoder

_AGENT = "Agent"


class LogLevel(StrEnum):
    """How much is said on standard error; more would tell what was asked."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentOptions(UseOptions):
    """What is particular to serving an agent."""

    rerank_model: Annotated[
        str | None,
        option(
            "--rerank-model",
            _AGENT,
            "What re-ranks; if left out, the model's own head for relevance, or else the embedded model's.",
            metavar="NAME",
        ),
        ONLY_HERE,
    ] = None
    log_level: Annotated[
        LogLevel, option("--log-level", _AGENT, "Of the log on standard error, which never holds a text.")
    ] = LogLevel.WARNING
    debug: Annotated[bool, option("--debug", _AGENT, "Show an error's traceback.")] = False


@with_options
def mcp(*, agent: AgentOptions, model: AskedModelOptions) -> None:
    """Let an agent verify claims: serve MCP over standard input and output.

    An agent starts this command by itself; its configuration names the command, "crossjudge", and the argument "mcp".
    Tools: check_answer, judge_pair, tag_text, guard_text, grade_answer, rerank_documents. No text leaves this machine,
    unless --server names another.

    crossjudge mcp
    """
    with reported(debug=agent.debug):
        import crossjudge
        from crossjudge.extras import require

        require("mcp", to="serve an agent")
        from crossjudge.apps.checking.checker import ClaimChecker
        from crossjudge.mcp.makers import AtHand
        from crossjudge.mcp.server import make_server, serve
        from crossjudge.serving.logs import write_logs

        write_logs(agent.log_level.value)
        if sys.stdin.isatty():
            say("this is for an agent, which starts the command by itself (docs/integrations/mcp.md). Ctrl-D ends it.")
        with model.uses(agent, quiet=True) as uses:
            if isinstance(uses, crossjudge.Client):
                served = make_server(uses, version=crossjudge.__version__, where=f"of the server {model.server}")
            else:
                together = model.cross_encoder(unnamed=ClaimChecker.unnamed_model) if model.leaves_choice else None
                here = AtHand(model.cross_encoder(), together=together, relevance=lambda: _relevance(agent, model))
                served = make_server(here, version=crossjudge.__version__)
            serve(served)


def _relevance(agent: AgentOptions, model: ModelOptions) -> CrossEncoder:
    """The model that re-ranks: the one named for it, else the model's own head for it, else the embedded model's."""
    from crossjudge.cli.reranking import relevance_model
    from crossjudge.objectives.relevance import RELEVANCE

    if agent.rerank_model is not None:
        return relevance_model(replace(model, model=agent.rerank_model, revision=None))
    encoder = relevance_model(model)
    if encoder.objective in (None, RELEVANCE.name):
        return encoder
    return relevance_model(replace(model, model=None, revision=None))
