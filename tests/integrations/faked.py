"""Uses without weights, and texts that they tell apart by their words."""

from __future__ import annotations

from crossjudge import ClaimChecker, CrossEncoder, Judge, Reranker

RERANKER = Reranker(CrossEncoder(backend="fake", head="relevance"))
JUDGE = Judge(CrossEncoder(backend="fake"))
CHECKER = ClaimChecker(model=JUDGE)

QUERY = "how do I keep bread fresh"
TEXTS = ["The bakery opens at seven.", "  ", "Keep bread fresh in a cloth bag.", "I do keep bread fresh, and how!"]
"""One of them blank."""

SOURCES = ["The ferry Alma was built in 1974.", "Dogs travel free on the ferry."]
TRUE = "The ferry Alma was built in 1974."
UNHEARD_OF = "Zebras juggle purple violins."
