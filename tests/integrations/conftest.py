"""Frameworks as they are tried here: they report nothing to anybody, and their caches are the test run's own."""

from __future__ import annotations

import os
import tempfile

# Both are read when the framework is imported, which is before any fixture.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["DSPY_CACHEDIR"] = tempfile.mkdtemp(prefix="dspy-")
