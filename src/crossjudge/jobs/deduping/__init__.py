"""Deduplication of more texts than memory holds, in stages: vectors, groups of near ones, pairs, clusters, rows.

A text that comes several times is one text; it is known by the number of the first row of the input that holds it, and
belongs to that row's shard. Clusters are those of `apps.deduplication`.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossjudge.jobs.deduping.clustering import Cluster
from crossjudge.jobs.deduping.comparing import Compare
from crossjudge.jobs.deduping.encoding import Encode
from crossjudge.jobs.deduping.finding import Find
from crossjudge.jobs.deduping.grouping import Group
from crossjudge.jobs.deduping.routing import Route
from crossjudge.jobs.deduping.writing import Write
from crossjudge.jobs.looking import Look
from crossjudge.jobs.matching import Match
from crossjudge.jobs.stage import Stage


def stages() -> Sequence[Stage]:
    """The stages of deduplication, in their order."""
    return Look(), Match(by_owner=False), Encode(), Group(), Find(), Compare(), Route(), Cluster(), Write()
