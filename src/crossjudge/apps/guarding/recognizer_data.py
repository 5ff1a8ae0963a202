"""The data file of the recognisers, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


@cache
def recognizer_data() -> Mapping[str, Any]:
    """`recognizers.toml`: card networks, IBAN lengths, words of context and shapes of keys."""
    text = resources.files("crossjudge").joinpath("apps", "guarding", "recognizers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
