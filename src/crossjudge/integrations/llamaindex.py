"""For LlamaIndex: `CrossjudgeRerank`, a node postprocessor, and `CrossjudgeFaithfulnessEvaluator`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from crossjudge.apps.base import checked_probability, seen
from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.integrations.grounding import groundings
from crossjudge.integrations.options import refuse_unknown
from crossjudge.integrations.ranking import ranked, require_each
from crossjudge.integrations.uses import Checks, Given, Ranks, checks, name_of, ranks, saved_name

try:
    from llama_index.core.bridge.pydantic import Field, PrivateAttr, field_serializer
    from llama_index.core.callbacks import CBEventType, EventPayload
    from llama_index.core.evaluation import BaseEvaluator, EvaluationResult
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.prompts.mixin import PromptDictType
    from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
except ModuleNotFoundError:
    require("llama_index", to="be a part of LlamaIndex")
    raise

RETRIEVAL_SCORE = "retrieval_score"
"""Where a node's metadata keep the score that it came with, as with LlamaIndex's own re-rankers."""

_OPTIONS = ("model", "top_n", "keep_retrieval_score")


class CrossjudgeRerank(BaseNodePostprocessor):
    """Puts retrieved nodes in the order in which they answer the query.

    `model`: None for the embedded model, a folder or hub name, a `CrossEncoder`, a `Judge` of relevance, or a
    `Reranker`. `top_n`: how many nodes are kept, all if None. `keep_retrieval_score`: the score that a node came with
    stays in `metadata["retrieval_score"]`.

    A node is read as LlamaIndex embeds it, with the metadata that are not excluded from that. What comes back is new;
    the nodes given stay as they are. A score is a logit: it orders the nodes of one query, and is no probability. Blank
    nodes come last, without one.
    """

    model: Any = None
    top_n: int | None = Field(default=None, ge=1)
    keep_retrieval_score: bool = False

    _ranks: Ranks = PrivateAttr()

    def __init__(
        self,
        *,
        model: Given[Ranks] = None,
        top_n: int | None = None,
        keep_retrieval_score: bool = False,
        **component: Any,
    ) -> None:
        refuse_unknown(component, making="re-ranker", own=_OPTIONS, of_framework=type(self).model_fields)
        super().__init__(model=model, top_n=top_n, keep_retrieval_score=keep_retrieval_score, **component)
        self._ranks = ranks(model)

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex writes down."""
        return "CrossjudgeRerank"

    @field_serializer("model")
    def _saved_model(self, model: Any) -> str | None:
        return saved_name(model, of=self.class_name())

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise InputError("Ranking nodes: got no query; expected one. Pass query_str or query_bundle.")
        require_each(nodes, NodeWithScore, doing="Ranking nodes")
        payload = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: name_of(self.model),
            EventPayload.QUERY_STR: query_bundle.query_str,
            EventPayload.TOP_K: self.top_n,
        }
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
            texts = [one.node.get_content(metadata_mode=MetadataMode.EMBED) for one in nodes]
            places = ranked(self._ranks, query_bundle.query_str, texts, most=self.top_n)
            found = [self._placed(nodes[place.index], place.score) for place in places]
            event.on_end(payload={EventPayload.NODES: found})
        return found

    def _placed(self, given: NodeWithScore, score: float | None) -> NodeWithScore:
        if not self.keep_retrieval_score:
            return NodeWithScore(node=given.node, score=score)
        metadata = {**given.node.metadata, RETRIEVAL_SCORE: given.score}
        return NodeWithScore(node=given.node.model_copy(update={"metadata": metadata}), score=score)


class CrossjudgeFaithfulnessEvaluator(BaseEvaluator):
    """Says how much of a response its contexts support, without a language model.

    `model`: None for its own, a folder or hub name, a `CrossEncoder`, a `Judge` or a `ClaimChecker`.
    `threshold`: the probability from which a passage supports a claim, or contradicts it; a `ClaimChecker` has its own.
    `pass_from`: the score from which a response passes.

    The result's `score` is the share of the response's claims that are supported, 0 to 1; `feedback` names each other
    claim, with what the contexts say against it. The query is not looked at. A blank response, or one without
    contexts, scores 0.
    """

    def __init__(self, *, model: Given[Checks] = None, threshold: float = 0.5, pass_from: float = 1.0) -> None:
        self._checks = checks(model, threshold=threshold)
        self.pass_from = checked_probability(pass_from, doing="Making an evaluator", what="pass_from")

    def evaluate(
        self,
        query: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        **_: Any,
    ) -> EvaluationResult:
        """Evaluate one response; also where an event loop runs, as in a notebook."""
        if not isinstance(response, str) or contexts is None or isinstance(contexts, str):
            raise InputError(
                f"Evaluating a response: got the response {seen(response)} and the contexts {seen(contexts)}; expected "
                "a text and a list of texts. Pass response=... and contexts=[...]."
            )
        [found] = groundings(self._checks, [(contexts, response)])
        return EvaluationResult(
            query=query,
            response=response,
            contexts=contexts,
            passing=found.report is not None and found.score >= self.pass_from,
            score=found.score,
            feedback=found.feedback,
        )

    async def aevaluate(
        self,
        query: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        **_: Any,
    ) -> EvaluationResult:
        """The same in a thread."""
        return await asyncio.to_thread(self.evaluate, query=query, response=response, contexts=contexts)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """There are none."""
