"""The routes of other people's servers, so that their clients need nothing but our address.

Each dialect is one file: requests and answers as schemas, plain functions from one to the other, a `router`, and
`ERROR_BODIES`, which says in what shape its clients read errors. `DIALECTS` are those modules.
"""

from __future__ import annotations

from crossjudge.serving.dialects import cohere, openai, tei, vllm

DIALECTS = (tei, vllm, cohere, openai)
"""In the order in which their routes are added."""
