"""The tools, a file each; `TOOLS` has them in the order in which agents see them."""

from __future__ import annotations

from typing import Any

from crossjudge.mcp.tools.base import Tool
from crossjudge.mcp.tools.check import CHECK
from crossjudge.mcp.tools.grade import GRADE
from crossjudge.mcp.tools.guard import GUARD
from crossjudge.mcp.tools.judge import JUDGE
from crossjudge.mcp.tools.rerank import RERANK
from crossjudge.mcp.tools.tag import TAG

TOOLS: tuple[Tool[Any], ...] = (CHECK, JUDGE, TAG, GUARD, GRADE, RERANK)
