"""`create_app`: the server as an ASGI application, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from crossjudge.models.boxed import BOXED, EMBEDDED_NAME, joint_runs
from crossjudge.serving.context import ServerState
from crossjudge.serving.dialects import DIALECTS
from crossjudge.serving.error_answers import answer_errors
from crossjudge.serving.keys import ApiKeys
from crossjudge.serving.limits import Limits
from crossjudge.serving.metrics import Metrics
from crossjudge.serving.middleware.authentication import Authentication
from crossjudge.serving.middleware.body_limits import BodyLimits
from crossjudge.serving.middleware.observation import Observation
from crossjudge.serving.page import playground
from crossjudge.serving.routes import (
    checking,
    deduplicating,
    grading,
    guarding,
    judging,
    listing,
    operations,
    picking,
    scoring,
    tagging,
)  # fmt: skip
from crossjudge.serving.scheduling import ModelPool, Scheduler

ROUTES = (judging, tagging, checking, picking, scoring, guarding, grading, deduplicating, listing, operations)


def create_app(
    models: Mapping[str, str | Path | None] | Iterable[str] | None = None,
    *,
    api_keys: ApiKeys | Iterable[str] = (),
    limits: Limits | None = None,
    backend: str = "auto",
    precision: str | None = None,
    num_threads: int | None = None,
    memory_budget_bytes: int | None = None,
    tracing: bool = False,
    page: bool = True,
) -> FastAPI:
    """The server, to be run by any ASGI server.

    `models`: folders or hub names, by name or as a list; the first is the default, and the embedded model is always
    there as `embedded`. `api_keys`: once there is one, every route but `/livez` needs one. `backend`, `precision`,
    `num_threads`: as for `CrossEncoder`. `memory_budget_bytes`: for all models. `tracing`: a span for each request, by
    OpenTelemetry. `page`: the playground at `/`.
    """
    limits = limits or Limits()
    metrics = Metrics()
    scheduler = Scheduler(max_queued_tokens=limits.queued_tokens, metrics=metrics)
    pool = ModelPool(
        named_models(models),
        scheduler,
        memory_budget_bytes=memory_budget_bytes,
        backend=backend,
        precision=precision,
        num_threads=num_threads,
        uses_choose=not models and joint_runs(backend=backend, precision=precision),
    )
    state = ServerState(scheduler, pool, limits=limits, metrics=metrics)
    metrics.watch_cache(lambda: cache_counts(state))
    app = FastAPI(title="crossjudge", version=_version(), docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.server = state
    for part in (*ROUTES, *DIALECTS, *([playground] if page else [])):
        app.router.routes += part.router.routes  # one flat list, which whoever audits the server can walk
    for dialect in DIALECTS:
        state.error_bodies |= dialect.ERROR_BODIES
    answer_errors(app)
    keys = api_keys if isinstance(api_keys, ApiKeys) else ApiKeys(api_keys)
    # The last one added is the first that a request meets.
    app.add_middleware(BodyLimits, state=state, streamed={checking.STREAMED_PATH})
    app.add_middleware(Authentication, state=state, keys=keys, door=playground.door if page else None)
    app.add_middleware(Observation, state=state)
    if tracing:
        from crossjudge.serving.middleware.tracing import Tracing

        app.add_middleware(Tracing)
    return app


def named_models(models: Mapping[str, str | Path | None] | Iterable[str] | None) -> dict[str, str | Path | None]:
    """Name -> folder or hub name, the default first; the models in the box are among them by their own names.

    None is loaded before it is asked for.
    """
    stated = models if isinstance(models, Mapping) else {name: name for name in models or ()}
    boxed = {name: name for name in BOXED if name not in stated}
    return {name: None if path == EMBEDDED_NAME else path for name, path in {**stated, **boxed}.items()}


def cache_counts(state: ServerState) -> tuple[int, int]:
    """Premises of the default model that were at hand and that were not."""
    found = state.pool.judge(None).model.premise_cache if state.loading.is_loaded else None
    return (0, 0) if found is None else (found.hits, found.misses)


def _version() -> str:
    return str(import_module("crossjudge").__version__)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The model is loaded while the server already listens; at the end, accepted work is finished first."""
    state: ServerState = app.state.server
    state.start()
    yield
    state.begin_drain()
    await run_in_threadpool(state.drained)
    state.close()
