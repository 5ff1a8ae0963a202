"""The public names, each resolved when it is first used: `import crossjudge` loads no other package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossjudge.apps.checking.checker import ClaimChecker
    from crossjudge.apps.deduplication.deduplicator import Deduplicator
    from crossjudge.apps.grading import Grader
    from crossjudge.apps.guarding.guardrail import Guardrail
    from crossjudge.apps.picking import AnswerPicker
    from crossjudge.apps.reranking import Reranker
    from crossjudge.apps.scoring import RubricScorer
    from crossjudge.apps.tagging import Tagger
    from crossjudge.client.awaiting import AsyncClient
    from crossjudge.client.blocking import Client
    from crossjudge.judge import Judge
    from crossjudge.models.bi_encoder import BiEncoder
    from crossjudge.models.cross_encoder import CrossEncoder
    from crossjudge.search.index import SearchIndex
    from crossjudge.types import Verdict

__all__ = [
    "AnswerPicker", "AsyncClient", "BiEncoder", "ClaimChecker", "Client", "CrossEncoder", "Deduplicator", "Grader",
    "Guardrail", "Judge", "Reranker", "RubricScorer", "SearchIndex", "Tagger", "Verdict", "__version__",
]  # fmt: skip

__version__ = "0.1.0"

_HOMES = {
    "AnswerPicker": "crossjudge.apps.picking",
    "AsyncClient": "crossjudge.client.awaiting",
    "BiEncoder": "crossjudge.models.bi_encoder",
    "ClaimChecker": "crossjudge.apps.checking.checker",
    "Client": "crossjudge.client.blocking",
    "CrossEncoder": "crossjudge.models.cross_encoder",
    "Deduplicator": "crossjudge.apps.deduplication.deduplicator",
    "Grader": "crossjudge.apps.grading",
    "Guardrail": "crossjudge.apps.guarding.guardrail",
    "Judge": "crossjudge.judge",
    "Reranker": "crossjudge.apps.reranking",
    "RubricScorer": "crossjudge.apps.scoring",
    "SearchIndex": "crossjudge.search.index",
    "Tagger": "crossjudge.apps.tagging",
    "Verdict": "crossjudge.types",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    """Import a public name from its home, once (PEP 562)."""
    if name not in _HOMES:
        names = ", ".join(__all__)
        raise AttributeError(f"module 'crossjudge' has no attribute {name!r}; its public names are {names}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What a user may type after `crossjudge.`, resolved or not."""
    return sorted({*globals(), *__all__})
