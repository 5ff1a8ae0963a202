"""`tag_text`: which of these labels apply to a text?"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossjudge.mcp.makers import Maker
from crossjudge.mcp.tools.base import Arguments, Number, Text, Told, Tool

Labels = Annotated[list[Text], Field(min_length=1)]
"""A list, even of one: a text like "billing, plumbing" could be one label or two, and is not guessed at."""


class TagArguments(Arguments):
    """A text and its possible labels."""

    text: Text = Field(description="The text to tag, whole.")
    labels: Labels = Field(description="The names of the labels, in plain words that say what they mean.")
    multi_label: bool = Field(True, description="Any number of labels may apply; false: at most one.")
    threshold: float = Field(0.5, ge=0, le=1, description="The probability from which a label applies.")


class TagTold(Told):
    """The labels of the text."""

    chosen: list[str] = Field(description="The labels that apply, surest first; may be empty.")
    probabilities: dict[str, Number] = Field(description="Of every label, each on its own, 0 to 1.")


def _tag(maker: Maker, given: TagArguments) -> TagTold:
    found = maker.tagger(given.labels, multi_label=given.multi_label, threshold=given.threshold)(given.text)
    return TagTold(chosen=found.chosen, probabilities={tag.name: tag.probability for tag in found.tags})


TAG = Tool(
    name="tag_text",
    title="Tag a text",
    description=(
        "Says which labels apply to a text, with the probability of each, always the same for the same text. Use it to "
        "sort or route messages, and where many texts must be tagged alike. Each label is asked as the statement 'This "
        "text is about LABEL.', so a label in a few plain words does better than an abbreviation."
    ),
    arguments=TagArguments,
    told=TagTold,
    work=_tag,
)
