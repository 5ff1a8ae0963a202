"""For LangChain: `CrossjudgeRerank`, a document compressor, and `CrossjudgeTagger`, a tool that tags texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from crossjudge.apps.tagging import Labels, TagResult
from crossjudge.errors import CrossjudgeError
from crossjudge.extras import require
from crossjudge.integrations.options import refuse_unknown
from crossjudge.integrations.ranking import ranked, require_each
from crossjudge.integrations.uses import Given, Ranks, Tags, ranks, tags

try:
    from langchain_core.callbacks import Callbacks
    from langchain_core.documents import BaseDocumentCompressor, Document
    from langchain_core.tools import BaseTool, ToolException
    from pydantic import BaseModel, Field, PrivateAttr
except ModuleNotFoundError:
    require("langchain_core", to="be a part of LangChain")
    raise

SCORE = "relevance_score"
"""Where a document's metadata hold its score, as with other re-rankers of LangChain."""

_OPTIONS = ("labels", "model", "threshold", "multi_label")


class CrossjudgeRerank(BaseDocumentCompressor):
    """Puts retrieved documents in the order in which they answer the query.

    `model`: None for the embedded model, a folder or hub name, a `CrossEncoder`, a `Judge` of relevance, or a
    `Reranker`. `top_n`: how many documents are kept, all if None.

    What comes back are copies, with the score in `metadata["relevance_score"]`: a logit, which orders the documents of
    one query and is no probability. Blank documents come last and have none.
    """

    model: Any = None
    top_n: int | None = Field(default=None, ge=1)

    _ranks: Ranks = PrivateAttr()

    def __init__(self, *, model: Given[Ranks] = None, top_n: int | None = None) -> None:
        fields: dict[str, Any] = {"model": model, "top_n": top_n}
        super().__init__(**fields)
        self._ranks = ranks(model)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """The documents best first. `acompress_documents` does the same in a thread."""
        require_each(documents, Document, doing="Ranking documents")
        places = ranked(self._ranks, query, [one.page_content for one in documents], most=self.top_n)
        return [_scored(documents[place.index], place.score) for place in places]


class TagArguments(BaseModel):
    """What the language model gives to the tool."""

    text: str = Field(description="The text to tag, whole and unchanged.")


class CrossjudgeTagger(BaseTool):
    """A tool that says which of your labels apply to a text, without asking the language model.

    `labels`: names, or name -> the full statement that is asked of a text. `model`: None for the embedded model, a
    folder or hub name, a `CrossEncoder` or a `Judge`; or, in place of labels, a `Tagger`. `threshold`: the probability
    from which a label applies, 0.5 if left out. `multi_label`: whether any number may apply, as they do if it is left
    out, or at most one. `tool`: what every tool takes, such as `name` and `description`.

    The language model reads `{"chosen": [...], "probabilities": {...}}`; the artifact of the message is the
    `TagResult`. A call without a text, or with a blank one, is answered with words, not raised.
    """

    name: str = "tag_text"
    description: str = ""
    args_schema: Any = TagArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: Any = (
        "Tagging: the arguments are not what the tool takes; expected text, a string. Call again."
    )

    _tags: Tags = PrivateAttr()

    def __init__(
        self,
        labels: Labels | None = None,
        *,
        model: Given[Tags] = None,
        threshold: float | None = None,
        multi_label: bool | None = None,
        **tool: Any,
    ) -> None:
        refuse_unknown(tool, making="tagger", own=_OPTIONS, of_framework=type(self).model_fields)
        super().__init__(**tool)
        self._tags = tags(model, labels=labels, threshold=threshold, multi_label=multi_label)
        self.description = self.description or _description(labels or getattr(self._tags, "labels", None))

    def _run(self, text: str) -> tuple[str, TagResult]:
        """Tag one text."""
        try:
            [result] = self._tags.batch([text])
        except CrossjudgeError as error:
            raise ToolException(str(error)) from error
        told = {"chosen": result.chosen, "probabilities": {tag.name: round(tag.probability, 4) for tag in result.tags}}
        return json.dumps(told, ensure_ascii=False), result


def _scored(document: Document, score: float | None) -> Document:
    metadata = {key: value for key, value in document.metadata.items() if key != SCORE}
    return document.model_copy(update={"metadata": metadata if score is None else {**metadata, SCORE: score}})


def _description(labels: Labels | None) -> str:
    names = list(labels) if isinstance(labels, (Mapping, Sequence)) else []
    listed = f" The labels are: {', '.join(names)}." if names else ""
    return f"Says which labels apply to a text, with the probability of each.{listed} Use it instead of guessing."
