"""The one place that turns a missing optional package into an install command."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from crossjudge.errors import MissingExtraError

EXTRA_OF: dict[str, str] = {
    "torch": "torch",
    "transformers": "torch",
    "onnx": "torch",
    "onnxscript": "torch",
    "pyarrow": "parquet",
    "datasets": "train",
    "openvino": "openvino",
    "scipy": "evaluate",
    "plotly": "evaluate",
    "matplotlib": "evaluate",
    "usearch": "search",
    "phonenumbers": "phones",
    "fastapi": "serve",
    "starlette": "serve",
    "pydantic": "serve",
    "uvicorn": "serve",
    "prometheus_client": "serve",
    "opentelemetry": "otel",
    "pydantic_core": "serve",
    "h11": "client",
    "fsspec": "jobs",
    "ray": "ray",
    "langchain_core": "langchain",
    "llama_index": "llamaindex",
    "haystack": "haystack",
    "dspy": "dspy",
    "mcp": "mcp",
}
"""Package -> the extra of crossjudge that brings it."""

ALSO_BRINGS: dict[str, tuple[str, ...]] = {
    "train": ("torch", "transformers", "onnx", "onnxscript", "matplotlib"),
    "openvino": ("onnx",),
    "jobs": ("pyarrow",),
    "ray": ("pyarrow", "fsspec"),
    "langchain": ("pydantic",),
    "mcp": ("pydantic",),
}
"""Extra -> what it needs of packages that `EXTRA_OF` counts to another one."""


def is_installed(package: str) -> bool:
    """Whether `package` can be imported, found without importing it."""
    return importlib.util.find_spec(package) is not None


def require(package: str, *, to: str, extra: str | None = None) -> ModuleType:
    """Import `package`, or raise `MissingExtraError` saying how to get it.

    `to` completes the sentence "To ..., crossjudge needs the package X". `extra`: the one to
    name, where several bring it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != package.split(".")[0]:
            raise
        wanted = extra or EXTRA_OF[package.split(".")[0]]
        raise MissingExtraError(
            f"To {to}, crossjudge needs the package '{package.partition('.')[0]}', which is not installed. "
            f"Install it with: pip install 'crossjudge[{wanted}]'",
            extra=wanted,
        ) from error
