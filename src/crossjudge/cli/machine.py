"""Facts about this machine and installation, found without printing anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from crossjudge.backends.processor import Processor, processor
from crossjudge.extras import ALSO_BRINGS, EXTRA_OF, is_installed

__all__ = [
    "Cache", "Extra", "Processor", "caches", "extras", "package_versions", "processor",
]  # fmt: skip

CORE_PACKAGES = ("numpy", "tokenizers", "onnxruntime", "safetensors", "huggingface_hub", "typer", "rich")

DISTRIBUTION_OF = {
    "opentelemetry": "opentelemetry-api",
    "llama_index": "llama-index-core",
    "haystack": "haystack-ai",
}
"""Package -> what is installed to have it, where that has another name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extra:
    """One optional group of packages. `install`: the command that brings what is missing."""

    name: str
    missing: tuple[str, ...]

    @property
    def install(self) -> str:
        """The command, whether or not it is needed."""
        return f"pip install 'crossjudge[{self.name}]'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """A folder where models or graphs are kept; `size_bytes` is 0 where it does not exist yet."""

    holds: str
    path: Path
    size_bytes: int


def package_versions() -> dict[str, str | None]:
    """Package -> version, None where it is not installed."""
    return {name: _version(name) for name in (*CORE_PACKAGES, *EXTRA_OF)}


def _version(package: str) -> str | None:
    try:
        return metadata.version(DISTRIBUTION_OF.get(package, package))
    except metadata.PackageNotFoundError:
        return None


def extras() -> tuple[Extra, ...]:
    """Every extra, with the packages that it lacks here."""
    return tuple(Extra(name=extra, missing=_missing(extra)) for extra in sorted(set(EXTRA_OF.values())))


def _missing(extra: str) -> tuple[str, ...]:
    own = [package for package, of in EXTRA_OF.items() if of == extra]
    return tuple(package for package in (*own, *ALSO_BRINGS.get(extra, ())) if not is_installed(package))


def caches() -> tuple[Cache, ...]:
    """Where hub models and exported graphs are kept."""
    from huggingface_hub import constants

    from crossjudge.models import graph_cache, hub

    models = hub.cache_folder(None) or Path(constants.HF_HUB_CACHE)
    return tuple(
        Cache(holds=holds, path=path, size_bytes=_size_bytes(path))
        for holds, path in (("models of the hub", models), ("exported graphs", graph_cache.cache_folder()))
    )


def _size_bytes(folder: Path) -> int:
    """Bytes of the files below; links are not followed, since the hub's cache links to each file once more."""
    found = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(os.lstat(path).st_size for path in found if not os.path.islink(path))
