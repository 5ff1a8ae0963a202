"""A part whose framework is not installed says how to install it, where it is imported."""

from __future__ import annotations

import importlib
import sys

import pytest

from crossjudge.errors import MissingExtraError


@pytest.mark.parametrize(
    ("part", "framework"),
    [("langchain", "langchain_core"), ("llamaindex", "llama_index"), ("haystack", "haystack"), ("dspy", "dspy")],
)
def test_a_part_without_its_framework_names_the_extra(part, framework, monkeypatch):
    module = f"crossjudge.integrations.{part}"
    for name in [name for name in sys.modules if name == module or name.split(".")[0] == framework]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, framework, None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=rf"pip install 'crossjudge\[{part}\]'") as caught:
        importlib.import_module(module)
    assert caught.value.extra == part
