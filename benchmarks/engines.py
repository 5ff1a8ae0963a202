"""`peers.toml` as values: which environments there are, and which engines run in them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "peers.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """Packages that live together. `shows`: those whose versions are stated with the figures."""

    name: str
    requirements: tuple[str, ...]
    torch: bool = False
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """One row of the comparison. `environment`: None for ours, which run in this one. `workloads`: empty for all."""

    name: str
    title: str
    adapter: str
    nli: str
    relevance: str
    reference: str
    environment: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    workloads: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is crossjudge."""
        return self.environment is None

    def runs(self, workload: str) -> bool:
        """Whether this engine is asked that workload."""
        return not self.workloads or workload in self.workloads


def read_table(path: Path = TABLE) -> tuple[dict[str, Environment], list[Engine]]:
    """Environments by name, and the engines in the order of the file."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    environments = {
        name: Environment(
            name=name, requirements=tuple(one["requirements"]), torch=one.get("torch", False), shows=tuple(one["shows"])
        )
        for name, one in content["environments"].items()
    }
    engines = [Engine(**{**one, "workloads": tuple(one.get("workloads", ()))}) for one in content["engines"]]
    return environments, engines


def chosen(engines: Iterable[Engine], names: Iterable[str]) -> list[Engine]:
    """Those whose name begins with one of `names` (all, if there are none), and the references they need."""
    engines, names = list(engines), tuple(names)
    kept = [engine for engine in engines if not names or engine.name.startswith(names)]
    if not kept:
        raise SystemExit(f"no engine begins with {' or '.join(names)}; there are {', '.join(e.name for e in engines)}")
    needed = {engine.name for engine in kept} | {engine.reference for engine in kept}
    return [engine for engine in engines if engine.name in needed]
