"""Pairs for libraries that take a query with its documents: neighbours that share a first text become one request."""

from __future__ import annotations

from itertools import groupby


def requests(pairs):
    """`[(query, documents), ...]`, in order."""
    return [(query, [second for _, second in group]) for query, group in groupby(pairs, key=lambda pair: pair[0])]
