"""`crossjudge serve`: every use, for programs in any language."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

from crossjudge.cli.failures import reported
from crossjudge.cli.options import Backend, Precision, option, with_options
from crossjudge.errors import InputError

if TYPE_CHECKING:
    from crossjudge.serving.keys import ApiKeys
    from crossjudge.serving.limits import Limits

_SERVER, _MODELS, _KEYS = "Server", "Models", "Keys"
KEYS_VARIABLE = "CROSSJUDGE_API_KEYS"
UNFINISHED = 1
"""Exit code where accepted requests were given up on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """Where the server listens, and what it allows."""

    host: Annotated[str, option("--host", _SERVER, "The address to listen on.", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[int, option("--port", _SERVER, "The port; 0 takes a free one.", min=0, max=65535)] = 8080
    ssl_certfile: Annotated[str | None, option("--ssl-certfile", _SERVER, "For HTTPS, in PEM.", metavar="PATH")] = None
    ssl_keyfile: Annotated[str | None, option("--ssl-keyfile", _SERVER, "Its key, in PEM.", metavar="PATH")] = None
    limit: Annotated[
        list[str] | None,
        option("--limit", _SERVER, "A limit, such as body_bytes=1000000 or drain_s=10; may be repeated.",
               metavar="NAME=NUMBER"),
    ] = None  # fmt: skip
    log_level: Annotated[str, option("--log-level", _SERVER, "debug, info, warning or error.")] = "info"
    tracing: Annotated[bool, option("--tracing", _SERVER, "A span for each request, by OpenTelemetry.")] = False
    no_page: Annotated[bool, option("--no-page", _SERVER, "Leave out the page at /, on which uses are tried.")] = False
    debug: Annotated[bool, option("--debug", _SERVER, "Show an error's traceback.")] = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModelOptions:
    """What is served, and how it is run."""

    model: Annotated[
        list[str] | None,
        option("--model -m", _MODELS, "A folder or hub name, or NAME=PATH; may be repeated. The first is the default; "
               "the models in the box are always there by their names.", metavar="NAME"),
    ] = None  # fmt: skip
    backend: Annotated[Backend, option("--backend", _MODELS, "What runs the models.")] = Backend.AUTO
    precision: Annotated[Precision | None, option("--precision", _MODELS, "The numbers they compute with.")] = None
    threads: Annotated[int | None, option("--threads", _MODELS, "Processor cores to use.", min=1)] = None
    memory: Annotated[
        int | None, option("--memory", _MODELS, "Megabytes for all models; those used least are unloaded.", min=1)
    ] = None

    @property
    def named(self) -> dict[str, str | None]:
        """Name -> path."""
        split = [one.partition("=") for one in self.model or ()]
        return {name: path or name for name, _, path in split}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyOptions:
    """Who may ask."""

    api_key: Annotated[
        list[str] | None,
        option("--api-key", _KEYS, f"A key that opens the server; may be repeated. Others on this machine can see it: "
               f"better is the variable {KEYS_VARIABLE}, keys separated by commas.", metavar="KEY"),
    ] = None  # fmt: skip
    api_key_file: Annotated[
        str | None,
        option("--api-key-file", _KEYS, "A key a line; read again when it changes, and on SIGHUP.", metavar="PATH",
               envvar="CROSSJUDGE_API_KEY_FILE"),
    ] = None  # fmt: skip

    def keys(self, *, host: str) -> ApiKeys:
        """All of them. Where others than this machine reach `host`, a short one raises `InputError`."""
        from crossjudge.serving.addresses import is_loopback
        from crossjudge.serving.keys import SHORT, ApiKeys, keys_in

        stated = [*(self.api_key or ()), *keys_in(os.environ.get(KEYS_VARIABLE))]
        return ApiKeys(stated, file=self.api_key_file, least_chars=1 if is_loopback(host) else SHORT)


@with_options
def serve(*, server: ServerOptions, models: ServedModelOptions, keys: KeyOptions) -> None:
    """Serve every use over HTTP, on this machine alone unless --host says otherwise; then a key is needed.

    A browser that opens the address gets a page to try every use on. Also speaks as text-embeddings-inference, Cohere,
    Jina, vLLM and OpenAI's moderation do. SIGTERM ends it once all accepted requests are answered. The routes are
    described at /openapi.json.

    crossjudge serve

    CROSSJUDGE_API_KEYS="$(openssl rand -hex 24)" crossjudge serve --host 0.0.0.0 --port 8080
    """
    with reported(debug=server.debug):
        from crossjudge.extras import require
        from crossjudge.serving.addresses import listening_socket
        from crossjudge.serving.logs import write_logs

        for package in ("fastapi", "uvicorn", "prometheus_client"):
            require(package, to="serve")
        write_logs(server.log_level)
        found = keys.keys(host=server.host)
        # Before anything is loaded: who comes early waits instead of being refused.
        listening = listening_socket(server.host, server.port, has_keys=found.are_set)
        at = address(server, listening.getsockname()[1])
        logging.getLogger(__name__).info("serving", extra={"address": at})
        if sys.stdout.isatty():
            print(f"crossjudge serves at {at} (Ctrl-C ends it)")
        finished = _run(listening, server, models, found)
    if not finished:
        os._exit(UNFINISHED)  # what was given up on may still hold a thread


def _run(listening: Any, server: ServerOptions, models: ServedModelOptions, keys: ApiKeys) -> bool:
    from crossjudge.serving.app import create_app
    from crossjudge.serving.running import TLS, serve

    app = create_app(
        models.named,
        api_keys=keys,
        limits=parse_limits(server.limit or ()),
        backend=models.backend.value,
        precision=None if models.precision is None else models.precision.value,
        num_threads=models.threads,
        memory_budget_bytes=None if models.memory is None else models.memory * 2**20,
        tracing=server.tracing,
        page=not server.no_page,
    )
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: keys.reread())
    return serve(app, listening, tls=TLS(certificate=server.ssl_certfile, key=server.ssl_keyfile))


def address(server: ServerOptions, port: int) -> str:
    """Where a browser on this machine finds the server."""
    scheme = "http" if server.ssl_certfile is None else "https"
    host = "127.0.0.1" if server.host in ("", "0.0.0.0", "::") else server.host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def parse_limits(stated: Sequence[str]) -> Limits:
    """`["drain_s=10"]` -> limits; raises `InputError`."""
    from crossjudge.serving.limits import Limits

    kinds = {one.name: float if isinstance(one.default, float) else int for one in fields(Limits)}
    found: dict[str, Any] = {}
    for one in stated:
        name, _, number = one.partition("=")
        try:
            found[name] = kinds[name](number)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"Reading --limit: found {one!r}; expected NAME=NUMBER with a NAME of {', '.join(kinds)}. Correct it."
            ) from error
    return Limits(**found)
