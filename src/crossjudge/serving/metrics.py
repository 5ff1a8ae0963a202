"""`Metrics`: what Prometheus is told of one server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CacheCounts = Callable[[], tuple[int, int]]
"""Premises that were at hand, and those that were not, since the start."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_PAIRS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_TOKENS = (64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


class Metrics:
    """Counters of one server; a `SchedulerObserver`. Tokens per second are `rate(crossjudge_tokens_total[1m])`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made: dict[str, Any] = {"registry": self.registry, "namespace": "crossjudge"}
        self.requests = Counter("requests", "Requests answered.", ("route", "method", "status"), **made)
        self.seconds = Histogram(
            "request_seconds", "From a request's first byte to its last.", ("route",), buckets=_SECONDS, **made
        )
        self.errors = Counter("errors", "Errors told to clients, by type.", ("type",), **made)
        self.in_flight = Gauge("requests_in_flight", "Requests that are being worked on.", **made)
        self._queued = Gauge("queue_tokens", "Tokens accepted and not answered yet.", **made)
        self._pairs = Histogram("batch_pairs", "Pairs in a forward pass.", buckets=_PAIRS, **made)
        self._batch_tokens = Histogram("batch_tokens", "Tokens in a forward pass.", buckets=_TOKENS, **made)
        self._batch_seconds = Histogram("batch_seconds", "Time of a forward pass.", buckets=_SECONDS, **made)
        self._tokens = Counter("tokens", "Tokens computed.", **made)
        self._waited = Histogram("queue_wait_seconds", "Wait for the first forward pass.", buckets=_SECONDS, **made)
        self._expired = Counter("expired", "Requests dropped before their forward pass: too late, or gone.", **made)
        self._failed = Counter("failures", "Requests that failed in the scheduler: pair, worker.", ("kind",), **made)

    def watch_cache(self, counts: CacheCounts) -> None:
        """Tell the premise caches' hits and misses too."""
        self.registry.register(_CacheCollector(counts))

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(_WithoutBirths(self.registry))

    # --- SchedulerObserver ---

    def queued(self, tokens: int) -> None:
        """See `SchedulerObserver`."""
        self._queued.set(tokens)

    def batch(self, pairs: int, tokens: int, seconds: float) -> None:
        """See `SchedulerObserver`."""
        self._pairs.observe(pairs)
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
        self._tokens.inc(tokens)

    def expired(self, n: int) -> None:
        """See `SchedulerObserver`."""
        self._expired.inc(n)

    def failed(self, kind: str) -> None:
        """See `SchedulerObserver`."""
        self._failed.labels(kind).inc()

    def waited(self, seconds: float) -> None:
        """See `SchedulerObserver`."""
        self._waited.observe(seconds)


class _WithoutBirths(CollectorRegistry):
    """A registry as it is shown, without the time at which each counter began (`..._created`).

    Those double the number of series, and only the library's switch for the whole process would leave them out.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._shown = registry

    def collect(self) -> Iterator[Metric]:
        """The families of the registry."""
        for family in self._shown.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class _CacheCollector:
    """Reads the caches when Prometheus asks, so that nothing is counted twice."""

    def __init__(self, counts: CacheCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """The families of this collector."""
        hits, misses = self._counts()
        yield CounterMetricFamily("crossjudge_premise_cache_hits", "Premises that were at hand.", value=hits)
        yield CounterMetricFamily("crossjudge_premise_cache_misses", "Premises read anew.", value=misses)
