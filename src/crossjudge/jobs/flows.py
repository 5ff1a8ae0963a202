"""Which stages a task goes through, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from crossjudge.jobs.plan import Plan
from crossjudge.jobs.stage import Stage


def stages_of(plan: Plan) -> Sequence[Stage]:
    """The stages of a plan's task; the last one writes the results."""
    module, _, name = plan.kind.flow.partition(":")
    found: Sequence[Stage] = getattr(import_module(module), name)()
    return found


def answers() -> Sequence[Stage]:
    """Each row by itself: what several shards ask first, then the shards."""
    from crossjudge.jobs.answering import Answer
    from crossjudge.jobs.looking import Look
    from crossjudge.jobs.matching import Match
    from crossjudge.jobs.repeating import Repeat

    return Look(), Match(by_owner=True), Repeat(), Answer()
