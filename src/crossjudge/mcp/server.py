"""The server: lists the tools, runs their calls in threads, and answers what goes wrong in words."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from typing import Any

import anyio
import mcp.types as types
from anyio import to_thread
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from crossjudge.errors import CrossjudgeError
from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools import TOOLS
from crossjudge.mcp.tools.base import Tool

log = logging.getLogger(__name__)

HERE = "on this machine, which no text leaves"

INSTRUCTIONS = """\
crossjudge judges pairs of texts with a model {where}; the same texts get the same numbers.
Use check_answer before you state what documents are said to say, and to verify what others wrote; judge_pair for a
single statement; rerank_documents to choose what to read; guard_text on untrusted input and before publishing;
grade_answer beside a known right answer; tag_text to sort texts.
Give it texts word for word: it knows nothing but what you pass. Probabilities near 0.5 mean little, and long documents
are best given as passages of a few sentences. Where it and your own reading differ, read the evidence again."""

_HINTS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def make_server(maker: Maker, *, version: str, where: str = HERE, tools: Sequence[Tool[Any]] = TOOLS) -> Server[Any]:
    """A server that answers `tools` by what `maker` makes, for any transport. `where`: its model is, for the agent."""
    by_name = {tool.name: tool for tool in tools}
    listed = types.ListToolsResult(tools=[_described(tool) for tool in tools])

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return listed

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        if asked.name not in by_name:
            expected = ", ".join(by_name)
            raise MCPError(
                code=types.INVALID_PARAMS, message=f"There is no tool {asked.name!r}; expected one of {expected}."
            )
        # A call that was cancelled, or whose client has gone, is not waited for.
        return await to_thread.run_sync(
            _answer, maker, by_name[asked.name], asked.arguments or {}, abandon_on_cancel=True
        )

    return Server(
        "crossjudge",
        version=version,
        title="crossjudge",
        description=f"Verifies claims, and judges, tags, guards, grades and ranks texts, with a model {where}.",
        instructions=INSTRUCTIONS.format(where=where),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve(server: Server[Any]) -> None:
    """Speak with one client over standard input and output until it hangs up; nothing else may write there."""

    async def run() -> None:
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    try:
        anyio.run(run)
    except* BrokenPipeError:
        log.info("the client hung up before it was answered")


def _described(tool: Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_untitled(tool.arguments.model_json_schema()),
        output_schema=_untitled(tool.told.model_json_schema(mode="serialization")),
        annotations=_HINTS,
    )


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names: a language model pays for each word, and they say nothing."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _untitled(one) for key, one in schema.items() if not (key == "title" and isinstance(one, str))}


def _answer(maker: Maker, tool: Tool[Any], arguments: dict[str, Any]) -> types.CallToolResult:
    """What a call comes to. What goes wrong is for the agent to read, and no error of the protocol."""
    started = time.perf_counter()
    try:
        told = tool.call(maker, arguments)
    except Exception as error:
        _note(tool, started, error)
        return types.CallToolResult(content=[_text(_in_words(tool, error))], is_error=True)
    _note(tool, started, None)
    return types.CallToolResult(content=[_text(json.dumps(told, ensure_ascii=False))], structured_content=told)


def _note(tool: Tool[Any], started: float, error: Exception | None) -> None:
    """The log learns which tool was called and how that ended, and never a text: messages of errors quote them."""
    is_fault = error is not None and not isinstance(error, CrossjudgeError)
    kind = None if error is None else type(error).__name__
    spent_ms = round((time.perf_counter() - started) * 1000, 1)
    log.log(
        logging.ERROR if is_fault else logging.INFO, "call", extra={"tool": tool.name, "ms": spent_ms, "error": kind}
    )


def _in_words(tool: Tool[Any], error: Exception) -> str:
    if isinstance(error, CrossjudgeError):
        return str(error)
    return (
        f"Calling {tool.name}: a fault in crossjudge ({type(error).__name__}), not in the call. Do without this "
        "result; other calls still work."
    )


def _text(words: str) -> types.TextContent:
    return types.TextContent(type="text", text=words)
